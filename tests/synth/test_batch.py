import math
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch

from ocrkit.errors import DataError
from ocrkit.synth import batch as batch_module
from ocrkit.synth import glyphs, paint
from ocrkit.synth.atlas import Atlas
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.batch import TorchWords, camera, from_square
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.glyphs import draw_text
from ocrkit.synth.words import WordStyle
from ocrkit.text import LATIN95, Charset
from ocrkit.types import Image

CPU = torch.device("cpu")
NOTHING = WordStyle(**dict.fromkeys(WordStyle._fields, 0.0))._replace(least_contrast=120)
EVERYTHING = WordStyle(**dict.fromkeys(WordStyle._fields, 1.0))
EFFECTS = {
    "framed": "_frame",
    "neighbours": "_neighbours",
    "shadowed": "_shadow",
    "outlined": "_outline",
    "embossed": "_relief",
    "textured": "_texture",
    "crossed": "_stroke",
    "glare": "_glare",
}


@pytest.fixture(scope="module")
def words(fonts: list[Path], photograph: Image) -> TorchWords:
    return TorchWords(Corpus(FALLBACK_WORDS), fonts, Backgrounds([photograph]), faces=8)


@pytest.fixture
def plain(sans: str) -> TorchWords:
    """No effects at all, in one face."""
    return TorchWords(Corpus(FALLBACK_WORDS), [Path(sans)], style=NOTHING)


def dice(seed: int = 0, colour: tuple[float, ...] = (200, 0, 0)) -> paint.Dice:
    return paint.Dice(np.random.default_rng(seed), CPU, np.array([colour], np.float32))


def test_canvases_hold_what_draw_text_draws(
    fonts: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glyphs, "_has_kerning", lambda font: False)
    faces = [str(font) for font in fonts[:6]]
    atlas = Atlas(faces, LATIN95, CPU)
    texts = ["fjord", "To: AVA", "'.'", "|", "WWWWWWWWWWWW", "_-^"]
    tracking = np.array([-0.3, 0.3, 0, -0.04, 0.17, 0])  # the first one's letters overlap
    layout = atlas.lay(texts, np.arange(6), tracking * 48)
    canvases = atlas.draw(layout)
    for text, face, space, canvas in zip(texts, faces, tracking, canvases, strict=True):
        ink = draw_text(text, face, 48, pad=0, tracking=space)
        assert ink is not None
        rows, columns = ink.alpha.shape
        np.testing.assert_array_equal((canvas[0, :rows, :columns] * 255).round(), ink.alpha)
        assert canvas[0, rows:].sum() == canvas[0, :, columns:].sum() == 0


def test_the_unit_square_goes_to_quads() -> None:
    quads = np.array([[[2, 3], [6, 3], [6, 5], [2, 5]], [[0, 0], [4, 1], [3, 5], [-1, 2]]], float)
    matrices = from_square(quads)
    np.testing.assert_allclose(matrices[0], [[4, 0, 2], [0, 2, 3], [0, 0, 1]])
    corners = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float) @ matrices[1].T
    np.testing.assert_allclose(corners[:, :2] / corners[:, 2:], quads[1], atol=1e-12)


def corners_of(matrices: np.ndarray) -> np.ndarray:
    square = np.array([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1]], float)
    corners = square @ matrices.transpose(0, 2, 1)
    return corners[..., :2] / corners[..., 2:]


def test_a_level_box_is_cut_with_a_margin() -> None:
    sizes = np.tile([[200, 40]], (300, 1))
    style = NOTHING._replace(boxed=1.0)
    matrices, aspects = camera(sizes, np.zeros(300), style, np.random.default_rng(0))
    cuts = corners_of(matrices)
    np.testing.assert_allclose(cuts[:, 0, 1], cuts[:, 1, 1], atol=1e-9)
    np.testing.assert_allclose(cuts[:, 0, 0], cuts[:, 3, 0], atol=1e-9)
    above, below = -cuts[:, 0, 1] / 40, (cuts[:, 2, 1] - 40) / 40
    for margin in (above, below):
        assert margin.min() > -0.0201
        assert margin.max() < 0.2001
        assert margin.max() - margin.min() > 0.15
    # Words are stretched by exp(N(0, 0.15)); the aspect is that of what the camera sees.
    seen = (cuts[:, 1, 0] - cuts[:, 0, 0]) / (cuts[:, 2, 1] - cuts[:, 1, 1])
    stretch = np.log(aspects / seen)
    assert abs(stretch.mean()) < 0.03
    assert 0.12 < stretch.std() < 0.18


def test_a_bent_word_is_cut_with_its_arc() -> None:
    sizes = np.tile([[200, 40]], (2, 1))
    style = NOTHING._replace(boxed=1.0)
    matrices, _ = camera(sizes, np.array([30.0, -30.0]), style, np.random.default_rng(0))
    rising, sinking = corners_of(matrices)
    assert -44 < rising[0, 1] < -28
    assert 39 < rising[2, 1] < 55
    assert -15 < sinking[0, 1] < 2
    assert 68 < sinking[2, 1] < 85


