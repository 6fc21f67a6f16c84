r"""Lexicons: each reading gives way to a word of a list, or is dropped, before it is scored.

The rule is no part of ICDAR's protocols, it belongs to the method that is scored; yet it moves
figures by points. So it is a value here, `LexiconRule`, and every report prints it. It is the rule
of Mask TextSpotter's published evaluation, which most later work took over:

    Reading and words are compared in upper case, by edit distance. The nearest word wins, the first
    in the list among equals, and the reading is replaced by that word's surface form. If the
    distance is not less than 1.5, the detection is dropped; with the generic lexicon (`NEAREST`)
    and Total-Text's full one it never is.

    Where the confidences of the characters are known, the words whose edit distance exceeds the
    least one by at most 2 are compared again. There, to delete a character costs its confidence;
    to insert one after it costs the mean of its and the next one's confidence, or its own at the
    end; to replace one costs 1, and so does each character inserted before the first, or deleted
    before anything was kept or inserted. (The original makes replacing cheaper where the recogniser
    gave the other character a chance, too; a `Reading` does not say.)

The benchmarks' files are UTF-8, with or without a byte order mark, lines end in \n or \r\n:

    GenericVocabulary.txt       one of some 90 000 words a line
    ch4_test_vocabulary.txt     (ch2_ for ICDAR 2013) "weak": all words of all pictures, one a line
    voc_img_7.txt               "strong": a list of 100 words for the picture img_7
    new_voc_img_7.txt           the same, cleaned; used where both are there
    pair_voc_img_7.txt          surface forms: a word, one space, and the rest of the line is its
                                form; GenericVocabulary_pair_list.txt and so on for single lists

A word that has no pair stands for itself.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate._base import Found
from ocrkit.files import read_lines
from ocrkit.types import check


@dataclass(frozen=True)
class LexiconRule:
    """When and by which word a reading is replaced.

    Attributes:
        name: As reports print it.
        limit: A detection is dropped if its nearest word is this far off, or farther; None keeps
            all.
        margin: By how much a word's edit distance may exceed the least one to be compared again
            with the characters' confidences.
    """

    name: str
    limit: float | None
    margin: int = 2


CLOSE = LexiconRule("close", limit=1.5)
"""Weak and strong lexicons: a reading that is no word of the list is dropped."""

NEAREST = LexiconRule("nearest", limit=None)
"""The generic lexicon, and Total-Text's full one: the nearest word, however far."""

RULES = {"generic": NEAREST, "full": NEAREST, "weak": CLOSE, "strong": CLOSE}
"""Which rule goes with which lexicon; others are `CLOSE`."""


@dataclass(frozen=True, eq=False)
class WordList:
    """Words in the order that decides between equals.

    Attributes:
        words: What a reading is compared with; case does not count.
        surfaces: What it is replaced by, one for each word.
    """

    words: tuple[str, ...]
    surfaces: tuple[str, ...]

    def __post_init__(self) -> None:
        if len(self.words) != len(self.surfaces):
            raise ShapeError(
                f"surfaces: expected {len(self.words)}, one per word, got {len(self.surfaces)}"
            )
        if not self.words:
            raise DataError("a lexicon without words")

    @classmethod
    def of(cls, words: Sequence[str], surfaces: Mapping[str, str] | None = None) -> "WordList":
        """Words and their surface forms by word in upper case; one without a form is its own."""
        forms = surfaces or {}
        return cls(tuple(words), tuple(forms.get(word.upper(), word) for word in words))

    @cached_property
    def folded(self) -> list[str]:
        """The words in upper case."""
        return [word.upper() for word in self.words]

    @cached_property
    def places(self) -> dict[str, int]:
        """Where each word in upper case stands for the first time."""
        return {word: i for i, word in reversed(list(enumerate(self.folded)))}


