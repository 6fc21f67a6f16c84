"""`ocrkit evaluate` on drawn pictures, with predictions in a file and with stand-ins for models."""

import json
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
from typer.testing import CliRunner

import ocrkit.reader
from ocrkit.cli.evaluate import app
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image
from ocrkit.types import Detections, Page, Reading, Word

LEFT = np.array([[10, 10], [60, 10], [60, 30], [10, 30]], np.float32)
RIGHT = LEFT + np.float32([100, 0])


@pytest.fixture
def scenes(tmp_path):
    """Two pictures with two words each, the second word of the second to be ignored."""
    line = ",".join(str(int(value)) for value in LEFT.ravel())
    other = ",".join(str(int(value)) for value in RIGHT.ravel())
    for i, last in ((1, "B52"), (2, "###")):
        write_image(tmp_path / "images" / f"img_{i}.png", np.full((40, 200, 3), i, np.uint8))
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / f"gt_img_{i}.txt").write_text(f"{line},Exit\n{other},{last}\n")
    return tmp_path


@pytest.fixture
def predictions(scenes):
    """Both words of picture 1, one of them misread; nothing in picture 2."""
    words = [(LEFT, "exit"), (RIGHT, "B62")]
    found = [{"polygon": quad.tolist(), "text": text, "score": 0.9} for quad, text in words]
    path = scenes / "predictions.json"
    path.write_text(json.dumps({"img_1.jpg": found}))
    return path


@pytest.fixture
def load(monkeypatch):
    """Stands in for `ocrkit.reader.load`; its models find the left word only, and read "exit"."""
    reader = create_autospec(ocrkit.reader.Reader, instance=True)
    reader.detect.return_value = Detections(LEFT[None], np.ones(1, np.float32))
    reader.read.return_value = Page((40, 200), ((Word("exit", 0.9, (), LEFT, 1.0),),))
    reader.recognize.side_effect = lambda crops: [Reading("exit", 0.9)] * len(crops)
    stand_in = create_autospec(ocrkit.reader.load, return_value=reader)
    monkeypatch.setattr(ocrkit.reader, "load", stand_in)
    return stand_in


def run(*arguments):
    """What the command prints; an error it raises is raised here."""
    result = CliRunner().invoke(app, [str(a) for a in arguments], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    return result.stdout


def folders(path):
    return ["--images", path / "images", "--labels", path / "labels"]


def test_detection_of_predictions(scenes, predictions):
    report = json.loads(run("detection", *folders(scenes), "--pred", predictions, "--json"))
    assert report["source"] == str(predictions)
    (result,) = report["results"]
    assert result["protocol"] == "ic15-det"
    assert (result["images"], result["words"], result["ignored_words"]) == (2, 3, 1)
    assert (result["detections"], result["matched"]) == (2, 2)
    assert (result["precision"], result["recall"]) == (1, pytest.approx(2 / 3))


def test_spotting_of_predictions_gives_both_protocols(scenes, predictions):
    report = json.loads(run("spotting", *folders(scenes), "--pred", predictions, "--json"))
    whole, dictionary = report["results"]
    assert (whole["protocol"], whole["words"], whole["matched"]) == ("ic15-e2e-none", 3, 1)
    assert dictionary["protocol"] == "ic15-spotting-none"
    assert (dictionary["words"], dictionary["matched"]) == (2, 1)


def test_lists_choose_pictures(scenes, predictions):
    (scenes / "val.txt").write_text("img_1\n")
    arguments = [*folders(scenes), "--pred", predictions, "--json"]
    only = json.loads(run("detection", *arguments, "--only", scenes / "val.txt"))
    assert (only["results"][0]["images"], only["results"][0]["recall"]) == (1, 1)


def test_predictions_of_other_pictures_are_refused(scenes, predictions):
    (scenes / "val.txt").write_text("img_1\n")
    arguments = [*folders(scenes), "--pred", predictions, "--without", scenes / "val.txt"]
    with pytest.raises(DataError, match=r"predictions\.json: has none of the pictures to score"):
        run("detection", *arguments)


def test_no_predictions_at_all_score_zero(scenes):
    (scenes / "none.json").write_text("{}")
    report = json.loads(
        run("detection", *folders(scenes), "--pred", scenes / "none.json", "--json")
    )
    assert report["results"][0]["hmean"] == 0


def test_a_table_is_for_people(scenes, predictions):
    shown = run("spotting", *folders(scenes), "--pred", predictions)
    assert "ic15-e2e-none" in shown
    assert "ic15-spotting-none" in shown
    assert "iou greater than" in shown
    assert "0.3333" in shown  # recall end to end


def test_detection_by_a_model(scenes, load):
    report = json.loads(run("detection", *folders(scenes), "--model", "east", "--json"))
    load.assert_called_once_with(detector="east", recognizer=None, device="auto")
    assert report["source"] == "east"
    assert report["results"][0]["matched"] == 2


def test_spotting_by_models(scenes, load):
    arguments = ["--detector", "east", "--device", "cpu", "--json"]
    report = json.loads(run("spotting", *folders(scenes), *arguments))
    load.assert_called_once_with(detector="east", recognizer="crnn", device="cpu")
    assert report["source"] == "east, crnn"
    assert [result["matched"] for result in report["results"]] == [2, 2]


def test_recognition_of_a_table(tmp_path, load):
    rows = [f"w/{i}.png\t{'Exit' if i else 'Way out'}\n" for i in range(70)]
    (tmp_path / "words.tsv").write_text("".join(rows))
    (tmp_path / "first.txt").write_text("w/0.png\n")
    report = json.loads(run("recognition", "--table", tmp_path / "words.tsv", "--json"))
    load.assert_called_once_with(detector=None, recognizer="crnn", device="auto")
    (result,) = report["results"]
    assert (result["protocol"], result["samples"], result["correct_36"]) == ("rec-36", 70, 69)
    crops = [crop for call in load.return_value.recognize.call_args_list for crop in call.args[0]]
    assert crops == [str(tmp_path / "w" / f"{i}.png") for i in range(70)]
    arguments = ["--table", tmp_path / "words.tsv", "--only", tmp_path / "first.txt", "--json"]
    assert json.loads(run("recognition", *arguments))["results"][0]["accuracy_36"] == 0


def test_ground_truth_without_texts_cannot_score_readings(scenes, predictions):
    label = scenes / "labels" / "gt_img_2.txt"
    label.write_text("10,10,60,10,60,30,10,30\n")
    with pytest.raises(DataError, match=r"img_2\.png: word 1 has no text"):
        run("spotting", *folders(scenes), "--pred", predictions)
    report = json.loads(run("detection", *folders(scenes), "--pred", predictions, "--json"))
    assert report["results"][0]["words"] == 3


def test_predictions_and_a_model_exclude_each_other(scenes, predictions):
    arguments = [*folders(scenes), "--pred", predictions, "--model", "east"]
    result = CliRunner().invoke(app, ["detection", *map(str, arguments)])
    assert result.exit_code == 2
    assert "not both" in result.output


def test_a_missing_folder_is_named(scenes):
    with pytest.raises(ImageError, match="nowhere"):
        run("detection", "--images", Path("nowhere"), "--labels", scenes / "labels")
