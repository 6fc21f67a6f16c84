"""`ocrkit evaluate`: scores a model, or predictions in a file, by the benchmarks' protocols."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.data.icdar import Icdar, Labels
    from ocrkit.evaluate import ImageResult, Outlines

app = typer.Typer(
    help="Score a model, or predictions in a file, by the protocols of the benchmarks.",
    no_args_is_help=True,
)

Images = Annotated[Path, typer.Option(help="Folder of pictures.")]
LabelFiles = Annotated[Path, typer.Option(help="Folder of label files, as ICDAR 2015 has them.")]
Only = Annotated[Path | None, typer.Option(help="File of the names to score, one a line.")]
Without = Annotated[Path | None, typer.Option(help="File of the names to leave out.")]
Pred = Annotated[Path | None, typer.Option(help="Predictions (JSON) to score instead of a model.")]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]

T = TypeVar("T")

CHUNK = 64
"""Crops that are read at once."""


class Found(NamedTuple):
    """What was found in one picture: outlines (K, 2), and what each says."""

    outlines: "Outlines"
    readings: Sequence[str]


Finder = Callable[[str], Found]
"""From the path of a picture to what was found in it."""


@app.command()
def detection(
    images: Images,
    labels: LabelFiles,
    model: Annotated[
        str | None, typer.Option(help="Detector: a name or a weights file; default pixellink.")
    ] = None,
    pred: Pred = None,
    only: Only = None,
    without: Without = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Where the words are: ICDAR 2015 task 4.1, IoU greater than 0.5."""
    from ocrkit.evaluate import Result
    from ocrkit.evaluate.detection import PROTOCOL, score_image

    def score(found: Found, truth: "Labels") -> "ImageResult":
        return score_image(found.outlines, truth.quads, truth.ignored)

    _one_source(pred, model)
    dataset = _scenes(images, labels, only, without)
    model = model or "pixellink"
    find = _predicted(pred, dataset) if pred else _detected(model, device)
    result = Result(PROTOCOL, tuple(_score_all(dataset, find, score)))
    _show(str(pred or model), [result.to_dict()], as_json)


