"""Locality-aware suppression against the algorithm as printed, and IoU against shapely."""

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from ocrkit import geometry
from ocrkit.detect._lanms import iou, merge_rows, suppress_locally
from ocrkit.types import Detections

BOX = np.array([[0, 0], [40, 0], [40, 10], [0, 10]], np.float32)


def stack(*quads):
    return np.stack(quads).astype(np.float32)


def scattered(seed, count, spread, noise):
    """Quads of a few words, in runs as cells give them, some of them twisted or dented."""
    rng = np.random.default_rng(seed)
    words = BOX + rng.uniform(0, spread, (4, 1, 2))
    picks = np.sort(rng.integers(0, 4, count)) if rng.random() < 0.5 else rng.integers(0, 4, count)
    quads = words[picks] + rng.normal(0, noise, (count, 4, 2))
    return Detections(quads.astype(np.float32), rng.uniform(0.5, 1, count).astype(np.float32))


def one_by_one(found, threshold):
    """Algorithm 1, line by line; corners turned to those of the quad before."""
    merged, before = [], None
    for quad, score in zip(found.quads.astype(float), found.scores.astype(float), strict=True):
        if before is not None:
            turns = [np.roll(quad, -k, axis=0) for k in range(4)]
            quad = min(turns, key=lambda turn: ((turn - before) ** 2).sum())
        before = quad
        if merged and geometry.iou(quad, merged[-1][0][None])[0] > threshold:
            mean, weight, square = merged[-1]
            mean = (score * quad + weight * mean) / (score + weight)
            merged[-1] = (mean, weight + score, square + score * score)
        else:
            merged.append((quad, score, score * score))
    return merged


@given(
    st.integers(0, 2**32 - 1),
    st.integers(1, 25),
    st.sampled_from((0.0, 8.0, 60.0)),
    st.sampled_from((0.0, 0.5, 4.0, 10.0)),
    st.sampled_from((0.1, 0.2, 0.5, 0.8)),
)
def test_merging_is_the_algorithm_as_printed(seed, count, spread, noise, threshold):
    found = scattered(seed, count, spread, noise)
    expected = one_by_one(found, threshold)
    merged = merge_rows(found, threshold)
    assert len(merged.quads) == len(expected)
    for quad, weight, score, (mean, total, square) in zip(*merged, expected, strict=True):
        np.testing.assert_allclose(quad, mean, atol=1e-3)
        assert weight == pytest.approx(total)
        assert score == pytest.approx(square / total)


def test_a_mean_drifts_away_from_its_first_quad():
    """Each overlaps the one before by 0.6 and more, but not the mean of all before."""
    steps = np.arange(12, dtype=np.float32)[:, None, None] * np.float32([10, 0])
    merged = merge_rows(Detections(BOX + steps, np.ones(12, np.float32)), 0.5)
    # Mean of two is 5 off: the third has IoU (40 - 15) / (40 + 15) < 0.5 and starts anew.
    np.testing.assert_allclose(merged.weight, [2] * 6)
    np.testing.assert_allclose(merged.quads[:, 0, 0], [5, 25, 45, 65, 85, 105])


def test_means_by_hand():
    quads = stack(BOX, BOX + (4, 2))
    merged = merge_rows(Detections(quads, np.float32([0.5, 1.0])), 0.2)
    np.testing.assert_allclose(merged.quads[0], BOX + (8 / 3, 4 / 3), rtol=1e-5)
    assert merged.weight[0] == pytest.approx(1.5)
    assert merged.score[0] == pytest.approx((0.5 * 0.5 + 1.0 * 1.0) / 1.5)


def test_corners_are_matched_before_they_are_averaged():
    turned = [np.roll(BOX, k, axis=0) for k in (0, 1, 3, 2, 2)]
    merged = merge_rows(Detections(stack(*turned), np.ones(5, np.float32)), 0.2)
    np.testing.assert_allclose(merged.quads, BOX[None])


def test_the_heavier_wins_and_keeps_its_mean_score():
    far = BOX + (200, 0)
    quads = stack(BOX, BOX, far, BOX + (10, 0))  # the last overlaps the first two by 0.6
    found = suppress_locally(Detections(quads, np.float32([0.8, 0.8, 0.95, 0.9])), 0.5)
    np.testing.assert_allclose(found.scores, [0.8, 0.95])
    np.testing.assert_allclose(found.quads, stack(BOX, far))


def test_equal_weights_are_told_apart():
    quads = stack(*(BOX + (100 * k, 0) for k in range(5)))
    found = suppress_locally(Detections(quads, np.full(5, 0.7, np.float32)), 0.2)
    np.testing.assert_allclose(found.quads, quads)


def test_nothing_stays_nothing():
    assert len(suppress_locally(Detections.empty(), 0.2)) == 0
    assert len(merge_rows(Detections.empty(), 0.2).weight) == 0


def turned(quads, seed):
    """Each turned by its own angle round a point far away."""
    angle = np.random.default_rng(seed).uniform(-np.pi, np.pi, len(quads))
    cos, sin = np.cos(angle), np.sin(angle)
    matrix = np.stack([cos, sin, -sin, cos], axis=-1).reshape(-1, 2, 2)
    return quads @ matrix + 1000.0


def pairs(kind, count=400):
    rng = np.random.default_rng(7)
    box = np.repeat(BOX[None].astype(float), count, axis=0)
    wide = box * rng.integers(1, 4, (count, 1, 2)) + rng.integers(0, 3, (count, 1, 2)) * 10
    return {
        "any four points": tuple(rng.uniform(0, 50, (2, count, 4, 2))),
        "points of a small grid": tuple(rng.integers(0, 4, (2, count, 4, 2)).astype(float)),
        "boxes with common sides": (turned(box, 1), turned(wide, 1)),
        "nearly the same": (turned(box, 2), turned(box, 2) + rng.normal(0, 1e-5, box.shape)),
        "the same": (turned(box, 3), turned(box, 3)),
        "one in the other": (turned(box, 4), turned(box * 0.5 + 5, 4)),
        "moved": (turned(box, 5), turned(box, 5) + rng.uniform(-40, 40, (count, 1, 2))),
    }[kind]


@pytest.mark.parametrize(
    "kind",
    [
        "any four points",
        "points of a small grid",
        "boxes with common sides",
        "nearly the same",
        "the same",
        "one in the other",
        "moved",
    ],
)
def test_iou_is_shapelys(kind):
    one, other = pairs(kind)
    first, second = (shapely.convex_hull(shapely.polygons(quads)) for quads in (one, other))
    shared = shapely.area(shapely.intersection(first, second))
    union = shapely.area(first) + shapely.area(second) - shared
    expected = np.divide(shared, union, out=np.zeros_like(union), where=union > 0)
    flat = np.minimum(shapely.area(first), shapely.area(second)) == 0
    np.testing.assert_allclose(iou(one, other)[~flat], expected[~flat], atol=2e-6)
    assert np.abs(iou(one, other)[flat]).max(initial=0) < 0.02
