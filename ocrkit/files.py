"""Text files of datasets and results: in a folder, or still in the zip archive of a download."""

import lzma
import zipfile
import zlib
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path, PurePosixPath

import numpy as np

from ocrkit.errors import DataError

LARGEST = float(np.finfo(np.float32).max)


class TextFiles:
    """The files directly in a folder, or all those in a zip archive, by their names.

    Folders within an archive do not matter; hidden files, and those that macOS adds, do not count.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    @property
    def names(self) -> list[str]:
        """The names of the files, sorted.

        Raises:
            DataError: The folder or archive is missing or cannot be read.
        """
        if self._archived is not None:
            return sorted(self._archived)
        try:
            return sorted(p.name for p in self.path.iterdir() if p.name[0] != "." and p.is_file())
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from error

    def __contains__(self, name: str) -> bool:
        """Whether there is a file of this name.

        Raises:
            DataError: The archive is missing or cannot be read.
        """
        if self._archived is not None:
            return name in self._archived
        return (self.path / name).is_file()

    def content(self, name: str) -> bytes:
        """What is in a file.

        Raises:
            DataError: It is missing or cannot be read.
        """
        if self._archived is not None:
            if name not in self._archived:
                raise DataError(f"{self.path}: no file {name!r} in this archive")
            return self._archived[name]
        try:
            return (self.path / name).read_bytes()
        except OSError as error:
            raise DataError(f"{self.path / name}: cannot be read: {error.strerror}") from error

    def lines(self, name: str) -> Iterator[tuple[str, str]]:
        """The lines of a file that are not blank, each after its place (file:line).

        Raises:
            DataError: The file is missing or cannot be read, or a line is not UTF-8.
        """
        for number, text in _lines(self.content(name), self.path / name):
            yield f"{self.path / name}:{number}", text

    @cached_property
    def _archived(self) -> Mapping[str, bytes] | None:
        """The files of the archive; None for a folder. A set's labels take a few megabytes."""
        if self.path.suffix.lower() != ".zip" or self.path.is_dir():
            return None
        try:
            with zipfile.ZipFile(self.path) as archive:
                found = [entry for entry in archive.infolist() if _counts(entry.filename)]
                files = {PurePosixPath(e.filename).name: archive.read(e) for e in found}
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror or error}") from error
        # RuntimeError: encrypted; NotImplementedError: packed in a way that Python does not know.
        except (
            zipfile.BadZipFile,
            zlib.error,
            lzma.LZMAError,
            EOFError,
            RuntimeError,
            ValueError,
        ) as error:
            raise DataError(f"{self.path}: cannot be read as a zip archive: {error}") from error
        if len(files) < len(found):
            raise DataError(f"{self.path}: two files in it have the same name; unpack it first")
        return files


def read_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""The lines of a UTF-8 file that are not blank, with their numbers from 1.

    A byte order mark and both kinds of line end (\n, \r\n) are accepted. Other separators that
    Python would split at may stand in a transcription.

    Raises:
        DataError: The file cannot be read, or a line is not UTF-8.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    return _lines(content, path)


def parse_numbers(fields: Sequence[str], where: str) -> list[float]:
    """The coordinates that the fields are.

    Raises:
        DataError: One is not a finite number; `where` begins the message.
    """
    try:
        values = [float(field) for field in fields]
    except ValueError as error:
        raise DataError(f"{where}: {error}; expected {len(fields)} coordinates") from error
    if not all(abs(value) <= LARGEST for value in values):
        raise DataError(f"{where}: a coordinate is not finite")
    return values


def _lines(content: bytes, source: Path) -> Iterator[tuple[int, str]]:
    """The lines of a file's content; see `read_lines`."""
    for number, line in enumerate(content.removeprefix(b"\xef\xbb\xbf").split(b"\n"), start=1):
        try:
            text = line.removesuffix(b"\r").decode()
        except UnicodeDecodeError as error:
            where = f"{source}:{number}"
            raise DataError(f"{where}: not UTF-8; convert the file to UTF-8") from error
        if text.strip():
            yield number, text


def _counts(name: str) -> bool:
    """Whether a name in an archive is that of a file, and of one that a person put there."""
    path = PurePosixPath(name)
    return not name.endswith("/") and path.name[:1] != "." and "__MACOSX" not in path.parts
