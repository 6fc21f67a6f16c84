"""Text: a line a line, an empty line between paragraphs, a form feed between pages."""

from collections.abc import Sequence

from ocrkit.formats import Sheet
from ocrkit.layout import paragraphs
from ocrkit.types import Page


def render(sheets: Sequence[Sheet]) -> bytes:
    """All pages; of one without words nothing is left but the form feed."""
    return "\f".join(_text(sheet.page) for sheet in sheets).encode("utf-8", "replace")


def _text(page: Page) -> str:
    blocks = (
        "".join(" ".join(word.text for word in line) + "\n" for line in paragraph)
        for paragraph in paragraphs(page.lines)
    )
    return "\n".join(blocks)
