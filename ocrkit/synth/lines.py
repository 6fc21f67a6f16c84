"""Synthetic lines: crops like those of `ocrkit.synth.words`, each of several words on one line."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.words import WordGenerator, WordStyle

MAX_LINE = 60  # characters
SHORTEST = 8  # characters that a line has room for, at least

# The upright box round a line that is a little turned is mostly empty; detectors give its quad.
LINE_STYLE = WordStyle(bent=0.05, tracked=0.1, tiny=0.02, vertical=0.0, boxed=0.0)


class LineGenerator(WordGenerator):
    """An endless source of lines; sample i of seed s is the same on every machine.

    A line has two words or more and at most `MAX_LINE` characters; its text is the words, joined by
    single spaces.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What the lines stand on.
        style: How often the effects occur; `phrases` has no effect.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        style: WordStyle | None = None,
    ) -> None:
        super().__init__(corpus, fonts, backgrounds, style or LINE_STYLE)

    def _text(self, rng: np.random.Generator) -> str:
        """Two words, and more until there is no room; lines of all lengths are equally likely."""
        room = int(rng.integers(SHORTEST, MAX_LINE + 1))
        words = [self.corpus.sample(rng), self.corpus.sample(rng)]
        while True:
            longer = [*words, self.corpus.sample(rng)]
            if len(" ".join(longer)) > room:
                return " ".join(words)
            words = longer
