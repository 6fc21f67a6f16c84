"""Flat pieces of a scene, before the camera sees them: signs, banners, pages, bare lettering."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth import clutter
from ocrkit.synth.backgrounds import Backgrounds, graded
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.effects import contrasting_colour, light_and_colour, luminance
from ocrkit.synth.glyphs import Ink, bend
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.words import Typefaces, blend
from ocrkit.types import Bools, Floats, Image

SIZES = np.unique(
    np.round(8 * 1.12 ** np.arange(28)).astype(int)
)  # px per em; few, as fonts load slowly


class Panel(NamedTuple):
    """A flat picture that covers part of a scene.

    Attributes:
        image: (H, W, 3) uint8.
        cover: (H, W) uint8, 255 where the panel hides what is behind it.
        quads: (N, 4, 2) float32, round the words.
        texts: N words.
    """

    image: Image
    cover: Image
    quads: Floats
    texts: tuple[str, ...]


class Typesetter:
    """Chooses what panels say and in which type.

    Args:
        corpus: The source of words.
        typefaces: The source of faces.
    """

    def __init__(self, corpus: Corpus, typefaces: Typefaces) -> None:
        self.corpus = corpus
        self.typefaces = typefaces

    def sign(self, height: float, most: int, rng: np.random.Generator) -> Lettering | None:
        """Up to five lines, mostly of capitals `height` px high, with no more than `most` words."""
        count = min(1 + int(rng.geometric(0.42)), 6) if rng.random() < 0.75 else 1
        font, accent = self.typefaces.sample(rng), self.typefaces.sample(rng)
        headed = count > 1 and rng.random() < 0.45
        casing, lines = rng.random(), []
        for index in range(count):
            heading = headed and index == 0
            scale = rng.uniform(1.3, 2.4) if heading else rng.choice([1, 1, 1, 0.75])
            few = 1 + int(rng.binomial(3 if heading else 5, rng.uniform(0.1, 0.6)))
            words = [cased(self.corpus.sample(rng), casing) for _ in range(min(few, most))]
            most -= len(words)
            if words:
                lines.append(
                    Line(words, accent if heading else font, nearest_size(height * scale / 0.7))
                )
        return self._set(lines, rng)

    def lettering(self, height: float, most: int, rng: np.random.Generator) -> Lettering | None:
        """One or two short lines, as on a wall or a shop front."""
        font, casing = self.typefaces.sample(rng), rng.random()
        lines = []
        for _ in range(1 if rng.random() < 0.7 else 2):
            few = min(int(rng.integers(1, 4)), most)
            words = [cased(self.corpus.sample(rng), casing) for _ in range(few)]
            most -= len(words)
            if words:
                lines.append(Line(words, font, nearest_size(height / 0.7)))
        flat = self._set(lines, rng)
        if flat is None or len(flat.texts) > 1 or rng.random() > 0.12:
            return flat
        length = float(flat.quads[0, 1, 0] - flat.quads[0, 0, 0])
        sagitta = rng.uniform(-0.2, 0.2) * min(length, 4 * height)
        bent = bend(Ink(flat.alpha, flat.quads[0]), sagitta)
        return Lettering(bent.alpha, bent.quad[None], flat.texts)

    def page(
        self, room: tuple[int, int], height: float, rng: np.random.Generator
    ) -> Lettering | None:
        """Lines that fill `room` (height, width) px, as on a page, a board or a screen."""
        font, size = self.typefaces.sample(rng), nearest_size(height / 0.7)
        leading = rng.uniform(1.15, 2.2)
        lines: list[Line] = []
        used = 0.0
        while used < room[0] - 2 * leading * size and len(lines) < 30:
            heading = rng.random() < 0.1
            em = nearest_size(size * (rng.uniform(1.3, 2) if heading else 1))
            share = rng.uniform(0.2, 0.6) if heading else rng.uniform(0.5, 1) ** 0.5
            lines.append(Line(self._words(room[1] * share / em, rng), font, em))
            used += leading * em
        setting = Setting(
            rng.uniform(0.25, 0.4), leading, align=0.0 if rng.random() < 0.85 else 0.5
        )
        return set_lines(lines, setting, pad=size)

    def _words(self, length: float, rng: np.random.Generator) -> list[str]:
        """At least one word, and as many as fill about `length` em."""
        words: list[str] = []
        while True:
            word = self.corpus.sample(rng)
            length -= 0.55 * len(word) + 0.4
            if words and length < 0:
                return words
            words.append(word)

    def _set(self, lines: Sequence[Line], rng: np.random.Generator) -> Lettering | None:
        tracking = rng.uniform(0.02, 0.3) if rng.random() < 0.15 else 0.0
        setting = Setting(
            space=rng.uniform(0.2, 0.5),
            leading=rng.uniform(0.85, 1.7),
            tracking=tracking,
            align=rng.choice([0.0, 0.5, 0.5, 1.0], p=[0.45, 0.25, 0.25, 0.05]),
        )
        return set_lines(lines, setting, pad=2 + max((line.size for line in lines), default=0) // 6)


def cased(text: str, style: float) -> str:
    """`text` in its sign's casing: `style` in [0, 1] is for CAPITALS, Capitalised, or neither."""
    if style < 0.45:
        return text.upper()
    return text[:1].upper() + text[1:].lower() if style < 0.7 else text


