"""Words to lines to reading order, from the words' quads alone.

1.  Two words are neighbours in a line if, seen along their common direction, one is ahead of the
    other at no great distance and hardly aside. Nothing but the two words enters, so slanted,
    turned and converging lines are found like level ones. The nearest neighbours are joined first.
2.  In the frame of the dominant direction, a line joins the one right below it into a block, unless
    either has others beside it there. So a heading over two columns belongs to neither of them.
3.  Blocks are read from top to bottom where a cut between them is free, else from left to right.
    Blocks of one line that a cut has put side by side are one line with a wide gap.

The words are sorted first by all they are, so that the order in which they come changes nothing.
Other directions are the same rules in another frame: a page that is read from the right is mirrored
first, and one that is read downwards, in columns from the right, is turned by a quarter.

Lines in reading order are cut into paragraphs where the next one does not follow right below, is
clearly higher or lower, comes after a wider gap than others nearby, or is indented.
"""

import math
import unicodedata
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby, pairwise
from typing import Any, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.catalog import unknown
from ocrkit.errors import ConfigError
from ocrkit.types import Word

WORD_GAP = 1.5
"""Between neighbours in a line, in mean heights of the two: above the widest space of justified
text, below the narrowest gutter of print."""

ROW_GAP = 6.0
"""Between pieces of a line with nothing above or below them that looks like columns, likewise."""

LINE_GAP = 1.5
"""Between lines of a block, in heights of the higher one."""

RAGGED = 2.5
"""How much higher one column may end than the next, likewise, for both to end over one line."""

ASIDE = 0.6
"""Of neighbours in a line, how far aside the centres may be, in heights of the lower word."""

ALIKE = math.cos(math.radians(45))
"""Cosine of the angle within which two directions are the same."""

PARAGRAPH_GAP = 0.8
"""Between lines of a paragraph, in mean heights of the two."""

WIDER_GAP = 0.4
"""How much wider than the gap above or below it a gap is that parts paragraphs, likewise."""

INDENT = 0.8
"""Of the first line of a paragraph, likewise; the lines round it are in line within half of it."""

RESIZED = 1.8
"""Times that a heading is higher than the text below it, or text higher than a note."""

Array = NDArray[np.float64]
Line = tuple[Word, ...]
Direction = Literal["ltr", "rtl", "ttb"]
"""Left to right, right to left, or from top to bottom in columns from right to left."""


@dataclass(frozen=True, slots=True, eq=False)
class Strips:
    """Words or lines as centred strips.

    Attributes:
        centres: (N, 2).
        along: (N, 2), from the middle of the left side to the middle of the right one.
        heights: (N,).
    """

    centres: Array
    along: Array
    heights: Array


@dataclass(frozen=True, slots=True, eq=False)
class Block:
    """Lines that belong together, from top to bottom, and their bounds in the page's frame."""

    lines: tuple[Line, ...]
    left: float
    right: float
    top: float
    bottom: float
    height: float


class Band(NamedTuple):
    """A line as seen along the direction that text runs in, in pixels."""

    start: float
    end: float
    level: float
    """Of its middle, across that direction."""
    height: float


def arrange(words: Sequence[Word], direction: Direction = "ltr") -> tuple[Line, ...]:
    """The words as lines in reading order, whatever order they come in.

    Lines run from top to bottom and words from left to right, in the frame of the direction most
    text runs in. Columns with a clear gutter are read one after the other.

    Args:
        words: With quads that start at the top left corner as one sees the word, in `rtl`, too.
        direction: With `rtl` words run from right to left, but several in a row that are in a
            script that runs to the right keep their order. With `ttb` they run downwards, and lines
            from right to left; of a quad it does not matter which corner is the first.

    Raises:
        ConfigError: There is no such direction.
    """
    if direction not in get_args(Direction):
        raise ConfigError(unknown("layout", direction, list(get_args(Direction)), "direction"))
    if not words:
        return ()
    ordered = sorted(words, key=_identity)
    quads = _as_if_ltr(np.stack([word.quad for word in ordered]).astype(np.float64), direction)
    chains = _lines(_strips(quads))
    lines = [tuple(ordered[i] for i in chain) for chain in chains]
    turned = quads @ _frame(_strips(quads).along)
    found = _in_order(_blocks(lines, [turned[chain] for chain in chains]))
    return tuple(map(_rightward_runs_kept, found) if direction == "rtl" else found)


