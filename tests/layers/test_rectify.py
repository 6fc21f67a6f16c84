"""The rectifier against a spline in NumPy, against a plain resize, and against known warps."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.nn import functional as F

from ocrkit.layers.rectify import Rectifier, base_points, spline_matrix


def spline(fiducials, moved, place):
    """Bookstein's thin-plate spline, term by term: a0 + a1 x + a2 y + sum of w_i U(r_i)."""
    count = len(fiducials)
    known = np.concatenate([moved, np.zeros((3, 2))])
    system = np.zeros((count + 3, count + 3))
    for i, point in enumerate(fiducials):
        system[i, count:] = system[count:, i] = (1, *point)
        for j, other in enumerate(fiducials):
            r2 = float(((point - other) ** 2).sum())
            system[i, j] = r2 * np.log(r2) if r2 else 0
    solved = np.linalg.solve(system, known)
    result = np.array([1, *place]) @ solved[count:]
    for weight, point in zip(solved[:count], fiducials, strict=True):
        r2 = float(((np.asarray(place) - point) ** 2).sum())
        result = result + weight * (r2 * np.log(r2) if r2 else 0)
    return result


@given(
    seed=st.integers(0, 2**32 - 1),
    fiducials=st.sampled_from([6, 8, 20]),
    amount=st.floats(0, 0.5),
)
@settings(max_examples=20, deadline=None)
def test_places_are_those_of_a_thin_plate_spline(seed, fiducials, amount):
    rng = np.random.default_rng(seed)
    start = base_points(fiducials)
    moved = start + rng.uniform(-amount, amount, start.shape)
    places = rng.uniform(-1, 1, (7, 2))
    found = Rectifier("tps", fiducials=fiducials).locate(
        torch.from_numpy(moved)[None].float(), torch.from_numpy(places).float()
    )[0]
    wanted = [spline(start, moved, place) for place in places]
    np.testing.assert_allclose(found.numpy(), wanted, atol=2e-4)


def test_fiducials_lie_along_both_edges():
    assert base_points(6).tolist() == [[-1, -1], [0, -1], [1, -1], [-1, 1], [0, 1], [1, 1]]


def test_fiducials_go_where_they_are_sent():
    rectifier = Rectifier("tps")
    start = rectifier.get_buffer("start")
    moved = start + 0.3 * torch.randn(len(start), 2, generator=torch.manual_seed(0))
    torch.testing.assert_close(rectifier.locate(moved[None], start)[0], moved, atol=1e-5, rtol=0)


def test_the_spline_matrix_of_four_corners():
    """Squared distances between corners are 4 along an edge and 8 across."""
    four, eight = 4 * np.log(4), 8 * np.log(8)
    found = spline_matrix(base_points(4))
    assert found[0].tolist() == pytest.approx([1, -1, -1, 0, four, four, eight])
    assert found[-1].tolist() == [0, 0, 0, -1, -1, 1, 1]


@pytest.mark.parametrize("kind", ["affine", "tps"])
@pytest.mark.parametrize("size", [(64, 256), (32, 96), (48, 136)])
def test_at_first_it_is_a_plain_resize(kind, size):
    images = torch.randn(2, 1, *size, generator=torch.manual_seed(1))
    found, _ = Rectifier(kind).eval()(images)
    width = size[1] * 32 // size[0]
    plain = F.interpolate(images, (32, width), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, plain, atol=1e-3, rtol=0)


def test_affine_points_are_those_of_the_matrix():
    """Half as large, a quarter turn and 0.2 to the right: corner (-1, -1) goes to (0.7, -0.5)."""
    rectifier = Rectifier("affine").eval()
    wanted = torch.tensor([[0.0, -0.5, 0.2], [0.5, 0.0, 0.0]])
    with torch.no_grad():
        rectifier.head.bias.copy_((wanted - torch.eye(2, 3)).flatten() / 0.1)
        points = rectifier.points(torch.zeros(1, 1, 32, 96))[0]
    expected = [[0.7, -0.5], [0.7, 0.5], [-0.3, -0.5], [-0.3, 0.5]]
    torch.testing.assert_close(points, torch.tensor(expected))


def test_a_bent_word_is_straightened():
    """Of a picture sheared down to the right, fiducials that follow it show the level one."""
    rectifier = Rectifier("tps", height=32)
    level = np.zeros((32, 128), np.float32)
    level[12:20] = np.arange(128) % 8 / 8
    sheared = np.zeros((64, 128), np.float32)
    for column in range(128):
        top = 8 + round(column / 8)
        sheared[top : top + 32, column] = level[:, column]
    x, y = rectifier.get_buffer("start").T
    # Row r of the level picture lies in row 8 + 16 (x + 1) / 2 + r, of 64.
    down = (8 + 8 * (x + 1) + 16 * (y + 1)) / 32 - 1
    points = torch.stack([x, down], dim=1)[None].float()
    found = rectifier.sample(torch.from_numpy(sheared)[None, None], points, 128)[0, 0]
    assert np.abs(found.numpy() - level)[13:19].mean() < 0.02


def test_gradients_reach_the_localisation_network():
    rectifier = Rectifier("tps", fiducials=6)
    images = torch.randn(1, 1, 16, 24, generator=torch.manual_seed(2))
    rectifier(images)[0].square().sum().backward()
    assert rectifier.head.bias.grad.abs().sum() > 0


def test_places_have_the_right_gradient():
    rectifier = Rectifier("tps", fiducials=6)
    places = torch.rand(5, 2, dtype=torch.float64) * 2 - 1
    points = torch.from_numpy(base_points(6) + 0.1)[None].requires_grad_()
    assert torch.autograd.gradcheck(lambda p: rectifier.locate(p, places), points)


def test_coordinates_stay_exact_in_half_precision():
    rectifier = Rectifier("tps").eval()
    images = torch.randn(1, 1, 64, 1024, generator=torch.manual_seed(3))
    with torch.autocast("cpu", torch.bfloat16):
        found, _ = rectifier(images)
    plain = F.interpolate(images, (32, 512), mode="bilinear", align_corners=False)
    torch.testing.assert_close(found, plain, atol=1e-3, rtol=0)


def test_it_can_be_exported():
    rectifier = Rectifier("tps").eval()
    images = torch.randn(2, 1, 64, 128)
    exported = torch.export.export(rectifier, (images,)).module()
    torch.testing.assert_close(exported(images)[0], rectifier(images)[0])
