"""Label files as they are found in the wild, and which pictures a dataset has."""

from pathlib import Path

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.icdar import Icdar, IcdarConfig, read_labels
from ocrkit.errors import ConfigError, DataError, ImageError, UnknownModelError
from ocrkit.image import write_image

QUAD = "1,2,11,2,11,7,1,7"
CORNERS = [[1, 2], [11, 2], [11, 7], [1, 7]]


def label_file(folder, content):
    path = folder / "gt_img_1.txt"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


@pytest.fixture
def scenes(tmp_path):
    """Three pictures, 30 x 20 and of the grey level that is their number, with labels."""
    for i in (1, 2, 10):
        image = np.full((20, 30, 3), i, np.uint8)
        write_image(tmp_path / "images" / f"img_{i}.png", image)
        (tmp_path / "labels").mkdir(exist_ok=True)
        (tmp_path / "labels" / f"gt_img_{i}.txt").write_text(f"{QUAD},word {i}\n{QUAD},###\n")
    return tmp_path


def load(folder, **lists):
    return Icdar(IcdarConfig(images=folder / "images", labels=folder / "labels", **lists))


def stems(dataset):
    return [Path(dataset.name(i)).name for i in range(len(dataset))]


def test_a_line_is_eight_coordinates_and_all_the_rest(tmp_path):
    labels = read_labels(label_file(tmp_path, f'{QUAD},1,500 "yen", net \n{QUAD},###\n'))
    assert labels.quads.tolist() == [CORNERS, CORNERS]
    assert labels.quads.dtype == np.float32
    assert labels.texts == ('1,500 "yen", net ', "###")
    assert labels.ignored.tolist() == [False, True]


def test_only_three_hashes_mean_ignored(tmp_path):
    lines = [f"{QUAD},{text}" for text in ("###", "##", "####", "### ", "#", "")]
    labels = read_labels(label_file(tmp_path, "\n".join(lines)))
    assert labels.ignored.tolist() == [True, False, False, False, False, False]


def test_eight_numbers_are_a_word_of_unknown_text_that_counts(tmp_path):
    labels = read_labels(label_file(tmp_path, f"{QUAD}\n{QUAD},\n"))
    assert labels.texts == (None, "")
    assert labels.ignored.tolist() == [False, False]


def test_marks_line_ends_and_blank_lines_of_other_systems(tmp_path):
    content = f"\ufeff{QUAD},caf\u00e9\r\n\r\n {QUAD} ,a\u2028b\r\n"
    assert read_labels(label_file(tmp_path, content)).texts == ("café", "a\u2028b")


def test_coordinates_may_have_decimals_and_signs(tmp_path):
    labels = read_labels(label_file(tmp_path, "-1.5, 2,11,2,11,7,1e1,7,a"))
    assert labels.quads[0].tolist() == [[-1.5, 2], [11, 2], [11, 7], [10, 7]]


