"""ICDAR 2015: scenes with quads, and words with or without their corners."""

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.icdar2015 import Icdar2015, Icdar2015Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

SCENE = (
    "\ufeff377,117,463,117,465,130,378,130,Genaxis Theatre\r\n"
    "374,155,409,155,409,170,374,170,###\r\n"
)
WORDS = '\ufeffword_1.png, "Genaxis Theatre"\r\nword_2.png, "[06]"\r\nword_3.png, "62-,\\"03"\r\n'
CORNERS = "\ufeffword_1.png,0,0,86,0,88,13,1,13\r\nword_2.png,0,0,26,0,26,16,0,16\r\n"


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode())


def load(root, **settings):
    return Icdar2015(Icdar2015Config(root=root, **settings))


@pytest.mark.parametrize(
    ("split", "labels", "images"),
    [
        ("train", "ch4_training_localization_transcription_gt", "ch4_training_images"),
        ("test", "Challenge4_Test_Task1_GT", "ch4_test_images"),
        ("test", "Challenge4_Test_Task4_GT", "ch4_test_images"),
    ],
)
def test_a_scene_has_quads(tmp_path, split, labels, images):
    write(tmp_path / labels / "gt_img_1.txt", SCENE)
    write_image(tmp_path / images / "img_1.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path, split=split)
    assert dataset.name(0) == "img_1"
    assert dataset.place(0) == str(tmp_path / images / "img_1.jpg")
    sample = dataset[0]
    assert sample.quads[0].tolist() == [[377, 117], [463, 117], [465, 130], [378, 130]]
    assert sample.texts == ("Genaxis Theatre", "###")
    assert sample.ignored.tolist() == [False, True]


def test_splits_are_apart(tmp_path):
    write(tmp_path / "Challenge4_Test_Task1_GT" / "gt_img_1.txt", SCENE)
    with pytest.raises(DataError, match="expected ch4_training_localization_transcription_gt"):
        load(tmp_path)


def test_a_missing_picture_is_an_error_of_its_own(tmp_path):
    write(tmp_path / "Challenge4_Test_Task1_GT" / "gt_img_1.txt", SCENE)
    dataset = load(tmp_path, split="test")
    assert len(dataset.labels(0)) == 2
    with pytest.raises(ImageError, match="ch4_test_images: cannot be read: No such file"):
        dataset.image(0)


def test_an_error_names_file_and_line(tmp_path):
    folder = tmp_path / "ch4_training_localization_transcription_gt"
    write(folder / "gt_img_1.txt", SCENE + "1,2,3\r\n")
    with pytest.raises(DataError, match=r"gt_img_1\.txt:3: expected 8 coordinates"):
        load(tmp_path).labels(0)


def test_a_word_fills_its_picture(tmp_path):
    folder = tmp_path / "ch4_training_word_images_gt"
    write(folder / "gt.txt", WORDS)
    write(folder / "coords.txt", CORNERS)
    write_image(folder / "word_1.png", np.zeros((13, 88, 3), np.uint8))
    dataset = load(tmp_path, task="words")
    texts = [dataset.labels(i).texts[0] for i in range(len(dataset))]
    assert texts == ["Genaxis Theatre", "[06]", '62-,"03']
    assert dataset[0].quads.tolist() == [[[0, 0], [88, 0], [88, 13], [0, 13]]]


def test_a_word_may_have_its_corners(tmp_path):
    folder = tmp_path / "ch4_training_word_images_gt"
    write(folder / "gt.txt", WORDS)
    write(folder / "coords.txt", CORNERS)
    dataset = load(tmp_path, task="words", corners=True)
    labels = dataset.labels(0)
    assert labels.outlines[0].tolist() == [[0, 0], [86, 0], [88, 13], [1, 13]]
    assert labels.texts == ("Genaxis Theatre",)
    with pytest.raises(DataError, match=r"coords\.txt: no line for word_3"):
        dataset.labels(2)
    write(folder / "coords.txt", "word_1.png,0,0,86,0,88,13,1\n")
    with pytest.raises(DataError, match=r"coords\.txt:1: expected a picture and 8 coordinates"):
        load(tmp_path, task="words", corners=True).labels(0)


def test_words_to_test_on(tmp_path):
    write(tmp_path / "Challenge4_Test_Task3_GT.txt", WORDS)
    write(tmp_path / "val.txt", "word_2\n")
    folder = tmp_path / "ch4_test_word_images_gt"
    dataset = load(tmp_path, task="words", split="test", without=tmp_path / "val.txt")
    assert dataset.labels(1).texts == ('62-,"03',)
    assert dataset.place(1) == str(folder / "word_3.png")
    with pytest.raises(ImageError, match=r"word_3\.png: no such file"):
        dataset.image(1)


def test_the_list_of_words_may_lie_with_them(tmp_path):
    write(tmp_path / "ch4_test_word_images_gt" / "gt.txt", WORDS)
    assert len(load(tmp_path, task="words", split="test")) == 3


def test_a_config_block_builds_it(tmp_path):
    write(tmp_path / "Challenge4_Test_Task1_GT" / "gt_img_1.txt", SCENE)
    block = {"name": "icdar2015", "root": str(tmp_path), "split": "test"}
    assert len(data.build(block)) == 1
