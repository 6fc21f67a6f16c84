"""What text stands on: patches of photographs, or flat and graded colours where none are given."""

import math
from collections.abc import Iterable, Sequence
from pathlib import Path

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.errors import DataError
from ocrkit.synth.effects import light_and_colour
from ocrkit.synth.materials import plain
from ocrkit.types import Floats, Image, Sample

SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp"}


class Backgrounds:
    """Random patches for text to stand on.

    Args:
        photographs: (H, W, 3) uint8 pictures without text; may be empty.
    """

    def __init__(self, photographs: Sequence[Image] = ()) -> None:
        self.photographs = list(photographs)

    @classmethod
    def from_folder(cls, folder: Path, long_side: int = 640) -> "Backgrounds":
        """All photographs in `folder`, kept in memory at no more than `long_side` px.

        Raises:
            DataError: The folder holds no readable photograph.
        """
        found = []
        for path in sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES):
            # Not cv2.imread, which cannot open names outside ASCII on Windows.
            data = np.fromfile(path, np.uint8)
            image = cv2.imdecode(data, cv2.IMREAD_COLOR_RGB) if len(data) else None
            if image is not None:
                scale = min(1.0, long_side / max(image.shape[:2]))
                found.append(np.asarray(cv2.resize(image, None, fx=scale, fy=scale), np.uint8))
        if not found:
            raise DataError(f"{folder}: no photographs to use as backgrounds")
        return cls(found)

    @classmethod
    def from_samples(cls, samples: Iterable[Sample], long_side: int = 960) -> "Backgrounds":
        """Photographs with labelled text, which is painted over with what is round it.

        So scenes can have the surroundings of a benchmark; all its text must be labelled, be it
        as ignored.

        Raises:
            DataError: There are no samples.
        """
        found = []
        for sample in samples:
            scale = min(1.0, long_side / max(sample.image.shape[:2]))
            image = np.asarray(cv2.resize(sample.image, None, fx=scale, fy=scale), np.uint8)
            found.append(_erased(image, sample.quads * np.float32(scale)))
        if not found:
            raise DataError("no samples to use as backgrounds: give a dataset that is not empty")
        return cls(found)

    def patch(self, height: int, width: int, rng: np.random.Generator) -> Image:
        """(height, width, 3) uint8: plain or graded colour, or a piece of a photograph."""
        if not self.photographs or rng.random() < 0.6:
            return graded(height, width, rng)
        pieces = [self._piece(height, width, rng.uniform(0.3, 1.5), rng) for _ in range(2)]
        # People write where it shows: of two places the calmer one.
        calmer = min(pieces, key=lambda piece: float(cv2.meanStdDev(piece)[1].max()))
        return np.asarray(cv2.resize(calmer, (width, height)), np.uint8)

    def scenery(self, height: int, width: int, rng: np.random.Generator) -> Image:
        """(height, width, 3) uint8: most of a photograph; now and then plain or graded colour."""
        if not self.photographs or rng.random() < 0.15:
            return graded(height, width, rng)
        piece = self._piece(height, width, math.inf, rng)
        if rng.random() < 0.5:
            piece = piece[:, ::-1]
        return np.asarray(
            cv2.resize(piece, (width, height), interpolation=cv2.INTER_CUBIC), np.uint8
        )

    def _piece(self, height: int, width: int, scale: float, rng: np.random.Generator) -> Image:
        """A random cut, `scale` times as large as asked for, or as large as there is."""
        photograph = self.photographs[rng.integers(len(self.photographs))]
        rows, columns = photograph.shape[:2]
        whole = min(rows / height, columns / width)
        scale = min(scale, whole * rng.uniform(0.5, 1))
        h, w = max(1, int(height * scale)), max(1, int(width * scale))
        top, left = rng.integers(rows - h + 1), rng.integers(columns - w + 1)
        return photograph[top : top + h, left : left + w]


def _erased(image: Image, quads: Floats) -> Image:
    """The picture without what lies in the quads (N, 4, 2) and close round them."""
    mask = np.zeros(image.shape[:2], np.uint8)
    for quad in quads:
        height = float(geometry.extent(quad)[0])
        word = [np.round(quad).astype(np.int32)]
        cv2.fillPoly(mask, word, 255)
        # Labels are tight: the ink's blurred edge lies outside.
        cv2.polylines(mask, word, True, 255, 2 * round(2 + 0.1 * height) + 1)
    return np.asarray(cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA), np.uint8)


def graded(height: int, width: int, rng: np.random.Generator) -> Image:
    """A plain colour, or one that changes slowly from corner to corner."""
    colour = light_and_colour(rng)
    if rng.random() < 0.5:
        return plain((height, width), colour)
    corners = np.clip(colour + rng.normal(0, 25, (2, 2, 3)), 0, 255).astype(np.uint8)
    return np.asarray(
        cv2.resize(corners, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8
    )
