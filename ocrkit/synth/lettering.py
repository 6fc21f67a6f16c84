"""Sets words in lines: one flat mask of ink, and where its words, lines and characters are."""

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from ocrkit.synth.fonts import as_drawn, can_draw
from ocrkit.synth.glyphs import Ink, draw_text
from ocrkit.types import Floats, Image

Map = Callable[[Floats], Floats]  # takes points (..., 2) to where they come to lie


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
        justified: The last word of a line stands at the right edge.
    """

    space: float = 0.3
    leading: float = 1.2
    tracking: float = 0.0
    align: float = 0.5
    justified: bool = False


class Detail(NamedTuple):
    """What is known of a word beside its quad and its text; measured when it is asked for.

    Attributes:
        line: Words of one line have one number.
        outline: Gives (2 K, 2) float32, K points along the top, K back along the bottom; as loose
            as a label's quad. K is 2 where the word is straight.
        characters: Gives (M, 4, 2) float32, tight round the ink of each of the word's M characters;
            a character without ink has a quad without area.
    """

    line: int
    outline: Callable[[], Floats]
    characters: Callable[[], Floats]

    def mapped(self, to: Map) -> "Detail":
        """The same word where `to` takes it."""
        return Detail(self.line, lambda: to(self.outline()), lambda: to(self.characters()))

    def divided(self) -> "Detail":
        """With an outline that can follow a curve."""
        return self._replace(outline=lambda: subdivided(self.outline()))


class Lettering(NamedTuple):
    """Words that have been set.

    Attributes:
        alpha: (H, W) uint8, 255 where there is ink.
        quads: (N, 4, 2) float32, tight round the ink of each word (px of `alpha`).
        texts: N words.
        details: N of them.
    """

    alpha: Image
    quads: Floats
    texts: tuple[str, ...]
    details: tuple[Detail, ...]


class _Placed(NamedTuple):
    text: str
    ink: Ink
    left: int
    characters: Callable[[], Floats]


LEAST_GAP = 0.14  # em between the ink of two lines
MARGIN = 0.06  # of a word's height, between its ink and its label


def set_lines(lines: Sequence[Line], setting: Setting, pad: int) -> Lettering | None:
    """The lines, one below the other, with `pad` px of empty margin; None if nothing leaves ink."""
    rows = [row for row in ((line.size, _set_words(line, setting)) for line in lines) if row[1]]
    if not rows:
        return None
    baselines = _baselines(rows, setting.leading)
    width = max(_width(row) for _, row in rows)
    height = baselines[-1] + _below(rows[-1][1])
    alpha = np.zeros((height + 2 * pad, width + 2 * pad), np.uint8)
    quads, texts, details = [], [], []
    for number, ((_, row), baseline) in enumerate(zip(rows, baselines, strict=True)):
        if setting.justified and len(row) > 1:
            row[-1] = row[-1]._replace(left=row[-1].left + width - _width(row))
        indent = round((width - _width(row)) * setting.align)
        for word in row:
            rows_, columns = word.ink.alpha.shape
            x, y = pad + indent + word.left, pad + baseline - round(word.ink.baseline)
            target = alpha[y : y + rows_, x : x + columns]
            np.maximum(target, word.ink.alpha, out=target)
            corner = np.array([x, y], np.float32)
            quads.append(word.ink.quad + corner)
            texts.append(word.text)
            details.append(_detail(number, word, corner))
    return Lettering(alpha, np.stack(quads), tuple(texts), tuple(details))


def grown(quads: Floats) -> Floats:
    """Upright quads (N, 4, 2) with MARGIN of their height added on every side."""
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    height = quads[:, 3, 1] - quads[:, 0, 1]
    return np.asarray(quads + np.float32(MARGIN) * height[:, None, None] * outwards, np.float32)


def subdivided(outline: Floats, count: int = 7) -> Floats:
    """A ring of four points with `count` points along the top and the bottom; (2 `count`, 2).

    A ring of more points is given back as it is.
    """
    if len(outline) > 4:
        return outline
    steps = np.linspace(0, 1, count, dtype=np.float32)[:, None]
    top = outline[0] + steps * (outline[1] - outline[0])
    bottom = outline[2] + steps * (outline[3] - outline[2])
    return np.concatenate([top, bottom])


def _set_words(line: Line, setting: Setting) -> list[_Placed]:
    """The words of one line, from left to right; those that the face cannot draw are left out."""
    space = max(3, round((setting.space + 1.5 * max(setting.tracking, 0)) * line.size))
    left, row = 0, []
    for word in line.words:
        text = as_drawn(word, line.font)
        if not can_draw(text, line.font):
            continue
        ink = draw_text(text, line.font, line.size, pad=0, tracking=setting.tracking)
        if ink is not None:
            measure = functools.partial(_characters, text, ink, line)
            row.append(_Placed(text, ink, left, measure))
            left += ink.alpha.shape[1] + space
    return row


def _detail(line: int, word: _Placed, corner: Floats) -> Detail:
    flat = Detail(line, lambda: grown(word.ink.quad[None])[0], word.characters)
    return flat.mapped(lambda points: points + corner)


def _characters(text: str, ink: Ink, line: Line) -> Floats:
    """Quads round the characters of a word as `draw_text` set it without margin, px of its ink."""
    boxes = np.array([_box(character, line.font, line.size) for character in text], np.float32)
    # Pens stand on whole pixels.
    pens = np.round(ink.spans[:, 0])
    boxes += np.stack([pens, np.full_like(pens, ink.baseline)] * 2, axis=1)
    (left, top), (right, bottom) = ink.quad[0], ink.quad[2]
    x0, y0, x1, y1 = np.clip(boxes, [left, top] * 2, [right, bottom] * 2).T
    corners = [np.stack(corner, axis=1) for corner in ((x0, y0), (x1, y0), (x1, y1), (x0, y1))]
    return np.stack(corners, axis=1).astype(np.float32)


@functools.lru_cache(maxsize=65536)
def _box(character: str, font: str, size: int) -> tuple[float, float, float, float]:
    """Left, top, right and bottom of a character's ink, from the pen on the baseline, px."""
    ink = draw_text(character, font, size, pad=0)
    if ink is None:
        return 0.0, 0.0, 0.0, 0.0
    left, top, (height, width) = -float(ink.spans[0, 0]), -ink.baseline, ink.alpha.shape
    return left, top, left + width, top + height


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
