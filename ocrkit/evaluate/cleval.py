"""CLEval: detection and reading scored by characters, so that split and joined words count in part.

    Baek et al., CLEval: Character-Level Evaluation for Text Detection and Recognition Tasks,
    CVPR Workshops 2020, arXiv:2006.06244. The rules are those of the authors' package, 0.1.1.

Each word has as many pseudo-characters as its text, at equal distances along the middle of its
outline. An ignored word has about as many as fit, at most 10. "Covers" below means: at least 0.3 of
the detection's area lies in the word, and some of the word's pseudo-characters in the detection.

1. From ignored words the areas of the others are cut out. A detection is ignored if 0.3 of its area
   lies in what is left of one ignored word, or of several of which it holds characters.
2. Word and detection match if the detection covers the word, and is the only one to cover it, and
   covers no other (ignored ones count here); or if it is one of two or more that cover the word; or
   if it holds characters of two or more words, in which 0.3 of its area lies altogether.
3. Right are the characters that lie in a detection matched with their word, once each. For each
   piece beyond the first that a word is split into, recall loses one character; for each word
   beyond the first that a detection joins, precision does.
4. Recall is of all characters of the words. Precision is of the characters in matched detections,
   counted in each, and of those that detections without match could hold: height / width + 0.5,
   rounded, at most 10. So a false alarm costs one character if it is wide, and more if it is high.

End to end, right are the characters of the longest common subsequence of a word and of what the
detections matched with it read, in the order of the characters they hold. These are taken from the
readings before the next word is looked at. Precision is of all characters read. Case counts.

Words much higher than wide (below 0.5) run upwards, from the middle of the bottom to that of the
top: it decides in which order the pieces of a split word are read.

What could not be confirmed, or differs:
    Outlines of more than four points. The authors' code for them does not run as published. Here
    characters stand halfway between the two chains, the first half of the points and the second,
    and height and width are those of the smallest rectangle.
    Coordinates are rounded to whole pixels, half goes up; theirs come from files of whole numbers.
    A penalty can exceed what is right in one picture, whose rate is then below 0; sums over
    pictures are exact. The authors cut the rate of the whole set off at 0.
    Words without characters cannot be found or missed; they, and end to end the detections that
    read nothing, are among the ignored in the counts.
"""

from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import shapely

from ocrkit import geometry
from ocrkit.evaluate._base import Credit, Found, ImageResult, Outline, Pair, Protocol, Truth
from ocrkit.evaluate._matching import Numbers, Overlaps, ratio, rounded
from ocrkit.evaluate.spotting import known_texts
from ocrkit.types import Bools

LONGEST = 10
"""Characters that a false alarm or an ignored word has at most."""


@dataclass(frozen=True, slots=True, eq=False)
class _Match:
    """Which detections are taken for which words, and by which characters.

    Attributes:
        texts: Of the words; of an ignored one as many signs as it has pseudo-characters.
        inside: One (characters, found) bool for each word: the characters in each detection.
        pairs: (words, found) bool.
        found_ignored: (found,) bool.
    """

    texts: list[str]
    inside: list[Bools]
    pairs: Bools
    found_ignored: Bools

    @property
    def penalties(self) -> tuple[int, int]:
        """Pieces of words, and words in detections, beyond the first."""
        words, found = (self.pairs.sum(axis=axis) for axis in (1, 0))
        return int(np.maximum(words - 1, 0).sum()), int(np.maximum(found - 1, 0).sum())


