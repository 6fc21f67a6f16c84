"""SynthText: its labels, and the index from which they are read."""

import os
import pickle
import struct
import subprocess
import sys
import tracemalloc
import zlib

import numpy as np
import pytest
import scipy.io

from ocrkit import data
from ocrkit.data import _matfile, _ragged
from ocrkit.data._matfile import MatFile
from ocrkit.data._ragged import open_ragged
from ocrkit.data.sets.synthtext import SynthText, SynthTextConfig
from ocrkit.errors import DataError, OutputError
from ocrkit.image import write_image

# x of the four corners, then y.
ONE = np.array([[10, 30, 29, 9], [20, 22, 40, 38]], np.float32)
CORNERS = [[10, 20], [30, 22], [29, 40], [9, 38]]


def objects(values):
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array


def quads(count):
    """The quads CORNERS, and those 100, 200 ... pixels to the right of it."""
    return np.stack([ONE + [[100 * i], [0]] for i in range(count)], axis=2).astype(np.float32)


def save(root, compress=True, **changed):
    """The three pictures below; as many words as 1, 4 and 0."""
    variables = {
        "imnames": ["8/ballet_106_0.jpg", "8/ballet_106_1.jpg", "200/zoo_1_2.jpg"],
        "wordBB": [ONE, quads(4), np.zeros((2, 4, 0), np.float32)],
        "charBB": [quads(2).astype(float), quads(12).astype(float), np.zeros((2, 4, 0))],
        "txt": [np.array(["hi     "]), np.array(["the\nout        ", "über 中𠮷    "]), ""],
    }
    root.mkdir(exist_ok=True)
    lists = {name: objects(values) for name, values in {**variables, **changed}.items()}
    scipy.io.savemat(root / "gt.mat", lists, do_compression=compress)
    return root


def load(root, progress=None, **settings):
    return SynthText(SynthTextConfig(root=root, **settings), progress)


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "ocrkit" / "index"


@pytest.mark.parametrize("compress", [False, True])
def test_words_are_split_at_spaces_lines_and_rows(tmp_path, compress):
    dataset = load(save(tmp_path / "set", compress))
    assert len(dataset) == 3
    one, four, none = (dataset.labels(i) for i in range(3))
    assert one.texts == ("hi",)
    assert [outline.tolist() for outline in one.outlines] == [CORNERS]
    assert four.texts == ("the", "out", "über", "中𠮷")
    assert [outline.tolist() for outline in four.outlines] == [
        [[x + 100 * i, y] for x, y in CORNERS] for i in range(4)
    ]
    assert four.outlines[3].dtype == np.float32
    assert four.ignored.tolist() == [False] * 4
    assert none.texts == none.outlines == ()


def test_characters_are_all_but_white_space(tmp_path):
    dataset = load(save(tmp_path / "set"), level="character")
    assert dataset.labels(0).texts == ("h", "i")
    labels = dataset.labels(1)
    assert "".join(labels.texts) == "theoutüber中𠮷"
    assert labels.outlines[11].tolist() == [[x + 1100, y] for x, y in CORNERS]
    assert dataset.labels(2).texts == ()


def test_texts_that_are_not_as_many_as_quads_are_an_error_of_the_picture(tmp_path):
    root = save(tmp_path / "set", txt=["hi", np.array(["one two", "three"]), ""])
    dataset = load(root)
    assert dataset.labels(0).texts == ("hi",)
    with pytest.raises(DataError, match=r"gt\.mat: 8/ballet_106_1\.jpg: 4 quads for 3 words"):
        dataset.labels(1)
    with pytest.raises(DataError, match=r"ballet_106_1\.jpg: 12 quads for 11 characters"):
        load(root, level="character").labels(1)


def test_coordinates_must_be_finite(tmp_path):
    bad = [ONE * np.nan, (quads(4) * 1e30).astype(float) ** 9, np.zeros((0, 0))]
    dataset = load(save(tmp_path / "set", wordBB=bad))
    for index in range(2):
        with pytest.raises(DataError, match="a coordinate is not finite"):
            dataset.labels(index)


