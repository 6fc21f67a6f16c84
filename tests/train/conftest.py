"""Small datasets that tests draw themselves, and experiments on them."""

import cv2
import numpy as np
import PIL.Image
import pytest
import yaml

WORDS = ("EXIT", "Stop", "42", "Cafe", "open", "A1")


def drawn(text, height=40):
    """A word in black on white, (height, 20 px a character, 3)."""
    image = np.full((height, 20 * len(text) + 20, 3), 255, np.uint8)
    cv2.putText(image, text, (10, height - 12), cv2.FONT_HERSHEY_SIMPLEX, 0.9, (0, 0, 0), 2)
    return image


@pytest.fixture
def root(tmp_path):
    """A folder with a table of crops and two scenes in ICDAR's form."""
    folder = tmp_path / "data"
    (folder / "crops").mkdir(parents=True)
    rows = []
    for index, text in enumerate(WORDS):
        PIL.Image.fromarray(drawn(text)).save(folder / "crops" / f"{index}.png")
        rows.append(f"crops/{index}.png\t{text}\n")
    (folder / "words.tsv").write_text("".join(rows))
    (folder / "val.txt").write_text("crops/0.png\ncrops/1.png\n")
    for index, text in enumerate(("TWO", "one")):
        _write_scene(folder, index, text)
    return folder


def _write_scene(folder, index, text):
    (folder / "images").mkdir(exist_ok=True)
    (folder / "labels").mkdir(exist_ok=True)
    image = np.full((120, 200, 3), 128, np.uint8)
    word = drawn(text)
    height, width = word.shape[:2]
    image[30 : 30 + height, 40 : 40 + width] = word
    PIL.Image.fromarray(image).save(folder / "images" / f"s{index}.png")
    right, bottom = 40 + width, 30 + height
    lines = f"40,30,{right},30,{right},{bottom},40,{bottom},{text}\n5,90,60,90,60,110,5,110,###\n"
    (folder / "labels" / f"gt_s{index}.txt").write_text(lines)


@pytest.fixture
def words_config(root, tmp_path):
    """The path of an experiment for a small recogniser, as a mapping in YAML."""
    blocks = {
        "model": {"name": "crnn", "hidden": 8},
        "data_root": str(root),
        "data": {"shop": {"name": "crops", "table": "words.tsv"}},
        "validation": {"shop": {"name": "crops", "table": "words.tsv", "only": "val.txt"}},
        "train": {"steps": 4, "batch": 4, "workers": 0, "validate_every": 2, "device": "cpu"},
    }
    path = tmp_path / "words.yaml"
    path.write_text(yaml.safe_dump(blocks))
    return path


@pytest.fixture
def scenes_config(root, tmp_path):
    """The path of an experiment for a detector."""
    scenes = {"name": "icdar", "images": "images", "labels": "labels"}
    blocks = {
        "model": {"name": "pixellink", "long_side": 192},
        "data_root": str(root),
        "data": {"street": scenes},
        "validation": {"street": scenes},
        "train": {
            "steps": 2, "batch": 2, "crop": 96, "workers": 0, "validate_every": 2, "device": "cpu"
        },
    }  # fmt: skip
    path = tmp_path / "scenes.yaml"
    path.write_text(yaml.safe_dump(blocks))
    return path
