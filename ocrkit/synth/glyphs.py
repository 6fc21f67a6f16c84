"""Draws a text as an alpha mask: the ink, and nothing of its colour or place.

Glyphs are drawn once and kept: setting a word from them takes a tenth of the time of drawing it.
"""

import functools
import itertools
import math
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth.fonts import load_font
from ocrkit.types import Floats, Image

HAZE = 40  # of 255; fainter edges of glyphs do not count as ink

_PROBE_SIZE = 48  # px per em at which a face's kerning is tried: words are set at this size too
_NO_SPANS = np.zeros((0, 2), np.float32)


class Ink(NamedTuple):
    """A drawn text.

    Attributes:
        alpha: (H, W) uint8, 255 where there is ink; a margin of `pad` px runs round the text.
        quad: (4, 2) float32, tight round the ink (in px of `alpha`).
        baseline: Row of `alpha` on which the letters stand, px.
        spans: (L, 2) float32, the columns from where each character's pen starts to where the
            next one's does (px of `alpha`).
    """

    alpha: Image
    quad: Floats
    baseline: float = 0.0
    spans: Floats = _NO_SPANS


class Glyph(NamedTuple):
    """A drawn character.

    Attributes:
        alpha: (h, w) uint8; may be empty.
        left, top: Of `alpha`, from the pen on the baseline, px.
        ink: Bounds (left, top, right, bottom) of what is no haze, from
            the pen, px; None if nothing is.
        advance: From the pen to the next character's, px.
        lacking: Whether the face has nothing for the character but what it draws for all
            that it lacks: mostly a box.
    """

    alpha: Image
    left: int
    top: int
    ink: tuple[int, int, int, int] | None
    advance: float
    lacking: bool


def draw_text(text: str, font: str, size: int, pad: int = 4, tracking: float = 0.0) -> Ink | None:
    """`text` in the face `font` at `size` px; None if the face leaves no ink.

    Args:
        text: One line.
        font: Path of the font file.
        size: px per em.
        pad: Empty margin, px.
        tracking: Extra space between characters, in em, beyond the face's own spacing and kerning.
    """
    glyphs = [draw_glyph(font, size, character) for character in text]
    pens = _pens(text, font, size, glyphs, tracking * size)
    inked = [(round(pen), g, g.ink) for pen, g in zip(pens, glyphs, strict=False) if g.ink]
    if not inked:
        return None
    left, right = min([x + ink[0] for x, _, ink in inked]), max([x + ink[2] for x, _, ink in inked])
    top, bottom = min([ink[1] for _, _, ink in inked]), max([ink[3] for _, _, ink in inked])
    width, height = right - left, bottom - top
    alpha = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    inside = alpha[pad : pad + height, pad : pad + width]
    for x, glyph, _ in inked:
        stamp(inside, glyph.alpha, x + glyph.left - left, glyph.top - top)
    quad = _upright_quad(pad, pad, pad + width, pad + height)
    edges = np.array(pens, np.float32) + np.float32(pad - left)
    spans = np.empty((len(glyphs), 2), np.float32)
    spans[:, 0], spans[:, 1] = edges[:-1], edges[1:]
    return Ink(alpha, quad, float(pad - top), spans)


def has_glyphs(text: str, font: str, size: int) -> bool:
    """Whether the face has a glyph for each character of `text` but spaces.

    As `fonts.can_draw`, by the very glyphs that `draw_text` then sets.
    """
    return all(not draw_glyph(font, size, c).lacking or c.isspace() for c in text)


def bend(ink: Ink, sagitta: float) -> Ink:
    """The text on a circular arc that rises (or, negative, sinks) by `sagitta` px in its middle.

    The quad becomes the upright rectangle around the bent ink.
    """
    height, width = ink.alpha.shape
    rise = math.ceil(abs(sagitta))
    x = np.arange(width, dtype=np.float32)
    offset = sagitta * (1 - ((x - width / 2) / (width / 2)) ** 2)
    top = rise if sagitta > 0 else 0
    map_y = np.arange(height + rise, dtype=np.float32)[:, None] - top + offset[None]
    map_x = np.broadcast_to(x, map_y.shape)
    alpha = cv2.remap(ink.alpha, np.ascontiguousarray(map_x), map_y, cv2.INTER_LINEAR)
    box = _ink_box(np.asarray(alpha, np.uint8))
    if box is None:
        return ink
    return Ink(np.asarray(alpha, np.uint8), _upright_quad(*box), spans=ink.spans)


def stamp(canvas: Image, alpha: Image, x: int, y: int) -> None:
    """Add a mask to `canvas` in place, its corner at (x, y); what lies outside is dropped."""
    height, width = alpha.shape
    if x < 0 or y < 0:
        alpha = alpha[max(-y, 0) :, max(-x, 0) :]
    target = canvas[max(y, 0) : max(y + height, 0), max(x, 0) : max(x + width, 0)]
    if target.shape != alpha.shape:
        alpha = alpha[: target.shape[0], : target.shape[1]]
    np.maximum(target, alpha, out=target)


def _ink_box(alpha: Image) -> tuple[int, int, int, int] | None:
    """Bounds (left, top, right, bottom) of all that is darker than a haze; None if nothing is."""
    left, top, width, height = cv2.boundingRect(cv2.threshold(alpha, HAZE, 1, cv2.THRESH_BINARY)[1])
    return (left, top, left + width, top + height) if width else None


def _upright_quad(left: float, top: float, right: float, bottom: float) -> Floats:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _pens(text: str, font: str, size: int, glyphs: list[Glyph], space: float) -> list[float]:
    """Where each character's pen stands, and where the pen ends; px."""
    steps = [glyph.advance + space for glyph in glyphs]
    if _has_kerning(font):
        for index in range(len(text) - 1):
            steps[index] += _kerning(font, size, text[index : index + 2])
    return list(itertools.accumulate(steps, initial=0.0))


@functools.lru_cache(maxsize=100_000)
def draw_glyph(font: str, size: int, character: str) -> Glyph:
    """A character in a face; about 1 kB each at 48 px."""
    face = load_font(font, size)
    mask, (left, top) = face.getmask2(character, mode="L", anchor="ls")
    width, height = mask.size
    pixels = bytes(mask)
    alpha = np.frombuffer(pixels, np.uint8).reshape(height, width)
    box = _ink_box(alpha) if width and height else None
    lacking = box is None or hash(pixels) == _missing(font, size)
    ink = (left + box[0], top + box[1], left + box[2], top + box[3]) if box else None
    return Glyph(alpha, left, top, ink, float(face.getlength(character)), lacking)


@functools.lru_cache(maxsize=65_536)
def _missing(font: str, size: int) -> int:
    """Of the pixels that the face draws for characters that it lacks, the hash: pixels are many."""
    return hash(bytes(load_font(font, size).getmask2("\uffff", mode="L", anchor="ls")[0]))


@functools.lru_cache(maxsize=200_000)
def _kerning(font: str, size: int, pair: str) -> float:
    """How much further apart than their advances say two characters stand, px."""
    apart = sum(draw_glyph(font, size, character).advance for character in pair)
    return float(load_font(font, size).getlength(pair)) - apart


@functools.lru_cache(maxsize=4096)
def _has_kerning(font: str) -> bool:
    """Whether the face brings the pairs together that nearly all do."""
    return any(_kerning(font, _PROBE_SIZE, pair) for pair in ("AV", "To", "VA", "Ta", "P."))
