"""A user's own data: one JSON object a line."""

import json
import pickle

import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.jsonl import Jsonl, JsonlConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

WORD = {"outline": [[1, 2], [11, 2.5], [11, 7], [1, 7]], "text": "EXIT"}


def load(folder, *lines, **settings):
    path = folder / "labels.jsonl"
    texts = [line if isinstance(line, str) else json.dumps(line) for line in lines]
    path.write_text("\n".join(texts) + "\n", "utf-8")
    return Jsonl(JsonlConfig(root=folder, **settings))


def line(image="a.png", *words, **more):
    return {"image": image, "words": list(words), **more}


def test_a_line_is_a_picture_and_its_words(tmp_path):
    write_image(tmp_path / "images" / "a.png", np.full((20, 30, 3), 9, np.uint8))
    five = {"outline": [[0, 0], [5, 0], [6, 1], [5, 2], [0, 2]], "text": "déjà", "language": "fr"}
    unknown = {"outline": WORD["outline"], "text": None, "ignored": True}
    dataset = load(tmp_path, line("images/a.png", WORD, five, unknown, lexicons={"50": ["EXIT"]}))
    labels = dataset.labels(0)
    assert labels.outlines[0].tolist() == [[1, 2], [11, 2.5], [11, 7], [1, 7]]
    assert labels.outlines[0].dtype == np.float32
    assert labels.outlines[1].shape == (5, 2)
    assert labels.texts == ("EXIT", "déjà", None)
    assert labels.ignored.tolist() == [False, False, True]
    assert labels.ignored.dtype == bool
    assert labels.languages == (None, "fr", None)
    assert labels.lexicons == {"50": ["EXIT"]}
    assert dataset.name(0) == "images/a.png"
    assert dataset.place(0) == str(tmp_path / "images" / "a.png")
    assert dataset.image(0)[0, 0, 0] == 9
    assert dataset[0].quads.shape == (3, 4, 2)


def test_a_word_without_an_outline_fills_the_picture(tmp_path):
    write_image(tmp_path / "a.png", np.zeros((8, 30, 3), np.uint8))
    dataset = load(tmp_path, line("a.png", {"text": "EXIT"}), line("b.png", {"outline": None}))
    assert dataset.labels(0).outlines == (None,)
    assert dataset[0].quads.tolist() == [[[0, 0], [30, 0], [30, 8], [0, 8]]]
    assert dataset.labels(1).texts == (None,)


def test_a_picture_may_have_no_words(tmp_path):
    labels = load(tmp_path, line()).labels(0)
    assert len(labels) == 0
    assert labels.quads((8, 8)).shape == (0, 4, 2)


def test_a_name_may_be_given(tmp_path):
    dataset = load(tmp_path, line("x/a.png", name="one"), line("x/b.png", name=None))
    assert [dataset.name(i) for i in range(2)] == ["one", "x/b.png"]
    assert dataset.place(0) == str(tmp_path / "x" / "a.png")


def test_the_file_may_have_another_name_and_marks_of_other_systems(tmp_path):
    path = tmp_path / "mine.jsonl"
    lines = [json.dumps(line(f"{c}.png", {"text": f"\u2028{c}"}), ensure_ascii=False) for c in "ab"]
    path.write_bytes(b"\xef\xbb\xbf" + f"{lines[0]}\r\n\r\n\n{lines[1]}".encode())
    dataset = data.load(path)
    assert [dataset.name(i) for i in range(len(dataset))] == ["a.png", "b.png"]
    assert dataset.labels(1).texts == ("\u2028b",)
    assert pickle.loads(pickle.dumps(dataset)).labels(1).texts == ("\u2028b",)


