"""Finds models by name. The folder is the catalogue: ocrkit/detect/east.py is detector `east`.

A model file defines exactly one public subclass of its family's base class. Nothing is
registered, so nothing is imported until it is asked for, and adding a model edits no other file.
Another package adds a model by an entry point of the group `ocrkit.detect`, `ocrkit.recognize`, ...
"""

import difflib
import importlib
import pkgutil
from importlib.metadata import entry_points
from types import ModuleType
from typing import TypeVar

from ocrkit.errors import UnknownModelError

T = TypeVar("T")

DETECTOR, RECOGNIZER = "textboxespp", "crnn"
"""The shipped models that are taken if nothing is said."""


def names(family: ModuleType) -> list[str]:
    """The models of a family: the public modules of its package, and installed plug-ins."""
    own = {m.name for m in pkgutil.iter_modules(family.__path__) if m.name[0] != "_"}
    plugins = {point.name for point in entry_points(group=family.__name__)}
    return sorted(own | plugins)


def find(family: ModuleType, name: str, base: type[T]) -> type[T]:
    """The class that `family`/<name>.py defines, or that a plug-in of this name provides.

    Raises:
        UnknownModelError: There is no such model; the message names the nearest and lists all. Or
            the file does not define exactly one.
    """
    if name not in names(family):
        raise UnknownModelError(unknown(family.__name__.rpartition(".")[2], name, names(family)))
    for point in entry_points(group=family.__name__):
        if point.name == name:
            plugin: type[T] = point.load()
            return plugin
    module = importlib.import_module(f"{family.__name__}.{name}")
    found = [
        value
        for value in vars(module).values()
        if isinstance(value, type)
        and issubclass(value, base)
        and value.__module__ == module.__name__
    ]
    if len(found) != 1:
        kind = f"{family.__name__}: {name}"
        raise UnknownModelError(f"{kind}: expected one {base.__name__} in it, found {len(found)}")
    return found[0]


def unknown(where: str, name: str, choices: list[str], kind: str = "model") -> str:
    """The message for a name that is none of `choices`."""
    close = difflib.get_close_matches(name, choices, n=1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    return f"{where}: no {kind} {name!r}; {hint}choose from: {', '.join(choices)}"
