"""Calibration figures against sums worked by hand, and what must hold of any confidences."""

import json
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate.calibration import CERTAIN, Bin, calibration

WORDS = st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1, max_size=40)


def of(words, bins=10):
    return calibration([sure for sure, _ in words], [right for _, right in words], bins)


def test_figures_of_five_words():
    result = calibration([0.95, 0.91, 0.55, 0.6, 0.15], [True, False, True, True, False])
    assert [(one.start, one.end, one.words) for one in result.bins] == [
        (0.1, 0.2, 1),
        (0.5, 0.6, 2),
        (0.9, 1.0, 2),
    ]
    assert [one.confidence for one in result.bins] == pytest.approx([0.15, 0.575, 0.93])
    assert [one.accuracy for one in result.bins] == [0, 1, 0.5]
    assert result.words == 5
    assert result.confidence == pytest.approx(3.16 / 5)
    assert result.accuracy == pytest.approx(3 / 5)
    assert result.ece == pytest.approx((1 * 0.15 + 2 * 0.425 + 2 * 0.43) / 5)
    squares = 0.05**2 + 0.91**2 + 0.45**2 + 0.4**2 + 0.15**2
    assert result.brier == pytest.approx(squares / 5)
    logs = log(0.95) + log(0.09) + log(0.55) + log(0.6) + log(0.85)
    assert result.nll == pytest.approx(-logs / 5)


@pytest.mark.parametrize("bins", [10, 15])
def test_an_edge_belongs_to_the_bin_below_it(bins):
    edges = [i / bins for i in range(1, bins + 1)]
    result = calibration(edges, [True] * bins, bins)
    assert [(one.end, one.words) for one in result.bins] == [(edge, 1) for edge in edges]
    above = calibration(np.nextafter(edges[:-1], 1), [True] * (bins - 1), bins)
    assert [one.start for one in above.bins] == edges[:-1]


def test_confidences_of_exactly_zero_and_one():
    result = calibration([0, 1, 1, 0], [False, True, False, True])
    assert result.bins == (Bin(0.0, 0.1, 2, 0.0, 0.5), Bin(0.9, 1.0, 2, 1.0, 0.5))
    assert result.ece == 0.5
    assert result.brier == 0.5
    assert result.nll == pytest.approx(-2 * log(CERTAIN) / 4)  # large, but not infinite


def test_of_no_words_every_figure_is_zero():
    result = calibration([], [])
    assert (result.words, result.bins) == (0, ())
    assert set(result.rates.values()) == {0}
    assert result.accuracy == 0


def test_confidences_must_be_probabilities_and_one_per_word():
    with pytest.raises(ShapeError, match="confidences"):
        calibration([0.5, 0.5], [True])
    for wrong in (-0.1, 1.1, float("nan")):
        with pytest.raises(DataError, match=f"{wrong} is not in"):
            calibration([0.5, wrong], [True, True])


def test_plain_values_for_json():
    result = calibration(np.float32([0.75]), np.array([True]))
    assert json.loads(json.dumps(result.to_dict())) == {
        "mean_confidence": 0.75,
        "ece": 0.25,
        "brier": 0.0625,
        "nll": pytest.approx(-log(0.75)),
        "bins": [
            {"start": 0.7, "end": 0.8, "words": 1, "confidence": 0.75, "accuracy": 1},
        ],
    }


@given(WORDS, st.integers(1, 20))
def test_bounds(words, bins):
    result = of(words, bins)
    assert 0 <= result.ece <= 1
    assert 0 <= result.brier <= 1
    assert result.words == len(words)
    # Bins can only hide less than one bin for all does.
    assert result.ece >= abs(result.accuracy - result.confidence) - 1e-9


@given(WORDS, st.integers(1, 20))
def test_the_error_is_that_of_the_formula(words, bins):
    gaps = 0.0
    for m in range(1, bins + 1):
        low, high = (m - 1) / bins, m / bins
        inside = [w for w in words if low < w[0] <= high or (m == 1 and w[0] == 0)]
        gaps += abs(sum(right for _, right in inside) - sum(sure for sure, _ in inside))
    assert of(words, bins).ece == pytest.approx(gaps / len(words), abs=1e-9)


@given(WORDS, st.randoms())
def test_order_does_not_matter(words, random):
    shuffled = random.sample(words, len(words))
    assert of(shuffled).rates == pytest.approx(of(words).rates)


@given(st.dictionaries(st.integers(0, 10), st.integers(1, 4), min_size=1))
def test_confidences_that_come_true_have_no_error(groups):
    """Of each ten words that are k/10 sure, k are right."""
    words = [(k / 10, i % 10 < k) for k, tens in groups.items() for i in range(10 * tens)]
    assert of(words).ece == pytest.approx(0, abs=1e-12)


@given(st.lists(st.tuples(st.booleans(), st.booleans()), min_size=1))
def test_of_those_who_are_always_certain_the_error_rate_bounds_the_error(words):
    certain = [(float(sure), right) for sure, right in words]
    wrong = sum(sure != right for sure, right in words) / len(words)
    result = of(certain)
    assert result.brier == pytest.approx(wrong)
    assert result.ece <= wrong + 1e-12
