"""Charsets: which characters a recogniser can say, and under which index."""

import string
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

LATIN94 = string.digits + string.ascii_letters + string.punctuation
"""The 94 printable ASCII characters."""

LATIN95 = LATIN94 + " "
"""The printable ASCII characters and the space, for lines."""


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
