"""How languages written in Latin letters write words, numbers, prices, dates, plates and addresses.

Their words are read from the lists that Debian's packages put in `/usr/share/dict`, one word a
line in UTF-8: american-english and british-english, french, ngerman, spanish, italian.
"""

import re
import string
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ocrkit.errors import DataError
from ocrkit.text import Charset, normalise

WORD_LISTS = Path("/usr/share/dict")


@dataclass(frozen=True, slots=True)
class Language:
    """What is peculiar to a language's texts.

    Attributes:
        lists: Names of word lists in WORD_LISTS.
        letters: Small letters beyond a to z; words with others are left out.
        units: What follows a number without a space.
        currencies: Signs of prices; one that is repeated comes more often.
        sign_last: Whether the sign of a price stands behind it.
        decimals: What may stand before cents.
        clock: Times, from `h` and `m`.
        dates: Dates, from `d`, `m` and `y`.
        endings: Of addresses in the web.
        quotes: Pairs of marks round a word.
        frames: What is written onto a word.
        plates: Number plates: A is a capital, 9 a digit.
    """

    lists: Sequence[str]
    letters: str
    units: Sequence[str]
    currencies: str
    sign_last: bool
    decimals: str
    clock: Sequence[str]
    dates: Sequence[str]
    endings: Sequence[str]
    quotes: Sequence[str]
    frames: Sequence[str]
    plates: Sequence[str]


LANGUAGES = {
    "english": Language(
        lists=("american-english-small", "american-english", "british-english"),
        letters="",
        units=("%", "th", "mm", "km", "AM", "pm", "+", ".", "kg", "ml"),
        currencies="$$$€£",
        sign_last=False,
        decimals=".,",
        clock=("{h}:{m:02d}", "{h}:{m:02d}am", "{h}:{m:02d}PM"),
        dates=("{d:02d}/{m:02d}/{y}",),
        endings=(".com", ".net", ".org", ".co", ".de", ".sg", ".fr"),
        quotes=("()", "[]", '""', "''"),
        frames=("{}'s",),
        plates=("AA99AAA", "AAA-9999", "9AAA999", "AAA-999"),
    ),
    "french": Language(
        lists=("french",),
        letters="àâæçéèêëîïôœùûüÿ",
        units=("%", "e", "er", "mm", "km", "h", "°C", "kg", "cl", "m²"),
        currencies="€€€€$£",
        sign_last=True,
        decimals=",,,.",
        clock=("{h}h{m:02d}", "{h}:{m:02d}", "{h}h"),
        dates=("{d:02d}/{m:02d}/{y}", "{d:02d}.{m:02d}.{y}"),
        endings=(".fr", ".fr", ".com", ".be", ".ch", ".org"),
        quotes=("()", "[]", '""', "«»"),
        frames=("l'{}", "d'{}", "qu'{}", "n°{}"),
        plates=("AA-999-AA", "999AAA99"),
    ),
    "german": Language(
        lists=("ngerman",),
        letters="äöüßéè",
        units=("%", ".", "mm", "km", "h", "°C", "kg", "ml", "m²", "er"),
        currencies="€€€€€$",
        sign_last=True,
        decimals=",,,,.",
        clock=("{h}:{m:02d}", "{h}.{m:02d}", "{h:02d}:{m:02d}", "{h}h"),
        dates=("{d:02d}.{m:02d}.{y}", "{d}.{m}.{y}", "{y}-{m:02d}-{d:02d}"),
        endings=(".de", ".de", ".at", ".ch", ".com", ".eu"),
        quotes=("()", "[]", "„“", "‚‘"),
        frames=("{}s", "{}-", "{}str.", "§{}"),
        plates=("A-AA999", "AA-A9999", "AAA-AA99", "AA-AA999E"),
    ),
    "spanish": Language(
        lists=("spanish",),
        letters="áéíñóúü",
        units=("%", "º", "ª", "mm", "km", "h", "ºC", "kg", "ml", "m²"),
        currencies="€€€€$",
        sign_last=True,
        decimals=",,'.",
        clock=("{h}:{m:02d}", "{h}:{m:02d}h", "{h}h"),
        dates=("{d:02d}/{m:02d}/{y}", "{d}-{m}-{y}"),
        endings=(".es", ".es", ".com", ".mx", ".com.ar", ".cat"),
        quotes=("()", "«»", '""', "¡!", "¿?"),
        frames=("¡{}!", "¿{}?", "{}s"),
        plates=("9999AAA", "A-9999-AA", "AAA-999"),
    ),
    "italian": Language(
        lists=("italian",),
        letters="àèéìíòóùú",
        units=("%", "º", "ª", "mm", "km", "h", "°C", "kg", "ml", "mq"),
        currencies="€€€€$",
        sign_last=False,
        decimals=",,,.",
        clock=("{h}:{m:02d}", "{h}.{m:02d}", "h{h}"),
        dates=("{d:02d}/{m:02d}/{y}", "{d}.{m}.{y}"),
        endings=(".it", ".it", ".com", ".eu", ".org"),
        quotes=("()", "[]", '""', "«»"),
        frames=("l'{}", "d'{}", "dell'{}", "all'{}"),
        plates=("AA999AA", "AA99999"),
    ),
}


def vocabulary(language: Language, charset: Charset) -> list[str]:
    """Words of 2 to 14 letters of the installed lists, once per list that has them.

    Letters that the charset lacks lose their accents; words with letters that have no accent to
    lose (ß, œ) are left out then. Empty if no list is installed.

    Raises:
        DataError: A list cannot be read.
    """
    folded = {c: normalise(c, charset) for c in language.letters + language.letters.upper()}
    table = {ord(c): plain for c, plain in folded.items() if c.isalpha() and len(c) == 1}
    kept = "".join(c for c, plain in folded.items() if _writable(plain, charset))
    word = re.compile(rf"^[a-zA-Z{kept}]{{2,14}}$", re.MULTILINE)
    found: list[str] = []
    for path in (WORD_LISTS / name for name in language.lists):
        if path.is_file():
            found += "\n".join(word.findall(_read(path))).translate(table).split()
    return found


def _writable(text: str, charset: Charset) -> bool:
    """Whether nothing of `text` is left to be left out, be it in ASCII or in the charset."""
    return not set(text) - set(string.ascii_letters) - set(charset.characters)


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8")
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"{path}: is not a list of words in UTF-8") from error
