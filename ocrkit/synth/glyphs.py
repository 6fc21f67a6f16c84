"""Draws a text as an alpha mask: the ink, and nothing of its colour or place."""

import math
from typing import NamedTuple

import cv2
import numpy as np
from PIL import ImageFont

from ocrkit.synth.fonts import load_font
from ocrkit.types import Floats, Image

HAZE = 40  # of 255; fainter edges of glyphs do not count as ink


class Ink(NamedTuple):
    """A drawn text.

    Attributes:
        alpha: (H, W) uint8, 255 where there is ink; a margin of `pad` px runs round the text.
        quad: (4, 2) float32, tight round the ink (in px of `alpha`).
        baseline: Row of `alpha` on which the letters stand, px.
    """

    alpha: Image
    quad: Floats
    baseline: float = 0.0


def draw_text(text: str, font: str, size: int, pad: int = 4, tracking: float = 0.0) -> Ink | None:
    """`text` in the face `font` at `size` px; None if the face leaves no ink.

    Args:
        text: One line.
        font: Path of the font file.
        size: px per em.
        pad: Empty margin, px.
        tracking: Extra space between characters, in em; 0 lets the face's kerning decide.
    """
    face = load_font(font, size)
    drawn = _tracked(text, face, tracking * size) if tracking else _bitmap(text, face)
    if drawn is None:
        return None
    _, top, alpha = drawn
    quad = _ink_quad(alpha)
    if quad is None:
        return None
    (x0, y0), (x1, y1) = quad[0].astype(int), quad[2].astype(int)
    padded = np.pad(alpha[y0:y1, x0:x1], pad)
    return Ink(padded, quad - quad[0] + np.float32(pad), float(pad - top - y0))


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
    return ink if quad is None else Ink(np.asarray(alpha, np.uint8), quad)


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


class _Bitmap(NamedTuple):
    """Drawn glyphs and where their first column and row lie from the pen on the baseline, px."""

    left: int
    top: int
    alpha: Image


def _bitmap(text: str, face: ImageFont.FreeTypeFont) -> _Bitmap | None:
    """`text` with the face's own spacing; None if it leaves no ink."""
    mask, (left, top) = face.getmask2(text, mode="L", anchor="ls")
    width, height = mask.size
    if not width or not height:
        return None
    return _Bitmap(left, top, np.frombuffer(bytes(mask), np.uint8).reshape(height, width))


def _tracked(text: str, face: ImageFont.FreeTypeFont, space: float) -> _Bitmap | None:
    """Characters drawn one by one, `space` px further apart than the face says."""
    pen, glyphs = 0.0, []
    for character in text:
        glyph = _bitmap(character, face)
        if glyph is not None:
            glyphs.append(glyph._replace(left=glyph.left + round(pen)))
        pen += face.getlength(character) + space
    if not glyphs:
        return None
    # The canvas follows the glyphs: some faces state an ascent or descent that they do not keep.
    left, top = min(g.left for g in glyphs), min(g.top for g in glyphs)
    right = max(g.left + g.alpha.shape[1] for g in glyphs)
    bottom = max(g.top + g.alpha.shape[0] for g in glyphs)
    canvas = np.zeros((bottom - top, right - left), np.uint8)
    for glyph in glyphs:
        x, y = glyph.left - left, glyph.top - top
        height, width = glyph.alpha.shape
        target = canvas[y : y + height, x : x + width]
        np.maximum(target, glyph.alpha, out=target)
    return _Bitmap(left, top, canvas)
