"""From detections to words: which way each is read, and what becomes of the readings.

A detector that sees shapes only takes all text for upright. Where a quad is much taller than wide,
the text may as well run down or up the picture, so three quads with the same corners are read: the
upright one and its two quarter turns. Nothing is rotated: a quad starts where its text starts, so
another start is another crop. If asked for, letters that are stacked in a tall quad are laid side
by side, and what was read unsurely is read upside down, too.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import groupby
from typing import Annotated, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from ocrkit import crops, geometry
from ocrkit.config import Config
from ocrkit.detect._nms import Indices, covering, unrivalled
from ocrkit.recognize import Aggregate, Score, aggregate
from ocrkit.types import Bools, Character, Detections, Floats, Reading, Word

Worth = NDArray[np.float64]

QUARTER_TURNS = (-1, 1)
"""How far a quad's corners roll for text that runs down the picture, and up."""

HALF_TURN = 2
"""And for text that stands on its head."""

TYPICAL, LEAST = -2.5, -1.0
"""What a character of a reading has for a log-likelihood in its language, nats, and how far below
that a reading counts: numbers, addresses and names may be as unlikely as they are."""

FAVOUR = 0.25
"""Of `language_weight`: what all readings gain by being likely, and not only unsure ones."""


class WordsConfig(Config):
    """How crops are cut, and which readings become words.

    None of it is in a paper, but `min_fused`: TextBoxes++, section III-E.
    """

    margin: float = Field(0.1, ge=0, le=1, description="around a quad, as a fraction of its height")
    scales: tuple[Annotated[float, Field(gt=0, le=8)], ...] = Field(
        (0.2, 0.75, 1.0),
        min_length=1,
        description="times the detector's size, at each of which a picture is searched; all that "
        "is found is read",
    )
    rival_overlap: float = Field(
        0.4,
        ge=0,
        le=1,
        description="of two words of which one covers more than this of the other, one stays",
    )
    rival_width: float = Field(
        0.2,
        ge=0,
        description="that whose worth, times its width to this power, is higher: half a word is "
        "read as surely as all of it; 0 for the surer, as of words that read the same",
    )
    min_confidence: float = Field(
        0.55,
        ge=0,
        le=1,
        description="readings that are worth less, and empty ones, are dropped from the page",
    )
    language_weight: float = Field(
        0.4,
        ge=0,
        description="how much it counts for that, and among rivals, whether a reading is likely in "
        "the recogniser's language, if it has one; 0 for not at all",
    )
    min_fused: float = Field(
        0.0,
        ge=0,
        le=1,
        description="words whose score and confidence together are below it are dropped too",
    )
    turn_gain: float = Field(
        0.1, ge=0, le=1, description="how much surer a turned reading must be than the upright one"
    )
    stacked: bool = Field(
        False, description="tall quads are also read as upright letters, one below the other"
    )
    page_doubt: float = Field(
        0.6,
        ge=0,
        le=1,
        description="where the words of a picture are read less surely than this, on average, some "
        "are tried upside down; if those are surer by `turn_gain`, all are read so; 0 for never",
    )
    reach: float = Field(
        0.3,
        ge=0,
        le=2,
        description="heights by which a word that is worth less than `reach_below` is read longer "
        "at either end, too: its first or last letter may have been cut off; 0 for never",
    )
    reach_below: float = Field(0.9, ge=0, description="see `reach`; of surer words nothing is cut")
    upside_down: float = Field(
        0.0,
        ge=0,
        le=1,
        description="what is read less surely than this is read upside down, too; 0 for nothing",
    )


class Hypothesis(NamedTuple):
    """One way to read one detection."""

    image: int
    detection: int
    quad: Floats
    score: float
    stacked: bool = False


