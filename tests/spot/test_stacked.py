"""Letters one below the other: cut by hand, laid side by side, chosen by a margin."""

import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.recognize import RecognizerConfig
from ocrkit.spot import TwoStage, WordsConfig
from ocrkit.spot._stacked import Stack, unstack
from ocrkit.types import Character, Detections, Reading


def stack(*rows, height=100, width=30):
    """Black letters 10 px wide in the middle of white paper, at rows (start, end)."""
    image = np.full((height, width, 3), 255, np.uint8)
    for start, end in rows:
        image[start:end, 10:20] = 0
    return image


def test_letters_are_laid_side_by_side():
    """Two of 20 px: a border of 4 above and below, and half of it at the sides."""
    found = unstack(stack((10, 30), (60, 80)))
    assert found.image.shape == (28, 28, 3)
    black = (found.image == 0).all(axis=2)
    wanted = np.zeros((28, 28), bool)
    wanted[4:24, 2:12] = wanted[4:24, 16:26] = True
    np.testing.assert_array_equal(black, wanted)
    assert found.columns.tolist() == pytest.approx([0, 0.5, 1])
    assert found.rows.tolist() == pytest.approx([0.1, 0.3, 0.8])


def test_light_letters_on_dark_ground_too():
    found = unstack(255 - stack((10, 30), (60, 80)))
    assert (found.image == 255).all(axis=2).sum() == 2 * 20 * 10


def test_letters_that_touch_are_parted():
    """Three of 20 px, and one run of 41 px, which is two of them."""
    found = unstack(stack((2, 22), (24, 44), (46, 66), (70, 111), height=120))
    assert len(found.rows) == 1 + 5
    assert found.rows[-2:].tolist() == pytest.approx([90 / 120, 111 / 120])


def test_specks_are_no_letters():
    found = unstack(stack((10, 30), (40, 43), (60, 80)))
    assert len(found.rows) == 1 + 2


@pytest.mark.parametrize("rows", [(), ((10, 90),)])
def test_less_than_two_letters_are_no_stack(rows):
    assert unstack(stack(*rows)) is None


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (300, 2), (3, 40)])
def test_any_crop_will_do(shape):
    noise = np.random.default_rng(0).integers(0, 256, (*shape, 3), np.uint8)
    found = unstack(noise)
    assert found is None or len(found.columns) == len(found.rows)


def test_spans_run_down_the_stack():
    """Half of the row is its first letter, which was at 0.1 to 0.3 of the stack."""
    edges = np.array([0, 0.5, 1], np.float32), np.array([0.1, 0.3, 0.8], np.float32)
    laid = Stack(np.zeros((1, 1, 3), np.uint8), *edges)
    characters = Character("a", 0.9, (0.0, 0.5)), Character("b", 0.8, (0.75, 1.0))
    found = laid.along(Reading("ab", 0.85, characters))
    assert [c.span for c in found.characters] == [
        pytest.approx((0.1, 0.3)),
        pytest.approx((0.55, 0.8)),
    ]
    assert (found.text, found.confidence) == ("ab", 0.85)


class Whole:
    """A detector that finds the whole picture."""

    def detect(self, image, scale=1.0, doubtful=False):
        return Detections(geometry.full_quad(image.shape[:2])[None], np.ones(1, np.float32))


class Tells:
    """A recogniser that is surer of crops that show two letters side by side."""

    config = RecognizerConfig(name="tells")
    language = None

    def __init__(self, sure):
        self.sure = sure
        self.shapes = []

    def read(self, crops):
        self.shapes += [crop.shape[:2] for crop in crops]
        halves = Character("O", 0.9, (0.0, 0.5)), Character("K", 0.9, (0.5, 1.0))
        laid = Reading("OK", self.sure, halves)
        return [laid if len(c) == c.shape[1] == 28 else Reading("I", 0.7) for c in crops]


def spot(sure, **settings):
    recognizer = Tells(sure)
    defaults = {"margin": 0, "min_confidence": 0, "stacked": True, "reach": 0}
    config = WordsConfig(scales=(1,), **defaults | settings)
    ((word,),) = TwoStage(Whole(), recognizer, config).spot([stack((10, 30), (60, 80))])
    return word, recognizer.shapes


def test_a_stack_that_reads_better_is_the_word_and_runs_down():
    word, shapes = spot(0.9)
    assert word.text == "OK"
    assert shapes == [(100, 30), (30, 100), (30, 100), (28, 28)]
    np.testing.assert_array_equal(word.quad, [(30, 0), (30, 100), (0, 100), (0, 0)])
    assert [c.span for c in word.characters] == [
        pytest.approx((0.1, 0.3)),
        pytest.approx((0.3, 0.8)),
    ]


def test_a_stack_needs_a_margin_and_is_off_unless_asked_for():
    assert spot(0.79)[0].text == "I"
    word, shapes = spot(0.9, stacked=False)
    assert (word.text, len(shapes)) == ("I", 3)
    assert not WordsConfig().stacked
