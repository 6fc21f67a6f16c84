"""Words whose ends a detector may have cut off: they are read once more, longer by a little.

`APAN` of JAPAN, `RANDS` of BRANDS: a quad that lacks a letter is a good word to the detector, and
the recogniser makes what it can of the rest. Where a word is read less surely than most, its quad
is made longer at either end; if that reads the same and more, it is a rival like any other.
"""

from collections.abc import Callable, Sequence

import numpy as np

from ocrkit import geometry
from ocrkit.recognize import Aggregate, Score
from ocrkit.spot import _words as words
from ocrkit.spot._words import Hypothesis, WordsConfig
from ocrkit.types import Detections, Reading, Word

Page = tuple[Word, ...]


def with_their_ends(
    pages: Sequence[Page],
    read: Callable[[Sequence[Hypothesis]], Sequence[Reading]],
    config: WordsConfig,
    language: Score | None,
    how: Aggregate = "geometric",
) -> list[Page]:
    """The words of pictures, some of them longer than they were found.

    Args:
        pages: Of each picture the words that stay.
        read: What each hypothesis says, in the order given; asked once, or not at all.
        config: `reach` and `reach_below` tell which words are read longer, and by how much.
        language: The log-likelihood of texts, ends included, if there is one.
        how: A word's confidence is made of its characters'.
    """
    short = [_unsure(page, config, language) for page in pages]
    if not any(short):
        return list(pages)
    found = [_longer(own, config.reach) for own in short]
    told = words.read_words(found, read, config, how)
    more = [_more(own, longer) for own, longer in zip(short, told, strict=True)]
    return [
        words.of_page([*page, *own], config, language)
        for page, own in zip(pages, more, strict=True)
    ]


def _unsure(page: Page, config: WordsConfig, language: Score | None) -> Page:
    """The words of a page that are read longer, too."""
    if not config.reach:
        return ()
    worth = words.worth(page, config, language)
    return tuple(w for w, own in zip(page, worth, strict=True) if own < config.reach_below)


def _longer(page: Page, reach: float) -> Detections:
    """Each word's quad made longer by `reach` heights at its start, then at its end.

    Along its text, not in perspective, in which a side that converges soon reaches the horizon.
    """
    if not page:
        return Detections.empty()
    quads = np.stack([word.quad for word in page])
    heights, _ = geometry.extent(quads)
    step = (np.float32(reach) * heights[:, None] * geometry.directions(quads))[:, None]
    longer = np.stack([quads, quads], axis=1)
    longer[:, 0, [0, 3]] -= step
    longer[:, 1, [1, 2]] += step
    scores = np.repeat(np.array([word.score for word in page], np.float32), 2)
    return Detections(longer.reshape(-1, 4, 2), scores)


def _more(page: Page, told: Sequence[Page]) -> list[Word]:
    """Of what longer quads read, two of each word, what says the word and more."""
    return [
        longer
        for i, read in enumerate(told)
        for longer in read
        if len(longer.text) > len(page[i // 2].text)
        and page[i // 2].text.casefold() in longer.text.casefold()
    ]