def read_words(
    found: Sequence[Detections],
    read: Callable[[Sequence[Hypothesis]], Sequence[Reading]],
    config: WordsConfig,
    how: Aggregate = "geometric",
) -> list[list[tuple[Word, ...]]]:
    """For each picture, and each of its detections, the words in it, however unsure.

    Args:
        found: What was detected in each picture.
        read: What each hypothesis says, in the order given. Asked once more for what is doubtful.
        config: How the surest hypothesis is chosen.
        how: A word's confidence is made of its characters'.
    """
    hypotheses = [h for index, page in enumerate(found) for h in _hypotheses(index, page, config)]
    pairs = zip(hypotheses, read(hypotheses), strict=True)
    rivals = (list(group) for _, group in groupby(pairs, key=lambda pair: pair[0][:2]))
    chosen = [_choose(group, config.turn_gain) for group in rivals]
    words: list[list[tuple[Word, ...]]] = [[] for _ in found]
    for hypothesis, reading in _or_upside_down(chosen, read, config):
        word = _word(hypothesis, reading, config.margin)
        words[hypothesis.image].append(tuple(split_at_spaces(word, how)))
    return words


def worth(words: Sequence[Word], config: WordsConfig, language: Score | None) -> Worth:
    """What each word is worth: its confidence c in the light of a language; (N,).

    For a reading whose characters are likelier by d nats than is TYPICAL, and with the weight w, it
    is c^(e^-wd) e^(wd FAVOUR): an unsure reading gains or loses most.

    Args:
        words: None of them empty.
        config: `language_weight` is w.
        language: The log-likelihood of texts, ends included; None for confidence alone.
    """
    sure = np.array([word.confidence for word in words], np.float64)
    if language is None or not words:
        return sure
    symbols = np.array([len(word.text) + 1 for word in words])
    told = language([word.text for word in words]) / symbols
    more = config.language_weight * np.maximum(told - TYPICAL, LEAST)
    return np.asarray(sure ** np.exp(-more) * np.exp(FAVOUR * more))


def counts(words: Sequence[Word], worth: Worth, config: WordsConfig) -> Bools:
    """Whether each word, and what it is worth, is enough for the page; (N,)."""
    together = np.array([fused(word.score, word.confidence) for word in words])
    return np.asarray((worth >= config.min_confidence) & (together >= config.min_fused))


def of_page(words: Sequence[Word], config: WordsConfig, language: Score | None) -> tuple[Word, ...]:
    """Of all that was read in a picture what is worth enough, and no better one contests."""
    told = worth(words, config, language)
    kept = np.flatnonzero(counts(words, told, config)).tolist()
    return best_of_rivals([words[k] for k in kept], told[kept], config)


def best_of_rivals(words: Sequence[Word], worth: Worth, config: WordsConfig) -> tuple[Word, ...]:
    """The words of a picture that no better one contests, in the order given.

    Which of several quads shows a word best is seen by what can be read in them: more of it, or
    surer. Of equally good words the first is better; a word that is driven out drives out none.
    Of those that read the same the surer is better, however wide.

    Args:
        words: In any order.
        worth: What each is worth; (N,).
        config: `rival_overlap` tells which words are rivals, `rival_width` which is better.
    """
    if len(words) < 2:
        return tuple(words)
    quads = np.stack([word.quad for word in words])
    first, second, covered = covering(quads)
    contested = covered > config.rival_overlap
    first, second = first[contested], second[contested]
    widths = _own_widths(words, quads, first, second)
    ranks = np.argsort(-worth * widths**config.rival_width, kind="stable")
    places = np.argsort(ranks)  # from the best
    one, other = places[first], places[second]
    best = unrivalled(len(ranks), np.minimum(one, other), np.maximum(one, other))
    return tuple(words[index] for index in sorted(ranks[best].tolist()))


def _own_widths(words: Sequence[Word], quads: Floats, first: Indices, second: Indices) -> Floats:
    """The widths of the words' quads, px, or of the narrowest of rivals that say the same; (N,).

    What a wider one shows beside the text, half of the next letter it may be, makes it no better.

    Args:
        words: N.
        quads: Theirs, (N, 4, 2).
        first: (P,) of each pair of rivals one,
        second: and the other.
    """
    _, widths = geometry.extent(quads)
    texts = np.array([word.text for word in words])
    alike = texts[first] == texts[second]
    first, second = first[alike], second[alike]
    own = widths.copy()
    np.minimum.at(own, first, widths[second])
    np.minimum.at(own, second, widths[first])
    return own


