"""`ocrkit recognize`: reads crops of single words or lines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ocrkit.catalog import RECOGNIZER
from ocrkit.cli._options import (
    AllowPrivate,
    AsJson,
    ConfigFile,
    Device,
    Dpi,
    Inputs,
    LanguageName,
    LexiconFile,
    MaxPixels,
    OnlyRecognizerName,
    Pages,
    Setting,
    Threads,
    Whitelist,
    how_to_open,
    load_reader,
    said_in,
)
from ocrkit.cli._output import find, named, report, say, writable_folder
from ocrkit.cli._progress import progress
from ocrkit.cli._targets import of_page, plan, with_suffix
from ocrkit.errors import ImageError

if TYPE_CHECKING:
    from ocrkit.image import Picture
    from ocrkit.inputs import Document, Options
    from ocrkit.reader import Reader

CHUNK = 32
"""Crops that are read at once."""

Crop = tuple["Picture", Path | None]
"""A crop, and where its board of glimpses goes, without a suffix, if it is wanted."""


def recognize(
    inputs: Inputs,
    show_attention: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write NAME.png to this folder: the crop as it was straightened, and where the "
            "recogniser looked for each character. For recognisers with attention: rare and satrn.",
            show_default=False,
        ),
    ] = None,
    as_json: AsJson = False,
    dpi: Dpi = 200,
    pages: Pages = None,
    allow_private: AllowPrivate = False,
    recognizer: OnlyRecognizerName = RECOGNIZER,
    device: Device = "auto",
    threads: Threads = None,
    lexicon: LexiconFile = None,
    whitelist: Whitelist = None,
    language: LanguageName = None,
    max_pixels: MaxPixels = None,
    config: ConfigFile = None,
    settings: Setting = None,
) -> None:
    """Read crops of one upright word or line each: a line per crop, path, text and confidence."""
    pairs = [*(settings or ()), *said_in(lexicon, whitelist, language)]
    opening = how_to_open(dpi, pages, allow_private)
    documents, failures = find(inputs)
    if show_attention:
        writable_folder(show_attention)
    boards = plan(show_attention, documents, [".png"])
    if documents:
        reader = load_reader(
            None, recognizer, device, max_pixels, pairs, file=config, threads=threads
        )
        crops = _crops(list(zip(documents, boards, strict=True)), opening)
        while chunk := list(islice(crops, CHUNK)):
            for record in _read(reader, chunk, failures):
                say(json.dumps(record) if as_json else _line(record))
    report(failures)


def _crops(
    documents: "Sequence[tuple[Document, Path | None]]", opening: "Options"
) -> Iterator[Crop]:
    """The crops in documents, of which most are just one."""
    for document, board in progress(documents, "reading"):
        for picture in document.pictures(opening):
            yield picture, of_page(board, picture) if board else None


def _read(
    reader: "Reader", crops: Sequence[Crop], failures: list[ImageError]
) -> Iterator[dict[str, Any]]:
    """What the crops say, as plain values; those that cannot be read join the failures.

    Where there is a place for a crop's board of glimpses, it is written first.
    """
    from ocrkit.draw import draw_glimpses
    from ocrkit.image import write_image
    from ocrkit.types import SCHEMA

    pictures, images = [], []
    for picture, board in crops:
        try:
            image = picture.load(reader.max_pixels)
        except ImageError as error:
            failures.append(error)
            continue
        pictures.append(picture)
        images.append(image)
        if board:
            drawn = draw_glimpses(image, reader.glimpses(image))
            write_image(with_suffix(board, ".png"), drawn)
    for picture, reading in zip(pictures, reader.recognize(images), strict=True):
        yield {**named(picture), "schema": SCHEMA, **asdict(reading)}


def _line(record: dict[str, Any]) -> str:
    """Path, text and confidence, parted by tabs."""
    name = f"{record['path']}, page {record['page']}" if "page" in record else record["path"]
    return f"{name}\t{record['text']}\t{record['confidence']:.4f}"
