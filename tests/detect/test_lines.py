"""The text-line connector: cases worked on paper, and plain loops as a reference."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.detect._lines import Strips, boxes, connect, outlines, thin


def strips(*rows):
    """Strips from (column, top, bottom) or (column, top, bottom, score)."""
    full = [(*row, 0.9)[:4] for row in rows]
    columns, tops, bottoms, scores = np.array(full, np.float32).reshape(-1, 4).T
    return Strips(columns.astype(np.intp), tops, bottoms, scores)


def joined(*rows, reach=1, min_overlap=0.7, min_ratio=0.7):
    """The lines, as sets of the strips' places."""
    labels = connect(strips(*rows), reach, min_overlap, min_ratio)
    return sorted(np.flatnonzero(labels == line).tolist() for line in np.unique(labels))


@st.composite
def scattered(draw):
    """Up to 60 strips in ten columns, no two of equal score."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    count = draw(st.integers(0, 60))
    tops = rng.uniform(0, 60, count).astype(np.float32)
    heights = rng.uniform(10, 30, count).astype(np.float32)
    scores = rng.permutation(count).astype(np.float32) / 100
    return Strips(rng.integers(0, 10, count), tops, tops + heights, scores)


def shared(found, i, j):
    return max(
        min(found.bottoms[i], found.bottoms[j]) - max(found.tops[i], found.tops[j]), np.float32(0)
    )


def test_no_strips():
    assert len(thin(strips(), 0.3)) == 0
    assert len(connect(strips(), 1, 0.7, 0.7)) == 0
    assert outlines(strips(), np.zeros(0, np.intp), 8, np.zeros(0, np.float32)).shape == (0, 4, 2)


def test_thin_keeps_the_best_of_each_column_by_hand():
    # IoU with 0..10: 1/3 for 5..15, 1/19 for 9..19; a strip that is gone takes none with it.
    rows = [(1, 5, 15, 0.8), (1, 0, 10, 0.9), (1, 9, 19, 0.7), (2, 5, 15, 0.6)]
    assert thin(strips(*rows), 0.3).tolist() == [1, 2, 3]
    assert thin(strips(*rows), 0.34).tolist() == [0, 1, 3]  # 5..15 now drops 9..19: 6/14


def test_thin_keeps_the_first_of_equals():
    assert thin(strips((3, 0, 10), (3, 1, 11), (3, 0, 10)), 0.3).tolist() == [0]


@given(scattered(), st.floats(0, 0.9))
def test_thin_is_greedy_suppression(found, threshold):
    kept = []
    for i in np.argsort(-found.scores, kind="stable"):
        rivals = [k for k in kept if found.columns[k] == found.columns[i]]
        unions = [found.heights[i] + found.heights[k] - shared(found, i, k) for k in rivals]
        pairs = zip(rivals, unions, strict=True)
        if all(shared(found, i, k) <= threshold * union for k, union in pairs):
            kept.append(i)
    assert thin(found, threshold).tolist() == sorted(kept)


def test_a_chain_is_one_line():
    assert joined((4, 12, 22), (2, 10, 20), (3, 11, 21)) == [[0, 1, 2]]


def test_reach():
    assert joined((2, 10, 20), (4, 10, 20)) == [[0], [1]]
    assert joined((2, 10, 20), (4, 10, 20), reach=2) == [[0, 1]]


def test_overlap_and_ratio_at_their_limits():
    assert joined((1, 0, 10), (2, 3, 13)) == [[0, 1]]  # 7 of 10
    assert joined((1, 0, 10), (2, 3.1, 13.1)) == [[0], [1]]
    assert joined((1, 0, 10), (2, 0, 14)) == [[0, 1]]  # 10 to 14 is 0.71
    assert joined((1, 0, 10), (2, 0, 15)) == [[0], [1]]
    assert joined((2, 0, 10), (1, 0, 15)) == [[0], [1]]


def test_the_nearest_column_comes_before_the_best_score():
    assert joined((1, 0, 10), (2, 0, 10, 0.5), (3, 0, 10, 1.0), reach=2) == [[0, 1, 2]]
    # The nearest that fits: a misfit between does not count.
    assert joined((1, 0, 10), (2, 20, 30), (3, 0, 10), reach=2) == [[0, 2], [1]]


def test_a_choice_must_be_mutual():
    # Both on the left choose the one on the right, which chooses the better of them.
    rows = [(1, 0, 10, 0.8), (1, 4, 14, 0.9), (2, 2, 12, 0.9)]
    assert joined(*rows) == [[0], [1, 2]]
    # The same to the other side.
    rows = [(2, 0, 10, 0.8), (2, 4, 14, 0.9), (1, 2, 12, 0.9)]
    assert joined(*rows) == [[0], [1, 2]]


@given(scattered(), st.integers(1, 4))
def test_connect_is_the_mutual_best(found, reach):
    def fits(i, j):
        low, high = sorted((found.heights[i], found.heights[j]))
        return shared(found, i, j) >= 0.5 * low and low >= 0.6 * high

    def choice(i, step):
        for distance in range(1, reach + 1):
            column = found.columns[i] + step * distance
            there = [j for j in range(len(found)) if found.columns[j] == column and fits(i, j)]
            if there:
                return max(there, key=lambda j: found.scores[j])
        return None

    labels = np.arange(len(found))
    for i in range(len(found)):
        j = choice(i, 1)
        if j is not None and choice(j, -1) == i:
            labels[labels == labels[j]] = labels[i]
    ours = connect(found, reach, 0.5, 0.6)
    np.testing.assert_array_equal(ours[:, None] == ours, labels[:, None] == labels)


def test_outline_of_a_level_line():
    found = strips((3, 10, 20), (2, 10, 20), (4, 10, 20))
    offsets = np.array([9, -1.25, 0.75], np.float32)  # the middle one's is not asked
    quads = outlines(found, np.zeros(3, np.intp), 8, offsets)
    # Middles 20 and 36: 20 - 10 and 36 + 6.
    np.testing.assert_allclose(quads, [[[10, 10], [42, 10], [42, 20], [10, 20]]], atol=1e-5)
    quads = outlines(found, np.zeros(3, np.intp), 8, None)
    np.testing.assert_allclose(quads, [[[12, 10], [44, 10], [44, 20], [12, 20]]], atol=1e-5)


@pytest.mark.parametrize("offset", [-0.75, 0.75])
def test_a_lone_strip_reaches_as_far_on_both_sides(offset):
    found = strips((2, 10, 20))
    (quad,) = outlines(found, np.zeros(1, np.intp), 8, np.array([offset], np.float32))
    np.testing.assert_allclose(quad, [[14, 10], [26, 10], [26, 20], [14, 20]], atol=1e-5)


def test_ends_that_cross_leave_a_line_one_pixel_wide():
    found = strips((2, 10, 20), (3, 10, 20))
    (quad,) = outlines(found, np.zeros(2, np.intp), 8, np.array([2, -2], np.float32))
    np.testing.assert_allclose(quad[:, 0], [36, 37, 37, 36], atol=1e-5)


def test_outline_of_a_tilted_line_by_hand():
    # Slope 3/4 (a 3-4-5 triangle), 20 px high square to it, so 25 px measured vertically. The end
    # points half way are (20, 50) and (84, 98); across the line is (-3, 4) / 5, so half of 20 px
    # is (-6, 8).
    columns = np.arange(2, 10)
    middles = (columns + 0.5) * 8
    half_way = 50 + 0.75 * (middles - 20)
    found = Strips(columns, half_way - 12.5, half_way + 12.5, np.ones(8, np.float32))
    offsets = np.array([0, *[9] * 6, 1], np.float32)  # from 20 to 76 + 8
    (quad,) = outlines(found, np.zeros(8, np.intp), 8, offsets)
    np.testing.assert_allclose(quad, [[26, 42], [90, 90], [78, 106], [14, 58]], atol=1e-3)


def test_lines_are_fitted_by_least_squares():
    # Tops 10, 13, 10 have a level fit at 11; bottoms 30, 32, 34 rise by 2 in 8 px.
    found = strips((0, 10, 30), (1, 13, 32), (2, 10, 34))
    (quad,) = outlines(found, np.zeros(3, np.intp), 8, np.array([0, 0, 0], np.float32))
    slope = (quad[2] - quad[3])[1] / (quad[2] - quad[3])[0]
    np.testing.assert_allclose(quad[:2, 1], [11, 11], atol=1e-4)
    assert slope == pytest.approx(0.25, abs=1e-5)


def test_lines_are_no_steeper_than_45_degrees():
    """Beyond, a quad would start at another corner."""
    found = strips((0, 0, 100), (1, 20, 120))
    (quad,) = outlines(found, np.zeros(2, np.intp), 8, np.zeros(2, np.float32))
    along = quad[1] - quad[0]
    assert along[1] == pytest.approx(along[0])


def test_outlines_do_not_mix_lines():
    found = strips((2, 10, 20), (2, 50, 80), (3, 10, 20), (3, 50, 80))
    quads = outlines(found, np.array([0, 1, 0, 1]), 8, np.array([-1, -2, 1, 2], np.float32))
    np.testing.assert_allclose(quads[0], [[12, 10], [36, 10], [36, 20], [12, 20]], atol=1e-5)
    np.testing.assert_allclose(quads[1], [[4, 50], [44, 50], [44, 80], [4, 80]], atol=1e-5)


def test_boxes():
    quads = np.array([[[10, 4], [50, 14], [48, 30], [8, 20]]], np.float32)
    np.testing.assert_array_equal(boxes(quads), [[[8, 4], [50, 4], [50, 30], [8, 30]]])
