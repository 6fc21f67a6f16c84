"""Rooms, passages and streets: flat walls in perspective that signs can lie on."""

import math
from collections.abc import Callable
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.synth import clutter, materials
from ocrkit.synth.backgrounds import Backgrounds, graded
from ocrkit.synth.effects import light_and_colour
from ocrkit.types import Floats, Image


class Plane(NamedTuple):
    """A flat surface in a picture.

    Attributes:
        matrix: (3, 3), from px of the surface as seen from straight ahead to px of the picture.
        size: (height, width) of the surface, px.
    """

    matrix: NDArray[np.float64]
    size: tuple[int, int]


class _Face(NamedTuple):
    """A surface to be painted: its quad in the picture, its kind, and its width over its height."""

    quad: Floats
    kind: str
    aspect: float


HEIGHT = 380  # px of a wall as painted
BEYOND = 0.12  # of the picture, that walls reach over its edges, as the camera may be turned


def build(
    size: tuple[int, int], tilt: float, backgrounds: Backgrounds, rng: np.random.Generator
) -> tuple[Image, list[Plane]]:
    """A picture (height, width) px of a place, turned by `tilt` degrees, and its walls."""
    layout = (_passage, _passage, _front, _corner)[rng.integers(4)]
    faces = layout(size, rng)
    height, width = size
    image = np.ascontiguousarray(backgrounds.scenery(height, width, rng))
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), -tilt, 1.0)
    planes = []
    tone = light_and_colour(rng) * np.float32(0.3) + np.float32(rng.uniform(60, 170))
    for face in sorted(faces, key=lambda face: face.kind == "wall"):
        quad = np.asarray(face.quad @ turn[:, :2].T + turn[:, 2], np.float32)
        rows = HEIGHT if face.kind == "wall" else HEIGHT // 2
        columns = int(np.clip(rows * face.aspect, 60, 1000))
        surface = SURFACES[face.kind](rows, columns, tone, backgrounds, rng)
        matrix = geometry.homography(geometry.full_quad((rows, columns)), quad)
        _lay(image, surface, quad)
        if face.kind == "wall":
            planes.append(Plane(matrix, (rows, columns)))
    return image, planes


def _lay(image: Image, surface: Image, quad: Floats) -> None:
    """Paint the surface so that its corners lie on `quad`, in place."""
    rows, columns = image.shape[:2]
    x0, y0 = np.maximum(np.floor(quad.min(axis=0)), 0).astype(int)
    x1, y1 = np.minimum(np.ceil(quad.max(axis=0)), (columns, rows)).astype(int)
    if x0 >= x1 or y0 >= y1:
        return
    corner = np.array([x0, y0], np.float32)
    matrix = geometry.homography(geometry.full_quad(surface.shape[:2]), quad - corner)
    target = np.ascontiguousarray(image[y0:y1, x0:x1])
    cv2.warpPerspective(
        surface, matrix, (int(x1 - x0), int(y1 - y0)), dst=target,
        borderMode=cv2.BORDER_TRANSPARENT,
    )  # fmt: skip
    image[y0:y1, x0:x1] = target


def _passage(size: tuple[int, int], rng: np.random.Generator) -> list[_Face]:
    """A room or a passage along the view: floor, ceiling, two walls and one at the end."""
    height, width = size
    eye = rng.uniform((0.2, 0.3), (0.8, 0.65)) * (width, height)
    near = -rng.uniform((0.08, 0.08), (0.5, 0.4)) * (width, height)
    far = rng.uniform((0.08, 0.08), (0.5, 0.4)) * (width, height)
    (left, top), (right, bottom) = near, far
    room = BEYOND * max(size)
    times = min(8.0, max(
        (eye[0] + room) / -left, (width - eye[0] + room) / right,
        (eye[1] + room) / -top, (height - eye[1] + room) / bottom,
    ))  # fmt: skip
    end = np.array([[left, top], [right, top], [right, bottom], [left, bottom]])
    start = end * times
    # How long walls are follows from a focal length of about the picture's width.
    tall, wide = start[3, 1] - start[0, 1], start[1, 0] - start[0, 0]
    long = width * (times - 1) / tall
    faces = [
        _Face(np.stack([start[0], start[1], end[1], end[0]]), "ceiling", wide / tall / long),
        _Face(np.stack([end[3], end[2], start[2], start[3]]), "floor", wide / tall / long),
        _Face(np.stack([start[0], end[0], end[3], start[3]]), "wall", long),
        _Face(np.stack([end[1], start[1], start[2], end[2]]), "wall", long),
        _Face(end, "wall", wide / tall),
    ]
    return [face._replace(quad=(face.quad + eye).astype(np.float32)) for face in faces]


