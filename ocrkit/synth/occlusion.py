"""What stands in a scene, behind or in front of text: poles, wires, leaves, people.

Each thing paints itself on a picture and returns where, as a mask (H, W) uint8, 255 where it hides.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth.effects import light_and_colour
from ocrkit.synth.materials import mixed, softened
from ocrkit.types import Floats, Image


class Thing(NamedTuple):
    """A thing in a frame of its own.

    Attributes:
        image: (H, W, 3) uint8.
        mask: (H, W) uint8.
    """

    image: Image
    mask: Image


Maker = Callable[[tuple[int, int], np.random.Generator], Thing]


def stand(image: Image, at: tuple[float, float], rng: np.random.Generator) -> Image:
    """Put a random thing about the point (x, y), in place; its mask."""
    makers: tuple[Maker, ...] = (pole, wires, leaves, person, person, blob)
    rows, columns = image.shape[:2]
    thing = makers[rng.integers(len(makers))]((rows, columns), rng)
    mask = np.zeros((rows, columns), np.uint8)
    height, width = thing.mask.shape
    left, top = round(at[0] - width * rng.uniform(0, 1)), round(at[1] - height * rng.uniform(0, 1))
    x0, y0, x1, y1 = max(left, 0), max(top, 0), min(left + width, columns), min(top + height, rows)
    if x0 >= x1 or y0 >= y1:
        return mask
    own = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    cover = np.ascontiguousarray(thing.mask[own])
    mask[y0:y1, x0:x1] = cover
    image[y0:y1, x0:x1] = mixed(image[y0:y1, x0:x1], thing.image[own], cover)
    return mask


def pole(room: tuple[int, int], rng: np.random.Generator) -> Thing:
    """Upright, or leaning a little, and round."""
    height = int(room[0] * rng.uniform(0.5, 2))
    thick = max(2, int(room[1] * math.exp(rng.uniform(math.log(0.004), math.log(0.05)))))
    lean = round(rng.normal(0, 0.03) * height)
    across = 1 - rng.uniform(0.3, 0.8) * np.linspace(-1, 1, thick + abs(lean)) ** 2
    row = light_and_colour(rng)[None] * across[:, None]
    image = np.ascontiguousarray(np.broadcast_to(row.astype(np.uint8), (height, len(row), 3)))
    mask = np.zeros((height, len(row)), np.uint8)
    top, foot = max(lean, 0), max(-lean, 0)
    corners = [[top, 0], [top + thick, 0], [foot + thick, height], [foot, height]]
    cv2.fillConvexPoly(mask, np.array(corners, np.int32), 255, cv2.LINE_AA)
    return Thing(image, _focused(mask, rng))


def wires(room: tuple[int, int], rng: np.random.Generator) -> Thing:
    """A few thin lines, or the bars of a rail."""
    height, width = int(room[0] * rng.uniform(0.1, 0.5)) + 2, int(room[1] * rng.uniform(0.2, 0.7))
    mask = np.zeros((height, width), np.uint8)
    thick = int(rng.integers(1, 4))
    if rng.random() < 0.5:
        for _ in range(rng.integers(1, 5)):
            y = rng.integers(0, height, 2).tolist()
            cv2.line(mask, (0, y[0]), (width, y[1]), 255, thick, cv2.LINE_AA)
    else:
        period = int(rng.integers(4 + 2 * thick, 60))
        for x in range(0, width, period):
            cv2.line(mask, (x, 0), (x, height), 255, thick, cv2.LINE_AA)
        cv2.line(mask, (0, 2), (width, 2), 255, thick + 1, cv2.LINE_AA)
    return Thing(_coloured(mask, rng), mask)


def leaves(room: tuple[int, int], rng: np.random.Generator) -> Thing:
    """A twig's leaves, of several greens."""
    side = max(8, int(min(room) * rng.uniform(0.08, 0.4)))
    image, mask = np.zeros((side, side, 3), np.uint8), np.zeros((side, side), np.uint8)
    green = np.array([60, 110, 40]) * rng.uniform(0.4, 1.6) + rng.normal(0, 15, 3)
    size = max(2.0, side * rng.uniform(0.04, 0.12))
    for _ in range(rng.integers(8, 40)):
        centre = np.clip(rng.normal(side / 2, side / 4, 2), 0, side - 1).astype(int).tolist()
        axes = (max(1, int(size)), max(1, int(size * rng.uniform(0.3, 0.6))))
        colour = np.clip(green * rng.uniform(0.5, 1.4), 0, 255).tolist()
        angle = rng.uniform(0, 180)
        cv2.ellipse(image, centre, axes, angle, 0, 360, colour, -1)
        cv2.ellipse(mask, centre, axes, angle, 0, 360, 255, -1, cv2.LINE_AA)
    return Thing(image, _focused(mask, rng))


