"""Tiles and scales: windows by hand, and words that tiles cut, found once and whole."""

import math
from itertools import pairwise
from typing import ClassVar

import numpy as np
import pytest
import shapely
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from quads import box, turned
from torch import nn

from ocrkit import detect, geometry
from ocrkit.detect import Detector, DetectorConfig
from ocrkit.detect._base import SIZE_STEP, prepare
from ocrkit.detect._passes import Tile, merge, stitch, tiles
from ocrkit.errors import ConfigError
from ocrkit.image import resize_to_long_side
from ocrkit.types import Detections


def detections(*quads, scores=None):
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    return Detections(stack, np.array(scores or [0.9] * len(quads), np.float32))


def assert_found_once(found, words, least=0.97):
    """Each word has a detection of its own, and there is nothing else."""
    assert len(found) == len(words)
    overlaps = np.array([geometry.iou(word, found.quads) for word in words])
    assert (overlaps.max(axis=1) > least).all(), overlaps.max(axis=1)
    assert len(set(overlaps.argmax(axis=1))) == len(words)


class Clairvoyant(Detector):
    """Finds the visible parts of known words; the picture's pixels say where it looks.

    Its pictures hold 256 x + y in the first two channels, at a scale of 1.
    """

    Config: ClassVar[type[DetectorConfig]] = DetectorConfig

    def __init__(self, words, **given):
        super().__init__(DetectorConfig(name="clairvoyant", **given))
        self.words, self.nothing, self.views = words, nn.Parameter(torch.zeros(1)), []

    @staticmethod
    def encode(config, sample):
        raise NotImplementedError

    def forward(self, images):
        return (images,)

    def loss(self, maps, targets):
        raise NotImplementedError

    def decode(self, maps):
        assert maps[0].shape[0] == 1  # one at a time: memory is that of a tile
        levels = np.round(maps[0][0].numpy() * 63.75 + 127.5).astype(int)
        _, height, width = levels.shape
        left, top = levels[:2, 0, 0] * SIZE_STEP
        self.views.append((left, top, width, height))
        window = shapely.box(left, top, left + width, top + height)
        parts = [shapely.intersection(shapely.polygons(word), window) for word in self.words]
        quads = [
            geometry.min_area_rect(np.array(part.exterior.coords, np.float32) - (left, top))
            for part in parts
            if part.area > 1
        ]
        return [detections(*quads)]


def map_of_itself(height, width):
    """A picture whose first two channels are the column and row of each block of 32 x 32 px."""
    rows, columns = np.mgrid[:height, :width] // SIZE_STEP
    return np.stack([columns, rows, 0 * rows], axis=-1).astype(np.uint8)


def look(words, height=640, width=1280, **given):
    model = Clairvoyant(words, long_side=max(height, width), **given)
    return model.detect(map_of_itself(height, width)), model


def test_tiles_by_hand():
    # 320 px, tiles of 128 that overlap by a quarter or more: they may begin 96 apart, and
    # 192 px are left after the first: two more, at 96 and 192.
    found = tiles((96, 320), 128, 0.25, 32)
    assert found == [Tile(0, 0, 128, 96), Tile(96, 0, 224, 96), Tile(192, 0, 320, 96)]
    # Row by row; 160 px leave 32, for one more.
    assert [t[:2] for t in tiles((160, 160), 128, 0.25, 32)] == [(0, 0), (32, 0), (0, 32), (32, 32)]


def test_no_more_tiles_than_needed():
    assert tiles((64, 96), None, 0.25, 32) == [Tile(0, 0, 96, 64)]
    assert tiles((64, 96), 96, 0.25, 32) == [Tile(0, 0, 96, 64)]
    assert len(tiles((640, 1248), 640, 0.0, 32)) == 2
    assert len(tiles((640, 1280), 640, 0.0, 32)) == 2
    assert len(tiles((640, 1312), 640, 0.0, 32)) == 3


@given(st.integers(1, 60), st.integers(1, 60), st.integers(2, 20), st.integers(0, 50))
def test_a_square_smaller_than_the_overlap_lies_whole_in_some_tile(down, across, units, percent):
    side, overlap = 32 * units, percent / 100
    found = tiles((32 * down, 32 * across), side, overlap, 32)
    for axis, length in ((0, 32 * across), (1, 32 * down)):
        spans = sorted({(t[axis], t[axis + 2]) for t in found})
        assert spans[0][0] == 0
        assert spans[-1][1] == length
        assert all(begin % 32 == 0 and end - begin == min(side, length) for begin, end in spans)
        for (_, end), (begin, _) in pairwise(spans):
            assert end - begin >= overlap * side - 1e-9


