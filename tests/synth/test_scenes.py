from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import panels, scenes
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.panels import Panel
from ocrkit.synth.scenes import MARGIN, SceneGenerator
from ocrkit.types import Floats, Image, Sample

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


@pytest.fixture
def lettering(sans: str) -> Lettering:
    lines = [Line(["Agile", "quay"], sans, 40), Line(["by", "1205"], sans, 26)]
    lettering = set_lines(lines, Setting(), pad=10)
    assert lettering is not None
    return lettering


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
    assert 0 < ignored.mean() < 0.35


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

    monkeypatch.setattr(panels, "set_lines", spy)
    generator = SceneGenerator(OneWord(["x"]), fonts, size=SIZE, words=(5, 12))
    for sample in islice(generator.stream(1), 10):
        assert set(sample.texts) <= set(drawn)
        assert {text.lower() for text in sample.texts if text} == {"hi5"}


def seen_from(points: list[tuple[float, float]]) -> Floats:
    return np.array(points, np.float32)


@pytest.mark.parametrize(
    "outline",
    [
        seen_from([(20, 30), (250, 30), (250, 120), (20, 120)]),
        seen_from([(40.5, 90.2), (270, 60), (290.7, 160), (30, 180)]),
        seen_from([(300, 20), (450, 140), (400, 240), (240, 110)]),
    ],
)
def test_quads_fit_the_ink(lettering: Lettering, outline: Floats) -> None:
    height, width = lettering.alpha.shape
    white = np.full((height, width, 3), 255, np.uint8)
    for index in range(len(lettering.texts)):
        # One word at a time, so that its ink can be told from the others'.
        left, top = lettering.quads[index, 0].astype(int)
        right, bottom = lettering.quads[index, 2].astype(int)
        cover = np.zeros_like(lettering.alpha)
        cover[top:bottom, left:right] = lettering.alpha[top:bottom, left:right]
        scene = scenes._Scene(np.zeros((*SIZE, 3), np.uint8), tilt=0.0)
        panel = Panel(white, cover, lettering.quads[index][None], (lettering.texts[index],))
        matrix = scene.paste(panel, outline, np.random.default_rng(1))
        # Back in the panel's own pixels, the quad's sides are straight and upright.
        rows, columns = np.nonzero(scene.image[..., 0] > HAZE)
        centres = np.column_stack([columns, rows]).astype(np.float32) + np.float32(0.5)
        ink = geometry.project(np.linalg.inv(matrix), centres)
        scale = np.sqrt(geometry.area(outline) / (height * width))
        edges = np.concatenate([ink.min(axis=0), ink.max(axis=0)])
        assert (np.abs(edges - [left, top, right, bottom]) * scale < 1.5).all()


def test_the_margin_round_the_ink() -> None:
    quad = np.array([[[10, 20], [60, 20], [60, 70], [10, 70]]], np.float32)
    assert MARGIN == 0.06
    assert scenes._grown(quad).tolist() == [[[7, 17], [63, 17], [63, 73], [7, 73]]]


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


def test_sums_over_windows() -> None:
    grid = np.arange(12, dtype=np.uint8).reshape(3, 4)
    #  0  1  2  3
    #  4  5  6  7
    #  8  9 10 11
    assert scenes._sums(grid, 2, 3).tolist() == [[18, 24], [42, 48]]
    assert scenes._sums(grid, 3, 4).tolist() == [[66]]
    assert scenes._sums(grid, 4, 1).size == 0
    assert scenes._sums(grid, 1, 5).size == 0


def test_mixing() -> None:
    under, over = np.full((1, 3, 3), 200, np.uint8), np.full((1, 3, 3), 100, np.uint8)
    cover = np.array([[0, 255, 51]], np.uint8)
    assert scenes._mixed(under, over, cover)[0, :, 0].tolist() == [200, 100, 180]


def test_seen_panels_fit_the_room() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        outline = scenes._seen((300, 900), (360, 640), 3.0, rng)
        assert outline.min() == pytest.approx(0, abs=1e-3)
        assert (outline.max(axis=0) <= [0.94 * 640 + 1e-3, 0.94 * 360 + 1e-3]).all()
        assert geometry.area(outline) > 0
