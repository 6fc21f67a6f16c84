"""`ocrkit e2e`: reads the words in pictures."""

from typing import TYPE_CHECKING, Annotated

import typer

from ocrkit.cli._options import (
    AsJson,
    DetectorName,
    Device,
    Inputs,
    LexiconFile,
    MaxPixels,
    MaxSide,
    RecognizerName,
    Save,
    Scales,
    Setting,
    Tile,
    Whitelist,
    load_reader,
    said_in,
    seen_at,
)
from ocrkit.cli._output import Result, run

if TYPE_CHECKING:
    from ocrkit.reader import Reader
    from ocrkit.types import Image, Page


def e2e(
    inputs: Inputs,
    save: Save = None,
    detector: DetectorName = "pixellink",
    recognizer: RecognizerName = "crnn",
    device: Device = "auto",
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    lexicon: LexiconFile = None,
    whitelist: Whitelist = None,
    max_pixels: MaxPixels = None,
    settings: Setting = None,
    verbose: Annotated[
        bool, typer.Option("--verbose", "-v", help="Print each word's confidence after it.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read the words in pictures, from finding them to putting them in order."""
    chosen = [*seen_at(max_side, tile, scales), *said_in(lexicon, whitelist)]

    def look(reader: "Reader", image: "Image") -> Result:
        from ocrkit.draw import draw_page

        page = reader.read(image)
        text = _with_confidences(page) if verbose else page.text
        return Result(page.to_dict(), text, lambda: draw_page(image, page))

    def load() -> "Reader":
        return load_reader(detector, recognizer, device, max_pixels, [*(settings or ()), *chosen])

    run(inputs, save, as_json, load, look)


def _with_confidences(page: "Page") -> str:
    """The page's text with each word's confidence after it."""
    return "\n".join(
        " ".join(f"{word.text} ({word.confidence:.2f})" for word in line) for line in page.lines
    )
