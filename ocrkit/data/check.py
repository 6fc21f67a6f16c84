"""What is wrong with a dataset, sample by sample: before a training or a figure depends on it.

Problems:

    unreadable label      its file is missing or malformed
    unreadable picture    it is missing or damaged; it is decoded to the last row
    repeated name         an earlier sample has it: lists and predictions cannot tell them apart
    no words              nothing is said of the picture
    empty text            a word, or a crop, whose transcription is empty; or a crop without one
    out of charset        a transcription has characters that the charset lacks
    too long              a transcription has too many characters
    degenerate            an outline of fewer than 3 distinct points, or that encloses nothing
    self-crossing         an outline whose sides cross or touch
    outside               an outline that lies wholly outside the picture

Warnings, of what the benchmarks publish and is bearable:

    beyond the edge       an outline that reaches out of the picture
    counter-clockwise     an outline that runs against the clock on screen: its text may be mirrored

Texts of ignored words are not looked at; their outlines are.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

import numpy as np
import shapely

from ocrkit import geometry
from ocrkit.data._base import Dataset, Labels
from ocrkit.data._parallel import in_order
from ocrkit.errors import DataError, ImageError
from ocrkit.types import Floats

SMALLEST = 1.0
"""The area of one pixel: no text is smaller."""

TOLERANCE = 1.0
"""How far beyond the edge an outline may reach, px: some sets count pixels from 1."""


class Reason(StrEnum):
    """The kinds of problems, in the order in which they are counted up."""

    LABEL = "unreadable label"
    PICTURE = "unreadable picture"
    NAME = "repeated name"
    NO_WORDS = "no words"
    EMPTY = "empty text"
    CHARSET = "out of charset"
    LONG = "too long"
    DEGENERATE = "degenerate"
    CROSSING = "self-crossing"
    OUTSIDE = "outside"
    EDGE = "beyond the edge"
    REVERSED = "counter-clockwise"

    @property
    def is_warning(self) -> bool:
        """Whether a dataset with this problem is still sound."""
        return self in (Reason.EDGE, Reason.REVERSED)


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with one sample, or with one of its words.

    Attributes:
        sample: The sample's name.
        place: Where its picture lies, or its name where that cannot be told.
        reason: The kind.
        detail: What is wrong, in a sentence that names the sample or the file.
    """

    sample: str
    place: str
    reason: Reason
    detail: str


class Checked(NamedTuple):
    """What was found out about one sample."""

    words: int
    ignored: int
    """How many of the words are to be ignored."""
    problems: tuple[Problem, ...]


@dataclass(frozen=True, slots=True)
class Rules:
    """What to look for beyond what is always wrong.

    Attributes:
        charset: Characters that texts may have; any if None.
        max_length: Of a text, in characters; any if None.
        pictures: Whether to read the pictures too.
    """

    charset: frozenset[str] | None = None
    max_length: int | None = None
    pictures: bool = True


def check(
    dataset: Dataset, rules: Rules | None = None, workers: int | None = None
) -> Iterator[Checked]:
    """What is wrong with each sample, in the order of the set.

    Args:
        dataset: Is read by several threads at once.
        rules: What to look for.
        workers: Threads; as many as there are processors if None.
    """
    chosen = rules or Rules()
    indices = range(len(dataset))
    seen = set()
    results = in_order(lambda i: check_sample(dataset, i, chosen), indices, workers)
    for index, checked in zip(indices, results, strict=True):
        name = dataset.name(index)
        if name in seen:
            detail = f"{name}: an earlier sample has the same name"
            repeated = Problem(name, _place(dataset, index), Reason.NAME, detail)
            yield checked._replace(problems=(*checked.problems, repeated))
        else:
            seen.add(name)
            yield checked


def check_sample(dataset: Dataset, index: int, rules: Rules) -> Checked:
    """What is wrong with one sample."""
    name, place = dataset.name(index), _place(dataset, index)
    found = []
    size = None
    if rules.pictures:
        try:
            height, width, _ = dataset.image(index).shape
            size = height, width
        except (ImageError, DataError) as error:
            found.append(Problem(name, place, Reason.PICTURE, str(error)))
    try:
        labels = dataset.labels(index)
    except (ImageError, DataError) as error:
        return Checked(0, 0, (Problem(name, place, Reason.LABEL, str(error)), *found))
    found += [
        Problem(name, place, reason, f"{name}{detail}")
        for reason, detail in _look_at(labels, size, rules)
    ]
    return Checked(len(labels), int(labels.ignored.sum()), tuple(found))


