"""Synthetic word crops by the thousand, composed on a GPU (or, for tests, a CPU) with torch.

What a word is (its text, face, homography, how strong each effect is) is drawn with NumPy on the
host, for a whole batch at once; what touches pixels is torch on the device. So texts and geometry
are the same on every device, and the host never waits for it. Glyphs lie on the device as an atlas;
they are stamped on flat canvases, and one homography per word takes these to the crops.

Where this differs from `words.WordGenerator`: letters are not kerned; a word's neighbours are other
words of its batch; small originals have one of a few sizes; crops that turn out faint are kept; no
JPEG; `WordStyle.vertical` is without effect, as the crop of such a word looks like any other.
"""

import functools
import itertools
import math
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from ocrkit import geometry
from ocrkit.errors import DataError
from ocrkit.synth.atlas import Atlas, Indices, has_all
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus, phrase
from ocrkit.synth.effects import light_and_colour
from ocrkit.synth.fonts import as_drawn, find_fonts
from ocrkit.synth.paint import OVER, Dice, Scene, compose, contrasting, expose
from ocrkit.synth.words import HEIGHT, Typefaces, WordStyle

PHOTOGRAPH = (320, 480)  # size at which photographs are kept

Array = NDArray[np.float64]


class Words(NamedTuple):
    """A batch of crops.

    Attributes:
        images: (B, 3, height, width) uint8, RGB; right of a crop stands its mean colour.
        texts: B texts.
        widths: (B,) int64, how many columns are crop.
    """

    images: Tensor
    texts: list[str]
    widths: Tensor


