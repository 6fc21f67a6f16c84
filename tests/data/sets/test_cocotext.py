"""COCO-Text of both versions: which words count, and which way round they are."""

import json

import numpy as np
import pytest

from ocrkit.data.sets.cocotext import CocoText, CocoTextConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

# An annotation of version 2, as it stands in the file; the outline runs against the clock.
WORD = {
    "mask": [468.9, 286.7, 468.9, 295.2, 493.9, 295.8, 493.9, 287.2],
    "class": "machine printed",
    "bbox": [468.9, 286.7, 24.1, 9.1],
    "image_id": 217925,
    "id": 45346,
    "language": "english",
    "area": 206.06,
    "utf8_string": "New",
    "legibility": "legible",
}
CLOCKWISE = [[468.9, 286.7], [493.9, 287.2], [493.9, 295.8], [468.9, 295.2]]


def image(key, split):
    name = f"COCO_train2014_{key:012}.jpg"
    return {"id": key, "set": split, "width": 640, "height": 480, "file_name": name}


def save(root, *words, name="cocotext.v2.json", **whole):
    """Pictures 217925 (train, with the words), 7 (val) and 9 (test)."""
    images = {217925: image(217925, "train"), 7: image(7, "val"), 9: image(9, "test")}
    annotations = {str(45346 + i): {**WORD, **word} for i, word in enumerate(words)}
    lists = {"217925": list(annotations), "7": [], "9": []}
    content = {"cats": {}, "anns": annotations, "imgs": images, "imgToAnns": lists, "info": {}}
    root.mkdir(exist_ok=True)
    (root / name).write_text(json.dumps({**content, **whole}))
    return root


def load(root, **settings):
    return CocoText(CocoTextConfig(root=root, **settings))


def labels(root, *words, **settings):
    return load(save(root, *words), **settings).labels(0)


def test_an_annotation_of_version_2(tmp_path):
    found = labels(tmp_path, {})
    assert found.texts == ("New",)
    assert found.languages == ("english",)
    assert found.ignored.tolist() == [False]
    assert np.allclose(found.outlines[0], CLOCKWISE)
    assert found.outlines[0].dtype == np.float32


def test_an_annotation_of_version_1_has_another_name_and_maybe_no_text(tmp_path):
    old = {key: value for key, value in WORD.items() if key not in ("mask", "utf8_string")}
    old |= {"polygon": [10, 20, 10, 30, 50, 30, 50, 20], "legibility": "illegible"}
    boxed = {**old, "polygon": [], "bbox": [1, 2, 30, 4]}
    root = save(tmp_path, name="COCO_Text.json", anns={"45346": old, "45347": boxed})
    found = load(root).labels(0)
    assert found.texts == (None, None)
    assert found.outlines[0].tolist() == [[10, 20], [50, 20], [50, 30], [10, 30]]
    assert found.outlines[1].tolist() == [[1, 2], [31, 2], [31, 6], [1, 6]]


def test_outlines_may_be_boxes(tmp_path):
    box = labels(tmp_path, {}, outline="box").outlines[0]
    corners = [[468.9, 286.7], [493.0, 286.7], [493.0, 295.8], [468.9, 295.8]]
    assert np.allclose(box, corners, atol=1e-3)


@pytest.mark.parametrize("start", range(4))
@pytest.mark.parametrize("step", [1, -1])
def test_a_quad_is_turned_to_where_upright_text_begins(tmp_path, start, step):
    ring = np.roll(CLOCKWISE, start, axis=0)[::step]
    found = labels(tmp_path, {"mask": ring.ravel().tolist()})
    assert np.allclose(found.outlines[0], CLOCKWISE)


@pytest.mark.parametrize("start", range(6))
@pytest.mark.parametrize("step", [1, -1])
def test_a_longer_outline_is_turned_so_too(tmp_path, start, step):
    arch = [[0, 10], [40, 0], [80, 10], [80, 30], [40, 20], [0, 30]]
    ring = np.roll(arch, start, axis=0)[::step]
    found = labels(tmp_path, {"mask": ring.ravel().tolist()})
    assert found.outlines[0].tolist() == arch
    quad = found.quads((480, 640))[0]
    assert np.allclose(quad, [[0, 0], [80, 0], [80, 30], [0, 30]])