@dataclass(frozen=True)
class CLEval(Protocol):
    """How much of the characters was found.

    Attributes:
        area_precision: A detection matches a word, or is ignored, if this share of its area, or
            more, lies in it.
        granularity: Characters that each piece beyond the first costs.
        vertical: Words of a lower width / height run upwards.
    """

    area_precision: float = 0.3
    granularity: float = 1.0
    vertical: float = 0.5

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture.

        Raises:
            DataError: A word that is not ignored has no text.
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        match = self._match(found, truth)
        counted = [inside & pairs for inside, pairs in zip(match.inside, match.pairs, strict=True)]
        right = sum(int(inside.any(axis=1).sum()) for inside in counted)
        alarms = ~match.found_ignored & ~match.pairs.any(axis=0)
        covered = sum(int(inside.sum()) for inside in counted)
        total = covered + sum(
            min(round(0.5 + 1 / (1e-5 + _aspect(found.outlines[i]))), LONGEST)
            for i in np.flatnonzero(alarms).tolist()
        )
        pairs = tuple(Pair(int(i), int(j)) for i, j in np.argwhere(match.pairs))
        return self._result(match, truth, pairs, right, total)

    def _match(self, found: Found, truth: Truth) -> _Match:
        """Which detections are taken for which words."""
        overlaps = Overlaps.between(truth.outlines, found.outlines)
        texts = [
            "#" * _pseudo_length(outline) if ignored else text
            for outline, text, ignored in zip(
                overlaps.words.points, known_texts(truth), truth.ignored, strict=True
            )
        ]
        centres = map(partial(_centres, vertical=self.vertical), overlaps.words.points, texts)
        inside = [
            np.array([_inside(ring, points) for ring in overlaps.found.points], bool)
            .reshape(len(overlaps.found.points), len(points))
            .T
            for points in centres
        ]
        held = np.array([each.any(axis=0) for each in inside], bool).reshape(overlaps.shared.shape)
        precision = _less_others(overlaps, truth.ignored)
        covers = (precision >= self.area_precision) & held
        found_ignored = self._found_ignored(precision, held, truth.ignored)
        both = ~truth.ignored[:, None] & ~found_ignored
        # A detection that covers a second word joins the two, or is ignored: either way, no matter.
        single = (covers.sum(axis=1) == 1)[:, None]
        split = (covers & both).sum(axis=1)[:, None] > 1
        parts = held & both
        joined = (parts.sum(axis=0) > 1) & ((precision * parts).sum(axis=0) >= self.area_precision)
        pairs = (covers & both & (single | split)) | (parts & joined)
        return _Match(texts, inside, pairs, found_ignored)

    def _found_ignored(self, precision: Numbers, held: Bools, ignored: Bools) -> Bools:
        """Which detections lie on ignored words; (found,)."""
        inside = precision[ignored]
        together = (inside * held[ignored]).sum(axis=0)
        return np.asarray((np.vstack([inside, together]) >= self.area_precision).any(axis=0))

    def _result(
        self, match: _Match, truth: Truth, pairs: tuple[Pair, ...], right: int, total: int
    ) -> ImageResult:
        empty = np.array([not text for text in match.texts], bool)
        words = zip(match.texts, truth.ignored, strict=True)
        splits, joins = match.penalties
        return ImageResult(
            words_ignored=tuple((truth.ignored | empty).tolist()),
            found_ignored=tuple(match.found_ignored.tolist()),
            pairs=pairs,
            credit=Credit(
                recall=right - self.granularity * splits,
                words=sum(len(text) for text, ignored in words if not ignored),
                precision=right - self.granularity * joins,
                found=total,
            ),
        )


@dataclass(frozen=True)
class CLEvalEndToEnd(CLEval):
    """How much of the characters was found and read.

    Attributes:
        case_sensitive: Whether A and a are different.
    """

    case_sensitive: bool = True

    def score_image(self, found: Found, truth: Truth) -> ImageResult:
        """The score of one picture; a pair is correct if all of the word was read.

        Raises:
            DataError: A word that is not ignored has no text.
            ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
        """
        if not self.case_sensitive:
            truth = Truth(truth.outlines, [t and t.upper() for t in truth.texts], truth.ignored)
            found = Found(found.outlines, [t.upper() for t in found.texts], found.scores)
        match = self._match(found, truth)
        silent = np.array([not text for text in found.texts], bool)
        total = sum(len(found.texts[i]) for i in np.flatnonzero(~match.found_ignored).tolist())
        left, pairs, right = list(found.texts), [], 0
        for word in np.flatnonzero(match.pairs.any(axis=1)):
            text = match.texts[word]
            order = _reading_order(match.inside[word], np.flatnonzero(match.pairs[word]).tolist())
            common = common_subsequence(text, "".join(left[i] for i in order))
            _take(common, left, order)
            right += len(common)
            pairs += [
                Pair(int(word), int(i), common == text) for i in np.flatnonzero(match.pairs[word])
            ]
        match = replace(match, found_ignored=match.found_ignored | silent)
        return self._result(match, truth, tuple(pairs), right, total)


