"""Which detection is taken for which word: the rules that detection and spotting share.

An outline is a ring of K >= 3 points, (K, 2), in either direction. The benchmark's own evaluator
has two habits that matter for rings that cross themselves, as a careless detector's may; figures
compare only if both are kept:

    The area of a ring is what the shoelace formula gives: 0 for a symmetric bow tie.
    Two rings overlap where both have a point inside by the even-odd rule: in a bow tie, both loops.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit.errors import ShapeError
from ocrkit.evaluate._base import Outline, Outlines
from ocrkit.types import Bools

Numbers = NDArray[np.float64]


@dataclass(frozen=True, slots=True, eq=False)
class Rings:
    """Outlines of one image, ready to be intersected.

    Attributes:
        points: N rings (K, 2) float64, as they are compared.
        polygons: (N,) shapely geometries, valid; empty where a ring encloses nothing.
        areas: (N,) float64, by the shoelace formula, in square pixels.
        simple: (N,) bool; False where a ring crosses itself or encloses nothing.
    """

    points: list[Numbers]
    polygons: NDArray[np.object_]
    areas: Numbers
    simple: Bools

    @classmethod
    def of(
        cls,
        name: str,
        outlines: Outlines,
        *,
        whole_pixels: bool = True,
        upright: bool = False,
        inclusive: bool = False,
    ) -> "Rings":
        """The rings of these outlines.

        Args:
            name: What errors call them.
            outlines: N rings (K, 2).
            whole_pixels: Round coordinates to whole pixels.
            upright: Take the bounding box of each.
            inclusive: Boxes reach to the far side of their last pixels: one pixel further.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        if not len(outlines):
            return cls([], np.zeros(0, object), np.zeros(0), np.zeros(0, bool))
        flat, starts = _joined(name, outlines)
        flat = rounded(flat) if whole_pixels else flat
        if upright:
            flat, starts = _boxes(flat, starts, float(inclusive))
        owner = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(flat)))
        polygons = shapely.polygons(shapely.linearrings(flat, indices=owner))
        simple = shapely.is_valid(polygons)
        if not simple.all():
            # `make_valid` keeps what lies inside by the even-odd rule, and stray lines and points;
            # a buffer of nothing drops these.
            polygons[~simple] = shapely.buffer(shapely.make_valid(polygons[~simple]), 0)
        areas = _shoelace(flat, starts, owner)
        return cls(np.split(flat, starts[1:]), polygons, areas, simple)


@dataclass(frozen=True, slots=True, eq=False)
class Overlaps:
    """How the words and the detections of one image overlap.

    Attributes:
        words: The rings of the words.
        found: The rings of the detections.
        shared: (words, found) float64, areas of the intersections.
    """

    words: Rings
    found: Rings
    shared: Numbers

    @classmethod
    def between(
        cls,
        words: Outlines,
        found: Outlines,
        *,
        whole_pixels: bool = True,
        upright: bool = False,
        inclusive: bool = False,
    ) -> "Overlaps":
        """The overlap of each word with each detection; for the options see `Rings.of`.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        rows, columns = (
            Rings.of(
                name, outlines, whole_pixels=whole_pixels, upright=upright, inclusive=inclusive
            )
            for name, outlines in (("words", words), ("found", found))
        )
        return cls(rows, columns, _intersections(rows.polygons, columns.polygons))

    @property
    def iou(self) -> Numbers:
        """(words, found), intersection over union."""
        return ratio(self.shared, self.words.areas[:, None] + self.found.areas - self.shared)

    @property
    def recall(self) -> Numbers:
        """(words, found), intersection over the area of the word."""
        return ratio(self.shared, self.words.areas[:, None])

    @property
    def precision(self) -> Numbers:
        """(words, found), intersection over the area of the detection."""
        return ratio(self.shared, self.found.areas)

    def ignored_found(self, ignored_words: Bools, share: float) -> Bools:
        """Which have more than this share of their area in one ignored word; (found,)."""
        if not ignored_words.any():
            return np.zeros(len(self.found.areas), bool)
        return np.asarray((self.precision[ignored_words] > share).any(axis=0))


def first_come(fits: Bools, merit: Numbers) -> list[tuple[int, int]]:
    """Indices (word, detection): each word in turn takes the best detection still free that fits.

    Of the words' order only; it counts, as a detection that is taken is gone.

    Args:
        fits: (words, found), which detections may be taken for which words.
        merit: (words, found), which a word likes best; of equals the first.
    """
    free = np.ones(fits.shape[1], bool)
    taken = []
    for word in np.flatnonzero(fits.any(axis=1)):
        choices = np.flatnonzero(fits[word] & free)
        if len(choices):
            chosen = choices[np.argmax(merit[word, choices])]
            free[chosen] = False
            taken.append((int(word), int(chosen)))
    return taken


def rounded(points: Outline) -> Numbers:
    """Coordinates rounded to whole pixels, half goes up: the benchmark's files hold integers."""
    exact = np.asarray(points, np.float64)
    below = np.floor(exact)
    return np.asarray(below + (exact - below >= 0.5))


