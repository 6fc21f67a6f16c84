import math

import cv2
import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

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


@st.composite
def labelled(draw):
    """A picture, all of it an ignored region, with words anywhere in it, turned anyhow."""
    height, width = draw(st.integers(100, 300)), draw(st.integers(100, 300))
    quads, flags = [quad(0, 0, width, height)], [True]
    for _ in range(draw(st.integers(1, 6))):
        long, short, angle = draw(st.floats(8, 150)), draw(st.floats(4, 20)), draw(st.floats(-3, 3))
        cos, sin = math.cos(angle), math.sin(angle)
        corners = quad(-long / 2, -short / 2, long, short) @ np.array([[cos, sin], [-sin, cos]])
        quads.append(corners + (draw(st.floats(0, width)), draw(st.floats(0, height))))
        flags.append(draw(st.booleans()))
    image = np.zeros((height, width, 3), np.uint8)
    texts = tuple(map(str, range(len(quads))))
    return Sample(image, np.array(quads, np.float32), texts, np.array(flags))


@given(labelled(), st.sampled_from(["ignore", "keep"]), st.integers(0, 2**32 - 1))
def test_words_in_a_piece_are_whole_or_ignored_and_lie_where_they_should(sample, cut, seed):
    size = 160
    piece = augment.crop_scene(sample, size, np.random.default_rng(seed), 300, cut)
    # Where the whole picture went says where every point went: the map is affine.
    assert piece.texts[0] == "0"
    matrix = cv2.getAffineTransform(sample.quads[0, :3], piece.quads[0, :3])
    went = sample.quads @ matrix[:, :2].T + matrix[:, 2]
    kept = {int(text): index for index, text in enumerate(piece.texts)}
    for number, word in enumerate(map(shapely.Polygon, went)):
        share = word.intersection(shapely.box(0, 0, size, size)).area / word.area
        if number not in kept:
            assert share < 0.03
            continue
        index = kept[number]
        np.testing.assert_allclose(piece.quads[index], went[number], atol=0.05)
        assert share > 0.01
        if share > 0.91 or cut == "keep":
            assert piece.ignored[index] == sample.ignored[number]
        if share < 0.89 and cut == "ignore":
            assert piece.ignored[index]


@pytest.mark.parametrize("cut", ["ignore", "keep"])
@pytest.mark.parametrize("place", [(0, 0), (360, 270), (200, 150)])
def test_the_word_that_a_piece_was_cut_for_is_whole(rng, cut, place):
    """Also one in a corner of the picture; in one piece of five chance decides."""
    sample = scene([quad(*place, 140, 30)])
    pieces = [augment.crop_scene(sample, 256, rng, 512, cut) for _ in range(100)]
    assert (
        sum(((p.quads >= -1e-3) & (p.quads <= 256.001)).all() for p in pieces if len(p.quads)) > 76
    )


def test_words_longer_than_a_piece_are_made_to_fit_if_cut_ones_are_ignored(rng):
    """520 px of a picture that is seen at 600, and pieces of 256: 0.43 is the scale at most."""
    sample = scene([quad(40, 100, 520, 40)], size=(300, 600))

    def counted(cut):
        pieces = [augment.crop_scene(sample, 256, rng, 600, cut) for _ in range(60)]
        return [p for p in pieces if len(p.quads) and not p.ignored[0]]

    whole = counted("ignore")
    assert len(whole) > 36
    assert all(np.ptp(p.quads, axis=1).max() <= 256 / 0.9 for p in whole)
    assert np.mean([np.ptp(p.quads, axis=1).max() > 300 for p in counted("keep")]) > 0.5


def test_where_a_word_lies_in_its_piece_varies(rng):
    sample = scene([quad(230, 140, 40, 20)])
    pieces = [augment.crop_scene(sample, 200, rng, 500) for _ in range(200)]
    middles = np.array([p.quads[0].mean(axis=0) for p in pieces if len(p.quads)])
    assert (middles.std(axis=0) > 35).all()
    assert (np.abs(middles.mean(axis=0) - 100) < 15).all()


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


def test_the_next_word_of_a_line_follows():
    line = [quad(100, 100, 60, 20), quad(168, 102, 40, 18), quad(216, 100, 30, 20)]
    below, far, high = quad(100, 126, 60, 20), quad(270, 100, 40, 20), quad(20, 90, 75, 40)
    shuffled = np.stack([line[2], line[0], line[1], below, far, high])
    assert augment.followers(shuffled).tolist() == [-1, 2, 0, -1, -1, -1]
    assert augment.followers(shuffled[:0]).tolist() == []
    assert augment.followers(np.zeros((3, 4, 2), np.float32)).tolist() == [-1, -1, -1]


@given(st.floats(0, 2 * math.pi), st.floats(0.2, 5))
def test_what_follows_is_the_same_from_every_side(angle, scale):
    quads = np.stack([quad(100, 100, 60, 20), quad(166, 100, 40, 20), quad(100, 140, 60, 20)])
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    turned = (quads @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)
    assert augment.followers(turned).tolist() == [1, -1, -1]


def test_words_of_a_line_are_cut_together(rng):
    quads = np.stack([quad(10, 50, 60, 20), quad(76, 50, 40, 20), quad(122, 50, 50, 20)])
    sample = Sample(np.zeros((90, 300, 3), np.uint8), quads, ("a", "b", "c"), np.zeros(3, bool))
    found = [pair for _ in range(60) for pair in augment.together(sample, rng)]
    spans = {text: [tuple(q[0]), tuple(q[2])] for q, text in found}
    assert spans == {
        "a b": [(10, 50), (116, 70)],
        "a b c": [(10, 50), (172, 70)],
        "b c": [(76, 50), (172, 70)],
    }
    assert 40 < len(found) < 80  # half of the two words that another follows


@pytest.mark.parametrize(
    ("texts", "ignored"), [(("a", None), 2), (("a", "###"), 1), (("", "b"), 2)]
)
def test_words_that_cannot_be_read_are_not_cut_with_others(texts, ignored, rng):
    quads = np.stack([quad(10, 50, 60, 20), quad(76, 50, 40, 20)])
    sample = Sample(np.zeros((90, 300, 3), np.uint8), quads, texts, np.arange(2) == ignored)
    assert not [pair for _ in range(20) for pair in augment.together(sample, rng)]