@dataclass(frozen=True)
class LexiconUse:
    """What a report says of a lexicon.

    Attributes:
        name: As the benchmark calls it: "strong", "weak", "generic", "full".
        lists: How many lists it has: one, or one per picture.
        words: Words of all lists together.
        rule: How readings are replaced.
    """

    name: str
    lists: int
    words: int
    rule: LexiconRule


@dataclass(frozen=True, eq=False)
class Lexicon:
    """The words that a benchmark lets a method choose from.

    Attributes:
        name: As the benchmark calls it.
        words: One list for all pictures, or a list for each by its name less suffix.
        rule: How readings are replaced.
    """

    name: str
    words: WordList | Mapping[str, WordList] = field(repr=False)
    rule: LexiconRule

    @property
    def use(self) -> LexiconUse:
        """Name, size and rule, for reports."""
        lists = [self.words] if isinstance(self.words, WordList) else list(self.words.values())
        return LexiconUse(self.name, len(lists), sum(len(one.words) for one in lists), self.rule)

    def of(self, picture: str) -> WordList:
        """The words for a picture of this name, less suffix.

        Raises:
            DataError: There is no list for this picture.
        """
        if isinstance(self.words, WordList):
            return self.words
        if picture not in self.words:
            raise DataError(
                f"lexicon {self.name!r}: no words for picture {picture!r}; "
                f"expected a file voc_{picture}.txt"
            )
        return self.words[picture]

    def apply(self, picture: str, found: Found) -> Found:
        """The detections in a picture, each read as a word of its list, less those dropped.

        Raises:
            DataError: There is no list for this picture.
        """
        return with_lexicon(found, self.of(picture), self.rule)


def with_lexicon(
    found: Found,
    words: WordList,
    rule: LexiconRule,
    confidences: Sequence[Sequence[float]] | None = None,
) -> Found:
    """The detections, each read as a word of the list, in the same order, less those dropped.

    Args:
        found: Detections and their readings.
        words: What they may be.
        rule: Which is nearest, and which are dropped.
        confidences: Of the characters of each reading, in [0, 1]; without them, each edit costs 1.

    Raises:
        ShapeError: A reading has not as many confidences as characters.
    """
    places, distances = _nearest(found.texts, words)
    if confidences is not None:
        check("confidences", np.empty(len(confidences)), (len(found.texts),))
        for i, (text, sure) in enumerate(zip(found.texts, confidences, strict=True)):
            weights = _folded_confidences(text, sure)
            places[i], distances[i] = _nearest_weighted(text.upper(), weights, words, rule.margin)
    kept = [i for i, far in enumerate(distances) if rule.limit is None or far < rule.limit]
    return Found.of(
        [found.outlines[i] for i in kept],
        [words.surfaces[places[i]] for i in kept],
        found.scores[kept],
    )


def read_words(path: Path, pairs: Path | None = None) -> WordList:
    """The words of one file, with their surface forms from another.

    Raises:
        DataError: A file cannot be read, is not UTF-8, has no words, or a pair has no form.
    """
    words = [line.strip() for _, line in read_lines(path)]
    if not words:
        raise DataError(f"{path}: no words; expected one a line")
    return WordList.of(words, read_pairs(pairs) if pairs is not None else None)


def read_pairs(path: Path) -> dict[str, str]:
    """Surface forms by word in upper case; of a word that is there twice, the last.

    Raises:
        DataError: The file cannot be read, is not UTF-8, or a line has no form.
    """
    pairs = {}
    for number, line in read_lines(path):
        word, space, surface = line.strip().partition(" ")
        if not space:
            raise DataError(f"{path}:{number}: expected a word, a space and its surface form")
        pairs[word.upper()] = surface
    return pairs


