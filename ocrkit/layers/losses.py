"""Losses that more than one model uses."""

import torch
from torch import Tensor


def hardest_negatives(loss: Tensor, negative: Tensor, counts: Tensor) -> Tensor:
    """The `counts` negatives of each image with the highest loss (online hard-negative mining).

    Args:
        loss: (B, N), per cell.
        negative: (B, N) bool; only these may be chosen.
        counts: (B,) int64, how many to choose; all of them where there are fewer.

    Returns:
        (B, N) bool. Of cells with equal loss the first in the row are chosen.
    """
    hardness = loss.detach().masked_fill(~negative, -torch.inf)
    order = hardness.argsort(dim=1, descending=True, stable=True)
    within = torch.arange(loss.shape[1], device=loss.device)[None] < counts[:, None]
    return torch.zeros_like(negative).scatter(1, order, within) & negative


def word_weights(share: Tensor) -> Tensor:
    """Weights of words' cells: alike for each word of a picture, with a mean of 1.

    Args:
        share: (B, 1, H, W), one by the number of cells of the cell's word; 0 in cells of no word.
    """
    cells = (share > 0).sum(dim=(1, 2, 3), keepdim=True)
    words = share.sum(dim=(1, 2, 3), keepdim=True)
    return share * cells / words.clamp(min=1)


def weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """A scalar; 0 where all weights are."""
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)
