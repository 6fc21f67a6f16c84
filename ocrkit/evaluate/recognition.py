"""Scores of readings of cropped words, by the conventions of the literature.

    accuracy_36   exact after lower-casing both sides and keeping only 0-9 and a-z. Letters with
                  accents are dropped, not folded.
    accuracy      exact as written: case, punctuation and spaces count.
    ned           mean of 1 - edits / (length of the longer), as written (ICDAR 2019's "1-N.E.D.").
    cer           edits per character of the truth, all samples together, as written; may exceed 1.

Empty strings: no sample is dropped. A truth without any of the 36 characters ("&") is right by
`accuracy_36` if nothing of the reading is left either; `empty_36` counts such truths. `ned` gives 0
where truth or reading is empty, even where both are. `cer` counts each character read where
there is none as one edit.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rapidfuzz.distance import Levenshtein

from ocrkit.errors import ShapeError

PROTOCOL = "rec-36"


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
    def edits(self) -> int:
        """Insertions, deletions and substitutions of one character between the two."""
        return int(Levenshtein.distance(self.truth, self.reading))

    @property
    def similarity(self) -> float:
        """1 - edits / (length of the longer); 0 if either is empty."""
        if not self.truth or not self.reading:
            return 0.0
        return 1 - self.edits / max(len(self.truth), len(self.reading))


@dataclass(frozen=True, slots=True)
class RecognitionResult:
    """The score of a set of crops; of no crops, every figure is 0."""

    samples: tuple[SampleResult, ...]

    @property
    def accuracy_36(self) -> float:
        """Fraction of samples that are right when folded."""
        return self._mean([sample.correct_36 for sample in self.samples])

    @property
    def accuracy(self) -> float:
        """Fraction of samples that are right as written."""
        return self._mean([sample.correct for sample in self.samples])

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
    def empty_36(self) -> int:
        """Truths that have none of the 36 characters."""
        return sum(not fold(sample.truth) for sample in self.samples)

    def to_dict(self) -> dict[str, Any]:
        """Protocol, counts and figures, as plain values for JSON."""
        return {
            "protocol": PROTOCOL,
            "samples": len(self.samples),
            "empty_36": self.empty_36,
            "correct_36": sum(sample.correct_36 for sample in self.samples),
            "correct": sum(sample.correct for sample in self.samples),
            "accuracy_36": self.accuracy_36,
            "accuracy": self.accuracy,
            "ned": self.ned,
            "cer": self.cer,
        }

    def _mean(self, values: Sequence[float]) -> float:
        return sum(values) / len(values) if values else 0.0


def score(truths: Sequence[str], readings: Sequence[str]) -> RecognitionResult:
    """The score of readings, each compared with the truth at the same place.

    Raises:
        ShapeError: There are not as many readings as truths.
    """
    if len(truths) != len(readings):
        raise ShapeError(f"readings: expected {len(truths)}, one per truth, got {len(readings)}")
    return RecognitionResult(tuple(map(SampleResult, truths, readings)))


def fold(text: str) -> str:
    """`text` in lower case, and of that only 0-9 and a-z."""
    return re.sub("[^0-9a-z]", "", text.lower())
