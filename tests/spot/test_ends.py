"""Words whose ends were cut off: which are read longer, and what becomes of it, by hand."""

import numpy as np
import pytest
from quads import box

from ocrkit.spot import WordsConfig
from ocrkit.spot._ends import with_their_ends
from ocrkit.types import Reading, Word


class Tells:
    """Says what a text says of the edges (left, right) of a quad, in px; it notes all it is asked.

    Args:
        texts: What stands between two edges, such as {(0, 40): "OPEN"}.
        sure: How surely it is read.
    """

    def __init__(self, texts, sure):
        self.texts, self.sure, self.asked = texts, sure, []

    def __call__(self, hypotheses):
        edges = [(h.quad[0, 0].round(1), h.quad[1, 0].round(1)) for h in hypotheses]
        self.asked.append(edges)
        return [Reading(self.texts.get(edge, ""), self.sure) for edge in edges]


def word(text, confidence, left, right):
    return Word(text, confidence, (), box(left, 0, right, 20), 0.9)


def longer(page, texts, sure, **settings):
    tells = Tells(texts, sure)
    (found,) = with_their_ends([page], tells, WordsConfig(**settings), None)
    return [w.text for w in found], tells.asked


def test_a_word_that_lacks_a_letter_is_read_with_it():
    """0.3 of a height of 20 is 6 px; of 0.8 * 46**0.2 and 0.8 * 40**0.2 the first is more."""
    texts, asked = longer((word("APAN", 0.8, 20, 60),), {(14, 60): "JAPAN"}, 0.8)
    assert texts == ["JAPAN"]
    assert asked == [[(14, 60), (20, 66)]]


def test_the_longer_quad_is_its_place():
    tells = Tells({(20, 66): "OPEN"}, 0.9)
    ((found,),) = with_their_ends([(word("OPE", 0.7, 20, 60),)], tells, WordsConfig(), None)
    np.testing.assert_allclose(found.quad, box(20, 0, 66, 20), atol=1e-3)
    assert (found.score, found.confidence) == pytest.approx((0.9, 0.9))


@pytest.mark.parametrize(
    ("texts", "sure", "why"),
    [
        ({(14, 60): "JAPAN"}, 0.7, "it is read less surely than the word alone"),
        ({(14, 60): "LAPEL"}, 0.9, "it reads otherwise"),
        ({(14, 60): "apan"}, 0.9, "it reads no more"),
        ({}, 0.0, "it reads nothing"),
    ],
)
def test_what_stays_as_it_is(texts, sure, why):
    assert longer((word("APAN", 0.8, 20, 60),), texts, sure)[0] == ["APAN"], why


def test_sure_words_are_not_read_again():
    assert longer((word("APAN", 0.9, 20, 60),), {(14, 60): "JAPAN"}, 1.0) == (["APAN"], [])
    assert longer((word("APAN", 0.5, 20, 60),), {}, 1.0, reach=0) == (["APAN"], [])
    assert longer((), {}, 1.0) == ([], [])


def test_of_several_pictures_each_keeps_its_own():
    tells = Tells({(14, 60): "JAPAN"}, 0.9)
    pages = [(word("A", 0.95, 0, 20),), (word("APAN", 0.8, 20, 60), word("B", 0.95, 100, 120)), ()]
    found = with_their_ends(pages, tells, WordsConfig(), None)
    assert [[w.text for w in page] for page in found] == [["A"], ["B", "JAPAN"], []]


def test_a_quad_without_width_or_height_does_no_harm():
    flat = Word("I", 0.6, (), np.zeros((4, 2), np.float32), 0.9)
    assert longer((flat,), {}, 0.9)[0] == ["I"]


def test_a_side_that_converges_is_made_no_longer_than_others():
    """In perspective this one's end would be beyond the horizon."""
    edges = []

    def read(hypotheses):
        edges.extend(h.quad for h in hypotheses)
        return [Reading("", 0.0)] * len(hypotheses)

    quad = np.array([[0, 19], [100, 0], [100, 40], [0, 20]], np.float32)
    with_their_ends([(Word("cone", 0.6, (), quad, 0.9),)], read, WordsConfig(reach=1), None)
    start, end = (np.abs(found - quad).max() for found in edges)
    assert (start, end) == pytest.approx((20.5, 20.5), rel=0.01)
