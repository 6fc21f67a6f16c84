"""RCTW-17: difficult lines, and quotes around texts that have commas and quotes of their own."""

import numpy as np
import pytest

from ocrkit.data.sets.rctw17 import Rctw17, Rctw17Config
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

QUAD = "390,902,1856,902,1856,1225,390,1225"


def write(root, *lines, name="image_0.txt", folder="train_gts"):
    (root / folder).mkdir(parents=True, exist_ok=True)
    content = "\ufeff" + "".join(f"{line}\r\n" for line in lines)
    (root / folder / name).write_bytes(content.encode())


def load(root, **settings):
    return Rctw17(Rctw17Config(root=root, **settings))


def test_a_line_is_a_quad_a_flag_and_a_text_in_quotes(tmp_path):
    write(tmp_path, f'{QUAD},0,"金氏眼镜"', f'{QUAD},1,"难"', f'{QUAD},0,"###"')
    labels = load(tmp_path).labels(0)
    assert labels.outlines[0].tolist() == [[390, 902], [1856, 902], [1856, 1225], [390, 1225]]
    assert labels.texts == ("金氏眼镜", "难", "###")
    assert labels.ignored.tolist() == [False, True, True]


def test_commas_and_quotes_within_the_quotes_belong_to_the_text(tmp_path):
    texts = ['"1,500元, 起"', '"他说"好""', '""', '"', "bare", '""']
    write(tmp_path, *(f"{QUAD},0,{text}" for text in texts))
    assert load(tmp_path).labels(0).texts == ("1,500元, 起", '他说"好"', "", '"', "bare", "")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        (f"{QUAD},0", "expected 8 coordinates, whether it is difficult, and a text, got 9 fields"),
        (f'{QUAD},2,"a"', "expected 0 or 1 as ninth number, got '2'"),
        (f'{QUAD[:-4]}x,0,"a"', "could not convert string to float: 'x'; expected 8"),
    ],
)
def test_a_malformed_line_is_named(tmp_path, line, message):
    write(tmp_path, f'{QUAD},0,"a"', line)
    with pytest.raises(DataError, match=rf"image_0\.txt:2: {message}"):
        load(tmp_path).labels(0)


def test_pictures_have_the_names_of_their_labels(tmp_path):
    write(tmp_path, f'{QUAD},0,"a"')
    write_image(tmp_path / "train_images" / "image_0.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path)
    assert dataset.name(0) == "image_0"
    assert dataset.image(0).shape == (20, 30, 3)


def test_version_1_2_has_pictures_and_labels_together_in_parts(tmp_path):
    for part, number in [(1, 0), (2, 2000)]:
        write(
            tmp_path, f'{QUAD},0,"{part}"', name=f"image_{number}.txt", folder=f"train/part{part}"
        )
    picture = tmp_path / "train" / "part2" / "image_2000.jpg"
    write_image(picture, np.zeros((20, 30, 3), np.uint8))
    dataset = load(tmp_path)
    assert [dataset.name(i) for i in range(2)] == ["image_0", "image_2000"]
    assert [dataset.labels(i).texts for i in range(2)] == [("1",), ("2",)]
    assert dataset.place(1) == str(picture)
    with pytest.raises(ImageError, match=r"part1: no picture 'image_0'"):
        dataset.image(0)
    write(tmp_path, f'{QUAD},0,"other"', folder="other")
    assert load(tmp_path, labels=tmp_path / "other").labels(0).texts == ("other",)


def test_missing_labels_are_named(tmp_path):
    with pytest.raises(DataError, match="no labels here: expected train_gts; or set `labels`"):
        load(tmp_path)
