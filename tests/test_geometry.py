"""Plane geometry: hand-worked values, invariants, and the case a known library gets wrong."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit import geometry

SQUARE = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
WORD = np.array([[100, 50], [140, 50], [140, 70], [100, 70]], np.float32)

# The worked quads of `ocrkit.types`: a 40 x 20 word that starts at (100, 50).
WORKED = {
    0: [[100, 50], [140, 50], [140, 70], [100, 70]],
    30: [[100, 50], [134.64, 70], [124.64, 87.32], [90, 67.32]],
    90: [[100, 50], [100, 90], [80, 90], [80, 50]],
    180: [[100, 50], [60, 50], [60, 30], [100, 30]],
}

angles = st.floats(-math.pi, math.pi)


def turn(quad, angle):
    cos, sin = math.cos(angle), math.sin(angle)
    return (quad @ np.array([[cos, sin], [-sin, cos]])).astype(np.float32)


@pytest.mark.parametrize("degrees", WORKED)
def test_the_conventions_of_types_are_those_of_geometry(degrees):
    quad = np.array(WORKED[degrees], np.float32)
    np.testing.assert_allclose(
        turn(WORD - (100, 50), math.radians(degrees)) + (100, 50), quad, atol=0.01
    )
    height, width = geometry.extent(quad)
    assert (height, width) == (pytest.approx(20, abs=0.01), pytest.approx(40, abs=0.01))
    assert geometry.area(quad) == pytest.approx(800, abs=0.3)  # clockwise: positive
    assert geometry.contains(quad, quad.mean(axis=0))


def test_cell_centres_by_hand():
    centres = geometry.cell_centres(2, 3, 4)
    assert centres.shape == (2, 3, 2)
    assert centres.dtype == np.float32
    assert centres[0].tolist() == [[2, 2], [6, 2], [10, 2]]
    assert centres[1, 0].tolist() == [2, 6]


def test_contains_by_hand():
    points = np.array([[[120, 60], [99.9, 60], [140.1, 60]], [[120, 49.9], [120, 70.1], [100, 50]]])
    expected = [[True, False, False], [False, False, True]]
    assert geometry.contains(WORD, points.astype(np.float32)).tolist() == expected
    diamond = turn(SQUARE, math.pi / 4)
    assert geometry.contains(diamond, np.array([1.3, 0], np.float32))
    assert not geometry.contains(diamond, np.array([0.9, 0.9], np.float32))


@given(angles, st.floats(-50, 50), st.floats(-50, 50), st.floats(-3, 3), st.floats(-3, 3))
def test_containment_moves_with_the_quad(angle, x, y, u, v):
    inside = abs(u) < 0.99 and abs(v) < 0.99
    outside = abs(u) > 1.01 or abs(v) > 1.01
    quad = turn(SQUARE * (20, 5), angle) + np.float32((x, y))
    point = turn(np.array([[20 * u, 5 * v]]), angle)[0] + np.float32((x, y))
    if inside or outside:
        assert geometry.contains(quad, point) == inside


def test_sides_and_extent_by_hand():
    trapezoid = np.array([[0, 0], [6, 0], [9, 4], [0, 4]], np.float32)
    assert geometry.side_lengths(trapezoid).tolist() == [6, 5, 9, 4]
    height, width = geometry.extent(np.stack([trapezoid, trapezoid * 2]))
    assert height.tolist() == [4.5, 9]
    assert width.tolist() == [7.5, 15]


def test_area_by_hand():
    assert geometry.area(WORD) == 800
    assert geometry.area(WORD[::-1]) == -800
    assert geometry.area(np.zeros((0, 4, 2), np.float32)).shape == (0,)
    assert geometry.area(np.stack([SQUARE, SQUARE * 0])).tolist() == [4, 0]


@given(st.integers(0, 3), st.booleans(), st.floats(-44, 44))
def test_upright_undoes_any_start_and_sense(start, mirrored, degrees):
    quad = turn(SQUARE * (20, 5), math.radians(degrees))
    given_ = np.roll(quad, start, axis=0)
    given_ = given_[::-1] if mirrored else given_
    np.testing.assert_allclose(geometry.upright(given_), quad, atol=1e-4)


def test_upright_of_tall_quads_keeps_them_tall():
    tall = np.array([[0, 0], [10, 0], [10, 50], [0, 50]], np.float32)
    for start in range(4):
        assert geometry.upright(np.roll(tall, start, axis=0)).tolist() == tall.tolist()


def test_upright_averages_opposite_sides():
    """One steep side of a trapezoid does not make its start."""
    quad = np.array([[0, 0], [40, 20], [20, 30], [-90, 30]], np.float32)
    for start in range(4):
        assert geometry.upright(np.roll(quad, start, axis=0)).tolist() == quad.tolist()


def test_upright_of_a_diamond_does_not_depend_on_its_start():
    diamond = np.array([[0, -1], [1, 0], [0, 1], [-1, 0]], np.float32)
    found = {str(geometry.upright(np.roll(diamond, k, axis=0)).tolist()) for k in range(4)}
    assert len(found) <= 2  # either upper side may be the top


def test_min_area_rect_by_hand():
    points = np.array([[0, 0], [40, 0], [40, 20], [0, 20], [20, 10], [3, 20]], np.float32)
    expected = [[0, 0], [40, 0], [40, 20], [0, 20]]
    np.testing.assert_allclose(geometry.min_area_rect(points), expected, atol=1e-4)


@given(st.floats(-40, 40), st.integers(0, 2**31))
def test_min_area_rect_finds_the_rectangle_that_points_came_from(degrees, seed):
    rng = np.random.default_rng(seed)
    quad = turn(SQUARE * (40, 10), math.radians(degrees)) + np.float32((200, 100))
    weights = rng.dirichlet(np.ones(4), 20)
    points = np.concatenate([quad, weights @ quad]).astype(np.float32)
    np.testing.assert_allclose(geometry.min_area_rect(points), quad, atol=0.05)


def test_min_area_rect_of_few_points():
    for points in ([[3, 4]], [[3, 4], [7, 4]]):
        quad = geometry.min_area_rect(np.array(points, np.float32))
        assert quad.shape == (4, 2)
        assert geometry.area(quad) == pytest.approx(0, abs=1e-3)


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        (SQUARE, 1),
        (SQUARE + (1, 0), 1 / 3),  # overlap 2, union 6
        (SQUARE / 2, 1 / 4),
        (SQUARE + (2, 0), 0),  # they touch
        (SQUARE + (9, 9), 0),
        (turn(SQUARE, math.pi / 4), 1 / math.sqrt(2)),  # a regular octagon in the middle
        (SQUARE * 0, 0),
        (SQUARE[::-1], 1),  # the same region
    ],
)
def test_iou_by_hand(other, expected):
    other = np.asarray(other, np.float32)
    assert geometry.iou(SQUARE, other[None])[0] == pytest.approx(expected, abs=1e-6)
    assert geometry.iou(other, SQUARE[None])[0] == pytest.approx(expected, abs=1e-6)


def test_iou_with_none_and_with_many():
    assert geometry.iou(SQUARE, np.zeros((0, 4, 2), np.float32)).shape == (0,)
    many = np.stack([SQUARE, SQUARE + np.float32((1, 0))])
    np.testing.assert_allclose(geometry.iou(SQUARE, many), [1, 1 / 3], rtol=1e-6)
    assert geometry.iou(SQUARE, many).dtype == np.float32


@given(angles, st.floats(-90, 90), st.floats(-2, 2), st.floats(-2, 2), angles)
def test_iou_does_not_change_with_rigid_motion(angle, shift, dx, dy, between):
    one, other = SQUARE * np.float32((20, 5)), turn(SQUARE * (18, 6), between)
    other = other + np.float32((dx * 10, dy * 3))
    before = geometry.iou(one, other[None])[0]
    moved = [turn(quad, angle) + np.float32(shift) for quad in (one, other)]
    assert 0 <= before <= 1 + 1e-6
    assert geometry.iou(moved[0], moved[1][None])[0] == pytest.approx(before, abs=1e-4)
    assert geometry.iou(other, one[None])[0] == pytest.approx(before, abs=1e-6)


@pytest.mark.parametrize("jitter", [0, 1e-7, 1e-5, 1e-3])
def test_iou_of_all_but_equal_quads_is_all_but_one(jitter):
    """OpenCV 5.0's intersectConvexConvex fails here for about one pair in 600."""
    rng = np.random.default_rng(0)
    for _ in range(200):
        quad = turn(SQUARE * rng.uniform(10, 50, 2), rng.uniform(-3, 3)) + rng.uniform(80, 170, 2)
        others = quad + rng.normal(0, jitter, (20, 4, 2))
        found = geometry.iou(quad.astype(np.float32), others.astype(np.float32))
        assert found.min() > 0.99