def read_lexicon(
    name: str, path: Path, pairs: Path | None = None, rule: LexiconRule | None = None
) -> Lexicon:
    """The lexicon in a file, or the strong one in a folder of files for single pictures.

    Args:
        name: As the benchmark calls it; it decides the rule (see `RULES`), unless that is given.
        path: A file of words; or a folder of `voc_NAME.txt` or `new_voc_NAME.txt`, each with the
            pairs in `pair_voc_NAME.txt` if there is one.
        pairs: The surface forms for a single file.
        rule: How readings are replaced.

    Raises:
        DataError: A file cannot be read or is malformed, or there is none in the folder.
    """
    rule = rule or RULES.get(name, CLOSE)
    if not path.is_dir():
        return Lexicon(name, read_words(path, pairs), rule)
    files: dict[str, Path] = {}
    for file in sorted(path.iterdir(), reverse=True):  # voc_ before new_voc_, which replaces it
        match = re.fullmatch(r"(?:new_)?voc_(.+)\.txt", file.name)
        if match:
            files[match[1]] = file
    if not files:
        raise DataError(f"{path}: no lexicons in this folder; expected voc_img_1.txt and so on")
    lists = {}
    for picture, file in sorted(files.items()):
        pair = path / f"pair_voc_{picture}.txt"
        lists[picture] = read_words(file, pair if pair.is_file() else None)
    return Lexicon(name, lists, rule)


def _nearest(texts: Sequence[str], words: WordList) -> tuple[list[int], list[float]]:
    """Place and distance of the nearest word to each text, of equally near ones the first."""
    upper = [text.upper() for text in texts]
    unknown = [text for text in dict.fromkeys(upper) if text not in words.places]
    known = {text: (words.places[text], 0) for text in upper if text in words.places}
    if unknown:
        table = process.cdist(unknown, words.folded, scorer=Levenshtein.distance, dtype=np.int32)
        best = table.argmin(axis=1)
        known |= {
            text: (int(j), int(row[j])) for text, row, j in zip(unknown, table, best, strict=True)
        }
    return [known[text][0] for text in upper], [float(known[text][1]) for text in upper]


def _nearest_weighted(
    text: str, confidences: Sequence[float], words: WordList, margin: int
) -> tuple[int, float]:
    """Place and weighted distance of the nearest of the words that are near by edit distance."""
    edits = process.cdist([text], words.folded, scorer=Levenshtein.distance, dtype=np.int32)[0]
    near = np.flatnonzero(edits <= edits.min() + margin)
    distances = _weighted_distances(text, confidences, [words.folded[i] for i in near])
    best = int(distances.argmin())
    return int(near[best]), float(distances[best])


def _weighted_distances(
    text: str, confidences: Sequence[float], words: Sequence[str]
) -> NDArray[np.float64]:
    """Cost of the cheapest edits of `text` into each word; (words,)."""
    delete = np.asarray(confidences, np.float64)
    insert = (delete + np.append(delete[1:], delete[-1:])) / 2
    lengths = np.array([len(word) for word in words])
    letters = np.zeros((len(words), lengths.max(initial=0)), np.int64)
    for row, word in zip(letters, words, strict=True):
        row[: len(word)] = [ord(letter) for letter in word]
    costs = np.tile(np.arange(len(text) + 1.0), (len(words), 1))
    result = costs[:, -1].copy()
    for i in range(letters.shape[1]):
        above, costs = costs, np.empty_like(costs)
        costs[:, 0] = i + 1
        for j, letter in enumerate(text):
            replaced = above[:, j] + (letters[:, i] != ord(letter))
            edited = np.minimum(above[:, j + 1] + insert[j], costs[:, j] + delete[j])
            costs[:, j + 1] = np.minimum(replaced, edited)
        ends = lengths == i + 1
        result[ends] = costs[ends, -1]
    return result


def _folded_confidences(text: str, confidences: Sequence[float]) -> list[float]:
    """One for each character in upper case: that of ß counts for both of SS.

    Raises:
        ShapeError: There are not as many confidences as characters.
    """
    if len(confidences) != len(text):
        raise ShapeError(f"confidences of {text!r}: expected {len(text)}, got {len(confidences)}")
    return [sure for letter, sure in zip(text, confidences, strict=True) for _ in letter.upper()]
