"""Flat pieces of a scene, before the camera sees them: signs, pages, bare lettering, clutter."""

from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth import clutter, materials
from ocrkit.synth.backgrounds import Backgrounds, graded
from ocrkit.synth.effects import contrasting_colour, light_and_colour, luminance
from ocrkit.synth.lettering import Detail, Lettering
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Bools, Floats, Image


class Panel(NamedTuple):
    """A flat picture that covers part of a scene.

    Attributes:
        image: (H, W, 3) uint8.
        cover: (H, W) uint8, 255 where the panel hides what is behind it.
        quads: (N, 4, 2) float32, round the words.
        texts: N words.
        details: N of them.
    """

    image: Image
    cover: Image
    quads: Floats
    texts: tuple[str, ...]
    details: tuple[Detail, ...] = ()


def board(
    lettering: Lettering,
    backgrounds: Backgrounds,
    style: SceneStyle,
    rng: np.random.Generator,
    paper: bool = False,
) -> Panel:
    """The lettering on a board of its own: painted, engraved, solid or shining."""
    lettering = _with_margin(lettering, paper, rng)
    height, width = lettering.alpha.shape
    image, ground = _ground(height, width, backgrounds, rng, paper)
    if not paper:
        free = cv2.dilate(lettering.alpha, np.ones((5, 5), np.uint8)) == 0
        _decorate(image, free, ground, rng)
    if rng.random() < style.relief:
        image = materials.relief(image, lettering.alpha, rng)
    elif not paper and rng.random() < style.solid:
        image = materials.solid(image, lettering.alpha, materials.ink_for(ground, rng), rng)
    else:
        image = materials.painted(image, lettering.alpha, materials.ink_for(ground, rng), rng)
    cover = np.full((height, width), 255, np.uint8)
    if not paper and rng.random() < 0.25:
        rounded = _rounded(height, width, round(min(height, width) * rng.uniform(0.05, 0.5)))
        if not lettering.alpha[rounded < 255].any():
            cover = rounded
    panel = Panel(image, cover, *lettering[1:])
    if not paper and rng.random() < style.poster:
        panel = _illustrated(panel, backgrounds, rng)
    return finished(panel, backgrounds, style, rng)


