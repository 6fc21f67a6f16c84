"""The values of the pipeline: shapes are checked once, order is kept, JSON is plain."""

import dataclasses
import json

import numpy as np
import pytest

from ocrkit.errors import OCRKitError, ShapeError
from ocrkit.types import Character, Detections, Page, Reading, Sample, Word

QUAD = np.array([[10, 20.126], [50, 20], [50, 40], [10, 40]], np.float32)


def word(text="a", quad=QUAD):
    return Word(text, 0.98765, (Character("a", 0.98765, (0.0, 1 / 3)),), quad, 0.5)


def detections(count):
    quads = np.arange(count * 8, dtype=np.float32).reshape(count, 4, 2)
    return Detections(quads, np.arange(count, dtype=np.float32))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (
            lambda: Detections(np.zeros((3, 8), np.float32), np.zeros(3, np.float32)),
            r"quads: expected shape \(3, 4, 2\), got \(3, 8\)",
        ),
        (
            lambda: Detections(np.zeros((2, 4, 2), np.float32), np.zeros(3, np.float32)),
            r"quads: expected shape \(3, 4, 2\), got \(2, 4, 2\)",
        ),
        (
            lambda: Detections(np.zeros((3, 4, 2), np.float32), np.zeros((3, 1), np.float32)),
            r"scores: expected shape \(3,\), got \(3, 1\)",
        ),
        (lambda: word(quad=np.zeros(8, np.float32)), r"quad: expected shape \(4, 2\), got \(8,\)"),
        (
            lambda: Sample(
                np.zeros((4, 4, 3), np.uint8), QUAD[None], ("a", "b"), np.zeros(1, bool)
            ),
            r"ignored: expected shape \(2,\), got \(1,\)",
        ),
        (
            lambda: Sample(np.zeros((4, 4, 3), np.uint8), QUAD, ("a",), np.zeros(1, bool)),
            r"quads: expected shape \(1, 4, 2\), got \(4, 2\)",
        ),
    ],
)
def test_wrong_shapes_are_named(make, message):
    with pytest.raises(ShapeError, match=f"^{message}$") as caught:
        make()
    assert isinstance(caught.value, OCRKitError)
    assert isinstance(caught.value, ValueError)


def test_detections_are_selected_together():
    four = detections(4)
    assert len(four) == 4
    for index in (np.array([True, False, True, False]), slice(0, 4, 2), np.array([0, 2])):
        some = four[index]
        assert isinstance(some, Detections)
        assert some.scores.tolist() == [0, 2]
        np.testing.assert_array_equal(some.quads, four.quads[[0, 2]])
    assert four[np.array([3, 1])].scores.tolist() == [3, 1]


def test_no_detections():
    none = Detections.empty()
    assert len(none) == 0
    assert none.quads.shape == (0, 4, 2)
    assert (none.quads.dtype, none.scores.dtype) == (np.float32, np.float32)
    assert len(none[np.zeros(0, bool)]) == 0


def test_no_reading():
    assert Reading.empty() == Reading("", 0.0, ())


@pytest.mark.parametrize("value", [detections(1), Reading.empty(), word(), Page((1, 1), ())])
def test_values_are_frozen(value):
    field = dataclasses.fields(value)[0].name
    with pytest.raises(dataclasses.FrozenInstanceError):
        setattr(value, field, None)


def test_a_word_as_plain_values():
    assert word().to_dict() == {
        "text": "a",
        "confidence": 0.9877,
        "score": 0.5,
        "quad": [[10.0, 20.13], [50.0, 20.0], [50.0, 40.0], [10.0, 40.0]],
        "characters": [{"text": "a", "confidence": 0.9877, "span": [0.0, 0.3333]}],
    }


def test_a_page_is_read_line_by_line():
    a, b, c = word("a"), word("b"), word("c")
    page = Page((480, 640), ((a, b), (c,)))
    assert page.words == (a, b, c)
    assert page.text == "a b\nc"
    plain = page.to_dict()
    assert plain["schema"] == "ocrkit/1"
    assert plain["size"] == {"height": 480, "width": 640}
    assert plain["text"] == "a b\nc"
    assert [[w["text"] for w in line["words"]] for line in plain["lines"]] == [["a", "b"], ["c"]]
    assert json.loads(json.dumps(plain)) == plain


def test_a_page_without_words():
    page = Page((2, 3), ())
    assert (page.words, page.text) == ((), "")
    assert page.to_dict()["lines"] == []
