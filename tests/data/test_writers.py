"""Datasets written in our forms: complete or not there, taken up again after a kill."""

import json
import multiprocessing
import os
import signal
from contextlib import suppress

import lmdb
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit import data
from ocrkit.data import writers
from ocrkit.data.writers import FORMS, IcdarWriter, JsonlWriter, LmdbWriter, encode
from ocrkit.errors import DataError, ImageError, OutputError
from ocrkit.image import read_image
from ocrkit.types import Floats

Labels = data.Labels
RING: Floats = np.array([[0, 0], [4.5, 0], [5, 1], [4, 3], [0.1, 3]], np.float32)
QUAD = RING[:4]


def picture(number):
    """Distinct pictures of 6 x 4 px."""
    return np.full((4, 6, 3), [number % 256, number // 256, 7], np.uint8)


def scene(*words, **more):
    outlines, texts, ignored = zip(*words, strict=True) if words else ((), (), ())
    return Labels(outlines, texts, np.array(ignored, bool), **more)


def read(form, path):
    """What was written, as the set of that form reads it."""
    if form == "icdar":
        block = {"name": form, "labels": path / "labels", "images": path / "images"}
    else:
        block = {"name": form, "root": path}
    return data.build(block)


def by_name(dataset):
    return {dataset.name(i): i for i in range(len(dataset))}


@pytest.mark.parametrize("form", FORMS)
def test_what_is_written_is_read_again(tmp_path, form):
    texts = ["EXIT", "a, b", "déjà “vu”", " ", "x\ty"]
    with FORMS[form](tmp_path / "new" / "out", "words") as writer:
        for i, text in enumerate(texts):
            assert f"w{i}" not in writer
            writer.add(f"w{i}", picture(i), Labels.of_crop(text))
            assert f"w{i}" in writer
            assert len(writer) == i + 1
        assert not (tmp_path / "new" / "out").exists()
    assert not (tmp_path / "new" / "out.part").exists()
    dataset = read(form, tmp_path / "new" / "out")
    found = by_name(dataset)
    assert sorted(found) == ["w0", "w1", "w2", "w3", "w4"]
    for i, text in enumerate(texts):
        assert dataset.labels(found[f"w{i}"]).texts == (text,)
        assert np.array_equal(dataset.image(found[f"w{i}"]), picture(i))


@pytest.mark.parametrize("form", FORMS)
def test_the_bytes_of_a_picture_file_are_kept(tmp_path, form):
    content = encode(picture(3)) + b"trailing bytes are kept too"
    with FORMS[form](tmp_path / "out", "words") as writer:
        writer.add("a", content, Labels.of_crop("a"))
    if form == "lmdb":
        with lmdb.open(str(tmp_path / "out"), readonly=True, lock=False).begin() as transaction:
            assert transaction.get(b"image-000000001") == content
    else:
        assert (tmp_path / "out" / "images" / "a.png").read_bytes() == content


def write_until_killed(form, path, count, pipe):
    with FORMS[form](path, "numbers") as writer:
        for i in range(count):
            if f"w{i}" not in writer:
                writer.add(f"w{i}", picture(i), Labels.of_crop(f"word {i}"))
                pipe.send(i)


@pytest.mark.parametrize("form", FORMS)
def test_a_kill_breaks_nothing_and_the_next_run_completes(tmp_path, form, monkeypatch):
    monkeypatch.setattr(writers, "BATCH_SAMPLES", 7)
    path, count = tmp_path / "out", 100
    fork = multiprocessing.get_context("fork")
    for stop in (1, 7, 8, 31):
        ours, theirs = fork.Pipe(duplex=False)
        process = fork.Process(target=write_until_killed, args=(form, path, count, theirs))
        process.start()
        for _ in range(stop):
            ours.recv()
        os.kill(process.pid, signal.SIGKILL)
        process.join()
        assert process.exitcode == -signal.SIGKILL
        assert not path.exists()
    with FORMS[form](path, "numbers") as writer:
        before = len(writer)
        for i in range(count):
            if f"w{i}" not in writer:
                writer.add(f"w{i}", picture(i), Labels.of_crop(f"word {i}"))
    assert before > 28
    dataset = read(form, path)
    found = by_name(dataset)
    assert len(dataset) == len(found) == count
    for i in range(count):
        assert dataset.labels(found[f"w{i}"]).texts == (f"word {i}",)
        assert np.array_equal(dataset.image(found[f"w{i}"]), picture(i))
    assert not list(path.rglob("*.part"))


@pytest.mark.parametrize("form", FORMS)
def test_an_error_keeps_what_is_written(tmp_path, form):
    with suppress(KeyboardInterrupt), FORMS[form](tmp_path / "out", "words") as writer:
        writer.add("a", picture(1), Labels.of_crop("a"))
        raise KeyboardInterrupt
    assert not (tmp_path / "out").exists()
    with FORMS[form](tmp_path / "out", "words") as writer:
        assert "a" in writer
        assert "b" not in writer
        assert len(writer) == 1
        writer.add("b", picture(2), Labels.of_crop("b"))
    assert sorted(by_name(read(form, tmp_path / "out"))) == ["a", "b"]


@pytest.mark.parametrize("form", FORMS)
def test_what_exists_is_not_touched(tmp_path, form):
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match=r"out: exists already; remove it or choose another"):
        FORMS[form](tmp_path / "out", "words")


@pytest.mark.parametrize("form", FORMS)
def test_what_was_begun_with_another_origin_is_not_taken_up(tmp_path, form):
    with suppress(ZeroDivisionError), FORMS[form](tmp_path / "out", "split=train"):
        raise ZeroDivisionError
    with pytest.raises(OutputError, match=r"was begun with '.*: split=train', not '.*: split=test"):
        FORMS[form](tmp_path / "out", "split=test")
    (tmp_path / "out.part" / "origin.txt").unlink()
    (tmp_path / "out.part" / "mine.txt").write_text("")
    with pytest.raises(OutputError, match=r"out\.part: is in the way"):
        FORMS[form](tmp_path / "out", "split=train")


@pytest.mark.parametrize("form", FORMS)
def test_an_unfinished_set_of_another_form_is_not_taken_up(tmp_path, form):
    other = next(name for name in FORMS if name != form)
    with suppress(ZeroDivisionError), FORMS[other](tmp_path / "out", "words") as writer:
        writer.add("a", picture(1), Labels.of_crop("a"))
        raise ZeroDivisionError
    with pytest.raises(OutputError, match=rf"out\.part: was begun with '{other}: words', not '"):
        FORMS[form](tmp_path / "out", "words")


@pytest.mark.parametrize("form", FORMS)
def test_nothing_to_write_is_an_error(tmp_path, form):
    with (
        pytest.raises(DataError, match="out: there are no samples"),
        FORMS[form](tmp_path / "out", "words"),
    ):
        pass
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("form", FORMS)
def test_a_name_is_written_once(tmp_path, form):
    with FORMS[form](tmp_path / "out", "words") as writer:
        writer.add("a", picture(1), Labels.of_crop("a"))
        with pytest.raises(DataError, match="a: a sample of this name is written already"):
            writer.add("a", picture(2), Labels.of_crop("b"))
    dataset = read(form, tmp_path / "out")
    assert len(dataset) == 1
    assert dataset.labels(0).texts == ("a",)


@pytest.mark.parametrize("form", FORMS)
def test_half_a_character_is_the_error_of_its_sample(tmp_path, form):
    with FORMS[form](tmp_path / "out", "words") as writer:
        with pytest.raises(DataError, match="b': has characters that cannot be written as UTF-8"):
            writer.add("b", picture(1), Labels.of_crop("\ud800"))
        with pytest.raises(DataError, match=r"ud800': has characters that cannot be written"):
            writer.add("\ud800", picture(1), Labels.of_crop("b"))
        with pytest.raises(DataError, match="has no name"):
            writer.add("", picture(1), Labels.of_crop("b"))
        writer.add("a", picture(2), Labels.of_crop("a"))
    assert by_name(read(form, tmp_path / "out")) == {"a": 0}


@pytest.mark.parametrize("form", FORMS)
@given(names=st.lists(st.text(st.characters(codec="utf-8"), min_size=1), unique=True))
@settings(max_examples=5, deadline=None)
def test_names_need_not_be_file_names(tmp_path_factory, form, names):
    path = tmp_path_factory.mktemp("names") / "out"
    names = [*names, "../up", ".hidden", "a/b", "a%2Fb", "/abs", "a", "a.png", "a_"]
    names = list(dict.fromkeys(names))
    with FORMS[form](path, "words") as writer:
        for i, name in enumerate(names):
            writer.add(name, picture(i), Labels.of_crop(str(i)))
    dataset = read(form, path)
    assert len(dataset) == len(names)
    shown = {int(dataset.labels(i).texts[0]): i for i in range(len(names))}
    for i, name in enumerate(names):
        assert np.array_equal(dataset.image(shown[i]), picture(i))
        if form != "icdar":
            assert dataset.name(shown[i]) == name
    assert set(path.parent.iterdir()) == {path}


def test_an_lmdb_grows(tmp_path, monkeypatch):
    monkeypatch.setattr(writers, "SMALLEST_MAP", 1 << 16)
    monkeypatch.setattr(writers, "BATCH_BYTES", 100_000)
    rng = np.random.default_rng(0)
    pictures = [rng.bytes(50_000) for _ in range(20)]
    with LmdbWriter(tmp_path / "out", "noise") as writer:
        for i, content in enumerate(pictures):
            writer.add(str(i), content, Labels.of_crop(str(i)))
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == ["data.mdb", "origin.txt"]
    # A batch is written once: what is written again takes more room.
    assert (tmp_path / "out" / "data.mdb").stat().st_size < 1_300_000
    with lmdb.open(str(tmp_path / "out"), readonly=True, lock=False).begin() as transaction:
        assert transaction.get(b"num-samples") == b"20"
        for i, content in enumerate(pictures, start=1):
            assert transaction.get(b"image-%09d" % i) == content
            assert transaction.get(b"label-%09d" % i) == b"%d" % (i - 1)
            assert transaction.get(b"name-%09d" % i) == b"%d" % (i - 1)
        assert transaction.get(b"image-000000000") is None


def test_a_name_may_be_longer_than_a_key(tmp_path):
    long = "x" * 600
    with LmdbWriter(tmp_path / "out", "words") as writer:
        writer.add(long, picture(1), Labels.of_crop("a"))
        assert long in writer
        assert long + "y" not in writer
    assert read("lmdb", tmp_path / "out").name(0) == long


@pytest.mark.parametrize(
    "labels",
    [
        Labels.of_crop(None),
        scene((None, "a", True)),
        scene((QUAD, "a", False)),
        scene((None, "a", False), (None, "b", False)),
        scene(),
    ],
)
def test_an_lmdb_holds_words_only(tmp_path, labels):
    with LmdbWriter(tmp_path / "out", "words") as writer:
        with pytest.raises(DataError, match="img: an LMDB holds single words"):
            writer.add("img", picture(1), labels)
        writer.add("b", picture(2), Labels.of_crop("b"))
    dataset = read("lmdb", tmp_path / "out")
    assert by_name(dataset) == {"b": 0}
    assert np.array_equal(dataset.image(0), picture(2))


def test_jsonl_keeps_all_of_the_labels(tmp_path):
    labels = scene(
        (RING, "a", False),
        (QUAD, None, True),
        (QUAD, "###", False),
        languages=("en", None, "zh"),
        lexicons={"50": ("a", "b"), "1k": ["c"]},
    )
    with JsonlWriter(tmp_path / "out", "scenes") as writer:
        writer.add("a", picture(1), labels)
    line = json.loads((tmp_path / "out" / "labels.jsonl").read_text())
    assert line["schema"] == "ocrkit/1"
    assert line["words"][0] == {
        "outline": [[0, 0], [4.5, 0], [5, 1], [4, 3], [0.1, 3]],
        "text": "a",
        "language": "en",
    }
    assert line["words"][1] == {"outline": QUAD.tolist(), "ignored": True}
    found = read("jsonl", tmp_path / "out").labels(0)
    assert len(found) == 3
    assert all(map(np.array_equal, found.outlines, labels.outlines))
    assert found.texts == labels.texts
    assert found.ignored.tolist() == [False, True, False]
    assert found.languages == ("en", None, "zh")
    assert {key: list(value) for key, value in found.lexicons.items()} == {
        "50": ["a", "b"],
        "1k": ["c"],
    }


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=6, max_size=6))
@settings(max_examples=10, deadline=None)
def test_jsonl_keeps_every_bit_of_a_coordinate(tmp_path_factory, values):
    path = tmp_path_factory.mktemp("floats") / "out"
    ring = np.array(values, np.float32).reshape(3, 2)
    with JsonlWriter(path, "scenes") as writer:
        writer.add("a", picture(1), scene((ring, "a", False)))
    found = read("jsonl", path).labels(0).outlines[0]
    assert found.dtype == np.float32
    assert np.array_equal(found, ring)


