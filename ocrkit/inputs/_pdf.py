"""Pages of PDF documents as pictures, drawn by PDFium."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from ocrkit.errors import ImageError, MissingDecoderError
from ocrkit.image import check_size
from ocrkit.types import Image

POINTS_PER_INCH = 72
PASSWORD_ERROR = 4
"""FPDF_ERR_PASSWORD of PDFium."""

_pdfium = threading.RLock()
"""PDFium works for one thread at a time."""


def count_pages(content: Path | bytes, name: str) -> int:
    """How many pages a document has.

    Args:
        content: Of the document, or its path.
        name: Of the document, for people.

    Raises:
        ImageError: The document is encrypted or damaged, or has no pages.
        MissingDecoderError: The extra that reads PDF is not installed.
    """
    with _opened(content, name) as document:
        if not len(document):
            raise ImageError(f"{name}: is a PDF document without pages")
        return len(document)


def draw_page(content: Path | bytes, name: str, dpi: float, number: int, max_pixels: int) -> Image:
    """A page as it is displayed, with its annotations and what was filled into its forms.

    The document is opened for each page anew: pages can be drawn in any order, by any thread, and
    nothing stays open.

    Args:
        content: Of the document, or its path.
        name: Of the document, for people.
        dpi: Pixels per inch to draw at.
        number: Of the page, from 1.
        max_pixels: A page that would have more is refused before it is drawn.

    Raises:
        ImageError: The page is damaged or too large.
        MissingDecoderError: The extra that reads PDF is not installed.
    """
    place = f"{name}, page {number}"
    with _opened(content, name, forms=True) as document, _explained(place):
        page = document[number - 1]
        scale = dpi / POINTS_PER_INCH
        width, height = (_pixels(side * scale) for side in page.get_size())
        check_size(f"{place} at {dpi:g} dpi", height, width, max_pixels)
        drawn = page.render(scale=scale, rev_byteorder=True)
        # The bitmap is PDFium's, and goes with the document.
        return np.array(drawn.to_numpy()[..., :3])


def _pixels(side: float) -> int:
    """PDFium rounds up."""
    return int(np.ceil(side))


@contextmanager
def _opened(content: Path | bytes, name: str, forms: bool = False) -> Iterator[Any]:
    """The document, open, and no other thread in PDFium meanwhile."""
    try:
        import pypdfium2
    except ImportError as error:
        message = f"{name}: reading PDF needs an extra: pip install 'ocrkit[pdf]'"
        raise MissingDecoderError(message) from error
    with _pdfium:
        with _explained(name):
            document = pypdfium2.PdfDocument(content)
        try:
            if forms:
                with _explained(name):
                    document.init_forms()
            yield document
        finally:
            document.close()


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Whatever PDFium says, in one sentence."""
    try:
        yield
    except ImageError:
        raise
    except Exception as error:  # damaged documents make PDFium's binding trip over anything
        if getattr(error, "err_code", None) == PASSWORD_ERROR:
            hint = "save it without its password first"
            raise ImageError(f"{name}: is an encrypted PDF document; {hint}") from error
        reason = " ".join(str(error).split())
        raise ImageError(f"{name}: is a damaged PDF document: {reason}") from error