def test_a_split_is_chosen(tmp_path):
    lines = [line("a.png", split="train"), line("b.png", split="val"), line("c.png")]
    lines += [line("d.png", {"text": "D"}, split="val")]
    assert [load(tmp_path, *lines).name(i) for i in range(4)] == [f"{c}.png" for c in "abcd"]
    dataset = load(tmp_path, *lines, split="val")
    assert [dataset.name(i) for i in range(len(dataset))] == ["b.png", "d.png"]
    assert dataset.labels(1).texts == ("D",)
    assert dataset.place(1) == str(tmp_path / "d.png")
    (tmp_path / "list.txt").write_text("d.png\n")
    chosen = load(tmp_path, *lines, split="val", only=tmp_path / "list.txt")
    assert chosen.labels(0).texts == ("D",)
    with pytest.raises(DataError, match=r"labels\.jsonl: no line is of split 'vla'; .*train, val"):
        load(tmp_path, *lines, split="vla")
    with pytest.raises(DataError, match=r"no line is of split 'val'; has: none"):
        load(tmp_path, line(), split="val")


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ('{"image": "a.png", "words": [}', "is not JSON: Expecting value at column 30"),
        ("[" * 100_000, "is nested too deeply"),
        ("[]", "expected {.image.: .a path., .words.: "),
        ({"words": []}, "expected {.image."),
        ({"image": 3, "words": []}, "expected {.image."),
        ({"image": "", "words": []}, "expected {.image."),
        (line("b.png", split=1), "expected {.image."),
        (
            line("b.png", schema="ocrkit/2"),
            "is of version 'ocrkit/2'; this ocrkit reads 'ocrkit/1'",
        ),
        (line("a.png"), "'a.png' is also the name of line 1"),
        (line("b.png", name="a.png"), "'a.png' is also the name of line 1"),
    ],
)
def test_a_line_that_names_no_picture_of_its_own_is_an_error_at_once(tmp_path, bad, message):
    with pytest.raises(DataError, match=rf"labels\.jsonl:3: {message}"):
        load(tmp_path, line("a.png", schema="ocrkit/1"), "", bad)


@pytest.mark.parametrize(
    ("bad", "message"),
    [
        ({"image": "b.png"}, "words: is missing"),
        (line("b.png", word=[]), "word: unknown key; did you mean 'words'"),
        (line("b.png", {"outlin": []}), "words.0.outlin: unknown key; did you mean 'outline'"),
        (line("b.png", WORD, {**WORD, "ignore": True}), "words.1.ignore: .* mean 'ignored'"),
        (line("b.png", {"outline": [[1, 2], [3, 4]]}), "words.0.outline: .*at least 3"),
        (line("b.png", {"outline": [[1, 2, 3]] * 4}), "words.0.outline.0: .*at most 2"),
        (line("b.png", {"outline": [[1, "2"], [1, 2], [3, 4]]}), "words.0.outline.0.1: .*number"),
        (
            line("b.png", {"outline": [[1, np.nan], [1, 2], [3, 4]]}),
            "words.0.outline.0.1: .*finite",
        ),
        (line("b.png", {"outline": [[1, 1e39], [1, 2], [3, 4]]}), "words.0.outline.0.1: .*less"),
        (line("b.png", {"text": 3}), "words.0.text: .*string"),
        (line("b.png", {"ignored": "no"}), "words.0.ignored: .*boolean"),
        (line("b.png", {"ignored": 0}), "words.0.ignored: .*boolean"),
        (line("b.png", WORD, {"text": "a"}), "a word without an outline fills the picture"),
        (line("b.png", lexicons={"50": "EXIT"}), "lexicons.50: .*list"),
    ],
)
def test_malformed_words_are_the_error_of_their_sample(tmp_path, bad, message):
    dataset = load(tmp_path, line(), bad)
    assert len(dataset.labels(0)) == 0
    with pytest.raises(DataError, match=rf"labels\.jsonl:2: {message}"):
        dataset.labels(1)


def test_a_missing_or_empty_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.jsonl: cannot be read: No such file"):
        Jsonl(JsonlConfig(root=tmp_path / "none.jsonl"))
    with pytest.raises(DataError, match=r"labels\.jsonl: cannot be read: No such file"):
        Jsonl(JsonlConfig(root=tmp_path))
    with pytest.raises(DataError, match=r"labels\.jsonl: no samples"):
        load(tmp_path)


def test_a_missing_picture_is_the_error_of_its_image(tmp_path):
    dataset = load(tmp_path, line("a.png", WORD))
    assert dataset.labels(0).texts == ("EXIT",)
    with pytest.raises(ImageError, match=r"a\.png: no such file"):
        dataset.image(0)
