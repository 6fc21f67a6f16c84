"""What holds for every format: names, suffixes, how many pages, any text anywhere."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit import formats
from ocrkit.errors import ConfigError
from ocrkit.formats import Sheet
from ocrkit.types import Character, Page, Word


def test_names_and_suffixes():
    found = {name: formats.find(name) for name in formats.NAMES}
    assert [(f.name, f.suffix, f.joins, f.binary) for f in found.values()] == [
        ("json", ".json", False, False),
        ("jsonl", ".jsonl", True, False),
        ("txt", ".txt", True, False),
        ("csv", ".csv", True, False),
        ("tsv", ".tsv", True, False),
        ("hocr", ".hocr", True, False),
        ("alto", ".alto.xml", True, False),
        ("page", ".page.xml", False, False),
        ("pdf", ".pdf", True, True),
        ("png", ".png", False, True),
    ]


def test_an_unknown_name_is_told_the_nearest():
    with pytest.raises(ConfigError, match="no format 'hcor'; did you mean 'hocr'"):
        formats.find("hcor")


@pytest.mark.parametrize("name", formats.NAMES)
def test_the_number_of_pages_is_checked(name, sheets):
    output = formats.find(name)
    with pytest.raises(ValueError, match=rf"{name}: expected .*, got 0"):
        output.render([])
    if output.joins:
        assert output.render(sheets)
    else:
        with pytest.raises(ValueError, match=f"{name}: expected one page a file, got 2"):
            output.render(sheets)


@pytest.mark.parametrize("name", formats.NAMES)
def test_the_same_again(name, sheets):
    """But for the time, which PAGE asks for."""
    output = formats.find(name)
    first, again = output.render(sheets[:1]), output.render(sheets[:1])
    assert first == again or name == "page"


@pytest.mark.parametrize("name", formats.NAMES)
def test_a_page_without_words(name, blank):
    assert isinstance(formats.find(name).render([blank]), bytes)


def test_names_cost_nothing():
    code = (
        "import sys, ocrkit.formats; "
        "print(*sorted({'torch', 'cv2', 'numpy', 'PIL'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


coordinates = st.lists(st.integers(-40, 160), min_size=8, max_size=8)
texts = st.text(st.characters(), max_size=4)
words = st.builds(
    lambda text, corners, known: Word(
        text,
        0.5,
        tuple(Character(c, 0.5, (i / 4, (i + 1) / 4)) for i, c in enumerate(text)) if known else (),
        np.array(corners, np.float32).reshape(4, 2),
        0.5,
    ),
    texts,
    coordinates,
    st.booleans(),
)
lines = st.lists(st.lists(words, max_size=3), max_size=3)


@settings(max_examples=40)
@given(lines, st.text(max_size=5))
@pytest.mark.parametrize("name", [name for name in formats.NAMES if name != "png"])
def test_any_words_anywhere(name, rows, path):
    """Quads without area, crossed, outside; control characters; lines without words."""
    page = Page((80, 120), tuple(map(tuple, rows)))
    sheet = Sheet(path, 1, np.zeros((80, 120, 3), np.uint8), page, 0.0)
    content = formats.find(name).render([sheet])
    if not formats.find(name).binary:
        content.decode()
