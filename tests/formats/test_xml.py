"""hOCR, ALTO and PAGE, read again by Python's parser; valid where the schemas are at hand.

The schemas are not ours to ship. To check against them, put `alto.xsd` (4.2 or later, with the
`xlink.xsd` that it names) and `pagecontent.xsd` (2019-07-15) into a folder, and name that in
OCRKIT_SCHEMAS.
"""

import os
import re
import xml.etree.ElementTree as ET
from pathlib import Path

import numpy as np
import pytest
from shapely import Point, Polygon

from ocrkit import formats
from ocrkit.formats import _outlines as outlines
from ocrkit.formats._xml import clean

SCHEMAS = os.environ.get("OCRKIT_SCHEMAS")
ALTO = "{http://www.loc.gov/standards/alto/ns-v4#}"
PAGE = "{http://schema.primaresearch.org/PAGE/gts/pagecontent/2019-07-15}"
HTML = "{http://www.w3.org/1999/xhtml}"


def parsed(name, *sheets):
    return ET.fromstring(formats.find(name).render(sheets))


def points(text):
    return [tuple(map(int, point.split(","))) for point in text.split()]


def near(found, word):
    """Whether points are the corners of a word, but for rounding."""
    return np.abs(np.array(found) - word.quad).max() <= 0.5


def properties(element):
    pairs = (part.split(" ", 1) for part in element.get("title").split("; "))
    return dict(pairs)


def kinds(element, kind):
    return [e for e in element.iter() if e.get("class") == kind]


def order(element, namespace):
    """The names of the children."""
    return [child.tag.removeprefix(namespace) for child in element]


@pytest.mark.skipif(not SCHEMAS, reason="OCRKIT_SCHEMAS names no folder with the schemas")
@pytest.mark.parametrize(("name", "file"), [("alto", "alto.xsd"), ("page", "pagecontent.xsd")])
def test_the_official_schema(name, file, sheets, photo, blank):
    etree = pytest.importorskip("lxml.etree")
    schema = etree.XMLSchema(etree.parse(str(Path(SCHEMAS) / file)))
    output = formats.find(name)
    for given in [sheets] if output.joins else []:
        schema.assertValid(etree.fromstring(output.render(given)))
    for sheet in (*sheets, photo, blank):
        schema.assertValid(etree.fromstring(output.render([sheet])))


@pytest.mark.parametrize(("name", "key"), [("alto", "ID"), ("page", "id"), ("hocr", "id")])
def test_names_of_elements_are_unique(name, key, sheets):
    output = formats.find(name)
    root = ET.fromstring(output.render(sheets if output.joins else sheets[:1]))
    found = [element.get(key) for element in root.iter() if element.get(key) is not None]
    assert len(found) == len(set(found)) > 10
    assert all(re.fullmatch(r"[a-z]\w*", name) for name in found)


def test_alto_has_what_was_read(sheets):
    root = parsed("alto", *sheets)
    assert order(root, ALTO) == ["Description", "Layout"]
    assert root.findtext(f".//{ALTO}MeasurementUnit") == "pixel"
    assert root.findtext(f".//{ALTO}fileName") == "scans/a b.pdf"
    pages = root.findall(f"{ALTO}Layout/{ALTO}Page")
    assert [(p.get("PHYSICAL_IMG_NR"), p.get("WIDTH"), p.get("HEIGHT")) for p in pages] == [
        ("1", "800", "600"),
        ("2", "400", "300"),
    ]
    for element, sheet in zip(pages, sheets, strict=True):
        lines = list(element.iter(f"{ALTO}TextLine"))
        assert len(lines) == len(sheet.page.lines)
        for line, words in zip(lines, sheet.page.lines, strict=True):
            assert order(line, ALTO) == ["Shape", *["String", "SP"] * len(words)][:-1]
            for string, word in zip(line.findall(f"{ALTO}String"), words, strict=True):
                assert string.get("CONTENT") == word.text
                assert float(string.get("WC")) == word.confidence
                corners = points(string.find(f"{ALTO}Shape/{ALTO}Polygon").get("POINTS"))
                assert near(corners, word)


