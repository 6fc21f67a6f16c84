from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import scenes, typesetter
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Image, Sample

SIZE = (360, 640)


class OneWord(Corpus):
    """Says the same word all the time."""

    def sample(self, rng: np.random.Generator) -> str:
        return "Hi5"


@pytest.fixture(scope="module")
def generator(fonts: list[Path], photograph: Image) -> SceneGenerator:
    backgrounds = Backgrounds([photograph])
    return SceneGenerator(Corpus(FALLBACK_WORDS), fonts, backgrounds, SIZE, words=(3, 20))


@pytest.fixture(scope="module")
def samples(generator: SceneGenerator) -> list[Sample]:
    return list(islice(generator.stream(seed=5), 40))


def test_every_scene_has_words_inside_it(samples: list[Sample]) -> None:
    height, width = SIZE
    for sample in samples:
        assert sample.image.shape == (height, width, 3)
        assert sample.image.dtype == np.uint8
        assert len(sample.texts) == len(sample.quads) >= 1
        assert sample.quads.dtype == np.float32
        assert sample.quads.min() >= 0
        assert (sample.quads.max(axis=(0, 1)) <= [width, height]).all()
        assert all(sample.texts)


def test_quads_run_clockwise_from_where_the_text_starts(samples: list[Sample]) -> None:
    quads = np.concatenate([sample.quads for sample in samples])
    assert (geometry.area(quads) > 0).all()
    along = quads[:, 1] - quads[:, 0]
    degrees = np.abs(np.degrees(np.arctan2(along[:, 1], along[:, 0])))
    assert np.mean(degrees < 20) > 0.85
    assert np.mean(degrees > 100) < 0.02


def test_words_do_not_overlap(samples: list[Sample]) -> None:
    for sample in samples:
        for index, quad in enumerate(sample.quads[:-1]):
            assert geometry.iou(quad, sample.quads[index + 1 :]).max() < 0.05


def test_most_words_can_be_read(samples: list[Sample]) -> None:
    ignored = np.concatenate([sample.ignored for sample in samples])
    assert 0.05 < ignored.mean() < 0.5


def test_seeds_reproduce(generator: SceneGenerator, samples: list[Sample]) -> None:
    for one, other in zip(samples[1:6:2], generator.stream(5, start=1, step=2), strict=False):
        assert np.array_equal(one.image, other.image)
        assert np.array_equal(one.quads, other.quads)
        assert one.texts == other.texts
    assert next(generator.stream(6)).texts != samples[0].texts


@pytest.mark.parametrize("size", [(64, 64), (64, 300), (300, 64), (203, 97)])
def test_any_size(fonts: list[Path], size: tuple[int, int]) -> None:
    generator = SceneGenerator(Corpus(FALLBACK_WORDS), fonts, size=size, words=(1, 4))
    for sample in islice(generator.stream(0), 25):
        assert sample.image.shape == (*size, 3)
        assert len(sample.texts) >= 1
        assert sample.quads.min() >= 0
        assert (sample.quads.max(axis=(0, 1)) <= size[::-1]).all()


