"""CTC: the loss against an enumeration of all paths, greedy decoding on paper."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.recognize import _ctc
from ocrkit.text import Charset

AB = Charset("ab")


def collapse(path):
    return [k for k, _ in itertools.groupby(path) if k != _ctc.BLANK]


def one_hot(path, classes=3, certainty=0.9):
    rows = np.full((len(path), classes), (1 - certainty) / (classes - 1), np.float32)
    rows[np.arange(len(path)), path] = certainty
    return rows


@pytest.mark.parametrize("label", [[1], [1, 2], [1, 1], [2, 1, 2], []])
def test_loss_is_the_sum_over_all_paths(label):
    torch.manual_seed(0)
    logits = torch.randn(1, 4, 3)
    probabilities = logits.softmax(-1)[0]
    total = sum(
        math.prod(probabilities[t, k].item() for t, k in enumerate(path))
        for path in itertools.product(range(3), repeat=4)
        if collapse(path) == label
    )
    padded = torch.tensor([label + [0] * (4 - len(label))])
    loss = _ctc.ctc_loss(logits, padded, torch.tensor([len(label)]))
    assert loss.item() == pytest.approx(-math.log(total) / max(len(label), 1), rel=1e-4)


def test_a_label_that_does_not_fit_counts_as_zero():
    logits = torch.zeros(1, 3, 3, requires_grad=True)
    loss = _ctc.ctc_loss(logits, torch.tensor([[1, 1, 1]]), torch.tensor([3]))  # needs 5 steps
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("text", "steps"), [("", 0), ("ab", 2), ("aa", 3), ("aabb", 6), ("aba", 3)]
)
def test_frames_needed(text, steps):
    assert _ctc.frames_needed(text) == steps


def test_labels_never_hold_the_blank():
    assert _ctc.labels(AB, "ab").tolist() == [1, 2]
    with pytest.raises(ValueError, match="'c'"):
        _ctc.labels(AB, "abc")


def test_greedy_by_hand():
    reading = _ctc.greedy(one_hot([0, 1, 1, 0, 1, 2, 2, 0]), AB)
    assert reading.text == "aab"
    assert [c.span for c in reading.characters] == [(1 / 8, 3 / 8), (4 / 8, 5 / 8), (5 / 8, 7 / 8)]
    assert reading.confidence == pytest.approx(0.9, rel=1e-5)


def test_confidence_is_the_geometric_mean():
    rows = one_hot([1, 0, 2])
    rows[2] = [0.3, 0.3, 0.4]
    assert _ctc.greedy(rows, AB).confidence == pytest.approx(math.sqrt(0.9 * 0.4), rel=1e-5)


def test_nothing_but_blanks_is_empty():
    reading = _ctc.greedy(one_hot([0, 0, 0]), AB)
    assert (reading.text, reading.confidence, reading.characters) == ("", 0.0, ())


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_greedy_collapses_as_the_definition_says(path):
    assert _ctc.greedy(one_hot(path), AB).text == AB.decode(k - 1 for k in collapse(path))


@given(st.lists(st.integers(1, 2), max_size=8))
def test_blanks_between_all_characters_give_the_text_back(label):
    path = [0, *itertools.chain.from_iterable((k, 0) for k in label)]
    assert _ctc.greedy(one_hot(path), AB).text == AB.decode(k - 1 for k in label)