def person(room: tuple[int, int], rng: np.random.Generator) -> Thing:
    """Somebody's head, trunk and legs, seen from behind."""
    height = max(16, int(room[0] * math.exp(rng.uniform(math.log(0.12), math.log(1.2)))))
    width = max(8, int(height * 0.4))
    image, mask = np.zeros((height, width, 3), np.uint8), np.zeros((height, width), np.uint8)
    colours = [light_and_colour(rng) * np.float32(rng.uniform(0.3, 0.9)) for _ in range(3)]
    colours[0] = np.array([70, 50, 40], np.float32) * np.float32(rng.uniform(0.2, 2))
    spread = rng.uniform(0.02, 0.2)
    trunk = [(0.3, 0.17), (0.7, 0.17), (0.86, 0.25), (0.8, 0.55), (0.2, 0.55), (0.14, 0.25)]
    legs = [(0.25, 0.5), (0.75, 0.5), (0.62 + spread, 1), (0.52, 1), (0.5, 0.6), (0.48, 1),
            (0.38 - spread, 1)]  # fmt: skip
    for part, colour in ((legs, colours[1]), (trunk, colours[2])):
        points = np.round(np.array(part) * [width, height]).astype(np.int32)
        cv2.fillPoly(image, [points], colour.tolist())
        cv2.fillPoly(mask, [points], 255, cv2.LINE_AA)
    centre, axes = (width // 2, round(0.09 * height)), (round(0.14 * width), round(0.08 * height))
    cv2.ellipse(image, centre, axes, 0, 0, 360, colours[0].tolist(), -1)
    cv2.ellipse(mask, centre, axes, 0, 0, 360, 255, -1, cv2.LINE_AA)
    fall = np.linspace(rng.uniform(0.5, 1), rng.uniform(0.5, 1), width)[None, :, None]
    shaded = softened(image, 0.4 + 0.006 * height) * fall
    return Thing(shaded.astype(np.uint8), _focused(mask, rng))


def blob(room: tuple[int, int], rng: np.random.Generator) -> Thing:
    """Something near, and out of focus."""
    sides = (np.exp(rng.uniform(np.log(0.05), np.log(0.4), 2)) * room).astype(int) + 8
    mask = np.zeros((int(sides[0]), int(sides[1])), np.uint8)
    turns = np.sort(rng.uniform(0, 2 * math.pi, 9))
    reach = rng.uniform(0.55, 0.95, 9)
    ring = np.stack([np.cos(turns), np.sin(turns)], 1) * reach[:, None] * sides[::-1] / 2
    cv2.fillPoly(mask, [np.round(ring + sides[::-1] / 2).astype(np.int32)], 255)
    mask = softened(mask, max(0.6, 0.03 * min(sides)))
    return Thing(_coloured(mask, rng), mask)


def covered(mask: Image, quads: Floats) -> Floats:
    """Which share of each quad (N, 4, 2) the mask hides, in [0, 1]; (N,)."""
    shares = []
    target = np.array([[0, 0], [32, 0], [32, 8], [0, 8]], np.float32)
    for quad in quads:
        # Only the mask about the quad is looked at: most quads have nothing in front of them.
        (x0, y0), (x1, y1) = quad.min(axis=0).astype(int), np.ceil(quad.max(axis=0)).astype(int)
        near = mask[max(y0, 0) : y1 + 1, max(x0, 0) : x1 + 1]
        if not near.size or not near.any():
            shares.append(0.0)
            continue
        matrix = cv2.getPerspectiveTransform(np.asarray(quad - 0.5, np.float32), target - 0.5)
        shares.append(float(cv2.warpPerspective(mask, matrix, (32, 8)).mean()) / 255)
    return np.array(shares, np.float32)


def _coloured(mask: Image, rng: np.random.Generator) -> Image:
    """A picture of a mask's size, of one colour that gets lighter or darker downwards."""
    fall = np.linspace(1, rng.uniform(0.4, 1.3), mask.shape[0])[:, None, None]
    column = np.clip(light_and_colour(rng) * fall, 0, 255).astype(np.uint8)
    return np.ascontiguousarray(np.broadcast_to(column, (*mask.shape, 3)))


def _focused(mask: Image, rng: np.random.Generator) -> Image:
    """The mask with an edge as sharp as most, or soft because it is near the camera."""
    sigma = rng.uniform(0.4, 0.9) if rng.random() < 0.75 else rng.uniform(1, 4)
    return np.asarray(cv2.GaussianBlur(mask, (0, 0), sigma), np.uint8)
