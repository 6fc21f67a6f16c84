"""Feature maps come at the strides and channels that are promised."""

import torch

from ocrkit.layers.backbones import VGG16, Compact, CompactPyramid
from ocrkit.layers.blocks import SequenceEncoder


def test_compact_strides():
    network = Compact(stem=8, channels=(8, 12, 16, 20))
    maps = network(torch.zeros(1, 3, 64, 96))
    sizes = [(8, 32, 48), (8, 16, 24), (12, 8, 12), (16, 4, 6), (20, 2, 3)]
    assert [tuple(m.shape[1:]) for m in maps] == sizes


def test_vgg_strides():
    maps = VGG16()(torch.zeros(1, 3, 32, 64))
    sizes = [(128, 16, 32), (256, 8, 16), (512, 4, 8), (512, 2, 4), (1024, 2, 4)]
    assert [tuple(m.shape[1:]) for m in maps] == sizes


def test_sequence_encoder_sees_both_directions():
    torch.manual_seed(0)
    encoder = SequenceEncoder(4, 6, 5).eval()
    x = torch.randn(1, 7, 4)
    changed = x.clone()
    changed[0, 3] += 1
    difference = (encoder(x) - encoder(changed)).abs().sum(-1)[0]
    assert encoder(x).shape == (1, 7, 5)
    assert (difference[[0, 6]] > 0).all()


def test_vgg_without_fc():
    sizes = [tuple(m.shape[1:]) for m in VGG16(fc=False).eval()(torch.zeros(1, 3, 32, 48))]
    assert sizes == [(128, 16, 24), (256, 8, 12), (512, 4, 6), (512, 2, 3)]


def test_the_pyramid_of_the_lite_detectors():
    pyramid = CompactPyramid().eval()
    sizes = [tuple(m.shape[1:]) for m in pyramid(torch.zeros(1, 3, 64, 96))]
    assert sizes == [(32, 16, 24), (64, 8, 12), (64, 4, 6), (64, 2, 3)]
