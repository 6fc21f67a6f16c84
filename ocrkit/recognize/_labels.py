"""Texts as networks learn them: classes of characters, padded to one length."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from ocrkit.text import Charset

MAX_LENGTH = 64
"""Longest label of a training sample, characters."""


class Labels(NamedTuple):
    """`classes` (MAX_LENGTH,) int64, padded with zeros; `length` () int64, how many are real.

    Character i of the charset is class i + 1; class 0 is no character.
    """

    classes: NDArray[np.int64] | Tensor
    length: NDArray[np.int64] | Tensor


def encode(charset: Charset, text: str) -> Labels:
    """Classes of the characters of `text`.

    Raises:
        ValueError: `text` is too long, or has a character that the charset lacks.
    """
    found = np.asarray(charset.encode(text), np.int64) + 1
    if len(found) > MAX_LENGTH:
        raise ValueError(f"{text!r}: {len(found)} characters, at most {MAX_LENGTH} fit a label")
    padded = np.pad(found, (0, MAX_LENGTH - len(found)))
    return Labels(padded, np.array(len(found), np.int64))
