r"""Label formats that the challenges of the Robust Reading Competition share.

Scenes: one text file a picture, one word a line. Words: one text file for all, one picture a line:

    word_1.png, "Genaxis Theatre"

Within the quotes a backslash stands before double quotes and backslashes. Both are UTF-8.
"""

import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ocrkit.data._base import Labels
from ocrkit.data._entries import Entry, short_names
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers
from ocrkit.types import Floats

IGNORED = "###"
"""The transcription of a word that is to be ignored."""

SCENES = r"gt_(.+)\.txt"
"""The names of label files."""


def read_quads(files: TextFiles, name: str, *, scripts: bool = False) -> Labels:
    """The words of a file of lines `x1,y1,x2,y2,x3,y3,x4,y4[,script],transcription`.

    Args:
        files: Where the file is.
        name: Of the file.
        scripts: Whether the transcription comes after the word's script.

    Raises:
        DataError: The file cannot be read or a line is malformed; the message names both.
    """
    count = 9 if scripts else 8
    expected = "8 coordinates, a script and a text" if scripts else "8 coordinates and a text"
    outlines: list[Floats] = []
    texts: list[str | None] = []
    languages: list[str] = []
    for where, line in files.lines(name):
        fields = line.split(",", count)
        if len(fields) < count:
            raise DataError(f"{where}: expected {expected}, got {len(fields)} fields")
        outlines.append(np.array(parse_numbers(fields[:8], where), np.float32).reshape(4, 2))
        texts.append(fields[count] if len(fields) > count else None)
        languages += fields[8:count]
    return labels_of(outlines, texts, languages)


def labels_of(
    outlines: Sequence[Floats], texts: Sequence[str | None], languages: Sequence[str] = ()
) -> Labels:
    """Labels in which the text `###` stands for an ignored word."""
    ignored = np.array([text == IGNORED for text in texts], bool)
    return Labels(tuple(outlines), tuple(texts), ignored, tuple(languages))


def words(listed: Path, folder: Path) -> list[Entry]:
    """The pictures of single words that the file `listed` names, which lie in `folder`.

    Raises:
        DataError: The file cannot be read or a line is malformed; the message names both.
    """
    names, texts = [], []
    for where, line in TextFiles(listed.parent).lines(listed.name):
        name, comma, text = line.partition(",")
        if not name.strip() or not comma:
            raise DataError(f'{where}: expected a picture, a comma and its "text", got {line!r}')
        names.append(name.strip())
        texts.append(_unquoted(text.strip()))
    return [
        Entry(short, partial(Path, folder, name), partial(Labels.of_crop, text))
        for short, name, text in zip(short_names(names), names, texts, strict=True)
    ]


def unescape(text: str) -> str:
    """`text` without the backslashes before double quotes and backslashes."""
    return re.sub(r'\\(["\\])', r"\1", text)


def _unquoted(text: str) -> str:
    """What stands in quotes; all of it if it is not in quotes."""
    quoted = len(text) > 1 and text[0] == text[-1] == '"'
    return unescape(text[1:-1]) if quoted else text
