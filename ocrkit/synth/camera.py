"""The camera that takes a scene: light, exposure, focus, movement, sensor, compression."""

import functools
import math

import cv2
import numpy as np

from ocrkit.synth.effects import blur, compress, motion_blur, shade
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Floats, Image

TILE = 512  # px; noise repeats after so many
UNIT = 24  # grey levels of a tile for one standard deviation of noise


def taken(image: Image, style: SceneStyle, rng: np.random.Generator) -> tuple[Image, float]:
    """The scene as a camera takes it, and how soft that is: the blur's standard deviation, px."""
    if rng.random() < style.shade:
        image = shade(image, rng)
    if rng.random() < style.glare:
        image = dazzled(image, rng)
    if rng.random() < style.exposure:
        image = exposed(image, rng)
    image, softness = _blurred(image, style, rng)
    if rng.random() < style.noise:
        # Most sensors are quiet; a few pictures are taken in the dark.
        sigma = rng.uniform(0.5, 3) if rng.random() < 0.8 else rng.uniform(3, 11)
        image = noisy(image, sigma, rng)
    if rng.random() < style.compressed:
        image = compress(image, int(rng.integers(30, 92)))
    return image, softness


def exposed(image: Image, rng: np.random.Generator) -> Image:
    """Another exposure, contrast, saturation and tint."""
    pale, tint = rng.uniform(0, 0.55), np.exp(rng.normal(0, 0.06, 3))
    grey = np.array([0.299, 0.587, 0.114])
    matrix = tint[:, None] * ((1 - pale) * np.eye(3) + pale * grey)
    levels = np.arange(256) / 255
    gain = math.exp(rng.normal(0.02, 0.16))
    curve = gain * levels ** math.exp(rng.normal(0.1, 0.25))
    # A soft knee: what is too bright turns white by and by, as on film.
    curve = np.where(curve > 0.85, 0.85 + 0.15 * np.tanh((curve - 0.85) / 0.15), curve)
    curve += rng.uniform(-0.07, 0.05) * (1 - curve)
    toned = cv2.LUT(image, np.clip(curve * 255, 0, 255).astype(np.uint8))
    return np.asarray(cv2.transform(toned, matrix), np.uint8)


def dazzled(image: Image, rng: np.random.Generator) -> Image:
    """Lamps and their halo, or a veil of light from one side."""
    height, width = image.shape[:2]
    rows, columns = max(2, height // 8), max(2, width // 8)
    light = np.zeros((rows, columns, 3), np.float32)
    colour = np.array([1.0, 1.0, 1.0]) - rng.uniform(0, 0.25) * np.array([0, 0.3, 1.0])
    for _ in range(rng.integers(1, 8)):
        centre = (int(rng.integers(columns)), int(rows * rng.beta(1, 2.5)))
        axes = rng.exponential(0.015) * columns * np.array([1, rng.uniform(0.15, 1)])
        strength = (colour * rng.uniform(200, 900)).tolist()
        half = (max(1, int(axes[0])), max(1, int(axes[1])))
        cv2.ellipse(light, centre, half, rng.uniform(-20, 20), 0, 360, strength, -1)
    halo = cv2.GaussianBlur(light, (0, 0), 0.01 * columns + 0.4)
    veil = cv2.GaussianBlur(light, (0, 0), 0.1 * columns)
    halo = np.minimum(halo + np.float32(rng.uniform(0.2, 0.8)) * veil, 255).astype(np.uint8)
    whole = cv2.resize(halo, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.add(image, whole), np.uint8)


def noisy(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Sensor noise of standard deviation `sigma` grey levels, fine or in grains of a few px."""
    height, width = image.shape[:2]
    tiles = _tiles(bool(rng.random() < 0.5), 1 - -height // TILE, 1 - -width // TILE)
    top, left = rng.integers(TILE, size=2)
    noise = tiles[top : top + height, left : left + width]
    scale = sigma / UNIT
    return np.asarray(cv2.addWeighted(image, 1, noise, scale, -128 * scale), np.uint8)


@functools.lru_cache(maxsize=4)
def _tiles(grainy: bool, rows: int, columns: int) -> Image:
    """So many tiles below and beside each other; (rows * TILE, columns * TILE, 3) uint8."""
    return np.tile(_tile(grainy), (rows, columns, 1))


@functools.cache
def _tile(grainy: bool) -> Image:
    """(TILE, TILE, 3) uint8 of noise about 128; drawn once, as random numbers are slow."""
    noise: Floats = np.random.default_rng(0).standard_normal((TILE, TILE, 3), np.float32)
    if grainy:
        noise = np.asarray(cv2.GaussianBlur(noise, (0, 0), 0.9), np.float32)
        noise /= noise.std()
    return np.asarray(np.clip(np.round(128 + UNIT * noise), 0, 255), np.uint8)


def _blurred(image: Image, style: SceneStyle, rng: np.random.Generator) -> tuple[Image, float]:
    """Out of focus, smeared, or taken from further away; in px of a picture 1280 px long."""
    scale, variance = max(image.shape[:2]) / 1280, 0.0
    if rng.random() < style.shrunk:
        factor = rng.uniform(0.4, 0.9)
        image = _coarse(image, factor, rng)
        variance += (0.4 / factor) ** 2
    if rng.random() < style.defocus:
        sigma = max(0.3, scale * min(0.35 + rng.exponential(0.55), 3.0))
        image = blur(image, sigma)
        variance += sigma**2
    if rng.random() < style.motion:
        length = max(2.0, scale * rng.uniform(2, 9))
        image = motion_blur(image, length, rng.uniform(0, math.pi))
        variance += length**2 / 24  # half of it: along one direction only
    return image, math.sqrt(variance)


def _coarse(image: Image, factor: float, rng: np.random.Generator) -> Image:
    """Made smaller and enlarged again."""
    height, width = image.shape[:2]
    size = (max(2, round(width * factor)), max(2, round(height * factor)))
    # Two pixels in each direction are enough where fewer are merged into one.
    merged = cv2.INTER_AREA if factor < 0.5 else cv2.INTER_LINEAR
    small = cv2.resize(image, size, interpolation=merged)
    method = cv2.INTER_CUBIC if rng.random() < 0.5 else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(small, (width, height), interpolation=method), np.uint8)
