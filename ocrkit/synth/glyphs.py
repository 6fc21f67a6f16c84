"""Draws a text as an alpha mask: the ink, and nothing of its colour or place.

Glyphs are drawn once and kept: setting a word from them takes a tenth of the time of drawing it.
"""

import functools
import math
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth.fonts import load_font
from ocrkit.types import Floats, Image

HAZE = 40  # of 255; fainter edges of glyphs do not count as ink

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
    """

    alpha: Image
    left: int
    top: int
    ink: tuple[int, int, int, int] | None
    advance: float


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
    starts = [round(pen) for pen in pens]
    boxes = [
        (start + g.ink[0], g.ink[1], start + g.ink[2], g.ink[3])
        for start, g in zip(starts, glyphs, strict=False)
        if g.ink
    ]
    if not boxes:
        return None
    left, top = min(box[0] for box in boxes), min(box[1] for box in boxes)
    right, bottom = max(box[2] for box in boxes), max(box[3] for box in boxes)
    width, height = right - left, bottom - top
    alpha = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    inside = alpha[pad : pad + height, pad : pad + width]
    for start, glyph in zip(starts, glyphs, strict=False):
        if glyph.ink:
            _stamp(inside, glyph.alpha, start + glyph.left - left, glyph.top - top)
    x0, y0, x1, y1 = pad, pad, pad + width, pad + height
    quad = np.array([[x0, y0], [x1, y0], [x1, y1], [x0, y1]], np.float32)
    edges = np.array(pens, np.float32) + np.float32(pad - left)
    return Ink(alpha, quad, float(pad - top), np.stack([edges[:-1], edges[1:]], axis=1))


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
    quad = _ink_quad(np.asarray(alpha, np.uint8))
    if quad is None:
        return ink
    return Ink(np.asarray(alpha, np.uint8), quad, spans=ink.spans)


def _ink_quad(alpha: Image) -> Floats | None:
    """The upright quad (4, 2) round all that is darker than a haze; None if nothing is."""
    rows, columns = (
        np.flatnonzero(alpha.max(axis=1) > HAZE),
        np.flatnonzero(alpha.max(axis=0) > HAZE),
    )
    if not len(rows) or not len(columns):
        return None
    left, top, right, bottom = columns[0], rows[0], columns[-1] + 1, rows[-1] + 1
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _stamp(canvas: Image, alpha: Image, x: int, y: int) -> None:
    """Add a glyph's ink to `canvas` in place; what lies outside is dropped."""
    height, width = alpha.shape
    x0, y0 = max(x, 0), max(y, 0)
    target = canvas[y0 : y + height, x0 : x + width]
    rows, columns = target.shape
    np.maximum(target, alpha[y0 - y : y0 - y + rows, x0 - x : x0 - x + columns], out=target)


def _pens(text: str, font: str, size: int, glyphs: list[Glyph], space: float) -> list[float]:
    """Where each character's pen stands, and where the pen ends; px."""
    pens = [0.0]
    kerned = _has_kerning(font)
    for index, glyph in enumerate(glyphs):
        pair = text[index : index + 2]
        closer = _kerning(font, size, pair) if kerned and len(pair) == 2 else 0.0
        pens.append(pens[-1] + glyph.advance + closer + space)
    return pens


@functools.lru_cache(maxsize=50_000)
def draw_glyph(font: str, size: int, character: str) -> Glyph:
    """A character in a face; about 1 kB each at 48 px."""
    face = load_font(font, size)
    mask, (left, top) = face.getmask2(character, mode="L", anchor="ls")
    width, height = mask.size
    alpha = np.frombuffer(bytes(mask), np.uint8).reshape(height, width)
    quad = _ink_quad(alpha) if width and height else None
    advance = float(face.getlength(character))
    if quad is None:
        return Glyph(alpha, left, top, None, advance)
    (x0, y0), (x1, y1) = quad[0].astype(int).tolist(), quad[2].astype(int).tolist()
    return Glyph(alpha, left, top, (left + x0, top + y0, left + x1, top + y1), advance)


@functools.lru_cache(maxsize=200_000)
def _kerning(font: str, size: int, pair: str) -> float:
    """How much further apart than their advances say two characters stand, px."""
    apart = sum(draw_glyph(font, size, character).advance for character in pair)
    return float(load_font(font, size).getlength(pair)) - apart


@functools.lru_cache(maxsize=4096)
def _has_kerning(font: str) -> bool:
    """Whether the face brings the pairs together that nearly all do."""
    return any(_kerning(font, 64, pair) for pair in ("AV", "To", "VA", "Ta", "P."))
