"""Chinese Text in the Wild: characters, the lines they make, and what counts."""

import json

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.ctw import Ctw, CtwConfig
from ocrkit.errors import ConfigError, DataError, ImageError
from ocrkit.image import write_image


def square(x, y, size=10.0):
    return [[x, y], [x + size, y], [x + size, y + size], [x, y + size]]


def character(text, polygon, chinese=True):
    return {
        "text": text,
        "is_chinese": chinese,
        "attributes": ["raised", "bgcomplex"],
        "polygon": polygon,
        "adjusted_bbox": [polygon[0][0] + 1, polygon[0][1] + 2, 7.5, 6.5],
    }


ACROSS = [character("金", square(0, 0)), character("店", square(20, 1))]
MIXED = [character("3", square(0, 50), False), character("楼", square(20, 50))]
LATIN = [character("K", square(0, 70), False), character("F", square(12, 70), False)]
DOWN = [character("茶", square(100, 0)), character("馆", square(100, 30))]
IGNORE = {"polygon": [[5, 90], [25, 92], [25, 99], [5, 97]], "bbox": [5, 90, 20, 9]}


def entry(key, **content):
    file = {"image_id": key, "file_name": f"{key}.jpg", "width": 2048, "height": 2048}
    return {**file, **content}


def save(root, *entries, split="train", folder="annotations"):
    path = root / folder / f"{split}.jsonl"
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(e, ensure_ascii=False) + "\n" for e in entries))
    return path


@pytest.fixture
def root(tmp_path):
    first = entry("0000172", annotations=[ACROSS, MIXED, LATIN, DOWN], ignore=[IGNORE])
    save(tmp_path, first, entry("3000001", annotations=[], ignore=[]))
    return tmp_path


def load(root, **settings):
    return Ctw(CtwConfig(root=root, **settings))


def test_lines_are_the_rectangles_round_their_chinese_characters(root):
    labels = load(root).labels(0)
    assert labels.texts == ("金店", "楼", "KF", "茶馆", None)
    assert labels.ignored.tolist() == [False, False, True, False, True]
    across, floor, latin, down, region = labels.outlines
    # The second character stands 1 px lower at 20 px, and so the rectangle is tilted.
    tilted = [[0.025, -0.499], [30.499, 1.025], [29.975, 11.499], [-0.499, 9.975]]
    assert np.allclose(across, tilted, atol=1e-3)
    assert floor.tolist() == square(20, 50)
    assert np.allclose(latin, [[0, 70], [22, 70], [22, 80], [0, 80]])
    # Characters stand upright in a column, so the top is the short side.
    assert np.allclose(down, [[100, 0], [110, 0], [110, 40], [100, 40]])
    assert region.tolist() == IGNORE["polygon"]


def test_all_characters_may_count(root):
    labels = load(root, counted="all").labels(0)
    assert labels.texts == ("金店", "3楼", "KF", "茶馆", None)
    assert labels.ignored.tolist() == [False] * 4 + [True]
    assert np.allclose(labels.outlines[1], [[0, 50], [30, 50], [30, 60], [0, 60]])


def test_a_line_that_stands_on_its_head_begins_where_its_characters_do(tmp_path):
    turned = [character(c, square(x, 0)[2:] + square(x, 0)[:2]) for c, x in (("上", 20), ("下", 0))]
    save(tmp_path, entry("0000001", annotations=[turned], ignore=[]))
    outline = load(tmp_path).labels(0).outlines[0]
    assert np.allclose(outline, [[30, 10], [0, 10], [0, 0], [30, 0]])


@pytest.mark.parametrize("counted", ["chinese", "all"])
def test_characters_that_are_not_chinese_are_ignored(root, counted):
    labels = load(root, level="character", counted=counted).labels(0)
    assert labels.texts == (*"金店3楼KF茶馆", None)
    latin = counted == "chinese"
    assert labels.ignored.tolist() == [False] * 2 + [latin, False, latin, latin] + [False] * 2 + [
        True
    ]
    assert labels.outlines[3].tolist() == square(20, 50)


