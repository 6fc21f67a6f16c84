r"""Chinese Text in the Wild (CTW): street views with every Chinese character outlined.

32 285 pictures of 2048 x 2048 px, `0000172.jpg`, with 1 018 402 characters; labels are public for
about 75 % (train) and 5 % (val). They are in `train.jsonl` and `val.jsonl`, one picture a line:

    {"image_id": "0000172", "file_name": "0000172.jpg", "width": 2048, "height": 2048,
     "annotations": [[{"text": "金", "is_chinese": true, "attributes": ["raised"],
                       "polygon": [[x, y], [x, y], [x, y], [x, y]],
                       "adjusted_bbox": [x, y, width, height]}, ...], ...],
     "ignore": [{"polygon": [[x, y], [x, y], [x, y], [x, y]], "bbox": [x, y, width, height]}]}

`annotations` is a list of lines, each a list of characters. Of the pictures of `test_cls.jsonl`,
which has `proposals` instead of both lists, only the places of the Chinese characters are public.

Regions under `ignore` are to be ignored. So are characters that are not Chinese, of which only some
are labelled, and lines with none that is; of lines, the Chinese characters count. `counted` makes
all characters count.

A character's outline is its polygon; or as in the official evaluation, its `adjusted_bbox`, which
is a little smaller. A line's is the smallest rectangle round its characters' polygons, which begins
at the corner from which one of its sides runs most nearly the way that the characters' tops do
(the official evaluation takes the convex hull). Coordinates are kept as published.
"""

import re
from collections.abc import Iterator, Sequence
from functools import partial
from itertools import compress
from pathlib import Path
from typing import ClassVar, Literal, NamedTuple

import numpy as np
from pydantic import Field, model_validator

from ocrkit import geometry
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, FoldersConfig
from ocrkit.data._json import Node, parse
from ocrkit.errors import DataError
from ocrkit.types import Floats

_ID = re.compile(rb'"image_id"\s*:\s*"([^"\\]+)"')


class CtwConfig(FoldersConfig):
    """Where the archives were unpacked, and which part of the set is wanted."""

    name: Literal["ctw"] = "ctw"
    split: Literal["train", "val", "test_cls"] = Field("train", description="which pictures")
    level: Literal["line", "character"] = Field("line", description="what has an outline")
    counted: Literal["chinese", "all"] = Field(
        "chinese", description="which characters are not to be ignored"
    )
    outline: Literal["polygon", "box"] = Field(
        "polygon", description="which outlines of characters and of ignored regions"
    )

    @model_validator(mode="after")
    def _has_lines(self) -> "CtwConfig":
        if self.split == "test_cls" and self.level == "line":
            raise ValueError("test_cls has no lines: set level to character")
        return self


class Ctw(Entries):
    """Scenes in the order of the file of labels."""

    Config: ClassVar[type[DatasetConfig]] = CtwConfig

    def __init__(self, config: CtwConfig) -> None:
        """List the pictures.

        Raises:
            DataError: There are no labels, they are malformed, or a list names no sample.
        """
        part = "test" if config.split == "test_cls" else "trainval"
        pictures = config.pictures(f"images/{part}", part)
        source = config.truth(f"annotations/{config.split}.jsonl", f"{config.split}.jsonl")
        entries = [
            Entry(line.name, partial(pictures.find, line.name), partial(_read, line, config))
            for line in _lines(source)
        ]
        super().__init__(entries, config, source)


class _Line(NamedTuple):
    """Where the label of a picture is."""

    file: Path
    number: int
    start: int
    name: str

    def parse(self) -> Node:
        """What it says; the file is large and is not kept in memory."""
        place = f"{self.file}:{self.number}"
        try:
            with self.file.open("rb") as file:
                file.seek(self.start)
                return parse(file.readline(), place)
        except OSError as error:
            raise DataError(f"{self.file}: cannot be read: {error.strerror}") from error


def _lines(path: Path) -> Iterator[_Line]:
    """The lines of a file that are not blank."""
    start = 0
    try:
        with path.open("rb") as file:
            for number, line in enumerate(file, start=1):
                match = _ID.search(line)
                if match:
                    yield _Line(path, number, start, match[1].decode(errors="replace"))
                elif line.strip():
                    raise DataError(f"{path}:{number}: expected an object with an 'image_id'")
                start += len(line)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error


Region = tuple[Floats, str | None, bool]
"""An outline, its text, and whether it is to be ignored."""


def _read(line: _Line, config: CtwConfig) -> Labels:
    """The lines or characters of one picture."""
    regions = list(_regions(line.parse(), config))
    outlines, texts, ignored = zip(*regions, strict=True) if regions else ((), (), ())
    return Labels(outlines, texts, np.array(ignored, bool))


def _regions(label: Node, config: CtwConfig) -> Iterator[Region]:
    if config.split == "test_cls":
        for character in label.objects("proposals"):
            yield _outline(character, config, "adjusted_bbox"), None, False
        return
    for line in label.lists("annotations"):
        counts = [config.counted == "all" or c.flag("is_chinese") for c in line]
        if config.level == "character":
            for character, counted in zip(line, counts, strict=True):
                outline = _outline(character, config, "adjusted_bbox")
                yield outline, character.text("text"), not counted
        elif line:
            kept = [*compress(line, counts)] or line
            yield _around(kept), "".join(c.text("text") for c in kept), not any(counts)
    for region in label.objects("ignore"):
        yield _outline(region, config, "bbox"), None, True


def _outline(region: Node, config: CtwConfig, box: str) -> Floats:
    """The outline of a character or an ignored region."""
    return region.box(box) if config.outline == "box" else region.ring("polygon")


def _around(characters: Sequence[Node]) -> Floats:
    """The quad of a line."""
    quads = [character.ring("polygon") for character in characters]
    if len(quads) == 1:
        return quads[0]
    rect = geometry.min_area_rect(np.concatenate(quads))
    tops = np.sum([quad[1] - quad[0] for quad in quads], axis=0)
    sides = np.roll(rect, -1, axis=0) - rect
    start = int(np.argmax(sides @ tops / np.maximum(np.linalg.norm(sides, axis=1), 1e-9)))
    return np.ascontiguousarray(np.roll(rect, -start, axis=0))
