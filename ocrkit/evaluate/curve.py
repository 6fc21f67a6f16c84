"""Detection at every score threshold: curves, average precision, and the best threshold.

A threshold keeps the detections whose score is at least as high, so equal scores come in together
and no figure depends on the order among them. Where a detector gives no scores, all are 1 and a
curve has one point.

`precision_recall` takes the matches as they are, with all detections there. Without the worse
detections, others may be matched; `sweep` matches anew. The former is what average precision
means, the latter is what a detector with that threshold would score.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ocrkit.errors import DataError
from ocrkit.evaluate._base import Credit, Found, ImageResult, Protocol, Truth
from ocrkit.evaluate._matching import Numbers, ratio


@dataclass(frozen=True, slots=True, eq=False)
class Curve:
    """Recall and precision by threshold.

    Attributes:
        thresholds: (T,) float64, falling: scores that detections have.
        recall: (T,) float64, of all words that count.
        precision: (T,) float64, of the detections that count and are kept; 0 where none are.
    """

    thresholds: Numbers
    recall: Numbers
    precision: Numbers

    @property
    def hmean(self) -> Numbers:
        """(T,) harmonic means of precision and recall."""
        return ratio(2 * self.precision * self.recall, self.precision + self.recall)


def precision_recall(results: Sequence[ImageResult], founds: Sequence[Found]) -> Curve:
    """The curve of a dataset whose pictures were scored with all their detections.

    A detection that is ignored is left out. A word is found as soon as one of its detections is
    kept: in protocols where a match counts less than 1, it counts 1 here.

    Args:
        results: The score of each picture.
        founds: The detections in it.
    """
    scores, right, firsts = [np.zeros(0)], [np.zeros(0, bool)], [np.zeros(0)]
    for result, found in zip(results, founds, strict=True):
        counted = ~np.array(result.found_ignored, bool)
        hits = np.zeros(len(counted), bool)
        first: dict[int, float] = {}
        for pair in result.pairs:
            if pair.correct:
                hits[pair.found] = True
                score = float(found.scores[pair.found])
                first[pair.word] = max(score, first.get(pair.word, score))
        scores.append(found.scores[counted])
        right.append(hits[counted])
        firsts.append(np.array(list(first.values())))
    every, hit, reached = map(np.concatenate, (scores, right, firsts))
    thresholds = np.unique(every)[::-1]
    kept, kept_right, words = (
        len(s) - np.searchsorted(np.sort(s), thresholds) for s in (every, every[hit], reached)
    )
    total = np.full(len(thresholds), float(sum(result.words for result in results)))
    return Curve(thresholds, ratio(words / 1.0, total), kept_right / kept)


def average_precision(curve: Curve) -> float:
    """The area under the curve as PASCAL VOC measures it since 2010: over all points.

    The precision at a recall is the highest at that recall or above. 0 where nothing is found.
    """
    highest = np.maximum.accumulate(curve.precision[::-1])[::-1]
    return float(np.diff(curve.recall, prepend=0) @ highest)


def stepwise_precision(curve: Curve) -> float:
    """The "AP" of the Robust Reading Competition: the mean precision where words are found.

    As `average_precision`, but with the precision as it is: never higher.
    """
    return float(np.diff(curve.recall, prepend=0) @ curve.precision)


def sweep(
    protocol: Protocol, founds: Sequence[Found], truths: Sequence[Truth], most: int = 100
) -> Curve:
    """The curve of a dataset that is scored anew at each threshold.

    Args:
        protocol: By which rules.
        founds: The detections in each picture.
        truths: The words in it.
        most: How many thresholds to try; of more scores, as many that are evenly spaced by rank.

    Raises:
        ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        DataError: The truth lacks what the protocol needs.
    """
    thresholds = np.unique(np.concatenate([np.zeros(0), *(found.scores for found in founds)]))
    if len(thresholds) > most:
        places = np.round(np.linspace(0, len(thresholds) - 1, most)).astype(int)
        thresholds = thresholds[places]
    thresholds = thresholds[::-1]
    totals = np.zeros((len(thresholds), len(Credit._fields)))
    for found, truth in zip(founds, truths, strict=True):
        totals += _parts(protocol, found, truth, thresholds)
    recall, words, precision, detections = totals.T
    return Curve(thresholds, ratio(recall, words), ratio(precision, detections))


def best_threshold(curve: Curve) -> float:
    """The threshold with the highest harmonic mean; of equals the lowest.

    Look for it on other pictures than those that are scored, or say that you did not.

    Raises:
        DataError: There are no detections.
    """
    if not len(curve.thresholds):
        raise DataError("no detections: there is no threshold to choose; check the predictions")
    hmean = curve.hmean
    return float(curve.thresholds[np.flatnonzero(hmean == hmean.max())[-1]])


def _parts(protocol: Protocol, found: Found, truth: Truth, thresholds: Numbers) -> Numbers:
    """What one picture adds to the sums at each threshold; (T, 4), as in `Credit`."""
    # Few detections fall between two thresholds: most pictures score as they did before.
    counts = (found.scores >= thresholds[:, None]).sum(axis=1)
    distinct, first, which = np.unique(counts, return_index=True, return_inverse=True)
    parts = np.zeros((len(distinct), len(Credit._fields)))
    for row, place in enumerate(first):
        kept = _above(found, float(thresholds[place]))
        parts[row] = protocol.score_image(kept, truth).parts
    return parts[which]


def _above(found: Found, threshold: float) -> Found:
    """The detections whose score is at least as high, in their order."""
    kept = np.flatnonzero(found.scores >= threshold).tolist()
    return Found(
        [found.outlines[i] for i in kept], [found.texts[i] for i in kept], found.scores[kept]
    )
