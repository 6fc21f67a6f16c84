"""Pictures that are turned for the detector: quads by hand, and text that is not level is found."""

import math
from itertools import cycle
from typing import ClassVar

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quads import box, turned
from torch import nn

from ocrkit import detect, geometry
from ocrkit.detect import Detector, DetectorConfig, _base
from ocrkit.detect._turns import levelled, lying, slant, turned_back, upended
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


@pytest.fixture(autouse=True)
def _glances_may_be_small(monkeypatch):
    monkeypatch.setattr(_base, "LEAST_GLANCE", 32)


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
    rows, columns = np.nonzero(lying(picture)[..., 0])
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


def test_a_glance_is_not_smaller_than_is_worth_it(monkeypatch):
    monkeypatch.setattr(_base, "LEAST_GLANCE", 480)
    _, seen = found_in(wall(ACROSS), sideways=0.5)
    assert seen == [(320, 640), (480, 256)]  # 240 is 7.5 steps of 32
    monkeypatch.setattr(_base, "LEAST_GLANCE", 1000)
    _, seen = found_in(wall(ACROSS), sideways=0.5)
    assert seen == [(320, 640), (640, 320)]  # as large as upright, and no larger
    _, seen = found_in(wall(), sideways=0.5)
    assert seen == [(320, 640), (640, 320)]  # nor looked at twice


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


def found(*quads):
    stack = np.array(quads, np.float32).reshape(-1, 4, 2)
    return Detections(stack, np.full(len(stack), 0.9, np.float32))


def test_slant_by_hand():
    # 30 px down for 40 across: 36.87 degrees. The middle one of three counts.
    down = [(0, 0), (40, 30), (34, 38), (-6, 8)]
    level, up = box(0, 0, 50, 10), [(0, 40), (40, 10), (46, 18), (6, 48)]
    assert slant(found(down)) == pytest.approx(36.87, abs=0.01)
    assert slant(found(up)) == pytest.approx(-36.87, abs=0.01)
    assert slant(found(up, level, down)) == 0
    assert slant(found(down, level, down)) == pytest.approx(36.87, abs=0.01)


def test_only_long_words_tell_a_slant():
    tilted_letter = [(0, 0), (8, 6), (2, 14), (-6, 8)]
    assert slant(found(tilted_letter, box(0, 0, 10, 40))) == 0
    assert slant(found()) == 0


def test_a_quarter_by_hand():
    """Text that runs straight down is levelled by a quarter turn, exactly."""
    picture = wall((80, 20, 90, 60), size=(100, 120))
    seen, back = levelled(picture, 90)
    np.testing.assert_array_equal(seen, lying(picture))
    np.testing.assert_allclose(back @ [20, 30, 1], [90, 20], atol=1e-9)  # the top right corner


@given(st.floats(-60, 60), st.integers(30, 90), st.integers(30, 90))
def test_what_is_levelled_comes_back_to_its_place(degrees, height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    seen, back = levelled(picture, degrees)
    corners = geometry.full_quad((height, width)).astype(np.float64)
    # All of the picture is seen: its corners lie within what was turned.
    there = (corners - back[:, 2]) @ back[:, :2]
    assert there.min() >= -1e-6
    assert (there <= np.array(seen.shape[1::-1]) + 1e-6).all()
    middle = turned(10, 4, 15, 12, 0.1)
    again = turned_back(found((middle - back[:, 2]) @ back[:, :2]), back, picture.shape[:2])
    np.testing.assert_allclose(again.quads, [middle], atol=1e-3)


def test_what_lies_beyond_the_picture_is_left_out():
    _, back = levelled(np.zeros((60, 100, 3), np.uint8), 30)
    assert len(turned_back(found(box(0, 0, 10, 5)), back, (60, 100))) == 0


@pytest.mark.parametrize("degrees", [-40, -25, 25, 40])
def test_slanting_text_is_seen_level(degrees):
    """Once it is nearly so, it is told exactly."""
    bar = turned(200, 40, 320, 240, math.radians(degrees))
    picture = np.zeros((480, 640, 3), np.uint8)
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (255, 255, 255))
    model = Sees(long_side=640, max_slant=15)
    once = Sees(long_side=640).detect(picture)
    (again,) = model.detect(picture).quads
    assert geometry.iou(bar, once.quads).max() < 0.8
    assert geometry.iou(bar, again[None])[0] > 0.9
    assert len(model.seen) == 2
    # The same size as before: a pixel of the network's input is a pixel of the picture.
    assert model.seen[1][0] * model.seen[1][1] > 1.2 * 480 * 640


