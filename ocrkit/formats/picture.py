"""The picture with what was read drawn in."""

from collections.abc import Sequence

from ocrkit.draw import draw_page
from ocrkit.formats import Sheet
from ocrkit.image import encode_image


def render(sheets: Sequence[Sheet]) -> bytes:
    """The page as PNG; see `draw_page`."""
    (sheet,) = sheets
    return encode_image(draw_page(sheet.image, sheet.page), ".png")
