"""What every refiner is: four methods to write, one to call."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar, Generic, Self, TypeVar, final

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn

from ocrkit import crops, geometry
from ocrkit.config import Config
from ocrkit.layers.inference import as_memory_allows
from ocrkit.types import Floats, Image, Sample


class RefinerConfig(Config):
    """What all refiners have in common."""

    name: str
    rounds: int = Field(
        1, gt=0, description="how often each quad is looked at, one after the other"
    )
    batch: int = Field(32, gt=0, description="windows seen at once; more costs memory")
    ahead: float = Field(
        1.0, ge=0, description="of a window, before and behind the word, in the word's heights"
    )
    around: float = Field(
        0.5, ge=0, description="of a window, above and below the word, in the word's heights"
    )

    @model_validator(mode="after")
    def _sees_what_lies_ahead(self) -> Self:
        if self.ahead < self.around:  # the rectangle of a narrow word would turn inside out
            raise ValueError("ahead: a window reaches at least as far along a word as around it")
        return self


C = TypeVar("C", bound=RefinerConfig)
Maps = TypeVar("Maps", bound=tuple[Tensor, ...])
Targets = TypeVar("Targets", bound=tuple[Any, ...])


class Refiner(nn.Module, ABC, Generic[C, Maps, Targets]):
    """Looks at words that were found, each by itself, and says where exactly they are.

    What it sees of a word is a window: an upright crop of the rectangle along the quad, with
    surroundings. Data flows one way: a window with its true quad -encode-> targets; windows
    -forward-> maps; maps and targets -loss-> scalars; maps -decode-> moves of the corners.
    """

    Config: ClassVar[type[RefinerConfig]]

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @staticmethod
    @abstractmethod
    def encode(config: Any, window: Sample) -> Targets:
        """Targets of a window, whose only quad is the word's, as NumPy arrays.

        Runs in a loader worker, without the network.
        """

    @staticmethod
    @abstractmethod
    def prepare(config: Any, window: Image) -> Floats:
        """A window (h, w, 3) uint8 as the network sees it: (C, H, W), of one size for all."""

    @abstractmethod
    def forward(self, windows: Tensor) -> Maps:
        """Maps of a batch (B, C, H, W) from `prepare`; tensors only, so it exports."""

    @abstractmethod
    def loss(self, maps: Maps, targets: Targets) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; training minimises their sum."""

    @abstractmethod
    def decode(self, maps: Maps) -> Floats:
        """How far each corner lies from the rectangle's, (B, 4, 2), in fractions of the window."""

    @final
    @torch.inference_mode()
    def refine(self, image: Image, quads: Floats) -> Floats:
        """Where the words in `quads` (N, 4, 2) are, looked at closely; (N, 4, 2).

        A quad that would turn over or fold stays as it is. All are in pixels of the image.

        Args:
            image: (H, W, 3) uint8.
            quads: In pixels of `image`.

        Raises:
            ConfigError: The device's memory is too small for a single window.
        """
        for _ in range(self.config.rounds if len(quads) else 0):
            refined = self._once(image, quads)
            sound = [geometry.is_convex(quad) and np.isfinite(quad).all() for quad in refined]
            quads = np.where(np.array(sound)[:, None, None], refined, quads)
        return quads

    def _once(self, image: Image, quads: Floats) -> Floats:
        turned, turns = lying(quads)
        windows = [window(image, quad, self.config) for quad in turned]
        inputs = np.stack([self.prepare(self.config, seen) for seen, _ in windows])
        moves = self._moves(torch.from_numpy(inputs))
        found = [
            geometry.project(matrix, (base(seen, self.config) + move) * seen.shape[1::-1])
            for (seen, matrix), move in zip(windows, moves, strict=True)
        ]
        return np.stack([np.roll(q, -n, axis=0) for q, n in zip(found, turns, strict=True)])

    def _moves(self, inputs: Tensor) -> Floats:
        size = self.config.batch
        parts = [inputs[at : at + size] for at in range(0, len(inputs), size)]
        return np.concatenate([as_memory_allows(self._look, part) for part in parts])

    def _look(self, windows: Tensor) -> list[Floats]:
        return list(self.decode(self(windows.to(next(self.parameters()).device))))


def lying(quads: Floats) -> tuple[Floats, list[int]]:
    """Quads whose longer sides run across, and by how many corners each was rolled for that.

    What is long is a line of text, whichever way it runs.
    """
    turns = [int(crops.is_tall(quad)) for quad in quads]
    rolled = [np.roll(quad, turn, axis=0) for quad, turn in zip(quads, turns, strict=True)]
    return np.stack(rolled), turns


def window(image: Image, quad: Floats, config: RefinerConfig) -> tuple[Image, NDArray[np.float64]]:
    """What a refiner sees of a word: an upright crop of the rectangle along `quad`, with margins.

    Returns:
        The window, (h, w, 3) uint8, and the homography (3, 3) from its pixels to the image's.
    """
    rect = geometry.rect_along(quad)
    height, width = (max(1.0, float(side)) for side in geometry.extent(rect))
    more = (config.ahead - config.around) * height / width * (rect[1] - rect[0])
    longer = rect + np.stack([-more, more, more, -more]).astype(np.float32)
    (seen,) = crops.cut(image, longer[None], config.around)
    return seen, crops.frame(longer, config.around)[0]


def base(seen: Image, config: RefinerConfig) -> Floats:
    """Where the rectangle of the quad that was found lies in its window, in fractions; (4, 2)."""
    rows, columns = seen.shape[:2]
    y = config.around / (1 + 2 * config.around)
    x = min(config.ahead * rows / (1 + 2 * config.around) / columns, 0.5)
    return np.array([[x, y], [1 - x, y], [1 - x, 1 - y], [x, 1 - y]], np.float32)