def common_subsequence(one: str, other: str) -> str:
    """The longest common subsequence; of equally long ones that which the authors' code finds."""
    lengths = np.zeros((len(one) + 1, len(other) + 1), int)
    for i, a in enumerate(one, start=1):
        for j, b in enumerate(other, start=1):
            longer = max(lengths[i - 1, j], lengths[i, j - 1])
            lengths[i, j] = lengths[i - 1, j - 1] + 1 if a == b else longer
    found, i, j = [], len(one), len(other)
    while i and j:
        if one[i - 1] == other[j - 1]:
            i, j = i - 1, j - 1
            found.append(one[i])
        elif lengths[i - 1, j] > lengths[i, j - 1]:
            i -= 1
        else:
            j -= 1
    return "".join(reversed(found))


def _take(characters: str, left: list[str], order: list[int]) -> None:
    """Take each character away from the first of the readings in this order that has it."""
    for character in characters:
        owner = next(i for i in order if character in left[i])
        left[owner] = left[owner].replace(character, "", 1)


def _reading_order(inside: Bools, pieces: list[int]) -> list[int]:
    """The detections of a word in the order of its characters, each taken by one of them."""
    order, rest = [], list(pieces)
    for row in inside:
        taken = next((piece for piece in rest if row[piece]), None)
        if taken is not None and len(rest) > 1:
            order.append(taken)
            rest.remove(taken)
    # Like theirs, which gives each character to one detection: of those left over, the first.
    return order + rest[:1]


def _less_others(overlaps: Overlaps, ignored: Bools) -> Numbers:
    """Shares of detections in words, ignored ones less the areas of others; (words, found)."""
    shared = overlaps.shared.copy()
    if ignored.any():
        others = shapely.union_all(overlaps.words.polygons[~ignored])
        rest = shapely.difference(overlaps.words.polygons[ignored], others)
        cut = shapely.intersection(rest[:, None], overlaps.found.polygons)
        shared[ignored] = shapely.area(cut)
    return ratio(shared, overlaps.found.areas)


def _inside(ring: Numbers, points: Numbers) -> Bools:
    """Which points lie in the ring by the even-odd rule, (points,).

    Of points on its edge those at the left and at the top do, as in the authors' geometry library
    (on slanted edges rounding decides, here as there).
    """
    x, y = points.T[:, :, None]
    (x1, y1), (x2, y2) = ring.T, np.roll(ring, -1, axis=0).T
    crossed = (y1 > y) != (y2 > y)
    where = x1 + (x2 - x1) * (y - y1) / np.where(y1 == y2, 1, y2 - y1)
    return np.asarray((crossed & (x < where)).sum(axis=1) % 2 == 1)


def _centres(outline: Numbers, text: str, vertical: float) -> Numbers:
    """One point for each character, at equal distances along the middle; (characters, 2)."""
    if len(outline) == 4 and _aspect(outline) < vertical:
        outline = np.roll(outline, 1, axis=0)
    half = len(outline) // 2
    edges = np.linspace(0, 1, len(text) + 1)
    top, bottom = (_along(chain, edges) for chain in (outline[:half], outline[half:][::-1]))
    middle = (top + bottom) / 2
    return (middle[1:] + middle[:-1]) / 2


def _along(chain: Numbers, places: Numbers) -> Numbers:
    """Points of a chain, at fractions of its number of sections."""
    knots = np.arange(len(chain)) / max(len(chain) - 1, 1)
    return np.stack([np.interp(places, knots, chain[:, axis]) for axis in (0, 1)], axis=-1)


def _pseudo_length(outline: Numbers) -> int:
    """How many characters an ignored word has."""
    aspect = _aspect(outline)
    return min(round(0.5 + max(aspect, 1 / aspect)), LONGEST)


def _aspect(outline: Outline) -> float:
    """Width / height of an outline, in whole pixels."""
    quad = geometry.quad_around(rounded(outline).astype(np.float32))
    top, right, bottom, left = np.linalg.norm(np.roll(quad, -1, axis=0) - quad, axis=1)
    return float((top + bottom + 2e-5) / (left + right + 2e-5))
