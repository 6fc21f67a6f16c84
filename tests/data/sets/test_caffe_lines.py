"""Lines of Chinese text, labelled with classes of a dictionary."""

import pickle

import numpy as np
import pytest

from ocrkit.data.sets.caffe_lines import CaffeLines, CaffeLinesConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

CHARACTERS = "，的。一\u30000□一"
"""Classes 1 to 8; a wide space among them, and one character twice."""

LINES = "20455828_2605100732.jpg 2 4 1 8\r\n20456343_4045240981.jpg 5 6 7 0 0\r\n"


def dictionary(first="blank", end="\r\n"):
    return end.join([first, *CHARACTERS, ""])


@pytest.fixture
def root(tmp_path):
    (tmp_path / "data_train.txt").write_bytes(LINES.encode())
    (tmp_path / "data_test.txt").write_text("a/9.jpg 3\n")
    (tmp_path / "char_std_5990.txt").write_bytes(dictionary().encode("gbk"))
    image = np.full((32, 280, 3), 8, np.uint8)
    write_image(tmp_path / "images" / "20455828_2605100732.png", image)
    (tmp_path / "images" / "20455828_2605100732.png").rename(
        tmp_path / "images" / "20455828_2605100732.jpg"
    )
    return tmp_path


def load(root, **settings):
    return CaffeLines(CaffeLinesConfig(root=root, **settings))


def texts(dataset):
    return [dataset.labels(i).texts[0] for i in range(len(dataset))]


def test_classes_are_lines_of_the_dictionary(root):
    dataset = load(root)
    assert texts(dataset) == ["的一，一", "\u30000□"]
    assert [dataset.name(i) for i in range(2)] == ["20455828_2605100732", "20456343_4045240981"]
    assert dataset.labels(0).outlines == (None,)
    assert dataset.image(0).shape == (32, 280, 3)
    assert dataset.place(0) == str(root / "images" / "20455828_2605100732.jpg")
    assert texts(pickle.loads(pickle.dumps(dataset))) == ["的一，一", "\u30000□"]
    with pytest.raises(ImageError, match=r"20456343_4045240981\.jpg: no such file"):
        dataset.image(1)


@pytest.mark.parametrize(
    "content",
    [
        dictionary("", "\n").encode(),
        dictionary(" ", "\n").encode().removesuffix(b"\n"),
        b"\xef\xbb\xbf" + dictionary().encode(),
        dictionary("", "\n").encode("gbk"),
        dictionary().encode("gb18030"),
    ],
)
def test_dictionaries_come_in_two_encodings(root, content):
    (root / "char_std_5990.txt").write_bytes(content)
    assert texts(load(root)) == ["的一，一", "\u30000□"]


def test_an_encoding_may_be_said(root):
    assert texts(load(root, encoding="gbk")) == ["的一，一", "\u30000□"]
    with pytest.raises(DataError, match=r"char_std_5990\.txt:2: is not UTF-8"):
        load(root, encoding="utf-8").labels(0)
    # These bytes are two characters in GBK, but one in UTF-8.
    (root / "char_std_5990.txt").write_bytes("blank\né\n".encode())
    (root / "data_train.txt").write_text("a.jpg 1\n")
    assert texts(load(root)) == ["é"]
    assert texts(load(root, encoding="gbk")) == ["\u8305"]


def test_characters_beyond_gbk_are_read(root):
    (root / "char_std_5990.txt").write_bytes("blank\n㛃\n".encode("gb18030"))
    (root / "data_train.txt").write_text("a.jpg 1\n")
    assert texts(load(root)) == ["㛃"]


def test_a_dictionary_in_neither_encoding_is_an_error(root):
    (root / "char_std_5990.txt").write_bytes(b"blank\n\xa3\xac\n\xff\n")
    with pytest.raises(DataError, match=r"char_std_5990\.txt:3: is not GBK"):
        load(root).labels(0)


def test_files_may_have_other_names(root):
    (root / "data_train.txt").rename(root / "train.txt")
    (root / "char_std_5990.txt").rename(root / "chars.txt")
    (root / "images").rename(root / "pictures")
    dataset = load(root, dictionary=root / "chars.txt", images=root / "pictures")
    assert texts(dataset) == ["的一，一", "\u30000□"]
    assert dataset.image(0).shape == (32, 280, 3)
    with pytest.raises(DataError, match=r"char_std_5990\.txt: cannot be read: No such file"):
        load(root).labels(0)


def test_a_split_and_pictures_are_chosen(root):
    assert texts(load(root, split="test")) == ["。"]
    assert load(root, split="test").name(0) == "a/9"
    (root / "val.txt").write_text("20456343_4045240981\n")
    assert texts(load(root, only=root / "val.txt")) == ["\u30000□"]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.jpg", "expected a picture and its classes, got .'a.jpg'."),
        ("a.jpg 1 9", "expected classes from 1 to 8, got '9'"),
        ("a.jpg 1 0 2", "expected classes from 1 to 8, got '0'"),
        ("a.jpg 1 -2", "expected classes from 1 to 8, got '-2'"),
        ("a.jpg 1 x", "expected classes from 1 to 8, got 'x'"),
        ("a.jpg 1 ²", "expected classes from 1 to 8, got '²'"),
    ],
)
def test_a_malformed_line_is_the_error_of_its_sample(root, line, message):
    (root / "data_train.txt").write_text(f"b.jpg 1\n\n{line}\n")
    dataset = load(root)
    assert dataset.labels(0).texts == ("，",)
    with pytest.raises(DataError, match=rf"data_train\.txt:3: {message}"):
        dataset.labels(1)


def test_a_class_must_be_one_character(root):
    (root / "char_std_5990.txt").write_bytes(b"blank\na\n\nbc\n")
    (root / "data_train.txt").write_text("a.jpg 1\nb.jpg 2\nc.jpg 3\n")
    dataset = load(root)
    assert dataset.labels(0).texts == ("a",)
    with pytest.raises(DataError, match=r"char_std_5990\.txt:3: expected one character, got ''"):
        dataset.labels(1)
    with pytest.raises(DataError, match=r"char_std_5990\.txt:4: expected one character, got 'bc'"):
        dataset.labels(2)


def test_a_line_may_say_nothing(root):
    (root / "data_train.txt").write_text("b.jpg 0 0 0\n")
    assert load(root).labels(0).texts == ("",)
