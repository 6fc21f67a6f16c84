"""The lexicons of `ocrkit evaluate`, from its options."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from ocrkit.errors import ConfigError, DataError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.data import Dataset
    from ocrkit.evaluate.lexicon import Lexicon, LexiconRule


class Wanted(NamedTuple):
    """The lexicon for `spotting`, as the options say."""

    name: str
    path: Path | None
    pairs: Path | None
    rule: str | None
    values: Mapping[str, Any]

    def checked(self) -> "Wanted":
        """The same, if it makes sense.

        Raises:
            ConfigError: It does not; or a name is unknown.
        """
        from ocrkit.evaluate.lexicon import RULES

        known("--lexicon", self.name, ["none", *RULES])
        if self.name == "none" and any(self[1:]):
            raise ConfigError("--lexicon none: there is nothing to say of no lexicon")
        if self.pairs and not self.path:
            raise ConfigError("--lexicon-pairs: goes with a file of words: LEXICON")
        return self

    def read(self, dataset: "Dataset") -> "Lexicon | None":
        """The lexicon in the file or folder, else the dataset's own; None if none is wanted.

        Raises:
            ConfigError: The rule has no such setting.
            DataError: The lexicon cannot be read, or the dataset has none of this name.
        """
        from ocrkit.evaluate.lexicon import Lexicon, WordList, read_lexicon

        if self.name == "none":
            return None
        rule = self._rule()
        if self.path is not None:
            return read_lexicon(self.name, self.path, self.pairs, rule)
        lists = own_lexicons(dataset, self.name, range(len(dataset)))
        words = {dataset.name(i): WordList.of(list(one)) for i, one in enumerate(lists)}
        return Lexicon(self.name, words, rule)

    def _rule(self) -> "LexiconRule":
        from ocrkit.evaluate.lexicon import CLOSE, NEAREST, RULES

        rules = {"close": CLOSE, "nearest": NEAREST}
        if self.rule is not None:
            known("--lexicon-rule", self.rule, list(rules))
        rule = RULES[self.name] if self.rule is None else rules[self.rule]
        settings = sorted({field.name for field in fields(rule)} - {"name"})
        for key, value in self.values.items():
            known("--set lexicon", key, settings)
            if isinstance(value, bool) or not isinstance(value, int | float | None):
                raise ConfigError(f"--set lexicon.{key}: expected a number, got {value!r}")
        return replace(rule, **self.values)


def own_lexicons(dataset: "Dataset", name: str, samples: Sequence[int]) -> list[Sequence[str]]:
    """The dataset's lexicon of this name for each of the samples.

    Raises:
        DataError: A sample has none; the message lists those it has.
    """
    lists = []
    for index in samples:
        lexicons = dataset.labels(index).lexicons
        if name not in lexicons:
            has = ", ".join(lexicons) or "none"
            raise DataError(
                f"{dataset.name(index)}: the ground truth gives no lexicon {name!r}; it has {has}"
            )
        lists.append(lexicons[name])
    return lists


def known(option: str, name: str, choices: Sequence[str]) -> None:
    """Refuse a name that is none of the choices."""
    from ocrkit.catalog import unknown

    if name not in choices:
        raise ConfigError(unknown(option, name, list(choices), kind="choice"))
