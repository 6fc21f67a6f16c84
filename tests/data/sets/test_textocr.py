"""TextOCR: polygons of as many points as they need, and words of just a dot."""

import json

import numpy as np
import pytest

from ocrkit.data.sets.textocr import TextOCR, TextOCRConfig
from ocrkit.errors import DataError
from ocrkit.image import write_image

KEY = "a4ea732cd3d5948a"


def save(root, *words, split="train"):
    """One picture with words, each of a text and its points."""
    annotations = {
        f"{KEY}_{i}": {
            "id": f"{KEY}_{i}",
            "image_id": KEY,
            "bbox": [525.83, 3.4, 197.64, 33.94],
            "utf8_string": text,
            "points": points,
            "area": 6707.9,
        }
        for i, (text, points) in enumerate(words, start=1)
    }
    images = {KEY: {"id": KEY, "width": 1024, "height": 683, "set": split}}
    images[KEY]["file_name"] = f"train/{KEY}.jpg"
    content = {"imgs": images, "anns": annotations, "imgToAnns": {KEY: list(annotations)}}
    (root / f"TextOCR_0.1_{split}.json").write_text(json.dumps(content))
    return root


def load(root, **settings):
    return TextOCR(TextOCRConfig(root=root, **settings))


def test_points_are_kept_as_they_are_and_a_dot_is_ignored(tmp_path):
    quad = [525.83, 3.4, 723.47, 7.29, 722.76, 36.99, 525.12, 37.34]
    upside_down = [80, 30, 0, 30, 0, 10, 80, 10]
    curve = [0, 10, 40, 0, 80, 10, 80, 30, 40, 20, 0, 30]
    words = [("Performance", quad), (".", upside_down), ("...", upside_down), ("Café", curve)]
    labels = load(save(tmp_path, *words)).labels(0)
    assert labels.texts == ("Performance", ".", "...", "Café")
    assert labels.ignored.tolist() == [False, True, False, False]
    assert np.allclose(labels.outlines[0].ravel(), quad)
    assert labels.outlines[1].tolist() == [[80, 30], [0, 30], [0, 10], [80, 10]]
    assert labels.outlines[3].shape == (6, 2)


def test_a_picture_may_have_no_words(tmp_path):
    assert len(load(save(tmp_path)).labels(0)) == 0


@pytest.mark.parametrize("folder", ["train", "train_images"])
def test_pictures_lie_where_the_archive_or_the_labels_say(tmp_path, folder):
    write_image(tmp_path / folder / f"{KEY}.jpg", np.zeros((20, 30, 3), np.uint8))
    dataset = load(save(tmp_path))
    assert dataset.name(0) == KEY
    assert dataset.place(0) == str(tmp_path / folder / f"{KEY}.jpg")
    assert dataset.image(0).shape == (20, 30, 3)


def test_each_split_has_a_file(tmp_path):
    save(tmp_path, split="val")
    assert len(load(tmp_path, split="val")) == 1
    with pytest.raises(DataError, match=r"TextOCR_0\.1_train\.json: cannot be read"):
        load(tmp_path)


def test_a_malformed_word_is_named(tmp_path):
    dataset = load(save(tmp_path, ("a", [1, 2, 3, 4, 5, 6]), (None, [1, 2, 3, 4, 5, 6])))
    with pytest.raises(DataError, match=rf"{KEY}_2: expected a text as 'utf8_string'"):
        dataset.labels(0)
