"""`ocrkit e2e`: reads the words in pictures."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrkit import formats
from ocrkit.catalog import DETECTOR, RECOGNIZER
from ocrkit.cli._options import (
    AllowPrivate,
    AsJson,
    ConfigFile,
    DetectorName,
    Device,
    Dpi,
    Inputs,
    LanguageName,
    LexiconFile,
    MaxPixels,
    MaxSide,
    Pages,
    Quiet,
    ReadingDirection,
    RecognizerName,
    Resume,
    Save,
    Scales,
    Setting,
    SpotterName,
    Threads,
    Tile,
    Whitelist,
    how_to_open,
    load_reader,
    said_in,
    seen_at,
)
from ocrkit.cli._output import Order, Task, run
from ocrkit.cli._video import Cut, End, Every, MaxFps, Start, Video, VideoOrder, run_video
from ocrkit.errors import ConfigError
from ocrkit.formats import Format, Sheet

if TYPE_CHECKING:
    from ocrkit.image import Picture
    from ocrkit.reader import Reader
    from ocrkit.types import Image, Page, Word

FormatNames = Annotated[
    list[str] | None,
    typer.Option(
        "--format",
        "-f",
        metavar="NAME",
        help=f"Of {', '.join(formats.NAMES)}: what --save writes (json and png if not given; "
        "repeatable); or, without --save, what is printed: one of text.",
        show_default=False,
    ),
]
Verbose = Annotated[bool, typer.Option("-v", "--verbose", help="Lines with confidences in them.")]
Lines = Annotated[bool, typer.Option("--lines", help="Print a line a line; so it is anyway.")]
Words = Annotated[
    bool,
    typer.Option("--words", help="Print a word a line, a tab, its confidence, a tab, x1,y1,..."),
]
Characters = Annotated[
    bool, typer.Option("--chars", help="Print a character a line, in the same way.")
]


def e2e(
    inputs: Inputs,
    save: Save = None,
    format_names: FormatNames = None,
    resume: Resume = False,
    quiet: Quiet = False,
    as_json: AsJson = False,
    lines: Lines = False,
    words: Words = False,
    characters: Characters = False,
    verbose: Verbose = False,
    dpi: Dpi = 200,
    pages: Pages = None,
    allow_private: AllowPrivate = False,
    detector: DetectorName = None,
    recognizer: RecognizerName = None,
    spotter: SpotterName = None,
    direction: ReadingDirection = "ltr",
    device: Device = "auto",
    threads: Threads = None,
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    lexicon: LexiconFile = None,
    whitelist: Whitelist = None,
    language: LanguageName = None,
    max_pixels: MaxPixels = None,
    config: ConfigFile = None,
    settings: Setting = None,
    video: Video = False,
    start: Start = None,
    end: End = None,
    every: Every = None,
    max_fps: MaxFps = None,
) -> None:
    """Read the words in pictures and videos, from finding them to putting them in order."""
    if spotter is not None and (detector or recognizer):
        raise ConfigError("--spotter: takes the place of --detector and --recognizer; give one")
    seen = seen_at(max_side, tile, scales, "detector" if video else "spotter")
    pairs = [*(settings or ()), *seen, *said_in(lexicon, whitelist, language)]

    def load(pairs: Sequence[str] = pairs) -> "Reader":
        return load_reader(
            detector or DETECTOR,
            recognizer or RECOGNIZER,
            device,
            max_pixels,
            pairs,
            spotter=spotter,
            direction=direction,
            file=config,
            threads=threads,
        )

    cut = Cut(start, end, every, max_fps)
    if video:
        run_video(VideoOrder(inputs, cut, save, as_json, quiet), pairs, load)
        return
    if any(value is not None for value in cut):
        raise ConfigError("--start, --end, --every and --max-fps go with --video")
    text = _form(verbose=verbose, lines=lines, words=words, characters=characters)
    outputs, printed = _outputs(format_names or (), save, as_json)
    task = Task(load, _look, _record, text, _sheet, outputs, printed)
    opening = how_to_open(dpi, pages, allow_private)
    run(task, Order(inputs, opening, save, as_json, quiet, resume))


def _outputs(
    names: Sequence[str], save: Path | None, as_json: bool
) -> tuple[list[Format], Format | None]:
    """The formats that are written, and the one that is printed.

    Raises:
        ConfigError: There is no such format, or it is not one that can be printed.
    """
    found = [formats.find(name) for name in dict.fromkeys(names or ("json", "png"))]
    if save is not None or not names:
        return found, None
    if len(found) > 1 or found[0].binary or as_json:
        text = ", ".join(name for name in formats.NAMES if not formats.find(name).binary)
        raise ConfigError(
            f"--format: without --save FOLDER, one of {text} is printed, and no other"
        )
    return [], found[0]


def _form(*, verbose: bool, lines: bool, words: bool, characters: bool) -> "Callable[[Page], str]":
    """How a page is printed for eyes.

    Raises:
        ConfigError: It was asked for in two ways.
    """
    if (lines or verbose) + words + characters > 1:
        raise ConfigError("--lines (and -v), --words and --chars: choose one")
    if words:
        return lambda page: "\n".join(map(_word, page.words))
    if characters:
        return lambda page: "\n".join(line for word in page.words for line in _characters(word))
    return _with_confidences if verbose else lambda page: page.text


def _look(reader: "Reader", image: "Image") -> "Page":
    return reader.read(image)


def _record(page: "Page") -> dict[str, object]:
    return page.to_dict()


def _sheet(picture: "Picture", image: "Image", page: "Page") -> Sheet:
    """The page for an output, with the picture's name as it can be said in UTF-8."""
    name = typer.format_filename(picture.document)
    return Sheet(name, picture.number, image, page, picture.dpi, picture.pages)


def _with_confidences(page: "Page") -> str:
    """The page's text with each word's confidence after it."""
    return "\n".join(
        " ".join(f"{word.text} ({word.confidence:.2f})" for word in line) for line in page.lines
    )


def _word(word: "Word") -> str:
    """A word, its confidence and its corners, parted by tabs."""
    return f"{word.text}\t{word.confidence:.4f}\t{_corners(word.to_dict()['quad'])}"


def _characters(word: "Word") -> list[str]:
    """The same of each character; its corners cut the word's quad."""
    from ocrkit import geometry

    return [
        f"{c.text}\t{c.confidence:.4f}\t{_corners(geometry.part(word.quad, *c.span).tolist())}"
        for c in word.characters
    ]


def _corners(quad: Sequence[Sequence[float]]) -> str:
    """As x1,y1,x2,y2,x3,y3,x4,y4, in pixels."""
    return ",".join(f"{round(value, 2) + 0.0:g}" for point in quad for value in point)