@pytest.mark.parametrize(
    ("counted", "ignored"),
    [
        ("printed-english", [False, True, True, True, True, True]),
        ("english", [False, False, False, True, True, True]),
        ("legible", [False, False, False, False, False, True]),
        ("all", [False] * 6),
    ],
)
def test_what_counts_is_a_setting(tmp_path, counted, ignored):
    words = [
        {},
        {"class": "handwritten"},
        {"class": "others"},
        {"language": "not english"},
        {"language": "na"},
        {"legibility": "illegible", "utf8_string": "Now"},
    ]
    found = labels(tmp_path, *words, counted=counted)
    assert found.ignored.tolist() == ignored
    assert found.texts == ("New",) * 5 + (None,)


def test_each_split_has_its_pictures_and_those_of_test_no_labels(tmp_path):
    root = save(tmp_path, {})
    assert [load(root, split=s).name(0)[-6:] for s in ("train", "val")] == ["217925", "000007"]
    assert len(load(root, split="val")) == 1
    assert len(load(root, split="val").labels(0)) == 0
    test = load(root, split="test")
    assert test.name(0) == "COCO_train2014_000000000009"
    with pytest.raises(DataError, match=r"COCO_train2014_0+9\.jpg: the labels of the test"):
        test.labels(0)


def test_pictures_lie_in_train2014(tmp_path):
    dataset = load(save(tmp_path, {}))
    place = tmp_path / "train2014" / "COCO_train2014_000000217925.jpg"
    assert dataset.place(0) == str(place)
    with pytest.raises(ImageError, match="no such file"):
        dataset.image(0)
    write_image(place, np.zeros((20, 30, 3), np.uint8))
    assert dataset.image(0).shape == (20, 30, 3)


def test_an_annotation_of_a_picture_that_is_not_listed_is_passed_over(tmp_path):
    assert labels(tmp_path, {}, {"image_id": 8, "utf8_string": "other"}).texts == ("New",)


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ({"mask": [1, 2, 3, 4]}, "expected at least 3 points as 'mask'"),
        ({"mask": [1, 2, 3, 4, 5, 6, 7]}, "expected pairs of numbers as 'mask'"),
        ({"mask": [1, 2, 3, 4, 5, "x"]}, "expected numbers as 'mask'"),
        ({"mask": [[1, 2], [3]]}, "expected numbers as 'mask'"),
        ({"mask": [1, 2, 3, 4, 5, None]}, "expected (finite )?numbers as 'mask'"),
        ({"mask": [1, 2, 3, 4, 5, float("nan")]}, "expected finite numbers as 'mask'"),
        ({"mask": [1, 2, 3, 4, 5, 10**400]}, "expected (finite )?numbers as 'mask'"),
        ({"mask": None, "bbox": [1, 2, 3]}, "expected x, y, width and height as 'bbox'"),
        ({"legibility": 1}, "expected a text as 'legibility', got 1"),
        ({"language": None}, "expected a text as 'language', got None"),
    ],
)
def test_a_malformed_annotation_is_an_error_of_its_picture(tmp_path, word, message):
    dataset = load(save(tmp_path, {}, word))
    with pytest.raises(DataError, match=rf"cocotext\.v2\.json: anns: 45347: {message}"):
        dataset.labels(0)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ('{"imgs": {}', "is not JSON: "),
        ("[]", r"expected an object, got \[\]"),
        ('{"anns": {}}', "imgs: expected an object of objects"),
        ('{"imgs": {}, "anns": []}', "anns: expected an object of objects"),
        ('{"imgs": {"1": 2}, "anns": {}}', "imgs: expected an object of objects"),
        ('{"imgs": {"1": {}}, "anns": {}}', "imgs: 1: expected a text as 'set', got None"),
        ('{"imgs": {}, "anns": {"5": {}}}', "anns: 5: expected the picture's key as 'image_id'"),
        ('{"imgs": {}, "anns": {}}', "no samples"),
        ("[" * 100_000, "is not JSON"),
        (b"\xff", "is not JSON"),
    ],
)
def test_a_file_of_another_form_is_an_error(tmp_path, content, message):
    path = tmp_path / "cocotext.v2.json"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    with pytest.raises(DataError, match=rf"cocotext\.v2\.json: {message}"):
        load(tmp_path)


def test_missing_labels_are_named(tmp_path):
    expected = r"no labels here: expected cocotext\.v2\.json or COCO_Text\.json; or set `labels`"
    with pytest.raises(DataError, match=expected):
        load(tmp_path)
    with pytest.raises(DataError, match=r"x\.json: cannot be read"):
        load(tmp_path, labels=tmp_path / "x.json")
