"""PDF, read again by two other libraries: the same text, where it was read, and no more to see."""

import io

import numpy as np
import pypdf
import pypdfium2
import pytest

from ocrkit import formats
from ocrkit.formats import Sheet, pdf
from ocrkit.formats._glyphless import WIDEST, Typeface
from ocrkit.types import Character, Page, Word


@pytest.fixture(scope="module")
def content(sheets):
    return formats.find("pdf").render(sheets)


def boxes(content, sheet, index=0):
    """Each character but spaces and line ends with its box in the picture's pixels."""
    page = pypdfium2.PdfDocument(content)[index]
    text = page.get_textpage()
    scale = sheet.page.size[1] / page.get_width()
    for i in range(text.count_chars()):
        character = text.get_text_range(i, 1)
        if character.strip():
            left, bottom, right, top = (edge * scale for edge in text.get_charbox(i))
            height = sheet.page.size[0]
            yield character, (left, height - top, right, height - bottom)


def rendered(page, **change):
    """A sheet with this page, as PDF."""
    height, width = page.size
    sheet = Sheet("x", 1, np.full((height, width, 3), 255, np.uint8), page, None)
    sheet = sheet._replace(**change)
    return formats.find("pdf").render([sheet]), sheet


def line(*texts):
    """Words side by side, 40 px high and as wide as they have letters, times 30."""
    words, x = [], 20
    for text in texts:
        corners = [[x, 50], [x + 30 * len(text), 50], [x + 30 * len(text), 90], [x, 90]]
        words.append(Word(text, 0.9, (), np.array(corners, np.float32), 0.9))
        x += 30 * len(text) + 15
    return tuple(words)


def test_another_library_reads_the_same_text(content, sheets):
    reader = pypdf.PdfReader(io.BytesIO(content), strict=True)
    first, second = (page.extract_text() for page in reader.pages)
    assert first.splitlines()[:2] == ['Tür Übergröße <&">', "日本語 标志"]
    assert first.split() == sheets[0].page.text.split()
    assert second == "=1+1,5"


def test_what_browsers_copy(content, sheets):
    """By the library of Chrome."""
    document = pypdfium2.PdfDocument(content)
    for page, sheet in zip(document, sheets, strict=True):
        copied = page.get_textpage().get_text_range()
        assert copied.replace("\r\n", "\n") == sheet.page.text


def test_words_lie_where_they_were_read(content, sheets):
    for index, sheet in enumerate(sheets):
        found = list(boxes(content, sheet, index))
        assert "".join(c for c, _ in found) == sheet.page.text.replace(" ", "").replace("\n", "")
        for word in sheet.page.words:
            own, found = found[: len(word.text)], found[len(word.text) :]
            edges = np.array([box for _, box in own])
            around = [*edges[:, :2].min(axis=0), *edges[:, 2:].max(axis=0)]
            assert around == pytest.approx([*word.quad.min(0), *word.quad.max(0)], abs=1.5)


def test_characters_lie_where_they_were_read(content, sheets):
    found = [box for _, box in boxes(content, sheets[0])]
    # "Tür": to 50 + 120 * (0, 1/4, 1/2, 1).
    assert [edge for box in found[:3] for edge in (box[0], box[2])] == pytest.approx(
        [50, 80, 80, 110, 110, 170], abs=1.5
    )
    # The second sign of the last word on the second line: a cell goes on to the middle of a gap.
    assert [found[19][0], found[19][2]] == pytest.approx([190, 230], abs=1.5)


def test_turned_words_go_on_along_their_direction(content, sheets):
    found = list(boxes(content, sheets[0]))
    steep = np.array([box for _, box in found[21:26]])
    starts = [100 + 150 * np.cos(np.radians(30)) * i / 5 - 20 for i in range(5)]
    assert [c for c, _ in found[21:26]] == list("steep")
    assert steep[:, 0] == pytest.approx(starts, abs=1.5)
    down = np.array([box for _, box in found[31:35]])
    assert [c for c, _ in found[31:35]] == list("down")
    assert down[:, 1] == pytest.approx([100, 140, 180, 220], abs=1.5)


def test_nothing_but_the_picture_is_seen(content, sheets):
    page = pypdfium2.PdfDocument(content)[0]
    seen = page.render(scale=100 / 72).to_numpy()[..., :3].astype(int)
    assert seen.shape == (600, 800, 3)
    assert np.abs(seen - sheets[0].image).mean() < 6


