"""What every detector is: four methods to write, one to call."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, TypeVar, final

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ocrkit.config import Config
from ocrkit.image import resize_to_long_side
from ocrkit.types import Detections, Floats, Image, Sample

SIZE_STEP = 32
"""Both sides of a network's input are multiples of this: the coarsest stride of any backbone."""


class DetectorConfig(Config):
    """What all detectors have in common."""

    name: str
    long_side: int = Field(
        1280,
        gt=0,
        multiple_of=SIZE_STEP,
        description="of the picture as the network sees it, pixels",
    )
    max_enlargement: float = Field(
        2.0,
        ge=1,
        description="small pictures are enlarged to `long_side`, but by no more than this",
    )


C = TypeVar("C", bound=DetectorConfig)
Maps = TypeVar("Maps", bound=tuple[Tensor, ...])
Targets = TypeVar("Targets", bound=tuple[Any, ...])


class Detector(nn.Module, ABC, Generic[C, Maps, Targets]):
    """Finds text in images.

    Data flows one way: `Sample` -encode-> targets; images -forward-> maps; maps and targets
    -loss-> scalars; maps -decode-> `Detections`. No method calls another, so each is tested alone.
    """

    Config: ClassVar[type[DetectorConfig]]

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @staticmethod
    @abstractmethod
    def encode(config: Any, sample: Sample) -> Targets:
        """Targets of one sample, as NumPy arrays. Runs in a loader worker, without the network."""

    @abstractmethod
    def forward(self, images: Tensor) -> Maps:
        """Maps of a batch (B, 3, H, W) from `prepare`; tensors only, so it exports."""

    @abstractmethod
    def loss(self, maps: Maps, targets: Targets) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; training minimises their sum."""

    @abstractmethod
    def decode(self, maps: Maps) -> list[Detections]:
        """One `Detections` per image of the batch, in pixels of the network's input."""

    @final
    @torch.inference_mode()
    def detect(self, image: Image) -> Detections:
        """Find text in one image; quads are in its own pixels, whatever size the network saw."""
        most = self.config.max_enlargement * max(image.shape[:2])
        resized, back = resize_to_long_side(image, min(self.config.long_side, most), SIZE_STEP)
        device = next(self.parameters()).device
        (found,) = self.decode(self(torch.from_numpy(prepare(resized))[None].to(device)))
        return Detections(found.quads * back, found.scores)


def prepare(image: Image) -> Floats:
    """A picture as a network sees it: (3, H, W) float32, grey levels 0 to 255 mapped to [-2, 2]."""
    return np.ascontiguousarray(
        (image.astype(np.float32).transpose(2, 0, 1) - 127.5) / np.float32(63.75)
    )
