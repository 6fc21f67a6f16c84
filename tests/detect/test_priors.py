"""Priors alone: where they lie, whom they stand for (against plain loops over all), and codes."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.detect import _priors
from ocrkit.detect._priors import NOBODY, Level
from ocrkit.types import Floats

LEVELS = (Level(8, (20,)), Level(16, (30, 45), (1, 4)), Level(32, (90,), (1, 3, 1 / 3)))
SIZE = (72, 136)  # 9 x 17, 5 x 9 and 3 x 5 cells: the last of the two coarser grids stick out


def corners(priors: Floats) -> Floats:
    """(centre x, centre y, width, height) to (left, top, right, bottom)."""
    return np.concatenate([priors[:, :2] - priors[:, 2:] / 2, priors[:, :2] + priors[:, 2:] / 2], 1)


def shared_areas(rects, priors):
    """(G, N), pair by pair."""
    a, b = rects[:, None], corners(priors)[None]
    low, high = np.maximum(a[..., :2], b[..., :2]), np.minimum(a[..., 2:], b[..., 2:])
    return np.maximum(high - low, 0).prod(axis=-1)


def ious(rects, priors):
    shared = shared_areas(rects, priors)
    areas = (rects[:, 2:] - rects[:, :2]).prod(axis=1)
    return shared / (areas[:, None] + priors[:, 2:].prod(axis=1) - shared)


def some_rects(rng, count):
    """Of all sizes, some partly outside the picture."""
    middle = rng.uniform(-5, 1.1, (count, 2)) % 1.1 * (SIZE[1], SIZE[0])
    half = np.exp(rng.uniform(math.log(4), math.log(60), (count, 2)))
    return np.concatenate([middle - half, middle + half], axis=1).astype(np.float32)


def test_priors_by_hand():
    level = Level(8, (20,), (1, 4))
    priors = _priors.priors((level,), (20, 40))
    assert level.shapes == 4
    assert level.cells((20, 40)) == (3, 5)
    assert priors.shape == (4 * 15, 4)
    assert priors.dtype == np.float32
    # Shape by shape, row by row: 20 x 20 and 40 x 10 at the centre, then both half a cell lower.
    np.testing.assert_allclose(priors[0], (4, 4, 20, 20))
    np.testing.assert_allclose(priors[1], (12, 4, 20, 20))
    np.testing.assert_allclose(priors[5], (4, 12, 20, 20))
    np.testing.assert_allclose(priors[15], (4, 4, 40, 10))
    np.testing.assert_allclose(priors[30], (4, 8, 20, 20))
    np.testing.assert_allclose(priors[-1], (36, 24, 40, 10))


def test_levels_follow_each_other_and_are_made_once():
    priors = _priors.priors(LEVELS, SIZE)
    counts = [14 * 9 * 17, 8 * 5 * 9, 6 * 3 * 5]
    assert len(priors) == sum(counts)
    np.testing.assert_allclose(priors[counts[0]], (8, 8, 30, 30))
    np.testing.assert_allclose(priors[counts[0] + counts[1]], (16, 16, 90, 90))
    assert _priors.priors(LEVELS, SIZE) is priors
    with pytest.raises(ValueError, match="read-only"):
        priors[0] = 0


def test_the_papers_shapes():
    level = Level(8, (30,))
    *_, widths, heights = _priors.priors((level,), (8, 8)).T
    ratios = [1, 2, 3, 5, 1 / 2, 1 / 3, 1 / 5] * 2
    np.testing.assert_allclose(widths / heights, ratios, rtol=1e-6)
    np.testing.assert_allclose(widths * heights, 900, rtol=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_match_is_the_best_overlap_of_all(seed):
    rects = some_rects(np.random.default_rng(seed), 12)
    rects[6:] = rects[:6] + np.float32(2.3)  # they compete
    iou = ious(rects, _priors.priors(LEVELS, SIZE))
    owners = _priors.match(LEVELS, SIZE, rects, 0.5)
    places = np.flatnonzero(owners != NOBODY)
    assert len(places)
    np.testing.assert_array_equal(owners != NOBODY, iou.max(axis=0) >= 0.5)
    np.testing.assert_allclose(iou[owners[places], places], iou.max(axis=0)[places], rtol=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_best_priors_are_those_of_a_greedy_search_among_all(seed):
    rects = some_rects(np.random.default_rng(seed), 12)
    rects[5] = rects[4]  # they want the same prior
    iou = ious(rects, _priors.priors(LEVELS, SIZE))
    chosen = _priors.best_priors(LEVELS, SIZE, rects)
    found = iou[np.arange(12), chosen]
    left = iou.copy()
    expected = np.zeros(12)
    for _ in rects:
        word, prior = np.unravel_index(left.argmax(), left.shape)
        expected[word] = iou[word, prior]
        left[word], left[:, prior] = -1, -1
    assert len(set(chosen.tolist())) == 12
    # Of two equals one has the best prior, whichever.
    for pair in (found, expected):
        pair[4:6] = np.sort(pair[4:6])
    np.testing.assert_allclose(found[:4], expected[:4], rtol=1e-5)
    np.testing.assert_allclose(found[6:], expected[6:], rtol=1e-5)
    assert found[5] == pytest.approx(expected[5], rel=1e-5)
    assert found[4] == pytest.approx(expected[4], abs=0.1)


def test_a_rectangle_far_outside_has_no_prior():
    rects = np.array([[20, 20, 60, 40], [900, 900, 940, 920]], np.float32)
    inside, outside = _priors.best_priors(LEVELS, SIZE, rects)
    assert inside != NOBODY
    assert outside == NOBODY


@pytest.mark.parametrize("seed", range(5))
def test_covered_priors(seed):
    rects = some_rects(np.random.default_rng(seed), 6)
    priors = _priors.priors(LEVELS, SIZE)
    share = shared_areas(rects, priors) / priors[:, 2:].prod(axis=1)
    np.testing.assert_array_equal(
        _priors.covered(LEVELS, SIZE, rects, 0.5), (share >= 0.5).any(axis=0)
    )


def test_no_rectangles():
    none = np.zeros((0, 4), np.float32)
    assert (_priors.match(LEVELS, SIZE, none, 0.5) == NOBODY).all()
    assert not _priors.covered(LEVELS, SIZE, none, 0.5).any()
    assert len(_priors.best_priors(LEVELS, SIZE, none)) == 0


PRIOR = np.array([[32, 28, 40, 16]], np.float32)  # x from 12 to 52, y from 20 to 36


def test_codes_by_hand():
    rect = np.array([[10, 20, 50, 40]], np.float32)  # centre (30, 30), 40 x 20
    expected = [-2 / 40 / 0.1, 2 / 16 / 0.1, 0, math.log(20 / 16) / 0.2]
    np.testing.assert_allclose(_priors.tell_rects(rect, PRIOR)[0], expected, rtol=1e-6)
    quad = np.array([[[16, 20], [52, 28], [48, 36], [12, 40]]], np.float32)
    expected = [1, 0, 0, 5, -1, 0, 0, 2.5]  # (4, 0), (0, 8), (-4, 0), (0, 4) of 40 and 16, by 0.1
    np.testing.assert_allclose(_priors.tell_quads(quad, PRIOR)[0], expected, rtol=1e-6)
    turned = np.array([[[12, 20], [52, 20], [52, 28], [12, 28]]], np.float32)
    expected = [0, 0, 0, 0, math.log(8 / 16) / 0.2]
    np.testing.assert_allclose(_priors.tell_turned(turned, PRIOR)[0], expected, rtol=1e-6)


def test_a_told_rectangle_goes_down_from_its_first_side_clockwise():
    codes = np.array([[1, 0, -9, 0, 0]], np.float32)  # from (16, 20) to (16, 20): no direction
    assert np.isfinite(_priors.told_turned(codes, PRIOR)).all()
    codes = np.array([[10, 0, 0, 25, 0]], np.float32)  # from (52, 20) to (52, 60): downwards
    expected = [[52, 20], [52, 60], [36, 60], [36, 20]]  # so the other side lies to the left
    np.testing.assert_allclose(_priors.told_turned(codes, PRIOR)[0], expected, atol=1e-4)


coordinate = st.floats(-200, 200, width=32)
side = st.floats(2, 400, width=32)
some_priors = st.tuples(coordinate, coordinate, side, side).map(
    lambda values: np.array([values], np.float32)
)


@given(some_priors, st.lists(coordinate, min_size=8, max_size=8))
def test_quads_are_told_exactly(prior, values):
    quad = np.array(values, np.float32).reshape(1, 4, 2)
    told = _priors.told_quads(_priors.tell_quads(quad, prior), prior)
    np.testing.assert_allclose(told, quad, atol=2e-3)


@given(some_priors, some_priors)
def test_rectangles_are_told_exactly(prior, other):
    """Sides of 8 to 400 px differ by a factor of at most 50: a logarithm below MAX_LOG."""
    rect = corners(np.concatenate([other[:, :2], np.clip(other[:, 2:], 8, 400)], axis=1))
    prior = np.concatenate([prior[:, :2], np.clip(prior[:, 2:], 8, 400)], axis=1)
    told = _priors.told_rects(_priors.tell_rects(rect, prior), prior)
    np.testing.assert_allclose(told, rect, atol=2e-3)


@given(some_priors, st.floats(-math.pi, math.pi), st.floats(8, 300), st.floats(8, 300))
def test_turned_rectangles_are_told_exactly(prior, angle, width, height):
    prior = np.concatenate([prior[:, :2], np.clip(prior[:, 2:], 8, 400)], axis=1)
    cos, sin = math.cos(angle), math.sin(angle)
    flat = np.array([[0, 0], [width, 0], [width, height], [0, height]])
    rect = (flat @ np.array([[cos, sin], [-sin, cos]]))[None].astype(np.float32)
    told = _priors.told_turned(_priors.tell_turned(rect, prior), prior)
    np.testing.assert_allclose(told, rect, atol=5e-3)


def test_wild_codes_stay_finite():
    wild = np.full((1, 12), 1e4, np.float32)
    assert np.isfinite(_priors.told_rects(wild[:, :4], PRIOR)).all()
    assert np.isfinite(_priors.told_turned(wild[:, :5], PRIOR)).all()
