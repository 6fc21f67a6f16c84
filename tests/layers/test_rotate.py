import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.layers.rotate import arrange, roi_rotate, strip_widths


def turned(centre, width, height, angle):
    """A rectangle's corners, clockwise from where its text starts; (4, 2)."""
    corners = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * [width / 2, height / 2]
    cos, sin = math.cos(angle), math.sin(angle)
    return (corners @ [[cos, sin], [-sin, cos]] + centre).astype(np.float32)


def strips(features, quads, stride, pictures=None, height=8, most=64, zoom=1):
    """The strips of all regions, in their order, without padding."""
    quads = torch.as_tensor(np.asarray(quads, np.float32))
    owners = torch.zeros(len(quads), dtype=torch.long)
    owners = owners if pictures is None else torch.tensor(pictures)
    groups = arrange(quads, owners, height, most)
    found = [None] * len(quads)
    for group, made in zip(groups, roi_rotate(features, groups, height, stride, zoom), strict=True):
        for region, width, strip in zip(group.regions, group.widths, made, strict=True):
            found[region] = strip[..., : width * zoom]
            assert (strip[..., width * zoom :] == 0).all()
    return found


def sampled(features, x, y):
    """A value of a map (H, W) at a point in cells, bilinear; edges are repeated."""
    rows, columns = features.shape
    x, y = np.clip(x, 0.5, columns - 0.5) - 0.5, np.clip(y, 0.5, rows - 0.5) - 0.5
    left, top = int(x), int(y)
    right, bottom = min(left + 1, columns - 1), min(top + 1, rows - 1)
    u, v = x - left, y - top
    upper = features[top, left] * (1 - u) + features[top, right] * u
    lower = features[bottom, left] * (1 - u) + features[bottom, right] * u
    return upper * (1 - v) + lower * v


def test_an_upright_region_of_whole_cells_is_cut_out_as_it_is():
    features = torch.arange(2 * 12 * 40, dtype=torch.float32).view(1, 2, 12, 40)
    quad = [[8, 8], [136, 8], [136, 40], [8, 40]]  # 32 x 8 cells of 4 px, from cell (2, 2)
    (strip,) = strips(features, [quad], stride=4)
    torch.testing.assert_close(strip, features[0, :, 2:10, 2:34])


def test_text_that_runs_down_comes_out_upright():
    features = torch.arange(40 * 12, dtype=torch.float32).view(1, 1, 40, 12)
    quad = [[40, 8], [40, 136], [8, 136], [8, 8]]  # starts at the top right, 32 cells long
    (strip,) = strips(features, [quad], stride=4)
    torch.testing.assert_close(strip[0], features[0, 0, 2:34, 2:10].rot90(1, (0, 1)))


@settings(max_examples=25, deadline=None)
@given(
    st.floats(20, 90), st.floats(10, 50), st.floats(12, 120), st.floats(6, 30), st.floats(-3.1, 3.1)
)
def test_strips_are_those_of_a_plain_warp(x, y, width, height, angle):
    rng = np.random.default_rng(0)
    features = rng.normal(size=(15, 28)).astype(np.float32)
    quad = turned((x, y), width, height, angle)
    (strip,) = strips(torch.from_numpy(features)[None, None], [quad], stride=4)
    columns = strip.shape[-1]
    right, down = quad[1] - quad[0], quad[3] - quad[0]
    expected = np.array(
        [
            [
                sampled(
                    features, *((quad[0] + right * (j + 0.5) / columns + down * (i + 0.5) / 8) / 4)
                )
                for j in range(columns)
            ]
            for i in range(8)
        ]
    )
    np.testing.assert_allclose(strip[0].numpy(), expected, atol=2e-3)


def test_a_finer_map_gives_strips_with_more_rows_and_columns_of_the_same_place():
    coarse = torch.arange(20.0).view(1, 1, 1, 20).expand(1, 1, 12, 20)
    fine = torch.nn.functional.interpolate(coarse, scale_factor=2.0, mode="bilinear")
    quad = [[16, 8], [64, 8], [64, 40], [16, 40]]
    (one,), (other,) = strips(coarse, [quad], 4), strips(fine, [quad], 2, zoom=2)
    assert other.shape == (1, 16, 2 * one.shape[-1])
    shrunk = torch.nn.functional.avg_pool2d(other[None], 2)[0]
    torch.testing.assert_close(shrunk, one, atol=1e-4, rtol=0)


def test_regions_of_several_pictures_stay_in_their_own():
    features = torch.stack([torch.full((1, 10, 20), float(i)) for i in range(3)])
    quad = [[-20, -20], [100, -20], [100, 60], [-20, 60]]  # reaches over all edges
    for picture, strip in zip([2, 0, 1], strips(features, [quad] * 3, 4, [2, 0, 1]), strict=True):
        assert (strip == picture).all()


def test_what_else_is_cut_makes_no_difference():
    features = torch.randn(1, 3, 20, 30)
    quads = [turned((60, 40), 50 + 9 * i, 14, 0.3 * i) for i in range(6)]
    together = strips(features, quads, 4)
    for quad, strip in zip(quads, together, strict=True):
        torch.testing.assert_close(strips(features, [quad], 4)[0], strip)


def test_widths_keep_the_aspect_ratio_of_long_words_only():
    sizes = [(40, 10), (30, 10), (10, 10), (10, 30), (1000, 10)]  # width, height
    quads = np.stack([turned((0, 0), *size, 0.7) for size in sizes])
    # 4 stays; 3 stays; 1 becomes 1/2 + 1.5 = 2; 1/3 becomes 1/6 + 1.5 = 5/3; 100 is more than fits
    widths = strip_widths(torch.from_numpy(quads), 8, 128).tolist()
    assert widths == [32, 24, 16, 13, 128]


def test_memory_is_bounded_however_many_regions_there_are():
    quads = torch.from_numpy(np.stack([turned((50, 50), 20 + i % 90, 10, 0) for i in range(500)]))
    groups = arrange(quads, torch.zeros(500, dtype=torch.long), 8, 128, budget=1024)
    assert sorted(torch.cat([g.regions for g in groups]).tolist()) == list(range(500))
    assert all(len(g.quads) * g.columns <= 1024 for g in groups)
    assert all((g.widths <= g.columns).all() and (g.widths > g.columns - 8).all() for g in groups)


def test_no_regions():
    assert arrange(torch.zeros(0, 4, 2), torch.zeros(0, dtype=torch.long), 8, 64) == []
    assert roi_rotate(torch.zeros(1, 1, 4, 4), [], 8, 4) == []


@pytest.mark.parametrize("angle", [0.0, 0.4, 2.0])
def test_gradients_reach_the_maps(angle):
    torch.manual_seed(0)
    features = torch.randn(2, 2, 6, 7, dtype=torch.float64, requires_grad=True)
    quads = torch.from_numpy(np.stack([turned((13, 11), 14, 6, angle)] * 2))
    groups = arrange(quads, torch.tensor([1, 0]), 3, 6)
    assert torch.autograd.gradcheck(lambda f: roi_rotate(f, groups, 3, 4)[0], features)