def test_project_by_hand():
    shift = np.array([[1, 0, 10], [0, 2, 20], [0, 0, 1]], np.float64)
    points = np.array([[[1, 2]], [[3, 4]]], np.float32)
    found = geometry.project(shift, points)
    assert found.dtype == np.float32
    assert found.tolist() == [[[11, 24]], [[13, 28]]]
    halved = np.array([[1, 0, 0], [0, 1, 0], [0.1, 0, 1]])
    np.testing.assert_allclose(
        geometry.project(halved, np.array([[10, 6]], np.float32)), [[5, 3]], rtol=1e-6
    )


@given(st.tuples(*[st.floats(-30, 30)] * 8))
def test_a_homography_takes_corners_to_corners_and_back(shifts):
    target = SQUARE * np.float32((200, 90)) + np.array(shifts, np.float32).reshape(4, 2)
    there, back = geometry.homography(WORD, target), geometry.homography(target, WORD)
    np.testing.assert_allclose(geometry.project(there, WORD), target, atol=0.01)
    inside = np.array([[103, 52], [120, 60], [139, 69]], np.float32)
    np.testing.assert_allclose(
        geometry.project(back, geometry.project(there, inside)), inside, atol=0.01
    )


def test_part_of_a_quad():
    quad = np.array([[10, 10], [110, 10], [110, 30], [10, 30]], np.float32)
    expected = [[30, 10], [60, 10], [60, 30], [30, 30]]
    np.testing.assert_allclose(geometry.part(quad, 0.2, 0.5), expected, atol=1e-4)
    turned = np.roll(quad, -1, axis=0)  # starts top right and runs down
    expected = [[110, 10], [110, 20], [10, 20], [10, 10]]
    np.testing.assert_allclose(geometry.part(turned, 0, 0.5), expected, atol=1e-4)


