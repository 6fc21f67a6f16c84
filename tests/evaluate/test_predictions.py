"""Prediction files: what they may hold, and what is said of those that hold something else."""

import json
import zipfile

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ocrkit.errors import DataError
from ocrkit.evaluate.predictions import (
    Matches,
    Prediction,
    found_of,
    match_names,
    read_predictions,
    read_readings,
)

TRIANGLE = [[0, 0], [9.5, 0], [0, 9]]
BOX = ((1, 2), (11, 2), (11, 7), (1, 7))


def write(folder, content, name="predictions.json"):
    path = folder / name
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        path.write_text(content if isinstance(content, str) else json.dumps(content))
    return path


def folder_of(tmp_path, **files):
    """A folder of text files."""
    folder = tmp_path / "results"
    folder.mkdir()
    for name, content in files.items():
        write(folder, content, f"{name}.txt")
    return folder


def archive_of(tmp_path, **files):
    path = tmp_path / "results.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def test_predictions_are_found_by_name_less_suffix_in_their_order(tmp_path):
    content = {
        "img_7.jpg": [{"polygon": TRIANGLE, "text": "b", "score": 0.9}, {"polygon": TRIANGLE}],
        "a.b.png": [],
        "train/3.WEBP": [],
        "v1.5": [],
    }
    found = read_predictions(write(tmp_path, content))
    polygon = ((0, 0), (9.5, 0), (0, 9))
    first = Prediction(polygon=polygon, text="b", score=0.9)
    second = Prediction(polygon=polygon, text="", score=None)
    assert found == {"img_7": (first, second), "a.b": (), "train/3": (), "v1.5": ()}


def test_detections_without_a_score_have_one(tmp_path):
    found = found_of([Prediction(polygon=BOX, score=0), Prediction(polygon=TRIANGLE, text="b")])
    assert found.scores.tolist() == [0, 1]
    assert list(found.texts) == ["", "b"]
    assert [outline.shape for outline in found.outlines] == [(4, 2), (3, 2)]
    assert len(found_of(()).outlines) == 0


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
        (b"\xff{}", "Invalid JSON"),
    ],
)
def test_malformed_files_are_refused_by_name_and_place(tmp_path, content, message):
    with pytest.raises(DataError, match=rf"predictions\.json: {message}"):
        read_predictions(write(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.json: cannot be read: No such file"):
        read_predictions(tmp_path / "none.json")


@pytest.mark.parametrize(
    ("line", "polygon", "score"),
    [
        ("1,2,11,7", BOX, None),
        ("1,2,11,7,0.5", BOX, 0.5),
        ("1,2,11,2,11,7,1,7", BOX, None),
        (" 1, 2 ,11,2,11,7,1,7,-3", BOX, -3),
        ("1.5,2,11,2,11,7,1,7.25", ((1.5, 2), (11, 2), (11, 7), (1, 7.25)), None),
        ("0,0,4,0,6,3,4,6,0,6", ((0, 0), (4, 0), (6, 3), (4, 6), (0, 6)), None),
        ("0,0,4,0,6,3,4,6,0,6,0.75", ((0, 0), (4, 0), (6, 3), (4, 6), (0, 6)), 0.75),
    ],
)
def test_a_line_of_a_detector_is_a_box_a_quad_or_a_polygon(tmp_path, line, polygon, score):
    folder = folder_of(tmp_path, res_img_1=line + "\n")
    expected = Prediction(polygon=polygon, text="", score=score)
    assert read_predictions(folder) == {"res_img_1": (expected,)}


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,11", "expected 4 numbers"),
        ("1,2,11,7,1,2", "expected 4 numbers"),
        ("1,2,11,7,1,2,3", "expected 4 numbers"),
        ("1,2,11,2,11,7,1,seven", "seven.*expected numbers"),
        ("1,2,11,2,11,7,1,7,EXIT", "texts are read by `spotting` only"),
        ("1,2,11,nan", "not finite"),
        ("1,2,11,7,inf", "not finite"),
        ("11,2,1,7", "expected left,top,right,bottom"),
        ("1,7,11,2", "expected left,top,right,bottom"),
        ("1 2 11 7", "expected numbers"),
    ],
)
def test_other_lines_of_a_detector_are_refused_by_file_and_line(tmp_path, line, message):
    folder = folder_of(tmp_path, img_1=f"1,2,11,7\n\n{line}\n")
    with pytest.raises(DataError, match=rf"results/img_1\.txt:3: .*{message}"):
        read_predictions(folder)


