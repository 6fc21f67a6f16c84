import numpy as np
import pytest

from ocrkit.types import Word
from ocrkit.video.associate import NEVER, assign, kinship_costs, overlap_costs, similarity

QUAD = np.array([[0, 0], [40, 0], [40, 10], [0, 10]], np.float32)


def word(text, right=0.0, confidence=0.9):
    return Word(text, confidence, (), QUAD + np.float32([right, 0]), 0.9)


def cost(one, other, unseen=0.0):
    (found,) = kinship_costs([one], other, unseen, min_iou=0.3, min_similarity=0.6, sure=0.8)
    return found


def test_the_cheapest_pairs_altogether():
    # Row 0 would like column 0 best, but row 1 can have nothing else.
    costs = np.array([[0.1, 0.3], [0.2, NEVER]])
    assert assign(costs) == [(0, 1), (1, 0)]
    assert assign(np.array([[NEVER, 0.5], [NEVER, 0.4]])) == [(1, 1)]
    assert assign(np.zeros((0, 3))) == []


def test_overlaps_by_hand():
    found = np.stack([QUAD, QUAD + np.float32([10, 0]), QUAD + np.float32([0, 50])])
    # 30 of 50 columns are shared.
    np.testing.assert_allclose(overlap_costs([QUAD], found, 0.5), [[0, 0.4, NEVER]], atol=1e-6)
    assert overlap_costs([QUAD], found, 0.7)[0, 1] == NEVER
    assert overlap_costs([], found, 0.5).shape == (0, 3)


def test_similarity_is_of_edits_and_not_of_case():
    assert similarity("Harbour", "HARBOUR") == 1
    assert similarity("Harbour", "Harbor") == pytest.approx(6 / 7)
    assert similarity("abc", "xyz") == 0


def test_sure_words_are_known_by_their_text_within_reach():
    # 10 px aside is one height: 1 - 1 / 1.5 near, and an IoU of 0.6, which is more.
    assert cost(word("EXIT", 10), word("EXIT")) == pytest.approx(1 - (1 + 0.6) / 2)
    assert cost(word("EXIT", 14), word("EXIT")) < NEVER
    assert cost(word("EXIT", 16), word("EXIT")) == NEVER  # beyond 1.5 heights
    assert cost(word("EXIT", 16), word("EXIT"), unseen=1) < NEVER  # 4.5 a second later
    assert cost(word("EXIT", 46), word("EXIT"), unseen=1) == NEVER
    assert cost(word("WEST"), word("EXIT")) == NEVER  # there, but another
    assert cost(word("EX1T"), word("EXIT")) > cost(word("EXIT"), word("EXIT")) == 0


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (word("WEST", confidence=0.5), word("EXIT")),
        (word("WEST"), word("EXIT", confidence=0.5)),
        (word(""), word("EXIT")),
        (word("WEST"), word("")),
    ],
)
def test_unsure_words_are_known_by_their_place_alone(one, other):
    assert cost(one, other) == pytest.approx(0)
    aside = Word(one.text, one.confidence, (), QUAD + np.float32([30, 0]), 0.9)
    assert cost(aside, other, unseen=9) == NEVER  # an IoU of 1/7


def test_words_are_compared_each_by_itself():
    words = [word("EXIT", 10), word("WEST"), word("", 5), word("EX1T", 3, confidence=0.4)]
    known = word("EXIT")
    together = kinship_costs(words, known, 0.5, min_iou=0.3, min_similarity=0.6, sure=0.8)
    np.testing.assert_allclose(together, [cost(w, known, 0.5) for w in words])
    none = kinship_costs([], known, 0.5, min_iou=0.3, min_similarity=0.6, sure=0.8)
    assert none.shape == (0,)