def test_outlines_may_be_boxes(root):
    labels = load(root, level="character", outline="box").labels(0)
    assert labels.outlines[1].tolist() == [[21, 3], [28.5, 3], [28.5, 9.5], [21, 9.5]]
    assert labels.outlines[-1].tolist() == [[5, 90], [25, 90], [25, 99], [5, 99]]


def test_a_picture_may_have_no_text(root):
    assert len(load(root).labels(1)) == 0


def test_the_places_of_a_test_are_characters_without_texts(tmp_path):
    proposals = [{"polygon": square(1, 2), "adjusted_bbox": [2, 3, 8, 8]}]
    save(tmp_path, entry("1000001", proposals=proposals), split="test_cls", folder=".")
    dataset = load(tmp_path, split="test_cls", level="character")
    assert dataset.labels(0).texts == (None,)
    assert dataset.labels(0).outlines[0].tolist() == square(1, 2)
    assert dataset.labels(0).ignored.tolist() == [False]
    place = tmp_path / "images" / "test" / "1000001.jpg"
    write_image(place, np.zeros((20, 30, 3), np.uint8))
    assert load(tmp_path, split="test_cls", level="character").place(0) == str(place)
    block = {"name": "ctw", "root": str(tmp_path), "split": "test_cls"}
    with pytest.raises(ConfigError, match="test_cls has no lines: set level to character"):
        data.build(block)


@pytest.mark.parametrize("folder", ["images/trainval", "trainval"])
def test_pictures_are_found_by_their_key(root, folder):
    dataset = load(root)
    assert [dataset.name(i) for i in range(2)] == ["0000172", "3000001"]
    with pytest.raises(ImageError, match="trainval"):
        load(root).image(0)
    write_image(root / folder / "3000001.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(root)
    assert dataset.place(1) == str(root / folder / "3000001.jpg")
    assert dataset.image(1).shape == (20, 30, 3)


def test_blank_lines_and_both_line_ends_are_accepted(root):
    path = root / "annotations" / "train.jsonl"
    content = path.read_bytes().replace(b"\n", b"\r\n\r\n")
    path.write_bytes(b"\xef\xbb\xbf" + content)
    dataset = load(root)
    assert len(dataset) == 2
    assert len(dataset.labels(0)) == 5
    assert len(dataset.labels(1)) == 0


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"annotations": None}, "annotations: expected a list of lists"),
        ({"annotations": [None]}, r"annotations\[0\]: expected a list of objects"),
        ({"annotations": [[{}]]}, r"annotations\[0\]\[0\]: expected true or false as 'is_chinese'"),
        ({"ignore": None}, "ignore: expected a list of objects"),
        ({"ignore": [{}]}, r"ignore\[0\]: expected .*numbers as 'polygon'"),
    ],
)
def test_a_malformed_label_is_an_error_of_its_picture(root, change, message):
    good = entry("0000001", annotations=[], ignore=[])
    save(root, good, {**good, **change})
    dataset = load(root)
    assert len(dataset.labels(0)) == 0
    with pytest.raises(DataError, match=rf"train\.jsonl:2: {message}"):
        dataset.labels(1)


def test_a_line_that_is_not_json_is_an_error_of_its_picture(root):
    path = root / "annotations" / "train.jsonl"
    path.write_text('{"image_id": "1", "annotations": \n')
    with pytest.raises(DataError, match=r"train\.jsonl:1: is not JSON"):
        load(root).labels(0)
    path.write_text('{"image_id": "1"}\n{"file_name": "2"}\n')
    with pytest.raises(DataError, match=r"train\.jsonl:2: expected an object with an 'image_id'"):
        load(root)


def test_missing_labels_are_named(tmp_path):
    with pytest.raises(DataError, match=r"expected annotations/val\.jsonl or val\.jsonl"):
        load(tmp_path, split="val")
