import numpy as np
import pytest

from ocrkit.synth import clutter


@pytest.mark.parametrize("size", [(8, 8), (9, 200), (200, 9), (150, 260)])
@pytest.mark.parametrize(
    "draw",
    [
        clutter.bars,
        clutter.windows,
        clutter.bricks,
        clutter.gravel,
        clutter.leaves,
        clutter.boxes,
        clutter.texture,
    ],
)
def test_textures(draw: clutter.Texture, size: tuple[int, int]) -> None:
    spreads = []
    for seed in range(10):
        image = draw(*size, np.random.default_rng(seed))
        assert image.shape == (*size, 3)
        assert image.dtype == np.uint8
        assert np.array_equal(image, draw(*size, np.random.default_rng(seed)))
        spreads.append(image.std())
    assert max(spreads) > 10


@pytest.mark.parametrize("side", [8, 33])
def test_icons(side: int) -> None:
    for seed in range(20):
        mask = clutter.icon(side, np.random.default_rng(seed))
        assert mask.shape == (side, side)
        assert 0.05 < (mask > 127).mean() < 0.9
