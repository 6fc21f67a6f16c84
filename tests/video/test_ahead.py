import threading
from fractions import Fraction

import numpy as np
import pytest

from ocrkit.errors import ImageError
from ocrkit.video.ahead import ROOM, Ahead
from ocrkit.video.frames import Frame


def frame(index):
    return Frame(index, Fraction(index, 25), np.zeros((2, 2, 3), np.uint8))


def test_all_frames_of_a_file_come_in_order_and_few_wait():
    asked = []

    def frames():
        for index in range(50):
            asked.append(index)
            yield frame(index)

    ahead = Ahead(frames())
    for index, one in enumerate(ahead):
        assert one.index == index
        assert len(asked) <= index + ROOM + 2  # one is being handled, and one is at the door
    assert len(asked) == 50


def test_only_the_newest_frame_waits():
    handled, come = threading.Event(), threading.Event()
    dropped = []

    def frames():
        yield frame(0)
        assert handled.wait(5)
        for index in range(1, 5):
            yield frame(index)
        come.set()

    ahead = Ahead(frames(), lambda: dropped.append(1))
    assert next(ahead).index == 0
    handled.set()  # while frame 0 is being handled, four more come
    assert come.wait(5)
    assert [f.index for f in ahead] == [4]
    assert len(dropped) == 3


@pytest.mark.parametrize("on_drop", [None, lambda: None])
def test_an_error_of_the_source_reaches_who_asks(on_drop):
    def frames():
        yield frame(0)
        raise ImageError("camera 0: is gone")

    ahead = Ahead(frames(), on_drop)
    with pytest.raises(ImageError, match="is gone"):
        list(ahead)


@pytest.mark.parametrize("on_drop", [None, lambda: None])
def test_closing_ends_the_thread(on_drop):
    def frames():
        for index in range(10**9):
            yield frame(index)

    ahead = Ahead(frames(), on_drop)
    next(ahead)
    ahead.close()
    assert not ahead._thread.is_alive()
