"""What `ocrkit evaluate` scores: the ground truth, and what models or files say of its pictures."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

import typer

from ocrkit.cli._options import parse_settings
from ocrkit.cli._progress import progress
from ocrkit.errors import ConfigError, DataError, ImageError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.data import Dataset
    from ocrkit.evaluate import Found, Truth
    from ocrkit.evaluate.evaluation import Scene
    from ocrkit.evaluate.lexicon import Lexicon
    from ocrkit.reader import Reader
    from ocrkit.types import Image

T = TypeVar("T")

SHOWN = 5
"""Names that a note lists before it says "and so on"."""


class GroundTruth(NamedTuple):
    """Where the ground truth lies and how it is read, as the options say."""

    source: Path
    name: str | None
    images: Path | None
    only: Path | None
    without: Path | None
    settings: Sequence[str]

    @property
    def set(self) -> str:
        """The name of the set, as it is given or told by the files."""
        from ocrkit import data

        return self.name or str(data.guess(self.source))

    def open(self) -> "Dataset":
        """The dataset.

        Raises:
            ConfigError: There is no such set, it has no such setting, or it cannot be guessed.
            DataError: The set is missing or malformed.
            ImageError: There are no pictures where they should be.
        """
        from ocrkit import data

        given = {"images": self.images, "only": self.only, "without": self.without}
        chosen = {key: value for key, value in given.items() if value is not None}
        return data.load(self.source, self.name, _values(self.settings) | chosen)


class Findings(NamedTuple):
    """What was found in each picture of a dataset, and what is to be said of that."""

    source: str
    founds: "list[Found]"
    ranked: bool
    notes: list[str]


def _values(pairs: Sequence[str]) -> dict[str, Any]:
    """Settings such as `split=test`; values are read as YAML."""
    for pair in pairs:
        if not pair.partition("=")[0] or "=" not in pair:
            raise ConfigError(f"--gt-set {pair}: expected KEY=VALUE, such as split=test")
    return parse_settings([f"gt.{pair}" for pair in pairs]).get("gt", {})


def predicted(path: Path, dataset: "Dataset", texts: bool) -> Findings:
    """What a file says, of which at least one picture must be in the dataset."""
    from ocrkit.evaluate.predictions import found_of, read_predictions

    predictions = read_predictions(path, texts=texts)
    theirs, notes = matched(path, predictions, dataset)
    founds = [found_of(entry or ()) for entry in theirs]
    ranked = any(p.score is not None for entry in predictions.values() for p in entry)
    return Findings(str(path), founds, ranked, notes)


def matched(
    path: Path, predictions: Mapping[str, T], dataset: "Dataset"
) -> tuple[list[T | None], list[str]]:
    """What a file says of each sample, and a note on those that are only there or only here.

    Raises:
        DataError: It says something, but of other samples only; or two things of one.
    """
    from ocrkit.evaluate.predictions import match_names

    names = [dataset.name(i) for i in range(len(dataset))]
    try:
        ours, strangers = match_names(predictions, names)
    except DataError as error:
        raise DataError(f"{path}: {error}") from error
    if predictions and not ours:
        some = f"it has {_listed(strangers)}; to score: {_listed(names)}"
        raise DataError(f"{path}: has none of the pictures to score: {some}")
    missing = [name for name in names if name not in ours]
    notes = []
    if strangers:
        some = f"{_counted(strangers)} in {path} {_are(strangers)}"
        notes.append(f"{some} not in the ground truth: {_listed(strangers)}")
    if missing:
        some = f"{len(missing)} of {_counted(names)} {_are(missing)} not in {path}, and"
        count = "counts" if len(missing) == 1 else "count"
        notes.append(f"{some} {count} as without results: {_listed(missing)}")
    return [predictions[ours[name]] if name in ours else None for name in names], notes


def detected(dataset: "Dataset", reader: "Reader", model: str) -> Findings:
    """What a detector, or that of a spotter, finds."""
    from ocrkit.evaluate import Found

    def find(index: int) -> Found:
        found = reader.detect(dataset.image(index))
        return Found.of(found.quads, scores=found.scores)

    return Findings(model, [find(i) for i in progress(range(len(dataset)), "detecting")], True, [])


def spotted(dataset: "Dataset", reader: "Reader", models: str) -> Findings:
    """What a detector and a recogniser, or a spotter, find and read."""
    from ocrkit.evaluate import Found

    def find(index: int) -> Found:
        words = reader.read(dataset.image(index)).words
        quads, texts = [word.quad for word in words], [word.text for word in words]
        return Found.of(quads, texts, [word.score for word in words])

    founds = [find(i) for i in progress(range(len(dataset)), "reading")]
    return Findings(models, founds, True, [])


def scenes(
    dataset: "Dataset", founds: "Sequence[Found]", lexicon: "Lexicon | None" = None
) -> "list[Scene]":
    """The pictures of a dataset with what was found in them, and read with the lexicon's help."""
    from ocrkit.evaluate.evaluation import Scene

    paired = []
    for index, found in enumerate(founds):
        name = dataset.name(index)
        found = lexicon.apply(name, found) if lexicon else found
        paired.append(Scene(name, _truth(dataset, index), found))
    return paired


def _truth(dataset: "Dataset", index: int) -> "Truth":
    """The words of a picture; one without an outline fills the picture."""
    from ocrkit.evaluate import Truth
    from ocrkit.geometry import full_quad

    labels = dataset.labels(index)
    outlines = [
        full_quad(dataset.image(index).shape[:2]) if outline is None else outline
        for outline in labels.outlines
    ]
    return Truth(outlines, labels.texts, labels.ignored)


def picture_of(dataset: "Dataset") -> "Callable[[str], Image | None]":
    """From a sample's name to its picture, or None if that is not at hand."""
    places = {dataset.name(i): i for i in range(len(dataset))}

    def picture(name: str) -> "Image | None":
        try:
            return dataset.image(places[name])
        except ImageError:
            return None

    return picture


def chosen(table: Mapping[str, T], names: Iterable[str]) -> list[T]:
    """The protocols of these names.

    Raises:
        UnknownModelError: There is no such protocol; the message names the nearest.
    """
    from ocrkit.catalog import unknown
    from ocrkit.errors import UnknownModelError

    for name in names:
        if name not in table:
            raise UnknownModelError(unknown("--protocol", name, sorted(table), kind="protocol"))
    return [table[name] for name in dict.fromkeys(names)]


def one_source(pred: Path | None, *models: str | None) -> None:
    """Refuse both predictions and models."""
    if pred and any(models):
        raise typer.BadParameter("score either predictions (--pred) or models, not both")


def one_model(spotter: str | None, *models: str | None) -> None:
    """Refuse both a spotter and what it takes the place of."""
    if spotter and any(models):
        raise typer.BadParameter("--spotter takes the place of detector and recognizer; give one")


def _counted(names: Sequence[str]) -> str:
    return f"{len(names)} picture{'s' * (len(names) != 1)}"


def _are(names: Sequence[str]) -> str:
    return "is" if len(names) == 1 else "are"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:SHOWN]) + (", ..." if len(names) > SHOWN else "")
