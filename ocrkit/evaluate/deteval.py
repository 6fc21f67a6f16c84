"""Detection where words may be split and joined: DetEval, as ICDAR 2013 and Total-Text use it.

A word and a detection go together by two shares of their common area: that of the word (area
recall) and that of the detection (area precision). In this order, each pass with what is left:

    one to one      both shares are great enough; counts 1 for recall and precision
    a split word    detections that lie mostly in the word cover enough of it together; counts
                    less, because nobody can read the pieces
    joined words    one detection covers enough of each word, and is not much larger than they are
                    together; counts in full in ICDAR 2013, as lines of words are still legible

C. Wolf, J.-M. Jolion: Object count/area graphs for the evaluation of object detection and
segmentation algorithms. IJDAR 8 (2006). What is coded here is what the benchmarks' scripts do.
"""

from dataclasses import dataclass, field
from math import log
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ocrkit.evaluate._base import Credit, Found, ImageResult, Pair, Protocol, Truth
from ocrkit.evaluate._matching import Numbers, Overlaps, Rings, ratio
from ocrkit.types import Bools

Places = NDArray[np.intp]


@dataclass(frozen=True)
class DetEval(Protocol):
    """As the Robust Reading Competition scores ICDAR 2013 (task 2.1), and MTWI 2018.

    A pair is one to one only if neither has another partner whose shares are great enough, ignored
    ones included, and their centres are near. Otherwise, the next passes may still pair them, as
    the single piece of a "split" word, which counts as one to one.

    Outlines that cross themselves or enclose nothing are left out on both sides: they do not count.

    Attributes:
        area_recall: Least share of a word that is covered, one to one, by all pieces together, or
            by the detection that joins it to others.
        area_precision: Least share of a detection, one to one, in a split word, or in all words
            that it joins together.
        ignored_share: A detection is ignored if more of it lies in one ignored word.
        variant: "rrc" is the site's default. In "deteval" word and detection must have no overlap
            with others to be one to one, and one with two at least to be split or joined.
        centres: The distance of the centres must be less than this times the mean diagonal.
        split: What a split word counts, and each of its pieces; None: 1 and 1 / (1 + log pieces).
            In the latter case joined words count 1 / (1 + log words) each, else 1.
        upright: Bounding boxes are compared, not outlines.
        inclusive: Boxes reach to the far side of their last pixels: they are one pixel longer.
        whole_pixels: Coordinates are rounded first, half goes up.
    """

    area_recall: float = 0.8
    area_precision: float = 0.4
    ignored_share: float = 0.4
    variant: Literal["rrc", "deteval"] = "rrc"
    centres: float = 1.0
    split: float | None = 0.8
    upright: bool = True
    inclusive: bool = True
    whole_pixels: bool = True

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        overlaps = Overlaps.between(
            truth.outlines,
            found.outlines,
            whole_pixels=self.whole_pixels,
            upright=self.upright,
            inclusive=self.inclusive,
        )
        words, boxes = overlaps.words.simple, overlaps.found.simple
        ignored = overlaps.ignored_found(truth.ignored & words, self.ignored_share)
        tally = _Tally(words & ~truth.ignored, boxes & ~ignored)
        # What is left out is nobody's rival; what is ignored is.
        recall, precision = overlaps.recall, overlaps.precision * (words[:, None] & boxes)
        self._one_to_one(tally, recall, precision, _centre_distances(overlaps))
        self._split_words(tally, recall, precision)
        self._joined_words(tally, recall, precision)
        return tally.result()

    def _one_to_one(
        self, tally: "_Tally", recall: Numbers, precision: Numbers, distances: Numbers
    ) -> None:
        fits = (recall >= self.area_recall) & (precision >= self.area_precision)
        alone = fits & (fits.sum(axis=1, keepdims=True) == 1) & (fits.sum(axis=0) == 1)
        if self.variant == "deteval":
            met_by_word, met_by_found = tally.meetings(recall)
            alone &= (met_by_word[:, None] == 1) & (met_by_found == 1)
        alone &= (distances < self.centres) & tally.words[:, None] & tally.found
        for word, detection in np.argwhere(alone):
            tally.take([word], [detection], 1, 1)

    def _split_words(self, tally: "_Tally", recall: Numbers, precision: Numbers) -> None:
        met = tally.meetings(recall)[0]
        for word in tally.words_left():
            pieces = tally.found_left(precision[word] >= self.area_precision)
            enough = np.round(recall[word, pieces].sum(), 4) >= self.area_recall
            if enough and (self.variant == "rrc" or met[word] >= 2):
                count = len(pieces)
                word_counts = 1 if count == 1 or self.split is None else self.split
                piece_counts = 1 / (1 + log(count)) if self.split is None else word_counts
                tally.take([word], pieces, word_counts, piece_counts)

    def _joined_words(self, tally: "_Tally", recall: Numbers, precision: Numbers) -> None:
        met = tally.meetings(recall)[1]
        for detection in tally.found_left():
            joined = tally.words_left(recall[:, detection] >= self.area_recall)
            enough = np.round(precision[joined, detection].sum(), 4) >= self.area_precision
            if enough and (self.variant == "rrc" or met[detection] >= 2):
                word_counts = 1 / (1 + log(len(joined))) if self.split is None else 1
                tally.take(joined, [detection], word_counts, 1)