def test_texts_are_what_was_drawn(fonts: list[Path], monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    real = set_lines

    def spy(lines: list[Line], setting: Setting, pad: int) -> Lettering | None:
        lettering = real(lines, setting, pad)
        if lettering is not None:
            drawn.extend(lettering.texts)
        return lettering

    monkeypatch.setattr(typesetter, "set_lines", spy)
    # Receipts and number plates say things of their own.
    style = SceneStyle(receipt=0, plate=0)
    generator = SceneGenerator(OneWord(["x"]), fonts, size=SIZE, words=(5, 12), style=style)
    for sample in islice(generator.stream(1), 10):
        assert set(sample.texts) <= set(drawn)
        assert {text.lower() for text in sample.texts if text} == {"hi5"}


def test_small_and_faint_words_are_ignored() -> None:
    image = np.full((60, 200, 3), 120, np.uint8)
    for left in (10, 70, 130):
        cv2.putText(image, "wool", (left, 30), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (255, 255, 255))
    image[:, 60:120] = 120 + (image[:, 60:120].astype(int) - 120) // 20
    high = [[[x, 12], [x + 45, 12], [x + 45, 32], [x, 32]] for x in (10, 70)]
    low = [[[130, 20], [175, 20], [175, 27], [130, 27]]]
    assert scenes._illegible(image, np.array(high + low, np.float32)).tolist() == [
        False,
        True,
        True,
    ]


def test_words_seen_from_the_side_are_too_narrow() -> None:
    quads = np.array([[[0, 0], [w, 0], [w, 30], [0, 30]] for w in (31, 32, 20, 2)], np.float32)
    texts = ("Sheathing", "Sheathing", "to", None)
    # 10 * 0.35 = 3.5 px for each of nine letters are 31.5.
    assert scenes.too_narrow(quads, texts, 10).tolist() == [True, False, False, False]


def test_soft_words_must_be_higher() -> None:
    image = np.zeros((60, 200, 3), np.uint8)
    image[:, ::2] = 255
    quads = np.array([[[x, 5], [x + 40, 5], [x + 40, 5 + h], [x, 5 + h]]
                      for x, h in ((5, 14), (80, 40))], np.float32)  # fmt: skip
    assert scenes._illegible(image, quads, softness=1.0).tolist() == [False, False]
    assert scenes._illegible(image, quads, softness=4.0).tolist() == [True, False]


def test_words_that_the_edge_cuts() -> None:
    inside = [[10, 10], [50, 10], [50, 30], [10, 30]]
    half = [[180, 10], [220, 10], [220, 30], [180, 30]]  # the picture ends at 200
    gone = [[210, 10], [250, 10], [250, 30], [210, 30]]
    quads, outside = scenes._framed(np.array([inside, half, gone], np.float32), (100, 200))
    assert outside.tolist() == pytest.approx([0, 0.5, 1])
    assert quads[0].tolist() == inside
    assert quads[1] == pytest.approx(np.array([[180, 10], [200, 10], [200, 30], [180, 30]]))


def test_a_turned_word_is_cut_along_itself() -> None:
    # 40 x 20 at 90 degrees, its last quarter below the picture.
    quad = np.array([[[60, 70], [60, 110], [40, 110], [40, 70]]], np.float32)
    quads, outside = scenes._framed(quad, (100, 200))
    assert outside.tolist() == pytest.approx([0.25])
    assert quads[0] == pytest.approx(np.array([[60, 70], [60, 100], [40, 100], [40, 70]]), abs=1e-3)


def test_a_slanted_word_keeps_its_direction_where_it_is_cut() -> None:
    # At 45 degrees; its top edge leaves a picture of 80 rows at (160, 80).
    quad = np.array([[[100, 20], [180, 100], [160, 120], [80, 40]]], np.float32)
    quads, outside = scenes._framed(quad, (80, 300))
    assert quads[0, [0, 1, 3]] == pytest.approx(
        np.array([[100, 20], [160, 80], [80, 40]]), abs=0.01
    )
    # Of 80 x 20 (times 2), 40 to 60 of the length lie inside.
    assert outside.tolist() == pytest.approx([3 / 8])


def test_what_is_covered_or_cut_is_ignored_and_then_left_out(sans: str) -> None:
    canvas = scenes.Canvas(np.zeros((100, 200, 3), np.uint8), 0.0, [])
    canvas.image[:, ::3] = 255
    canvas.quads = [
        np.array([[x, 10], [x + 40, 10], [x + 40, 30], [x, 30]], np.float32)
        for x in (0, 50, 100, 150, 185, 197)
    ]
    canvas.texts = list("abcdef")
    lettering = set_lines([Line("abcdef", sans, 20)], Setting(), 0)
    assert lettering is not None
    canvas.details = list(lettering.details)
    mask = np.zeros((100, 200), np.uint8)
    mask[:, 50:90] = 255  # all of b
    mask[:, 100:124] = 255  # 60 % of c
    mask[:, 150:162] = 255  # 30 % of d
    sample, details = scenes._labelled(canvas, canvas.image, mask, 0.0)
    # Of e 25 px of 40 lie outside, of f 37.
    assert sample.texts == ("a", "c", "d", "e")
    assert sample.ignored.tolist() == [False, True, False, True]
    assert len(details) == 4


def test_detailed_scenes_are_the_same_scenes(generator: SceneGenerator) -> None:
    for index in range(12):
        plain = generator.sample(np.random.default_rng((5, index)))
        found = generator.detailed(np.random.default_rng((5, index)))
        assert np.array_equal(plain.image, found.sample.image)
        assert np.array_equal(plain.quads, found.sample.quads)
        count = len(plain.texts)
        assert len(found.outlines) == len(found.characters) == len(found.lines) == count
        for text, characters in zip(plain.texts, found.characters, strict=True):
            assert characters.shape == (len(text or ""), 4, 2)


def test_outlines_agree_with_quads(generator: SceneGenerator) -> None:
    agreed = []
    for index in range(12):
        found = generator.detailed(np.random.default_rng((5, index)))
        for quad, outline in zip(found.sample.quads, found.outlines, strict=True):
            assert outline.shape[1] == 2
            if len(outline) == 4:
                agreed.append(np.abs(outline - quad).max() < 1e-2)
    # Where the picture's edge cuts a word, only the quad ends.
    assert np.mean(agreed) > 0.85


def test_words_of_a_line_follow_each_other(generator: SceneGenerator) -> None:
    found = generator.detailed(np.random.default_rng((5, 1)))
    lines = found.lines
    assert len(set(lines)) > 1
    for line in set(lines):
        quads = found.sample.quads[[number == line for number in lines]]
        along = (quads[0, 1] - quads[0, 0]) / np.linalg.norm(quads[0, 1] - quads[0, 0])
        assert (np.diff(quads.mean(axis=1) @ along) > 0).all()


@pytest.mark.parametrize("name", SceneStyle._fields)
@pytest.mark.parametrize("chance", [0.0, 1.0])
def test_every_effect_can_be_switched(fonts: list[Path], name: str, chance: float) -> None:
    style = SceneStyle()._replace(**{name: chance})
    corpus = Corpus(FALLBACK_WORDS)
    generator = SceneGenerator(corpus, fonts, size=(220, 300), words=(1, 5), style=style)
    sample = next(generator.stream(0))
    assert sample.image.shape == (220, 300, 3)
    assert len(sample.texts) >= 1


def test_plain_scenes(fonts: list[Path]) -> None:
    style = SceneStyle(*[0.0] * len(SceneStyle._fields))
    generator = SceneGenerator(Corpus(FALLBACK_WORDS), fonts, size=SIZE, words=(2, 6), style=style)
    for sample in islice(generator.stream(0), 5):
        assert len(sample.texts) >= 1
        # Nothing but a graded colour and letters: most neighbours are alike.
        steps = np.abs(np.diff(sample.image.astype(int), axis=1)).max(axis=2)
        assert np.mean(steps <= 2) > 0.8
