"""What every recogniser must satisfy. A new file in ocrkit/recognize is tested without an edit."""

import pickle
from functools import partial

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from ocrkit import catalog, recognize
from ocrkit.recognize._base import pad, prepare

TEXTS = ("HELLO", "a1-b2", "Taxis")
STEPS = 300


def write(text):
    image = np.full((40, 24 + 22 * len(text), 3), 60, np.uint8)
    cv2.putText(image, text, (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (230, 220, 210), 2)
    return image


def build(name):
    torch.manual_seed(0)
    return recognize.build({"name": name})


def batch(model, texts):
    images = torch.from_numpy(pad([prepare(write(t), model.config.height, 640) for t in texts]))
    return images, default_collate([model.encode(model.config, t) for t in texts])


@pytest.fixture(params=catalog.names(recognize))
def model(request):
    return build(request.param)


def test_encode_travels_to_a_worker(model):
    encode = pickle.loads(pickle.dumps(partial(model.encode, model.config)))
    assert all(np.isfinite(np.asarray(array)).all() for array in encode("word"))


def test_encode_refuses_what_cannot_be_said(model):
    with pytest.raises(ValueError, match="é"):
        model.encode(model.config, "café")


@pytest.mark.parametrize("texts", [TEXTS, ("", "x", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa")])
def test_loss_and_gradients_stay_finite(model, texts):
    """Also for an empty label and for one that is too long for its picture."""
    images, targets = batch(model, ("a", "b", "c") if texts is not TEXTS else texts)
    targets = default_collate([model.encode(model.config, t) for t in texts])
    total = sum(model.loss(model(images), targets).values())
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())


def test_a_reading_does_not_depend_on_its_companions(model):
    model.eval()
    crops = [write(t) for t in ("one", "a longer word", "x", "two", "three")]
    together = model.read(crops)
    for crop, reading in zip(crops, together, strict=True):
        (alone,) = model.read([crop])
        assert alone.text == reading.text
        assert alone.confidence == pytest.approx(reading.confidence, abs=1e-4)


@pytest.mark.parametrize("shape", [(1, 1), (300, 4), (5, 3000), (32, 100)])
def test_any_crop_can_be_read(model, shape):
    (reading,) = model.eval().read([np.full((*shape, 3), 128, np.uint8)])
    assert len(reading.characters) == len(reading.text)
    assert 0 <= reading.confidence <= 1


def test_rows_of_characters(model):
    """What another charset keeps when training starts from these weights."""
    tensors = model.state_dict()
    assert model.of_characters
    assert {len(tensors[name]) for name in model.of_characters} == {1 + len(model.charset)}


def test_nothing_to_read(model):
    assert model.read([]) == []


def rate(step):
    """As in real training it rises and falls: transformers go astray if it does not."""
    return 2e-3 * min((step + 1) / 50, 1, (STEPS - step) / 200)


@pytest.mark.slow
@pytest.mark.parametrize("name", catalog.names(recognize))
def test_learns_a_batch_by_heart(name):
    model = build(name).train()
    images, targets = batch(model, TEXTS)
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = rate(step)
        optimizer.zero_grad()
        sum(model.loss(model(images), targets).values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    readings = model.eval().read([write(t) for t in TEXTS])
    assert tuple(r.text for r in readings) == TEXTS
    for reading in readings:
        starts = [c.span[0] for c in reading.characters]
        assert starts == sorted(starts)
        assert starts[0] >= 0
        assert reading.characters[-1].span[1] <= 1
