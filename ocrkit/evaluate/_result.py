"""What detection and spotting say of one image, and of a dataset."""

from dataclasses import dataclass
from typing import Any, NamedTuple

from ocrkit.evaluate._matching import AREA_PRECISION, IOU_THRESHOLD


class Pair(NamedTuple):
    """A word and the detection taken for it, as places in the lists that were compared.

    `correct` is False where the texts differ: the pair is used up, and does not count.
    """

    word: int
    found: int
    correct: bool


@dataclass(frozen=True, slots=True)
class ImageResult:
    """One image's counts and rates, for reports; the rates of a dataset are not their means.

    Attributes:
        words: Words that count.
        ignored_words: Words that do not count: found or not, nothing changes.
        found: Detections that count.
        ignored_found: Detections that do not count, as they lie on ignored words.
        pairs: Which word was taken for which detection, in the order of the words.
    """

    words: int
    ignored_words: int
    found: int
    ignored_found: int
    pairs: tuple[Pair, ...]

    @property
    def matched(self) -> int:
        """Words that were found (and, in spotting, read)."""
        return sum(pair.correct for pair in self.pairs)

    @property
    def recall(self) -> float:
        """Matched of all words; 1 in an image without words."""
        return self.matched / self.words if self.words else 1.0

    @property
    def precision(self) -> float:
        """Matched of all detections; of no detections: 1 in an image without words, otherwise 0."""
        return self.matched / self.found if self.found else float(not self.words)

    @property
    def hmean(self) -> float:
        """Harmonic mean of precision and recall."""
        return _hmean(self.precision, self.recall)


@dataclass(frozen=True, slots=True)
class Result:
    """The score of a dataset: rates of the sums over its images, so a full image weighs more.

    Attributes:
        protocol: Its name, such as `detection.PROTOCOL`.
        images: One entry per image, images without words and without detections included.
    """

    protocol: str
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
    def precision(self) -> float:
        """Matched of all detections that count; 0 if there are none."""
        return self.matched / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        """Matched of all words that count; 0 if there are none."""
        return self.matched / self.words if self.words else 0.0

    @property
    def hmean(self) -> float:
        """Harmonic mean of precision and recall."""
        return _hmean(self.precision, self.recall)

    def to_dict(self) -> dict[str, Any]:
        """Protocol, thresholds, counts and rates, as plain values for JSON."""
        return {
            "protocol": self.protocol,
            "thresholds": {"iou": IOU_THRESHOLD, "area_precision": AREA_PRECISION},
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


def _hmean(precision: float, recall: float) -> float:
    total = precision + recall
    return 2 * precision * recall / total if total else 0.0
