"""hOCR 1.2: XHTML whose elements say in their titles where they stand (kba.github.io/hocr-spec).

Confidences and boxes of characters stand in the titles of words (`x_confs`, `x_bboxes`), not in
elements of their own: many programs take a word's text from its element alone.
"""

import math
from collections.abc import Sequence

import ocrkit
from ocrkit.formats import Sheet
from ocrkit.formats import _outlines as outlines
from ocrkit.formats._outlines import Points, Size
from ocrkit.formats._xml import Element, add, clean, document
from ocrkit.layout import Line, paragraphs
from ocrkit.types import Word

DOCTYPE = (
    '<!DOCTYPE html PUBLIC "-//W3C//DTD XHTML 1.0 Transitional//EN"'
    ' "http://www.w3.org/TR/xhtml1/DTD/xhtml1-transitional.dtd">\n'
)
CAPABILITIES = "ocr_page ocr_carea ocr_par ocr_line ocrx_word ocrp_wconf ocrp_poly"


def render(sheets: Sequence[Sheet]) -> bytes:
    """All pages of a document."""
    root = Element("html", xmlns="http://www.w3.org/1999/xhtml")
    head = add(root, "head")
    add(head, "title", sheets[0].name)
    add(head, "meta", **{"http-equiv": "Content-Type", "content": "text/html; charset=utf-8"})
    add(head, "meta", name="ocr-system", content=f"ocrkit {ocrkit.__version__}")
    add(head, "meta", name="ocr-capabilities", content=CAPABILITIES)
    body = add(root, "body")
    for count, sheet in enumerate(sheets, start=1):
        _page(body, sheet, f"page_{count}")
    return document(root, DOCTYPE)


def _page(body: Element, sheet: Sheet, name: str) -> None:
    height, width = sheet.page.size
    about = [f"image {_quoted(sheet.name)}", f"bbox 0 0 {width} {height}"]
    about.append(f"ppageno {sheet.number - 1}")
    if sheet.dpi:
        about.append(f"scan_res {sheet.dpi:g} {sheet.dpi:g}")
    page = _element(body, "div", "ocr_page", name, *about)
    for count, paragraph in enumerate(paragraphs(sheet.page.lines), start=1):
        area = _element(page, "div", "ocr_carea", f"{name}_area_{count}")
        text = _element(area, "p", "ocr_par", f"{name}_par_{count}")
        lines = [
            _line(text, line, f"{name}_par_{count}_line_{place}", sheet.page.size)
            for place, line in enumerate(paragraph, start=1)
        ]
        for element in (area, text):
            element.set("title", _box(outlines.hull(lines)))


def _line(paragraph: Element, line: Line, name: str, size: Size) -> Points:
    """Add a line; returns its outline."""
    quads = [outlines.rounded(word.quad, size) for word in line]
    outline = outlines.hull(quads)
    about = [_box(outline), _stands(outlines.baseline(line, size), outline)]
    element = _element(paragraph, "span", "ocr_line", name, *about)
    for count, (word, quad) in enumerate(zip(line, quads, strict=True), start=1):
        about = [*_placed(quad), f"x_wconf {100 * word.confidence:.0f}", *_details(word, size)]
        span = _element(element, "span", "ocrx_word", f"{name}_word_{count}", *about)
        span.text = clean(word.text)
    return outline


def _details(word: Word, size: Size) -> list[str]:
    """The boxes and confidences of the characters, where they are known."""
    found = outlines.characters(word, size)
    if not found or any(len(character.text) != 1 for character, _ in found):
        return []
    boxes = (value for _, outline in found for value in outlines.bounds(outline))
    sure = (f"{100 * character.confidence:.1f}" for character, _ in found)
    return [f"x_confs {' '.join(sure)}", f"x_bboxes {' '.join(map(str, boxes))}"]


def _stands(base: Points, outline: Points) -> str:
    """How a line stands: its base line, as hOCR counts it, or the angle of one that is turned.

    A base line is a slope and an offset from the lower left corner of the bounds.
    """
    (x1, y1), (x2, y2) = base
    if x2 - x1 <= abs(y2 - y1):
        return f"textangle {-math.degrees(math.atan2(y2 - y1, x2 - x1)) % 360:.1f}"
    left, _, _, bottom = outlines.bounds(outline)
    slope = (y2 - y1) / (x2 - x1)
    return f"baseline {slope:.4f} {y1 + slope * (left - x1) - bottom:.0f}"


def _placed(quad: Points) -> list[str]:
    """The bounds of a quad, and its corners if they are not those of the bounds."""
    left, top, right, bottom = outlines.bounds(quad)
    if quad == ((left, top), (right, top), (right, bottom), (left, bottom)):
        return [_box(quad)]
    return [_box(quad), f"poly {' '.join(str(value) for point in quad for value in point)}"]


def _box(points: Points) -> str:
    return "bbox " + " ".join(map(str, outlines.bounds(points)))


def _quoted(name: str) -> str:
    """A name as a string of a title, in which nothing but quotes and backslashes is special."""
    return '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _element(parent: Element, tag: str, kind: str, name: str, *about: str) -> Element:
    return add(parent, tag, **{"class": kind}, id=name, title="; ".join(about) or None)