def test_a_line_of_jsonl_that_a_kill_has_cut_is_written_anew(tmp_path):
    with suppress(ZeroDivisionError), JsonlWriter(tmp_path / "out", "words") as writer:
        for name in "ab":
            writer.add(name, picture(1), Labels.of_crop(200 * name))
        raise ZeroDivisionError
    file = tmp_path / "out.part" / "labels.jsonl"
    file.write_bytes(file.read_bytes()[:-9])
    (tmp_path / "out.part" / "images" / ".0123.part").write_bytes(b"half")
    with JsonlWriter(tmp_path / "out", "words") as writer:
        assert "a" in writer
        assert "b" not in writer
        writer.add("b", picture(2), Labels.of_crop("B"))
    dataset = read("jsonl", tmp_path / "out")
    assert [dataset.labels(i).texts for i in range(2)] == [(200 * "a",), ("B",)]
    assert sorted(p.name for p in (tmp_path / "out" / "images").iterdir()) == ["a.png", "b.png"]


def test_a_damaged_file_of_jsonl_is_not_taken_up(tmp_path):
    with suppress(ZeroDivisionError), JsonlWriter(tmp_path / "out", "words"):
        raise ZeroDivisionError
    (tmp_path / "out.part" / "labels.jsonl").write_text('{"image": "a.png"}\n')
    with pytest.raises(OutputError, match=r"labels\.jsonl: is damaged"):
        JsonlWriter(tmp_path / "out", "words")


