"""SCUT-CTW1500: scenes with curved lines of text, as rings of 14 points.

1000 pictures to train on (`0001.jpg` ...) and 500 to test on (`1001.jpg` ...). A ring runs along
the top of the line and back along its bottom, seven points each. Labels have three forms:

to train on, `0001.xml`,

    <Annotations>
        <image file="0001.jpg">
            <box height="197" left="131" top="49" width="399">
                <label>OLATHE</label>
                <segs>131,58,208,49,279,56,346,76,412,101,473,141,530,192,...</segs>
                <pts x="183" y="95" />
            </box>
        </image>
    </Annotations>

to test on, `0001001.txt` (or `0000gt_1001.txt`), 28 numbers and the text after `####`, one line of
text a line (the text, or the hashes too, may be missing),

    95,131,190,112,285,96,380,90,...,95,230,####SUMMER READING

and in the first release, `0001.txt` and `1001.txt` without texts: 32 numbers, of which the first
four are left, top, right and bottom, and the others are points less left and top.

Lines are labelled, not words. The text `###` marks one to be ignored.
"""

from collections.abc import Iterator
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, FoldersConfig, scenes
from ocrkit.data._rrc import labels_of
from ocrkit.data._xml import read_xml
from ocrkit.errors import DataError
from ocrkit.files import TextFiles, parse_numbers
from ocrkit.types import Floats

NUMBERS = 28
"""Of a ring of 14 points."""

MARK = "####"
"""Stands before a text."""


class Ctw1500Config(FoldersConfig):
    """Where the archives were unpacked, and which part of the set is wanted."""

    name: Literal["ctw1500"] = "ctw1500"
    split: Literal["train", "test"] = Field("train", description="which pictures")


class Ctw1500(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Ctw1500Config

    def __init__(self, config: Ctw1500Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        split = config.split
        pictures = config.pictures(f"{split}_images", f"{split}/text_image")
        names = [f"ctw1500_{split}_labels", f"{split}/text_label_curve"]
        if split == "test":
            names.insert(1, "gt_ctw1500")
        truth = config.truth(*names)
        pattern = r".*(\d{4})\.(?:xml|txt)"
        super().__init__(scenes(pattern, TextFiles(truth), pictures.find, _read), config, truth)


def _read(files: TextFiles, name: str) -> Labels:
    """The lines of text of one picture."""
    rows = list(_read_xml(files, name) if name.endswith(".xml") else _read_txt(files, name))
    return labels_of([ring for ring, _ in rows], [text for _, text in rows])


def _read_xml(files: TextFiles, name: str) -> Iterator[tuple[Floats, str | None]]:
    root = read_xml(files.content(name), str(files.path / name), "Annotations")
    for box in [box for image in root.all("image") for box in image.all("box")]:
        yield _ring(box.required("segs").split(","), box.where), box.inner("label")


def _read_txt(files: TextFiles, name: str) -> Iterator[tuple[Floats, str | None]]:
    lines = [(where, line.split(",", NUMBERS)) for where, line in files.lines(name)]
    relative = [_four_more(fields[NUMBERS:]) for _, fields in lines]
    for where, fields in lines:
        if relative and all(relative):
            numbers = [*fields[:NUMBERS], *fields[NUMBERS].split(",")]
            yield _ring(numbers[4:], where) + _ring(numbers[:2] * 14, where), None
        else:
            text = fields[NUMBERS].removeprefix(MARK) if len(fields) > NUMBERS else None
            yield _ring(fields[:NUMBERS], where), text


def _four_more(rest: list[str]) -> bool:
    """Whether what follows 28 numbers are four more, as in the first release."""
    fields = rest[0].split(",") if rest else []
    return len(fields) == 4 and all(field.strip().lstrip("-").isdecimal() for field in fields)


def _ring(fields: list[str], where: str) -> Floats:
    """The points of a line of text; (14, 2)."""
    if len(fields) != NUMBERS:
        raise DataError(f"{where}: expected {NUMBERS} coordinates, got {len(fields)}")
    return np.array(parse_numbers(fields, where), np.float32).reshape(-1, 2)
