"""A document of two pages with all that is hard: accents, scripts, turned words, characters."""

import math

import numpy as np
import pytest

from ocrkit.formats import Sheet
from ocrkit.types import Character, Page, Word


def quad(left, top, width, height, degrees=0):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    corners = np.array([[0, 0], [width, 0], [width, height], [0, height]], float)
    return (corners @ np.array([[cos, sin], [-sin, cos]]) + (left, top)).astype(np.float32)


def word(text, corners, *, spans=None, confidence=0.93):
    characters = tuple(Character(c, 0.9, span) for c, span in zip(text, spans or (), strict=False))
    return Word(text, confidence, characters, corners, 0.75)


THIRDS = [(0.0, 0.25), (0.25, 0.5), (0.5, 1.0)]
SECOND = [(0.0, 0.4), (0.6, 1.0)]


@pytest.fixture(scope="session")
def sheets():
    first = (
        (
            word("Tür", quad(50, 40, 120, 40), spans=THIRDS),
            word("Übergröße", quad(190, 42, 260, 38)),
            word('<&">', quad(470, 44, 130, 36), confidence=0.5),
        ),
        (word("日本語", quad(50, 90, 120, 40)), word("标志", quad(190, 90, 80, 40), spans=SECOND)),
        (word("steep", quad(100, 240, 150, 40, 30)), word("slope", quad(242, 322, 150, 40, 30))),
        (word("down", quad(700, 100, 160, 40, 90)),),
    )
    second = ((word("=1+1,5", quad(10.25, 20.75, 80, 30)),),)
    pixels = np.random.default_rng(0).integers(0, 256, (60, 80, 1), np.uint8)
    image = np.repeat(pixels.repeat(10, 0).repeat(10, 1), 3, axis=2)
    return (
        Sheet("scans/a b.pdf", 1, image, Page((600, 800), first), 100.0, 2),
        Sheet("scans/a b.pdf", 2, image[:300, :400], Page((300, 400), second), None, 2),
    )


@pytest.fixture(scope="session")
def photo():
    """A single picture without a document round it."""
    page = Page((60, 80), ((word("abc", quad(10, 10, 40, 20), spans=THIRDS),),))
    return Sheet("photo.jpg", 1, np.zeros((60, 80, 3), np.uint8), page, None)


@pytest.fixture(scope="session")
def blank():
    return Sheet("blank.jpg", 1, np.zeros((60, 80, 3), np.uint8), Page((60, 80), ()), None)
