"""Text recognisers. Each public module here is one recogniser; see docs/add-a-detector.md."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.recognize._base import Recognizer, RecognizerConfig
from ocrkit.recognize._confidence import Aggregate, aggregate
from ocrkit.recognize._lexicon import Score

__all__ = ["Aggregate", "Recognizer", "RecognizerConfig", "Score", "aggregate", "build"]


def build(block: Mapping[str, Any], source: str = "recognizer") -> Recognizer[Any, Any, Any]:
    """Build the recogniser that a config block names, with fresh weights.

    Raises:
        UnknownModelError: There is no recogniser of that name.
        ConfigError: A key or value of the block is wrong.
    """
    found = catalog.find(sys.modules[__name__], str(block.get("name")), Recognizer)
    return found(config.validate(found.Config, block, source))