def test_parts_in_perspective():
    """The middle of a trapezoid lies where its diagonals cross, not half way."""
    quad = np.array([[0, 0], [90, 30], [90, 60], [0, 90]], np.float32)  # 90 and 30 high
    first, second = geometry.part(quad, 0, 0.5), geometry.part(quad, 0.5, 1)
    np.testing.assert_allclose(first[1], second[0], atol=1e-3)
    assert first[1, 0] == pytest.approx(67.5, abs=1e-2)  # 90 * 90 / (90 + 30)


@pytest.mark.parametrize(
    ("quad", "convex"),
    [
        ([[0, 0], [4, 0], [4, 2], [0, 2]], True),
        ([[0, 0], [0, 2], [4, 2], [4, 0]], False),  # anticlockwise
        ([[0, 0], [4, 2], [4, 0], [0, 2]], False),  # crosses itself
        ([[0, 0], [4, 0], [1, 1], [0, 2]], False),  # an arrowhead
        ([[0, 0], [2, 0], [4, 0], [0, 2]], False),  # a triangle
        ([[1, 1], [1, 1], [1, 1], [1, 1]], False),
    ],
)
def test_convex_quads_by_hand(quad, convex):
    assert geometry.is_convex(np.array(quad, np.float32)) == convex


def test_a_quad_that_no_perspective_shows_is_cut_in_proportion():
    crossed = np.array([[0, 0], [4, 2], [4, 0], [0, 2]], np.float32)
    expected = [[0, 0], [2, 1], [2, 1], [0, 2]]
    np.testing.assert_allclose(geometry.part(crossed, 0, 0.5), expected)


