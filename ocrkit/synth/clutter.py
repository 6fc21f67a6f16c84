"""What looks like text but is none, and is never labelled: fences, windows, gravel, icons."""

import math
from collections.abc import Callable

import cv2
import numpy as np

from ocrkit.synth.effects import contrasting_colour, light_and_colour
from ocrkit.types import Floats, Image

Texture = Callable[[int, int, np.random.Generator], Image]


def texture(height: int, width: int, rng: np.random.Generator) -> Image:
    """(height, width, 3) uint8: a random one of the patterns below."""
    kinds: tuple[Texture, ...] = (bars, windows, bricks, gravel, leaves, boxes)
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
    image, _ = _ground(height, width, rng)
    tall = int(rng.integers(6, 30))
    long, joint = round(tall * rng.uniform(1.5, 4)), max(1, round(tall * 0.12))
    courses = np.arange(height) // (tall + joint)
    x = np.arange(width) + (courses % 2)[:, None] * (long // 2)
    places = x // (long + joint)
    spread = rng.normal(0, rng.uniform(2, 20), (courses[-1] + 1, places.max() + 1, 1))
    colours = np.clip(light_and_colour(rng) + spread, 0, 255).astype(np.uint8)
    brick = (np.arange(height)[:, None] % (tall + joint) < tall) & (x % (long + joint) < long)
    image[brick] = colours[courses[:, None], places][brick]
    return image


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
    ground = light_and_colour(rng)
    image = np.empty((height, width, 3), np.uint8)
    image[:] = ground
    return image, contrasting_colour(ground, 25, rng)


def _noise(height: int, width: int, scale: float, rng: np.random.Generator) -> Floats:
    """Smooth noise (height, width) float32 of about unit spread, with blobs of `scale` px."""
    rows, columns = math.ceil(height / scale) + 1, math.ceil(width / scale) + 1
    coarse = rng.standard_normal((rows, columns), np.float32)
    return np.asarray(
        cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC), np.float32
    )
