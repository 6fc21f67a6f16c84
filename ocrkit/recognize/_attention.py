"""A recurrent decoder that looks along a sequence of features, one character after the other.

Bahdanau et al., arXiv 1409.0473, as RARE uses it (arXiv 1603.03915, section 3.2.2). Class 0 ends a
text, and stands before its first character; character i of the charset is class i + 1.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

END = 0


class Decoded(NamedTuple):
    """The likeliest texts of B pictures: what was chosen in each of L steps, END included.

    `classes` (B, L) int64; after its END, a text has END only. `confidences` (B, L), the
    probability of each choice. `attention` (B, L, T): where it looked; rows sum to 1.
    """

    classes: Tensor
    confidences: Tensor
    attention: Tensor

    def turned(self) -> "Decoded":
        """Texts that were read backwards, the right way round; what follows them stays."""
        steps = self.classes.shape[1]
        place = torch.arange(steps, device=self.classes.device)
        lengths = (self.classes != END).sum(dim=1, keepdim=True)
        order = torch.where(place < lengths, lengths - 1 - place, place)
        looks = order[..., None].expand(-1, -1, self.attention.shape[2])
        return Decoded(
            self.classes.gather(1, order),
            self.confidences.gather(1, order),
            self.attention.gather(1, looks),
        )

    def or_better(self, other: "Decoded") -> "Decoded":
        """For each picture the text of the two that is likelier as a whole."""
        steps = max(self.classes.shape[1], other.classes.shape[1])
        one, two = self._padded(steps), other._padded(steps)
        better = two.confidences.log().sum(dim=1) > one.confidences.log().sum(dim=1)
        return Decoded(
            torch.where(better[:, None], two.classes, one.classes),
            torch.where(better[:, None], two.confidences, one.confidences),
            torch.where(better[:, None, None], two.attention, one.attention),
        )

    def _padded(self, steps: int) -> "Decoded":
        """With so many steps: after its END a text goes on with END, which is certain."""
        more = steps - self.classes.shape[1]
        return Decoded(
            F.pad(self.classes, (0, more), value=END),
            F.pad(self.confidences, (0, more), value=1.0),
            F.pad(self.attention, (0, 0, 0, more)),
        )


class AttentionDecoder(nn.Module):
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
        """Each step, given the true character before it (teacher forcing).

        Args:
            features: (B, T, C).
            previous: (B, L) int64, the first of each END.

        Returns:
            Logits (B, L, K); attention (B, L, T).
        """
        keys = self.keys(features)
        vectors = self.embedding(previous)
        state = features.new_zeros(len(features), self.cell.hidden_size)
        states, looks = [], []
        for vector in vectors.unbind(1):
            state, attention = self._step(features, keys, state, vector)
            states.append(state)
            looks.append(attention)
        logits = self.classifier(self.dropout(torch.stack(states, dim=1)))
        return logits, torch.stack(looks, dim=1)

    def follow(
        self, features: Tensor, classes: Tensor, probabilities: Callable[[Tensor], Tensor]
    ) -> Decoded:
        """How likely given texts are.

        Args:
            features: (B, T, C).
            classes: (B, L) int64, of each text; END from its end on. What follows END is certain.
            probabilities: Of logits (..., K), their probabilities.
        """
        previous = F.pad(classes[:, :-1], (1, 0), value=END)
        logits, attention = self(features, previous)
        found = probabilities(logits).gather(2, classes[..., None])[..., 0]
        over = F.pad(classes == END, (1, 0))[:, :-1].cumsum(dim=1) > 0
        return Decoded(classes, found.masked_fill(over, 1.0), attention)

    def search(
        self,
        features: Tensor,
        probabilities: Callable[[Tensor], Tensor],
        width: int,
        length: int,
    ) -> Decoded:
        """The likeliest texts that a beam search finds; of width 1, the greedy choice.

        Args:
            features: (B, T, C).
            probabilities: Of logits (..., K), their probabilities.
            width: Texts that are followed at once for each picture.
            length: Steps, at most.
        """
        count = len(features)
        rows = torch.arange(count, device=features.device)[:, None] * width
        features = features.repeat_interleave(width, dim=0)
        keys = self.keys(features)
        state = features.new_zeros(len(features), self.cell.hidden_size)
        # All beams begin alike: only the first may go on, else they would stay alike.
        score = features.new_full((count, width), -torch.inf)
        score[:, 0] = 0
        chosen = torch.full((count, width), END, device=features.device)
        done = torch.zeros_like(chosen, dtype=torch.bool)
        ended = torch.arange(self.classifier.out_features, device=features.device) == END
        history: list[tuple[Tensor, ...]] = []
        for _ in range(length):
            state, attention = self._step(features, keys, state, self.embedding(chosen.flatten()))
            found = probabilities(self.classifier(state)).view(count, width, -1)
            # A text that has ended goes on with END alone, at no cost.
            found = torch.where(done[..., None], ended.to(found.dtype), found)
            total = (score[..., None] + found.log()).flatten(1)
            score, index = total.topk(width, dim=1)
            origin, chosen = index // found.shape[-1], index % found.shape[-1]
            beams = (rows + origin).flatten()
            state, done = state[beams], done.gather(1, origin) | (chosen == END)
            kept = [tuple(part[beams] for part in step) for step in history]
            confidence = found.flatten(0, 1)[beams].gather(1, chosen.view(-1, 1))[:, 0]
            history = [*kept, (chosen.flatten(), confidence, attention[beams])]
            if bool(done.all()):
                break
        best = [torch.stack(parts, dim=1)[rows[:, 0]] for parts in zip(*history, strict=True)]
        return Decoded(*best)

    def _step(
        self, features: Tensor, keys: Tensor, state: Tensor, vector: Tensor
    ) -> tuple[Tensor, Tensor]:
        """The next state (B, hidden), and where it came from: attention (B, T)."""
        energy = self.energy(torch.tanh(keys + self.query(state)[:, None]))[..., 0]
        attention = energy.softmax(dim=1)
        glimpse = torch.bmm(attention[:, None].to(features.dtype), features)[:, 0]
        return self.cell(torch.cat([glimpse, vector], dim=1), state), attention
