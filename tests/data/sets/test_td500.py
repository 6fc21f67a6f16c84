"""MSRA-TD500 and HUST-TR400: rotated rectangles."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit import data
from ocrkit.data._rotated import rotated
from ocrkit.data.sets.hust400 import Hust400, Hust400Config
from ocrkit.data.sets.td500 import Td500, Td500Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

LABELS = "0 1 749 860 47 105 0.000000\n1 0 100 50 40 20 1.570796\n"


def write(folder, content=LABELS, name="IMG_0030.gt"):
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(content.encode())


def test_an_angle_of_zero_is_the_box_itself():
    corners = [[749, 860], [796, 860], [796, 965], [749, 965]]
    assert rotated(749, 860, 47, 105, 0).tolist() == corners


@pytest.mark.parametrize(
    ("degrees", "corners"),
    [
        # A 40 x 20 box at (100, 50); its centre is (120, 60).
        (90, [[130, 40], [130, 80], [110, 80], [110, 40]]),
        (-90, [[110, 80], [110, 40], [130, 40], [130, 80]]),
        (180, [[140, 70], [100, 70], [100, 50], [140, 50]]),
        (30, [[107.6795, 41.3397], [142.3205, 61.3397], [132.3205, 78.6603], [97.6795, 58.6603]]),
    ],
)
def test_a_positive_angle_turns_clockwise_on_screen(degrees, corners):
    found = rotated(100, 50, 40, 20, math.radians(degrees))
    assert found.dtype == np.float32
    assert np.allclose(found, corners, atol=1e-3)


sizes = st.floats(1, 500)


@given(st.floats(-500, 500), st.floats(-500, 500), sizes, sizes, st.floats(-3.2, 3.2))
def test_turning_keeps_centre_sides_and_direction(x, y, width, height, angle):
    corners = rotated(x, y, width, height, angle).astype(np.float64)
    assert np.allclose(corners.mean(axis=0), [x + width / 2, y + height / 2], atol=1e-3)
    top, right, bottom, _ = np.roll(corners, -1, axis=0) - corners
    assert np.allclose(top, [width * math.cos(angle), width * math.sin(angle)], atol=1e-2)
    assert np.allclose(right, [-height * math.sin(angle), height * math.cos(angle)], atol=1e-2)
    assert np.allclose(bottom, -top, atol=1e-2)


def test_lines_have_no_texts_and_difficult_ones_are_ignored(tmp_path):
    write(tmp_path / "train")
    labels = Td500(Td500Config(root=tmp_path)).labels(0)
    assert labels.texts == (None, None)
    assert labels.ignored.tolist() == [True, False]
    expected = [[130, 40], [130, 80], [110, 80], [110, 40]]
    assert np.allclose(labels.outlines[1], expected, atol=1e-3)


def test_pictures_lie_beside_their_labels(tmp_path):
    write(tmp_path / "test")
    write(tmp_path / "test", "", "IMG_0031.gt")
    write_image(tmp_path / "test" / "IMG_0030.png", np.zeros((20, 30, 3), np.uint8))
    dataset = Td500(Td500Config(root=tmp_path, split="test"))
    assert [dataset.name(i) for i in range(len(dataset))] == ["IMG_0030", "IMG_0031"]
    assert dataset.image(0).shape == (20, 30, 3)
    assert dataset.place(0) == str(tmp_path / "test" / "IMG_0030.png")
    assert len(dataset.labels(1)) == 0
    with pytest.raises(ImageError, match="no picture 'IMG_0031'"):
        dataset.image(1)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("0 0 1 2 3 4", r"expected index, difficult \(0 or 1\), x, y, width, height, angle"),
        ("0 2 1 2 3 4 0.1", "expected index, difficult"),
        ("0 0 1 2 3 x 0.1", "could not convert string to float: 'x'"),
        ("0 0 1 2 3 4 nan", "a coordinate is not finite"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, line, message):
    write(tmp_path / "train", LABELS + line)
    with pytest.raises(DataError, match=rf"IMG_0030\.gt:3: {message}"):
        Td500(Td500Config(root=tmp_path)).labels(0)


def test_hust400_is_one_folder_of_the_same_form(tmp_path):
    write(tmp_path, "0 0 100 50 40 20 0 \r\n1 1 100 50 40 20 0 some text\r\n")
    write(tmp_path, name="b.gt")
    write_image(tmp_path / "IMG_0030.jpg", np.zeros((20, 30, 3), np.uint8))
    (tmp_path / "val.txt").write_text("IMG_0030\n")
    dataset = Hust400(Hust400Config(root=tmp_path, only=tmp_path / "val.txt"))
    assert len(dataset) == 1
    sample = dataset[0]
    assert sample.quads[0].tolist() == [[100, 50], [140, 50], [140, 70], [100, 70]]
    assert sample.texts == (None, None)
    assert sample.ignored.tolist() == [False, True]


def test_missing_folders_are_named(tmp_path):
    with pytest.raises(DataError, match="train: cannot be read: No such file"):
        Td500(Td500Config(root=tmp_path))
    with pytest.raises(DataError, match="no samples"):
        Hust400(Hust400Config(root=tmp_path))


def test_config_blocks_build_them(tmp_path):
    write(tmp_path / "train")
    assert len(data.build({"name": "td500", "root": str(tmp_path)})) == 1
    assert len(data.build({"name": "hust400", "root": str(tmp_path / "train")})) == 1
