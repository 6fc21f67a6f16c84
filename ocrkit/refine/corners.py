"""Corners: where a word's four corners are, seen from close by.

After "Look More Than Once" (Zhang et al., CVPR 2019, arXiv 1904.06535, section 3.3) and Cascade
R-CNN (Cai and Vasconcelos, CVPR 2018, arXiv 1712.00726): a single-shot detector sees a word once,
through the few cells of one level, and cuts long words short. A second network that sees each word
at one size, whatever its size in the picture, tells its corners better; and a third look may start
from the second's.

Where this differs from the papers:
    Windows are cut from the picture, not from the detector's feature maps, so one refiner serves
    all detectors, and learns from labelled words alone, without running any detector.
    The iterative refinement module of LOMO attends to the corners' surroundings in features; here
    plain residual convolutions and one linear layer tell all eight numbers, and a fourth channel
    says where the quad was that is to be refined.
    LOMO's direct regressor and shape expression module are not here.
"""

from typing import Any, ClassVar, Literal, NamedTuple

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit.layers.blocks import ConvNorm, Residual
from ocrkit.refine._base import Refiner, RefinerConfig, base
from ocrkit.types import Floats, Image, Sample

STRIDE = 16
"""Of the coarsest map: sides of the input are multiples of it."""


class CornersConfig(RefinerConfig):
    """None of it is in the papers, but the number of rounds: LOMO, table 2."""

    name: Literal["corners"] = "corners"
    height: int = Field(32, gt=0, multiple_of=STRIDE, description="of the network's input, pixels")
    width: int = Field(
        128,
        gt=0,
        multiple_of=STRIDE,
        description="of the network's input, pixels, to which all windows are stretched",
    )
    channels: tuple[int, int, int, int] = Field(
        (16, 32, 56, 56), description="of the maps at strides 2, 4, 8 and 16"
    )
    tolerance: float = Field(
        0.05,
        gt=0,
        description="where the loss turns from quadratic to linear, in the word's heights",
    )


class CornersMaps(NamedTuple):
    """`moves` (B, 4, 2): from the rectangle's corners to the word's, in fractions of the window."""

    moves: Tensor


class CornersTargets(NamedTuple):
    """Of one window: (4, 2) float32, the same, and (2,) float32, a window's sides in heights."""

    moves: Floats | Tensor
    units: Floats | Tensor


class Corners(Refiner[CornersConfig, CornersMaps, CornersTargets]):
    """Residual convolutions over a window, and a linear layer that tells eight numbers."""

    Config: ClassVar[type[RefinerConfig]] = CornersConfig

    def __init__(self, config: CornersConfig) -> None:
        super().__init__(config)
        stem, fine, middle, coarse = config.channels
        self.features = nn.Sequential(
            ConvNorm(4, stem, stride=2),
            ConvNorm(stem, fine, stride=2),
            Residual(fine),
            ConvNorm(fine, middle, stride=2),
            Residual(middle),
            ConvNorm(middle, coarse, stride=2),
            Residual(coarse),
        )
        cells = config.height * config.width // STRIDE**2
        self.head = nn.Linear(coarse * cells, 8)
        # So a fresh network leaves all quads as they are.
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    @staticmethod
    def encode(config: Any, window: Sample) -> CornersTargets:
        """How far the word's corners are from those of the rectangle that was found."""
        rows, columns = window.image.shape[:2]
        size = np.array([columns, rows], np.float32)
        moves = window.quads[0] / size - base(window.image, config)
        units = size * np.float32((1 + 2 * config.around) / rows)
        return CornersTargets(np.asarray(moves, np.float32), units)

    @staticmethod
    def prepare(config: Any, window: Image) -> Floats:
        """A window stretched to (4, height, width): normalised colours, and where the quad was."""
        size = config.width, config.height
        kind = cv2.INTER_AREA if window.shape[0] > config.height else cv2.INTER_LINEAR
        pixels = cv2.resize(window, size, interpolation=kind).astype(np.float32)
        # The floor keeps the noise of an empty window from being blown up into strokes.
        pixels = (pixels - pixels.mean()) / max(float(pixels.std()), 4.0)
        (left, top), (right, bottom) = base(window, config)[[0, 2]] * size
        inside = np.outer(_covered(top, bottom, config.height), _covered(left, right, config.width))
        layers = np.concatenate([pixels.transpose(2, 0, 1), inside[None]])
        return np.asarray(layers, np.float32)

    def forward(self, windows: Tensor) -> CornersMaps:
        """(B, 4, height, width) to (B, 4, 2)."""
        moves = self.head(self.features(windows).flatten(1))
        return CornersMaps(moves.unflatten(1, (4, 2)))

    def loss(self, maps: CornersMaps, targets: CornersTargets) -> dict[str, Tensor]:
        """Smooth L1 of the eight errors, each in heights of the word."""
        moves, units = (torch.as_tensor(t) for t in targets)
        errors = (maps.moves.float() - moves) * units[:, None]
        beta = self.config.tolerance
        return {"corners": F.smooth_l1_loss(errors, torch.zeros_like(errors), beta=beta)}

    def decode(self, maps: CornersMaps) -> Floats:
        """See `Refiner.decode`."""
        return np.asarray(maps.moves.float().cpu().numpy(), np.float32)


def _covered(start: float, end: float, cells: int) -> Floats:
    """Of each of the first `cells` unit intervals, the share that [start, end] covers; (cells,)."""
    edges = np.arange(cells, dtype=np.float32)
    covered = np.minimum(edges + 1, end) - np.maximum(edges, start)
    return np.asarray(np.clip(covered, 0, 1), np.float32)
