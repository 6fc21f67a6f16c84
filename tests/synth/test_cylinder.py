import math

import numpy as np
import pytest

from ocrkit.synth import cylinder
from ocrkit.synth.cylinder import Cylinder
from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import Line, Setting, set_lines
from ocrkit.synth.panels import Panel


def test_points_on_a_half_circle() -> None:
    # A sixth of a circle on each side of the middle: 60 px of arc, radius 60 / (pi / 3).
    shape = Cylinder(width=60.0, angle=math.pi / 3, drop=10.0)
    radius = 60 / (math.pi / 3)
    assert shape.radius == pytest.approx(radius)
    assert shape.seen_width == pytest.approx(radius)  # 2 sin 30 degrees
    points = np.array([[30, 5], [0, 5], [60, 7]], np.float32)
    expected = [[radius / 2, 5], [0, 15], [radius, 17]]
    assert shape.map(points) == pytest.approx(np.array(expected), abs=1e-4)
    # Seen from below the middle is lower, and nothing rises above the panel's top.
    below = shape._replace(drop=-10.0).map(points)
    assert below == pytest.approx(np.array([[radius / 2, 15], [0, 5], [radius, 7]]), abs=1e-4)


@pytest.mark.parametrize("drop", [12.0, -9.5])
def test_pictures_and_points_go_the_same_way(drop: float) -> None:
    shape = Cylinder(120.0, 2.0, drop)
    for x, y in ((10, 20), (60, 33), (100, 8)):
        flat = np.zeros((50, 120), np.uint8)
        flat[y - 3 : y + 3, x - 3 : x + 3] = 255
        seen = shape.wrap(flat)
        assert seen.shape == (50 + math.ceil(abs(drop)), round(shape.seen_width))
        rows, columns = np.nonzero(seen > 127)
        centre = [columns.mean() + 0.5, rows.mean() + 0.5]
        assert centre == pytest.approx(shape.map(np.array([x, y], np.float32)), abs=0.8)


def test_labels_follow_the_ink(sans: str) -> None:
    lettering = set_lines([Line(["Sugar"], sans, 40)], Setting(), pad=12)
    assert lettering is not None
    white = np.full((*lettering.alpha.shape, 3), 255, np.uint8)
    for seed in range(8):
        panel = cylinder.wrapped(Panel(white, *lettering), np.random.default_rng(seed))
        rows, columns = np.nonzero(panel.cover > HAZE)
        (left, top), (right, bottom) = panel.quads[0][0], panel.quads[0][2]
        ink = [columns.min(), columns.max() + 1]
        assert ink == pytest.approx([left, right], abs=1.5)
        # A box round the arcs is a little higher than the letters that stand on it.
        assert top - 1.5 < rows.min() < top + 15
        assert bottom - 15 < rows.max() + 1 < bottom + 1.5
        outline = panel.details[0].outline()
        assert outline.shape == (14, 2)
        assert panel.details[0].characters().shape == (5, 4, 2)


def test_the_middle_is_lighter_than_the_edges(sans: str) -> None:
    lettering = set_lines([Line(["Sugar"], sans, 40)], Setting(), pad=12)
    assert lettering is not None
    white = np.full((*lettering.alpha.shape, 3), 255, np.uint8)
    panel = cylinder.wrapped(Panel(white, *lettering), np.random.default_rng(1))
    across = panel.image[panel.image.shape[0] // 2, :, 0].astype(int)
    assert across.max() > across[[2, -3]].min() + 15
