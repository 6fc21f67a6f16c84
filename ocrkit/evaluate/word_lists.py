"""Which crops of a recognition benchmark are scored: the literature drops some, each paper its own.

    none        all of them. So do `iiit5k`, `svt-647`, `svtp-645`, `cute80-288` and `ic15-2077`,
                which know how many there should be
    ic13-1015   ICDAR 2013's 1095 words, less those with other characters than 0-9, a-z, A-Z
    ic13-857    and less those of fewer than 3 characters
    ic15-1811   a list of 1811 of ICDAR 2015's 2077 words by Cheng et al. (ICCV 2017), who left out
                words with other characters and, by eye, some that are rotated, in perspective or
                curved. It does not follow from the labels (1922 words are alphanumeric). Names of
                the crops are in MMOCR's annotation file textrecog_test_1811.json; the LMDB
                IC15_1811 of deep-text-recognition-benchmark and PARSeq holds the crops themselves.
    dtrb        deep-text-recognition-benchmark: less labels of more than 25 characters, then those
                with a character outside the charset of 36, in lower case
    parseq      PARSeq: labels lose white space, then accents and all that is not ASCII; less those
                of more than 25 characters, then those without any of the 36 characters

Figures on a set and on a part of it do not compare. So what is dropped is counted by reason, and
the report says whether as many samples are left as the benchmark's part has.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

from ocrkit.errors import DataError, ShapeError


@dataclass(frozen=True)
class Filter:
    """Which samples are scored, and in which form their labels are.

    Attributes:
        name: As reports print it.
        expected: Samples of the benchmark's test set that should be left; None if unknown.
        listed: Only samples in a list that must be given.
        ascii_only: Labels lose white space, accents, and what is not ASCII.
        shortest: Characters that a label must have.
        longest: Characters that a label may have.
        charset: "drop": a label with a character other than 0-9, a-z, A-Z is dropped. "any": a
            label without one of these is dropped. None: whatever the characters.
    """

    name: str
    expected: int | None = None
    listed: bool = False
    ascii_only: bool = False
    shortest: int = 0
    longest: int | None = None
    charset: Literal["drop", "any"] | None = None

    def apply(
        self,
        texts: Sequence[str],
        names: Sequence[str] | None = None,
        only: Collection[str] | None = None,
    ) -> "Filtered":
        """The samples that are scored.

        Args:
            texts: The labels of all samples.
            names: What the samples are called, where there is a list.
            only: The list: names of the samples to keep. Any filter takes one.

        Raises:
            DataError: The filter needs a list, or the list names a sample that does not exist.
            ShapeError: There are not as many names as labels.
        """
        listed = self._listed(texts, names, only)
        labels = [_plain(text) if self.ascii_only else text for text in texts]
        reasons = [self._reason(label, known) for label, known in zip(labels, listed, strict=True)]
        kept = tuple(i for i, reason in enumerate(reasons) if reason is None)
        dropped = Counter(reason for reason in reasons if reason is not None)
        return Filtered(self, kept, tuple(labels[i] for i in kept), dict(dropped))

    def _listed(
        self, texts: Sequence[str], names: Sequence[str] | None, only: Collection[str] | None
    ) -> list[bool]:
        """Which samples the list has; all, if there is no list."""
        if only is None or names is None:
            if self.listed or only is not None:
                what = "the names of the samples" if only is not None else "a list of samples"
                raise DataError(f"filter {self.name!r}: needs {what}; it is given as `only`")
            return [True] * len(texts)
        if len(names) != len(texts):
            raise ShapeError(f"names: expected {len(texts)}, one per label, got {len(names)}")
        wanted = set(only)
        unknown = sorted(wanted - set(names))
        if unknown:
            raise DataError(f"filter {self.name!r}: the list has {unknown[0]!r}, the set has not")
        return [name in wanted for name in names]

    def _reason(self, label: str, listed: bool) -> str | None:
        """Why a sample is dropped, if it is: the first reason that holds."""
        others = re.search("[^0-9a-z]", label.lower())
        some = re.search("[0-9a-z]", label.lower())
        reasons = {
            "not in the list": not listed,
            f"longer than {self.longest} characters": len(label) > (self.longest or len(label)),
            "characters other than 0-9, a-z": self.charset == "drop" and others,
            "none of the characters 0-9, a-z": self.charset == "any" and not some,
            f"shorter than {self.shortest} characters": len(label) < self.shortest,
        }
        return next((reason for reason, holds in reasons.items() if holds), None)


@dataclass(frozen=True)
class Filtered:
    """What a filter left.

    Attributes:
        filter: By which rules.
        kept: Places of the samples that are left, in their order.
        texts: Their labels, in the form that is scored.
        dropped: How many samples were dropped, by reason.
    """

    filter: Filter
    kept: tuple[int, ...]
    texts: tuple[str, ...]
    dropped: Mapping[str, int]

    @property
    def complete(self) -> bool | None:
        """Whether as many are left as the benchmark's part has; None if that is not known."""
        expected = self.filter.expected
        return None if expected is None else len(self.kept) == expected

    def to_dict(self) -> dict[str, Any]:
        """Rules and counts, as plain values for JSON."""
        return {
            **asdict(self.filter),
            "kept": len(self.kept),
            "dropped": dict(self.dropped),
            "complete": self.complete,
        }


FILTERS = {
    each.name: each
    for each in (
        Filter("none"),
        Filter("iiit5k", expected=3000),
        Filter("svt-647", expected=647),
        Filter("svtp-645", expected=645),
        Filter("cute80-288", expected=288),
        Filter("ic13-1015", expected=1015, charset="drop"),
        Filter("ic13-857", expected=857, charset="drop", shortest=3),
        Filter("ic15-2077", expected=2077),
        Filter("ic15-1811", expected=1811, listed=True),
        Filter("dtrb", longest=25, charset="drop"),
        Filter("parseq", longest=25, charset="any", ascii_only=True),
    )
}
"""Filters by name."""


def _plain(text: str) -> str:
    """`text` without white space, accents, and what has no counterpart in ASCII."""
    split = unicodedata.normalize("NFKD", "".join(text.split()))
    return split.encode("ascii", "ignore").decode()
