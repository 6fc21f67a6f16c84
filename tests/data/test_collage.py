import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.data.collage import collage
from ocrkit.types import Sample


def crops(rng, *, ignored=False):
    """A function that gives crops of one colour each, from 20 px high and 40 px wide up."""

    def draw():
        height, width = int(rng.integers(20, 60)), int(rng.integers(40, 400))
        image = np.full((height, width, 3), rng.integers(0, 256, 3), np.uint8)
        quad = geometry.full_quad((height, width))
        return Sample(image, quad[None], ("word",), np.array([ignored]))

    return draw


def test_words_lie_apart_inside_the_sheet_and_look_as_in_their_crops():
    sheet = collage(crops(np.random.default_rng(1)), 256, np.random.default_rng(0))
    assert sheet.image.shape == (256, 256, 3)
    words = sheet.quads[:-1]
    assert len(words) > 10
    assert words.min() >= 0
    assert words.max() <= 256
    seen = np.zeros((256, 256), np.int64)
    for left, top, right, bottom in words[:, [0, 2]].reshape(-1, 4).astype(int):
        seen[top:bottom, left:right] += 1
        patch = sheet.image[top:bottom, left:right].reshape(-1, 3)
        assert (patch == patch[0]).all()
        assert 9 <= bottom - top <= 40 or right - left == round(0.6 * 256)
    assert seen.max() == 1


def test_nothing_is_learnt_of_places():
    sheet = collage(crops(np.random.default_rng(1)), 128, np.random.default_rng(0))
    np.testing.assert_array_equal(sheet.quads[-1], geometry.full_quad((128, 128)))
    assert sheet.texts[-1] is None
    assert sheet.ignored[-1]
    assert not sheet.ignored[:-1].any()


def test_ignored_words_stay_ignored():
    draw = crops(np.random.default_rng(1), ignored=True)
    assert collage(draw, 128, np.random.default_rng(0)).ignored.all()


def test_small_crops_are_enlarged_three_times_at_most():
    image = np.zeros((4, 12, 3), np.uint8)
    tiny = Sample(image, geometry.full_quad((4, 12))[None], ("a",), np.zeros(1, np.bool_))
    sheet = collage(lambda: tiny, 128, np.random.default_rng(0))
    heights, _ = geometry.extent(sheet.quads[:-1])
    assert heights.max() == pytest.approx(12)


def test_the_same_seed_gives_the_same_sheet():
    one, two = (
        collage(crops(np.random.default_rng(1)), 96, np.random.default_rng(5)) for _ in range(2)
    )
    np.testing.assert_array_equal(one.image, two.image)
