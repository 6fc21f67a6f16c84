"""Videos as frames with exact times: files, streams and cameras, cut and thinned as wanted.

PyAV decodes files and streams. Nothing is kept but the frame at hand, so a video may be of any
length. A live source does not wait: see `ocrkit.video.ahead`.
"""

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Self

import numpy as np
from pydantic import Field, model_validator

from ocrkit.config import Config
from ocrkit.errors import ImageError, MissingExtraError
from ocrkit.types import Image

if TYPE_CHECKING:
    from av.packet import Packet
    from av.video.frame import VideoFrame
    from av.video.stream import VideoStream

TIMEOUT = 15.0
"""Seconds that a server may take to answer, or to send the next packet."""

_log = logging.getLogger("ocrkit")


@dataclass(frozen=True, slots=True, eq=False)
class Frame:
    """One picture of a video.

    Attributes:
        index: Its place in the video, from 0 at the first frame of the window.
        time: Seconds from the video's start, exact.
        image: (H, W, 3) uint8, RGB, as displayed: the video's rotation is applied.
    """

    index: int
    time: Fraction
    image: Image


class Window(Config):
    """Which frames of a video are handled."""

    start: float = Field(0.0, ge=0, description="seconds; frames before are left out")
    end: float | None = Field(
        None, gt=0, description="seconds; this frame and all after it are left out"
    )
    every: int = Field(1, ge=1, description="of so many frames the first is handled")
    max_fps: float | None = Field(None, gt=0, description="frames a second that are handled")

    @model_validator(mode="after")
    def _is_not_empty(self) -> Self:
        if self.end is not None and self.end <= self.start:
            raise ValueError(f"end: expected more than the start, {self.start:g}, got {self.end:g}")
        return self

    def before(self, time: Fraction) -> bool:
        """Whether a time lies before the window."""
        return time < exact(self.start)

    def after(self, time: Fraction) -> bool:
        """Whether a time lies after it."""
        return self.end is not None and time >= exact(self.end)

    def picks(self, index: int, time: Fraction, last: Fraction | None) -> bool:
        """Whether the frame is handled, if the one handled before it has the time `last`.

        With `max_fps` time is cut into slots of 1 / `max_fps`, of each of which one frame is taken.
        """
        if index % self.every:
            return False
        if self.max_fps is None or last is None:
            return True
        rate = exact(self.max_fps)
        return time * rate // 1 > last * rate // 1


