"""`ocrkit evaluate` on drawn pictures, with predictions in a file and with stand-ins for models."""

import json
import re
import zipfile
from dataclasses import replace
from pathlib import Path
from unittest.mock import create_autospec

import numpy as np
import pytest
from typer.testing import CliRunner

import ocrkit.reader
from ocrkit import cli
from ocrkit.catalog import RECOGNIZER
from ocrkit.cli.evaluate import app
from ocrkit.data.sets import crops as crops_set
from ocrkit.data.sets import icdar as icdar_set
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


def report(*arguments):
    """What the command says in JSON."""
    return json.loads(run(*arguments, "--json"))


def status(*arguments):
    """How the whole `ocrkit` ends: its status, and what it says on stderr."""
    result = CliRunner().invoke(cli.app, ["evaluate", *map(str, arguments)])
    assert result.exception is None or isinstance(result.exception, SystemExit)
    return result.exit_code, result.stderr


def folders(path):
    return ["--images", path / "images", "--labels", path / "labels"]


def test_detection_of_predictions(scenes, predictions):
    shown = report("detection", *folders(scenes), "--pred", predictions)
    assert shown["source"] == str(predictions)
    assert shown["ground_truth"] == {"set": "icdar", "path": str(scenes / "labels")}
    (result,) = shown["results"]
    assert (result["protocol"], result["version"]) == ("ic15-det", "1")
    assert result["settings"]["iou"] == 0.5
    assert (result["images"], result["words"], result["ignored_words"]) == (2, 3, 1)
    assert (result["detections"], result["matched"]) == (2, 2)
    assert (result["precision"], result["recall"]) == (1, pytest.approx(2 / 3))
    assert result["average_precision"] == pytest.approx(2 / 3)
    assert (result["threshold"], result["threshold_is"]) == (None, None)


def test_spotting_of_predictions_gives_both_protocols(scenes, predictions):
    whole, dictionary = report("spotting", *folders(scenes), "--pred", predictions)["results"]
    assert (whole["protocol"], whole["words"], whole["matched"]) == ("ic15-e2e-none", 3, 1)
    assert dictionary["protocol"] == "ic15-spotting-none"
    assert (dictionary["words"], dictionary["matched"]) == (2, 1)


def test_several_protocols_are_scored_each_once(scenes, predictions):
    names = ["--protocol", "ic13-rrc", "--protocol", "ic15", "--protocol", "ic13-rrc"]
    shown = report("detection", "--gt", scenes / "labels", "--pred", predictions, *names)
    assert [result["protocol"] for result in shown["results"]] == ["ic13-rrc", "ic15-det"]


def test_an_unknown_protocol_is_refused_with_the_nearest(scenes, predictions):
    arguments = ["--gt", scenes / "labels", "--pred", predictions, "--protocol"]
    code, said = status("detection", *arguments, "ic51")
    assert (code, said.count("\n")) == (2, 1)
    assert "--protocol: no protocol 'ic51'; did you mean 'ic15'?" in said
    assert status("spotting", *arguments, "ic1")[0] == 2
    assert status("recognition", *arguments, "rec")[0] == 2


def test_lists_choose_pictures(scenes, predictions):
    (scenes / "val.txt").write_text("img_1\n")
    arguments = [*folders(scenes), "--pred", predictions]
    (only,) = report("detection", *arguments, "--only", scenes / "val.txt")["results"]
    assert (only["images"], only["recall"]) == (1, 1)


def test_pictures_that_are_not_in_the_ground_truth_are_said(scenes, predictions):
    content = json.loads(predictions.read_text())
    content |= {f"img_{i}.jpg": [] for i in range(7, 14)}
    predictions.write_text(json.dumps(content))
    arguments = ["detection", "--gt", scenes / "labels", "--pred", predictions]
    shown = report(*arguments)
    strangers, missing = shown["notes"]
    assert strangers == (
        f"7 pictures in {predictions} are not in the ground truth: "
        "img_7, img_8, img_9, img_10, img_11, ..."
    )
    assert missing.startswith("1 of 2 pictures is not in")
    assert missing.endswith("img_2")
    assert status(*arguments) == (0, f"ocrkit: {strangers}\nocrkit: {missing}\n")
    assert shown["results"][0]["matched"] == 2