def test_seen_once_the_result_is_what_the_network_found():
    """No scales, no tiles: not a bit differs from prepare, forward, decode and scaling back."""
    torch.manual_seed(0)
    image = np.random.default_rng(0).integers(0, 256, (90, 130, 3), np.uint8)
    for given_ in ({}, {"tile": 256}):
        block = {"name": "pixellink", "long_side": 192, "pixel_threshold": 0.3, "min_side": 1}
        model = detect.build({**block, **given_}).eval()
        resized, back = resize_to_long_side(image, 192, 32)
        with torch.inference_mode():
            (found,) = model.decode(model(torch.from_numpy(prepare(resized))[None]))
        ours = model.detect(image)
        assert len(ours) > 5
        assert ours.quads.tobytes() == (found.quads * back).tobytes()
        assert ours.scores.tobytes() == found.scores.tobytes()


def test_words_in_tiles_are_found_once_and_whole():
    # Tiles of 640 at x = 0, 320 and 640, and one row of them: 320 px are shared.
    whole, over_an_edge, on_an_edge = (
        box(20, 20, 120, 60),
        box(600, 100, 700, 140),
        box(640, 200, 700, 230),
    )
    near_an_edge, upright = box(330, 300, 420, 340), box(310, 400, 340, 600)
    words = [whole, over_an_edge, on_an_edge, near_an_edge, upright]
    found, model = look(words, tile=640, overlap=0.4)
    assert_found_once(found, words)
    assert model.views == [(0, 0, 640, 640), (320, 0, 640, 640), (640, 0, 640, 640)]


def test_a_word_longer_than_the_overlap_is_joined():
    # Tiles of 320 at 0, 224, ...: no tile sees all of these.
    across, down, slanted = (
        box(100, 50, 1200, 90),
        box(1220, 20, 1260, 620),
        turned(700, 40, 600, 350, 0.3),
    )
    found, _ = look([across, down, slanted], tile=320)
    assert_found_once(found, [across, down, slanted], least=0.85)


def test_lines_that_stand_close_stay_apart():
    rows = [box(40, y, 1240, y + 24) for y in range(20, 620, 28)]
    found, _ = look(rows, tile=320)
    assert_found_once(found, rows)


def test_words_at_the_crossing_of_four_tiles():
    words = [box(300, 290, 360, 330), box(600, 305, 640, 345), turned(60, 30, 930, 330, 0.7)]
    found, model = look(words, tile=352, overlap=0.1)
    assert len(model.views) == 10
    assert_found_once(found, words)


@st.composite
def scattered(draw):
    """Words in the cells of a grid, so that none overlap; all fit into an overlap of 128 px."""
    cells = draw(st.sets(st.tuples(st.integers(0, 8), st.integers(0, 3)), min_size=1, max_size=12))
    words = []
    for column, row in sorted(cells):
        width, height = draw(st.floats(30, 120)), draw(st.floats(10, 30))
        angle = draw(st.floats(-math.pi / 2, math.pi / 2))
        x, y = draw(st.floats(-8, 8)), draw(st.floats(-8, 8))
        words.append(turned(width, height, 140 * column + 75 + x, 140 * row + 75 + y, angle))
    return words


@settings(max_examples=40, deadline=None)
@given(scattered(), st.sampled_from([320, 384, 512]))
def test_words_smaller_than_the_overlap_come_back_whole(words, tile):
    found, model = look(words, tile=tile, overlap=0.5)
    assert len(model.views) > 1
    assert_found_once(found, words)


def test_a_whole_word_wins_over_a_surer_part_of_it():
    """The part covers a quarter of the word: their IoU is low, but it must go."""
    both = [Tile(0, 0, 320, 320), Tile(160, 0, 480, 320)]
    whole, part = detections(box(80, 100, 200, 130), scores=[0.6]), detections(box(0, 100, 40, 130))
    (found,) = stitch([whole, part], both, 0.3).quads
    np.testing.assert_array_equal(found, whole.quads[0])


def test_what_only_one_tile_found_is_kept_though_it_may_be_cut():
    both = [Tile(0, 0, 320, 320), Tile(160, 0, 480, 320)]
    seen = [detections(), detections(box(0, 100, 40, 130))]
    (found,) = stitch(seen, both, 0.3).quads
    np.testing.assert_array_equal(found, box(160, 100, 200, 130))
    assert len(stitch([detections(), detections()], both, 0.3)) == 0