def paragraphs(lines: Sequence[Line]) -> tuple[tuple[Line, ...], ...]:
    """The lines of a page, which are in reading order, as paragraphs; empty lines are left out."""
    lines = [line for line in lines if line]
    if not lines:
        return ()
    bands = _bands([np.stack([word.quad for word in line]) for line in lines])
    starts = [0, *(i for i in range(1, len(lines)) if _begins(bands, i)), len(lines)]
    return tuple(tuple(lines[start:end]) for start, end in pairwise(starts))


def _as_if_ltr(quads: Array, direction: Direction) -> Array:
    """Quads (N, 4, 2) mirrored or turned so that what is read first is on the left, or above."""
    if direction == "rtl":
        return (quads * (-1, 1))[:, [1, 0, 3, 2]]
    if direction == "ttb":
        turned = quads @ np.array([[0, -1], [1, 0]])
        return np.stack([geometry.upright(quad) for quad in turned.astype(np.float32)]).astype(
            np.float64
        )
    return quads


def _rightward_runs_kept(line: Line) -> Line:
    """The line with runs of words that are read from left to right in that order."""
    runs = ((key, list(run)) for key, run in groupby(line, lambda w: _runs_right(w.text)))
    return tuple(word for right, run in runs for word in (reversed(run) if right else run))


def _runs_right(text: str) -> bool:
    """Whether the letters of a text are of scripts that run from left to right."""
    kinds = {unicodedata.bidirectional(character) for character in text}
    return "L" in kinds and not kinds & {"R", "AL"}


def _bands(quads: Sequence[Array]) -> list[Band]:
    """Lines, whose words' quads are (K, 4, 2), along the direction that most text runs in."""
    runs = np.stack([_run(_strips(line.astype(np.float64))) for line in quads])
    frame = _frame(runs)
    return [_band(line @ frame) for line in quads]


def _run(words: Strips) -> Array:
    """The vector (2,) from a line's beginning to its end; of one word, along its longer side."""
    if len(words.centres) > 1:
        return np.asarray(words.centres[-1] - words.centres[0])
    (along,), (height,) = words.along, words.heights
    down = np.array([-along[1], along[0]]) / max(float(np.linalg.norm(along)), 1e-9)
    return along if np.linalg.norm(along) >= height else np.asarray(down * height)


def _band(corners: Array) -> Band:
    """A line whose words' quads, in the frame of the page, are `corners` (K, 4, 2)."""
    (left, _), (right, _) = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    tops, bottoms = corners[..., 1].min(axis=1), corners[..., 1].max(axis=1)
    height = max(float((bottoms - tops).max()), 1e-3)
    return Band(left, right, float((tops + bottoms).mean() / 2), height)


def _begins(bands: Sequence[Band], i: int) -> bool:
    """Whether a paragraph begins with line i, which is not the first."""
    above, here = bands[i - 1], bands[i]
    mean = (above.height + here.height) / 2
    shared = min(above.end, here.end) - max(above.start, here.start)
    apart = shared <= 0.1 * min(above.end - above.start, here.end - here.start)
    resized = max(above.height, here.height) > RESIZED * min(above.height, here.height)
    gap = _gap(above, here)
    if apart or resized or not -0.5 * mean < gap <= PARAGRAPH_GAP * mean:
        return True
    others = [_gap(bands[k - 1], bands[k]) for k in (i - 1, i + 1) if 0 < k < len(bands)]
    wider = any(-0.5 * mean < other < gap - WIDER_GAP * mean for other in others)
    # Only where the line below the indented one is in line with that above: else text is centred.
    below = bands[i + 1] if i + 1 < len(bands) else here
    aligned = abs(below.start - above.start) < INDENT / 2 * mean
    return wider or (aligned and here.start - above.start > INDENT * mean)


def _gap(above: Band, below: Band) -> float:
    """Between two lines; lines may also follow one another upwards, as a quarter turn has them."""
    return abs(below.level - above.level) - (above.height + below.height) / 2


