"""A recurrent decoder that looks along a sequence of features, one character after the other.

Bahdanau et al., arXiv 1409.0473, as RARE uses it (arXiv 1603.03915, section 3.2.2).
"""

import torch
from torch import Tensor, nn

from ocrkit.recognize._decoder import Decoder, Tensors


class AttentionDecoder(Decoder):
    """Attention, GRU and classifier.

    Args:
        channels: Of the features.
        hidden: Units of the GRU, and of the space in which features are compared with its state.
        classes: END and the characters.
        embedding: Size of the vector that the previous character is given as.
        dropout: Before the classifier.
    """

    def __init__(
        self, channels: int, hidden: int, classes: int, embedding: int = 64, dropout: float = 0.0
    ) -> None:
        super().__init__()
        self.keys = nn.Linear(channels, hidden)
        self.query = nn.Linear(hidden, hidden, bias=False)
        self.energy = nn.Linear(hidden, 1, bias=False)
        self.embedding = nn.Embedding(classes, embedding)
        self.cell = nn.GRUCell(channels + embedding, hidden)
        self.dropout = nn.Dropout(dropout)
        self.classifier = nn.Linear(hidden, classes)

    def forward(self, features: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """See `Decoder.forward`."""
        seen, (state,) = self.begin(features)
        states, looks = [], []
        for vector in self.embedding(previous).unbind(1):
            state, attention = self._next(seen, state, vector)
            states.append(state)
            looks.append(attention)
        logits = self.classifier(self.dropout(torch.stack(states, dim=1)))
        return logits, torch.stack(looks, dim=1)

    def begin(self, features: Tensor) -> tuple[Tensors, Tensors]:
        """The features and what they are compared by (B, T, hidden); the state (B, hidden)."""
        state = features.new_zeros(len(features), self.cell.hidden_size)
        return (features, self.keys(features)), (state,)

    def step(
        self, seen: Tensors, state: Tensors, previous: Tensor
    ) -> tuple[Tensor, Tensor, Tensors]:
        """See `Decoder.step`."""
        after, attention = self._next(seen, state[0], self.embedding(previous))
        return self.classifier(after), attention, (after,)

    def _next(self, seen: Tensors, state: Tensor, vector: Tensor) -> tuple[Tensor, Tensor]:
        """The next state (B, hidden), and where it came from: attention (B, T)."""
        features, keys = seen
        energy = self.energy(torch.tanh(keys + self.query(state)[:, None]))[..., 0]
        attention = energy.softmax(dim=1)
        glimpse = torch.bmm(attention[:, None].to(features.dtype), features)[:, 0]
        return self.cell(torch.cat([glimpse, vector], dim=1), state), attention
