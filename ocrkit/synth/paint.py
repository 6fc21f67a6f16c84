"""Words of a batch painted on their grounds, and what a camera does to the pictures, with torch.

Whatever is random once per word comes from NumPy on the host, the noise from torch on the device.
Images are (B, C, H, W) float32 in [0, 255]; numbers of words are (n, 1, 1, 1), to be spread over
them; `rows` are the indices (n,) of the words concerned.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ocrkit.synth.atlas import to_device
from ocrkit.synth.words import HEIGHT, WordStyle
from ocrkit.types import Floats

OVER = 2  # samples per pixel and direction: bilinear sampling alone would alias
SMALL, TINY = (0.3, 0.45, 0.6, 0.75), (0.2, 0.27)  # heights of small originals, in crops
LUMINANCE = (0.299, 0.587, 0.114)  # Rec. 601
ALL = slice(None)

Array = NDArray[np.float64]


class Dice:
    """Random numbers of words, drawn on the host and put on the device.

    Args:
        rng: Where they come from.
        device: Where they go.
        colours: (N, 3) float32, what `colours` draws from.
    """

    def __init__(self, rng: np.random.Generator, device: torch.device, colours: Floats) -> None:
        self.rng, self.device, self._colours = rng, device, colours

    def put(self, array: NDArray[np.generic]) -> Tensor:
        """An array as float32 on the device; numbers of words become (n, 1, 1, 1)."""
        shaped = array[:, None, None, None] if array.ndim == 1 else array
        return to_device(np.ascontiguousarray(shaped, np.float32), self.device)

    def some(self, chance: float, count: int) -> Tensor:
        """Indices (n,) int64 below `count`, each with a chance."""
        return to_device(np.flatnonzero(self.rng.random(count) < chance), self.device)

    def uniform(self, low: float, high: float, count: int) -> Tensor:
        """(count, 1, 1, 1)."""
        return self.put(self.rng.uniform(low, high, count))

    def colours(self, count: int) -> Tensor:
        """(count, 3, 1, 1), each like one of `effects.light_and_colour`."""
        drawn = self._colours[self.rng.integers(len(self._colours), size=count)]
        return self.put(drawn[..., None, None])


class Scene(NamedTuple):
    """A batch in the making.

    Attributes:
        images: (B, 3, H, W), painted on in place.
        canvases: (B, 1, h, w) float32 in [0, 1], the words' ink from the upper left corner on.
        x, y: (B, 1, H * OVER, W * OVER), where on its word's canvas each sample lies, px.
        sizes: (B, 2, 1, 1) widths and heights of the ink, px of the canvas.
        colours: (B, 3, 1, 1) of the ink.
        means: (B, 3, 1, 1) of the grounds.
        grounds: Gives n grounds (n, 3, H, W), whose variation ink may have.
        dice: The source of all randomness.
    """

    images: Tensor
    canvases: Tensor
    x: Tensor
    y: Tensor
    sizes: Tensor
    colours: Tensor
    means: Tensor
    grounds: Callable[[int], Tensor]
    dice: Dice

    def ink(
        self,
        rows: Tensor | slice = ALL,
        dx: Tensor | float = 0,
        dy: Tensor | float = 0,
        others: Tensor | None = None,
    ) -> Tensor:
        """What crops show of the ink moved by (dx, dy) px of its canvas; (n, 1, H, W) in [0, 1].

        Args:
            rows: The crops.
            dx: To the right.
            dy: Down.
            others: Indices of the words whose ink is looked at; None for the crops' own.
        """
        canvases = self.canvases[rows if others is None else others]
        height, width = canvases.shape[-2:]
        x, y = 2 * (self.x[rows] - dx) / width - 1, 2 * (self.y[rows] - dy) / height - 1
        grid = torch.cat([x, y], 1).permute(0, 2, 3, 1)
        return _pooled(F.grid_sample(canvases, grid, align_corners=False))

    def paint(
        self, rows: Tensor | slice, alpha: Tensor, colours: Tensor, opacity: Tensor | float = 1
    ) -> None:
        """Colours (n, 3, 1, 1) put on in place, through alpha (n, 1, H, W)."""
        ground = self.images[rows]
        self.images[rows] = ground + alpha * opacity * (colours - ground)


def contrasting(images: Tensor, least: float, dice: Dice) -> tuple[Tensor, Tensor]:
    """Colours that show on images, and the images' means; (B, 3, 1, 1) each.

    The luminances differ by at least `least` grey levels, and more on restless grounds.
    """
    count = len(images)
    means, spreads = images.mean((2, 3)), images.std((2, 3)).mean(1)
    candidates = dice.colours(12 * count).view(count, 12, 3)
    weights = means.new_tensor(LUMINANCE)
    grey = (means @ weights)[:, None]
    extreme = torch.where(grey > 127, 0.0, 255.0)[..., None].expand(-1, 1, 3)
    enough = (candidates @ weights - grey).abs() >= least + 1.5 * spreads.clamp(max=50)[:, None]
    # The first that shows; black or white if none does.
    first = F.pad(enough, (0, 1), value=True).int().argmax(1)
    chosen = torch.cat([candidates, extreme], 1)[torch.arange(count, device=images.device), first]
    return chosen[..., None, None], means[..., None, None]


def compose(scene: Scene, style: WordStyle) -> None:
    """Paint everything that is in front of the camera, from bottom to top."""
    _apply({_frame: style.framed, _neighbours: style.neighbours, _shadow: style.shadowed}, scene)
    _apply({_outline: style.outlined, _relief: style.embossed}, scene)
    scene.paint(ALL, scene.ink(), scene.colours, scene.dice.uniform(0.75, 1, len(scene.images)))
    _apply({_texture: style.textured, _stroke: style.crossed, _glare: style.glare}, scene)


def _apply(effects: dict[Callable[[Scene, Tensor], None], float], scene: Scene) -> None:
    """Effects with their chances, one after the other."""
    for effect, chance in effects.items():
        rows = scene.dice.some(chance, len(scene.images))
        if len(rows):
            effect(scene, rows)


def _frame(scene: Scene, rows: Tensor) -> None:
    """The edge of a plate round the word, or a rule above or below it."""
    dice, count = scene.dice, len(rows)
    x, y, (wide, high) = scene.x[rows], scene.y[rows], scene.sizes[rows, :, None].unbind(1)
    gap, thick = dice.uniform(4, 18, count), dice.uniform(1, 5, count)
    plate = torch.maximum((x - wide / 2).abs() - wide / 2, (y - high / 2).abs() - high / 2) - gap
    kind = dice.uniform(0, 1, count)
    rule = torch.where(kind < 0.85, y - high - gap, y + gap)
    distance = torch.where(kind < 0.5, plate, rule).abs()
    scene.paint(rows, _pooled((2 * distance < thick).float()), dice.colours(count))


def _neighbours(scene: Scene, rows: Tensor) -> None:
    """Words of the batch before, after, above or below, in the same colour."""
    dice, count = scene.dice, len(rows)
    wide, high = scene.sizes[rows, :, None].unbind(1)
    side = dice.rng.integers(4, size=count)
    seen = []
    for by in (1, 2):
        others = (rows + by) % len(scene.sizes)
        w, h = scene.sizes[others, :, None].unbind(1)
        gap, along = dice.uniform(0.12, 0.5, count) * HEIGHT, dice.uniform(0, 1, count)
        beside, slid = high - h, along * (wide + w / 2) - w / 2
        which = dice.put(side)
        dx = torch.where(which == 0, -gap - w, torch.where(which == 1, wide + gap, slid))
        dy = torch.where(which == 2, -gap - h, torch.where(which == 3, high + gap, beside))
        seen.append(scene.ink(rows, dx, dy, others))
        side = (side + dice.rng.integers(1, 4, size=count)) % 4
    second = (dice.uniform(0, 1, count) < 0.67) * seen[1]
    scene.paint(rows, torch.maximum(seen[0], second), scene.colours[rows], 0.95)


def _shadow(scene: Scene, rows: Tensor) -> None:
    """A soft dark copy of the word beside it."""
    dice, count = scene.dice, len(rows)
    alpha = scene.ink(rows, dice.uniform(-4, 4, count), dice.uniform(-4, 4, count))
    alpha = _filtered(alpha, _round(dice.rng.uniform(0.3, 1.5, count)), dice)
    scene.paint(rows, alpha, dice.colours(count) / 2, dice.uniform(0.4, 1, count))


def _outline(scene: Scene, rows: Tensor) -> None:
    """A rim round the letters, one or two px of the crop wide."""
    dice, count = scene.dice, len(rows)
    ink, wide = scene.ink(rows), dice.uniform(0, 1, count)
    thin, thick = (F.max_pool2d(ink, size, 1, size // 2) for size in (3, 5))
    scene.paint(rows, thin + wide * (thick - thin), dice.colours(count))


def _relief(scene: Scene, rows: Tensor) -> None:
    """Engraved or raised letters of the ground's own colour, shown by light and shade alone."""
    dice, count = scene.dice, len(rows)
    depth, angle = dice.uniform(1, 2.5, count), dice.uniform(0, 2 * math.pi, count)
    for sign, grey in ((1, 255.0), (-1, 0.0)):
        alpha = scene.ink(rows, sign * depth * angle.cos(), sign * depth * angle.sin())
        level = torch.full_like(scene.means[rows], grey)
        scene.paint(rows, alpha, level, dice.uniform(0.4, 0.9, count))
    scene.colours[rows] = scene.means[rows] * dice.uniform(0.8, 1.1, count)


