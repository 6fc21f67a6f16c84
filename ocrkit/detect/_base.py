"""What every detector is: four methods to write, one to call."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Generic, TypeVar, final

import cv2
import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn

from ocrkit.config import Config
from ocrkit.detect import _passes as passes
from ocrkit.detect import _turns as turns
from ocrkit.image import resize_to_long_side
from ocrkit.layers.inference import as_memory_allows
from ocrkit.layers.int8 import Range
from ocrkit.types import Detections, Floats, Image, Sample

SIZE_STEP = 32
"""Both sides of a network's input are multiples of this: the coarsest stride of any backbone."""


SEEN = (np.arange(256, dtype=np.float32) - np.float32(127.5)) / np.float32(63.75)
"""What a network sees of each grey level."""

LEAST_GLANCE = 384
"""A glance at a picture that lies is no smaller, pixels of its long side: it would save nothing."""


LARGEST_TURNED = 2048
"""A picture with a longer side is shrunk to it, or to what the network sees, before it is turned by
a slant: a strip of 100 x 40000 px would take gigabytes."""


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
        description="small pictures are enlarged to `long_side`, but by no more than this factor",
    )
    scales: tuple[Annotated[float, Field(gt=0, le=8)], ...] = Field(
        (1.0,),
        min_length=1,
        description="times that size, at each of which the picture is seen: multi-scale testing",
    )
    max_slant: float | None = Field(
        None,
        gt=0,
        lt=90,
        description="degrees; where half of the words slant more, the picture is seen anew, turned "
        "so that they are level; null for never",
    )
    sideways: float | None = Field(
        None,
        gt=0,
        le=1,
        description="times that size, at which the picture is also seen lying on its side, for "
        "text that runs down or up; where that finds as much, it is seen so as large as upright; "
        "null for not at all",
    )
    sideways_score: float = Field(
        0.65,
        ge=0,
        le=1,
        description="below which what such a glance shows is not believed: it is rare, and seen "
        "small",
    )
    tile: int | None = Field(
        None,
        ge=2 * SIZE_STEP,
        multiple_of=SIZE_STEP,
        description="side of the square tiles in which the picture is seen, pixels of the "
        "network's input; null for all of it at once",
    )
    overlap: float = Field(
        0.25,
        ge=0,
        le=0.5,
        description="of tiles, of their side; shorter words are seen whole by one of them",
    )
    merge_threshold: float = Field(
        0.3,
        ge=0,
        le=1,
        description="IoU above which words found in different passes over a picture are one",
    )
    int8: bool = Field(
        True,
        description="on processors that are fast at it, convolutions work in 8-bit integers, if the"
        " weights file has their ranges",
    )

    def side_of(self, image: Image) -> float:
        """The long side at which the network sees a picture at scale 1, pixels; not rounded."""
        most: float = self.max_enlargement * max(image.shape[:2])
        return min(self.long_side, most)


C = TypeVar("C", bound=DetectorConfig)
Maps = TypeVar("Maps", bound=tuple[Tensor, ...])
Targets = TypeVar("Targets", bound=tuple[Any, ...])