@pytest.mark.parametrize("sagitta", [25.0, -25.0])
def test_arcs_rise_or_sink_in_their_middle(
    plain: TorchWords, sagitta: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "_sagittas", lambda texts, *_: np.full(len(texts), sagitta))
    images = plain.draw(["________"] * 8, np.random.default_rng(2), 128).images.float()
    grey = images.mean(1)
    ink = (grey - grey[:, 16:17, :1]).abs() ** 2
    height = (ink * torch.arange(32)[:, None]).sum(1) / ink.sum(1)
    rise = (height[:, 16] + height[:, 112]) / 2 - height[:, 64]
    assert (rise * math.copysign(1, sagitta)).min() > 2


def test_long_words_are_bent_as_often_as_asked() -> None:
    texts, lengths = ["abcd", "abc"] * 500, np.full(1000, 100)
    sagittas = batch_module._sagittas(texts, lengths, 0.4, np.random.default_rng(0))
    assert (sagittas[1::2] == 0).all()
    assert 150 < (sagittas != 0).sum() < 250
    assert np.abs(sagittas).max() < 18.001
    assert sagittas.min() < -15 < 15 < sagittas.max()


def test_turned_words_hang_aslant_and_cuts_stay_convex() -> None:
    sizes = np.array([[200, 40], [4, 60], [30, 4], [5, 5]] * 500)
    style = NOTHING._replace(turned=1.0)
    cuts = corners_of(camera(sizes, np.zeros(2000), style, np.random.default_rng(0))[0])
    sides = np.roll(cuts, -1, 1) - cuts
    following = np.roll(sides, -1, 1)
    assert (sides[..., 0] * following[..., 1] - sides[..., 1] * following[..., 0] > 0).all()
    boxed = style._replace(boxed=1.0)
    boxes = corners_of(camera(sizes, np.zeros(2000), boxed, np.random.default_rng(0))[0])[::4]
    slopes = (boxes[:, 1, 1] - boxes[:, 0, 1]) / (boxes[:, 1, 0] - boxes[:, 0, 0])
    assert 0.08 < slopes.std() < 0.5


def test_batches_have_their_shape_and_repeat(words: TorchWords) -> None:
    one, same, next_one = (
        words.batch(5, 2, 20, 96),
        words.batch(5, 2, 20, 96),
        words.batch(5, 3, 20, 96),
    )
    assert one.images.shape == (20, 3, 32, 96)
    assert one.images.dtype == torch.uint8
    assert len(one.texts) == 20
    assert one.widths.dtype == torch.int64
    assert 1 <= one.widths.min() <= one.widths.max() <= 96
    assert torch.equal(one.images, same.images)
    assert one.texts == same.texts
    assert one.texts != next_one.texts
    assert not torch.equal(one.images, words.batch(6, 2, 20, 96).images)


def test_labels_stay_with_their_crops(plain: TorchWords, sans: str) -> None:
    texts = ["HELLO", "world", "12:45", "Illinois", "Wow!"]
    result = plain.draw(texts, np.random.default_rng(0), 200)
    assert result.texts == texts
    profiles = []
    for text in texts:
        ink = draw_text(text, sans, 48, pad=0)
        assert ink is not None
        profiles.append(ink.alpha.mean(axis=0))
    for index, (image, width) in enumerate(zip(result.images, result.widths, strict=True)):
        crop = image[..., :width].float().mean(0)
        ink = (crop - crop[0, 0]).abs().mean(0).numpy()
        columns = np.flatnonzero(ink > 0.1 * ink.max())
        ink = ink[columns[0] : columns[-1] + 1]
        likeness = [
            np.corrcoef(cv2.resize(p[None], (len(ink), 1), interpolation=cv2.INTER_AREA)[0], ink)[
                0, 1
            ]
            for p in profiles
        ]
        assert int(np.argmax(likeness)) == index


def test_faces_of_capitals_label_capitals(
    plain: TorchWords, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "as_drawn", lambda text, face: text.upper())
    assert plain.draw(["Abc", "x1"], np.random.default_rng(0), 64).texts == ["ABC", "X1"]
    # Not what the charset cannot say.
    monkeypatch.setattr(batch_module, "as_drawn", lambda text, face: "É")
    assert plain.draw(["e"], np.random.default_rng(0), 64).texts == ["e"]


def test_what_cannot_be_drawn_is_refused(plain: TorchWords) -> None:
    for bad, message in (("née", "'é'"), ("猫", "猫"), ("", "expected"), (" a", "space")):
        with pytest.raises(DataError, match=message):
            plain.draw(["fine", bad], np.random.default_rng(0), 64)


def test_fonts_must_have_the_corpus_characters(sans: str) -> None:
    with pytest.raises(DataError, match="none of the fonts"):
        TorchWords(Corpus(FALLBACK_WORDS, charset=Charset("abc猫")), [Path(sans)])


