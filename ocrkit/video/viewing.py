"""Reads a video: frames in, what is seen in each of them and the tracks of its texts out."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Self

from ocrkit.errors import ConfigError, ImageError
from ocrkit.reader import Reader
from ocrkit.spot import TwoStage
from ocrkit.video.ahead import Ahead
from ocrkit.video.frames import Footage, Recording, Window, is_url
from ocrkit.video.link import Linker, Seen, VideoConfig
from ocrkit.video.live import Camera
from ocrkit.video.tracks import TextTrack

SETTINGS: Mapping[str, Mapping[str, float]] = {
    # A video has many frames, and its text is seen more than once; what is unsharp by motion gains
    # nothing when it is made larger; and readings of several frames vote for a text.
    "detector": {"long_side": 1280, "max_enlargement": 1.125},
    "spotter": {"min_confidence": 0.45},
}
"""With which `ocrkit.load` makes readers for videos: those of photographs are slower here."""


class Viewing:
    """The reading of one video. Iterate over it once, and close it, best by `with`.

    What is seen in a frame is what is known up to there. When the frames are at an end, `tracks`
    has the last word; it may be asked at any time.

    Args:
        footage: Where frames come from; closed with this.
        spotter: Finds and reads.
        config: How words become tracks.
        window: Which frames are handled.
    """

    def __init__(
        self, footage: Footage, spotter: TwoStage, config: VideoConfig, window: Window
    ) -> None:
        self.footage = footage
        self.window = window
        self.count = 0
        """Frames handled so far."""
        self._linker = Linker(spotter, config)
        self._ahead: Ahead | None = None

    def __iter__(self) -> Iterator[Seen]:
        """What is seen in each frame.

        Raises:
            ImageError: There is no frame that could be decoded, or none in the window.
        """
        on_drop = self._drop if self.footage.live else None
        self._ahead = Ahead(self.footage.frames(self.window), on_drop)
        try:
            for frame in self._ahead:
                self.count += 1
                yield self._linker.see(frame)
        finally:
            self._ahead.close()
        if not self.count:
            raise ImageError(self._why_empty())

    @property
    def expected(self) -> int | None:
        """About how many frames will be handled, or None if nobody knows."""
        rate, end = self.footage.rate, self.footage.duration
        if rate is None or end is None:
            return None
        rate = min(rate / self.window.every, self.window.max_fps or rate)
        end = min(end, self.window.end or end)
        return max(1, round((end - self.window.start) * rate))

    @property
    def tracks(self) -> tuple[TextTrack, ...]:
        """The texts seen so far that are read surely, in the order in which they appeared."""
        return self._linker.tracks()

    def close(self) -> None:
        """Let go of the source, once nothing is being decoded from it any more."""
        if self._ahead:
            self._ahead.close()
        self.footage.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _drop(self) -> None:
        self.footage.dropped += 1

    def _why_empty(self) -> str:
        name, damaged = self.footage.name, self.footage.damaged
        if damaged:
            return f"{name}: no frame can be decoded; {damaged} packets are damaged"
        if self.window.start:
            return f"{name}: has no frame at or after {self.window.start:g} seconds"
        return f"{name}: has no frames"


def read_video(
    source: str | Path | int,
    reader: Reader,
    config: VideoConfig | None = None,
    window: Window | None = None,
) -> Viewing:
    """The text of a video.

    Args:
        source: A file, a URL such as rtsp://host/live, or the number of a camera. Of a camera or a
            live stream, frames that cannot be handled in time are dropped.
        reader: It must have both a detector and a recogniser; best loaded with `SETTINGS`.
        config: How words become tracks.
        window: Which frames are handled; all by default.

    Raises:
        ConfigError: The reader lacks a detector or a recogniser.
        ImageError: The source is missing, is not a video or cannot be opened.
        MissingExtraError: PyAV is not installed.
    """
    if not isinstance(reader.spotter, TwoStage):
        raise ConfigError("reading video needs a reader with a detector and a recognizer")
    footage = open_footage(source)
    return Viewing(footage, reader.spotter, config or VideoConfig(), window or Window())


def open_footage(source: str | Path | int) -> Footage:
    """A file, a URL, or a camera by its number; digits are a camera's unless a file has that name.

    Raises:
        ImageError: It is missing, is not a video or cannot be opened.
        MissingExtraError: PyAV is not installed.
    """
    number = camera_number(source)
    return Recording(str(source)) if number is None else Camera(number)


def camera_number(source: str | Path | int) -> int | None:
    """The number of a camera, if it is one that is meant."""
    if isinstance(source, int):
        return source
    plain = str(source).isdecimal() and not Path(source).exists()
    return int(str(source)) if plain else None


def name_of(source: str | Path | int) -> str:
    """What files about a video are called: as it, without suffix; of a URL, its last part."""
    number = camera_number(source)
    if number is not None:
        return f"camera-{number}"
    address = str(source)
    if not is_url(address):
        return Path(address).stem
    last = re.split(r"[?#]", address)[0].rstrip("/").rpartition("/")[2]
    return re.sub(r"[^\w.-]+", "-", Path(last).stem).strip("-.") or "stream"
