"""A network made ready for reading says the same."""

import torch
from torch import nn

from ocrkit.layers.backbones import CompactPyramid
from ocrkit.layers.inference import for_reading


def test_answers_stay_and_norms_go():
    torch.manual_seed(0)
    network = CompactPyramid()
    for norm in (m for m in network.modules() if isinstance(m, nn.BatchNorm2d)):
        nn.init.uniform_(norm.running_mean, -1, 1)
        nn.init.uniform_(norm.running_var, 0.5, 2)
        nn.init.uniform_(norm.weight, 0.5, 2)
        nn.init.uniform_(norm.bias, -1, 1)
    images = torch.randn(2, 3, 64, 96)
    with torch.inference_mode():
        before = network.eval()(images)
        after = for_reading(network)(images)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_a_norm_that_follows_no_convolution_stays():
    network = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1))
    assert any(isinstance(m, nn.BatchNorm2d) for m in for_reading(network).modules())