def test_predictions_of_other_pictures_are_refused(scenes, predictions):
    (scenes / "val.txt").write_text("img_1\n")
    arguments = [*folders(scenes), "--pred", predictions, "--without", scenes / "val.txt"]
    code, said = status("detection", *arguments)
    assert code == 2
    assert (
        "predictions.json: has none of the pictures to score: it has img_1; to score: img_2" in said
    )


def test_no_predictions_at_all_score_zero(scenes):
    (scenes / "none.json").write_text("{}")
    shown = report("detection", *folders(scenes), "--pred", scenes / "none.json")
    assert shown["results"][0]["hmean"] == 0
    assert shown["results"][0]["average_precision"] is None


def test_a_table_is_for_people(scenes, predictions):
    shown = run("spotting", *folders(scenes), "--pred", predictions)
    assert "ic15-e2e-none" in shown
    assert "ic15-spotting-none" in shown
    assert "area precision" in shown
    assert "0.3333" in shown  # recall end to end


def test_a_table_that_is_too_wide_goes_on_below(scenes, predictions, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    names = ("ic15", "ic13-rrc", "ic13-iou", "totaltext", "tiou-ic15", "rctw17", "td500")
    chosen = [argument for name in names for argument in ("--protocol", name)]
    shown = run("detection", "--gt", scenes / "labels", "--pred", predictions, *chosen)
    assert shown.count(" protocol ") == 3  # three columns, three, and one
    assert shown.count("precision  ") >= 3
    assert "…" not in shown


@pytest.fixture
def submission(scenes):
    """What `predictions` has, in text files as Windows writes them; float coordinates."""
    lines = "10.2,10,60,10,60,30,10,30,exit\r\n110,10,160,10,160,30,110,30,B62\r\n"
    files = {"res_img_1.txt": "\ufeff" + lines, "res_img_2.txt": ""}
    folder = scenes / "submission"
    folder.mkdir()
    for name, content in files.items():
        (folder / name).write_bytes(content.encode())
    with zipfile.ZipFile(scenes / "submission.zip", "w") as archive:
        for name in files:
            archive.write(folder / name, f"inner/{name}")
    return folder


@pytest.mark.parametrize("suffix", ["", ".zip"])
def test_spotting_of_a_submission(scenes, submission, suffix):
    path = submission.with_suffix(suffix)
    shown = report("spotting", "--gt", scenes / "labels", "--pred", path)
    assert [result["matched"] for result in shown["results"]] == [1, 1]
    assert [result["detections"] for result in shown["results"]] == [2, 1]
    assert [result["average_precision"] for result in shown["results"]] == [None, None]
    assert shown["notes"] == []


def test_texts_in_a_submission_may_have_commas(scenes):
    (scenes / "labels" / "gt_img_1.txt").write_text("10,10,60,10,60,30,10,30,1,000 km\n")
    (scenes / "out").mkdir()
    (scenes / "out" / "img_1.txt").write_text("10,10,60,10,60,30,10,30,1,000 KM\n")
    whole, _ = report("spotting", "--gt", scenes / "labels", "--pred", scenes / "out")["results"]
    assert (whole["matched"], whole["detections"]) == (1, 1)


def test_detection_of_a_submission(scenes):
    folder = scenes / "boxes"
    folder.mkdir()
    (folder / "res_img_1.txt").write_text("10,10,60,30,0.9\n110,10,160,30,0.3\n")
    (folder / "res_img_2.txt").write_text("10,10,60,10,60,30,10,30,0.8\n500,0,600,50,0.1\n")
    (result,) = report("detection", "--gt", scenes / "labels", "--pred", folder)["results"]
    assert (result["matched"], result["detections"]) == (3, 4)
    assert result["average_precision"] == 1


def test_a_malformed_submission_names_file_and_line(scenes, submission):
    code, said = status("detection", "--gt", scenes / "labels", "--pred", submission)
    assert code == 2
    assert "submission/res_img_1.txt:1: could not convert string to float: 'exit'" in said


def test_a_threshold_drops_detections(scenes, predictions):
    content = json.loads(predictions.read_text())
    content["img_1.jpg"][1]["score"] = 0.4
    predictions.write_text(json.dumps(content))
    arguments = ["detection", "--gt", scenes / "labels", "--pred", predictions]
    (result,) = report(*arguments, "--threshold", 0.5)["results"]
    assert (result["threshold"], result["threshold_is"]) == (0.5, "given")
    assert (result["dropped_detections"], result["matched"]) == (1, 1)
    code, said = status(*arguments, "--threshold", 0.5, "--tune-threshold")
    assert (code, "not both" in said) == (2, True)


def test_a_tuned_threshold_is_said_everywhere(scenes, predictions):
    arguments = ["detection", *folders(scenes), "--pred", predictions, "--tune-threshold"]
    page = scenes / "out.html"
    shown = report(*arguments, "--report", page)
    assert shown["results"][0]["threshold_is"] == "tuned on the scored data"
    assert "tuned on the scored data" in shown["notes"][0]
    assert "tuned on the scored data" in run(*arguments)
    assert 'class="loud"' in page.read_text()
    assert "tuned on the scored data" in status(*arguments)[1]


def test_thresholds_need_scores(scenes, submission):
    arguments = ["spotting", "--gt", scenes / "labels", "--pred", submission]
    for wanted in (["--threshold", "0.5"], ["--tune-threshold"]):
        code, said = status(*arguments, *wanted)
        assert (code, "have no scores" in said) == (2, True)


def test_a_page_shows_pictures(scenes, predictions):
    page = scenes / "new" / "out.html"
    run("spotting", *folders(scenes), "--pred", predictions, "--report", page)
    content = page.read_text()
    assert content.count("data:image/jpeg;base64,") == 2
    assert "ic15-e2e-none" in content
    assert "<td>5</td><td>6</td>" in content  # B52, read as B62
    assert not re.search(r"https?://", content)
    assert [path.name for path in page.parent.iterdir()] == ["out.html"]
    run("detection", "--gt", scenes / "labels", "--pred", predictions, "--report", page)
    content = page.read_text()
    assert "data:image" not in content
    assert "the picture is not at hand" in content
    assert "Confused" not in content


def test_a_page_that_cannot_be_written_is_refused_before_the_work(scenes, load):
    arguments = ["detection", *folders(scenes), "--report"]
    (scenes / "file").touch()
    code, said = status(*arguments, scenes / "file" / "out.html")
    assert (code, "cannot be written to" in said) == (2, True)
    code, said = status(*arguments, scenes / "out.json")
    assert (code, "ends in .html" in said) == (2, True)
    load.assert_not_called()


def test_detection_by_a_model(scenes, load):
    shown = report("detection", *folders(scenes), "--model", "east")
    load.assert_called_once_with(
        detector="east", recognizer=None, spotter=None, device="auto", settings={}
    )
    seen = [call.args[0] for call in load.return_value.detect.call_args_list]
    assert [(picture.shape, picture[0, 0, 0]) for picture in seen] == [
        ((40, 200, 3), 1),
        ((40, 200, 3), 2),
    ]
    assert shown["source"] == "east"
    assert shown["results"][0]["matched"] == 2
    assert shown["results"][0]["average_precision"] == pytest.approx(2 / 3)


def test_spotting_by_models(scenes, load):
    arguments = ["--detector", "east", "--device", "cpu", "--set", "detector.shrink=0.2"]
    shown = report("spotting", *folders(scenes), *arguments)
    load.assert_called_once_with(
        detector="east",
        recognizer=RECOGNIZER,
        spotter=None,
        device="cpu",
        settings={"detector": {"shrink": 0.2}},
    )
    assert shown["source"] == f"east, {RECOGNIZER}"
    assert [result["matched"] for result in shown["results"]] == [2, 2]


def test_a_model_needs_pictures(scenes, load):
    code, said = status("detection", "--gt", scenes / "labels")
    assert (code, "set `images`" in said) == (1, True)


@pytest.fixture
def crops(tmp_path):
    """Seventy crops; the first says "Way out", the others "Exit"."""
    rows = [f"w/{i}.png\t{'Exit' if i else 'Way out'}\n" for i in range(70)]
    (tmp_path / "words.tsv").write_text("".join(rows))
    (tmp_path / "first.txt").write_text("w/0.png\n")
    for i in range(70):
        write_image(tmp_path / "w" / f"{i}.png", np.full((8, 20, 3), i, np.uint8))
    return tmp_path / "words.tsv"


def test_recognition_of_a_table(crops, load):
    shown = report("recognition", "--table", crops)
    load.assert_called_once_with(detector=None, recognizer=RECOGNIZER, device="auto", settings={})
    assert shown["ground_truth"]["set"] == "crops"
    (result,) = shown["results"]
    assert (result["protocol"], result["samples"], result["correct_36"]) == ("rec-36", 70, 69)
    seen = [crop for call in load.return_value.recognize.call_args_list for crop in call.args[0]]
    assert [crop[0, 0, 0] for crop in seen] == list(range(70))
    only = report("recognition", "--gt", crops, "--only", crops.with_name("first.txt"))
    assert only["results"][0]["accuracy_36"] == 0


def test_a_models_confidences_are_scored(crops, load):
    load.return_value.recognize.side_effect = lambda crops: [
        Reading("Exit", 0.75 if crop[0, 0, 0] < 35 else 0.25) for crop in crops
    ]
    names = ["--protocol", "rec-36", "--protocol", "rec-36-chinese"]
    page = crops.with_name("out.html")
    for result in report("recognition", "--gt", crops, *names, "--report", page)["results"]:
        sure = {"start": 0.7, "end": 0.8, "words": 35, "confidence": 0.75, "accuracy": 34 / 35}
        unsure = {"start": 0.2, "end": 0.3, "words": 35, "confidence": 0.25, "accuracy": 1}
        assert result["bins"] == [pytest.approx(unsure), pytest.approx(sure)]
        assert result["ece"] == pytest.approx((34 / 35 - 0.75 + 0.75) / 2)
        assert result["mean_confidence"] == 0.5
    assert "Accuracy over confidence" in page.read_text()
    shown = run("recognition", "--gt", crops)
    assert re.search(r" ece +. +0\.4857", shown)
    assert "bins" not in shown


def test_confidences_are_of_the_text_as_written(crops, load):
    (result,) = report("recognition", "--gt", crops)["results"]  # reads "exit", 0.9
    assert (result["accuracy_36"], result["ece"]) == (69 / 70, pytest.approx(0.9))


def test_nothing_is_said_of_confidences_that_are_not_of_the_readings(crops, load, own_lexicon):
    (result,) = report("recognition", "--gt", crops, "--lexicon", "50")["results"]
    assert not {"ece", "bins"} & set(result)
    path = crops.with_name("r.json")
    path.write_text(json.dumps({"w/0.png": "Exit"}))
    (result,) = report("recognition", "--gt", crops, "--pred", path)["results"]
    assert not {"ece", "bins"} & set(result)


@pytest.mark.parametrize("name", ["readings.tsv", "readings.json"])
def test_recognition_of_readings(crops, name):
    readings = {f"w/{i}.png": "exit" for i in range(69)} | {"w/99.png": "x"}
    content = "".join(f"{path}\t{text}\n" for path, text in readings.items())
    path = crops.with_name(name)
    path.write_text(json.dumps(readings) if path.suffix == ".json" else content)
    page = crops.with_name("out.html")
    shown = report("recognition", "--gt", crops, "--pred", path, "--report", page)
    assert shown["notes"] == [
        f"1 picture in {path} is not in the ground truth: w/99.png",
        f"1 of 70 pictures is not in {path}, and counts as without results: w/69.png",
    ]
    assert shown["results"][0]["correct_36"] == 68
    assert shown["results"][0]["samples"] == 70
    assert page.read_text().count("data:image/jpeg") == 24


def test_a_filter_says_what_it_drops(crops, load):
    shown = report("recognition", "--gt", crops, "--filter", "ic13-857")
    (result,) = shown["results"]
    assert (result["protocol"], result["samples"]) == ("rec-36-ic13-857", 69)
    assert sum(result["dropped"].values()) == 1
    assert shown["notes"] == ["the filter ic13-857 left 69 crops, where the benchmark has 857"]
    seen = [crop for call in load.return_value.recognize.call_args_list for crop in call.args[0]]
    assert seen[0][0, 0, 0] == 1
    assert len(seen) == 69


def test_a_filter_by_a_list_takes_the_list(crops, load):
    code, said = status("recognition", "--gt", crops, "--filter", "ic15-1811")
    assert (code, "--only FILE" in said) == (2, True)
    arguments = ["--filter", "ic15-1811", "--only", crops.with_name("first.txt")]
    assert report("recognition", "--gt", crops, *arguments)["results"][0]["samples"] == 1
    assert status("recognition", "--gt", crops, "--filter", "ic13-875")[0] == 2


def test_chinese_is_normalised(crops):
    path = crops.with_name("r.json")
    path.write_text(json.dumps({"w/0.png": "ＷＡＹＯＵＴ"}))
    names = ["--protocol", "rec-36", "--protocol", "rec-36-chinese"]
    only = ["--only", crops.with_name("first.txt")]
    plain, chinese = report("recognition", "--gt", crops, "--pred", path, *names, *only)["results"]
    assert (plain["protocol"], plain["correct"]) == ("rec-36", 0)
    assert (chinese["protocol"], chinese["correct"]) == ("rec-36-chinese", 1)


@pytest.fixture
def own_lexicon(monkeypatch):
    """Lets every label of a table or of scenes have the lexicon `50`, of two words."""
    for module, name in ((crops_set, "Crops"), (icdar_set, "Icdar")):
        kind = getattr(module, name)

        def labels(self, index, plain=kind.labels):
            return replace(plain(self, index), lexicons={"50": ("EXIT", "B52"), "weak": ("B52",)})

        monkeypatch.setattr(kind, "labels", labels)


def test_readings_become_words_of_the_lexicon(crops, load, own_lexicon):
    load.return_value.recognize.side_effect = lambda crops: [Reading("e×it", 0.9)] * len(crops)
    (result,) = report("recognition", "--gt", crops, "--lexicon", "50")["results"]
    assert (result["protocol"], result["correct_36"]) == ("rec-36-lexicon-50", 69)
    code, said = status("recognition", "--gt", crops, "--lexicon", "1k")
    assert (code, "w/0.png: the ground truth gives no lexicon '1k'; it has 50, weak" in said) == (
        2,
        True,
    )


def test_spotting_with_a_lexicon_in_files(scenes, predictions):
    (scenes / "words.txt").write_text("EXIT\nB52\n")
    arguments = ["spotting", "--gt", scenes / "labels", "--pred", predictions, "--lexicon"]
    result, _ = report(*arguments, "weak", scenes / "words.txt")["results"]
    assert (result["protocol"], result["matched"]) == ("ic15-e2e-weak", 2)
    assert result["settings"]["lexicon"]["rule"]["limit"] == 1.5
    strict = ["--set", "lexicon.limit=1"]
    result, _ = report(*arguments, "weak", scenes / "words.txt", *strict)["results"]
    assert (result["matched"], result["detections"]) == (1, 1)
    assert result["settings"]["lexicon"]["rule"]["limit"] == 1
    nearest = ["--lexicon-rule", "nearest"]
    (scenes / "far.txt").write_text("EXIT\nfarther off\n")
    result, _ = report(*arguments, "weak", scenes / "far.txt", *nearest)["results"]
    assert (result["matched"], result["detections"]) == (1, 2)


def test_spotting_with_the_lexicons_of_pictures(scenes, predictions):
    folder = scenes / "strong"
    folder.mkdir()
    (folder / "voc_img_1.txt").write_text("B52\nexit\n")
    arguments = ["spotting", "--gt", scenes / "labels", "--pred", predictions]
    code, said = status(*arguments, "--lexicon", "strong", folder)
    assert (code, "no words for picture 'img_2'" in said) == (2, True)
    (folder / "voc_img_2.txt").write_text("other\n")
    result, _ = report(*arguments, "--lexicon", "strong", folder)["results"]
    assert (result["protocol"], result["matched"]) == ("ic15-e2e-strong", 2)


def test_spotting_with_the_lexicon_of_the_ground_truth(scenes, predictions, own_lexicon):
    arguments = ["spotting", "--gt", scenes / "labels", "--pred", predictions, "--lexicon"]
    result, _ = report(*arguments, "weak")["results"]
    assert (result["protocol"], result["matched"], result["detections"]) == ("ic15-e2e-weak", 1, 1)
    code, said = status(*arguments, "generic")
    assert (code, "no lexicon 'generic'; it has 50, weak" in said) == (2, True)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--lexicon", "week"], "did you mean 'weak'?"),
        (["--lexicon-rule", "nearest"], "--lexicon none"),
        (["--set", "lexicon.limit=1"], "--lexicon none"),
        (["--lexicon", "weak", "--lexicon-rule", "nearer"], "did you mean 'nearest'?"),
        (["--lexicon", "weak", "--set", "lexicon.limt=1"], "did you mean 'limit'?"),
        (["--lexicon", "weak", "--set", "lexicon.limit=x"], "expected a number, got 'x'"),
        (["--lexicon", "weak", "--set", "lexicon.limit=true"], "expected a number, got True"),
        (["--lexicon", "weak", "--lexicon-pairs", "p.txt"], "--lexicon-pairs"),
    ],
)
def test_lexicons_that_make_no_sense_are_refused(scenes, predictions, arguments, message):
    given = ["spotting", "--gt", scenes / "labels", "--pred", predictions, *arguments]
    code, said = status(*given)
    assert (code, message in said) == (2, True)


