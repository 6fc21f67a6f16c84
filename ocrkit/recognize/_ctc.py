"""Connectionist temporal classification: labels with a blank, the loss, greedy decoding.

Graves et al., ICML 2006; as CRNN uses it (arXiv 1507.05717, section 2.3). Class 0 is the blank;
character i of the charset is class i + 1.
"""

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
    log_probs = F.log_softmax(logits.float(), dim=-1).transpose(0, 1)
    steps = torch.full((logits.shape[0],), logits.shape[1], dtype=torch.long)
    loss: Tensor = F.ctc_loss(
        log_probs, targets, steps, lengths, blank=BLANK, reduction="mean", zero_infinity=True
    )
    return loss


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
    ends = np.append(starts[1:], len(best))
    runs = [(s, e) for s, e in zip(starts, ends, strict=True) if best[s] != BLANK]
    if not runs:
        return Reading.empty()
    steps = len(best)
    characters = tuple(
        Character(
            text=charset.characters[best[start] - 1],
            confidence=float(probabilities[start:end, best[start]].max()),
            span=(float(start) / steps, float(end) / steps),
        )
        for start, end in runs
    )
    confidence = float(np.exp(np.mean([np.log(max(c.confidence, 1e-9)) for c in characters])))
    return Reading("".join(c.text for c in characters), confidence, characters)
