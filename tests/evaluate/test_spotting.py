"""End to end and word spotting: which readings agree, and which words count."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate import Found, Pair, Truth
from ocrkit.evaluate.protocols import SPOTTING
from ocrkit.evaluate.spotting import dictionary_form, reads

end_to_end, word_spotting = SPOTTING["ic15"]


def place(i):
    """The i-th of many boxes that do not overlap."""
    return np.array([[0, 0], [90, 0], [90, 20], [0, 20]]) + (0, 30 * i)


def compare(rule, readings, texts, ignored=()):
    """Score readings, each exactly on the word of the same number."""
    quads = [place(i) for i in range(max(len(readings), len(texts)))]
    flags = [i in ignored for i in range(len(texts))]
    found = Found.of(quads[: len(readings)], readings)
    return rule.score_image(found, Truth.of(quads[: len(texts)], texts, flags))


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("Exit", "EXIT"),
        ("Straße", "STRASSE"),
        ("(exit", "exit"),
        ("exit.", "exit"),
        ("(exit)", "exit"),
        ("(exit)", "exit)"),
        ("(exit)", "(exit"),
        ("(exit)", "(EXIT)"),
        ('"a"', "a"),
        ("..exit", ".exit"),
        ("a·", "A"),
        ("/", ""),
        ("'[", ""),
        ("", ""),
    ],
)
def test_readings_that_agree(text, reading):
    assert reads(text, reading)


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ("exit", "exit."),  # a mark too many in the reading
        ("exit", "(exit)"),
        ("..exit", "exit"),  # two marks at one end
        ("exit...", "exit"),
        ("ex.it", "exit"),  # a mark inside
        ("-exit", "exit"),  # a hyphen, a semicolon, a dollar are no marks
        ("exit;", "exit"),
        ("$5", "5"),
        ("café", "cafe"),
        ("exit", "exits"),
        ("exit", "xit"),
        ("exit", ""),
        ("new york", "newyork"),
        ("exit", " exit"),
    ],
)
def test_readings_that_do_not_agree(text, reading):
    assert not reads(text, reading)


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Exit", "Exit"),
        ("(Exit)!", "Exit"),
        (". Exit (", "Exit"),
        ("Macy's", "Macy"),
        ("MACY'S", "MACY"),
        ("Macy's.", None),  # the 's is not at the end: its apostrophe parts the word
        ("o'clock", None),
        ("-pre-", "pre"),
        ("--pre", "pre"),
        ("co-op", "co-op"),
        ("(pre-)", "pre-"),  # hyphens go before marks do
        ("co.uk", None),
        ("new york", None),
        ("the", "the"),
        ("of", None),
        ("of.", None),
        ("it's", None),  # "it" is too short
        ("Café", "Café"),
        ("ǅxǆ", "ǅxǆ"),
        ("Ελλα", "Ελλα"),
        ("Привет", None),
        ("2nd", None),
        ("A4B", None),
        ("5x×", None),
        ("ab÷", None),
        ("ab·cd", None),
        ("·abc", "abc"),
        ("R&D", None),
        ("abc;", None),
        ("###", None),
        ("", None),
        ("---", None),
    ],
)
def test_dictionary_forms(text, form):
    assert dictionary_form(text) == form


def test_end_to_end_counts_what_is_found_and_read():
    image = compare(end_to_end, ["exit", "wrong", "12"], ["EXIT", "right", "12"])
    assert image.pairs == (Pair(0, 0, True), Pair(1, 1, False), Pair(2, 2, True))
    assert (image.words, image.found, image.matched) == (3, 3, 2)
    assert compare(end_to_end, ["exit"], ["(Exit)"]).matched == 1


@pytest.mark.parametrize("rule", [end_to_end, word_spotting])
def test_a_wrong_reading_uses_up_its_word(rule):
    twice = [place(0), place(0)]
    truth = Truth.of([place(0)], ["right"])
    image = rule.score_image(Found.of(twice, ["wrong", "right"]), truth)
    assert (image.matched, image.found, image.recall, image.precision) == (0, 2, 0, 0)
    image = rule.score_image(Found.of(twice, ["right", "wrong"]), truth)
    assert (image.matched, image.found, image.recall, image.precision) == (1, 2, 1, 0.5)


def test_only_end_to_end_counts_words_that_are_in_no_dictionary():
    texts = ["no", "B52", "right"]
    image = compare(end_to_end, texts, texts)
    assert (image.words, image.found, image.matched) == (3, 3, 3)
    image = compare(word_spotting, texts, texts)
    assert (image.words, image.ignored_words, image.matched) == (1, 2, 1)
    assert (image.found, image.ignored_found) == (1, 2)


def test_word_spotting_wants_the_form_in_the_dictionary():
    assert compare(word_spotting, ["macy"], ["(Macy's"]).matched == 1
    assert compare(word_spotting, ["MACY"], ["Macy's"]).matched == 1
    assert compare(word_spotting, ["Macy's"], ["Macy's"]).matched == 0
    assert compare(word_spotting, ["exit."], ["exit."]).matched == 0
    assert compare(end_to_end, ["macy"], ["Macy's"]).matched == 0


@pytest.mark.parametrize("rule", [end_to_end, word_spotting])
def test_ignored_words_need_no_text(rule):
    image = compare(rule, ["right", "any"], ["right", None], ignored=[1])
    assert (image.words, image.ignored_words, image.matched) == (1, 1, 1)
    assert (image.found, image.ignored_found) == (1, 1)


@pytest.mark.parametrize("rule", [end_to_end, word_spotting])
def test_other_words_need_a_text(rule):
    with pytest.raises(DataError, match="word 2 has no text"):
        compare(rule, [], ["right", None])


def test_lists_that_belong_together_are_of_one_length():
    with pytest.raises(ShapeError, match=r"texts: expected shape \(1,\), got \(2,\)"):
        Found.of([place(0)], ["a", "b"])
    with pytest.raises(ShapeError, match=r"texts: expected shape \(1,\), got \(0,\)"):
        Truth.of([place(0)], [])


def test_boxes_of_icdar_2013_and_outlines_of_total_text():
    assert {name: [rule.name for rule in rules] for name, rules in SPOTTING.items()} == {
        "ic15": ["ic15-e2e-none", "ic15-spotting-none"],
        "ic13": ["ic13-e2e-none", "ic13-spotting-none"],
        "totaltext": ["totaltext-e2e-none", "totaltext-spotting-none"],
        "ctw1500": ["ctw1500-e2e-none"],
        "cleval": ["cleval-e2e"],
    }
    word = np.array([[0, 0], [40, 0], [40, 20], [0, 20]])
    slanted = np.array([[0, 0], [40, 10], [40, 20], [0, 10]])  # half of its bounding box
    for name, matched in (("ic13", 1), ("ic15", 0), ("totaltext", 0)):
        for rule in SPOTTING[name]:
            image = rule.score_image(Found.of([slanted], ["exit"]), Truth.of([word], ["Exit"]))
            assert image.matched == matched, rule.name


@pytest.mark.parametrize("rule", SPOTTING["totaltext"])
def test_curved_outlines_are_compared_as_they_are(rule):
    x = np.linspace(0, 80, 5)
    upper = np.stack([x, [0, 30, 40, 30, 0]], axis=1)
    bent = np.concatenate([upper, (upper + (0, 10))[::-1]])
    around = np.array([[0, 0], [80, 0], [80, 50], [0, 50]])
    assert rule.score_image(Found.of([bent + 0.4], ["exit"]), Truth.of([bent], ["EXIT"])).matched
    assert not rule.score_image(Found.of([around], ["exit"]), Truth.of([bent], ["EXIT"])).matched
    # 50.4 of 100 px: more than half, unless it were rounded.
    word, part = (np.array([[0, 0], [w, 0], [w, 9], [0, 9]]) for w in (100, 50.4))
    assert rule.score_image(Found.of([part], ["exit"]), Truth.of([word], ["EXIT"])).matched


@given(st.text("ab'-!. ", max_size=6), st.text("ab'-!. ", max_size=6))
def test_a_reading_may_lack_a_mark_at_each_end_and_nothing_else(text, reading):
    ends = ("", "'", "!", ".")
    assert reads(text, reading) == any(a + reading + b == text for a in ends for b in ends)


@given(st.text(max_size=8))
def test_a_text_says_itself(text):
    assert reads(text, text)
