"""Contact sheets: what must be where, in which colour. How good they look is for eyes."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from ocrkit.data import Dataset, Labels, contact
from ocrkit.data.contact import (
    COUNTED,
    FIRST,
    IGNORED,
    NAME_HEIGHT,
    PAPER,
    SCENE_CELL,
    TEXT_HEIGHT,
    Face,
    Thumbnail,
    sheet,
    spread,
    thumbnail,
)
from ocrkit.errors import DataError
from ocrkit.synth.sheet import WORD_CELL

RING = np.array([[100, 200], [400, 200], [400, 300], [250, 320], [100, 300]], np.float32)
GREY = 90


class One(Dataset):
    """One sample of this size and label."""

    def __init__(self, height, width, labels):
        self._image = np.full((height, width, 3), GREY, np.uint8)
        self._labels = labels

    def __len__(self):
        return 1

    def name(self, index):
        return "s0"

    def place(self, index):
        return "s0"

    def labels(self, index):
        return self._labels

    def image(self, index):
        return self._image


def scene(ignored=False, text="abc"):
    return Labels((RING,), (text,), np.array([ignored]))


def cell(labels, size=SCENE_CELL):
    """The sheet of one sample, without its frame of 2 px."""
    return sheet([thumbnail(One(*size, labels), 0)])[2:-2, 2:-2]


def near(picture, x, y, colour):
    """Whether a pixel within 1 px of a point has about this colour."""
    patch = picture[y - 1 : y + 2, x - 1 : x + 2].astype(int)
    return bool((np.abs(patch - colour).max(axis=2) < 40).any())


@pytest.mark.parametrize(
    ("total", "count", "places"),
    [
        (10, 3, [0, 3, 6]),
        (10, 10, list(range(10))),
        (3, 24, [0, 1, 2]),
        (7, 1, [0]),
        (1000, 4, [0, 250, 500, 750]),
    ],
)
def test_places_are_spread_evenly(total, count, places):
    assert spread(total, count) == places


def test_a_large_scene_is_scaled_with_its_outlines():
    labels = Labels((RING, None), ("a", None), np.array([False, True]), ("Latin", None))
    small = thumbnail(One(1080, 3840, labels), 0)
    # 3840 to 960 is a quarter; 1080 would have to be halved only.
    assert small.image.shape == (270, 960, 3)
    np.testing.assert_allclose(small.labels.outlines[0], RING / 4)
    assert small.labels.outlines[1] is None
    assert small.labels.texts == ("a", None)
    assert small.labels.ignored.tolist() == [False, True]
    assert not small.crop


def test_a_small_picture_grows_no_more_than_four_times():
    assert thumbnail(One(10, 20, scene()), 0).image.shape == (40, 80, 3)
    assert thumbnail(One(12, 20, Labels.of_crop("a")), 0).image.shape == (48, 80, 3)


def test_a_very_long_picture_keeps_a_pixel():
    assert thumbnail(One(2, 9000, scene()), 0).image.shape == (1, 960, 3)


def test_one_word_that_fills_the_picture_is_a_crop():
    assert thumbnail(One(24, 60, Labels.of_crop(None)), 0).crop
    two = Labels((None, None), ("a", "b"), np.zeros(2, bool))
    assert not thumbnail(One(24, 60, two), 0).crop
    assert not thumbnail(One(24, 60, Labels((), (), np.zeros(0, bool))), 0).crop


def test_all_points_of_an_outline_are_drawn_and_the_first_is_marked():
    drawn = cell(scene())
    for x, y in [(250, 200), (400, 250), (325, 310), (250, 320), (175, 310), (100, 250)]:
        assert near(drawn, x, y, COUNTED), (x, y)
    assert (drawn[220:295, 110:390] == GREY).all()
    assert drawn[199, 99].tolist() == list(FIRST)
    assert not near(drawn, 400, 200, FIRST)


def test_ignored_words_are_grey_and_say_nothing():
    drawn = cell(scene(ignored=True))[: SCENE_CELL[0]]
    assert near(drawn, 250, 200, IGNORED)
    assert drawn[199, 99].tolist() == list(IGNORED)
    assert (np.ptp(drawn, axis=2) == 0).all()
    counted = cell(scene())[: SCENE_CELL[0]]
    assert (counted[:190] != GREY).any()  # the strip above the word
    assert (drawn[:190] == GREY).all()


def test_what_counts_lies_above_what_is_ignored():
    both = Labels((RING, RING), ("a", "###"), np.array([False, True]))
    assert near(cell(both), 400, 250, COUNTED)
    assert cell(both)[199, 99].tolist() == list(FIRST)


def test_a_word_without_text_has_no_strip():
    assert (cell(scene(text=None))[:190] == GREY).all()
    assert (cell(scene(text=""))[:190] == GREY).all()


def test_small_words_have_thin_lines():
    def green_rows(height):
        ring = np.array([[100, 200], [400, 200], [400, 200 + height], [100, 200 + height]])
        label = Labels((ring.astype(np.float32),), (None,), np.zeros(1, bool))
        column = cell(label)[190:206, 250].astype(int)
        return int((column[:, 1] - column[:, 0] > 20).sum())

    assert green_rows(20) < green_rows(60)


def test_the_name_stands_below_a_scene():
    drawn = cell(scene())
    assert drawn.shape == (SCENE_CELL[0] + NAME_HEIGHT, SCENE_CELL[1], 3)
    below = drawn[SCENE_CELL[0] :]
    assert below[0, -1].tolist() == list(PAPER)
    assert (below.max(axis=2) > 120)[:, :40].any()
    assert not (below.max(axis=2) > 120)[:, 100:].any()


def test_text_and_name_stand_below_a_crop():
    drawn = cell(Labels.of_crop("abc"), (48, 100))
    height, width = WORD_CELL
    assert drawn.shape == (height + TEXT_HEIGHT + NAME_HEIGHT, width, 3)
    assert (drawn[:height, :100] == GREY).all()
    assert (drawn[:height, 100:] == PAPER).all()
    text = drawn[height : height + TEXT_HEIGHT].astype(int)
    assert (text[..., 1] - text[..., 0] > 100).any()
    name = drawn[height + TEXT_HEIGHT :].astype(int)
    assert (name.max(axis=2) > 120).any()
    assert (np.abs(name[..., 1] - name[..., 0]) < 30).all()


@pytest.mark.parametrize("text", [None, ""])
def test_a_crop_that_says_nothing_says_so_in_grey(text):
    height = WORD_CELL[0]
    below = cell(Labels.of_crop(text), (48, 100))[height : height + TEXT_HEIGHT]
    assert (below != PAPER).any()
    assert (np.ptp(below.astype(int), axis=2) < 30).all()


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (1, 3)), (7, (2, 6))])
def test_crops_fill_rows_of_six(count, shape):
    crops = [thumbnail(One(24, 60, Labels.of_crop("a")), 0)] * count
    height, width = WORD_CELL[0] + TEXT_HEIGHT + NAME_HEIGHT + 4, WORD_CELL[1] + 4
    assert sheet(crops).shape == (shape[0] * height, shape[1] * width, 3)


def test_scenes_fill_rows_of_three_and_crops_among_them_take_a_place():
    scenes = [thumbnail(One(40, 60, scene()), 0)] * 3
    crop = thumbnail(One(24, 60, Labels.of_crop("a")), 0)
    drawn = sheet([*scenes, crop])
    assert drawn.shape == (2 * (SCENE_CELL[0] + NAME_HEIGHT + 4), 3 * (SCENE_CELL[1] + 4), 3)


def test_a_name_that_is_too_long_loses_its_beginning():
    def with_name(name):
        image = np.full((48, 100, 3), GREY, np.uint8)
        drawn = sheet([Thumbnail(name, image, Labels.of_crop("a"), True)])
        return drawn[-2 - NAME_HEIGHT : -2, 2:-2]

    long = "a/very/long/path/that/does/not/fit/below/a/crop/"
    one, other = with_name(f"{long}word_1.png"), with_name(f"{long}word_2.png")
    assert (one != other).any()
    assert (one[:, -4:] == PAPER).all()
    assert (one[:, -40:] != PAPER).any()


@pytest.fixture
def dejavu(monkeypatch):
    fonts = Path(mpl.get_data_path()) / "fonts" / "ttf"
    faces = [fonts / "cmr10.ttf", fonts / "DejaVuSans.ttf", fonts / "cmmi10.ttf"]
    monkeypatch.setattr(contact, "find_fonts", lambda: faces)


def test_the_face_that_draws_most_is_used_and_the_rest_is_spelt_out(dejavu):
    face = Face(["abc", "Жé中"])
    assert face.shown("aЖé") == "aЖé"
    assert face.shown("中\n") == r"\u4e2d\n"
    assert face.font(12).getname()[0] == "DejaVu Sans"


def test_ascii_needs_no_search(monkeypatch):
    monkeypatch.setattr(contact, "find_fonts", None)
    assert Face(["abc ~"]).shown("abc ~") == "abc ~"


def test_without_fonts_code_points_are_written(monkeypatch):
    def none():
        raise DataError("no usable font")

    monkeypatch.setattr(contact, "find_fonts", none)
    face = Face(["中"])
    assert face.shown("a中") == r"a\u4e2d"
    assert cell(scene(text="中")).shape[1] == SCENE_CELL[1]


def test_words_outside_the_picture_and_without_area():
    broken = np.array([[np.nan, 1], [1e30, -1e30], [np.inf, 5]], np.float32)
    rings = (RING + 5000, RING * 0, RING - 5000, broken)
    label = Labels(rings, ("a", "b", "c", "d"), np.zeros(4, bool))
    assert cell(label).shape[1] == SCENE_CELL[1]
