"""ICDAR 2013: two forms of scene labels, and a list of words."""

import zipfile

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit import data
from ocrkit.data._rrc import unescape
from ocrkit.data.sets.icdar2013 import Icdar2013, Icdar2013Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

TRAIN = b'158 128 411 181 "Footpath"\r\n443 128 501 169 "To"\r\n64 200 363 243 "Colchester"\r\n'
TEST = b'\xef\xbb\xbf38, 43, 920, 215, "Tiredness"\r\n0, 699, 77, 830, "A"\r\n'


def scene(root, content, split="Training", name="gt_100.txt"):
    folder = root / f"Challenge2_{split}_Task1_GT"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content)
    return root


def load(root, **settings):
    return Icdar2013(Icdar2013Config(root=root, **settings))


def test_training_labels_are_separated_by_spaces(tmp_path):
    labels = load(scene(tmp_path, TRAIN)).labels(0)
    assert labels.outlines[0].tolist() == [[158, 128], [411, 128], [411, 181], [158, 181]]
    assert labels.outlines[0].dtype == np.float32
    assert labels.texts == ("Footpath", "To", "Colchester")
    assert labels.ignored.tolist() == [False] * 3


def test_test_labels_are_separated_by_commas(tmp_path):
    dataset = load(scene(tmp_path, TEST, "Test", "gt_img_1.txt"), split="test")
    assert dataset.name(0) == "img_1"
    labels = dataset.labels(0)
    assert labels.outlines[1].tolist() == [[0, 699], [77, 699], [77, 830], [0, 830]]
    assert labels.texts == ("Tiredness", "A")


def test_quotes_and_backslashes_are_escaped(tmp_path):
    lines = [
        r'1, 2, 11, 7, "\"Yes\", she said"',
        r'1, 2, 11, 7, "C:\\dir\new"',
        r'1, 2, 11, 7, "an "unescaped" one" ',
        r'1, 2, 11, 7, ""',
        r'1, 2, 11, 7, "###"',
        r'1 2 11 7 " 12 "',
    ]
    labels = load(scene(tmp_path, "\n".join(lines).encode())).labels(0)
    assert labels.texts == (
        '"Yes", she said', r"C:\dir\new", 'an "unescaped" one', "", "###", " 12 "
    )  # fmt: skip
    assert labels.ignored.tolist() == [False, False, False, False, True, False]


@given(st.text(alphabet='ab\\" n'))
def test_what_is_escaped_comes_back(text):
    assert unescape(text.replace("\\", "\\\\").replace('"', '\\"')) == text


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('1 2 3 "a"', 'expected left, top, right, bottom and a "text"'),
        ('1 2 3 4 5 "a"', 'expected left, top, right, bottom and a "text"'),
        ("1 2 3 4 a", 'expected left, top, right, bottom and a "text"'),
        ('1 2 3 4 "a', 'expected left, top, right, bottom and a "text"'),
        ('1 2 3 x "a"', "could not convert string to float: 'x'; expected 4 coordinates"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, line, message):
    dataset = load(scene(tmp_path, TRAIN + line.encode()))
    with pytest.raises(DataError, match=rf"gt_100\.txt:4: {message}"):
        dataset.labels(0)


def test_scenes_are_found_by_the_names_of_their_labels(tmp_path):
    scene(tmp_path, TRAIN)
    scene(tmp_path, TRAIN, name="gt_101.txt")
    scene(tmp_path, b"not labels", name="readme.txt")
    image = np.full((20, 30, 3), 7, np.uint8)
    write_image(tmp_path / "Challenge2_Training_Task12_Images" / "101.jpg", image)
    dataset = load(tmp_path)
    assert [dataset.name(i) for i in range(len(dataset))] == ["100", "101"]
    assert dataset[1].image.shape == (20, 30, 3)
    assert dataset.place(1).endswith("101.jpg")
    with pytest.raises(ImageError, match="Task12_Images: no picture '100' in this folder"):
        dataset.image(0)


def test_labels_may_stay_in_their_archive(tmp_path):
    with zipfile.ZipFile(tmp_path / "Challenge2_Test_Task1_GT.zip", "w") as archive:
        archive.writestr("gt_img_1.txt", TEST)
    assert load(tmp_path, split="test").labels(0).texts == ("Tiredness", "A")


def test_labels_and_pictures_may_lie_elsewhere(tmp_path):
    scene(tmp_path / "other", TRAIN)
    write_image(tmp_path / "photos" / "100.png", np.zeros((20, 30, 3), np.uint8))
    labels = tmp_path / "other" / "Challenge2_Training_Task1_GT"
    dataset = load(tmp_path, labels=labels, images=tmp_path / "photos")
    assert dataset[0].texts[0] == "Footpath"


def test_words_to_train_on_lie_beside_their_list(tmp_path):
    folder = tmp_path / "Challenge2_Training_Task3_Images_GT"
    write_image(folder / "word_2.png", np.zeros((8, 30, 3), np.uint8))
    content = 'word_1.png, "PROPER"\r\nword_2.png, "\\"FOOD\\", 1"\r\nword_3.png, "\\\\"\r\n'
    (folder / "gt.txt").write_text(content)
    dataset = load(tmp_path, task="words")
    assert [dataset.name(i) for i in range(len(dataset))] == ["word_1", "word_2", "word_3"]
    assert [dataset.labels(i).texts[0] for i in range(3)] == ["PROPER", '"FOOD", 1', "\\"]
    assert dataset.labels(0).outlines == (None,)
    assert dataset.image(1).shape == (8, 30, 3)
    with pytest.raises(ImageError, match=r"word_1\.png: no such file"):
        dataset.image(0)


def test_words_to_test_on_have_their_list_apart(tmp_path):
    (tmp_path / "Challenge2_Test_Task3_Images").mkdir()
    (tmp_path / "Challenge2_Test_Task3_GT.txt").write_text('word_1.png, "Tiredness"\n')
    (tmp_path / "val.txt").write_text("word_1\n")
    dataset = load(tmp_path, task="words", split="test", only=tmp_path / "val.txt")
    assert dataset.labels(0).texts == ("Tiredness",)
    assert dataset.place(0) == str(tmp_path / "Challenge2_Test_Task3_Images" / "word_1.png")


@pytest.mark.parametrize("line", ["word_2.png PROPER", ', "PROPER"'])
def test_a_malformed_list_is_an_error(tmp_path, line):
    (tmp_path / "Challenge2_Test_Task3_GT.txt").write_text(f'word_1.png, "Tiredness"\n{line}\n')
    with pytest.raises(DataError, match=r"Task3_GT\.txt:2: expected a picture, a comma"):
        load(tmp_path, task="words", split="test")


def test_missing_labels_are_named_with_what_to_do(tmp_path):
    for split in ("Training", "Test"):
        name = "train" if split == "Training" else "test"
        with pytest.raises(DataError, match=f"expected Challenge2_{split}_Task1_GT.*`labels`"):
            load(tmp_path, split=name)
    with pytest.raises(DataError, match=r"expected Challenge2_Test_Task3_GT\.txt"):
        load(tmp_path, split="test", task="words")
    with pytest.raises(DataError, match=r"gt\.txt: cannot be read"):
        load(tmp_path, task="words")


def test_a_config_block_builds_it(tmp_path):
    assert len(data.build({"name": "icdar2013", "root": str(scene(tmp_path, TRAIN))})) == 1
