"""Parts of words: what two of them make up, by hand."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box, turned

from ocrkit import geometry
from ocrkit.spot._parts import joined
from ocrkit.types import Detections


def found(*quads, scores=None):
    return Detections(np.stack(quads), np.array(scores or [0.9] * len(quads), np.float32))


def test_two_parts_that_overlap_are_one_word():
    left, right = box(0, 10, 60, 30), box(51, 12, 120, 32)
    whole = joined(found(right, left, scores=[0.6, 0.8]))
    assert whole.quads.tolist() == [[[0, 10], [120, 12], [120, 32], [0, 30]]]
    assert whole.scores == pytest.approx([0.6])


@pytest.mark.parametrize(
    ("other", "why"),
    [
        (box(62, 10, 120, 30), "they stand side by side"),
        (box(53, 10, 120, 30), "they are of two words that nearly touch"),
        (box(10, 10, 50, 30), "one holds the other"),
        (box(4, 10, 64, 30), "they are the same, told twice"),
        (box(45, 17, 120, 37), "they are of two lines"),
        (box(40, 5, 120, 35), "one is much higher"),
        (turned(70, 20, 78, 20, math.radians(20)), "one is turned"),
    ],
)
def test_what_is_not_joined(other, why):
    word = box(0, 10, 60, 30)
    assert len(joined(found(word, other))) == len(joined(found(other, word))) == 0, why


def test_three_parts_make_two_pairs_and_none_nothing():
    parts = found(box(0, 0, 60, 20), box(50, 0, 110, 20), box(100, 0, 160, 20))
    ends = [(quad[0, 0], quad[1, 0]) for quad in joined(parts).quads]
    assert ends == [(0, 110), (50, 160)]
    assert len(joined(parts[:1])) == len(joined(Detections.empty())) == 0


@given(
    angle=st.floats(-math.pi, math.pi),
    overlap=st.floats(17, 50),
    height=st.floats(5, 40),
    swapped=st.booleans(),
)
def test_parts_of_a_turned_word_make_up_the_word(angle, overlap, height, swapped):
    """Whichever way it runs."""
    way = np.array([math.cos(angle), math.sin(angle)], np.float32)
    width, length = np.float32(100), np.float32(200 - overlap)
    middle = np.array([300, 300], np.float32)
    starts, ends = middle - way * (length - width) / 2, middle + way * (length - width) / 2
    parts = [turned(width, height, *at, angle) for at in (starts, ends)]
    (whole,) = joined(found(*(parts[::-1] if swapped else parts))).quads
    assert np.allclose(whole, turned(length, height, *middle, angle), atol=0.01)
    assert geometry.is_convex(whole)