def test_names_are_paths_and_pictures_are_read_when_asked_for(tmp_path):
    root = save(tmp_path / "set")
    write_image(root / "8" / "ballet_106_1.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(root)
    assert [dataset.name(i) for i in range(3)][1:] == ["8/ballet_106_1", "200/zoo_1_2"]
    assert dataset.place(2) == str(root / "200" / "zoo_1_2.jpg")
    assert dataset.image(1).shape == (20, 30, 3)
    assert dataset[1].quads.shape == (4, 4, 2)


def test_lists_choose_pictures(tmp_path):
    root = save(tmp_path / "set")
    (tmp_path / "val.txt").write_text("200/zoo_1_2\n8/ballet_106_1\n")
    dataset = load(root, only=tmp_path / "val.txt")
    assert [dataset.name(i) for i in range(len(dataset))] == ["8/ballet_106_1", "200/zoo_1_2"]
    assert dataset.labels(0).texts[0] == "the"
    rest = load(root, without=tmp_path / "val.txt")
    assert [rest.name(i) for i in range(len(rest))] == ["8/ballet_106_0"]
    with pytest.raises(IndexError):
        rest.labels(1)


def test_a_config_block_builds_it(tmp_path):
    root = save(tmp_path / "set")
    assert len(data.build({"name": "synthtext", "root": str(root), "level": "character"})) == 3


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"txt": ["a"]}, "imnames, txt and wordBB should have as many cells, got 3, 1 and 3"),
        ({"wordBB": [ONE, ONE.T, ONE]}, r"wordBB\{2\}: expected 2 x 4 x N, got 4 x 2"),
        ({"wordBB": [ONE, ONE[:, :3], ONE]}, r"wordBB\{2\}: expected 2 x 4 x N, got 2 x 3"),
        ({"wordBB": [ONE, ONE, "a"]}, r"wordBB\{3\}: expected 2 x 4 x N, got text"),
        ({"txt": ["a", ONE, "b"]}, r"txt\{2\}: expected text, got numbers"),
        ({"imnames": [], "txt": [], "wordBB": []}, "no samples"),
    ],
)
def test_a_file_of_another_form_is_an_error(tmp_path, changed, message):
    with pytest.raises(DataError, match=rf"gt\.mat: {message}"):
        load(save(tmp_path / "set", **changed))


def test_a_missing_or_cut_file_is_an_error(tmp_path):
    with pytest.raises(DataError, match=r"gt\.mat: cannot be read: No such file"):
        load(tmp_path)
    path = save(tmp_path / "set") / "gt.mat"
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(DataError, match=r"gt\.mat: is cut off"):
        load(tmp_path / "set")


def test_the_file_is_gone_through_once(tmp_path, monkeypatch):
    root = save(tmp_path / "set")
    load(root)
    monkeypatch.delattr(MatFile, "cells")
    assert load(root).labels(1).texts[0] == "the"
    with pytest.raises(AttributeError):
        load(root, level="character")


def test_the_index_is_made_anew_when_the_file_changes(tmp_path):
    root = save(tmp_path / "set")
    load(root)
    names = {path.name for path in (root / "gt.mat.index").iterdir()}
    save(root, txt=["he", np.array(["a b c d"]), ""])
    os.utime(root / "gt.mat", ns=(1, 1))
    assert load(root).labels(0).texts == ("he",)
    left = {path.name for path in (root / "gt.mat.index").iterdir()}
    assert len(left) == 3
    assert not left & names


def test_another_size_or_another_time_is_another_file(tmp_path):
    source = tmp_path / "a.bin"
    for value, (size, time) in enumerate([(4, 0), (4, 1), (5, 1)]):
        source.write_bytes(b"0" * size)
        os.utime(source, ns=(time, time))
        found = open_ragged(source, "v", "u1", lambda v=value: [np.array([v])])
        assert found[0].tolist() == [value]


def test_the_index_lies_where_one_may_write(tmp_path, cache):
    root = save(tmp_path / "set")
    (root / "gt.mat.index").write_text("in the way")
    assert load(root).labels(0).texts == ("hi",)
    folders = list(cache.iterdir())
    assert len(folders) == 1
    other = save(tmp_path / "other")
    (other / "gt.mat.index").write_text("in the way")
    load(other)
    assert len(list(cache.iterdir())) == 2


def test_the_index_lies_where_it_is_asked_for(tmp_path):
    root = save(tmp_path / "set")
    load(root, index=tmp_path / "here")
    assert len(list((tmp_path / "here").iterdir())) == 3
    assert not (root / "gt.mat.index").exists()


def test_no_place_for_the_index_is_an_error(tmp_path):
    root = save(tmp_path / "set")
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"gt\.mat: its index can be written neither in .*file"):
        load(root, index=tmp_path / "file")


KILLED = """
import os, pathlib, sys
import numpy as np
from ocrkit.data._ragged import open_ragged
def arrays():
    yield np.zeros(10)
    if sys.argv[2] == "kill":
        os._exit(9)
    raise KeyboardInterrupt
open_ragged(pathlib.Path(sys.argv[1]), "v", "u1", arrays)
"""


