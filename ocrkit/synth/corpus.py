"""What synthetic text says: words in all casings, numbers, prices, codes, addresses, noise."""

import string
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

WORD_LISTS = tuple(
    Path("/usr/share/dict") / name
    for name in ("american-english-small", "american-english", "british-english")
)

_SIGN_WORDS = """
the and for you with open closed sale free new exit entrance stop push pull no parking street
road avenue lane north south east west hotel bank shop store coffee tea bar restaurant pizza
bakery book music house home city center station bus taxi train airport gate platform ticket
information police fire hospital school library museum park garden market fresh food fruit bread
milk water beer wine hot cold best price only today now here this way out in on off up down left
right please do not enter private danger warning caution slow speed limit children crossing work
ahead welcome thank you service repair phone call us mail web site company limited group
international design fashion beauty hair nail salon dental clinic pharmacy optical photo digital
computer mobile world life love light night day week month year monday friday sunday
"""
FALLBACK_WORDS = tuple(_SIGN_WORDS.split())

DIGITS = string.digits
CURRENCIES = "$$$€£"


class Corpus:
    """An endless source of short texts, drawn from printable ASCII.

    Args:
        words: The vocabulary; by default the installed word lists, or a short list of sign words.
        favourites: Words of the target domain, chosen for `favour` of the dictionary words.
        favour: In [0, 1].
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        favourites: Sequence[str] = (),
        favour: float = 0.25,
    ) -> None:
        self.words = list(words) if words is not None else _installed_words()
        self.favourites = list(favourites)
        self.favour = favour if self.favourites else 0.0
        self._kinds: list[tuple[float, Callable[[np.random.Generator], str]]] = [
            (0.62, self.word),
            (0.06, self._punctuated),
            (0.11, self._number),
            (0.04, self._price),
            (0.02, self._phone),
            (0.06, self._code),
            (0.03, self._address),
            (0.02, self._time),
            (0.04, self._noise),
        ]
        weights = np.array([weight for weight, _ in self._kinds])
        self._cumulative = np.cumsum(weights / weights.sum())

    def sample(self, rng: np.random.Generator) -> str:
        """One text without spaces, 1 to 25 characters."""
        kind = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return self._kinds[min(kind, len(self._kinds) - 1)][1](rng)[:25]

    def word(self, rng: np.random.Generator) -> str:
        """A dictionary word as it might stand on a sign: lower case, Capitalised or CAPITALS."""
        if rng.random() < self.favour:
            text = self.favourites[rng.integers(len(self.favourites))]
            if rng.random() < 0.6:
                return text
        else:
            text = self.words[rng.integers(len(self.words))]
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
            return text + _pick(rng, ".,:;!?-)")
        if style < 0.60:
            before, after = [("(", ")"), ("[", "]"), ('"', '"'), ("'", "'")][rng.integers(4)]
            return before + text + after
        if style < 0.75:
            return text + "'s"
        if style < 0.90:
            return text + _pick(rng, "-&/_+") + self.word(rng)
        return _pick(rng, "#@*-(&") + text

    def _number(self, rng: np.random.Generator) -> str:
        digits = _many(rng, DIGITS, int(rng.integers(1, 7)))
        style = rng.random()
        if style < 0.75:
            return digits
        return digits + ["%", "th", "mm", "km", "AM", "pm", "+", ".", "kg", "ml"][rng.integers(10)]

    def _price(self, rng: np.random.Generator) -> str:
        whole = str(rng.integers(1, 10 ** int(rng.integers(1, 5))))
        cents = _pick(rng, ".,") + _many(rng, DIGITS, 2) if rng.random() < 0.7 else ""
        return (
            (
                _pick(rng, CURRENCIES).replace("€", "$").replace("£", "$")
                if rng.random() < 0.6
                else ""
            )
            + whole
            + cents
        )

    def _phone(self, rng: np.random.Generator) -> str:
        groups = [_many(rng, DIGITS, int(rng.integers(2, 5))) for _ in range(rng.integers(2, 4))]
        return ("+" if rng.random() < 0.2 else "") + _pick(rng, "-.").join(groups)

    def _code(self, rng: np.random.Generator) -> str:
        style = rng.random()
        if style < 0.5:
            return _many(rng, string.ascii_uppercase, int(rng.integers(1, 4))) + _many(
                rng, DIGITS, int(rng.integers(1, 5))
            )
        if style < 0.7:
            return "#" + _many(rng, DIGITS, 2) + "-" + _many(rng, DIGITS, int(rng.integers(2, 4)))
        return _many(rng, string.ascii_uppercase + DIGITS, int(rng.integers(2, 9)))

    def _address(self, rng: np.random.Generator) -> str:
        name = self.word(rng).lower()
        ending = [".com", ".net", ".org", ".co", ".de", ".sg", ".fr"][rng.integers(7)]
        return ["www.", "", "info@"][rng.integers(3)] + name[:12] + ending

    def _time(self, rng: np.random.Generator) -> str:
        hour, minute = rng.integers(24), rng.integers(60)
        if rng.random() < 0.5:
            return f"{hour}:{minute:02d}" + ["", "am", "PM"][rng.integers(3)]
        return f"{rng.integers(1, 32):02d}/{rng.integers(1, 13):02d}/{rng.integers(1950, 2030)}"

    def _noise(self, rng: np.random.Generator) -> str:
        characters = (
            string.ascii_letters + DIGITS + (string.punctuation if rng.random() < 0.3 else "")
        )
        return _many(rng, characters, int(rng.integers(1, 9)))


def _pick(rng: np.random.Generator, characters: str) -> str:
    return characters[rng.integers(len(characters))]


def _many(rng: np.random.Generator, characters: str, count: int) -> str:
    return "".join(characters[i] for i in rng.integers(len(characters), size=count))


def _installed_words() -> list[str]:
    """Words of the installed lists, once per list, so that common words come more often."""
    found: list[str] = []
    for path in WORD_LISTS:
        if path.is_file():
            lines = path.read_text(encoding="utf-8").splitlines()
            found += [w for w in lines if w.isascii() and w.isalpha() and 2 <= len(w) <= 14]
    return found or list(FALLBACK_WORDS)