def _texture(scene: Scene, rows: Tensor) -> None:
    """Ink that varies as a piece of a photograph does."""
    piece = scene.grounds(len(rows))
    scene.images[rows] += 0.6 * scene.ink(rows) * (piece - piece.mean((2, 3), keepdim=True))


def _stroke(scene: Scene, rows: Tensor) -> None:
    """Something thin in front of the word: a wire, a scratch, a pole."""
    dice, count = scene.dice, len(rows)
    wide, high = scene.sizes[rows, :, None].unbind(1)
    upright = dice.uniform(0, 1, count) < 0.5
    x, y = dice.uniform(0, 1, count) * wide, dice.uniform(0.2, 0.8, count) * high
    dx = torch.where(upright, dice.put(dice.rng.normal(size=count)), 1.0)
    dy = torch.where(upright, 1.0, dice.uniform(-0.6, 0.6, count) * high / wide)
    distance = ((scene.x[rows] - x) * dy - (scene.y[rows] - y) * dx).abs() / torch.hypot(dx, dy)
    alpha = _pooled((2 * distance < dice.uniform(1, 4, count)).float())
    scene.paint(rows, alpha, dice.colours(count), dice.uniform(0.6, 1, count))


def _glare(scene: Scene, rows: Tensor) -> None:
    """A soft spot of light."""
    dice, count = scene.dice, len(rows)
    wide, high = scene.sizes[rows, :, None].unbind(1)
    x = scene.x[rows] - dice.uniform(0, 1, count) * wide
    y = scene.y[rows] - dice.uniform(0, 1, count) * high
    reach = dice.uniform(0.3, 1.5, count) * high
    light = _pooled(torch.exp(-(x * x + y * y) / (reach * reach)))
    white = torch.full_like(scene.means[rows], 255.0)
    scene.paint(rows, light, white, dice.uniform(0.3, 0.9, count))


