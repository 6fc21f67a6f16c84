"""Words to lines to reading order, from the words' quads alone.

1.  Two words are neighbours in a line if, seen along their common direction, one is ahead of the
    other at no great distance and hardly aside. Nothing but the two words enters, so slanted,
    turned and converging lines are found like level ones. The nearest neighbours are joined first.
2.  In the frame of the dominant direction, a line joins the one right below it into a block, unless
    either has others beside it there. So a heading over two columns belongs to neither of them.
3.  Blocks are read from top to bottom where a cut between them is free, else from left to right.
    Blocks of one line that a cut has put side by side are one line with a wide gap.

The words are sorted first by all they are, so that the order in which they come changes nothing.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.types import Word

WORD_GAP = 1.5
"""Between neighbours in a line, in mean heights of the two: above the widest space of justified
text, below the narrowest gutter of print."""

ROW_GAP = 6.0
"""Between pieces of a line with nothing above or below them that looks like columns, likewise."""

LINE_GAP = 1.5
"""Between lines of a block, in heights of the higher one."""

ASIDE = 0.6
"""Of neighbours in a line, how far aside the centres may be, in heights of the lower word."""

ALIKE = math.cos(math.radians(45))
"""Cosine of the angle within which two directions are the same."""

Array = NDArray[np.float64]
Line = tuple[Word, ...]


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


def arrange(words: Sequence[Word]) -> tuple[Line, ...]:
    """The words as lines in reading order, whatever order they come in.

    Lines run from top to bottom and words from left to right, in the frame of the direction most
    text runs in. Columns with a clear gutter are read one after the other.
    """
    if not words:
        return ()
    ordered = sorted(words, key=_identity)
    quads = np.stack([word.quad for word in ordered]).astype(np.float64)
    chains = _lines(_strips(quads))
    lines = [tuple(ordered[i] for i in chain) for chain in chains]
    turned = quads @ _frame(_strips(quads).along)
    return tuple(_in_order(_blocks(lines, [turned[chain] for chain in chains])))


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
    beside = ~stacked & (np.abs(drop) < contact)
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
