"""Every error ocrkit raises on purpose. Catch `OCRKitError` to catch them all.

OCRKitError
├── ConfigError              a config file, key or value is wrong
│   └── UnknownModelError    the name of a model is wrong
├── ImageError               an input is missing or is not a picture that can be read
├── DataError                a label file or dataset is missing or malformed
├── OutputError              a result cannot be written where it was asked for
├── ShapeError               an array has the wrong shape or dtype
├── CheckpointError          a weights file is missing, damaged or of another kind
├── TrainingError            a training went astray: a loss is not finite
└── MissingExtraError        an optional dependency is not installed
    └── MissingDecoderError  ... which a picture needs: an ImageError, too
"""


class OCRKitError(Exception):
    """Base of all errors raised on purpose."""


class ConfigError(OCRKitError, ValueError):
    """A config file, key or value is wrong; the message names the file and the key."""


class UnknownModelError(ConfigError):
    """No model has this name; the message lists the nearest names, or all there are."""


class ImageError(OCRKitError, ValueError):
    """An input is missing or is not a picture that can be read; the message names it."""


class DataError(OCRKitError, ValueError):
    """A label file or dataset is missing or malformed; the message names file and line."""


class OutputError(OCRKitError, OSError):
    """A result cannot be written; the message names the path."""


class ShapeError(OCRKitError, ValueError):
    """An array has the wrong shape or dtype; the message gives both shapes."""


class CheckpointError(OCRKitError, ValueError):
    """A weights file is missing, damaged or of another kind; the message names it."""


class TrainingError(OCRKitError, ArithmeticError):
    """A training went astray; the message names the term of the loss and the samples."""


class MissingExtraError(OCRKitError, ImportError):
    """An optional dependency is not installed; the message says which command installs it."""


class MissingDecoderError(ImageError, MissingExtraError):
    """A picture needs an optional dependency that is not installed: only this picture fails."""
