"""Connectionist temporal classification: labels with a blank, the loss, decoding.

Graves et al., ICML 2006; as CRNN uses it (arXiv 1507.05717, section 2.3). Class 0 is the blank;
character i of the charset is class i + 1.
"""

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ocrkit.text import Charset
from ocrkit.types import Character, Floats, Reading

BLANK = 0


def labels(charset: Charset, text: str) -> NDArray[np.int64]:
    """Class indices of `text`; (L,), none of them the blank.

    Raises:
        ValueError: `text` has a character that the charset lacks.
    """
    return np.asarray(charset.encode(text), np.int64) + 1


def frames_needed(text: str) -> int:
    """The fewest time steps in which `text` can be said: a blank must part repeated characters."""
    return len(text) + sum(a == b for a, b in pairwise(text))


def ctc_loss(logits: Tensor, targets: Tensor, lengths: Tensor) -> Tensor:
    """Mean over the batch of the negative log-likelihood per character; a scalar, in fp32.

    Samples whose label cannot fit into T steps count as zero instead of infinity.

    Args:
        logits: (B, T, K), unnormalised.
        targets: (B, L) int64, padded on the right.
        lengths: (B,) int64, true lengths of the targets.
    """
    steps = torch.full((logits.shape[0],), logits.shape[1], dtype=torch.long)
    return ctc_losses(logits, targets, lengths, steps).mean()


def ctc_losses(logits: Tensor, targets: Tensor, lengths: Tensor, steps: Tensor) -> Tensor:
    """Of each sample, as in `ctc_loss`, where only its first `steps` (B,) int64 count; (B,)."""
    log_probs = F.log_softmax(logits.float(), dim=-1).transpose(0, 1)
    losses: Tensor = F.ctc_loss(
        log_probs, targets, steps, lengths, blank=BLANK, reduction="none", zero_infinity=True
    )
    return losses / lengths.clamp(min=1)


def greedy(probabilities: Floats, charset: Charset) -> Reading:
    """The best path, collapsed: repeats merged, blanks dropped (section 2.3.2, lexicon-free).

    A character's confidence is the highest probability in its run of time steps; its span is that
    run, as fractions of the T steps.

    Args:
        probabilities: (T, K), each row sums to 1.
        charset: K - 1 characters.
    """
    best = probabilities.argmax(axis=1)
    starts = np.flatnonzero(np.diff(best, prepend=-1))
    runs = np.stack([starts, np.append(starts[1:], len(best))], axis=1)
    runs = runs[best[starts] != BLANK]
    return _reading(probabilities, best[runs[:, 0]], runs, charset)


def likelihoods(
    probabilities: Floats, labellings: Sequence[NDArray[np.int64]]
) -> NDArray[np.float64]:
    """The log of p(labelling | picture), by the forward algorithm (Graves et al., section 4.1).

    Sums are taken of probabilities that are scaled at each time step: alignments whose beginning is
    e^700 times less likely than that of another of the same labelling do not count.

    Args:
        probabilities: (T, K), each row sums to 1.
        labellings: N times class indices (L_n,), none of them the blank.

    Returns:
        (N,); minus infinity for what cannot be said in T time steps, or not at all.
    """
    lengths = np.array([len(labelling) for labelling in labellings], np.int64)
    states = np.full((len(labellings), 2 * lengths.max(initial=0) + 1), -1)
    for own, labelling in zip(states, labellings, strict=True):
        own[: 2 * len(labelling) + 1] = BLANK
        own[1 : 2 * len(labelling) : 2] = labelling
    skips = _skips(states)
    forward = np.zeros(states.shape)
    forward[:, :1] = 1  # before the first time step, as if it had said a blank
    total = np.zeros(len(labellings))
    with np.errstate(divide="ignore"):
        for row in np.asarray(probabilities, np.float64):
            reached = forward.copy()
            reached[:, 1:] += forward[:, :-1]
            reached[:, 2:] += forward[:, :-2] * skips[:, 2:]
            forward = reached * np.append(row, 0.0)[states]  # 0 in the padding, which is -1
            scale = forward.sum(axis=1)
            forward /= np.maximum(scale, 1e-300)[:, None]
            total += np.log(scale)
        each = np.arange(len(labellings))
        ends = forward[each, 2 * lengths]
        ends += np.where(lengths > 0, forward[each, 2 * lengths - 1], 0)
        return np.asarray(total + np.log(ends))


def align(probabilities: Floats, labels: NDArray[np.int64]) -> NDArray[np.int64]:
    """Where each label stands on the best path of this labelling: a forced Viterbi alignment.

    Args:
        probabilities: (T, K), each row sums to 1.
        labels: (L,) class indices, none of them the blank.

    Returns:
        (L, 2): first time step of each label's run, and the one after its last.

    Raises:
        ValueError: The labelling does not fit into T time steps.
    """
    states = np.full((1, 2 * len(labels) + 1), BLANK)
    states[0, 1::2] = labels
    skips = np.where(_skips(states)[0], 0.0, -np.inf)
    (states,) = states
    # The floor keeps a path for labels that are said to be impossible.
    logs = np.log(np.maximum(np.asarray(probabilities, np.float64), 1e-38))
    best = np.full(len(states), -np.inf)
    best[0] = 0  # before the first time step, as if it had said a blank
    moves = np.zeros((len(logs), len(states)), np.int64)
    for row, moved in zip(logs, moves, strict=True):
        ways = np.full((3, len(states)), -np.inf)
        ways[0], ways[1, 1:], ways[2, 2:] = best, best[:-1], best[:-2] + skips[2:]
        moved[:] = ways.argmax(axis=0)
        best = ways.max(axis=0) + row[states]
    state = len(states) - 1 - int(len(labels) > 0 and best[-2] >= best[-1])
    if not np.isfinite(best[state]):
        raise ValueError(f"{len(labels)} labels do not fit into {len(logs)} time steps")
    path = np.zeros(len(logs), np.int64)
    for step in range(len(logs) - 1, -1, -1):
        path[step] = state
        state -= moves[step, state]
    wanted = np.arange(1, len(states), 2)
    return np.stack([np.searchsorted(path, wanted, side) for side in ("left", "right")], axis=1)


def spell(probabilities: Floats, labels: NDArray[np.int64], charset: Charset) -> Reading:
    """The reading of a labelling, with confidences and spans from its best path.

    Raises:
        ValueError: The labelling does not fit into T time steps.
    """
    return _reading(probabilities, labels, align(probabilities, labels), charset)


def _skips(states: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which states may follow the last but one: labels other than the one before; (N, S) bool."""
    skips = np.zeros(states.shape, bool)
    skips[:, 2:] = (states[:, 2:] != BLANK) & (states[:, 2:] != states[:, :-2])
    return skips


def _reading(
    probabilities: Floats, labels: NDArray[np.int64], runs: NDArray[np.int64], charset: Charset
) -> Reading:
    """Labels (L,) that stand in runs (L, 2) of time steps; see `greedy`."""
    if not len(labels):
        return Reading.empty()
    steps = len(probabilities)
    characters = tuple(
        Character(
            text=charset.characters[label - 1],
            confidence=float(probabilities[start:end, label].max()),
            span=(float(start) / steps, float(end) / steps),
        )
        for label, (start, end) in zip(labels, runs, strict=True)
    )
    return Reading.of(characters)
