"""Spotters, which find and read. Each public module here is one that is a single network."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.spot._base import Spotter, SpottingNetwork
from ocrkit.spot._two_stage import TwoStage
from ocrkit.spot._words import WordsConfig

__all__ = ["Spotter", "SpottingNetwork", "TwoStage", "WordsConfig", "build"]


def build(block: Mapping[str, Any], source: str = "spotter") -> SpottingNetwork[Any, Any, Any]:
    """Build the spotting network that a config block names, with fresh weights.

    Raises:
        UnknownModelError: There is no such network.
        ConfigError: A key or value of the block is wrong.
    """
    found = catalog.find(sys.modules[__name__], str(block.get("name")), SpottingNetwork)
    return found(config.validate(found.Config, block, source))
