"""Lexicons: neighbours against a plain search, and which word wins by hand."""

import logging
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from rapidfuzz.distance import Levenshtein

from ocrkit.errors import DataError
from ocrkit.recognize import _lexicon
from ocrkit.recognize._lexicon import Lexicon, read_lexicon
from ocrkit.text import LATIN95, Charset

LATIN = Charset(LATIN95)


def lexicon(*words, closed=False):
    return Lexicon(words, LATIN, closed=closed)


def preferring(**likely):
    """Scores by text; others are hopeless, longer ones more so."""

    def score(texts):
        default = [-50.0 - len(text) for text in texts]
        return np.array([likely.get(t, d) for t, d in zip(texts, default, strict=True)])

    return score


def test_distances_by_hand():
    words = lexicon("kitten", "Sitting", "sit", "mittens")
    assert words.near("KITTEN", 0) == {"kitten": 0}
    assert words.near("kitten", 2) == {"kitten": 0, "mittens": 2}
    assert words.near("kitten", 3) == {"kitten": 0, "sitting": 3, "mittens": 2}
    assert words.near("zzz", 2) == {}


@given(
    st.lists(st.text("abAé -!", min_size=1, max_size=7), min_size=1, max_size=30),
    st.text("abAé -!", max_size=8),
    st.integers(0, 4),
)
def test_neighbours_are_those_of_a_plain_search(words, text, distance):
    charset = Charset("abAé -!")
    found = Lexicon(words, charset).near(text, distance)
    folded = {word.casefold() for word in words}
    edits = {word: Levenshtein.distance(word, text.casefold()) for word in folded}
    assert found == {word: e for word, e in edits.items() if e <= distance}


def test_the_likelier_of_the_near_words_wins():
    words = lexicon("hallo", "hello", "halls")
    assert words.correct("hxllo", preferring(hxllo=-2, hallo=-4, hello=-3)) == "hello"
    assert words.correct("hxllo", preferring(hxllo=-2, hallo=-3, hello=-4)) == "hallo"


@pytest.mark.parametrize("printed", ["hello", "Hello", "HELLO", "heLLo"])
def test_case_is_as_printed(printed):
    """As in the lexicon, small, capitalised or in capitals."""
    assert lexicon("heLLo").correct("he1lo", preferring(**{"he1lo": -2, printed: -3})) == printed


def test_a_word_of_the_lexicon_is_no_other_word():
    score = preferring(**{"form": -3, "from": -1})
    assert lexicon("form", "from").correct("form", score) == "form"
    assert lexicon("form", "from").correct("foRm", preferring(foRm=-2, form=-3)) == "form"


def test_a_reading_that_the_picture_insists_on_stands():
    words = lexicon("and")
    odds = _lexicon.ODDS
    assert words.correct("2nd", preferring(**{"2nd": -1, "and": -1.1 - odds})) == "2nd"
    assert words.correct("2nd", preferring(**{"2nd": -1, "and": -0.9 - odds})) == "and"
    closed = lexicon("and", closed=True)
    assert closed.correct("2nd", preferring(**{"2nd": -1, "and": -40})) == "and"


def test_the_odds_are_as_tempered_as_the_likelihoods():
    words, odds = Lexicon(["and"], LATIN, temperature=2), _lexicon.ODDS / 2
    assert words.correct("2nd", preferring(**{"2nd": -1, "and": -1.1 - odds})) == "2nd"
    assert words.correct("2nd", preferring(**{"2nd": -1, "and": -0.9 - odds})) == "and"


def test_what_is_near_to_no_word_stands_unless_the_lexicon_is_closed():
    score = preferring(xylograph=0)
    assert lexicon("hello", "tea").correct("xylograph", score) == "xylograph"
    assert lexicon("hello", "xylophone", closed=True).correct("qqqq", score) in {"Hello", "hello"}


