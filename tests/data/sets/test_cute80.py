"""CUTE80: scenes from the authors' XML file, words from lists of others."""

import numpy as np
import pytest

from ocrkit.data.sets.cute80 import Cute80, Cute80Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

XML = """<?xml version="1.0" encoding="utf-8"?>
<tagset>
   <Image>
      <ImageName>image056.jpg</ImageName>
      <PolygonPoints x="232 237 248 265 241" y="159 152 141 133 172">test</PolygonPoints>
      <PolygonPoints x="273 317 317 289" y="171 172 188 279">test</PolygonPoints>
   </Image>
   <Image>
      <ImageName>image002.jpg</ImageName>
   </Image>
   <Image>
      <ImageName>image056.jpg</ImageName>
      <PolygonPoints x="1 2 3" y="4 5 7">test</PolygonPoints>
   </Image>
   <Image>
      <ImageName>image004.jpg</ImageName>
      <PolygonPoints x="1 2 3" y="4 5">test</PolygonPoints>
   </Image>
</tagset>
"""


def load(root, **settings):
    return Cute80(Cute80Config(root=root, **settings))


def texts(dataset):
    return [dataset.labels(i).texts[0] for i in range(len(dataset))]


def words(root, content, folder="timage"):
    (root / "test_label.txt").write_text(content)
    for i in (1, 2):
        write_image(root / folder / f"00{i}.png", np.full((9, 30, 3), i, np.uint8))
        (root / folder / f"00{i}.png").rename(root / folder / f"00{i}.jpg")
    return root


def test_a_word_follows_its_picture(tmp_path):
    content = "timage/001.jpg Ronaldo 1 RONALDO\ntimage/002.jpg 7 1 7\r\n"
    dataset = load(words(tmp_path, content))
    assert texts(dataset) == ["Ronaldo", "7"]
    assert [dataset.name(i) for i in range(2)] == ["001", "002"]
    assert [dataset.image(i)[0, 0, 0] for i in range(2)] == [1, 2]
    assert dataset.labels(0).outlines == (None,)
    assert dataset.place(0) == str(tmp_path / "timage" / "001.jpg")


@pytest.mark.parametrize("folder", [".", "image", "timage"])
def test_lists_and_folders_have_several_names(tmp_path, folder):
    words(tmp_path, "timage/001.jpg\tbeach\n002.jpg\tcafé\n", folder)
    (tmp_path / "test_label.txt").rename(tmp_path / "gt.txt")
    settings = {"images": tmp_path / folder} if folder == "timage" else {}
    dataset = load(tmp_path, **settings)
    assert texts(dataset) == ["beach", "café"]
    assert [dataset.image(i)[0, 0, 0] for i in range(2)] == [1, 2]


def test_a_list_of_another_name_may_be_given(tmp_path):
    words(tmp_path, "timage/001.jpg BEACH\n")
    (tmp_path / "test_label.txt").rename(tmp_path / "mine.txt")
    assert texts(load(tmp_path, labels=tmp_path / "mine.txt")) == ["BEACH"]
    with pytest.raises(DataError, match=r"no labels here: expected test_label\.txt or gt\.txt"):
        load(tmp_path)


@pytest.mark.parametrize("line", ["timage/001.jpg", "timage/001.jpg two words"])
def test_a_malformed_line_is_named(tmp_path, line):
    with pytest.raises(DataError, match=r"test_label\.txt:2: expected a picture and its word"):
        load(words(tmp_path, f"timage/002.jpg A\n{line}\n"))


def test_a_missing_picture_is_the_error_of_its_image(tmp_path):
    dataset = load(words(tmp_path, "timage/009.jpg A\n"))
    assert texts(dataset) == ["A"]
    with pytest.raises(ImageError, match=r"timage.009\.jpg: no such file"):
        dataset.image(0)


@pytest.fixture
def scenes(tmp_path):
    (tmp_path / "Groundtruth").mkdir()
    (tmp_path / "Groundtruth" / "GroundTruth.xml").write_text(XML)
    write_image(tmp_path / "CUTE80" / "image056.png", np.zeros((300, 400, 3), np.uint8))
    (tmp_path / "CUTE80" / "image056.png").rename(tmp_path / "CUTE80" / "image056.JPG")
    return tmp_path


def test_scenes_have_rings_without_texts(scenes):
    dataset = load(scenes, task="scenes")
    assert [dataset.name(i) for i in range(len(dataset))] == ["image056", "image002", "image004"]
    labels = dataset.labels(0)
    assert [len(ring) for ring in labels.outlines] == [5, 4, 3]
    assert labels.outlines[1].tolist() == [[273, 171], [317, 172], [317, 188], [289, 279]]
    assert labels.outlines[1].dtype == np.float32
    assert labels.texts == (None, None, None)
    assert labels.ignored.tolist() == [False, False, False]
    assert len(dataset.labels(1)) == 0
    assert dataset.image(0).shape == (300, 400, 3)
    assert dataset[0].quads.shape == (3, 4, 2)


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        ("", "", "3 x and 2 y make no ring"),
        ('x="1 2 3" y="4 5">', 'x="1 2" y="4 5">', "2 x and 2 y make no ring"),
        ('x="1 2 3" y="4 5">', 'x="1 2 b" y="4 5 6">', "could not convert string to float: 'b'"),
        ('x="1 2 3" y="4 5">', 'x="1 2 3">', "has no attribute 'y'"),
    ],
)
def test_a_malformed_ring_is_the_error_of_its_scene(scenes, before, after, message):
    path = scenes / "Groundtruth" / "GroundTruth.xml"
    path.write_text(XML.replace(before, after) if before else XML)
    dataset = load(scenes, task="scenes")
    assert len(dataset.labels(0)) == 3
    with pytest.raises(DataError, match=rf"GroundTruth\.xml:17: .*{message}"):
        dataset.labels(2)
