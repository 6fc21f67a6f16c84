import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import regions
from ocrkit.synth.regions import Region
from ocrkit.types import Image

CELL = 8


def wall(slope: float, converging: float) -> Image:
    """A calm grey band with stripes above and below that run along the given slopes."""
    rng = np.random.default_rng(0)
    y, x = np.mgrid[:320, :480].astype(float)
    along = (y - 160) - (slope + converging * (y - 160)) * (x - 240)
    image = np.full((320, 480, 3), 120, np.uint8)
    striped = np.abs(along) > 60
    level = np.where((along // 16) % 2 == 0, 60, 200)
    image[striped] = level[striped][:, None]
    return np.clip(image + rng.normal(0, 2, image.shape), 0, 255).astype(np.uint8)


def test_the_calm_part_is_found() -> None:
    found = regions.find(wall(0.0, 0.0), CELL)
    largest = found[0].cells
    assert largest.shape == (40, 60)
    rows = np.flatnonzero(largest.any(axis=1))
    # The band of 120 px round row 160.
    assert rows.min() >= 12
    assert rows.max() <= 28
    assert largest.sum() > 0.6 * 15 * 60


@pytest.mark.parametrize("slope", [-0.25, 0.0, 0.2])
def test_text_follows_the_lines_of_a_surface(slope: float) -> None:
    region = regions.find(wall(slope, 0.0), CELL)[0]
    assert region.level[0] == pytest.approx(slope, abs=0.07)
    assert region.level[1] == pytest.approx(0, abs=2e-4)


def test_text_narrows_as_a_surface_does() -> None:
    region = regions.find(wall(0.0, 0.001), CELL)[0]
    assert region.level[0] == pytest.approx(0, abs=0.03)
    assert region.level[1] > 2e-4
    outline = region.outline((80, 200), np.array([240, 160]), np.array([240, 160]))
    left, right = (np.linalg.norm(outline[a] - outline[b]) for a, b in ((0, 3), (1, 2)))
    assert right > left + 3


def test_outlines_by_hand() -> None:
    cells = np.ones((4, 4), np.uint8)
    slope, lean = np.array([0.1, 0.0], np.float32), np.array([0.2, 0.0], np.float32)
    middle = np.array([100, 50], np.float32)
    flat = Region(cells, np.zeros(2, np.float32), np.zeros(2, np.float32))
    assert flat.outline((20, 60), middle, middle).tolist() == [
        [70, 40], [130, 40], [130, 60], [70, 60],
    ]  # fmt: skip
    leaning = Region(cells, slope, lean).outline((20, 60), middle, middle)
    assert leaning == pytest.approx(np.array([[68, 37], [128, 43], [132, 63], [72, 57]]), abs=1e-3)
    assert geometry.area(leaning) > 0


def test_a_busy_picture_has_no_large_region() -> None:
    image = np.random.default_rng(0).integers(0, 256, (320, 480, 3), dtype=np.uint8)
    assert all(region.cells.sum() < 300 for region in regions.find(image, CELL))


def test_a_plain_picture_is_one_region() -> None:
    (region,) = regions.find(np.full((320, 480, 3), 90, np.uint8), CELL)
    assert region.cells.all()
    assert region.level.tolist() == region.upright.tolist() == [0, 0]
