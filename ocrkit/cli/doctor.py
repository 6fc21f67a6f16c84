"""`ocrkit doctor`: what is installed here, and whether it works."""

import platform
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING

import typer

from ocrkit import __version__
from ocrkit.errors import OCRKitError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.types import Image

PACKAGES = ("torch", "numpy", "opencv-python-headless", "pillow", "scipy", "shapely", "safetensors")
EXTRAS = ("lightning", "tensorboard")
WRITTEN = "ocrkit"


def doctor() -> None:
    """Print versions and devices, check the weights, and read a drawn picture.

    Exit status: 0 if all is well, 1 if not.
    """
    typer.echo(f"ocrkit {__version__}, Python {platform.python_version()}, {platform.platform()}")
    typer.echo(", ".join(f"{name} {_version(name)}" for name in (*PACKAGES, *EXTRAS)))
    typer.echo(f"devices: {', '.join(_devices())}")
    healthy = [_weights_are_whole(), _reads()]
    raise typer.Exit(0 if all(healthy) else 1)


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "is not installed"


def _devices() -> list[str]:
    """What networks can run on."""
    import torch

    cards = [
        f"cuda:{index} ({torch.cuda.get_device_name(index)})"
        for index in range(torch.cuda.device_count())
    ]
    return [f"cpu ({torch.get_num_threads()} threads)", *cards]


def _weights_are_whole() -> bool:
    """Whether every shipped file loads; says so of each."""
    from ocrkit import checkpoint

    whole = True
    files = sorted(checkpoint.WEIGHTS.glob(f"*{checkpoint.SUFFIX}"))
    for path in files:
        try:
            checkpoint.load(checkpoint.read_card(path).family, path)
            typer.echo(f"weights: {path.name}: whole")
        except OCRKitError as error:
            typer.echo(f"weights: FAILED: {error}")
            whole = False
    if not files:
        typer.echo(f"weights: FAILED: none in {checkpoint.WEIGHTS}; install ocrkit again")
    return whole and bool(files)


def _reads() -> bool:
    """Whether the default models read a drawn picture; says so."""
    from time import perf_counter

    from ocrkit.reader import load

    try:
        reader = load()
        started = perf_counter()
        text = reader.read(_picture(WRITTEN)).text
    except OCRKitError as error:
        typer.echo(f"self-test: FAILED: {error}")
        return False
    seconds = perf_counter() - started
    right = text.casefold() == WRITTEN
    outcome = "" if right else f"FAILED: expected {WRITTEN!r}, "
    typer.echo(f"self-test: {outcome}read {text!r} in {seconds:.2f} s")
    return right


def _picture(text: str) -> "Image":
    """Dark text on a light ground."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    sheet = Image.new("RGB", (640, 360), (236, 233, 224))
    font = ImageFont.load_default(72)
    ImageDraw.Draw(sheet).text((320, 180), text, (30, 34, 60), font, anchor="mm")
    return np.asarray(sheet)