def test_a_slight_slant_is_left():
    bar = turned(200, 40, 320, 240, math.radians(10))
    picture = np.zeros((480, 640, 3), np.uint8)
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (255, 255, 255))
    model = Sees(long_side=640, max_slant=15)
    assert len(model.detect(picture)) == 1
    assert len(model.seen) == 1


def test_what_is_seen_less_well_when_level_stays_as_it_was():
    bar = turned(200, 40, 320, 240, math.radians(25))
    picture = np.zeros((480, 640, 3), np.uint8)
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (255, 255, 255))
    (first,) = Sees(long_side=640).detect(picture).quads
    model = Sees((0.9, 0.8), long_side=640, max_slant=15)
    (stays,) = model.detect(picture).quads
    assert len(model.seen) == 2
    assert np.array_equal(first, stays)


def test_what_only_the_first_look_shows_stays(monkeypatch):
    """Of three words one is seen by both looks, and there the second counts."""
    level, both, again = box(20, 20, 120, 40), box(20, 100, 120, 140), box(20, 300, 120, 340)
    looks = iter([found(level, both), found(both + np.float32(3), again)])
    model = Level(long_side=640, max_slant=15)
    monkeypatch.setattr(model, "_passes", lambda image, side, doubtful: next(looks))
    monkeypatch.setattr(_base.turns, "slant", lambda found: 20.0)
    monkeypatch.setattr(_base.turns, "turned_back", lambda found, back, size: found)
    quads = model.detect(wall()).quads
    assert quads.tolist() == [(both + 3).tolist(), again.tolist(), level.tolist()]


@pytest.mark.parametrize(("doubtful", "stitched"), [(False, [0.9]), (True, [0.9, 0.3])])
def test_what_is_doubtful_goes_before_tiles_are_stitched(doubtful, stitched, monkeypatch):
    """Else a doubtful whole word could stand for a sure part of it, and then go itself."""
    model = Level(long_side=640)
    told = Detections(np.stack([box(0, 0, 40, 10)] * 2), np.array([0.9, 0.3], np.float32))
    monkeypatch.setattr(model, "decode", lambda maps: [told])
    monkeypatch.setattr(model, "sure", lambda found: found[found.scores > 0.5])
    given, stitch = [], _base.passes.stitch
    monkeypatch.setattr(
        _base.passes, "stitch", lambda seen, *rest: given.extend(seen) or stitch(seen, *rest)
    )
    found = model.detect(wall(), doubtful=doubtful)
    assert found.scores == pytest.approx(stitched)
    assert [one.scores.tolist() for one in given] == [pytest.approx(stitched)]


def test_a_large_picture_is_shrunk_before_it_is_turned(monkeypatch):
    bar = turned(800, 160, 1280, 960, math.radians(25))
    picture = np.zeros((1920, 2560, 3), np.uint8)
    cv2.fillPoly(picture, [np.round(bar).astype(np.int32)], (255, 255, 255))
    sizes, levelled_ = [], _base.turns.levelled
    monkeypatch.setattr(_base, "LARGEST_TURNED", 320)
    monkeypatch.setattr(
        _base.turns, "levelled", lambda i, a: sizes.append(i.shape) or levelled_(i, a)
    )
    (found,) = Sees(long_side=640, max_slant=15).detect(picture).quads
    assert sizes == [(480, 640, 3)]
    assert geometry.iou(bar, found[None])[0] > 0.9


@pytest.mark.parametrize("size", [(1, 3000), (3000, 1), (2, 2)])
def test_strips_are_searched(size):
    model = Sees(long_side=640, max_slant=15, sideways=0.4)
    assert len(model.detect(np.full((*size, 3), 255, np.uint8))) >= 1


class Sees(Level):
    """Finds what is white, and which way it runs; of more than 18 degrees, two thirds.

    It is so sure of it, one time after the other.
    """

    def __init__(self, scores=(0.9,), **given):
        super().__init__(**given)
        self.scores = cycle(scores)

    def decode(self, maps):
        white = (maps[0][0, 0].numpy() > 0).astype(np.uint8)
        self.seen.append(white.shape)
        rows, columns = np.nonzero(white)
        points = np.stack([columns, rows], axis=1).astype(np.float32)
        rect = geometry.upright(geometry.min_area_rect(points))
        height, width = geometry.extent(rect)
        angle = math.atan2(*(rect[1] - rect[0])[::-1])
        told = angle if abs(angle) < math.radians(18) else angle * 2 / 3
        quads = turned(width, height, *rect.mean(axis=0), told)[None]
        return [Detections(quads, np.full(1, next(self.scores), np.float32))]


@pytest.mark.parametrize("wrong", [0, -1, 90, "much"])
def test_slants_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match="max_slant"):
        detect.build({"name": "pixellink", "max_slant": wrong})
