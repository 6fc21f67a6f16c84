r"""Results of any program, read from files, so that they can be scored.

JSON, for all tasks. Points are in pixels of the picture; `text` and `score` may be left out. The
order of a list counts, as the protocols say.

    {"img_7.jpg": [{"polygon": [[x, y], ...], "text": "EXIT", "score": 0.9}, ...], ...}

Text files in a folder or a .zip, as they are handed in to ICDAR's competitions: the results of
`img_7` are in `res_img_7.txt` or `img_7.txt`, one detection a line, UTF-8, a byte order mark and
\r\n allowed.

    left,top,right,bottom[,score]     detection: a box; corners, not a width and a height
    x1,y1,...,x4,y4[,score]           detection: a quad; likewise a polygon of 5 or more points
    x1,y1,...,x4,y4,text              spotting: the text is all that follows the eighth comma

Readings of crops: a table of `path<TAB>text` lines, or a JSON mapping {"path": "text", ...}.
"""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError

from ocrkit.errors import DataError
from ocrkit.evaluate._base import Found
from ocrkit.files import TextFiles, read_lines

T = TypeVar("T")

Point = tuple[FiniteFloat, FiniteFloat]


class Prediction(BaseModel, frozen=True, extra="forbid"):
    """One detected word."""

    polygon: Annotated[tuple[Point, ...], Field(min_length=3)]
    text: str = ""
    score: FiniteFloat | None = None


Predictions = Mapping[str, Sequence[Prediction]]
"""Detections by the names of their pictures, less suffix."""

_DETECTIONS = TypeAdapter(dict[str, tuple[Prediction, ...]])
_READINGS = TypeAdapter(dict[str, str])

_SUFFIX = re.compile(
    r"\.(avif|bmp|gif|jp2|jpe?g|mpo|pbm|pgm|png|ppm|tiff?|webp)$", flags=re.IGNORECASE
)


def read_predictions(path: Path, *, texts: bool = False) -> dict[str, tuple[Prediction, ...]]:
    """Detections by the names of their pictures, less suffix: a copy may be of another format.

    Args:
        path: A JSON file, or a folder or .zip of text files.
        texts: Whether the lines of text files end in what was read.

    Raises:
        DataError: The file cannot be read or has another form, or two pictures share a name.
    """
    if path.is_dir() or path.suffix.lower() == ".zip":
        parse = _spotted if texts else _detected
        return _keyed(path, ((name, _parsed(lines, parse)) for name, lines in text_files(path)))
    return _keyed(path, _read_json(path, _DETECTIONS).items())


def read_readings(path: Path) -> dict[str, str]:
    """What crops were read as, by their paths: from a .json, or else a table.

    Raises:
        DataError: The file cannot be read or has another form, or lists a path twice.
    """
    if path.suffix.lower() == ".json":
        return _read_json(path, _READINGS)
    readings: dict[str, str] = {}
    for number, line in read_lines(path):
        name, tab, text = line.partition("\t")
        if not name or not tab:
            raise DataError(f"{path}:{number}: expected path<TAB>text, got {line!r}")
        if name in readings:
            raise DataError(f"{path}:{number}: {name!r} is in this file twice")
        readings[name] = text
    return readings


def found_of(predictions: Sequence[Prediction]) -> Found:
    """Detections as protocols take them; those without a score have 1."""
    return Found.of(
        [np.array(p.polygon) for p in predictions],
        [p.text for p in predictions],
        [1.0 if p.score is None else p.score for p in predictions],
    )


class Matches(NamedTuple):
    """Which predictions belong to which samples of a ground truth."""

    names: dict[str, str]
    """The name of the prediction, by that of the sample."""
    strangers: list[str]
    """Names of predictions that belong to no sample."""