def test_right_of_a_crop_stands_its_mean(words: TorchWords) -> None:
    result = words.batch(1, 0, 16, 200)
    assert (result.widths < 200).any()
    for image, width in zip(result.images.float(), result.widths, strict=True):
        rest = image[..., width:]
        mean = image[..., :width].mean((1, 2))[:, None, None]
        assert ((rest - mean).abs() < 1.01).all()


def test_wide_words_are_squeezed_not_cut(plain: TorchWords) -> None:
    plain.style = NOTHING._replace(boxed=1.0)
    result = plain.draw(["l" + 18 * "." + "l"], np.random.default_rng(3), 60)
    assert result.widths.tolist() == [60]
    grey = result.images[0].float().mean(0)[8]
    ink = (grey - grey[30]).abs()
    assert ink[:10].max() > 15
    assert ink[-10:].max() > 15
    assert ink[10:-10].max() < 15


@pytest.mark.parametrize("field", EFFECTS)
def test_effects_are_switched_by_style(
    plain: TorchWords, field: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []
    real = getattr(paint, EFFECTS[field])
    spy = lambda scene, rows: (calls.append(len(rows)), real(scene, rows))  # noqa: E731
    monkeypatch.setattr(paint, EFFECTS[field], spy)
    plain.batch(0, 0, 6, 64)
    assert calls == []
    plain.style = NOTHING._replace(**{field: 1.0})
    plain.batch(0, 0, 6, 64)
    assert calls == [6]


def test_phrases_tracking_and_originals_follow_the_style(plain: TorchWords) -> None:
    assert not any(" " in text for text in plain.batch(0, 0, 50, 64).texts)
    plain.style = NOTHING._replace(phrases=1.0)
    texts = plain.batch(0, 0, 50, 64).texts
    assert sum(" " in text for text in texts) > 40
    assert max(map(len, texts)) <= 25
    plain.style = NOTHING._replace(tracked=1.0)
    wider = plain.draw(["iiiiiiii"] * 20, np.random.default_rng(0), 400).widths.float().mean()
    plain.style = NOTHING
    assert (
        wider
        > plain.draw(["iiiiiiii"] * 20, np.random.default_rng(0), 400).widths.float().mean() + 5
    )


def test_grounds_are_pieces_of_one_photograph(sans: str) -> None:
    red, green = np.full((2, 60, 90, 3), [[[[250, 3, 7]]], [[[9, 240, 2]]]], np.uint8)
    words = TorchWords(Corpus(FALLBACK_WORDS), [Path(sans)], Backgrounds([red, green]))
    pieces = words._pieces(dice(), 60, 100)
    assert pieces.shape == (60, 3, 32, 100)
    spread = pieces.amax((2, 3)) - pieces.amin((2, 3))
    assert (spread < 1e-2).float().mean() > 0.9  # the edge between two may show half a pixel
    kinds = {tuple(piece[:, 16, 50].round().int().tolist()) for piece in pieces}
    assert kinds == {(250, 3, 7), (9, 240, 2)}
    grounds = words._grounds(dice(), 400, 100)
    from_photographs = ((grounds[:, 0, 16, 50] - 250).abs() < 1) | (
        (grounds[:, 1, 16, 50] - 240).abs() < 1
    )
    assert 0.3 < from_photographs.float().mean() < 0.5


def test_pieces_run_as_the_photograph_does(sans: str) -> None:
    ramp = np.zeros((320, 480, 3), np.uint8)
    ramp[..., 0] = np.arange(480) // 2
    ramp[..., 1] = np.arange(320)[:, None] // 2
    words = TorchWords(Corpus(FALLBACK_WORDS), [Path(sans)], Backgrounds([ramp]))
    pieces = words._pieces(dice(), 40, 100)
    across = (pieces[:, 0, :, -1] - pieces[:, 0, :, 0]).mean(1) / 99 * 2
    down = (pieces[:, 1, -1] - pieces[:, 1, 0]).mean(1) / 31 * 2
    assert across.min() > 0.25
    assert across.max() < 1.55
    torch.testing.assert_close(across, down, atol=0.05, rtol=0.05)


def test_no_effect_makes_numbers_that_are_none(
    fonts: list[Path], photograph: Image, monkeypatch: pytest.MonkeyPatch
) -> None:
    style = EVERYTHING._replace(boxed=0.5, least_contrast=30.0)
    words = TorchWords(
        Corpus(FALLBACK_WORDS), fonts, Backgrounds([photograph]), style=style, faces=8
    )
    seen: list[torch.Tensor] = []
    real = batch_module._padded
    spy = lambda images, widths: (seen.append(images), real(images, widths))[1]  # noqa: E731
    monkeypatch.setattr(batch_module, "_padded", spy)
    texts = [".", "|", "-", "'", "i", "_", "WWWWWWWWWWWWWWWWWWWWWWWWW", "a b"] * 12
    result = words.draw(texts, np.random.default_rng(0), 120)
    assert torch.isfinite(seen[0]).all()
    assert -0.01 < seen[0].min() < seen[0].max() < 255.01
    assert result.images.float().std((1, 2, 3)).min() > 0
