from collections.abc import Callable

import cv2
import numpy as np
import pytest

from ocrkit.synth import materials
from ocrkit.synth.effects import luminance
from ocrkit.types import Image

GREY = np.full(3, 120, np.float32)


@pytest.fixture
def alpha() -> Image:
    mask = np.zeros((40, 120), np.uint8)
    cv2.putText(mask, "wool", (20, 28), cv2.FONT_HERSHEY_SIMPLEX, 0.9, 255, 2)
    return mask


def test_mixing() -> None:
    under, over = np.full((1, 3, 3), 200, np.uint8), np.full((1, 3, 3), 100, np.uint8)
    cover = np.array([[0, 255, 51]], np.uint8)
    assert materials.mixed(under, over, cover)[0, :, 0].tolist() == [200, 100, 180]


def test_ink_covers_as_much_as_its_opacity_says() -> None:
    under = materials.plain((1, 2), np.array([200, 100, 0], np.float32))
    ink = np.array([0, 100, 250], np.float32)
    mask = np.array([[0, 255]], np.uint8)
    assert materials.inked(under, mask, ink)[0].tolist() == [[200, 100, 0], [0, 100, 250]]
    assert materials.inked(under, mask, ink, 0.4)[0, 1].tolist() == [120, 100, 100]


def test_plain_pictures_stay_within_bytes() -> None:
    image = materials.plain((3, 2), np.array([-5.0, 260.0, 17.0], np.float32))
    assert image.shape == (3, 2, 3)
    assert (image == [0, 255, 17]).all()


@pytest.mark.parametrize(
    "write",
    [
        lambda image, alpha, rng: materials.painted(image, alpha, np.zeros(3, np.float32), rng),
        lambda image, alpha, rng: materials.solid(image, alpha, np.zeros(3, np.float32), rng),
        materials.relief,
        materials.neon,
    ],
)
def test_letters_show_and_the_rest_stays(
    alpha: Image, write: Callable[[Image, Image, np.random.Generator], Image]
) -> None:
    ground = materials.plain(alpha.shape, GREY)
    near = cv2.dilate(alpha, np.ones((27, 27), np.uint8)) > 0
    for seed in range(12):
        image = write(ground.copy(), alpha, np.random.default_rng(seed))
        assert image.dtype == np.uint8
        changed = np.abs(image.astype(int) - 120).max(axis=2)
        assert changed[alpha > 200].mean() > 15
        assert changed[~near].mean() < 8


def test_relief_is_light_on_one_side_and_dark_on_the_other(alpha: Image) -> None:
    image = materials.relief(materials.plain(alpha.shape, GREY), alpha, np.random.default_rng(3))
    grey = image.mean(axis=2)
    assert grey.max() > 140
    assert grey.min() < 100


def test_sides_lie_behind_letters(alpha: Image) -> None:
    side, reach = materials.extruded(alpha, np.random.default_rng(0))
    assert (side >= alpha).all()
    assert side.sum() > alpha.sum()
    assert 1 <= abs(reach[0]) == abs(reach[1]) <= 8


def test_sides_are_the_letters_moved_step_by_step(alpha: Image) -> None:
    for seed in range(4):
        side, reach = materials.extruded(alpha, np.random.default_rng(seed))
        steps = np.linspace([0, 0], reach, abs(reach[0]) + 1)
        expected = np.max([materials.shifted(alpha, step) for step in steps], axis=0)
        np.testing.assert_array_equal(side, expected)


def test_masks_move() -> None:
    mask = np.zeros((5, 6), np.uint8)
    mask[1, 2] = 255
    assert np.argwhere(materials.shifted(mask, (3, 1))).tolist() == [[2, 5]]
    assert not materials.shifted(mask, (4, 0)).any()


def test_wear_leaves_most_of_the_paint(alpha: Image) -> None:
    for seed in range(20):
        left = materials.worn(alpha, np.random.default_rng(seed))
        assert (left <= alpha).all()
        assert left.sum() > 0.7 * alpha.sum()


@pytest.mark.parametrize("light", [materials.lit, materials.pixelled])
def test_light_changes_a_sign_but_not_its_size(
    alpha: Image, light: Callable[[Image, np.random.Generator], Image]
) -> None:
    sign = materials.inked(materials.plain(alpha.shape, GREY), alpha, np.zeros(3, np.float32))
    for seed in range(10):
        image = light(sign, np.random.default_rng(seed))
        assert image.shape == sign.shape
        assert not np.array_equal(image, sign)


def test_reflections_are_weaker_than_the_sign() -> None:
    sign = materials.plain((20, 40), np.zeros(3, np.float32))
    mirrored = materials.plain((20, 40), np.full(3, 200, np.float32))
    for seed in range(10):
        image = materials.reflected(sign, mirrored, np.random.default_rng(seed))
        assert 15 <= image.mean() <= 85


def test_inks_show_on_their_ground() -> None:
    rng = np.random.default_rng(0)
    for level in (0, 60, 128, 200, 255):
        ground = np.full(3, level, np.float32)
        apart = [abs(luminance(materials.ink_for(ground, rng)) - level) for _ in range(60)]
        assert min(apart) > 15
        assert np.mean(np.array(apart) > 60) > 0.7
