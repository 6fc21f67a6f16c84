"""Scores of readings, with the rules for empty strings."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import ShapeError
from ocrkit.evaluate.recognition import fold, score


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Exit-42!", "exit42"),
        ("new york", "newyork"),
        ("Café", "caf"),  # dropped, not folded
        ("K", "k"),  # the Kelvin sign is a k in lower case
        ("٣", ""),  # a digit, but not one of the ten
        ("&", ""),
        ("a_b^", "ab"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def test_the_figures_of_a_small_set():
    #                  exact    case     mark     one of 4 letters
    result = score(["Exit", "Exit", "Exit", "Exit"], ["Exit", "exit", "Exit.", "Ext"])
    assert result.accuracy_36 == 0.75
    assert result.accuracy == 0.25
    assert result.ned == pytest.approx((1 + 3 / 4 + 4 / 5 + 3 / 4) / 4)
    assert result.cer == pytest.approx(3 / 16)
    assert result.to_dict() == {
        "protocol": "rec-36",
        "samples": 4,
        "empty_36": 0,
        "correct_36": 3,
        "correct": 1,
        "accuracy_36": result.accuracy_36,
        "accuracy": result.accuracy,
        "ned": result.ned,
        "cer": result.cer,
    }


def test_folding_is_of_both_sides():
    assert score(["EXIT"], ["e.x.i.t"]).accuracy_36 == 1
    assert score(["e.x.i.t"], ["EXIT"]).accuracy_36 == 1


def test_spaces_count_as_written():
    assert score(["new york"], ["newyork"]).accuracy == 0
    assert score(["exit"], ["exit "]).accuracy == 0


@pytest.mark.parametrize(
    ("truth", "reading", "accuracy_36", "accuracy", "ned", "cer"),
    [
        ("&", "", 1, 0, 0, 1),
        ("&", "&", 1, 1, 1, 0),
        ("&", "8", 0, 0, 0, 1),
        ("8", "&", 0, 0, 0, 1),
        ("exit", "", 0, 0, 0, 1),
        ("", "exit", 0, 0, 0, 4),
        ("", "", 1, 1, 0, 0),
    ],
)
def test_empty_strings(truth, reading, accuracy_36, accuracy, ned, cer):
    result = score([truth], [reading])
    found = (result.accuracy_36, result.accuracy, result.ned, result.cer)
    assert found == (accuracy_36, accuracy, ned, cer)
    assert result.empty_36 == (truth != "exit" and truth != "8")


def test_the_error_rate_is_over_all_characters_and_may_exceed_one():
    assert score(["ab", "abcdef"], ["xy", "abcdef"]).cer == pytest.approx(2 / 8)
    assert score(["a"], ["bcd"]).cer == 3


def test_of_no_samples_every_figure_is_zero():
    result = score([], [])
    assert (result.accuracy_36, result.accuracy, result.ned, result.cer) == (0, 0, 0, 0)


def test_readings_must_be_as_many_as_truths():
    with pytest.raises(ShapeError, match="readings: expected 2, one per truth, got 1"):
        score(["a", "b"], ["a"])


def distance(one, other):
    """Edit distance by the textbook's table."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]


@given(st.text("ab ,", max_size=8), st.text("ab ,", max_size=8))
def test_edits_are_those_of_the_textbook(truth, reading):
    (sample,) = score([truth], [reading]).samples
    assert sample.edits == distance(truth, reading)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_the_truth_itself_is_perfect(texts):
    result = score(texts, texts)
    assert (result.accuracy_36, result.accuracy, result.ned, result.cer) == (1, 1, 1, 0)
