"""What signs are made of: paint, metal, light, pixels; and the light that falls on them.

Pictures are (H, W, 3) uint8, masks (H, W) uint8 with 255 where something is.
"""

import math

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

from ocrkit.synth.effects import contrasting_colour, light_and_colour, luminance
from ocrkit.types import Floats, Image


def mixed(under: Image, over: Image, cover: Image) -> Image:
    """`over` where `cover` is 255, `under` where it is 0."""
    weight = cv2.merge([cover] * 3)
    shown = cv2.multiply(over, weight, scale=1 / 255)
    # In place: fresh memory costs as much as the arithmetic.
    cv2.bitwise_not(weight, dst=weight)
    cv2.multiply(under, weight, dst=weight, scale=1 / 255)
    return np.asarray(cv2.add(shown, weight, dst=shown), np.uint8)


def inked(under: Image, alpha: Image, colour: Floats, opacity: float = 1.0) -> Image:
    """`under` with paint of one colour where the mask is."""
    image = under.copy()
    left, top, width, height = cv2.boundingRect(alpha)
    if not width:
        return image
    # Letters leave most of a panel as it is.
    where = slice(top, top + height), slice(left, left + width)
    alpha = alpha[where]
    if opacity < 1:
        alpha = np.asarray(cv2.convertScaleAbs(alpha, alpha=opacity), np.uint8)
    image[where] = mixed(image[where], plain(alpha.shape, colour), alpha)
    return image


def softened(image: Image, sigma: float) -> Image:
    """Blurred by `sigma` px; by large ones on a coarser grid, where that costs little."""
    factor = int(sigma / 2)
    height, width = image.shape[:2]
    if factor < 2 or min(height, width) < 4 * factor:
        return np.asarray(cv2.GaussianBlur(image, (0, 0), max(sigma, 0.3)), np.uint8)
    small = cv2.resize(image, (width // factor, height // factor), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(small, (0, 0), sigma / factor)
    return np.asarray(cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR), np.uint8)


def plain(shape: tuple[int, ...], colour: Floats) -> Image:
    """A picture of one colour, (height, width) px."""
    image = np.empty((shape[0], shape[1], 3), np.uint8)
    # By rows, which is ten times as fast as by pixels.
    image[:1] = np.clip(colour, 0, 255).astype(np.uint8)
    image[1:] = image[:1]
    return image


def painted(image: Image, alpha: Image, colour: Floats, rng: np.random.Generator) -> Image:
    """Letters in paint; now and then with a drop shadow, an outline or wear."""
    style = rng.random()
    if style < 0.1:
        dark = light_and_colour(rng) * np.float32(0.4)
        image = inked(image, shadow_of(alpha, rng), dark, rng.uniform(0.4, 0.9))
    elif style < 0.17:
        outline = np.asarray(cv2.dilate(alpha, np.ones((3, 3), np.uint8)), np.uint8)
        image = inked(image, outline, opposite(colour), 0.9)
    elif style < 0.24:
        alpha = worn(alpha, rng)
    return inked(image, alpha, colour, rng.uniform(0.85, 1))


def solid(image: Image, alpha: Image, colour: Floats, rng: np.random.Generator) -> Image:
    """Letters with sides, as on a shop front, and the shadow that they throw."""
    side, reach = extruded(alpha, rng)
    thrown = softened(shifted(side, reach), 0.5 + abs(reach[0]) / 2)
    black = np.zeros(3, np.float32)
    image = inked(image, thrown, black, rng.uniform(0.2, 0.7))
    image = inked(image, side, colour * np.float32(rng.uniform(0.35, 0.75)))
    return inked(image, alpha, colour)


def extruded(alpha: Image, rng: np.random.Generator) -> tuple[Image, NDArray[np.int64]]:
    """The mask of letters with their sides, and how far (x, y) these reach, px."""
    deep = int(np.clip(round(rng.uniform(0.02, 0.06) * min(alpha.shape)), 1, 8))
    direction = rng.choice(np.array([-1, 1]), 2)
    side = alpha.copy()
    for step in range(1, deep + 1):
        # Two views that lie `step` px apart in x and in y.
        to, of = zip(*(_apart(int(way) * step) for way in direction[::-1]), strict=True)
        np.maximum(side[to], alpha[of], out=side[to])
    return side, direction * deep


def _apart(by: int) -> tuple[slice, slice]:
    """Where along an axis what is moved by so many px comes to lie, and where it was."""
    return slice(max(by, 0), min(by, 0) or None), slice(max(-by, 0), min(-by, 0) or None)


def relief(image: Image, alpha: Image, rng: np.random.Generator) -> Image:
    """Letters cut into the surface or raised from it: seen by light and shadow at their edges."""
    soft = cv2.GaussianBlur(alpha, (0, 0), rng.uniform(0.5, 1 + 0.01 * min(alpha.shape)))
    angle = rng.uniform(0, 2 * math.pi)
    x = cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8)
    y = cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8)
    slope = math.cos(angle) * x + math.sin(angle) * y
    level = np.clip(128 + slope * np.float32(rng.uniform(1.2, 2.5)), 0, 255).astype(np.uint8)
    fill = np.full(3, rng.choice([0.0, 255.0]), np.float32)
    filled = inked(image, alpha, fill, rng.uniform(0.05, 0.35))
    return np.asarray(cv2.addWeighted(filled, 1, cv2.merge([level] * 3), 1, -128), np.uint8)


