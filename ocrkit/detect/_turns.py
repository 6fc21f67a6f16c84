"""Pictures turned for a detector, which has learnt level text, and what it finds there turned back.

A picture may be laid on its side, so that text that runs down is upright, or turned by a few
degrees, so that text that slants is level.
"""

from math import ceil

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.types import Detections, Image

LONG = 1.5
"""A quad this many times wider than high tells which way its text runs."""


def slant(found: Detections) -> float:
    """By how many degrees text runs down to the right (up: negative), in the middle; 0 if none.

    More than half of the long words slant at least so much, if it is not 0.
    """
    heights, widths = geometry.extent(found.quads)
    quads = found.quads[widths > LONG * heights]
    if not len(quads):
        return 0.0
    across, down = (quads[:, 1] + quads[:, 2] - quads[:, 0] - quads[:, 3]).T
    return float(np.median(np.degrees(np.arctan2(down, across))))


def lying(image: Image) -> Image:
    """A picture (H, W, 3) on its left side, (W, H, 3): text that runs down is upright."""
    return np.asarray(cv2.rotate(image, cv2.ROTATE_90_COUNTERCLOCKWISE), np.uint8)


def upended(found: Detections, width: int) -> Detections:
    """What was found in a picture that lay on its left side, in the picture's own pixels.

    Quads start as if their text were upright, as all of a detector do.

    Args:
        found: In pixels of what `lying` makes of the picture.
        width: Of the picture.
    """
    across, down = found.quads[..., 0], found.quads[..., 1]
    quads = np.stack([width - down, across], axis=-1)
    starts = [geometry.upright(quad) for quad in quads]
    return Detections(np.stack(starts) if starts else quads, found.scores)


def levelled(image: Image, degrees: float) -> tuple[Image, NDArray[np.float64]]:
    """A picture turned so that text with this slant is level, whole, its edges drawn out.

    Args:
        image: (H, W, 3) uint8.
        degrees: See `slant`.

    Returns:
        The turned picture, and the matrix (2, 3) that takes its points to those of `image`.
    """
    height, width = image.shape[:2]
    angle = np.radians(degrees)
    cosine, sine = np.cos(angle), np.sin(angle)
    high = ceil(width * abs(sine) + height * abs(cosine) - 1e-6)
    wide = ceil(width * abs(cosine) + height * abs(sine) - 1e-6)
    turn = np.array([[cosine, -sine], [sine, cosine]])
    middle, seen = np.array([width, height]) / 2, np.array([wide, high]) / 2
    back = np.column_stack([turn, middle - turn @ seen])
    # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
    centres = back.copy()
    centres[:, 2] += turn @ [0.5, 0.5] - 0.5
    turned = cv2.warpAffine(
        image,
        centres,
        (wide, high),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return np.asarray(turned, np.uint8), back


def turned_back(found: Detections, back: NDArray[np.float64], size: tuple[int, int]) -> Detections:
    """What was found in a turned picture, in the pixels of the picture as it was.

    Args:
        found: In pixels of the turned picture.
        back: See `levelled`.
        size: Height and width of the picture. What has its middle outside of it is left out.
    """
    quads = (found.quads @ back[:, :2].T + back[:, 2]).astype(np.float32)
    middles = quads.mean(axis=1)
    inside = ((middles >= 0) & (middles <= size[::-1])).all(axis=1)
    return Detections(quads, found.scores)[inside]
