"""CUTE80: 80 pictures with curved text, and the 288 words in them; to test on only.

Scenes, as the authors publish them: pictures `CUTE80/image001.jpg` ... and for all of them
`Groundtruth/GroundTruth.xml`, with rings of 3 to 32 points round lines of text. What the lines say
is not told (the text is `test` everywhere), and some pictures have no lines:

    <tagset>
      <Image>
        <ImageName>image001.jpg</ImageName>
        <PolygonPoints x="232 237 248 ... 241" y="159 152 141 ... 172">test</PolygonPoints>
      </Image>
    </tagset>

Words, as others have cut them out: a folder of pictures and a list, one picture a line; after the
word may follow a number and the word again:

    timage/001.jpg RONALDO 1 RONALDO

Nothing is marked to be ignored.
"""

from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, FoldersConfig, short_names
from ocrkit.data._xml import Element, read_xml
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers
from ocrkit.types import Floats


class Cute80Config(FoldersConfig):
    """Where the set is, and which form of it is wanted."""

    name: Literal["cute80"] = "cute80"
    task: Literal["scenes", "words"] = Field("words", description="whole scenes or single words")


class Cute80(Entries):
    """Words in the order of the list, or scenes in that of the XML file."""

    Config: ClassVar[type[DatasetConfig]] = Cute80Config

    def __init__(self, config: Cute80Config) -> None:
        """Read the list, or the XML file.

        Raises:
            DataError: It cannot be read or is malformed, or a list names no sample.
        """
        if config.task == "words":
            listed = config.truth("test_label.txt", "gt.txt", "groundtruth_recognition.txt")
            super().__init__(_words(listed, config), config, listed)
        else:
            listed = config.truth("Groundtruth/GroundTruth.xml", "GroundTruth.xml")
            super().__init__(_scenes(listed, config), config, listed)


def _words(listed: Path, config: Cute80Config) -> list[Entry]:
    rows = []
    for where, line in TextFiles(listed.parent).lines(listed.name):
        name, *fields = line.split()
        if len(fields) not in (1, 3):
            raise DataError(f"{where}: expected a picture and its word, got {line!r}")
        rows.append((name, fields[0]))
    folder = config.images or config.root
    return [
        Entry(short, partial(_find, folder, name), partial(Labels.of_crop, word))
        for short, (name, word) in zip(short_names([n for n, _ in rows]), rows, strict=True)
    ]


def _find(folder: Path, name: str) -> Path:
    """The picture; the folder that the list names may have another name or be missing."""
    tries = (folder / name, folder / Path(name).name, folder / "image" / Path(name).name)
    return next((path for path in tries if path.is_file()), tries[0])


def _scenes(listed: Path, config: Cute80Config) -> list[Entry]:
    root = read_xml(TextFiles(listed.parent).content(listed.name), str(listed), "tagset")
    rings: dict[str, list[Element]] = {}
    for image in root.all("Image"):
        name = Path(image.required("ImageName")).stem
        rings.setdefault(name, []).extend(image.all("PolygonPoints"))
    pictures = config.pictures("CUTE80")
    return [
        Entry(name, partial(pictures.find, name), partial(_lines, elements))
        for name, elements in rings.items()
    ]


def _lines(elements: list[Element]) -> Labels:
    """The lines of text of one picture."""
    count = len(elements)
    return Labels(tuple(map(_ring, elements)), (None,) * count, np.zeros(count, bool))


def _ring(element: Element) -> Floats:
    """The points of a line of text; (K, 2)."""
    x, y = (parse_numbers(element.attribute(axis).split(), element.where) for axis in "xy")
    if len(x) != len(y) or len(x) < 3:
        raise DataError(f"{element.where}: {len(x)} x and {len(y)} y make no ring of points")
    return np.column_stack([x, y]).astype(np.float32)