def test_ground_truth_without_texts_cannot_score_readings(scenes, predictions):
    label = scenes / "labels" / "gt_img_2.txt"
    label.write_text("10,10,60,10,60,30,10,30\n")
    with pytest.raises(DataError, match=r"img_2: word 1 has no text"):
        run("spotting", *folders(scenes), "--pred", predictions)
    shown = report("detection", *folders(scenes), "--pred", predictions)
    assert shown["results"][0]["words"] == 3


def test_predictions_and_a_model_exclude_each_other(scenes, predictions):
    code, said = status("detection", *folders(scenes), "--pred", predictions, "--model", "east")
    assert (code, "not both" in said) == (2, True)


def test_a_missing_folder_is_named(scenes):
    with pytest.raises(ImageError, match="nowhere"):
        run("detection", "--images", Path("nowhere"), "--labels", scenes / "labels")
    code, said = status("detection", "--gt", scenes / "nowhere")
    assert (code, "nowhere: no such file or folder" in said) == (2, True)


def test_the_ground_truth_may_be_an_archive(scenes, predictions):
    path = scenes / "gt.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for file in (scenes / "labels").iterdir():
            archive.writestr(file.name, "\ufeff" + file.read_text().replace("\n", "\r\n"))
    for choice in ([], ["--from", "icdar"], ["--images", scenes / "images"]):
        shown = report("detection", "--gt", path, "--pred", predictions, *choice)
        (result,) = shown["results"]
        assert (result["images"], result["words"], result["ignored_words"]) == (2, 3, 1)
        assert result["matched"] == 2


