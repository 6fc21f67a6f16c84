"""A dataset in another form: all its samples as they are, or its words cut out one by one.

A picture file is taken over byte for byte where it is the whole sample; what is cut out of one, or
comes from a container, becomes a PNG. The words of scenes are laid upright by `ocrkit.crops.cut`,
without a margin; the third word of `img_7` is called `img_7_3`. A word whose outline runs
counter-clockwise would come out mirrored: its top is taken to be what is nearest the top.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ocrkit import crops, geometry
from ocrkit.data._base import Dataset, Labels
from ocrkit.data._parallel import in_order
from ocrkit.data.check import look_at_outline
from ocrkit.data.writers import Writer, encode
from ocrkit.errors import DataError, ImageError
from ocrkit.image import read_image
from ocrkit.types import Floats, Image


class Converted(NamedTuple):
    """What became of one sample."""

    skipped: Counter[str]
    """How many of its words were left out on purpose, by reason."""
    problems: tuple[str, ...]
    """What could not be converted, a sentence each."""


@dataclass(frozen=True, slots=True)
class _Job:
    """A sample of which something is to be written.

    Attributes:
        index: Its place in the set.
        labels: Of it; None if it is written already or its label cannot be read.
        words: Places of the words to be cut out; None to take the sample as it is.
        outcome: What is known already.
    """

    index: int
    labels: Labels | None
    words: tuple[int, ...] | None
    outcome: Converted


class _Piece(NamedTuple):
    """What is to be written."""

    name: str
    picture: bytes
    labels: Labels


def convert(
    dataset: Dataset, writer: Writer, *, words: bool = False, workers: int | None = None
) -> Iterator[Converted]:
    """Write what the writer has not got yet; what became of each sample, in the set's order.

    Samples that cannot be read or written are reported, and the others go on.

    Args:
        dataset: Is read by several threads at once.
        writer: Is used by the caller's thread alone.
        words: Whether to write words instead of scenes: those that count and have a text.
        workers: Threads; as many as there are processors if None.

    Raises:
        OutputError: Nothing more can be written.
    """
    jobs = _plan_all(dataset, writer, words)
    for pieces, outcome in in_order(lambda job: _make(dataset, job), jobs, workers):
        problems = list(outcome.problems)
        for piece in pieces:
            try:
                writer.add(*piece)
            except (DataError, ImageError) as error:
                problems.append(str(error))
        yield Converted(outcome.skipped, tuple(problems))


def _plan_all(dataset: Dataset, writer: Writer, words: bool) -> Iterator[_Job]:
    """What to do about each sample."""
    seen = set()
    for index in range(len(dataset)):
        name = dataset.name(index)
        if name in seen:
            problem = f"{name}: an earlier sample has the same name"
            yield _Job(index, None, None, Converted(Counter(), (problem,)))
        else:
            seen.add(name)
            yield _plan(dataset, writer, index, words)


def _plan(dataset: Dataset, writer: Writer, index: int, words: bool) -> _Job:
    """What to do about a sample; its label alone is read for it."""
    name = dataset.name(index)
    if not words and name in writer:
        return _Job(index, None, None, Converted(Counter(), ()))
    try:
        labels = dataset.labels(index)
    except (DataError, ImageError) as error:
        return _Job(index, None, None, Converted(Counter(), (str(error),)))
    if not words:
        return _Job(index, labels, None, Converted(Counter(), ()))
    reasons = [
        "ignored" if ignored else "" if text and text.strip() else "no text"
        for text, ignored in zip(labels.texts, labels.ignored, strict=True)
    ]
    wanted = tuple(
        word
        for word, reason in enumerate(reasons)
        if not reason and _word_name(name, labels, word) not in writer
    )
    return _Job(index, labels, wanted, Converted(Counter(filter(None, reasons)), ()))


def _make(dataset: Dataset, job: _Job) -> tuple[list[_Piece], Converted]:
    """The pieces of a sample, ready to be written; what went wrong is added to the outcome."""
    if job.labels is None or job.words == ():
        return [], job.outcome
    try:
        image = dataset.image(job.index)
        if job.words is None or _is_crop(job.labels):
            name = dataset.name(job.index)
            return [_Piece(name, _file(dataset, job.index, image), job.labels)], job.outcome
    except (DataError, ImageError) as error:
        return [], job.outcome._replace(problems=(str(error),))
    return _cut(dataset.name(job.index), image, job.labels, job)


def _cut(name: str, image: Image, labels: Labels, job: _Job) -> tuple[list[_Piece], Converted]:
    """The words of a scene."""
    size = image.shape[:2]
    pieces, problems = [], []
    for word in job.words or ():
        outline = labels.outlines[word]
        outline = geometry.full_quad(size) if outline is None else outline
        flaws = look_at_outline(outline, size)
        details = [detail for reason, detail in flaws if not reason.is_warning]
        if details:
            problems.append(f"{name}: word {word + 1} {labels.texts[word]!r}: {details[0]}")
            continue
        (crop,) = crops.cut(image, _clockwise(geometry.quad_around(outline))[None], margin=0)
        label = Labels.of_crop(
            labels.texts[word],
            language=labels.languages[word] if labels.languages else None,
            lexicons=labels.lexicons,
        )
        pieces.append(_Piece(_word_name(name, labels, word), encode(crop), label))
    return pieces, job.outcome._replace(problems=tuple(problems))


def _clockwise(quad: Floats) -> Floats:
    """The quad (4, 2), in another order if it is mirrored."""
    return geometry.upright(quad) if geometry.area(quad) < 0 else quad


def _file(dataset: Dataset, index: int, image: Image) -> bytes:
    """The picture's own file if it holds this and nothing else, or else a PNG."""
    path = Path(dataset.place(index))
    if path.is_file():
        try:
            data = path.read_bytes()
            if np.array_equal(read_image(data), image):
                return data
        except (OSError, ImageError):  # a container, whose place only looks like a path
            pass
    return encode(image)


def _is_crop(labels: Labels) -> bool:
    """Whether a sample is the picture of one word."""
    return len(labels) == 1 and labels.outlines[0] is None


def _word_name(name: str, labels: Labels, word: int) -> str:
    """What a word is called."""
    return name if _is_crop(labels) else f"{name}_{word + 1}"
