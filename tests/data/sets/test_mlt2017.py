"""MLT 2017: scripts, and pictures in several folders."""

import numpy as np
import PIL.Image
import pytest

from ocrkit import data
from ocrkit.data.sets.mlt2017 import Mlt2017, Mlt2017Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

QUAD = "1,2,11,2,11,7,1,7"
GT = "ch8_training_localization_transcription_gt_v2"


def write(root, content, folder=GT, name="gt_img_1.txt"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    (root / folder / name).write_bytes(content.encode())


def load(root, **settings):
    return Mlt2017(Mlt2017Config(root=root, **settings))


def test_a_word_has_a_script_and_a_text(tmp_path):
    lines = [f"{QUAD},{rest}" for rest in ("Latin,a, b", "Korean,한국", "None,###", "Symbols,")]
    write(tmp_path, "\ufeff" + "\r\n".join(lines) + "\r\n")
    labels = load(tmp_path).labels(0)
    assert labels.languages == ("Latin", "Korean", "None", "Symbols")
    assert labels.texts == ("a, b", "한국", "###", "")
    assert labels.ignored.tolist() == [False, False, True, False]
    assert labels.outlines[0].tolist() == [[1, 2], [11, 2], [11, 7], [1, 7]]


def test_a_line_without_a_script_is_an_error(tmp_path):
    write(tmp_path, f"{QUAD},Latin,a\n{QUAD}\n")
    expected = "expected 8 coordinates, a script and a text, got 8 fields"
    with pytest.raises(DataError, match=rf"gt_img_1\.txt:2: {expected}"):
        load(tmp_path).labels(0)


def test_pictures_lie_in_parts_and_have_three_formats(tmp_path):
    for number, name in enumerate(["img_1.jpg", "img_2.png", "img_3.gif"], start=1):
        write(tmp_path, f"{QUAD},Latin,a\n", name=f"gt_img_{number}.txt")
        place = tmp_path / f"ch8_training_images_{number}" / name
        place.parent.mkdir()
        PIL.Image.new("RGB", (30, 20 + number)).save(place)
    write(tmp_path, f"{QUAD},Latin,a\n", name="gt_img_4.txt")
    dataset = load(tmp_path)
    assert [dataset.image(i).shape for i in range(3)] == [(21, 30, 3), (22, 30, 3), (23, 30, 3)]
    assert dataset.place(2) == str(tmp_path / "ch8_training_images_3" / "img_3.gif")
    with pytest.raises(ImageError, match=r"ch8_training_images\*: no picture 'img_4'"):
        dataset.image(3)


def test_two_pictures_of_one_name_are_refused(tmp_path):
    write(tmp_path, f"{QUAD},Latin,a\n")
    for part in (1, 2):
        image = np.zeros((20, 30, 3), np.uint8)
        write_image(tmp_path / f"ch8_training_images_{part}" / "img_1.png", image)
    with pytest.raises(ImageError, match=r"images_2.img_1\.png: has the name of .*images_1"):
        load(tmp_path).image(0)


def test_the_validation_set(tmp_path):
    folder = "ch8_validation_localization_transcription_gt_v2"
    write(tmp_path, f"{QUAD},Latin,a\n", folder)
    write_image(tmp_path / "ch8_validation_images" / "img_1.png", np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path, split="val")
    assert dataset[0].texts == ("a",)
    assert dataset.place(0) == str(tmp_path / "ch8_validation_images" / "img_1.png")
    with pytest.raises(DataError, match=f"expected {GT} or ch8_training"):
        load(tmp_path)


def test_other_folders_and_lists(tmp_path):
    write(tmp_path, f"{QUAD},Latin,a\n", "gts")
    write(tmp_path, f"{QUAD},Latin,b\n", "gts", "gt_img_2.txt")
    write_image(tmp_path / "photos" / "img_2.png", np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "val.txt").write_text("img_2\n")
    folders = {"images": tmp_path / "photos", "labels": tmp_path / "gts"}
    dataset = load(tmp_path, only=tmp_path / "val.txt", **folders)
    assert [sample.texts for sample in dataset] == [("b",)]
    block = {"name": "mlt2017", "root": str(tmp_path), "labels": str(tmp_path / "gts")}
    assert len(data.build(block)) == 2
