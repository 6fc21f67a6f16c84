r"""COCO-Text, versions 1 and 2: words in photographs that were not taken for the sake of text.

63 686 pictures of COCO's train2014: 43 686 to train on, 10 000 to validate on and 10 000 to test
on, whose labels are not public. The labels are in one file, `cocotext.v2.json` or, of version 1,
`COCO_Text.json`: see `ocrkit.data._json` for its form. An annotation is

    {"id": 45346, "image_id": 217925, "bbox": [468.9, 286.7, 24.1, 9.1], "area": 206.06,
     "mask": [468.9, 286.7, 468.9, 295.2, 493.9, 295.8, 493.9, 287.2], "utf8_string": "New",
     "legibility": "legible", "class": "machine printed", "language": "english"}

in version 2; in version 1 the outline is called `polygon` and is the same as the box. What cannot
be read (`illegible`) is one region however many words it has, and has no text.

Legible, machine-printed English counts; `counted` makes more count. All else is to be ignored.

The outlines run either way round and begin anywhere. They are turned to run clockwise on screen
from where text begins if it is upright, as nearly all of it is. Coordinates are kept as published.
"""

from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit import geometry
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry
from ocrkit.data._json import Node, Picture, read_pictures
from ocrkit.errors import DataError
from ocrkit.types import Floats

FILES = ("cocotext.v2.json", "COCO_Text.json")


class CocoTextConfig(DatasetConfig):
    """Where COCO's pictures and the labels are, and what of them is wanted."""

    name: Literal["cocotext"] = "cocotext"
    root: Path = Field(description="folder with the file of labels and COCO's folder train2014")
    labels: Path | None = Field(None, description="file of labels, if it has another name")
    images: Path | None = Field(None, description="folder of pictures, if not train2014")
    split: Literal["train", "val", "test"] = Field(
        "train", description="which pictures; those of test have no labels"
    )
    counted: Literal["printed-english", "english", "legible", "all"] = Field(
        "printed-english", description="which text is not to be ignored"
    )
    outline: Literal["polygon", "box"] = Field("polygon", description="which outlines")


class CocoText(Entries):
    """Scenes in the order of the file of labels."""

    Config: ClassVar[type[DatasetConfig]] = CocoTextConfig

    def __init__(self, config: CocoTextConfig) -> None:
        """Read the file of labels.

        Raises:
            DataError: It is missing or malformed, or a list names no sample.
        """
        source = config.labels or _find(config.root)
        folder = config.images or config.root / "train2014"
        entries = [
            Entry(
                Path(picture.file).stem,
                partial(Path, folder, picture.file),
                partial(_read, picture, config),
            )
            for picture in read_pictures(source, config.split)
        ]
        super().__init__(entries, config, source)


def _find(root: Path) -> Path:
    """The file of labels."""
    for name in FILES:
        if (root / name).is_file():
            return root / name
    raise DataError(f"{root}: no labels here: expected {' or '.join(FILES)}; or set `labels`")


def _read(picture: Picture, config: CocoTextConfig) -> Labels:
    """The words of one picture."""
    annotations = picture.annotations()
    if config.split == "test" and not annotations:
        reason = "the labels of the test pictures are not public"
        raise DataError(f"{picture.place}: nothing on {picture.file}: {reason}")
    return Labels(
        tuple(_outline(annotation, config) for annotation in annotations),
        tuple(_text(annotation) for annotation in annotations),
        np.array([not _counts(annotation, config) for annotation in annotations], bool),
        tuple(annotation.text("language") for annotation in annotations),
    )


def _text(annotation: Node) -> str | None:
    """The transcription of a word; None if it cannot be read or is not given."""
    text = annotation.text("utf8_string", "") or None
    return text if annotation.text("legibility") == "legible" else None


def _counts(annotation: Node, config: CocoTextConfig) -> bool:
    """Whether a word is not to be ignored."""
    legible = annotation.text("legibility") == "legible"
    english = legible and annotation.text("language") == "english"
    printed = english and annotation.text("class") == "machine printed"
    counted = {"printed-english": printed, "english": english, "legible": legible, "all": True}
    return counted[config.counted]


def _outline(annotation: Node, config: CocoTextConfig) -> Floats:
    """The ring of a word, from where upright text begins."""
    key = "mask" if "mask" in annotation.values else "polygon"
    if config.outline == "box" or not annotation.values.get(key):
        return annotation.box("bbox")
    ring = annotation.ring(key)
    if len(ring) == 4:
        return geometry.upright(ring)
    ring = ring if geometry.area(ring) >= 0 else ring[::-1]
    corner = geometry.min_area_rect(ring)[0]
    start = int(np.argmin(np.linalg.norm(ring - corner, axis=1)))
    return np.roll(ring, -start, axis=0)
