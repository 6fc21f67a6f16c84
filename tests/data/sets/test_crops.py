"""Tables of word crops."""

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.crops import Crops, CropsConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image


def table(folder, content):
    path = folder / "train.tsv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return path


def load(path, **lists):
    return Crops(CropsConfig(table=path, **lists))


def texts(dataset):
    return [dataset.labels(i).texts[0] for i in range(len(dataset))]


def test_a_crop_is_a_sample_with_one_quad_around_all_of_it(tmp_path):
    write_image(tmp_path / "words" / "1.png", np.full((8, 30, 3), 7, np.uint8))
    dataset = load(table(tmp_path, "words/1.png\tExit\n"))
    sample = dataset[0]
    assert sample.image.shape == (8, 30, 3)
    assert sample.quads.tolist() == [[[0, 0], [30, 0], [30, 8], [0, 8]]]
    assert sample.quads.dtype == np.float32
    assert sample.texts == ("Exit",)
    assert sample.ignored.tolist() == [False]
    assert dataset.name(0) == "words/1.png"
    assert dataset.place(0) == str(tmp_path / "words" / "1.png")
    assert dataset.labels(0).outlines == (None,)


def test_the_text_is_all_that_follows_the_first_tab(tmp_path):
    content = "\ufeffa.png\tnew  york, ny \r\nb.png\t\r\n\r\nc.png\ta\tb\u2028c\r\nd.png\t###\r\n"
    assert texts(load(table(tmp_path, content))) == ["new  york, ny ", "", "a\tb\u2028c", "###"]


def test_the_order_is_that_of_the_table_and_lists_choose(tmp_path):
    path = table(tmp_path, "w/b.png\tB\nw/a.png\tA\nw/c.png\tC\n")
    (tmp_path / "val.txt").write_text("w/a.png\nw/b.png\n")
    assert texts(load(path)) == ["B", "A", "C"]
    assert texts(load(path, only=tmp_path / "val.txt")) == ["B", "A"]
    assert texts(load(path, without=tmp_path / "val.txt")) == ["C"]


def test_a_list_may_not_name_what_does_not_exist(tmp_path):
    path = table(tmp_path, "w/b.png\tB\n")
    (tmp_path / "val.txt").write_text("b.png\n")
    with pytest.raises(DataError, match=r"val\.txt:1: .*train\.tsv has no sample 'b\.png'"):
        load(path, without=tmp_path / "val.txt")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (b"b.png B", "expected path<TAB>text, got 'b.png B'"),
        (b"\tB", "expected path<TAB>text"),
        (b"b.png\t\xff", "not UTF-8"),
    ],
)
def test_an_error_names_file_and_line(tmp_path, line, message):
    with pytest.raises(DataError, match=rf"train\.tsv:2: {message}"):
        load(table(tmp_path, b"a.png\tA\n" + line))


def test_a_missing_table_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.tsv: cannot be read"):
        load(tmp_path / "none.tsv")


def test_an_empty_table_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"train\.tsv: no samples"):
        load(table(tmp_path, "\n"))


def test_a_missing_crop_is_named_when_it_is_read(tmp_path):
    dataset = data.build({"name": "crops", "table": str(table(tmp_path, "a.png\tA\n"))})
    assert len(dataset) == 1
    assert dataset.labels(0).texts == ("A",)
    with pytest.raises(ImageError, match=r"a\.png"):
        dataset[0]
