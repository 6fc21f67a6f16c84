"""Street name signs in TFRecord files."""

import pickle
import struct

import numpy as np
import pytest

from ocrkit.data._crc32c import crc32c
from ocrkit.data.sets.fsns import Fsns, FsnsConfig
from ocrkit.data.writers import encode
from ocrkit.errors import ConfigError, DataError, ImageError


def varint(value):
    head = [value >> shift & 0x7F | 0x80 for shift in range(0, max(value.bit_length(), 1), 7)]
    return bytes([*head[:-1], head[-1] & 0x7F])


def field(number, content):
    return bytes([number << 3 | 2]) + varint(len(content)) + content


def feature(value):
    if isinstance(value, bytes):
        return field(1, field(1, value))
    return field(3, field(1, b"".join(map(varint, value))))


def record(features):
    data = b"".join(field(1, field(1, k.encode()) + field(2, feature(v))) for k, v in features)
    data = field(1, data)
    length = struct.pack("<Q", len(data))
    return length + masked(length) + data + masked(data)


def masked(data):
    checksum = crc32c(data)
    return struct.pack("<I", ((checksum >> 15 | checksum << 17) + 0xA282EAD8) & 0xFFFFFFFF)


def sign(number, text="Rue de l'Été", views=4):
    image = np.zeros((150, 600, 3), np.uint8)
    for view in range(4):
        image[:, 150 * view : 150 * (view + 1)] = [number, 10 * view, 5]
    return [
        ("image/format", b"png"),
        ("image/encoded", encode(image)),
        ("image/class", (1, 2, *[133] * 35)),
        ("image/unpadded_class", (1, 2)),
        ("image/width", (600,)),
        ("image/orig_width", (150 * views,)),
        ("image/height", (150,)),
        ("image/text", text.encode()),
    ]


def write(folder, split, *files):
    (folder / split).mkdir(parents=True, exist_ok=True)
    for i, signs in enumerate(files):
        name = f"{split}-{i:05d}-of-{len(files):05d}"
        (folder / split / name).write_bytes(b"".join(map(record, signs)))
    return folder


def load(folder, **settings):
    return Fsns(FsnsConfig(root=folder, **settings))


@pytest.fixture
def signs(tmp_path):
    first = [sign(1), sign(2, "Place A\nB", views=2)]
    write(tmp_path, "train", first, [], [sign(3, "Quai")])
    write(tmp_path, "test", [sign(9, "Impasse")])
    return tmp_path


def test_records_of_all_files_are_samples(signs):
    dataset = load(signs)
    assert [dataset.name(i) for i in range(len(dataset))] == [
        "train-00000-00000",
        "train-00000-00001",
        "train-00002-00000",
    ]
    texts = [dataset.labels(i).texts[0] for i in range(3)]
    assert texts == ["Rue de l'Été", "Place A\nB", "Quai"]
    assert dataset.labels(0).outlines == (None,)
    assert [dataset.image(i)[0, 0, 0] for i in range(3)] == [1, 2, 3]
    assert dataset.image(0).shape == (150, 600, 3)
    assert dataset.place(2) == f"{signs / 'train' / 'train-00002-of-00003'}: record 0"
    assert pickle.loads(pickle.dumps(dataset)).labels(2).texts == ("Quai",)


def test_a_split_and_samples_are_chosen(signs):
    assert load(signs, split="test").labels(0).texts == ("Impasse",)
    (signs / "list.txt").write_text("train-00002-00000\n")
    chosen = load(signs, only=signs / "list.txt")
    assert [chosen.labels(i).texts[0] for i in range(len(chosen))] == ["Quai"]
    assert chosen.name(0) == "train-00002-00000"
    assert chosen.image(0)[0, 0, 0] == 3


@pytest.mark.parametrize("view", [0, 1, 2, 3])
def test_one_view_may_be_wanted(signs, view):
    dataset = load(signs, view=view)
    image = dataset.image(2)
    assert image.shape == (150, 150, 3)
    assert (image == [3, 10 * view, 5]).all()
    if view < 2:
        assert (dataset.image(1) == [2, 10 * view, 5]).all()
    else:
        with pytest.raises(ImageError, match=rf"record 1: has 2 views, .* number {view}"):
            dataset.image(1)


def test_files_may_lie_in_the_root(signs):
    assert load(signs / "test", split="test").labels(0).texts == ("Impasse",)
    with pytest.raises(DataError, match=r"test: no files train-00000-of-\.\.\. here"):
        load(signs / "test")


def test_missing_files_are_not_passed_over(signs):
    (signs / "train" / "train-00000-of-00003").unlink()
    with pytest.raises(DataError, match=r"train: 2 of 3 files are here; set incomplete=true"):
        load(signs)
    assert load(signs, incomplete=True).labels(0).texts == ("Quai",)
    with pytest.raises(DataError, match="none: cannot be read"):
        load(signs / "none")


def test_a_damaged_record_is_the_error_of_its_sample(signs):
    path = signs / "train" / "train-00000-of-00003"
    content = bytearray(path.read_bytes())
    content[len(record(sign(1))) + 200] ^= 1
    path.write_bytes(content)
    dataset = load(signs)
    assert dataset.labels(0).texts == ("Rue de l'Été",)
    with pytest.raises(DataError, match="train-00000-of-00003: record 1: is damaged"):
        dataset.labels(1)
    with pytest.raises(ImageError, match="train-00000-of-00003: record 1: is damaged"):
        dataset.image(1)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image/text": b"\xff"}, "record 0: image/text: is not UTF-8"),
        ({"image/text": (1,)}, "record 0: image/text: expected one value"),
        ({"image/text": None}, "record 0: image/text: expected one value, got 0"),
    ],
)
def test_a_record_must_have_a_text(tmp_path, changed, message):
    features = {**dict(sign(1)), **changed}
    kept = [(key, value) for key, value in features.items() if value is not None]
    dataset = load(write(tmp_path, "train", [kept]))
    with pytest.raises(DataError, match=message):
        dataset.labels(0)
    assert dataset.image(0).shape == (150, 600, 3)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"image/encoded": b"no picture"}, "record 0: .*cannot be read as a picture"),
        ({"image/encoded": None}, "record 0: image/encoded: expected one value, got 0"),
        ({"image/encoded": encode(np.zeros((150, 450, 3), np.uint8))}, "expected 600 x 150 px"),
    ],
)
def test_a_record_must_have_a_picture(tmp_path, changed, message):
    features = {**dict(sign(1)), **changed}
    kept = [(key, value) for key, value in features.items() if value is not None]
    dataset = load(write(tmp_path, "train", [kept]), view=0)
    assert dataset.labels(0).texts == ("Rue de l'Été",)
    with pytest.raises(ImageError, match=message):
        dataset.image(0)


def test_no_records_are_an_error(tmp_path):
    with pytest.raises(DataError, match="no samples"):
        load(write(tmp_path, "train", [], []))


def test_there_are_four_views():
    from ocrkit import config

    with pytest.raises(ConfigError, match="view"):
        config.validate(FsnsConfig, {"root": ".", "view": 4}, "fsns")