def _front(size: tuple[int, int], rng: np.random.Generator) -> list[_Face]:
    """A wall or a row of shops, seen more or less from the side, and the ground before it."""
    width = size[1]
    edges = (-BEYOND * width, (1 + BEYOND) * width)
    first = rng.uniform(0.5, 1.1)
    return _walls(size, edges, (first, first * math.exp(rng.normal(0, 0.25))), rng)


def _corner(size: tuple[int, int], rng: np.random.Generator) -> list[_Face]:
    """Two walls that meet."""
    width = size[1]
    edges = (-BEYOND * width, rng.uniform(0.2, 0.8) * width, (1 + BEYOND) * width)
    middle, sign = rng.uniform(0.5, 1), 1 if rng.random() < 0.5 else -1
    sides = middle * np.exp(sign * rng.uniform(0.1, 0.6, 2))
    return _walls(size, edges, (float(sides[0]), middle, float(sides[1])), rng)


def _walls(
    size: tuple[int, int],
    edges: tuple[float, ...],
    heights: tuple[float, ...],
    rng: np.random.Generator,
) -> list[_Face]:
    """Walls between upright `edges` (x) that are seen so high, with the ground at their feet."""
    horizon, below = size[0] * rng.uniform(0.4, 0.65), rng.uniform(0.25, 0.6)
    tops = [
        (x, horizon - (1 - below) * size[0] * tall) for x, tall in zip(edges, heights, strict=True)
    ]
    feet = [(x, horizon + below * size[0] * tall) for x, tall in zip(edges, heights, strict=True)]
    faces = []
    for k in range(len(edges) - 1):
        quad = np.array([tops[k], tops[k + 1], feet[k + 1], feet[k]], np.float32)
        seen = (edges[k + 1] - edges[k]) / (size[0] * (heights[k] + heights[k + 1]) / 2)
        slant = 1 + abs(math.log(heights[k + 1] / heights[k]))
        faces.append(_Face(quad, "wall", seen * slant))
        ground = np.array([feet[k], feet[k + 1], feet[k + 1], feet[k]], np.float32)
        ground[2:, 1] = size[0] * (1 + BEYOND)
        ground[2:, 0] += np.sign(ground[2:, 0] - size[1] / 2) * size[1] * 0.5
        if (ground[2:, 1] > ground[:2, 1][::-1] + 4).all():
            faces.append(_Face(ground, "floor", 3.0))
    return faces


Surface = Callable[[int, int, Floats, Backgrounds, np.random.Generator], Image]


def _wall(
    height: int, width: int, tone: Floats, backgrounds: Backgrounds, rng: np.random.Generator
) -> Image:
    """Paint, bricks or tiles, with bands, doors, windows, shelves and pillars."""
    kind = rng.random()
    if kind < 0.55:
        image = materials.plain((height, width), tone + rng.normal(0, 18))
    elif kind < 0.7:
        image = clutter.bricks(height, width, rng)
    elif kind < 0.85:
        image = np.ascontiguousarray(backgrounds.scenery(height, width, rng))
    else:
        image = np.ascontiguousarray(graded(height, width, rng))
        image = np.asarray(
            cv2.addWeighted(image, 0.4, materials.plain(image.shape, tone), 0.6, 0), np.uint8
        )
    for _ in range(rng.integers(1, 7)):
        _furnish(image, backgrounds, rng)
    return _lighted(image, rng)