def expose(images: Tensor, style: WordStyle, dice: Dice) -> Tensor:
    """Images as a hand-held camera takes them: shade, blur, exposure, distance and noise."""
    count = len(images)
    shady = dice.some(0.2 * style.camera, count)
    images[shady] *= _shade(images.shape[-2:], len(shady), dice)
    for rows, kernels in _blurs(style.camera, count, dice):
        images[rows] = _filtered(images[rows], kernels, dice)
    rows = dice.some(0.4 * style.camera, count)
    contrast, brightness = dice.uniform(0.5, 1.2, len(rows)), dice.uniform(-0.15, 0.15, len(rows))
    levels = (images[rows].clamp(0, 255) / 255) ** dice.uniform(-0.5, 0.5, len(rows)).exp()
    images[rows] = 255 * ((levels - 0.5) * contrast + 0.5 + brightness).clamp(0, 1)
    noisy = dice.rng.random(count) < 0.5 * style.camera
    return _from_afar(images, style, noisy * dice.rng.uniform(1, 12, count), dice)


def _shade(size: torch.Size, count: int, dice: Dice) -> Tensor:
    """Light that falls off along a direction, softly or sharply; (count, 1, H, W) in [0, 1]."""
    x = torch.linspace(-1, 1, size[1], device=dice.device)
    y = torch.linspace(-1, 1, size[0], device=dice.device)[:, None]
    angle, offset = dice.uniform(0, 2 * math.pi, count), dice.uniform(-0.7, 0.7, count)
    steepness = dice.uniform(0, 3.5, count).exp()
    dark = torch.sigmoid(steepness * (angle.cos() * x + angle.sin() * y + offset))
    return 1 - dice.uniform(0.25, 0.7, count) * dark


