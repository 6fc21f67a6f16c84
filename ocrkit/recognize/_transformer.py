"""A transformer decoder: attention to the characters before, then to the picture.

Vaswani et al., arXiv 1706.03762, section 3.1; as SATRN uses it (arXiv 1910.04396, section 3.2).
Layers are normalised before each of their parts, not after it: deep ones then train without care.
"""

from itertools import chain

import torch
from torch import Tensor, nn

from ocrkit.layers.attention import Attention, sinusoids
from ocrkit.recognize._decoder import Decoder, Tensors


class DecoderLayer(nn.Module):
    """Attention to the text so far, attention to the features, and two linear layers."""

    def __init__(self, channels: int, heads: int, inner: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(3))
        self.text = Attention(channels, heads)
        self.picture = Attention(channels, heads)
        self.linear = nn.Sequential(
            nn.Linear(channels, inner), nn.ReLU(), nn.Linear(inner, channels)
        )
        self.dropout = nn.Dropout(dropout)

    def forward(
        self, x: Tensor, seen: Tensors, before: Tensors | None = None
    ) -> tuple[Tensor, Tensor, Tensors]:
        """The steps x (B, L, C) after this layer.

        Args:
            x: All steps, or the next one.
            seen: Keys and values of the features.
            before: Keys and values of the steps before x; None if x has all steps.

        Returns:
            (B, L, C); what it looked at the features with (B, L, C); keys and values of all steps.
        """
        text_norm, picture_norm, linear_norm = self.norms
        normed = text_norm(x)
        keys, values = self.text.seen(normed)
        if before is not None:
            keys = torch.cat([before[0], keys], dim=2)
            values = torch.cat([before[1], values], dim=2)
        x = x + self.dropout(self.text(normed, keys, values, causal=before is None))
        looks = picture_norm(x)
        x = x + self.dropout(self.picture(looks, *seen))
        return x + self.dropout(self.linear(linear_norm(x))), looks, (keys, values)


class TransformerDecoder(Decoder):
    """Layers and classifier.

    Its attention is that of the last layer, the mean over heads.

    Args:
        channels: Of the features, and of everything inside.
        heads: Of each attention.
        layers: How many.
        classes: END and the characters.
        steps: The most it says, END included.
        dropout: After each part of a layer.
    """

    def __init__(
        self, channels: int, heads: int, layers: int, classes: int, steps: int, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.embedding = nn.Embedding(classes, channels)
        nn.init.normal_(self.embedding.weight, std=channels**-0.5)
        self.register_buffer("places", sinusoids(steps, channels), persistent=False)
        self.layers = nn.ModuleList(
            DecoderLayer(channels, heads, 4 * channels, dropout) for _ in range(layers)
        )
        self.norm = nn.LayerNorm(channels)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(channels, classes)

    def forward(self, features: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """See `Decoder.forward`."""
        seen, _ = self.begin(features)
        logits, attention, _ = self._steps(seen, None, previous)
        return logits, attention

    def begin(self, features: Tensor) -> tuple[Tensors, Tensors]:
        """Keys and values, one layer's after the other's: of the features, and of no steps yet."""
        pairs = [layer.picture.seen(features) for layer in self._each()]
        none = [part[:, :, :0] for pair in pairs for part in pair]
        return tuple(chain(*pairs)), tuple(none)

    def step(
        self, seen: Tensors, state: Tensors, previous: Tensor
    ) -> tuple[Tensor, Tensor, Tensors]:
        """See `Decoder.step`."""
        logits, attention, after = self._steps(seen, state, previous[:, None])
        return logits[:, 0], attention[:, 0], after

    def _steps(
        self, seen: Tensors, state: Tensors | None, previous: Tensor
    ) -> tuple[Tensor, Tensor, Tensors]:
        """All steps at once, or those that follow a state; logits, attention and the next state."""
        first = state[0].shape[2] if state is not None else 0
        places = self.get_buffer("places")[first : first + previous.shape[1]]
        scale = self.embedding.embedding_dim**0.5
        x = self.dropout(scale * self.embedding(previous) + places)
        looks, after = x, ()
        for i, layer in enumerate(self._each()):
            own = slice(2 * i, 2 * i + 2)
            x, looks, kept = layer(x, seen[own], None if state is None else state[own])
            after = (*after, *kept)
        attention = self._each()[-1].picture.weights(looks, seen[-2])
        return self.classifier(self.norm(x)), attention, after

    def _each(self) -> list[DecoderLayer]:
        return [layer for layer in self.layers if isinstance(layer, DecoderLayer)]
