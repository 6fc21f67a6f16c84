"""Detection by the protocol of ICDAR 2015 (task 4.1, "text localization"); MLT uses it too.

A detection is right if its IoU with a word is greater than 0.5, one to one, first come first
served. Words to be ignored, and detections more than half of whose area lies in one of them, count
neither way. Precision and recall are those of all images together.
"""

from collections.abc import Sequence

import numpy as np

from ocrkit.evaluate._matching import Outlines, Overlaps
from ocrkit.evaluate._result import ImageResult, Pair
from ocrkit.types import Bools, check

PROTOCOL = "ic15-det"


def score_image(found: Outlines, words: Outlines, ignored: Sequence[bool] | Bools) -> ImageResult:
    """The score of the detections in one image.

    Args:
        found: Outlines (K, 2) of detections, or quads (N, 4, 2); in pixels, rounded before they
            are compared. Their order counts.
        words: Outlines of the ground truth, in the frame of `found`. Their order counts.
        ignored: One flag per word.

    Raises:
        ShapeError: An outline is not (K, 2) with K >= 3 or is not finite, or flags are missing.
    """
    ignored = np.asarray(ignored, bool)
    check("ignored", ignored, (len(words),))
    overlaps = Overlaps.between(words, found)
    ignored_found = overlaps.ignored_found(ignored)
    pairs = overlaps.pairs(ignored, ignored_found)
    return ImageResult(
        words=int((~ignored).sum()),
        ignored_words=int(ignored.sum()),
        found=int((~ignored_found).sum()),
        ignored_found=int(ignored_found.sum()),
        pairs=tuple(Pair(word, detection, True) for word, detection in pairs),
    )
