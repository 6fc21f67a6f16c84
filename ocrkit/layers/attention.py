"""Attention with several heads, and encodings of places.

Vaswani et al., arXiv 1706.03762, sections 3.2 and 3.5.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class Attention(nn.Module):
    """Scaled dot-product attention with several heads.

    What is looked at is projected on its own (`seen`), so that a decoder does it once.

    Args:
        channels: Of what looks, of what is looked at, and of the result.
        heads: Must divide `channels`.
    """

    def __init__(self, channels: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(channels, channels)
        self.keys = nn.Linear(channels, channels)
        self.values = nn.Linear(channels, channels)
        self.output = nn.Linear(channels, channels)

    def forward(self, x: Tensor, keys: Tensor, values: Tensor, *, causal: bool = False) -> Tensor:
        """What each of N places sees among T others; (B, N, C).

        Args:
            x: (B, N, C), what looks.
            keys: (B, heads, T, C / heads), see `seen`.
            values: The same.
            causal: Place i sees the others up to the i-th.
        """
        found = F.scaled_dot_product_attention(
            self._split(self.query(x)), keys, values, is_causal=causal
        )
        result: Tensor = self.output(found.transpose(1, 2).flatten(2))
        return result

    def seen(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Keys and values of what is looked at: (B, T, C) to twice (B, heads, T, C / heads)."""
        return self._split(self.keys(x)), self._split(self.values(x))

    def weights(self, x: Tensor, keys: Tensor) -> Tensor:
        """How much each place looks at each other, the mean over heads; (B, N, T), rows sum to 1.

        Args:
            x: See `forward`.
            keys: See `forward`.
        """
        query = self._split(self.query(x))
        likeness = query @ keys.transpose(2, 3) / query.shape[-1] ** 0.5
        found: Tensor = likeness.float().softmax(dim=-1).mean(dim=1)
        return found

    def _split(self, x: Tensor) -> Tensor:
        """(B, T, C) to (B, heads, T, C / heads)."""
        return x.view(*x.shape[:2], self.heads, -1).transpose(1, 2)


def sinusoids(count: int, channels: int) -> Tensor:
    """Encodings of places 0, 1, ...: (count, channels), float32 (section 3.5).

    Of place p, channel 2i has sin(p / 10000^(2i / channels)), channel 2i + 1 its cosine.
    """
    speed = 10_000 ** (-torch.arange(0, channels, 2, dtype=torch.float64) / channels)
    angle = torch.arange(count, dtype=torch.float64)[:, None] * speed
    both = torch.stack([angle.sin(), angle.cos()], dim=2)
    return both.flatten(1)[:, :channels].float()
