"""Every way out: what was read, as a file in one of the formats that other programs know.

One module per format or family of formats, each with a function that takes the pages of one
document and gives the content of one file. Nothing is imported until it is asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, NamedTuple

from ocrkit.catalog import unknown
from ocrkit.errors import ConfigError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.types import Image, Page


class Sheet(NamedTuple):
    """A page that was read, and what it was read from."""

    name: str
    """Of the file: its path as it was given."""
    number: int
    """Of the page in the file, from 1."""
    image: "Image"
    """(H, W, 3) uint8, RGB, as displayed."""
    page: "Page"
    dpi: float | None
    """Pixels per inch of `image`, where they are known."""
    pages: int = 1
    """That the file has."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of files.

    Attributes:
        name: As the command line calls it.
        suffix: Of its files.
        joins: Whether all pages of a document go into one file.
        binary: Whether its files are other than text in UTF-8.
        writer: The module in this package and the function in it, parted by a dot.
    """

    name: str
    suffix: str
    joins: bool
    binary: bool
    writer: str

    def render(self, sheets: Sequence[Sheet]) -> bytes:
        """The content of one file.

        Args:
            sheets: The pages of one document, in order; just one where the format does not join.

        Raises:
            ValueError: There is no page, or there are several and the format does not join.
        """
        if not sheets or (len(sheets) > 1 and not self.joins):
            wanted = "one page or more" if self.joins else "one page a file"
            raise ValueError(f"{self.name}: expected {wanted}, got {len(sheets)}")
        module, _, function = self.writer.partition(".")
        content: bytes = getattr(import_module(f"ocrkit.formats.{module}"), function)(sheets)
        return content


_FORMATS = {
    format_.name: format_
    for format_ in (
        Format("json", ".json", joins=False, binary=False, writer="records.json_page"),
        Format("jsonl", ".jsonl", joins=True, binary=False, writer="records.json_lines"),
        Format("txt", ".txt", joins=True, binary=False, writer="plain.render"),
        Format("csv", ".csv", joins=True, binary=False, writer="table.commas"),
        Format("tsv", ".tsv", joins=True, binary=False, writer="table.tabs"),
        Format("hocr", ".hocr", joins=True, binary=False, writer="hocr.render"),
        Format("alto", ".alto.xml", joins=True, binary=False, writer="alto.render"),
        Format("page", ".page.xml", joins=False, binary=False, writer="page.render"),
        Format("pdf", ".pdf", joins=True, binary=True, writer="pdf.render"),
        Format("png", ".png", joins=False, binary=True, writer="picture.render"),
    )
}

NAMES = tuple(_FORMATS)


def find(name: str) -> Format:
    """The format of this name.

    Raises:
        ConfigError: There is none; the message names the nearest and lists all.
    """
    if name not in _FORMATS:
        raise ConfigError(unknown("output", name, list(NAMES), "format"))
    return _FORMATS[name]
