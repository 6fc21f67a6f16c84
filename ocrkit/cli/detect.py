"""`ocrkit detect`: finds where text is in pictures."""

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from ocrkit.catalog import DETECTOR
from ocrkit.cli._options import (
    AllowPrivate,
    AsJson,
    ConfigFile,
    Device,
    Dpi,
    Inputs,
    MaxPixels,
    MaxSide,
    OnlyDetectorName,
    Pages,
    Quiet,
    Resume,
    Save,
    Scales,
    Setting,
    Threads,
    Tile,
    how_to_open,
    load_reader,
    seen_at,
)
from ocrkit.cli._output import Order, Task, named, run

if TYPE_CHECKING:
    from ocrkit.image import Picture
    from ocrkit.reader import Reader
    from ocrkit.types import Detections, Image


class Found(NamedTuple):
    """What was found in a picture."""

    size: tuple[int, int]
    detections: "Detections"


class Sheet(NamedTuple):
    """What was found in a picture, and the picture."""

    picture: "Picture"
    image: "Image"
    found: Found


class Output(NamedTuple):
    """A kind of file; of a document with pages, each has one of its own."""

    suffix: str
    binary: bool
    render: Callable[[Sequence[Sheet]], bytes]
    joins: bool = False


def detect(
    inputs: Inputs,
    save: Save = None,
    resume: Resume = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    dpi: Dpi = 200,
    pages: Pages = None,
    allow_private: AllowPrivate = False,
    detector: OnlyDetectorName = DETECTOR,
    device: Device = "auto",
    threads: Threads = None,
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    max_pixels: MaxPixels = None,
    config: ConfigFile = None,
    settings: Setting = None,
) -> None:
    """Find where text is: a line per word, x1,y1,x2,y2,x3,y3,x4,y4, a tab, and the score."""
    pairs = [*(settings or ()), *seen_at(max_side, tile, scales)]

    def load() -> "Reader":
        return load_reader(detector, None, device, max_pixels, pairs, file=config, threads=threads)

    outputs = (Output(".json", False, _json), Output(".png", True, _png))
    task = Task(load, _look, _record, _lines, Sheet, outputs)
    run(task, Order(inputs, how_to_open(dpi, pages, allow_private), save, as_json, quiet, resume))


def _look(reader: "Reader", image: "Image") -> Found:
    """Where text is in a picture."""
    height, width = image.shape[:2]
    return Found((height, width), reader.detect(image))


def _record(found: Found) -> dict[str, Any]:
    """Plain values for JSON."""
    from ocrkit.types import SCHEMA

    height, width = found.size
    quads = found.detections.quads.astype(float).round(2) + 0.0  # which turns -0.0 into 0.0
    detections = [
        {"score": round(float(score), 4), "quad": quad.tolist()}
        for quad, score in zip(quads, found.detections.scores, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "size": {"height": height, "width": width},
        "detections": detections,
    }


def _lines(found: Found) -> str:
    """Corners and score, a line per detection."""
    return "\n".join(
        ",".join(f"{v:g}" for point in one["quad"] for v in point) + f"\t{one['score']:.4f}"
        for one in _record(found)["detections"]
    )


def _json(sheets: Sequence[Sheet]) -> bytes:
    """The record."""
    (sheet,) = sheets
    record = {**named(sheet.picture), **_record(sheet.found)}
    return (json.dumps(record, ensure_ascii=False, indent=2) + "\n").encode()


def _png(sheets: Sequence[Sheet]) -> bytes:
    """The picture with what was found drawn in."""
    from ocrkit.draw import draw_detections
    from ocrkit.image import encode_image

    (sheet,) = sheets
    return encode_image(draw_detections(sheet.image, sheet.found.detections), ".png")
