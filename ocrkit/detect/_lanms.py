"""Locality-aware suppression of quads (EAST, 1704.03155, section 3.6 and algorithm 1).

Thousands of cells each give a quad, and neighbours give nearly the same one. One pass over them
in the order of rows merges them into few, which ordinary suppression then thins out.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.detect._nms import suppress
from ocrkit.types import Detections, Floats

Doubles = NDArray[np.float64]

SLACK = 1e-7
"""Pixels; sides of two quads that differ by less are one line, and count once."""


class Merged(NamedTuple):
    """Runs of quads: their weighted means (M, 4, 2) float32, and sums and means of scores (M,).

    `weight` adds up, as in algorithm 1; `score` is the mean score, weighted by the scores too.
    """

    quads: Floats
    weight: Doubles
    score: Floats


def suppress_locally(found: Detections, threshold: float) -> Detections:
    """Merge neighbours, then keep the merged quads that overlap no heavier one.

    Args:
        found: One quad per cell, in the order of rows; scores above 0.
        threshold: Quads are merged or suppressed if their IoU is greater.

    Returns:
        Merged quads, by falling sum of scores; corners in order, but from any of them. Scores are
        means, in [0, 1].
    """
    merged = merge_rows(found, threshold)
    order = np.argsort(-merged.weight, kind="stable")
    # `suppress` goes by scores alone: each quad's is its place from the end, which names it after.
    places = np.arange(len(order), 0, -1)
    kept = suppress(Detections(merged.quads[order], places.astype(np.float32)), threshold)
    chosen = order[len(order) - kept.scores.astype(np.intp)]
    return Detections(merged.quads[chosen], merged.score[chosen])


def merge_rows(found: Detections, threshold: float) -> Merged:
    """Merge each quad into the run before it if their IoU is greater than `threshold`, in order.

    A run is the mean of its quads, weighted by their scores; the first quad that overlaps it too
    little starts the next. Corners are first brought into the order of the quad before: cells of
    one word may count them from different ones.

    Algorithm 1 looks sequential: whether a quad joins depends on all that its run has merged.
    But suppose that we know where runs start; then all means are differences of running sums, and
    all decisions can be made at once. If they say that runs start just there, they are the
    algorithm's, by induction from the first quad. If not, they are a better guess, right for at
    least one quad more. A few rounds do for thousands of quads.
    """
    quads = _in_same_order(found.quads.astype(np.float64))
    weights = found.scores.astype(np.float64)
    sums, totals = _running(weights[:, None, None] * quads), _running(weights)
    places = np.arange(len(quads))
    begins = _apart(quads)  # the first guess
    decided_for = np.full(len(quads), -1)
    while True:
        # Where the run starts that each quad but the first would join.
        runs = np.maximum.accumulate(np.where(begins, places, 0))[:-1]
        ask = np.flatnonzero(runs != decided_for[1:])
        if not len(ask):
            break
        since = runs[ask]
        means = (sums[ask + 1] - sums[since]) / (totals[ask + 1] - totals[since])[:, None, None]
        begins[ask + 1] = iou(quads[ask + 1], means) <= threshold
        decided_for[1:] = runs
    first = np.flatnonzero(begins)
    last = np.append(first, len(quads))[1:]
    weight = totals[last] - totals[first]
    squares = _running(weights * weights)
    return Merged(
        ((sums[last] - sums[first]) / weight[:, None, None]).astype(np.float32),
        weight,
        ((squares[last] - squares[first]) / weight).astype(np.float32),
    )


def iou(one: Doubles, other: Doubles) -> Doubles:
    """Intersection over union of pairs of quads (N, 4, 2), of their convex hulls; (N,).

    Right to 1e-6 for quads of more than a few pixels; two that have no area have an IoU near 0.

    The outline of what two convex shapes share consists of the parts of each one's sides that lie
    within the other, and its area is an integral along it (Green's theorem).
    """
    origin = one.mean(axis=1, keepdims=True)  # nearby, for precision
    first, second = (_hulls(quads - origin).T for quads in (one, other))
    shared = _integral_within(first, second, SLACK) + _integral_within(second, first, -SLACK)
    areas = [_cross(quad, np.roll(quad, -1, axis=1)).sum(axis=0) / 2 for quad in (first, second)]
    return np.asarray(shared / np.maximum(areas[0] + areas[1] - shared, 1e-3))


def _integral_within(one: Doubles, other: Doubles, slack: float) -> Doubles:
    """Of (x dy - y dx) / 2 along the sides of `one` as far as they lie in `other`; (N,).

    Both are (2, 4, N), convex and clockwise on screen. Sides count up to `slack` outside an edge
    of `other` that runs the same way. Shapes that touch have edges there that run opposite ways:
    neither counts.
    """
    along, edges = (np.roll(quad, -1, axis=1) - quad for quad in (one, other))
    # (edge of other, side of one, N): how far a side's start lies inside, and how that changes.
    depth = _cross(edges[:, :, None], one[:, None] - other[:, :, None])
    same = (edges[:, :, None] * along[:, None]).sum(axis=0) > 0
    depth += np.where(same, slack, -SLACK) * np.hypot(*edges)[:, None]
    change = _cross(edges[:, :, None], along[:, None])
    with np.errstate(divide="ignore", invalid="ignore"):
        crossing = -depth / change
    start = np.where(change > 0, crossing, 0).max(axis=0, initial=0)
    end = np.where(change < 0, crossing, 1).min(axis=0, initial=1)
    outside = ((change == 0) & (depth < 0)).any(axis=0)
    share = np.where(outside, 0, np.maximum(end - start, 0))
    return np.asarray((_cross(one, along) * share).sum(axis=0) / 2)


def _cross(one: Doubles, other: Doubles) -> Doubles:
    """Of vectors (2, ...)."""
    return np.asarray(one[0] * other[1] - one[1] * other[0])


def _hulls(quads: Doubles) -> Doubles:
    """Corners (N, 4, 2) clockwise on screen; one within the triangle of the others goes to one."""
    arms = quads - quads.mean(axis=1, keepdims=True)
    order = np.argsort(np.arctan2(arms[..., 1], arms[..., 0]), axis=1)
    corners = np.take_along_axis(quads, order[..., None], axis=1)
    before, after = np.roll(corners, 1, axis=1), np.roll(corners, -1, axis=1)
    dent = _cross((corners - before).T, (after - corners).T).T < 0
    return np.where(dent[..., None], before, corners)


def _apart(quads: Doubles) -> NDArray[np.bool_]:
    """Whether the upright box round each quad misses that round the one before; (N,)."""
    low, high = quads.min(axis=1), quads.max(axis=1)
    missed = (low[1:] >= high[:-1]) | (high[1:] <= low[:-1])
    return np.concatenate([np.ones(min(len(quads), 1), np.bool_), missed.any(axis=1)])


def _in_same_order(quads: Doubles) -> Doubles:
    """Quads (N, 4, 2) turned so that corners lie nearest to the same corners of the one before.

    By the sum of squared distances of all four.
    """
    shifts = (np.arange(4)[:, None] + np.arange(4)) % 4
    apart = quads[1:][:, shifts] - quads[:-1, None]  # (N - 1, shift, corner, 2)
    turns = np.argmin((apart * apart).sum(axis=(2, 3)), axis=1)
    # Each was compared with its neighbour as given, which is itself turned by all turns before.
    turned = np.concatenate([np.zeros(min(len(quads), 1), np.intp), np.cumsum(turns)]) % 4
    return np.take_along_axis(quads, shifts[turned][..., None], axis=1)


def _running(values: Doubles) -> Doubles:
    """Sums of the first 0, 1, ..., N values along the first axis."""
    return np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
