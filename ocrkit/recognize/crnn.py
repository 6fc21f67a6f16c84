"""CRNN: a trainable network for sequence recognition (Shi et al., TPAMI 2017, arXiv 1507.05717).

Convolutions turn a grey picture of a word into a sequence of column features, two bidirectional
LSTMs read it in both directions, and CTC turns the per-column classes into text, so that training
needs no positions of characters.

Where this differs from the paper:
    The default network is `lite`: residual-free 3x3 convolutions with batch normalisation after
    each, a stride-2 stem and 128-unit LSTMs; a seventh of the paper's arithmetic.
    Inputs are normalised crop by crop and keep their aspect ratio, but for narrow ones.
    Case and punctuation are read: 95 classes by default, not 36.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, field_validator
from torch import Tensor

from ocrkit.layers.blocks import SequenceEncoder
from ocrkit.recognize import _ctc
from ocrkit.recognize._base import Recognizer, RecognizerConfig
from ocrkit.recognize._columns import lite, paper
from ocrkit.text import Charset
from ocrkit.types import Floats, Reading

MAX_LENGTH = 64
"""Longest label of a training sample, characters."""


class CRNNConfig(RecognizerConfig):
    """Defaults are of the shipped network; `network: paper` builds table 1."""

    name: Literal["crnn"] = "crnn"
    network: Literal["lite", "paper"] = Field("lite", description="which convolutional layers")
    hidden: int = Field(128, gt=0, description="LSTM units per direction; 256 in table 1")
    dropout: float = Field(0.1, ge=0, lt=1, description="before the classifier; not in the paper")
    beam: int = Field(
        1,
        gt=0,
        description="prefixes that the search keeps; 1 reads the best path (section 2.3.2)",
    )

    @field_validator("height")
    @classmethod
    def _fits_the_network(cls, height: int) -> int:
        if height != 32:
            raise ValueError("the convolutions turn a height of 32 into one row")
        return height


class CRNNMaps(NamedTuple):
    """`logits` (B, T, K): K = 1 + characters, 0 the blank; T = W/4 (lite) or W/4 + 1 (paper)."""

    logits: Tensor


class CRNNTargets(NamedTuple):
    """`labels` (MAX_LENGTH,) int64, padded with zeros; `length` () int64, how many are real."""

    labels: NDArray[np.int64] | Tensor
    length: NDArray[np.int64] | Tensor


class CRNN(Recognizer[CRNNConfig, CRNNMaps, CRNNTargets]):
    """Convolutions, recurrence, transcription: sections 2.1, 2.2 and 2.3."""

    Config: ClassVar[type[RecognizerConfig]] = CRNNConfig

    def __init__(self, config: CRNNConfig) -> None:
        super().__init__(config)
        self.columns, channels = lite() if config.network == "lite" else paper()
        classes = 1 + len(self.charset)
        self.sequence = SequenceEncoder(channels, config.hidden, classes, dropout=config.dropout)

    @staticmethod
    def encode(config: Any, text: str) -> CRNNTargets:
        """Classes of the characters, padded to MAX_LENGTH; longer texts are refused."""
        found = _ctc.labels(Charset(config.charset), text)
        if len(found) > MAX_LENGTH:
            raise ValueError(f"{text!r}: {len(found)} characters, at most {MAX_LENGTH} fit a label")
        return CRNNTargets(
            np.pad(found, (0, MAX_LENGTH - len(found))), np.array(len(found), np.int64)
        )

    def forward(self, images: Tensor) -> CRNNMaps:
        """(B, 1, 32, W) to (B, T, K); W must be a multiple of 4."""
        features = self.columns(images)  # (B, C, 1, T)
        return CRNNMaps(self.sequence(features.squeeze(2).transpose(1, 2)))

    def loss(self, maps: CRNNMaps, targets: CRNNTargets) -> dict[str, Tensor]:
        """Negative log-likelihood of the label over all alignments, per character (section 2.4)."""
        labels, lengths = (torch.as_tensor(t) for t in targets)
        return {"ctc": _ctc.ctc_loss(maps.logits, labels, lengths)}

    def decode(self, maps: CRNNMaps) -> list[Reading]:
        """The best path of each image, or what the beam finds; then the lexicon's say.

        Section 2.3.2 for both; but for what the lexicon weighs against the picture, see `Lexicon`.
        """
        probabilities = self.probabilities(maps.logits).cpu().numpy()
        return [self._read(rows) for rows in probabilities]

    def _read(self, probabilities: Floats) -> Reading:
        """What one image says, of whose time steps these are the probabilities (T, K)."""
        reading = _ctc.greedy(probabilities, self.charset)
        if self.config.beam > 1:
            labels, _ = _ctc.prefix_beam(probabilities, self.config.beam)
            reading = _ctc.spell(probabilities, labels, self.charset)
        if self.lexicon is None:
            return reading

        def score(texts: Sequence[str]) -> NDArray[np.float64]:
            labellings = [_ctc.labels(self.charset, text) for text in texts]
            return _ctc.likelihoods(probabilities, labellings)

        text = self.lexicon.correct(reading.text, score)
        if text == reading.text:
            return reading
        return _ctc.spell(probabilities, _ctc.labels(self.charset, text), self.charset)
