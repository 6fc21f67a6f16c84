"""Lexicons: which words a reading may give way to, and when it does.

As CRNN does it (arXiv 1507.05717, section 2.3.2): candidates are the words within a small edit
distance of what was read without a lexicon, and the one that the network finds most likely wins.

Where this differs from the paper:
    Candidates are found by comparing letters, then exactly, instead of in a BK-tree: the distance
    is up to 3, but less than half the word's length, and only words that are nearly as close as the
    closest are weighed (`MARGIN`).
    The lexicon is open: a name or a price need not be in it. A reading stands if it is more than
    e^`ODDS` times as likely as the best candidate, or if none is near; unless it is `closed`.
    Case does not count in the search: each word is weighed as it is written in the lexicon, in
    small letters, capitalised and in capitals.
    A line is corrected word by word, and what stands around a word stays: (hel1o, -> (hello,
"""

import logging
import re
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocrkit.errors import DataError
from ocrkit.files import read_lines
from ocrkit.text import Charset, normalise

log = logging.getLogger(__name__)

Score = Callable[[Sequence[str]], NDArray[np.float64]]
"""log p(text | picture) of each text, (N,); minus infinity for what cannot be said."""

DISTANCE = 3
"""The most edits that make a word of the lexicon out of what was read."""

MARGIN = 1
"""By how much a candidate's distance may exceed the least one."""

ODDS = 5.0
"""How much more likely, as a logarithm, a reading must be than a word of the lexicon to stand, at
a temperature of 1.

Chosen on the words of the ICDAR 2015 validation split: flat from 4 to 6, worse from 8 upwards.
"""

_SET_BITS = np.array([number.bit_count() for number in range(1 << 16)], np.uint8)


class Lexicon:
    """Words that a recogniser prefers to say.

    Args:
        words: One or more; case tells how they are written.
        charset: What the recogniser can say. Words that have no form in it are left out.
        closed: Nothing but these words is read.
        temperature: Of the recogniser, by which it divides logarithms of how likely texts are.
    """

    def __init__(
        self,
        words: Iterable[str],
        charset: Charset,
        *,
        closed: bool = False,
        temperature: float = 1.0,
    ) -> None:
        self.charset = charset
        self.closed = closed
        self._odds = np.inf if closed else ODDS / temperature
        self._spellings: dict[str, list[str]] = {}
        for word in dict.fromkeys(words):
            if not charset.missing(word):
                self._spellings.setdefault(word.casefold(), []).append(word)
        folded = sorted(self._spellings, key=len)
        self._folded = np.array(folded, object)
        self._lengths = np.array([len(word) for word in folded], np.int64)
        self._letters = np.array([_letters(word) for word in folded], np.uint64)

    def __len__(self) -> int:
        """Words, less those that differ from another by case alone."""
        return len(self._folded)

    def near(self, text: str, distance: int) -> dict[str, int]:
        """Words within an edit distance of `text`, case-folded, and how far they are."""
        text = text.casefold()
        lengths = [len(text) - distance, len(text) + distance + 1]
        start, end = np.searchsorted(self._lengths, lengths)
        letters, own = self._letters[start:end], np.uint64(_letters(text))
        # An edit adds one letter at most, and takes one away: most words are ruled out by that.
        places = np.flatnonzero(_count(own & ~letters) <= distance)
        places = places[_count(letters[places] & ~own) <= distance]
        if not len(places):
            return {}
        words = self._folded[start:end][places].tolist()
        (edits,) = process.cdist(
            [text], words, scorer=Levenshtein.distance, score_cutoff=distance, dtype=np.int32
        )
        return {words[i]: int(edits[i]) for i in np.flatnonzero(edits <= distance)}

    def correct(self, text: str, score: Score) -> str:
        """`text` with each of its words replaced, where the lexicon has a good candidate.

        Args:
            text: What was read without the lexicon.
            score: How likely other texts in place of all of `text` are.
        """
        pieces = re.split(r"(\s+)", text)
        for i, piece in enumerate(pieces):
            forms = self._forms(piece) if piece.strip() else []
            if forms:
                before, after = "".join(pieces[:i]), "".join(pieces[i + 1 :])
                likely = score([f"{before}{form}{after}" for form in (piece, *forms)])
                best = int(likely[1:].argmax())
                if np.isfinite(likely[1 + best]) and likely[0] - likely[1 + best] <= self._odds:
                    pieces[i] = forms[best]
        return "".join(pieces)

    def _forms(self, piece: str) -> list[str]:
        """What may stand in the place of a piece without spaces: words near to it, in all cases.

        Punctuation round it may belong to the word or not; each piece is taken both ways.
        """
        core = re.search(r"\w(?:.*\w)?", piece)
        cuts = {(0, len(piece)), core.span() if core else (0, len(piece))}
        found = {cut: self._candidates(piece[slice(*cut)]) for cut in sorted(cuts)}
        least = min((edits for words in found.values() for edits in words.values()), default=0)
        forms = [
            f"{piece[:start]}{form}{piece[end:]}"
            for (start, end), words in found.items()
            for word, edits in words.items()
            if edits <= least + MARGIN * (least > 0)
            for form in self._cases(word)
        ]
        return list(dict.fromkeys(forms))

    def _candidates(self, word: str) -> dict[str, int]:
        """Words near to a word, and how far they are; itself alone, if it is in the lexicon."""
        if word.casefold() in self._spellings:
            return {word.casefold(): 0}
        found = self.near(word, min(DISTANCE, (len(word) - 1) // 2))
        if self.closed and not found:
            found = self.near(word, max(len(word), int(self._lengths[-1])))
        return found

    def _cases(self, folded: str) -> list[str]:
        """How a word may be written: as in the lexicon, small, capitalised, in capitals."""
        forms = [
            form
            for word in self._spellings[folded]
            for form in (word, word.lower(), word.capitalize(), word.upper())
        ]
        return [form for form in forms if not self.charset.missing(form)]


def read_lexicon(
    path: Path, charset: Charset, *, closed: bool = False, temperature: float = 1.0
) -> Lexicon:
    """The lexicon in a file of UTF-8, one word a line; of a line with spaces, each word counts.

    Letters outside the charset become their closest inside, as in labels. Words for which that
    fails are left out, and a warning tells how many.

    Raises:
        DataError: The file cannot be read, is not UTF-8, or leaves no word.
    """
    words = [normalise(word, charset) for _, line in read_lines(path) for word in line.split()]
    if not words:
        raise DataError(f"{path}: no words; expected one a line")
    unsaid = [word for word in words if charset.missing(word)]
    if len(unsaid) == len(words):
        raise DataError(f"{path}: the recogniser has the characters of none of these words")
    if unsaid:
        log.warning(
            "%s: %d of %d words left out, such as %r: the recogniser lacks their characters",
            path,
            len(unsaid),
            len(words),
            unsaid[0],
        )
    return Lexicon(words, charset, closed=closed, temperature=temperature)


def _letters(word: str) -> int:
    """A set of letters, as bits: the lower half says which occur, the upper one which do twice."""
    bits = 0
    for character in word:
        bit = 1 << (ord(character) & 31)  # letters of an alphabet of up to 32 each have their own
        bits |= bit << 32 if bits & bit else bit
    return bits


def _count(bits: NDArray[np.uint64]) -> NDArray[np.int64]:
    """How many bits are set in each."""
    return np.asarray(_SET_BITS[bits.view(np.uint16)].reshape(-1, 4).sum(axis=1))
