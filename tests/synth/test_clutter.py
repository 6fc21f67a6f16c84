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
        clutter.shelves,
        clutter.scribbles,
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


def test_bricks_of_a_course_are_shifted_by_half() -> None:
    image = clutter.bricks(200, 300, np.random.default_rng(4)).astype(int)
    edges = np.abs(np.diff(image, axis=1)).sum(axis=2) > 0
    patterns = {row.tobytes() for row in edges if row.any()}
    assert len(patterns) >= 2
    # Between two bricks there is always a joint.
    joint = next(row[0] for row in image if (row == row[0]).all())
    apart = (image[:, 1:] != image[:, :-1]).any(axis=2)
    beside = (image[:, 1:] == joint).all(axis=2) | (image[:, :-1] == joint).all(axis=2)
    assert not (apart & ~beside).any()
    # A brick's rows of pixels are all alike, and joints are of one colour.
    steps = np.abs(np.diff(image, axis=0)).sum(axis=(1, 2)) > 0
    assert steps.mean() < 0.5


def test_muted_colours_keep_their_lightness() -> None:
    colour = np.array([250, 20, 30], np.float32)
    for seed in range(10):
        grey = clutter.muted(colour, np.random.default_rng(seed))
        assert grey.mean() == pytest.approx(100, abs=0.1)
        assert np.ptp(grey) < 190
