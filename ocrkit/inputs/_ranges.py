"""Ranges of pages, such as 1-3,7."""

import re
from dataclasses import dataclass

from ocrkit.errors import ConfigError


@dataclass(frozen=True, slots=True)
class PageRanges:
    """Which pages of a document are wanted.

    Attributes:
        text: As it was written.
        spans: First and last page of each range, from 1; None where the range is open.
    """

    text: str
    spans: tuple[tuple[int, int | None], ...]

    def __contains__(self, number: int) -> bool:
        """Whether the page of this number is wanted."""
        return any(first <= number <= (last or number) for first, last in self.spans)


def parse_ranges(text: str) -> PageRanges:
    """Ranges written as in `1-3,7,12-`.

    Raises:
        ConfigError: They are written otherwise, a page is 0, or a range runs backwards.
    """
    spans = tuple(_span(part.strip(), text) for part in text.split(","))
    return PageRanges(text, spans)


def _span(part: str, text: str) -> tuple[int, int | None]:
    """The first and the last page of one range."""
    # No document has pages of more digits, and Python takes long to read a number of very many.
    found = re.fullmatch(r"(\d{1,9})(-(\d{1,9})?)?", part, re.ASCII)
    if found:
        first = int(found[1])
        last = first if not found[2] else int(found[3]) if found[3] else None
        if first >= 1 and (last is None or last >= first):
            return first, last
    raise ConfigError(f"pages {text!r}: expected numbers from 1 and ranges, as in 1-3,7,12-")
