"""The text-line connector of CTPN (Tian et al., ECCV 2016, arXiv 1609.03605, section 3.2).

A picture is cut into columns of one width. A strip is a piece of a text line in one of them: it has
a column, a top and a bottom. Strips of neighbouring columns that fit each other best are joined,
and chains of them are lines.
"""

from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ocrkit.types import Bools, Floats

Indices = NDArray[np.intp]
Doubles = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """N strips of text lines, in no particular order.

    Attributes:
        columns: (N,) int, counted from 0.
        tops, bottoms: (N,) float32, pixels; a bottom is greater than its top.
        scores: (N,) float32.
    """

    columns: Indices
    tops: Floats
    bottoms: Floats
    scores: Floats

    def __len__(self) -> int:
        return len(self.columns)

    def __getitem__(self, index: Any) -> Self:
        """Select by boolean mask or integer array."""
        return type(self)(
            self.columns[index], self.tops[index], self.bottoms[index], self.scores[index]
        )

    @property
    def heights(self) -> Floats:
        """(N,), pixels."""
        return self.bottoms - self.tops


def thin(strips: Strips, threshold: float) -> Indices:
    """Non-maximum suppression within each column; the indices of the strips that stay.

    Of each column the best strip stays and those that overlap it go, until none are left. All
    columns take a step at once.

    Args:
        strips: Of equal scores the first counts as the better.
        threshold: Strips overlap if the IoU of their vertical extents is greater.
    """
    waiting = np.lexsort((-strips.scores, strips.columns))
    kept = [waiting[:0]]
    while len(waiting):
        leads, _ = _borders(strips.columns[waiting])
        best = waiting[leads]
        kept.append(best)
        rivals, own_best = waiting[~leads], best[np.cumsum(leads) - 1][~leads]
        shared = _shared(strips[rivals], strips[own_best])
        union = strips.heights[rivals] + strips.heights[own_best] - shared
        waiting = rivals[shared <= threshold * union]
    return np.sort(np.concatenate(kept))


def connect(strips: Strips, reach: int, min_overlap: float, min_ratio: float) -> Indices:
    """Which line each strip belongs to, counted from 0; (N,).

    The successor of a strip is the best of those that fit it in the nearest column to its right
    that has any; its predecessor is the same to its left. Two strips are joined if each is the
    other's choice.

    Args:
        strips: No two of one column should overlap: see `thin`.
        reach: How many columns to look ahead.
        min_overlap: Of the vertical extents of two strips that fit, over the lower one's height.
        min_ratio: Of the heights of two strips that fit, the lower to the higher.
    """
    left, right = _pairs(strips.columns, reach)
    fit = _fit(strips[left], strips[right], min_overlap, min_ratio)
    left, right = left[fit], right[fit]
    distance = strips.columns[right] - strips.columns[left]
    mutual = np.intersect1d(
        _choices(left, distance, strips.scores[right]),
        _choices(right, distance, strips.scores[left]),
    )
    edges = np.ones(len(mutual), np.int8), (left[mutual], right[mutual])
    graph = coo_matrix(edges, shape=(len(strips), len(strips)))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, np.intp)


def outlines(strips: Strips, labels: Indices, stride: int, offsets: Floats | None) -> Floats:
    """The quads (L, 4, 2) round lines, in pixels; their sides stand square to the line.

    Straight lines are fitted to the tops and to the bottoms at the middles of the columns.

    Args:
        strips: Of all lines.
        labels: (N,), of the strips' lines; no line has two strips in one column.
        stride: Width of a column, pixels.
        offsets: (N,), x of the nearer end of a strip's line less x of its middle, in strides. Only
            those of the outermost strips count (section 3.3). A lone strip cannot tell which end it
            means: its line reaches as far on both sides. Without offsets a line ends one stride
            from the middle of its last column, as it does in the mean where strips fill columns.
    """
    order = np.lexsort((strips.columns, labels))
    starts, stops = _borders(labels[order])
    first, last = order[starts], order[stops]
    middles = (strips.columns.astype(np.float64) + 0.5) * stride
    reach = np.ones((2, len(first)))
    if offsets is not None:
        lone = first == last
        reach[0] = np.where(lone, np.abs(offsets[first]), -offsets[first])
        reach[1] = np.where(lone, reach[0], offsets[last])
    left = middles[first] - reach[0] * stride
    right = np.maximum(middles[last] + reach[1] * stride, left + 1)
    tops, bottoms = (_straight(labels, middles, y) for y in (strips.tops, strips.bottoms))
    return _quads(left, right, tops, bottoms)