@dataclass(frozen=True)
class TotalText(Protocol):
    """As the script that comes with Total-Text scores it: outlines, shares in whole percent.

    One to one, a word must have one detection with enough area recall and one with enough area
    precision, and these must have no other such word; the script does not ask whether the two are
    the same, and takes the former. Words can be split and joined only where at least two overlap.
    Joined words count less, too, and need no more area recall than `area_precision`.

    Attributes:
        area_recall: Share of a word that must be covered; one to one, more.
        area_precision: Share of a detection that must lie in the word; one to one, more.
        ignored_share: A detection is ignored if more of it, its area being taken one square pixel
            larger, lies in one ignored word.
        split: What a split word and each of its pieces, a joint and each of its words counts.
    """

    area_recall: float = 0.7
    area_precision: float = 0.6
    ignored_share: float = 0.5
    split: float = 0.8

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture; outlines are rounded to whole pixels before they are compared.

        Raises:
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        overlaps = Overlaps.between(truth.outlines, found.outlines)
        inside = ratio(overlaps.shared, overlaps.found.areas + 1)
        clear = ~(inside[truth.ignored] > self.ignored_share)
        tally = _Tally(~truth.ignored, np.asarray(clear.all(axis=0)))
        counted = tally.words[:, None] & tally.found
        recall = np.round(overlaps.recall, 2) * counted
        precision = np.round(overlaps.precision, 2) * counted
        self._one_to_one(tally, recall, precision)
        self._split_words(tally, recall, precision)
        self._joined_words(tally, recall, precision)
        return tally.result()

    def _one_to_one(self, tally: "_Tally", recall: Numbers, precision: Numbers) -> None:
        covers, lies_in = recall > self.area_recall, precision > self.area_precision
        single = (covers.sum(axis=1) == 1) & (lies_in.sum(axis=1) == 1)
        for word in np.flatnonzero(single):
            covering, lying = covers[word].argmax(), lies_in[word].argmax()
            if covers[:, covering].sum() == 1 and lies_in[:, lying].sum() == 1:
                tally.take([word], [covering], 1, 1)

    def _split_words(self, tally: "_Tally", recall: Numbers, precision: Numbers) -> None:
        for word in tally.words_left((recall > 0).sum(axis=1) >= 2):
            pieces = tally.found_left(precision[word] >= self.area_precision)
            if recall[word, pieces].sum() >= self.area_recall:
                counts = 1 if len(pieces) == 1 else self.split
                tally.take([word], pieces, counts, counts)

    def _joined_words(self, tally: "_Tally", recall: Numbers, precision: Numbers) -> None:
        for detection in tally.found_left((precision > 0).sum(axis=0) >= 2):
            joined = tally.words_left(recall[:, detection] >= self.area_precision)
            if len(joined) == 1 and recall[joined[0], detection] < self.area_recall:
                continue
            if precision[joined, detection].sum() >= self.area_precision:
                counts = 1 if len(joined) == 1 else self.split
                tally.take(joined, [detection], counts, counts)


@dataclass(slots=True, eq=False)
class _Tally:
    """What is left of a picture after the passes so far, and what was counted.

    Attributes:
        words: (words,) bool, which count.
        found: (found,) bool, which count.
    """

    words: Bools
    found: Bools
    free_words: Bools = field(init=False)
    free_found: Bools = field(init=False)
    pairs: list[Pair] = field(default_factory=list)
    recall: float = 0.0
    precision: float = 0.0

    def __post_init__(self) -> None:
        self.free_words, self.free_found = self.words.copy(), self.found.copy()

    def words_left(self, fits: Bools | Literal[True] = True) -> Places:
        """Places of the words that fit and are not taken yet."""
        return np.flatnonzero(self.free_words & fits)

    def found_left(self, fits: Bools | Literal[True] = True) -> Places:
        """Places of the detections that fit and are not taken yet."""
        return np.flatnonzero(self.free_found & fits)

    def meetings(self, recall: Numbers) -> tuple[Places, Places]:
        """How many detections each word overlaps, and how many words each detection does."""
        meets = (recall > 0) & self.words[:, None] & self.found
        return meets.sum(axis=1), meets.sum(axis=0)

    def take(
        self,
        words: Places | list[np.intp],
        found: Places | list[np.intp],
        word_counts: float,
        found_counts: float,
    ) -> None:
        """Count these words and detections, which belong together, each by so much."""
        self.free_words[words] = False
        self.free_found[found] = False
        self.pairs += [Pair(int(word), int(detection)) for word in words for detection in found]
        self.recall += word_counts * len(words)
        self.precision += found_counts * len(found)

    def result(self) -> ImageResult:
        """The score of the picture."""
        return ImageResult(
            words_ignored=tuple((~self.words).tolist()),
            found_ignored=tuple((~self.found).tolist()),
            pairs=tuple(sorted(self.pairs)),
            credit=Credit(
                self.recall, int(self.words.sum()), self.precision, int(self.found.sum())
            ),
        )


def _centre_distances(overlaps: Overlaps) -> Numbers:
    """Distances of centres over the mean of the boxes' diagonals; (words, found)."""
    (centres, diagonals), (centres2, diagonals2) = (
        _centres(rings) for rings in (overlaps.words, overlaps.found)
    )
    apart = np.linalg.norm(centres[:, None] - centres2, axis=-1)
    return ratio(2 * apart, diagonals[:, None] + diagonals2)


def _centres(rings: Rings) -> tuple[Numbers, Numbers]:
    """The means of the corners (N, 2), and the diagonals of the bounding boxes (N,)."""
    centres = np.array([points.mean(axis=0) for points in rings.points]).reshape(-1, 2)
    extents = np.array([np.ptp(points, axis=0) for points in rings.points]).reshape(-1, 2)
    return centres, np.asarray(np.linalg.norm(extents, axis=1))
