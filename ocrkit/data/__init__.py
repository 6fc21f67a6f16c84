"""Datasets as they are distributed, augmentation and loaders; knows no model."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ocrkit import catalog, config
from ocrkit.data import sets
from ocrkit.data._base import Dataset, DatasetConfig, Labels
from ocrkit.data._guess import guess
from ocrkit.errors import ConfigError, DataError, UnknownModelError

__all__ = ["Dataset", "DatasetConfig", "Labels", "build", "find", "guess", "load", "names"]


def names() -> list[str]:
    """The sets that `build` knows."""
    return catalog.names(sets)


def find(name: str, source: str = "data") -> type[Dataset]:
    """The class that reads the set of this name.

    Raises:
        UnknownModelError: There is none.
    """
    if name not in names():
        raise UnknownModelError(catalog.unknown(source, name, names(), kind="dataset"))
    # mypy: an abstract class may be asked for here, since only its subclasses are found.
    return catalog.find(sets, name, Dataset)


def build(block: Mapping[str, Any], source: str = "data") -> Dataset:
    """The dataset that a config block describes.

    Raises:
        UnknownModelError: There is no set of that name.
        ConfigError: A key or value of the block is wrong.
        DataError: The set is missing or malformed.
    """
    found: Any = find(str(block.get("name")), source)
    built: Dataset = found(config.validate(found.Config, block, source))
    return built


def load(
    source: Path, name: str | None = None, settings: Mapping[str, Any] | None = None
) -> Dataset:
    """The dataset at a place, e.g. `load(Path("totaltext"), "totaltext", {"split": "test"})`.

    Args:
        source: The folder or file that the set's setting `source` names.
        name: Of the set; told by the files there if None.
        settings: Its other settings.

    Raises:
        UnknownModelError: There is no set of that name.
        ConfigError: A key or value of the settings is wrong, or it takes a name to know the set.
        DataError: The set is missing or malformed.
    """
    if name is None and not source.exists():
        raise DataError(f"{source}: no such file or folder")
    name = name or guess(source)
    if name is None:
        known = ", ".join(names())
        raise ConfigError(f"{source}: name the set that this is (--from NAME); one of: {known}")
    field = find(name, "--from").source
    chosen = dict(settings or {})
    for key in {"name", field} & set(chosen):
        raise ConfigError(f"{key}={chosen[key]}: is said already, by --from and the path")
    return build({"name": name, field: source, **chosen}, name)
