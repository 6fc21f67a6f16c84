"""Overlays for eyes: what was found and read, drawn on a copy of the picture."""

import colorsys
import functools
import itertools
import sys
from collections.abc import Iterable, Sequence
from math import ceil, sqrt
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import PIL.Image
from numpy.typing import NDArray
from PIL import ImageDraw, ImageFont

from ocrkit import geometry
from ocrkit.types import Detections, Floats, Glimpses, Image, Page

Colour = tuple[int, int, int]

SUBPIXEL_BITS = 4
"""Of the coordinates that OpenCV draws at."""

MIN_FONT = 11
"""Pixels: smaller letters cannot be read."""

NEARNESS = 4
"""Rows of strips, above and below a quad, in which there may be room for its strip."""

FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts", "~/AppData/Local/Microsoft/Windows/Fonts"),
}
"""Where fonts are installed."""

PLAIN = ("dejavusans.", "notosans-regular.", "arialuni", "segoeui.", "wqy-microhei", "cjk-regular")
"""Parts of the names of plain faces with many characters, which are looked at first."""

LOOKED_AT = 120
"""Faces: after the plain ones the largest files, because they have most characters."""

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
    font = _font(text, round(0.7 * height))
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


def _labelled(canvas: Image, labels: Sequence[tuple[str, Floats, Colour]]) -> Image:
    """The picture, drawn upon: each text on a strip of its colour, clear of quads and strips."""
    size = canvas.shape[1], canvas.shape[0]
    boxes = [Box(*quad.min(axis=0).tolist(), *quad.max(axis=0).tolist()) for _, quad, _ in labels]
    strips: list[Box] = []
    for (text, quad, colour), box in zip(labels, boxes, strict=True):
        if not text:
            continue
        shown = _strip(text, _font_size(canvas, quad), colour)
        height, width = shown.shape[:2]
        found = place(box, width, height, size, boxes, strips)
        left, top = round(found.left), round(found.top)
        strip = Box(left, top, left + width, top + height)
        strips.append(strip)
        near = box._replace(top=box.top - 1, bottom=box.bottom + 1)
        if not _overlap([strip], [near]).any():
            _lead(canvas, strip, box, colour)
        inside = canvas[top : top + height, left : left + width]
        inside[:] = shown[: inside.shape[0], : inside.shape[1]]
    return canvas


@functools.lru_cache(maxsize=256)
def _strip(text: str, size: int, colour: Colour) -> Image:
    """A text on its strip (h, w, 3) uint8; kept, as a video shows it many times. Read only."""
    font = _font(text, size)
    pad = size / 5
    width, height = ceil(font.getlength(text) + 2 * pad), round(size * 1.25)
    canvas = PIL.Image.new("RGB", (width, height), colour)
    ImageDraw.Draw(canvas).text((pad, height / 2), text, "black", font, anchor="lm")
    drawn = np.array(canvas)
    drawn.setflags(write=False)
    return drawn


def _lead(canvas: Image, strip: Box, quad: Box, colour: Colour) -> None:
    """A line from a strip that stands apart to its quad, drawn upon the picture."""
    x = min(max(quad.left, strip.left), strip.right)
    ends = (strip.bottom, quad.top) if strip.bottom < quad.top else (strip.top, quad.bottom)
    start, end = (round(x), round(ends[0])), (round(quad.left), round(ends[1]))
    cv2.line(canvas, start, end, colour, 1)


def _font_size(image: Image, quad: Floats) -> int:
    """As large as the text it stands for, between what can be read and what would be in the way."""
    unit = _unit(image)
    smallest, largest = max(MIN_FONT, unit / 80), max(MIN_FONT, unit / 28)
    wanted = 0.6 * min(float(side) for side in geometry.extent(quad))
    return round(min(max(wanted, smallest), largest))


def place(
    quad: Box,
    width: float,
    height: float,
    size: tuple[int, int],
    quads: Sequence[Box],
    strips: Sequence[Box] = (),
) -> Box:
    """Where a strip covers no other and least of the quads: above its own, else below or beside.

    Args:
        quad: What the strip belongs to.
        width: Of the strip.
        height: Of the strip.
        size: (width, height) of the picture, in which the strip stays.
        quads: What it should leave open, its own among them.
        strips: Those that are there already. To cover one is worse than anything else.
    """
    # Pushed into the picture, a strip covers its own quad, so that counts against the place.
    inside = [
        (max(0.0, min(x, size[0] - width)), max(0.0, min(y, size[1] - height)))
        for x, y in _corners(quad, width, height)
    ]
    found = [Box(x, y, x + width, y + height) for x, y in inside]
    away = np.array([_distance(strip, quad) for strip in found])
    hides = _overlap(found, quads).sum(axis=1) + away * height
    covers = _overlap(found, strips).sum(axis=1)
    return found[int(np.lexsort((hides, covers))[0])]  # of equal ones the first