def _identity(word: Word) -> tuple[Any, ...]:
    """A sort key that is equal for equal words only."""
    characters = tuple((c.text, c.confidence, c.span) for c in word.characters)
    corners = tuple(word.quad.ravel().tolist())
    return corners, word.text, word.score, word.confidence, characters


def _strips(quads: Array) -> Strips:
    """Quads (N, 4, 2) as strips."""
    middles = (quads + np.roll(quads, 1, axis=1)) / 2
    heights, _ = geometry.extent(quads.astype(np.float32))
    along = middles[:, 2] - middles[:, 0]
    return Strips(quads.mean(axis=1), along, np.maximum(heights, 1e-3).astype(np.float64))


def _frame(along: Array) -> Array:
    """The rotation (2, 2) that, multiplied from the right, makes most text run along x."""
    lengths = np.maximum(np.linalg.norm(along, axis=1), 1e-9)
    unit = along / lengths[:, None]
    alike = unit @ unit.T > ALIKE
    # Rounded, so that of two equal candidates the first wins on every machine.
    cos, sin = along[alike[np.argmax(np.round(alike @ lengths, 3))]].sum(axis=0)
    length = math.hypot(cos, sin)
    cos, sin = (cos / length, sin / length) if length > 1e-9 else (1.0, 0.0)
    return np.array([[cos, -sin], [sin, cos]])


def _lines(words: Strips) -> list[list[int]]:
    """Indices of words joined into lines, each from left to right."""
    lengths = np.linalg.norm(words.along, axis=1)
    alike = words.along @ words.along.T >= ALIKE * np.outer(lengths, lengths)
    common = words.along[:, None] + words.along
    common /= np.maximum(np.linalg.norm(common, axis=-1, keepdims=True), 1e-9)
    apart = words.centres - words.centres[:, None]
    ahead = (common * apart).sum(axis=-1)
    aside = np.abs(common[..., 0] * apart[..., 1] - common[..., 1] * apart[..., 0])
    gaps = ahead - (lengths[:, None] + lengths) / 2
    lower = np.minimum(words.heights[:, None], words.heights)
    mean = (words.heights[:, None] + words.heights) / 2
    near = (gaps <= WORD_GAP * mean) & (aside <= ASIDE * lower)
    return _chains(alike & near & (ahead > 0), np.maximum(gaps, 0) + aside)


def _chains(allowed: NDArray[np.bool_], costs: Array) -> list[list[int]]:
    """Items joined one to the next where `allowed` (N, N), the least cost first; no cycles."""
    count = len(allowed)
    starts, ends = list(range(count)), list(range(count))  # of the chain that ends, starts with i
    following: dict[int, int] = {}
    preceded: set[int] = set()
    first, second = np.nonzero(allowed)
    for pair in np.argsort(np.round(costs[first, second], 3), kind="stable"):
        i, j = int(first[pair]), int(second[pair])
        if i in following or j in preceded or starts[i] == j:
            continue
        following[i] = j
        preceded.add(j)
        starts[ends[j]], ends[starts[i]] = starts[i], ends[j]
    chains = []
    for start in (i for i in range(count) if i not in preceded):
        chain = [start]
        while chain[-1] in following:
            chain.append(following[chain[-1]])
        chains.append(chain)
    return chains


def _blocks(lines: Sequence[Line], quads: Sequence[Array]) -> list[Block]:
    """Lines, with their words' quads in the page's frame, joined into blocks."""
    singles = [_block(line, corners) for line, corners in zip(lines, quads, strict=True)]
    left, right = (np.array([getattr(b, side) for b in singles]) for side in ("left", "right"))
    heights = np.array([b.height for b in singles])
    start, end = np.maximum(left[:, None], left), np.minimum(right[:, None], right)
    narrower = np.minimum((right - left)[:, None], right - left)
    stacked = end - start > 0.1 * narrower
    # Slanted lines are compared where both are, or half-way between them.
    y = _levels(quads, (start + end) / 2)
    drop = y.T - y
    contact = (heights[:, None] + heights) / 2
    below = stacked & (drop > 0)
    # Columns end at different heights: what stands above one line need not be level.
    beside = ~stacked & (np.abs(drop) < RAGGED * contact)
    near = drop - contact <= LINE_GAP * np.maximum(heights[:, None], heights)
    depth = np.where(below, drop, np.inf)
    nearest = (depth == depth.min(axis=1, keepdims=True)) & (depth == depth.min(axis=0))
    branches = _meet(below, beside) | _meet(beside, below)
    chains = _chains(below & near & nearest & ~branches, drop)
    return [_joined([singles[i] for i in chain]) for chain in chains]


