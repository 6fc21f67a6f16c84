"""Street View Text: scenes, words cut from them, and their lexicons; and SVT-Perspective."""

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.svt import Svt, SvtConfig
from ocrkit.data.sets.svtp import Svtp, SvtpConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

XML = """<?xml version="1.0" encoding="utf-8"?>
<tagset>
  <image>
    <imageName>img/14_03.jpg</imageName>
    <address>341 Southwest 10th Avenue Portland OR</address>
    <lex>
    LIVING,ROOM, THEATERS,,KENNY
    </lex>
    <Resolution x="30" y="20"/>
    <taggedRectangles>
      <taggedRectangle height="5" width="10" x="3" y="4">
        <tag>LIVING</tag>
      </taggedRectangle>
      <taggedRectangle height="8" width="20" x="-2" y="15">
        <tag>ROOM</tag>
      </taggedRectangle>
      <taggedRectangle height="8" width="20" x="30" y="15">
        <tag>OUTSIDE</tag>
      </taggedRectangle>
    </taggedRectangles>
  </image>
  <image>
    <imageName>img/15_00.jpg</imageName>
    <taggedRectangles>
      <taggedRectangle height="4.5" width="2.25" x="1.5" y="0.5">
        <tag>A</tag>
      </taggedRectangle>
    </taggedRectangles>
  </image>
</tagset>
"""


@pytest.fixture
def root(tmp_path):
    """A set of two scenes; the red of a pixel is its column, the green its row."""
    image = np.zeros((20, 30, 3), np.uint8)
    image[..., 0] = np.arange(30)
    image[..., 1] = np.arange(20)[:, None]
    (tmp_path / "img").mkdir()
    for name in ("14_03", "15_00"):
        write_image(tmp_path / "img" / f"{name}.png", image)
        (tmp_path / "img" / f"{name}.png").rename(tmp_path / "img" / f"{name}.jpg")
    (tmp_path / "train.xml").write_text(XML)
    return tmp_path


def load(root, **settings):
    return Svt(SvtConfig(root=root, **settings))


def test_a_scene_has_upright_words_and_a_lexicon(root):
    dataset = load(root)
    assert [dataset.name(i) for i in range(len(dataset))] == ["14_03", "15_00"]
    assert dataset.place(0) == str(root / "img" / "14_03.jpg")
    assert dataset.image(0).shape == (20, 30, 3)
    labels = dataset.labels(0)
    assert labels.outlines[0].tolist() == [[3, 4], [13, 4], [13, 9], [3, 9]]
    assert labels.texts == ("LIVING", "ROOM", "OUTSIDE")
    assert labels.ignored.tolist() == [False] * 3
    assert labels.lexicons == {"50": ("LIVING", "ROOM", "THEATERS", "KENNY")}
    assert dataset.labels(1).lexicons == {}


def test_a_lexicon_may_be_long(root):
    words = [f"WORD{number}" for number in range(3000)]
    (root / "train.xml").write_text(XML.replace("LIVING,ROOM", ",".join(words)))
    assert load(root).labels(0).lexicons["50"][:3000] == tuple(words)


def test_words_are_cut_from_their_scenes(root):
    dataset = load(root, task="words")
    names = [dataset.name(i) for i in range(len(dataset))]
    assert names == ["14_03_1", "14_03_2", "14_03_3", "15_00_1"]
    assert dataset.place(0) == f"{root / 'img' / '14_03.jpg'}: 14_03_1"
    word = dataset.image(0)
    assert word.shape == (5, 10, 3)
    assert word[0, 0, :2].tolist() == [3, 4]
    assert word[-1, -1, :2].tolist() == [12, 8]
    assert dataset.labels(0).texts == ("LIVING",)
    assert dataset.labels(0).outlines == (None,)
    assert dataset.labels(0).lexicons["50"] == ("LIVING", "ROOM", "THEATERS", "KENNY")
    assert dataset[0].quads.tolist() == [[[0, 0], [10, 0], [10, 5], [0, 5]]]


def test_a_word_is_cut_as_far_as_it_lies_in_the_scene(root):
    dataset = load(root, task="words")
    word = dataset.image(1)
    assert word.shape == (5, 18, 3)
    assert word[0, 0, :2].tolist() == [0, 15]
    assert dataset.labels(2).texts == ("OUTSIDE",)
    with pytest.raises(ImageError, match=r"14_03\.jpg: the box of 14_03_3 lies outside"):
        dataset.image(2)


