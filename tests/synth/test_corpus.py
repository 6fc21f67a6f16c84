import re
import string
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.errors import ConfigError, DataError
from ocrkit.synth import languages
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.text import LATIN1, LATIN36, LATIN94, Charset

INSTALLED, SHORT = Corpus(), Corpus(FALLBACK_WORDS)


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.sampled_from([INSTALLED, SHORT]))
def test_texts_are_printable_ascii_without_spaces(seed: int, corpus: Corpus) -> None:
    text = corpus.sample(np.random.default_rng(seed))
    assert 1 <= len(text) <= 25
    assert set(text) <= set(LATIN94)


def test_equal_seeds_say_the_same() -> None:
    one, other = ([SHORT.sample(np.random.default_rng(s)) for s in range(50)] for _ in range(2))
    assert one == other
    assert len(set(one)) > 40


def test_words_come_from_the_vocabulary() -> None:
    rng = np.random.default_rng(0)
    seen = {Corpus(["Zebra"]).word(rng) for _ in range(50)}
    assert seen == {"zebra", "Zebra", "ZEBRA"}


def test_favourites_come_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    corpus = Corpus(["common"], favourites=["Rare"], favour=0.25)
    share = sum(corpus.word(rng).lower() == "rare" for _ in range(2000)) / 2000
    assert 0.2 < share < 0.3


def test_digits_and_all_characters_occur() -> None:
    rng = np.random.default_rng(0)
    texts = [SHORT.sample(rng) for _ in range(6000)]
    assert set("".join(texts)) == set(LATIN94)
    assert 0.1 < sum(any(c.isdigit() for c in t) for t in texts) / len(texts) < 0.5


def test_the_default_says_what_it_said() -> None:
    rng = np.random.default_rng(7)
    assert [SHORT.sample(rng) for _ in range(8)] == [
        *("up-", "VD1483", "Friday", "BREAD", "beer's", "Tea", "Fashion", "enter"),
    ]


@pytest.fixture
def lists(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A French and a German word list, of two words each."""
    (tmp_path / "french").write_text("été\nœuvre\n", encoding="utf-8")
    (tmp_path / "ngerman").write_text("Straße\nTür\n", encoding="utf-8")
    monkeypatch.setattr(languages, "WORD_LISTS", tmp_path)
    return tmp_path


def said(corpus: Corpus, count: int = 3000) -> list[str]:
    rng = np.random.default_rng(0)
    return [corpus.sample(rng) for _ in range(count)]


def words(corpus: Corpus) -> set[str]:
    rng = np.random.default_rng(0)
    return {corpus.word(rng).lower() for _ in range(200)}


@pytest.mark.usefixtures("lists")
def test_accents_fall_off_and_other_letters_leave_their_words_out() -> None:
    assert words(Corpus(languages={"french": 1})) == {"ete"}
    assert words(Corpus(languages={"german": 1})) == {"tur"}


@pytest.mark.usefixtures("lists")
def test_accents_stay_where_the_charset_has_them() -> None:
    latin1 = Charset(LATIN1)
    assert words(Corpus(languages={"french": 1}, charset=latin1)) == {"été"}
    assert {"straße", "tür"} <= words(Corpus(languages={"german": 1}, charset=latin1))
    full = Charset(LATIN1 + "œŒ")
    assert words(Corpus(languages={"french": 1}, charset=full)) == {"été", "œuvre"}


@pytest.mark.parametrize("charset", [LATIN1, LATIN1 + "€", LATIN36, string.digits, "αβ7"])
def test_texts_stay_in_the_charset(charset: str) -> None:
    weights = dict.fromkeys(("english", "french", "german", "spanish", "italian"), 1.0)
    texts = said(Corpus(["Été", "Straße", "ÿ"], languages=weights, charset=Charset(charset)))
    assert set("".join(texts)) <= set(charset)
    assert all(1 <= len(text) <= 25 for text in texts)


def test_prices_and_plates_follow_the_country() -> None:
    charset = Charset(LATIN1 + "€")
    french = said(Corpus(["x"], languages={"french": 1}, charset=charset), 6000)
    english = said(Corpus(["x"], languages={"english": 1}, charset=charset), 6000)
    assert any(re.fullmatch(r"\d+,\d\d€", text) for text in french)
    assert any(re.fullmatch(r"£\d+\.\d\d", text) for text in english)
    assert not any(re.fullmatch(r"€\d.*", text) for text in french)
    assert any(re.fullmatch(r"[A-Z]{2}-\d{3}-[A-Z]{2}", text) for text in french)
    assert any(re.fullmatch(r"[A-Z]{2}\d\d[A-Z]{3}", text) for text in english)
    assert any(re.fullmatch(r"\d\d?h\d\d", text) for text in french)


@pytest.mark.usefixtures("lists")
def test_languages_come_as_often_as_asked() -> None:
    corpus = Corpus(languages={"french": 3, "german": 1})
    rng = np.random.default_rng(0)
    share = sum(corpus.word(rng).lower() == "ete" for _ in range(2000)) / 2000
    assert 0.72 < share < 0.78


def test_chinese_mixes_with_english() -> None:
    charset = Charset(LATIN94 + "你好")
    texts = said(Corpus(["Hi"], languages={"english": 1, "simplified": 1}, charset=charset))
    assert set("".join(texts)) <= set(charset.characters)
    assert 0.3 < sum("你" in text or "好" in text for text in texts) / len(texts) < 0.6


def test_addresses_have_no_accents() -> None:
    words = Corpus(["Straße"], languages={"german": 1}, charset=Charset(LATIN1))
    found = [text for text in said(words) if text.startswith("www.")]
    assert found
    assert all(text.startswith("www.strasse.") for text in found)


@pytest.mark.parametrize(
    ("weights", "charset", "message"),
    [
        ({"frensh": 1}, LATIN94, "did you mean 'french'"),
        ({"french": 0}, LATIN94, "expected positive weights"),
        ({"french": float("nan")}, LATIN94, "expected positive weights"),
        ({}, LATIN94, "expected positive weights"),
        ({"french": 1}, "αβ", "neither letters nor digits"),
        ({"simplified": 1}, LATIN94, "no character of simplified Chinese"),
    ],
)
def test_what_cannot_be_said_is_refused(
    weights: dict[str, float], charset: str, message: str
) -> None:
    with pytest.raises(ConfigError, match=message):
        Corpus(["x"], languages=weights, charset=Charset(charset))


def test_missing_and_damaged_word_lists_are_named(lists: Path) -> None:
    with pytest.raises(DataError, match=r"no word list italian for italian: .*install_fonts"):
        Corpus(languages={"italian": 1})
    (lists / "french").write_bytes(b"\xe9t\xe9\n")
    with pytest.raises(DataError, match="french: is not a list of words in UTF-8"):
        Corpus(languages={"french": 1})


@pytest.mark.usefixtures("lists")
def test_vocabularies_lose_accents_by_themselves() -> None:
    french = languages.LANGUAGES["french"]
    assert languages.vocabulary(french, Charset(LATIN94)) == ["ete"]
    assert languages.vocabulary(french, Charset(LATIN1)) == ["été"]


def test_letters_take_the_case_that_the_charset_has() -> None:
    assert words(Corpus(["Abc"], charset=Charset("abc"))) == {"abc"}
    rng = np.random.default_rng(0)
    assert {Corpus(["Abc"], charset=Charset("ABC")).word(rng) for _ in range(50)} == {"ABC"}