def test_parts_of_one_word_are_compared_where_both_tiles_look():
    """Joined though their IoU is 160 / 480; the score is the better one."""
    both = [Tile(0, 0, 320, 320), Tile(160, 0, 480, 320)]
    left, right = (
        detections(box(0, 90, 320, 130), scores=[0.7]),
        detections(box(0, 90, 320, 130), scores=[0.8]),
    )
    found = stitch([left, right], both, 0.5)
    np.testing.assert_allclose(found.quads, [box(0, 90, 480, 130)], atol=1e-3)
    np.testing.assert_allclose(found.scores, [0.8])


def test_parts_of_different_words_are_not_joined():
    both = [Tile(0, 0, 320, 320), Tile(160, 0, 480, 320)]
    left, right = detections(box(40, 90, 320, 120)), detections(box(0, 110, 280, 140))
    assert len(stitch([left, right], both, 0.5)) == 2


def test_the_edge_of_the_picture_cuts_nothing():
    """A word at the picture's edge is whole, and the other tile's part of it is dropped."""
    both = [Tile(0, 0, 320, 64), Tile(160, 0, 480, 64)]
    left, right = detections(box(170, 0, 280, 64)), detections(box(0, 0, 120, 64))
    assert len(stitch([left, right], both, 0.95)) == 1
    np.testing.assert_array_equal(stitch([left, right], both, 0.95).quads, left.quads)


def test_of_one_word_at_two_scales_the_surer_is_kept():
    small = detections(box(0, 0, 40, 10), box(100, 0, 140, 10), scores=[0.9, 0.6])
    large = detections(box(1, 0, 41, 10), box(101, 0, 141, 10), scores=[0.8, 0.7])
    found = merge([small, large], 0.5)
    assert sorted(found.quads[:, 0, 0].tolist()) == [0, 101]
    assert len(merge([small, large], 0.99)) == 4


def test_scales_are_seen_and_answered_in_the_pixels_of_the_picture():
    """A detector that takes all it sees for a word, three times: a word."""
    model = Clairvoyant([], long_side=640, scales=(0.5, 1, 1.5))
    shapes = []

    def everything(maps):
        shapes.append(tuple(maps[0].shape[2:]))
        return [detections(geometry.full_quad(shapes[-1]))]

    model.decode = everything
    found = model.detect(np.zeros((480, 640, 3), np.uint8))
    assert shapes == [(256, 320), (480, 640), (704, 960)]  # 240 and 720 are 7.5 and 22.5 steps
    np.testing.assert_allclose(found.quads, [box(0, 0, 640, 480)], rtol=1e-5)


def test_the_scale_of_a_call_multiplies_that_of_the_config():
    model = Clairvoyant([], long_side=640, scales=(0.5,))
    model.decode = lambda maps: [detections(geometry.full_quad(tuple(maps[0].shape[2:])))]
    shapes = []
    model.register_forward_pre_hook(lambda m, args: shapes.append(tuple(args[0].shape)))
    found = model.detect(np.zeros((640, 640, 3), np.uint8), scale=3)
    assert shapes == [(1, 3, 960, 960)]
    np.testing.assert_allclose(found.quads, [box(0, 0, 640, 640)], rtol=1e-5)


def test_scales_are_of_the_size_that_small_pictures_get():
    """A picture of 320 px may grow to 640; half of that is 320, not half of `long_side`."""
    model = Clairvoyant([], long_side=1920, scales=(0.5,))
    model.decode = lambda maps: [detections(geometry.full_quad(tuple(maps[0].shape[2:])))]
    shapes = []
    model.register_forward_pre_hook(lambda m, args: shapes.append(tuple(args[0].shape)))
    model.detect(np.zeros((320, 320, 3), np.uint8))
    assert shapes == [(1, 3, 320, 320)]


@pytest.mark.parametrize(
    "wrong",
    [{"tile": 100}, {"tile": 32}, {"tile": 0}, {"overlap": 0.6}, {"overlap": -0.1}]
    + [{"scales": scales} for scales in ([], [0], [-1.0], [9], [float("nan")], ["x"])]
    + [{"merge_threshold": 2}],
)
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ConfigError, match=next(iter(wrong))):
        detect.build({"name": "pixellink", **wrong})
