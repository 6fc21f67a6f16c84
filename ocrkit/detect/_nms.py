"""Non-maximum suppression of quads, exact and fast for thousands of them."""

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit.types import Bools, Detections, Floats

Indices = NDArray[np.intp]


def suppress(found: Detections, threshold: float) -> Detections:
    """The detections that overlap no better one, by falling score.

    One is better if its score is higher or, where scores are equal, if it comes first. It
    suppresses others only if nothing suppresses it.

    Args:
        found: In any order.
        threshold: Two quads overlap if their IoU, of true polygons, is greater.
    """
    order = np.argsort(-found.scores, kind="stable")
    ranked = found[order]
    better, worse, iou = overlapping(ranked.quads)
    too_close = iou > threshold
    return ranked[unrivalled(len(ranked), better[too_close], worse[too_close])]


def unrivalled(count: int, better: Indices, worse: Indices) -> Bools:
    """Which of `count` things stay if each that stays drives out its worse rivals; (count,).

    Args:
        count: They are numbered from the best to the worst.
        better: Of each pair of rivals the better one; (P,).
        worse: And the other; (P,).
    """
    followers: dict[int, list[int]] = {}
    for one, other in zip(better.tolist(), worse.tolist(), strict=True):
        followers.setdefault(one, []).append(other)
    kept = np.ones(count, np.bool_)
    for one in sorted(followers):
        if kept[one]:
            kept[followers[one]] = False
    return kept


def overlapping(quads: Floats) -> tuple[Indices, Indices, Floats]:
    """All pairs of quads (N, 4, 2) that intersect: first < second, and their IoU; three of (P,)."""
    first, second, shared, areas = _pairs(quads)
    union = areas[first] + areas[second] - shared
    return first, second, np.asarray(shared / np.maximum(union, 1e-9), np.float32)


def covering(quads: Floats) -> tuple[Indices, Indices, Floats]:
    """All pairs that intersect, and the share of the smaller quad that lies in the larger; (P,)."""
    first, second, shared, areas = _pairs(quads)
    smaller = np.minimum(areas[first], areas[second])
    return first, second, np.asarray(shared / np.maximum(smaller, 1e-9), np.float32)


def _pairs(quads: Floats) -> tuple[Indices, Indices, NDArray[Any], NDArray[Any]]:
    """Pairs of quads (N, 4, 2), the areas (P,) that they share, and the areas (N,) of all.

    Of their convex hulls, found by a tree of bounding boxes: N may be thousands.
    """
    shapes = shapely.convex_hull(shapely.polygons(quads))
    first, second = shapely.STRtree(shapes).query(shapes)
    once = first < second
    first, second = first[once], second[once]
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    return first, second, shared, shapely.area(shapes)
