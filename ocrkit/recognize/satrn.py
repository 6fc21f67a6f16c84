"""SATRN: text of arbitrary shape with 2D self-attention (Lee et al., CVPRW 2020, arXiv 1910.04396).

A few convolutions shrink the picture, a transformer encoder lets each place of the map look at all
others, and a transformer decoder says one character after the other. Nothing is flattened to a row
before it is read, so a word may bend or climb: it is straightened by being looked at.

Where this differs from the paper:
    The default network is `lite`: CRNN's first five convolutions, so that it can start from CRNN's
    weights; maps of 4 rows instead of 8, 192 channels instead of 512, 4 + 2 layers instead of
    12 + 6.
    Pictures keep their aspect ratio; the paper's are 100 x 32.
    Layers are normalised before each of their parts, not after it. The paper does not say what
    stands between the convolutions of its feed-forward part: here batch normalisation follows each,
    and a ReLU all but the last.
    Case and punctuation are read: 95 classes by default, not 36.
"""

from typing import ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn

from ocrkit.layers.attention import Attention, sinusoids
from ocrkit.layers.blocks import ConvNorm
from ocrkit.recognize._attentive import AttentiveRecognizer, middles, picture
from ocrkit.recognize._base import RecognizerConfig, pad, prepare
from ocrkit.recognize._decoder import nll
from ocrkit.recognize._labels import MAX_LENGTH, Labels
from ocrkit.recognize._transformer import TransformerDecoder
from ocrkit.types import Glimpses, Image


class SATRNConfig(RecognizerConfig):
    """Defaults are of `lite`; the paper's is `paper`, 512 channels, 8 heads, 12 + 6 layers."""

    name: Literal["satrn"] = "satrn"
    network: Literal["lite", "paper"] = Field("lite", description="which convolutional layers")
    channels: int = Field(192, gt=0, multiple_of=2, description="of maps and layers; section 4.2")
    heads: int = Field(6, gt=0, description="of each attention; they share the channels")
    encoder: int = Field(4, gt=0, description="layers that look at the map; section 3.1")
    decoder: int = Field(2, gt=0, description="layers that say characters; section 3.2")
    dropout: float = Field(0.1, ge=0, lt=1, description="after each part of a layer")

    @model_validator(mode="after")
    def _heads_share_the_channels(self) -> Self:
        if self.channels % self.heads:
            raise ValueError(f"heads: {self.heads} cannot share {self.channels} channels evenly")
        return self


class SATRNMaps(NamedTuple):
    """`features` (B, C, R, T): R = height/8, T = W/4; `paper`: R = height/4."""

    features: Tensor


