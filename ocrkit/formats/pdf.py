"""Searchable PDF: each page is its picture, with what was read lying invisibly over it.

Words lie where their quads are, turned as they are, in reading order, with a space between two of a
line. A program that extracts, searches or copies text finds it there.

Written here, not by a library: none places text with widths of its own in a font without outlines,
and what remains of PDF for a picture and some text is little.
"""

import io
import math
import unicodedata
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import PIL.Image
from numpy.typing import NDArray

import ocrkit
from ocrkit.formats import Sheet
from ocrkit.formats._glyphless import STEP, WIDEST, Typeface
from ocrkit.formats._pdf_file import PdfFile, text_string
from ocrkit.layout import Line
from ocrkit.types import Floats, Image, Word

DPI = 200.0
"""Of pictures that do not say: an A4 page in a photograph of 4 megapixels is about life-size."""

LONGEST = 14_400.0
"""Points: the longest side that a page may have (PDF 32000-1, annex C)."""

QUALITY = 85
"""Of the JPEG."""

SPACE = 0.25
"""Width of a space where words overlap, in heights of the word before it."""

Array = NDArray[np.float64]


def render(sheets: Sequence[Sheet]) -> bytes:
    """All pages of a document."""
    file = PdfFile()
    pages = file.promise()
    numbers, title = [], ""
    for sheet in sheets:  # just once: a picture may be made anew each time it is asked for
        numbers.append(_page(file, pages, sheet))
        title = sheet.name
    kids = " ".join(f"{number} 0 R" for number in numbers)
    file.fill(pages, f"<< /Type /Pages /Kids [{kids}] /Count {len(numbers)} >>")
    catalog = file.add(f"<< /Type /Catalog /Pages {pages} 0 R >>")
    producer = text_string(f"ocrkit {ocrkit.__version__}")
    info = file.add(f"<< /Title {text_string(title)} /Producer {producer} >>")
    return file.content(catalog, info)


def scale(sheet: Sheet) -> float:
    """Points per pixel."""
    known = sheet.dpi is not None and math.isfinite(sheet.dpi) and sheet.dpi > 0
    return min(72 / (sheet.dpi if known and sheet.dpi else DPI), LONGEST / max(sheet.page.size))


def _page(file: PdfFile, pages: int, sheet: Sheet) -> int:
    """Add a page; returns its number."""
    height, width = (side * scale(sheet) for side in sheet.page.size)
    typeface = Typeface()
    written = [_line(line, typeface, sheet) for line in sheet.page.lines if line]
    shown = f"q {width:.3f} 0 0 {height:.3f} 0 0 cm /Picture Do Q"
    content = "\n".join([shown, "BT 3 Tr", *written, "ET"])
    resources = f"/XObject << /Picture {_picture(file, sheet.image)} 0 R >>"
    if sheet.page.words:
        resources += f" /Font << /Text {_font(file, typeface)} 0 R >>"
    stream = file.add_stream("", content.encode("ascii"))
    return file.add(
        f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {width:.3f} {height:.3f}]"
        f" /Resources << {resources} >> /Contents {stream} 0 R >>"
    )


def _picture(file: PdfFile, image: Image) -> int:
    """Add a picture as JPEG; returns its number."""
    height, width = image.shape[:2]
    data = io.BytesIO()
    PIL.Image.fromarray(image).save(data, "JPEG", quality=QUALITY)
    about = f"/Type /XObject /Subtype /Image /Width {width} /Height {height}"
    entries = f"{about} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /DCTDecode"
    return file.add_stream(entries, data.getvalue(), compress=False)


def _font(file: PdfFile, typeface: Typeface) -> int:
    """Add a typeface; returns the number of the font."""
    program = typeface.program()
    data = file.add_stream(f"/Length1 {len(program)}", program)
    unicode_map = file.add_stream("", typeface.character_map())
    widths = " ".join(map(str, typeface.widths))
    descriptor = file.add(
        "<< /Type /FontDescriptor /FontName /OCRKIT+Glyphless /Flags 4 /FontBBox [0 0 1000 1000]"
        " /ItalicAngle 0 /Ascent 1000 /Descent 0 /CapHeight 1000 /StemV 80"
        f" /FontFile2 {data} 0 R >>"
    )
    descendant = file.add(
        "<< /Type /Font /Subtype /CIDFontType2 /BaseFont /OCRKIT+Glyphless"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >>"
        f" /FontDescriptor {descriptor} 0 R /W [0 [{widths}]] /CIDToGIDMap /Identity >>"
    )
    return file.add(
        "<< /Type /Font /Subtype /Type0 /BaseFont /OCRKIT+Glyphless /Encoding /Identity-H"
        f" /DescendantFonts [{descendant} 0 R] /ToUnicode {unicode_map} 0 R >>"
    )


