"""Reads pictures: the public face of a spotter and the models it is made of."""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from ocrkit import checkpoint, config
from ocrkit.config import Config
from ocrkit.detect import Detector
from ocrkit.errors import ConfigError
from ocrkit.image import MAX_PIXELS, Source, read_image
from ocrkit.layers.inference import for_reading
from ocrkit.layout import arrange
from ocrkit.recognize import Recognizer
from ocrkit.spot import Spotter
from ocrkit.spot.two_stage import TwoStage, TwoStageConfig
from ocrkit.types import Detections, Glimpses, Image, Page, Reading

T = TypeVar("T")


class Settings(Config):
    """Values that replace those of the models' configs, block by block."""

    detector: dict[str, Any] = Field({})
    recognizer: dict[str, Any] = Field({})
    spotter: dict[str, Any] = Field({})


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Finds and reads text. It keeps nothing between calls: threads may share one.

    A source is a path, the bytes of a picture file, a PIL image, or an RGB array (H, W, 3) uint8.
    All coordinates are pixels of the picture as displayed, with its EXIF orientation applied.

    Attributes:
        spotter: Used by `read` and `stream`; None if this reader lacks one of the two stages.
        detector: Used by `detect`; may be None.
        recognizer: Used by `recognize`; may be None.
        max_pixels: Larger pictures are refused with an `ImageError`.
    """

    spotter: Spotter | None = None
    detector: Detector[Any, Any, Any] | None = None
    recognizer: Recognizer[Any, Any, Any] | None = None
    max_pixels: int = MAX_PIXELS

    def read(self, source: Source) -> Page:
        """All that is written in a picture, in reading order; a page without words if nothing is.

        Raises:
            ImageError: The source is missing, is not a picture or is too large.
            ConfigError: The reader was loaded without a spotter.
        """
        (page,) = self.stream([source])
        return page

    def stream(self, sources: Iterable[Source], *, batch: int = 1) -> Iterator[Page]:
        """One page per source, in order; sources are taken only as pages are asked for.

        Args:
            sources: May be endless.
            batch: Pictures in flight; their crops share the recogniser's batches. More is faster on
                a graphics card, and costs memory.

        Raises:
            ImageError: At the first source that cannot be read; the stream ends there.
            ConfigError: The reader was loaded without a spotter.
        """
        spotter = _present(self.spotter, "spotter")
        waiting = iter(sources)
        while group := [self._image(source) for source in islice(waiting, batch)]:
            for image, words in zip(group, spotter.spot(group), strict=True):
                height, width = image.shape[:2]
                yield Page((height, width), arrange(words))

    def detect(self, source: Source) -> Detections:
        """Where text is in a picture, in no particular order.

        Raises:
            ImageError: The source is missing, is not a picture or is too large.
            ConfigError: The reader was loaded without a detector.
        """
        return _present(self.detector, "detector").detect(self._image(source))

    def recognize(self, crops: Sequence[Source]) -> list[Reading]:
        """What each crop says, in the order given; a crop is one upright word or line.

        Raises:
            ImageError: A crop is missing, is not a picture or is too large.
            ConfigError: The reader was loaded without a recogniser.
        """
        recognizer = _present(self.recognizer, "recognizer")
        return recognizer.read([self._image(crop) for crop in crops])

    def glimpses(self, crop: Source) -> Glimpses:
        """What a crop says, how it was straightened, and where the recogniser looked.

        Raises:
            ImageError: The crop is missing, is not a picture or is too large.
            ConfigError: The reader was loaded without a recogniser, or with one without attention.
        """
        return _present(self.recognizer, "recognizer").glimpses(self._image(crop))

    def _image(self, source: Source) -> Image:
        return read_image(source, max_pixels=self.max_pixels)


def load(
    *,
    detector: str | Path | None = "pixellink",
    recognizer: str | Path | None = "crnn",
    device: str = "auto",
    max_pixels: int = MAX_PIXELS,
    settings: Mapping[str, Any] | None = None,
) -> Reader:
    """A reader made of a detector and a recogniser.

    Args:
        detector: A shipped model's name, the path of a weights file, or None for a reader that only
            recognises crops.
        recognizer: The same, or None for a reader that only detects.
        device: `cpu`, `cuda`, another device of torch's, or `auto`: the graphics card if there is
            one.
        max_pixels: Larger pictures are refused.
        settings: Values to replace in the configs of `detector`, `recognizer` and `spotter`, for
            example `{"detector": {"pixel_threshold": 0.7}, "spotter": {"margin": 0.2}}`.

    Raises:
        UnknownModelError: No shipped model has this name.
        CheckpointError: A weights file is missing, damaged or of the wrong family.
        ConfigError: A setting is wrong, or there is no such device.
    """
    given = config.validate(Settings, settings or {}, "settings")
    for block, name in (("detector", detector), ("recognizer", recognizer)):
        if name is None and getattr(given, block):
            raise ConfigError(f"settings: {block}: there is no {block} here to set this of")
    join = config.validate(TwoStageConfig, given.spotter, "spotter")
    found = told = spotter = None
    if detector is not None:
        found = for_reading(checkpoint.load("detect", detector, device, given.detector))
    if recognizer is not None:
        told = for_reading(checkpoint.load("recognize", recognizer, device, given.recognizer))
    if found and told:
        spotter = TwoStage(found, told, join)
    return Reader(spotter, found, told, max_pixels)


def read(source: Source) -> Page:
    """All that is written in a picture, by the default models, which are loaded once.

    Raises:
        ImageError: The source is missing, is not a picture or is too large.
    """
    return _default().read(source)


_lock = threading.Lock()
_cached: list[Reader] = []


def _default() -> Reader:
    """The default reader, loaded by whichever thread comes first."""
    with _lock:
        if not _cached:
            _cached.append(load())
        return _cached[0]


def _present(part: T | None, name: str) -> T:
    if part is None:
        raise ConfigError(f"this reader was loaded without a {name}")
    return part
