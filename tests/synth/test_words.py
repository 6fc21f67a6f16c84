from itertools import islice
from pathlib import Path

import numpy as np
import pytest

from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.words import LEAST_SPREAD, Typefaces, WordGenerator, WordStyle
from ocrkit.types import Image, Sample


@pytest.fixture(scope="module")
def generator(fonts: list[Path], photograph: Image) -> WordGenerator:
    return WordGenerator(Corpus(FALLBACK_WORDS), fonts, Backgrounds([photograph]))


def take(generator: WordGenerator, count: int, **kwargs: int) -> list[Sample]:
    return list(islice(generator.stream(**kwargs), count))


def test_samples(generator: WordGenerator) -> None:
    for sample in take(generator, 150, seed=1):
        height, width = sample.image.shape[:2]
        assert min(height, width) >= 4
        assert sample.image.dtype == np.uint8
        corners = [[0, 0], [width, 0], [width, height], [0, height]]
        if sample.quads[0, 0, 0] == 0:
            assert sample.quads.tolist() == [corners]
        else:  # a word that runs down starts at the top right
            assert sample.quads.tolist() == [[*corners[1:], corners[0]]]
        assert sample.texts[0]
        assert not sample.ignored.any()
        assert sample.image.std(axis=(0, 1)).max() > LEAST_SPREAD


def test_seeds_reproduce(generator: WordGenerator) -> None:
    one, other = (take(generator, 10, seed=3) for _ in range(2))
    for a, b in zip(one, other, strict=True):
        assert a.texts == b.texts
        assert np.array_equal(a.image, b.image)
    assert [s.texts for s in take(generator, 10, seed=4)] != [s.texts for s in one]


def test_workers_share_one_sequence(generator: WordGenerator) -> None:
    whole = [s.texts for s in take(generator, 6, seed=2)]
    halves = [[s.texts for s in take(generator, 3, seed=2, start=i, step=2)] for i in range(2)]
    assert [text for pair in zip(*halves, strict=True) for text in pair] == whole


def test_the_text_is_what_the_corpus_said(fonts: list[Path]) -> None:
    class OneWord(Corpus):
        def sample(self, rng: np.random.Generator) -> str:
            return "Hi5"

    words = take(WordGenerator(OneWord(["x"]), fonts, style=WordStyle(phrases=0)), 20, seed=0)
    assert {s.texts for s in words} == {("Hi5",)}
    phrases = take(WordGenerator(OneWord(["x"]), fonts, style=WordStyle(phrases=1)), 5, seed=0)
    assert {s.texts for s in phrases} == {("Hi5 Hi5 Hi5 Hi5 Hi5 Hi5",)}  # at most 25 characters


def test_a_large_family_does_not_drown_a_small_one() -> None:
    paths = [Path("a/one.ttf"), *(Path(f"b/{i}.ttf") for i in range(300))]
    typefaces, rng = Typefaces(paths), np.random.default_rng(0)
    share = np.mean([typefaces.sample(rng) == str(paths[0]) for _ in range(2000)])
    # The roots of 1 and of 300, cut at 30.
    assert share == pytest.approx(1 / (1 + 30**0.5), abs=0.03)
