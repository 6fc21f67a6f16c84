import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import canvas as canvas_module
from ocrkit.synth.canvas import LARGEST, Canvas, seen
from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.panels import Panel
from ocrkit.synth.places import Plane
from ocrkit.types import Floats

SIZE = (360, 640)


@pytest.fixture
def lettering(sans: str) -> Lettering:
    lines = [Line(["Agile", "quay"], sans, 40), Line(["by", "1205"], sans, 26)]
    lettering = set_lines(lines, Setting(), pad=10)
    assert lettering is not None
    return lettering


def black() -> Canvas:
    return Canvas(np.zeros((*SIZE, 3), np.uint8), 0.0, [])


def outline_of(points: list[tuple[float, float]]) -> Floats:
    return np.array(points, np.float32)


OUTLINES = [
    outline_of([(20, 30), (250, 30), (250, 120), (20, 120)]),
    outline_of([(40.5, 90.2), (270, 60), (290.7, 160), (30, 180)]),
    outline_of([(300, 20), (450, 140), (400, 240), (240, 110)]),
]


@pytest.mark.parametrize("outline", OUTLINES)
def test_quads_fit_the_ink(lettering: Lettering, outline: Floats) -> None:
    height, width = lettering.alpha.shape
    white = np.full((height, width, 3), 255, np.uint8)
    for index in range(len(lettering.texts)):
        # One word at a time, so that its ink can be told from the others'.
        left, top = lettering.quads[index, 0].astype(int)
        right, bottom = lettering.quads[index, 2].astype(int)
        cover = np.zeros_like(lettering.alpha)
        cover[top:bottom, left:right] = lettering.alpha[top:bottom, left:right]
        scene = black()
        panel = Panel(white, cover, lettering.quads[index][None], (lettering.texts[index],))
        matrix = scene.paste(panel, outline, np.random.default_rng(1))
        # Back in the panel's own pixels, the quad's sides are straight and upright.
        rows, columns = np.nonzero(scene.image[..., 0] > HAZE)
        centres = np.column_stack([columns, rows]).astype(np.float32) + np.float32(0.5)
        ink = geometry.project(np.linalg.inv(matrix), centres)
        scale = np.sqrt(geometry.area(outline) / (height * width))
        edges = np.concatenate([ink.min(axis=0), ink.max(axis=0)])
        assert (np.abs(edges - [left, top, right, bottom]) * scale < 1.5).all()


def test_written_words_and_their_details_lie_together(lettering: Lettering) -> None:
    scene, rng = black(), np.random.default_rng(0)
    panel = Panel(np.zeros((*lettering.alpha.shape, 3), np.uint8), *lettering)
    scene.write(panel, OUTLINES[1], rng)
    scene.write(panel, OUTLINES[1] + np.float32([300, 100]), rng)
    assert scene.texts == ["Agile", "quay", "by", "1205"] * 2
    assert [detail.line for detail in scene.details] == [0, 0, 1, 1, 2, 2, 3, 3]
    for quad, detail in zip(scene.quads, scene.details, strict=True):
        assert detail.outline() == pytest.approx(quad, abs=1e-3)
        # Grown a little to begin with, so the characters lie inside.
        assert geometry.contains(quad, detail.characters()).all()


def test_panels_do_not_touch(lettering: Lettering) -> None:
    scene, rng = black(), np.random.default_rng(0)
    panel = Panel(np.zeros((*lettering.alpha.shape, 3), np.uint8), *lettering)
    flat = outline_of([(0, 0), (150, 0), (150, 70), (0, 70)])
    placed: list[Floats] = []
    while (outline := scene.room(flat, rng, smooth=False)) is not None:
        assert all(geometry.iou(outline, np.stack([other]))[0] == 0 for other in placed)
        assert (outline >= 0).all()
        assert (outline <= SIZE[::-1]).all()
        scene.write(panel, outline, rng)
        placed.append(outline)
    assert len(placed) >= 6


def test_calm_places_are_found() -> None:
    scene, rng = black(), np.random.default_rng(0)
    scene.image[:, 200:] = rng.integers(0, 256, (360, 440, 3))
    flat = outline_of([(0, 0), (100, 0), (100, 40), (0, 40)])
    calm = [scene.room(flat, rng, smooth=True) for _ in range(20)]
    assert np.mean([place[1, 0] <= 208 for place in calm if place is not None]) > 0.6


def test_the_edge_cuts_panels() -> None:
    scene, rng = black(), np.random.default_rng(0)
    flat = outline_of([(0, 0), (100, 0), (100, 40), (0, 40)])
    for _ in range(50):
        outline = scene.room_at_edge(flat, rng)
        assert outline is not None
        within = np.clip(outline, 0, SIZE[::-1])
        share = geometry.area(np.asarray(within, np.float32)) / 4000
        assert 0.29 < share < 0.96


def test_walls_take_panels_in_their_perspective() -> None:
    quad = outline_of([(100, 20), (500, 100), (500, 260), (100, 340)])
    plane = Plane(geometry.homography(geometry.full_quad((300, 600)), quad), (300, 600))
    scene, rng = Canvas(np.zeros((*SIZE, 3), np.uint8), 0.0, [plane]), np.random.default_rng(0)
    found = [scene.room_on_wall((30, 80), rng, cut=False) for _ in range(30)]
    outlines = [outline for outline in found if outline is not None]
    assert len(outlines) > 15
    back = np.linalg.inv(plane.matrix)
    for outline in outlines:
        flat = geometry.project(back, outline)
        assert flat[0, 1] == pytest.approx(flat[1, 1], abs=0.05)
        assert flat[0, 0] == pytest.approx(flat[3, 0], abs=0.05)
        assert (flat >= -0.05).all()
        assert (flat <= np.array([600, 300]) + 0.05).all()
        # As high as was asked for, about its middle.
        sides = geometry.side_lengths(outline)
        assert min(sides[1], sides[3]) < 32
        assert max(sides[1], sides[3]) > 28


def test_seen_panels_fit_the_room() -> None:
    rng = np.random.default_rng(0)
    for _ in range(200):
        outline = seen((300, 900), (360, 640), 3.0, rng)
        assert outline.min() == pytest.approx(0, abs=1e-3)
        assert (outline.max(axis=0) <= np.array([640, 360]) * LARGEST + 1e-3).all()
        assert geometry.area(outline) > 0


def test_sums_over_windows() -> None:
    grid = np.arange(12, dtype=np.uint8).reshape(3, 4)
    #  0  1  2  3
    #  4  5  6  7
    #  8  9 10 11
    assert canvas_module._sums(grid, 2, 3).tolist() == [[18, 24], [42, 48]]
    assert canvas_module._sums(grid, 3, 4).tolist() == [[66]]
    assert canvas_module._sums(grid, 4, 1).size == 0
    assert canvas_module._sums(grid, 1, 5).size == 0
