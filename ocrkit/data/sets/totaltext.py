r"""Total-Text: scenes with curved words, as polygons of as many points as they need.

1255 pictures to train on and 300 to test on. The labels of `img1.jpg` are in `poly_gt_img1.mat` (or
`gt_img1.mat`), a MATLAB file with a cell array `polygt` (or `gt`) of six columns, one word a row:
'x:', the x of its points, 'y:', their y, the text, and the orientation (c curved, h horizontal,
m multi-oriented, # do not care). Or they are in `poly_gt_img1.txt`, one word a line, which goes on
in the next line where there are many points:

    x: [[206 251 386 542 620 646]], y: [[633 811 931 946 926 976]], ornt: [u'c'], transcriptions: [u'PETROSAINS']

A word is to be ignored if its orientation or its text is `#`, or it has no text. An entry of one
point is not a region; it is left out. Coordinates are of the picture as displayed.
"""  # noqa: E501 (a line as it is in the file)

import ast
import io
import re
from collections.abc import Iterator, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field
from scipy.io import loadmat

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, FoldersConfig, scenes
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers
from ocrkit.types import Floats

IGNORED = "#"
"""The text and the orientation of a word that is to be ignored."""

_ENTRY = re.compile(
    r"x:\s*\[\[(.*?)\]\]\s*,\s*y:\s*\[\[(.*?)\]\]\s*,"
    r"\s*ornt:\s*(\[.*?\])\s*,\s*transcriptions:\s*(\[.*\])\s*"
)


class TotalTextConfig(FoldersConfig):
    """Where the archives were unpacked, and which part of the set is wanted."""

    name: Literal["totaltext"] = "totaltext"
    split: Literal["train", "test"] = Field("train", description="which pictures")


class TotalText(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = TotalTextConfig

    def __init__(self, config: TotalTextConfig) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        split = config.split.title()
        pictures = config.pictures(f"Images/{split}", f"totaltext/Images/{split}")
        polygons = f"Groundtruth/Polygon/{split}"
        truth = config.truth(polygons, f"groundtruth_text/{polygons}", f"txt_format/{split}")
        pattern = r"(?:poly_)?gt_(.+)\.(?:mat|txt)"
        entries = scenes(pattern, TextFiles(truth), pictures.find, _read)
        super().__init__(entries, config, truth)


def _read(files: TextFiles, name: str) -> Labels:
    """The words of one picture."""
    rows = _read_mat(files, name) if name.endswith(".mat") else _read_txt(files, name)
    kept = [row for row in rows if len(row[0]) > 1]
    outlines = tuple(outline for outline, _, _ in kept)
    texts = tuple(text for _, text, _ in kept)
    marks = [(text or IGNORED, orientation) for _, text, orientation in kept]
    return Labels(outlines, texts, np.array([IGNORED in mark for mark in marks], bool))


Row = tuple[Floats, str | None, str]
"""The outline of a word, its text and its orientation."""


def _read_mat(files: TextFiles, name: str) -> Iterator[Row]:
    place = str(files.path / name)
    stream: Any = io.BytesIO(files.content(name))  # the type stubs know only paths
    try:
        found = loadmat(stream)
    except Exception as error:  # a damaged file makes the reader trip over anything
        raise DataError(f"{place}: cannot be read as a MATLAB file: {error}") from error
    table = np.asarray(found.get("polygt", found.get("gt")))
    if not table.size:
        return
    if table.dtype != object or table.ndim != 2 or table.shape[1] < 6:
        raise DataError(f"{place}: expected a cell array `polygt` or `gt` of six columns")
    for number, (_, x, _, y, text, orientation) in enumerate(table[:, :6], start=1):
        where = f"{place}: row {number}"
        points = _outline(_flat(x), _flat(y), where)
        yield points, _cell_text(text, where), _cell_text(orientation, where) or ""


def _read_txt(files: TextFiles, name: str) -> Iterator[Row]:
    for where, entry in _entries(files, name):
        match = _ENTRY.fullmatch(entry)
        if not match:
            form = "x: [[...]], y: [[...]], ornt: [...], transcriptions: [...]"
            raise DataError(f"{where}: expected {form}; got {entry!r}")
        x, y, orientation, text = match.groups()
        points = _outline(x.split(), y.split(), where)
        yield points, _listed_text(text, where), _listed_text(orientation, where) or ""


def _entries(files: TextFiles, name: str) -> Iterator[tuple[str, str]]:
    """Entries, of one or more lines, each after the place of its first."""
    start, parts = "", list[str]()
    for where, line in files.lines(name):
        if line.lstrip().startswith("x:") and parts:
            yield start, " ".join(parts)
            parts = []
        start = start if parts else where
        parts.append(line.strip())
    if parts:
        yield start, " ".join(parts)


def _outline(x: Sequence[str], y: Sequence[str], where: str) -> Floats:
    """The ring of these coordinates; (K, 2)."""
    if len(x) != len(y) or len(x) == 2:
        raise DataError(f"{where}: expected at least 3 points, got {len(x)} x and {len(y)} y")
    columns = parse_numbers(x, where), parse_numbers(y, where)
    return np.array(columns, np.float32).T


def _flat(cell: Any) -> list[Any]:
    """The values in a cell, which may lie along a row or a column."""
    return list(np.asarray(cell).ravel())


def _cell_text(cell: Any, where: str) -> str | None:
    """The text in a cell; None if it is empty."""
    values = _flat(cell)
    if not values:
        return None
    # A text of digits may have become a number.
    if len(values) > 1 or not isinstance(values[0], str | np.integer):
        raise DataError(f"{where}: expected a text, got {values}")
    return str(values[0]) or None


def _listed_text(listed: str, where: str) -> str | None:
    """The text in a list of at most one, as Python 2 prints it; None if the list is empty."""
    try:
        values = ast.literal_eval(listed)
    except (ValueError, SyntaxError, RecursionError) as error:
        raise DataError(f"{where}: expected a list of one text, got {listed}") from error
    if len(values) > 1 or not all(isinstance(value, str) for value in values):
        raise DataError(f"{where}: expected a list of one text, got {listed}")
    return values[0] if values and values[0] else None
