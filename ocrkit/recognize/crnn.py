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
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor, nn

from ocrkit.layers.blocks import SequenceEncoder
from ocrkit.layers.rectify import Rectifier
from ocrkit.recognize import _ctc, _labels
from ocrkit.recognize._base import Recognizer, RecognizerConfig
from ocrkit.recognize._columns import deep, lite, paper, shared
from ocrkit.recognize._labels import Labels
from ocrkit.recognize._prefix_beam import Labelling, prefix_beam
from ocrkit.text import Charset
from ocrkit.types import Floats, Reading

NETWORKS = {"lite": lite, "deep": deep, "paper": paper, "shared": shared}


class CRNNConfig(RecognizerConfig):
    """Defaults build the compact `lite`; `network: deep` is shipped, `paper` is table 1."""

    name: Literal["crnn"] = "crnn"
    network: Literal["lite", "deep", "paper", "shared"] = Field(
        "lite",
        description="which convolutional layers; `shared` has those that read the feature maps of "
        "a detector, see FOTS",
    )
    layers: int = Field(2, gt=0, description="of LSTMs; table 1")
    hidden: int = Field(128, gt=0, description="LSTM units per direction; 256 in table 1")
    head_rank: int | None = Field(
        None,
        gt=0,
        description="the classifier is the product of two layers with so many channels between "
        "them, which thousands of characters need; null for one; not in the paper",
    )
    dropout: float = Field(0.1, ge=0, lt=1, description="before the classifier; not in the paper")

    rectifier: Literal["none", "affine", "tps"] = Field(
        "none", description="straightens the picture first, see RARE; not in the paper"
    )
    fiducials: int = Field(20, ge=4, multiple_of=2, description="of the rectifier `tps`")

    @model_validator(mode="after")
    def _fits_the_network(self) -> Self:
        if self.height != 32 and self.rectifier == "none":
            raise ValueError("height: without a rectifier it is 32, of which one row is left")
        return self


class CRNNMaps(NamedTuple):
    """`logits` (B, T, K): K = 1 + characters, 0 the blank; T = W/4 (+ 1, paper)."""

    logits: Tensor
    points: Tensor
    """(B, F, 2), see `Rectifier`; without one, F is 0."""


class CRNN(Recognizer[CRNNConfig, CRNNMaps, Labels]):
    """Convolutions, recurrence, transcription: sections 2.1, 2.2 and 2.3."""

    Config: ClassVar[type[RecognizerConfig]] = CRNNConfig

    def __init__(self, config: CRNNConfig) -> None:
        super().__init__(config)
        self.rectifier: Rectifier | None = None
        if config.rectifier != "none":
            self.rectifier = Rectifier(config.rectifier, fiducials=config.fiducials)
        self.columns, channels = NETWORKS[config.network]()
        classes, rank = 1 + len(self.charset), config.head_rank
        self.sequence = SequenceEncoder(
            channels, config.hidden, rank or classes, layers=config.layers, dropout=config.dropout
        )
        self.head = nn.Identity() if rank is None else nn.Linear(rank, classes)
        last = f"sequence.linear.{config.layers - 1}" if rank is None else "head"
        self.of_characters = (f"{last}.weight", f"{last}.bias")

    @staticmethod
    def encode(config: Any, text: str) -> Labels:
        """Classes of the characters; texts longer than MAX_LENGTH are refused."""
        return _labels.encode(Charset(config.charset), text)

    def forward(self, images: Tensor) -> CRNNMaps:
        """(B, 1, height, W) to (B, T, K); what is 32 high in the end, is a multiple of 4 wide."""
        points = images.new_zeros(len(images), 0, 2)
        if self.rectifier is not None:
            images, points = self.rectifier(images)
        features = self.columns(images)  # (B, C, 1, T)
        return CRNNMaps(self.head(self.sequence(features.squeeze(2).transpose(1, 2))), points)

    def loss(self, maps: CRNNMaps, targets: Labels) -> dict[str, Tensor]:
        """Negative log-likelihood of the label over all alignments, per character (section 2.4)."""
        labels, lengths = (torch.as_tensor(t) for t in targets)
        return {"ctc": _ctc.ctc_loss(maps.logits, labels, lengths)}

    def decode(self, maps: CRNNMaps) -> list[Reading]:
        """The best path of each image, or what the beam finds likeliest; then the lexicon's say.

        Section 2.3.2 for both; but for what the lexicon weighs against the picture, see `Lexicon`.
        """
        probabilities = self.probabilities(maps.logits).cpu().numpy()
        readings = [
            self._corrected(reading, rows)
            for reading, rows in zip(self._read(probabilities), probabilities, strict=True)
        ]
        if self.rectifier is None:
            return readings
        return [self._bent(reading, at) for reading, at in zip(readings, maps.points, strict=True)]

    def _bent(self, reading: Reading, points: Tensor) -> Reading:
        """Spans in the picture as it was before it was straightened."""
        assert self.rectifier is not None
        spans = torch.tensor([c.span for c in reading.characters], device=points.device)
        across = self.rectifier.across(points[None], spans.reshape(1, -1))
        edges = across.cummax(dim=1).values.clamp(0, 1).reshape(-1, 2).tolist()
        characters = [
            replace(character, span=(start, end))
            for character, (start, end) in zip(reading.characters, edges, strict=True)
        ]
        return replace(reading, characters=tuple(characters))

    def _read(self, probabilities: Floats) -> list[Reading]:
        """What images say, of whose time steps these are the probabilities (B, T, K)."""
        if self.config.beam == 1:
            return [_ctc.greedy(rows, self.charset) for rows in probabilities]
        found = prefix_beam(probabilities, self.config.beam)
        texts = [[self._text(labelling) for labelling in beams] for beams in found]
        logs = [np.array([labelling.log for labelling in beams]) for beams in found]
        chosen = self.likeliest(texts, logs)
        return [
            _ctc.spell(rows, beams[place].labels, self.charset)
            for rows, beams, place in zip(probabilities, found, chosen, strict=True)
        ]

    def _text(self, labelling: Labelling) -> str:
        return self.charset.decode(label - 1 for label in labelling.labels.tolist())

    def _corrected(self, reading: Reading, probabilities: Floats) -> Reading:
        """A reading of one image, or what the lexicon has in its stead."""
        if self.lexicon is None:
            return reading

        def score(texts: Sequence[str]) -> NDArray[np.float64]:
            labellings = [_ctc.labels(self.charset, text) for text in texts]
            return _ctc.likelihoods(probabilities, labellings)

        text = self.lexicon.correct(reading.text, score)
        if text == reading.text:
            return reading
        return _ctc.spell(probabilities, _ctc.labels(self.charset, text), self.charset)
