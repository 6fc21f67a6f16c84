"""Detection by intersection over union: ICDAR 2015 (task 4.1, "text localization") and its kin.

A detection is right if its IoU with a word is greater than 0.5, one to one. Words to be ignored,
and detections more than half of whose area lies in one of them, count neither way. Precision and
recall are those of all pictures together. Benchmarks differ in what the settings say:

    ICDAR 2015, MLT     whole pixels; each word takes the first detection in the file that fits
                        (the first by score where scores are handed in)
    ICDAR 2013          the same with upright boxes
    curved words        Total-Text and CTW1500 as papers score them: coordinates as they are
    COCO-Text           upright boxes, 0.5 is enough, each word takes the detection it overlaps most
    MSRA-TD500          0.5 is enough, and the rectangles' angles must differ by less than pi/8
    RCTW-17             as in PASCAL VOC: detections choose, see `VOC`
"""

from dataclasses import dataclass
from math import pi
from typing import Literal

import numpy as np

from ocrkit import geometry
from ocrkit.evaluate._base import Found, ImageResult, Pair, Protocol, Truth
from ocrkit.evaluate._matching import Numbers, Overlaps, Rings, first_come


@dataclass(frozen=True)
class IoU(Protocol):
    """One word, one detection.

    Attributes:
        iou: A detection is taken for a word if their intersection over union is greater.
        area_precision: A detection is ignored if more of it lies in one ignored word.
        strict: An IoU that is just `iou` is not enough.
        whole_pixels: Coordinates are rounded first, half goes up.
        upright: Bounding boxes are compared, not outlines.
        angle: The directions of the smallest rectangles around word and detection must differ by
            less, in radians. Modulo a right angle: rectangles that cross at one and still have an
            IoU of 0.5 are at most 1.5 times as long as wide, so neither side is the text's.
        prefer: Which of the free detections that fit a word takes: the first in their "order", the
            one with the highest "score", or with the highest "iou"; of equals the first.
    """

    iou: float = 0.5
    area_precision: float = 0.5
    strict: bool = True
    whole_pixels: bool = True
    upright: bool = False
    angle: float | None = None
    prefer: Literal["order", "score", "iou"] = "order"

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        return self.match(self.overlaps(found, truth), found, truth)

    def overlaps(self, found: Found, truth: Truth) -> Overlaps:
        """How words and detections overlap, in the form that is compared."""
        return Overlaps.between(
            truth.outlines, found.outlines, whole_pixels=self.whole_pixels, upright=self.upright
        )

    def match(self, overlaps: Overlaps, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture whose overlaps are known."""
        found_ignored = overlaps.ignored_found(truth.ignored, self.area_precision)
        iou = overlaps.iou
        fits = iou > self.iou if self.strict else iou >= self.iou
        fits &= ~truth.ignored[:, None] & ~found_ignored
        if self.angle is not None and fits.any():
            fits &= _angles(overlaps.words, overlaps.found) < self.angle
        order = np.zeros(fits.shape)
        merit = {"order": order, "score": order + found.scores, "iou": iou}[self.prefer]
        return ImageResult(
            words_ignored=tuple(truth.ignored.tolist()),
            found_ignored=tuple(found_ignored.tolist()),
            pairs=tuple(Pair(word, detection) for word, detection in first_come(fits, merit)),
        )


@dataclass(frozen=True)
class VOC(Protocol):
    """As PASCAL VOC counts: by descending score, each detection chooses the word it overlaps most.

    If their IoU is not great enough, or the word is gone, the detection is wrong: it does not get
    its second choice. If the word is to be ignored, so is the detection.

    Attributes:
        iou: A detection is taken for a word if their intersection over union is greater.
        whole_pixels: Coordinates are rounded first, half goes up.
    """

    iou: float = 0.5
    whole_pixels: bool = False

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        iou = Overlaps.between(truth.outlines, found.outlines, whole_pixels=self.whole_pixels).iou
        found_ignored = np.zeros(len(found.outlines), bool)
        pairs: dict[int, Pair] = {}
        fits = np.asarray((iou > self.iou).any(axis=0))
        for detection in np.argsort(-found.scores, kind="stable"):
            if fits[detection]:
                word = int(iou[:, detection].argmax())
                found_ignored[detection] = truth.ignored[word]
                if not truth.ignored[word]:
                    pairs.setdefault(word, Pair(word, int(detection)))
        return ImageResult(
            words_ignored=tuple(truth.ignored.tolist()),
            found_ignored=tuple(found_ignored.tolist()),
            pairs=tuple(pairs[word] for word in sorted(pairs)),
        )


def _angles(words: Rings, found: Rings) -> Numbers:
    """How much the directions differ, modulo a right angle; (words, found), in [0, pi / 4]."""
    apart = (_directions(words)[:, None] - _directions(found)) % (pi / 2)
    return np.asarray(np.minimum(apart, pi / 2 - apart))


def _directions(rings: Rings) -> Numbers:
    """The directions of the smallest rectangles around the rings, in radians; (N,)."""
    corners = np.array(
        [geometry.min_area_rect(points.astype(np.float32)) for points in rings.points], np.float64
    )
    x, y = np.moveaxis(corners[:, 1] - corners[:, 0], -1, 0)
    return np.asarray(np.arctan2(y, x))