def neon(image: Image, alpha: Image, rng: np.random.Generator) -> Image:
    """Letters of light on dark ground, with a halo of their colour."""
    colour = np.roll(np.array([255.0, rng.uniform(0, 220), rng.uniform(0, 120)]), rng.integers(3))
    reach = max(1.0, rng.uniform(0.03, 0.1) * min(alpha.shape))
    halo = softened(alpha, reach)
    glow = plain(alpha.shape, colour.astype(np.float32))
    light = cv2.multiply(glow, cv2.merge([halo] * 3), scale=rng.uniform(0.5, 1.3) / 255)
    dark = np.asarray(cv2.add(image, light), np.uint8)
    core = 255 - (255 - colour) * rng.uniform(0, 0.7)
    return inked(dark, alpha, core.astype(np.float32))


def pixelled(image: Image, rng: np.random.Generator) -> Image:
    """A display's pixels: dark gaps between them, or coarse dots as of lamps."""
    pitch = int(rng.integers(2, 5))
    rows, columns = np.arange(image.shape[0]) % pitch, np.arange(image.shape[1]) % pitch
    gap = (rows[:, None] == 0) | (columns[None] == 0)
    if rng.random() < 0.4:
        gap = np.broadcast_to(rows[:, None] == 0, gap.shape)
    weight = np.where(gap, round(255 * rng.uniform(0.2, 0.8)), 255).astype(np.uint8)
    lit = cv2.multiply(image, cv2.merge([weight] * 3), scale=1 / 255)
    return np.asarray(cv2.GaussianBlur(lit, (0, 0), rng.uniform(0.4, 0.8)), np.uint8)


def lit(image: Image, rng: np.random.Generator) -> Image:
    """Light on one sign alone: from one side, a spot, or a lamp's reflection; or it shines."""
    height, width = image.shape[:2]
    kind = rng.random()
    if kind < 0.25:
        gain = rng.uniform(1.1, 1.5)
        return np.asarray(cv2.convertScaleAbs(image, alpha=gain, beta=12), np.uint8)
    if kind < 0.65:
        corners = rng.uniform(0.35, 1.15, (2, 2)).astype(np.float32) * 200
        coarse = np.clip(corners, 0, 255).astype(np.uint8)
        level = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
        return np.asarray(cv2.multiply(image, cv2.merge([level] * 3), scale=1 / 200), np.uint8)
    spot = np.zeros((24, 24), np.float32)
    centre = rng.integers(0, 24, 2).tolist()
    axes = rng.integers(2, 9, 2).tolist()
    cv2.ellipse(spot, centre, axes, rng.uniform(0, 180), 0, 360, rng.uniform(60, 220), -1)
    soft = np.asarray(cv2.GaussianBlur(spot, (0, 0), rng.uniform(1, 5)), np.uint8)
    level = cv2.resize(soft, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(image, cv2.merge([level] * 3)), np.uint8)


def reflected(image: Image, other: Image, rng: np.random.Generator) -> Image:
    """Behind glass that mirrors `other`, of the same size."""
    veil = cv2.GaussianBlur(other, (0, 0), rng.uniform(0.5, 3))
    weight = rng.uniform(0.1, 0.4)
    return np.asarray(cv2.addWeighted(image, 1 - 0.6 * weight, veil, weight, 0), np.uint8)


def worn(alpha: Image, rng: np.random.Generator) -> Image:
    """Paint that has come off in places: never more than an eighth of it."""
    rows, columns = (max(2, side // 3) for side in alpha.shape)
    coarse = rng.standard_normal((rows, columns), np.float32)
    noise = cv2.resize(coarse, alpha.shape[::-1], interpolation=cv2.INTER_CUBIC)
    return np.where(noise > rng.uniform(1.1, 1.8), alpha // 3, alpha)


def shadow_of(alpha: Image, rng: np.random.Generator) -> Image:
    """A soft shadow, thrown aside by a little."""
    angle, reach = rng.uniform(0, 2 * math.pi), max(1.0, 0.03 * min(alpha.shape))
    moved = shifted(alpha, reach * np.array([math.cos(angle), math.sin(angle)]))
    return np.asarray(cv2.GaussianBlur(moved, (0, 0), rng.uniform(0.5, 2)), np.uint8)


def shifted(alpha: Image, by: ArrayLike) -> Image:
    """The mask moved by (x, y) px."""
    move = np.eye(2, 3)
    move[:, 2] = by
    return np.asarray(cv2.warpAffine(alpha, move, alpha.shape[::-1]), np.uint8)


def opposite(colour: Floats) -> Floats:
    """Black for light colours, white for dark ones."""
    return np.full(3, 0.0 if luminance(colour) > 127 else 255.0, np.float32)


def ink_for(ground: Floats, rng: np.random.Generator) -> Floats:
    """A colour for letters: mostly black or white, as on most signs, else any that shows."""
    least = rng.uniform(22, 55) if rng.random() < 0.2 else 80
    if rng.random() < 0.55:
        grey = opposite(ground) + np.float32(rng.normal(0, 12))
        spread = abs(luminance(ground) - float(grey[0]))
        fade = rng.beta(1, 5) * max(0.0, 1 - least / max(spread, 1))
        return np.asarray(np.clip(grey + fade * (ground - grey), 0, 255), np.float32)
    return contrasting_colour(ground, least, rng)