def _meet(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Whether some k has `one[i, k]` and `other[k, j]`."""
    return one.astype(np.float32) @ other.astype(np.float32) > 0


def _levels(quads: Sequence[Array], x: Array) -> Array:
    """The y of the middle of line i, or of its extension, at `x[i, j]`; (N, N)."""
    starts = np.stack([corners[0, [0, 3]].mean(axis=0) for corners in quads])
    ends = np.stack([corners[-1, [1, 2]].mean(axis=0) for corners in quads])
    across, down = (ends - starts).T
    # A line that runs down the page has no level but its centre's.
    slopes = np.where(across > np.abs(down), down / np.maximum(across, 1e-9), 0)
    centres = (starts + ends) / 2
    return np.asarray((centres[:, 1] + slopes * (x.T - centres[:, 0])).T)


def _block(line: Line, corners: Array) -> Block:
    """A block of one line, whose words' quads in the page's frame are `corners` (K, 4, 2)."""
    (left, top), (right, bottom) = corners.min(axis=(0, 1)), corners.max(axis=(0, 1))
    strips = _strips(corners)
    across, down = np.abs(strips.along).sum(axis=0)
    height = float(np.median(strips.heights)) if across > down else bottom - top
    return Block((line,), left, right, top, bottom, height)


def _joined(blocks: Sequence[Block]) -> Block:
    """Blocks from top to bottom as one."""
    return Block(
        tuple(line for block in blocks for line in block.lines),
        min(block.left for block in blocks),
        max(block.right for block in blocks),
        min(block.top for block in blocks),
        max(block.bottom for block in blocks),
        float(np.median([block.height for block in blocks])),
    )


def _in_order(blocks: Sequence[Block]) -> list[Line]:
    """The lines of all blocks in reading order."""
    if len(blocks) == 1:
        return list(blocks[0].lines)
    # Slanted neighbours overlap a little: blocks count as a quarter of a line smaller.
    stack = _cut(blocks, lambda b: (b.top + b.height / 4, b.bottom - b.height / 4))
    if len(stack) > 1:
        return [line for part in stack for line in _in_order(part)]
    row = _cut(blocks, lambda b: (b.left, b.right))
    if len(row) > 1:
        return _across(row)
    return [line for b in sorted(blocks, key=lambda b: (b.top, b.left)) for line in b.lines]


def _across(parts: Iterable[Sequence[Block]]) -> list[Line]:
    """The lines of parts that stand side by side; single lines of one level become one."""
    groups = [list(part) for part in parts]
    lines = [_in_order(group) for group in groups]
    for (i, here), (j, there) in pairwise(enumerate(groups)):
        if _continues(here, there):
            lines[j], lines[i] = [lines[i][0] + lines[j][0]], []
    return [line for part in lines for line in part]


def _continues(here: Sequence[Block], there: Sequence[Block]) -> bool:
    """Whether two parts, the second to the right of the first, are pieces of one line."""
    if any(len(part) > 1 or len(part[0].lines) > 1 for part in (here, there)):
        return False
    (a,), (b,) = here, there
    offset = abs(a.top + a.bottom - b.top - b.bottom) / 2
    level = offset <= (a.height + b.height) / 4
    return level and b.left - a.right <= ROW_GAP * (a.height + b.height) / 2


def _cut(
    blocks: Sequence[Block], interval: Callable[[Block], tuple[float, float]]
) -> list[list[Block]]:
    """The blocks in groups whose intervals do not touch, in order."""
    groups: list[list[Block]] = []
    reach = -math.inf
    for block in sorted(blocks, key=interval):
        low, high = interval(block)
        if low >= reach:
            groups.append([])
        groups[-1].append(block)
        reach = max(reach, high)
    return groups
