"""Stacked words: upright letters, one below the other.

No recogniser here reads them: it sees one letter of great height, or letters that lie on their
backs. So their crop is cut between the letters, and what was cut is laid side by side.
"""

from dataclasses import replace
from itertools import pairwise
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit.types import Floats, Image, Reading

FAINT = 0.35
"""Differences from the ground below this share of the strongest ones are no ink."""

GAP = 0.06
"""Rows and columns with less than this share of the ink of full ones lie between letters."""

LEAST = 0.15
"""Height of a letter, at least, as a share of the crop's width; what is less high is noise."""

JOINED = 1.6
"""What is so many times higher than its fellows is several letters that touch."""


class Stack(NamedTuple):
    """A stacked word laid out in a row.

    `image` shows the letters side by side. Fraction `columns[i]` of its width was at fraction
    `rows[i]` of the stack's height: N + 1 edges of letters each.
    """

    image: Image
    columns: Floats
    rows: Floats

    def along(self, reading: Reading) -> Reading:
        """A reading of `image`, with spans as fractions of the stack's height."""
        characters = []
        for character in reading.characters:
            start, end = np.interp(character.span, self.columns, self.rows).tolist()
            characters.append(replace(character, span=(start, end)))
        return replace(reading, characters=tuple(characters))


def unstack(crop: Image) -> Stack | None:
    """The letters of a crop (H, W, 3), uint8, laid side by side; None if it shows no two."""
    sides = np.concatenate([crop[:, :2], crop[:, -2:]], axis=1).reshape(-1, 3)
    ground = np.median(sides, axis=0)
    ink = _ink(crop, ground)
    cells = _letters(ink)
    if len(cells) < 2:
        return None
    high = max(end - start for start, end in cells)
    border = max(1, round(0.2 * high))
    pieces = [_piece(crop, ink, cell, high + 2 * border, border, ground) for cell in cells]
    widths = np.cumsum([0, *(piece.shape[1] for piece in pieces)])
    edges = np.array([cells[0][0], *(end for _, end in cells)])
    return Stack(
        np.hstack(pieces),
        (widths / widths[-1]).astype(np.float32),
        (edges / len(crop)).astype(np.float32),
    )


def _ink(crop: Image, ground: NDArray[np.float64]) -> Floats:
    """How much each pixel differs from the ground, less what is faint; (H, W)."""
    tone = float(ground @ (0.299, 0.587, 0.114))
    differs = np.abs(cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY).astype(np.float32) - tone)
    found = np.maximum(differs - FAINT * np.percentile(differs, 97), 0)
    return np.asarray(found, np.float32)


def _letters(ink: Floats) -> list[tuple[int, int]]:
    """First row of each letter, and the one after its last."""
    runs = [
        (start, end) for start, end in _runs(ink.sum(axis=1)) if end - start > LEAST * ink.shape[1]
    ]
    usual = float(np.median([end - start for start, end in runs])) if runs else 0.0
    cells: list[tuple[int, int]] = []
    for start, end in runs:
        high = end - start
        count = max(1, round(high / (1.15 * usual))) if high > JOINED * usual else 1
        edges = np.linspace(start, end, count + 1).astype(int).tolist()
        cells += pairwise(edges)
    return cells


def _runs(profile: Floats) -> list[tuple[int, int]]:
    """Where a profile (N,) is above GAP of what it is where it is strong: starts and ends."""
    above = profile > GAP * np.percentile(profile, 90)
    turns = np.flatnonzero(np.diff(above, prepend=False, append=False)).tolist()
    return list(zip(turns[::2], turns[1::2], strict=True))


def _piece(
    crop: Image,
    ink: Floats,
    cell: tuple[int, int],
    height: int,
    border: int,
    ground: NDArray[np.float64],
) -> Image:
    """One letter in the middle of a picture of some height, with half a border at its sides."""
    start, end = cell
    runs = _runs(ink[start:end].sum(axis=0)) or [(0, crop.shape[1])]
    left, right = runs[0][0], runs[-1][1]
    beside = max(1, border // 2)
    piece = np.empty((height, right - left + 2 * beside, 3), np.uint8)
    piece[:] = ground.astype(np.uint8)
    top = (height - (end - start)) // 2
    piece[top : top + end - start, beside : beside + right - left] = crop[start:end, left:right]
    return piece
