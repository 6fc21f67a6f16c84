"""Sheets of word crops: much to read in one picture, for networks that read feature maps."""

from collections.abc import Callable

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.types import Floats, Image, Sample

HEIGHTS = 9.0, 40.0
"""Of words, pixels; small ones are as common as large ones (log-uniform)."""

LONGEST = 0.6
"""Of a word, as a share of the sheet's side: longer ones are shrunk."""


def collage(draw: Callable[[], Sample], side: int, rng: np.random.Generator) -> Sample:
    """A square sheet filled with words, row by row, for reading only.

    Each word is labelled as in its crop. One more quad, ignored, covers the sheet: nothing can be
    learnt here about where words are, as what lies between them is no scene.

    Args:
        draw: Gives crops: samples with one quad around all of the picture.
        side: Of the sheet, pixels.
        rng: The source of all randomness.
    """
    sheet = np.full((side, side, 3), rng.integers(0, 256, 3), np.uint8)
    quads: list[Floats] = []
    texts: list[str | None] = []
    ignored: list[bool] = []
    top = 0
    while top < side:
        row = round(float(np.exp(rng.uniform(*np.log(HEIGHTS)))))
        left = 0
        while left < side:
            sample = draw()
            crop = _fitted(sample.image, row, LONGEST * side)
            height, width = crop.shape[:2]
            visible = crop[: side - top, : side - left]
            sheet[top : top + height, left : left + width] = visible
            if visible.shape == crop.shape:
                corner = np.array([left, top], np.float32)
                quads.append(geometry.full_quad((height, width)) + corner)
                texts.append(sample.texts[0])
                ignored.append(bool(sample.ignored[0]))
            left += width + int(rng.integers(0, row))
        top += row + int(rng.integers(0, max(2, row // 3)))
    whole = geometry.full_quad((side, side))
    return Sample(
        sheet, np.stack([*quads, whole]), (*texts, None), np.array([*ignored, True], np.bool_)
    )


def _fitted(image: Image, height: int, widest: float) -> Image:
    """A crop at this height, or lower where it would be too wide or three times enlarged."""
    rows, columns = image.shape[:2]
    scale = min(height / rows, widest / columns, 3.0)
    size = max(2, round(columns * scale)), max(2, round(rows * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, size, interpolation=method), np.uint8)