def test_icdar_has_a_line_a_word(tmp_path):
    words = [(QUAD, "a, b", False), (QUAD, "c", True), (QUAD, None, False), (None, "whole", False)]
    with IcdarWriter(tmp_path / "out", "scenes") as writer:
        writer.add("img_1", picture(1), scene(*words))
        writer.add("img_2", picture(2), scene())
    assert (tmp_path / "out" / "labels" / "gt_img_1.txt").read_bytes().decode() == (
        "0,0,4.5,0,5,1,4,3,a, b\n0,0,4.5,0,5,1,4,3,###\n0,0,4.5,0,5,1,4,3\n0,0,6,0,6,4,0,4,whole\n"
    )
    assert (tmp_path / "out" / "labels" / "gt_img_2.txt").read_bytes() == b""
    assert np.array_equal(read_image(tmp_path / "out" / "images" / "img_2.png"), picture(2))


@pytest.mark.parametrize("text", ["###", "a\nb", "a\r"])
def test_icdar_refuses_what_would_be_read_as_something_else(tmp_path, text):
    with IcdarWriter(tmp_path / "out", "scenes") as writer:
        with pytest.raises(DataError, match=r"img: the text .* cannot be said in this form"):
            writer.add("img", picture(1), scene((QUAD, text, False)))
        writer.add("b", picture(2), scene((QUAD, "b", False)))
    assert by_name(read("icdar", tmp_path / "out")) == {"b": 0}


