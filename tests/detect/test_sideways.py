"""The picture lying on its side: quads by hand, and text that runs down or up is found."""

from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quads import box
from torch import nn

from ocrkit import detect, geometry
from ocrkit.detect import Detector, DetectorConfig
from ocrkit.detect._passes import upended
from ocrkit.errors import ConfigError
from ocrkit.types import Detections


class Level(Detector):
    """Finds white bars that are wider than high and, as the network sees them, 8 px or higher."""

    Config: ClassVar[type[DetectorConfig]] = DetectorConfig

    def __init__(self, **given):
        super().__init__(DetectorConfig(name="level", **given))
        self.nothing, self.seen = nn.Parameter(torch.zeros(1)), []

    @staticmethod
    def encode(config, sample):
        raise NotImplementedError

    def forward(self, images):
        return (images,)

    def loss(self, maps, targets):
        raise NotImplementedError

    def decode(self, maps):
        white = (maps[0][0, 0].numpy() > 0).astype(np.uint8)
        self.seen.append(white.shape)
        boxes = cv2.connectedComponentsWithStats(white)[2][1:, :4].tolist()
        quads = [box(x, y, x + w, y + h) for x, y, w, h in boxes if w > h >= 8]
        stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
        return [Detections(stack, np.full(len(quads), 0.9, np.float32))]


def wall(*boxes, size=(320, 640)):
    picture = np.zeros((*size, 3), np.uint8)
    for left, top, right, bottom in boxes:
        picture[top:bottom, left:right] = 255
    return picture


ACROSS, FURTHER, DOWN = (64, 32, 256, 64), (64, 96, 256, 128), (480, 64, 512, 256)


def found_in(picture, **given):
    model = Level(long_side=640, **given)
    return model.detect(picture), model.seen


def test_what_is_upended_by_hand():
    # A picture of 100 px width lies: its right edge is on top, and what ran down runs across. The
    # corner (x, y) of the picture is at (y, 100 - x): 80..90 x 20..60 is seen at 20..60 x 10..20.
    found = upended(Detections(box(20, 10, 60, 20)[None], np.array([0.7], np.float32)), 100)
    np.testing.assert_array_equal(found.quads, [box(80, 20, 90, 60)])
    assert found.scores.tolist() == pytest.approx([0.7])
    nothing = Detections(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32))
    assert upended(nothing, 100).quads.shape == (0, 4, 2)


@given(st.integers(0, 50), st.integers(0, 20), st.integers(1, 9), st.integers(1, 9))
def test_it_is_where_the_pixels_are(left, top, width, height):
    picture = wall((left, top, left + width, top + height), size=(30, 60))
    rows, columns = np.nonzero(np.rot90(picture)[..., 0])
    seen = box(columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    (quad,) = upended(Detections(seen[None], np.ones(1, np.float32)), 60).quads
    np.testing.assert_array_equal(quad, box(left, top, left + width, top + height))


def test_text_that_runs_down_is_found_by_a_glance():
    picture = wall(ACROSS, FURTHER, DOWN)
    upright, seen = found_in(picture)
    assert len(upright) == 2
    assert seen == [(320, 640)]
    found, seen = found_in(picture, sideways=0.5)
    assert seen == [(320, 640), (320, 160)]  # one more, a quarter of the work
    assert sorted(q[0, 0] for q in found.quads) == [64, 64, 480]
    assert geometry.iou(box(*DOWN), found.quads).max() > 0.9


def test_it_is_seen_closely_where_the_glance_tells_as_much():
    """At half the size the thin bar is too low; as there is no other, the picture lies, perhaps."""
    thin = (480, 64, 490, 256)
    found, seen = found_in(wall(thin), sideways=0.5)
    assert seen == [(320, 640), (320, 160), (640, 320)]
    assert geometry.iou(box(*thin), found.quads).max() > 0.9
    found, seen = found_in(wall(ACROSS, thin), sideways=0.5)
    assert seen == [(320, 640), (320, 160)]
    assert len(found) == 1


def test_it_is_seen_at_all_scales_of_the_call_and_the_config():
    _, seen = found_in(wall(ACROSS), sideways=0.5, scales=(1, 0.5))
    assert seen == [(320, 640), (160, 320), (320, 160), (160, 64)]  # 80 is 2.5 steps of 32
    model = Level(long_side=640, sideways=0.5)
    model.detect(wall(ACROSS, FURTHER), scale=0.5)
    assert model.seen == [(160, 320), (160, 64)]


def test_a_glance_that_shows_nothing_changes_nothing():
    upright, _ = found_in(wall(ACROSS, FURTHER))
    found, _ = found_in(wall(ACROSS, FURTHER), sideways=0.5)
    assert found.quads.tobytes() == upright.quads.tobytes()
    assert found.scores.tobytes() == upright.scores.tobytes()


def test_tiles_are_of_the_lying_picture():
    found, seen = found_in(wall(ACROSS, FURTHER, DOWN), sideways=1.0, tile=320)
    assert set(seen) == {(320, 320)}
    assert sorted(q[0, 0] for q in found.quads) == [64, 64, 480]


@pytest.mark.parametrize("wrong", [0, -1, 1.5, "far"])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match="sideways"):
        detect.build({"name": "pixellink", "sideways": wrong})


def test_what_a_glance_shows_must_be_surer():
    picture = wall(ACROSS, FURTHER, DOWN)
    assert len(found_in(picture, sideways=0.5, sideways_score=0.9)[0]) == 3  # 0.9 each
    assert len(found_in(picture, sideways=0.5, sideways_score=0.91)[0]) == 2
    # Looked at as closely as upright, a find is as good as any.
    assert len(found_in(wall(DOWN), sideways=0.5, sideways_score=0.91)[0]) == 1
