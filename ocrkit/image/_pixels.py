"""Pixels of every kind as the one kind that the rest of ocrkit knows: 8-bit RGB, as displayed."""

import logging
from typing import TYPE_CHECKING

import numpy as np
import PIL.Image
import PIL.ImageOps

from ocrkit.errors import ImageError
from ocrkit.types import Floats, Image

if TYPE_CHECKING:
    from torch import Tensor
    from typing_extensions import TypeIs

_log = logging.getLogger("ocrkit")


def from_pil(picture: PIL.Image.Image, name: str, max_pixels: int) -> Image:
    """A PIL image as an array; nothing is decoded before its size is known to be bearable."""
    check_size(name, picture.height, picture.width, max_pixels)
    try:
        picture.load()
        return np.array(_rgb(_oriented(picture, name)))
    except Exception as error:  # decoders raise whatever damaged data makes them trip over
        reason = " ".join(str(error).split())  # some end their lines
        raise ImageError(f"{name}: is damaged or cut short: {reason}") from error


def from_array(array: Image, max_pixels: int, bgr: bool = False) -> Image:
    """The array, if it is a picture as the rest of ocrkit knows it; turned to RGB if it is BGR."""
    if array.dtype != np.uint8 or array.ndim != 3 or array.shape[2] != 3:
        expected = "shape (height, width, 3), RGB, of uint8"
        raise ImageError(f"array: expected {expected}; got {array.shape} of {array.dtype}")
    check_size("array", array.shape[0], array.shape[1], max_pixels)
    return np.ascontiguousarray(array[..., ::-1] if bgr else array)


def is_tensor(source: object) -> "TypeIs[Tensor]":
    """Whether this is a tensor of torch's; torch is not imported to find out."""
    kinds = type(source).__mro__
    return any((kind.__module__, kind.__name__) == ("torch", "Tensor") for kind in kinds)


def from_tensor(tensor: "Tensor", max_pixels: int) -> Image:
    """A (3, H, W) tensor of uint8, or of floats in [0, 1], as an array."""
    levels = tensor.detach().cpu()
    if levels.ndim != 3 or levels.shape[0] != 3:
        expected = "shape (3, height, width), RGB"
        raise ImageError(f"tensor: expected {expected}; got {tuple(levels.shape)}")
    array = levels.float().numpy() if levels.is_floating_point() else levels.numpy()
    if array.dtype == np.float32:
        array = _from_unit(array)
    elif array.dtype != np.uint8:
        raise ImageError(f"tensor: expected uint8, or floats in [0, 1]; got {tensor.dtype}")
    return from_array(array.transpose(1, 2, 0), max_pixels)


def _from_unit(levels: Floats) -> Image:
    """Levels in [0, 1] as levels in 0 ... 255."""
    if levels.size and not (levels.min() >= 0 and levels.max() <= 1):  # NaN is neither
        found = f"{levels.min():g} to {levels.max():g}"
        raise ImageError(
            f"tensor: expected floats in [0, 1]; got {found}; undo the normalisation first"
        )
    return np.round(levels * 255).astype(np.uint8)


def check_size(name: str, height: int, width: int, max_pixels: int) -> None:
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
