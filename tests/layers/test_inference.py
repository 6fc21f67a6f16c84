"""A network made ready for reading says the same; and so it does in halves."""

import weakref

import numpy as np
import pytest
import torch
from torch import nn

from ocrkit import detect, recognize
from ocrkit.errors import ConfigError
from ocrkit.layers.backbones import CompactPyramid
from ocrkit.layers.inference import as_memory_allows, for_reading


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
        after = for_reading(network, {})(images)
    for one, other in zip(before, after, strict=True):
        torch.testing.assert_close(one, other, rtol=1e-3, atol=1e-4)
    assert not any(isinstance(m, nn.BatchNorm2d) for m in network.modules())


def test_a_norm_that_follows_no_convolution_stays():
    network = nn.Sequential(nn.ReLU(), nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1))
    assert any(isinstance(m, nn.BatchNorm2d) for m in for_reading(network, {}).modules())


class SmallCard:
    """Takes so many images at once, and no more; tells how many it was asked to take."""

    def __init__(self, room, run=lambda batch: batch[:, 0, 0, 0].tolist()):
        self.room = room
        self.run = run
        self.asked = []

    def __call__(self, batch):
        self.asked.append(len(batch))
        if len(batch) > self.room:
            raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 9.00 GiB.")
        return self.run(batch)


def numbered(count):
    return torch.arange(float(count))[:, None, None, None].expand(count, 1, 32, 64)


@pytest.mark.parametrize(
    ("count", "room", "asked"),
    [
        (8, 8, [8]),
        (8, 4, [8, 4, 4]),
        (8, 3, [8, 4, 2, 2, 4, 2, 2]),
        (5, 2, [5, 3, 2, 1, 2]),
        (3, 1, [3, 2, 1, 1, 1]),
        (1, 1, [1]),
    ],
)
def test_a_batch_that_does_not_fit_is_halved(count, room, asked):
    card = SmallCard(room)
    assert as_memory_allows(card, numbered(count)) == [*range(count)]
    assert card.asked == asked


def test_the_memory_is_emptied_before_each_half(monkeypatch):
    events = []
    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: events.append("emptied"))
    as_memory_allows(SmallCard(2, lambda batch: events.append(len(batch)) or [0, 0]), numbered(4))
    assert events == ["emptied", 2, 2]


def test_what_filled_the_memory_is_gone_by_then(monkeypatch):
    filled, alive = [], []

    def run(batch):
        if len(batch) == 1:
            return [0]
        filling = torch.zeros(9)
        filled.append(weakref.ref(filling))
        raise torch.OutOfMemoryError("CUDA out of memory.")

    monkeypatch.setattr(torch.cuda, "empty_cache", lambda: alive.append(filled[0]() is not None))
    as_memory_allows(run, numbered(2))
    assert alive == [False]


def test_a_single_image_that_does_not_fit_is_an_error_that_says_what_to_do():
    card = SmallCard(0)
    message = r"^device: out of memory with a single input of 32 x 64 px; use 'cpu', or smaller"
    with pytest.raises(ConfigError, match=message):
        as_memory_allows(card, numbered(4))
    assert card.asked == [4, 2, 1]


def test_other_errors_are_not_tried_again():
    def run(batch):
        raise RuntimeError("expected another shape")

    with pytest.raises(RuntimeError, match="another shape"):
        as_memory_allows(run, numbered(4))


@pytest.mark.parametrize("name", ["crnn", "rare"])
def test_crops_are_read_the_same_where_memory_is_short(name, monkeypatch):
    torch.manual_seed(0)
    model = recognize.build({"name": name, "hidden": 8, "batch": 8}).eval()
    noise = np.random.default_rng(0)
    crops = [noise.integers(0, 256, (32, 96 + 32 * (i % 2), 3), np.uint8) for i in range(12)]
    plenty = model.read(crops)
    card = SmallCard(4, model.forward)
    monkeypatch.setattr(model, "forward", card)
    scarce = model.read(crops)
    assert card.asked == [6, 3, 3] * 2
    assert [one.text for one in scarce] == [one.text for one in plenty]
    np.testing.assert_allclose(
        [one.confidence for one in scarce], [one.confidence for one in plenty], rtol=1e-5
    )


def test_a_picture_that_does_not_fit_is_an_error(monkeypatch):
    model = detect.build({"name": "pixellink", "long_side": 64}).eval()
    monkeypatch.setattr(model, "forward", SmallCard(0))
    with pytest.raises(ConfigError, match="single input of 32 x 64 px"):
        model.detect(np.zeros((32, 64, 3), np.uint8))
