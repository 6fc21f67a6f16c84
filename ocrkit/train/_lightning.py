"""What is used of Lightning, in one place: it belongs to an extra, and reading never imports it."""

import importlib

from ocrkit.errors import MissingExtraError

try:
    import lightning.pytorch as pl
    from lightning.pytorch.callbacks import Callback, ModelCheckpoint, Timer, WeightAveraging
    from lightning.pytorch.loggers import TensorBoardLogger

    importlib.import_module("tensorboard")  # its absence would show only when training starts
except ImportError as error:
    message = f"training needs an extra ({error}): pip install 'ocrkit[train]'"
    raise MissingExtraError(message) from error

__all__ = ["Callback", "ModelCheckpoint", "TensorBoardLogger", "Timer", "WeightAveraging", "pl"]
