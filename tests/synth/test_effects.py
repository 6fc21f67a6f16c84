import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.synth import effects
from ocrkit.types import Image


def plain(level: int, height: int = 40, width: int = 70) -> Image:
    return np.full((height, width, 3), level, np.uint8)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 2**32), st.integers(1, 60), st.integers(1, 60))
def test_a_photograph_keeps_its_size(seed: int, height: int, width: int) -> None:
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (height, width, 3), dtype=np.uint8)
    untouched = image.copy()
    seen = effects.photograph(image, rng)
    assert seen.shape == image.shape
    assert seen.dtype == np.uint8
    assert np.array_equal(image, untouched)


def test_noise_has_the_spread_asked_for() -> None:
    noisy = effects.add_noise(plain(128, 200, 200), 9.0, np.random.default_rng(0))
    assert noisy.std() == pytest.approx(9, rel=0.05)
    assert noisy.mean() == pytest.approx(128, abs=0.2)
    assert noisy[..., 0].std() > 5
    assert not np.array_equal(noisy[..., 0], noisy[..., 1])


def test_noise_does_not_wrap_round() -> None:
    assert effects.add_noise(plain(0), 20.0, np.random.default_rng(0)).max() < 100
    assert effects.add_noise(plain(255), 20.0, np.random.default_rng(0)).min() > 155


def test_shade_only_darkens_and_leaves_some_light() -> None:
    for seed in range(20):
        shaded = effects.shade(plain(200), np.random.default_rng(seed), depth=(0.5, 0.5))
        assert shaded.max() <= 200
        assert shaded.min() >= 98
        assert shaded.min() < 190


def test_adjust_by_hand() -> None:
    # (51 / 255 - 0.5) * 0.5 + 0.5 + 0.1 = 0.45, of 255: 114.75
    assert effects.adjust(plain(51), 0.5, 0.1).flat[0] == 114
    # (51 / 255) ^ 2 = 0.04, of 255: 10.2
    assert effects.adjust(plain(51), 1.0, 0.0, gamma=2.0).flat[0] == 10


def test_blurs_keep_what_is_plain_and_soften_edges() -> None:
    edge = plain(0)
    edge[:, 35:] = 255
    for soften in (lambda i: effects.blur(i, 1.0), lambda i: effects.motion_blur(i, 5, 0.0)):
        assert np.array_equal(soften(plain(90)), plain(90))
        assert 0 < soften(edge)[20, 34, 0] < 255
    # Along the edge nothing changes.
    assert np.array_equal(effects.motion_blur(edge, 5, np.pi / 2), edge)


def test_a_small_picture_enlarged_has_lost_its_stripes() -> None:
    stripes = plain(0)
    stripes[:, ::2] = 255
    assert np.ptp(effects.shrink_and_enlarge(stripes, 0.5).astype(int)[:, 4:-4]) <= 2


def test_compression_changes_little() -> None:
    image = effects.blur(effects.add_noise(plain(100), 30, np.random.default_rng(0)), 2)
    difference = np.abs(effects.compress(image, 90).astype(int) - image)
    assert 0 < difference.mean() < 5


@given(st.integers(0, 2**32), st.floats(0, 127))
def test_ink_shows_on_its_ground(seed: int, least: float) -> None:
    rng = np.random.default_rng(seed)
    ground = effects.light_and_colour(rng)
    ink = effects.contrasting_colour(ground, least, rng)
    assert abs(effects.luminance(ink) - effects.luminance(ground)) >= least - 1e-3