def match_names(predicted: Iterable[str], samples: Iterable[str]) -> Matches:
    """Predictions and samples of the same name.

    Suffixes of pictures do not count; folders do not where the names are distinct without them; and
    a prediction may begin with `res_`.

    Raises:
        DataError: Two predictions belong to one sample.
    """
    known = _aliases(samples)
    names: dict[str, str] = {}
    strangers = []
    for name in predicted:
        short = PurePosixPath(_less_suffix(name)).name
        tries = (name, _less_suffix(name), short, short.removeprefix("res_"))
        sample = next((known[t] for t in tries if t in known), None)
        if sample is None:
            strangers.append(name)
        elif sample in names:
            raise DataError(f"predictions {names[sample]!r} and {name!r} are both for {sample!r}")
        else:
            names[sample] = name
    return Matches(names, strangers)


def _aliases(samples: Iterable[str]) -> dict[str, str]:
    """Samples by what predictions may call them: whole, less suffix, less folder."""
    whole = {name: name for name in samples}
    known: dict[str, str] = {}
    for shorten in (lambda name: PurePosixPath(_less_suffix(name)).name, _less_suffix):
        by_short: dict[str, list[str]] = {}
        for name in whole:
            by_short.setdefault(shorten(name), []).append(name)
        known |= {short: names[0] for short, names in by_short.items() if len(names) == 1}
    return known | whole


def _less_suffix(name: str) -> str:
    return _SUFFIX.sub("", name)


def _keyed(path: Path, named: Iterable[tuple[str, T]]) -> dict[str, T]:
    """Values by names less suffix."""
    keyed: dict[str, T] = {}
    for name, value in named:
        if _less_suffix(name) in keyed:
            raise DataError(f"{path}: two pictures have the same name but for their suffix: {name}")
        keyed[_less_suffix(name)] = value
    return keyed


def text_files(path: Path) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """The .txt files of a folder or .zip: their names less suffix, and places and lines of each.

    Raises:
        DataError: There are none, one cannot be read, or two in an archive have the same name.
    """
    files = TextFiles(path)
    names = [name for name in files.names if PurePosixPath(name).suffix.lower() == ".txt"]
    if not names:
        raise DataError(f"{path}: no .txt files in it; expected res_NAME.txt for each picture")
    for name in names:
        yield PurePosixPath(name).stem, list(files.lines(name))


def _parsed(
    lines: Iterable[tuple[str, str]], parse: Callable[[str, str], Prediction]
) -> tuple[Prediction, ...]:
    return tuple(parse(where, line) for where, line in lines)


def _detected(where: str, line: str) -> Prediction:
    """A box, a quad or a polygon, with a score where the count of numbers is odd."""
    numbers = _numbers(where, line.split(","))
    count = len(numbers) // 2
    score = numbers.pop() if len(numbers) % 2 else None
    if count == 2:
        left, top, right, bottom = numbers
        if left > right or top > bottom:
            raise DataError(f"{where}: expected left,top,right,bottom, got {line!r}")
        numbers = [left, top, right, top, right, bottom, left, bottom]
    elif count < 4:
        expected = "4 numbers (left,top,right,bottom), 8 (a quad), or 10 and more (a polygon)"
        raise DataError(f"{where}: expected {expected}, and perhaps a score; got {line!r}")
    return _prediction(numbers, "", score)


def _spotted(where: str, line: str) -> Prediction:
    """A quad and its text."""
    fields = line.split(",", 8)
    if len(fields) < 9:
        raise DataError(f"{where}: expected 8 coordinates and a text, got {line!r}")
    return _prediction(_numbers(where, fields[:8]), fields[8], None)


def _prediction(numbers: Sequence[float], text: str, score: float | None) -> Prediction:
    points = tuple(zip(numbers[::2], numbers[1::2], strict=True))
    return Prediction(polygon=points, text=text, score=score)


def _numbers(where: str, fields: Sequence[str]) -> list[float]:
    try:
        numbers = [float(field) for field in fields]
    except ValueError as error:
        hint = "texts are read by `spotting` only"
        raise DataError(f"{where}: {error}; expected numbers ({hint})") from error
    if not all(map(math.isfinite, numbers)):
        raise DataError(f"{where}: a number is not finite")
    return numbers


def _read_json(path: Path, form: TypeAdapter[T]) -> T:
    try:
        return form.validate_json(_bytes(path))
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) + ": " if problem["loc"] else ""
        raise DataError(f"{path}: {place}{problem['msg']}") from error


def _bytes(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
