"""Cameras: a source of frames that does not wait."""

import time
from collections.abc import Iterator
from fractions import Fraction

import cv2
import numpy as np

from ocrkit.errors import ImageError
from ocrkit.types import Image
from ocrkit.video.frames import Footage, Frame, Window

MILLISECOND = Fraction(1, 1000)


class Camera(Footage):
    """A camera of this machine; times count from when it was opened.

    OpenCV opens it, because it knows cameras by their number on every system.

    Raises:
        ImageError: There is no such camera, or it may not be used.
    """

    live = True
    time_base = MILLISECOND

    def __init__(self, number: int) -> None:
        self.name = f"camera {number}"
        self._capture = cv2.VideoCapture(number)
        self._opened = time.monotonic()
        if not self._capture.isOpened():
            raise ImageError(
                f"{self.name}: cannot be opened; is it connected, and free, and may it be used?"
            )

    def frames(self, window: Window) -> Iterator[Frame]:
        """See `Footage.frames`; they end when the camera does."""
        index, last = -1, None
        while (image := self._next()) is not None:
            now = round((time.monotonic() - self._opened) * 1000) * MILLISECOND
            if window.before(now):
                continue
            if window.after(now):
                return
            index += 1
            if window.picks(index, now, last):
                last = now
                yield Frame(index, now, image)

    def close(self) -> None:
        """See `Footage.close`."""
        self._capture.release()

    def _next(self) -> Image | None:
        """The next picture, or None at the end."""
        there, image = self._capture.read()
        return np.ascontiguousarray(image[:, :, ::-1]) if there else None
