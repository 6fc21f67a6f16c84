r"""TextOCR: words in photographs of Open Images, dense and in every orientation, as polygons.

21 778 pictures with 714 770 words to train on, 3 124 with 107 802 to validate on, and 3 232 to test
on, whose labels are not public. Labels are in `TextOCR_0.1_train.json` and `TextOCR_0.1_val.json`:
see `ocrkit.data._json` for their form. `file_name` is `train/a4ea732cd3d5948a.jpg`, and a word is

    {"id": "a4ea732cd3d5948a_1", "image_id": "a4ea732cd3d5948a", "utf8_string": "Performance",
     "bbox": [525.83, 3.4, 197.64, 33.94], "area": 6707.9,
     "points": [525.83, 3.4, 723.47, 7.29, 722.76, 36.99, 525.12, 37.34]}

Points run clockwise from the top left of the text in its own orientation: four, or more where the
text is curved. A word of just `.` is illegible or not English and is to be ignored. Coordinates are
kept as published.
"""

from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry
from ocrkit.data._json import Picture, read_pictures

IGNORED = "."
"""The transcription of a word that is to be ignored."""


class TextOCRConfig(DatasetConfig):
    """Where the archive of pictures was unpacked and the labels are, and which are wanted."""

    name: Literal["textocr"] = "textocr"
    root: Path = Field(description="folder with the files of labels and the folder train_images")
    labels: Path | None = Field(None, description="file of labels, if it has another name")
    images: Path | None = Field(None, description="folder of pictures, if not train_images")
    split: Literal["train", "val"] = Field("train", description="which pictures")


class TextOCR(Entries):
    """Scenes in the order of the file of labels."""

    Config: ClassVar[type[DatasetConfig]] = TextOCRConfig

    def __init__(self, config: TextOCRConfig) -> None:
        """Read the file of labels.

        Raises:
            DataError: It is missing or malformed, or a list names no sample.
        """
        source = config.labels or config.root / f"TextOCR_0.1_{config.split}.json"
        folder = config.images or _pictures(config.root)
        entries = [
            Entry(
                Path(picture.file).stem,
                partial(Path, folder, Path(picture.file).name),
                partial(_read, picture),
            )
            for picture in read_pictures(source)
        ]
        super().__init__(entries, config, source)


def _pictures(root: Path) -> Path:
    """The folder of pictures; the archive calls it train_images, the labels train."""
    train = root / "train"
    return train if train.is_dir() else root / "train_images"


def _read(picture: Picture) -> Labels:
    """The words of one picture."""
    annotations = picture.annotations()
    texts = tuple(annotation.text("utf8_string") for annotation in annotations)
    outlines = tuple(annotation.ring("points") for annotation in annotations)
    return Labels(outlines, texts, np.array([text == IGNORED for text in texts], bool))
