"""What synthetic text says: words in all casings, numbers, prices, codes, addresses, noise."""

import dataclasses
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Protocol

import numpy as np

from ocrkit.catalog import unknown
from ocrkit.errors import ConfigError, DataError
from ocrkit.synth.chinese import SCRIPTS, Chinese
from ocrkit.synth.languages import LANGUAGES, vocabulary
from ocrkit.synth.latin import Latin
from ocrkit.text import LATIN94, LATIN95, Charset, normalise

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


# English as it is spoken when no language is asked for.
_PLAIN = dataclasses.replace(LANGUAGES["english"], plates=())
_CURRENCIES = "€£¥"
MOST = 25  # characters of a text


class Voice(Protocol):
    """Says texts of one language."""

    def sample(self, rng: np.random.Generator) -> str:
        """A text of any kind."""

    def word(self, rng: np.random.Generator) -> str:
        """A word."""


MAX_PHRASE = 25  # characters


class Corpus:
    """An endless source of short texts.

    Args:
        words: The vocabulary; by default the installed word lists, or a short list of sign words.
        favourites: Words of the target domain, chosen for `favour` of the dictionary words.
        favour: In [0, 1].
        languages: How often each is spoken: english, french, german, spanish, italian, simplified
            or traditional (Chinese); by default English alone.
        charset: What the texts are made of. Accents that it lacks fall off, currencies become
            dollars, letters take their other case; what has no counterpart is left out.

    Raises:
        ConfigError: A language is unknown, a weight is not positive, or the charset has no
            character in which a language could say anything.
        DataError: A language's word list is not installed, or damaged.
    """

    def __init__(
        self,
        words: Sequence[str] | None = None,
        favourites: Sequence[str] = (),
        favour: float = 0.25,
        languages: Mapping[str, float] | None = None,
        charset: Charset | None = None,
    ) -> None:
        self.charset = charset or Charset(LATIN95)
        self._allowed = frozenset(self.charset.characters) - {" "}
        self.favourites = list(favourites)
        self.favour = favour if self.favourites else 0.0
        chances = dict(languages) if languages is not None else {"": 1.0}
        if not chances or not all(0 < chance < np.inf for chance in chances.values()):
            raise ConfigError(f"languages: expected positive weights, got {chances}")
        self._voices = [self._voice(name, words) for name in chances]
        weights = np.array(list(chances.values()))
        self._cumulative = np.cumsum(weights / weights.sum()).tolist()

    def sample(self, rng: np.random.Generator) -> str:
        """One text without spaces, 1 to 25 characters."""
        voice = self._spoken(rng)
        while True:
            text = self._folded(voice.sample(rng))[:MOST]
            if text:
                return text

    def word(self, rng: np.random.Generator) -> str:
        """A word as it might stand on a sign; empty if the charset has none of its characters."""
        return self._folded(self._spoken(rng).word(rng))

    def _spoken(self, rng: np.random.Generator) -> Voice:
        """The voice of a text's language; one alone takes nothing from `rng`."""
        if len(self._voices) == 1:
            return self._voices[0]
        index = bisect_right(self._cumulative, rng.random())
        return self._voices[min(index, len(self._voices) - 1)]

    def _voice(self, name: str, words: Sequence[str] | None) -> Voice:
        """The voice of a language; "" is English, whatever is installed."""
        if name in SCRIPTS:
            return Chinese(name, self.charset, self.favourites, self.favour)
        if name and name not in LANGUAGES:
            raise ConfigError(unknown("languages", name, [*LANGUAGES, *SCRIPTS], kind="language"))
        if not self._folded(LATIN94):
            raise ConfigError("charset: has neither letters nor digits of the Latin alphabet")
        language = LANGUAGES[name] if name else _PLAIN
        known = words if words is not None else vocabulary(language, self.charset)
        if not known and name:
            lists = " or ".join(language.lists)
            raise DataError(f"no word list {lists} for {name}: run tools/install_fonts.sh")
        return Latin(language, known or FALLBACK_WORDS, self.favourites, self.favour)

    def _folded(self, text: str) -> str:
        """`text` in the charset; what has no counterpart there is left out."""
        if self._allowed.issuperset(text):
            return text
        folded: list[str] = []
        for character in normalise(text, self.charset):
            dollar = "$" if character in _CURRENCIES else ""
            forms = (character, character.swapcase(), dollar)
            folded.append(next((form for form in forms if self._allowed.issuperset(form)), ""))
        return "".join(folded)


def phrase(corpus: Corpus, chance: float, rng: np.random.Generator) -> str:
    """A word, and with `chance` another after it, and so on, up to MAX_PHRASE characters."""
    text = corpus.sample(rng)
    while rng.random() < chance:
        longer = f"{text} {corpus.sample(rng)}"
        if len(longer) > MAX_PHRASE:
            break
        text = longer
    return text
