import cv2
import numpy as np
import pytest

from ocrkit.synth import camera
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Image

NOTHING = SceneStyle(*[0.0] * len(SceneStyle._fields))


@pytest.fixture
def picture() -> Image:
    noise = np.random.default_rng(0).integers(0, 256, (60, 90, 3), dtype=np.uint8)
    return np.asarray(cv2.GaussianBlur(noise, (0, 0), 2), np.uint8)


def sharpness(image: Image) -> float:
    return float(np.abs(np.diff(image.astype(int), axis=1)).mean())


def test_nothing_happens_with_all_effects_off(picture: Image) -> None:
    image, softness = camera.taken(picture, NOTHING, np.random.default_rng(0))
    assert np.array_equal(image, picture)
    assert softness == 0


@pytest.mark.parametrize("effect", ["defocus", "motion", "shrunk"])
def test_soft_pictures_are_told(effect: str) -> None:
    picture = np.zeros((360, 1280, 3), np.uint8)
    picture[:, ::8] = picture[:, 1::8] = 255
    style = NOTHING._replace(**{effect: 1.0})
    pairs = []
    for seed in range(20):
        image, softness = camera.taken(picture, style, np.random.default_rng(seed))
        assert softness > 0.3
        pairs.append((softness, sharpness(image)))
    _, sharp = np.array(sorted(pairs)).T
    assert sharp[:5].mean() > sharp[-5:].mean()
    assert sharp.max() <= sharpness(picture)


def test_noise_is_as_strong_as_asked_for() -> None:
    grey = np.full((700, 1100, 3), 128, np.uint8)
    for seed in range(6):
        image = camera.noisy(grey, 8.0, np.random.default_rng(seed))
        assert image.std() == pytest.approx(8, rel=0.1)
        assert image.mean() == pytest.approx(128, abs=0.6)


def test_noise_is_not_the_same_everywhere() -> None:
    grey = np.full((64, 64, 3), 128, np.uint8)
    one, other = (camera.noisy(grey, 5.0, np.random.default_rng(seed)) for seed in (0, 1))
    assert not np.array_equal(one, other)


def test_exposure_keeps_the_order_of_greys() -> None:
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[None, :, None], 3, axis=2)
    for seed in range(20):
        image = camera.exposed(ramp, np.random.default_rng(seed)).astype(int)
        assert (np.diff(image, axis=1) >= 0).all()
        assert image[0, 255].min() - image[0, 0].max() > 90


def test_lamps_only_add_light(picture: Image) -> None:
    brighter = []
    for seed in range(10):
        image = camera.dazzled(picture, np.random.default_rng(seed)).astype(int)
        assert (image >= picture).all()
        brighter.append(image.mean() - picture.mean())
    assert max(brighter) > 5