def nearest_size(size: float) -> int:
    """The nearest of SIZES, px per em."""
    return int(SIZES[np.argmin(np.abs(np.log(SIZES / size)))])


def board(
    lettering: Lettering, backgrounds: Backgrounds, rng: np.random.Generator, paper: bool = False
) -> Panel:
    """The lettering on a board of its own, with border, icons and rules."""
    lettering = _with_margin(lettering, paper, rng)
    height, width = lettering.alpha.shape
    image, ground = _ground(height, width, backgrounds, rng, paper)
    least = rng.uniform(25, 60) if rng.random() < 0.2 else 70
    colour = contrasting_colour(ground, least, rng)
    free = cv2.dilate(lettering.alpha, np.ones((5, 5), np.uint8)) == 0
    _decorate(image, free, ground, rng)
    canvas = image.astype(np.float32)
    _paint(canvas, lettering.alpha, colour, rng)
    cover = np.full((height, width), 255, np.uint8)
    if not paper and rng.random() < 0.25:
        rounded = _rounded(height, width, round(min(height, width) * rng.uniform(0.05, 0.5)))
        if not lettering.alpha[rounded < 255].any():
            cover = rounded
    return Panel(np.asarray(canvas, np.uint8), cover, lettering.quads, lettering.texts)


def bare(lettering: Lettering, ground: Floats, spread: float, rng: np.random.Generator) -> Panel:
    """The lettering alone, in a colour that shows on a wall of mean colour `ground`.

    Args:
        lettering: What to paint.
        ground: (3,) RGB.
        spread: Standard deviation of the wall's luminance; the busier, the more contrast is needed.
        rng: The source of all randomness.
    """
    colour = contrasting_colour(ground, 35 + 1.5 * min(spread, 50), rng)
    height, width = lettering.alpha.shape
    image = np.empty((height, width, 3), np.uint8)
    image[:] = colour
    cover = lettering.alpha
    if rng.random() < 0.3:
        image, cover = _backed(image, lettering.alpha, colour, rng)
    opacity = rng.uniform(0.75, 1)
    cover = np.asarray(cv2.convertScaleAbs(cover, alpha=opacity), np.uint8)
    return Panel(image, cover, lettering.quads, lettering.texts)


def blank(height: int, width: int, backgrounds: Backgrounds, rng: np.random.Generator) -> Panel:
    """A piece of scenery without text: a texture, a photograph, or an icon on a board."""
    if rng.random() < 0.65:
        image = clutter.texture(height, width, rng)
    else:
        image = np.ascontiguousarray(backgrounds.patch(height, width, rng))
        ground = image.reshape(-1, 3).mean(axis=0)
        if rng.random() < 0.5:
            _decorate(image, np.ones((height, width), np.bool_), ground, rng)
    empty = np.zeros((0, 4, 2), np.float32)
    return Panel(image, np.full((height, width), 255, np.uint8), empty, ())


def _with_margin(lettering: Lettering, paper: bool, rng: np.random.Generator) -> Lettering:
    """Room round the lettering: a little, but now and then a lot on one side of a sign."""
    height, width = lettering.alpha.shape
    least = min(height, width)
    sides = rng.uniform(0.02, 0.3, 4) * least if not paper else rng.uniform(0.02, 0.12, 4) * least
    if not paper and rng.random() < 0.2:
        sides[rng.integers(4)] += rng.uniform(0.3, 1.2) * least
    top, bottom, left, right = (int(side) for side in sides)
    alpha = np.pad(lettering.alpha, ((top, bottom), (left, right)))
    return Lettering(alpha, lettering.quads + np.array([left, top], np.float32), lettering.texts)


