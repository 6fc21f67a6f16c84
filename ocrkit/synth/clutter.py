"""What looks like text but is none, and is never labelled: fences, windows, gravel, icons."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from ocrkit.synth.effects import contrasting_colour, light_and_colour
from ocrkit.synth.materials import plain
from ocrkit.types import Floats, Image

Texture = Callable[[int, int, np.random.Generator], Image]


def texture(height: int, width: int, rng: np.random.Generator) -> Image:
    """(height, width, 3) uint8: a random one of the patterns below."""
    kinds: tuple[Texture, ...] = (bars, windows, bricks, gravel, leaves, boxes, shelves, shelves)
    return kinds[rng.integers(len(kinds))](height, width, rng)


def bars(height: int, width: int, rng: np.random.Generator) -> Image:
    """A fence or stripes: parallel bars, mostly upright, as high and thin as letters' stems."""
    image, colour = _ground(height, width, rng)
    period = int(rng.integers(5, 40))
    thick = max(1, round(period * rng.uniform(0.15, 0.6)))
    if rng.random() < 0.7:
        for x in range(0, width, period):
            image[:, x : x + thick] = colour
        for y in rng.integers(0, height, rng.integers(0, 3)):
            image[y : y + thick] = colour
    else:
        for y in range(0, height, period):
            image[y : y + thick] = colour
    return image


