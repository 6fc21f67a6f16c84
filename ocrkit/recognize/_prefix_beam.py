"""Prefix beam search: the labellings that a CTC network finds most probable, and not just one path.

Graves et al., ICML 2006, section 3.2, as Hannun et al., arXiv 1408.2873, algorithm 1. A labelling's
probability is the sum over all its alignments, so the best one may be another than that of the best
path.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.recognize._ctc import BLANK
from ocrkit.types import Floats

Hashes = NDArray[np.uint64]
Mass = NDArray[np.float64]

FACTOR = np.uint64(0x9E3779B97F4A7C15)
"""Odd, and with bits all over: prefixes are told apart by a polynomial hash to this base."""

DEAD, NOBODY = np.iinfo(np.uint64).max - np.arange(2, dtype=np.uint64)
"""Hashes of what has no mass, and of what has no parent in the beam."""


class Labelling(NamedTuple):
    """`labels` (L,), none of them the blank; and the logarithm of what is known to speak for it."""

    labels: NDArray[np.int64]
    log: float


class _Beams(NamedTuple):
    """Prefixes (B, W) of B pictures, the most probable first.

    `blank` and `label`: the mass of their alignments that end with a blank, and with their last
    label, which is `last`, BLANK for the empty prefix. `own` and `parent`: hashes of the prefix,
    and of that without its last label.
    """

    blank: Mass
    label: Mass
    last: NDArray[np.int64]
    own: Hashes
    parent: Hashes

    def of(self, index: NDArray[np.int64]) -> "_Beams":
        """Those at `index` (B, W)."""
        rows = _rows(index)
        parts: list[NDArray[Any]] = [part[rows, index] for part in self]
        return _Beams(*parts)

    def where(self, chosen: NDArray[np.bool_], other: "_Beams") -> "_Beams":
        """These where `chosen` (B, W), and the others elsewhere."""
        pairs = zip(self, other, strict=True)
        parts: list[NDArray[Any]] = [np.where(chosen, mine, theirs) for mine, theirs in pairs]
        return _Beams(*parts)


def prefix_beam(probabilities: Floats, width: int) -> list[list[Labelling]]:
    """The most probable labellings of each picture, the best first.

    At each time step `width` prefixes are kept: a beam as wide as there are prefixes is exact.
    Pictures are searched side by side, and none has a say in another's search.

    Args:
        probabilities: (B, T, K), each row sums to 1.
        width: At least 1; no more labellings are returned.
    """
    beams, scale = _begin(len(probabilities)), np.zeros(len(probabilities))
    history: list[tuple[NDArray[np.int64], NDArray[np.int64]]] = []
    for row in np.asarray(probabilities, np.float64).swapaxes(0, 1):
        beams, origin, added = _step(beams, row, width)
        most = (beams.blank + beams.label).max(axis=1, keepdims=True)
        # Scaled by it, nothing underflows.
        beams = beams._replace(blank=beams.blank / most, label=beams.label / most)
        scale += np.log(most[:, 0])
        history.append((origin, added))
    mass = beams.blank + beams.label
    spelt = _spelt(history, mass.shape)
    return [
        [
            Labelling(labels[labels != BLANK], float(base + np.log(own)))
            for labels, own in zip(of_one, masses, strict=True)
            if own > 0
        ]
        for of_one, masses, base in zip(spelt, mass, scale, strict=True)
    ]


def _rows(index: NDArray[np.int64]) -> NDArray[np.int64]:
    """What goes with `index` (B, W) to choose in each row; `take_along_axis` costs more."""
    return np.arange(len(index))[:, None]


def _begin(count: int) -> _Beams:
    """Before the first time step: the empty prefix, as if a blank had been said."""
    empty = np.zeros((count, 1))
    own = empty.astype(np.uint64)
    return _Beams(empty + 1, empty, empty.astype(np.int64), own, np.full_like(own, NOBODY))


def _step(
    beams: _Beams, row: Mass, width: int
) -> tuple[_Beams, NDArray[np.int64], NDArray[np.int64]]:
    """One time step, of probabilities (B, K): the beams, of which one each grew, and by what."""
    count, size = beams.last.shape
    whole, blank = beams.blank + beams.label, row[:, BLANK, None]
    rows = _rows(beams.last)
    again = row[rows, beams.last]
    grown = whole[..., None] * row[:, None]
    # The same label again needs a blank before it.
    grown[rows, np.arange(size), beams.last] = beams.blank * again
    grown[..., BLANK] = 0
    stays = beams._replace(blank=whole * blank, label=beams.label * again)
    # A prefix that grows into another one of the beam adds to that.
    at, parent, child = np.nonzero(beams.own[:, :, None] == beams.parent[:, None])
    label = beams.last[at, child]
    stays.label[at, child] += grown[at, parent, label]
    grown[at, parent, label] = 0
    mass = np.concatenate([stays.blank + stays.label, grown.reshape(count, -1)], axis=1)
    kept = _largest(mass, width)
    new = kept >= size
    grows, label = np.divmod(kept - size, row.shape[1])
    origin, added = np.where(new, grows, kept), np.where(new, label, BLANK)
    found = stays.of(origin)
    taken = mass[rows, kept]
    grew = _Beams(
        np.zeros_like(taken),
        taken,
        added,
        found.own * FACTOR + added.astype(np.uint64),
        found.own,
    )
    beams = grew.where(new, found)
    dead = taken == 0  # the double of another prefix, or none at all
    beams.own[dead], beams.parent[dead] = DEAD, NOBODY
    return beams, origin, added


def _largest(mass: Mass, width: int) -> NDArray[np.int64]:
    """Where the `width` largest of each row stand, the largest first; of equals, the first."""
    if width >= mass.shape[1]:
        return np.argsort(-mass, axis=1, kind="stable")
    kept = np.sort(np.argpartition(-mass, width - 1, axis=1)[:, :width], axis=1)
    rows = _rows(kept)
    order = np.argsort(-mass[rows, kept], axis=1, kind="stable")
    return kept[rows, order]


def _spelt(
    history: list[tuple[NDArray[np.int64], NDArray[np.int64]]], shape: tuple[int, ...]
) -> NDArray[np.int64]:
    """What was added to the beams (B, W) step by step; (B, W, T), BLANK where nothing was."""
    spelt = np.zeros((*shape, len(history)), np.int64)
    place = np.broadcast_to(np.arange(shape[1]), shape)
    rows = _rows(place)
    for step in range(len(history) - 1, -1, -1):
        origin, added = history[step]
        spelt[..., step] = added[rows, place]
        place = origin[rows, place]
    return spelt
