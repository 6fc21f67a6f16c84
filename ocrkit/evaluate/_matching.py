"""Which detection is taken for which word: the rules that detection and spotting share.

An outline is a ring of K >= 3 points, (K, 2), in either direction. The benchmark's own evaluator
has two habits that matter for rings that cross themselves, as a careless detector's may; figures
compare only if both are kept:

    The area of a ring is what the shoelace formula gives: 0 for a symmetric bow tie.
    Two rings overlap where both have a point inside by the even-odd rule: in a bow tie, both loops.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit.errors import ShapeError
from ocrkit.types import Bools

Outline = NDArray[Any]
Outlines = Sequence[Outline] | NDArray[Any]
"""Rings of their own lengths, or (N, K, 2) of one length: quads are (N, 4, 2)."""

IOU_THRESHOLD = 0.5
"""A detection is taken for a word if their intersection over union is greater than this."""

AREA_PRECISION = 0.5
"""A detection is ignored if more than this fraction of it lies in one ignored word."""

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """How the words and the detections of one image overlap, in whole pixels.

    Attributes:
        iou: (words, found) float64, intersection over union.
        precision: (words, found) float64, intersection over the area of the detection.
    """

    iou: Numbers
    precision: Numbers

    @classmethod
    def between(cls, words: Outlines, found: Outlines) -> "Overlaps":
        """The overlap of each word with each detection.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        rows, columns = _Rings.of("words", words), _Rings.of("found", found)
        shared = _intersections(rows, columns)
        union = rows.areas[:, None] + columns.areas - shared
        return cls(
            _ratio(shared, union), _ratio(shared, np.broadcast_to(columns.areas, shared.shape))
        )

    def ignored_found(self, ignored_words: Bools) -> Bools:
        """Which detections lie for the most part in one ignored word; (found,)."""
        return np.asarray((self.precision[ignored_words] > AREA_PRECISION).any(axis=0))

    def pairs(self, ignored_words: Bools, ignored_found: Bools) -> list[tuple[int, int]]:
        """Indices (word, detection): each word takes the first detection still free that fits.

        The first, not the best: the order of words and of detections counts.
        """
        fits = self.iou > IOU_THRESHOLD
        fits[ignored_words] = False
        fits[:, ignored_found] = False
        taken = []
        for word in np.flatnonzero(fits.any(axis=1)):
            free = np.flatnonzero(fits[word])
            if len(free):
                taken.append((int(word), int(free[0])))
                fits[:, free[0]] = False
        return taken


def whole_pixels(points: Outline) -> Numbers:
    """Coordinates rounded to whole pixels, half goes up: the benchmark's files hold integers."""
    exact = np.asarray(points, np.float64)
    below = np.floor(exact)
    return np.asarray(below + (exact - below >= 0.5))


@dataclass(frozen=True, slots=True, eq=False)
class _Rings:
    """Outlines of one image, ready to be intersected.

    Attributes:
        polygons: (N,) shapely geometries, valid; empty where a ring encloses nothing.
        areas: (N,) float64, by the shoelace formula.
    """

    polygons: NDArray[np.object_]
    areas: Numbers

    @classmethod
    def of(cls, name: str, outlines: Outlines) -> "_Rings":
        if not len(outlines):
            return cls(np.zeros(0, object), np.zeros(0))
        rings = [whole_pixels(_checked(name, i, outline)) for i, outline in enumerate(outlines)]
        owner = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
        polygons = shapely.polygons(shapely.linearrings(np.concatenate(rings), indices=owner))
        invalid = ~shapely.is_valid(polygons)
        # `make_valid` keeps what lies inside by the even-odd rule, and stray lines and points;
        # a buffer of nothing drops these.
        polygons[invalid] = shapely.buffer(shapely.make_valid(polygons[invalid]), 0)
        return cls(polygons, np.array([_shoelace(ring) for ring in rings]))


def _checked(name: str, index: int, outline: Outline) -> Outline:
    outline = np.asarray(outline)
    if outline.ndim != 2 or len(outline) < 3 or outline.shape[1] != 2:
        raise ShapeError(f"{name}[{index}]: expected shape (3 or more, 2), got {outline.shape}")
    if not np.isfinite(outline).all():
        raise ShapeError(f"{name}[{index}]: a coordinate is not finite")
    return outline


def _shoelace(ring: Numbers) -> float:
    x, y = (ring - ring[0]).T
    return float(abs(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2)


def _intersections(one: _Rings, other: _Rings) -> Numbers:
    """Areas of overlap, (N, M); only pairs whose bounding boxes meet are looked at."""
    shared = np.zeros((len(one.areas), len(other.areas)))
    left, top, right, bottom = np.moveaxis(shapely.bounds(one.polygons)[:, None], -1, 0)
    left2, top2, right2, bottom2 = np.moveaxis(shapely.bounds(other.polygons)[None], -1, 0)
    # Bounds of empty polygons are NaN, which compares as false.
    near = (left < right2) & (left2 < right) & (top < bottom2) & (top2 < bottom)
    i, j = np.nonzero(near)
    shared[i, j] = shapely.area(shapely.intersection(one.polygons[i], other.polygons[j]))
    return shared


def _ratio(part: Numbers, whole: Numbers) -> Numbers:
    """`part / whole`, and 0 where there is no whole."""
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0))
