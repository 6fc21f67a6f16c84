"""Label files as they are found in the wild, and which pictures a dataset has."""

import pickle
import zipfile

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.icdar import Icdar, IcdarConfig, read_labels
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
    return [dataset.name(i) for i in range(len(dataset))]


def test_a_line_is_eight_coordinates_and_all_the_rest(tmp_path):
    labels = read_labels(label_file(tmp_path, f'{QUAD},1,500 "yen", net \n{QUAD},###\n'))
    assert [outline.tolist() for outline in labels.outlines] == [CORNERS, CORNERS]
    assert labels.outlines[0].dtype == np.float32
    assert labels.languages == ()
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
    assert labels.outlines[0].tolist() == [[-1.5, 2], [11, 2], [11, 7], [10, 7]]


def test_an_empty_file_is_a_picture_without_words(tmp_path):
    labels = read_labels(label_file(tmp_path, ""))
    assert labels.outlines == ()
    assert labels.quads((20, 30)).shape == (0, 4, 2)
    assert labels.ignored.shape == (0,)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("1,2,3,4,5,6,7", "expected 8 coordinates and a text, got 7 fields"),
        ("1,2,3,4,5,6,7,x,word", "could not convert string to float: 'x'; expected 8"),
        ("1,2,3,4,5,6,7,,word", "could not convert string to float: ''"),
        ("1,2,3,4,5,6,7,nan,word", "a coordinate is not finite"),
        ("1,2,3,4,5,6,7,1e39,word", "a coordinate is not finite"),
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
    assert stems(dataset) == ["img_1", "img_10", "img_2"]
    assert dataset.place(1) == str(scenes / "images" / "img_10.png")
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
    assert stems(load(scenes, only=scenes / "val.txt")) == ["img_1", "img_2"]
    assert stems(load(scenes, without=scenes / "val.txt")) == ["img_10"]
    both = load(scenes, only=scenes / "val.txt", without=scenes / "one.txt")
    assert stems(both) == ["img_2"]


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
    dataset = load(scenes)
    assert dataset.labels(1).texts == ("word 10", "###")
    with pytest.raises(DataError, match=r"no labels for picture 'img_2'; expected gt_img_2\.txt"):
        dataset.labels(2)


def test_two_pictures_of_one_name_are_refused(scenes):
    write_image(scenes / "images" / "img_2.bmp", np.zeros((20, 30, 3), np.uint8))
    dataset = load(scenes)
    assert stems(dataset) == ["img_1", "img_10", "img_2"]
    for read in (dataset.image, dataset.place):
        with pytest.raises(ImageError, match=r"img_2\.png: has the name of .*img_2\.bmp"):
            read(2)


def test_a_folder_without_pictures_is_an_error(scenes):
    with pytest.raises(ImageError, match="labels"):
        Icdar(IcdarConfig(images=scenes / "labels", labels=scenes / "labels"))


def archive(folder, files):
    path = folder / "gt.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in files.items():
            file.writestr(name, content)
    return path


def test_labels_are_read_from_a_zip_archive(scenes):
    files = {
        "gt/": "",
        "gt/gt_img_1.txt": f"\ufeff{QUAD},one\r\n",
        "gt/img_10.txt": f"{QUAD},ten\r\n",
        "__MACOSX/gt/gt_img_1.txt": "not labels",
        "gt/._gt_img_1.txt": "not labels",
    }
    path = archive(scenes, files)
    labels = Icdar(IcdarConfig(labels=path))
    assert stems(labels) == ["img_1", "img_10"]
    assert labels.labels(0).texts == ("one",)
    assert labels.place(1) == str(path / "img_10.txt")
    dataset = Icdar(IcdarConfig(labels=path, images=scenes / "images"))
    assert dataset.labels(1).texts == ("ten",)
    assert pickle.loads(pickle.dumps(dataset)).labels(1).texts == ("ten",)
    with pytest.raises(DataError, match=r"gt\.zip: no labels for picture 'img_2'"):
        dataset.labels(2)


def test_an_error_in_an_archive_names_file_and_line(tmp_path):
    dataset = Icdar(IcdarConfig(labels=archive(tmp_path, {"gt_img_1.txt": f"{QUAD},a\nx\n"})))
    with pytest.raises(DataError, match=r"gt\.zip.gt_img_1\.txt:2: expected 8 coordinates"):
        dataset.labels(0)


def test_a_damaged_archive_is_an_error(tmp_path):
    path = archive(tmp_path, {"gt_img_1.txt": f"{QUAD},abc\n" * 100})
    whole = path.read_bytes()
    begin = whole.index(b"gt_img_1.txt") + len("gt_img_1.txt")
    no_deflate = whole[:begin] + b"\x07" + whole[begin + 1 :]
    other_text = whole[: begin + 6] + b"\0" + whole[begin + 7 :]
    for content in (whole[:-30], no_deflate, other_text, b"no archive", b""):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"gt\.zip: cannot be read as a zip archive"):
            Icdar(IcdarConfig(labels=path))
    with pytest.raises(DataError, match=r"none\.zip: cannot be read: No such file"):
        Icdar(IcdarConfig(labels=tmp_path / "none.zip"))


def test_an_archive_may_not_hold_two_files_of_one_name(tmp_path):
    path = archive(tmp_path, {"train/gt_img_1.txt": "", "test/gt_img_1.txt": ""})
    with pytest.raises(DataError, match=r"gt\.zip: two files in it have the same name"):
        Icdar(IcdarConfig(labels=path))


def test_labels_alone_have_no_pictures(scenes):
    dataset = Icdar(IcdarConfig(labels=scenes / "labels"))
    assert stems(dataset) == ["img_1", "img_10", "img_2"]
    assert dataset.place(0) == str(scenes / "labels" / "gt_img_1.txt")
    with pytest.raises(ImageError, match="set `images`"):
        dataset.image(0)


def test_a_folder_without_labels_is_an_error(tmp_path):
    with pytest.raises(DataError, match="no samples"):
        Icdar(IcdarConfig(labels=tmp_path))
    with pytest.raises(DataError, match="none: cannot be read: No such file"):
        Icdar(IcdarConfig(labels=tmp_path / "none"))


def test_a_config_block_builds_a_dataset(scenes):
    block = {"name": "icdar", "images": str(scenes / "images"), "labels": str(scenes / "labels")}
    assert len(data.build(block)) == 3


def test_unknown_forms_and_keys_are_named():
    with pytest.raises(UnknownModelError, match=r"did you mean 'icdar'.*from: .*crops, .*icdar"):
        data.build({"name": "icdr"})
    with pytest.raises(UnknownModelError, match=r"choose from: .*crops, .*icdar"):
        data.build({"name": "augment"})
    with pytest.raises(ConfigError, match="validation: image: unknown key; did you mean 'images'"):
        data.build({"name": "icdar", "image": "."}, "validation")
