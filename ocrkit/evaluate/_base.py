"""What every protocol takes and gives: the words and detections of a picture, and their score."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from ocrkit.types import Bools, check

Outline = NDArray[Any]
Outlines = Sequence[Outline] | NDArray[Any]
"""Rings of their own lengths, or (N, K, 2) of one length: quads are (N, 4, 2)."""


@dataclass(frozen=True, slots=True, eq=False)
class Truth:
    """The words of one picture. Their order counts in most protocols.

    Attributes:
        outlines: N rings (K, 2), K >= 3, in pixels.
        texts: N strings; None where there is no transcription.
        ignored: (N,) bool; True where finding the word or not changes nothing.
    """

    outlines: Outlines
    texts: Sequence[str | None]
    ignored: Bools

    def __post_init__(self) -> None:
        check("texts", np.empty(len(self.texts)), (len(self.outlines),))
        check("ignored", self.ignored, (len(self.outlines),))

    @classmethod
    def of(
        cls,
        outlines: Outlines,
        texts: Sequence[str | None] | None = None,
        ignored: Sequence[bool] | Bools | None = None,
    ) -> Self:
        """Words whose texts are unknown and which all count, unless said otherwise."""
        count = len(outlines)
        flags = np.zeros(count, bool) if ignored is None else np.asarray(ignored, bool)
        return cls(outlines, [None] * count if texts is None else texts, flags)


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """The detections in one picture. Their order counts in most protocols.

    Attributes:
        outlines: N rings (K, 2), K >= 3, in pixels of the picture as the truth has it.
        texts: N strings, what each was read as.
        scores: (N,) float64, how sure the detector is; only their order counts.
    """

    outlines: Outlines
    texts: Sequence[str]
    scores: NDArray[np.float64]

    def __post_init__(self) -> None:
        check("texts", np.empty(len(self.texts)), (len(self.outlines),))
        check("scores", self.scores, (len(self.outlines),))

    @classmethod
    def of(
        cls,
        outlines: Outlines,
        texts: Sequence[str] | None = None,
        scores: Sequence[float] | NDArray[Any] | None = None,
    ) -> Self:
        """Detections without readings, all equally sure, unless said otherwise."""
        count = len(outlines)
        sure = np.ones(count) if scores is None else np.asarray(scores, np.float64)
        return cls(outlines, [""] * count if texts is None else texts, sure)


class Pair(NamedTuple):
    """A word and a detection taken for it, as places in the lists that were compared.

    `correct` is False where the texts differ: the pair is used up, and does not count.
    """

    word: int
    found: int
    correct: bool = True


class Credit(NamedTuple):
    """The numerators and denominators of recall and precision, where they are no counts of pairs.

    Sums over pictures keep their parts, so that a dataset's rate is that of the sums. A numerator
    may be negative, where a protocol takes off more for pieces than it gives: the rate is 0 then.
    """

    recall: float
    words: float
    precision: float
    found: float


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One picture's score; the rates of a dataset are not the means of its pictures'.

    Attributes:
        words_ignored: One flag per word: found or not, nothing changes.
        found_ignored: One flag per detection: it lies on ignored words, so it is not counted.
        pairs: Which words were taken for which detections. In protocols that allow words to be
            split or joined, a word or detection may be in several pairs.
        credit: The parts of recall and precision, where a pair does not count 1 for each.
    """

    words_ignored: tuple[bool, ...]
    found_ignored: tuple[bool, ...]
    pairs: tuple[Pair, ...]
    credit: Credit | None = None

    @property
    def words(self) -> int:
        """Words that count."""
        return len(self.words_ignored) - self.ignored_words

    @property
    def ignored_words(self) -> int:
        """Words that do not count."""
        return sum(self.words_ignored)

    @property
    def found(self) -> int:
        """Detections that count."""
        return len(self.found_ignored) - self.ignored_found

    @property
    def ignored_found(self) -> int:
        """Detections that do not count."""
        return sum(self.found_ignored)

    @property
    def matched(self) -> int:
        """Words that were found (and, in spotting, read)."""
        return len({pair.word for pair in self.pairs if pair.correct})

    @property
    def parts(self) -> Credit:
        """Numerators and denominators of recall and precision."""
        return self.credit or Credit(self.matched, self.words, self.matched, self.found)

    @property
    def recall(self) -> float:
        """Matched of all words; 1 in a picture without words."""
        return max(self.parts.recall, 0.0) / self.parts.words if self.words else 1.0

    @property
    def precision(self) -> float:
        """Matched of all detections; of no detections: 1 in a picture without words, else 0."""
        if not self.found:
            return float(not self.words)
        return max(self.parts.precision, 0.0) / self.parts.found

    @property
    def hmean(self) -> float:
        """Harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)


@dataclass(frozen=True)
class Protocol(ABC):
    """Rules by which the detections in a picture are scored; its fields are the thresholds.

    Attributes:
        name: As reports print it.
    """

    name: str
    version: ClassVar[str] = "1"
    """Of our reading of the rules; it changes when a figure could."""

    @abstractmethod
    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
            DataError: The truth lacks what the protocol needs.
        """

    def settings(self) -> dict[str, Any]:
        """Thresholds and options, as plain values for reports."""
        return {key: value for key, value in asdict(self).items() if key != "name"}


@dataclass(frozen=True)
class Result:
    """The score of a dataset: rates of the sums over its pictures, so a full one weighs more.

    Attributes:
        protocol: By which rules.
        images: One entry per picture, those without words and without detections included.
    """

    protocol: Protocol
    images: tuple[ImageResult, ...]

    @property
    def words(self) -> int:
        """Words that count."""
        return sum(image.words for image in self.images)

    @property
    def ignored_words(self) -> int:
        """Words that do not count."""
        return sum(image.ignored_words for image in self.images)

    @property
    def found(self) -> int:
        """Detections that count."""
        return sum(image.found for image in self.images)

    @property
    def ignored_found(self) -> int:
        """Detections that do not count."""
        return sum(image.ignored_found for image in self.images)

    @property
    def matched(self) -> int:
        """Words that were found (and, in spotting, read)."""
        return sum(image.matched for image in self.images)

    @property
    def parts(self) -> Credit:
        """Numerators and denominators of recall and precision, summed."""
        return Credit(*(sum(part) for part in zip(*(i.parts for i in self.images), strict=True)))

    @property
    def recall(self) -> float:
        """Matched of all words that count; 0 if there are none."""
        return max(self.parts.recall, 0.0) / self.parts.words if self.words else 0.0

    @property
    def precision(self) -> float:
        """Matched of all detections that count; 0 if there are none."""
        return max(self.parts.precision, 0.0) / self.parts.found if self.found else 0.0

    @property
    def hmean(self) -> float:
        """Harmonic mean of precision and recall."""
        return harmonic_mean(self.precision, self.recall)

    def to_dict(self) -> dict[str, Any]:
        """Protocol, thresholds, counts and rates, as plain values for JSON."""
        return {
            "protocol": self.protocol.name,
            "version": self.protocol.version,
            "settings": self.protocol.settings(),
            "images": len(self.images),
            "words": self.words,
            "ignored_words": self.ignored_words,
            "detections": self.found,
            "ignored_detections": self.ignored_found,
            "matched": self.matched,
            "precision": self.precision,
            "recall": self.recall,
            "hmean": self.hmean,
        }


def harmonic_mean(precision: float, recall: float) -> float:
    """Of two rates; 0 if both are."""
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
