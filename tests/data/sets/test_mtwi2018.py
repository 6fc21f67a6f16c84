"""MTWI 2018: names with two suffixes, and corners in any order."""

import numpy as np
import PIL.Image
import pytest

from ocrkit.data.sets.mtwi2018 import Mtwi2018, Mtwi2018Config
from ocrkit.errors import DataError

NAME = "T1F4yjFrVdXXXXXXXX_!!0-item_pic.jpg"
# Three lines of the set: aslant, against the clock from the top left, and with the clock.
SLANTED = "45.45,226.83,11.87,181.79,183.84,13.1,233.79,49.95"
LEVEL = "345.98,311.18,345.98,347.21,462.26,347.21,462.26,311.18"
FROM_RIGHT = "207.31,354.76,202.31,400.44,172.19,400.44,169.19,351.76"


def write(root, *lines, name=f"{NAME}.txt", folder="txt_train"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / name).write_bytes("".join(f"{line}\n" for line in lines).encode())


def load(root, **settings):
    return Mtwi2018(Mtwi2018Config(root=root, **settings))


def test_corners_are_turned_to_run_clockwise_from_the_top_left(tmp_path):
    write(tmp_path, f"{SLANTED},时尚袋袋", f"{LEVEL},73774", f"{FROM_RIGHT},###")
    labels = load(tmp_path).labels(0)
    slanted, level, from_right = labels.outlines
    assert np.allclose(slanted, [[11.87, 181.79], [183.84, 13.1], [233.79, 49.95], [45.45, 226.83]])
    expected = [[345.98, 311.18], [462.26, 311.18], [462.26, 347.21], [345.98, 347.21]]
    assert np.allclose(level, expected)
    start = [[169.19, 351.76], [207.31, 354.76], [202.31, 400.44], [172.19, 400.44]]
    assert np.allclose(from_right, start)
    assert labels.texts == ("时尚袋袋", "73774", "###")
    assert labels.ignored.tolist() == [False, False, True]


def test_the_text_is_all_after_the_eighth_comma(tmp_path):
    write(tmp_path, f"{LEVEL},满199,减 20", f"{LEVEL},", f"{LEVEL},73/74/737")
    assert load(tmp_path).labels(0).texts == ("满199,减 20", "", "73/74/737")


@pytest.mark.parametrize("within", ["", "mtwi_2018_train/"])
def test_pictures_have_a_second_suffix_and_may_be_gif(tmp_path, within):
    write(tmp_path, f"{LEVEL},a", folder=f"{within}txt_train")
    picture = tmp_path / within / "image_train" / f"{NAME}.jpg"
    picture.parent.mkdir(parents=True)
    PIL.Image.new("RGB", (30, 20)).save(picture, "GIF")
    dataset = load(tmp_path)
    assert dataset.name(0) == NAME
    assert dataset.place(0) == str(picture)
    assert dataset.image(0).shape == (20, 30, 3)


def test_a_malformed_line_is_named(tmp_path):
    write(tmp_path, f"{LEVEL},a", "1,2,3")
    with pytest.raises(DataError, match=r"item_pic\.jpg\.txt:2: expected 8 coordinates"):
        load(tmp_path).labels(0)
