"""Charsets and the folding of what they lack."""

import string
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import ConfigError
from ocrkit.text import LATIN1, LATIN36, LATIN94, LATIN95, Charset, load_charset, normalise

LATIN = Charset(LATIN95)
DIGITS = Charset(string.digits)


def test_the_charsets_are_the_printable_characters():
    assert len(LATIN94) == 94
    assert sorted(LATIN94) == [chr(code) for code in range(33, 127)]
    assert LATIN95 == LATIN94 + " "


def test_indices_are_places():
    charset = Charset("abc")
    assert len(charset) == 3
    assert charset.encode("cab") == [2, 0, 1]
    assert charset.decode([2, 0, 1]) == "cab"
    assert charset.encode("") == []
    assert charset.decode([]) == ""


def test_repeated_characters_are_refused():
    with pytest.raises(ValueError, match="repeated characters 'ab'"):
        Charset("abcab")


def test_what_a_charset_lacks():
    assert DIGITS.missing("b1a2b") == "ab"
    assert DIGITS.missing("12") == ""
    with pytest.raises(ValueError, match=r"'b1a' has characters outside the charset: 'ab'"):
        DIGITS.encode("b1a")


@given(st.text(alphabet=LATIN95))
def test_decode_inverts_encode(text):
    assert LATIN.decode(LATIN.encode(text)) == text
    assert normalise(text, LATIN) == text


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("café", "cafe"),
        ("cafe\u0301", "cafe"),  # a combining accent
        ("“don’t”", '"don\'t"'),
        ("a–b—c", "a-b-c"),
        ("3×4", "3x4"),
        ("ﬁne", "fine"),  # a ligature
        ("Ｆｕｌｌ", "Full"),
        ("½", "½"),  # 1/2 with a fraction slash, which ASCII lacks
        ("straße", "straße"),
        ("5 €", "5 €"),
        ("Ω", "Ω"),
        ("", ""),
    ],
)
def test_normalise_by_hand(before, after):
    assert normalise(before, LATIN) == after


def test_what_a_charset_has_is_kept():
    assert normalise("café", Charset(LATIN95 + "é")) == "café"
    assert normalise("cafe\u0301", Charset(LATIN95 + "é")) == "café"


@given(st.text())
def test_normalise_is_idempotent_and_never_makes_new_strangers(text):
    once = normalise(text, LATIN)
    assert normalise(once, LATIN) == once
    assert set(LATIN.missing(once)) <= set(LATIN.missing(unicodedata.normalize("NFC", text)))


@pytest.mark.parametrize(
    ("name", "characters"),
    [("digits", string.digits), ("latin36", LATIN36), ("latin94", LATIN94), ("latin1", LATIN1)],
)
def test_charset_files_are_one_line(name, characters):
    folder = Path(__file__).parents[1] / "configs" / "charset"
    assert load_charset(folder / f"{name}.txt").characters == characters


def test_latin1_is_what_the_codec_prints():
    assert len(LATIN1) == 94 + 94
    assert LATIN1.encode("latin-1").decode("latin-1").isprintable()
    assert not set(LATIN1) & {" ", "\u00a0", "\u00ad"}


def test_a_space_at_the_end_of_a_charset_file_counts(tmp_path):
    (tmp_path / "c.txt").write_bytes("\ufeffabé \r\n".encode())
    assert load_charset(tmp_path / "c.txt").characters == "abé "


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "expected one line of characters, got 0"),
        (b"ab\ncd\n", "expected one line of characters, got 2"),
        (b"aba\n", "repeated characters 'a'"),
        (b"\xff\xfe\n", "is not a text file in UTF-8"),
    ],
)
def test_a_charset_file_that_is_none_is_named(tmp_path, content, message):
    path = tmp_path / "c.txt"
    path.write_bytes(content)
    with pytest.raises(ConfigError, match=f"c.txt: .*{message}"):
        load_charset(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_charset(tmp_path / "none.txt")
