"""Finding and reading, by the protocols of ICDAR 2015 task 4.4 (2013: 2.4).

Geometry is that of `ocrkit.evaluate.iou`. A detection that is taken for a word and reads
something else is used up: the word counts as missed, the detection as wrong, even if another
detection reads it right. Case never counts.

    End to end       every legible word counts. One punctuation mark at the start, at the end, or
                     at each, may be left out of the reading; nothing else may differ.
    Word spotting    only words as they stand in a dictionary count (see `dictionary_form`), and
                     the reading must be that form: without the mark, the 's or the hyphen.

Total-Text and CTW1500 are scored by the same rules on their outlines. What papers since ABCNet call
"end-to-end" on Total-Text is word spotting here: their evaluation counts dictionary words only.

Readings are scored as they come. Those that a lexicon replaced say so by `using`, which puts its
name, its size and its rule into the protocol's name and settings:

    lexicon = read_lexicon("strong", folder)
    protocol = using(EndToEnd("ic15-e2e-none"), lexicon)            # ic15-e2e-strong
    score = protocol.score_image(lexicon.apply("img_7", found), truth)
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from ocrkit.errors import ConfigError, DataError
from ocrkit.evaluate._base import Found, ImageResult, Protocol, Truth
from ocrkit.evaluate.iou import IoU
from ocrkit.evaluate.lexicon import Lexicon, LexiconUse

PUNCTUATION = "!?.:,*\"()·[]/'"
"""The marks that a reading may leave out, and that no dictionary word has."""

SHORTEST = 3
"""Characters of the shortest word that word spotting counts."""


@dataclass(frozen=True)
class EndToEnd(IoU):
    """Every legible word counts.

    Attributes:
        lexicon: What replaced the readings before they were scored; None if nothing did.
    """

    lexicon: LexiconUse | None = None

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            DataError: A word that is not ignored has no text.
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        texts = known_texts(truth)
        located = super().score_image(found, truth)
        pairs = [
            pair._replace(correct=reads(texts[pair.word], found.texts[pair.found]))
            for pair in located.pairs
        ]
        return replace(located, pairs=tuple(pairs))


@dataclass(frozen=True)
class WordSpotting(EndToEnd):
    """Only words that a dictionary would list count."""

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture; errors are those of `EndToEnd`."""
        forms = [dictionary_form(text) for text in known_texts(truth)]
        unlisted = truth.ignored | np.array([form is None for form in forms], bool)
        # No form has a mark at its ends, so the reading must be equal.
        listed = Truth(truth.outlines, [form or "" for form in forms], unlisted)
        return super().score_image(found, listed)


def using(protocol: Protocol, lexicon: Lexicon) -> Protocol:
    """The protocol for readings that the lexicon replaced; it only says so, and replaces none.

    Raises:
        ConfigError: The protocol knows no lexicons.
    """
    if not isinstance(protocol, EndToEnd):
        raise ConfigError(f"{protocol.name}: is scored without a lexicon; leave {lexicon.name!r}")
    name = f"{protocol.name.removesuffix('-none')}-{lexicon.name}"
    return replace(protocol, name=name, lexicon=lexicon.use)


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


def known_texts(truth: Truth) -> Sequence[str]:
    """The texts, with an empty one for each ignored word that has none.

    Raises:
        DataError: A word that is not ignored has no text.
    """
    for index, (text, unread) in enumerate(zip(truth.texts, truth.ignored, strict=True)):
        if text is None and not unread:
            raise DataError(
                f"word {index + 1} has no text: this ground truth cannot score readings"
            )
    return [text or "" for text in truth.texts]
