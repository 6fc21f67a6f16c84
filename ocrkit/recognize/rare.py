"""RARE: a recogniser with automatic rectification (Shi et al., CVPR 2016, arXiv 1603.03915).

A spatial transformer straightens the word, convolutions and bidirectional LSTMs turn it into a
sequence of column features, and a recurrent decoder with attention says one character after the
other: it learns where to look without being told where characters are.

Where this differs from the paper:
    The default network is `lite`: CRNN's compact convolutions and 128-unit LSTMs.
    Pictures keep their aspect ratio; the paper's are 100 x 32 after rectification.
    The localisation network sees a small copy of the picture, and its last layer starts from zero:
    rectification is at first a plain resize (figure 6a).
    The previous character is given as a learnt vector, not one-hot.
    With `both_ways` a second decoder reads from the end, as in ASTER (Shi et al., TPAMI 2018,
    section 3.2.2), whose residual network is not built. Lexicon and glimpses ask the first alone.
    Case and punctuation are read: 95 classes by default, not 36.
"""

from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F
from torch.nn.utils.rnn import pad_sequence

from ocrkit.layers.blocks import SequenceEncoder
from ocrkit.layers.rectify import Rectifier
from ocrkit.recognize import _labels
from ocrkit.recognize._attention import END, AttentionDecoder, Decoded
from ocrkit.recognize._base import Recognizer, RecognizerConfig, pad, prepare
from ocrkit.recognize._columns import lite, paper
from ocrkit.recognize._labels import MAX_LENGTH, Labels
from ocrkit.text import Charset
from ocrkit.types import Character, Floats, Glimpses, Image, Reading

IGNORED = -100
"""What lies behind the end of a label."""


class RAREConfig(RecognizerConfig):
    """Defaults are of the shipped network; `network: paper`, `hidden: 256` is the paper's."""

    name: Literal["rare"] = "rare"
    network: Literal["lite", "paper"] = Field("lite", description="which convolutional layers")
    height: int = Field(
        64, gt=0, multiple_of=16, description="of the picture that is straightened, pixels"
    )
    max_width: int = Field(1280, gt=0, multiple_of=32, description="of that picture, pixels")
    rectifier: Literal["affine", "tps"] = Field("tps", description="section 3.1")
    fiducials: int = Field(20, ge=4, multiple_of=2, description="of `tps`; section 4.2")
    hidden: int = Field(128, gt=0, description="units of LSTMs, per direction; 256 in section 4.2")
    decoder: int = Field(256, gt=0, description="units of the decoder's GRU; section 4.2")
    dropout: float = Field(0.1, ge=0, lt=1, description="before the classifier; not in the paper")
    beam: int = Field(1, ge=1, description="texts followed at once; 1 is greedy")
    both_ways: bool = Field(
        False, description="a second decoder reads from the end, and the surer counts: ASTER"
    )


class RAREMaps(NamedTuple):
    """`features` (B, T, C), T = W/8 (+ 1, paper); `points` (B, F, 2), see Rectifier."""

    features: Tensor
    points: Tensor