@pytest.mark.parametrize("form", ["icdar", "jsonl"])
def test_coordinates_must_be_finite(tmp_path, form):
    ring = np.array([[0, 0], [np.nan, 0], [5, 1], [1, 1]], np.float32)
    with FORMS[form](tmp_path / "out", "scenes") as writer:
        writer.add("b", picture(2), scene((QUAD, "b", False)))
        with pytest.raises(DataError, match="a: a coordinate is not finite"):
            writer.add("a", picture(1), scene((ring, "a", False)))
    assert by_name(read(form, tmp_path / "out")) == {"b": 0}


@pytest.mark.parametrize("form", ["icdar", "jsonl"])
def test_a_picture_file_is_named_by_what_it_holds(tmp_path, form):
    starts = {
        ".jpg": b"\xff\xd8\xff\xe0",
        ".png": b"\x89PNG\r\n",
        ".bmp": b"BM",
        ".gif": b"GIF89a",
        ".tif": b"II*\x00",
        ".webp": b"RIFF\x24\x00\x00\x00WEBP",
        ".avif": b"\x00\x00\x00\x1cftypavif",
        ".jp2": b"\x00\x00\x00\x0cjP  ",
        ".ppm": b"P6\n",
    }
    with FORMS[form](tmp_path / "out", "scenes") as writer:
        for suffix, start in starts.items():
            writer.add(f"x{suffix[1:]}", start, scene())
        with pytest.raises(ImageError, match="y: is no picture of a kind that can be read"):
            writer.add("y", b"text", scene())
    names = sorted(p.name for p in (tmp_path / "out" / "images").iterdir())
    assert names == sorted(f"x{suffix[1:]}{suffix}" for suffix in starts)


def test_jsonl_has_the_folders_of_names_and_one_suffix(tmp_path):
    names = ["w/1.webp", "w/1.PNG", "w/1", "w/1_", "2.5", "../x", "png"]
    with JsonlWriter(tmp_path / "out", "words") as writer:
        for i, name in enumerate(names):
            writer.add(name, picture(i), Labels.of_crop(name))
    dataset = read("jsonl", tmp_path / "out")
    places = [dataset.place(i).removeprefix(str(tmp_path / "out" / "images")) for i in range(7)]
    stems = ["w/1", "w/1_", "w/1__", "w/1___", "2.5", "%2E./x", "png"]
    assert places == [f"/{stem}.png" for stem in stems]
    for i, name in enumerate(names):
        assert dataset.labels(i).texts == (name,)
        assert np.array_equal(dataset.image(i), picture(i))


def test_png_keeps_the_order_of_colours():
    image = np.zeros((2, 3, 3), np.uint8)
    image[0, 1] = [250, 120, 5]
    assert np.array_equal(read_image(encode(image)), image)


@pytest.mark.parametrize("form", FORMS)
def test_a_place_that_cannot_be_written_to_is_named(tmp_path, form):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match=r"out\.part: cannot be written"):
        FORMS[form](tmp_path / "file" / "out", "words")