def test_an_empty_file_is_a_picture_without_words(tmp_path):
    labels = read_labels(label_file(tmp_path, ""))
    assert labels.quads.shape == (0, 4, 2)
    assert labels.ignored.shape == (0,)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4,5,6,7", "expected 8 coordinates and a text, got 7 fields"),
        ("1,2,3,4,5,6,7,x,word", "could not convert string to float: 'x'; expected 8"),
        ("1,2,3,4,5,6,7,,word", "could not convert string to float: ''"),
        ("1,2,3,4,5,6,7,nan,word", "a coordinate is not finite"),
        (b"1,2,3,4,5,6,7,8,caf\xe9", "not UTF-8"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, line, message):
    line = line if isinstance(line, bytes) else line.encode()
    content = f"{QUAD},a\n\n".encode() + line + b"\n"
    with pytest.raises(DataError, match=rf"gt_img_1\.txt:3: {message}"):
        read_labels(label_file(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        read_labels(tmp_path / "none.txt")


def test_a_dataset_reads_pictures_when_asked(scenes):
    dataset = load(scenes)
    assert stems(dataset) == ["img_1.png", "img_10.png", "img_2.png"]
    sample = dataset[1]
    assert sample.image.shape == (20, 30, 3)
    assert sample.image[0, 0, 0] == 10
    assert sample.texts == ("word 10", "###")
    assert sample.ignored.tolist() == [False, True]
    assert sample.quads.tolist() == [CORNERS, CORNERS]
    (scenes / "images" / "img_10.png").write_bytes(b"no picture")
    assert dataset.labels(1).texts == ("word 10", "###")
    with pytest.raises(ImageError, match=r"img_10\.png"):
        dataset[1]


def test_iteration_ends(scenes):
    assert [sample.texts[0] for sample in load(scenes)] == ["word 1", "word 10", "word 2"]


def test_labels_may_have_the_name_of_the_picture(scenes):
    (scenes / "labels" / "gt_img_2.txt").rename(scenes / "labels" / "img_2.txt")
    assert load(scenes).labels(2).texts == ("word 2", "###")


def test_lists_choose_pictures(scenes):
    (scenes / "val.txt").write_bytes("\ufeffimg_2\r\nimg_1\r\n".encode())
    (scenes / "one.txt").write_text("img_1\n")
    assert stems(load(scenes, only=scenes / "val.txt")) == ["img_1.png", "img_2.png"]
    assert stems(load(scenes, without=scenes / "val.txt")) == ["img_10.png"]
    both = load(scenes, only=scenes / "val.txt", without=scenes / "one.txt")
    assert stems(both) == ["img_2.png"]


def test_labels_of_pictures_left_out_are_not_read(scenes):
    (scenes / "labels" / "gt_img_2.txt").unlink()
    (scenes / "val.txt").write_text("img_1\n")
    assert len(load(scenes, only=scenes / "val.txt")) == 1


@pytest.mark.parametrize("which", ["only", "without"])
def test_a_list_may_not_name_what_does_not_exist(scenes, which):
    (scenes / "val.txt").write_text("img_1\nimg_3\n")
    with pytest.raises(DataError, match=r"val\.txt:2: .*images has no sample 'img_3'"):
        load(scenes, **{which: scenes / "val.txt"})


def test_a_split_may_not_be_empty(scenes):
    (scenes / "all.txt").write_text("img_1\nimg_2\nimg_10\n")
    with pytest.raises(DataError, match="no samples are left"):
        load(scenes, without=scenes / "all.txt")
    (scenes / "all.txt").write_text("")
    with pytest.raises(DataError, match="no samples are left"):
        load(scenes, only=scenes / "all.txt")


def test_a_picture_without_labels_is_named(scenes):
    (scenes / "labels" / "gt_img_2.txt").unlink()
    with pytest.raises(DataError, match=r"no labels for picture 'img_2'; expected gt_img_2\.txt"):
        load(scenes)


def test_two_pictures_of_one_name_are_refused(scenes):
    write_image(scenes / "images" / "img_2.bmp", np.zeros((20, 30, 3), np.uint8))
    with pytest.raises(DataError, match=r"img_2\.png: has the name of .*img_2\.bmp"):
        load(scenes)


def test_a_folder_without_pictures_is_an_error(scenes):
    with pytest.raises(ImageError, match="labels"):
        Icdar(IcdarConfig(images=scenes / "labels", labels=scenes / "labels"))


def test_a_config_block_builds_a_dataset(scenes):
    block = {"name": "icdar", "images": str(scenes / "images"), "labels": str(scenes / "labels")}
    assert len(data.build(block)) == 3


def test_unknown_forms_and_keys_are_named():
    with pytest.raises(UnknownModelError, match=r"did you mean 'icdar'.*: crops, icdar"):
        data.build({"name": "icdr"})
    with pytest.raises(UnknownModelError, match="choose from: crops, icdar"):
        data.build({"name": "augment"})
    with pytest.raises(ConfigError, match="validation: image: unknown key; did you mean 'images'"):
        data.build({"name": "icdar", "image": "."}, "validation")
