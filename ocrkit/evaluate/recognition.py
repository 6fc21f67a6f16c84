"""Scores of readings of cropped words, by the conventions of the literature.

    accuracy_36   exact after lower-casing both sides and keeping only 0-9 and a-z. Letters with
                  accents are dropped, not folded.
    accuracy_62   the same without lower-casing: 0-9, a-z, A-Z (PARSeq's "cased" figure).
    accuracy      exact as written: case, punctuation and spaces count. ICDAR's "correctly
                  recognised words" (CRW) of tasks 2.3 and 4.3.
    ned           mean of 1 - edits / length of the longer, as written (ICDAR 2019's "1-N.E.D.").
    cer           edits per character of the truth, all samples together, as written; may exceed 1.
    wer           the same with words in place of characters: what white space parts is a word.
    ted           ICDAR's "total edit distance": the sum of edits / length of the truth.
    crw_upper     accuracy and ted of both sides in upper case, without the ASCII punctuation at
    ted_upper     their ends.

The last three are read from ICDAR's reports and result pages; the organisers' code was not seen, so
how they divide and which marks they strip is not confirmed.

Empty strings: a truth without any of the 36 characters ("&") is right by `accuracy_36` if nothing
of the reading is left either; `empty_36` counts such truths. `ned` gives 0 where truth or reading
is empty, even where both are. `cer`, `wer` and `ted` count each character or word read where there
is none as one edit.

Chinese benchmarks (ReCTS, LSVT, CTW) take full-width and half-width characters for the same, and
count neither case nor spaces: score with `normalise=normalise_chinese`. Traditional characters are
not turned into simplified ones: that takes a table, which ocrkit does not have.

Which samples of a benchmark are scored is a matter of `ocrkit.evaluate.word_lists`.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocrkit.errors import DataError, ShapeError

PROTOCOL = "rec-36"
VERSION = "1"


@dataclass(frozen=True, slots=True)
class SampleResult:
    """One crop: what it says, and what was read."""

    truth: str
    reading: str

    @property
    def correct(self) -> bool:
        """Whether both are the same, as written."""
        return self.truth == self.reading

    @property
    def correct_36(self) -> bool:
        """Whether both are the same when folded."""
        return fold(self.truth) == fold(self.reading)

    @property
    def correct_62(self) -> bool:
        """Whether the digits and letters of both are the same, case included."""
        return alphanumeric(self.truth) == alphanumeric(self.reading)

    @property
    def upper(self) -> "SampleResult":
        """Both in upper case, without punctuation at their ends."""
        both = (self.truth, self.reading)
        return SampleResult(*(text.upper().strip(string.punctuation) for text in both))

    @property
    def edits(self) -> int:
        """Insertions, deletions and substitutions of one character between the two."""
        return int(Levenshtein.distance(self.truth, self.reading))

    @property
    def word_edits(self) -> int:
        """Insertions, deletions and substitutions of one word between the two."""
        return int(Levenshtein.distance(self.truth.split(), self.reading.split()))

    @property
    def relative_edits(self) -> float:
        """Edits per character of the truth; if that has none, their number."""
        return self.edits / max(len(self.truth), 1)

    @property
    def similarity(self) -> float:
        """1 - edits / (length of the longer); 0 if either is empty."""
        if not self.truth or not self.reading:
            return 0.0
        return 1 - self.edits / max(len(self.truth), len(self.reading))


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """The score of a set of crops; of no crops, every figure is 0.

    Attributes:
        samples: Truths and readings, as they were compared.
        protocol: As reports print it: "rec-36", with what was done before, as in "rec-36-chinese".
        dropped: How many samples of the set were not scored, by reason.
    """

    samples: tuple[SampleResult, ...]
    protocol: str = PROTOCOL
    dropped: Mapping[str, int] = field(default_factory=dict)

    @property
    def accuracy_36(self) -> float:
        """Fraction of samples that are right when folded."""
        return self._mean([sample.correct_36 for sample in self.samples])

    @property
    def accuracy_62(self) -> float:
        """Fraction of samples whose digits and letters are right, case included."""
        return self._mean([sample.correct_62 for sample in self.samples])

    @property
    def accuracy(self) -> float:
        """Fraction of samples that are right as written."""
        return self._mean([sample.correct for sample in self.samples])

    @property
    def crw_upper(self) -> float:
        """Fraction of samples that are right in upper case, less punctuation at the ends."""
        return self._mean([sample.upper.correct for sample in self.samples])

    @property
    def ned(self) -> float:
        """Mean similarity of truth and reading."""
        return self._mean([sample.similarity for sample in self.samples])

    @property
    def cer(self) -> float:
        """Edits per character of the truth; if that has none, the number of edits."""
        characters = sum(len(sample.truth) for sample in self.samples)
        return sum(sample.edits for sample in self.samples) / max(characters, 1)

    @property
    def wer(self) -> float:
        """Edits of words per word of the truth; if that has none, the number of edits."""
        words = sum(len(sample.truth.split()) for sample in self.samples)
        return sum(sample.word_edits for sample in self.samples) / max(words, 1)

    @property
    def ted(self) -> float:
        """Sum of the edits per character of each truth."""
        return sum(sample.relative_edits for sample in self.samples)

    @property
    def ted_upper(self) -> float:
        """Sum of the edits per character in upper case, less punctuation at the ends."""
        return sum(sample.upper.relative_edits for sample in self.samples)

    @property
    def empty_36(self) -> int:
        """Truths that have none of the 36 characters."""
        return sum(not fold(sample.truth) for sample in self.samples)

    @property
    def rates(self) -> dict[str, float]:
        """The figures that do not grow with the number of samples, by name."""
        names = ("accuracy_36", "accuracy_62", "accuracy", "crw_upper", "ned", "cer", "wer")
        return {name: getattr(self, name) for name in names}

    def to_dict(self) -> dict[str, Any]:
        """Protocol, counts and figures, as plain values for JSON."""
        return {
            "protocol": self.protocol,
            "version": VERSION,
            "samples": len(self.samples),
            "dropped": dict(self.dropped),
            "empty_36": self.empty_36,
            "correct_36": sum(sample.correct_36 for sample in self.samples),
            "correct": sum(sample.correct for sample in self.samples),
            **self.rates,
            "ted": self.ted,
            "ted_upper": self.ted_upper,
        }

    def _mean(self, values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else 0.0


def score(
    truths: Sequence[str],
    readings: Sequence[str],
    *,
    protocol: str = PROTOCOL,
    dropped: Mapping[str, int] | None = None,
    normalise: Callable[[str], str] = str,
) -> RecognitionResult:
    """The score of readings, each compared with the truth at the same place.

    Args:
        truths: What the crops say.
        readings: What was read.
        protocol: What the report calls it; whoever normalises, filters or uses a lexicon says so.
        dropped: Samples of the set that are not among these, by reason.
        normalise: Applied to both sides before anything else.

    Raises:
        ShapeError: There are not as many readings as truths.
    """
    _check(truths, readings)
    samples = map(SampleResult, map(normalise, truths), map(normalise, readings))
    return RecognitionResult(tuple(samples), protocol, dropped or {})


def total_and_mean(results: Mapping[str, RecognitionResult]) -> dict[str, dict[str, float]]:
    """Figures over several sets: `total`, of all samples together, and `mean`, of the sets'.

    The literature prints either, seldom saying which; a large set weighs more in the total only.

    Raises:
        DataError: There are no sets, or one has no samples: it has no figures to average.
    """
    empty = [name for name, result in results.items() if not result.samples]
    if empty or not results:
        raise DataError(f"no samples in {', '.join(empty) or 'no sets'}: nothing to average")
    whole = RecognitionResult(tuple(s for result in results.values() for s in result.samples))
    rates = [result.rates for result in results.values()]
    mean = {name: sum(each[name] for each in rates) / len(rates) for name in whole.rates}
    return {"total": whole.rates, "mean": mean}


def fold(text: str) -> str:
    """`text` in lower case, and of that only 0-9 and a-z."""
    return re.sub("[^0-9a-z]", "", text.lower())


def alphanumeric(text: str) -> str:
    """Of `text` only 0-9, a-z and A-Z."""
    return re.sub("[^0-9a-zA-Z]", "", text)


def normalise_chinese(text: str) -> str:
    """`text` in half-width characters and lower case, without white space."""
    return "".join(text.translate(_HALF_WIDTH).lower().split())


_HALF_WIDTH = {code + 0xFEE0: code for code in range(0x21, 0x7F)}
"""The full-width forms of ASCII; the ideographic space is white space anyway."""


def nearest(reading: str, lexicon: Sequence[str]) -> str:
    """The word of the lexicon that takes the fewest edits, folded; of equals the first.

    Raises:
        DataError: The lexicon has no words.
    """
    return read_with([reading], [lexicon])[0]


def read_with(readings: Sequence[str], lexicons: Sequence[Sequence[str]]) -> list[str]:
    """The nearest word to each reading, in the lexicon at the same place; see `nearest`.

    A lexicon that all share is folded once if it is one object, `[words] * len(readings)`.

    Raises:
        DataError: A lexicon has no words.
        ShapeError: There are not as many lexicons as readings.
    """
    _check(readings, lexicons, "lexicons")
    different = {id(lexicon): lexicon for lexicon in lexicons}
    folded = {key: [fold(word) for word in lexicon] for key, lexicon in different.items()}
    words = []
    for reading, lexicon in zip(readings, lexicons, strict=True):
        choices = folded[id(lexicon)]
        if not choices:
            raise DataError(f"reading {reading!r}: a lexicon without words")
        edits = process.cdist([fold(reading)], choices, scorer=Levenshtein.distance, dtype=np.int32)
        words.append(lexicon[int(edits[0].argmin())])
    return words


def confusions(truths: Sequence[str], readings: Sequence[str]) -> Counter[tuple[str, str]]:
    """How often each character was read as another, by a cheapest sequence of edits.

    A character that was left out is read as "", and one that is not there is "" in the truth. There
    may be several cheapest sequences, of which one is counted.

    Raises:
        ShapeError: There are not as many readings as truths.
    """
    _check(truths, readings)
    counts: Counter[tuple[str, str]] = Counter()
    for truth, reading in zip(truths, readings, strict=True):
        for edit in Levenshtein.editops(truth, reading):
            said = "" if edit.tag == "insert" else truth[edit.src_pos]
            read = "" if edit.tag == "delete" else reading[edit.dest_pos]
            counts[said, read] += 1
    return counts


def _check(truths: Sequence[Any], readings: Sequence[Any], name: str = "readings") -> None:
    if len(truths) != len(readings):
        one = "truth" if name == "readings" else "reading"
        raise ShapeError(f"{name}: expected {len(truths)}, one per {one}, got {len(readings)}")
