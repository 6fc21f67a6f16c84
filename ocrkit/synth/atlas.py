"""Glyphs of many faces in one tensor, and texts set from them, a batch at once.

What is set equals `glyphs.draw_text`'s ink, but that letters are not kerned.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from ocrkit.errors import DataError
from ocrkit.synth.fonts import can_draw
from ocrkit.synth.glyphs import draw_glyph
from ocrkit.synth.words import HEIGHT

Indices = NDArray[np.int64]


class Layout(NamedTuple):
    """Texts as glyphs on canvases of their own, each as large as the text's ink.

    Attributes:
        glyphs: (G,) rows of the atlas.
        words: (G,) which text each belongs to.
        corners: (G, 2) left and top of each glyph's bitmap on its canvas, px.
        sizes: (B, 2) widths and heights of the canvases, px.
    """

    glyphs: Indices
    words: Indices
    corners: Indices
    sizes: Indices


def has_all(face: str, characters: str) -> bool:
    """Whether the face draws each of `characters` but spaces, with more than a haze of ink."""
    letters = (c for c in characters if not c.isspace())
    return all(can_draw(c, face) and draw_glyph(face, HEIGHT, c).ink for c in letters)


def to_device(array: NDArray[np.generic], device: torch.device) -> Tensor:
    """The array there; what has been queued on the device is not waited for."""
    return torch.from_numpy(array).to(device, non_blocking=True)


class Atlas:
    """Bitmaps of glyphs at HEIGHT px per em on a device, and their metrics on the host.

    Args:
        faces: Font files, each of which `has_all` of `characters`.
        characters: What can be set.
        device: Where the bitmaps go.
    """

    def __init__(self, faces: Sequence[str], characters: str, device: torch.device) -> None:
        self.faces, self.characters = list(faces), frozenset(characters)
        ordered = sorted(self.characters)
        self._codes = np.array([ord(c) for c in ordered])
        glyphs = [draw_glyph(face, HEIGHT, c) for face in self.faces for c in ordered]
        inked = [g.alpha if g.ink else g.alpha[:0, :0] for g in glyphs]
        shapes = np.array([alpha.shape for alpha in inked])
        areas = shapes.prod(axis=1)
        empty = (np.inf, np.inf, -np.inf, -np.inf)
        self._ink = np.array([g.ink or empty for g in glyphs], np.float64)
        self._corners = np.array([(g.left, g.top) for g in glyphs])
        self._advances = np.array([g.advance for g in glyphs])
        pixels = np.concatenate([alpha.ravel() for alpha in inked])
        self._pixels = torch.from_numpy(pixels).to(device)
        # Columns: where the bitmap starts, its pixels, its width.
        self._places = np.stack([np.cumsum(areas) - areas, areas, shapes[:, 1]], axis=1)

    def lay(self, texts: Sequence[str], faces: Indices, tracking: NDArray[np.float64]) -> Layout:
        """Texts set flat, each in a face.

        Args:
            texts: One line each, without a space at either end.
            faces: (B,) indices of `self.faces`.
            tracking: (B,) extra space between characters, px.

        Raises:
            DataError: A character is not in the atlas, or a text is empty.
        """
        lengths = np.array([len(text) for text in texts])
        if not all(text and text == text.strip() for text in texts):
            raise DataError("texts to draw: expected characters, and no space at either end")
        codes = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32).astype(np.int64)
        columns = np.minimum(np.searchsorted(self._codes, codes), len(self._codes) - 1)
        lacking = self._codes[columns] != codes
        if lacking.any():
            missing = "".join(sorted({chr(code) for code in codes[lacking]}))
            raise DataError(f"no glyphs for {missing!r}: give a corpus whose charset has them")
        words = np.repeat(np.arange(len(texts)), lengths)
        glyphs = faces[words] * len(self._codes) + columns
        first = np.cumsum(lengths) - lengths
        steps = self._advances[glyphs] + tracking[words]
        before = np.cumsum(steps) - steps
        pens = np.rint(before - before[first][words])
        ink = self._ink[glyphs] + pens[:, None] * [1, 0, 1, 0]
        low = np.minimum.reduceat(ink[:, :2], first)
        sizes = np.maximum.reduceat(ink[:, 2:], first) - low
        corners = self._corners[glyphs] + np.stack([pens, 0 * pens], axis=1) - low[words]
        return Layout(glyphs, words, corners.astype(np.int64), sizes.astype(np.int64))

    def draw(self, layout: Layout) -> Tensor:
        """Canvases (B, 1, H, W) float32 in [0, 1]: 1 where there is ink, in the upper left."""
        device, (columns, rows) = self._pixels.device, layout.sizes.max(axis=0).tolist()
        places = self._places[layout.glyphs]
        canvases = torch.zeros(len(layout.sizes) * rows * columns, device=device)
        total = int(places[:, 1].sum())
        before = np.cumsum(places[:, 1]) - places[:, 1]
        sizes = layout.sizes[layout.words]
        table = np.column_stack([places[:, 0], places[:, 2], before, layout.corners, sizes])
        packed = to_device(np.column_stack([table, layout.words]), device)
        counts = to_device(places[:, 1], device)
        owner = torch.repeat_interleave(counts, output_size=total)
        start, width, earlier, left, top, right, bottom, word = packed.unbind(1)
        nth = torch.arange(total, device=device) - earlier[owner]
        x = left[owner] + nth % width[owner]
        y = top[owner] + nth // width[owner]
        inside = (x >= 0) & (y >= 0) & (x < right[owner]) & (y < bottom[owner])
        # A glyph's haze beyond its word's ink is dropped.
        alpha = torch.where(inside, self._pixels[start[owner] + nth], 0) / 255
        cell = (word[owner] * rows + y.clamp(0, rows - 1)) * columns + x.clamp(0, columns - 1)
        canvases.scatter_reduce_(0, cell, alpha, "amax")
        return canvases.view(-1, 1, rows, columns)