def _furnish(image: Image, backgrounds: Backgrounds, rng: np.random.Generator) -> None:
    """A band, an opening, shelves or a pillar on a wall, in place."""
    height, width = image.shape[:2]
    kind, colour = rng.integers(5), light_and_colour(rng)
    if kind == 0:  # a fascia, a rail or a skirting
        top, tall = int(rng.uniform(0, 0.9) * height), int(rng.uniform(0.03, 0.2) * height) + 1
        image[top : top + tall] = colour
        image[top + tall : top + tall + 2] = colour // 3
        return
    if kind == 1:  # a pillar or a pipe
        left, wide = int(rng.integers(width)), int(rng.uniform(0.02, 0.15) * height) + 2
        round_ = 1 - rng.uniform(0, 0.7) * np.linspace(-1, 1, wide)[:, None] ** 2
        place = image[:, left : left + wide]
        place[:] = (colour * round_)[: place.shape[1]].astype(np.uint8)
        return
    tall, wide = (rng.uniform((0.25, 0.15), (0.75, 0.9)) * height).astype(int) + 8
    wide = min(int(wide), width)
    top, left = int(rng.uniform(0.1, 1) * (height - tall)), int(rng.integers(width - wide + 1))
    place = image[top : top + tall, left : left + wide]
    if kind == 2:
        place[:] = clutter.shelves(int(tall), wide, rng)
    else:
        inside = backgrounds.scenery(int(tall), wide, rng)
        place[:] = cv2.convertScaleAbs(inside, alpha=rng.uniform(0.2, 1), beta=rng.uniform(0, 60))
        panes = int(rng.integers(1, 5))
        for x in np.linspace(0, wide, panes + 1).astype(int):
            place[:, max(0, x - 2) : x + 2] = colour
    cv2.rectangle(image, (left, top), (left + wide - 1, top + int(tall) - 1),
                  (colour * 0.7).tolist(), int(rng.integers(1, 7)))  # fmt: skip


def _floor(
    height: int, width: int, tone: Floats, backgrounds: Backgrounds, rng: np.random.Generator
) -> Image:
    """Tiles, pavement or plain ground."""
    kind = rng.random()
    if kind < 0.35:
        image = clutter.bricks(height, width, rng)
    elif kind < 0.6:
        image = np.ascontiguousarray(backgrounds.scenery(height, width, rng))
    else:
        image = materials.plain((height, width), tone * np.float32(rng.uniform(0.4, 1)))
    return _lighted(image, rng)


def _ceiling(
    height: int, width: int, tone: Floats, _: Backgrounds, rng: np.random.Generator
) -> Image:
    """Light, with joints and lamps."""
    image = materials.plain((height, width), tone + np.float32(rng.uniform(-40, 70)))
    if rng.random() < 0.5:
        image[:, :: int(rng.integers(12, 60))] = tone * 0.7
        image[:: int(rng.integers(12, 60))] = tone * 0.7
    image = _lighted(image, rng)
    for _lamp in range(rng.integers(0, 7)):
        tall, wide = rng.integers(3, 30), rng.integers(6, 60)
        y, x = rng.integers(height), rng.integers(width)
        image[y : y + tall, x : x + wide] = 255
    return image


def _lighted(image: Image, rng: np.random.Generator) -> Image:
    """Light that is not the same everywhere on a wall."""
    height, width = image.shape[:2]
    coarse = np.clip(rng.normal(rng.uniform(120, 200), 28, (3, 5)), 30, 255).astype(np.uint8)
    level = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)
    return np.asarray(cv2.multiply(image, cv2.merge([level] * 3), scale=1 / 170), np.uint8)


SURFACES: dict[str, Surface] = {"wall": _wall, "floor": _floor, "ceiling": _ceiling}
