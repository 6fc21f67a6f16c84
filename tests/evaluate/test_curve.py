"""Curves over score thresholds, with numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import DataError
from ocrkit.evaluate import Found, Result, Truth
from ocrkit.evaluate.curve import (
    Curve,
    average_precision,
    best_threshold,
    precision_recall,
    stepwise_precision,
    sweep,
)
from ocrkit.evaluate.iou import IoU
from ocrkit.evaluate.protocols import DETECTION

IC15 = DETECTION["ic15"]
NOWHERE = 900


def span(left, right):
    return np.array([[left, 0], [right, 0], [right, 10], [left, 10]], np.float64)


def scored(*lefts_and_scores):
    """Detections of 40 px at these places, with these scores."""
    return Found.of(
        [span(left, left + 40) for left, _ in lefts_and_scores],
        scores=[score for _, score in lefts_and_scores],
    )


def words_at(*lefts, ignored=()):
    return Truth.of([span(x, x + 40) for x in lefts], ignored=[x in ignored for x in lefts])


def curve_of(founds, truths, protocol=IC15):
    results = [protocol.score_image(f, t) for f, t in zip(founds, truths, strict=True)]
    return precision_recall(results, founds)


FOUNDS = [
    scored((0, 0.9), (NOWHERE, 0.8), (100, 0.7)),
    scored((0, 0.6), (NOWHERE, 0.5)),
]
TRUTHS = [words_at(0, 100), words_at(0, 200)]
# By score: right, wrong, right, right, wrong; 4 words.


def test_recall_and_precision_by_score():
    curve = curve_of(FOUNDS, TRUTHS)
    assert curve.thresholds.tolist() == [0.9, 0.8, 0.7, 0.6, 0.5]
    assert curve.recall.tolist() == [0.25, 0.25, 0.5, 0.75, 0.75]
    assert curve.precision == pytest.approx([1, 1 / 2, 2 / 3, 3 / 4, 3 / 5])
    assert curve.hmean[3] == pytest.approx(0.75)


def test_average_precision_takes_the_highest_precision_further_on():
    curve = curve_of(FOUNDS, TRUTHS)
    assert average_precision(curve) == pytest.approx(0.25 * (1 + 3 / 4 + 3 / 4))


def test_stepwise_precision_takes_the_precision_as_it_is():
    curve = curve_of(FOUNDS, TRUTHS)
    assert stepwise_precision(curve) == pytest.approx(0.25 * (1 + 2 / 3 + 3 / 4))


def test_detections_of_one_score_come_in_together():
    founds = [scored((NOWHERE, 0.5), (0, 0.5), (100, 0.5), (NOWHERE, 0.1))]
    truths = [words_at(0, 100, 200)]
    curve = curve_of(founds, truths)
    assert curve.thresholds.tolist() == [0.5, 0.1]
    assert curve.precision.tolist() == [2 / 3, 0.5]
    assert average_precision(curve) == pytest.approx(2 / 3 * 2 / 3)


def test_without_scores_there_is_one_point():
    founds = [Found.of([span(0, 40), span(NOWHERE, NOWHERE + 40)])]
    curve = curve_of(founds, [words_at(0, 100, 200, 300)])
    assert curve.thresholds.tolist() == [1.0]
    assert average_precision(curve) == stepwise_precision(curve) == 0.25 * 0.5


def test_ignored_detections_are_left_out():
    founds = [scored((100, 0.9), (0, 0.8))]
    curve = curve_of(founds, [words_at(0, 100, ignored=[100])])
    assert curve.thresholds.tolist() == [0.8]
    assert average_precision(curve) == 1


def test_pairs_whose_texts_differ_are_no_hits():
    result = IC15.score_image(FOUNDS[1], TRUTHS[1])
    wrong = type(result)(
        result.words_ignored,
        result.found_ignored,
        tuple(pair._replace(correct=False) for pair in result.pairs),
    )
    assert average_precision(precision_recall([wrong], FOUNDS[1:])) == 0


def test_a_word_in_pieces_is_found_with_its_best_piece():
    founds = [Found.of([span(0, 20), span(20, 40)], scores=[0.3, 0.6])]
    curve = curve_of(founds, [words_at(0, 100)], DETECTION["totaltext"])
    assert curve.recall.tolist() == [0.5, 0.5]
    assert curve.precision.tolist() == [1, 1]


def test_joined_words_are_found_together():
    founds = [Found.of([span(0, 100)], scores=[0.3])]
    truth = [Truth.of([span(0, 45), span(55, 100)])]
    assert curve_of(founds, truth, DETECTION["totaltext"]).recall.tolist() == [1]


def test_nothing_is_found_where_nothing_is():
    for founds, truths in (([], []), ([scored()], [words_at(0)]), ([scored()], [words_at()])):
        curve = curve_of(founds, truths)
        assert average_precision(curve) == stepwise_precision(curve) == 0
        assert len(curve.thresholds) == len(sweep(IC15, founds, truths).thresholds) == 0
    assert average_precision(curve_of([scored((0, 0.5))], [words_at()])) == 0


def test_lists_of_different_lengths_are_refused():
    with pytest.raises(ValueError, match="zip"):
        precision_recall([], FOUNDS)
    with pytest.raises(ValueError, match="zip"):
        sweep(IC15, FOUNDS, [])


def test_a_sweep_matches_anew():
    # With both, the first in the file takes the word; it is the one with the lower score.
    founds, truths = [scored((4, 0.2), (0, 0.9))], [words_at(0)]
    assert curve_of(founds, truths).recall.tolist() == [0, 1]
    curve = sweep(IC15, founds, truths)
    assert curve.thresholds.tolist() == [0.9, 0.2]
    assert curve.recall.tolist() == [1, 1]
    assert curve.precision.tolist() == [1, 0.5]
    assert best_threshold(curve) == 0.9


def test_a_sweep_ignores_anew_and_counts_ignored_words_never():
    curve = sweep(IC15, [scored((100, 0.9), (0, 0.8))], [words_at(0, 100, ignored=[100])])
    assert curve.recall.tolist() == [0, 1]
    assert curve.precision.tolist() == [0, 1]


def test_a_sweep_takes_credits():
    founds = [Found.of([span(0, 20), span(20, 40)], scores=[0.3, 0.6])]
    curve = sweep(DETECTION["totaltext"], founds, [words_at(0)])
    assert curve.recall.tolist() == [0, 0.8]
    assert curve.precision.tolist() == [0, 0.8]


def test_a_sweep_tries_no_more_thresholds_than_it_is_told():
    founds = [scored(*((50 * i, i / 10) for i in range(10)))]
    curve = sweep(IC15, founds, [words_at(0)], most=4)
    assert curve.thresholds.tolist() == [0.9, 0.6, 0.3, 0.0]
    assert len(sweep(IC15, founds, [words_at(0)], most=10).thresholds) == 10


def test_the_best_threshold_is_the_lowest_of_equals():
    levels = np.array([0.9, 0.8, 0.7, 0.6])
    assert best_threshold(Curve(levels, levels, np.array([0.5, 0.9, 0.9, 0.1]))) == 0.8
    assert best_threshold(Curve(levels, np.full(4, 0.5), np.full(4, 0.5))) == 0.6


def test_there_is_no_best_threshold_without_detections():
    with pytest.raises(DataError, match="no detections"):
        best_threshold(sweep(IC15, [scored()], [words_at(0)]))


SCORES = st.sampled_from([0.1, 0.4, 0.4, 0.7, 1.0])
PICTURES = st.lists(
    st.tuples(
        st.lists(st.tuples(st.integers(0, 15).map(lambda i: 10 * i), SCORES), max_size=5),
        st.lists(st.integers(0, 15).map(lambda i: 10 * i), max_size=4),
    ),
    max_size=3,
)


@given(PICTURES)
def test_a_sweep_gives_the_scores_of_what_is_kept(pictures):
    founds = [scored(*places) for places, _ in pictures]
    truths = [words_at(*lefts) for _, lefts in pictures]
    curve = sweep(IC15, founds, truths)
    assert (np.diff(curve.thresholds) < 0).all()
    for threshold, recall, precision, hmean in zip(
        curve.thresholds, curve.recall, curve.precision, curve.hmean, strict=True
    ):
        kept = [scored(*(p for p in places if p[1] >= threshold)) for places, _ in pictures]
        images = (IC15.score_image(f, t) for f, t in zip(kept, truths, strict=True))
        result = Result(IC15, tuple(images))
        assert (recall, precision) == (result.recall, result.precision)
        assert hmean == pytest.approx(result.hmean)


@given(PICTURES)
def test_average_precision_lies_between_the_stepwise_one_and_recall(pictures):
    founds = [scored(*places) for places, _ in pictures]
    truths = [words_at(*lefts) for _, lefts in pictures]
    curve = curve_of(founds, truths, IoU("x", prefer="score"))
    recall = curve.recall[-1] if len(curve.recall) else 0
    assert 0 <= stepwise_precision(curve) <= average_precision(curve) + 1e-12
    assert average_precision(curve) <= recall + 1e-12
