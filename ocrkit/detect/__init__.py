"""Text detectors. Each public module here is one detector; see docs/add-a-detector.md."""

import sys
from collections.abc import Mapping
from typing import Any

from ocrkit import catalog, config
from ocrkit.detect._base import Detector, DetectorConfig

__all__ = ["Detector", "DetectorConfig", "build"]


def build(block: Mapping[str, Any], source: str = "detector") -> Detector[Any, Any, Any]:
    """Build the detector that a config block names, with fresh weights.

    Raises:
        UnknownModelError: There is no detector of that name.
        ConfigError: A key or value of the block is wrong.
    """
    found = catalog.find(sys.modules[__name__], str(block.get("name")), Detector)
    return found(config.validate(found.Config, block, source))