class TorchWords:
    """An endless source of batches of word crops.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones. Those that lack one of the corpus'
            characters are left out.
        backgrounds: What the words stand on.
        device: Where crops are composed and stay.
        height: Of the crops, px.
        style: How often the effects occur.
        faces: How many faces the atlas holds, about 0.1 MB each for printable ASCII.

    Raises:
        DataError: No font has all the corpus' characters.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        device: torch.device | str = "cpu",
        height: int = 32,
        style: WordStyle | None = None,
        faces: int = 300,
    ) -> None:
        self.corpus, self.height, self.style = corpus or Corpus(), height, style or WordStyle()
        self.device = torch.device(device)
        characters = "".join({*self.corpus.charset.characters, " "})
        rng = np.random.default_rng(0)
        typefaces = Typefaces(fonts if fonts is not None else find_fonts())
        # The draws, with their repetitions, stand for how often each face occurs.
        draws = [typefaces.sample(rng) for _ in range(4096)]
        usable = (face for face in dict.fromkeys(draws) if has_all(face, characters))
        chosen = list(itertools.islice(usable, faces))
        if not chosen:
            raise DataError(f"none of the fonts has all {len(characters)} characters of the corpus")
        rank = {face: index for index, face in enumerate(chosen)}
        self._draws = np.array([rank[face] for face in draws if face in rank])
        self.atlas = Atlas(chosen, characters, self.device)
        self._colours = np.stack([light_and_colour(rng) for _ in range(4096)])
        self._photographs = _stacked(backgrounds, self.device) if backgrounds else None

    def batch(self, seed: int, index: int, size: int, width: int) -> Words:
        """Batch `index` of `seed`: `size` crops; those wider than `width` px are made narrower.

        The same on every device of one kind; texts and geometry are the same on all.
        """
        rng = np.random.default_rng((seed, index))
        return self.draw([self._text(rng) for _ in range(size)], rng, width)

    def draw(self, texts: Sequence[str], rng: np.random.Generator, width: int) -> Words:
        """Crops of given texts, in order; in faces without small letters they become capitals.

        Raises:
            DataError: A character is not in the corpus' charset, or a text is empty.
        """
        count, style = len(texts), self.style
        dice = Dice(rng, self.device, self._colours)
        faces = self._draws[rng.integers(len(self._draws), size=count)]
        drawn = [self._as_drawn(t, f) for t, f in zip(texts, faces.tolist(), strict=True)]
        tracking = np.where(rng.random(count) < style.tracked, rng.uniform(-0.04, 0.3, count), 0)
        layout = self.atlas.lay(drawn, faces, tracking * HEIGHT)
        sagittas = _sagittas(drawn, layout.sizes[:, 0], style.bent, rng)
        matrices, aspects = camera(layout.sizes, sagittas, style, rng)
        # A crop is as wide as recognisers want it: narrow ones are widened.
        widths = np.rint(self.height * np.maximum(aspects, aspects / 2 + 1.5)).clip(1, width)
        x, y = _plane(dice, matrices, widths, (self.height, width))
        sizes = dice.put(layout.sizes[..., None, None])
        y = y + dice.put(sagittas) * (1 - (2 * x / sizes[:, :1] - 1) ** 2)
        images = self._grounds(dice, count, width)
        colours, means = contrasting(images, style.least_contrast, dice)
        canvases = self.atlas.draw(layout)
        grounds = functools.partial(self._grounds, dice, width=width)
        scene = Scene(images, canvases, x, y, sizes, colours, means, grounds, dice)
        compose(scene, style)
        images = expose(images, style, dice)
        return Words(_padded(images, dice.put(widths)), drawn, dice.put(widths).flatten().long())

    def _text(self, rng: np.random.Generator) -> str:
        """A word, or now and then a few."""
        return phrase(self.corpus, self.style.phrases, rng)

    def _as_drawn(self, text: str, face: int) -> str:
        """What `text` says in a face of the atlas, as far as the charset can say it."""
        drawn = as_drawn(text, self.atlas.faces[face])
        return drawn if self.atlas.characters.issuperset(drawn) else text

    def _grounds(self, dice: Dice, count: int, width: int) -> Tensor:
        """Plain or graded colour, or pieces of photographs; (count, 3, height, width)."""
        graded = dice.rng.random((count, 1, 1, 1)) < 0.5
        corners = dice.colours(count) + dice.put(graded * dice.rng.normal(0, 25, (count, 3, 2, 2)))
        size = (self.height, width)
        grounds = F.interpolate(corners.clamp(0, 255), size, mode="bilinear", align_corners=True)
        rows = dice.some(0.4, count)
        if self._photographs is not None and len(rows):
            one, other = (self._pieces(dice, len(rows), width) for _ in range(2))
            # People write where it shows: of two places the calmer one.
            calmer = one.std((2, 3)).amax(1) < other.std((2, 3)).amax(1)
            grounds[rows] = torch.where(calmer[:, None, None, None], one, other)
        return grounds

    def _pieces(self, dice: Dice, count: int, width: int) -> Tensor:
        """Random cuts of photographs, 0.3 to 1.5 px of them to one of the crop."""
        assert self._photographs is not None
        rng, (rows, columns) = dice.rng, PHOTOGRAPH
        tall = len(self._photographs[0]) // rows
        whole = min(rows / self.height, columns / width)
        scale = np.minimum(rng.uniform(0.3, 1.5, count), whole * rng.uniform(0.5, 1, count))
        left = rng.random(count) * (columns - scale * width)
        top = rng.random(count) * (rows - scale * self.height)
        top += rng.integers(tall, size=count) * rows
        j = torch.arange(width, device=self.device) + 0.5
        i = (torch.arange(self.height, device=self.device) + 0.5)[:, None]
        x = dice.put(left) + dice.put(scale) * j
        y = dice.put(top) + dice.put(scale) * i
        # All items look into one picture, as grid_sample would want a copy for each.
        shape = (count, 1, self.height, width)
        x, y = (2 * x / columns - 1).expand(shape), (2 * y / (rows * tall) - 1).expand(shape)
        grid = torch.stack([x, y], -1).view(1, -1, width, 2)
        stack = self._photographs[None]
        cut = F.grid_sample(stack, grid, align_corners=False)
        return cut.view(3, count, self.height, width).transpose(0, 1)


def camera(
    sizes: Indices, sagittas: Array, style: WordStyle, rng: np.random.Generator
) -> tuple[Array, Array]:
    """The homographies (B, 3, 3) from crops, as unit squares, to flat canvases; aspects (B,).

    As in `words`: a word is seen by a camera that is turned and stands aside, then cut with a
    detector's errors: its upright bounding box, or the quad made upright; loosely or tightly.
    """
    wide, high = sizes.T.astype(np.float64)
    top, bottom = -np.maximum(sagittas, 0), high + np.maximum(-sagittas, 0)
    quads = np.stack(
        [_points(0, top), _points(wide, top), _points(wide, bottom), _points(0, bottom)], 1
    )
    stretched = (
        quads * np.stack([np.exp(rng.normal(0, 0.15, len(wide))), np.ones(len(wide))], 1)[:, None]
    )
    turned = rng.random((len(wide), 1, 1)) < style.turned
    seen = np.where(turned, _turned(stretched, rng), stretched)
    cuts = _cuts(seen, style.boxed, rng)
    tall, long = geometry.extent(cuts.astype(np.float32))
    matrices = from_square(quads) @ np.linalg.inv(from_square(seen)) @ from_square(cuts)
    return matrices / matrices[:, 2:, 2:], long / np.maximum(tall, 1e-6)


def from_square(quads: Array) -> Array:
    """The homographies (B, 3, 3) that take the unit square to quads (B, 4, 2)."""
    p0, p1, p2, p3 = quads.transpose(1, 2, 0)
    total, right, lower = p0 - p1 + p2 - p3, p1 - p2, p3 - p2
    size = _cross(right, lower)
    g, h = _cross(total, lower) / size, _cross(right, total) / size
    last = np.stack([g, h, np.ones_like(g)])
    return np.stack([*np.stack([p1 - p0 + g * p1, p3 - p0 + h * p3, p0], 1), last]).transpose(
        2, 0, 1
    )


def _turned(quads: Array, rng: np.random.Generator) -> Array:
    """How a camera that is turned and stands aside sees quads (B, 4, 2)."""
    count = (len(quads), 1)
    # Most signs hang level; what does not is often far from it.
    spread = np.where(rng.random(count) < 0.8, math.radians(7), math.radians(22))
    angle, shear = spread * rng.normal(size=count), rng.normal(0, 0.12, count)
    # A narrow word leans little, as its sides are equally far from the camera.
    wide, high = (quads[:, 2] - quads[:, 0]).T[..., None]
    lean = rng.normal(0, 0.08, count) * np.minimum(wide / high, 1)
    x, y = (quads - quads.mean(axis=1, keepdims=True)).transpose(2, 0, 1)
    x, y = x + shear * y, y * (1 + lean * np.sign(x))
    cos, sin = np.cos(angle), np.sin(angle)
    return np.stack([cos * x - sin * y, sin * x + cos * y], axis=2)


def _cuts(quads: Array, boxed: float, rng: np.random.Generator) -> Array:
    """What is cut round words at quads (B, 4, 2), with a detector's errors; (B, 4, 2)."""
    count = len(quads)
    tall, long = (side[:, None, None] for side in geometry.extent(quads.astype(np.float32)))
    margins = rng.uniform(-0.02, 0.2, (2, count, 2)) * tall[..., 0]
    left, top = (quads.min(axis=1) - margins[0]).T
    right, bottom = (quads.max(axis=1) + margins[1]).T
    boxes = np.stack(
        [_points(left, top), _points(right, top), _points(right, bottom), _points(left, bottom)], 1
    )
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])
    # The narrow side counts, lest the corners of a bar or a dash change places.
    errors = np.minimum(tall, long) * rng.normal(0, 0.05, (count, 4, 2))
    loose = quads + tall * outwards * rng.uniform(0, 0.15, (count, 1, 2)) + errors
    return np.where(rng.random((count, 1, 1)) < boxed, boxes, loose)


