"""Frames that a thread decodes, or takes from a camera, while others are being handled."""

import threading
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any

from ocrkit.video.frames import Frame

ROOM = 4
"""Frames of a file that wait at most; then the thread waits, too."""


class Ahead:
    """The frames of a source, in order, the next ones on their way already.

    A file's all come. A live source does not wait: of the frames that come while one is being
    handled only the last is kept, so that none grows old.

    Args:
        frames: Asked for in a thread, and in no other.
        on_drop: Called for each frame that is not handled; None for a source that can wait.
    """

    def __init__(self, frames: Iterator[Frame], on_drop: Callable[[], Any] | None = None) -> None:
        self._frames = frames
        self._on_drop = on_drop
        self._changed = threading.Condition()
        self._waiting: deque[Frame] = deque()
        self._ended = False
        self._error: BaseException | None = None
        self._thread = threading.Thread(target=self._take, daemon=True)
        self._thread.start()

    def __iter__(self) -> Iterator[Frame]:
        return self

    def __next__(self) -> Frame:
        with self._changed:
            # Waits in pieces: on Windows, Ctrl-C is only noticed between them.
            while not self._waiting and not self._ended:
                self._changed.wait(0.1)
            if self._waiting:
                self._changed.notify()
                return self._waiting.popleft()
        if self._error is not None:
            raise self._error
        raise StopIteration

    def close(self) -> None:
        """Take no more frames; returns when the thread has let go of the source."""
        with self._changed:
            self._ended = True
            self._changed.notify()
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
            if self._on_drop is None:
                self._changed.wait_for(lambda: self._ended or len(self._waiting) < ROOM)
            elif self._waiting and not self._ended:
                self._waiting.clear()
                self._on_drop()
            if self._ended:
                return False
            self._waiting.append(frame)
            self._changed.notify()
            return True
