"""Prediction files: what they may hold, and what is said of those that hold something else."""

import json

import pytest

from ocrkit.errors import DataError
from ocrkit.evaluate.predictions import Prediction, read_predictions

TRIANGLE = [[0, 0], [9.5, 0], [0, 9]]


def write(folder, content):
    path = folder / "predictions.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def test_predictions_are_found_by_name_less_suffix_in_their_order(tmp_path):
    content = {
        "img_7.jpg": [{"polygon": TRIANGLE, "text": "b", "score": 0.9}, {"polygon": TRIANGLE}],
        "a.b.png": [],
    }
    found = read_predictions(write(tmp_path, content))
    polygon = ((0, 0), (9.5, 0), (0, 9))
    first = Prediction(polygon=polygon, text="b", score=0.9)
    assert found == {"img_7": (first, Prediction(polygon=polygon)), "a.b": ()}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("{", "Invalid JSON"),
        ([], "Input should be"),
        ({"a.png": [{"text": "b"}]}, "a.png.0.polygon: Field required"),
        ({"a.png": [{"polygon": TRIANGLE[:2]}]}, "a.png.0.polygon: .* at least 3 items"),
        ({"a.png": [{"polygon": TRIANGLE, "txt": "b"}]}, "a.png.0.txt: Extra inputs"),
        ('{"a.png": [{"polygon": [[0, 0], [1, 0], [1, NaN]]}]}', "a.png.0.polygon.2.1: .*finite"),
        ({"a.png": [], "a.jpg": []}, "two pictures have the same name"),
    ],
)
def test_malformed_files_are_refused_by_name_and_place(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"predictions\.json: {message}"):
        read_predictions(write(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.json: cannot be read: No such file"):
        read_predictions(tmp_path / "none.json")
