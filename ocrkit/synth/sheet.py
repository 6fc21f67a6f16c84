"""Contact sheets: many samples in one picture, for eyes to judge them by."""

from collections.abc import Sequence

import cv2
import numpy as np

from ocrkit.types import Image, Sample

WORD_CELL = (48, 240)
SCENE_CELL = (405, 720)
GREEN, RED = (0, 220, 0), (230, 0, 0)


def word_sheet(samples: Sequence[Sample], columns: int = 6) -> Image:
    """Word crops side by side, each scaled to fit a cell."""
    return tiled([_fitted(sample.image, WORD_CELL) for sample in samples], columns)


def scene_sheet(samples: Sequence[Sample], columns: int = 3) -> Image:
    """Scenes side by side with their quads: green, or red where the word is ignored."""
    return tiled([_fitted(_outlined(sample), SCENE_CELL) for sample in samples], columns)


def _outlined(sample: Sample) -> Image:
    image = sample.image.copy()
    for quad, ignored in zip(sample.quads, sample.ignored, strict=True):
        corners = [np.round(quad).astype(np.int32)]
        cv2.polylines(image, corners, True, RED if ignored else GREEN, 2, cv2.LINE_AA)
    return image


def _fitted(image: Image, cell: tuple[int, int]) -> Image:
    """`image` in the top left of a black cell of (height, width) px, as large as fits."""
    rows, columns = image.shape[:2]
    scale = min(cell[0] / rows, cell[1] / columns)
    size = (max(1, int(columns * scale)), max(1, int(rows * scale)))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    canvas = np.zeros((*cell, 3), np.uint8)
    canvas[: size[1], : size[0]] = cv2.resize(image, size, interpolation=method)
    return canvas


def tiled(cells: Sequence[Image], columns: int) -> Image:
    """Cells in rows of `columns`, with a thin gap; the last row is filled up with black."""
    framed = [np.pad(cell, ((2, 2), (2, 2), (0, 0)), constant_values=90) for cell in cells]
    columns = min(columns, len(framed))
    framed += [np.zeros_like(framed[0])] * (-len(framed) % columns)
    rows = [np.hstack(framed[i : i + columns]) for i in range(0, len(framed), columns)]
    return np.vstack(rows)
