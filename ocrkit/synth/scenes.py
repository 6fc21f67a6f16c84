"""Synthetic scenes: pictures with many words on signs, walls and pages, as a camera sees them."""

import math
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.synth import clutter, panels
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.effects import blur, photograph
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.lettering import Lettering
from ocrkit.synth.panels import Panel, Typesetter
from ocrkit.synth.words import Typefaces
from ocrkit.types import Bools, Floats, Image, Sample

CELL = 8  # px; the grid on which room for panels is sought
MARGIN = 0.06  # of a word's height, between its ink and its quad
LEAST_HEIGHT = 7.0  # px; smaller words are ignored
LEAST_SPREAD = 6.0  # grey levels; words whose quad varies less are ignored: nobody can read them


class SceneGenerator:
    """An endless source of scenes; sample i of seed s is the same on every machine.

    Args:
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What the signs stand before.
        size: (height, width) of the scenes, px.
        words: About how few and how many words a scene holds; pages hold more.
    """

    def __init__(
        self,
        corpus: Corpus | None = None,
        fonts: Sequence[Path] | None = None,
        backgrounds: Backgrounds | None = None,
        size: tuple[int, int] = (720, 1280),
        words: tuple[int, int] = (5, 40),
    ) -> None:
        typefaces = Typefaces(fonts if fonts is not None else find_fonts())
        self.typesetter = Typesetter(corpus or Corpus(), typefaces)
        self.backgrounds = backgrounds or Backgrounds()
        self.size = size
        self.words = words

    def stream(self, seed: int, start: int = 0, step: int = 1) -> Iterator[Sample]:
        """Samples `start`, `start + step`, ... of `seed`; `step` workers share one sequence."""
        index = start
        while True:
            yield self.sample(np.random.default_rng((seed, index)))
            index += step

    def sample(self, rng: np.random.Generator) -> Sample:
        """One scene with at least one word."""
        tilt = rng.normal(0, 3)
        scene = _Scene(self._scenery(tilt, rng), tilt)
        low, high = self.words
        # Most scenes hold few words, some hold many.
        wanted = round(low + (high - low) * rng.beta(1, 2))
        if rng.random() < 0.1:
            self._add_page(scene, rng)
        attempts = 0
        while (len(scene.texts) < wanted and attempts < 12) or not scene.texts:
            self._add_words(scene, wanted - len(scene.texts), rng)
            attempts += 1
        return _photographed(scene, rng)

    def _scenery(self, tilt: float, rng: np.random.Generator) -> Image:
        """A background with pieces of other pictures and patterns in it, without text."""
        height, width = self.size
        wall = clutter.texture if rng.random() < 0.06 else self.backgrounds.scenery
        scene = _Scene(np.ascontiguousarray(wall(height, width, rng)), tilt)
        for _ in range(rng.integers(1, 9) if rng.random() < 0.75 else 0):
            sides = (np.exp(rng.uniform(np.log(0.08), np.log(0.6), 2)) * (height, width)).astype(
                int
            )
            piece = panels.blank(
                max(8, int(sides[0])), max(8, int(sides[1])), self.backgrounds, rng
            )
            outline = _seen(piece.cover.shape, self.size, tilt, rng)
            corner = rng.uniform(0, 1, 2) * (np.array([width, height]) - np.ptp(outline, axis=0))
            scene.paste(piece, outline + corner.astype(np.float32), rng)
        return scene.image

    def _add_page(self, scene: "_Scene", rng: np.random.Generator) -> None:
        """A page, a board or a screen that fills much of the scene."""
        height, width = self.size
        room = (int(height * rng.uniform(0.4, 0.9)), int(width * rng.uniform(0.3, 0.85)))
        page = self.typesetter.page(room, math.exp(rng.uniform(math.log(9), math.log(28))), rng)
        if page is not None:
            scene.add(panels.board(page, self.backgrounds, rng, paper=True), rng)

    def _add_words(self, scene: "_Scene", most: int, rng: np.random.Generator) -> None:
        """A sign, or bare lettering, where there is room."""
        size = math.exp(rng.normal(math.log(19), 0.6))
        capitals = min(max(size, 6.5), 110.0, min(self.size) / 5)
        if rng.random() < 0.62:
            lettering = self.typesetter.sign(capitals, max(most, 1), rng)
            if lettering is not None:
                scene.add(panels.board(lettering, self.backgrounds, rng), rng)
        else:
            lettering = self.typesetter.lettering(capitals, max(most, 1), rng)
            if lettering is not None:
                scene.add_bare(lettering, rng)


