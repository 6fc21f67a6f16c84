"""Charsets: which characters a recogniser can say, and under which index."""

import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from ocrkit.errors import ConfigError

LATIN94 = string.digits + string.ascii_letters + string.punctuation
"""The 94 printable ASCII characters."""

LATIN95 = LATIN94 + " "
"""The printable ASCII characters and the space, for lines."""

LATIN36 = string.digits + string.ascii_lowercase
"""Digits and small letters: readings without case."""

LATIN1 = LATIN94 + "".join(chr(code) for code in range(0xA1, 0x100) if code != 0xAD)
"""What ISO 8859-1 prints, without spaces and the soft hyphen."""


@dataclass(frozen=True, slots=True)
class Charset:
    """A fixed sequence of characters; a character's place is its index."""

    characters: str

    def __post_init__(self) -> None:
        repeated = sorted({c for c in self.characters if self.characters.count(c) > 1})
        if repeated:
            raise ValueError(f"charset: repeated characters {''.join(repeated)!r}")

    def __len__(self) -> int:
        return len(self.characters)

    def __contains__(self, character: str) -> bool:
        return character in self.characters

    def encode(self, text: str) -> list[int]:
        """Indices of the characters of `text`.

        Raises:
            ValueError: `text` has a character that the charset lacks.
        """
        missing = self.missing(text)
        if missing:
            raise ValueError(f"{text!r} has characters outside the charset: {missing!r}")
        return [self.characters.index(c) for c in text]

    def decode(self, indices: Iterable[int]) -> str:
        """The text of `indices`; the inverse of `encode`."""
        return "".join(self.characters[i] for i in indices)

    def missing(self, text: str) -> str:
        """The characters of `text` that the charset lacks, each once, sorted."""
        return "".join(sorted(set(text) - set(self.characters)))


def load_charset(path: Path) -> Charset:
    """The charset in a text file: its characters in one line, in UTF-8.

    Raises:
        ConfigError: The file cannot be read, has not one line, or repeats a character.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").rstrip("\r\n").split("\n")
    except OSError as error:
        raise ConfigError(f"{path}: cannot be read: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path}: is not a text file in UTF-8") from error
    if len(lines) != 1 or not lines[0]:
        raise ConfigError(f"{path}: expected one line of characters, got {sum(map(bool, lines))}")
    try:
        return Charset(lines[0])
    except ValueError as error:
        raise ConfigError(f"{path}: {error}") from error


def named_charset(name: str) -> Charset:
    """The charset in a .txt file of this name, or of these characters: none ends in ".txt".

    Raises:
        ConfigError: The file cannot be read, or a character is repeated.
    """
    if name.endswith(".txt"):
        return load_charset(Path(name))
    try:
        return Charset(name)
    except ValueError as error:
        raise ConfigError(str(error)) from error


def normalise(text: str, charset: Charset) -> str:
    """`text` with each character outside the charset replaced by its closest inside, if it has one.

    Typographic quotes and dashes become their ASCII forms and accents fall off (NFKD); characters
    that have no counterpart stay, so that the caller can see them with `Charset.missing`.
    """
    folded = []
    for character in unicodedata.normalize("NFC", text):
        if character in charset.characters:
            folded.append(character)
            continue
        character = _TYPOGRAPHIC.get(character, character)
        base = "".join(
            c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)
        )
        folded.append(base if base and not charset.missing(base) else character)
    return "".join(folded)


_TYPOGRAPHIC = {
    **dict.fromkeys("‘’‚‛′´", "'"),
    **dict.fromkeys("“”„‟″«»", '"'),
    **dict.fromkeys("‐‑‒–—―−", "-"),
    "×": "x",
    "·": ".",
    "•": ".",
}
