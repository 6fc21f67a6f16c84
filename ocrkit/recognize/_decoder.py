"""Decoders that say one character after the other: what they chose, and the search for it.

Class 0 ends a text, and stands before its first character; character i of the charset is class
i + 1.
"""

from abc import ABC, abstractmethod
from collections.abc import Callable, Sequence
from typing import NamedTuple

import torch
from torch import Tensor, nn
from torch.nn import functional as F

END = 0

IGNORED = -100
"""What lies behind the end of a label."""

Probabilities = Callable[[Tensor], Tensor]
"""Of logits (..., K), their probabilities."""

Tensors = tuple[Tensor, ...]


class Decoded(NamedTuple):
    """Texts that B pictures may show, W of each: what was chosen in each of L steps, END included.

    `classes` (B, W, L) int64; after its END, a text has END only. `confidences` (B, W, L), the
    probability of each choice. `attention` (B, W, L, T): where it looked; rows sum to 1.
    """

    classes: Tensor
    confidences: Tensor
    attention: Tensor

    @property
    def logs(self) -> Tensor:
        """Log p(text | picture), (B, W)."""
        return self.confidences.log().sum(dim=2)

    def of(self, places: Sequence[int]) -> "Decoded":
        """One text of each picture; (B, 1, ...)."""
        index = torch.tensor(places, device=self.classes.device)
        rows = torch.arange(len(places), device=self.classes.device)
        return Decoded(*(part[rows, index][:, None] for part in self))

    def turned(self) -> "Decoded":
        """Texts that were read backwards, the right way round; what follows them stays."""
        steps = self.classes.shape[2]
        place = torch.arange(steps, device=self.classes.device)
        lengths = (self.classes != END).sum(dim=2, keepdim=True)
        order = torch.where(place < lengths, lengths - 1 - place, place)
        looks = order[..., None].expand(-1, -1, -1, self.attention.shape[3])
        return Decoded(
            self.classes.gather(2, order),
            self.confidences.gather(2, order),
            self.attention.gather(2, looks),
        )

    def beside(self, other: "Decoded") -> "Decoded":
        """The texts of both."""
        steps = max(self.classes.shape[2], other.classes.shape[2])
        pairs = zip(self._padded(steps), other._padded(steps), strict=True)
        return Decoded(*(torch.cat(pair, dim=1) for pair in pairs))

    def _padded(self, steps: int) -> "Decoded":
        """With so many steps: after its END a text goes on with END, which is certain."""
        more = steps - self.classes.shape[2]
        return Decoded(
            F.pad(self.classes, (0, more), value=END),
            F.pad(self.confidences, (0, more), value=1.0),
            F.pad(self.attention, (0, 0, 0, more)),
        )


class Decoder(nn.Module, ABC):
    """Says the next character, given those before it and the features (B, T, C) of a picture.

    Attributes:
        classifier: Its last layer, with an output for END and each character.
    """

    classifier: nn.Linear

    @abstractmethod
    def forward(self, features: Tensor, previous: Tensor) -> tuple[Tensor, Tensor]:
        """Each step, given the true character before it (teacher forcing).

        Args:
            features: (B, T, C).
            previous: (B, L) int64, the first of each END.

        Returns:
            Logits (B, L, K); attention (B, L, T), whose rows sum to 1.
        """

    @abstractmethod
    def begin(self, features: Tensor) -> tuple[Tensors, Tensors]:
        """What all steps look at, and the state before the first one; tensors (B, ...)."""

    @abstractmethod
    def step(
        self, seen: Tensors, state: Tensors, previous: Tensor
    ) -> tuple[Tensor, Tensor, Tensors]:
        """One step.

        Args:
            seen: See `begin`.
            state: See `begin`.
            previous: (B,) int64, the character before.

        Returns:
            Logits (B, K); attention (B, T); the next state.
        """

    def follow(self, features: Tensor, classes: Tensor, probabilities: Probabilities) -> Decoded:
        """How likely given texts are, one of each picture.

        Args:
            features: (B, T, C).
            classes: (B, L) int64, of each text; END from its end on. What follows END is certain.
            probabilities: Of logits, their probabilities.
        """
        previous = F.pad(classes[:, :-1], (1, 0), value=END)
        logits, attention = self(features, previous)
        found = probabilities(logits).gather(2, classes[..., None])[..., 0]
        over = F.pad(classes == END, (1, 0))[:, :-1].cumsum(dim=1) > 0
        told = classes, found.masked_fill(over, 1.0), attention
        return Decoded(*(part[:, None] for part in told))

    def search(
        self, features: Tensor, probabilities: Probabilities, width: int, length: int
    ) -> Decoded:
        """The likeliest texts that a beam search finds, best first; of width 1, the greedy choice.

        Args:
            features: (B, T, C).
            probabilities: Of logits, their probabilities.
            width: Texts that are followed at once for each picture.
            length: Steps, at most.
        """
        count = len(features)
        rows = torch.arange(count, device=features.device)[:, None] * width
        seen, state = (
            tuple(part.repeat_interleave(width, dim=0) for part in parts)
            for parts in self.begin(features)
        )
        # All beams begin alike: only the first may go on, else they would stay alike.
        score = features.new_full((count, width), -torch.inf)
        score[:, 0] = 0
        chosen = torch.full((count, width), END, device=features.device)
        done = torch.zeros_like(chosen, dtype=torch.bool)
        ended = torch.arange(self.classifier.out_features, device=features.device) == END
        history: list[Tensors] = []
        for _ in range(length):
            logits, attention, state = self.step(seen, state, chosen.flatten())
            found = probabilities(logits).view(count, width, -1)
            # A text that has ended goes on with END alone, at no cost.
            found = torch.where(done[..., None], ended.to(found.dtype), found)
            total = (score[..., None] + found.log()).flatten(1)
            score, index = total.topk(width, dim=1)
            origin, chosen = index // found.shape[-1], index % found.shape[-1]
            beams = (rows + origin).flatten()
            state, done = _of(state, beams), done.gather(1, origin) | (chosen == END)
            confidence = found.flatten(0, 1)[beams].gather(1, chosen.view(-1, 1))[:, 0]
            history = [_of(step, beams) for step in history]
            history.append((chosen.flatten(), confidence, attention[beams]))
            if bool(done.all()):
                break
        told = (torch.stack(parts, dim=1) for parts in zip(*history, strict=True))
        return Decoded(*(part.view(count, width, *part.shape[1:]) for part in told))


def nll(decoder: nn.Module, features: Tensor, classes: Tensor, lengths: Tensor) -> Tensor:
    """Mean negative log-likelihood of the characters of labels, and of their ends; a scalar.

    Args:
        decoder: A `Decoder`.
        features: (B, T, C).
        classes: (B, L) int64, padded on the right.
        lengths: (B,) int64, true lengths of the labels.
    """
    steps = int(lengths.max()) + 1
    place = torch.arange(steps, device=classes.device)
    padded = F.pad(classes, (0, 1))[:, :steps]  # class 0 is the end
    wanted = padded.masked_fill(place > lengths[:, None], IGNORED)
    logits, _ = decoder(features, F.pad(padded[:, :-1], (1, 0), value=END))
    return F.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)


def _of(parts: Tensors, beams: Tensor) -> Tensors:
    """The rows of some beams."""
    return tuple(part[beams] for part in parts)
