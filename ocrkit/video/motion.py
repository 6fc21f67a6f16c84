"""How what is in a quad moves from one frame to the next: pyramidal Lucas-Kanade, and RANSAC.

Points with corners, of which letters are full, are followed forth and back; those that do not come
back where they began have been covered, or what they were on has changed. A similarity (shift, turn
and scale) that most of the others agree on moves the quad.
"""

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.types import Floats, Image

Grey = NDArray[np.uint8]

LONG_SIDE = 960
"""Pixels; larger frames are made so small, to be followed at less cost."""

POINTS = 16
"""Points that are followed in a quad, at most."""

ENOUGH = 4
"""Points that must agree before they are believed."""

WINDOW = (15, 15)
"""Pixels around a point by which it is found again."""

ENDS = (cv2.TERM_CRITERIA_COUNT + cv2.TERM_CRITERIA_EPS, 10, 0.03)
"""A point is found when a step is shorter than so many pixels, or after so many steps."""

LEVELS = 3
"""Times that the frame is halved; a point may move by some 7 * 2^3 pixels."""

MAX_RETURN = 1.0
"""Pixels by which a point that is followed forth and back may miss its start."""

MIN_LIKENESS = 0.6
"""Correlation of what is in the quad now with what was in it before; less, and it is another."""

MAX_RESIDUAL = 2.0
"""Pixels by which a point may miss the similarity that the others agree on."""

MIN_AGREEING = 0.5
"""Fraction of a quad's points that must agree; else what was there is covered or gone."""

THUMB = 64
"""Pixels; width of the copy of a frame by which two frames are compared as a whole."""


class Moved(NamedTuple):
    """A quad in the next frame."""

    quad: Floats
    points: Floats
    """(P, 2), those that could be followed, in pixels of the frame."""
    sound: bool
    """Whether they show what they showed before. If not, the quad is where it was."""


class View:
    """A frame as points are followed in it: small and grey.

    Args:
        image: (H, W, 3) uint8, RGB.
    """

    def __init__(self, image: Image) -> None:
        height, width = image.shape[:2]
        self.size = height, width
        self.scale = min(1.0, LONG_SIDE / max(height, width))
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        size = (max(1, round(width * self.scale)), max(1, round(height * self.scale)))
        small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if self.scale < 1 else grey
        self.grey: Grey = np.asarray(small, np.uint8)
        rows = max(1, round(height * THUMB / width))
        thumb = cv2.resize(self.grey, (THUMB, rows), interpolation=cv2.INTER_AREA)
        self._thumb = np.asarray(thumb, np.float32)

    def change(self, before: "View") -> float:
        """Mean difference in grey levels from the view before; 255 if the size changed."""
        if before.size != self.size:
            return 255.0
        return float(np.abs(self._thumb - before._thumb).mean())

    def corners(self, quad: Floats) -> Floats:
        """Points in `quad` that can be followed; (P, 2), in pixels of the frame, P may be 0."""
        inside = quad * np.float32(self.scale)
        low = np.maximum(np.floor(inside.min(axis=0)).astype(int), 0)
        high = np.minimum(np.ceil(inside.max(axis=0)).astype(int), self.grey.shape[::-1])
        if (high - low < 4).any():
            return np.zeros((0, 2), np.float32)
        part = self.grey[low[1] : high[1], low[0] : high[0]]
        mask = np.zeros_like(part)
        cv2.fillConvexPoly(mask, np.round(inside - low - 0.5).astype(np.int32), 255)
        spread = max(3.0, float(np.sqrt(part.size / POINTS)) / 2)
        found = cv2.goodFeaturesToTrack(part, POINTS, 0.02, spread, mask=mask, blockSize=5)
        if found is None:
            return np.zeros((0, 2), np.float32)
        points = found.reshape(-1, 2) + low + 0.5
        return np.asarray(points / self.scale, np.float32)