def test_the_size_of_pages(content, photo):
    reader = pypdf.PdfReader(io.BytesIO(content))
    sizes = [(float(p.mediabox.width), float(p.mediabox.height)) for p in reader.pages]
    assert sizes == [(576, 432), (144, 108)]  # at 100 and, not known, 200 pixels per inch
    for dpi in (0, -1, float("nan"), float("inf"), None):
        assert pdf.scale(photo._replace(dpi=dpi)) == 72 / 200
    wide = photo._replace(page=Page((10, 100_000), ()))
    assert pdf.scale(wide) == 0.144


def test_what_a_document_says_of_itself(content):
    about = pypdf.PdfReader(io.BytesIO(content)).metadata
    assert about.title == "scans/a b.pdf"
    assert about.producer.startswith("ocrkit ")


def test_a_page_without_words(blank):
    page = pypdf.PdfReader(io.BytesIO(formats.find("pdf").render([blank])), strict=True).pages[0]
    assert page.extract_text() == ""


@pytest.mark.parametrize(
    "texts",
    [
        ("Ångström", "e\u0301te\u0301", "naïve"),
        ("北京", "한국어", "ひらがな"),
        ("Привет", "Ελλάδα"),
        ("😀", "𝒳y"),
        ("(a)", "\\b", "<c>"),
    ],
)
def test_any_script_is_copied(texts):
    data, _ = rendered(Page((120, 900), (line(*texts),)))
    assert pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range() == " ".join(texts)
    assert pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text() == " ".join(texts)


@pytest.mark.parametrize("texts", [("سلام", "عليكم", "دنيا"), ("שלום", "עולם")])
def test_scripts_that_run_from_the_right(texts):
    words = line(*texts[::-1])[::-1]  # the first word is the rightmost
    data, _ = rendered(Page((120, 900), (words,)))
    copied = pypdfium2.PdfDocument(data)[0].get_textpage().get_text_range()
    assert copied.split() == list(texts)


def test_a_trapezoid_becomes_its_mean():
    corners = np.array([[20, 20], [120, 30], [120, 70], [20, 80]], np.float32)
    data, sheet = rendered(Page((100, 200), ((Word("M", 1.0, (), corners, 1.0),),)))
    ((_, box),) = boxes(data, sheet)
    assert box == pytest.approx((20, 25, 120, 75), abs=1.5)


def test_spans_that_overlap_or_run_back():
    corners = np.array([[20, 20], [120, 20], [120, 60], [20, 60]], np.float32)
    spans = [(0.5, 1.0), (0.0, 0.5), (0.2, 1.4)]
    characters = tuple(Character(c, 1.0, s) for c, s in zip("abc", spans, strict=True))
    data, sheet = rendered(Page((100, 200), ((Word("abc", 1.0, characters, corners, 1.0),),)))
    found = list(boxes(data, sheet))
    assert "".join(c for c, _ in found) == "abc"
    assert all(19 <= box[0] <= box[2] <= 121 for _, box in found)


def test_very_wide_and_very_many_glyphs():
    typeface = Typeface()
    corners = np.array([[0, 0], [20000, 0], [20000, 1], [0, 1]], np.float32)
    wide = Word("i", 1.0, (), corners, 1.0)
    data, _ = rendered(Page((10, 20000), ((wide,),)))
    assert pypdf.PdfReader(io.BytesIO(data)).pages[0].extract_text() == "i"
    glyphs = [typeface.glyph(chr(0x4E00 + i), 20) for i in range(300)]
    assert glyphs == list(range(1, 301))
    assert typeface.glyph(chr(0x4E00), 20) == 1
    assert typeface.glyph(chr(0x4E00), 21) == 301
    assert WIDEST * 50 < 2**15
    assert typeface.character_map().count(b"beginbfchar") == 4


def test_the_font_is_one(sheets):
    fonts = pytest.importorskip("fontTools.ttLib")
    typeface = Typeface()
    for text, steps in (("a", 5), ("b", 30)):
        typeface.glyph(text, steps)
    font = fonts.TTFont(io.BytesIO(typeface.program()), checkChecksums=2)
    assert [font["hmtx"][name][0] for name in font.getGlyphOrder()] == [0, 250, 1500]
    glyph = font["glyf"][font.getGlyphOrder()[2]]
    assert (glyph.xMin, glyph.yMin, glyph.xMax, glyph.yMax) == (0, 0, 1500, 1000)
    assert font["maxp"].numGlyphs == 3
