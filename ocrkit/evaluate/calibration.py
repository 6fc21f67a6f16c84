"""Whether confidences mean what they say: of the words that are 0.9 sure, nine in ten are right.

Guo et al., On Calibration of Modern Neural Networks, ICML 2017 (arXiv 1706.04599).

    ece     expected calibration error (section 2, equation 3): |accuracy - mean confidence| of each
            bin, weighted by its words. Bins are of equal width, (m-1)/M < confidence <= m/M, and 0
            lies in the first; M is 10 by default, 15 in the paper. It depends on M, and a
            model that says the same of every word can have none: compare it with like, and never
            fit anything to it alone.
    brier   mean of (confidence - correct)^2, and
    nll     mean of -ln(confidence) where the word is right, -ln(1 - confidence) where it is not:
            proper scores, which are least in expectation for the true probabilities, and reward
            telling right from wrong, too.

Of no words, every figure is 0.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.errors import DataError
from ocrkit.types import check

BINS = 10

CERTAIN = 1e-6
"""What `nll` takes for the probability of the impossible, so that one word cannot make it infinite:
an empty reading has confidence 0, and may be right."""


class Bin(NamedTuple):
    """The words with confidences above `start`, up to and including `end`."""

    start: float
    end: float
    words: int
    confidence: float
    """The mean of theirs."""
    accuracy: float
    """The fraction of them that is right."""


@dataclass(frozen=True, slots=True)
class Calibration:
    """How well the confidences of a set of words fit what became of them.

    Attributes:
        bins: By rising confidence, those that have words.
        brier: See above.
        nll: See above.
    """

    bins: tuple[Bin, ...]
    brier: float
    nll: float

    @property
    def words(self) -> int:
        """How many there are."""
        return sum(one.words for one in self.bins)

    @property
    def confidence(self) -> float:
        """The mean over all words."""
        return sum(one.words * one.confidence for one in self.bins) / max(self.words, 1)

    @property
    def accuracy(self) -> float:
        """The fraction of all words that is right."""
        return sum(one.words * one.accuracy for one in self.bins) / max(self.words, 1)

    @property
    def ece(self) -> float:
        """Expected calibration error, in [0, 1]."""
        gaps = sum(one.words * abs(one.accuracy - one.confidence) for one in self.bins)
        return gaps / max(self.words, 1)

    @property
    def rates(self) -> dict[str, float]:
        """The figures, by name."""
        return {
            "mean_confidence": self.confidence,
            "ece": self.ece,
            "brier": self.brier,
            "nll": self.nll,
        }

    def to_dict(self) -> dict[str, Any]:
        """Figures and bins, as plain values for JSON."""
        return {**self.rates, "bins": [one._asdict() for one in self.bins]}


def calibration(
    confidences: Sequence[float] | NDArray[np.floating],
    correct: Sequence[bool] | NDArray[np.bool_],
    bins: int = BINS,
) -> Calibration:
    """How well confidences fit.

    Args:
        confidences: (N,) in [0, 1], one per word.
        correct: (N,) whether the words are right.
        bins: Of equal width, into which [0, 1] is cut.

    Raises:
        ShapeError: There are not as many of one as of the other.
        DataError: A confidence is not in [0, 1].
    """
    sure, right = np.asarray(confidences, np.float64), np.asarray(correct, np.float64)
    check("confidences", sure, (len(right),))
    inside = (sure >= 0) & (sure <= 1)  # False for NaN, too
    if not inside.all():
        raise DataError(f"confidences: {sure[~inside][0]} is not in [0, 1]")
    if not len(sure):
        return Calibration((), 0.0, 0.0)
    edges = np.arange(bins + 1) / bins  # unlike linspace's, the doubles nearest to 0.1, 0.2, ...
    places = np.searchsorted(edges[1:-1], sure, side="left")
    counts, sums, hits = (np.bincount(places, weights, bins) for weights in (None, sure, right))
    said = np.where(right > 0, sure, 1 - sure)
    return Calibration(
        bins=tuple(
            Bin(
                float(edges[i]),
                float(edges[i + 1]),
                int(counts[i]),
                float(sums[i] / counts[i]),
                float(hits[i] / counts[i]),
            )
            for i in np.flatnonzero(counts)
        ),
        brier=float(np.mean((sure - right) ** 2)),
        nll=float(-np.mean(np.log(np.maximum(said, CERTAIN)))),
    )
