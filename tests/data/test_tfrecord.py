"""TFRecord files and their checksums."""

import struct
from contextlib import suppress

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocrkit.data._crc32c import crc32c, crc32c_rows
from ocrkit.data._tfrecord import find_records, parse_example, read_record
from ocrkit.errors import DataError


def bit_by_bit(data):
    state = 0xFFFFFFFF
    for byte in data:
        state ^= byte
        for _ in range(8):
            state = (state >> 1) ^ (0x82F63B78 if state & 1 else 0)
    return state ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        # RFC 3720, appendix B.4.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"123456789", 0xE3069283),
        (b"", 0),
    ],
)
def test_checksums_are_those_of_the_standard(data, checksum):
    assert crc32c(data) == checksum


@given(st.binary(max_size=600))
@example(bytes(64))
@example(b"\x01" * 65)
@example(b"\x80" + bytes(511))
def test_checksums_are_those_of_the_definition(data):
    assert crc32c(data) == bit_by_bit(data)


def test_rows_have_checksums_of_their_own():
    rows = np.random.default_rng(0).integers(0, 256, (5, 200), np.uint8)
    assert crc32c_rows(rows).tolist() == [bit_by_bit(row.tobytes()) for row in rows]
    assert crc32c_rows(np.zeros((0, 8), np.uint8)).shape == (0,)


def masked(data):
    checksum = bit_by_bit(data)
    return struct.pack("<I", ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def record(data):
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def test_a_record_of_known_bytes(tmp_path):
    # As TensorBoard's writer writes "hello".
    content = bytes.fromhex("0500000000000000eab2043e68656c6c6fbb1f1c19")
    assert content == record(b"hello")
    (tmp_path / "one").write_bytes(content)
    assert find_records(tmp_path / "one").tolist() == [[12, 17]]
    assert read_record(tmp_path / "one", 12, 17, "one") == b"hello"


def test_records_are_found_in_order(tmp_path):
    values = [b"a", b"", bytes(1000), b"last"]
    path = tmp_path / "four"
    path.write_bytes(b"".join(map(record, values)))
    spans = find_records(path)
    assert spans.dtype == np.int64
    assert [read_record(path, *map(int, span), "four") for span in spans] == values


def test_a_file_may_have_no_records(tmp_path):
    (tmp_path / "none").write_bytes(b"")
    assert find_records(tmp_path / "none").shape == (0, 2)


@pytest.mark.parametrize("cut", [1, 4, 5, 15, 16, 20, 21])
def test_a_file_that_is_cut_short_is_an_error(tmp_path, cut):
    content = record(b"first") + record(b"second")
    (tmp_path / "cut").write_bytes(content[:-cut])
    with pytest.raises(DataError, match="cut: record 1: is cut short or damaged"):
        find_records(tmp_path / "cut")


@pytest.mark.parametrize("place", [0, 3, 7])
def test_a_damaged_length_is_an_error(tmp_path, place):
    content = bytearray(record(b"first") + record(b"second"))
    content[21 + place] ^= 0x80
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(DataError, match="bad: record 1: is cut short or damaged"):
        find_records(tmp_path / "bad")


@pytest.mark.parametrize("place", [8, 11])
def test_a_damaged_length_that_fits_is_seen_by_its_checksum(tmp_path, place):
    content = bytearray(record(b"first") + record(b"second"))
    content[21 + place] ^= 1
    (tmp_path / "bad").write_bytes(content)
    with pytest.raises(DataError, match="bad: record 1: its length is damaged"):
        find_records(tmp_path / "bad")


@pytest.mark.parametrize("place", [12, 16, 17, 20])
def test_damaged_data_are_an_error(tmp_path, place):
    content = bytearray(record(b"hello"))
    content[place] ^= 0x40
    (tmp_path / "bad").write_bytes(content)
    assert len(find_records(tmp_path / "bad")) == 1
    with pytest.raises(DataError, match="here: is damaged: the checksum is wrong"):
        read_record(tmp_path / "bad", 12, 17, "here")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match="none: cannot be read: No such file"):
        find_records(tmp_path / "none")
    with pytest.raises(DataError, match="here: cannot be read: No such file"):
        read_record(tmp_path / "none", 12, 17, "here")


# An Example of three features, byte for byte: a message is a tag, a length and its content.
TEXT = b"\x0a\x0f\x0a\x04text\x12\x07\x0a\x05\x0a\x03\x4f\x55\x49"
WIDTHS = b"\x0a\x13\x0a\x06widths\x12\x09\x1a\x07\x0a\x05\xd8\x04\x96\x01\x00"
FLOATS = b"\x0a\x0f\x0a\x03flt\x12\x08\x12\x06\x0a\x04\x00\x00\x80\x3f"


def features(*entries):
    content = b"".join(entries)
    return b"\x0a" + bytes([len(content)]) + content


def test_features_are_bytes_or_numbers():
    found = parse_example(features(TEXT, WIDTHS, FLOATS), "here")
    assert found == {"text": (b"OUI",), "widths": (600, 150, 0), "flt": ()}


def test_numbers_may_be_written_one_by_one_and_be_negative():
    one_by_one = b"\x0a\x0d\x0a\x02no\x12\x07\x1a\x05\x08\xd8\x04\x08\x07"
    assert parse_example(features(one_by_one), "here") == {"no": (600, 7)}
    minus = b"\x0a\x14\x0a\x02no\x12\x0e\x1a\x0c\x0a\x0a" + b"\xff" * 9 + b"\x01"
    assert parse_example(features(minus), "here") == {"no": (-1,)}
    large = b"\x0a\x13\x0a\x02no\x12\x0d\x1a\x0b\x0a\x09" + b"\x80" * 8 + b"\x40"
    assert parse_example(features(large), "here") == {"no": (1 << 62,)}


def test_unknown_fields_and_several_values_are_bearable():
    unknown = b"\x10\x05\x1d\x00\x00\x00\x00\x21" + bytes(8)
    two = b"\x0a\x0d\x0a\x01t\x12\x08\x0a\x06\x0a\x01a\x0a\x01b"
    assert parse_example(unknown + features(two), "here") == {"t": (b"a", b"b")}
    empty = b"\x0a\x03\x0a\x01t"
    assert parse_example(features(empty), "here") == {"t": ()}
    assert parse_example(b"", "here") == {}


@pytest.mark.parametrize(
    "data",
    [
        b"\x0a",
        b"\x0a\x05\x0a\x03",
        b"\x0b\x01",
        b"\xff" * 20,
        b"\x08\x01",
        features(b"\x0a\x02\x12\x00"),
        features(TEXT).replace(b"text", b"t\xe9xt"),
        features(b"\x0a\x07\x0a\x01t\x12\x02\x08\x01"),
    ],
)
def test_what_is_no_example_is_an_error(data):
    with pytest.raises(DataError, match=r"here: is no tf\.train\.Example"):
        parse_example(data, "here")


@given(st.binary(max_size=60))
def test_any_bytes_are_an_example_or_an_error(data):
    with suppress(DataError):
        parse_example(data, "here")