def _sagittas(
    texts: Sequence[str], lengths: Indices, bent: float, rng: np.random.Generator
) -> Array:
    """How far each word's middle rises above its ends, px of its canvas; (B,)."""
    count = len(texts)
    chosen = (rng.random(count) < bent) & (np.array([len(text) for text in texts]) > 3)
    return chosen * rng.uniform(-0.18, 0.18, count) * np.minimum(lengths, 4 * HEIGHT)


def _points(x: Array | int, y: Array | int) -> Array:
    """Points (B, 2)."""
    return np.stack(np.broadcast_arrays(x, y), axis=1)


def _cross(one: Array, other: Array) -> Array:
    """Cross products of vectors (2, B)."""
    return np.asarray(one[0] * other[1] - one[1] * other[0])


def _plane(
    dice: Dice, matrices: Array, widths: Array, size: tuple[int, int]
) -> tuple[Tensor, Tensor]:
    """Where the samples of crops lie before `matrices`; x and y (B, 1, height, width) * OVER."""
    rows, columns = (side * OVER for side in size)
    v = (torch.arange(rows, device=dice.device) + 0.5)[:, None] / rows
    u = (torch.arange(columns, device=dice.device) + 0.5) / dice.put(widths * OVER)
    u = u.clamp(max=1.1)  # further on lies padding, and perhaps the horizon
    entries = dice.put(matrices.reshape(-1, 9, 1, 1)).unsqueeze(1).unbind(2)
    a, b, c, d, e, f, g, h, i = entries
    depth = (g * u + h * v + i).clamp(min=1e-2)
    return (a * u + b * v + c) / depth, (d * u + e * v + f) / depth


def _padded(images: Tensor, widths: Tensor) -> Tensor:
    """Images (B, 3, H, W) as uint8, with their mean colour right of `widths` (B, 1, 1, 1)."""
    height, width = images.shape[-2:]
    inside = torch.arange(width, device=images.device) < widths
    mean = (images * inside).sum((2, 3), keepdim=True) / (height * widths)
    return torch.where(inside, images, mean).round().clamp(0, 255).to(torch.uint8)


def _stacked(backgrounds: Backgrounds, device: torch.device) -> Tensor | None:
    """The photographs, one below the other; (3, N * H, W) float32, None if there are none."""
    size = PHOTOGRAPH[::-1]
    shrunk = [cv2.resize(p, size, interpolation=cv2.INTER_AREA) for p in backgrounds.photographs]
    if not shrunk:
        return None
    return torch.from_numpy(np.concatenate(shrunk).transpose(2, 0, 1).astype(np.float32)).to(device)
