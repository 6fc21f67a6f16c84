"""What is said of a picture, and where pictures are found."""

import numpy as np
import pytest

from ocrkit.data import Labels
from ocrkit.data._base import Pictures
from ocrkit.errors import ImageError, ShapeError
from ocrkit.image import write_image

QUAD = np.array([[5, 1], [9, 1], [9, 3], [5, 3]], np.float32)
ARCH = np.array([[0, 4], [20, 0], [40, 4], [38, 8], [20, 5], [2, 8]], np.float32)
"""Three points along the top from left to right, three back along the bottom."""


def test_a_crop_is_one_word_that_fills_its_picture():
    labels = Labels.of_crop("Exit", language="en", lexicons={"50": ("exit", "enter")})
    assert labels.outlines == (None,)
    assert labels.texts == ("Exit",)
    assert labels.ignored.tolist() == [False]
    assert labels.languages == ("en",)
    assert labels.quads((8, 30)).tolist() == [[[0, 0], [30, 0], [30, 8], [0, 8]]]


def test_an_outline_of_four_points_is_the_quad_and_a_longer_one_is_enclosed():
    labels = Labels((QUAD, ARCH), ("a", None), np.array([False, True]))
    quads = labels.quads((20, 20))
    assert quads.dtype == np.float32
    assert quads[0].tolist() == QUAD.tolist()
    assert quads[1] == pytest.approx(np.array([[0, 0], [40, 0], [40, 8], [0, 8]]), abs=1e-4)
    assert len(labels) == 2


def test_no_words_are_no_quads():
    assert Labels((), (), np.zeros(0, bool)).quads((9, 9)).shape == (0, 4, 2)


@pytest.mark.parametrize(
    "lists",
    [
        ((QUAD,), ("a", "b"), np.zeros(2, bool)),
        ((QUAD,), ("a",), np.zeros(2, bool)),
        ((QUAD,), ("a",), np.zeros(1, bool), ("en", "de")),
    ],
)
def test_lists_that_belong_together_are_of_one_length(lists):
    with pytest.raises(ShapeError):
        Labels(*lists)


def test_pictures_are_found_by_name_whatever_their_suffix(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((2, 2, 3), np.uint8))
    write_image(tmp_path / "B.JPG", np.zeros((2, 2, 3), np.uint8))
    (tmp_path / "a.txt").write_text("labels")
    (tmp_path / ".a.jpg").write_text("hidden")
    pictures = Pictures(tmp_path)
    assert pictures.find("a") == tmp_path / "a.png"
    assert pictures.find("B") == tmp_path / "B.JPG"


def test_a_picture_that_is_not_there_or_there_twice_is_named(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((2, 2, 3), np.uint8))
    write_image(tmp_path / "a.bmp", np.zeros((2, 2, 3), np.uint8))
    with pytest.raises(ImageError, match="no picture 'b' in this folder"):
        Pictures(tmp_path).find("b")
    with pytest.raises(ImageError, match=r"a\.png: has the name of .*a\.bmp; rename one"):
        Pictures(tmp_path).find("a")
    with pytest.raises(ImageError, match=r"none: cannot be read: No such file"):
        Pictures(tmp_path / "none").find("a")
