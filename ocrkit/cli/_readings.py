"""What `ocrkit evaluate recognition` scores: crops, and what models or files say that they say."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ocrkit.cli._lexicons import known, own_lexicons
from ocrkit.cli._progress import progress
from ocrkit.cli._scoring import matched
from ocrkit.errors import DataError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.data import Dataset
    from ocrkit.evaluate.calibration import Calibration
    from ocrkit.evaluate.recognition import RecognitionResult
    from ocrkit.evaluate.word_lists import Filtered
    from ocrkit.types import Reading

CHUNK = 64
"""Crops that are read at once."""


class Told(NamedTuple):
    """What each crop was read as, by whom, and what is to be said of that."""

    source: str
    readings: list[str]
    notes: list[str]
    confidences: list[float] | None = None
    """Of the readings; None where whoever read them does not say."""


def protocols() -> "dict[str, Callable[[str], str]]":
    """What is done to truths and readings before they are compared, by name."""
    from ocrkit.evaluate.recognition import PROTOCOL, normalise_chinese

    return {PROTOCOL: str, f"{PROTOCOL}-chinese": normalise_chinese}


def filtered(dataset: "Dataset", name: str, listed: bool) -> "Filtered":
    """The crops that a filter leaves.

    Args:
        dataset: The crops.
        name: Of the filter.
        listed: Whether `--only` chose the crops: filters that go by a list take it for that.

    Raises:
        ConfigError: There is no such filter.
        DataError: The filter goes by a list and there is none, or a sample is no crop of a word.
    """
    from ocrkit.evaluate.word_lists import FILTERS

    known("--filter", name, list(FILTERS))
    names = [dataset.name(i) for i in range(len(dataset))]
    texts = [_text(dataset, i) for i in range(len(dataset))]
    chosen = FILTERS[name]
    if chosen.listed and not listed:
        raise DataError(f"--filter {name}: goes by a list of crops; give it as --only FILE")
    return chosen.apply(texts, names=names, only=names if chosen.listed else None)


def read(
    dataset: "Dataset",
    samples: Sequence[int],
    model: str,
    device: str,
    settings: Mapping[str, Any],
) -> Told:
    """What a recogniser reads."""
    from ocrkit.reader import load

    reader = load(detector=None, recognizer=model, device=device, settings=settings)
    readings: list[Reading] = []
    for start in progress(range(0, len(samples), CHUNK), "reading"):
        chunk = samples[start : start + CHUNK]
        readings += reader.recognize([dataset.image(i) for i in chunk])
    return Told(model, [r.text for r in readings], [], [r.confidence for r in readings])


def read_before(dataset: "Dataset", samples: Sequence[int], path: Path) -> Told:
    """What a file says; a crop that is not in it was read as nothing."""
    from ocrkit.evaluate.predictions import read_readings

    theirs, notes = matched(path, read_readings(path), dataset)
    return Told(str(path), [theirs[i] or "" for i in samples], notes)


def scored(
    dataset: "Dataset", crops: "Filtered", told: Told, lexicon: str | None, chosen: Sequence[str]
) -> "list[RecognitionResult]":
    """The score by each of the chosen protocols; their names say what was filtered and replaced."""
    from ocrkit.evaluate.recognition import read_with, score

    readings = told.readings
    suffix = "" if crops.filter.name == "none" else f"-{crops.filter.name}"
    if crops.complete is False:
        kept, expected = len(crops.kept), crops.filter.expected
        told.notes.append(
            f"the filter {crops.filter.name} left {kept} crops, where the benchmark has {expected}"
        )
    if lexicon is not None:
        readings = read_with(readings, own_lexicons(dataset, lexicon, crops.kept))
        suffix += f"-lexicon-{lexicon}"
    return [
        score(
            crops.texts,
            readings,
            protocol=name + suffix,
            dropped=crops.dropped,
            normalise=protocols()[name],
        )
        for name in chosen
    ]


def calibrated(
    told: Told, results: "Sequence[RecognitionResult]", lexicon: str | None
) -> "list[Calibration]":
    """How well the confidences fit each result, as its readings are compared.

    Nothing where there are no confidences, or where they are of readings that the lexicon replaced.
    """
    from ocrkit.evaluate.calibration import calibration

    if told.confidences is None or lexicon is not None:
        return []
    return [calibration(told.confidences, [s.correct for s in r.samples]) for r in results]


def _text(dataset: "Dataset", index: int) -> str:
    """What a picture of one word says."""
    labels = dataset.labels(index)
    if len(labels) != 1:
        raise DataError(
            f"{dataset.name(index)}: {len(labels)} words; `recognition` scores pictures of one"
        )
    if labels.texts[0] is None:
        raise DataError(f"{dataset.name(index)}: its text is not known")
    return labels.texts[0]