class Detector(nn.Module, ABC, Generic[C, Maps, Targets]):
    """Finds text in images.

    Data flows one way: `Sample` -encode-> targets; images -forward-> maps; maps and targets
    -loss-> scalars; maps -decode-> `Detections`. No method calls another, so each is tested alone.
    """

    Config: ClassVar[type[DetectorConfig]]
    learns_cut_words: ClassVar[bool] = False
    """Whether it learns from words that the edge of a training piece cuts; else they are ignored.

    A cell of a cut word is still text, but where the word ends cannot be told.
    """

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config
        self.ranges: Mapping[str, Range] = {}
        """Of what goes into convolutions, by name; `checkpoint.load` brings them along."""

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

    def sure(self, found: Detections) -> Detections:
        """Of what was found that which is text, most likely: all, unless a detector doubts some.

        A detector may tell more than it is sure of, for those who read it and decide by what it
        says.
        """
        return found

    @final
    @torch.inference_mode()
    def detect(
        self, image: Image, scale: float = 1.0, *, doubtful: bool = False, sideways: bool = True
    ) -> Detections:
        """Find text in one image; quads are in its own pixels, whatever size the network saw.

        See `scales`, `max_slant`, `sideways` and `tile` in the config: the network sees one scale,
        and one tile, at a time, so memory is that of the largest.

        Args:
            image: (H, W, 3) uint8.
            scale: Times the size at which the config has the network see it.
            doubtful: Whether to tell what is not `sure`, too.
            sideways: Whether to look for text that runs down, if the config has it so.

        Raises:
            ConfigError: The device's memory is too small for one of them.
        """
        side = self.config.side_of(image) * scale
        found = self._level(image, side, doubtful)
        if sideways and self.config.sideways is not None:
            upright = len(self.sure(found))
            lying = self._lying(turns.lying(image), side, self.config.sideways, upright, doubtful)
            both = [found, turns.upended(lying, image.shape[1])]
            found = passes.merge(both, self.config.merge_threshold)
        return found

    def _lying(
        self, image: Image, side: float, glance: float, upright: int, doubtful: bool
    ) -> Detections:
        """What is found in a picture that lies on its side.

        Args:
            image: The picture, lying.
            side: Its long side as the network is to see it, pixels.
            glance: Times that, at which the network sees it first.
            upright: How much was found before; if a glance shows as much, a look follows.
            doubtful: See `detect`.
        """
        seen = min(max(side * glance, LEAST_GLANCE), side)
        found = self._passes(image, seen, doubtful)
        sure = found[found.scores >= self.config.sideways_score]
        blank = seen == side and not len(found)
        return sure if blank or len(sure) < upright else self._level(image, side, doubtful)

    def _level(self, image: Image, side: float, doubtful: bool) -> Detections:
        """What is found in a picture, which is turned and seen anew if its text slants.

        The second look stands if it shows no less: words may slant because they are misread. Where
        it shows nothing, what was found first stays, which may slant otherwise.
        """
        found = self._passes(image, side, doubtful)
        sure = self.sure(found)
        slant, most = turns.slant(sure), self.config.max_slant
        if most is None or abs(slant) <= most:
            return found
        limit = max(LARGEST_TURNED, side * max(self.config.scales))
        factors = np.ones(2, np.float32)
        if max(image.shape[:2]) > limit:
            image, factors = resize_to_long_side(image, limit, 1)
        turned, back = turns.levelled(image, slant)
        larger = max(turned.shape[:2]) / max(image.shape[:2])
        seen = self._passes(turned, side * larger, doubtful)
        again = turns.turned_back(seen, back, image.shape[:2])
        if self.sure(again).scores.sum() < sure.scores.sum():
            return found
        again = Detections(again.quads * factors, again.scores)
        return Detections.together([again, passes.apart(sure, again)])

    def _passes(self, image: Image, side: float, doubtful: bool) -> Detections:
        """What is found in a picture at each of the scales, each word once.

        What is doubtful goes before tiles are stitched, where it could stand for what is sure.
        """
        config = self.config
        found = []
        for scale in config.scales:
            resized, back = resize_to_long_side(image, side * scale, SIZE_STEP)
            height, width, _ = resized.shape
            tiles = passes.tiles((height, width), config.tile, config.overlap, SIZE_STEP)
            seen = [self._found_in(resized[tile.window]) for tile in tiles]
            seen = seen if doubtful else [self.sure(one) for one in seen]
            whole = passes.stitch(seen, tiles, config.merge_threshold)
            found.append(Detections(whole.quads * back, whole.scores))
        return passes.merge(found, config.merge_threshold)

    def _found_in(self, image: Image) -> Detections:
        """What the network finds in a picture whose sides are multiples of SIZE_STEP."""
        (found,) = as_memory_allows(self._look, torch.from_numpy(prepare(image))[None])
        return found

    def _look(self, images: Tensor) -> list[Detections]:
        """What the network finds in a batch (B, 3, H, W) from `prepare`."""
        return self.decode(self(images.to(next(self.parameters()).device)))


def prepare(image: Image) -> Floats:
    """A picture as a network sees it: (3, H, W) float32, grey levels 0 to 255 mapped to [-2, 2].

    In memory it stays (H, W, 3): the layout in which convolutions are fastest.
    """
    return np.asarray(cv2.LUT(image, SEEN), np.float32).transpose(2, 0, 1)
