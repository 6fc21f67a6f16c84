"""Where a network looks at a picture, and how what it finds there becomes one result.

A picture is seen at one or more scales, and at each of them whole or in overlapping tiles. A word
that lies across the edge of a tile is seen there in part, and whole by the next tile if it is
smaller than the overlap: the whole one is kept. Of a longer word all have seen parts: these are
joined.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
import shapely
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from ocrkit import geometry
from ocrkit.detect._nms import Indices, covering, overlapping, suppress
from ocrkit.types import Bools, Detections, Floats

NEAR = 8
"""A word that ends closer than this to the edge of a tile may go on beyond it, pixels."""

NEAR_HEIGHTS = 0.5
"""So may one that ends closer than this, of its shorter side: letters stand that far apart."""

AGREED = 0.4
"""Two tiles have seen the same word if what they found overlaps by more than this, of the parts
that lie within both tiles. Less than a half: the rectangle round a corner that an edge cuts off is
twice as large as the corner."""

TOUCH = 0.1
"""Two finds are in one place if they share more than this of the smaller."""


class Tile(NamedTuple):
    """A part of a picture: columns `left` to `right` and rows `top` to `bottom`, exclusive."""

    left: int
    top: int
    right: int
    bottom: int

    @property
    def window(self) -> tuple[slice, slice]:
        """The tile as an index of the picture."""
        return np.s_[self.top : self.bottom, self.left : self.right]


def tiles(size: tuple[int, int], side: int | None, overlap: float, step: int) -> list[Tile]:
    """Equal tiles that cover a picture of this (height, width), evenly spread; row by row.

    Args:
        size: Multiples of `step`, pixels.
        side: Of a tile, a multiple of `step`, pixels; a shorter side of the picture is one tile.
            None for one tile that is the picture.
        overlap: Neighbours share at least this fraction of `side`; at most 1 - step / side.
        step: Tiles begin at multiples of it, so that the cells of all their maps are those of
            the whole picture's.
    """
    down, across = (_spread(length, side or length, overlap, step) for length in size)
    return [Tile(left, top, right, bottom) for top, bottom in down for left, right in across]


def _spread(length: int, side: int, overlap: float, step: int) -> list[tuple[int, int]]:
    """Where tiles begin and end along one side of a picture."""
    if length <= side:
        return [(0, length)]
    room = (length - side) // step
    stride = int(side * (1 - overlap)) // step
    gaps = -(-room // stride)
    begins = [i * room // gaps * step for i in range(gaps + 1)]
    return [(begin, begin + side) for begin in begins]


def stitch(found: Sequence[Detections], tiles: Sequence[Tile], threshold: float) -> Detections:
    """What was found in the tiles of a picture, each word once, in the picture's pixels.

    Args:
        found: For each tile, in the tile's own pixels.
        tiles: All of the picture. What was found in a single one is returned as it is.
        threshold: Of detections with a greater IoU the one with the best score is kept.
    """
    if len(tiles) == 1:
        return found[0]
    bounds = np.array(tiles, np.float32)
    tile_of = np.repeat(np.arange(len(tiles)), [len(one) for one in found])
    every = Detections.together(found)
    every = replace(every, quads=every.quads + bounds[tile_of, None, :2])
    cut = _perhaps_cut(every.quads, bounds[tile_of], bounds[:, 2:].max(axis=0))
    first, second, covered, iou = _seen_by_both(every.quads, bounds, tile_of, cut)
    # Each pair comes in both orders: here the first is the part, and the second the whole.
    redundant = np.zeros(len(every), np.bool_)
    redundant[first[cut[first] & ~cut[second] & (covered > AGREED)]] = True
    parts = cut & ~redundant
    same = parts[first] & parts[second] & (iou > AGREED)
    word_of = _components(len(every), first[same], second[same])
    return suppress(_joined(every[~redundant], word_of[~redundant]), threshold)


def merge(found: Sequence[Detections], threshold: float) -> Detections:
    """What was found in several passes over a picture, each word once; all in the same pixels.

    Args:
        found: For each pass. If a single one found anything, that is returned as it is.
        threshold: Of detections with a greater IoU the one with the best score is kept.
    """
    told = [one for one in found if len(one)]
    if len(told) < 2:
        return told[0] if told else found[0]
    return suppress(Detections.together(told), threshold)


def apart(found: Detections, others: Detections) -> Detections:
    """Of what was found, what is in the place of none of the others; all in the same pixels."""
    one, other, covered = covering(Detections.together([found, others]).quads)
    touches = (one < len(found)) & (other >= len(found)) & (covered > TOUCH)
    return found[~np.isin(np.arange(len(found)), one[touches])]


def _perhaps_cut(quads: Floats, bounds: Floats, corner: Floats) -> Bools:
    """Whether a quad ends near an edge of its tile that is no edge of the picture; (N,).

    Args:
        quads: (N, 4, 2).
        bounds: Of each quad's tile, in the order of `Tile`; (N, 4).
        corner: The picture's (width, height).
    """
    near = np.maximum(NEAR, NEAR_HEIGHTS * np.minimum(*geometry.extent(quads)))[:, None]
    low, high = bounds[:, :2], bounds[:, 2:]
    before = (low > 0) & (quads.min(axis=1) - low < near)
    after = (high < corner) & (high - quads.max(axis=1) < near)
    return np.asarray((before | after).any(axis=1))


def _seen_by_both(
    quads: Floats, bounds: Floats, tile_of: Indices, cut: Bools
) -> tuple[Indices, Indices, Floats, Floats]:
    """Pairs of overlapping quads of different tiles of which one may be cut, in both orders.

    They are compared within what both tiles saw: there they are alike if they are of one word,
    however much of it each tile saw.

    Returns:
        Four of (P,): first, second, the share of the first that the second covers, their IoU.
    """
    one, other, _ = overlapping(quads)
    compared = (tile_of[one] != tile_of[other]) & (cut[one] | cut[other])
    one, other = one[compared], other[compared]
    first, second = np.concatenate([one, other]), np.concatenate([other, one])
    windows = shapely.box(*bounds.T)
    both = shapely.intersection(windows[tile_of[first]], windows[tile_of[second]])
    shapes = shapely.convex_hull(shapely.polygons(quads))
    a, b = (shapely.intersection(shapes[index], both) for index in (first, second))
    shared, area_a, area_b = (shapely.area(x) for x in (shapely.intersection(a, b), a, b))
    covered = shared / np.maximum(area_a, 1e-9)
    iou = shared / np.maximum(area_a + area_b - shared, 1e-9)
    return first, second, np.asarray(covered, np.float32), np.asarray(iou, np.float32)


def _components(count: int, first: Indices, second: Indices) -> Indices:
    """For each of `count` nodes, the number of the component that it is in."""
    graph = coo_matrix((np.ones(len(first), np.int8), (first, second)), shape=(count, count))
    return np.asarray(connected_components(graph, directed=False)[1], np.intp)


def _joined(parts: Detections, word_of: Indices) -> Detections:
    """One detection a word, the smallest rectangle round its parts with the best of their scores.

    Args:
        parts: A word of one part stays as it is.
        word_of: The word that each is a part of, by any number; (N,).
    """
    quads, scores = parts.quads.copy(), parts.scores.copy()
    _, firsts, counts = np.unique(word_of, return_index=True, return_counts=True)
    for index in firsts[counts > 1]:
        of_one = word_of == word_of[index]
        quads[index] = geometry.min_area_rect(parts.quads[of_one].reshape(-1, 2))
        scores[index] = parts.scores[of_one].max()
    return Detections(quads[firsts], scores[firsts])
