"""Finding and reading, by the protocols of ICDAR 2015 task 4.4, without a lexicon.

Geometry is that of `ocrkit.evaluate.detection`. A detection that is taken for a word and reads
something else is used up: the word counts as missed, the detection as wrong, even if another
detection reads it right. Case never counts.

    End to end       every legible word counts. One punctuation mark at the start, at the end, or
                     at each, may be left out of the reading; nothing else may differ.
    Word spotting    only words as they stand in a dictionary count (see `dictionary_form`), and
                     the reading must be that form: without the mark, the 's or the hyphen.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate import detection
from ocrkit.evaluate._matching import Outlines
from ocrkit.evaluate._result import ImageResult
from ocrkit.types import Bools

END_TO_END = "ic15-e2e-none"
WORD_SPOTTING = "ic15-spotting-none"

PUNCTUATION = "!?.:,*\"()·[]/'"
"""The marks that a reading may leave out, and that no dictionary word has."""

SHORTEST = 3
"""Characters of the shortest word that word spotting counts."""


def end_to_end(
    found: Outlines,
    readings: Sequence[str],
    words: Outlines,
    texts: Sequence[str | None],
    ignored: Sequence[bool] | Bools,
) -> ImageResult:
    """The end-to-end score of one image.

    Args:
        found: See `detection.score_image`.
        readings: What each detection says.
        words: See `detection.score_image`.
        texts: What each word says; None only where it is ignored.
        ignored: One flag per word.

    Raises:
        DataError: A word that is not ignored has no text.
        ShapeError: An outline is not (K, 2) with K >= 3 or is not finite, or two lists that belong
            together differ in length.
    """
    return _score(found, readings, words, _known(texts, ignored), ignored)


def word_spotting(
    found: Outlines,
    readings: Sequence[str],
    words: Outlines,
    texts: Sequence[str | None],
    ignored: Sequence[bool] | Bools,
) -> ImageResult:
    """The word-spotting score of one image; arguments and errors are those of `end_to_end`."""
    forms = [dictionary_form(text) for text in _known(texts, ignored)]
    unlisted = np.asarray(ignored, bool) | np.array([form is None for form in forms], bool)
    # No form has a mark at its ends, so the reading must be equal.
    return _score(found, readings, words, [form or "" for form in forms], unlisted)


def reads(text: str, reading: str) -> bool:
    """Whether `reading` says `text`, but for case and one mark at the start and one at the end.

    Only the ground truth's marks may be missing: a reading with a mark too many is wrong.
    """
    text, reading = text.upper(), reading.upper()
    starts = {0, int(text[:1] in PUNCTUATION)}
    ends = {len(text), len(text) - int(text[-1:] in PUNCTUATION)}
    return any(text[start:end] == reading for start in starts for end in ends)


def dictionary_form(text: str) -> str | None:
    """The word that a dictionary would list for `text`; None if it would list none.

    A final 's goes, then hyphens at the ends, then punctuation marks. What is left must be one word
    of at least three letters, Latin or Greek, or inner hyphens.
    """
    text = text[:-2] if text.endswith(("'s", "'S")) else text
    text = text.strip("-").translate(_MARKS_TO_SPACES).strip()
    listed = len(text) >= SHORTEST and all(map(_in_dictionary, text))
    return text if listed else None


_MARKS_TO_SPACES = dict.fromkeys(map(ord, PUNCTUATION), " ")

_LETTERS = (("a", "z"), ("A", "Z"), ("À", "ƿ"), ("Ǆ", "ɿ"), ("Ά", "Ͽ"), ("-", "-"))
"""First and last of the runs of Unicode that the benchmark takes for letters."""

_NOT_LETTERS = "×÷·"
"""Signs that lie in those runs all the same."""


def _in_dictionary(character: str) -> bool:
    in_run = any(first <= character <= last for first, last in _LETTERS)
    return in_run and character not in _NOT_LETTERS


def _known(texts: Sequence[str | None], ignored: Sequence[bool] | Bools) -> list[str]:
    """The texts, with an empty one for each ignored word that has none."""
    if len(texts) != len(ignored):
        raise ShapeError(f"texts: expected {len(ignored)}, one per word, got {len(texts)}")
    for index, (text, unread) in enumerate(zip(texts, ignored, strict=True)):
        if text is None and not unread:
            raise DataError(
                f"word {index + 1} has no text: this ground truth cannot score readings"
            )
    return [text or "" for text in texts]


def _score(
    found: Outlines,
    readings: Sequence[str],
    words: Outlines,
    texts: Sequence[str],
    ignored: Sequence[bool] | Bools,
) -> ImageResult:
    """The detections' score, with misread pairs marked as wrong."""
    if len(readings) != len(found):
        raise ShapeError(f"readings: expected {len(found)}, one per detection, got {len(readings)}")
    located = detection.score_image(found, words, ignored)
    pairs = [
        pair._replace(correct=reads(texts[pair.word], readings[pair.found]))
        for pair in located.pairs
    ]
    return replace(located, pairs=tuple(pairs))
