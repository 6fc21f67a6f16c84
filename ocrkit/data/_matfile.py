r"""Cell arrays in MATLAB files of any size, read cell by cell; never held in memory as a whole.

Only what label files need: cell arrays of numbers and of texts, in files of version 5 (which
MATLAB saves as `-v6`, or compressed as `-v7`; `scipy.io.savemat` writes both). Such a file is

    header      124 bytes of text, then the version (0x0100) and the letters MI as 16-bit numbers,
                which tell the byte order
    elements    a tag (type, size in bytes; 32-bit each) and the data, filled up to 8 bytes; if the
                upper half of the type is not 0, it is the size of up to 4 bytes that come next

A variable is an element of type matrix, or one of type compressed (not filled up) that holds such
an element packed by zlib. A matrix is made of elements: flags with the class, dimensions, name, and
then the values column by column; or for a cell array, one matrix after the other. A list of texts
is a matrix of characters with a row for each, filled up with spaces, in UTF-8, 16 or 32. Numbers
are stored in the smallest type that holds them all.
"""

import math
import struct
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.errors import DataError

Progress = Callable[[int, int], None]
"""Is told how many bytes of how many have been read."""

CHUNK = 1 << 20
"""Bytes that are read, and unpacked, at a time."""

LARGEST = 1 << 24
"""Bytes of one element: no label takes as many, while a damaged file could ask for gigabytes."""

HEADER = 128
MATRIX, COMPRESSED = 14, 15
CELL_CLASS, CHAR_CLASS, NUMBER_CLASSES = 1, 4, range(6, 16)
NUMBERS = dict(zip((1, 2, 3, 4, 5, 6, 7, 9, 12, 13), "bBhHiIfdqQ", strict=True))
UTF32 = 18
CODECS = {1: "latin-1", 2: "latin-1", 16: "utf-8", UTF32: "utf-32"}
UNITS = (4, 17)
"""The types of 16-bit characters, of which rare ones take two."""


class Cell(NamedTuple):
    """What is in one cell.

    Attributes:
        shape: Dimensions of the matrix.
        values: Numbers, flat and column by column; or the rows of text with line feeds between.
    """

    shape: tuple[int, ...]
    values: NDArray[Any] | str


class MatFile:
    """The cell arrays in a file."""

    def __init__(self, path: Path) -> None:
        """Look for the variables, of which only the names are read.

        Raises:
            DataError: The file cannot be read, is of another version, damaged or cut off.
        """
        self.path = path
        try:
            with path.open("rb") as file:
                self._order = _byte_order(file.read(HEADER), path)
                self._extents = dict(self._scan(file))
        except OSError as error:
            raise DataError(f"{path}: cannot be read: {error.strerror}") from error

    def cells(self, variable: str, progress: Progress | None = None) -> Iterator[Cell]:
        """The cells of a cell array, in order.

        Raises:
            DataError: There is no such variable, it is not a list of numbers or texts, or the file
                is damaged.
        """
        if variable not in self._extents:
            known = ", ".join(self._extents) or "none"
            raise DataError(f"{self.path}: no variable {variable!r} in this file; it has {known}")
        place = f"{self.path}: {variable}"
        try:
            with self.path.open("rb") as file:
                stream = _Stream(file, self._extents[variable], self._order, place, progress)
                kind, shape, _ = stream.matrix()
                if kind != CELL_CLASS or sum(size > 1 for size in shape) > 1:
                    raise DataError(f"{place}: is not a list of cells")
                for number in range(1, math.prod(shape) + 1):
                    stream.place = f"{place}{{{number}}}"
                    yield _read_cell(stream)
                stream.finish()
        except OSError as error:
            raise DataError(f"{self.path}: cannot be read: {error.strerror}") from error

    def _scan(self, file: BinaryIO) -> Iterator[tuple[str, "_Extent"]]:
        """The variables and where they are."""
        length = file.seek(0, 2)
        start = HEADER
        while start < length:
            file.seek(start)
            kind, size = struct.unpack(f"{self._order}II", file.read(8).ljust(8, b"\0"))
            end = start + 8 + size + (0 if kind == COMPRESSED else -size % 8)
            if end > length:
                sizes = f"it has {length} bytes of at least {end}"
                raise DataError(f"{self.path}: is cut off: {sizes}; download it again")
            if kind in (MATRIX, COMPRESSED):
                extent = _Extent(start + 8 * (kind == COMPRESSED), end, kind == COMPRESSED)
                yield _Stream(file, extent, self._order, str(self.path)).matrix()[2], extent
            start = end


class _Extent(NamedTuple):
    """Where in the file a matrix begins, or what it is packed into, and where that ends."""

    start: int
    end: int
    packed: bool


