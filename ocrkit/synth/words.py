"""Synthetic word crops, as a detector cuts them from photographs of signs.

A word is set once, flat and large, as masks of ink without colour. One homography then takes each
mask straight to the finished crop, where it is painted on a background: no pixel is drawn that the
crop does not show, which makes small crops cheap.
"""

import math
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.errors import DataError
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus, phrase
from ocrkit.synth.effects import contrasting_colour, light_and_colour, photograph
from ocrkit.synth.fonts import as_drawn, find_fonts
from ocrkit.synth.glyphs import Ink, bend, draw_text, has_glyphs, stamp
from ocrkit.synth.viewpoint import Viewpoint, take
from ocrkit.types import Floats, Image, Sample

LEAST_SPREAD = 6.0  # grey levels; crops that vary less show no text
HEIGHT = 48  # px per em at which a word is set
PAD = HEIGHT // 2  # px of margin round it, for neighbours and shadows
MOST_FACES = 200  # that are tried for a text


class Typefaces:
    """Draws faces so that a folder of 300 odd display fonts does not drown the plain ones.

    Args:
        paths: Font files; those of one folder count as a family.
    """

    def __init__(self, paths: Sequence[Path]) -> None:
        families: dict[Path, list[str]] = {}
        for path in paths:
            families.setdefault(path.parent, []).append(str(path))
        self._families = list(families.values())
        weights = np.sqrt([min(len(f), 30) for f in self._families])
        self._cumulative = np.cumsum(weights / weights.sum()).tolist()

    def sample(self, rng: np.random.Generator) -> str:
        """Path of a face; a family's chance grows with the root of its size."""
        index = bisect_right(self._cumulative, rng.random())
        family = self._families[min(index, len(self._families) - 1)]
        return family[rng.integers(len(family))]


class WordStyle(NamedTuple):
    """How often effects occur: probabilities, but for `least_contrast` in grey levels."""

    bent: float = 0.12
    tracked: float = 0.2
    outlined: float = 0.1
    shadowed: float = 0.15
    embossed: float = 0.04
    textured: float = 0.08
    framed: float = 0.08
    neighbours: float = 0.3
    crossed: float = 0.03
    glare: float = 0.05
    turned: float = 0.75
    small: float = 0.5
    tiny: float = 0.06
    vertical: float = 0.01
    camera: float = 1.0
    phrases: float = 0.12
    boxed: float = 0.5
    least_contrast: float = 30.0


class Layer(NamedTuple):
    """Something to be painted on a crop.

    Attributes:
        alpha: (H, W) uint8, on the canvas where the word is set.
        paint: Colour (3,), or a texture as large as the crop.
        opacity: In [0, 1].
        soft: Sigma of a blur of the finished mask, px of the crop; 0 for none.
    """

    alpha: Image
    paint: Floats
    opacity: float = 1.0
    soft: float = 0.0