def shining(
    lettering: Lettering, backgrounds: Backgrounds, neon: bool, rng: np.random.Generator
) -> Panel:
    """Neon, or a display: light letters on dark ground."""
    lettering = _with_margin(lettering, True, rng)
    height, width = lettering.alpha.shape
    dark = rng.uniform(0, 45) + rng.normal(0, 6, 3)
    image = materials.plain((height, width), dark.astype(np.float32))
    if neon:
        if rng.random() < 0.4:
            image = np.ascontiguousarray(backgrounds.patch(height, width, rng) // 4)
        image = materials.neon(image, lettering.alpha, rng)
    else:
        if rng.random() < 0.4:
            image = materials.plain((height, width), light_and_colour(rng))
        mean = np.asarray(cv2.mean(image)[:3], np.float32)
        image = materials.inked(image, lettering.alpha, contrasting_colour(mean, 90, rng))
        if min(height, width) > 40:
            image = materials.pixelled(image, rng)
    return Panel(image, np.full((height, width), 255, np.uint8), *lettering[1:])


def plate(lettering: Lettering, rng: np.random.Generator) -> Panel:
    """A number plate: a thin border, black on white or yellow, or the other way round."""
    lettering = _with_margin(lettering, True, rng)
    height, width = lettering.alpha.shape
    light = np.array([[235, 235, 235], [240, 195, 50], [200, 205, 215]][rng.integers(3)])
    dark = np.array([[20, 20, 20], [25, 40, 110], [10, 70, 50]][rng.integers(3)])
    ground, ink = (light, dark) if rng.random() < 0.7 else (dark, light)
    image = materials.plain((height, width), ground.astype(np.float32))
    thick = max(1, height // 25)
    cv2.rectangle(image, (thick, thick), (width - 1 - thick, height - 1 - thick),
                  ink.tolist(), thick)  # fmt: skip
    image = materials.inked(image, lettering.alpha, ink.astype(np.float32))
    return Panel(image, _rounded(height, width, height // 8), *lettering[1:])


def bare(
    lettering: Lettering,
    ground: Floats,
    spread: float,
    style: SceneStyle,
    rng: np.random.Generator,
) -> Panel:
    """The lettering alone, in a colour that shows on a wall of mean colour `ground`.

    Args:
        lettering: What to paint.
        ground: (3,) RGB.
        spread: Standard deviation of the wall's luminance; the busier, the more contrast is needed.
        style: How often the letters are solid.
        rng: The source of all randomness.
    """
    colour = contrasting_colour(ground, 40 + 1.5 * min(spread, 50), rng)
    image = materials.plain(lettering.alpha.shape, colour)
    cover = lettering.alpha
    if rng.random() < style.solid:
        cover, _ = materials.extruded(lettering.alpha, rng)
        dark = materials.plain(cover.shape, colour * np.float32(rng.uniform(0.3, 0.7)))
        image = materials.inked(dark, lettering.alpha, colour)
    elif rng.random() < 0.25:
        image, cover = _backed(image, lettering.alpha, colour, rng)
    opacity = rng.uniform(0.7, 1)
    cover = np.asarray(cv2.convertScaleAbs(cover, alpha=opacity), np.uint8)
    return Panel(image, cover, *lettering[1:])


def blank(height: int, width: int, backgrounds: Backgrounds, style: SceneStyle,
          rng: np.random.Generator) -> Panel:  # fmt: skip
    """A piece of scenery without text: a texture, a photograph, or an icon on a board."""
    if rng.random() < style.scribbles:
        image = clutter.scribbles(height, width, rng)
    elif rng.random() < 0.6:
        image = clutter.texture(height, width, rng)
    else:
        image = np.ascontiguousarray(backgrounds.patch(height, width, rng))
        ground = np.asarray(cv2.mean(image)[:3], np.float32)
        if rng.random() < 0.5:
            _decorate(image, np.ones((height, width), np.bool_), ground, rng)
    empty = np.zeros((0, 4, 2), np.float32)
    return Panel(image, np.full((height, width), 255, np.uint8), empty, ())


def finished(
    panel: Panel, backgrounds: Backgrounds, style: SceneStyle, rng: np.random.Generator
) -> Panel:
    """The panel in a frame, and in a light of its own."""
    if rng.random() < style.framed:
        panel = _framed(panel, rng)
    image = panel.image
    if rng.random() < style.lit:
        if rng.random() < 0.25:
            height, width = panel.cover.shape
            image = materials.reflected(image, backgrounds.scenery(height, width, rng), rng)
        else:
            image = materials.lit(image, rng)
    return panel._replace(image=image)


def moved(panel: Panel, image: Image, cover: Image, corner: tuple[int, int]) -> Panel:
    """The panel's words on a larger picture, whose point (x, y) is where the panel began."""
    shift = np.array(corner, np.float32)
    details = tuple(detail.mapped(lambda points: points + shift) for detail in panel.details)
    return Panel(image, cover, panel.quads + shift, panel.texts, details)


def _framed(panel: Panel, rng: np.random.Generator) -> Panel:
    """A rim round the panel, lighter on one side, and the shadow that it throws on the wall."""
    height, width = panel.cover.shape
    rim = max(1, round(min(height, width) * rng.uniform(0.01, 0.07)))
    thrown = round(rim * rng.uniform(0, 2))
    image = cv2.copyMakeBorder(
        panel.image, rim, rim + thrown, rim, rim + thrown, cv2.BORDER_CONSTANT
    )
    outer = np.full((height + 2 * rim, width + 2 * rim), 255, np.uint8)
    cover = np.pad(outer, ((0, thrown), (0, thrown)))
    colour = light_and_colour(rng)
    inner = np.s_[rim : rim + height, rim : rim + width]
    within = image[: height + 2 * rim, : width + 2 * rim]
    edge = materials.plain(within.shape, colour)
    edge[:rim], edge[:, :rim] = np.minimum(colour * 1.25, 255), np.minimum(colour * 1.1, 255)
    edge[inner] = materials.mixed(edge[inner], panel.image, panel.cover)
    within[:] = edge
    if thrown:
        dark = np.pad(outer, ((thrown, 0), (thrown, 0)))
        soft = materials.softened(dark, max(0.5, thrown / 2))
        faint = cv2.convertScaleAbs(soft, alpha=rng.uniform(0.3, 0.7))
        cover = np.maximum(cover, np.asarray(faint, np.uint8))
    return moved(panel, np.asarray(image, np.uint8), cover, (rim, rim))


def _illustrated(panel: Panel, backgrounds: Backgrounds, rng: np.random.Generator) -> Panel:
    """A poster: a photograph above, below or beside the lettering."""
    height, width = panel.cover.shape
    if rng.random() < 0.7:
        extra = int(np.clip(width * rng.uniform(0.3, 0.9), 8, 400))
        photograph = backgrounds.scenery(extra, width, rng)
        first = rng.random() < 0.7
        parts = (photograph, panel.image) if first else (panel.image, photograph)
        image, corner = np.concatenate(parts), (0, extra if first else 0)
    else:
        extra = int(np.clip(height * rng.uniform(0.5, 1.2), 8, 400))
        photograph = backgrounds.scenery(height, extra, rng)
        first = rng.random() < 0.5
        parts = (photograph, panel.image) if first else (panel.image, photograph)
        image, corner = np.concatenate(parts, axis=1), (extra if first else 0, 0)
    return moved(panel, image, np.full(image.shape[:2], 255, np.uint8), corner)


def _with_margin(lettering: Lettering, paper: bool, rng: np.random.Generator) -> Lettering:
    """Room round the lettering: a little, but now and then a lot on one side of a sign."""
    height, width = lettering.alpha.shape
    least = min(height, width)
    sides = rng.uniform(0.02, 0.3, 4) * least if not paper else rng.uniform(0.02, 0.12, 4) * least
    if not paper and rng.random() < 0.2:
        sides[rng.integers(4)] += rng.uniform(0.3, 1.2) * least
    top, bottom, left, right = (int(side) for side in sides)
    alpha = np.pad(lettering.alpha, ((top, bottom), (left, right)))
    corner = np.array([left, top], np.float32)
    details = tuple(detail.mapped(lambda points: points + corner) for detail in lettering.details)
    return Lettering(alpha, lettering.quads + corner, lettering.texts, details)


def _ground(
    height: int, width: int, backgrounds: Backgrounds, rng: np.random.Generator, paper: bool
) -> tuple[Image, Floats]:
    """A board's surface and its mean colour."""
    if paper:
        level = rng.uniform(190, 255) if rng.random() < 0.75 else rng.uniform(0, 60)
        colour = np.asarray(np.clip(level + rng.normal(0, 6, 3), 0, 255), np.float32)
        image = np.empty((height, width, 3), np.uint8)
        image[:] = colour
        return image, colour
    image = graded(height, width, rng)
    if rng.random() < 0.25:
        other = backgrounds.patch(height, width, rng)
        weight = rng.uniform(0.1, 0.5)
        image = np.asarray(cv2.addWeighted(image, 1 - weight, other, weight, 0), np.uint8)
    image = np.ascontiguousarray(image)
    return image, np.asarray(cv2.mean(image)[:3], np.float32)


def _decorate(image: Image, free: Bools, ground: Floats, rng: np.random.Generator) -> None:
    """Border, rules and icons in place, where `free` (H, W) is true."""
    height, width = image.shape[:2]
    mask = np.zeros((height, width), np.uint8)
    least = min(height, width)
    if rng.random() < 0.4:
        thick = max(1, round(least * rng.uniform(0.01, 0.06)))
        inset = int(rng.integers(0, 3) * thick)
        cv2.rectangle(mask, (inset, inset), (width - 1 - inset, height - 1 - inset), 255, thick)
    for _ in range(rng.integers(1, 3) if rng.random() < 0.3 else 0):
        side = int(np.clip(least * rng.uniform(0.15, 0.7), 8, least))
        x, y = rng.integers(width - side + 1), rng.integers(height - side + 1)
        if free[y : y + side, x : x + side].all():
            mask[y : y + side, x : x + side] = clutter.icon(side, rng)
    if rng.random() < 0.15:
        y = int(rng.integers(height))
        if free[y : y + 2].all():
            mask[y : y + 2] = 255
    if mask.any():
        paint = materials.plain(mask.shape, contrasting_colour(ground, 30, rng))
        cv2.copyTo(paint, (free & (mask > 127)).view(np.uint8), image)


def _backed(
    image: Image, alpha: Image, colour: Floats, rng: np.random.Generator
) -> tuple[Image, Image]:
    """Bare lettering with a shadow, a glow or an outline behind it: its picture and its cover."""
    style = rng.random()
    if style < 0.5:
        under = materials.shadow_of(alpha, rng)
        behind = np.float32(0.3) * light_and_colour(rng)
    elif style < 0.7:
        soft = materials.softened(alpha, 1 + 0.05 * min(alpha.shape))
        under = np.asarray(cv2.convertScaleAbs(soft, alpha=rng.uniform(0.5, 1.2)), np.uint8)
        behind = light_and_colour(rng) if luminance(colour) > 127 else np.full(3, 255, np.float32)
    else:
        under = np.asarray(cv2.dilate(alpha, np.ones((3, 3), np.uint8)), np.uint8)
        behind = materials.opposite(colour)
    canvas = materials.mixed(materials.plain(alpha.shape, behind), image, alpha)
    return canvas, np.maximum(alpha, under)


def _rounded(height: int, width: int, radius: int) -> Image:
    """A full cover with round corners."""
    cover = np.zeros((height, width), np.uint8)
    radius = max(1, min(radius, (min(height, width) - 1) // 2))
    cv2.rectangle(cover, (radius, 0), (width - 1 - radius, height - 1), 255, -1)
    cv2.rectangle(cover, (0, radius), (width - 1, height - 1 - radius), 255, -1)
    for x in (radius, width - 1 - radius):
        for y in (radius, height - 1 - radius):
            cv2.circle(cover, (x, y), radius, 255, -1, cv2.LINE_AA)
    return cover
