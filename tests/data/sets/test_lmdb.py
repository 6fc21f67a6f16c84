"""Words in LMDBs, as other programs have written them."""

import multiprocessing
import pickle
from concurrent.futures import ThreadPoolExecutor

import lmdb
import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.sets.lmdb import Lmdb, LmdbConfig
from ocrkit.data.writers import encode
from ocrkit.errors import DataError, ImageError


def picture(number):
    return np.full((8, 20, 3), number, np.uint8)


def entries(count):
    found = {b"num-samples": b"%d" % count}
    for i in range(1, count + 1):
        found[b"image-%09d" % i] = encode(picture(i))
        found[b"label-%09d" % i] = f"Wörd {i}".encode()
    return found


def written(folder, values, **options):
    environment = lmdb.open(str(folder), map_size=1 << 24, **options)
    with environment, environment.begin(write=True) as transaction:
        for key, value in values.items():
            transaction.put(key, value)
    return folder


@pytest.fixture
def words(tmp_path):
    return written(tmp_path / "words", entries(3))


def load(folder, **lists):
    return Lmdb(LmdbConfig(root=folder, **lists))


def test_samples_are_counted_from_one(words):
    dataset = load(words)
    assert len(dataset) == 3
    assert [dataset.name(i) for i in range(3)] == [f"image-00000000{i}" for i in (1, 2, 3)]
    assert [dataset.labels(i).texts for i in range(3)] == [("Wörd 1",), ("Wörd 2",), ("Wörd 3",)]
    assert [dataset.image(i)[0, 0, 0] for i in range(3)] == [1, 2, 3]
    assert dataset.labels(0).outlines == (None,)
    assert dataset.place(2) == f"{words}: image-000000003"
    assert dataset[1].quads.tolist() == [[[0, 0], [20, 0], [20, 8], [0, 8]]]
    with pytest.raises(IndexError):
        dataset.labels(3)


def test_names_are_used_where_there_are_some(tmp_path):
    names = {b"name-000000001": b"a/b.png", b"name-000000003": "ü".encode()}
    dataset = load(written(tmp_path / "words", entries(3) | names))
    assert [dataset.name(i) for i in range(3)] == ["a/b.png", "image-000000002", "ü"]
    (tmp_path / "val.txt").write_text("ü\nimage-000000002\n")
    chosen = load(tmp_path / "words", only=tmp_path / "val.txt")
    assert [chosen.labels(i).texts[0] for i in range(len(chosen))] == ["Wörd 2", "Wörd 3"]
    assert [chosen.image(i)[0, 0, 0] for i in range(len(chosen))] == [2, 3]
    assert [chosen.name(i) for i in range(len(chosen))] == ["image-000000002", "ü"]
    assert chosen.place(0).endswith("words: image-000000002")
    rest = load(tmp_path / "words", without=tmp_path / "val.txt")
    assert [rest.name(i) for i in range(len(rest))] == ["a/b.png"]


def test_an_lmdb_may_be_one_file(tmp_path, words):
    written(tmp_path / "one.mdb", entries(2), subdir=False)
    assert load(tmp_path / "one.mdb").labels(1).texts == ("Wörd 2",)
    assert load(words / "data.mdb").labels(2).texts == ("Wörd 3",)


def test_several_datasets_may_read_one_lmdb(words):
    first, second = load(words), load(words / "data.mdb")
    assert first.labels(0).texts == second.labels(0).texts
    del first
    assert second.labels(1).texts == ("Wörd 2",)


def test_what_is_written_anew_is_read_anew(tmp_path):
    written(tmp_path / "words", entries(1))
    assert len(load(tmp_path / "words")) == 1
    old = load(tmp_path / "words")
    (tmp_path / "words").rename(tmp_path / "old")
    written(tmp_path / "words", entries(2))
    assert len(load(tmp_path / "words")) == 2
    assert old.labels(0).texts == ("Wörd 1",)


def test_a_pickled_dataset_opens_the_file_for_itself(words):
    dataset = load(words)
    content = pickle.dumps(dataset)
    assert pickle.loads(content).labels(1).texts == ("Wörd 2",)
    del dataset
    fresh = pickle.loads(content)
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda i: fresh.labels(i % 3).texts[0], range(300)))
    assert found == [f"Wörd {i % 3 + 1}" for i in range(300)]


