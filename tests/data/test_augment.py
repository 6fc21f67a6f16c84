import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.data import augment
from ocrkit.types import Sample


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def quad(x, y, w, h):
    return np.array([[x, y], [x + w, y], [x + w, y + h], [x, y + h]], np.float32)


def scene(quads, ignored=None, size=(300, 500)):
    """A dark picture whose words are white quads."""
    image = np.full((*size, 3), 30, np.uint8)
    for one in quads:
        cv2.fillConvexPoly(image, one.astype(np.int32), (255, 255, 255))
    flags = np.zeros(len(quads), bool) if ignored is None else np.array(ignored)
    return Sample(image, np.array(quads).reshape(-1, 4, 2), tuple("w" * len(quads)), flags)


def test_quads_of_a_scene_go_with_the_picture(rng):
    sample = scene([quad(100, 100, 120, 50), quad(300, 180, 90, 40)])
    seen = 0
    for _ in range(20):
        piece = augment.crop_scene(sample, 320, rng, long_side=640)
        centres = geometry.cell_centres(320, 320, 1)
        inside = np.zeros((320, 320), bool)
        for one in piece.quads:
            inside |= geometry.contains(one, centres)
        bright = piece.image[..., 0] > 140
        assert (inside ^ bright).sum() <= 0.02 * 320 * 320
        seen += inside.any()
    assert seen >= 12


def test_pieces_have_the_size_asked_for_and_keep_flags_with_their_words(rng):
    sample = scene([quad(10, 10, 120, 15), quad(400, 250, 30, 30)], ignored=[False, True])
    for _ in range(20):
        piece = augment.crop_scene(sample, 96, rng, long_side=512)
        assert piece.image.shape == (96, 96, 3)
        assert piece.image.dtype == np.uint8
        sides = np.ptp(piece.quads, axis=1)
        # The ignored word is the square one, however it is scaled and turned by a few degrees.
        for (width, height), ignored in zip(sides, piece.ignored, strict=True):
            assert (max(width, height) / min(width, height) < 1.7) == ignored


def test_scenes_without_words_and_pictures_smaller_than_the_piece(rng):
    piece = augment.crop_scene(scene([], size=(20, 30)), 64, rng, long_side=32)
    assert piece.image.shape == (64, 64, 3)
    assert piece.quads.shape == (0, 4, 2)


def test_most_pieces_hold_a_word(rng):
    sample = scene([quad(480, 280, 15, 8)])
    held = sum(len(augment.crop_scene(sample, 64, rng, long_side=500).quads) for _ in range(100))
    assert 65 <= held <= 97


@pytest.mark.parametrize("change", [augment.colour, augment.photometric])
def test_light_changes_no_shape(change, rng):
    image = scene([quad(20, 20, 60, 20)], size=(60, 120)).image
    before = image.copy()
    results = [change(image, rng) for _ in range(60)]
    assert all(r.shape == image.shape and r.dtype == np.uint8 for r in results)
    np.testing.assert_array_equal(image, before)
    assert sum(not np.array_equal(r, image) for r in results) > 20


def test_jittered_crops_show_the_word(rng):
    sample = scene([quad(100, 100, 120, 30)])
    for _ in range(60):
        crop = augment.jitter_crop(sample.image, sample.quads[0], rng)
        assert 0.9 * 30 * 0.8 <= crop.shape[0] <= 30 * 2.2
        assert 2 < crop.shape[1] / crop.shape[0] < 7
        assert (crop[..., 0] > 140).mean() > 0.4
        assert crop[crop.shape[0] // 2, crop.shape[1] // 2, 0] > 240


def test_a_crop_of_a_turned_word_is_upright(rng):
    """A word that runs down: its crops are either as high as the word is long, or rectified."""
    down = np.roll(quad(200, 50, 40, 160), -1, axis=0)
    sample = scene([down])
    wide = sum(
        c.shape[1] > c.shape[0]
        for c in (augment.jitter_crop(sample.image, down, rng) for _ in range(60))
    )
    assert 15 <= wide <= 45
