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