def report(dataset, pipe):
    found = [(dataset.labels(i).texts[0], int(dataset.image(i)[0, 0, 0])) for i in range(3)]
    pipe.send((found, id(dataset._records._opened[1])))


def test_forked_workers_open_the_file_for_themselves(words):
    dataset = load(words)
    assert dataset.labels(0).texts == ("Wörd 1",)
    fork = multiprocessing.get_context("fork")
    ours, theirs = fork.Pipe(duplex=False)
    workers = [fork.Process(target=report, args=(dataset, theirs)) for _ in range(2)]
    for worker in workers:
        worker.start()
    opened = dataset._records._opened[1]
    for worker in workers:
        found, environment = ours.recv()
        assert found == [("Wörd 1", 1), ("Wörd 2", 2), ("Wörd 3", 3)]
        assert environment != id(opened)
        worker.join()
    assert dataset.labels(2).texts == ("Wörd 3",)


def test_an_lmdb_on_a_read_only_place_can_be_read(words):
    (words / "lock.mdb").unlink()
    assert len(load(words)) == 3
    assert [path.name for path in words.iterdir()] == ["data.mdb"]


def test_a_missing_lmdb_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none: cannot be read: No such file"):
        load(tmp_path / "none")
    (tmp_path / "empty").mkdir()
    with pytest.raises(DataError, match=r"data\.mdb: cannot be read: No such file"):
        load(tmp_path / "empty")


@pytest.mark.parametrize("content", [b"", b"no LMDB", bytes(10_000)])
def test_another_file_is_no_lmdb(tmp_path, content):
    (tmp_path / "data.mdb").write_bytes(content)
    with pytest.raises(DataError, match=r"data\.mdb: cannot be read as an LMDB"):
        load(tmp_path)


def test_a_file_that_is_cut_short_is_an_error(tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (100, 100, 3), np.uint8)
    values = {b"num-samples": b"1", b"image-000000001": encode(noise), b"label-000000001": b"a"}
    file = written(tmp_path / "words", values) / "data.mdb"
    file.write_bytes(file.read_bytes()[:-8192])
    with pytest.raises(DataError, match=r"data\.mdb: is cut short: has \d+ bytes of \d+"):
        load(tmp_path / "words")


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({}, "num-samples: is missing"),
        ({b"num-samples": b"three"}, "num-samples: expected a number, got b'three'"),
        ({b"num-samples": b"0"}, "no samples"),
        ({b"num-samples": b"-1"}, "no samples"),
        ({**entries(2), b"num-samples": b"3"}, "says 3, but there is no image-000000003"),
    ],
)
def test_the_number_of_samples_must_be_right(tmp_path, values, message):
    with pytest.raises(DataError, match=message):
        load(written(tmp_path / "words", values))


def test_a_missing_or_damaged_sample_is_the_error_of_that_sample(tmp_path):
    values = entries(4)
    del values[b"label-000000001"], values[b"image-000000002"]
    values |= {b"label-000000003": b"caf\xe9", b"image-000000003": b"no picture"}
    dataset = load(written(tmp_path / "words", values))
    with pytest.raises(DataError, match="words: label-000000001: is missing"):
        dataset.labels(0)
    with pytest.raises(ImageError, match="words: image-000000002: is missing"):
        dataset.image(1)
    with pytest.raises(DataError, match="words: label-000000003: is not UTF-8"):
        dataset.labels(2)
    with pytest.raises(ImageError, match=r"words: image-000000003: .*cannot be read as a picture"):
        dataset.image(2)
    assert dataset.image(0)[0, 0, 0] == 1
    assert dataset.labels(3).texts == ("Wörd 4",)


def test_a_text_may_be_empty(tmp_path):
    values = entries(1) | {b"label-000000001": b""}
    assert load(written(tmp_path / "words", values)).labels(0).texts == ("",)


def test_a_folder_is_known_by_its_file(words):
    assert len(data.load(words)) == 3
