"""`ocrkit detect`: finds where text is in pictures."""

from typing import TYPE_CHECKING, Any

from ocrkit.cli._options import (
    AsJson,
    Device,
    Inputs,
    MaxPixels,
    MaxSide,
    OnlyDetectorName,
    Save,
    Scales,
    Setting,
    Tile,
    load_reader,
    seen_at,
)
from ocrkit.cli._output import Result, run

if TYPE_CHECKING:
    from ocrkit.reader import Reader
    from ocrkit.types import Detections, Image


def detect(
    inputs: Inputs,
    save: Save = None,
    detector: OnlyDetectorName = "pixellink",
    device: Device = "auto",
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    max_pixels: MaxPixels = None,
    settings: Setting = None,
    as_json: AsJson = False,
) -> None:
    """Find where text is: a line per word, x1,y1,x2,y2,x3,y3,x4,y4, a tab, and the score."""
    seen = seen_at(max_side, tile, scales)

    def look(reader: "Reader", image: "Image") -> Result:
        from ocrkit.draw import draw_detections

        found = reader.detect(image)
        record = _record(image, found)
        return Result(record, _lines(record), lambda: draw_detections(image, found))

    def load() -> "Reader":
        return load_reader(detector, None, device, max_pixels, [*(settings or ()), *seen])

    run(inputs, save, as_json, load, look)


def _record(image: "Image", found: "Detections") -> dict[str, Any]:
    """Plain values for JSON."""
    from ocrkit.types import SCHEMA

    height, width = image.shape[:2]
    quads = found.quads.astype(float).round(2) + 0.0  # which turns -0.0 into 0.0
    detections = [
        {"score": round(float(score), 4), "quad": quad.tolist()}
        for quad, score in zip(quads, found.scores, strict=True)
    ]
    return {
        "schema": SCHEMA,
        "size": {"height": height, "width": width},
        "detections": detections,
    }


def _lines(record: dict[str, Any]) -> str:
    """Corners and score, a line per detection."""
    return "\n".join(
        ",".join(f"{v:g}" for point in found["quad"] for v in point) + f"\t{found['score']:.4f}"
        for found in record["detections"]
    )
