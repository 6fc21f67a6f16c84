"""LMDB files, opened for reading once in each process that reads them.

An LMDB may not be open twice in one process, and one that was opened before a fork may not be used
after it. Loaders fork or pickle datasets, so an environment is looked up at every access.
"""

import os
import threading
from pathlib import Path
from typing import Any
from weakref import WeakValueDictionary

import lmdb

from ocrkit.errors import DataError

COUNT = b"num-samples"
FILE = "data.mdb"
"""What an LMDB that is a folder holds."""


def image_key(number: int) -> bytes:
    """Of the picture of a sample, counted from 1."""
    return b"image-%09d" % number


def label_key(number: int) -> bytes:
    """Of the text of a sample, counted from 1."""
    return b"label-%09d" % number


def name_key(number: int) -> bytes:
    """Of the name of a sample, counted from 1; few LMDBs have these."""
    return b"name-%09d" % number


class Records:
    """The values of one LMDB by their keys; can be pickled, and used by several threads at once."""

    def __init__(self, path: Path) -> None:
        """Open it.

        Args:
            path: A folder with `data.mdb`, or a file.

        Raises:
            DataError: It is missing, cut short or of another kind.
        """
        self.path = path
        self._opened: tuple[int, lmdb.Environment] | None = None
        self.get(COUNT)

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_opened": None}

    def get(self, key: bytes) -> bytes | None:
        """The value of a key; None if there is none.

        Raises:
            DataError: The file is missing or damaged.
        """
        if self._opened is None or self._opened[0] != os.getpid():
            self._opened = os.getpid(), _shared(self.path)
        try:
            with self._opened[1].begin() as transaction:
                # mypy: the stubs of lmdb know buffers too, which are not asked for here.
                value: bytes | None = transaction.get(key)
                return value
        except lmdb.Error as error:
            raise DataError(f"{self.path}: is damaged: {error}") from error


_lock = threading.Lock()
_shared_by_file: WeakValueDictionary[tuple[int, int, int], lmdb.Environment] = WeakValueDictionary()


def _shared(path: Path) -> lmdb.Environment:
    """The environment of a file, which all `Records` of this process share."""
    file = path / FILE if path.is_dir() else path
    with _lock:
        for key, inherited in list(_shared_by_file.items()):
            if key[0] != os.getpid():
                inherited.close()
                del _shared_by_file[key]
        try:
            status = file.stat()
            key = os.getpid(), status.st_dev, status.st_ino
            # Held here, as the dictionary does not keep it.
            environment = _shared_by_file.get(key) or _opened(file, status.st_size)
            _shared_by_file[key] = environment
            return environment
        except OSError as error:
            raise DataError(f"{file}: cannot be read: {error.strerror or error}") from error
        except lmdb.Error as error:
            raise DataError(f"{file}: cannot be read as an LMDB: {error}") from error


def _opened(file: Path, size: int) -> lmdb.Environment:
    """A new environment."""
    environment = lmdb.open(
        str(file), subdir=False, readonly=True, lock=False, readahead=False, meminit=False
    )
    # To read pages that are not there would end the process.
    expected = (environment.info()["last_pgno"] + 1) * environment.stat()["psize"]
    if size < expected:
        environment.close()
        raise DataError(f"{file}: is cut short: has {size} bytes of {expected}; copy it again")
    return environment
