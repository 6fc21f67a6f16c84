"""Plane geometry of quads, in NumPy; no torch. Conventions: see `ocrkit.types`."""

from typing import Any, NamedTuple

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit.types import Bools, Floats


class Onward(NamedTuple):
    """How words lie to others, seen along the text of the others; lengths are in their heights.

    Attributes:
        gap: From the ends of the others to the starts of the words; negative if they overlap.
        start, end: From the others' starts to those of the words, and from end to end.
        aside: From middle to middle across the text, 0 or more.
        taller: The higher one's height over the lower one's, 1 or more.
        cosine: Of the angle between the ways their text runs.
    """

    gap: Floats
    start: Floats
    end: Floats
    aside: Floats
    taller: Floats
    cosine: Floats


def cell_centres(height: int, width: int, stride: int) -> Floats:
    """Image points at the centres of a grid of square cells; (height, width, 2)."""
    x, y = np.meshgrid(np.arange(width), np.arange(height))
    return (np.stack([x, y], axis=-1).astype(np.float32) + np.float32(0.5)) * np.float32(stride)


def contains(quad: Floats, points: Floats) -> Bools:
    """Whether each of `points` (..., 2) lies in the convex, clockwise `quad` (4, 2); (...)."""
    edges = np.roll(quad, -1, axis=0) - quad
    to_point = points[..., None, :] - quad
    cross = edges[:, 0] * to_point[..., 1] - edges[:, 1] * to_point[..., 0]
    return np.asarray((cross >= 0).all(axis=-1))


def side_lengths(quads: Floats) -> Floats:
    """Lengths of the top, right, bottom and left sides of (..., 4, 2); (..., 4)."""
    along = quads[..., (1, 2, 3, 0), :] - quads
    return np.asarray(np.sqrt((along * along).sum(axis=-1)))


def extent(quads: Floats) -> tuple[Floats, Floats]:
    """Heights and widths of quads (..., 4, 2): the means of opposite sides' lengths; (...)."""
    top, right, bottom, left = np.moveaxis(side_lengths(quads), -1, 0)
    return (left + right) / 2, (top + bottom) / 2


def area(quads: Floats) -> Floats:
    """Areas of (..., 4, 2), positive where the corners run clockwise on screen; (...)."""
    ahead = np.roll(quads, -1, axis=-2)
    cross = quads[..., 0] * ahead[..., 1] - quads[..., 1] * ahead[..., 0]
    return np.asarray(cross.sum(axis=-1) / 2)


def is_convex(quad: Floats) -> bool:
    """Whether `quad` (4, 2) is strictly convex, its corners clockwise on screen."""
    edges = np.roll(quad, -1, axis=0) - quad
    after = np.roll(edges, -1, axis=0)
    return bool((edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0] > 0).all())


def min_area_rect(points: Floats) -> Floats:
    """The smallest rotated rectangle around `points` (K, 2), as an upright quad; (4, 2)."""
    rect = cv2.boxPoints(cv2.minAreaRect(np.asarray(points, np.float32)))
    return upright(np.asarray(rect, np.float32))


def rect_along(quads: Floats) -> Floats:
    """The smallest rectangles around quads (..., 4, 2) that run the way their text does.

    Their corners are in the order of the quads'.
    """
    right = directions(quads)
    axes = np.stack([right, np.stack([-right[..., 1], right[..., 0]], axis=-1)], axis=-2)
    places = quads @ np.swapaxes(axes, -1, -2)
    (left, top), (end, bottom) = (
        np.moveaxis(extreme, -1, 0) for extreme in (places.min(axis=-2), places.max(axis=-2))
    )
    corners = np.stack([left, top, end, top, end, bottom, left, bottom], axis=-1)
    return np.asarray(corners.reshape(quads.shape) @ axes, np.float32)


def directions(quads: Floats) -> Floats:
    """Unit vectors the way text runs in quads (..., 4, 2), from left side to right; (..., 2).

    Zero for quads whose sides coincide.
    """
    along = quads[..., 1, :] - quads[..., 0, :] + quads[..., 2, :] - quads[..., 3, :]
    lengths = np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), np.float32(1e-6))
    return np.asarray(along / lengths)


