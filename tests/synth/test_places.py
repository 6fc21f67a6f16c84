import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import places
from ocrkit.synth.backgrounds import Backgrounds


@pytest.mark.parametrize("size", [(200, 200), (240, 500), (500, 240)])
def test_places_have_walls_that_face_the_camera(size: tuple[int, int]) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        image, planes = places.build(size, rng.normal(0, 8), Backgrounds(), rng)
        assert image.shape == (*size, 3)
        assert image.dtype == np.uint8
        assert 1 <= len(planes) <= 3
        for plane in planes:
            # Text on it is neither mirrored nor upside down.
            corners = geometry.full_quad(plane.size)
            assert geometry.area(geometry.project(plane.matrix, corners)) > 0


def test_walls_are_painted_where_they_say(monkeypatch: pytest.MonkeyPatch) -> None:
    def red(height: int, width: int, *_: object) -> np.ndarray:
        return np.full((height, width, 3), (255, 0, 0), np.uint8)

    def blue(height: int, width: int, *_: object) -> np.ndarray:
        return np.full((height, width, 3), (0, 0, 255), np.uint8)

    surfaces = {"wall": red, "floor": blue, "ceiling": blue}
    monkeypatch.setattr(places, "SURFACES", surfaces)
    for seed in range(20):
        rng = np.random.default_rng(seed)
        image, planes = places.build((240, 320), 5.0, Backgrounds(), rng)
        y, x = np.mgrid[20:220:17, 20:300:17]
        points = np.stack([x.ravel(), y.ravel()], 1).astype(np.float32) + np.float32(0.5)
        within = np.zeros(len(points), np.bool_)
        for plane in planes:
            flat = geometry.project(np.linalg.inv(plane.matrix), points)
            within |= ((flat > 8) & (flat < np.array(plane.size[::-1]) - 8)).all(axis=1)
        seen = image[y.ravel(), x.ravel()]
        assert (seen[within] == (255, 0, 0)).all()


def test_a_level_camera_sees_upright_walls_upright() -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        _, planes = places.build((240, 320), 0.0, Backgrounds(), rng)
        for plane in planes:
            quad = geometry.project(plane.matrix, geometry.full_quad(plane.size))
            assert quad[0, 0] == pytest.approx(quad[3, 0], abs=1e-2)
            assert quad[1, 0] == pytest.approx(quad[2, 0], abs=1e-2)