def _blurs(chance: float, count: int, dice: Dice) -> list[tuple[Tensor, Array]]:
    """Which images are blurred how: out of focus, or moved; kernels (n, 5, 5)."""
    kind = dice.rng.random(count) / max(chance, 1e-9)
    soft, moved = np.flatnonzero(kind < 0.35), np.flatnonzero((kind >= 0.35) & (kind < 0.45))
    kernels = (
        _round(dice.rng.uniform(0.3, 1.3, len(soft))),
        _long(dice.rng.uniform(2, 5, len(moved)), dice.rng.uniform(0, math.pi, len(moved))),
    )
    rows = (to_device(indices, dice.device) for indices in (soft, moved))
    return [(some, k) for some, k in zip(rows, kernels, strict=True) if len(k)]


def _round(sigmas: Array) -> Array:
    """Normal distributions; (n, 5, 5), not normalised."""
    squares = np.arange(-2, 3) ** 2
    return np.exp(-(squares[:, None] + squares) / (2 * sigmas[:, None, None] ** 2))


def _long(lengths: Array, angles: Array) -> Array:
    """Short thick lines; (n, 5, 5), not normalised."""
    x, y = np.arange(-2, 3), np.arange(-2, 3)[:, None]
    cos, sin = np.cos(angles)[:, None, None], np.sin(angles)[:, None, None]
    along, across = np.abs(cos * x + sin * y), sin * x - cos * y
    return np.clip(lengths[:, None, None] / 2 - along + 0.5, 0, 1) * np.exp(-2 * across**2)


def _filtered(images: Tensor, kernels: Array, dice: Dice) -> Tensor:
    """Each image (n, C, H, W) blurred by the kernel (5, 5) of its own."""
    count, channels, height, width = images.shape
    weights = dice.put((kernels / kernels.sum((1, 2), keepdims=True))[:, None])
    flat = F.pad(images, (2, 2, 2, 2), mode="replicate").view(1, -1, height + 4, width + 4)
    blurred = F.conv2d(flat, weights.repeat_interleave(channels, 0), groups=count * channels)
    return blurred.view(images.shape)


def _from_afar(images: Tensor, style: WordStyle, sigmas: Array, dice: Dice) -> Tensor:
    """Images taken at a size of their own, with noise of `sigmas` (B,), and enlarged again."""
    rng, count, (height, width) = dice.rng, len(images), images.shape[-2:]
    noise = torch.Generator(dice.device).manual_seed(int(rng.integers(2**62)))
    scales = np.where(rng.random(count) < style.small, rng.choice(SMALL, count), 1.0)
    scales = np.where(rng.random(count) < style.tiny, rng.choice(TINY, count), scales)
    for scale in np.unique(scales):
        chosen = np.flatnonzero(scales == scale)
        rows = to_device(chosen, dice.device)
        size = (max(2, round(height * scale)), max(2, round(width * scale)))
        small = F.interpolate(images[rows], size, mode="area") if scale < 1 else images[rows]
        grain = torch.randn(small.shape, generator=noise, device=dice.device)
        small = (small + dice.put(sigmas[chosen] * scale) * grain).clamp(0, 255)
        images[rows] = F.interpolate(small, (height, width), mode="bilinear")
    return images


def _pooled(samples: Tensor) -> Tensor:
    """Pixels from the OVER * OVER samples in each."""
    return F.avg_pool2d(samples, OVER)
