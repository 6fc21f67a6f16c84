"""CRNN alone: sizes of the two networks, the time axis, the preparation of crops."""

import numpy as np
import pytest
import torch

from ocrkit import recognize
from ocrkit.errors import ConfigError
from ocrkit.recognize._base import pad, prepare
from ocrkit.recognize.crnn import CRNN, MAX_LENGTH, CRNNConfig


# Convolutions and norms 5 551 360; LSTMs (two bias vectors each) 1 576 960 and 1 052 672;
# linear 131 328 and 18 981.
def test_paper_network_is_table_1():
    model = recognize.build(
        {
            "name": "crnn",
            "network": "paper",
            "hidden": 256,
            "charset": "0123456789abcdefghijklmnopqrstuvwxyz",
        }
    )
    assert sum(p.numel() for p in model.parameters()) == 8_331_301
    assert model(torch.zeros(1, 1, 32, 100)).logits.shape == (1, 26, 37)


def test_lite_network_is_small():
    model = CRNN(CRNNConfig())
    assert sum(p.numel() for p in model.parameters()) == 2_085_824
    assert model(torch.zeros(2, 1, 32, 96)).logits.shape == (2, 24, 96)


def test_other_heights_are_refused():
    with pytest.raises(ConfigError, match="height"):
        recognize.build({"name": "crnn", "height": 48})


def test_labels_are_padded_and_long_ones_refused():
    labels, length = CRNN.encode(CRNNConfig(charset="abc"), "cab")
    assert labels[:4].tolist() == [3, 1, 2, 0]
    assert (labels.shape, int(length)) == ((MAX_LENGTH,), 3)
    with pytest.raises(ValueError, match="65 characters, at most 64"):
        CRNN.encode(CRNNConfig(charset="abc"), "a" * 65)


def test_prepare_keeps_the_aspect_ratio_and_normalises():
    crop = np.random.default_rng(0).integers(0, 256, (16, 64, 3), np.uint8)
    found = prepare(crop, 32, 640)
    assert found.shape == (1, 32, 128)
    assert found.mean() == pytest.approx(0, abs=1e-5)
    assert found.std() == pytest.approx(1, abs=1e-4)
    assert prepare(crop, 32, 64).shape == (1, 32, 64)


@pytest.mark.parametrize(("columns", "width"), [(48, 96), (32, 80), (16, 64), (1, 49)])
def test_narrow_crops_are_widened(columns, width):
    """Aspect a below 3 becomes a/2 + 1.5: 3 stays, 2 becomes 2.5, 1 becomes 2."""
    assert prepare(np.zeros((16, columns, 3), np.uint8), 32, 640).shape == (1, 32, width)


def test_prepare_reads_rgb():
    red, blue = (np.zeros((32, 64, 3), np.uint8) for _ in range(2))
    red[:, :32, 0] = blue[:, :32, 2] = 255
    # Grey levels of red and blue are 76 and 29 (Rec. 601): before normalisation one is brighter.
    mixed = np.concatenate([red[:, :32], blue[:, :32]], axis=1)
    assert prepare(mixed, 32, 640)[0, 0, 0] > prepare(mixed, 32, 640)[0, 0, -1]


def test_an_empty_crop_is_not_blown_up():
    assert np.abs(prepare(np.full((32, 64, 3), 200, np.uint8), 32, 640)).max() == 0


def test_padding_is_on_the_right_and_a_multiple_of_32():
    stack = pad([np.ones((1, 32, 40), np.float32), np.ones((1, 32, 70), np.float32)])
    assert stack.shape == (2, 1, 32, 96)
    assert stack[0, 0, 0].tolist() == [1] * 40 + [0] * 56