class _Scene:
    """A picture in the making, and where there is room left in it.

    Args:
        image: (H, W, 3) uint8; painted on in place.
        tilt: How the camera is turned, degrees.
    """

    def __init__(self, image: Image, tilt: float) -> None:
        self.image = image
        self.tilt = tilt
        self.quads: list[Floats] = []
        self.texts: list[str] = []
        height, width = image.shape[:2]
        self._taken = np.zeros((height // CELL, width // CELL), np.uint8)
        self._busy: Floats | None = None

    def add(self, panel: Panel, rng: np.random.Generator) -> None:
        """Paste a panel and its words where there is room; nothing happens where there is none."""
        outline = _seen(panel.cover.shape, self._size, self.tilt, rng)
        corner = self._place(outline, rng, smooth=False)
        if corner is not None:
            self._paste_words(panel, outline + corner, rng)

    def add_bare(self, lettering: Lettering, rng: np.random.Generator) -> None:
        """Paint lettering where there is room and the picture is calm."""
        outline = _seen(lettering.alpha.shape, self._size, self.tilt, rng)
        corner = self._place(outline, rng, smooth=True)
        if corner is None:
            return
        outline += corner
        (x0, y0), (x1, y1) = (
            outline.min(axis=0).astype(int),
            np.ceil(outline.max(axis=0)).astype(int),
        )
        wall = self.image[y0:y1, x0:x1]
        ground = np.array(cv2.mean(wall)[:3], np.float32)
        spread = float(cv2.meanStdDev(cv2.cvtColor(wall, cv2.COLOR_RGB2GRAY))[1][0, 0])
        self._paste_words(panels.bare(lettering, ground, spread, rng), outline, rng)

    def paste(self, panel: Panel, outline: Floats, rng: np.random.Generator) -> NDArray[np.float64]:
        """Paint `panel` so that its corners lie on `outline`; the homography that does it."""
        height, width = panel.cover.shape
        flat = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
        rows, columns = self.image.shape[:2]
        left, top = np.maximum(np.floor(outline.min(axis=0)), 0).astype(int)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)), (columns, rows)).astype(int)
        shift = np.array([left, top], np.float32)
        # cv2 counts from the centres of pixels, quads from their corners: hence the halves.
        half = np.float32(0.5)
        matrix = geometry.homography(flat - half, outline - shift - half)
        size = (int(right - left), int(bottom - top))
        image = cv2.warpPerspective(panel.image, matrix, size, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.warpPerspective(panel.cover, matrix, size)
        if rng.random() < 0.4:
            sigma = rng.uniform(0.4, 0.9)
            image, cover = (
                blur(np.asarray(image, np.uint8), sigma),
                cv2.GaussianBlur(cover, (0, 0), sigma),
            )
        target = self.image[top:bottom, left:right]
        target[:] = _mixed(target, np.asarray(image, np.uint8), np.asarray(cover, np.uint8))
        return geometry.homography(flat, outline)

    def _paste_words(self, panel: Panel, outline: Floats, rng: np.random.Generator) -> None:
        matrix = self.paste(panel, outline, rng)
        quads = geometry.project(matrix, _grown(panel.quads))
        self.quads += list(quads)
        self.texts += panel.texts
        cells = np.zeros_like(self._taken)
        cv2.fillConvexPoly(cells, np.floor(outline / CELL).astype(np.int32), 1)
        # A cell more all round, since edges cut through cells, and panels do not touch.
        self._taken |= cv2.dilate(cells, np.ones((3, 3), np.uint8))

    @property
    def _size(self) -> tuple[int, int]:
        height, width = self.image.shape[:2]
        return height, width

    def _place(self, outline: Floats, rng: np.random.Generator, smooth: bool) -> Floats | None:
        """A free place (x, y) for the outline's bounding box, a calm one if `smooth`; or None."""
        columns, rows = (np.ceil(outline.max(axis=0) / CELL).astype(int)).tolist()
        free = np.flatnonzero(_sums(self._taken, rows, columns) == 0)
        if not len(free):
            return None
        candidates = free[rng.integers(len(free), size=12 if smooth else 2)]
        busy = _sums(self._edges(), rows, columns)
        best = candidates[np.argmin(busy.ravel()[candidates])]
        y, x = divmod(int(best), busy.shape[1])
        return np.array([x, y], np.float32) * CELL

    def _edges(self) -> Floats:
        """How busy each cell is; measured once, as panels are not painted over each other."""
        if self._busy is None:
            grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
            change = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
            rows, columns = self._taken.shape
            change = cv2.resize(change, (columns, rows), interpolation=cv2.INTER_AREA)
            self._busy = np.asarray(change, np.float32)
        return self._busy


def _seen(
    size: tuple[int, ...], room: tuple[int, int], tilt: float, rng: np.random.Generator
) -> Floats:
    """The outline (4, 2) of a flat panel as a camera sees it, from (0, 0) on, within `room`."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32) / 2
    corners *= np.array([size[1], size[0]], np.float32)
    if rng.random() < 0.75:
        # Seen from the side: the panel narrows, and its far end is lower than its near one.
        turn, far = rng.uniform(0, 0.9) ** 1.5, rng.uniform(0, 0.35)
        corners[:, 0] *= math.cos(turn)
        near = np.sign(corners[:, 0]) * (1 if rng.random() < 0.5 else -1)
        corners[:, 1] *= 1 - far * turn * (1 + near) / 2
        corners[:, 1] += corners[:, 0] * rng.normal(0, 0.12) * turn
        corners[:, 0] += corners[:, 1] * rng.normal(0, 0.08)
    angle = tilt + rng.normal(0, 3)
    if rng.random() < 0.08:
        angle = rng.normal(0, 25)
    elif rng.random() < 0.02:
        angle = rng.choice([-90.0, 90.0])
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = corners @ np.array([[cos, sin], [-sin, cos]], np.float32)
    corners -= corners.min(axis=0)
    most = 0.94 * np.array([room[1], room[0]])
    corners *= min(1.0, float((most / corners.max(axis=0)).min()))
    return np.asarray(corners, np.float32)


def _grown(quads: Floats) -> Floats:
    """Quads with MARGIN of their height added on every side; upright (N, 4, 2)."""
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    height = quads[:, 3, 1] - quads[:, 0, 1]
    return np.asarray(quads + np.float32(MARGIN) * height[:, None, None] * outwards, np.float32)


def _sums(grid: NDArray[np.uint8] | Floats, rows: int, columns: int) -> NDArray[np.float64]:
    """Sums over all windows of `rows` x `columns` cells; empty if the grid is smaller than that."""
    if rows > grid.shape[0] or columns > grid.shape[1]:
        return np.zeros((0, 1))
    total = cv2.integral(grid, sdepth=cv2.CV_64F)
    lower, upper = total[rows:], total[: total.shape[0] - rows]
    across = lower - upper
    return np.asarray(across[:, columns:] - across[:, : across.shape[1] - columns])


def _mixed(under: Image, over: Image, cover: Image) -> Image:
    """`over` where `cover` (H, W) is 255, `under` where it is 0."""
    weight = cv2.merge([cover] * 3)
    shown = cv2.multiply(over, weight, scale=1 / 255)
    kept = cv2.multiply(under, cv2.bitwise_not(weight), scale=1 / 255)
    return np.asarray(cv2.add(shown, kept), np.uint8)


def _photographed(scene: _Scene, rng: np.random.Generator) -> Sample:
    """The finished scene through a camera, and which of its words can no longer be read."""
    quads = np.stack(scene.quads)
    image = photograph(scene.image, rng, strength=0.7)
    height, width = image.shape[:2]
    quads = np.clip(quads, 0, np.array([width, height], np.float32))
    return Sample(image, quads, tuple(scene.texts), _illegible(image, quads))


def _illegible(image: Image, quads: Floats) -> Bools:
    """Which words are too small, or too faint, to be read; (N,)."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
    small = geometry.extent(quads)[0] < LEAST_HEIGHT * (1 + 2 * MARGIN)
    target = np.array([[0, 0], [48, 0], [48, 16], [0, 16]], np.float32)
    spreads = []
    for quad in quads:
        seen = cv2.warpPerspective(grey, geometry.homography(quad, target), (48, 16))
        spreads.append(float(seen.std()))
    return np.asarray(small | (np.array(spreads) < LEAST_SPREAD))