def test_the_full_quad_of_a_picture_runs_along_its_edges():
    assert geometry.full_quad((2, 5)).tolist() == [[0, 0], [5, 0], [5, 2], [0, 2]]


@pytest.mark.parametrize("turns", range(4))
def test_a_quad_round_an_outline_starts_where_its_text_does(turns):
    # Six points: along the top, then back along the bottom; the text runs right, down, left, up.
    top = [[0, 0], [10, 1], [20, 0]]
    bottom = [[20, 6], [10, 7], [0, 6]]
    outline = np.array(top + bottom, np.float32)
    expected = np.array([[0, 0], [20, 0], [20, 7], [0, 7]], np.float32)
    quarter = np.array([[0, 1], [-1, 0]], np.float32)  # clockwise on screen
    turned = np.linalg.matrix_power(quarter, turns)
    found = geometry.quad_around(outline @ turned)
    assert found == pytest.approx(expected @ turned, abs=1e-3)


def test_a_quad_of_four_points_is_kept_as_it_is():
    slanted = np.array([[3, 0], [13, 2], [10, 9], [0, 7]], np.float32)
    assert geometry.quad_around(slanted).tolist() == slanted.tolist()


def test_a_triangle_has_a_quad_too():
    found = geometry.quad_around(np.array([[0, 0], [10, 0], [0, 5]], np.float32))
    assert abs(geometry.area(found)) == pytest.approx(50, abs=1e-3)


def test_the_rectangle_along_a_word_by_hand():
    # Leans by 4 px over its height of 10; turned, it is the same rectangle turned.
    leaning = np.array([[4, 0], [24, 0], [20, 10], [0, 10]], np.float32)
    along = np.array([[0, 0], [24, 0], [24, 10], [0, 10]], np.float32)
    np.testing.assert_allclose(geometry.rect_along(leaning), along, atol=1e-4)
    turned = np.stack([turn(leaning, 2.0), leaning])
    np.testing.assert_allclose(
        geometry.rect_along(turned), np.stack([turn(along, 2.0), along]), atol=1e-4
    )


def test_directions_of_text_by_hand():
    level, down = box(0, 0, 40, 10), np.roll(box(0, 0, 10, 40), -1, axis=0)
    trapezoid = np.array([[0, 0], [30, 0], [30, 60], [0, 20]], np.float32)
    along = geometry.directions(np.stack([level, down, trapezoid, np.zeros((4, 2))]))
    assert along == pytest.approx(np.array([[1, 0], [0, 1], [60 / 72.111, 40 / 72.111], [0, 0]]))


def test_what_follows_a_word_by_hand():
    """A word of 40 x 10, and one of 50 x 20 that starts 5 px after it and 2 px lower."""
    seen = geometry.onward(box(0, 0, 40, 10), box(45, -3, 95, 17))
    assert seen == pytest.approx((0.5, 4.5, 5.5, 0.2, 2.0, 1.0))
    back = geometry.onward(box(45, -3, 95, 17), box(0, 0, 40, 10))
    assert back == pytest.approx((-95 / 20, -45 / 20, -55 / 20, 0.1, 2.0, 1.0))
    down = np.roll(box(0, 0, 10, 40), -1, axis=0)
    assert geometry.onward(box(0, 0, 40, 10), down).cosine == pytest.approx(0)


def test_what_follows_each_of_many():
    quads = np.stack([box(0, 0, 40, 10), box(45, 0, 60, 10), np.zeros((4, 2))])
    seen = geometry.onward(quads[:, None], quads[None])
    assert seen.gap.shape == (3, 3)
    assert seen.gap[:2, :2] == pytest.approx(np.array([[-4, 0.5], [-6, -1.5]]))
    assert np.isfinite(np.stack(seen)).all()
