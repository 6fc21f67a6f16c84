"""ICDAR 2003 Robust Reading: scenes with upright words, and pictures of single words.

Scenes: 258 to train on and 251 to test on, in the folders SceneTrialTrain and SceneTrialTest, each
with a file `words.xml` (and others of the same form; `locations.xml` is read where that is missing,
and has no tags), in ISO 8859-1:

    <tagset>
      <image>
        <imageName>apanar_06.08.2002/IMG_1261.JPG</imageName>
        <resolution x="1600" y="1200" />
        <taggedRectangles>
          <taggedRectangle x="174.0" y="392.0" width="274.0" height="195.0" offset="0.0"
                           rotation="0.0" userName="admin">
            <tag>self</tag>
            <segmentation />
          </taggedRectangle>
        </taggedRectangles>
      </image>
    </tagset>

Boxes are upright: the offset (of slanted text) and the rotation are not read, as the benchmark does
not use them. No word is to be ignored.

Words: in the folders TrialTrain and TrialTest, each with a file `word.xml`:

    <imagelist>
      <image file="word/1/1.jpg" tag="self" />
    </imagelist>
"""

from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _tagged
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, short_names
from ocrkit.data._xml import read_xml
from ocrkit.files import TextFiles


class Icdar2003Config(DatasetConfig):
    """Where the archives were unpacked, and which of the sets is wanted."""

    name: Literal["icdar2003"] = "icdar2003"
    root: Path = Field(
        description="folder of SceneTrialTrain and SceneTrialTest (words: TrialTrain, TrialTest)"
    )
    split: Literal["train", "test"] = Field("train", description="which pictures")
    task: Literal["scenes", "words"] = Field("scenes", description="whole scenes or single words")


class Icdar2003(Entries):
    """Scenes or words, in the order of the XML file."""

    Config: ClassVar[type[DatasetConfig]] = Icdar2003Config

    def __init__(self, config: Icdar2003Config) -> None:
        """Read the XML file.

        Raises:
            DataError: It cannot be read or is malformed, or a list names no sample.
        """
        trial = f"Trial{config.split.title()}"
        if config.task == "words":
            listed = config.root / trial / "word.xml"
            entries = _words(listed)
        else:
            folder = config.root / f"Scene{trial}"
            tagged = "words.xml" in TextFiles(folder)
            listed = folder / ("words.xml" if tagged else "locations.xml")
            entries = _tagged.scenes(listed)
        super().__init__(entries, config, listed)


def _words(listed: Path) -> list[Entry]:
    """The pictures of single words, which lie beside the XML file that lists them."""
    content = TextFiles(listed.parent).content(listed.name)
    images = read_xml(content, str(listed), "imagelist").all("image")
    files = [image.attribute("file") for image in images]
    return [
        Entry(
            name,
            partial(Path, listed.parent, file),
            partial(Labels.of_crop, image.attribute("tag")),
        )
        for name, file, image in zip(short_names(files), files, images, strict=True)
    ]
