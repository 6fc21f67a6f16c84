"""Pictures in and out: decoding of files, safe writing, and resizing that can be undone.

Every way in ends in the one form the rest of ocrkit knows: (H, W, 3) uint8 RGB, as displayed.
"""

import glob
import io
import logging
import secrets
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import cv2
import numpy as np
import PIL.Image
import PIL.ImageOps

from ocrkit.errors import ImageError, OutputError
from ocrkit.types import Floats, Image

Source = str | Path | bytes | PIL.Image.Image | Image
"""A path, the bytes of a picture file, a PIL image, or an RGB array (H, W, 3) uint8."""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused unless the caller raises the limit; this many take 600 MB."""

# Pillow knows more formats, but some of them start other programs (EPS) or are no pictures (fonts).
FORMATS = ("AVIF", "BMP", "GIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
"""The names of files that count as pictures in a folder, in lower case."""

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

_log = logging.getLogger("ocrkit")


def read_image(source: Source, max_pixels: int = MAX_PIXELS) -> Image:
    """The picture as displayed: EXIF orientation applied, transparency laid on white, 8 bits.

    Of an animation or a file of many pages, the first frame; a warning in the log says so. An array
    is checked and returned as it is.

    Args:
        source: A path, the bytes of a picture file, a PIL image, or an RGB array (H, W, 3) uint8.
        max_pixels: A file is refused before it is decoded if its header says it has more.

    Raises:
        ImageError: The source is missing, cannot be decoded to its end, is too large, or is an
            array of another shape or type.
    """
    if isinstance(source, np.ndarray):
        return _checked(source, max_pixels)
    if isinstance(source, bytes):
        return _decode(io.BytesIO(source), "picture in memory", max_pixels)
    if isinstance(source, PIL.Image.Image):
        return _convert(source, getattr(source, "filename", "") or "PIL image", max_pixels)
    if isinstance(source, str | Path):
        with _open(source) as file:
            return _decode(file, str(source), max_pixels)
    expected = "a path, bytes, a PIL image or an RGB array"
    raise ImageError(f"picture: expected {expected}, got {type(source).__name__}")


def find_images(inputs: Sequence[str | Path]) -> list[Path]:
    """The files that `inputs` name, each once, in the order given; a folder's or pattern's sorted.

    A folder stands for the pictures directly in it, by their suffixes and without hidden files.
    A pattern such as `scans/**/*.png` stands for the files that match.

    Raises:
        ImageError: A file is missing, a folder has no pictures, or a pattern matches nothing.
    """
    return list(dict.fromkeys(path for item in inputs for path in _expand(item)))


def write_image(path: str | Path, image: Image) -> None:
    """Write a picture in the format its suffix names; missing folders are made.

    The file appears complete or not at all.

    Raises:
        OutputError: The suffix names no format, or the file cannot be written there.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in WRITERS:
        known = ", ".join(WRITERS)
        raise OutputError(
            f"{path}: no picture format has the suffix {suffix!r}; use one of {known}"
        )
    name, options = WRITERS[suffix]
    data = io.BytesIO()
    try:
        PIL.Image.fromarray(image).save(data, name, **options)
    except (OSError, ValueError) as error:
        height, width = image.shape[:2]
        raise OutputError(f"{path}: {width} x {height} px cannot be {name}: {error}") from error
    write_bytes(path, data.getvalue())


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


def resize_to_long_side(image: Image, long_side: float, multiple: int) -> tuple[Image, Floats]:
    """The picture scaled to a long side of about `long_side` px, and the way back.

    Both sides are rounded to multiples of `multiple`, and are one multiple at least, so each has a
    scale of its own.

    Returns:
        The resized picture, and the (2,) factors (x, y) that take its points to those of `image`.
    """
    height, width = image.shape[:2]
    scale = long_side / max(height, width) / multiple
    rows, columns = (max(1, round(side * scale)) * multiple for side in (height, width))
    # Averaging is right for a side that shrinks and interpolation for one that grows; a strip a
    # few pixels high needs both.
    shrunk = cv2.resize(
        image, (min(columns, width), min(rows, height)), interpolation=cv2.INTER_AREA
    )
    resized = cv2.resize(shrunk, (columns, rows), interpolation=cv2.INTER_LINEAR)
    return np.asarray(resized, np.uint8), np.array([width / columns, height / rows], np.float32)


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


def _decode(file: BinaryIO, name: str, max_pixels: int) -> Image:
    """The picture in an open file."""
    if not file.read(1):
        raise ImageError(f"{name}: is empty (0 bytes)")
    try:
        with _unlimited_pillow():
            picture = PIL.Image.open(file, formats=[f for f in FORMATS if f in PIL.Image.OPEN])
        # A camera's MPO is one photograph and its by-products.
        if getattr(picture, "is_animated", False) and picture.format != "MPO":
            _log.warning("%s: has several frames; only the first is read", name)
    except Exception as error:  # decoders raise whatever a damaged header makes them trip over
        kinds = ", ".join(FORMATS)
        raise ImageError(f"{name}: cannot be read as a picture ({kinds})") from error
    return _convert(picture, name, max_pixels)


