"""Texts in a language of Latin letters: words, numbers, prices, codes, addresses, noise."""

import string
import unicodedata
from collections.abc import Callable, Sequence

import numpy as np

from ocrkit.synth.languages import Language

DIGITS = string.digits


class Latin:
    """An endless source of texts of one language.

    Args:
        language: How it writes.
        words: Its vocabulary.
        favourites: Words of the target domain, chosen for `favour` of the dictionary words.
        favour: In [0, 1].
    """

    def __init__(
        self, language: Language, words: Sequence[str], favourites: Sequence[str], favour: float
    ) -> None:
        self.language = language
        self.words, self.favourites = list(words), list(favourites)
        self.favour = favour if self.favourites else 0.0
        self._kinds: list[tuple[float, Callable[[np.random.Generator], str]]] = [
            (0.62, self.word),
            (0.06, self._punctuated),
            (0.11, self._number),
            (0.04, self._price),
            (0.02, self._phone),
            (0.06, self.code),
            (0.03, self._address),
            (0.02, self._time),
            (0.04, self._noise),
        ]
        weights = np.array([weight for weight, _ in self._kinds])
        self._cumulative = np.cumsum(weights / weights.sum())

    def sample(self, rng: np.random.Generator) -> str:
        """A text of any kind, without spaces."""
        kind = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return self._kinds[min(kind, len(self._kinds) - 1)][1](rng)

    def word(self, rng: np.random.Generator) -> str:
        """A dictionary word as it might stand on a sign: lower case, Capitalised or CAPITALS."""
        if rng.random() < self.favour:
            text = pick(rng, self.favourites)
            if rng.random() < 0.6:
                return text
        else:
            text = pick(rng, self.words)
        casing = rng.random()
        if casing < 0.30:
            return text.lower()
        if casing < 0.60:
            return text[:1].upper() + text[1:].lower()
        return text.upper() if casing < 0.95 else text

    def _punctuated(self, rng: np.random.Generator) -> str:
        text = self.word(rng)
        style = rng.random()
        if style < 0.45:
            return text + pick(rng, ".,:;!?-)")
        if style < 0.60:
            marks = pick(rng, self.language.quotes)
            return marks[0] + text + marks[1]
        if style < 0.75:
            return pick(rng, self.language.frames).format(text)
        if style < 0.90:
            return text + pick(rng, "-&/_+") + self.word(rng)
        return pick(rng, "#@*-(&") + text

    def _number(self, rng: np.random.Generator) -> str:
        digits = many(rng, DIGITS, int(rng.integers(1, 7)))
        return digits if rng.random() < 0.75 else digits + pick(rng, self.language.units)

    def _price(self, rng: np.random.Generator) -> str:
        amount = str(rng.integers(1, 10 ** int(rng.integers(1, 5))))
        if rng.random() < 0.7:
            amount += pick(rng, self.language.decimals) + many(rng, DIGITS, 2)
        sign = pick(rng, self.language.currencies) if rng.random() < 0.6 else ""
        return amount + sign if self.language.sign_last else sign + amount

    def _phone(self, rng: np.random.Generator) -> str:
        groups = [many(rng, DIGITS, int(rng.integers(2, 5))) for _ in range(rng.integers(2, 4))]
        return ("+" if rng.random() < 0.2 else "") + pick(rng, "-.").join(groups)

    def code(self, rng: np.random.Generator) -> str:
        """A number plate, or letters and digits as on doors, flights and goods."""
        if self.language.plates and rng.random() < 0.4:
            return plate(rng, pick(rng, self.language.plates))
        style = rng.random()
        if style < 0.5:
            return many(rng, string.ascii_uppercase, int(rng.integers(1, 4))) + many(
                rng, DIGITS, int(rng.integers(1, 5))
            )
        if style < 0.7:
            return "#" + many(rng, DIGITS, 2) + "-" + many(rng, DIGITS, int(rng.integers(2, 4)))
        return many(rng, string.ascii_uppercase + DIGITS, int(rng.integers(2, 9)))

    def _address(self, rng: np.random.Generator) -> str:
        name = _plain(self.word(rng).lower())
        ending = pick(rng, self.language.endings)
        return ["www.", "", "info@"][rng.integers(3)] + name[:12] + ending

    def _time(self, rng: np.random.Generator) -> str:
        hour, minute = rng.integers(24), rng.integers(60)
        if rng.random() < 0.5:
            return pick(rng, self.language.clock).format(h=hour, m=minute)
        day, month, year = rng.integers(1, 32), rng.integers(1, 13), rng.integers(1950, 2030)
        return pick(rng, self.language.dates).format(d=day, m=month, y=year)

    def _noise(self, rng: np.random.Generator) -> str:
        characters = (
            string.ascii_letters + DIGITS + (string.punctuation if rng.random() < 0.3 else "")
        )
        return many(rng, characters, int(rng.integers(1, 9)))


def pick(rng: np.random.Generator, choices: Sequence[str]) -> str:
    """One of some texts, or of the characters of one."""
    return choices[int(rng.integers(len(choices)))]


def many(rng: np.random.Generator, characters: str, count: int) -> str:
    """So many characters in a row."""
    return "".join(characters[i] for i in rng.integers(len(characters), size=count))


def plate(rng: np.random.Generator, pattern: str) -> str:
    """A number plate: each A of the pattern is a capital, each 9 a digit."""
    kinds = {"A": string.ascii_uppercase, "9": DIGITS}
    return "".join(pick(rng, kinds.get(place, place)) for place in pattern)


def _plain(text: str) -> str:
    """`text` as it stands in an address: without accents, in ASCII."""
    folded = unicodedata.normalize("NFKD", text.replace("ß", "ss").replace("œ", "oe"))
    return "".join(c for c in folded if c.isascii())
