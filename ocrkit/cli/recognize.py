"""`ocrkit recognize`: reads crops of single words or lines."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from ocrkit.cli._options import (
    AsJson,
    Device,
    Inputs,
    LexiconFile,
    MaxPixels,
    OnlyRecognizerName,
    Setting,
    Whitelist,
    load_reader,
    said_in,
)
from ocrkit.cli._output import find, plan, report, say
from ocrkit.cli._progress import progress
from ocrkit.errors import ImageError

if TYPE_CHECKING:
    from ocrkit.reader import Reader

CHUNK = 32
"""Crops that are read at once."""


def recognize(
    inputs: Inputs,
    recognizer: OnlyRecognizerName = "crnn",
    device: Device = "auto",
    lexicon: LexiconFile = None,
    whitelist: Whitelist = None,
    show_attention: Annotated[
        Path | None,
        typer.Option(
            metavar="FOLDER",
            help="Write NAME.png to this folder: the crop as it was straightened, and where the "
            "recogniser looked for each character. For recognisers with attention: rare.",
            show_default=False,
        ),
    ] = None,
    max_pixels: MaxPixels = None,
    settings: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Read crops of one upright word or line each: a line per crop, path, text and confidence."""
    chosen = [*(settings or ()), *said_in(lexicon, whitelist)]
    crops, failures = find(inputs)
    boards = dict(zip(crops, plan(show_attention, crops), strict=True))
    if crops:
        reader = load_reader(None, recognizer, device, max_pixels, chosen)
        chunks = [crops[start : start + CHUNK] for start in range(0, len(crops), CHUNK)]
        for chunk in progress(chunks, "reading"):
            for record in _read(reader, chunk, boards, failures):
                say(json.dumps(record) if as_json else _line(record))
    report(failures)


def _read(
    reader: "Reader",
    paths: Sequence[Path],
    boards: Mapping[Path, Path | None],
    failures: list[ImageError],
) -> Iterator[dict[str, Any]]:
    """What the crops say, as plain values; those that cannot be read join the failures.

    Where there is a place for a crop's board of glimpses, without a suffix, it is written first.
    """
    from ocrkit.draw import draw_glimpses
    from ocrkit.image import read_image, write_image
    from ocrkit.types import SCHEMA

    images = {}
    for path in paths:
        try:
            images[path] = read_image(path, reader.max_pixels)
        except ImageError as error:
            failures.append(error)
    for path, image in images.items():
        if board := boards[path]:
            drawn = draw_glimpses(image, reader.glimpses(image))
            write_image(board.with_name(f"{board.name}.png"), drawn)
    readings = reader.recognize(list(images.values()))
    for path, reading in zip(images, readings, strict=True):
        yield {"path": typer.format_filename(path), "schema": SCHEMA, **asdict(reading)}


def _line(record: dict[str, Any]) -> str:
    """Path, text and confidence, parted by tabs."""
    return f"{record['path']}\t{record['text']}\t{record['confidence']:.4f}"
