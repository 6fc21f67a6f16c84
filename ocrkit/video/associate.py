"""Which of the words found now are which of the tracks: costs, and the cheapest assignment."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from rapidfuzz.distance import Levenshtein
from rapidfuzz.fuzz import partial_ratio
from scipy.optimize import linear_sum_assignment

from ocrkit import geometry
from ocrkit.types import Floats, Word

Costs = NDArray[np.float64]

NEVER = 1e6
"""The cost of a pair that cannot be."""

REACH, REACH_PER_SECOND = 1.5, 3.0
"""How far from where it is expected a text may be found again, in its heights: at once, and more
for each second that it has not been seen."""


PIECE = 75
"""Percent of a piece's characters that must be found in the whole."""


def assign(costs: Costs) -> list[tuple[int, int]]:
    """The pairs (row, column) of least cost altogether, without those that cannot be."""
    rows, columns = linear_sum_assignment(costs)
    pairs = zip(rows.tolist(), columns.tolist(), strict=True)
    return [(row, column) for row, column in pairs if costs[row, column] < NEVER]


def overlap_costs(tracked: Sequence[Floats], found: Floats, min_iou: float) -> Costs:
    """One minus the IoU of each tracked quad (4, 2) with each found one (N, 4, 2); (tracked, N)."""
    costs = np.full((len(tracked), len(found)), NEVER)
    for row, quad in zip(costs, tracked, strict=True):
        overlaps = geometry.iou(quad, found)
        fits = overlaps >= min_iou
        row[fits] = 1 - overlaps[fits]
    return costs


def kinship_costs(
    words: Sequence[Word],
    known: Word,
    unseen: float,
    *,
    min_iou: float,
    min_similarity: float,
    sure: float,
) -> Costs:
    """How little words look like what is known of a track, from 0 to 1, or `NEVER`; (N,).

    If both are read surely, the text decides, as long as the place is within reach. If either is
    not, the place alone does.

    Args:
        words: N, found now.
        known: The track's text, in the place where it is expected.
        unseen: Seconds since the track was seen.
        min_iou: Words that are not read surely must overlap by so much.
        min_similarity: Texts must be so similar; see `similarity`.
        sure: The confidence from which on a word is read surely.
    """
    quads = np.array([word.quad for word in words], np.float32).reshape(-1, 4, 2)
    overlaps = geometry.iou(known.quad, quads)
    costs = np.where(overlaps >= min_iou, 1 - overlaps, NEVER).astype(np.float64)
    if known.confidence < sure or not known.text:
        return costs
    reach = REACH + REACH_PER_SECOND * unseen
    for i, word in enumerate(words):
        if word.confidence < sure or not word.text:
            continue
        costs[i] = NEVER
        likeness = similarity(word.text, known.text)
        if likeness >= min_similarity:
            nearness = 1 - _distance(word.quad, known.quad) / reach
            if nearness >= 0:
                costs[i] = 1 - (likeness + max(nearness, float(overlaps[i]))) / 2
    return costs


def is_piece(word: Word, known: Word) -> bool:
    """Whether a word is what can be seen of another, the rest of which is covered."""
    text, whole = word.text.casefold(), known.text.casefold()
    within = holds(known.quad, word.quad)
    return within and len(text) < len(whole) and partial_ratio(text, whole) >= PIECE


def holds(quad: Floats, other: Floats) -> bool:
    """Whether `other` lies in `quad`, both (4, 2), px, its edges aside: half of it is enough."""
    middle = np.asarray((other + other.mean(axis=0)) / 2, np.float32)
    return bool(geometry.contains(quad, middle).all())


def similarity(one: str, other: str) -> float:
    """One minus the edits between two texts over the length of the longer; case does not count."""
    return float(Levenshtein.normalized_similarity(one.casefold(), other.casefold()))


def _distance(one: Floats, other: Floats) -> float:
    """Between the centres of two quads, in heights of the lower one, whichever way it runs."""
    heights = [min(float(side) for side in geometry.extent(quad)) for quad in (one, other)]
    apart = float(np.linalg.norm(one.mean(axis=0) - other.mean(axis=0)))
    return apart / max(min(heights), 1.0)
