"""Rotated rectangles in `.gt` files, as MSRA-TD500 and HUST-TR400 have them.

The labels of `IMG_0030.JPG` are in `IMG_0030.gt` beside it, one line of text a line:

    index difficult x y width height angle

`x y width height` is an upright rectangle by its top left corner, px; it is turned round its centre
by `angle`, radians, clockwise on screen where positive. `difficult` is 1 for text that is hard to
read, which is to be ignored. There are no transcriptions; what follows the angle is not read.
"""

import math
from pathlib import Path

import numpy as np

from ocrkit.data._base import Labels, Pictures
from ocrkit.data._entries import Entry, scenes
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers
from ocrkit.types import Floats


def listed(folder: Path) -> list[Entry]:
    """A sample for each `.gt` file in the folder.

    Raises:
        DataError: The folder cannot be read.
    """
    return scenes(r"(.+)\.gt", TextFiles(folder), Pictures(folder).find, read_rotated)


def read_rotated(files: TextFiles, name: str) -> Labels:
    """The lines of text of one picture.

    Raises:
        DataError: The file cannot be read or a line is malformed; the message names both.
    """
    outlines, difficult = [], []
    for where, line in files.lines(name):
        fields = line.split()
        if len(fields) < 7 or fields[1] not in ("0", "1"):
            form = "index, difficult (0 or 1), x, y, width, height, angle"
            raise DataError(f"{where}: expected {form}; got {line!r}")
        outlines.append(rotated(*parse_numbers(fields[2:7], where)))
        difficult.append(fields[1] == "1")
    return Labels(tuple(outlines), (None,) * len(outlines), np.array(difficult, bool))


def rotated(x: float, y: float, width: float, height: float, angle: float) -> Floats:
    """The corners of a rectangle turned round its centre, from the former top left; (4, 2)."""
    half = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    turn = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    return np.asarray(half @ turn + [x + width / 2, y + height / 2], np.float32)