def test_a_text_is_all_that_follows_the_eighth_comma(tmp_path):
    lines = '\ufeff1,2,11,2,11,7,1,7, 5,000 "km",\r\n1,2,11,2,11,7,1,7,\r\n1,2,11,2,11,7,1,7,0.9'
    folder = folder_of(tmp_path, res_img_1=lines.encode(), img_2=b"", img_3=b"\r\n\r\n")
    found = read_predictions(folder, texts=True)
    assert [p.text for p in found["res_img_1"]] == [' 5,000 "km",', "", "0.9"]
    assert {p.polygon for p in found["res_img_1"]} == {BOX}
    assert [p.score for p in found["res_img_1"]] == [None] * 3
    assert (found["img_2"], found["img_3"]) == ((), ())


def test_a_line_of_a_spotter_has_a_text(tmp_path):
    folder = folder_of(tmp_path, img_1="1,2,11,2,11,7,1,7\n")
    with pytest.raises(DataError, match=r"img_1\.txt:1: expected 8 coordinates and a text"):
        read_predictions(folder, texts=True)


def test_a_line_that_is_not_utf8_is_named(tmp_path):
    folder = folder_of(tmp_path, img_1=b"1,2,11,2,11,7,1,7,a\n1,2,11,2,11,7,1,7,\xe9\n")
    with pytest.raises(DataError, match=r"img_1\.txt:2: not UTF-8"):
        read_predictions(folder, texts=True)


def test_an_archive_is_read_in_place(tmp_path):
    files = {
        "submission/res_img_1.txt": b"\xef\xbb\xbf1,2,11,7,0.5\r\n",
        "submission/res_img_2.txt": b"",
        "__MACOSX/submission/._res_img_1.txt": b"\0\0",
        "__MACOSX/img_3.txt": b"",
        "submission/.hidden.txt": b"\0",
        "submission/notes.md": b"ours",
    }
    path = archive_of(tmp_path, **files)
    expected = Prediction(polygon=BOX, text="", score=0.5)
    assert read_predictions(path) == {"res_img_1": (expected,), "res_img_2": ()}
    assert sorted(p.name for p in tmp_path.iterdir()) == ["results.zip"]


def test_a_line_in_an_archive_is_named(tmp_path):
    with pytest.raises(DataError, match=r"results\.zip/res_1\.txt:2: expected 4 numbers"):
        read_predictions(archive_of(tmp_path, **{"a/res_1.txt": "1,2,3,4\n1,2\n"}))


def test_two_files_of_one_name_in_an_archive_are_refused(tmp_path):
    path = archive_of(tmp_path, **{"a/1.txt": "", "b/1.txt": ""})
    with pytest.raises(DataError, match="two files in it have the same name"):
        read_predictions(path)


def test_folders_and_archives_without_text_files_are_refused(tmp_path):
    folder = folder_of(tmp_path)
    write(folder, "{}")
    with pytest.raises(DataError, match=r"results: no \.txt files in it"):
        read_predictions(folder)
    with pytest.raises(DataError, match=r"results\.zip: no \.txt files in it"):
        read_predictions(archive_of(tmp_path, **{"a.json": "{}"}))


def test_a_missing_archive_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.zip: cannot be read: No such file"):
        read_predictions(tmp_path / "none.zip")


@example(place=192, value=1, length=197)  # zipfile seeks to before the start
@given(place=st.integers(0, 220), value=st.integers(0, 255), length=st.integers(0, 300))
def test_a_damaged_archive_is_never_a_traceback(tmp_path_factory, place, value, length):
    path = archive_of(tmp_path_factory.mktemp("zip"), **{"img_1.txt": "1,2,11,7\n" * 9})
    content = bytearray(path.read_bytes())
    content[place % len(content)] = value
    path.write_bytes(content[:length])
    try:
        read_predictions(path)
    except DataError as error:
        assert str(path) in str(error)  # noqa: PT017 (any other error fails the test)


