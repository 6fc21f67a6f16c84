"""MJSynth: words by the names of their pictures."""

import pickle

import numpy as np
import pytest

from ocrkit.data.sets.mjsynth import Mjsynth, MjsynthConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

PATHS = ["./2425/1/115_Lube_1.jpg", "./2425/1/114_SPENCERIAN_2.jpg", "./3000/7/1_o_clock_0.jpg"]


@pytest.fixture
def root(tmp_path):
    folder = tmp_path / "mnt" / "ramdisk" / "max" / "90kDICT32px"
    for i, path in enumerate(PATHS):
        write_image((folder / path).with_suffix(".png"), np.full((31, 60, 3), i, np.uint8))
        (folder / path).with_suffix(".png").rename(folder / path)
    places = (1, 2, 0)
    rows = [f"{path} {place}" for path, place in zip(PATHS, places, strict=True)]
    (folder / "annotation_train.txt").write_text("\n".join(rows) + "\n")
    (folder / "annotation_val.txt").write_text(rows[1] + "\n")
    (folder / "lexicon.txt").write_text("o'clock\nlube\nspencerian\n")
    return tmp_path


def load(root, **settings):
    return Mjsynth(MjsynthConfig(root=root, **settings))


def texts(dataset):
    return [dataset.labels(i).texts[0] for i in range(len(dataset))]


def test_the_text_is_that_of_the_name(root):
    dataset = load(root)
    assert texts(dataset) == ["Lube", "SPENCERIAN", "o_clock"]
    assert dataset.labels(0).outlines == (None,)
    assert [dataset.name(i) for i in range(3)] == [
        "2425/1/115_Lube_1",
        "2425/1/114_SPENCERIAN_2",
        "3000/7/1_o_clock_0",
    ]
    assert [dataset.image(i)[0, 0, 0] for i in range(3)] == [0, 1, 2]
    folder = root / "mnt" / "ramdisk" / "max" / "90kDICT32px"
    assert dataset.place(0) == str(folder / "2425" / "1" / "115_Lube_1.jpg")


def test_the_text_may_be_that_of_the_lexicon(root):
    dataset = load(root, text="lexicon")
    assert texts(dataset) == ["lube", "spencerian", "o'clock"]
    assert pickle.loads(pickle.dumps(dataset)).labels(1).texts == ("spencerian",)


def test_the_root_may_be_any_folder_on_the_way(root):
    for folder in ("mnt/ramdisk", "mnt/ramdisk/max", "mnt/ramdisk/max/90kDICT32px"):
        assert texts(load(root / folder, split="val")) == ["SPENCERIAN"]
    with pytest.raises(DataError, match=r"annotation_test\.txt: cannot be read: No such file"):
        load(root, split="test")


def test_lists_choose_pictures(root):
    (root / "val.txt").write_text("3000/7/1_o_clock_0\n2425/1/115_Lube_1\n")
    assert texts(load(root, only=root / "val.txt")) == ["Lube", "o_clock"]
    rest = load(root, without=root / "val.txt")
    assert texts(rest) == ["SPENCERIAN"]
    assert rest.image(0)[0, 0, 0] == 1
    (root / "val.txt").write_text("115_Lube_1\n")
    with pytest.raises(DataError, match=r"val\.txt:1: .* has no sample '115_Lube_1'"):
        load(root, only=root / "val.txt")


@pytest.mark.parametrize("content", [b"", b"\xff\xd8\xff\xe0 not a JPEG"])
def test_a_damaged_picture_is_the_error_of_its_image(root, content):
    dataset = load(root)
    (root / "mnt" / "ramdisk" / "max" / "90kDICT32px" / PATHS[0]).write_bytes(content)
    assert dataset.labels(0).texts == ("Lube",)
    with pytest.raises(ImageError, match=r"115_Lube_1\.jpg"):
        dataset.image(0)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("./1/1/1_a_1.jpg", "expected a picture and a number, got './1/1/1_a_1.jpg'"),
        ("./1/1/1_a_1.jpg x", "expected a picture and a number"),
        ("./1/1/1_a_1.jpg ¹", "expected a picture and a number"),
        ("./1/1/1_a_1.jpg -1", "expected a picture and a number"),
        ("./1/1/1_a_1.jpg 2", r"expected \./2425/1/115_Lube_45484\.jpg 45484"),
        ("./1/1/a.jpg 2", r"expected \./2425/1/115_Lube_45484\.jpg 45484"),
        ("./1/1/1__1.jpg 1", r"expected \./2425/1/115_Lube_45484\.jpg 45484"),
    ],
)
def test_a_malformed_line_is_the_error_of_its_sample(tmp_path, line, message):
    (tmp_path / "annotation_train.txt").write_text(f"./1/1/1_a_1.jpg 1\n{line}\n")
    dataset = load(tmp_path)
    assert len(dataset) == 2
    assert dataset.labels(0).texts == ("a",)
    with pytest.raises(DataError, match=rf"annotation_train\.txt:2: {message}"):
        dataset.labels(1)


def test_the_lexicon_must_have_the_word(tmp_path):
    (tmp_path / "annotation_train.txt").write_text("./1/1/1_a_3.jpg 3\n")
    with pytest.raises(DataError, match=r"lexicon\.txt: cannot be read"):
        load(tmp_path, text="lexicon").labels(0)
    (tmp_path / "lexicon.txt").write_text("a\nb\nc\n")
    with pytest.raises(DataError, match=r"annotation_train\.txt:1: the lexicon has no word 3"):
        load(tmp_path, text="lexicon").labels(0)


def test_an_empty_annotation_is_an_error(tmp_path):
    (tmp_path / "annotation_train.txt").write_text("\n")
    with pytest.raises(DataError, match=r"annotation_train\.txt: no samples"):
        load(tmp_path)