def test_all_pixels_that_a_box_touches_are_cut(root):
    word = load(root, task="words").image(3)
    assert word.shape == (5, 3, 3)
    assert word[0, 0, :2].tolist() == [1, 0]


def test_a_malformed_box_is_an_error_of_its_label(root):
    (root / "train.xml").write_text(XML.replace('x="3"', 'x="three"'))
    for task in ("scenes", "words"):
        dataset = load(root, task=task)
        with pytest.raises(DataError, match=r"train\.xml:11: could not convert string"):
            dataset.labels(0)
        dataset.labels(len(dataset) - 1)


def test_missing_files_are_named(root):
    with pytest.raises(DataError, match=r"test\.xml: cannot be read: No such file"):
        load(root, split="test")
    (root / "img" / "15_00.jpg").unlink()
    with pytest.raises(ImageError, match=r"15_00\.jpg: no such file"):
        load(root, task="words").image(3)


def test_lists_choose(root):
    (root / "val.txt").write_text("14_03_2\n")
    only = {"only": str(root / "val.txt"), "root": str(root)}
    dataset = data.build({"name": "svt", "task": "words", **only})
    assert [dataset.labels(i).texts for i in range(len(dataset))] == [("ROOM",)]
    with pytest.raises(DataError, match=r"val\.txt:1: .*train\.xml has no sample '14_03_2'"):
        data.build({"name": "svt", **only})


def perspective(root, content, **settings):
    (root / "gt.txt").write_text(content)
    return Svtp(SvtpConfig(root=root, **settings))


def test_a_list_of_pictures_and_words(tmp_path):
    write_image(tmp_path / "par1" / "13_15_0_par.jpg", np.zeros((8, 30, 3), np.uint8))
    dataset = perspective(tmp_path, "13_15_0_par.jpg WYNDHAM\r\n13_15_1_par.jpg HOTEL\r\n")
    assert [dataset.name(i) for i in range(len(dataset))] == ["13_15_0_par", "13_15_1_par"]
    assert [dataset.labels(i).texts[0] for i in range(2)] == ["WYNDHAM", "HOTEL"]
    assert dataset.labels(0).outlines == (None,)
    assert dataset.labels(0).lexicons == {}
    assert dataset.image(0).shape == (8, 30, 3)
    assert dataset.place(1) == str(tmp_path / "par1" / "13_15_1_par.jpg")
    with pytest.raises(ImageError, match=r"13_15_1_par\.jpg: no such file"):
        dataset.image(1)


def test_a_lexicon_may_follow_the_word(tmp_path):
    dataset = perspective(tmp_path, "1.jpg INN INN,HOTEL,CAFE\n2.jpg\tCAFE INN HOTEL \n")
    assert dataset.labels(0).lexicons == {"50": ("INN", "HOTEL", "CAFE")}
    assert dataset.labels(1).lexicons == {"50": ("INN", "HOTEL")}
    assert dataset.labels(1).texts == ("CAFE",)


def test_the_list_may_name_the_folder(tmp_path):
    write_image(tmp_path / "par1" / "1.jpg", np.zeros((8, 30, 3), np.uint8))
    dataset = perspective(tmp_path, "par1/1.jpg INN\n")
    assert dataset.name(0) == "1"
    assert dataset.image(0).shape == (8, 30, 3)


def test_a_malformed_list_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"gt\.txt:2: expected a picture and its word"):
        perspective(tmp_path, "1.jpg INN\n2.jpg\n")
    (tmp_path / "gt.txt").unlink()
    with pytest.raises(DataError, match=r"expected gt\.txt or svtp\.txt; or set `labels`"):
        data.build({"name": "svtp", "root": str(tmp_path)})


def test_lists_choose_among_the_words(tmp_path):
    (tmp_path / "val.txt").write_text("1\n")
    dataset = perspective(tmp_path, "1.jpg INN\n2.jpg BAR\n", without=tmp_path / "val.txt")
    assert [dataset.labels(i).texts for i in range(len(dataset))] == [("BAR",)]
