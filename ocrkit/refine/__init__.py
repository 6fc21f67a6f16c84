"""Refiners: a second look at what was found. Each public module is one; see docs/refiner.md."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.refine._base import Refiner, RefinerConfig

__all__ = ["Refiner", "RefinerConfig", "build"]


def build(block: Mapping[str, Any], source: str = "refiner") -> Refiner[Any, Any, Any]:
    """Build the refiner that a config block names, with fresh weights.

    Raises:
        UnknownModelError: There is no refiner of that name.
        ConfigError: A key or value of the block is wrong.
    """
    found = catalog.find(sys.modules[__name__], str(block.get("name")), Refiner)
    return found(config.validate(found.Config, block, source))