def _hypotheses(index: int, found: Detections, config: WordsConfig) -> list[Hypothesis]:
    """The detections of one picture and, right after each that is tall, its quarter turns."""
    hypotheses = []
    for number, (quad, score) in enumerate(zip(found.quads, found.scores, strict=True)):
        turns = QUARTER_TURNS if crops.is_tall(quad) else ()
        quads = [quad, *(np.roll(quad, turn, axis=0) for turn in turns)]
        hypotheses += [Hypothesis(index, number, q, float(score)) for q in quads]
        if turns and config.stacked:  # they run down the picture
            hypotheses.append(hypotheses[-2]._replace(stacked=True))
    return hypotheses


def _choose(rivals: list[tuple[Hypothesis, Reading]], gain: float) -> tuple[Hypothesis, Reading]:
    """The upright reading, unless a turned one is a better word, and surer by `gain`.

    A lone upright I or 1 is tall too, and turned it is as good a dash; so a turned reading must
    have at least two letters or digits.
    """
    upright, *turned = rivals
    words = [rival for rival in turned if sum(c.isalnum() for c in rival[1].text) >= 2]
    best = max(words, key=lambda rival: rival[1].confidence, default=upright)
    return best if best[1].confidence - upright[1].confidence >= gain else upright


def _or_upside_down(
    chosen: list[tuple[Hypothesis, Reading]],
    read: Callable[[Sequence[Hypothesis]], Sequence[Reading]],
    config: WordsConfig,
) -> list[tuple[Hypothesis, Reading]]:
    """What was chosen, or where that is unsure, its half turn, if that is a better word.

    All that is doubtful is read in a second call; where nothing is, there is none.
    """
    limit = config.upside_down
    doubtful = [i for i, (_, reading) in enumerate(chosen) if reading.confidence < limit]
    if not doubtful:
        return chosen
    turned = [_upside_down(chosen[i][0]) for i in doubtful]
    result = list(chosen)
    for i, hypothesis, reading in zip(doubtful, turned, read(turned), strict=True):
        result[i] = _choose([chosen[i], (hypothesis, reading)], config.turn_gain)
    return result


def _upside_down(hypothesis: Hypothesis) -> Hypothesis:
    """The same quad, read from the opposite corner."""
    quad = np.roll(hypothesis.quad, HALF_TURN, axis=0)
    return hypothesis._replace(quad=quad, stacked=False)


def _word(hypothesis: Hypothesis, reading: Reading, margin: float) -> Word:
    """The reading in its place, with characters as fractions of the quad's width."""
    quad = hypothesis.quad
    characters = tuple(
        replace(c, span=crops.span_in_quad(c.span, quad, margin)) for c in reading.characters
    )
    return Word(reading.text, reading.confidence, characters, quad, hypothesis.score)


def fused(score: float, confidence: float) -> float:
    """How sure detector and recogniser are together, in [0, 1]; TextBoxes++, section III-E.

    The paper's is the harmonic mean of e^score and e^confidence, in [1, e]. This is its logarithm:
    the same order of words, and what it is if both are equal.
    """
    mean = 2 / (math.exp(-score) + math.exp(-confidence))
    return math.log(mean)


def split_at_spaces(word: Word, how: Aggregate = "geometric") -> list[Word]:
    """The words that one detection holds; none if nothing was read.

    A detector joins words that stand close. Where the recogniser reads a space between them, the
    quad is cut in the middle of that space.
    """
    if not any(c.text.isspace() for c in word.characters):
        return [word] if word.text else []
    runs: list[list[Character]] = [[]]
    edges = [0.0]
    for character in word.characters:
        if character.text.isspace():
            runs.append([])
            edges.append(sum(character.span) / 2)
        else:
            runs[-1].append(character)
    pieces = zip(runs, edges, [*edges[1:], 1.0], strict=True)
    return [_piece(word, run, start, end, how) for run, start, end in pieces if run]


def _piece(word: Word, run: Sequence[Character], start: float, end: float, how: Aggregate) -> Word:
    """The characters `run` of a word, in the part of its quad between two fractions."""
    width = max(end - start, 1e-6)

    def along(edge: float) -> float:
        return min(max((edge - start) / width, 0.0), 1.0)

    characters = tuple(replace(c, span=(along(c.span[0]), along(c.span[1]))) for c in run)
    confidence = aggregate([c.confidence for c in run], how)
    quad = geometry.part(word.quad, start, end)
    return Word("".join(c.text for c in run), confidence, characters, quad, word.score)
