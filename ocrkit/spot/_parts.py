"""Words that were found in parts: two parts that overlap along a line are one more thing to read.

A detector that sees a long or widely spaced word through a few cells may tell only a part of it,
and at another scale another part. Whether both together are a word is seen by what they read.
"""

import math

import numpy as np

from ocrkit import geometry
from ocrkit.detect._nms import overlapping
from ocrkit.types import Detections

SHARED, BEYOND = 0.4, 0.25
"""So much of the line, in heights, must two parts share, and so far each reach beyond the other."""

HIGHER = 1.4
"""At most so many times as high is one part as the other,"""

OFF = 0.3
"""so far apart, in heights, are their middles across the line,"""

TURNED = math.cos(math.radians(12))
"""and so much, as a cosine, is one turned against the other."""


def joined(found: Detections) -> Detections:
    """What each two detections make up that overlap along a line, neither holding the other.

    A quad that begins with the left one's left side and ends with the right one's right side, with
    the lower of both scores; (J, 4, 2). Text runs from the first to the second corner of quads.
    """
    first, second, _ = overlapping(found.quads)
    left, right = np.concatenate([first, second]), np.concatenate([second, first])
    seen = geometry.onward(found.quads[left], found.quads[right])
    fits = (
        (seen.gap < -SHARED)
        & (np.minimum(seen.start, seen.end) > BEYOND)
        & (seen.taller < HIGHER)
        & (seen.aside < OFF)
        & (seen.cosine > TURNED)
    )
    left, right = left[fits], right[fits]
    corners = [found.quads[of, c] for of, c in ((left, 0), (right, 1), (right, 2), (left, 3))]
    scores = np.minimum(found.scores[left], found.scores[right])
    return Detections(np.stack(corners, axis=1), scores)
