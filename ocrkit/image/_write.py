"""Writing of pictures and other files: they appear complete or not at all."""

import io
import secrets
from pathlib import Path
from typing import Any

import PIL.Image

from ocrkit.errors import OutputError
from ocrkit.types import Image

WRITERS: dict[str, tuple[str, dict[str, Any]]] = {
    ".bmp": ("BMP", {}),
    ".jpeg": ("JPEG", {"quality": 92}),
    ".jpg": ("JPEG", {"quality": 92}),
    ".png": ("PNG", {"compress_level": 1}),  # photographs hardly shrink further, only slower
    ".tif": ("TIFF", {}),
    ".tiff": ("TIFF", {}),
    ".webp": ("WEBP", {"quality": 92}),
}
"""Pillow's name of the format, and its options, by suffix."""


def write_image(path: str | Path, image: Image) -> None:
    """Write a picture in the format its suffix names; missing folders are made.

    The file appears complete or not at all.

    Raises:
        OutputError: The suffix names no format, or the file cannot be written there.
    """
    try:
        data = encode_image(image, Path(path).suffix.lower())
    except OutputError as error:
        raise OutputError(f"{path}: {error}") from error
    write_bytes(path, data)


def encode_image(image: Image, suffix: str) -> bytes:
    """The content of a picture file, in the format that files with this suffix have.

    Raises:
        OutputError: The suffix names no format, or the picture is too large for it.
    """
    if suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise OutputError(f"no picture format has the suffix {suffix!r}; use one of {known}")
    name, options = WRITERS[suffix]
    data = io.BytesIO()
    try:
        PIL.Image.fromarray(image).save(data, name, **options)
    except (OSError, ValueError) as error:
        height, width = image.shape[:2]
        raise OutputError(f"{width} x {height} px cannot be {name}: {error}") from error
    return data.getvalue()


def write_text(path: str | Path, text: str) -> None:
    r"""Write `text` as UTF-8 with `\n` line ends; missing folders are made.

    The file appears complete or not at all.

    Raises:
        OutputError: The file cannot be written there.
    """
    write_bytes(path, text.encode())


def write_bytes(path: str | Path, data: bytes) -> None:
    """Write `data`; missing folders are made. The file appears complete or not at all.

    Raises:
        OutputError: The file cannot be written there.
    """
    try:
        _replace(Path(path).resolve(), data)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise OutputError(f"{path}: cannot be written: {reason}") from error


def _replace(target: Path, data: bytes) -> None:
    """Write to a neighbouring file, then rename it."""
    # A rename would put a plain file in the place of a device such as /dev/null.
    if target.exists() and not target.is_file():
        raise OSError("it is not a plain file")
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{secrets.token_hex(8)}.part")
    try:
        partial.write_bytes(data)
        partial.replace(target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