class WordGenerator:
    """An endless source of word crops; sample i of seed s is the same on every machine.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What they stand on.
        style: How often the effects occur.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        style: WordStyle | None = None,
    ) -> None:
        self.corpus = corpus or Corpus()
        self.typefaces = Typefaces(fonts if fonts is not None else find_fonts())
        self.backgrounds = backgrounds or Backgrounds()
        self.style = style or WordStyle()

    def stream(self, seed: int, start: int = 0, step: int = 1) -> Iterator[Sample]:
        """Samples `start`, `start + step`, ... of `seed`; `step` workers share one sequence."""
        index = start
        while True:
            yield self.sample(np.random.default_rng((seed, index)))
            index += step

    def sample(self, rng: np.random.Generator) -> Sample:
        """One word crop with a quad around all of it."""
        while True:
            text, crop = self._crop(rng)
            # A crop without any contrast says nothing about its text.
            if float(cv2.meanStdDev(crop)[1].max()) > LEAST_SPREAD:
                break
        quad = geometry.full_quad(crop.shape[:2])
        if rng.random() < self.style.vertical:
            crop = np.ascontiguousarray(np.rot90(crop, -1))  # runs down, as most such signs do
            quad = np.roll(geometry.full_quad(crop.shape[:2]), -1, axis=0)
        return Sample(crop, quad[None], (text,), np.zeros(1, np.bool_))

    def _crop(self, rng: np.random.Generator) -> tuple[str, Image]:
        """A text and a photograph of it."""
        style = self.style
        text, ink = self._ink(rng)
        view = take(ink.quad, style.turned, style.boxed, style.small, rng)
        ground = self.backgrounds.patch(*view.size, rng)
        canvas = ground.astype(np.float32)
        for layer in self._layers(ink, view, ground, rng):
            alpha = view.seen(layer.alpha)
            if layer.soft:
                alpha = np.asarray(cv2.GaussianBlur(alpha, (0, 0), layer.soft), np.uint8)
            blend(canvas, alpha, layer.paint, layer.opacity)
        if rng.random() < style.glare:
            _add_glare(canvas, rng)
        image = np.asarray(canvas, np.uint8)
        if rng.random() < style.tiny:
            image = _enlarged(_resize_height(image, int(rng.integers(5, 10))), rng)
        if rng.random() < style.camera:
            image = photograph(image, rng, strength=min(1.0, image.shape[0] / 32))
        return text, image

    def _text(self, rng: np.random.Generator) -> str:
        """A word, or now and then a few: detectors cut words together that stand close."""
        return phrase(self.corpus, self.style.phrases, rng)

    def _face_and_text(self, rng: np.random.Generator) -> tuple[str, str]:
        """A face that can draw a text, and the text as it draws it."""
        text = self._text(rng)
        for _ in range(MOST_FACES):
            font = self.typefaces.sample(rng)
            drawn = as_drawn(text, font)
            if has_glyphs(drawn, font, HEIGHT):
                return font, drawn
        raise DataError(f"no face draws {text!r}: install more, see tools/install_fonts.sh")

    def _ink(self, rng: np.random.Generator) -> tuple[str, Ink]:
        """A text and its ink, set flat at HEIGHT px per em."""
        style = self.style
        while True:
            font, text = self._face_and_text(rng)
            tracking = rng.uniform(-0.04, 0.3) if rng.random() < style.tracked else 0.0
            ink = draw_text(text, font, HEIGHT, pad=PAD, tracking=tracking)
            # A face without a glyph's true height (ornaments, hairlines) teaches nothing.
            if ink and ink.alpha.shape[1] < 40 * HEIGHT and cv2.mean(ink.alpha)[0] > 2:
                break
        if rng.random() < style.bent and len(text) > 3:
            length = ink.quad[1, 0] - ink.quad[0, 0]
            ink = bend(ink, rng.uniform(-0.18, 0.18) * min(length, 4 * HEIGHT))
        return text, ink

    def _layers(
        self, ink: Ink, view: Viewpoint, ground: Image, rng: np.random.Generator
    ) -> Iterator[Layer]:
        """What is painted on the ground, from bottom to top."""
        style = self.style
        means, spreads = cv2.meanStdDev(ground)
        least = style.least_contrast + 1.5 * min(float(spreads.mean()), 50.0)
        colour = contrasting_colour(means[:, 0].astype(np.float32), least, rng)
        if rng.random() < style.framed:
            yield Layer(_frame(ink, rng), light_and_colour(rng))
        if rng.random() < style.neighbours:
            yield from self._neighbours(ink, view, colour, rng)
        if rng.random() < style.shadowed:
            shadow = _shifted(ink.alpha, rng.uniform(-4, 4), rng.uniform(-4, 4))
            dark = light_and_colour(rng) * np.float32(0.5)
            yield Layer(shadow, dark, rng.uniform(0.4, 1), rng.uniform(0.3, 1.5))
        if rng.random() < style.outlined:
            side = int(rng.integers(2, 6))
            outline = cv2.dilate(ink.alpha, np.ones((side, side), np.uint8))
            yield Layer(np.asarray(outline, np.uint8), light_and_colour(rng))
        opacity = rng.uniform(0.75, 1.0)
        if rng.random() < style.embossed:
            yield from _relief(ink.alpha, means[:, 0].astype(np.float32), rng)
        elif rng.random() < style.textured:
            yield Layer(ink.alpha, self._texture(ground.shape, colour, rng), opacity)
        else:
            yield Layer(ink.alpha, colour, opacity)
        if rng.random() < style.crossed:
            yield Layer(_stroke(ink, rng), light_and_colour(rng), rng.uniform(0.6, 1))

    def _texture(self, shape: tuple[int, ...], colour: Floats, rng: np.random.Generator) -> Floats:
        """A colour that varies as a piece of a photograph does; (h, w, 3)."""
        patch = self.backgrounds.patch(shape[0], shape[1], rng).astype(np.float32)
        variation = patch - np.array(cv2.mean(patch)[:3], np.float32)
        return np.asarray(np.clip(colour + np.float32(0.6) * variation, 0, 255), np.float32)

    def _neighbours(
        self, ink: Ink, view: Viewpoint, colour: Floats, rng: np.random.Generator
    ) -> Iterator[Layer]:
        """Text before, after, above or below, where the crop shows some of it."""
        font = self.typefaces.sample(rng)
        (left, top), (right, bottom) = ink.quad[0].tolist(), ink.quad[2].tolist()
        seen = view.window()
        room = left - seen[0], seen[2] - right, top - seen[1], seen[3] - bottom
        for side in rng.permutation(4)[: rng.integers(1, 4)]:
            gap = rng.uniform(0.12, 0.5) * HEIGHT
            if gap > room[side]:
                continue
            text = self.corpus.sample(rng)
            other = draw_text(text, font, HEIGHT, pad=0) if has_glyphs(text, font, HEIGHT) else None
            if other is None:
                continue
            canvas = np.zeros_like(ink.alpha)
            h, w = other.alpha.shape
            along = rng.uniform(-w / 2, canvas.shape[1] / 2)
            x, y = [
                (left - gap - w, bottom - h),
                (right + gap, bottom - h),
                (along, top - gap - h),
                (along, bottom + gap),
            ][side]
            stamp(canvas, other.alpha, round(x), round(y))
            yield Layer(canvas, colour, 0.95)


def blend(canvas: Floats, alpha: Image, colour: Floats, opacity: float) -> None:
    """Paint `colour` on `canvas` (H, W, 3) in place, through `alpha` (H, W) uint8.

    Args:
        canvas: Float32.
        alpha: 255 where the paint covers.
        colour: (3,), or (H, W, 3).
        opacity: In [0, 1].
    """
    weight = cv2.cvtColor(alpha.astype(np.float32) * np.float32(opacity / 255), cv2.COLOR_GRAY2BGR)
    # cv2 for all of it: NumPy would loop over three channels at a time.
    cv2.add(canvas, cv2.multiply(cv2.subtract(colour, canvas), weight), canvas)


def _frame(ink: Ink, rng: np.random.Generator) -> Image:
    """The edge of a plate round the word, or a rule above or below it."""
    canvas = np.zeros_like(ink.alpha)
    gap, thick = int(rng.integers(4, 18)), int(rng.integers(1, 5))
    (left, top), (right, bottom) = (ink.quad[i].astype(int).tolist() for i in (0, 2))
    if rng.random() < 0.5:
        corners = (left - gap, top - gap), (right + gap, bottom + gap)
        cv2.rectangle(canvas, *corners, 255, thick, cv2.LINE_AA)
    else:
        row = bottom + gap if rng.random() < 0.7 else top - gap
        cv2.line(canvas, (left - 2 * PAD, row), (right + 2 * PAD, row), 255, thick)
    return canvas


def _stroke(ink: Ink, rng: np.random.Generator) -> Image:
    """Something thin in front of the word: a wire, a scratch, a pole."""
    canvas = np.zeros_like(ink.alpha)
    height, width = canvas.shape
    x = rng.uniform(0, width, 2)
    ends = [(int(x[0]), 0), (int(x[0] + rng.normal(0, height)), height)]
    if rng.random() < 0.5:
        y = rng.uniform(0.2, 0.8, 2) * height
        ends = [(0, int(y[0])), (width, int(y[1]))]
    cv2.line(canvas, ends[0], ends[1], 255, int(rng.integers(1, 4)), cv2.LINE_AA)
    return canvas


def _relief(alpha: Image, ground: Floats, rng: np.random.Generator) -> Iterator[Layer]:
    """Engraved or raised letters of the ground's own colour, shown by light and shade alone."""
    depth, angle = rng.uniform(1.0, 2.5), rng.uniform(0, 2 * math.pi)
    dx, dy = depth * math.cos(angle), depth * math.sin(angle)
    yield Layer(_shifted(alpha, dx, dy), np.full(3, 255, np.float32), rng.uniform(0.4, 0.9))
    yield Layer(_shifted(alpha, -dx, -dy), np.zeros(3, np.float32), rng.uniform(0.4, 0.9))
    yield Layer(alpha, np.asarray(ground * rng.uniform(0.8, 1.1), np.float32))