def test_altos_boxes_are_round_their_polygons_and_in_their_parents(sheets):
    root = parsed("alto", *sheets)

    def box(element):
        x, y, w, h = (int(element.get(k, 0)) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT"))
        return x, y, x + w, y + h

    parents = {child: parent for parent in root.iter() for child in parent}
    shapes = list(root.iter(f"{ALTO}Shape"))
    for shape in shapes:
        element = parents[shape]
        assert element[0] is shape
        corners = points(shape[0].get("POINTS"))
        x, y = zip(*corners, strict=True)
        assert box(element) == (min(x), min(y), max(x), max(y))
        if element.tag != f"{ALTO}Glyph":
            left, top, right, bottom = box(parents[element])
            assert left <= min(x) <= max(x) <= right
            assert top <= min(y) <= max(y) <= bottom
    assert len(shapes) == 4 - 1 + 1 + 4 + 1 + 8 + 1 + 3 + 2  # blocks, lines, strings, glyphs


def test_altos_spaces_and_characters(sheets):
    root = parsed("alto", sheets[0])
    space = root.find(f".//{ALTO}SP")
    place = [space.get(k) for k in ("HPOS", "VPOS", "WIDTH", "HEIGHT")]
    assert place == ["170", "40", "20", "40"]
    glyphs = list(root.iter(f"{ALTO}Glyph"))
    assert "".join(g.get("CONTENT") for g in glyphs) == "Tür标志"
    assert [(g.get("HPOS"), g.get("WIDTH")) for g in glyphs] == [
        *(("50", "30"), ("80", "30"), ("110", "60")),
        *(("190", "32"), ("238", "32")),
    ]
    assert {g.get("GC") for g in glyphs} == {"0.9"}


def test_page_has_what_was_read(sheets):
    sheet = sheets[0]
    root = parsed("page", sheet)
    assert order(root, PAGE) == ["Metadata", "Page"]
    assert order(root[0], PAGE) == ["Creator", "Created", "LastChange"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", root[0][1].text)
    page = root[1]
    assert page.attrib == {
        "imageFilename": "scans/a b.pdf",
        "imageWidth": "800",
        "imageHeight": "600",
        "imageXResolution": "100",
        "imageYResolution": "100",
        "imageResolutionUnit": "PPI",
    }
    regions = page.findall(f"{PAGE}TextRegion")
    refs = page.findall(f"{PAGE}ReadingOrder/{PAGE}OrderedGroup/{PAGE}RegionRefIndexed")
    assert [r.get("regionRef") for r in refs] == [r.get("id") for r in regions]
    assert [r.get("index") for r in refs] == ["0", "1", "2"]
    lines = list(page.iter(f"{PAGE}TextLine"))
    for line, words in zip(lines, sheet.page.lines, strict=True):
        assert order(line, PAGE) == ["Coords", "Baseline", *["Word"] * len(words), "TextEquiv"]
        assert line.findtext(f"{PAGE}TextEquiv/{PAGE}Unicode") == " ".join(w.text for w in words)
        for element, word in zip(line.findall(f"{PAGE}Word"), words, strict=True):
            assert near(points(element[0].get("points")), word)
            said = element.find(f"{PAGE}TextEquiv")
            assert said.findtext(f"{PAGE}Unicode") == word.text
            assert float(said.get("conf")) == word.confidence
    text = regions[0].findtext(f"{PAGE}TextEquiv/{PAGE}Unicode")
    assert text == 'Tür Übergröße <&">\n日本語 标志'
    glyphs = page.findall(f".//{PAGE}Glyph/{PAGE}TextEquiv/{PAGE}Unicode")
    assert "".join(g.text for g in glyphs) == "Tür标志"


def test_pages_polygons_lie_in_their_parents_and_run_clockwise(sheets):
    root = parsed("page", sheets[0])
    whole = Polygon([(0, 0), (800, 0), (800, 600), (0, 600)])
    parents = {child: parent for parent in root.iter() for child in parent}
    for coords in root.iter(f"{PAGE}Coords"):
        corners = points(coords.get("points"))
        outer = parents[parents[coords]].find(f"{PAGE}Coords")
        around = whole if outer is None else Polygon(points(outer.get("points")))
        slack = 0.75 if parents[coords].tag == f"{PAGE}Glyph" else 1e-6
        assert all(around.distance(Point(corner)) <= slack for corner in corners)
        ring = Polygon(corners).exterior
        assert ring.is_ccw  # which, with y downwards, is clockwise


def test_hocr_has_what_was_read(sheets):
    root = parsed("hocr", *sheets)
    assert root.tag == f"{HTML}html"
    metas = {m.get("name"): m.get("content") for m in root.iter(f"{HTML}meta")}
    assert metas["ocr-system"].startswith("ocrkit ")
    used = {e.get("class") for e in root.iter()} - {None}
    assert used <= set(metas["ocr-capabilities"].split())
    pages = kinds(root, "ocr_page")
    assert properties(pages[0]) == {
        "image": '"scans/a b.pdf"',
        "bbox": "0 0 800 600",
        "ppageno": "0",
        "scan_res": "100 100",
    }
    assert properties(pages[1])["ppageno"] == "1"
    assert "scan_res" not in properties(pages[1])
    for element, sheet in zip(pages, sheets, strict=True):
        lines = kinds(element, "ocr_line")
        for line, words in zip(lines, sheet.page.lines, strict=True):
            for span, word in zip(kinds(line, "ocrx_word"), words, strict=True):
                assert span.text == word.text
                about = properties(span)
                left, top, right, bottom = map(int, about["bbox"].split())
                box = [*word.quad.min(axis=0), *word.quad.max(axis=0)]
                assert [left, top, right, bottom] == pytest.approx(box, abs=0.5)
                assert int(about["x_wconf"]) == round(100 * word.confidence)
    said = [" ".join("".join(line.itertext()).split()) for line in kinds(root, "ocr_line")]
    assert said == [" ".join(w.text for w in line) for s in sheets for line in s.page.lines]


def test_hocr_says_how_lines_and_words_stand(sheets):
    root = parsed("hocr", sheets[0])
    level, _, slanted, down = map(properties, kinds(root, "ocr_line"))
    assert level["baseline"] == "0.0000 0"
    slope, offset = slanted["baseline"].split()
    assert float(slope) == pytest.approx(np.tan(np.radians(30)), abs=0.01)
    # The lower left corner of "steep" lies 40 px below its first corner, turned by 30 degrees.
    left, bottom = (float(slanted["bbox"].split()[i]) for i in (0, 3))
    assert left == 80
    assert float(offset) == pytest.approx(240 + 40 * np.cos(np.radians(30)) - bottom, abs=1.5)
    assert down["textangle"] == "270.0"
    assert "baseline" not in down
    first, *_, steep, slope, last = map(properties, kinds(root, "ocrx_word"))
    assert "poly" not in first
    assert first["x_bboxes"] == "50 40 80 80 80 40 110 80 110 40 170 80"
    assert first["x_confs"] == "90.0 90.0 90.0"
    assert last["poly"] == "700 100 700 260 660 260 660 100"
    assert steep["poly"].startswith("100 240 ")
    assert slope["poly"].startswith("242 322 ")


def test_what_xml_forbids_is_replaced(photo):
    (line,) = photo.page.lines
    word = type(line[0])("a\x00\x0b\ud800\ufffe\tb😀", 0.5, (), line[0].quad, 0.5)
    page = type(photo.page)((60, 80), ((word,),))
    wanted = "a\ufffd\ufffd\ufffd\ufffd\tb😀"
    assert clean(word.text) == wanted
    odd = photo._replace(page=page, name="a\x01\udcff.png")
    assert parsed("alto", odd).find(f".//{ALTO}String").get("CONTENT") == wanted
    assert parsed("page", odd).findtext(f".//{PAGE}Word/{PAGE}TextEquiv/{PAGE}Unicode") == wanted
    assert kinds(parsed("hocr", odd), "ocrx_word")[0].text == wanted
    assert parsed("page", odd)[1].get("imageFilename") == "a\ufffd\ufffd.png"


def test_outlines_stay_in_the_page():
    far = np.array([[-5, -5], [9.5, -5], [9.5, 4.4], [-5, 4.4]], np.float32)
    assert outlines.rounded(far, (3, 8)) == ((0, 0), (8, 0), (8, 3), (0, 3))


def test_a_hull_has_three_corners_at_least():
    assert outlines.hull([((1, 1), (5, 1)), ((3, 1),)]) == ((1, 1), (5, 1), (5, 1), (1, 1))
    square = ((0, 0), (4, 0), (4, 4), (0, 4))
    assert sorted(outlines.hull([square, ((2, 2), (1, 3))])) == sorted(square)


def test_characters_that_do_not_make_up_the_word_are_left_out(sheets, photo):
    (line,) = photo.page.lines
    word = type(line[0])("abd", 0.5, line[0].characters, line[0].quad, 0.5)
    assert outlines.characters(word, (60, 80)) == []
    assert [c.text for c, _ in outlines.characters(line[0], (60, 80))] == ["a", "b", "c"]


def test_characters_of_a_word_without_area_have_none_either(photo):
    (line,) = photo.page.lines
    flat = line[0].quad * np.array([1, 0], np.float32)
    word = type(line[0])("abc", 0.5, line[0].characters, flat, 0.5)
    found = outlines.characters(word, (60, 80))
    assert [c.text for c, _ in found] == ["a", "b", "c"]
    assert {y for _, outline in found for _, y in outline} == {0}


def test_a_base_line_goes_through_what_is_below(sheets):
    """The least squares of the lower corners: 80, 80, 80, 80, 80, 80 on the first line."""
    assert outlines.baseline(sheets[0].page.lines[0], (600, 800)) == ((50, 80), (600, 80))
    assert outlines.baseline(sheets[0].page.lines[3], (600, 800)) == ((660, 100), (660, 260))
