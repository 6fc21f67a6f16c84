"""What is on the screen, as a picture."""

import io

from PIL import Image as Pillow
from PIL import ImageGrab

from ocrkit.errors import ImageError

PREFIX = "screen:"


def is_screen(item: str) -> bool:
    """Whether an input stands for the screen and not for a file."""
    return item.lower().startswith(PREFIX)


def grab(item: str) -> bytes:
    """The screen, or a region of it, as it is now: a PNG file.

    Args:
        item: `screen:` for all of it, or `screen:LEFT,TOP,WIDTH,HEIGHT` in pixels.

    Raises:
        ImageError: The region has another form or does not lie on the screen, or there is no
            screen that can be read.
    """
    box = _box(item)
    try:
        picture = ImageGrab.grab()
    except (OSError, RuntimeError, ValueError) as error:
        reason = str(error).strip().rstrip(".") or type(error).__name__
        raise ImageError(f"{item}: there is no screen that can be read: {reason}") from error
    width, height = picture.size
    if box and not (box[2] <= width and box[3] <= height):
        raise ImageError(f"{item}: the screen has only {width} x {height} px")
    return _png(picture.crop(box) if box else picture)


def _box(item: str) -> tuple[int, int, int, int] | None:
    """(left, top, right, bottom) of the region; None for the whole screen."""
    region = item[len(PREFIX) :]
    if not region:
        return None
    try:
        left, top, width, height = map(int, region.split(","))
    except ValueError:
        left = top = width = height = -1
    if min(left, top) < 0 or min(width, height) < 1:
        raise ImageError(f"{item}: expected screen: or screen:LEFT,TOP,WIDTH,HEIGHT, in pixels")
    return left, top, left + width, top + height


def _png(picture: Pillow.Image) -> bytes:
    """A PNG file of the picture, hardly compressed: it is read at once."""
    file = io.BytesIO()
    picture.convert("RGB").save(file, "PNG", compress_level=1)
    return file.getvalue()
