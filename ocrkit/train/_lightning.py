"""What is used of Lightning, in one place: it belongs to an extra, and reading never imports it."""

import importlib
import logging

from ocrkit.errors import MissingExtraError

try:
    import lightning.pytorch as pl
    from lightning.pytorch.callbacks import (
        Callback,
        LearningRateMonitor,
        ModelCheckpoint,
        RichProgressBar,
        Timer,
        WeightAveraging,
    )
    from lightning.pytorch.loggers import TensorBoardLogger

    importlib.import_module("tensorboard")  # its absence would show only when training starts
except ImportError as error:
    message = f"training needs an extra ({error}): pip install 'ocrkit[train]'"
    raise MissingExtraError(message) from error

# Its tips and notices are for those who write training loops.
logging.getLogger("lightning.pytorch").setLevel(logging.WARNING)

__all__ = [
    "Callback",
    "LearningRateMonitor",
    "ModelCheckpoint",
    "RichProgressBar",
    "TensorBoardLogger",
    "Timer",
    "WeightAveraging",
    "pl",
]
