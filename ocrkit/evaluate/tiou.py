"""Detection by TIoU: matched as by IoU, but a match counts by how well it fits the text.

A word that is cut off is found in part only, and a detection that reaches into other words is
partly wrong. With G the word, D the detection, and f(x) = 1 - x, or 1 if x is at most 0.01:

    recall     counts IoU * f(cut / area of G), cut being the part of G that D does not cover
    precision  counts IoU * f(spill / area of D), spill being the part of D that lies in other
               words, ignored ones included, and not in G

Y. Liu et al.: Tightness-aware evaluation protocol for scene text detection. CVPR 2019,
arXiv:1904.00813. The paper's script is followed where it says more than the paper.
"""

from dataclasses import dataclass, replace

import numpy as np
import shapely

from ocrkit.evaluate._base import Credit, Found, ImageResult, Truth
from ocrkit.evaluate._matching import Numbers, Overlaps
from ocrkit.evaluate.iou import IoU

NOISE = 1e-9
"""Shares this far outside of [0, 1] are taken for rounding errors."""


@dataclass(frozen=True)
class TIoU(IoU):
    """One word, one detection, each counting by how tightly they fit.

    Attributes:
        tolerance: Shares of area that are cut or spilt up to this cost nothing.
    """

    tolerance: float = 0.01

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture; errors are those of `IoU`."""
        overlaps = self.overlaps(found, truth)
        located = self.match(overlaps, found, truth)
        i = np.array([pair.word for pair in located.pairs], int)
        j = np.array([pair.found for pair in located.pairs], int)
        iou = overlaps.iou[i, j]
        words, detections = overlaps.words.areas[i], overlaps.found.areas[j]
        cut = words - overlaps.shared[i, j]
        spilt = np.array([_spilt(overlaps, pair.word, pair.found) for pair in located.pairs])
        credit = Credit(
            float(iou @ self._kept(cut, words)),
            located.words,
            float(iou @ self._kept(spilt, detections)),
            located.found,
        )
        return replace(located, credit=credit)

    def _kept(self, lost: Numbers, area: Numbers) -> Numbers:
        """What is left of matches; nothing where a ring crosses itself and the share is absurd."""
        share = np.divide(lost, area, out=np.ones(len(area)), where=area > 0)
        sound = (share >= -NOISE) & (share <= 1 + NOISE)
        return np.where(share <= self.tolerance, 1, 1 - share) * sound


def _spilt(overlaps: Overlaps, word: int, detection: int) -> float:
    """The area of a detection that lies in other words, and not in its own."""
    others = np.flatnonzero(overlaps.shared[:, detection] > 0)
    others = others[others != word]
    if not len(others):
        return 0.0
    region = overlaps.found.polygons[detection]
    reached = shapely.intersection(region, shapely.union_all(overlaps.words.polygons[others]))
    own = shapely.intersection(reached, overlaps.words.polygons[word])
    return float(shapely.area(reached) - shapely.area(own))
