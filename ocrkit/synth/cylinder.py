"""Labels that go round something: bottles, cans, pillars."""

import math
from typing import NamedTuple

import cv2
import numpy as np

from ocrkit.synth.lettering import subdivided
from ocrkit.synth.panels import Panel
from ocrkit.types import Floats, Image


class Cylinder(NamedTuple):
    """An upright cylinder that carries a panel on the side towards the camera.

    Attributes:
        width: Of the flat panel, px.
        angle: How far the panel goes round, radians, less than pi.
        drop: How much lower its edges are seen than its middle, px; negative from below.
    """

    width: float
    angle: float
    drop: float

    @property
    def radius(self) -> float:
        """In px."""
        return self.width / self.angle

    @property
    def seen_width(self) -> float:
        """How wide the panel looks, px."""
        return 2 * self.radius * math.sin(self.angle / 2)

    def _fall(self, turn: Floats) -> Floats:
        """How much lower than its middle, or than its edges if those are higher; from 0 up."""
        share = (1 - np.cos(turn)) / (1 - math.cos(self.angle / 2))
        return np.asarray(self.drop * share + max(-self.drop, 0), np.float32)

    def map(self, points: Floats) -> Floats:
        """Where points (..., 2) of the flat panel are seen."""
        turn = (points[..., 0] - self.width / 2) / self.radius
        x = self.radius * np.sin(turn) + self.seen_width / 2
        return np.stack([x, points[..., 1] + self._fall(turn)], -1).astype(np.float32)

    def wrap(self, image: Image) -> Image:
        """A flat picture, (H, W, 3) or (H, W) uint8, as it is seen; 0 where it is not."""
        rows = image.shape[0] + math.ceil(abs(self.drop))
        x = np.arange(round(self.seen_width), dtype=np.float32) + np.float32(0.5)
        sine = np.clip((x - self.seen_width / 2) / self.radius, -1, 1)
        turn = np.arcsin(sine)
        y = np.arange(rows, dtype=np.float32)[:, None] - self._fall(turn)
        source = (self.radius * turn + self.width / 2 - 0.5).astype(np.float32)
        source = np.ascontiguousarray(np.broadcast_to(source, y.shape))
        return np.asarray(cv2.remap(image, source, y, cv2.INTER_LINEAR), np.uint8)


def wrapped(panel: Panel, rng: np.random.Generator) -> Panel:
    """The panel round a cylinder, which is darker towards its edges."""
    height, width = panel.cover.shape
    angle = rng.uniform(0.9, 2.3)
    shape = Cylinder(width, angle, rng.uniform(-0.05, 0.09) * angle * min(width / 2, 2 * height))
    image, cover = shape.wrap(panel.image), shape.wrap(panel.cover)
    side = np.linspace(-1, 1, image.shape[1]) * math.sin(angle / 2) - rng.uniform(-0.4, 0.4)
    level = np.clip(255 * (1 - rng.uniform(0.3, 0.8) * side**2), 40, 255).astype(np.uint8)
    light = np.broadcast_to(level[None, :, None], image.shape)
    image = np.asarray(cv2.multiply(image, np.ascontiguousarray(light), scale=1 / 255), np.uint8)
    rings = [shape.map(subdivided(quad)) for quad in panel.quads]
    quads = np.stack([_box(ring) for ring in rings])
    details = tuple(detail.divided().mapped(shape.map) for detail in panel.details)
    return Panel(image, cover, quads, panel.texts, details)


def _box(points: Floats) -> Floats:
    """The upright quad round points (K, 2)."""
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)
