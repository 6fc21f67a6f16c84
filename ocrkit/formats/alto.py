"""ALTO 4: blocks, lines and strings with boxes, polygons and confidences (loc.gov/standards/alto).

One `Page` per page, in pixels. What is written is valid for versions 4.2 to 4.4.
"""

from collections.abc import Sequence

import ocrkit
from ocrkit.formats import Sheet
from ocrkit.formats import _outlines as outlines
from ocrkit.formats._outlines import Bounds, Points, Size
from ocrkit.formats._xml import Element, add, document, spelled
from ocrkit.layout import Line, paragraphs
from ocrkit.types import Word

NAMESPACE = "http://www.loc.gov/standards/alto/ns-v4#"


def render(sheets: Sequence[Sheet]) -> bytes:
    """All pages of a document."""
    root = Element("alto", xmlns=NAMESPACE, SCHEMAVERSION="4.2")
    description = add(root, "Description")
    add(description, "MeasurementUnit", "pixel")
    add(add(description, "sourceImageInformation"), "fileName", sheets[0].name)
    software = add(add(description, "Processing", ID="ocrkit"), "processingSoftware")
    add(software, "softwareName", "ocrkit")
    add(software, "softwareVersion", ocrkit.__version__)
    layout = add(root, "Layout")
    for count, sheet in enumerate(sheets, start=1):
        _page(layout, sheet, f"page_{count}")
    return document(root)


def _page(layout: Element, sheet: Sheet, name: str) -> None:
    height, width = sheet.page.size
    area = {"WIDTH": width, "HEIGHT": height}
    page = add(layout, "Page", ID=name, PHYSICAL_IMG_NR=sheet.number, **area)
    space = add(page, "PrintSpace", HPOS=0, VPOS=0, **area)
    for count, paragraph in enumerate(paragraphs(sheet.page.lines), start=1):
        block = add(space, "TextBlock", ID=f"{name}_block_{count}")
        shape = add(block, "Shape")
        lines = [
            _line(block, line, f"{name}_block_{count}_line_{place}", sheet.page.size)
            for place, line in enumerate(paragraph, start=1)
        ]
        _outline(block, shape, outlines.hull(lines))


def _line(block: Element, line: Line, name: str, size: Size) -> Points:
    """Add a line; returns its outline."""
    element = add(block, "TextLine", ID=name, BASELINE=spelled(outlines.baseline(line, size)))
    shape = add(element, "Shape")
    quads = [outlines.rounded(word.quad, size) for word in line]
    boxes = [outlines.bounds(quad) for quad in quads]
    for place, (word, quad) in enumerate(zip(line, quads, strict=True)):
        if place:
            _space(element, boxes[place - 1], boxes[place])
        _string(element, word, quad, f"{name}_string_{place + 1}", size)
    outline = outlines.hull(quads)
    _outline(element, shape, outline)
    return outline


def _space(line: Element, before: Bounds, after: Bounds) -> None:
    """The space between two words."""
    left, right = before.right, max(before.right, after.left)
    top, bottom = min(before.top, after.top), max(before.bottom, after.bottom)
    add(line, "SP", HPOS=left, VPOS=top, WIDTH=right - left, HEIGHT=bottom - top)


def _string(line: Element, word: Word, quad: Points, name: str, size: Size) -> None:
    string = add(line, "String", ID=name, CONTENT=word.text, WC=round(word.confidence, 4))
    _outline(string, add(string, "Shape"), quad)
    glyphs = outlines.characters(word, size)
    if any(len(character.text) != 1 for character, _ in glyphs):  # which ALTO does not know
        return
    for count, (character, outline) in enumerate(glyphs, start=1):
        sure = round(character.confidence, 4)
        glyph = add(string, "Glyph", ID=f"{name}_glyph_{count}", CONTENT=character.text, GC=sure)
        _outline(glyph, add(glyph, "Shape"), outline)


def _outline(element: Element, shape: Element, points: Points) -> None:
    """Say where an element is: its bounds, and its polygon in its `Shape`."""
    left, top, right, bottom = outlines.bounds(points)
    box = {"HPOS": left, "VPOS": top, "WIDTH": right - left, "HEIGHT": bottom - top}
    for key, value in box.items():
        element.set(key, str(value))
    add(shape, "Polygon", POINTS=spelled(points))
