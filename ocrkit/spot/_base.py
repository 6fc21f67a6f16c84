"""What every spotter is: images in, words out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, ClassVar, Generic, TypeVar

from torch import Tensor, nn

from ocrkit.config import Config
from ocrkit.types import Image, Sample, Word


class Spotter(ABC):
    """Finds and reads the words of images; in two stages, or in one network."""

    @abstractmethod
    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """The words of each image, in no particular order; quads are in that image's pixels.

        An image's words do not depend on the images it is given with.
        """


C = TypeVar("C", bound=Config)
Maps = TypeVar("Maps", bound=tuple[Any, ...])
Targets = TypeVar("Targets", bound=tuple[Any, ...])


class SpottingNetwork(nn.Module, Spotter, Generic[C, Maps, Targets]):
    """A spotter that is one network, trained as a whole.

    Data flows one way, as in `Detector`: `Sample` -encode-> targets; images -forward-> maps; maps
    and targets -loss-> scalars; and maps -> words in `spot`.
    """

    Config: ClassVar[type[Config]]
    learns_cut_words: ClassVar[bool] = False
    """See `Detector.learns_cut_words`."""

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @staticmethod
    @abstractmethod
    def encode(config: Any, sample: Sample) -> Targets:
        """Targets of one sample, as NumPy arrays. Runs in a loader worker, without the network."""

    @abstractmethod
    def forward(self, images: Tensor) -> Maps:
        """Maps of a batch (B, 3, H, W) from `detect.prepare`."""

    @abstractmethod
    def loss(self, maps: Maps, targets: Targets) -> dict[str, Tensor]:
        """Named scalar terms, already weighted; training minimises their sum."""
