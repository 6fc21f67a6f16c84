"""Contact sheets of datasets: samples with their ground truth drawn in, for eyes to judge.

An outline is green, with a red dot on its first point, where the text starts; its text stands on a
strip beside it. Ignored words are grey. Word crops have their text below them.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import PIL.Image
from PIL import ImageDraw, ImageFont

from ocrkit import geometry
from ocrkit.data._base import Dataset, Labels
from ocrkit.draw import SUBPIXEL_BITS, Box, Colour, place
from ocrkit.errors import DataError
from ocrkit.synth.fonts import find_fonts, load_font
from ocrkit.synth.sheet import WORD_CELL, tiled
from ocrkit.types import Floats, Image

COUNTED: Colour = (70, 230, 90)
IGNORED: Colour = (165, 165, 165)
FIRST: Colour = (255, 60, 40)
PAPER: Colour = (28, 28, 28)

SCENE_CELL = (540, 960)
SCENE_COLUMNS, WORD_COLUMNS = 3, 6
NAME_HEIGHT, TEXT_HEIGHT = 16, 22
"""Of the lines below a picture, px."""

SMALL = 24
"""Height of a word that is drawn with a thin line, px."""

FAR = 1e5
"""Beyond any picture, px."""

LARGEST_ZOOM = 4.0
"""Of small pictures."""


@dataclass(frozen=True, slots=True, eq=False)
class Thumbnail:
    """A sample, scaled to fit its cell.

    Attributes:
        name: The sample's.
        image: (H, W, 3) uint8.
        labels: With outlines in pixels of `image`.
        crop: Whether the picture is of one word, which fills it.
    """

    name: str
    image: Image
    labels: Labels
    crop: bool


class Face:
    """The typeface of the texts; characters that it lacks are written as their code points."""

    def __init__(self, texts: Iterable[str]) -> None:
        """Look for an installed typeface, if Pillow's own does not do for these texts."""
        rare = frozenset("".join(texts)) - _ASCII
        self._path, self._drawn = _best_face(rare) if rare else (None, frozenset())

    def font(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        """The typeface at a size, px."""
        return load_font(str(self._path), size) if self._path else ImageFont.load_default(size)

    def shown(self, text: str) -> str:
        """The text as it can be drawn."""
        return "".join(
            character if character in _ASCII | self._drawn else ascii(character)[1:-1]
            for character in text
        )


def spread(total: int, count: int) -> list[int]:
    """`count` places, or all there are, evenly spread from the first of `total` on."""
    count = min(total, count)
    return [index * total // count for index in range(count)]


def thumbnail(dataset: Dataset, index: int) -> Thumbnail:
    """A sample, small.

    Raises:
        ImageError: The picture is missing or cannot be read.
        DataError: The label is missing or malformed.
    """
    labels = dataset.labels(index)
    image = dataset.image(index)
    crop = len(labels) == 1 and labels.outlines[0] is None
    height, width = image.shape[:2]
    limits = WORD_CELL if crop else SCENE_CELL
    scale = min(limits[0] / height, limits[1] / width, LARGEST_ZOOM)
    rows, columns = max(1, round(height * scale)), max(1, round(width * scale))
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    resized = np.asarray(cv2.resize(image, (columns, rows), interpolation=method), np.uint8)
    factors = np.array([columns / width, rows / height], np.float32)
    outlines = tuple(None if ring is None else ring * factors for ring in labels.outlines)
    scaled = Labels(outlines, labels.texts, labels.ignored, labels.languages)
    return Thumbnail(dataset.name(index), resized, scaled, crop)


def sheet(thumbnails: Sequence[Thumbnail]) -> Image:
    """The samples side by side, of which there must be one at least; (H, W, 3) uint8."""
    names = [thumbnail.name for thumbnail in thumbnails]
    texts = [text or "" for thumbnail in thumbnails for text in thumbnail.labels.texts]
    face = Face([*names, *texts])
    cells = [_word_cell(t, face) if t.crop else _scene_cell(t, face) for t in thumbnails]
    limits = np.max([cell.shape for cell in cells], axis=0)
    padded = [_padded(cell, limits[0], limits[1]) for cell in cells]
    crops_only = all(thumbnail.crop for thumbnail in thumbnails)
    return tiled(padded, WORD_COLUMNS if crops_only else SCENE_COLUMNS)


def _scene_cell(thumbnail: Thumbnail, face: Face) -> Image:
    """A scene with its words, above its name."""
    image, labels = thumbnail.image, thumbnail.labels
    full = geometry.full_quad(image.shape[:2])
    rings = [full if ring is None else _drawable(ring) for ring in labels.outlines]
    # What counts is drawn last, so that nothing lies on it.
    order = np.argsort(~labels.ignored, kind="stable")
    drawn = image.copy()
    for i in order:
        _outline(drawn, rings[i], *((IGNORED, IGNORED) if labels.ignored[i] else (COUNTED, FIRST)))
    strips = [
        (face.shown(text), ring)
        for text, ring, ignored in zip(labels.texts, rings, labels.ignored, strict=True)
        if text and not ignored
    ]
    canvas = PIL.Image.new("RGB", (SCENE_CELL[1], SCENE_CELL[0] + NAME_HEIGHT), PAPER)
    canvas.paste(_with_strips(drawn, strips, face))
    _write(canvas, thumbnail.name, SCENE_CELL[0], NAME_HEIGHT, IGNORED, face)
    return np.array(canvas)


def _word_cell(thumbnail: Thumbnail, face: Face) -> Image:
    """A crop above its text and its name."""
    text, ignored = thumbnail.labels.texts[0], thumbnail.labels.ignored[0]
    height, width = WORD_CELL
    canvas = PIL.Image.new("RGB", (width, height + TEXT_HEIGHT + NAME_HEIGHT), PAPER)
    canvas.paste(PIL.Image.fromarray(thumbnail.image))
    colour = IGNORED if ignored or not text else COUNTED
    said = {None: "(no transcription)", "": "(empty)"}.get(text, text) or ""
    _write(canvas, said, height, TEXT_HEIGHT, colour, face)
    _write(canvas, thumbnail.name, height + TEXT_HEIGHT, NAME_HEIGHT, IGNORED, face)
    return np.array(canvas)


def _outline(image: Image, ring: Floats, colour: Colour, first: Colour) -> None:
    """Draw the sides of a ring, and a dot on its first point."""
    # OpenCV counts from the centre of the first pixel, ocrkit from its corner.
    points = np.round((ring - 0.5) * 2**SUBPIXEL_BITS).astype(np.int32)
    # A small word would vanish under a thicker line.
    thickness = 2 if np.ptp(ring, axis=0).min() > SMALL else 1
    cv2.polylines(image, [points], True, colour, thickness, cv2.LINE_AA, SUBPIXEL_BITS)
    radius = 3 << SUBPIXEL_BITS
    x, y = points[0].tolist()
    cv2.circle(image, (x, y), radius, first, cv2.FILLED, cv2.LINE_AA, SUBPIXEL_BITS)


def _drawable(ring: Floats) -> Floats:
    """The ring without coordinates that are not finite, or too large to count with."""
    return np.clip(np.nan_to_num(ring), -FAR, FAR)


def _with_strips(image: Image, texts: Sequence[tuple[str, Floats]], face: Face) -> PIL.Image.Image:
    """The picture with each text on a dim strip, clear of outlines and other strips if possible."""
    canvas = PIL.Image.fromarray(image)
    draw = ImageDraw.Draw(canvas, "RGBA")
    boxes = [Box(*ring.min(axis=0), *ring.max(axis=0)) for _, ring in texts]
    taken = list(boxes)
    font = face.font(13)
    for (text, _), box in zip(texts, boxes, strict=True):
        strip = place(box, draw.textlength(text, font) + 4, 15, canvas.size, taken)
        taken.append(strip)
        draw.rectangle(strip, fill=(0, 0, 0, 170))
        draw.text((strip.left + 2, strip.top + 7.5), text, COUNTED, font, anchor="lm")
    return canvas


def _write(
    canvas: PIL.Image.Image, text: str, top: int, height: int, colour: Colour, face: Face
) -> None:
    """A line of text; of one that is too wide, its end, where names differ."""
    draw, font = ImageDraw.Draw(canvas), face.font(round(height * 0.7))
    shown = face.shown(text)
    while len(shown) > 1 and draw.textlength(shown, font) > canvas.width - 8:
        shown = f"...{shown.removeprefix('...')[1:]}"
    draw.text((4, top + height / 2), shown, colour, font, anchor="lm")


def _padded(cell: Image, height: int, width: int) -> Image:
    """The cell in the top left of one of this size."""
    rows, columns = cell.shape[:2]
    return np.pad(cell, ((0, height - rows), (0, width - columns), (0, 0)))


_ASCII = frozenset(map(chr, range(32, 127)))


def _best_face(characters: frozenset[str]) -> tuple[Path | None, frozenset[str]]:
    """The installed typeface that draws most of these characters, and those that it draws."""
    best: tuple[Path | None, frozenset[str]] = (None, frozenset())
    try:
        paths = find_fonts()
    except DataError:  # no typeface is installed; code points do
        return best
    for path in paths:
        drawn = _drawn(path, characters)
        if len(drawn) > len(best[1]):
            best = path, drawn
        if drawn == characters:
            break
    return best


def _drawn(path: Path, characters: frozenset[str]) -> frozenset[str]:
    """Those of the characters for which the typeface has a shape of its own."""
    font = load_font(str(path), 16)
    tofu = bytes(font.getmask("\uffff"))
    return frozenset(c for c in characters if c.isprintable() and bytes(font.getmask(c)) != tofu)
