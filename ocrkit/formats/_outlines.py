"""Outlines in whole pixels that lie within the page, as hOCR, ALTO and PAGE want them.

Whole pixels because that is what PAGE and hOCR allow, and what many readers of ALTO expect.
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.types import Character, Floats, Word

Size = tuple[int, int]
Points = tuple[tuple[int, int], ...]


class Bounds(NamedTuple):
    """An upright rectangle, in pixels."""

    left: int
    top: int
    right: int
    bottom: int


def rounded(points: Floats, size: Size) -> Points:
    """Points (K, 2) rounded, those outside a page of (height, width) moved to its edge."""
    height, width = size
    inside = np.clip(np.round(points), 0, (width, height)).astype(int)
    return tuple((int(x), int(y)) for x, y in inside)


def bounds(points: Points) -> Bounds:
    """The smallest upright rectangle round points."""
    across, down = zip(*points, strict=True)
    return Bounds(min(across), min(down), max(across), max(down))


def hull(outlines: Iterable[Points]) -> Points:
    """The smallest convex polygon round outlines, clockwise, of three corners at least."""
    points = [point for outline in outlines for point in outline]
    # What OpenCV calls clockwise is so where y grows upwards.
    corners = cv2.convexHull(np.array(points, np.int32), clockwise=False)[:, 0]
    if len(corners) < 3:
        left, top, right, bottom = bounds(tuple(points))
        return (left, top), (right, top), (right, bottom), (left, bottom)
    return tuple((int(x), int(y)) for x, y in corners)


def baseline(line: Sequence[Word], size: Size) -> Points:
    """Two points between which the text stands: the line nearest to the lower sides of the quads.

    Quads are tight, so the lower sides of words with descenders lie below the true base line.
    """
    quads = np.stack([word.quad for word in line]).astype(np.float64)
    along = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]).sum(axis=0)
    length = float(np.linalg.norm(along))
    across, down = along / length if length > 1e-6 else (1.0, 0.0)
    turned = quads[:, [3, 2]].reshape(-1, 2) @ np.array([[across, -down], [down, across]])
    x, y = turned.T
    spread = float(((x - x.mean()) ** 2).sum())
    slope = float(((x - x.mean()) * (y - y.mean())).sum()) / spread if spread > 1e-6 else 0.0
    ends = np.array([[e, y.mean() + slope * (e - x.mean())] for e in (x.min(), x.max())])
    return rounded((ends @ np.array([[across, down], [-down, across]])).astype(np.float32), size)


def characters(word: Word, size: Size) -> list[tuple[Character, Points]]:
    """The characters of a word and where they stand; none if that is not known of all of them."""
    if "".join(character.text for character in word.characters) != word.text:
        return []
    parts = [(c, geometry.part(word.quad, *c.span)) for c in word.characters]
    return [(character, rounded(part, size)) for character, part in parts]
