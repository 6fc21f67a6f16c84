from fractions import Fraction

import numpy as np
import pytest

from ocrkit.errors import ImageError
from ocrkit.video import live
from ocrkit.video.frames import Frame, Window
from ocrkit.video.live import Camera


def frame(index):
    return Frame(index, Fraction(index, 25), np.zeros((2, 2, 3), np.uint8))


class Capture:
    """A camera of OpenCV's that shows three pictures, in BGR."""

    def __init__(self, number):
        self.there = number == 0
        self.left = 3
        self.released = False

    def isOpened(self):  # noqa: N802 (OpenCV's name)
        return self.there

    def read(self):
        self.left -= 1
        image = np.zeros((4, 6, 3), np.uint8)
        image[..., 0] = 255
        return (True, image) if self.left >= 0 else (False, None)

    def release(self):
        self.released = True


def test_a_camera_shows_rgb_and_counts_time_from_its_start(monkeypatch):
    now = iter([100.0, 100.0, 100.04, 100.0806])
    monkeypatch.setattr(live.cv2, "VideoCapture", Capture)
    monkeypatch.setattr(live.time, "monotonic", lambda: next(now))
    with Camera(0) as camera:
        assert camera.live
        found = list(camera.frames(Window()))
    assert [f.time for f in found] == [0, Fraction(40, 1000), Fraction(81, 1000)]
    assert found[0].image[0, 0].tolist() == [0, 0, 255]
    assert camera._capture.released


def test_a_camera_that_is_not_there(monkeypatch):
    monkeypatch.setattr(live.cv2, "VideoCapture", Capture)
    with pytest.raises(ImageError, match="camera 7: cannot be opened; is it connected"):
        Camera(7)
