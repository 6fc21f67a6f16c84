"""Scores as rows of text, for tables on a terminal and on a page."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple


class Row(NamedTuple):
    """One line of a table with a column for each score."""

    name: str
    values: tuple[str, ...]
    """Empty where a score has no such figure."""
    setting: bool
    """Whether it is a setting of the protocols, not a figure."""


def rows(results: Sequence[Mapping[str, Any]]) -> list[Row]:
    """Figures, then settings, of scores as their `to_dict` gives them.

    A figure that is not known is left out; a setting that is off is "none".
    """
    figures = [dict(_figures(result)) for result in results]
    settings = [dict(_settings(result.get("settings", {}))) for result in results]
    return [*_joined(figures, setting=False), *_joined(settings, setting=True)]


def _joined(columns: Sequence[Mapping[str, str]], setting: bool) -> Iterator[Row]:
    for name in dict.fromkeys(name for column in columns for name in column):
        yield Row(name, tuple(column.get(name, "") for column in columns), setting)


def _figures(result: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for key, value in result.items():
        name = f"{within}{_said(key)}"
        if isinstance(value, Mapping):
            yield from _figures({} if key == "settings" else value, f"{name}: ")
        elif value is not None:
            yield name, f"{value:.4f}" if isinstance(value, float) else str(value)


def _settings(block: Mapping[str, Any], within: str = "") -> Iterator[tuple[str, str]]:
    for key, value in block.items():
        name = f"{within} {_said(key)}".strip()
        if isinstance(value, Mapping):
            yield from _settings(value, name)
        else:
            yield name, _shown(value)


def _shown(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        return f"{value:.4g}"
    return "none" if value is None else str(value)


def _said(key: str) -> str:
    return key.replace("_", " ")