def _corners(quad: Box, width: float, height: float) -> list[tuple[float, float]]:
    """Upper left corners of a strip round a quad, the best place first."""
    near = [
        (quad.left, quad.top - height),
        (quad.left, quad.bottom),
        (quad.right - width, quad.top - height),
        (quad.right - width, quad.bottom),
        (quad.right, quad.top),
        (quad.left - width, quad.top),
    ]
    rows = [quad.top - (n + 1) * height for n in range(1, NEARNESS)]
    rows += [quad.bottom + n * height for n in range(1, NEARNESS)]
    return near + [(x, y) for y in rows for x in (quad.left, quad.right - width)]


def _distance(strip: Box, quad: Box) -> float:
    """How far a strip stands above or below its quad."""
    return max(0.0, float(quad.top - strip.bottom), float(strip.top - quad.bottom))


def _overlap(ones: Sequence[Box], others: Sequence[Box]) -> NDArray[np.float64]:
    """The area that each of N boxes shares with each of M others; (N, M)."""
    one = np.array(ones, np.float64).reshape(-1, 1, 4)
    other = np.array(others, np.float64).reshape(1, -1, 4)
    low, high = np.maximum(one, other)[..., :2], np.minimum(one, other)[..., 2:]
    return np.asarray(np.maximum(high - low, 0.0).prod(axis=-1))


def _colour(confidence: float) -> Colour:
    """Red at 0, yellow at half, green at 1."""
    hue = min(max(confidence, 0.0), 1.0) / 3
    red, green, blue = (round(255 * part) for part in colorsys.hsv_to_rgb(hue, 0.75, 1))
    return red, green, blue


def _unit(image: Image) -> float:
    """The side of a square as large as the picture, in pixels: the scale of what is drawn."""
    height, width = image.shape[:2]
    return sqrt(height * width)


def _font(text: str, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """Pillow's own face, or an installed one if that has more of the text's characters."""
    path = _face_for(frozenset(character for character in text if not character.isspace()))
    return _sized(path, size)


@functools.lru_cache(maxsize=64)
def _sized(path: str | None, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    """A face, or Pillow's own, in a size; kept, as to load it takes as long as to draw a word."""
    return ImageFont.truetype(path, size) if path else ImageFont.load_default(size)


@functools.lru_cache(maxsize=1024)
def _face_for(characters: frozenset[str]) -> str | None:
    """The installed face that has most of the characters; None if Pillow's own has as many."""
    most, best = -1, None
    for path in itertools.chain([None], _faces()):
        count = sum(_has_glyph(path, character) for character in characters)
        if count > most:
            most, best = count, path
        if most == len(characters):
            break
    return best


@functools.lru_cache(maxsize=1)
def _faces() -> tuple[str, ...]:
    """The files of installed fonts that are worth a look, the most promising first."""
    folders = [Path(folder).expanduser() for folder in FOLDERS.get(sys.platform, ())]
    files = itertools.chain.from_iterable(folder.rglob("*.[ot]t[cf]") for folder in folders)
    ranked = sorted(_rank(file) for file in files if file.is_file())
    return tuple(path for _, _, path in ranked[:LOOKED_AT])


def _rank(file: Path) -> tuple[int, int, str]:
    """A sort key of faces; the last part is the path."""
    name = file.name.lower()
    plain = next((i for i, part in enumerate(PLAIN) if part in name), len(PLAIN))
    return plain, -file.stat().st_size, str(file)


@functools.lru_cache(maxsize=100_000)
def _has_glyph(path: str | None, character: str) -> bool:
    """Whether a face, or Pillow's own, draws a character otherwise than one that it lacks."""
    face = _loaded(path)
    if face is None:
        return False
    glyph = bytes(face.getmask(character))
    return any(glyph) and glyph != bytes(face.getmask("\uffff"))


@functools.lru_cache(maxsize=16)
def _loaded(path: str | None) -> ImageFont.FreeTypeFont | ImageFont.ImageFont | None:
    """The face, small; None if its file is damaged."""
    try:
        return ImageFont.truetype(path, 16) if path else ImageFont.load_default(16)
    except OSError:
        return None