class SATRN(AttentiveRecognizer[SATRNConfig, SATRNMaps]):
    """Shallow convolutions, encoder, decoder: sections 3.1 and 3.2."""

    Config: ClassVar[type[RecognizerConfig]] = SATRNConfig

    def __init__(self, config: SATRNConfig) -> None:
        super().__init__(config)
        channels, heads, dropout = config.channels, config.heads, config.dropout
        lite = config.network == "lite"
        self.columns = shrink_lite(channels) if lite else shrink_paper(channels)
        rows = config.height // (8 if lite else 4)
        self.places = AdaptivePlaces(channels, rows, config.max_width // 4)
        self.dropout = nn.Dropout(dropout)
        self.encoder = nn.Sequential(
            *(EncoderLayer(channels, heads, dropout) for _ in range(config.encoder))
        )
        self.norm = nn.LayerNorm(channels)
        self.decoder = TransformerDecoder(
            channels, heads, config.decoder, 1 + len(self.charset), MAX_LENGTH + 1, dropout
        )

    def forward(self, images: Tensor) -> SATRNMaps:
        """(B, 1, height, W) to features; W must be a multiple of 4."""
        encoded = self.encoder(self.dropout(self.places(self.columns(images))))
        return SATRNMaps(self.norm(encoded.movedim(1, 3)).movedim(3, 1))

    def loss(self, maps: SATRNMaps, targets: Labels) -> dict[str, Tensor]:
        """Negative log-likelihood of each character and of the end, their mean."""
        classes, lengths = (torch.as_tensor(t) for t in targets)
        features = maps.features.flatten(2).transpose(1, 2)
        return {"characters": nll(self.decoder, features, classes, lengths)}

    @torch.inference_mode()
    def glimpses(self, crop: Image) -> Glimpses:
        """What one crop says, and where it was looked at; nothing straightens it."""
        seen = prepare(crop, self.config.height, self.config.max_width)
        maps = self(torch.from_numpy(pad([seen])).to(next(self.parameters()).device))
        (reading,) = self.read([crop])
        attention = self._along(maps, self._told([reading.text], maps).attention[:, 0])[0]
        # The padding on the right is no part of what is shown.
        columns = -(-seen.shape[-1] // 4)
        shown = attention[: len(reading.text), :columns].cpu().numpy()
        shown /= np.maximum(shown.sum(axis=1, keepdims=True), 1e-9)
        height, width = crop.shape[:2]
        corners = np.array([[0, 0], [width, 0], [0, height], [width, height]], np.float32)
        return Glimpses(reading, picture(torch.from_numpy(seen[None])), corners, shown)

    def _features(self, maps: SATRNMaps) -> Tensor:
        """Row by row."""
        return maps.features.float().flatten(2).transpose(1, 2)

    def _centres(self, maps: SATRNMaps, attention: Tensor) -> Tensor:
        return middles(self._along(maps, attention))

    def _along(self, maps: SATRNMaps, attention: Tensor) -> Tensor:
        """Attention to the places of a map (B, L, R * T) as attention to its columns (B, L, T)."""
        return attention.reshape(*attention.shape[:2], *maps.features.shape[2:]).sum(dim=2)


class AdaptivePlaces(nn.Module):
    """Adds where a place lies: sinusoids of its row and of its column (A2DPE, section 3.1).

    How much each counts, channel by channel, is told by the picture as a whole: of words that run
    along the picture columns matter more, of those that climb rows.

    Args:
        channels: Of the map.
        rows, columns: The most it has.
    """

    def __init__(self, channels: int, rows: int, columns: int) -> None:
        super().__init__()
        self.register_buffer("rows", sinusoids(rows, channels), persistent=False)
        self.register_buffer("columns", sinusoids(columns, channels), persistent=False)
        self.row_weight, self.column_weight = (
            nn.Sequential(
                nn.Linear(channels, channels, bias=False),
                nn.ReLU(),
                nn.Linear(channels, channels, bias=False),
                nn.Sigmoid(),
            )
            for _ in range(2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, R, T) to the same shape."""
        whole = x.mean(dim=(2, 3))
        rows = self.get_buffer("rows")[: x.shape[2]].T
        columns = self.get_buffer("columns")[: x.shape[3]].T
        rows = self.row_weight(whole)[:, :, None] * rows
        columns = self.column_weight(whole)[:, :, None] * columns
        placed: Tensor = x + rows[..., None] + columns[:, :, None]
        return placed


class EncoderLayer(nn.Module):
    """Attention of all places to all, then convolutions over neighbours (section 3.1)."""

    def __init__(self, channels: int, heads: int, dropout: float) -> None:
        super().__init__()
        self.norms = nn.ModuleList(nn.LayerNorm(channels) for _ in range(2))
        self.attention = Attention(channels, heads)
        self.local = local(channels, 4 * channels)
        self.dropout = nn.Dropout(dropout)

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, R, T) to the same shape."""
        attention_norm, local_norm = self.norms
        places = x.flatten(2).transpose(1, 2)
        normed = attention_norm(places)
        found = self.attention(normed, *self.attention.seen(normed))
        places = places + self.dropout(found)
        normed = local_norm(places).transpose(1, 2).reshape(x.shape)
        added: Tensor = places.transpose(1, 2).reshape(x.shape) + self.dropout(self.local(normed))
        return added


def local(channels: int, inner: int) -> nn.Sequential:
    """The locality-aware feed-forward part (section 3.1, figure 5c).

    A transformer's two layers see each place alone, but its neighbours tell what a stroke means.
    """
    return nn.Sequential(
        ConvNorm(channels, inner, 1),
        nn.Conv2d(inner, inner, 3, padding=1, groups=inner, bias=False),
        nn.BatchNorm2d(inner),
        nn.ReLU(inplace=True),
        ConvNorm(inner, channels, 1, act=False),
    )


def shrink_paper(channels: int) -> nn.Sequential:
    """The shallow layers of section 3.1, from (B, 1, H, W) to (B, channels, H/4, W/4)."""
    return nn.Sequential(
        ConvNorm(1, channels // 2),
        nn.MaxPool2d(2),
        ConvNorm(channels // 2, channels),
        nn.MaxPool2d(2),
    )


def shrink_lite(channels: int) -> nn.Sequential:
    """CRNN's first layers, from (B, 1, H, W) to (B, channels, H/8, W/4).

    With 192 channels all have the shapes and names that they have there.
    """
    return nn.Sequential(
        ConvNorm(1, 32, stride=2),  # H/2 x W/2
        ConvNorm(32, 64),
        nn.MaxPool2d(2),  # H/4 x W/4
        ConvNorm(64, 128),
        ConvNorm(128, 128),
        nn.MaxPool2d((2, 1)),  # H/8 x W/4
        ConvNorm(128, channels),
    )
