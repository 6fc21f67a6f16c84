"""Datasets as they are distributed, augmentation and loaders; knows no model."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.data._base import Dataset, DatasetConfig
from ocrkit.errors import UnknownModelError

__all__ = ["Dataset", "DatasetConfig", "build", "names"]

_TOOLS = {"augment", "loader"}
"""Public modules of this package that are no datasets."""


def names() -> list[str]:
    """The forms of datasets that `build` knows."""
    return [name for name in catalog.names(sys.modules[__name__]) if name not in _TOOLS]


def build(block: Mapping[str, Any], source: str = "data") -> Dataset:
    """The dataset that a config block describes, with its labels read.

    Raises:
        UnknownModelError: There is no form of dataset of that name.
        ConfigError: A key or value of the block is wrong.
        DataError: A label file or list is missing or malformed.
        ImageError: There are no pictures.
    """
    name = str(block.get("name"))
    if name not in names():
        raise UnknownModelError(catalog.unknown("data", name, names()))
    found: Any = catalog.find(sys.modules[__name__], name, Dataset)
    built: Dataset = found(config.validate(found.Config, block, source))
    return built
