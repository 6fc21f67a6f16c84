"""Calm regions of a photograph, and how the surfaces in it lie to the camera."""

from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.types import Floats, Image

LEAST = 12  # cells; smaller regions are left out
STEEPEST = 0.45  # of a surface's lines, as a slope; what is steeper is no line of writing


class Region(NamedTuple):
    """A part of a picture without strong edges.

    Attributes:
        cells: (rows, columns) uint8, 1 on the cells of a grid that belong to it.
        level: (2,) slope of its level lines, dy/dx, at the region's middle, and its change per px
            downwards: level lines of a wall that is seen from the side run together.
        upright: (2,) lean of its upright lines, dx/dy, and its change per px rightwards.
    """

    cells: Image
    level: Floats
    upright: Floats

    def outline(self, size: tuple[float, float], centre: Floats, middle: Floats) -> Floats:
        """A rectangle (height, width) about `centre` that lies flat on the region; (4, 2) px.

        `middle` is the region's own.
        """
        half = np.array([size[1], size[0]], np.float32) / 2
        corners = half * np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
        away = centre - middle + corners
        slope = np.clip(self.level[0] + self.level[1] * away[:, 1], -STEEPEST, STEEPEST)
        lean = np.clip(self.upright[0] + self.upright[1] * away[:, 0], -STEEPEST, STEEPEST)
        sheared = np.stack([lean * corners[:, 1], slope * corners[:, 0]], axis=1)
        return np.asarray(centre + corners + sheared, np.float32)


def find(image: Image, cell: int, most: int = 6) -> list[Region]:
    """The largest calm regions of (H, W, 3) uint8 RGB, on a grid of square cells of `cell` px."""
    rows, columns = image.shape[0] // cell, image.shape[1] // cell
    double = cv2.resize(image, (2 * columns, 2 * rows), interpolation=cv2.INTER_AREA)
    small = cv2.resize(double, (columns, rows), interpolation=cv2.INTER_AREA)
    grey = cv2.cvtColor(double, cv2.COLOR_RGB2GRAY)
    fine = cv2.morphologyEx(grey, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    fine = cv2.resize(fine, (columns, rows), interpolation=cv2.INTER_AREA)
    colour = cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((2, 2), np.uint8)).max(axis=2)
    busy = np.maximum(fine, colour)
    calm = (busy <= np.clip(np.percentile(busy, 40), 6, 26)).astype(np.uint8)
    count, labels, stats, _ = cv2.connectedComponentsWithStats(calm, connectivity=4)
    areas = stats[1:count, cv2.CC_STAT_AREA]
    largest = 1 + np.argsort(-areas, kind="stable")[:most]
    x = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 1, 0), np.float32)
    y = np.asarray(cv2.Sobel(grey, cv2.CV_32F, 0, 1), np.float32)
    return [
        _region(np.asarray(labels == label, np.uint8), x, y, cell / 2)
        for label in largest
        if areas[label - 1] >= LEAST
    ]


def _region(cells: Image, x: Floats, y: Floats, px: float) -> Region:
    """A region from its cells, and the picture's gradient on a grid of twice as many, `px` wide."""
    # The edges that tell how a surface lies run along its border, so these belong to it.
    near = cv2.dilate(cells, np.ones((5, 5), np.uint8))
    near = cv2.resize(near, x.shape[::-1], interpolation=cv2.INTER_NEAREST)
    rows, columns = np.nonzero(near)
    gx, gy = x[rows, columns], y[rows, columns]
    right, down = (columns - columns.mean()) * px, (rows - rows.mean()) * px
    level = _line(-gx, gy, down)
    upright = _line(-gy, gx, right)
    return Region(cells, level, upright)


def _line(rise: Floats, run: Floats, away: Floats) -> Floats:
    """Least squares of `rise / run` = a + b `away`, where that is not steep; (a, b)."""
    chosen = (np.abs(rise) < STEEPEST * np.abs(run)) & (np.abs(run) > 12)
    if chosen.sum() < 30:
        return np.zeros(2, np.float32)
    rise, run, away = rise[chosen], run[chosen], away[chosen]
    # Weighted by run squared, so that strong edges count; a ridge keeps weak evidence near 0.
    design = np.stack([run, run * away], axis=1)
    ridge = np.diag([1e3, 1e3 * 200.0**2]) * (run**2).mean() / 40
    found = np.linalg.solve(design.T @ design + ridge, design.T @ rise)
    return np.asarray(np.clip(found, [-STEEPEST, -1e-3], [STEEPEST, 1e-3]), np.float32)
