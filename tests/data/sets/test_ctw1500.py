"""CTW1500: the three forms of its labels."""

import zipfile

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.ctw1500 import Ctw1500, Ctw1500Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

POINTS = [
    *([131, 58], [208, 49], [279, 56], [346, 76], [412, 101], [473, 141], [530, 192]),
    *([510, 246], [458, 210], [405, 175], [350, 151], [291, 137], [228, 133], [165, 134]),
]
NUMBERS = ",".join(str(value) for point in POINTS for value in point)
OFFSETS = ",".join(str(value) for x, y in POINTS for value in (x - 131, y - 49))
XML = f"""<Annotations>
    <image file="0200.jpg">
        <box height="197" left="131" top="49" width="399">
            <label>OLATHE &amp; Co</label>
            <segs>{NUMBERS}</segs>
            <pts x="183" y="95" />
        </box>
        <box height="197" left="131" top="49" width="399">
            <label>###</label>
            <segs>{NUMBERS}</segs>
        </box>
    </image>
</Annotations>
"""


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


def load(root, **settings):
    return Ctw1500(Ctw1500Config(root=root, **settings))


def test_training_labels_are_xml(tmp_path):
    write(tmp_path / "ctw1500_train_labels" / "0200.xml", XML)
    write_image(tmp_path / "train_images" / "0200.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path)
    assert dataset.name(0) == "0200"
    labels = dataset.labels(0)
    assert labels.outlines[0].tolist() == POINTS
    assert labels.outlines[0].dtype == np.float32
    assert labels.texts == ("OLATHE & Co", "###")
    assert labels.ignored.tolist() == [False, True]
    assert dataset.image(0).shape == (20, 30, 3)


@pytest.mark.parametrize("name", ["0001001.txt", "0000gt_1001.txt", "1001.txt"])
def test_test_labels_are_numbers_and_a_marked_text(tmp_path, name):
    texts = ["####a, b", "#######", "####", "bare", "####1,2,3,4"]
    content = "".join(f"{NUMBERS},{text}\r\n" for text in texts) + f"{NUMBERS}\r\n"
    write(tmp_path / "ctw1500_test_labels" / name, content)
    dataset = load(tmp_path, split="test")
    assert dataset.name(0) == "1001"
    labels = dataset.labels(0)
    assert [outline.tolist() for outline in labels.outlines] == [POINTS] * 6
    assert labels.texts == ("a, b", "###", "", "bare", "1,2,3,4", None)
    assert labels.ignored.tolist() == [False, True, False, False, False, False]
    with pytest.raises(ImageError, match="test_images: cannot be read"):
        dataset.image(0)


def test_the_first_release_has_offsets_from_a_box(tmp_path):
    line = f"131,49,530,246,{OFFSETS}\n"
    write(tmp_path / "test" / "text_label_curve" / "1001.txt", line * 2)
    write_image(tmp_path / "test" / "text_image" / "1001.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path, split="test")
    labels = dataset.labels(0)
    assert [outline.tolist() for outline in labels.outlines] == [POINTS, POINTS]
    assert labels.texts == (None, None)
    assert dataset.place(0) == str(tmp_path / "test" / "text_image" / "1001.jpg")


def test_four_numbers_in_one_line_of_several_are_a_text(tmp_path):
    content = f"{NUMBERS},1,2,3,4\n{NUMBERS},five\n"
    write(tmp_path / "gt_ctw1500" / "0001001.txt", content)
    labels = load(tmp_path, split="test").labels(0)
    assert labels.texts == ("1,2,3,4", "five")
    assert labels.outlines[0].tolist() == POINTS


def test_labels_may_stay_in_their_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "gt_ctw1500.zip", "w") as archive:
        archive.writestr("0001001.txt", f"{NUMBERS},####a\n")
    assert load(tmp_path, split="test").labels(0).texts == ("a",)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("1001.txt", f"{NUMBERS},####a\n1,2,3\n", "1001.txt:2: expected 28 coordinates, got 3"),
        ("1001.txt", f"{NUMBERS}x\n", "1001.txt:1: could not convert string to float: '134x'"),
        ("1001.xml", XML.replace("131,58,", ""), "1001.xml:3: expected 28 coordinates, got 26"),
        ("1001.xml", XML.replace("segs", "points"), "1001.xml:3: <box> has no <segs>"),
        ("1001.xml", XML[:200], "1001.xml:5: is not well-formed XML"),
        ("1001.xml", XML.replace("Annotations", "set"), "expected <Annotations>, got <set>"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, name, content, message):
    write(tmp_path / "gt" / name, content)
    dataset = load(tmp_path, labels=tmp_path / "gt")
    with pytest.raises(DataError, match=message):
        dataset.labels(0)


def test_missing_labels_are_named_with_what_to_do(tmp_path):
    with pytest.raises(DataError, match=r"expected ctw1500_train_labels or train/text.*`labels`"):
        load(tmp_path)


def test_lists_choose(tmp_path):
    for name in ("0200", "0201"):
        write(tmp_path / "ctw1500_train_labels" / f"{name}.xml", XML)
    write(tmp_path / "val.txt", "0201\n")
    block = {"name": "ctw1500", "root": str(tmp_path), "without": str(tmp_path / "val.txt")}
    dataset = data.build(block)
    assert [dataset.name(i) for i in range(len(dataset))] == ["0200"]
