"""Non-maximum suppression of quads, exact and fast for thousands of them."""

import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit.types import Detections, Floats

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
    followers: dict[int, list[int]] = {}
    for one, other in zip(better[too_close].tolist(), worse[too_close].tolist(), strict=True):
        followers.setdefault(one, []).append(other)
    kept = np.ones(len(ranked), np.bool_)
    for one in sorted(followers):
        if kept[one]:
            kept[followers[one]] = False
    return ranked[kept]


def overlapping(quads: Floats) -> tuple[Indices, Indices, Floats]:
    """All pairs of quads (N, 4, 2) that intersect: first < second, and their IoU; three of (P,).

    Of their convex hulls, found by a tree of bounding boxes: N may be thousands.
    """
    shapes = shapely.convex_hull(shapely.polygons(quads))
    first, second = shapely.STRtree(shapes).query(shapes)
    once = first < second
    first, second = first[once], second[once]
    return first, second, _iou(shapes, first, second)


def _iou(shapes: NDArray[np.object_], first: Indices, second: Indices) -> Floats:
    shared = shapely.area(shapely.intersection(shapes[first], shapes[second]))
    areas = shapely.area(shapes)
    union = areas[first] + areas[second] - shared
    return np.asarray(shared / np.maximum(union, 1e-9), np.float32)
