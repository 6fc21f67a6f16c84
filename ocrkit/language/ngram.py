"""Character n-grams: what comes next in a word, told by the characters just before it.

The probabilities are interpolated (Witten and Bell, IEEE Transactions on Information Theory 37(4),
1991; Chen and Goodman, Computer Speech and Language 13, 1999, section 2.4): after a history that
was followed `total` times, by `kinds` different symbols,

    p(c | history) = (count(c) + kinds * p(c | shorter history)) / (total + kinds)

Of what was never seen after a history, so much is left as was new after it before.

What is a symbol:
    Case does not count: a picture tells it better than a language does.
    All digits are one, each as likely as the others: numbers have a form, but any value.
    Either end of a word is one, and so are all characters that were never learnt from.

N-grams are kept by length, as a tree: an n-gram is known by the place of its first n - 1 symbols
among those of that length, and by its last symbol.
"""

import math
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor

from ocrkit.errors import DataError
from ocrkit.language._base import LanguageConfig, LanguageModel

END, UNKNOWN = 0, 1
"""The symbols that stand for no character of the alphabet: a word's ends, and what is not in it."""

DIGIT, DIGITS = "0", 10

SYMBOLS = 1 << 8
"""A symbol takes eight bits of a key, so an alphabet has no more than 254 characters."""

RARE = 5
"""N-grams of this length and longer are left out if they are rare."""


Symbols = tuple[int, ...]


class NGramConfig(LanguageConfig):
    """Told by what was learnt."""

    name: Literal["ngram"] = "ngram"
    alphabet: str = Field("", max_length=SYMBOLS - 2, description="its characters, but for digits")
    sizes: tuple[int, ...] = Field((), description="how many n-grams of two symbols, three, ...")


class Level(NamedTuple):
    """N-grams of one length, sorted by `keys`.

    Attributes:
        keys: (M,), the place of the history one level below times SYMBOLS, and the last symbol.
        logs: (M,), log p(last symbol | history).
        backoffs: (M,), as a history: log of what is left for symbols not seen after it. Of the
            longest n-grams, which are nobody's history, there are none.
    """

    keys: NDArray[np.int32]
    logs: NDArray[np.float32]
    backoffs: NDArray[np.float32]


class NGram(LanguageModel[NGramConfig]):
    """Levels of n-grams, the first of which has one of each symbol."""

    Config: ClassVar[type[LanguageConfig]] = NGramConfig

    def __init__(self, config: NGramConfig) -> None:
        super().__init__(config)
        self._symbols = {c: i for i, c in enumerate(config.alphabet, start=UNKNOWN + 1)}
        self.order = 1 + len(config.sizes)
        for length, size in enumerate((len(config.alphabet) + 2, *config.sizes), start=1):
            self.register_buffer(f"keys{length}", torch.arange(size, dtype=torch.int32))
            self.register_buffer(f"logs{length}", torch.zeros(size))
            histories = size if length < self.order else 0
            self.register_buffer(f"backoffs{length}", torch.zeros(histories))

    @classmethod
    def learn(cls, texts: Iterable[tuple[str, float]], order: int, least: float = 0) -> Self:
        """From texts, and how much each counts.

        Args:
            texts: Words; spaces part them.
            order: Symbols of the longest n-grams, at least 2.
            least: N-grams of `RARE` symbols and more that count less than this in all are left out.

        Raises:
            DataError: There are no texts, or they have too many different characters.
        """
        weights: dict[str, float] = defaultdict(float)
        for text, weight in texts:
            for word in text.split():
                weights[_folded(word)] += weight
        if not weights:
            raise DataError("a language model needs texts to learn from, and there are none")
        alphabet = "".join(sorted(set().union(*weights)))
        if len(alphabet) > SYMBOLS - 2:
            raise DataError(
                f"a language model tells {SYMBOLS - 2} characters apart at most, and the texts "
                f"have {len(alphabet)}; leave out a language or dataset"
            )
        symbols = {c: i for i, c in enumerate(alphabet, start=UNKNOWN + 1)}
        spelt = {tuple(symbols[c] for c in word): weight for word, weight in weights.items()}
        levels = _levels(spelt, len(symbols) + 2, order, least)
        model = cls(
            NGramConfig(alphabet=alphabet, sizes=tuple(len(level.keys) for level in levels[1:]))
        )
        for length, level in enumerate(levels, start=1):
            for name, values in level._asdict().items():
                model.get_buffer(f"{name}{length}").copy_(torch.from_numpy(values))
        return model

    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """See `LanguageModel.score`."""
        words = [(i, _folded(word)) for i, text in enumerate(texts) for word in text.split()]
        found = np.zeros(len(texts))
        if not words:
            return found
        spelt = [[END, *(self._symbols.get(c, UNKNOWN) for c in word), END] for _, word in words]
        starts = np.cumsum([0, *(len(symbols) for symbols in spelt[:-1])])
        logs = self._follow(np.concatenate(spelt), starts)
        of_words = np.add.reduceat(logs, starts)
        numerals = np.array([word.count(DIGIT) for _, word in words])
        np.add.at(found, [i for i, _ in words], of_words - numerals * math.log(DIGITS))
        return found

    def _follow(self, symbols: NDArray[np.int64], starts: NDArray[np.int64]) -> NDArray[np.float64]:
        """Log-probability of each symbol (N,) after those before it in its word; 0 at a start."""
        first, *longer = self._levels()
        logs = first.logs[symbols].astype(np.float64)
        # The n-gram that ends at each symbol, n growing; -1 where there is none in this word.
        place, below = symbols.copy(), first
        place[starts] = END
        for level in longer:
            history = np.concatenate([[-1], place[:-1]])
            history[starts] = -1
            place = _find(level.keys, history, symbols)
            unseen = (history >= 0) & (place < 0)
            logs[place >= 0] = level.logs[place[place >= 0]]
            logs[unseen] += below.backoffs[history[unseen]]
            below = level
        logs[starts] = 0
        return logs

    def _levels(self) -> list[Level]:
        lengths = range(1, self.order + 1)
        return [Level(*(self._buffer(f"{f}{n}") for f in Level._fields)) for n in lengths]

    def _buffer(self, name: str) -> NDArray[Any]:
        buffer: Tensor = self.get_buffer(name)
        return np.asarray(buffer.cpu().numpy())


