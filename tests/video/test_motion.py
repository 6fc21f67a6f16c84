import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.video.motion import View, follow

QUAD = np.array([[60, 40], [140, 40], [140, 70], [60, 70]], np.float32)


@pytest.fixture(scope="module")
def scene():
    """Noise with corners at several scales, like a street."""
    rng = np.random.default_rng(0)
    coarse = cv2.resize(rng.integers(0, 255, (24, 40, 3), np.uint8), (240, 144))
    fine = cv2.resize(rng.integers(0, 255, (72, 120, 3), np.uint8), (240, 144))
    return np.asarray(0.5 * coarse + 0.5 * fine, np.uint8)


def moved(image, matrix):
    """The picture with its points, counted from the first pixel's corner, mapped by (2, 3)."""
    half = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    whole = np.linalg.inv(half) @ np.vstack([matrix, [0, 0, 1]]) @ half
    return cv2.warpAffine(image, whole[:2], image.shape[1::-1], borderMode=cv2.BORDER_REPLICATE)


@pytest.mark.parametrize(
    "matrix",
    [
        [[1, 0, 5.5], [0, 1, -3.25]],
        [[1.06, 0, -4], [0, 1.06, -2]],
        [[0.9976, -0.0698, 6], [0.0698, 0.9976, -5]],  # four degrees
    ],
)
def test_a_quad_goes_where_its_picture_goes(scene, matrix):
    matrix = np.array(matrix)
    before, after = View(scene), View(moved(scene, matrix))
    (found,) = follow(before, after, [QUAD], [before.corners(QUAD)])
    expected = geometry.project(np.vstack([matrix, [0, 0, 1]]), QUAD)
    assert found.sound
    np.testing.assert_allclose(found.quad, expected, atol=0.4)
    np.testing.assert_allclose(
        found.points.mean(axis=0), expected.mean(axis=0), atol=10
    )  # they are in the quad


def test_large_frames_are_followed_in_their_own_pixels(scene):
    large = cv2.resize(scene, (1920, 1152), interpolation=cv2.INTER_CUBIC)
    matrix = np.array([[1, 0, 24.0], [0, 1, 16.0]])
    before, after = View(large), View(moved(large, matrix))
    assert before.grey.shape == (576, 960)
    (found,) = follow(before, after, [QUAD * 8], [before.corners(QUAD * 8)])
    np.testing.assert_allclose(found.quad, QUAD * 8 + (24, 16), atol=1)


def test_what_is_covered_is_not_sound_and_stays_where_it_was(scene):
    covered = scene.copy()
    covered[30:80, 50:150] = 128
    before = View(scene)
    (found,) = follow(before, View(covered), [QUAD], [before.corners(QUAD)])
    assert not found.sound
    np.testing.assert_array_equal(found.quad, QUAD)


def test_each_quad_has_its_own_motion(scene):
    other = QUAD + np.float32([40, 60])
    after = scene.copy()
    after[40:70, 63:143] = scene[40:70, 60:140]
    before = View(scene)
    points = [before.corners(QUAD), before.corners(other)]
    one, two = follow(before, View(after), [QUAD, other], points)
    np.testing.assert_allclose(one.quad, QUAD + (3, 0), atol=0.5)
    np.testing.assert_allclose(two.quad, other, atol=0.2)


def test_nothing_to_hold_on_to():
    blank = View(np.full((60, 80, 3), 90, np.uint8))
    assert blank.corners(QUAD[:, ::-1]).shape == (0, 2)
    outside = QUAD + 500
    assert blank.corners(outside).shape == (0, 2)
    (found,) = follow(blank, blank, [QUAD], [np.zeros((0, 2), np.float32)])
    assert not found.sound
    assert follow(blank, blank, [], []) == []


def test_points_lie_in_their_quad(scene):
    slanted = np.array([[60, 40], [130, 60], [120, 95], [50, 75]], np.float32)
    points = View(scene).corners(slanted)
    assert len(points) >= 10
    grown = slanted.mean(axis=0) + (slanted - slanted.mean(axis=0)) * 1.1
    assert geometry.contains(grown, points).all()


def test_change_is_a_mean_of_grey_levels():
    dark, light = (View(np.full((90, 160, 3), level, np.uint8)) for level in (50, 80))
    assert light.change(dark) == pytest.approx(30)
    assert dark.change(dark) == 0
    assert dark.change(View(np.full((80, 160, 3), 50, np.uint8))) == 255
