from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.data.loader import Example, Skipped
from ocrkit.detect.pixellink import PixelLink, PixelLinkConfig
from ocrkit.recognize.crnn import CRNN, CRNNConfig
from ocrkit.train import streams
from ocrkit.train.experiment import load
from ocrkit.train.recipes import FindWords, Prepared, ReadWords
from ocrkit.types import Sample

QUAD = np.array([[10, 10], [70, 10], [70, 30], [10, 30]], np.float32)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture
def reads():
    return ReadWords(CRNN.encode, CRNNConfig())


def scene(*texts, ignored=()):
    image = np.random.default_rng(1).integers(0, 256, (50, 90, 3), dtype=np.uint8)
    flags = np.array([i in ignored for i in range(len(texts))], bool)
    return Sample(image, np.repeat(QUAD[None], len(texts), axis=0), texts, flags)


def crop(text, height, width):
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    return Sample(image, geometry.full_quad(image.shape[:2])[None], (text,), np.zeros(1, bool))


def test_every_legible_word_is_an_example_and_the_rest_is_accounted_for(reads, rng):
    sample = scene("one", "###", None, "日本", "“two”", ignored=(1,))
    found = list(Prepared(reads)("a.png", sample, False, rng))
    examples = [f for f in found if isinstance(f, Example)]
    labels = [e.targets.classes[: int(e.targets.length)] - 1 for e in examples]
    charset = CRNNConfig().charset
    assert ["".join(charset[i] for i in label) for label in labels] == ["one", '"two"']
    assert all(e.name == "a.png" and e.image.shape[:2] == (1, 32) for e in examples)
    skipped = [f for f in found if isinstance(f, Skipped)]
    assert [s.name for s in skipped] == ["a.png", "a.png"]
    assert skipped[0].reason == "a word without a transcription"
    assert "outside the charset" in skipped[1].reason


def test_words_too_long_for_a_label_are_skipped(reads, rng):
    (found,) = Prepared(reads)("a.png", crop("x" * 65, 20, 600), True, rng)
    assert isinstance(found, Skipped)
    assert "at most 64" in found.reason


def test_slivers_are_skipped(reads, rng):
    (found,) = Prepared(reads)("a.png", crop("x", 1, 60), True, rng)
    assert found == Skipped("a.png", "a crop of less than 2 pixels")


def test_synthetic_crops_are_learnt_as_drawn(reads, rng):
    sample = crop("one", 20, 60)
    (piece,) = reads.pieces(sample, True, rng)
    np.testing.assert_array_equal(piece.image, sample.image)


def test_words_of_synthetic_scenes_are_cut_out(reads, rng):
    (piece,) = reads.pieces(scene("one"), True, rng)
    height, width = piece.image.shape[:2]
    assert height < 0.8 * scene("one").image.shape[0]
    corners = [[0, 0], [width, 0], [width, height], [0, height]]
    np.testing.assert_array_equal(piece.quads[0], corners)


def test_photographed_crops_vary(reads, rng):
    sample = crop("one", 20, 60)
    shapes = {next(reads.pieces(sample, False, rng)).image.shape for _ in range(30)}
    assert len(shapes) > 10
    assert sample.image.shape in shapes


@pytest.mark.parametrize(("charset", "spaces"), [(CRNNConfig().charset, True), ("abc", False)])
def test_words_of_a_line_are_read_together_if_spaces_can_be(charset, spaces, rng):
    reads = ReadWords(CRNN.encode, CRNNConfig(charset=charset))
    two = scene("a", "b")
    line = replace(two, quads=two.quads + np.array([[[0, 0]], [[66, 0]]], np.float32))
    texts = {piece.texts[0] for _ in range(20) for piece in reads.pieces(line, False, rng)}
    assert texts == {"a", "b", *(["a b"] if spaces else [])}


@pytest.mark.parametrize(
    ("text", "size", "expected"),
    [
        ("down", (60, 20), (20, 60)),
        ("to", (60, 20), (60, 20)),  # two tall letters are no column
        ("wide", (30, 20), (30, 20)),
    ],
)
def test_columns_are_turned(reads, rng, text, size, expected):
    sample = crop(text, *size)
    (piece,) = reads.pieces(sample, True, rng)
    assert piece.image.shape[:2] == expected
    if expected != size:  # what was at the top comes first
        np.testing.assert_array_equal(piece.image[-1, 0], sample.image[0, 0])
        np.testing.assert_array_equal(piece.image[0, 0], sample.image[0, -1])


def test_pieces_of_scenes(rng):
    recipe = FindWords(PixelLink.encode, PixelLinkConfig(), 96)
    (found,) = Prepared(recipe)("a.png", scene("one"), False, rng)
    assert found.name == "a.png"
    assert found.image.shape == (3, 96, 96)
    assert found.image.dtype == np.float32
    assert found.targets.link.shape == (8, 24, 24)


def test_words_that_a_piece_cuts_are_ignored_or_kept_as_the_recipe_says(rng):
    """Of a word as long as the picture, at the size of the network's input, pieces show a part."""
    word = np.array([[2, 10], [88, 10], [88, 30], [2, 30]], np.float32)
    sample = replace(scene("one", "two"), quads=np.stack([QUAD, word]))
    ignored = {}
    for cut in ("ignore", "keep"):
        recipe = FindWords(PixelLink.encode, PixelLinkConfig(), 64, cut)
        pieces = [next(recipe.pieces(sample, False, rng)) for _ in range(30)]
        ignored[cut] = sum(piece.ignored.sum() for piece in pieces)
    assert ignored["ignore"] > 0
    assert ignored["keep"] == 0


@pytest.mark.parametrize(("config", "cut"), [("pixellink-lite", "keep"), ("east-lite", "ignore")])
def test_only_pixellink_learns_from_cut_words(config, cut):
    experiment = load(Path(__file__).parents[2] / f"configs/detect/{config}.yaml")
    assert streams.recipe(experiment).cut == cut


def test_small_pictures_are_learnt_at_the_size_at_which_they_are_read(rng):
    """90 px grow to 180 at most when read: pieces are of 0.55 to 1.65 times that, not of 1280."""
    recipe = FindWords(PixelLink.encode, PixelLinkConfig(long_side=1280), 512)
    pieces = [next(recipe.pieces(scene("one"), False, rng)) for _ in range(20)]
    heights = [geometry.extent(piece.quads[0])[0] for piece in pieces if len(piece.quads)]
    assert max(heights) < 20 * 2 * 1.65 * 1.2
