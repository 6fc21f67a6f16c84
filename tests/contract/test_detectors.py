"""What every detector must satisfy. A new file in ocrkit/detect is tested here without an edit."""

import pickle
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from ocrkit import catalog, detect, geometry
from ocrkit.detect._base import prepare
from ocrkit.types import Detections, Sample

SIDE = 128


def draw(*quads, ignored=()):
    """Bright quads on a dark ground: words that a network can learn by heart."""
    image = np.full((SIDE, SIDE, 3), 40, np.uint8)
    for quad in quads:
        cv2.fillPoly(image, [np.asarray(quad, np.int32)], (230, 230, 230))
    quads = np.asarray(quads, np.float32).reshape(-1, 4, 2)
    return Sample(image, quads, ("word",) * len(quads), np.isin(np.arange(len(quads)), ignored))


UPRIGHT = [[16, 16], [80, 16], [80, 40], [16, 40]]
TILTED = [[40, 80], [104, 72], [107, 96], [43, 104]]
WORDS, WORD = draw(UPRIGHT, TILTED), draw([[30, 30], [100, 40], [97, 61], [27, 51]])
NOTHING, IGNORED = draw(), draw(UPRIGHT, ignored=[0])


def build(name):
    torch.manual_seed(0)
    return detect.build({"name": name, "long_side": SIDE})


def batch(model, *samples):
    targets = default_collate([model.encode(model.config, s) for s in samples])
    return torch.stack([torch.from_numpy(prepare(s.image)) for s in samples]), targets


@pytest.fixture(params=catalog.names(detect))
def model(request):
    return build(request.param)


def test_encode_travels_to_a_worker(model):
    encode = pickle.loads(pickle.dumps(partial(model.encode, model.config)))
    for sample in (WORDS, NOTHING, IGNORED):
        assert all(np.isfinite(array).all() for array in encode(sample))


@pytest.mark.parametrize("samples", [(NOTHING, NOTHING), (IGNORED, IGNORED), (WORDS, NOTHING)])
def test_loss_and_gradients_stay_finite(model, samples):
    images, targets = batch(model, *samples)
    total = sum(model.loss(model(images), targets).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:The tensor attributes.*_flat_weights:UserWarning")  # an LSTM's
def test_forward_exports(model):
    images = torch.rand(2, 3, 64, 96)
    program = torch.export.export(model.eval(), (images,))
    for ours, theirs in zip(model(images), program.module()(images), strict=True):
        torch.testing.assert_close(ours, theirs)


@pytest.mark.parametrize(("height", "width"), [(128, 128), (90, 210), (210, 90), (7, 500)])
def test_detect_answers_in_the_pixels_it_was_given(model, monkeypatch, height, width):
    """A quad around all that the network sees comes back as a quad around the whole image."""

    def everything(maps):
        h, w = model.seen.shape[-2:]
        quad = np.array([[[0, 0], [w, 0], [w, h], [0, h]]], np.float32)
        return [Detections(quad, np.ones(1, np.float32))]

    model.eval().register_forward_pre_hook(lambda m, args: setattr(m, "seen", args[0]))
    monkeypatch.setattr(model, "decode", everything)
    (found,) = model.detect(np.zeros((height, width, 3), np.uint8)).quads
    corners = [[0, 0], [width, 0], [width, height], [0, height]]
    np.testing.assert_allclose(found, corners, rtol=1e-6)


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.names(detect))
def test_learns_two_images_by_heart(name):
    model = build(name).train()
    images, targets = batch(model, WORDS, WORD)
    optimizer = torch.optim.Adam(model.parameters(), lr=3e-3)
    for _ in range(150):
        optimizer.zero_grad()
        sum(model.loss(model(images), targets).values()).backward()
        optimizer.step()
    model.eval()
    for sample in (WORDS, WORD):
        found = model.detect(sample.image)
        assert len(found) == len(sample.quads)
        for word in sample.quads:
            overlaps = geometry.iou(word, found.quads)
            assert overlaps.max() > 0.7
            best = found.quads[overlaps.argmax()]
            assert np.linalg.norm(best - word, axis=1).max() < 8  # corner by corner, in order