class RARE(Recognizer[RAREConfig, RAREMaps, Labels]):
    """Rectification, encoder and decoder: sections 3.1, 3.2.1 and 3.2.2."""

    Config: ClassVar[type[RecognizerConfig]] = RAREConfig
    of_characters: ClassVar[tuple[str, ...]] = (
        "decoder.embedding.weight",
        "decoder.classifier.weight",
        "decoder.classifier.bias",
    )

    def __init__(self, config: RAREConfig) -> None:
        super().__init__(config)
        self.rectifier = Rectifier(config.rectifier, fiducials=config.fiducials)
        self.columns, channels = lite() if config.network == "lite" else paper()
        features = 2 * config.hidden
        self.sequence = SequenceEncoder(channels, config.hidden, features)
        classes = 1 + len(self.charset)
        self.decoder = AttentionDecoder(features, config.decoder, classes, dropout=config.dropout)
        self.backward: AttentionDecoder | None = None
        if config.both_ways:
            self.backward = AttentionDecoder(
                features, config.decoder, classes, dropout=config.dropout
            )

    @staticmethod
    def encode(config: Any, text: str) -> Labels:
        """Classes of the characters; texts longer than MAX_LENGTH are refused."""
        return _labels.encode(Charset(config.charset), text)

    def forward(self, images: Tensor) -> RAREMaps:
        """(B, 1, height, W) to features; W must be a multiple of 8."""
        straight, points = self.rectifier(images)
        columns = self.columns(straight)  # (B, C, 1, T)
        return RAREMaps(self.sequence(columns.squeeze(2).transpose(1, 2)), points)

    def loss(self, maps: RAREMaps, targets: Labels) -> dict[str, Tensor]:
        """Negative log-likelihood of each character and of the end (section 3.3), their mean.

        With two decoders, half of each counts (ASTER, equation 13).
        """
        classes, lengths = (torch.as_tensor(t) for t in targets)
        if self.backward is None:
            return {"characters": _loss(self.decoder, maps.features, classes, lengths)}
        turned = from_the_end(classes, lengths)
        return {
            "characters": _loss(self.decoder, maps.features, classes, lengths) / 2,
            "backwards": _loss(self.backward, maps.features, turned, lengths) / 2,
        }

    def decode(self, maps: RAREMaps) -> list[Reading]:
        """The likeliest text that was found (section 3.2.3); then the lexicon's say."""
        found = self._search(maps)
        readings = self._readings(found, maps.points)
        if self.lexicon is None:
            return readings
        rows = zip(readings, maps.features.float(), maps.points, strict=True)
        return [self._corrected(reading, row[None], at[None]) for reading, row, at in rows]

    @torch.inference_mode()
    def glimpses(self, crop: Image) -> Glimpses:
        """What one crop says, and how it was straightened and looked at."""
        device = next(self.parameters()).device
        seen = prepare(crop, self.config.height, self.config.max_width)
        images = torch.from_numpy(pad([seen])).to(device)
        straight, points = self.rectifier(images)
        (reading,) = self.read([crop])
        found = self._told([reading.text], self(images).features.float())
        grey = straight[0, 0].cpu().numpy()
        low, high = grey.min(), max(grey.max(), grey.min() + 1e-6)
        picture = np.repeat(((grey - low) / (high - low) * 255).astype(np.uint8)[..., None], 3, 2)
        # The padding on the right is no part of the crop.
        stretch = np.array([images.shape[-1] / seen.shape[-1] * crop.shape[1], crop.shape[0]])
        fiducials = (points[0].cpu().numpy() + 1) / 2 * stretch
        attention = found.attention[0, : len(reading.text)].cpu().numpy()
        return Glimpses(reading, picture, fiducials.astype(np.float32), attention)

    def _search(self, maps: RAREMaps) -> Decoded:
        """The likeliest texts, of both directions if there are two."""
        features, width = maps.features.float(), self.config.beam
        found = self.decoder.search(features, self.probabilities, width, MAX_LENGTH)
        if self.backward is None:
            return found
        other = self.backward.search(features, self.probabilities, width, MAX_LENGTH)
        return found.or_better(other.turned())

    def _corrected(self, reading: Reading, features: Tensor, points: Tensor) -> Reading:
        """A reading of one picture (1, T, C), or what the lexicon has in its stead."""
        assert self.lexicon is not None

        def score(texts: Sequence[str]) -> NDArray[np.float64]:
            found = self._told(texts, features)
            return found.confidences.log().sum(dim=1).double().cpu().numpy()

        text = self.lexicon.correct(reading.text, score)
        if text == reading.text:
            return reading
        return self._readings(self._told([text], features), points)[0]

    def _told(self, texts: Sequence[str], features: Tensor) -> Decoded:
        """How likely one picture (1, T, C) says each of N texts, step by step."""
        labels = [torch.tensor(self.charset.encode(text), dtype=torch.long) + 1 for text in texts]
        classes = F.pad(pad_sequence(labels, batch_first=True, padding_value=END), (0, 1))
        return self.decoder.follow(
            features.expand(len(texts), -1, -1), classes.to(features.device), self.probabilities
        )

    def _readings(self, found: Decoded, points: Tensor) -> list[Reading]:
        centres = self._centres(found.attention, points)
        rows = zip(*(part.cpu().numpy() for part in (found[0], found[1], centres)), strict=True)
        return [self._reading(*row) for row in rows]

    def _centres(self, attention: Tensor, points: Tensor) -> Tensor:
        """Where in the picture that was given each step looked, as fractions of its width; (B, L).

        The middle of its attention, at half the height of the straightened picture.
        """
        steps = attention.shape[-1]
        along = (torch.arange(steps, device=attention.device) + 0.5) / steps
        return self.rectifier.across(points, attention @ along)

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


def _loss(decoder: AttentionDecoder, features: Tensor, classes: Tensor, lengths: Tensor) -> Tensor:
    """Mean negative log-likelihood of the characters of labels, and of their ends; a scalar."""
    steps = int(lengths.max()) + 1
    place = torch.arange(steps, device=classes.device)
    padded = F.pad(classes, (0, 1))[:, :steps]  # class 0 is the end
    wanted = padded.masked_fill(place > lengths[:, None], IGNORED)
    logits, _ = decoder(features, F.pad(padded[:, :-1], (1, 0), value=END))
    return F.cross_entropy(logits.float().flatten(0, 1), wanted.flatten(), ignore_index=IGNORED)


def from_the_end(classes: Tensor, lengths: Tensor) -> Tensor:
    """Labels (B, L) of texts read backwards; what pads them stays."""
    place = torch.arange(classes.shape[1], device=classes.device)
    order = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return classes.gather(1, order)


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