def _convert(picture: PIL.Image.Image, name: str, max_pixels: int) -> Image:
    """A PIL image as an array; nothing is decoded before its size is known to be bearable."""
    _check_size(name, picture.height, picture.width, max_pixels)
    try:
        picture.load()
        return np.array(_rgb(_oriented(picture, name)))
    except Exception as error:  # decoders raise whatever damaged data makes them trip over
        raise ImageError(f"{name}: is damaged or cut short: {error}") from error


def _checked(array: Image, max_pixels: int) -> Image:
    """The array, if it is a picture as the rest of ocrkit knows it."""
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        expected = "shape (height, width, 3), RGB, of uint8"
        raise ImageError(f"array: expected {expected}; got {array.shape} of {array.dtype}")
    _check_size("array", array.shape[0], array.shape[1], max_pixels)
    return np.ascontiguousarray(array)


def _check_size(name: str, height: int, width: int, max_pixels: int) -> None:
    """Raise `ImageError` unless there are pixels, and not too many."""
    if not height * width:
        raise ImageError(f"{name}: has no pixels ({width} x {height})")
    if height * width > max_pixels:
        size = f"{width} x {height} px = {height * width / 1e6:.1f} megapixels"
        limit = f"the limit of {max_pixels / 1e6:.1f}"
        raise ImageError(f"{name}: {size} is above {limit}; raise max_pixels if you trust it")


def _oriented(picture: PIL.Image.Image, name: str) -> PIL.Image.Image:
    """The picture turned as its EXIF data say; as stored, with a warning, if they are damaged."""
    try:
        return PIL.ImageOps.exif_transpose(picture)
    except Exception as error:  # damaged EXIF data are no reason to refuse a sound picture
        _log.warning("%s: EXIF orientation not applied: %s", name, error)
        return picture


def _rgb(picture: PIL.Image.Image) -> PIL.Image.Image:
    """The picture in 8-bit RGB, laid on white where it is transparent."""
    if picture.mode.startswith(("I", "F")):
        return _eight_bits(picture).convert("RGB")
    if picture.has_transparency_data:
        layer = picture.convert("RGBA")
        paper = PIL.Image.new("RGBA", layer.size, "white")
        return PIL.Image.alpha_composite(paper, layer).convert("RGB")
    return picture.convert("RGB")


def _eight_bits(picture: PIL.Image.Image) -> PIL.Image.Image:
    """Grey levels of 16 bits divided by 257; those of 32 bits stretched from least to greatest."""
    levels = np.asarray(picture).astype(np.float64)
    least, greatest = 0.0, 65535.0
    fits = levels.min() >= least and levels.max() <= greatest
    # Older Pillow opens a PNG of 16 bits as one of 32.
    if picture.mode == "F" or not fits:
        levels = np.nan_to_num(levels, posinf=0, neginf=0)
        least, greatest = levels.min(), levels.max()
    scaled = (levels - least) * 255 / max(greatest - least, 1e-9)
    return PIL.Image.fromarray(np.round(scaled).astype(np.uint8))


_limit = threading.Lock()


@contextmanager
def _unlimited_pillow() -> Iterator[None]:
    """Pillow's own limit on pixels lifted while a header is read, because ours is the caller's.

    Pillow keeps its limit in a global, hence the lock. Nothing is decoded meanwhile.
    """
    with _limit:
        PIL.Image.init()
        before = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = before


def _open(path: str | Path) -> BinaryIO:
    """The file, opened."""
    try:
        return Path(path).open("rb")
    except (OSError, ValueError) as error:
        # Windows calls a folder a file that may not be read.
        if isinstance(error, IsADirectoryError | PermissionError) and Path(path).is_dir():
            raise ImageError(f"{path}: is a folder, not a picture") from error
        raise _unreadable(path, error) from error


def _unreadable(path: str | Path, error: OSError | ValueError) -> ImageError:
    """Why a path cannot be opened, in one sentence."""
    if isinstance(error, FileNotFoundError):
        return ImageError(f"{path}: no such file")
    return ImageError(f"{path}: cannot be opened: {getattr(error, 'strerror', None) or error}")


def _expand(item: str | Path) -> list[Path]:
    """The files that one input stands for."""
    path = Path(item)
    try:
        if path.is_dir():
            found = [p for p in path.iterdir() if _is_picture(p)]
            hint = f"no pictures directly in this folder; they end in {' '.join(SUFFIXES)}"
        elif not path.exists() and glob.has_magic(str(item)):
            matches = glob.glob(str(item), recursive=True)  # noqa: PTH207 (Path's refuses absolute ones)
            found = [match for match in map(Path, matches) if match.is_file()]
            hint = "no file matches this pattern"
        else:
            path.stat()
            return [path]
    except (OSError, ValueError) as error:
        raise _unreadable(item, error) from error
    if not found:
        raise ImageError(f"{item}: {hint}")
    return sorted(found)


def _is_picture(path: Path) -> bool:
    """Whether a file in a folder is named like a picture, and is not hidden."""
    return path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()
