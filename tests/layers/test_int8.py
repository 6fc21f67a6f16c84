"""Convolutions in 8-bit integers: what they make of levels is exact, and of other numbers near."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from ocrkit import detect, recognize
from ocrkit.layers import int8
from ocrkit.layers.blocks import ConvNorm, Residual
from ocrkit.layers.inference import for_reading

needs_int8 = pytest.mark.skipif(not int8.supported(), reason="this processor has no quick int8")


def of(weight, bias=0.0, **shape):
    """A convolution with these weights, (rows, columns) or (out, in, rows, columns)."""
    weight = torch.tensor(weight, dtype=torch.float32)
    weight = weight if weight.ndim == 4 else weight[None, None]
    out, channels, *kernel = weight.shape
    conv = nn.Conv2d(channels, out, kernel, **shape).eval().requires_grad_(requires_grad=False)
    conv.weight.copy_(weight)
    conv.bias.fill_(bias)
    return conv


@needs_int8
def test_a_convolution_by_hand():
    # The unit of inputs is 1, that of weights 127 / 127; sums are exact.
    conv = int8.Int8Conv2d(of([[127.0, -2.0]], bias=0.5), (0.0, 255.0), act=False)
    told = conv(torch.tensor([[[[3.0, 5.0, 7.0]]]]))
    assert told.tolist() == [[[[3 * 127 - 5 * 2 + 0.5, 5 * 127 - 7 * 2 + 0.5]]]]


@needs_int8
def test_inputs_go_to_the_nearest_level_and_stay_in_the_range():
    conv = int8.Int8Conv2d(of([[127.0]]), (0.0, 25.5), act=False)  # levels of 0.1
    told = conv(torch.tensor([[[[0.26, 0.34, 99.0, -3.0]]]]))
    np.testing.assert_allclose(told[0, 0, 0].numpy() / 127, [0.3, 0.3, 25.5, 0.0], rtol=1e-6)


@needs_int8
def test_a_range_on_both_sides_of_zero_pads_with_zero():
    conv = int8.Int8Conv2d(of([[0.0, 1.0, 0.0]] * 3, padding=1), (-55.0, 200.0), act=False)
    told = conv(torch.full((1, 1, 1, 2), -20.0))
    np.testing.assert_allclose(told.numpy(), np.full((1, 1, 1, 2), -20.0), rtol=1e-5)


@needs_int8
def test_the_relu_after_it():
    images = torch.tensor([[[[1.0, 255.0]]]])
    network = for_reading(nn.Sequential(of([[-127.0]], bias=200.0), nn.ReLU()), {"0": (0.0, 255.0)})
    assert isinstance(network[1], nn.Identity)
    assert network(images).tolist() == [[[[73.0, 0.0]]]]


@needs_int8
@given(
    st.integers(0, 2**31),
    st.sampled_from([(1, 1), (3, 3), (3, 5), (2, 1)]),
    st.integers(1, 2),
    st.booleans(),
)
def test_it_is_the_convolution_of_what_was_rounded(seed, kernel, stride, signed):
    torch.manual_seed(seed)
    conv = nn.Conv2d(5, 7, kernel, stride, padding=(kernel[0] // 2, kernel[1] // 2)).eval()
    images = 3 * torch.randn(2, 5, 9, 12)
    within = (-4.0, 6.0) if signed else (0.0, 6.0)
    unit = (within[1] - within[0]) / 255
    zero = round(-within[0] / unit)
    rounded = (int8.levels(images, unit, zero).float() - zero) * unit
    pairs = conv.weight.abs().topk(2, dim=1).values.sum(dim=1).amax(dim=(1, 2))
    units = (pairs / int8.PAIR_LEVELS).maximum(conv.weight.abs().amax(dim=(1, 2, 3)) / 127)[
        :, None, None, None
    ]
    with torch.inference_mode():
        told = int8.Int8Conv2d(conv, within, act=False)(images)
        conv.weight.copy_((conv.weight / units).round() * units)
        torch.testing.assert_close(told, conv(rounded), rtol=1e-3, atol=1e-3)


@given(
    st.lists(st.floats(-1e6, 1e6, width=32), min_size=1, max_size=40),
    st.floats(1e-3, 1e3),
    st.integers(0, 255),
)
def test_levels_are_the_nearest(values, unit, zero):
    x = torch.tensor(values)[None, :, None, None]
    told = int8.levels(x, unit, zero).flatten()
    exact = (x.double().flatten() / unit + zero).clamp(0, 255)
    # Half a level, and what single precision loses of numbers this large.
    assert bool(((told - exact).abs() <= 0.5 + 1e-5 * (x.flatten().abs() / unit)).all())


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
def test_levels_of_many_numbers_lie_where_they_did(layout, monkeypatch):
    x = torch.arange(2 * 3 * 4 * 5.0).view(2, 3, 4, 5).contiguous(memory_format=layout)
    monkeypatch.setattr(int8, "CHUNK", 7)
    told = int8.levels(x, 0.5, 3)
    assert told.dtype == torch.uint8
    assert told.is_contiguous(memory_format=torch.channels_last)
    assert torch.equal(told, (2 * x + 3).clamp(max=255).to(torch.uint8))


@needs_int8
def test_large_sums_do_not_overflow():
    # Some processors add two products in 16 bits, which 255 * 127 * 2 does not fit.
    conv = int8.Int8Conv2d(of(np.full((1, 64, 3, 3), 127.0)), (0.0, 255.0), act=False)
    told = conv(torch.full((1, 64, 5, 5), 255.0))
    np.testing.assert_allclose(told.numpy(), 255.0 * 127 * 64 * 9, rtol=1e-6)


@given(st.integers(0, 2**31), st.floats(1e-4, 1e3))
def test_no_two_weights_at_a_pixel_are_too_much_for_16_bits(seed, size):
    torch.manual_seed(seed)
    weight = size * torch.randn(16, 6, 3, 3) ** 3
    levels = (weight / int8._units(weight)[:, None, None, None]).round().abs()
    assert levels.max() <= 127
    assert levels.topk(2, dim=1).values.sum(dim=1).max() <= 128


@needs_int8
def test_a_picture_is_read_the_same_in_any_batch():
    torch.manual_seed(0)
    network = Residual(32).eval()
    images = torch.randn(6, 32, 8, 24)
    ranges = int8.measure(network, lambda: network(images))
    quick = for_reading(network, ranges)
    with torch.inference_mode():
        together = quick(images)
        for one, told in zip(images, together, strict=True):
            assert torch.equal(quick(one[None])[0], told)


@needs_int8
def test_a_network_says_nearly_the_same():
    torch.manual_seed(0)
    network = nn.Sequential(ConvNorm(32, 64), Residual(64), nn.MaxPool2d(2), ConvNorm(64, 48, 1))
    images = torch.randn(4, 32, 16, 48)
    with torch.inference_mode():
        network(images)  # in training, for the norms to know of something
        before = network.eval()(images)
        ranges = int8.measure(network, lambda: network(images))
        after = for_reading(network, ranges)(images)
    assert sorted(ranges) == ["0.0", "1.body.0.0", "1.body.1.0", "3.0"]
    assert sum(isinstance(module, int8.Int8Conv2d) for module in network.modules()) == 4
    assert (after - before).square().mean().sqrt() < 0.05 * before.std()


@needs_int8
def test_levels_go_from_one_convolution_to_the_next():
    # The first says 3.2 and 6.4, of which the second, whose levels are 0.1, makes 32 and 64.
    steps = nn.Sequential(of([[0.1]]), nn.ReLU()), of([[127.0]])
    network = for_reading(nn.Sequential(*steps), {"0.0": (0.0, 255.0), "1": (0.0, 25.5)})
    images = torch.tensor([[[[32.0, 64.0, 255.0, -9.0]]]])
    assert network[0](images).dtype == torch.uint8
    assert network[0](images).flatten().tolist() == [32, 64, 255, 0]
    np.testing.assert_allclose(network(images).flatten() / 127, [3.2, 6.4, 25.5, 0], rtol=1e-6)


@needs_int8
def test_floats_go_on_to_what_takes_no_levels():
    network = nn.Sequential(of([[1.0]]), nn.MaxPool2d(1), of([[1.0]]))
    for_reading(network, {"0": (0.0, 1.0), "2": (0.0, 1.0)})
    assert network[0](torch.ones(1, 1, 2, 2)).dtype == torch.float32


@needs_int8
@pytest.mark.parametrize("within", [(0.0, 0.0), (0.0, 1e-40), (-1e-9, 1e-9)])
def test_a_range_that_is_too_small_is_not_divided(within):
    network = nn.Sequential(nn.Conv2d(32, 8, 1))
    assert isinstance(for_reading(network, {"0": within})[0], nn.Conv2d)


def test_convolutions_that_pad_otherwise_are_not_measured():
    kinds = {"padding": "same"}, {"padding": 1, "padding_mode": "reflect"}
    network = nn.Sequential(*(nn.Conv2d(32, 32, 3, **kind) for kind in kinds))
    assert int8.measure(network, lambda: network(torch.ones(1, 32, 8, 8))) == {}


@needs_int8
def test_a_convolution_that_saw_nothing_but_zeros_stays():
    network = nn.Sequential(nn.Conv2d(32, 8, 1))
    ranges = int8.measure(network, lambda: network(torch.zeros(1, 32, 4, 4)))
    assert ranges == {"0": (0.0, 0.0)}
    assert isinstance(for_reading(network, ranges)[0], nn.Conv2d)


def test_elsewhere_convolutions_stay(monkeypatch):
    monkeypatch.setattr(int8, "supported", lambda: False)
    network = nn.Sequential(nn.Conv2d(32, 8, 1))
    assert isinstance(for_reading(network, {"0": (0.0, 1.0)})[0], nn.Conv2d)


@needs_int8
@pytest.mark.parametrize("changed", [lambda *_: torch.zeros(()), lambda: None])
def test_operators_that_work_otherwise_are_not_used(monkeypatch, changed):
    monkeypatch.setattr(torch.ops.onednn, "qconv2d_pointwise", changed)
    int8.supported.cache_clear()
    assert not int8.supported()
    monkeypatch.undo()
    int8.supported.cache_clear()
    assert int8.supported()


def test_convolutions_of_few_channels_are_not_measured():
    network = nn.Sequential(nn.Conv2d(3, 32, 1), nn.Conv2d(32, 4, 1), nn.Conv2d(4, 4, 1))
    assert [*int8.measure(network, lambda: network(torch.ones(1, 3, 4, 4)))] == ["1"]
    assert not any(module._forward_pre_hooks for module in network)


def test_nothing_goes_on_watching_after_an_error():
    network = nn.Sequential(nn.Conv2d(32, 4, 1))
    with pytest.raises(RuntimeError):
        int8.measure(network, lambda: network(torch.ones(1, 3, 4, 4)))
    assert not network[0]._forward_pre_hooks


def test_the_range_of_values_that_are_alike_is_all_of_it():
    low, high = int8.closest_range(torch.linspace(-1, 3, 1001))
    assert (low, high) == (-1.0, 3.0)


def test_the_range_leaves_out_what_is_rare_and_far():
    values = torch.cat([torch.linspace(0, 1, 1_000_000), torch.tensor([5.0])])
    low, high = int8.closest_range(values)
    assert low == 0.0
    assert 0.9 < high < 3.0


@pytest.mark.parametrize(
    ("values", "expected"), [([0.0, 0.0], (0.0, 0.0)), ([5.0], (0.0, 5.0)), ([-5.0], (-5.0, 0.0))]
)
def test_every_range_has_zero_in_it(values, expected):
    assert int8.closest_range(torch.tensor(values)) == pytest.approx(expected, abs=0.5)


@needs_int8
@pytest.mark.parametrize(
    ("family", "block"),
    [
        (detect, {"name": "ctpn"}),
        (detect, {"name": "east"}),
        (detect, {"name": "pixellink"}),
        (detect, {"name": "textboxespp"}),
        (recognize, {"name": "crnn", "network": "deep"}),
        (recognize, {"name": "rare"}),
        (recognize, {"name": "satrn"}),
    ],
)
def test_every_network_works_in_integers(family, block):
    torch.manual_seed(0)
    model = family.build(block).eval()
    noise = np.random.default_rng(0)

    def show():
        if family is detect:
            return model.detect(noise.integers(0, 256, (64, 96, 3), np.uint8))
        return model.read([noise.integers(0, 256, (32, 96, 3), np.uint8)])

    ranges = int8.measure(model, show)
    for_reading(model, ranges)
    assert sum(isinstance(module, int8.Int8Conv2d) for module in model.modules()) > 5
    show()
