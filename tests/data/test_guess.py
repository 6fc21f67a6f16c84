"""Which set lies at a place, and how it is loaded from there."""

import pytest

from ocrkit import data
from ocrkit.errors import ConfigError, DataError, UnknownModelError

QUAD = "10,5,30,5,30,15,10,15"


def test_what_a_set_is_can_be_told_by_its_files(tmp_path):
    labels, images, table = tmp_path / "labels", tmp_path / "images", tmp_path / "t.tsv"
    labels.mkdir()
    images.mkdir()
    for i in (1, 2, 3):
        (labels / f"gt_img_{i}.txt").write_text(f"{QUAD},a\n")
        (images / f"img_{i}.png").write_bytes(b"")
    table.write_text("a.png\ta\n")
    assert data.guess(table) == "crops"
    assert data.guess(labels) == "icdar"
    for path, name in [("a.jsonl", "jsonl"), ("data.mdb", "lmdb"), ("B.TSV", "crops")]:
        (tmp_path / path).write_bytes(b"")
        assert data.guess(tmp_path / path) == name
    assert data.guess(tmp_path) == "lmdb"
    (tmp_path / "data.mdb").rename(images / "labels.jsonl")
    assert data.guess(images) == "jsonl"
    assert data.guess(tmp_path) is None
    assert len(data.load(table)) == 1
    assert len(data.load(labels, settings={"images": images})) == 3


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (f"{QUAD},a\n", "icdar"),
        (f"{QUAD},Latin\n", "icdar"),
        (f"\ufeff{QUAD},a,b\r\n{QUAD}\r\n", "icdar"),
        ("", "icdar"),
        (f"{QUAD},Latin,a\n", None),  # MLT
        (f"{QUAD},a\n{QUAD},Latin,a\n", None),
        ('38 43 920 215 "Tiredness"\n', None),  # ICDAR 2013
        ("10,5,30,5\n", None),
        (b"\xff\xfe\n", None),
    ],
)
def test_a_folder_of_label_files_is_icdar_only_beyond_doubt(tmp_path, content, name):
    content = content if isinstance(content, bytes) else content.encode()
    (tmp_path / "gt_img_1.txt").write_bytes(content)
    assert data.guess(tmp_path) == name


def test_a_set_that_cannot_be_told_has_to_be_named(tmp_path):
    (tmp_path / "readme.txt").write_bytes(b"")
    for path in (tmp_path, tmp_path / "readme.txt"):
        assert data.guess(path) is None
        with pytest.raises(ConfigError) as caught:
            data.load(path)
        message = f"{path}: name the set that this is (--from NAME); one of: "
        assert str(caught.value) == message + ", ".join(data.names())
    with pytest.raises(UnknownModelError):
        data.load(tmp_path, "none")


@pytest.mark.parametrize("name", ["no", "no.tsv"])
def test_a_source_that_does_not_exist(tmp_path, name):
    with pytest.raises(DataError, match=f"{name}: no such file or folder"):
        data.load(tmp_path / name)


def test_what_the_path_and_the_name_say_cannot_be_said_again(tmp_path):
    for key in ("labels", "name"):
        with pytest.raises(ConfigError, match=f"{key}=x: is said already"):
            data.load(tmp_path, "icdar", {key: "x"})
