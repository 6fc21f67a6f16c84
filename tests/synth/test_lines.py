"""Lines of several words: what they say, and that they are words' crops otherwise."""

from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from ocrkit.synth import viewpoint
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.lines import LINE_STYLE, MAX_LINE, LineGenerator
from ocrkit.synth.words import LEAST_SPREAD
from ocrkit.types import Image, Sample


class Fixed(Corpus):
    """Says the same each time."""

    def __init__(self, text: str) -> None:
        super().__init__(["x"])
        self.text = text

    def sample(self, rng: np.random.Generator) -> str:
        return self.text


@pytest.fixture(scope="module")
def generator(fonts: list[Path], photograph: Image) -> LineGenerator:
    return LineGenerator(Corpus(FALLBACK_WORDS), fonts, Backgrounds([photograph]))


def take(generator: LineGenerator, count: int, **where: int) -> list[Sample]:
    return list(islice(generator.stream(**where), count))


def test_lines_are_wide_pictures_of_several_words(generator: LineGenerator) -> None:
    samples = take(generator, 100, seed=1)
    for sample in samples:
        (text,) = sample.texts
        assert text is not None
        assert len(text.split(" ")) >= 2
        assert text == " ".join(text.split())  # single spaces, none at the ends
        assert len(text) <= MAX_LINE
        height, width = sample.image.shape[:2]
        assert sample.image.dtype == np.uint8
        assert sample.quads.tolist() == [[[0, 0], [width, 0], [width, height], [0, height]]]
        assert not sample.ignored.any()
        assert sample.image.std(axis=(0, 1)).max() > LEAST_SPREAD
    lengths = [len(sample.texts[0] or "") for sample in samples]
    assert min(lengths) < 20
    assert max(lengths) > 50
    assert np.median([s.image.shape[1] / s.image.shape[0] for s in samples]) > 6


def test_equal_seeds_give_equal_lines_and_workers_share_them(generator: LineGenerator) -> None:
    whole = take(generator, 6, seed=2)
    parts = [take(generator, 3, seed=2, start=i, step=2) for i in range(2)]
    for one, other in zip(
        whole, (s for pair in zip(*parts, strict=True) for s in pair), strict=True
    ):
        assert one.texts == other.texts
        assert np.array_equal(one.image, other.image)
    assert [s.texts for s in take(generator, 6, seed=3)] != [s.texts for s in whole]


def test_a_line_has_as_many_words_as_there_is_room_for(fonts: list[Path]) -> None:
    generator = LineGenerator(Fixed("Hi"), fonts)
    counts = {len((s.texts[0] or "").split()) for s in take(generator, 250, seed=1)}
    # 60 characters hold 20 words of 2 and the spaces between; 8 hold 3, and are full.
    assert counts == set(range(3, 21))


def test_two_long_words_make_a_line_though_there_is_little_room(fonts: list[Path]) -> None:
    generator = LineGenerator(Fixed("abcdefghijklm"), fonts)
    texts = [s.texts[0] or "" for s in take(generator, 40, seed=0)]
    assert min(map(len, texts)) == 27
    assert max(map(len, texts)) <= MAX_LINE


def test_a_turned_line_is_cut_along_itself(fonts: list[Path]) -> None:
    """The upright box round a line of 15 words that is turned by 7 degrees is mostly empty."""
    style = LINE_STYLE._replace(bent=0, turned=1, small=0, tiny=0)
    assert style.boxed == 0
    shapes = {}
    for boxed in (0.0, 1.0):
        generator = LineGenerator(Fixed("Hi5"), fonts, style=style._replace(boxed=boxed))
        samples = [s for s in take(generator, 60, seed=0) if len(s.texts[0] or "") > 40]
        shapes[boxed] = np.array([s.image.shape[1] / s.image.shape[0] for s in samples])
    assert np.median(shapes[0.0]) > 2 * np.median(shapes[1.0])


def test_words_are_cut_both_ways() -> None:
    quad = np.array([[0, 0], [30, 10], [30, 20], [0, 10]], np.float32)
    for boxed, upright in ((0.0, False), (1.0, True)):
        for seed in range(20):
            cut = viewpoint.cut(quad, boxed, np.random.default_rng(seed))
            assert (cut[0, 1] == cut[1, 1] and cut[0, 0] == cut[3, 0]) == upright
