"""Reads pictures: the public face of a spotter and the models it is made of."""

import logging
import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Literal, TypeVar, overload

from pydantic import Field

from ocrkit import catalog, checkpoint, config
from ocrkit.config import Config
from ocrkit.detect import Detector
from ocrkit.errors import ConfigError, ImageError
from ocrkit.image import MAX_PIXELS, Source, read_image
from ocrkit.layers.inference import for_reading
from ocrkit.layout import Direction, arrange
from ocrkit.recognize import Recognizer
from ocrkit.spot import Spotter, TwoStage, WordsConfig
from ocrkit.types import Detections, Glimpses, Image, Page, Reading

T = TypeVar("T")
Model = TypeVar("Model", bound=Detector[Any, Any, Any] | Recognizer[Any, Any, Any])

_log = logging.getLogger("ocrkit")


class Settings(Config):
    """Values that replace those of the models' configs, block by block."""

    detector: dict[str, Any] = Field({})
    recognizer: dict[str, Any] = Field({})
    spotter: dict[str, Any] = Field({})


@dataclass(frozen=True, slots=True, eq=False)
class Reader:
    """Finds and reads text. It keeps nothing between calls: threads may share one.

    A source is a path, the bytes of a picture file, a file opened to read bytes, a PIL image, an
    RGB array (H, W, 3) uint8, a tensor (3, H, W) of uint8 or of floats in [0, 1], or a `Picture`
    of `ocrkit.inputs`. All coordinates are pixels of the picture as displayed, with its EXIF
    orientation applied.

    Attributes:
        spotter: Used by `read` and `stream`; None if this reader lacks one of the two stages.
        detector: Used by `detect`; may be None.
        recognizer: Used by `recognize`; may be None.
        max_pixels: Larger pictures are refused with an `ImageError`.
        direction: In which words follow each other on a line; see `layout.arrange`.
    """

    spotter: Spotter | None = None
    detector: Detector[Any, Any, Any] | None = None
    recognizer: Recognizer[Any, Any, Any] | None = None
    max_pixels: int = MAX_PIXELS
    direction: Direction = "ltr"

    def read(self, source: Source) -> Page:
        """All that is written in a picture, in reading order; a page without words if nothing is.

        Raises:
            ImageError: The source is missing, is not a picture or is too large.
            ConfigError: The reader was loaded without a spotter.
        """
        (page,) = self.stream([source])
        return page

    @overload
    def stream(
        self,
        sources: Iterable[Source],
        *,
        batch: int = 1,
        errors: Literal["raise", "skip"] = "raise",
    ) -> Iterator[Page]: ...
    @overload
    def stream(
        self, sources: Iterable[Source], *, batch: int = 1, errors: Literal["yield"]
    ) -> Iterator[Page | ImageError]: ...
    def stream(
        self,
        sources: Iterable[Source],
        *,
        batch: int = 1,
        errors: Literal["raise", "skip", "yield"] = "raise",
    ) -> Iterator[Page | ImageError]:
        """One page per source, in order; sources are taken only as pages are asked for.

        Args:
            sources: May be endless.
            batch: Pictures in flight; their crops share the recogniser's batches. More is faster on
                a graphics card, and costs memory.
            errors: What becomes of a source that cannot be read. `raise`: the stream ends there.
                `skip`: it has no page, and a warning in the log says why. `yield`: the error comes
                in the place of its page, so that pages and sources stay in step.

        Raises:
            ImageError: At the first source that cannot be read, if errors are raised.
            ConfigError: The reader was loaded without a spotter, or there is no such way with
                errors.
        """
        # Not at the first page: whoever asks wrongly hears of it where they asked.
        if errors not in ("raise", "skip", "yield"):
            raise ConfigError(f"errors {errors!r}: expected 'raise', 'skip' or 'yield'")
        pages = self._pages(_present(self.spotter, "spotter"), iter(sources), batch)
        return pages if errors == "yield" else _without_errors(pages, errors)

    def _pages(
        self, spotter: Spotter, sources: Iterator[Source], batch: int
    ) -> Iterator[Page | ImageError]:
        """A page, or why there is none, for each source."""
        while group := [self._attempt(source) for source in islice(sources, batch)]:
            images = [image for image in group if not isinstance(image, ImageError)]
            words = iter(spotter.spot(images) if images else ())
            for image in group:
                if isinstance(image, ImageError):
                    yield image
                else:
                    height, width = image.shape[:2]
                    yield Page((height, width), arrange(next(words), self.direction))

    def _attempt(self, source: Source) -> Image | ImageError:
        """The picture, or why there is none."""
        try:
            return self._image(source)
        except ImageError as error:
            return error

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
    detector: str | Path | None = catalog.DETECTOR,
    recognizer: str | Path | None = catalog.RECOGNIZER,
    spotter: str | Path | None = None,
    device: str = "auto",
    max_pixels: int = MAX_PIXELS,
    direction: Direction = "ltr",
    settings: Mapping[str, Any] | None = None,
) -> Reader:
    """A reader made of a detector and a recogniser, or of one network that does both.

    Args:
        detector: A shipped model's name, the path of a weights file, or None for a reader that only
            recognises crops.
        recognizer: The same, or None for a reader that only detects.
        spotter: The same of a network that finds and reads, which replaces both; None for two.
        device: `cpu`, `cuda`, another device of torch's, or `auto`: the graphics card if there is
            one.
        max_pixels: Larger pictures are refused.
        direction: In which words follow each other: left to right (`ltr`), right to left (`rtl`),
            or from the top down in columns from the right (`ttb`).
        settings: Values to replace in the configs of `detector`, `recognizer` and `spotter`, for
            example `{"detector": {"pixel_threshold": 0.7}, "spotter": {"margin": 0.2}}`.

    Raises:
        UnknownModelError: No shipped model has this name.
        CheckpointError: A weights file is missing, damaged or of the wrong family.
        ConfigError: A setting is wrong, or there is no such device.
    """
    given = config.validate(Settings, settings or {}, "settings")
    arrange((), direction)  # refuses what is no direction
    if spotter is not None:
        blocks = {name: block for name, block in given if block}
        model: Any = for_reading(checkpoint.load("spot", spotter, device, blocks), {})
        found = getattr(model, "detector", None)  # STN-OCR has none
        return Reader(model, found, None, max_pixels, direction)
    for block, name in (("detector", detector), ("recognizer", recognizer)):
        if name is None and getattr(given, block):
            raise ConfigError(f"settings: {block}: there is no {block} here to set this of")
    join = config.validate(WordsConfig, given.spotter, "spotter")
    found = told = both = None
    if detector is not None:
        found = _ready(checkpoint.load("detect", detector, device, given.detector))
    if recognizer is not None:
        told = _ready(checkpoint.load("recognize", recognizer, device, given.recognizer))
    if found and told:
        both = TwoStage(found, told, join)
    return Reader(both, found, told, max_pixels, direction)


def _ready(model: Model) -> Model:
    """A detector or recogniser made quick, as its config allows."""
    return for_reading(model, model.ranges if model.config.int8 else {})


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


def _without_errors(
    pages: Iterator[Page | ImageError], errors: Literal["raise", "skip"]
) -> Iterator[Page]:
    """The pages alone; the first error is raised, or all are logged."""
    for page in pages:
        if isinstance(page, Page):
            yield page
        elif errors == "raise":
            raise page
        else:
            _log.warning("skipped: %s", page)


def _present(part: T | None, name: str) -> T:
    if part is None:
        raise ConfigError(f"this reader was loaded without a {name}")
    return part