def _ground(
    height: int, width: int, backgrounds: Backgrounds, rng: np.random.Generator, paper: bool
) -> tuple[Image, Floats]:
    """A board's surface and its mean colour."""
    if paper:
        level = rng.uniform(190, 255) if rng.random() < 0.75 else rng.uniform(0, 60)
        colour = np.asarray(np.clip(level + rng.normal(0, 6, 3), 0, 255), np.float32)
        image = np.empty((height, width, 3), np.uint8)
        image[:] = colour
        return image, colour
    image = graded(height, width, rng)
    if rng.random() < 0.25:
        other = backgrounds.patch(height, width, rng)
        weight = rng.uniform(0.1, 0.5)
        image = np.asarray(cv2.addWeighted(image, 1 - weight, other, weight, 0), np.uint8)
    image = np.ascontiguousarray(image)
    return image, np.asarray(cv2.mean(image)[:3], np.float32)


def _decorate(image: Image, free: Bools, ground: Floats, rng: np.random.Generator) -> None:
    """Border, rules and icons in place, where `free` (H, W) is true."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    least = min(height, width)
    if rng.random() < 0.4:
        thick = max(1, round(least * rng.uniform(0.01, 0.06)))
        inset = int(rng.integers(0, 3) * thick)
        cv2.rectangle(mask, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, thick)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.3 else 0):
        side = int(np.clip(least * rng.uniform(0.15, 0.7), 8, least))
        x, y = rng.integers(width - side + 1), rng.integers(height - side + 1)
        if free[y : y + side, x : x + side].all():
            mask[y : y + side, x : x + side] = clutter.icon(side, rng)
    if rng.random() < 0.15:
        y = int(rng.integers(height))
        if free[y : y + 2].all():
            mask[y : y + 2] = 255
    if mask.any():
        painted = free & (mask > 127)
        image[painted] = contrasting_colour(ground, 30, rng)


def _paint(canvas: Floats, alpha: Image, colour: Floats, rng: np.random.Generator) -> None:
    """Ink on a board, in place; now and then with a drop shadow or an outline under it."""
    style = rng.random()
    if style < 0.12:
        blend(
            canvas,
            _shifted(alpha, rng),
            light_and_colour(rng) * np.float32(0.4),
            rng.uniform(0.4, 0.9),
        )
    elif style < 0.18:
        outline = cv2.dilate(alpha, np.ones((3, 3), np.uint8))
        under = 0.0 if luminance(colour) > 127 else 255.0
        blend(canvas, np.asarray(outline, np.uint8), np.full(3, under, np.float32), 0.9)
    blend(canvas, alpha, colour, rng.uniform(0.85, 1.0))


def _backed(
    image: Image, alpha: Image, colour: Floats, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Bare lettering with a shadow, a glow or an outline behind it: its picture and its cover."""
    style = rng.random()
    if style < 0.5:
        under = _shifted(alpha, rng)
        behind = np.float32(0.3) * light_and_colour(rng)
    elif style < 0.7:
        soft = cv2.GaussianBlur(alpha, (0, 0), 1 + 0.05 * min(alpha.shape))
        under = np.asarray(cv2.convertScaleAbs(soft, alpha=rng.uniform(0.5, 1.2)), np.uint8)
        behind = light_and_colour(rng) if luminance(colour) > 127 else np.full(3, 255, np.float32)
    else:
        under = np.asarray(cv2.dilate(alpha, np.ones((3, 3), np.uint8)), np.uint8)
        behind = np.full(3, 0.0 if luminance(colour) > 127 else 255.0, np.float32)
    canvas = np.empty(image.shape, np.float32)
    canvas[:] = behind
    blend(canvas, alpha, colour, 1.0)
    return np.asarray(canvas, np.uint8), np.maximum(alpha, under)


def _shifted(alpha: Image, rng: np.random.Generator) -> Image:
    """A soft shadow, thrown aside by a little."""
    height, width = alpha.shape
    angle, reach = rng.uniform(0, 2 * math.pi), max(1.0, 0.03 * min(height, width))
    move = np.array([[1, 0, reach * math.cos(angle)], [0, 1, reach * math.sin(angle)]])
    moved = cv2.warpAffine(alpha, move, (width, height))
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.5, 2)), np.uint8)


def _rounded(height: int, width: int, radius: int) -> Image:
    """A full cover with round corners."""
    cover = np.zeros((height, width), np.uint8)
    radius = max(1, min(radius, (min(height, width) - 1) // 2))
    cv2.rectangle(cover, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(cover, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(cover, (x, y), radius, 255, -1, cv2.LINE_AA)
    return cover