@pytest.mark.parametrize("how", ["kill", "interrupt"])
def test_an_index_that_was_not_finished_is_not_taken_for_one(tmp_path, how):
    source = tmp_path / "a.bin"
    source.write_bytes(b"1234")
    run = subprocess.run(
        [sys.executable, "-c", KILLED, str(source), how], check=False, capture_output=True
    )
    assert run.returncode != 0
    left = [path.name[:5] for path in (tmp_path / "a.bin.index").iterdir()]
    assert left == (["part-"] if how == "kill" else [])
    found = open_ragged(source, "v", "u1", lambda: [np.array([7])])
    assert len(found) == 1
    assert found[0].tolist() == [7]


def test_of_two_that_make_it_at_once_the_first_wins(tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(b"1234")

    def arrays():
        yield np.array([1])
        open_ragged(source, "v", "u1", lambda: [np.array([2])])

    assert open_ragged(source, "v", "u1", arrays)[0].tolist() == [2]
    assert len(list((tmp_path / "a.bin.index").iterdir())) == 1


def test_a_damaged_index_is_an_error(tmp_path):
    root = save(tmp_path / "set")
    load(root)
    values = next((root / "gt.mat.index").glob("wordBB-*")) / "values.bin"
    values.write_bytes(values.read_bytes()[:-4])
    with pytest.raises(DataError, match=r"wordBB-.*: this index is damaged; delete the folder"):
        load(root)
    values.unlink()
    with pytest.raises(DataError, match=r"values\.bin: cannot be read: .*; delete the folder"):
        load(root)


def test_entries_are_counted_from_both_ends(tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(b"1234")
    found = open_ragged(source, "v", "<f4", lambda: [np.array([1.5]), np.array([2, 3])])
    assert found[-1].tolist() == found[1].tolist() == [2, 3]
    for index in (2, -3):
        with pytest.raises(IndexError, match=f"no entry {index}; there are 2"):
            found[index]


def test_a_copy_in_another_process_is_small_and_reads_the_same(tmp_path):
    dataset = load(save(tmp_path / "set"))
    dataset.labels(1)
    content = pickle.dumps(dataset)
    assert len(content) < 2000
    assert pickle.loads(content).labels(1).texts == dataset.labels(1).texts


def test_progress_is_told_for_every_variable(tmp_path):
    told = []
    load(save(tmp_path / "set"), lambda done, size: told.append(done == size))
    assert sum(told) >= 3


def repeated(name, cell, count):
    """A packed variable of many equal cells, which need not be built one by one."""
    flags = struct.pack("<IIII", 6, 8, 1, 0)
    shape = struct.pack("<IIII", 5, 8, 1, count)
    title = struct.pack("<II", 1, len(name)) + name.ljust(8, b"\0")
    size = len(flags) + len(shape) + len(title) + len(cell) * count
    body = struct.pack("<II", 14, size) + flags + shape + title + cell * count
    content = zlib.compress(body, 1)
    return struct.pack("<II", 15, len(content)) + content, len(body)


def one_cell(folder, value):
    """The bytes of a cell, as scipy writes them."""
    scipy.io.savemat(folder / "cell.mat", {"v": objects([value])}, do_compression=False)
    content = (folder / "cell.mat").read_bytes()[136:]
    return content[content.index(struct.pack("<I", 14)) :]


def test_memory_stays_small(tmp_path, monkeypatch):
    monkeypatch.setattr(_matfile, "CHUNK", 1 << 16)
    count, words, root = 2_000, 100, tmp_path / "set"
    root.mkdir()
    cells = {"imnames": "8/a.jpg", "txt": "word " * words, "wordBB": quads(words)}
    made = [
        repeated(name.encode(), one_cell(tmp_path, value), count) for name, value in cells.items()
    ]
    header = b"MATLAB 5.0".ljust(124) + struct.pack("<HH", 0x0100, 0x4D49)
    (root / "gt.mat").write_bytes(header + b"".join(content for content, _ in made))
    whole = sum(size for _, size in made)
    assert whole > 7e6
    tracemalloc.start()
    dataset = load(root)
    labels = [dataset.labels(i) for i in (0, count - 1)]
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(dataset) == count
    assert [len(label) for label in labels] == [words, words]
    assert np.array_equal(labels[1].outlines[-1], np.array(CORNERS) + [100 * (words - 1), 0])
    assert peak < 1e6


def test_the_form_of_the_index_is_part_of_its_name(tmp_path, monkeypatch):
    source = tmp_path / "a.bin"
    source.write_bytes(b"1234")
    assert open_ragged(source, "v", "u1", lambda: [np.array([1])])[0].tolist() == [1]
    monkeypatch.setattr(_ragged, "FORM", _ragged.FORM + 1)
    assert open_ragged(source, "v", "u1", lambda: [np.array([2])])[0].tolist() == [2]
