"""Sources that do not wait: cameras, and the frames that cannot be handled in time."""

import threading
import time
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

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


class Newest:
    """The newest frame of a live source each time one is asked for.

    A thread takes all frames as they come, so that none waits in a buffer and grows old; of those
    that come while one is handled, only the last is kept.

    Args:
        frames: They come in their own time.
        on_drop: Called for each frame that is not handled.
    """

    def __init__(self, frames: Iterator[Frame], on_drop: Callable[[], Any]) -> None:
        self._frames = frames
        self._on_drop = on_drop
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        with self._changed:
            # Waits in pieces: on Windows, Ctrl-C is only noticed between them.
            while self._newest is None and not self._ended:
                self._changed.wait(0.1)
            frame, self._newest = self._newest, None
        if frame is not None:
            return frame
        if self._error is not None:
            raise self._error
        raise StopIteration

    def close(self) -> None:
        """Take no more frames; returns when the thread has let go of the source."""
        with self._changed:
            self._ended = True
        self._thread.join(timeout=2.0)

    def _take(self) -> None:
        """Runs in the thread, to the end of the frames."""
        try:
            for frame in self._frames:
                if not self._offer(frame):
                    break
        except BaseException as error:  # whatever it is, it belongs to who asks for frames
            self._error = error
        with self._changed:
            self._ended = True
            self._changed.notify()

    def _offer(self, frame: Frame) -> bool:
        """Put a frame where the next one is taken from; False if nobody will take it."""
        with self._changed:
            if self._ended:
                return False
            if self._newest is not None:
                self._on_drop()
            self._newest = frame
            self._changed.notify()
            return True
