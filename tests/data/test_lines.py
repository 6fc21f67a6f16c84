"""Long text files, read line by line."""

import pickle

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.data import _lines
from ocrkit.data._lines import Lines, Listed
from ocrkit.errors import DataError


def lines(folder, content):
    path = folder / "list.txt"
    path.write_bytes(content)
    return Lines(path)


def test_lines_have_no_ends_and_empty_ones_do_not_count(tmp_path):
    found = lines(tmp_path, b"\xef\xbb\xbfone\r\n\n\r\n two \nthr\xc3\xa9\xe2\x80\xa8e\rx")
    assert list(found) == ["one", " two ", "thré\u2028e\rx"]
    assert len(found) == 3
    assert [found.where(i).rpartition(":")[2] for i in range(3)] == ["1", "4", "5"]
    assert found.where(1) == f"{tmp_path / 'list.txt'}:4"
    with pytest.raises(IndexError):
        found[3]


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_a_file_may_have_no_lines(tmp_path, content):
    assert len(lines(tmp_path, content)) == 0


@given(st.lists(st.sampled_from(["\n", "\r\n", "\r", "a", "é", "bcd"]), max_size=30))
@settings(max_examples=100, deadline=None)
def test_chunks_do_not_matter(tmp_path_factory, parts):
    text = "".join(parts)
    expected = [line.removesuffix("\r") for line in text.split("\n")]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_lines, "CHUNK", 3)
        found = lines(tmp_path_factory.mktemp("lines"), text.encode())
    assert list(found) == [line for line in expected if line]


def test_an_error_names_the_line(tmp_path):
    found = lines(tmp_path, b"a\n\nb\xff\nc\n")
    assert found[2] == "c"
    with pytest.raises(DataError, match=r"list\.txt:3: not UTF-8"):
        found[1]


def test_lines_can_be_pickled(tmp_path):
    found = pickle.loads(pickle.dumps(lines(tmp_path, b"a\nb\n")))
    assert list(found) == ["a", "b"]


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        Lines(tmp_path / "none.txt")


def test_strings_are_made_when_asked_for():
    asked = []
    listed = Listed(3, lambda i: asked.append(i) or f"n{i}")
    assert len(listed) == 3
    assert asked == []
    assert listed[1] == "n1"
    assert asked == [1]
    assert listed[-1] == "n2"
    assert listed[1:] == ["n1", "n2"]
    assert list(listed) == ["n0", "n1", "n2"]
    with pytest.raises(IndexError):
        listed[3]
