"""An annotated video: the pictures encoded anew with the times they had, the sound copied as it is.

The file is an MP4 of H.264 where PyAV can encode that, else of MPEG-4. It is written beside its
final place, and is whole there or not at all.
"""

import logging
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, cast

import cv2
import numpy as np

from ocrkit.types import Image
from ocrkit.video.frames import Footage, pyav

if TYPE_CHECKING:
    from av.audio.stream import AudioStream
    from av.container import InputContainer, OutputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

FINEST = 65_535
"""Ticks a second, at most: MPEG-4 knows no finer times."""

CODECS = (("libx264", {"preset": "superfast", "crf": "23"}), ("mpeg4", {"qscale": "4"}))
"""Encoders from the best down, and their options. `superfast` at 23 looks as `veryfast` at 21 does,
in a third less time, with up to a third more bytes."""

_log = logging.getLogger("ocrkit")


class VideoWriter:
    """Writes pictures, and the sound of where they come from, in step with them.

    Args:
        path: Of the MP4 file.
        footage: Where the pictures come from: its times, and its sound if it has any.
        start: Seconds; what has this time comes first, at 0. No frame may be earlier.
    """

    def __init__(self, path: Path, footage: Footage, start: Fraction = Fraction(0)) -> None:
        self._av = pyav()
        self._start = start
        self._out: OutputContainer = self._av.open(str(path), "w", format="mp4")
        coarse = footage.time_base.denominator > FINEST
        self._time_base = Fraction(1, FINEST - FINEST % 1000) if coarse else footage.time_base
        self._picture: VideoStream | None = None
        self._size = (0, 0)
        self._last = -1
        self._sound = _sound(self._av, footage, self._out, start)

    def write(self, image: Image, time: Fraction) -> None:
        """Add a picture.

        Args:
            image: (H, W, 3) uint8, RGB. All are brought to the size of the first, which is made
                even, as H.264 wants it: an odd edge is repeated.
            time: Seconds, later than the picture before.
        """
        if self._picture is None:
            self._picture = self._begin(image)
        picture = self._av.VideoFrame.from_ndarray(_fitted(image, self._size), format="rgb24")
        self._last = max(self._last + 1, round((time - self._start) / self._time_base))
        picture.pts, picture.time_base = self._last, self._time_base
        if self._sound:
            self._sound.copy(time - self._start)
        self._out.mux(self._picture.encode(picture))

    def finish(self, all_sound: bool) -> None:
        """End the file, with all that is left of the sound or only that beside the pictures."""
        if self._picture is not None:
            self._out.mux(self._picture.encode(None))
        if self._sound and all_sound:
            self._sound.copy(None)
        self.close()

    def close(self) -> None:
        """Let go of the files, whatever state they are in."""
        if self._sound:
            self._sound.close()
        self._out.close()

    def _begin(self, image: Image) -> "VideoStream":
        """The stream of pictures, once their size is known."""
        height, width = image.shape[:2]
        self._size = height + height % 2, width + width % 2
        there = self._av.codecs_available
        name, options = next((n, o) for n, o in CODECS if n in there)
        stream = cast("VideoStream", self._out.add_stream(name, options=options))
        stream.height, stream.width = self._size
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = self._time_base
        return stream


class _Sound:
    """The sound of a file, copied packet by packet.

    Args:
        container: An open file that has sound; closed with this.
        out: Where it is copied to.
        origin: Seconds; the time that the file gives to its start.
        start: Seconds after it; what has this time has 0 in the copy, and is the first.
    """

    def __init__(
        self,
        container: "InputContainer",
        out: "OutputContainer",
        origin: Fraction,
        start: Fraction,
    ) -> None:
        self._container = container
        stream = container.streams.audio[0]
        self._to = out.add_stream_from_template(stream)
        self._out = out
        self._time_base = stream.time_base or Fraction(1, stream.rate)
        self._shift = round((origin + start) / self._time_base)
        # Before the start of a whole file, encoders put what warms a decoder up.
        self._whole = start == 0
        if not self._whole:
            container.seek(self._shift, stream=stream)
        self._packets = container.demux(stream)
        self._next: Packet[AudioStream] | None = None

    def copy(self, until: Fraction | None) -> None:
        """Copy what comes before this time of the copy, or all that is left."""
        while (packet := self._next or next(self._packets, None)) is not None:
            self._next = packet
            if packet.dts is None:  # the empty one at the end
                return
            time = (packet.dts - self._shift) * self._time_base
            if until is not None and time >= until:
                return
            self._next = None
            if self._whole or time >= 0:
                packet.pts = packet.dts = packet.dts - self._shift
                packet.stream = self._to
                self._out.mux(packet)

    def close(self) -> None:
        """Let go of the file."""
        self._container.close()


def _sound(
    av: ModuleType, footage: Footage, out: "OutputContainer", start: Fraction
) -> _Sound | None:
    """The sound of the footage, if it has any; a warning if it is none that MP4 can hold."""
    if footage.sound is None:
        return None
    container: InputContainer = av.open(str(footage.sound))
    streams = container.streams.audio
    if streams and streams[0].codec.canonical_name in out.supported_codecs:
        return _Sound(container, out, footage.origin, start)
    if streams:
        name = streams[0].codec.canonical_name
        _log.warning("%s: MP4 cannot hold its sound, %s; it is left out", footage.name, name)
    container.close()
    return None


def _fitted(image: Image, size: tuple[int, int]) -> Image:
    """The picture in another (height, width): one pixel more is repeated, else it is resized."""
    height, width = image.shape[:2]
    down, right = size[0] - height, size[1] - width
    if (down, right) == (0, 0):
        return image
    if {down, right} <= {0, 1}:
        return np.pad(image, ((0, down), (0, right), (0, 0)), mode="edge")
    return np.asarray(cv2.resize(image, size[::-1], interpolation=cv2.INTER_AREA), np.uint8)