def ratio(part: Numbers, whole: Numbers) -> Numbers:
    """`part / whole`, and 0 where there is no whole; of the shape of `part`."""
    return np.asarray(np.divide(part, whole, out=np.zeros(part.shape), where=whole > 0))


def _joined(name: str, outlines: Outlines) -> tuple[Numbers, NDArray[np.intp]]:
    """All points in one array, and where each ring starts."""
    rings = [np.asarray(outline, np.float64) for outline in outlines]
    for index, ring in enumerate(rings):
        if ring.ndim != 2 or len(ring) < 3 or ring.shape[1] != 2:
            expected = "expected shape (3 or more, 2)"
            raise ShapeError(f"{name}[{index}]: {expected}, got {ring.shape}")
    starts = np.cumsum([0, *map(len, rings[:-1])])
    flat = np.concatenate(rings)
    finite = np.logical_and.reduceat(np.isfinite(flat).all(axis=1), starts)
    if not finite.all():
        raise ShapeError(f"{name}[{int(np.argmin(finite))}]: a coordinate is not finite")
    return flat, starts


def _boxes(
    flat: Numbers, starts: NDArray[np.intp], margin: float
) -> tuple[Numbers, NDArray[np.intp]]:
    """Bounding boxes as rings, and where each starts; right and bottom are moved outwards."""
    left, top = np.minimum.reduceat(flat, starts).T
    right, bottom = np.maximum.reduceat(flat, starts).T + margin
    corners = np.stack([left, top, right, top, right, bottom, left, bottom], axis=-1)
    return corners.reshape(-1, 2), np.arange(len(starts)) * 4


def _shoelace(flat: Numbers, starts: NDArray[np.intp], owner: NDArray[np.intp]) -> Numbers:
    """Areas of rings that are given one after the other; (N,)."""
    ahead = np.arange(1, len(flat) + 1)
    ahead[np.append(starts[1:], len(flat)) - 1] = starts
    x, y = (flat - flat[starts][owner]).T
    return np.asarray(np.abs(np.add.reduceat(x * y[ahead] - y * x[ahead], starts)) / 2)


def _intersections(one: NDArray[np.object_], other: NDArray[np.object_]) -> Numbers:
    """Areas of overlap, (N, M); only pairs whose bounding boxes meet are looked at."""
    shared = np.zeros((len(one), len(other)))
    left, top, right, bottom = np.moveaxis(shapely.bounds(one)[:, None], -1, 0)
    left2, top2, right2, bottom2 = np.moveaxis(shapely.bounds(other)[None], -1, 0)
    # Bounds of empty polygons are NaN, which compares as false.
    near = (left < right2) & (left2 < right) & (top < bottom2) & (top2 < bottom)
    i, j = np.nonzero(near)
    shared[i, j] = shapely.area(shapely.intersection(one[i], other[j]))
    return shared
