"""Pictures that stand on their head: told by how unsurely they are read, and read anew.

A detector that sees shapes finds text upside down as well as upright, and a recogniser makes
something of it: `uedo` of `Open`. One word cannot tell, but several can: where the words of a
picture are read unsurely, a few are tried upside down, and if those are surer, all are read so.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ocrkit.recognize import Aggregate
from ocrkit.spot._words import HALF_TURN, Hypothesis, WordsConfig, read_words
from ocrkit.types import Detections, Reading, Word

FEWEST = 3
"""Words by which a picture may be told to stand on its head; of fewer, chance is too large."""

TELLING = 0.5
"""The score from which on they tell: what a detector doubts may be no text, however it stands."""

PROBES = 5
"""Words that are tried, those with the best scores."""

Found = Sequence[Detections]
Pages = list[list[tuple[Word, ...]]]


class _Doubt(NamedTuple):
    """Which words of a picture are tried, and how sure they were, on average."""

    probes: NDArray[np.int64]
    sure: float


def read_pages(
    found: Found,
    read: Callable[[Sequence[Hypothesis]], Sequence[Reading]],
    config: WordsConfig,
    how: Aggregate = "geometric",
) -> Pages:
    """As `read_words`; what is found in a picture that stands on its head is read so.

    Args:
        found: What was detected in each picture, in its pixels.
        read: What each hypothesis says, in the order given; asked up to twice more.
        config: `page_doubt` and `turn_gain` decide which pictures stand on their head.
        how: A word's confidence is made of its characters'.

    Returns:
        For each picture, and each of its detections, the words in it, however unsure.
    """
    pages = read_words(found, read, config, how)
    doubts: dict[int, _Doubt] = {}
    for image, (one, page) in enumerate(zip(found, pages, strict=True)):
        sure = _sureness(page)
        telling = one.scores >= TELLING
        if telling.sum() >= FEWEST and sure[telling].mean() < config.page_doubt:
            probes = np.argsort(-one.scores, kind="stable")[:PROBES]
            doubts[image] = _Doubt(probes, float(sure[probes].mean()))
    if not doubts:
        return pages
    tried = _upside_down(found, {image: doubt.probes for image, doubt in doubts.items()})
    turned = read_words(tried, read, config, how)
    over = [
        image
        for image, doubt in doubts.items()
        if _sureness(turned[image]).mean() - doubt.sure >= config.turn_gain
    ]
    if not over:
        return pages
    whole = {image: np.arange(len(found[image])) for image in over}
    anew = read_words(_upside_down(found, whole), read, config, how)
    return [anew[image] if image in whole else page for image, page in enumerate(pages)]


def _sureness(page: Sequence[Sequence[Word]]) -> NDArray[np.float64]:
    """How surely each detection of a picture was read, 0 if not at all; (N,)."""
    return np.array([np.mean([w.confidence for w in words] or [0.0]) for words in page])


def _upside_down(found: Found, chosen: Mapping[int, NDArray[np.int64]]) -> list[Detections]:
    """Of each picture the chosen detections, read from their opposite corners; else none."""
    none = np.zeros(0, np.int64)
    parts = [one[chosen.get(image, none)] for image, one in enumerate(found)]
    return [Detections(np.roll(part.quads, HALF_TURN, axis=1), part.scores) for part in parts]