def onward(quads: Floats, words: Floats) -> Onward:
    """How `words` (..., 4, 2) lie to `quads`; shapes broadcast. Each figure is (...)."""
    (heights, _), (word_heights, _) = extent(quads), extent(words)
    lower = np.maximum(np.minimum(heights, word_heights), np.float32(1e-6))
    right = directions(quads)
    down = np.stack([-right[..., 1], right[..., 0]], axis=-1)
    starts, ends, word_starts, word_ends = (
        (of[..., first, :] + of[..., second, :]) / 2
        for of in (quads, words)
        for first, second in ((0, 3), (1, 2))
    )

    def apart(along: Any, way: Floats) -> Floats:
        return np.asarray((along * way).sum(axis=-1) / np.maximum(heights, np.float32(1e-6)))

    return Onward(
        gap=apart(word_starts - ends, right),
        start=apart(word_starts - starts, right),
        end=apart(word_ends - ends, right),
        aside=np.abs(apart(words.mean(axis=-2) - quads.mean(axis=-2), down)),
        taller=np.asarray(np.maximum(heights, word_heights) / lower),
        cosine=np.asarray((right * directions(words)).sum(axis=-1)),
    )


def upright(quad: Floats) -> Floats:
    """The same corners, clockwise from the one whose side to the next runs most nearly rightwards.

    A detector that sees shapes only cannot know where text begins; nearly all text is upright.
    """
    quad = np.asarray(quad, np.float32)
    if area(quad) < 0:
        quad = quad[::-1]
    # Opposite sides are averaged, so that one slanted side of a trapezoid does not decide.
    ahead = np.roll(quad, -1, axis=0) - quad
    along = ahead - np.roll(ahead, 2, axis=0)
    cosines = along[:, 0] / np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    # Rounded, so that of two equal candidates (a diamond) the same one wins on every machine.
    start = int(np.argmax(np.round(cosines, 5)))
    return np.ascontiguousarray(np.roll(quad, -start, axis=0))


def full_quad(size: tuple[int, int]) -> Floats:
    """The corners of a picture of this (height, width), as a quad; (4, 2)."""
    height, width = size
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def quad_around(outline: Floats) -> Floats:
    """The quad of a word that is published as a ring of `outline` (K, 2) points, K >= 3; (4, 2).

    Four points are the quad itself. Of more, the first half is taken to run along the top and the
    second half back along the bottom, as benchmarks publish curved words: the smallest rectangle
    round them is turned so that its top runs the same way.
    """
    outline = np.asarray(outline, np.float32)
    if len(outline) == 4:
        return outline
    rect = min_area_rect(outline)
    half = len(outline) // 2
    along = outline[half - 1] - outline[0] + outline[half] - outline[-1]
    sides = np.roll(rect, -1, axis=0) - rect
    start = int(np.argmax(sides @ along / np.maximum(np.linalg.norm(sides, axis=1), 1e-9)))
    return np.ascontiguousarray(np.roll(rect, -start, axis=0))


def iou(quad: Floats, quads: Floats) -> Floats:
    """Intersection over union of `quad` (4, 2) with each of `quads` (N, 4, 2), in [0, 1]; (N,).

    Of their convex hulls. Not `cv2.intersectConvexConvex`: OpenCV 5.0 gave 1/3 for quads that
    differ by 1e-5 px, and neighbouring cells of a detector differ by just that.
    """
    one, many = (shapely.convex_hull(shapely.polygons(q)) for q in (quad, quads))
    overlap = shapely.area(shapely.intersection(one, many))
    union = shapely.area(one) + shapely.area(many) - overlap
    return np.asarray(overlap / np.maximum(union, 1e-9), np.float32)


def project(matrix: NDArray[np.float64], points: Floats) -> Floats:
    """Points (..., 2) mapped by a homography (3, 3); (..., 2) float32."""
    flat = np.asarray(points, np.float64).reshape(-1, 2)
    mapped = np.column_stack([flat, np.ones(len(flat))]) @ matrix.T
    return np.asarray((mapped[:, :2] / mapped[:, 2:]).reshape(np.shape(points)), np.float32)


def part(quad: Floats, start: float, end: float) -> Floats:
    """The piece of `quad` (4, 2) between two fractions of its width; (4, 2).

    In perspective, but for quads that are not convex, which no perspective shows: their upper and
    lower sides are cut in proportion.
    """
    if not is_convex(quad):
        along = np.array([start, end], np.float32)[:, None]
        upper, lower = (quad[i] + along * (quad[j] - quad[i]) for i, j in ((0, 1), (3, 2)))
        return np.concatenate([upper, lower[::-1]])
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    piece = np.array([[start, 0], [end, 0], [end, 1], [start, 1]], np.float32)
    return project(homography(square, quad), piece)


def homography(source: Floats, target: Floats) -> NDArray[np.float64]:
    """The (3, 3) homography that takes the quad `source` (4, 2) to the quad `target` (4, 2)."""
    return np.asarray(
        cv2.getPerspectiveTransform(np.asarray(source, np.float32), np.asarray(target, np.float32))
    )
