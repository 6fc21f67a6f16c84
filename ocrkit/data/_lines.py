"""Files of millions of lines, of which only the places where lines begin are kept in memory."""

import mmap
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from ocrkit.errors import DataError

CHUNK = 1 << 24
"""Bytes that are searched for line ends at a time."""

MARK = b"\xef\xbb\xbf"
"""The byte order mark of UTF-8."""


class Listed(Sequence[str]):
    """So many strings, each of which is made when it is asked for."""

    def __init__(self, count: int, make: Callable[[int], str]) -> None:
        self._count, self._make = count, make

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, index: int) -> str: ...
    @overload
    def __getitem__(self, index: slice) -> list[str]: ...
    def __getitem__(self, index: int | slice) -> str | list[str]:
        places = range(self._count)[index]
        return self._make(places) if isinstance(places, int) else list(map(self._make, places))

    def __iter__(self) -> Iterator[str]:
        return map(self._make, range(self._count))


class Lines:
    r"""The lines of a UTF-8 file that are not empty, by their order.

    A byte order mark and both kinds of line end (\n, \r\n) are accepted. The file is mapped into
    memory, by each process for itself, and must not change meanwhile.
    """

    def __init__(self, path: Path) -> None:
        """Find the lines.

        Raises:
            DataError: The file cannot be read.
        """
        self.path = path
        self._map: mmap.mmap | bytes | None = None
        self._starts = _line_starts(self._content)

    def __len__(self) -> int:
        return len(self._starts)

    def __getitem__(self, index: int) -> str:
        """A line without its end.

        Raises:
            DataError: It is not UTF-8.
            IndexError: There are not as many.
        """
        start = int(self._starts[index])
        end = self._content.find(b"\n", start)
        line = self._content[start : end if end >= 0 else None].removesuffix(b"\r")
        try:
            return line.decode()
        except UnicodeDecodeError as error:
            raise DataError(f"{self.where(index)}: not UTF-8; convert the file to UTF-8") from error

    def where(self, index: int) -> str:
        """The place of a line, for messages: file:line; all before it is read for that."""
        before = self._content[: int(self._starts[index])].count(b"\n")
        return f"{self.path}:{before + 1}"

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "_map": None}

    @property
    def _content(self) -> mmap.mmap | bytes:
        """The bytes of the file."""
        if self._map is None:
            try:
                with self.path.open("rb") as file:
                    # Nothing cannot be mapped.
                    size = file.seek(0, 2)
                    self._map = (
                        mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
                    )
            except OSError as error:
                raise DataError(f"{self.path}: cannot be read: {error.strerror}") from error
        return self._map


def _line_starts(content: mmap.mmap | bytes) -> NDArray[np.int64]:
    """Where the lines begin that are not empty; (N,)."""
    data = np.frombuffer(content, np.uint8)
    ends = [
        np.flatnonzero(data[start : start + CHUNK] == ord("\n")) + start
        for start in range(0, len(data), CHUNK)
    ]
    stops = np.concatenate([*ends, np.array([len(data)])]).astype(np.int64, copy=False)
    starts = np.concatenate([np.zeros(1, np.int64), stops[:-1] + 1])
    starts[0] = len(MARK) if content[: len(MARK)] == MARK else 0
    lengths = stops - starts
    short = np.flatnonzero(lengths == 1)
    lengths[short[data[starts[short]] == ord("\r")]] = 0
    return np.asarray(starts[lengths > 0])
