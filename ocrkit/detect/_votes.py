"""Box voting: what suppression leaves out still has a say in where a word is.

Gidaris and Komodakis, ICCV 2015, arXiv 1505.01749, section 5; here for quads.
"""

from math import prod

import numpy as np
import shapely

from ocrkit import geometry
from ocrkit.detect._nms import Indices
from ocrkit.types import Floats

REACH = 0.6
"""Of a word's height: so far a corner may lie from the kept quad's to be averaged with it."""


def voted(
    quads: Floats,
    rects: Floats,
    scores: Floats,
    kept: Indices,
    voters: Indices,
    overlap: float,
) -> Floats:
    """Quads (K, 4, 2) of the kept: means of those that tell the same word, by their squared scores.

    Args:
        quads: (N, 4, 2), pixels of the network's input.
        rects: (N, 4), the same: left, top, right, bottom of what must overlap.
        scores: (N,), in [0, 1].
        kept: (K,) places of the words among the N.
        voters: (V,) places of those that have a say.
        overlap: IoU with the word's rectangle, above which they have.
    """
    tree = shapely.STRtree(shapely.box(*rects[voters].T))
    rows, columns = tree.query(shapely.box(*rects[kept].T))
    words, others = kept[rows], voters[columns]
    low = np.maximum(rects[words, :2], rects[others, :2])
    high = np.minimum(rects[words, 2:], rects[others, 2:])
    shared = np.maximum(high - low, 0).prod(axis=1)
    areas = prod((rects[:, 2:] - rects[:, :2]).T)
    same = shared > overlap * (areas[words] + areas[others] - shared)
    # One that starts at another corner, or ends at another letter, means something else.
    apart = np.abs(quads[others] - quads[words]).max(axis=(1, 2))
    same &= apart < REACH * np.minimum(*geometry.extent(quads[words]))
    same &= words != others
    weights = scores**2
    total, mean = weights[kept], quads[kept] * weights[kept, None, None]
    np.add.at(total, rows[same], weights[others[same]])
    np.add.at(mean, rows[same], quads[others[same]] * weights[others[same], None, None])
    return np.asarray(mean / total[:, None, None], np.float32)