def test_any_set_may_be_the_ground_truth(scenes, predictions):
    path = scenes / "ch4_test_images"
    (scenes / "images").rename(path)
    (scenes / "labels").rename(scenes / "Challenge4_Test_Task1_GT")
    arguments = ["detection", "--gt", scenes, "--from", "icdar2015", "--pred", predictions]
    shown = report(*arguments, "--gt-set", "split=test")
    assert shown["ground_truth"]["set"] == "icdar2015"
    assert shown["results"][0]["matched"] == 2
    code, said = status(*arguments, "--gt-set", "splt=test")
    assert (code, "splt: unknown key; did you mean 'split'?" in said) == (2, True)
    code, said = status(*arguments, "--gt-set", "split")
    assert (code, "--gt-set split: expected KEY=VALUE" in said) == (2, True)
    code, said = status(*arguments[:4], "icdar2051", *arguments[5:])
    assert (code, "did you mean 'icdar2015'?" in said) == (2, True)


def test_what_cannot_be_guessed_is_asked_for(scenes, predictions):
    (scenes / "empty").mkdir()
    for source in (scenes / "empty", predictions):
        code, said = status("detection", "--gt", source, "--pred", predictions)
        assert code == 2
        assert "name the set that this is (--from NAME); one of: " in said
        assert "icdar2015" in said


