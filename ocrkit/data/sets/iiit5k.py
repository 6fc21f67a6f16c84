"""IIIT 5K-word: single words cut from pictures that a search engine found, with lexicons.

2000 pictures to train on and 3000 to test on, in the folders `train` and `test`. Beside them lie
`traindata.mat` and `testdata.mat` (MATLAB 5), which hold a structure array of the same name with
the fields

    ImgName        test/1002_1.png
    GroundTruth    PRIVATE
    smallLexi      50 words, that of the picture among them: lexicon "50"
    mediumLexi     1000 words: lexicon "1k"

Words are in capitals, without punctuation, though the pictures may have both cases and marks. None
is marked to be ignored.
"""

import sys
from functools import partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np
import scipy.io
from numpy.typing import NDArray
from pydantic import Field

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, short_names
from ocrkit.errors import DataError

LEXICONS = {"50": "smallLexi", "1k": "mediumLexi"}
"""Fields by the names of the lexicons."""

FIELDS = ("ImgName", "GroundTruth", *LEXICONS.values())


class Iiit5kConfig(DatasetConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["iiit5k"] = "iiit5k"
    root: Path = Field(description="folder IIIT5K, with traindata.mat and testdata.mat")
    split: Literal["train", "test"] = Field("train", description="which pictures")


class Iiit5k(Entries):
    """Words in the order of the structure array."""

    Config: ClassVar[type[DatasetConfig]] = Iiit5kConfig

    def __init__(self, config: Iiit5kConfig) -> None:
        """Read the structure array.

        Raises:
            DataError: It cannot be read or has other fields, or a list names no sample.
        """
        path = config.root / f"{config.split}data.mat"
        rows = [_row(record, f"{path}: {i + 1}") for i, record in enumerate(_records(path))]
        names = short_names([name for name, _, _ in rows])
        entries = [
            Entry(
                short,
                partial(Path, config.root, name),
                partial(Labels.of_crop, text, lexicons=lexicons),
            )
            for short, (name, text, lexicons) in zip(names, rows, strict=True)
        ]
        super().__init__(entries, config, path)


def _records(path: Path) -> NDArray[np.void]:
    """The elements of the structure array; (N,)."""
    try:
        with path.open("rb") as opened:
            file: Any = opened  # the stubs of scipy know paths only
            content = scipy.io.loadmat(file)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except Exception as error:  # the reader raises whatever damaged data make it trip over
        raise DataError(f"{path}: cannot be read as a MATLAB 5 file: {error}") from error
    found = content.get(path.stem)
    names = getattr(found, "dtype", np.dtype(float)).names or ()
    if found is None or not set(FIELDS) <= set(names):
        expected = ", ".join(FIELDS)
        raise DataError(f"{path}: expected a structure array {path.stem} with {expected}")
    return np.asarray(found).reshape(-1)


def _row(record: np.void, where: str) -> tuple[str, str, dict[str, tuple[str, ...]]]:
    """The picture's path, its text and its lexicons."""
    lexicons = {
        key: tuple(_string(cell, where) for cell in np.asarray(record[field]).reshape(-1))
        for key, field in LEXICONS.items()
    }
    return _string(record["ImgName"], where), _string(record["GroundTruth"], where), lexicons


def _string(value: Any, where: str) -> str:
    """A MATLAB string; lexicons share words, so each is kept once."""
    array = np.asarray(value)
    if array.dtype.kind != "U" or array.size > 1:
        raise DataError(f"{where}: expected a string, got {array.dtype} of shape {array.shape}")
    return sys.intern(str(array.reshape(-1)[0]) if array.size else "")
