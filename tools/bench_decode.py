"""Measures what decoding costs: greedy, beam and lexicon take turns on the same probabilities.

Usage: python tools/bench_decode.py [--words 200] [--rounds 5] [--beam 10] [--lexicon FILE]
Without a file the lexicon is 90 000 random words. What is read are words of the lexicon with some
letters misread, so that most of them are looked up; milliseconds a word, the median of the rounds.
"""

import argparse
import statistics
import string
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from ocrkit.recognize import _ctc
from ocrkit.recognize._lexicon import Lexicon, read_lexicon
from ocrkit.recognize._prefix_beam import prefix_beam
from ocrkit.text import LATIN95, Charset
from ocrkit.types import Floats

CHARSET = Charset(LATIN95)
FRAMES = 4
"""Time steps a character, two of them blanks."""


def random_words(count: int, rng: np.random.Generator) -> list[str]:
    """Words of 3 to 12 small letters, which are as frequent as in English."""
    letters = list("etaoinshrdlcumwfgypbvkjxqz")
    weights = 1 / np.arange(2, 28)
    lengths = rng.integers(3, 13, count)
    return ["".join(rng.choice(letters, n, p=weights / weights.sum())) for n in lengths]


def seen(word: str, rng: np.random.Generator) -> Floats:
    """Probabilities (T, K) of a picture of a word, unsure of one letter in six."""
    logits = rng.normal(0, 1, (FRAMES * len(word), 1 + len(CHARSET)))
    for i, label in enumerate(_ctc.labels(CHARSET, word)):
        rival = 1 + CHARSET.characters.index(str(rng.choice(list(string.ascii_lowercase))))
        logits[FRAMES * i + 1 : FRAMES * i + 3, label] += 10
        logits[FRAMES * i + 1 : FRAMES * i + 3, rival] += 11 if rng.random() < 1 / 6 else 0
        logits[[FRAMES * i, FRAMES * i + 3], _ctc.BLANK] += 10
    powers = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True), np.float32)


def ways(lexicon: Lexicon, beam: int) -> dict[str, Callable[[Floats], str]]:
    """How a picture is read, by name."""

    def greedy(rows: Floats) -> str:
        return _ctc.greedy(rows, CHARSET).text

    def widely(rows: Floats) -> str:
        ((best, *_),) = prefix_beam(rows[None], beam)
        return _ctc.spell(rows, best.labels, CHARSET).text

    def with_lexicon(rows: Floats) -> str:
        text = lexicon.correct(
            greedy(rows),
            lambda texts: _ctc.likelihoods(rows, [_ctc.labels(CHARSET, t) for t in texts]),
        )
        return _ctc.spell(rows, _ctc.labels(CHARSET, text), CHARSET).text

    return {"greedy": greedy, f"beam {beam}": widely, "greedy, lexicon": with_lexicon}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--words", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--beam", type=int, default=10)
    parser.add_argument("--lexicon", type=Path)
    options = parser.parse_args()
    rng = np.random.default_rng(0)
    if options.lexicon:
        lexicon = read_lexicon(options.lexicon, CHARSET)
        words = [w for w in options.lexicon.read_text(encoding="utf-8").split() if w.isascii()]
    else:
        words = random_words(90_000, rng)
        lexicon = Lexicon(words, CHARSET)
    truths = [str(word) for word in rng.choice(words, options.words)]
    pictures = [seen(word, rng) for word in truths]
    readers = ways(lexicon, options.beam)
    spent: dict[str, list[float]] = {name: [] for name in readers}
    right: dict[str, int] = {}
    for _ in range(options.rounds):
        for name, read in readers.items():
            start = time.perf_counter()
            texts = [read(rows) for rows in pictures]
            spent[name].append((time.perf_counter() - start) * 1e3 / len(pictures))
            right[name] = sum(a == b for a, b in zip(texts, truths, strict=True))
    frames = np.mean([len(rows) for rows in pictures])
    print(f"{len(truths)} words of {frames:.0f} time steps, {len(lexicon)} words in the lexicon")
    for name, times in spent.items():
        print(f"{name:16} {statistics.median(times):7.2f} ms  {right[name]} right")


if __name__ == "__main__":
    main()
