"""What recognisers with a `Decoder` have in common: search, lexicon, where characters stand."""

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ocrkit.recognize import _labels
from ocrkit.recognize._base import Recognizer, RecognizerConfig
from ocrkit.recognize._decoder import END, Decoded, Decoder
from ocrkit.recognize._labels import MAX_LENGTH, Labels
from ocrkit.text import Charset
from ocrkit.types import Character, Floats, Image, Reading

C = TypeVar("C", bound=RecognizerConfig)
Maps = TypeVar("Maps", bound=tuple[Tensor, ...])


class AttentiveRecognizer(Recognizer[C, Maps, Labels]):
    """Says one character after the other; its `decoder` looks at features for each."""

    of_characters: tuple[str, ...] = (
        "decoder.embedding.weight",
        "decoder.classifier.weight",
        "decoder.classifier.bias",
    )
    decoder: Decoder

    @staticmethod
    def encode(config: Any, text: str) -> Labels:
        """Classes of the characters; texts longer than MAX_LENGTH are refused."""
        return _labels.encode(Charset(config.charset), text)

    @abstractmethod
    def _features(self, maps: Maps) -> Tensor:
        """What the decoder looks at: (B, N, C), in fp32."""

    @abstractmethod
    def _centres(self, maps: Maps, attention: Tensor) -> Tensor:
        """Where attention (B, L, N) has its middle, as fractions of the picture's width; (B, L)."""

    def decode(self, maps: Maps) -> list[Reading]:
        """The likeliest text that was found; then the lexicon's say."""
        found = self._search(maps)
        texts = [[self._text(row) for row in rows] for rows in found.classes.tolist()]
        logs = list(found.logs.double().cpu().numpy())
        readings = self._readings(maps, found.of(self.likeliest(texts, logs)))
        if self.lexicon is None:
            return readings
        rows = zip(*(torch.split(part, 1) for part in maps), strict=True)
        return [
            self._corrected(reading, _like(maps, row))
            for reading, row in zip(readings, rows, strict=True)
        ]

    def _search(self, maps: Maps) -> Decoded:
        """Texts that the search found."""
        features, width = self._features(maps), self.config.beam
        return self.decoder.search(features, self.probabilities, width, MAX_LENGTH)

    def _corrected(self, reading: Reading, maps: Maps) -> Reading:
        """A reading of one picture, or what the lexicon has in its stead."""
        assert self.lexicon is not None

        def score(texts: Sequence[str]) -> NDArray[np.float64]:
            found = self._told(texts, maps)
            return found.logs[:, 0].double().cpu().numpy()

        text = self.lexicon.correct(reading.text, score)
        if text == reading.text:
            return reading
        return self._readings(maps, self._told([text], maps))[0]

    def _told(self, texts: Sequence[str], maps: Maps) -> Decoded:
        """How likely one picture says each of N texts, step by step."""
        labels = [torch.tensor(self.charset.encode(text), dtype=torch.long) + 1 for text in texts]
        classes = F.pad(pad_sequence(labels, batch_first=True, padding_value=END), (0, 1))
        features = self._features(maps).expand(len(texts), -1, -1)
        return self.decoder.follow(features, classes.to(features.device), self.probabilities)

    def _text(self, classes: Sequence[int]) -> str:
        """What classes (L,), END included, say."""
        length = classes.index(END) if END in classes else len(classes)
        return self.charset.decode(index - 1 for index in classes[:length])

    def _readings(self, maps: Maps, found: Decoded) -> list[Reading]:
        """Of pictures with one text each."""
        classes, confidences, attention = (part[:, 0] for part in found)
        told = classes, confidences, self._centres(maps, attention)
        rows = zip(*(part.cpu().numpy() for part in told), strict=True)
        return [self._reading(*row) for row in rows]

    def _reading(self, classes: NDArray[np.int64], confidences: Floats, centres: Floats) -> Reading:
        """Of one picture, what `Decoded` says of each step, and where it looked; (L,) each."""
        length = int(np.argmax(classes == END)) if (classes == END).any() else len(classes)
        if not length:
            return Reading.empty()
        edges = spans(centres[:length])
        characters = tuple(
            Character(self.charset.characters[int(index) - 1], float(sure), (start, end))
            for index, sure, start, end in zip(
                classes[:length], confidences[:length], edges[:-1], edges[1:], strict=True
            )
        )
        return Reading.of(characters)


def spans(centres: Floats) -> list[float]:
    """Edges of characters, half-way between their centres; (L,) to L + 1 values that never fall.

    The outer edges are as far from the outer centres as the next ones; a single character has all.
    """
    if len(centres) == 1:
        return [0.0, 1.0]
    ordered = np.maximum.accumulate(centres.astype(np.float64))
    middles = (ordered[1:] + ordered[:-1]) / 2
    first, last = 2 * ordered[0] - middles[0], 2 * ordered[-1] - middles[-1]
    return [float(v) for v in np.clip([first, *middles, last], 0, 1)]


def middles(attention: Tensor) -> Tensor:
    """The middle of attention (B, L, T) along T equal columns, as fractions of them; (B, L)."""
    steps = attention.shape[-1]
    return attention @ ((torch.arange(steps, device=attention.device) + 0.5) / steps)


def picture(seen: Tensor) -> Image:
    """What a network saw (1, 1, H, W), between its darkest and lightest pixel; (H, W, 3)."""
    grey = seen[0, 0].float().cpu().numpy()
    low, high = grey.min(), max(grey.max(), grey.min() + 1e-6)
    return np.repeat(((grey - low) / (high - low) * 255).astype(np.uint8)[..., None], 3, axis=2)


def _like(maps: Maps, parts: tuple[Tensor, ...]) -> Maps:
    """A tuple of the same kind."""
    kind: Any = type(maps)
    made: Maps = kind(*parts)
    return made