def look_at_outline(outline: Floats, size: tuple[int, int] | None) -> Iterator[tuple[Reason, str]]:
    """What is wrong with a word's outline: kinds and details.

    Args:
        outline: (K, 2) float32, a ring in pixels of the picture.
        size: (height, width) of the picture, px; None if it is not known.
    """
    flaw = _flaw(np.asarray(outline, np.float64))
    if flaw:
        yield flaw
    if size is None or not np.isfinite(outline).all():
        return
    limits = np.array(size[::-1])
    low, high = outline.min(axis=0), outline.max(axis=0)
    reach = float(max((-low).max(), (high - limits).max()))
    if (high <= 0).any() or (low >= limits).any():
        yield Reason.OUTSIDE, f"lies outside the picture of {size[1]} x {size[0]} px"
    elif reach > TOLERANCE:
        yield Reason.EDGE, f"reaches {reach:.4g} px beyond the picture's edge"


def _place(dataset: Dataset, index: int) -> str:
    """Where a sample lies, or its name where that cannot be told."""
    try:
        return dataset.place(index)
    except (ImageError, DataError):
        return dataset.name(index)


def _look_at(
    labels: Labels, size: tuple[int, int] | None, rules: Rules
) -> Iterator[tuple[Reason, str]]:
    """Kinds and details of what is wrong with a sample's words."""
    if not len(labels):
        yield Reason.NO_WORDS, ": no words"
    words = zip(labels.outlines, labels.texts, labels.ignored, strict=True)
    for number, (outline, text, ignored) in enumerate(words, start=1):
        which = "" if outline is None else f": word {number}"
        where = which if text is None else f"{which or ':'} {text!r}"
        if not ignored:
            for reason, detail in _look_at_text(text, outline is None, rules):
                yield reason, f"{where}: {detail}"
        if outline is not None:
            for reason, detail in look_at_outline(outline, size):
                yield reason, f"{where}: {detail}"


def _look_at_text(text: str | None, crop: bool, rules: Rules) -> Iterator[tuple[Reason, str]]:
    """What is wrong with the text of a word that counts."""
    if text is None:
        # In a scene it is enough to know where a word is.
        if crop:
            yield Reason.EMPTY, "has no transcription"
        return
    if not text.strip():
        yield Reason.EMPTY, "the transcription is empty"
    missing = () if rules.charset is None else sorted(set(text) - rules.charset)
    if missing:
        listed = " ".join(f"{character!r} (U+{ord(character):04X})" for character in missing)
        yield Reason.CHARSET, f"the charset lacks {listed}"
    if rules.max_length is not None and len(text) > rules.max_length:
        yield Reason.LONG, f"has {len(text)} characters, more than {rules.max_length}"


def _flaw(outline: Floats) -> tuple[Reason, str] | None:
    """What is wrong with the shape of a ring, if anything is."""
    if not np.isfinite(outline).all():
        return Reason.DEGENERATE, "a coordinate is not finite"
    distinct = len(np.unique(outline, axis=0))
    if distinct < 3:
        return Reason.DEGENERATE, f"the outline has {distinct} distinct points, not 3 or more"
    # Of a bow tie the halves cancel, so whether the outline crosses itself must be known first.
    hull = float(shapely.area(shapely.convex_hull(shapely.multipoints(outline))))
    area = float(geometry.area(outline))
    crosses = hull >= SMALLEST and not bool(shapely.is_simple(shapely.linearrings(outline)))
    if crosses:
        return Reason.CROSSING, "the sides of the outline cross or touch"
    if abs(area) < SMALLEST:
        return Reason.DEGENERATE, f"the outline encloses {abs(area):.2g} square pixels"
    if area < 0:
        return Reason.REVERSED, "the outline runs counter-clockwise"
    return None
