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

from typing import ClassVar, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor

from ocrkit.layers.blocks import SequenceEncoder
from ocrkit.layers.rectify import Rectifier
from ocrkit.recognize._attention import AttentionDecoder
from ocrkit.recognize._attentive import AttentiveRecognizer, middles, picture
from ocrkit.recognize._base import RecognizerConfig, pad, prepare
from ocrkit.recognize._columns import lite, paper
from ocrkit.recognize._decoder import Decoded, nll
from ocrkit.recognize._labels import MAX_LENGTH, Labels
from ocrkit.types import Floats, Glimpses, Image


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
    both_ways: bool = Field(
        False, description="a second decoder reads from the end, and the surer counts: ASTER"
    )


class RAREMaps(NamedTuple):
    """`features` (B, T, C), T = W/8 (+ 1, paper); `points` (B, F, 2), see Rectifier."""

    features: Tensor
    points: Tensor


class RARE(AttentiveRecognizer[RAREConfig, RAREMaps]):
    """Rectification, encoder and decoder: sections 3.1, 3.2.1 and 3.2.2."""

    Config: ClassVar[type[RecognizerConfig]] = RAREConfig

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
            return {"characters": nll(self.decoder, maps.features, classes, lengths)}
        turned = from_the_end(classes, lengths)
        return {
            "characters": nll(self.decoder, maps.features, classes, lengths) / 2,
            "backwards": nll(self.backward, maps.features, turned, lengths) / 2,
        }

    @torch.inference_mode()
    def glimpses(self, crop: Image) -> Glimpses:
        """What one crop says, and how it was straightened and looked at."""
        device = next(self.parameters()).device
        seen = prepare(crop, self.config.height, self.config.max_width)
        images = torch.from_numpy(pad([seen])).to(device)
        straight, points = self.rectifier(images)
        (reading,) = self.read([crop])
        found = self._told([reading.text], self(images))
        # The padding on the right is no part of the crop.
        stretch = np.array([images.shape[-1] / seen.shape[-1] * crop.shape[1], crop.shape[0]])
        fiducials: Floats = (points[0].cpu().numpy() + 1) / 2 * stretch
        attention = found.attention[0, 0, : len(reading.text)].cpu().numpy()
        return Glimpses(reading, picture(straight), fiducials.astype(np.float32), attention)

    def _features(self, maps: RAREMaps) -> Tensor:
        return maps.features.float()

    def _search(self, maps: RAREMaps) -> Decoded:
        """Texts that the search found, in both directions if there are two decoders."""
        found = super()._search(maps)
        if self.backward is None:
            return found
        features, width = self._features(maps), self.config.beam
        other = self.backward.search(features, self.probabilities, width, MAX_LENGTH)
        return found.beside(other.turned())

    def _centres(self, maps: RAREMaps, attention: Tensor) -> Tensor:
        """At half the height of the straightened picture."""
        return self.rectifier.across(maps.points, middles(attention))


def from_the_end(classes: Tensor, lengths: Tensor) -> Tensor:
    """Labels (B, L) of texts read backwards; what pads them stays."""
    place = torch.arange(classes.shape[1], device=classes.device)
    order = torch.where(place < lengths[:, None], lengths[:, None] - 1 - place, place)
    return classes.gather(1, order)
