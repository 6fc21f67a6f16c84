"""Total-Text: MATLAB files, and text files in which an entry may take several lines."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.io import savemat

from ocrkit import data
from ocrkit.data.sets.totaltext import TotalText, TotalTextConfig, _read
from ocrkit.errors import DataError, ImageError
from ocrkit.files import TextFiles
from ocrkit.image import write_image

X, Y = [206, 251, 386, 542, 620, 646], [633, 811, 931, 946, 926, 976]
RING = [[206, 633], [251, 811], [386, 931], [542, 946], [620, 926], [646, 976]]
LINE = "x: [[206 251 386 542 620 646]], y: [[633 811 931 946 926 976]], ornt: [u'c'], "


def cells(*rows):
    """A cell array, as MATLAB has it."""
    table = np.empty((len(rows), len(rows[0])), object)
    for i, row in enumerate(rows):
        for j, value in enumerate(row):
            table[i, j] = value
    return table


def row(text="PIZZA", orientation="c", x=X, y=Y):
    points = (np.array([axis], np.uint16) for axis in (x, y))
    return ("x:", next(points), "y:", next(points), text, orientation)


def folder(root, split="Train"):
    path = root / "Groundtruth" / "Polygon" / split
    path.mkdir(parents=True, exist_ok=True)
    return path


def mat(root, *rows, key="polygt", name="poly_gt_img1.mat"):
    stream = io.BytesIO()
    savemat(stream, {key: cells(*rows)})
    (folder(root) / name).write_bytes(stream.getvalue())
    return root


def txt(root, content, split="Train"):
    path = root / "txt_format" / split
    path.mkdir(parents=True, exist_ok=True)
    (path / "poly_gt_img1.txt").write_text(content, encoding="utf-8")
    return root


def load(root, **settings):
    return TotalText(TotalTextConfig(root=root, **settings))


def test_a_matlab_file_has_polygons_and_texts(tmp_path):
    mat(tmp_path, row(), row("exit", "h", [1, 11, 11, 1], [2, 2, 7, 7]))
    labels = load(tmp_path).labels(0)
    assert [outline.tolist() for outline in labels.outlines] == [
        RING,
        [[1, 2], [11, 2], [11, 7], [1, 7]],
    ]
    assert labels.outlines[0].dtype == np.float32
    assert labels.texts == ("PIZZA", "exit")
    assert labels.ignored.tolist() == [False, False]


def test_the_newer_matlab_files_have_other_names(tmp_path):
    mat(tmp_path, row(), key="gt", name="gt_img1.mat")
    dataset = load(tmp_path)
    assert dataset.name(0) == "img1"
    assert dataset.labels(0).texts == ("PIZZA",)


def test_words_without_text_are_ignored(tmp_path):
    empty = np.zeros((0, 0), np.uint8)
    mat(tmp_path, row("#", "#"), row("#", "h"), row(empty, "m"), row("A#B", "#"), row("A#B", "h"))
    labels = load(tmp_path).labels(0)
    assert labels.texts == ("#", "#", None, "A#B", "A#B")
    assert labels.ignored.tolist() == [True, True, True, True, False]


def test_points_may_lie_in_a_column_and_texts_be_numbers(tmp_path):
    column = [np.array([axis], np.uint16).T for axis in (X, Y)]
    number = np.array([[1947]], np.uint16)
    mat(tmp_path, ("x:", column[0], "y:", column[1], number, "c"), row("007", "h"))
    labels = load(tmp_path).labels(0)
    assert labels.outlines[0].tolist() == RING
    assert labels.texts == ("1947", "007")


def test_an_entry_of_one_point_is_left_out(tmp_path):
    mat(tmp_path, row("#", "#", [0], [0]), row())
    assert load(tmp_path).labels(0).texts == ("PIZZA",)


def test_a_picture_may_have_no_words(tmp_path):
    stream = io.BytesIO()
    savemat(stream, {"polygt": np.empty((0, 0), object)})
    (folder(tmp_path) / "poly_gt_img1.mat").write_bytes(stream.getvalue())
    assert len(load(tmp_path).labels(0)) == 0
    assert len(load(txt(tmp_path, "", "Test"), split="test").labels(0)) == 0


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        (row(y=Y[:5]), "row 2: expected at least 3 points, got 6 x and 5 y"),
        (row(x=X[:2], y=Y[:2]), "row 2: expected at least 3 points, got 2 x and 2 y"),
        (row(np.array([[1.5]])), "row 2: expected a text"),
        (row(np.array([[1, 2]])), "row 2: expected a text"),
        (("x:", "abc", *row()[2:]), "row 2: expected at least 3 points, got 1 x and 6 y"),
    ],
)
def test_a_malformed_row_is_named(tmp_path, bad, message):
    mat(tmp_path, row(), bad)
    with pytest.raises(DataError, match=rf"poly_gt_img1\.mat: {message}"):
        load(tmp_path).labels(0)


def test_a_file_of_another_kind_is_an_error(tmp_path):
    mat(tmp_path, row(), key="other")
    with pytest.raises(DataError, match=r"img1\.mat: expected a cell array `polygt` or `gt`"):
        load(tmp_path).labels(0)
    path = folder(tmp_path) / "poly_gt_img1.mat"
    mat(tmp_path, row(), row(), row())
    whole = path.read_bytes()
    for content in (b"", b"no MATLAB file", whole[: len(whole) // 2]):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"img1\.mat: cannot be read as a MATLAB file"):
            load(tmp_path).labels(0)


def test_a_text_file_has_an_entry_a_line(tmp_path):
    content = (
        f"{LINE}transcriptions: [u'PETROSAINS']\n"
        "x: [[ 53 120 121  56]], y: [[446 443 456 458]], ornt: [u'h'], transcriptions: [u'12']\n"
        "x: [[168 179 179 167]], y: [[439 439 452 453]], ornt: [u'#'], transcriptions: [u'#']\n"
    )
    labels = load(txt(tmp_path, content)).labels(0)
    assert [outline.tolist() for outline in labels.outlines] == [
        RING,
        [[53, 446], [120, 443], [121, 456], [56, 458]],
        [[168, 439], [179, 439], [179, 452], [167, 453]],
    ]
    assert labels.texts == ("PETROSAINS", "12", "#")
    assert labels.ignored.tolist() == [False, False, True]


def test_an_entry_may_take_several_lines(tmp_path):
    content = (
        "x: [[206 251 386\n 542 620 646]], y: [[633 811 931\r\n 946 926 976]], ornt: [u'c'], "
        f"transcriptions: [u'a']\n\n{LINE}transcriptions: [u'b']\n"
    )
    labels = load(txt(tmp_path, content)).labels(0)
    assert [outline.tolist() for outline in labels.outlines] == [RING, RING]
    assert labels.texts == ("a", "b")


def test_texts_are_as_python_2_prints_them(tmp_path):
    printed = [
        r"""[u"Joe's"]""",
        r"[u'caf\xe9']",
        r"[u'\u2019s']",
        r"[u'a\\b']",
        "[u',']",
        "[u'x: [[1 2]], y: []']",
        "[]",
        "['old']",
    ]
    lines = [f"{LINE}transcriptions: {text}\n" for text in printed]
    labels = load(txt(tmp_path, "".join(lines))).labels(0)
    texts = ("Joe's", "café", "’s", "a\\b", ",", "x: [[1 2]], y: []", None, "old")
    assert labels.texts == texts
    assert labels.ignored.tolist() == [False] * 6 + [True, False]


@given(st.lists(st.text(min_size=1), max_size=4))
def test_any_text_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("txt")
    lines = [f"{LINE}transcriptions: [u{text!a}]\n" for text in texts]
    (path / "poly_gt_img1.txt").write_text("".join(lines))
    assert _read(TextFiles(path), "poly_gt_img1.txt").texts == tuple(texts)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ("x: [[1 2 3]]", r"expected x: \[\["),
        ("1,2,3,4", r"expected x: \[\["),
        (f"{LINE}transcriptions: [u'a]", "expected a list of one text"),
        (f"{LINE}transcriptions: [u'a', u'b']", "expected a list of one text"),
        (f"{LINE}transcriptions: [12]", "expected a list of one text"),
        (f"{LINE}transcriptions: [u'a']".replace("633", "6e3x"), "could not convert string"),
        (f"{LINE}transcriptions: [u'a']".replace("633 ", ""), "got 6 x and 5 y"),
    ],
)
def test_a_malformed_entry_is_named(tmp_path, entry, message):
    txt(tmp_path, f"{LINE}transcriptions: [u'a']\n\nx: {entry.removeprefix('x: ')}\n")
    with pytest.raises(DataError, match=rf"poly_gt_img1\.txt:3: .*{message}"):
        load(tmp_path).labels(0)


def test_an_entry_is_named_by_its_first_line(tmp_path):
    txt(tmp_path, f"{LINE}transcriptions: [u'a']\nx: [[1 2\n3 4]], y: [[1 2]]\n")
    with pytest.raises(DataError, match=r"poly_gt_img1\.txt:2: expected x:"):
        load(tmp_path).labels(0)


def test_pictures_are_found_whatever_their_suffix(tmp_path):
    mat(tmp_path, row())
    mat(tmp_path, row(), name="poly_gt_img2.mat")
    place = tmp_path / "Images" / "Train" / "img1.JPG"
    write_image(place.with_suffix(".jpg"), np.zeros((20, 30, 3), np.uint8))
    place.with_suffix(".jpg").rename(place)
    dataset = load(tmp_path)
    assert dataset.place(0) == str(place)
    assert dataset[0].quads.shape == (1, 4, 2)
    with pytest.raises(ImageError, match="no picture 'img2'"):
        dataset.image(1)


def test_matlab_files_come_first_and_others_can_be_named(tmp_path):
    mat(tmp_path, row("mat"))
    txt(tmp_path, f"{LINE}transcriptions: [u'txt']\n")
    assert load(tmp_path).labels(0).texts == ("mat",)
    labels = tmp_path / "txt_format" / "Train"
    assert load(tmp_path, labels=labels).labels(0).texts == ("txt",)
    with pytest.raises(DataError, match="no labels here: expected Groundtruth/Polygon/Test or"):
        load(tmp_path, split="test")
    (labels / "gt_img1.txt").write_text("")
    with pytest.raises(DataError, match=r"gt_img1.txt and poly_gt_img1.txt are labels of one"):
        load(tmp_path, labels=labels)


def test_lists_choose(tmp_path):
    mat(tmp_path, row())
    mat(tmp_path, row("b"), name="poly_gt_img2.mat")
    (tmp_path / "val.txt").write_text("img2\n")
    block = {"name": "totaltext", "root": str(tmp_path), "only": str(tmp_path / "val.txt")}
    dataset = data.build(block)
    assert [dataset.labels(i).texts for i in range(len(dataset))] == [("b",)]