def _folded(word: str) -> str:
    """A word as it is counted: without case, all digits the same."""
    return "".join(DIGIT if c.isdigit() else c for c in word.casefold())


def _find(
    keys: NDArray[np.int32], history: NDArray[np.int64], symbols: NDArray[np.int64]
) -> NDArray[np.int64]:
    """Where the n-grams of these histories and last symbols stand among `keys`; -1 for nowhere."""
    wanted = history * SYMBOLS + symbols
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where((history >= 0) & (keys[place] == wanted), place, -1)


def _levels(words: Mapping[Symbols, float], symbols: int, order: int, least: float) -> list[Level]:
    """What words, as symbols, and their weights tell; see `NGram.learn`."""
    counts: dict[Symbols, float] = defaultdict(float)
    for word, weight in words.items():
        whole = (END, *word, END)
        for last in range(1, len(whole)):
            for length in range(1, min(order, last + 1) + 1):
                counts[whole[last + 1 - length : last + 1]] += weight
    grams: list[dict[Symbols, float]] = [
        {(symbol,): 0.0 for symbol in range(symbols)},
        *({} for _ in range(1, order)),
    ]
    for gram, count in counts.items():
        if len(gram) < RARE or count >= least:
            grams[len(gram) - 1][gram] = count
    grams = [of_one_length for of_one_length in grams if of_one_length]
    # Before anything is known, all are equally likely.
    logs: dict[Symbols, float] = {(): -math.log(symbols)}
    places: dict[Symbols, int] = {(): 0}
    levels: list[Level] = []
    for own, longer in zip(grams, [*grams[1:], None], strict=True):
        total, kinds = _after(own)
        keys = {gram: places[gram[:-1]] * SYMBOLS + gram[-1] for gram in own}
        ordered = sorted(own, key=keys.__getitem__)
        for gram in ordered:
            new = kinds[gram[:-1]]
            seen = own[gram] + new * math.exp(logs[gram[1:]])
            logs[gram] = math.log(seen / (total[gram[:-1]] + new))
        places = {gram: place for place, gram in enumerate(ordered)}
        levels.append(
            Level(
                np.array([keys[gram] for gram in ordered], np.int32),
                np.array([logs[gram] for gram in ordered], np.float32),
                _backoffs(ordered, longer),
            )
        )
    return levels


def _backoffs(
    histories: Sequence[Symbols], longer: Mapping[Symbols, float] | None
) -> NDArray[np.float32]:
    """The logarithm of the share of what follows each history that is left for what never did."""
    if longer is None:
        return np.zeros(0, np.float32)
    total, kinds = _after(longer)
    left = [kinds[h] / (total[h] + kinds[h]) if h in kinds else 1.0 for h in histories]
    return np.asarray(np.log(left), np.float32)


def _after(grams: Mapping[Symbols, float]) -> tuple[dict[Symbols, float], dict[Symbols, int]]:
    """By history: how much all that followed it counts, and how many symbols did."""
    total: dict[Symbols, float] = defaultdict(float)
    kinds: dict[Symbols, int] = defaultdict(int)
    for gram, count in grams.items():
        total[gram[:-1]] += count
        kinds[gram[:-1]] += count > 0
    return total, kinds
