"""Language models. Each public module here is one kind; see docs/language.md."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.language._base import LanguageConfig, LanguageModel

__all__ = ["LanguageConfig", "LanguageModel", "build"]


def build(block: Mapping[str, Any], source: str = "language") -> LanguageModel[Any]:
    """Build the language model that a config block names, which has learnt nothing yet.

    Raises:
        UnknownModelError: There is no language model of that name.
        ConfigError: A key or value of the block is wrong.
    """
    found = catalog.find(sys.modules[__name__], str(block.get("name")), LanguageModel)
    return found(config.validate(found.Config, block, source))
