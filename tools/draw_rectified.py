"""Shows how the rectifier of RARE straightens words: before, with its fiducials, and after.

Usage: python tools/draw_rectified.py --output docs/images/rectified.jpg [--model rare] [CROP ...]

Without crops, words are drawn by the synthetic engine, bent and seen from the side. Below each word
stands what was read, and how far the farthest fiducial was moved, as a share of the word's height.
"""

import argparse
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from ocrkit import checkpoint
from ocrkit.draw import STRIP, draw_glimpses
from ocrkit.image import read_image
from ocrkit.layers.rectify import base_points
from ocrkit.recognize import Recognizer
from ocrkit.synth.words import WordGenerator, WordStyle
from ocrkit.types import Floats, Glimpses, Image

COLUMNS, WORDS = 3, 9
CELL = (140, 300)
"""Height and width of a word's place on the sheet, pixels."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("crops", nargs="*", type=Path, help="pictures of single words")
    parser.add_argument("--model", default="rare", help="a name or a weights file")
    parser.add_argument("--seed", type=int, default=5, help="of the words that are drawn")
    parser.add_argument("--output", type=Path, required=True)
    options = parser.parse_args()
    crops = [read_image(path) for path in options.crops] or drawn(options.seed)
    sheet(checkpoint.load("recognize", options.model), crops).save(options.output, quality=85)


def drawn(seed: int) -> list[Image]:
    """Words that are all bent, large enough to be looked at."""
    style = WordStyle(bent=1, small=0, tiny=0, vertical=0, phrases=0, neighbours=0)
    samples = WordGenerator(style=style).stream(seed)
    wide = (s.image for s in samples if len(s.texts[0]) > 4 and s.image.shape[0] >= STRIP)
    return list(islice(wide, WORDS))


def sheet(recognizer: Recognizer[Any, Any, Any], crops: Sequence[Image]) -> PIL.Image.Image:
    """All words, each above its straightened picture."""
    rows = -(-len(crops) // COLUMNS)
    canvas = PIL.Image.new("RGB", (COLUMNS * CELL[1], rows * CELL[0]), "white")
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(14)
    for number, crop in enumerate(crops):
        glimpses = recognizer.glimpses(crop)
        left, top = number % COLUMNS * CELL[1], number // COLUMNS * CELL[0]
        board = PIL.Image.fromarray(before_and_after(crop, glimpses))
        board.thumbnail((CELL[1] - 20, CELL[0] - 30))
        canvas.paste(board, (left + 10, top + 5))
        label = f"{glimpses.reading.text}   moved {moved(crop, glimpses.fiducials):.2f}"
        draw.text((left + 10, top + CELL[0] - 22), label, "black", font)
    return canvas


def before_and_after(crop: Image, glimpses: Glimpses) -> Image:
    """The first two strips of the board of glimpses; the attention below them is left out."""
    board = draw_glimpses(crop, glimpses)
    attention = STRIP * len(glimpses.attention)
    return board[: len(board) - attention, : board.shape[1] - STRIP]


def moved(crop: Image, fiducials: Floats) -> float:
    """How far the farthest fiducial is from where a plain resize has it, in heights of the crop."""
    height = crop.shape[0]
    width = fiducials[:, 0].max()
    plain = (base_points(len(fiducials)) + 1) / 2 * (width, height)
    return float(np.linalg.norm(fiducials - plain, axis=1).max() / height)


if __name__ == "__main__":
    main()
