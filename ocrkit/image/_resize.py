"""Resizing that can be undone."""

import cv2
import numpy as np

from ocrkit.types import Floats, Image


def resize_to_long_side(image: Image, long_side: float, multiple: int) -> tuple[Image, Floats]:
    """The picture scaled to a long side of about `long_side` px, and the way back.

    Both sides are rounded to multiples of `multiple`, and are one multiple at least, so each has a
    scale of its own.

    Returns:
        The resized picture, and the (2,) factors (x, y) that take its points to those of `image`.
    """
    height, width = image.shape[:2]
    scale = long_side / max(height, width) / multiple
    rows, columns = (max(1, round(side * scale)) * multiple for side in (height, width))
    # Averaging is right for a side that shrinks and interpolation for one that grows; a strip a
    # few pixels high needs both.
    shrunk = cv2.resize(
        image, (min(columns, width), min(rows, height)), interpolation=cv2.INTER_AREA
    )
    resized = cv2.resize(shrunk, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8), np.array([width / columns, height / rows], np.float32)