def test_an_archive_that_is_cut_short_is_refused(tmp_path):
    path = archive_of(tmp_path, **{"img_1.txt": "1,2,11,7\n" * 9})
    path.write_bytes(path.read_bytes()[:60])
    with pytest.raises(DataError, match=r"results\.zip: cannot be read as a zip archive"):
        read_predictions(path)


def test_readings_are_a_table_or_a_mapping(tmp_path):
    table = write(tmp_path, b"\xef\xbb\xbfw/1.png\t a, b \r\nw/2.png\t\n\nw/3.png\ta\tb\n", "r.tsv")
    expected = {"w/1.png": " a, b ", "w/2.png": "", "w/3.png": "a\tb"}
    assert read_readings(table) == expected
    assert read_readings(write(tmp_path, expected, "r.json")) == expected


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("r.tsv", "a.png\tb\na.png b\n", r"r\.tsv:2: expected path<TAB>text, got 'a\.png b'"),
        ("r.tsv", "\tb\n", r"r\.tsv:1: expected path<TAB>text"),
        ("r.tsv", "a.png\tb\na.png\tc\n", r"r\.tsv:2: 'a\.png' is in this file twice"),
        ("r.json", {"a.png": 5}, r"r\.json: a\.png: Input should be a valid string"),
        ("r.json", "[", r"r\.json: Invalid JSON"),
    ],
)
def test_malformed_readings_are_refused(tmp_path, name, content, message):
    with pytest.raises(DataError, match=message):
        read_readings(write(tmp_path, content, name))


@pytest.mark.parametrize(
    ("predicted", "samples", "expected"),
    [
        (["img_1", "img_9"], ["img_1", "img_2"], Matches({"img_1": "img_1"}, ["img_9"])),
        (["res_img_1"], ["img_1"], Matches({"img_1": "res_img_1"}, [])),
        (["res_1"], ["1", "res_1"], Matches({"res_1": "res_1"}, [])),
        (["train/1.png"], ["train/1.png"], Matches({"train/1.png": "train/1.png"}, [])),
        (["train/1"], ["train/1.png"], Matches({"train/1.png": "train/1"}, [])),
        (["res_1"], ["train/1.png"], Matches({"train/1.png": "res_1"}, [])),
        (["a/1.jpg"], ["1"], Matches({"1": "a/1.jpg"}, [])),
        (["v1.5"], ["v1.5", "v1.6"], Matches({"v1.5": "v1.5"}, [])),
        (["1.png"], ["1.png.png", "1.png"], Matches({"1.png": "1.png"}, [])),
        # Which of the two is meant cannot be known.
        (["1"], ["train/1.png", "test/1.png"], Matches({}, ["1"])),
        (["test/1"], ["train/1.png", "test/1.png"], Matches({"test/1.png": "test/1"}, [])),
        ([], ["1"], Matches({}, [])),
    ],
)
def test_names_match_but_for_suffix_folder_and_prefix(predicted, samples, expected):
    assert match_names(predicted, samples) == expected


def test_two_predictions_for_one_picture_are_refused():
    with pytest.raises(DataError, match="'img_1' and 'res_img_1' are both for 'img_1'"):
        match_names(["img_1", "res_img_1"], ["img_1"])


NAMES = st.lists(st.text("ab/._1", min_size=1).filter(lambda n: not n.endswith("/")), unique=True)


@given(NAMES)
def test_every_name_matches_itself(names):
    assert match_names(names, names) == Matches({name: name for name in names}, [])


@given(st.lists(st.tuples(*[st.integers(-99, 999)] * 8), max_size=4))
def test_quads_survive_the_way_through_a_file(tmp_path_factory, quads):
    folder = tmp_path_factory.mktemp("quads")
    write(folder, "".join(",".join(map(str, quad)) + "\n" for quad in quads), "res_1.txt")
    found = read_predictions(folder)["res_1"]
    assert np.array([p.polygon for p in found]).reshape(-1, 8).tolist() == [list(q) for q in quads]
