"""`ocrkit demo`: draws a picture of a shop sign and reads it, so that nothing need be at hand."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.types import Image

SIGN = (("FRESH BREAD", 96), ("Open daily 7:30 - 18:00", 44), ("Coffee and cake $4.50", 44))
"""Lines of the sign and their sizes in px."""

PLACE = ((180, 150), (1090, 95), (1110, 545), (160, 490))
"""Where the sign's corners lie in the picture: it is seen from the side."""


def demo(
    save: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where the picture and the results are written.")
    ] = Path("ocrkit-demo"),
) -> None:
    """Draw a picture of a shop sign, read it, and write what was read beside it."""
    from ocrkit.cli._output import writable_folder
    from ocrkit.cli.e2e import e2e
    from ocrkit.image import write_image

    writable_folder(save)
    picture = save / "sign.jpg"
    write_image(picture, draw_sign())
    e2e([str(picture)], save=save)
    typer.echo(f"\n{picture} was drawn and read; see sign.png and sign.json beside it.", err=True)


def draw_sign() -> "Image":
    """A 1280 x 720 picture of a sign on a wall, (720, 1280, 3) uint8."""
    import cv2
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    board = Image.new("RGB", (1000, 460), (24, 74, 66))
    pen = ImageDraw.Draw(board)
    pen.rectangle((12, 12, 987, 447), outline=(240, 232, 210), width=6)
    top = 60
    for text, size in SIGN:
        pen.text((500, top), text, (240, 232, 210), ImageFont.load_default(size), anchor="ma")
        top += round(size * 1.6)
    rows, columns = np.mgrid[0:720, 0:1280].astype(np.float32)
    wall = np.stack([190 - rows / 12, 176 - rows / 14, 160 - columns / 40], axis=-1)
    noise = np.random.default_rng(0).normal(0, 6, (720, 1280, 1)).astype(np.float32)
    corners = np.array([[0, 0], [1000, 0], [1000, 460], [0, 460]], np.float32)
    matrix = cv2.getPerspectiveTransform(corners, np.array(PLACE, np.float32))
    seen = cv2.warpPerspective(np.asarray(board, np.float32), matrix, (1280, 720))
    mask = cv2.warpPerspective(np.ones((460, 1000), np.float32), matrix, (1280, 720))[..., None]
    picture = wall * (1 - mask) + seen * mask + noise
    return np.asarray(cv2.GaussianBlur(np.clip(picture, 0, 255), (0, 0), 0.8), np.uint8)
