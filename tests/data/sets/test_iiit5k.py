"""IIIT 5K-word: words and their lexicons in MATLAB files."""

import numpy as np
import pytest
import scipy.io

from ocrkit.data.sets.iiit5k import Iiit5k, Iiit5kConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

FIELDS = ("ImgName", "GroundTruth", "smallLexi", "mediumLexi")


def cells(*words):
    """A cell array; (1, N)."""
    found = np.empty((1, len(words)), object)
    found[0] = words
    return found


def save(folder, name, rows, fields=FIELDS):
    array = np.empty((1, len(rows)), [(field, object) for field in fields])
    for i, row in enumerate(rows):
        array[0, i] = row
    scipy.io.savemat(folder / f"{name}.mat", {name: array})


@pytest.fixture
def root(tmp_path):
    rows = [
        ("test/1002_1.png", "PRIVATE", cells("PRIVATE", "ANY"), cells("PRIVATE", "ANY", "ONE")),
        ("test/1009_2.png", "7", cells("7", "PRIVATE"), cells("PRIVATE", "7", "")),
    ]
    save(tmp_path, "testdata", rows)
    save(tmp_path, "traindata", [("train/1_1.png", "You", cells("YOU"), cells("YOU", "ME"))])
    for i, name in enumerate(["1002_1", "1009_2"]):
        write_image(tmp_path / "test" / f"{name}.png", np.full((9, 30, 3), i, np.uint8))
    return tmp_path


def load(root, **settings):
    return Iiit5k(Iiit5kConfig(root=root, **settings))


def test_words_have_lexicons(root):
    dataset = load(root, split="test")
    assert [dataset.name(i) for i in range(len(dataset))] == ["1002_1", "1009_2"]
    labels = dataset.labels(0)
    assert labels.texts == ("PRIVATE",)
    assert labels.outlines == (None,)
    assert labels.lexicons == {"50": ("PRIVATE", "ANY"), "1k": ("PRIVATE", "ANY", "ONE")}
    assert dataset.labels(1).lexicons == {"50": ("7", "PRIVATE"), "1k": ("PRIVATE", "7", "")}
    assert [dataset.image(i)[0, 0, 0] for i in range(2)] == [0, 1]
    assert dataset.place(1) == str(root / "test" / "1009_2.png")


def test_one_word_is_a_set_too(root):
    dataset = load(root)
    assert len(dataset) == 1
    assert dataset.labels(0).texts == ("You",)
    assert dataset.labels(0).lexicons == {"50": ("YOU",), "1k": ("YOU", "ME")}
    with pytest.raises(ImageError, match=r"1_1\.png: no such file"):
        dataset.image(0)


def test_lists_choose_words(root):
    (root / "val.txt").write_text("1009_2\n")
    assert load(root, split="test", only=root / "val.txt").labels(0).texts == ("7",)


def test_a_cell_array_may_stand_upright(tmp_path):
    save(tmp_path, "traindata", [("train/1_1.png", "A", cells("A", "B").T, cells("C", "D").T)])
    assert load(tmp_path).labels(0).lexicons == {"50": ("A", "B"), "1k": ("C", "D")}


def test_a_missing_or_damaged_file_is_named(root):
    with pytest.raises(DataError, match=r"traindata\.mat: cannot be read: No such file"):
        load(root / "test")
    content = (root / "testdata.mat").read_bytes()
    for damaged in (b"", b"text", content[:-300], content[:200]):
        (root / "testdata.mat").write_bytes(damaged)
        with pytest.raises(DataError, match=r"testdata\.mat: "):
            load(root, split="test")


def test_another_structure_is_an_error(tmp_path):
    scipy.io.savemat(tmp_path / "traindata.mat", {"other": np.zeros(3)})
    with pytest.raises(DataError, match="expected a structure array traindata with ImgName, Gro"):
        load(tmp_path)
    scipy.io.savemat(tmp_path / "traindata.mat", {"traindata": np.zeros(3)})
    with pytest.raises(DataError, match="expected a structure array traindata with ImgName, Gro"):
        load(tmp_path)
    save(tmp_path, "traindata", [("train/1_1.png", "A")], FIELDS[:2])
    with pytest.raises(DataError, match="expected a structure array traindata with ImgName, Gro"):
        load(tmp_path)
    for text in (3.0, np.array(["ABC", "DEF"])):
        rows = [("a.png", "A", cells("A"), cells("A")), ("b.png", text, "", "")]
        save(tmp_path, "traindata", rows)
        with pytest.raises(DataError, match=r"traindata\.mat: 2: expected a string, got "):
            load(tmp_path)
