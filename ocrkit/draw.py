"""Overlays for eyes: what was found and read, drawn on a copy of the picture."""

import colorsys
import math
from collections.abc import Iterable, Sequence
from typing import NamedTuple

import cv2
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from ocrkit import geometry
from ocrkit.types import Detections, Floats, Glimpses, Image, Page

Colour = tuple[int, int, int]

SUBPIXEL_BITS = 4
"""Of the coordinates that OpenCV draws at."""

MIN_FONT = 11
"""Pixels: smaller letters cannot be read."""

STRIP, MIN_BOARD = 40, 160
"""Height of the strips of a board of glimpses, and its least width, pixels."""


class Box(NamedTuple):
    """An upright rectangle, in pixels."""

    left: float
    top: float
    right: float
    bottom: float


def draw_page(image: Image, page: Page) -> Image:
    """A copy of the picture with each word's quad, and its text on a strip beside it.

    From red over yellow to green, colours say how sure the recogniser is.

    Args:
        image: (H, W, 3) uint8, the picture that was read.
        page: What was read in it.
    """
    words = page.words
    colours = [_colour(word.confidence) for word in words]
    outlined = _outlined(image, [word.quad for word in words], colours)
    return _labelled(outlined, [(w.text, w.quad, c) for w, c in zip(words, colours, strict=True)])


def draw_detections(image: Image, detections: Detections) -> Image:
    """A copy of the picture with each quad, and its score on a strip beside it.

    From red over yellow to green, colours say how sure the detector is.

    Args:
        image: (H, W, 3) uint8, the picture that was searched.
        detections: What was found in it.
    """
    colours = [_colour(float(score)) for score in detections.scores]
    outlined = _outlined(image, detections.quads, colours)
    labels = [f"{score:.2f}" for score in detections.scores]
    return _labelled(outlined, list(zip(labels, detections.quads, colours, strict=True)))


def draw_glimpses(crop: Image, glimpses: Glimpses) -> Image:
    """A board: the crop with its fiducials, the crop straightened, and where each character looked.

    Args:
        crop: (H, W, 3) uint8, what was read.
        glimpses: How.
    """
    width = max(round(glimpses.straight.shape[1] * STRIP / glimpses.straight.shape[0]), MIN_BOARD)
    scale = width / crop.shape[1]
    size = (width, max(round(crop.shape[0] * scale), 1))
    given = cv2.resize(crop, size, interpolation=cv2.INTER_CUBIC)
    for point in np.round((glimpses.fiducials * scale - 0.5) * 2**SUBPIXEL_BITS).astype(np.int32):
        for radius, colour in ((4, (0, 0, 0)), (3, (255, 210, 0))):
            place = (int(point[0]), int(point[1]))
            shifted = radius << SUBPIXEL_BITS
            cv2.circle(given, place, shifted, colour, -1, cv2.LINE_AA, SUBPIXEL_BITS)
    straight = cv2.resize(glimpses.straight, (width, STRIP), interpolation=cv2.INTER_CUBIC)
    strips = [given, straight]
    for character, row in zip(glimpses.reading.characters, glimpses.attention, strict=True):
        light = cv2.resize(row[None], (width, 1), interpolation=cv2.INTER_LINEAR)
        shown = straight * (0.15 + 0.85 * light / max(float(light.max()), 1e-6))[..., None]
        label = np.zeros((STRIP, STRIP, 3), np.uint8)
        strips.append(np.hstack([shown.astype(np.uint8), _letter(label, character.text)]))
    board = np.full((sum(len(s) for s in strips), width + STRIP, 3), 255, np.uint8)
    top = 0
    for strip in strips:
        board[top : top + len(strip), : strip.shape[1]] = strip
        top += len(strip)
    return board


def _letter(image: Image, text: str) -> Image:
    """The picture with one character in its middle."""
    canvas = PIL.Image.fromarray(image)
    height, width = image.shape[:2]
    font = ImageFont.load_default(0.7 * height)
    ImageDraw.Draw(canvas).text((width / 2, height / 2), text, "white", font, anchor="mm")
    return np.array(canvas)


def _outlined(image: Image, quads: Iterable[Floats], colours: Iterable[Colour]) -> Image:
    """A copy with the quads' sides, and a dark edge that sets them off from any background."""
    canvas = np.array(image)
    width = max(1, round(_unit(image) / 450))
    for quad, colour in zip(quads, colours, strict=True):
        # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
        points = np.round((quad - 0.5) * 2**SUBPIXEL_BITS).astype(np.int32)
        for stroke, thickness in (((0, 0, 0), width + 2), (colour, width)):
            cv2.polylines(canvas, [points], True, stroke, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    return canvas


def _labelled(image: Image, labels: Sequence[tuple[str, Floats, Colour]]) -> Image:
    """The picture with each text on a strip of its colour, clear of quads and other strips."""
    canvas = PIL.Image.fromarray(image)
    draw = ImageDraw.Draw(canvas)
    boxes = [Box(*quad.min(axis=0), *quad.max(axis=0)) for _, quad, _ in labels]
    taken = list(boxes)
    for (text, quad, colour), box in zip(labels, boxes, strict=True):
        if not text:
            continue
        size = _font_size(image, quad)
        font = ImageFont.load_default(size)
        pad = size / 5
        width, height = draw.textlength(text, font) + 2 * pad, size * 1.25
        strip = place(box, width, height, canvas.size, taken)
        taken.append(strip)
        draw.rectangle(strip, fill=colour)
        draw.text((strip.left + pad, strip.top + height / 2), text, "black", font, anchor="lm")
    return np.array(canvas)


def _font_size(image: Image, quad: Floats) -> int:
    """As large as the text it stands for, between what can be read and what would be in the way."""
    unit = _unit(image)
    smallest, largest = max(MIN_FONT, unit / 80), max(MIN_FONT, unit / 28)
    wanted = 0.6 * min(float(side) for side in geometry.extent(quad))
    return round(min(max(wanted, smallest), largest))


def place(
    quad: Box, width: float, height: float, size: tuple[int, int], taken: Sequence[Box]
) -> Box:
    """Where a strip covers least: above the quad, else below it, to its right or to its left."""
    corners = [
        (quad.left, quad.top - height),
        (quad.left, quad.bottom),
        (quad.right, quad.top),
        (quad.left - width, quad.top),
    ]
    # Pushed into the picture, a strip covers its own quad, so that counts against the place.
    inside = [
        (max(0.0, min(x, size[0] - width)), max(0.0, min(y, size[1] - height))) for x, y in corners
    ]
    strips = [Box(x, y, x + width, y + height) for x, y in inside]
    return min(strips, key=lambda strip: sum(_overlap(strip, other) for other in taken))


def _overlap(one: Box, other: Box) -> float:
    """The area that two boxes share."""
    width = min(one.right, other.right) - max(one.left, other.left)
    height = min(one.bottom, other.bottom) - max(one.top, other.top)
    return max(0.0, float(width)) * max(0.0, float(height))


def _colour(confidence: float) -> Colour:
    """Red at 0, yellow at half, green at 1."""
    hue = min(max(confidence, 0.0), 1.0) / 3
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.75, 1))
    return red, green, blue


def _unit(image: Image) -> float:
    """The side of a square as large as the picture, in pixels: the scale of what is drawn."""
    height, width = image.shape[:2]
    return math.sqrt(height * width)
