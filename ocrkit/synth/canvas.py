"""A scene in the making: what is painted, what is written on it, and where there is room left."""

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.synth import materials, regions
from ocrkit.synth.effects import blur
from ocrkit.synth.lettering import Detail, grown
from ocrkit.synth.panels import Panel
from ocrkit.synth.places import Plane
from ocrkit.synth.regions import Region
from ocrkit.types import Floats, Image

CELL = 8  # px; the grid on which room for panels is sought
LARGEST = 0.94  # of the picture that a panel may fill


class Canvas:
    """A picture, and the words on it.

    Args:
        image: (H, W, 3) uint8; painted on in place.
        tilt: How the camera is turned, degrees.
        planes: Walls in the picture.
    """

    def __init__(self, image: Image, tilt: float, planes: list[Plane]) -> None:
        self.image = image
        self.tilt = tilt
        self.planes = planes
        self.quads: list[Floats] = []
        self.texts: list[str] = []
        self.details: list[Detail] = []
        height, width = image.shape[:2]
        self._taken = np.zeros((height // CELL, width // CELL), np.uint8)
        self._busy: Floats | None = None
        self._regions: list[Region] | None = None
        self._lines = 0

    @property
    def size(self) -> tuple[int, int]:
        """(height, width) px."""
        height, width = self.image.shape[:2]
        return height, width

    def write(self, panel: Panel, outline: Floats, rng: np.random.Generator) -> None:
        """Paint a panel and take its words."""
        matrix = self.paste(panel, outline, rng)
        self.quads += list(geometry.project(matrix, grown(panel.quads)))
        self.texts += panel.texts
        for detail in panel.details:
            placed = detail.mapped(lambda points: geometry.project(matrix, points))
            self.details.append(placed._replace(line=self._lines + detail.line))
        self._lines += 1 + max((detail.line for detail in panel.details), default=0)
        # A cell more all round, since edges cut through cells, and panels do not touch.
        self._taken |= cv2.dilate(self._cells(outline), np.ones((3, 3), np.uint8))

    def paste(self, panel: Panel, outline: Floats, rng: np.random.Generator) -> NDArray[np.float64]:
        """Paint `panel` so that its corners lie on `outline`; the homography that does it."""
        flat = geometry.full_quad((panel.cover.shape[0], panel.cover.shape[1]))
        matrix = geometry.homography(flat, outline)
        rows, columns = self.image.shape[:2]
        left, top = np.maximum(np.floor(outline.min(axis=0)), 0).astype(int)
        right, bottom = np.minimum(np.ceil(outline.max(axis=0)), (columns, rows)).astype(int)
        if left >= right or top >= bottom:
            return matrix
        shift = np.array([left, top], np.float32)
        # cv2 counts from the centres of pixels, quads from their corners: hence the halves.
        half = np.float32(0.5)
        local = geometry.homography(flat - half, outline - shift - half)
        soft, opaque = _filtered(panel, outline)
        size = (int(right - left), int(bottom - top))
        flat_seen = cv2.warpPerspective(soft, local, size, borderMode=cv2.BORDER_REPLICATE)
        image = np.asarray(flat_seen, np.uint8)
        cover = np.asarray(cv2.warpPerspective(opaque, local, size), np.uint8)
        if rng.random() < 0.25:
            sigma = rng.uniform(0.4, 0.9)
            image, cover = blur(image, sigma), blur(cover, sigma)
        target = self.image[top:bottom, left:right]
        target[:] = materials.mixed(target, image, cover)
        return matrix

    def room(self, outline: Floats, rng: np.random.Generator, smooth: bool) -> Floats | None:
        """The outline, which begins at (0, 0), where nothing is yet; or None.

        If `smooth`, on the calmest of several places.
        """
        columns, rows = (np.ceil(outline.max(axis=0) / CELL).astype(int)).tolist()
        free = np.flatnonzero(_sums(self._taken, rows, columns) == 0)
        if not len(free):
            return None
        candidates = free[rng.integers(len(free), size=12 if smooth else 2)]
        busy = _sums(self._edges(), rows, columns)
        best = candidates[np.argmin(busy.ravel()[candidates])]
        y, x = divmod(int(best), busy.shape[1])
        return outline + np.array([x, y], np.float32) * CELL

    def room_at_edge(self, outline: Floats, rng: np.random.Generator) -> Floats | None:
        """The outline where the picture's edge cuts it, or None if something is there."""
        height, width = self.size
        span = np.ptp(outline, axis=0)
        corner = rng.uniform(0, 1, 2) * (np.array([width, height]) - span)
        axis, outside = rng.integers(2), rng.uniform(0.05, 0.7)
        near, far = -outside * span[axis], (width, height)[axis] - (1 - outside) * span[axis]
        corner[axis] = near if rng.random() < 0.5 else far
        moved = np.asarray(outline + corner, np.float32)
        return moved if self._is_free(moved) else None

    def room_on_wall(
        self, size: tuple[float, float], rng: np.random.Generator, cut: bool
    ) -> Floats | None:
        """The outline of a panel of about (height, width) px that lies on one of the planes."""
        height, width = self.size
        for _ in range(8):
            point = (rng.uniform(0, 1, 2) * (width, height)).astype(np.float32)
            outline = self._on_wall(size, point, rng)
            if outline is None:
                continue
            low, high = outline.min(axis=0), outline.max(axis=0)
            inside = (low >= 0).all() and (high <= (width, height)).all()
            largest = (high - low <= LARGEST * np.array([width, height])).all()
            if (inside or cut) and largest and self._is_free(outline):
                return outline
        return None

    def room_on_region(self, size: tuple[float, float], rng: np.random.Generator) -> Floats | None:
        """An outline of (height, width) px, or smaller, within one calm region; or None."""
        if self._regions is None:
            self._regions = regions.find(self.image, CELL)
        if not self._regions:
            return None
        region = self._regions[rng.integers(len(self._regions))]
        middle = np.argwhere(region.cells).mean(axis=0)[::-1].astype(np.float32) * CELL
        free = region.cells & (1 - self._taken)
        for scale in (1.0, 0.7, 0.5):
            wanted = (size[0] * scale, size[1] * scale)
            flat = region.outline(wanted, middle, middle)
            columns, rows = np.ceil(np.ptp(flat, axis=0) / CELL).astype(int).tolist()
            fits = np.flatnonzero(_sums(free, rows, columns) >= 0.93 * rows * columns)
            if len(fits):
                across = free.shape[1] - columns + 1
                y, x = divmod(int(fits[rng.integers(len(fits))]), across)
                centre = np.array([x + columns / 2, y + rows / 2], np.float32) * CELL
                outline = region.outline(wanted, centre, middle)
                return outline if self._is_inside(outline) and self._is_free(outline) else None
        return None

    def _on_wall(
        self, size: tuple[float, float], point: Floats, rng: np.random.Generator
    ) -> Floats | None:
        """The panel about a point of the picture, on the plane that is seen there."""
        for plane in reversed(self.planes):
            u, v = geometry.project(_inverse(plane.matrix), point[None])[0].tolist()
            if not (0 < u < plane.size[1] and 0 < v < plane.size[0]):
                continue
            ends = geometry.project(plane.matrix, np.array([[u, v - 2], [u, v + 2]], np.float32))
            scale = float(np.linalg.norm(ends[1] - ends[0])) / 4
            tall, wide = size[0] / scale, size[1] / scale
            box = np.array([[0, 0], [wide, 0], [wide, tall], [0, tall]], np.float32)
            box += np.array([u - wide * rng.uniform(0.2, 0.8), v - tall / 2], np.float32)
            if (box < 0).any() or (box > plane.size[::-1]).any():
                return None
            return geometry.project(plane.matrix, box)
        return None

    def _is_inside(self, outline: Floats) -> bool:
        height, width = self.size
        return bool((outline >= 0).all() and (outline <= (width, height)).all())

    def _is_free(self, outline: Floats) -> bool:
        return not (self._taken & self._cells(outline)).any()

    def _cells(self, outline: Floats) -> Image:
        cells = np.zeros_like(self._taken)
        cv2.fillConvexPoly(cells, np.floor(outline / CELL).astype(np.int32), 1)
        return cells

    def _edges(self) -> Floats:
        """How busy each cell is; measured once, as panels are not painted over each other."""
        if self._busy is None:
            grey = cv2.cvtColor(self.image, cv2.COLOR_RGB2GRAY)
            change = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
            rows, columns = self._taken.shape
            change = cv2.resize(change, (columns, rows), interpolation=cv2.INTER_AREA)
            self._busy = np.asarray(change, np.float32)
        return self._busy


def seen(
    size: tuple[float, ...], room: tuple[int, int], tilt: float, rng: np.random.Generator
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
    angle = tilt + rng.normal(0, 2.5)
    if rng.random() < 0.07:
        angle = rng.normal(0, 25)
    elif rng.random() < 0.02:
        angle = rng.choice([-90.0, 90.0])
    cos, sin = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    corners = corners @ np.array([[cos, sin], [-sin, cos]], np.float32)
    corners -= corners.min(axis=0)
    most = LARGEST * np.array([room[1], room[0]])
    corners *= min(1.0, float((most / corners.max(axis=0)).min()))
    return np.asarray(corners, np.float32)


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _filtered(panel: Panel, outline: Floats) -> tuple[Image, Image]:
    """The panel's picture and cover, soft enough to be made as small as the outline."""
    height, width = panel.cover.shape
    scale = math.sqrt(max(float(geometry.area(outline)), 1.0) / (height * width))
    if scale > 0.8:
        return panel.image, panel.cover
    sigma = 0.35 * math.sqrt(1 / scale**2 - 1)
    cover = np.asarray(cv2.GaussianBlur(panel.cover, (0, 0), sigma), np.uint8)
    return blur(panel.image, sigma), cover


def _sums(grid: NDArray[np.uint8] | Floats, rows: int, columns: int) -> NDArray[np.float64]:
    """Sums over all windows of `rows` x `columns` cells; empty if the grid is smaller than that."""
    if rows > grid.shape[0] or columns > grid.shape[1]:
        return np.zeros((0, 1))
    total = cv2.integral(grid, sdepth=cv2.CV_64F)
    lower, upper = total[rows:], total[: total.shape[0] - rows]
    across = lower - upper
    return np.asarray(across[:, columns:] - across[:, : across.shape[1] - columns])
