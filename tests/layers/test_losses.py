"""Hard-negative mining on paper."""

import torch

from ocrkit.layers.losses import hardest_negatives

LOSS = torch.tensor([[5.0, 4.0, 3.0, 2.0, 1.0], [1.0, 9.0, 2.0, 8.0, 3.0]])
NEGATIVE = torch.tensor([[False, True, True, True, True], [True, True, True, False, True]])


def chosen(*counts, loss=LOSS):
    found = hardest_negatives(loss, NEGATIVE, torch.tensor(counts))
    return [row.nonzero().flatten().tolist() for row in found]


def test_the_hardest_of_each_image():
    assert chosen(2, 1) == [[1, 2], [1]]


def test_more_than_there_are_is_all_of_them():
    assert chosen(9, 4) == [[1, 2, 3, 4], [0, 1, 2, 4]]


def test_ties_do_not_choose_more():
    assert chosen(2, 2, loss=torch.ones(2, 5)) == [[1, 2], [0, 1]]


def test_none():
    assert chosen(0, 2) == [[], [1, 4]]


def test_without_negatives():
    nothing = torch.zeros(1, 3, dtype=torch.bool)
    assert not hardest_negatives(torch.rand(1, 3), nothing, torch.tensor([2])).any()


def test_choosing_carries_no_gradient():
    loss = LOSS.clone().requires_grad_()
    assert not hardest_negatives(loss, NEGATIVE, torch.tensor([1, 1])).requires_grad
