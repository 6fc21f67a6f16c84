"""ASTER's two decoders, which RARE has with `both_ways`: both learn, and the surer one counts."""

import cv2
import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from ocrkit import recognize
from ocrkit.recognize._base import pad, prepare
from ocrkit.recognize._decoder import END, Decoded
from ocrkit.recognize.rare import RARE, RAREConfig, RAREMaps

TEXTS = ("HELLO", "a1-b2", "Taxis")
STEPS = 300


class Says(torch.nn.Module):
    """A decoder whose search finds given classes and confidences, and looks at given columns."""

    def __init__(self, classes, confidences, columns=(0, 1, 2)):
        super().__init__()
        self.found = classes, confidences
        self.columns = list(columns)

    def search(self, features, probabilities, width, length):
        classes, confidences = (torch.tensor(part) for part in self.found)
        looks = torch.eye(8)[self.columns[: classes.shape[1]]].expand(len(classes), -1, -1)
        return Decoded(classes[:, None], confidences[:, None], looks[:, None])


@pytest.fixture
def model():
    return RARE(RAREConfig(charset="abc", both_ways=True)).eval()


def maps(model, count):
    start = model.rectifier.get_buffer("start").expand(count, -1, -1)
    return RAREMaps(torch.zeros(count, 8, 256), start)


def test_the_surer_direction_wins_word_by_word(model):
    """Forwards "ab" and "ab", backwards "cb" and "cb": read from the front "bc".

    The first picture's forward text has 0.9 x 0.9 x 0.9 against 0.8 x 0.8 x 0.8; the second's 0.7 x
    0.9 x 0.9 against 0.9 x 0.9 x 0.8.
    """
    model.decoder = Says([[1, 2, END]] * 2, [[0.9] * 3, [0.7, 0.9, 0.9]])
    model.backward = Says([[3, 2, END]] * 2, [[0.8] * 3, [0.9, 0.9, 0.8]])
    first, second = model.decode(maps(model, 2))
    assert (first.text, second.text) == ("ab", "bc")
    assert [c.confidence for c in first.characters] == pytest.approx([0.9, 0.9])
    assert [c.confidence for c in second.characters] == pytest.approx([0.9, 0.9])


def test_what_was_read_backwards_stands_where_it_was_seen(model):
    """The backward decoder looked at column 6 for `b`, its first character, then at 1 for `c`."""
    model.decoder = Says([[1, END, END]], [[0.1, 0.1, 1.0]])
    model.backward = Says([[2, 3, END]], [[0.6, 0.9, 0.9]], columns=(6, 1, 7))
    (reading,) = model.decode(maps(model, 1))
    assert reading.text == "cb"
    assert [c.confidence for c in reading.characters] == pytest.approx([0.9, 0.6])
    assert [c.span for c in reading.characters] == [
        pytest.approx((0, 0.5), abs=1e-3),
        pytest.approx((0.5, 1), abs=1e-3),
    ]


def test_the_end_counts_in_the_comparison(model):
    """Both are sure of their characters, but one is not sure that the word ends there."""
    model.decoder = Says([[1, END]], [[0.9, 0.3]])
    model.backward = Says([[2, END]], [[0.8, 0.9]])
    (reading,) = model.decode(maps(model, 1))
    assert reading.text == "b"


def test_without_both_ways_there_is_one_decoder():
    assert RARE(RAREConfig()).backward is None
    assert not [name for name in RARE(RAREConfig()).state_dict() if name.startswith("backward")]


def write(text):
    image = np.full((40, 24 + 22 * len(text), 3), 60, np.uint8)
    cv2.putText(image, text, (8, 30), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (230, 220, 210), 2)
    return image


@pytest.mark.slow
def test_both_decoders_learn_a_batch_by_heart():
    torch.manual_seed(0)
    model = recognize.build({"name": "rare", "both_ways": True}).train()
    crops = [write(text) for text in TEXTS]
    images = torch.from_numpy(pad([prepare(crop, 64, 1280) for crop in crops]))
    targets = default_collate([model.encode(model.config, text) for text in TEXTS])
    optimizer = torch.optim.Adam(model.parameters())
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 2e-3 * min((step + 1) / 50, 1, (STEPS - step) / 200)
        optimizer.zero_grad()
        sum(model.loss(model(images), targets).values()).backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    model.eval()
    assert tuple(reading.text for reading in model.read(crops)) == TEXTS
    forwards, backwards = model.decoder, model.backward
    model.backward = None
    assert tuple(reading.text for reading in model.read(crops)) == TEXTS
    model.decoder = backwards
    assert tuple(reading.text[::-1] for reading in model.read(crops)) == TEXTS
    model.decoder = forwards