class _Stream:
    """Elements one after the other, unpacked as they are read."""

    def __init__(
        self,
        file: BinaryIO,
        extent: _Extent,
        order: str,
        place: str,
        progress: Progress | None = None,
    ) -> None:
        file.seek(extent.start)
        self.order = order
        self.place = place
        self.position = 0
        self._file = file
        self._extent = extent
        self._progress = progress
        self._unpacker = zlib.decompressobj() if extent.packed else None
        self._tag = struct.Struct(f"{order}II")
        self._buffer, self._at = b"", 0

    def damaged(self, reason: str) -> DataError:
        """The error to raise."""
        return DataError(f"{self.place}: the file is damaged: {reason}; download it again")

    def take(self, size: int) -> bytes:
        """The next bytes, exactly as many."""
        while len(self._buffer) - self._at < size:
            self._buffer, self._at = self._buffer[self._at :] + self._more(), 0
        start = self._at
        self._at += size
        self.position += size
        return self._buffer[start : self._at]

    def enter(self) -> int:
        """Pass the tag of a matrix; its size."""
        kind, size = self._tag.unpack(self.take(8))
        if kind != MATRIX:
            raise self.damaged("something else where a matrix should be")
        return int(size)

    def element(self) -> tuple[int, bytes]:
        """Type and data of the next element that is no matrix."""
        tag = self.take(8)
        kind, size = self._tag.unpack(tag)
        if kind >> 16:
            return kind & 0xFFFF, tag[4 : 4 + (kind >> 16)]
        if size > LARGEST:
            raise self.damaged(f"an element of {size} bytes")
        return kind, self.take(size + -size % 8)[:size]

    def matrix(self) -> tuple[int, tuple[int, ...], str]:
        """Pass what comes before the values of a matrix; its class, dimensions and name."""
        self.enter()
        return self.head()

    def head(self) -> tuple[int, tuple[int, ...], str]:
        """Pass what comes between a matrix's tag and its values; its class, dimensions and name."""
        flags, shape, name = (self.element()[1] for _ in range(3))
        if len(flags) != 8 or len(shape) % 4:
            raise self.damaged("a matrix without a class or dimensions")
        kind = int.from_bytes(flags[:4], "little" if self.order == "<" else "big") & 0xFF
        sizes = tuple(np.frombuffer(shape, f"{self.order}i4").tolist())
        if any(size < 0 for size in sizes):
            raise self.damaged(f"a matrix of {_times(sizes)}")
        return kind, sizes, name.decode("latin-1")

    def finish(self) -> None:
        """Read to the end, where zlib checks that all has been right."""
        while self._unpacker and not self._unpacker.eof:
            self._more()

    def _more(self) -> bytes:
        """The next few bytes; there may be none yet."""
        packed = (self._unpacker and self._unpacker.unconsumed_tail) or self._read()
        try:
            found = self._unpacker.decompress(packed, CHUNK) if self._unpacker else packed
        except zlib.error as error:
            raise self.damaged(str(error)) from error
        if not packed and not found:
            raise self.damaged("it ends too early")
        return found

    def _read(self) -> bytes:
        """Some more of the file; nothing at the end."""
        start, end, _ = self._extent
        data = self._file.read(min(CHUNK, end - self._file.tell()))
        if self._progress:
            self._progress(self._file.tell() - start, end - start)
        return data


def _read_cell(stream: _Stream) -> Cell:
    """The next cell."""
    size = stream.enter()
    if not size:
        return Cell((0, 0), np.empty(0))
    end = stream.position + size
    kind, shape, _ = stream.head()
    if kind != CHAR_CLASS and kind not in NUMBER_CLASSES:
        raise DataError(f"{stream.place}: is neither numbers nor text")
    stored, data = stream.element()
    if stream.position > end:
        raise stream.damaged("a matrix that is longer than it says")
    # What is left are the imaginary parts of complex numbers.
    stream.take(end - stream.position)
    read = _text if kind == CHAR_CLASS else _numbers
    return Cell(shape, read(stored, data, shape, stream))


def _numbers(stored: int, data: bytes, shape: tuple[int, ...], stream: _Stream) -> NDArray[Any]:
    """The values, flat."""
    if stored not in NUMBERS:
        raise stream.damaged(f"numbers of type {stored}")
    dtype = np.dtype(stream.order + NUMBERS[stored])
    if len(data) != math.prod(shape) * dtype.itemsize:
        raise stream.damaged(f"{len(data)} bytes for {_times(shape)} numbers")
    return np.frombuffer(data, dtype)


def _text(stored: int, data: bytes, shape: tuple[int, ...], stream: _Stream) -> str:
    """The rows, with line feeds between."""
    try:
        return "\n".join(_rows(stored, data, shape, stream.order))
    except (KeyError, ValueError) as error:
        reason = f"text of type {stored} that is not {_times(shape)} characters"
        raise stream.damaged(reason) from error


def _rows(stored: int, data: bytes, shape: tuple[int, ...], order: str) -> list[str]:
    """The rows; `KeyError` or `ValueError` if the data are none."""
    count, rows = math.prod(shape), shape[0] if math.prod(shape) else 0
    ending = "-le" if order == "<" else "-be"
    if stored not in UNITS:
        text = data.decode(CODECS[stored] + ending * (stored == UTF32))
        if len(text) == count:
            return [text[row::rows] for row in range(rows)]
        data = text.encode(f"utf-16{ending}")
    units = np.frombuffer(data, f"{order}u2")
    if len(units) != count:
        raise ValueError(f"{len(units)} characters, not {count}")
    # A character that takes two units has them in two columns.
    return [units[row::rows].tobytes().decode(f"utf-16{ending}") for row in range(rows)]


def _byte_order(header: bytes, path: Path) -> str:
    """`<` or `>`, as NumPy writes it."""
    orders = {b"\0\1IM": "<", b"\1\0MI": ">"}
    if header[124:] in orders:
        return orders[header[124:]]
    if header.startswith(b"MATLAB 7.3"):
        raise DataError(f"{path}: is a MATLAB file of version 7.3; save it again with -v7")
    raise DataError(f"{path}: is not a MATLAB file of version 5")


def _times(shape: tuple[int, ...]) -> str:
    """The dimensions for people, such as 2 x 4."""
    return " x ".join(map(str, shape))
