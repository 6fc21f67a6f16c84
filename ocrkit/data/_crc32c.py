"""CRC-32C (Castagnoli), which guards TFRecords, in NumPy: many bytes at each step.

A checksum is a remainder of polynomials over GF(2): leading zeros do not change a state that starts
at 0, and the state after A and B is the state after A and as many zeros as B has bytes, plus that
after B. So rows of 64 bytes go through the table side by side, and then neighbours are joined until
one is left.
"""

from functools import cache

import numpy as np
from numpy.typing import NDArray

POLYNOMIAL = np.uint32(0x82F63B78)
"""0x1EDC6F41, bits reversed."""

ROW = 64
"""Bytes that go through the table one after another."""

ONES = 0xFFFFFFFF

Words = NDArray[np.uint32]


def crc32c(data: bytes) -> int:
    """The checksum of `data`."""
    return int(crc32c_rows(np.frombuffer(data, np.uint8)[None])[0])


def crc32c_rows(data: NDArray[np.uint8]) -> Words:
    """The checksums of the rows of (N, bytes); (N,)."""
    count, length = data.shape
    width = max(1 << max(length - 1, 0).bit_length(), ROW)
    padded = np.zeros((count, width), np.uint8)
    padded[:, width - length :] = data
    # To start at all ones is to start at 0 and meet four inverted bytes, as far as there are four.
    inverted = min(length, 4)
    padded[:, width - length : width - length + inverted] ^= 0xFF
    states = np.zeros(padded.size // ROW, np.uint32)
    for column in np.ascontiguousarray(padded.reshape(-1, ROW).T):
        states = _byte_table()[(states ^ column) & np.uint32(0xFF)] ^ (states >> np.uint32(8))
    joined = states.reshape(count, width // ROW).T
    zeros = ROW
    while len(joined) > 1:
        joined = _look_up(_zeros_table(zeros), joined[0::2]) ^ joined[1::2]
        zeros *= 2
    return np.asarray(joined[0] ^ np.uint32(ONES >> 8 * inverted) ^ np.uint32(ONES))


@cache
def _byte_table() -> Words:
    """The state after a zero byte, by the lowest byte of the state before it; (256,)."""
    table = np.arange(256, dtype=np.uint32)
    for _ in range(8):
        table = np.where(table & np.uint32(1), (table >> np.uint32(1)) ^ POLYNOMIAL, table >> 1)
    return table


@cache
def _zeros_table(zeros: int) -> Words:
    """The state after so many zero bytes, by each byte of the state before them; (4, 256)."""
    if zeros > ROW:
        half = _zeros_table(zeros // 2)
        return _look_up(half, half)
    states = np.arange(256, dtype=np.uint32) << np.arange(0, 32, 8, dtype=np.uint32)[:, None]
    for _ in range(zeros):
        states = _byte_table()[states & np.uint32(0xFF)] ^ (states >> np.uint32(8))
    return states


def _look_up(table: Words, states: Words) -> Words:
    """States after what a table (4, 256) stands for."""
    parts = [table[i][(states >> np.uint32(8 * i)) & np.uint32(0xFF)] for i in range(4)]
    return np.asarray(np.bitwise_xor.reduce(parts))
