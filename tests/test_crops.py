"""Crops against slices worked by hand, and the maps between crop, quad and image."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit import crops, geometry
from ocrkit.crops import cut, frame, is_tall, span_in_quad

PICTURE = np.random.default_rng(0).integers(0, 256, (60, 90, 3), np.uint8)


def one(image, quad, margin=0.0):
    (crop,) = cut(image, np.asarray(quad, np.float32)[None], margin)
    assert crop.dtype == np.uint8
    assert crop.shape[2] == 3
    return crop


@pytest.mark.parametrize(
    ("left", "top", "right", "bottom"),
    [(0, 0, 90, 60), (7, 11, 40, 23), (89, 59, 90, 60), (0, 30, 90, 31), (85, 0, 90, 60)],
)
def test_an_upright_crop_is_the_slice(left, top, right, bottom):
    crop = one(PICTURE, box(left, top, right, bottom))
    np.testing.assert_array_equal(crop, PICTURE[top:bottom, left:right])


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_quad_that_starts_elsewhere_is_a_turned_crop(turns):
    """Text that runs down starts at the top right corner: the crop is turned to the left."""
    crop = one(PICTURE, np.roll(box(7, 11, 40, 23), -turns, axis=0))
    np.testing.assert_array_equal(crop, np.rot90(PICTURE[11:23, 7:40], turns))


def test_a_margin_is_a_fraction_of_the_height_on_every_side():
    crop = one(PICTURE, box(20, 20, 50, 30), 0.2)  # 2 px
    np.testing.assert_array_equal(crop, PICTURE[18:32, 18:52])


def test_beyond_the_picture_its_edge_is_repeated():
    crop = one(PICTURE, box(0, 0, 20, 10), 0.3)  # 3 px
    around = np.pad(PICTURE, ((3, 0), (3, 0), (0, 0)), mode="edge")
    np.testing.assert_array_equal(crop, around[:16, :26])
    np.testing.assert_array_equal(
        one(PICTURE, box(-9, -9, -3, -5)), np.tile(PICTURE[0, 0], (4, 6, 1))
    )
    np.testing.assert_array_equal(one(PICTURE, box(95, 10, 99, 13))[:, 0], PICTURE[10:13, 89])


def test_a_slanted_word_comes_out_upright():
    """Left half black, right half white along a 30 degree slope; and the same from the far end."""
    x, y = np.meshgrid(np.arange(300) + 0.5, np.arange(200) + 0.5)
    along = (x - 150) * math.cos(math.pi / 6) + (y - 100) * math.sin(math.pi / 6)
    picture = np.where(along > 0, 255, 0)[..., None].repeat(3, axis=2).astype(np.uint8)
    cos, sin = math.cos(math.pi / 6), math.sin(math.pi / 6)
    corners = np.array([[-40, -10], [40, -10], [40, 10], [-40, 10]])
    quad = corners @ np.array([[cos, sin], [-sin, cos]]) + (150, 100)
    crop = one(picture, quad)
    assert crop.shape == (20, 80, 3)
    assert (crop[:, :38] == 0).all()
    assert (crop[:, 42:] == 255).all()
    assert (one(picture, np.roll(quad, 2, axis=0))[:, :38] == 255).all()


def test_perspective_is_undone():
    """A board seen from the side: its middle is where its diagonals meet, not half-way."""
    quad = np.array([[10, 10], [110, 30], [110, 70], [10, 90]], np.float32)
    matrix, (rows, columns) = frame(quad, 0)
    # Diagonals (10, 10)-(110, 70) and (110, 30)-(10, 90) meet at y = 50, x = 10 + 200 / 3.
    middle = geometry.project(matrix, np.array([[columns / 2, rows / 2]], np.float32))
    np.testing.assert_allclose(middle, [[10 + 200 / 3, 50]], atol=1e-3)
    assert (rows, columns) == (60, round(math.hypot(100, 20)))


@pytest.mark.parametrize(
    "quad",
    [
        np.zeros((4, 2)),
        np.full((4, 2), 1e6),
        box(5, 5, 5, 9),
        box(5, 5, 9, 5),
        [[0, 0], [10, 0], [20, 0], [30, 0]],
        [[0, 0], [30, 20], [30, 0], [0, 20]],  # folded
        [[0, 0], [60, 0], [10, 10], [0, 40]],  # not convex
        [[0, 0], [0, 20], [30, 20], [30, 0]],  # anticlockwise
        [[0, 0], [80, 29], [80, 30], [0, 59]],  # a margin reaches behind the horizon
        [[0, 0], [40, 0], [40, 0], [0, 30]],
    ],
)
@pytest.mark.parametrize("margin", [0, 0.1, 1])
def test_any_quad_gives_a_crop(quad, margin):
    quad = np.asarray(quad, np.float32)
    rows, columns = one(PICTURE, quad, margin).shape[:2]
    assert rows >= 1
    assert columns >= 1
    # And the crop lies where the quad does.
    matrix, _ = frame(quad, margin)
    corners = geometry.project(matrix, box(0, 0, columns, rows))
    low, high = quad.min(axis=0), quad.max(axis=0)
    reach = (0.5 + 2 * margin) * (high - low).max() + 3
    assert (corners >= low - reach).all()
    assert (corners <= high + reach).all()


def test_a_folded_quad_gives_what_lies_there():
    crop = one(np.full((40, 40, 3), 99, np.uint8), [[5, 5], [30, 20], [30, 5], [5, 20]])
    assert (crop == 99).all()


def test_no_quads_no_crops():
    assert cut(PICTURE, np.zeros((0, 4, 2), np.float32), 0.1) == []


def test_a_picture_of_one_pixel():
    assert (one(np.full((1, 1, 3), 7, np.uint8), box(0, 0, 1, 1), 0.5) == 7).all()


def test_a_very_high_word_is_shrunk_evenly():
    picture = np.zeros((3000, 1500, 3), np.uint8)
    picture[:, ::2] = 200
    crop = one(picture, box(0, 0, 1500, 3000))
    assert crop.shape == (1024, 512, 3)
    # Averaged, not sampled: the stripes are grey.
    assert abs(crop.astype(float).mean() - 100) < 2
    assert crop[:, 2:-2].std() < 30


@pytest.mark.parametrize(("height", "width"), [(20, 20000), (20, 70000)])
def test_a_panorama(height, width):
    picture = np.zeros((height, width, 3), np.uint8)
    picture[:, width // 2 :] = 255
    crop = one(picture, box(0, 0, width, height))
    assert crop.shape == (20, 8192, 3)
    assert (crop[:, :4080] == 0).all()
    assert (crop[:, 4110:] == 255).all()
    right = one(picture, box(width - 40, 0, width, height))
    assert right.shape == (20, 40, 3)
    assert (right == 255).all()


# No margin reaches near the horizon of these quads, where an affine map takes over.
@given(st.tuples(*[st.floats(-20, 20)] * 8), st.floats(0, 0.2))
def test_the_quads_corners_lie_a_margin_inside_the_crop(shifts, margin):
    quad = box(100, 100, 300, 200) + np.array(shifts, np.float32).reshape(4, 2)
    height, width = (float(side) for side in geometry.extent(quad))
    matrix, (rows, columns) = frame(quad, margin)
    back = geometry.project(np.linalg.inv(matrix), quad)
    full = np.array([width, height]) + 2 * margin * height
    expected = box(0, 0, width, height) + np.float32(margin * height)
    np.testing.assert_allclose(back, expected / full * (columns, rows), atol=0.02)
    np.testing.assert_allclose(geometry.project(matrix, back), quad, atol=0.02)


@given(st.floats(1, 200), st.floats(1, 200), st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_spans_and_crops_agree(width, height, margin, first, second):
    """Where a span of the quad lies in the crop, by the homography, is that span again."""
    span = min(first, second), max(first, second)
    quad = box(10, 20, 10 + width, 20 + height)
    matrix, (_, columns) = frame(quad, margin)
    points = np.array([[10 + width * edge, 20] for edge in span], np.float32)
    x = geometry.project(np.linalg.inv(matrix), points)[:, 0] / columns
    found = span_in_quad((float(x[0]), float(x[1])), quad, margin)
    np.testing.assert_allclose(found, span, atol=1e-3)


def test_spans_by_hand():
    quad = box(0, 0, 100, 20)  # with a margin of 0.5 its crop is 120 px wide
    assert span_in_quad((0.5, 0.75), quad, 0) == (0.5, 0.75)
    np.testing.assert_allclose(span_in_quad((10 / 120, 60 / 120), quad, 0.5), (0, 0.5), atol=1e-9)
    assert span_in_quad((0.0, 1.0), quad, 0.5) == (0.0, 1.0)  # clipped
    assert span_in_quad((0.2, 0.3), quad * 0, 0.1) is not None


@pytest.mark.parametrize(
    ("height", "expected"), [(10, False), (20, False), (30, False), (30.1, True), (90, True)]
)
def test_is_tall(height, expected):
    assert is_tall(box(0, 0, 20, height)) is expected
    assert is_tall(np.roll(box(0, 0, height, 20), 1, axis=0)) is expected


def test_the_picture_is_not_changed():
    before = PICTURE.copy()
    cut(PICTURE, np.stack([box(0, 0, 90, 60), box(3, 3, 9, 9)]), 0.2)
    np.testing.assert_array_equal(PICTURE, before)
    assert crops.MAX_WARP < 2**15
