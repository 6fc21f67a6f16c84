"""Synthetic scenes: pictures with many words on signs, walls and pages, as a camera sees them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import shapely

from ocrkit import geometry
from ocrkit.synth import camera, clutter, occlusion, panels, places
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.canvas import Canvas, seen
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.cylinder import wrapped
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.lettering import MARGIN, Detail
from ocrkit.synth.panels import Panel
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.typesetter import Typesetter, drawn_height
from ocrkit.synth.words import Typefaces
from ocrkit.types import Bools, Floats, Image, Sample

LEAST_HEIGHT = 7.0  # px; smaller words are ignored
LEAST_PITCH = 0.35  # times the least height: so wide a character must be
LEAST_PER_BLUR = 4.0  # times the blur's standard deviation: so high a word must be, beside
LEAST_SPREAD = 6.0  # grey levels; words whose quad varies less are ignored: nobody can read them
COVERED, HIDDEN = 0.4, 0.85  # shares of a quad: from these on a word is ignored, and left out
CUT, OUTSIDE = 0.06, 0.85  # the same of what lies outside the picture


class DetailedSample(NamedTuple):
    """A scene, and more of its words than detectors need.

    Attributes:
        sample: Picture, quads, texts, ignored.
        outlines: N of (2 K, 2) float32: K points along a word's top, K back along its bottom. They
            follow curved words, and go on where the picture's edge cuts a word.
        characters: N of (M, 4, 2) float32: round the ink of the M characters of the word's text.
        lines: N numbers: words with the same one stand on one line, in this order.
    """

    sample: Sample
    outlines: tuple[Floats, ...]
    characters: tuple[Floats, ...]
    lines: tuple[int, ...]


class SceneGenerator:
    """An endless source of scenes; sample i of seed s is the same on every machine.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What the signs stand before.
        size: (height, width) of the scenes, px.
        words: About how few and how many words a scene holds; pages hold more.
        style: How often each effect occurs.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        size: tuple[int, int] = (720, 1280),
        words: tuple[int, int] = (2, 36),
        style: SceneStyle | None = None,
    ) -> None:
        typefaces = Typefaces(fonts if fonts is not None else find_fonts())
        self.typesetter = Typesetter(corpus or Corpus(), typefaces)
        self.backgrounds = backgrounds or Backgrounds()
        self.size = size
        self.words = words
        self.style = style or SceneStyle()

    def stream(self, seed: int, start: int = 0, step: int = 1) -> Iterator[Sample]:
        """Samples `start`, `start + step`, ... of `seed`; `step` workers share one sequence."""
        index = start
        while True:
            yield self.sample(np.random.default_rng((seed, index)))
            index += step

    def sample(self, rng: np.random.Generator) -> Sample:
        """One scene with at least one word."""
        return self._drawn(rng)[0]

    def detailed(self, rng: np.random.Generator) -> DetailedSample:
        """The same scene as `sample` of an equal `rng`, with outlines, characters and lines."""
        sample, details = self._drawn(rng)
        return DetailedSample(
            sample,
            tuple(detail.outline() for detail in details),
            tuple(detail.characters() for detail in details),
            tuple(detail.line for detail in details),
        )

    def _drawn(self, rng: np.random.Generator) -> tuple[Sample, list[Detail]]:
        while True:
            canvas = self._composed(rng)
            mask = self._occluded(canvas, rng)
            image, softness = camera.taken(canvas.image, self.style, rng)
            sample, details = _labelled(canvas, image, mask, softness)
            # All of a scene's words may have been hidden.
            if sample.texts:
                return sample, details

    def _composed(self, rng: np.random.Generator) -> Canvas:
        """A scene with all its words, before anything stands in front of it."""
        canvas = self._scenery(rng)
        low, high = self.words
        # Most scenes hold few words, some hold many.
        wanted = round(low + (high - low) * rng.beta(1, 2))
        if rng.random() < self.style.page:
            self._add_page(canvas, rng)
        attempts = 0
        while (len(canvas.texts) < wanted and attempts < 12) or not canvas.texts:
            self._add_words(canvas, max(wanted - len(canvas.texts), 1), rng)
            attempts += 1
        return canvas

    def _scenery(self, rng: np.random.Generator) -> Canvas:
        """A place, a photograph or a pattern, with pieces of others in it, without text."""
        height, width = self.size
        tilt, style = rng.normal(0, 7), self.style
        if rng.random() < style.room and min(self.size) >= 200:
            canvas = Canvas(*_built(self.size, tilt, self.backgrounds, rng))
        else:
            wall = clutter.texture if rng.random() < 0.04 else self.backgrounds.scenery
            canvas = Canvas(np.ascontiguousarray(wall(height, width, rng)), tilt, [])
        if rng.random() < style.distractors:
            for _ in range(rng.integers(1, 6)):
                self._add_clutter(canvas, rng)
            for _ in range(rng.integers(0, 4)):
                point = rng.uniform((0, 0.4), (1, 1)) * (width, height)
                occlusion.stand(canvas.image, (point[0], point[1]), rng)
        return canvas

    def _add_clutter(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """A texture, a picture or an empty sign."""
        height, width = self.size
        sides = np.exp(rng.uniform(np.log(0.06), np.log(0.45), 2)) * (height, width)
        tall, wide = (max(8, int(side)) for side in sides)
        outline = canvas.room_on_wall((tall, wide), rng, cut=True) if canvas.planes else None
        if outline is None:
            outline = seen((tall, wide), self.size, canvas.tilt, rng)
            room = np.array([width, height]) - np.ptp(outline, axis=0)
            outline = np.asarray(outline + rng.uniform(0, 1, 2) * room, np.float32)
        piece = panels.blank(tall, wide, self.backgrounds, self.style, rng)
        canvas.paste(panels.finished(piece, self.backgrounds, self.style, rng), outline, rng)

    def _add_page(self, canvas: Canvas, rng: np.random.Generator) -> None:
        """A page, a board or a screen that fills much of the scene."""
        height, width = self.size
        room = (int(height * rng.uniform(0.4, 0.9)), int(width * rng.uniform(0.3, 0.85)))
        page = self.typesetter.page(room, math.exp(rng.uniform(math.log(9), math.log(28))), rng)
        if page is not None:
            panel = panels.board(page, self.backgrounds, self.style, rng, paper=True)
            self._hang(canvas, panel, 1.0, rng)

    def _add_words(self, canvas: Canvas, most: int, rng: np.random.Generator) -> None:
        """A sign, or bare lettering, where there is room."""
        size = math.exp(rng.normal(math.log(30), 0.7))
        if rng.random() < self.style.distant:
            size = math.exp(rng.uniform(math.log(4.5), math.log(15)))
        capitals = min(size, 120.0, min(self.size) / 5)
        # Small letters are drawn large and made small, as a camera does it.
        drawn = drawn_height(capitals * (rng.uniform(1.5, 2.5) if capitals < 16 else 1.0))
        if rng.random() < self.style.signs:
            panel = self._sign(drawn, most, rng)
            if panel is not None:
                self._hang(canvas, panel, drawn / capitals, rng)
        else:
            self._add_bare(canvas, drawn, drawn / capitals, most, rng)

    def _sign(self, capitals: float, most: int, rng: np.random.Generator) -> Panel | None:
        """A sign of one of many kinds; None if it has come out empty."""
        style, setter, kind = self.style, self.typesetter, rng.random()
        rare = np.cumsum([style.receipt, style.plate, style.screen, style.neon])
        if kind < rare[0]:
            text = setter.receipt(capitals, most, rng)
            return text and panels.board(text, self.backgrounds, style, rng, paper=True)
        if kind < rare[1]:
            text = setter.plate(capitals, rng)
            return text and panels.plate(text, rng)
        text = setter.sign(capitals, most, rng)
        if text is None:
            return None
        if kind < rare[3]:
            return panels.shining(text, self.backgrounds, bool(kind >= rare[2]), rng)
        panel = panels.board(text, self.backgrounds, style, rng)
        return wrapped(panel, rng) if rng.random() < style.cylinder else panel

    def _hang(self, canvas: Canvas, panel: Panel, finer: float, rng: np.random.Generator) -> None:
        """Put a panel, drawn `finer` times as large as wanted, on a wall or where there is room."""
        height, width = panel.cover.shape
        size = (height / finer, width / finer)
        cut = bool(rng.random() < self.style.cut)
        outline = None
        if canvas.planes and rng.random() < 0.9:
            outline = canvas.room_on_wall(size, rng, cut)
        elif cut:
            outline = canvas.room_at_edge(seen(size, self.size, canvas.tilt, rng), rng)
        if outline is None and (not canvas.planes or rng.random() < 0.3 or not canvas.texts):
            outline = canvas.room(seen(size, self.size, canvas.tilt, rng), rng, smooth=False)
        if outline is not None:
            canvas.write(panel, outline, rng)

    def _add_bare(
        self, canvas: Canvas, drawn: float, finer: float, most: int, rng: np.random.Generator
    ) -> None:
        """Paint lettering, set `finer` times as large as wanted, where the picture is calm."""
        lettering = self.typesetter.lettering(drawn, most, rng)
        if lettering is None:
            return
        height, width = lettering.alpha.shape
        size, outline = (height / finer, width / finer), None
        if canvas.planes and rng.random() < 0.9:
            outline = canvas.room_on_wall(size, rng, cut=False)
            if outline is None and canvas.texts:
                return
        elif rng.random() < self.style.regions:
            outline = canvas.room_on_region(size, rng)
        if outline is None:
            outline = canvas.room(seen(size, self.size, canvas.tilt, rng), rng, smooth=True)
        if outline is None:
            return
        x0, y0 = np.maximum(outline.min(axis=0), 0).astype(int)
        x1, y1 = np.ceil(outline.max(axis=0)).astype(int)
        wall = canvas.image[y0:y1, x0:x1]
        ground = np.array(cv2.mean(wall)[:3], np.float32)
        spread = float(cv2.meanStdDev(cv2.cvtColor(wall, cv2.COLOR_RGB2GRAY))[1][0, 0])
        canvas.write(panels.bare(lettering, ground, spread, self.style, rng), outline, rng)

    def _occluded(self, canvas: Canvas, rng: np.random.Generator) -> Image:
        """Put things in front of the scene, mostly of its words; where they hide it."""
        height, width = self.size
        mask = np.zeros(self.size, np.uint8)
        for _ in range(rng.integers(1, 5) if rng.random() < self.style.occluded else 0):
            at = rng.uniform(0, 1, 2) * (width, height)
            if rng.random() < 0.6:
                at = canvas.quads[rng.integers(len(canvas.quads))].mean(axis=0)
            np.maximum(mask, occlusion.stand(canvas.image, (at[0], at[1]), rng), out=mask)
        return mask


def _built(
    size: tuple[int, int], tilt: float, backgrounds: Backgrounds, rng: np.random.Generator
) -> tuple[Image, float, list[places.Plane]]:
    image, planes = places.build(size, tilt, backgrounds, rng)
    return image, tilt, planes


def _labelled(
    canvas: Canvas, image: Image, mask: Image, softness: float
) -> tuple[Sample, list[Detail]]:
    """The words that are still in the picture, and which of them nobody can read."""
    quads, outside = _framed(np.stack(canvas.quads), canvas.size)
    hidden = occlusion.covered(mask, quads) if mask.any() else np.zeros(len(quads))
    kept = np.flatnonzero((outside < OUTSIDE) & (hidden < HIDDEN))
    quads = quads[kept]
    texts = tuple(canvas.texts[index] for index in kept)
    ignored = _illegible(image, quads, softness) | too_narrow(quads, texts, LEAST_HEIGHT)
    ignored |= (outside[kept] > CUT) | (hidden[kept] > COVERED)
    return Sample(image, quads, texts, ignored), [canvas.details[index] for index in kept]


def _framed(quads: Floats, size: tuple[int, int]) -> tuple[Floats, Floats]:
    """Quads round what lies inside the picture, and the share (N,) that does not."""
    height, width = size
    far = np.array([width, height], np.float32)
    outside = np.zeros(len(quads), np.float32)
    framed = quads.copy()
    for index in np.flatnonzero(((quads < 0) | (quads > far)).any(axis=(1, 2))):
        whole = shapely.convex_hull(shapely.polygons(quads[index]))
        part = shapely.intersection(whole, shapely.box(0, 0, width, height))
        outside[index] = 1 - part.area / max(whole.area, 1e-9)
        if part.area > 1:
            ring = shapely.get_coordinates(part).astype(np.float32)
            framed[index] = _cut(quads[index], ring)
    return np.clip(framed, 0, far), outside


def _cut(quad: Floats, ring: Floats) -> Floats:
    """The piece of a quad that just holds `ring` (K, 2), points within the quad."""
    square = np.array([[0, 0], [1, 0], [1, 1], [0, 1]], np.float32)
    inside = geometry.project(geometry.homography(quad, square), ring)
    (left, top), (right, bottom) = inside.min(axis=0), inside.max(axis=0)
    box = np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
    return geometry.project(geometry.homography(square, quad), box)


def too_narrow(quads: Floats, texts: Sequence[str | None], least_height: float) -> Bools:
    """Of which words (N, 4, 2) the characters run together, seen from the side as they are; (N,).

    `least_height` (px) is that of a word seen from the front that can just be read.
    """
    lengths = np.array([len(text or "") for text in texts], np.float32)
    return np.asarray(geometry.extent(quads)[1] < LEAST_PITCH * least_height * lengths)


def _illegible(image: Image, quads: Floats, softness: float = 0.0) -> Bools:
    """Which words are too small, too soft or too faint to be read; (N,)."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    least = max(LEAST_HEIGHT, LEAST_PER_BLUR * softness) * (1 + 2 * MARGIN)
    small = geometry.extent(quads)[0] < least
    target = np.array([[0, 0], [48, 0], [48, 16], [0, 16]], np.float32)
    spreads = []
    for quad in quads:
        seen_flat = cv2.warpPerspective(grey, geometry.homography(quad, target), (48, 16))
        spreads.append(float(seen_flat.std()))
    return np.asarray(small | (np.array(spreads) < LEAST_SPREAD))
