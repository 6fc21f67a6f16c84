"""PAGE XML of 2019-07-15: regions, lines, words and glyphs with polygons, text and confidences."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import ocrkit
from ocrkit.formats import Sheet
from ocrkit.formats import _outlines as outlines
from ocrkit.formats._outlines import Points, Size
from ocrkit.formats._xml import Element, add, document, spelled
from ocrkit.layout import Line, paragraphs
from ocrkit.types import Word

NAMESPACE = "http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15"


def render(sheets: Sequence[Sheet]) -> bytes:
    """One page; the format has no room for more."""
    (sheet,) = sheets
    root = Element("PcGts", xmlns=NAMESPACE)
    metadata = add(root, "Metadata")
    add(metadata, "Creator", f"ocrkit {ocrkit.__version__}")
    now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    add(metadata, "Created", now)
    add(metadata, "LastChange", now)
    page = add(root, "Page", **_about(sheet))
    regions = paragraphs(sheet.page.lines)
    if regions:
        group = add(add(page, "ReadingOrder"), "OrderedGroup", id="reading_order")
        for index in range(len(regions)):
            add(group, "RegionRefIndexed", index=index, regionRef=f"region_{index + 1}")
    for count, region in enumerate(regions, start=1):
        _region(page, region, f"region_{count}", sheet.page.size)
    return document(root)


def _about(sheet: Sheet) -> dict[str, Any]:
    """The attributes of a page."""
    height, width = sheet.page.size
    about: dict[str, Any] = {"imageFilename": sheet.name, "imageWidth": width}
    about["imageHeight"] = height
    if sheet.dpi:
        resolution = f"{sheet.dpi:g}"
        about |= {"imageXResolution": resolution, "imageYResolution": resolution}
        about["imageResolutionUnit"] = "PPI"
    return about


def _region(page: Element, lines: Sequence[Line], name: str, size: Size) -> None:
    region = add(page, "TextRegion", id=name)
    coords = add(region, "Coords")
    found = [
        _line(region, line, f"{name}_line_{count}", size)
        for count, line in enumerate(lines, start=1)
    ]
    coords.set("points", spelled(outlines.hull(found)))
    _says(region, "\n".join(_text(line) for line in lines))


def _line(region: Element, line: Line, name: str, size: Size) -> Points:
    """Add a line; returns its outline."""
    element = add(region, "TextLine", id=name)
    quads = [outlines.rounded(word.quad, size) for word in line]
    outline = outlines.hull(quads)
    add(element, "Coords", points=spelled(outline))
    add(element, "Baseline", points=spelled(outlines.baseline(line, size)))
    for count, (word, quad) in enumerate(zip(line, quads, strict=True), start=1):
        _word(element, word, quad, f"{name}_word_{count}", size)
    _says(element, _text(line))
    return outline


def _word(line: Element, word: Word, quad: Points, name: str, size: Size) -> None:
    element = add(line, "Word", id=name)
    add(element, "Coords", points=spelled(quad))
    for count, (character, outline) in enumerate(outlines.characters(word, size), start=1):
        glyph = add(element, "Glyph", id=f"{name}_glyph_{count}")
        add(glyph, "Coords", points=spelled(outline))
        _says(glyph, character.text, character.confidence)
    _says(element, word.text, word.confidence)


def _says(element: Element, text: str, confidence: float | None = None) -> None:
    sure = None if confidence is None else round(confidence, 4)
    add(add(element, "TextEquiv", conf=sure), "Unicode", text)


def _text(line: Line) -> str:
    return " ".join(word.text for word in line)
