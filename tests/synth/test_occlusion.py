import numpy as np
import pytest

from ocrkit.synth import occlusion


@pytest.mark.parametrize("room", [(20, 20), (240, 320)])
@pytest.mark.parametrize(
    "make",
    [
        occlusion.pole,
        occlusion.wires,
        occlusion.leaves,
        occlusion.person,
        occlusion.blob,
    ],
)
def test_things(make: occlusion.Maker, room: tuple[int, int]) -> None:
    for seed in range(15):
        thing = make(room, np.random.default_rng(seed))
        assert thing.image.shape == (*thing.mask.shape, 3)
        assert thing.image.dtype == thing.mask.dtype == np.uint8
        assert thing.mask.mean() / 255 > 0.005


def test_masks_say_where_the_picture_changed() -> None:
    for seed in range(30):
        image = np.full((120, 160, 3), 77, np.uint8)
        mask = occlusion.stand(image, (80.0, 60.0), np.random.default_rng(seed))
        assert mask.shape == (120, 160)
        assert (image[mask == 0] == 77).all()
        if (mask > 200).any():
            assert np.mean((image[mask > 200] != 77).any(axis=1)) > 0.9


def test_things_beyond_the_picture() -> None:
    image = np.full((120, 160, 3), 77, np.uint8)
    assert not occlusion.stand(image, (5000.0, 60.0), np.random.default_rng(0)).any()
    assert (image == 77).all()


def test_how_much_is_covered() -> None:
    mask = np.zeros((100, 200), np.uint8)
    mask[:, 60:] = 255
    quads = np.array(
        [
            [[10, 10], [50, 10], [50, 30], [10, 30]],
            [[40, 10], [80, 10], [80, 30], [40, 30]],
            [[50, 10], [90, 10], [90, 30], [50, 30]],
            [[60, 50], [60, 90], [40, 90], [40, 50]],
            [[100, 10], [140, 30], [130, 50], [90, 30]],
        ],
        np.float32,
    )
    shares = occlusion.covered(mask, quads)
    assert shares == pytest.approx([0, 0.5, 0.75, 0, 1], abs=0.03)
    lower = np.zeros((100, 200), np.uint8)
    lower[20:] = 255
    assert occlusion.covered(lower, quads[:1]) == pytest.approx([0.5], abs=0.03)
    assert occlusion.covered(mask, np.zeros((0, 4, 2), np.float32)).shape == (0,)
