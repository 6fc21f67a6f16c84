"""Lists of arrays of unequal length on disk: made once from a slow file, then read in place.

A list is a folder with two files, of which nothing is read but what is asked for:

    values.bin      the arrays one after the other
    offsets.bin     where each begins, and where the last ends; 64-bit, little-endian

It belongs to one version of the file it was made from, whose size and time are in its name.
"""

import hashlib
import logging
import os
import secrets
import shutil
import sys
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocrkit.errors import DataError, OutputError

FORM = 1
"""Changes when the files' form does, so that older ones are made anew."""

Arrays = Iterable[NDArray[Any]]

_log = logging.getLogger("ocrkit")


class Ragged:
    """The arrays in a folder that `open_ragged` has found or made.

    Copies and other processes get the folder's name and read the same files.
    """

    def __init__(self, folder: Path, dtype: str) -> None:
        """Look at the files.

        Raises:
            DataError: They are damaged.
        """
        self._folder, self._dtype = folder, dtype
        if len(self._offsets) < 1 or self._offsets[-1] != len(self._values):
            raise DataError(f"{folder}: this index is damaged; delete the folder")

    def __len__(self) -> int:
        return len(self._offsets) - 1

    def __getitem__(self, index: int) -> NDArray[Any]:
        """One of the arrays, as a copy."""
        if not -len(self) <= index < len(self):
            raise IndexError(f"{self._folder}: no entry {index}; there are {len(self)}")
        start = index % len(self)
        return np.array(self._values[self._offsets[start] : self._offsets[start + 1]])

    def __getstate__(self) -> tuple[Path, str]:
        return self._folder, self._dtype

    def __setstate__(self, state: tuple[Path, str]) -> None:
        self._folder, self._dtype = state

    @cached_property
    def _values(self) -> NDArray[Any]:
        return _mapped(self._folder / "values.bin", self._dtype)

    @cached_property
    def _offsets(self) -> NDArray[np.int64]:
        return _mapped(self._folder / "offsets.bin", "<i8")


def open_ragged(
    source: Path, name: str, dtype: str, arrays: Callable[[], Arrays], folder: Path | None = None
) -> Ragged:
    """The arrays of this name that come from a file, made if they have not been before.

    They are kept in `folder`, else beside the source in SOURCE.index, else, if one may not write
    there, in the user's folder for caches. They appear complete or not at all.

    Args:
        source: The file. If its size or time changes, the arrays are made anew.
        name: Of the arrays, of its own within the source.
        dtype: Of the arrays.
        arrays: Makes them.
        folder: Where to keep them.

    Raises:
        DataError: The source is missing, or what `arrays` raises.
        OutputError: They cannot be kept anywhere.
    """
    try:
        state = source.stat()
    except OSError as error:
        raise DataError(f"{source}: cannot be read: {error.strerror}") from error
    key = f"{name}-{state.st_size}-{state.st_mtime_ns}-{FORM}"
    places = [folder] if folder else [source.with_name(f"{source.name}.index"), _cache(source)]
    for place in places:
        if (place / key).is_dir():
            return Ragged(place / key, dtype)
    part = _begin(places, source, key)
    target = part.with_name(key)
    _log.warning("%s: reading its %s, once; they are kept in %s", source, name, part.parent)
    try:
        _write(part, arrays(), dtype)
        _publish(part, target)
    except OSError as error:
        raise OutputError(f"{part.parent}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for older in target.parent.glob(f"{name}-*"):
        if older != target:
            shutil.rmtree(older, ignore_errors=True)
    return Ragged(target, dtype)


def _begin(places: list[Path], source: Path, key: str) -> Path:
    """A new folder in the first of the places in which one can be made."""
    for place in places:
        part = place / f"part-{secrets.token_hex(4)}-{key}"
        try:
            part.mkdir(parents=True)
        except OSError:
            continue
        return part
    listed = " nor ".join(map(str, places))
    raise OutputError(f"{source}: its index can be written neither in {listed}; set `index`")


def _write(folder: Path, arrays: Arrays, dtype: str) -> None:
    """Write the arrays as they come."""
    end = np.zeros(1, "<i8")
    # Numbers that are too large for `dtype` become infinite.
    with (
        np.errstate(over="ignore"),
        (folder / "values.bin").open("wb") as values,
        (folder / "offsets.bin").open("wb") as offsets,
    ):
        offsets.write(end.tobytes())
        for array in arrays:
            values.write(array.astype(dtype).tobytes())
            end += array.size
            offsets.write(end.tobytes())


def _publish(part: Path, target: Path) -> None:
    """Give a complete folder its name, unless another process has been faster."""
    try:
        part.rename(target)
    except OSError:
        if not target.is_dir():
            raise


def _mapped(path: Path, dtype: str) -> NDArray[Any]:
    """The values in a file, which are read when they are looked at."""
    try:
        size = path.stat().st_size // np.dtype(dtype).itemsize
        # An empty file cannot be mapped.
        return np.memmap(path, dtype, "r", shape=(size,)) if size else np.empty(0, dtype)
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: cannot be read: {error}; delete the folder") from error


def _cache(source: Path) -> Path:
    """The folder for what comes from a file, in the platform's folder for caches."""
    defaults = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA", "~")}
    root = os.environ.get("XDG_CACHE_HOME") or defaults.get(sys.platform, "~/.cache")
    digest = hashlib.sha256(str(source.resolve()).encode()).hexdigest()[:16]
    return Path(root).expanduser() / "ocrkit" / "index" / digest
