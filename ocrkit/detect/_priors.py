"""Prior boxes: where they lie, which words they stand for, and how a word is told from its prior.

TextBoxes++ (1801.02765, sections III-B and III-C) and the SSD it follows (1512.02325, section 2).

All priors of a level are copies of a few shapes, one in each cell of a grid; so a prior is known by
its level, shape, row and column, and priors lie in this order. Overlaps are found shape by shape: a
rectangle's intersection with the priors of one shape is the product of a row and of a column.

Rectangles are (left, top, right, bottom), priors are (centre x, centre y, width, height), in pixels
of the network's input, float32.
"""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.types import Bools, Floats

Indices = NDArray[np.intp]

CENTRE_VARIANCE = np.float32(0.1)
"""Offsets of centres and corners are told in this fraction of the prior's sides (released code)."""
SIZE_VARIANCE = np.float32(0.2)
"""Logarithms of sides are told in units of this."""
MAX_LOG = np.float32(4)
"""Of a decoded side to its prior's: an untrained network must not overflow."""
NOBODY = -1


class Level(NamedTuple):
    """A grid of cells, and the priors in each of them.

    Attributes:
        stride: Side of a cell, pixels.
        sizes: Square roots of the priors' areas, pixels.
        ratios: Widths of priors over their heights; section III-B.
    """

    stride: int
    sizes: tuple[float, ...]
    ratios: tuple[float, ...] = (1, 2, 3, 5, 1 / 2, 1 / 3, 1 / 5)

    @property
    def shapes(self) -> int:
        """How many priors a cell has."""
        return 2 * len(self.sizes) * len(self.ratios)

    def cells(self, size: tuple[int, int]) -> tuple[int, int]:
        """Rows and columns for a picture of this (height, width)."""
        height, width = size
        return -(-height // self.stride), -(-width // self.stride)


Levels = tuple[Level, ...]


@lru_cache(maxsize=16)
def priors(levels: Levels, size: tuple[int, int]) -> Floats:
    """All priors of a picture of this (height, width); (N, 4), read-only, made once per size."""
    found = []
    for level in levels:
        rows, columns = level.cells(size)
        grid = np.empty((level.shapes, rows, columns, 4), np.float32)
        grid[:] = _first(level)[:, None, None]
        grid[..., 0] += np.arange(columns, dtype=np.float32) * np.float32(level.stride)
        grid[..., 1] += np.arange(rows, dtype=np.float32)[:, None] * np.float32(level.stride)
        found.append(grid.reshape(-1, 4))
    joined = np.concatenate(found)
    joined.flags.writeable = False
    return joined


@lru_cache(maxsize=64)
def _first(level: Level) -> Floats:
    """The priors (P, 4) of the first cell.

    Each shape stands at the centre of its cell and again half a cell lower: text is wide, so a grid
    must be denser from top to bottom (section III-B, "vertical offsets").
    """
    sizes, ratios = (np.asarray(values, np.float64) for values in level[1:])
    widths = np.outer(sizes, np.sqrt(ratios)).ravel()
    heights = np.outer(sizes, 1 / np.sqrt(ratios)).ravel()
    middle = np.full(len(widths), level.stride / 2)
    at_centre = np.stack([middle, middle, widths, heights], axis=1)
    lower = np.stack([middle, 2 * middle, widths, heights], axis=1)
    return np.concatenate([at_centre, lower]).astype(np.float32)


def match(levels: Levels, size: tuple[int, int], rects: Floats, threshold: float) -> Indices:
    """The rectangle of (G, 4) that each prior stands for, or NOBODY; (N,).

    That with which its IoU is highest, if it is at least `threshold`.
    """
    owners, start = np.full(len(priors(levels, size)), NOBODY, np.intp), 0
    for level in levels:
        grid = _Grid(level, size, rects)
        words, shapes = np.nonzero(grid.best()[0] >= threshold)
        shared = grid.shared(words, shapes)
        union = (grid.areas[words] + grid.prior_areas[shapes])[:, None, None] - shared
        pair, row, column = np.nonzero(shared >= np.float32(threshold) * union)
        iou = shared[pair, row, column] / union[pair, row, column]
        order = np.argsort(iou, kind="stable")  # of several writes to one place the last remains
        owners[start + grid.index(shapes[pair], row, column)[order]] = words[pair[order]]
        start += grid.count
    return owners


def best_priors(levels: Levels, size: tuple[int, int], rects: Floats) -> Indices:
    """A prior for each rectangle of (G, 4), no prior twice; (G,).

    Greedy, as in SSD: the pair with the highest IoU first, then the best of those that are left.
    A rectangle that meets no prior, such as one outside the picture, has NOBODY.
    """
    tables, places, start = [], [], 0
    for level in levels:
        grid = _Grid(level, size, rects)
        iou, place = grid.best()
        tables.append(iou)
        places.append(start + place)
        start += grid.count
    table, place = np.concatenate(tables, axis=1), np.concatenate(places, axis=1)
    chosen = np.full(len(rects), NOBODY, np.intp)
    for _ in rects:
        word, shape = np.unravel_index(np.argmax(table), table.shape)
        if table[word, shape] <= 0:
            break
        chosen[word] = place[word, shape]
        table[word] = -1
        table[place == chosen[word]] = -1
    return chosen


def covered(levels: Levels, size: tuple[int, int], rects: Floats, share: float) -> Bools:
    """The priors of which at least this share lies in one of the rectangles (G, 4); (N,)."""
    found, start = np.zeros(len(priors(levels, size)), np.bool_), 0
    for level in levels:
        grid = _Grid(level, size, rects)
        smaller = np.minimum(grid.sides[:, None], grid.first[:, 2:]).prod(axis=-1)
        words, shapes = np.nonzero(smaller >= share * grid.prior_areas)
        needed = np.float32(share) * grid.prior_areas[shapes][:, None, None]
        pair, row, column = np.nonzero(grid.shared(words, shapes) >= needed)
        found[start + grid.index(shapes[pair], row, column)] = True
        start += grid.count
    return found


class _Grid:
    """One level of a picture against G rectangles; its P shapes stand in every row and column."""

    def __init__(self, level: Level, size: tuple[int, int], rects: Floats) -> None:
        self.stride = np.float32(level.stride)
        self.rows, self.columns = level.cells(size)
        self.count = level.shapes * self.rows * self.columns
        self.first = _first(level)
        self.prior_areas: Floats = self.first[:, 2] * self.first[:, 3]
        self.rects = rects
        self.sides: Floats = rects[:, 2:] - rects[:, :2]
        self.areas: Floats = self.sides[:, 0] * self.sides[:, 1]

    def index(self, shape: Indices, row: Indices, column: Indices) -> Indices:
        """A prior's place among those of the level."""
        return (shape * self.rows + row) * self.columns + column

    def best(self) -> tuple[Floats, Indices]:
        """The highest IoU of each rectangle with a prior of each shape, and the prior; (G, P) each.

        Of priors of one shape, overlap falls with the distance of the centres, in x and in y: the
        nearest prior is best.
        """
        centres = (self.rects[:, None, :2] + self.rects[:, None, 2:]) / 2
        cells = np.rint((centres - self.first[:, :2]) / self.stride)
        cells = np.clip(cells, 0, (self.columns - 1, self.rows - 1)).astype(np.float32)
        middle = self.first[:, :2] + cells * self.stride
        half = self.first[:, 2:] / 2
        low = np.maximum(middle - half, self.rects[:, None, :2])
        high = np.minimum(middle + half, self.rects[:, None, 2:])
        shared = np.maximum(high - low, 0).prod(axis=-1)
        iou = shared / (self.areas[:, None] + self.prior_areas - shared)
        column, row = np.moveaxis(cells.astype(np.intp), -1, 0)
        return iou, self.index(np.arange(len(self.first))[None], row, column)

    def shared(self, words: Indices, shapes: Indices) -> Floats:
        """Areas shared by K rectangles and K shapes in every cell; (K, rows, columns)."""
        across, down = (
            self._overlap(words, shapes, axis, count)
            for axis, count in enumerate((self.columns, self.rows))
        )
        return down[:, :, None] * across[:, None, :]

    def _overlap(self, words: Indices, shapes: Indices, axis: int, count: int) -> Floats:
        """Lengths shared in x (axis 0) or y (axis 1); (K, count)."""
        steps = np.arange(count, dtype=np.float32) * self.stride
        middle = self.first[shapes, axis, None] + steps
        half = self.first[shapes, 2 + axis, None] / 2
        low = np.maximum(middle - half, self.rects[words, axis, None])
        high = np.minimum(middle + half, self.rects[words, 2 + axis, None])
        return np.asarray(np.maximum(high - low, 0))


def tell_rects(rects: Floats, of: Floats) -> Floats:
    """Rectangles (K, 4) as seen from their priors `of` (K, 4): codes (K, 4); equation 1."""
    centres, sides = (rects[:, :2] + rects[:, 2:]) / 2, rects[:, 2:] - rects[:, :2]
    offsets = (centres - of[:, :2]) / of[:, 2:] / CENTRE_VARIANCE
    return np.concatenate([offsets, _tell_sides(sides, of[:, 2:])], axis=1)


def told_rects(codes: Floats, of: Floats) -> Floats:
    """The inverse of `tell_rects`."""
    centres = of[:, :2] + codes[:, :2] * CENTRE_VARIANCE * of[:, 2:]
    half = _told_sides(codes[:, 2:], of[:, 2:]) / 2
    return np.concatenate([centres - half, centres + half], axis=1)


def tell_quads(quads: Floats, of: Floats) -> Floats:
    """Quads (K, 4, 2), corner by corner from those of their priors: codes (K, 8); equation 2."""
    return _tell_corners(quads, of).reshape(-1, 8)


def told_quads(codes: Floats, of: Floats) -> Floats:
    """The inverse of `tell_quads`."""
    return _told_corners(codes.reshape(-1, 4, 2), of)


def tell_turned(rects: Floats, of: Floats) -> Floats:
    """Rotated rectangles (K, 4, 2) by their first two corners and height: (K, 5); equation 3."""
    corners = _tell_corners(rects[:, :2], of).reshape(-1, 4)
    heights = np.linalg.norm(rects[:, 2] - rects[:, 1], axis=1)
    return np.concatenate([corners, _tell_sides(heights, of[:, 3])[:, None]], axis=1)


def told_turned(codes: Floats, of: Floats) -> Floats:
    """The inverse of `tell_turned`."""
    first, second = np.moveaxis(_told_corners(codes[:, :4].reshape(-1, 2, 2), of), 1, 0)
    along = second - first
    along = along / np.maximum(np.linalg.norm(along, axis=1, keepdims=True), np.float32(1e-6))
    heights = _told_sides(codes[:, 4], of[:, 3])
    down = np.stack([-along[:, 1], along[:, 0]], axis=1) * heights[:, None]
    return np.stack([first, second, second + down, first + down], axis=1)


def _tell_corners(points: Floats, of: Floats) -> Floats:
    """The first k corners, as (K, k, 2)."""
    own = _corners(of)[:, : points.shape[1]]
    return np.asarray((points - own) / of[:, None, 2:] / CENTRE_VARIANCE)


def _told_corners(codes: Floats, of: Floats) -> Floats:
    own = _corners(of)[:, : codes.shape[1]]
    return np.asarray(own + codes * CENTRE_VARIANCE * of[:, None, 2:])


def _corners(of: Floats) -> Floats:
    """Priors (K, 4) as quads (K, 4, 2)."""
    steps = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2
    return np.asarray(of[:, None, :2] + steps * of[:, None, 2:])


def _tell_sides(sides: Floats, of: Floats) -> Floats:
    return np.asarray(np.log(np.maximum(sides, np.float32(1e-3)) / of) / SIZE_VARIANCE)


def _told_sides(codes: Floats, of: Floats) -> Floats:
    return np.asarray(np.exp(np.clip(codes * SIZE_VARIANCE, -MAX_LOG, MAX_LOG)) * of)