def _shifted(alpha: Image, dx: float, dy: float) -> Image:
    """The mask moved by whole pixels; what leaves it is lost."""
    moved = np.zeros_like(alpha)
    stamp(moved, alpha, round(dx), round(dy))
    return moved


def _add_glare(canvas: Floats, rng: np.random.Generator) -> None:
    """A soft spot of light, in place."""
    height, width = canvas.shape[:2]
    x = np.arange(width, dtype=np.float32)[None] - np.float32(rng.uniform(0, width))
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32(rng.uniform(0, height))
    reach = np.float32(rng.uniform(0.3, 1.5) * height)
    light = np.exp(-(x * x + y * y) / (reach * reach)) * np.float32(rng.uniform(0.3, 0.9))
    canvas += light[..., None] * (255 - canvas)


def _enlarged(image: Image, rng: np.random.Generator) -> Image:
    """A picture of too few pixels, made two to four times as large."""
    factor = rng.uniform(2, 4)
    method = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, None, fx=factor, fy=factor, interpolation=method), np.uint8)


def _resize_height(image: Image, height: int) -> Image:
    rows, columns = image.shape[:2]
    width = max(4, round(columns * height / rows))
    return np.asarray(
        cv2.resize(image, (width, int(height)), interpolation=cv2.INTER_AREA), np.uint8
    )