@app.command()
def spotting(
    images: Images,
    labels: LabelFiles,
    detector: Annotated[
        str | None, typer.Option(help="A name or a weights file; default pixellink.")
    ] = None,
    recognizer: Annotated[
        str | None, typer.Option(help="A name or a weights file; default crnn.")
    ] = None,
    pred: Pred = None,
    only: Only = None,
    without: Without = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """Where the words are and what they say: ICDAR 2015 task 4.4, without a lexicon."""
    from ocrkit.evaluate import Result
    from ocrkit.evaluate.spotting import END_TO_END, WORD_SPOTTING, end_to_end, word_spotting

    def score(found: Found, truth: "Labels") -> "tuple[ImageResult, ImageResult]":
        compared = (*found, truth.quads, truth.texts, truth.ignored)
        return end_to_end(*compared), word_spotting(*compared)

    _one_source(pred, detector, recognizer)
    dataset = _scenes(images, labels, only, without)
    detector, recognizer = detector or "pixellink", recognizer or "crnn"
    find = _predicted(pred, dataset) if pred else _read(detector, recognizer, device)
    scores = list(_score_all(dataset, find, score))
    _show(
        str(pred) if pred else f"{detector}, {recognizer}",
        [
            Result(END_TO_END, tuple(both[0] for both in scores)).to_dict(),
            Result(WORD_SPOTTING, tuple(both[1] for both in scores)).to_dict(),
        ],
        as_json,
    )


@app.command()
def recognition(
    table: Annotated[Path, typer.Option(help="File of `path<TAB>text` lines.")],
    model: Annotated[str, typer.Option(help="Recogniser: a name or a weights file.")] = "crnn",
    only: Annotated[Path | None, typer.Option(help="File of the paths to score.")] = None,
    without: Annotated[Path | None, typer.Option(help="File of the paths to leave out.")] = None,
    device: Device = "auto",
    as_json: AsJson = False,
) -> None:
    """What cropped words say: accuracy over 36 characters and as written, 1-NED, CER."""
    from ocrkit.data.crops import Crops, CropsConfig
    from ocrkit.evaluate.recognition import score
    from ocrkit.reader import load

    dataset = Crops(CropsConfig(table=table, only=only, without=without))
    reader = load(detector=None, recognizer=model, device=device)
    readings: list[str] = []
    for start in _progress(range(0, len(dataset), CHUNK)):
        chunk = range(start, min(start + CHUNK, len(dataset)))
        readings += [r.text for r in reader.recognize([dataset.name(i) for i in chunk])]
    result = score([dataset.text(i) for i in range(len(dataset))], readings)
    _show(model, [result.to_dict()], as_json)


def _one_source(pred: Path | None, *models: str | None) -> None:
    if pred and any(models):
        raise typer.BadParameter("score either predictions (--pred) or models, not both")


def _scenes(images: Path, labels: Path, only: Path | None, without: Path | None) -> "Icdar":
    from ocrkit.data.icdar import Icdar, IcdarConfig

    return Icdar(IcdarConfig(images=images, labels=labels, only=only, without=without))


def _predicted(path: Path, dataset: "Icdar") -> Finder:
    """Finds what a file says, of which at least one picture must be in the dataset."""
    import numpy as np

    from ocrkit.errors import DataError
    from ocrkit.evaluate.predictions import read_predictions

    predictions = read_predictions(path)
    pictures = [dataset.name(i) for i in range(len(dataset))]
    if predictions and not any(Path(picture).stem in predictions for picture in pictures):
        raise DataError(f"{path}: has none of the pictures to score, such as {pictures[0]}")

    def find(picture: str) -> Found:
        found = predictions.get(Path(picture).stem, ())
        return Found([np.array(p.polygon) for p in found], [p.text for p in found])

    return find


def _detected(model: str, device: str) -> Finder:
    """Finds what a detector finds."""
    from ocrkit.reader import load

    reader = load(detector=model, recognizer=None, device=device)

    def find(picture: str) -> Found:
        quads = reader.detect(picture).quads
        return Found(quads, [""] * len(quads))

    return find


def _read(detector: str, recognizer: str, device: str) -> Finder:
    """Finds what a detector and a recogniser find and read."""
    from ocrkit.reader import load

    reader = load(detector=detector, recognizer=recognizer, device=device)

    def find(picture: str) -> Found:
        words = reader.read(picture).words
        return Found([word.quad for word in words], [word.text for word in words])

    return find


def _score_all(
    dataset: "Icdar", find: Finder, score: "Callable[[Found, Labels], T]"
) -> Iterator[T]:
    """The score of each picture; an error names the picture."""
    from ocrkit.errors import DataError

    for index in _progress(range(len(dataset))):
        try:
            yield score(find(dataset.name(index)), dataset.labels(index))
        except DataError as error:
            raise DataError(f"{dataset.name(index)}: {error}") from error


def _progress(steps: range) -> Iterable[int]:
    """The steps, with a bar on stderr where a person looks at it."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    return track(steps, "scoring", console=console, transient=True, disable=not console.is_terminal)


def _show(source: str, results: Sequence[dict[str, Any]], as_json: bool) -> None:
    """Print results of one source: JSON, or a table with a column for each."""
    if as_json:
        report = {"source": source, "results": results}
        typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    table = Table(title=escape(source), show_header=False)
    for rows in zip(*map(_rows, results), strict=True):
        table.add_row(rows[0][0], *(value for _, value in rows))
    Console().print(table)


def _rows(result: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Names and values as a person reads them."""
    for key, value in result.items():
        if isinstance(value, dict):
            yield from _rows({f"{name} greater than": limit for name, limit in value.items()})
        else:
            shown = f"{value:.4f}" if isinstance(value, float) else str(value)
            yield key.replace("_", " "), shown