def follow(
    before: View, after: View, quads: Sequence[Floats], points: Sequence[Floats]
) -> list[Moved]:
    """Where quads and their points went from one view to the next.

    Args:
        before: The view that they are in.
        after: The next one, of the same size.
        quads: N, each (4, 2).
        points: N, each (P, 2): `View.corners` of the quad, or what `follow` left of them.
    """
    if not any(len(some) for some in points):
        return [Moved(quad, some, False) for quad, some in zip(quads, points, strict=True)]
    start = np.concatenate(points)
    end, returned = _flow(before, after, start)
    edges = np.cumsum([0, *(len(some) for some in points)])
    return [
        _move(before, after, quad, start[a:b], end[a:b], returned[a:b])
        for quad, a, b in zip(quads, edges, edges[1:], strict=False)
    ]


def _flow(before: View, after: View, start: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Where points went (P, 2), and whether each finds its way back (P,)."""
    # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
    scale = np.float32(before.scale)
    origin = (start * scale - np.float32(0.5))[:, None]
    there, found = _found(before.grey, after.grey, origin)
    back, came = _found(after.grey, before.grey, there)
    missed = np.linalg.norm((back - origin)[:, 0], axis=1)
    rows, columns = after.grey.shape
    inside = ((there[:, 0] >= -0.5) & (there[:, 0] <= (columns - 0.5, rows - 0.5))).all(axis=1)
    returned = (found[:, 0] == 1) & (came[:, 0] == 1) & (missed <= MAX_RETURN) & inside
    return np.asarray((there[:, 0] + np.float32(0.5)) / scale, np.float32), returned


def _found(one: Grey, other: Grey, points: Floats) -> tuple[Floats, NDArray[np.uint8]]:
    """Where points (P, 1, 2) of one picture are in another, and whether they are; (P, 1)."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        one,
        other,
        points,
        np.zeros_like(points),
        winSize=WINDOW,
        maxLevel=LEVELS,
        criteria=ENDS,
    )
    return np.asarray(there, np.float32), np.asarray(found, np.uint8)


def _move(
    before: View,
    after: View,
    quad: Floats,
    start: Floats,
    end: Floats,
    returned: NDArray[np.bool_],
) -> Moved:
    """One quad by its points, if enough of them agree."""
    if returned.sum() >= ENOUGH:
        matrix, agree = cv2.estimateAffinePartial2D(
            start[returned], end[returned], method=cv2.RANSAC, ransacReprojThreshold=MAX_RESIDUAL
        )
        agreeing = 0 if agree is None else int(agree.sum())
        if matrix is not None and agreeing >= max(ENOUGH, MIN_AGREEING * len(start)):
            moved = geometry.project(np.vstack([matrix, [0, 0, 1]]), quad)
            if likeness(before, after, quad, np.asarray(matrix, np.float64)) >= MIN_LIKENESS:
                return Moved(moved, end[returned][agree[:, 0] == 1], True)
    return Moved(quad, end[returned], False)


def likeness(before: View, after: View, quad: Floats, matrix: NDArray[np.float64]) -> float:
    """How like what is in a quad's box is to what is where it went: a correlation, in [-1, 1].

    Args:
        before: The view that the quad is in.
        after: The next one.
        quad: (4, 2).
        matrix: (2, 3), takes points of the frame before to those of the frame after.
    """
    inside = quad * np.float32(before.scale)
    low = np.maximum(np.floor(inside.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(inside.max(axis=0)).astype(int), before.grey.shape[::-1])
    if (high <= low).any():
        return 0.0
    # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
    shift = matrix[:, :2] @ (low + 0.5) + matrix[:, 2] * before.scale - 0.5
    size = (int(high[0] - low[0]), int(high[1] - low[1]))
    now = cv2.warpAffine(
        after.grey,
        np.column_stack([matrix[:, :2], shift]),
        size,
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    then = before.grey[low[1] : high[1], low[0] : high[0]]
    return correlation(np.asarray(now, np.uint8), then)


def correlation(image: Grey | Floats, part: Grey | Floats) -> float:
    """The correlation of a part with where it fits an image best, in [-1, 1]; 0 of what is plain.

    Args:
        image: (H, W), uint8 or float32.
        part: (h, w), of the same type and no larger.
    """
    if part.min() == part.max():  # of which OpenCV says 1
        return 0.0
    found = cv2.matchTemplate(image, np.ascontiguousarray(part), cv2.TM_CCOEFF_NORMED)
    return float(found.max())