def _line(line: Line, typeface: Typeface, sheet: Sheet) -> str:
    """The operators that set a line's words."""
    frames = [_frame(word.quad, sheet) for word in line]
    gaps = [_gap(here, there) for here, there in pairwise(frames)]
    words = zip(line, frames, [*gaps, 0.0], strict=True)
    return "\n".join(_word(word, frame, gap, typeface) for word, frame, gap in words)


def _frame(quad: Floats, sheet: Sheet) -> Array:
    """Where text stands, in points from the page's lower left corner: origin, along, up; (3, 2).

    Text can lean but not converge: of a trapezoid, the parallelogram with its centre and mean
    sides.
    """
    height, _ = sheet.page.size
    corners = (quad.astype(np.float64) * (1, -1) + (0, height)) * scale(sheet)
    along = (corners[1] + corners[2] - corners[0] - corners[3]) / 2
    up = (corners[0] + corners[1] - corners[2] - corners[3]) / 2
    return np.stack([corners.mean(axis=0) - (along + up) / 2, along, up])


def _gap(here: Array, there: Array) -> float:
    """From the end of a word to the beginning of the next, in heights of the first."""
    direction = here[1] / max(float(np.linalg.norm(here[1])), 1e-6)
    gap = float((there[0] - here[0] - here[1]) @ direction)
    size = max(float(np.linalg.norm(here[2])), 1e-6)
    return gap / size if gap > 0 else SPACE


def _word(word: Word, frame: Array, gap: float, typeface: Typeface) -> str:
    """The operators that set a word, and a space after it if there is a gap."""
    cells = _cells(word)
    if not cells:
        return ""
    origin, along, up = frame
    length, size = (max(float(np.linalg.norm(side)), 0.1) for side in (along, up))
    # Edges are rounded, not widths, so that roundings do not add up.
    edges = np.round(np.array([end for _, end in cells]) * length / size * 1000 / STEP)
    steps = np.clip(np.diff(edges, prepend=0), 1, WIDEST).astype(int)
    glyphs = [typeface.glyph(text, int(n)) for (text, _), n in zip(cells, steps, strict=True)]
    width = float(steps.sum()) * STEP / 1000
    if gap:
        space = round(gap * size * width / length * 1000 / STEP)
        glyphs.append(typeface.glyph(" ", min(max(space, 1), WIDEST)))
    matrix = [*(along / (width * size)), *(up / size), *origin]
    placed = " ".join(f"{value:.4f}" for value in matrix)
    shown = "".join(f"{glyph:04X}" for glyph in glyphs)
    return f"/Text {size:.3f} Tf {placed} Tm <{shown}> Tj"


def _cells(word: Word) -> list[tuple[str, float]]:
    """The word's characters, and where each ends as a fraction of the word's width.

    A cell goes on to the middle of the gap after it. Accents share the cell of their letter. Words
    of scripts that run from right to left come in the order of sight, which programs that extract
    text expect, with cells of equal width.
    """
    if _runs_left(word.text):
        texts = _clusters(word.text)[::-1]
        return [(text, (count + 1) / len(texts)) for count, text in enumerate(texts)]
    if word.characters and "".join(c.text for c in word.characters) == word.text:
        spans = [character.span for character in word.characters]
        ends = [(here[1] + there[0]) / 2 for here, there in pairwise(spans)]
        rising = np.maximum.accumulate(np.clip([*ends, 1.0], 0, 1))
        return [(c.text, float(end)) for c, end in zip(word.characters, rising, strict=True)]
    texts = _clusters(word.text)
    return [(text, (count + 1) / len(texts)) for count, text in enumerate(texts)]


def _clusters(text: str) -> list[str]:
    """The characters of a text, each with its accents."""
    texts: list[str] = []
    for character in text:
        if texts and unicodedata.combining(character):
            texts[-1] += character
        else:
            texts.append(character)
    return texts


def _runs_left(text: str) -> bool:
    """Whether all letters and digits of a text are of scripts that run from right to left."""
    kinds = {unicodedata.bidirectional(character) for character in text}
    return bool(kinds & {"R", "AL"}) and not kinds & {"L", "EN", "AN"}