def windows(height: int, width: int, rng: np.random.Generator) -> Image:
    """A grid of panes, some lit."""
    image, _ = _ground(height, width, rng)
    pane = rng.integers(8, 48, 2)
    pitch = pane + np.maximum(2, (pane * rng.uniform(0.1, 0.7, 2)).astype(int))
    rows, columns = np.arange(height) // pitch[0], np.arange(width) // pitch[1]
    colours = np.stack([light_and_colour(rng) for _ in range(3)])
    lit = np.minimum(rng.exponential(0.7, (rows[-1] + 1, columns[-1] + 1)), 2).astype(int)
    inside = np.ix_(np.arange(height) % pitch[0] < pane[0], np.arange(width) % pitch[1] < pane[1])
    image[inside] = colours[lit[rows[:, None], columns]][inside]
    if rng.random() < 0.5:
        image[:, np.arange(width) % pitch[1] == pane[1] // 2] = colours[0] * 0.4
    return image


def bricks(height: int, width: int, rng: np.random.Generator) -> Image:
    """A brick wall, or tiles."""
    joints, tall = muted(light_and_colour(rng), rng).astype(np.uint8), int(rng.integers(6, 30))
    long, joint = round(tall * rng.uniform(1.5, 4)), max(1, round(tall * 0.12))
    # All rows of pixels of a course are alike: one is drawn, and a row of joint.
    courses = np.arange(-(-height // (tall + joint)))
    x = np.arange(width) + (courses % 2)[:, None] * (long // 2)
    places = x // (long + joint)
    spread = rng.normal(0, rng.uniform(2, 20), (len(courses), places.max() + 1, 1))
    colours = np.clip(muted(light_and_colour(rng), rng) + spread, 0, 255).astype(np.uint8)
    rows = colours[courses[:, None], places]
    rows[x % (long + joint) >= long] = joints
    both = np.stack([rows, np.broadcast_to(joints, rows.shape)], axis=1).reshape(-1, width, 3)
    return np.repeat(both, np.tile([tall, joint], len(courses)), axis=0)[:height]


def gravel(height: int, width: int, rng: np.random.Generator) -> Image:
    """Blobs the size of letters, of two colours."""
    image, colour = _ground(height, width, rng)
    field = _noise(height, width, rng.uniform(1.5, 8), rng)
    stretched = cv2.resize(field, (round(width * rng.uniform(1, 3)), height))[:, :width]
    image[stretched > rng.uniform(0.2, 1)] = colour
    return image


def leaves(height: int, width: int, rng: np.random.Generator) -> Image:
    """Foliage: light and dark at several scales, mostly green."""
    field = sum(_noise(height, width, s, rng) for s in (1.2, 3.0, 9.0))
    level = np.clip(0.5 + 0.22 * np.asarray(field), 0, 1)[..., None]
    dark = np.array([10, 25, 8]) + rng.uniform(0, 30, 3)
    light = np.array([120, 170, 70]) + rng.uniform(-60, 60, 3)
    return np.asarray(np.clip(dark + level * (light - dark), 0, 255), np.uint8)


def boxes(height: int, width: int, rng: np.random.Generator) -> Image:
    """Goods on a shelf, or the fronts of a street: rectangles and ellipses of all colours."""
    image, _ = _ground(height, width, rng)
    for _ in range(rng.integers(6, 40)):
        colour = light_and_colour(rng).tolist()
        centre = (int(rng.integers(width)), int(rng.integers(height)))
        half = rng.integers(3, max(5, min(height, width) // 5), 2)
        if rng.random() < 0.7:
            corners = (np.array(centre) - half, np.array(centre) + half)
            cv2.rectangle(image, corners[0].tolist(), corners[1].tolist(), colour, -1)
        else:
            cv2.ellipse(image, centre, half.tolist(), 0, 0, 360, colour, -1, cv2.LINE_AA)
    return image


def shelves(height: int, width: int, rng: np.random.Generator) -> Image:
    """Goods in rows: many small upright boxes with a bright spot where a label might be."""
    pitch = int(rng.integers(14, 60))
    dark = np.full(3, rng.uniform(10, 90), np.float32)
    image = plain((height, width), dark)
    colours = np.array([light_and_colour(rng) for _ in range(6)])
    for top in range(0, height, pitch):
        wide = int(pitch * rng.uniform(0.25, 0.8)) + 2
        tall = int(pitch * rng.uniform(0.5, 0.85))
        # Drawn one by one: numbers in another order would change all scenes and standard clips.
        drawn = [(rng.integers(6), rng.uniform(0.6, 1.1)) for _ in range(0, width, wide)]
        kinds, tones = zip(*drawn, strict=True)
        goods = colours[list(kinds)] * np.array(tones, np.float32)[:, None]
        first, last = top + pitch - tall, top + pitch - 2
        image[first:last] = _side_by_side(goods, wide, dark)[:width]
        # The last shelf may lie below the picture.
        labels = slice(first + tall // 3, min(first + tall // 2, last))
        image[labels] = _side_by_side(np.float32(1.5) * goods + 30, wide, dark)[:width]
        image[top : top + 2] = 170
    return image


def _side_by_side(colours: Floats, wide: int, between: Floats) -> Image:
    """(N * wide, 3) uint8: each colour (N, 3) so many px wide, with a gap of one px after it."""
    line = np.minimum(colours, 255).astype(np.uint8).repeat(wide, axis=0)
    line[wide - 1 :: wide] = between.astype(np.uint8)
    return line


def scribbles(height: int, width: int, rng: np.random.Generator) -> Image:
    """Rows of strokes like those of letters, of no alphabet: what is no text must be learnt too."""
    image, colour = _ground(height, width, rng)
    mask = np.zeros((height, width), np.uint8)
    tall = float(np.clip(height * rng.uniform(0.15, 0.6), 6, 60))
    thick = max(1, round(tall * rng.uniform(0.05, 0.15)))
    wavy = bool(rng.random() < 0.4)
    y = tall * 0.2
    while y + tall < height:
        x = tall * rng.uniform(0.2, 1)
        while x + tall < width:
            points = rng.uniform(0, 1, (rng.integers(3, 7), 2)) * tall * [0.7, 1] + [x, y]
            if wavy:
                points = np.linspace([x, y + tall / 2], [x + tall * 0.8, y + tall / 2], 8)
                points[:, 1] += tall * 0.3 * rng.standard_normal(8).clip(-1.5, 1.5)
            cv2.polylines(mask, [np.round(points).astype(np.int32)], False, 255, thick, cv2.LINE_AA)
            x += tall * (0.8 if rng.random() < 0.8 else 1.5)
        y += tall * rng.uniform(1.3, 2)
    image[mask > 127] = colour
    return image


def icon(side: int, rng: np.random.Generator) -> Image:
    """(side, side) uint8 mask of an arrow, a disc, a star, a cross, a house or a ring."""
    mask = np.zeros((side, side), np.uint8)
    outlines = {
        "arrow": [
            (0.1, 0.4),
            (0.55, 0.4),
            (0.55, 0.15),
            (0.95, 0.5),
            (0.55, 0.85),
            (0.55, 0.6),
            (0.1, 0.6),
        ],
        "cross": [(x, y) for x, y in _CROSS],
        "house": [
            (0.5, 0.05),
            (0.95, 0.5),
            (0.8, 0.5),
            (0.8, 0.95),
            (0.2, 0.95),
            (0.2, 0.5),
            (0.05, 0.5),
        ],
        "star": [
            (0.5 + r * math.sin(a), 0.5 - r * math.cos(a))
            for a, r in ((k * math.pi / 5, 0.48 if k % 2 == 0 else 0.2) for k in range(10))
        ],
    }
    kind = ["arrow", "arrow", "cross", "house", "star", "disc", "ring"][rng.integers(7)]
    if kind in outlines:
        points = np.array(outlines[kind]) * side
        cv2.fillPoly(mask, [np.round(points).astype(np.int32)], 255, cv2.LINE_AA)
        turns = int(rng.integers(4))
        return np.ascontiguousarray(np.rot90(mask, turns))
    thick = -1 if kind == "disc" else max(1, side // 8)
    cv2.circle(mask, (side // 2, side // 2), round(side * 0.42), 255, thick, cv2.LINE_AA)
    return mask


_CROSS = (
    (0.38, 0.1), (0.62, 0.1), (0.62, 0.38), (0.9, 0.38), (0.9, 0.62), (0.62, 0.62),
    (0.62, 0.9), (0.38, 0.9), (0.38, 0.62), (0.1, 0.62), (0.1, 0.38), (0.38, 0.38),
)  # fmt: skip


def _ground(height: int, width: int, rng: np.random.Generator) -> tuple[Image, Floats]:
    """A plain patch, and a colour that shows on it."""
    ground = muted(light_and_colour(rng), rng)
    return plain((height, width), ground), contrasting_colour(ground, 25, rng)


def muted(colour: Floats, rng: np.random.Generator) -> Floats:
    """The colour, greyer: walls and floors are less bright than signs."""
    grey = np.float32(colour.mean())
    return np.asarray(grey + np.float32(rng.uniform(0.1, 0.8)) * (colour - grey), np.float32)


def _noise(height: int, width: int, scale: float, rng: np.random.Generator) -> Floats:
    """Smooth noise (height, width) float32 of about unit spread, with blobs of `scale` px."""
    rows, columns = math.ceil(height / scale) + 1, math.ceil(width / scale) + 1
    coarse = rng.standard_normal((rows, columns), np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )
