"""Tables: a row per word, with commas (RFC 4180) or tabs between the columns.

Fields are what was read, to the letter: one that a spreadsheet takes for a formula stays as it is.
"""

import csv
import io
from collections.abc import Iterator, Sequence

from ocrkit.formats import Sheet

COLUMNS = (
    *("path", "page", "line", "word", "text", "confidence", "score"),
    *("x1", "y1", "x2", "y2", "x3", "y3", "x4", "y4"),
)


def commas(sheets: Sequence[Sheet]) -> bytes:
    r"""Comma-separated values, as RFC 4180 has them: lines end in \r\n."""
    return _table(sheets, ",", "\r\n")


def tabs(sheets: Sequence[Sheet]) -> bytes:
    r"""Tab-separated values; lines end in \n, and fields are quoted as with commas."""
    return _table(sheets, "\t", "\n")


def _table(sheets: Sequence[Sheet], delimiter: str, end: str) -> bytes:
    content = io.StringIO(newline="")
    writer = csv.writer(content, delimiter=delimiter, lineterminator=end)
    writer.writerow(COLUMNS)
    writer.writerows(row for sheet in sheets for row in _rows(sheet))
    return content.getvalue().encode("utf-8", "replace")


def _rows(sheet: Sheet) -> Iterator[tuple[object, ...]]:
    """Lines count from 1 on each page, words from 1 in each line."""
    for number, line in enumerate(sheet.page.lines, start=1):
        for place, word in enumerate(line, start=1):
            plain = word.to_dict()
            corners = (value for point in plain["quad"] for value in point)
            sure = (plain["confidence"], plain["score"])
            yield (sheet.name, sheet.number, number, place, word.text, *sure, *corners)