@pytest.mark.parametrize(
    ("length", "edits", "replaced"),
    [(1, 1, 0), (2, 1, 0), (3, 1, 1), (4, 1, 1), (4, 2, 0), (5, 2, 1), (6, 3, 0), (7, 3, 1),
     (9, 3, 1), (9, 4, 0)],
)  # fmt: skip
def test_up_to_three_edits_but_less_than_half_the_word(length, edits, replaced):
    word, read = "a" * length, "b" * edits + "a" * (length - edits)
    score = preferring(**{read: -1, word: -1})
    assert lexicon(word).correct(read, score) == (word if replaced else read)


def test_farther_words_are_not_weighed():
    """`kitchen` is 1 away, so words that are 2 away count and those that are 3 away do not."""
    read = "kitchex"
    words = lexicon("kitchen", "kitchyy", "kityyyx")
    assert words.correct(read, preferring(kitchex=-1, kitchen=-3, kitchyy=-2)) == "kitchyy"
    assert words.correct(read, preferring(kitchex=-1, kitchen=-3, kityyyx=-2)) == "kitchen"


def test_a_line_is_corrected_word_by_word():
    words = lexicon("fresh", "bread")
    said = []

    def score(texts):
        said.append(list(texts))
        return np.array([-1.0 if text.islower() else -9.0 for text in texts])

    assert words.correct(" frexh  brxad 7:30", score) == " fresh  bread 7:30"
    assert said[0][:2] == [" frexh  brxad 7:30", " fresh  brxad 7:30"]
    assert said[1][:2] == [" fresh  brxad 7:30", " fresh  bread 7:30"]
    assert len(said) == 2


def test_punctuation_belongs_to_the_word_or_not():
    words = lexicon("hello", "wor1d!")
    assert words.correct("(he1lo),", preferring(**{"(he1lo),": -1, "(hello),": -1})) == "(hello),"
    assert words.correct("!ello", preferring(**{"!ello": -1, "hello": -1})) == "hello"
    assert words.correct("...", preferring()) == "..."


def test_what_cannot_be_said_is_not_chosen():
    def never(texts):
        return np.array([-1.0, *[-math.inf] * (len(texts) - 1)])

    assert lexicon("hello").correct("he1lo", never) == "he1lo"
    assert lexicon("hello", closed=True).correct("he1lo", never) == "he1lo"


def test_nothing_read_stays_nothing():
    assert lexicon("a", closed=True).correct("", preferring()) == ""


def test_capitals_outside_the_charset_are_not_tried():
    words = Lexicon(["naÿve"], Charset("naÿvexi"))
    texts = []
    words.correct("naÿxe", lambda given: texts.extend(given) or np.zeros(len(given)))
    assert texts == ["naÿxe", "naÿve"]


def written(tmp_path, content):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    return path


def test_a_file_of_words(tmp_path, caplog):
    path = written(tmp_path, "\ufeffHello\r\n\n  tea \nhello\nNew York\ncafé\n日本\n".encode())
    with caplog.at_level(logging.WARNING):
        words = read_lexicon(path, LATIN)
    assert len(words) == 5
    assert words.near("cafe", 0) == {"cafe": 0}  # as é is in labels
    assert words.near("york", 0) == {"york": 0}
    assert caplog.messages == [
        f"{path}: 1 of 7 words left out, such as '日本': the recogniser lacks their characters"
    ]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", ": no words; expected one a line"),
        (b"\n \n", ": no words; expected one a line"),
        (b"ok\n\xff\xfe", ":2: not UTF-8"),
        ("日本\n".encode(), ": the recogniser has the characters of none of these words"),
    ],
)
def test_files_that_are_no_lexicon(tmp_path, content, message):
    path = written(tmp_path, content)
    with pytest.raises(DataError) as error:
        read_lexicon(path, LATIN)
    assert str(error.value).startswith(f"{path}{message}")


def test_a_missing_file(tmp_path):
    with pytest.raises(DataError, match=r"no\.txt: cannot be read: No such file"):
        read_lexicon(tmp_path / "no.txt", LATIN)
