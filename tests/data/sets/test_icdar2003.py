"""ICDAR 2003: scenes tagged in words.xml, and pictures of words in word.xml."""

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.icdar2003 import Icdar2003, Icdar2003Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

WORDS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<tagset>
  <image>
    <imageName>apanar_06.08.2002/IMG_1261.JPG</imageName>
    <resolution x="1600" y="1200" />
    <taggedRectangles>
      <taggedRectangle x="174.0" y="392.0" width="274.0" height="195.0" offset="0.0" rotation="0.0" userName="admin">
        <tag>self</tag>
        <segmentation />
      </taggedRectangle>
      <taggedRectangle x="473.0" y="878.0" width="165.0" height="109.0" offset="14.0" rotation="0.0" userName="admin">
        <tag>caf\xe9 &amp; Co</tag>
        <segmentation>
          <xOff>55.0</xOff>
        </segmentation>
      </taggedRectangle>
    </taggedRectangles>
  </image>
  <image>
    <imageName>ryoungt_05.08.2002/aPICT0035.JPG</imageName>
    <resolution x="1279" y="507" />
    <taggedRectangles />
  </image>
</tagset>
"""  # noqa: E501 (lines as they are in the file)

LOCATIONS = """<?xml version="1.0" encoding="ISO-8859-1"?>
<tagset>
  <image>
    <imageName>apanar_06.08.2002/IMG_1261.JPG</imageName>
    <resolution x="1600" y="1200" />
    <taggedRectangles>
      <taggedRectangle x="174.0" y="392.0" width="274.0" height="195.0" modelType="1" />
    </taggedRectangles>
  </image>
</tagset>
"""

WORD = """<?xml version="1.0" encoding="iso-8859-1"?>
<imagelist>
  <image file="word/1/1.jpg" tag="self" />
  <image file="word/1/2.jpg" tag="&quot;\xa311" />
</imagelist>
"""


def write(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content.encode("iso-8859-1"))


def load(root, **settings):
    return Icdar2003(Icdar2003Config(root=root, **settings))


def test_a_scene_has_upright_words(tmp_path):
    write(tmp_path / "SceneTrialTrain" / "words.xml", WORDS)
    dataset = load(tmp_path)
    assert [dataset.name(i) for i in range(len(dataset))] == ["IMG_1261", "aPICT0035"]
    labels = dataset.labels(0)
    assert labels.outlines[0].tolist() == [[174, 392], [448, 392], [448, 587], [174, 587]]
    assert labels.outlines[1].tolist() == [[473, 878], [638, 878], [638, 987], [473, 987]]
    assert labels.outlines[0].dtype == np.float32
    assert labels.texts == ("self", "café & Co")
    assert labels.ignored.tolist() == [False, False]
    assert labels.lexicons == {}
    assert len(dataset.labels(1)) == 0


def test_a_scene_lies_beside_the_file(tmp_path):
    folder = tmp_path / "SceneTrialTest"
    write(folder / "words.xml", WORDS)
    place = folder / "apanar_06.08.2002" / "IMG_1261.JPG"
    write_image(place, np.full((20, 30, 3), 7, np.uint8))
    dataset = load(tmp_path, split="test")
    assert dataset.place(0) == str(place)
    assert dataset.image(0).shape == (20, 30, 3)
    with pytest.raises(ImageError, match=r"aPICT0035\.JPG: no such file"):
        dataset.image(1)


def test_locations_are_words_of_unknown_text(tmp_path):
    write(tmp_path / "SceneTrialTrain" / "locations.xml", LOCATIONS)
    labels = load(tmp_path).labels(0)
    assert labels.outlines[0].tolist() == [[174, 392], [448, 392], [448, 587], [174, 587]]
    assert labels.texts == (None,)
    write(tmp_path / "SceneTrialTrain" / "words.xml", WORDS)
    assert load(tmp_path).labels(0).texts == ("self", "café & Co")


def test_scenes_of_one_name_are_told_apart_by_their_folder(tmp_path):
    write(tmp_path / "SceneTrialTrain" / "words.xml", WORDS.replace("aPICT0035", "IMG_1261"))
    dataset = load(tmp_path)
    names = ["apanar_06.08.2002/IMG_1261", "ryoungt_05.08.2002/IMG_1261"]
    assert [dataset.name(i) for i in range(2)] == names


def test_words_are_pictures_with_texts(tmp_path):
    write(tmp_path / "TrialTest" / "word.xml", WORD)
    write_image(tmp_path / "TrialTest" / "word" / "1" / "2.jpg", np.zeros((8, 30, 3), np.uint8))
    dataset = load(tmp_path, split="test", task="words")
    assert [dataset.name(i) for i in range(len(dataset))] == ["1", "2"]
    assert dataset.labels(0).outlines == (None,)
    assert [dataset.labels(i).texts for i in range(2)] == [("self",), ('"£11',)]
    assert dataset[1].quads.tolist() == [[[0, 0], [30, 0], [30, 8], [0, 8]]]
    with pytest.raises(ImageError, match=r"1\.jpg: no such file"):
        dataset.image(0)


def test_lists_choose(tmp_path):
    write(tmp_path / "TrialTrain" / "word.xml", WORD)
    (tmp_path / "val.txt").write_text("2\n")
    dataset = load(tmp_path, task="words", without=tmp_path / "val.txt")
    assert [dataset.name(i) for i in range(len(dataset))] == ["1"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('x="174.0" ', "", r"words\.xml:7: <taggedRectangle> has no attribute 'x'"),
        ('"174.0"', '"17a"', r"words\.xml:7: could not convert string to float: '17a'"),
        ('"878.0"', '"inf"', r"words\.xml:11: a coordinate is not finite"),
    ],
)
def test_a_malformed_box_is_an_error_of_its_label(tmp_path, old, new, message):
    write(tmp_path / "SceneTrialTrain" / "words.xml", WORDS.replace(old, new))
    dataset = load(tmp_path)
    with pytest.raises(DataError, match=message):
        dataset.labels(0)
    assert len(dataset.labels(1)) == 0


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (WORDS.split("<xOff>")[0], r"words\.xml:14: is not well-formed XML: "),
        ("", r"words\.xml:1: is not well-formed XML: no element found"),
        (WORDS.replace("&amp;", "&"), r"words\.xml:12: is not well-formed XML"),
        (WORDS.replace("ISO-8859-1", "klingon"), r"words\.xml.* XML: unknown encoding"),
        (WORDS.replace("tagset>", "list>"), r"words\.xml: expected <tagset>, got <list>"),
        (WORDS.replace("imageName>", "image>"), r"words\.xml:3: <image> has no <imageName>"),
    ],
)
def test_a_malformed_file_is_an_error(tmp_path, content, message):
    write(tmp_path / "SceneTrialTrain" / "words.xml", content)
    with pytest.raises(DataError, match=message):
        load(tmp_path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"SceneTrialTrain.locations\.xml: cannot be read"):
        load(tmp_path)
    with pytest.raises(DataError, match=r"TrialTest.word\.xml: cannot be read"):
        load(tmp_path, task="words", split="test")


def test_a_config_block_builds_it(tmp_path):
    write(tmp_path / "TrialTrain" / "word.xml", WORD)
    block = {"name": "icdar2003", "root": str(tmp_path), "task": "words"}
    assert len(data.build(block)) == 2
