"""Upright crops of quads, and the way from a place in a crop back to its place in the quad.

A quad starts where its text starts, so laying its corners on a rectangle's makes the text upright
whatever its direction was; a quad that starts at another corner gives a turned crop.
"""

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.types import Floats, Image

TALL = 1.5
"""A quad this many times higher than wide may hold text that runs down or up."""

MAX_HEIGHT, MAX_WIDTH = 1024, 8192
"""Pixels. Recognisers read at 32 or 64 rows; a larger crop costs time and memory for nothing."""

MAX_WARP = 32_000
"""Pixels. OpenCV's warps take no picture with a side of more than 32767."""

MIN_DEPTH = 0.1
"""Of a quad's nearest and farthest point in perspective, how close their ratio may come to 0."""


def cut(image: Image, quads: Floats, margin: float) -> list[Image]:
    """One crop per quad, at the image's own resolution up to 1024 x 8192 px.

    A crop is at least 1 x 1 px, also of a quad without area; what lies outside the image repeats
    its edge.

    Args:
        image: (H, W, 3) uint8.
        quads: (N, 4, 2) float32, in pixels of `image`.
        margin: Added on every side, as a fraction of the quad's height.
    """
    return [_cut_one(image, quad, margin) for quad in quads]


def frame(quad: Floats, margin: float) -> tuple[NDArray[np.float64], tuple[int, int]]:
    """How the crop of `quad` (4, 2) lies in the image.

    Returns:
        The homography (3, 3) that takes points of the crop to points of the image, both in pixels,
        and the crop's (height, width).
    """
    height, width = _size(quad)
    border = margin * height
    full = height + 2 * border, width + 2 * border
    scale = _scale(quad, margin)
    rows, columns = (max(1, round(side * scale)) for side in full)
    columns = min(columns, MAX_WIDTH)
    to_quad = np.array(
        [
            [full[1] / columns / width, 0, -border / width],
            [0, full[0] / rows / height, -border / height],
            [0, 0, 1],
        ]
    )
    corners = geometry.project(to_quad, _corners(rows, columns))
    return _from_unit_square(quad, corners) @ to_quad, (rows, columns)


def span_in_quad(span: tuple[float, float], quad: Floats, margin: float) -> tuple[float, float]:
    """Fractions of the crop's width as fractions of the quad's width, clipped to [0, 1]."""
    height, width = _size(quad)
    border = margin * height / width
    start, end = (min(max(edge * (1 + 2 * border) - border, 0.0), 1.0) for edge in span)
    return start, end


def is_tall(quad: Floats) -> bool:
    """Whether `quad` (4, 2) is so much higher than wide that its text may run down or up."""
    height, width = geometry.extent(quad)
    return bool(height > TALL * width)


def _cut_one(image: Image, quad: Floats, margin: float) -> Image:
    """The crop of one quad."""
    matrix, (rows, columns) = frame(quad, margin)
    # OpenCV refuses very large pictures, and a small one is faster to shrink.
    left, top, part = _surroundings(image, geometry.project(matrix, _corners(rows, columns)))
    shrink = _scale(quad, margin)
    high, wide = (min(max(1, round(side * shrink)), MAX_WARP) for side in part.shape[:2])
    scale_x, scale_y = wide / part.shape[1], high / part.shape[0]
    shrunk = cv2.resize(part, (wide, high), interpolation=cv2.INTER_AREA)
    to_part = np.array([[scale_x, 0, -left * scale_x], [0, scale_y, -top * scale_y], [0, 0, 1]])
    # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    warped = cv2.warpPerspective(
        shrunk,
        np.linalg.inv(half) @ to_part @ matrix @ half,
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(warped, np.uint8)


def _corners(height: float, width: float) -> Floats:
    """The corners of an upright box that starts at the origin; (4, 2)."""
    return np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)


def _size(quad: Floats) -> tuple[float, float]:
    """Height and width of a quad, of one pixel at least."""
    height, width = geometry.extent(quad)
    return max(float(height), 1.0), max(float(width), 1.0)


def _scale(quad: Floats, margin: float) -> float:
    """Pixels of the crop per pixel of the image: 1, or less for a quad that is very high."""
    return min(1.0, MAX_HEIGHT / (_size(quad)[0] * (1 + 2 * margin)))


def _from_unit_square(quad: Floats, corners: Floats) -> NDArray[np.float64]:
    """The homography (3, 3) from the unit square to `quad`, if it is sound at `corners` (4, 2) too.

    It is not if the quad is folded or has no area, or if a margin reaches behind the horizon; an
    affine map then does what can be done.
    """
    matrix = geometry.homography(_corners(1, 1), quad)
    depths = corners @ matrix[2, :2] + matrix[2, 2]
    if np.isfinite(matrix).all() and depths.min() > MIN_DEPTH * depths.max():
        return matrix
    right = (quad[1] - quad[0] + quad[2] - quad[3]) / 2
    down = (quad[3] - quad[0] + quad[2] - quad[1]) / 2
    first = quad.mean(axis=0) - (right + down) / 2
    return np.vstack([np.column_stack([right, down, first]), [0, 0, 1]]).astype(np.float64)


def _surroundings(image: Image, points: Floats) -> tuple[int, int, Image]:
    """The part of `image` around `points` that a warp between them needs; its left, top, pixels."""
    limits = np.array(image.shape[1::-1])
    low = np.clip(np.floor(points.min(axis=0)) - 1, 0, limits - 1)
    high = np.clip(np.ceil(points.max(axis=0)) + 1, low + 1, limits)
    (left, top), (right, bottom) = low.astype(int), high.astype(int)
    return int(left), int(top), image[top:bottom, left:right]
