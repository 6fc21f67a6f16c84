"""`ocrkit recognize`: reads crops of single words or lines."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

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
from ocrkit.cli._output import find, report, say
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
    max_pixels: MaxPixels = None,
    settings: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Read crops of one upright word or line each: a line per crop, path, text and confidence."""
    chosen = [*(settings or ()), *said_in(lexicon, whitelist)]
    crops, failures = find(inputs)
    if crops:
        reader = load_reader(None, recognizer, device, max_pixels, chosen)
        chunks = [crops[start : start + CHUNK] for start in range(0, len(crops), CHUNK)]
        for chunk in progress(chunks, "reading"):
            for record in _read(reader, chunk, failures):
                say(json.dumps(record) if as_json else _line(record))
    report(failures)


def _read(
    reader: "Reader", paths: Sequence[Path], failures: list[ImageError]
) -> Iterator[dict[str, Any]]:
    """What the crops say, as plain values; those that cannot be read join the failures."""
    from ocrkit.image import read_image
    from ocrkit.types import SCHEMA

    images = {}
    for path in paths:
        try:
            images[path] = read_image(path, reader.max_pixels)
        except ImageError as error:
            failures.append(error)
    readings = reader.recognize(list(images.values()))
    for path, reading in zip(images, readings, strict=True):
        yield {"path": typer.format_filename(path), "schema": SCHEMA, **asdict(reading)}


def _line(record: dict[str, Any]) -> str:
    """Path, text and confidence, parted by tabs."""
    return f"{record['path']}\t{record['text']}\t{record['confidence']:.4f}"
