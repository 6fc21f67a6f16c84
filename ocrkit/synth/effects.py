"""What a camera does to a picture: light, blur, noise, compression. (H, W, 3) uint8 in and out."""

import math

import cv2
import numpy as np
from scipy.special import ndtri

from ocrkit.types import Floats, Image

Range = tuple[float, float]

# Red, dark red, orange, yellow, greens, blues, browns, pink: what signs are painted in.
_SIGN_COLOURS = np.array(
    [
        [205, 30, 40], [140, 25, 30], [240, 130, 30], [250, 210, 40], [25, 120, 70], [120, 180, 60],
        [20, 70, 160], [30, 40, 90], [70, 160, 220], [110, 70, 40], [215, 190, 150], [220, 80, 130],
    ],
    np.float32,
)  # fmt: skip
_LUMINANCE = np.array([0.299, 0.587, 0.114], np.float32)
_NORMAL_QUANTILES = ndtri((np.arange(256) + 0.5) / 256)


def blur(image: Image, sigma: float) -> Image:
    """Out of focus by `sigma` px."""
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma), np.uint8)


def motion_blur(image: Image, length: float, angle: float) -> Image:
    """Smeared over `length` px in the direction `angle` (radians)."""
    size = max(3, math.ceil(length) | 1)
    kernel = np.zeros((size, size), np.float32)
    centre = size // 2
    reach = np.array([math.cos(angle), math.sin(angle)]) * length / 2
    start, end = (tuple(round(v) for v in centre + sign * reach) for sign in (-1, 1))
    cv2.line(kernel, start, end, 1.0)
    return np.asarray(cv2.filter2D(image, -1, kernel / kernel.sum()), np.uint8)


def add_noise(image: Image, sigma: float, rng: np.random.Generator) -> Image:
    """Sensor noise of standard deviation `sigma` grey levels."""
    # Random bytes looked up among a normal distribution's quantiles: ten times as fast as normals.
    quantiles = np.round(_NORMAL_QUANTILES * sigma).astype(np.int16)
    chance = np.frombuffer(rng.bytes(image.size), np.uint8).reshape(image.shape)
    return np.asarray(cv2.add(image, cv2.LUT(chance, quantiles), dtype=cv2.CV_8U), np.uint8)


def compress(image: Image, quality: int) -> Image:
    """Through JPEG and back."""
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def shade(image: Image, rng: np.random.Generator, depth: Range = (0.25, 0.7)) -> Image:
    """Light that falls off along a random direction, softly or at the sharp edge of a shadow."""
    height, width = image.shape[:2]
    angle = rng.uniform(0, 2 * math.pi)
    # Light changes slowly: computed on a coarse grid, then enlarged.
    x = np.linspace(-1, 1, min(width, 160), dtype=np.float32)[None]
    y = np.linspace(-1, 1, min(height, 90), dtype=np.float32)[:, None]
    along = math.cos(angle) * x + math.sin(angle) * y + np.float32(rng.uniform(-0.7, 0.7))
    steepness = math.exp(rng.uniform(0, 3.5))
    dark = 1 / (1 + cv2.exp(np.float32(-steepness) * along))
    coarse = np.asarray(255 - np.float32(255 * rng.uniform(*depth)) * dark, np.uint8)
    factor = cv2.resize(coarse, (width, height), interpolation=cv2.INTER_LINEAR)
    return np.asarray(cv2.multiply(image, cv2.merge([factor] * 3), scale=1 / 255), np.uint8)


def adjust(image: Image, contrast: float, brightness: float, gamma: float = 1.0) -> Image:
    """Grey levels v become (v/255)^gamma, stretched about the middle by `contrast` and shifted."""
    levels = (np.arange(256, dtype=np.float32) / 255) ** gamma
    levels = (levels - 0.5) * contrast + 0.5 + brightness
    return np.asarray(cv2.LUT(image, np.clip(levels * 255, 0, 255).astype(np.uint8)), np.uint8)


def shrink_and_enlarge(image: Image, factor: float, interpolation: int = cv2.INTER_LINEAR) -> Image:
    """As if the picture had been taken at `factor` (< 1) of its size and enlarged again."""
    height, width = image.shape[:2]
    small = cv2.resize(
        image,
        (max(2, round(width * factor)), max(2, round(height * factor))),
        interpolation=cv2.INTER_AREA,
    )
    return np.asarray(cv2.resize(small, (width, height), interpolation=interpolation), np.uint8)


def photograph(image: Image, rng: np.random.Generator, strength: float = 1.0) -> Image:
    """A random chain of the effects above, as a hand-held camera would apply them.

    Args:
        image: (H, W, 3) uint8.
        rng: The source of all randomness.
        strength: Scales blur and noise; 1 suits pictures whose text is 16 px high or more.
    """
    if rng.random() < 0.2:
        image = shade(image, rng)
    if rng.random() < 0.35:
        image = blur(image, rng.uniform(0.3, 1.3) * strength)
    elif rng.random() < 0.15:
        image = motion_blur(image, rng.uniform(2, 5) * strength, rng.uniform(0, math.pi))
    if rng.random() < 0.4:
        image = adjust(
            image, rng.uniform(0.5, 1.2), rng.uniform(-0.15, 0.15), math.exp(rng.uniform(-0.5, 0.5))
        )
    if rng.random() < 0.5:
        image = add_noise(image, rng.uniform(1, 12) * strength, rng)
    if rng.random() < 0.5:
        image = compress(image, int(rng.integers(25, 90)))
    return image


def light_and_colour(rng: np.random.Generator) -> Floats:
    """A random colour (3,) float32 in [0, 255]; greys and the colours of signs are common."""
    kind = rng.random()
    if kind < 0.45:
        colour = 255 * rng.random() + 8 * rng.standard_normal(3)
    elif kind < 0.8:
        hue = _SIGN_COLOURS[rng.integers(len(_SIGN_COLOURS))]
        colour = hue * rng.uniform(0.6, 1.1) + 15 * rng.standard_normal(3)
    else:
        colour = 255 * rng.random(3)
    # Not np.clip, whose checks take longer than the work on three numbers.
    return np.minimum(np.maximum(colour, 0), 255).astype(np.float32)


def luminance(colour: Floats) -> float:
    """Grey level of an RGB colour (Rec. 601), in [0, 255]."""
    return float(colour @ _LUMINANCE)


def contrasting_colour(background: Floats, least: float, rng: np.random.Generator) -> Floats:
    """A colour whose luminance differs from the background's by at least `least` grey levels."""
    ground = luminance(background)
    for _ in range(12):
        colour = light_and_colour(rng)
        if abs(luminance(colour) - ground) >= least:
            return colour
    return np.full(3, 0.0 if ground > 127 else 255.0, np.float32)
