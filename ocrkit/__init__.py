"""Scene-text OCR: finds text in photographs and reads it, with weights of its own.

page = ocrkit.read("sign.jpg")
page.text; page.words[0].text, .quad, .confidence, .score

Names are imported when they are first used, so that `import ocrkit` costs nothing.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ocrkit.detect import Detector
    from ocrkit.errors import OCRKitError
    from ocrkit.image import read_image
    from ocrkit.reader import Reader, load, read
    from ocrkit.recognize import Recognizer
    from ocrkit.spot import Spotter
    from ocrkit.types import Detections, Page, Reading, Sample, Word

__version__ = "0.1.0"

__all__ = [
    "Detections",
    "Detector",
    "OCRKitError",
    "Page",
    "Reader",
    "Reading",
    "Recognizer",
    "Sample",
    "Spotter",
    "Word",
    "__version__",
    "load",
    "read",
    "read_image",
]

_HOMES = {
    "ocrkit.detect": ["Detector"],
    "ocrkit.errors": ["OCRKitError"],
    "ocrkit.image": ["read_image"],
    "ocrkit.reader": ["Reader", "load", "read"],
    "ocrkit.recognize": ["Recognizer"],
    "ocrkit.spot": ["Spotter"],
    "ocrkit.types": ["Detections", "Page", "Reading", "Sample", "Word"],
}
_HOME = {name: module for module, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module 'ocrkit' has no attribute {name!r}")
    return getattr(import_module(_HOME[name]), name)


def __dir__() -> list[str]:
    return __all__