def test_a_scene_is_no_crop(scenes, predictions):
    arguments = ["recognition", "--gt", scenes / "labels", "--pred", predictions]
    code, said = status(*arguments)
    assert (code, "img_1: 2 words; `recognition` scores pictures of one" in said) == (2, True)


def test_a_word_that_fills_its_picture_is_found_by_its_outline(crops):
    path = crops.with_name("p.json")
    whole = {"polygon": [[0, 0], [20, 0], [20, 8], [0, 8]], "text": "way out"}
    path.write_text(json.dumps({"w/0.png": [whole]}))
    (result,) = report("detection", "--gt", crops, "--pred", path)["results"]
    assert (result["images"], result["matched"]) == (70, 1)


def test_how_the_detector_sees_pictures(scenes, load):
    looks = ["--max-side", 1000, "--tile", 640, "--scales", "1,1.5"]
    sides, scales = {"long_side": 1024, "tile": 640}, {"scales": [1.0, 1.5]}
    run("detection", *folders(scenes), *looks)
    assert load.call_args.kwargs["settings"] == {"detector": sides | scales}
    run("spotting", *folders(scenes), *looks)
    assert load.call_args.kwargs["settings"] == {"detector": sides, "spotter": scales}


def test_predictions_cannot_be_seen_otherwise(scenes, predictions):
    given = [*folders(scenes), "--pred", predictions, "--tile", 640]
    for task in ("detection", "spotting"):
        code, said = status(task, *given)
        assert code == 2
        assert "not both" in said


@pytest.mark.parametrize("command", ["detection", "spotting"])
def test_a_spotter_is_scored_in_the_place_of_both(scenes, load, command):
    said = report(command, *folders(scenes), "--spotter", "fots")
    assert load.call_args.kwargs["spotter"] == "fots"
    assert said["source"] == "fots"


def test_a_spotter_and_what_it_replaces_are_too_much(scenes):
    arguments = ["spotting", *folders(scenes), "--spotter", "fots", "--detector", "east"]
    code, said = status(*arguments)
    assert (code, "takes the place" in said) == (2, True)
