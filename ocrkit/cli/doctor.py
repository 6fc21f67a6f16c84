"""`ocrkit doctor`: what is installed here, and whether it works."""

import json
import platform
from collections.abc import Callable, Iterator
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Annotated, NamedTuple

import typer

from ocrkit import __version__

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from pathlib import Path

    from ocrkit.types import Image

PACKAGES = (
    *("torch", "torchvision", "numpy", "opencv-python-headless", "pillow", "scipy", "shapely"),
    *("safetensors", "pydantic", "pyyaml", "lmdb", "rapidfuzz", "rich", "typer"),
)
EXTRAS = {
    "heic": ("pillow-heif",),
    "pdf": ("pypdfium2",),
    "video": ("av",),
    "web": ("httpx",),
    "train": ("lightning", "matplotlib", "tensorboard"),
}
WRITTEN = "ocrkit"


class Check(NamedTuple):
    """One thing that was looked at, and what came of it."""

    name: str
    healthy: bool
    outcome: str


def doctor(
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON, one object.")] = False,
) -> None:
    """Print versions, devices and extras, check the weights, and read a drawn picture.

    Exit status: 0 if all is well, 1 if not.
    """
    checks = []
    packages = {name: _version(name) for name in PACKAGES}
    extras = {extra: {name: _version(name) for name in names} for extra, names in EXTRAS.items()}
    if not as_json:
        typer.echo("\n".join(_described(packages, extras)))
    for check in _checks():
        checks.append(check)
        if not as_json:
            failed = "" if check.healthy else "FAILED: "
            typer.echo(f"{check.name}: {failed}{check.outcome}")
    healthy = all(check.healthy for check in checks)
    if as_json:
        record = {
            "ocrkit": __version__,
            "python": platform.python_version(),
            "platform": platform.platform(),
            "packages": packages,
            "extras": extras,
            "checks": [check._asdict() for check in checks],
            "healthy": healthy,
        }
        typer.echo(json.dumps(record, indent=2))
    raise typer.Exit(0 if healthy else 1)


def _version(package: str) -> str | None:
    """None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _described(
    packages: dict[str, str | None], extras: dict[str, dict[str, str | None]]
) -> Iterator[str]:
    """What is installed, in lines; of extras that are not, how to install them."""
    yield f"ocrkit {__version__}, Python {platform.python_version()}, {platform.platform()}"
    yield _listed(packages)
    for extra, found in extras.items():
        advice = "" if all(found.values()) else f"; pip install 'ocrkit[{extra}]'"
        yield f"extra {extra}: {_listed(found)}{advice}"


def _listed(versions: dict[str, str | None]) -> str:
    return ", ".join(f"{name} {found or 'is not installed'}" for name, found in versions.items())


def _checks() -> Iterator[Check]:
    """What is looked at, one after the other, for it takes a while."""
    yield _attempt("packages", _packages)
    yield _attempt("devices", _devices)
    yield from _weights()
    yield _attempt("self-test", _self_test)


def _attempt(name: str, look: Callable[[], str]) -> Check:
    """What `look` says, or the error that it ends with.

    Any error: that a library does not even load is what this command is there to find out.
    """
    try:
        return Check(name, True, look())
    except Exception as error:
        return Check(name, False, str(error) or type(error).__name__)


def _packages() -> str:
    """Import the libraries of compiled code; their own versions name the build, as in 2.6+cu124.

    Raises:
        ImportError: One is missing, or lacks a library of the system.
    """
    import cv2
    import numpy
    import scipy
    import torch
    import torchvision

    loaded = (cv2, numpy, scipy, torch, torchvision)
    versions = [f"{module.__name__} {module.__version__}" for module in loaded]
    return f"{', '.join(versions)} can be imported"


def _devices() -> str:
    """What networks can run on."""
    import torch

    from ocrkit.layers import int8

    arithmetic = "8-bit integers" if int8.supported() else "floats"
    found = [f"cpu ({torch.get_num_threads()} threads, convolutions in {arithmetic})"]
    for index in range(torch.cuda.device_count()):
        card = torch.cuda.get_device_properties(index)
        found.append(f"cuda:{index} ({card.name}, {card.total_memory / 2**30:.0f} GiB)")
    return ", ".join(found)


def _weights() -> Iterator[Check]:
    """Whether every shipped file loads: each has a digest that must be right."""
    from ocrkit import checkpoint

    files = sorted(checkpoint.WEIGHTS.glob(f"*{checkpoint.SUFFIX}"))
    for path in files:
        yield _attempt(f"weights: {path.name}", partial(_loaded, path))
    if not files:
        yield Check("weights", False, f"none in {checkpoint.WEIGHTS}; install ocrkit again")


def _loaded(path: "Path") -> str:
    """Load a weights file.

    Raises:
        CheckpointError: It is damaged.
    """
    from ocrkit import checkpoint

    checkpoint.load(checkpoint.read_card(path).family, path)
    return "whole"


def _self_test() -> str:
    """Read a drawn picture with the default models, on the device that they choose.

    Raises:
        OCRKitError: The models cannot be loaded, or read something else.
    """
    from time import perf_counter

    from ocrkit.errors import OCRKitError
    from ocrkit.reader import load

    reader = load()
    started = perf_counter()
    text = reader.read(_picture(WRITTEN)).text
    seconds = perf_counter() - started
    if text.casefold() != WRITTEN:
        raise OCRKitError(f"expected {WRITTEN!r}, read {text!r}")
    return f"read {text!r} in {seconds:.2f} s"


def _picture(text: str) -> "Image":
    """Dark text on a light ground."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.new("RGB", (640, 360), (236, 233, 224))
    font = ImageFont.load_default(72)
    ImageDraw.Draw(sheet).text((320, 180), text, (30, 34, 60), font, anchor="mm")
    return np.asarray(sheet)
