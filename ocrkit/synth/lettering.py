"""Sets words in lines: one flat mask of ink with a quad round every word."""

import itertools
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from ocrkit.synth.fonts import as_drawn
from ocrkit.synth.glyphs import Ink, draw_text
from ocrkit.types import Floats, Image


class Line(NamedTuple):
    """A line to be set: its words, their face and size (px per em)."""

    words: Sequence[str]
    font: str
    size: int


class Setting(NamedTuple):
    """How lines are set.

    Attributes:
        space: Between words, in em, beyond the tracking.
        leading: From baseline to baseline, in em of the lower line; more where ink would touch.
        tracking: Between characters, in em; 0 lets the face decide.
        align: 0 left, 0.5 centred, 1 right.
    """

    space: float = 0.3
    leading: float = 1.2
    tracking: float = 0.0
    align: float = 0.5


class Lettering(NamedTuple):
    """Words that have been set.

    Attributes:
        alpha: (H, W) uint8, 255 where there is ink.
        quads: (N, 4, 2) float32, tight round the ink of each word (px of `alpha`).
        texts: N words.
    """

    alpha: Image
    quads: Floats
    texts: tuple[str, ...]


class _Placed(NamedTuple):
    text: str
    ink: Ink
    left: int


LEAST_GAP = 0.14  # em between the ink of two lines


def set_lines(lines: Sequence[Line], setting: Setting, pad: int) -> Lettering | None:
    """The lines, one below the other, with `pad` px of empty margin; None if nothing leaves ink."""
    rows = [row for row in ((line.size, _set_words(line, setting)) for line in lines) if row[1]]
    if not rows:
        return None
    baselines = _baselines(rows, setting.leading)
    width = max(_width(row) for _, row in rows)
    height = baselines[-1] + _below(rows[-1][1])
    alpha = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    quads, texts = [], []
    for (_, row), baseline in zip(rows, baselines, strict=True):
        indent = round((width - _width(row)) * setting.align)
        for word in row:
            rows_, columns = word.ink.alpha.shape
            x, y = pad + indent + word.left, pad + baseline - round(word.ink.baseline)
            target = alpha[y : y + rows_, x : x + columns]
            np.maximum(target, word.ink.alpha, out=target)
            quads.append(word.ink.quad + np.array([x, y], np.float32))
            texts.append(word.text)
    return Lettering(alpha, np.stack(quads), tuple(texts))


def _set_words(line: Line, setting: Setting) -> list[_Placed]:
    """The words of one line, from left to right; those without ink are left out."""
    space = max(3, round((setting.space + 1.5 * max(setting.tracking, 0)) * line.size))
    left, row = 0, []
    for word in line.words:
        text = as_drawn(word, line.font)
        ink = draw_text(text, line.font, line.size, pad=0, tracking=setting.tracking)
        if ink is not None:
            row.append(_Placed(text, ink, left))
            left += ink.alpha.shape[1] + space
    return row


def _baselines(rows: Sequence[tuple[int, list[_Placed]]], leading: float) -> list[int]:
    """Row of each line's baseline, from the top of the first line's ink."""
    baselines = [_above(rows[0][1])]
    for (_, upper), (size, lower) in itertools.pairwise(rows):
        least = _below(upper) + _above(lower) + max(2, round(LEAST_GAP * size))
        baselines.append(baselines[-1] + max(round(leading * size), least))
    return baselines


def _width(row: Sequence[_Placed]) -> int:
    return row[-1].left + int(row[-1].ink.alpha.shape[1])


def _above(row: Sequence[_Placed]) -> int:
    """How far the ink of a line rises above its baseline, px."""
    return max(round(word.ink.baseline) for word in row)


def _below(row: Sequence[_Placed]) -> int:
    """How far it sinks below, px."""
    return max(int(word.ink.alpha.shape[0]) - round(word.ink.baseline) for word in row)
