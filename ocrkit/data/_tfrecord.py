"""TFRecord files of `tf.train.Example`s, read without TensorFlow.

A record is, all numbers little-endian,

    length      8 bytes
    checksum    4 bytes, of the length
    data        as many bytes as the length says
    checksum    4 bytes, of the data

with CRC-32C checksums rotated right by 15 bits, plus 0xA282EAD8. An Example is a protocol buffer:

    Example    { Features features = 1; }
    Features   { map<string, Feature> feature = 1; }
    Feature    { BytesList bytes_list = 1; FloatList float_list = 2; Int64List int64_list = 3; }
    *List      { repeated ... value = 1; }
"""

import mmap
import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ocrkit.data._crc32c import crc32c, crc32c_rows
from ocrkit.errors import DataError

HEAD, TAIL = 12, 4
"""Bytes before and after the data of a record."""

MASK = 0xA282EAD8

VARINT, FIXED64, BYTES, FIXED32 = 0, 1, 2, 5
"""Wire types."""

Feature = tuple[bytes, ...] | tuple[int, ...]
"""Of an Example; floats are not read, and leave it empty."""


def find_records(path: Path) -> NDArray[np.int64]:
    """Where the data of each record begin and end in the file; (N, 2).

    Raises:
        DataError: The file cannot be read, is cut short, or a length is damaged.
    """
    try:
        with path.open("rb") as file:
            size = file.seek(0, 2)
            content = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) if size else b""
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    spans: list[tuple[int, int]] = []
    at = 0
    while at < size:
        start = at + HEAD
        end = start + struct.unpack_from("<Q", content, at)[0] if start <= size else size
        if end + TAIL > size:
            raise DataError(f"{path}: record {len(spans)}: is cut short or damaged; copy it again")
        spans.append((start, end))
        at = end + TAIL
    found = np.array(spans, np.int64).reshape(-1, 2)
    heads = np.frombuffer(content, np.uint8)[found[:, :1] - HEAD + np.arange(HEAD)]
    stored = np.ascontiguousarray(heads[:, 8:]).view("<u4")[:, 0]
    wrong = np.flatnonzero(_masked(crc32c_rows(heads[:, :8])) != stored)
    if len(wrong):
        raise DataError(f"{path}: record {wrong[0]}: its length is damaged; copy the file again")
    return found


def read_record(path: Path, start: int, end: int, where: str) -> bytes:
    """The data of a record; `where` begins messages.

    Raises:
        DataError: The file cannot be read or the data are damaged.
    """
    try:
        with path.open("rb") as file:
            file.seek(start)
            content = file.read(end - start + TAIL)
    except OSError as error:
        raise DataError(f"{where}: cannot be read: {error.strerror}") from error
    data, stored = content[:-TAIL], content[-TAIL:]
    checksum = _masked(np.array([crc32c(data)], np.uint32))[0]
    if len(data) < end - start or struct.pack("<I", int(checksum)) != stored:
        raise DataError(f"{where}: is damaged: the checksum is wrong; copy the file again")
    return data


def parse_example(data: bytes, where: str) -> dict[str, Feature]:
    """The features of an Example, by name; `where` begins messages.

    Raises:
        DataError: It is none.
    """
    try:
        entries = [
            dict(_fields(_as_bytes(entry)))
            for features in _all(data, 1)
            for entry in _all(_as_bytes(features), 1)
        ]
        return {
            _as_bytes(entry[1]).decode(): _feature(_as_bytes(entry.get(2, b"")))
            for entry in entries
        }
    except (ValueError, IndexError, KeyError) as error:
        raise DataError(f"{where}: is no tf.train.Example") from error


def _masked(checksums: NDArray[np.uint32]) -> NDArray[np.uint32]:
    """Checksums as they are stored."""
    rotated = (checksums >> np.uint32(15)) | (checksums << np.uint32(17))
    return np.asarray(rotated + np.uint32(MASK), np.uint32)


def _feature(data: bytes) -> Feature:
    """The values of a feature."""
    for kind, values in _fields(data):
        if kind == 1:
            return tuple(map(_as_bytes, _all(_as_bytes(values), 1)))
        if kind == 3:
            return tuple(_integers(_as_bytes(values)))
    return ()


def _integers(data: bytes) -> Iterator[int]:
    """The values of an Int64List, which may be packed or not."""
    for value in _all(data, 1):
        if isinstance(value, int):
            yield _signed(value)
            continue
        at = 0
        while at < len(value):
            number, at = _varint(value, at)
            yield _signed(number)


def _all(data: bytes, number: int) -> list[int | bytes]:
    """The values of a field of a message."""
    return [value for field, value in _fields(data) if field == number]


def _fields(data: bytes) -> Iterator[tuple[int, int | bytes]]:
    """The fields of a message: numbers and values."""
    at = 0
    while at < len(data):
        tag, at = _varint(data, at)
        number, wire = tag >> 3, tag & 7
        if wire == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        if wire == BYTES:
            length, at = _varint(data, at)
        else:
            length = {FIXED64: 8, FIXED32: 4}[wire]
        if at + length > len(data):
            raise ValueError("a field ends after its message")
        yield number, data[at : at + length]
        at += length


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number of seven bits a byte, the lowest first, and the place after it."""
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7


def _signed(value: int) -> int:
    """An unsigned number of 64 bits as a signed one."""
    return value - (1 << 64) if value >> 63 else value


def _as_bytes(value: int | bytes) -> bytes:
    """The value, which must be bytes."""
    if isinstance(value, int):
        raise ValueError("expected bytes")
    return value