def boxes(quads: Floats) -> Floats:
    """The upright boxes (L, 4, 2) round quads."""
    (left, top), (right, bottom) = quads.min(axis=1).T, quads.max(axis=1).T
    return np.stack([left, top, right, top, right, bottom, left, bottom], axis=1).reshape(-1, 4, 2)


def _pairs(columns: Indices, reach: int) -> tuple[Indices, Indices]:
    """All pairs of strips whose columns differ by 1 to `reach`, the left one first."""
    order = np.argsort(columns, kind="stable")
    ranked = columns[order]
    first = np.searchsorted(ranked, ranked, "right")
    counts = np.searchsorted(ranked, ranked + reach, "right") - first
    # Positions first, first + 1, ... first + count - 1 of every strip, one run after another.
    starts = np.repeat(first - np.cumsum(counts) + counts, counts)
    return np.repeat(order, counts), order[starts + np.arange(counts.sum())]


def _fit(one: Strips, other: Strips, min_overlap: float, min_ratio: float) -> Bools:
    lower = np.minimum(one.heights, other.heights)
    higher = np.maximum(one.heights, other.heights)
    overlaps = _shared(one, other) >= min_overlap * lower
    return np.asarray(overlaps & (lower >= min_ratio * higher))


def _shared(one: Strips, other: Strips) -> Floats:
    """The length of the vertical extent that strips have in common, row by row; (N,)."""
    shared = np.minimum(one.bottoms, other.bottoms) - np.maximum(one.tops, other.tops)
    return np.asarray(np.maximum(shared, 0))


def _choices(choosers: Indices, distance: Indices, scores: Floats) -> Indices:
    """Of each strip's candidates the nearest, of these the best, of these the first."""
    order = np.lexsort((-scores, distance, choosers))
    first, _ = _borders(choosers[order])
    return np.asarray(order[first], np.intp)


def _borders(ranked: Indices) -> tuple[Bools, Bools]:
    """Whether each of sorted values is the first, and the last, of its kind; two of (N,)."""
    changes = ranked[1:] != ranked[:-1]
    some = np.ones(min(len(ranked), 1), np.bool_)
    return np.append(some, changes), np.append(changes, some)


def _straight(labels: Indices, x: Doubles, y: Floats) -> Doubles:
    """Height at x = 0 and slope (2, L) of the lines nearest the points (x, y) of each label.

    Least squares. A line through a single point is level; none is steeper than 45 degrees.
    """
    counts = np.bincount(labels)
    x_mean, y_mean = (np.bincount(labels, values) / counts for values in (x, y))
    run, rise = x - x_mean[labels], y - y_mean[labels]
    slopes = np.bincount(labels, run * rise) / np.maximum(np.bincount(labels, run * run), 1e-6)
    slopes = np.clip(slopes, -1, 1)
    return np.stack([y_mean - slopes * x_mean, slopes])


def _quads(left: Doubles, right: Doubles, tops: Doubles, bottoms: Doubles) -> Floats:
    """Quads (L, 4, 2) between straight lines (2, L); `left` and `right` are x half way between."""
    height, slope = (tops + bottoms) / 2

    def corner(x: Doubles, line: Doubles) -> Doubles:
        """Where the perpendicular at x to the line half way crosses the other line."""
        at_zero, inclination = line
        across = (x + slope * (height + slope * x - at_zero)) / (1 + slope * inclination)
        return np.stack([across, at_zero + inclination * across], axis=1)

    corners = (
        corner(left, tops),
        corner(right, tops),
        corner(right, bottoms),
        corner(left, bottoms),
    )
    return np.stack(corners, axis=1).astype(np.float32)