class Footage(ABC):
    """Something that gives frames; open until `close`, or to the end of a `with`.

    Attributes:
        name: Names it in messages.
        live: It goes on whether its frames are handled or not.
        time_base: Seconds; all times are multiples of it.
        duration: Seconds, or None if that is not known.
        rate: Frames a second on average, or None if that is not known.
        sound: The file that its sound can be copied from, or None.
        origin: Seconds; the time that the file itself gives to what is 0 here.
        damaged: Packets that could not be decoded so far, and frames decoded with errors.
        dropped: Frames of a live source that came too fast to be handled so far.
    """

    name: str
    live: bool
    time_base: Fraction
    duration: float | None = None
    rate: float | None = None
    sound: Path | None = None
    origin = Fraction(0)
    damaged = 0
    dropped = 0

    @abstractmethod
    def frames(self, window: Window) -> Iterator[Frame]:
        """The frames in the window, decoded as they are asked for."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file, the connection or the device."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class Recording(Footage):
    """A file or a stream, decoded by PyAV.

    Args:
        source: A path, or a URL that FFmpeg knows how to open, such as rtsp://...

    Raises:
        ImageError: It is missing, is not a video, or has no pictures.
        MissingExtraError: PyAV is not installed.
    """

    def __init__(self, source: str | Path) -> None:
        self._av = pyav()
        self.name = str(source)
        remote = is_url(self.name)
        if not remote and not Path(source).is_file():
            kind = "is a folder, not a video" if Path(source).is_dir() else "no such file"
            raise ImageError(f"{source}: {kind}")
        try:
            self._container = self._av.open(self.name, timeout=TIMEOUT if remote else None)
        except (self._av.FFmpegError, OSError, ValueError) as error:
            reason = getattr(error, "strerror", None) or error
            raise ImageError(f"{source}: cannot be read as a video: {reason}") from error
        self._stream = self._video_stream()
        self.live = remote and not self._container.duration
        self.time_base = self._stream.time_base or Fraction(1, 1000)
        self.origin = Fraction(self._container.start_time or 0, 10**6)
        if self._container.duration:
            self.duration = self._container.duration / 1e6
        self.rate = float(self._stream.average_rate) if self._stream.average_rate else None
        self.sound = None if remote else Path(source)

    def frames(self, window: Window) -> Iterator[Frame]:
        """See `Footage.frames`; a frame without a time comes one frame after the last."""
        index, last = -1, None
        for time, picture in self._timed(exact(window.start)):
            if window.before(time):
                continue
            if window.after(time):
                return
            index += 1
            if window.picks(index, time, last):
                last = time
                yield Frame(index, time, _displayed(picture))

    def close(self) -> None:
        """See `Footage.close`."""
        self._container.close()

    def _video_stream(self) -> "VideoStream":
        """The first stream of pictures that is not just a cover."""
        cover = self._av.stream.Disposition.attached_pic
        for stream in self._container.streams.video:
            if not stream.disposition & cover:
                stream.thread_type = "AUTO"
                found: VideoStream = stream
                return found
        self._container.close()
        raise ImageError(f"{self.name}: has no video stream")

    def _timed(self, start: Fraction) -> "Iterator[tuple[Fraction, VideoFrame]]":
        """Decoded frames and their times, from the last key frame before `start` on."""
        if start and not self.live:
            self._seek(start)
        gap = 1 / exact(self.rate or 25)
        time = start - gap
        for picture in self._decoded():
            if picture.pts is None or picture.time_base is None:
                time += gap
            else:
                time = picture.pts * picture.time_base - self.origin
            self.damaged += picture.is_corrupt
            yield time, picture

    def _seek(self, start: Fraction) -> None:
        """Go to the last key frame before `start`; where a file has no index, stay."""
        try:
            place = int((start + self.origin) / self.time_base)
            self._container.seek(place, stream=self._stream)
        except self._av.FFmpegError as error:
            _log.warning("%s: cannot be sought in, is read from its start: %s", self.name, error)

    def _decoded(self) -> "Iterator[VideoFrame]":
        """All frames that can be decoded."""
        packets = self._container.demux(self._stream)
        while True:
            try:
                packet = next(packets, None)
            except self._av.FFmpegError:
                self.damaged += 1
                return
            if packet is None:
                return
            yield from self._in(packet)

    def _in(self, packet: "Packet[VideoStream]") -> "list[VideoFrame]":
        """The frames that a packet completes; none if it is damaged."""
        try:
            return packet.decode()
        except self._av.FFmpegError:
            self.damaged += 1
            return []


def exact(number: float) -> Fraction:
    """What is meant by a number such as 0.1, which no float is."""
    return Fraction(number).limit_denominator(10**6)


def pyav() -> ModuleType:
    """The package `av`.

    Raises:
        MissingExtraError: It is not installed.
    """
    try:
        import av
    except ImportError as error:
        needs = "reading video needs an extra: pip install 'ocrkit[video]'"
        raise MissingExtraError(needs) from error
    # What damaged files make of themselves is counted here; FFmpeg would also print it.
    av.logging.set_level(None)
    return av


def is_url(source: str) -> bool:
    """Whether this is an address such as rtsp://host/live, not the path of a file."""
    return "://" in source


def _displayed(picture: "VideoFrame") -> Image:
    """The picture in RGB, turned as the video says."""
    image = np.asarray(picture.to_ndarray(format="rgb24"), np.uint8)
    return np.ascontiguousarray(np.rot90(image, round(picture.rotation / 90)))
