"""Text and tables, read again by Python's own reader."""

import csv
import io
from dataclasses import replace

import pytest

from ocrkit import formats
from ocrkit.formats import table
from ocrkit.types import Page


def test_text_has_paragraphs_and_pages(sheets):
    content = formats.find("txt").render(sheets).decode()
    assert content == ('Tür Übergröße <&">\n日本語 标志\n\nsteep slope\n\ndown\n\f=1+1,5\n')


def test_text_of_pages_without_words(blank, photo):
    assert formats.find("txt").render([blank]) == b""
    assert formats.find("txt").render([blank, photo, blank]) == b"\fabc\n\f"


@pytest.mark.parametrize(("name", "delimiter", "end"), [("csv", ",", "\r\n"), ("tsv", "\t", "\n")])
def test_a_row_per_word(sheets, name, delimiter, end):
    content = formats.find(name).render(sheets).decode()
    header, *rows = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
    assert header == list(table.COLUMNS)
    words = [(s, line, w) for s in sheets for line in s.page.lines for w in line]
    assert len(rows) == len(words) == content.count(end) - 1
    for row, (sheet, _, word) in zip(rows, words, strict=True):
        path, page, _, _, text, confidence, score, *corners = row
        assert (path, int(page), text) == (sheet.name, sheet.number, word.text)
        assert (float(confidence), float(score)) == (word.confidence, word.score)
        assert [float(c) for c in corners] == pytest.approx(word.quad.ravel().tolist(), abs=0.006)
    assert [row[1:4] for row in rows] == [
        *(["1", "1", "1"], ["1", "1", "2"], ["1", "1", "3"]),
        *(["1", "2", "1"], ["1", "2", "2"], ["1", "3", "1"], ["1", "3", "2"], ["1", "4", "1"]),
        ["2", "1", "1"],
    ]


def test_fields_that_need_quotes(sheets, photo):
    raw = formats.find("csv").render(sheets)
    assert b'"<&"">"' in raw
    assert b'"=1+1,5"' in raw
    (line,) = photo.page.lines
    odd = Page((60, 80), ((replace(line[0], text='a\tb\n"c"'),),))
    for name, delimiter in (("csv", ","), ("tsv", "\t")):
        content = formats.find(name).render([photo._replace(page=odd)]).decode()
        _, row = csv.reader(io.StringIO(content, newline=""), delimiter=delimiter)
        assert row[4] == 'a\tb\n"c"'
