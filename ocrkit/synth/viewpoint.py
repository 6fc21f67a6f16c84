"""Where a word's photograph is taken from, and what a detector cuts out of it."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.types import Floats, Image

Matrix = NDArray[np.float64]

_CLOCKWISE = ((-1, -1), (1, -1), (1, 1), (-1, 1))  # a quad's corners, from its centre
_OUTWARDS = np.array(_CLOCKWISE, np.float64)
_FROM_CENTRES = np.array([[1, 0, -0.5], [0, 1, -0.5], [0, 0, 1]], np.float64)


class Viewpoint(NamedTuple):
    """How a crop shows the canvas on which a word is set.

    Attributes:
        matrix: (3, 3) float64, the homography from the canvas to the crop, px from their corners.
        size: Of the crop, (height, width) px.
        reduction: So many times smaller the canvas is made before it is projected, since bilinear
            sampling alone would alias.
        sampling: (3, 3) float64, the homography from the reduced canvas to the crop as OpenCV
            takes it, px from the centres of the first.
    """

    matrix: Matrix
    size: tuple[int, int]
    reduction: int
    sampling: Matrix

    def seen(self, alpha: Image) -> Image:
        """A mask (H, W) uint8 of the canvas as the crop shows it; uint8 of `size`."""
        if self.reduction > 1:
            # To whole pixels, which is many times as fast; the canvas ends with empty ones.
            rows, columns = (side // self.reduction for side in alpha.shape)
            whole = alpha[: rows * self.reduction, : columns * self.reduction]
            alpha = np.asarray(
                cv2.resize(whole, (columns, rows), interpolation=cv2.INTER_AREA), np.uint8
            )
        height, width = self.size
        return np.asarray(cv2.warpPerspective(alpha, self.sampling, (width, height)), np.uint8)

    def window(self) -> tuple[float, float, float, float]:
        """Bounds (left, top, right, bottom) of what may be seen in the crop, px of the canvas."""
        corners = geometry.full_quad(self.size)[None]
        xs, ys = cv2.perspectiveTransform(corners, cv2.invert(self.matrix)[1])[0].T.tolist()
        blur = self.reduction  # what is this far outside still tints a pixel
        return min(xs) - blur, min(ys) - blur, max(xs) + blur, max(ys) + blur


def take(
    quad: Floats, turned: float, boxed: float, small: float, rng: np.random.Generator
) -> Viewpoint:
    """A random view of a word at `quad` (4, 2), an upright rectangle, px of its canvas.

    The word is seen by a camera that is turned and stands aside, then cut with a detector's
    errors: its upright bounding box, or the quad made upright; loosely or tightly.

    Args:
        quad: Tight round the word.
        turned: How often the camera is turned at all, in [0, 1].
        boxed: How often the upright bounding box is cut, in [0, 1].
        small: How often the crop is less than 26 px high, in [0, 1].
        rng: The source of all randomness.
    """
    wider = math.exp(rng.normal(0, 0.15))
    view = _turned(quad, rng) if rng.random() < turned else np.eye(3)
    view[:, 0] *= wider
    outline = cut(cv2.perspectiveTransform(quad[None], view)[0], boxed, rng)
    tall, wide = _sides(outline)
    height = int(rng.integers(9, 26) if rng.random() < small else rng.integers(26, 57))
    width = min(max(round(wide * height / max(tall, 1.0)), 4), 40 * height)
    matrix = geometry.homography(outline, geometry.full_quad((height, width))) @ view
    return _viewpoint(matrix, (height, width))


def cut(quad: Floats, boxed: float, rng: np.random.Generator) -> Floats:
    """What is cut round a word at `quad`: its upright box or the quad, with a detector's errors."""
    height, _ = _sides(quad)
    if rng.random() < boxed:
        margin = (rng.uniform(-0.02, 0.2, 4) * height).tolist()
        xs, ys = quad.T.tolist()
        left, top = min(xs) - margin[0], min(ys) - margin[1]
        right, bottom = max(xs) + margin[2], max(ys) + margin[3]
        return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    error = _OUTWARDS * (0.15 * rng.random(2)) + 0.05 * rng.standard_normal((4, 2))
    return np.asarray(quad + height * error, np.float32)


def _turned(quad: Floats, rng: np.random.Generator) -> Matrix:
    """How a camera that is turned and stands aside sees the plane of `quad`; the homography."""
    # Most signs hang level; what does not is often far from it.
    angle = rng.normal(0, math.radians(7 if rng.random() < 0.8 else 22))
    shear, lean = rng.normal(0, 0.12), rng.normal(0, 0.08)
    half_width, half_height = ((quad[2] - quad[0]) / 2).tolist()
    lean *= min(1.0, half_width / half_height)  # the horizon stays away from words that are narrow
    cos, sin = math.cos(angle), math.sin(angle)
    corners = []
    for across, down in _CLOCKWISE:
        y = down * half_height
        x = across * half_width + shear * y
        y *= 1 + lean * across
        corners.append((x * cos - y * sin, x * sin + y * cos))
    return geometry.homography(quad, np.array(corners, np.float32))


def _viewpoint(matrix: Matrix, size: tuple[int, int]) -> Viewpoint:
    (a, b), (c, d) = matrix[:2, :2].tolist()
    scale = math.sqrt(abs(a * d - b * c))
    reduction = max(1, round(1 / scale)) if scale < 0.6 else 1
    # cv2 counts from the centres of pixels, ours from their corners.
    to_corners = [[reduction, 0, reduction / 2], [0, reduction, reduction / 2], [0, 0, 1]]
    return Viewpoint(matrix, size, reduction, _FROM_CENTRES @ matrix @ np.array(to_corners))


def _sides(quad: Floats) -> tuple[float, float]:
    """As `geometry.extent`, which takes longer for one quad than all else here."""
    a, b, c, d = quad.tolist()
    return (math.dist(b, c) + math.dist(d, a)) / 2, (math.dist(a, b) + math.dist(c, d)) / 2
