"""STN-OCR: one neural network for text detection and recognition (Bartz et al., 1707.08831).

From what pictures say alone, without a box: a network looks at the whole picture and names a fixed
number of regions, one after the other; each is cut out, and one recogniser reads them all. What it
makes of a region tells the first network where it should have looked.

Experimental: for small pictures with a few words, such as house numbers; see docs/stn-ocr.md.

Where this differs from the paper:
    The recogniser is CRNN, so that it can start from trained weights and only the places are left
    to be learnt. The paper's starts afresh, with easy pictures.
    Of an affine map, scales are positive and bounded and centres lie in the picture: a region can
    neither collapse nor be mirrored. The paper's six numbers are free.
    Regions start below each other, and one term keeps them in the picture.
    The way to better places is not the gradient through the sampler, which hardly points there
    (`tries: 0` is the paper's): places near by are tried, and what reads best draws the region.
    Strips are normalised one by one, as CRNN's crops are.
    Where labels are known to be all, regions without a word learn to say nothing; reading ends
    with the first of these.
"""

import math
from collections.abc import Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit import layout
from ocrkit.config import Config
from ocrkit.detect._base import prepare
from ocrkit.image import resize_to_long_side
from ocrkit.layers.blocks import ConvNorm
from ocrkit.layers.losses import weighted_mean
from ocrkit.recognize import _ctc, _labels
from ocrkit.recognize.crnn import CRNN, CRNNConfig, CRNNMaps
from ocrkit.spot._base import SpottingNetwork
from ocrkit.text import Charset, normalise
from ocrkit.types import Bools, Detections, Floats, Image, Sample, Word

SEEN = 64
"""Side of the square at which a picture is looked at to find the regions, pixels."""

SMALLEST = 0.08
"""Half a region's least height and width, in half the picture's."""

GREY = (0.299, 0.587, 0.114)

FAINTEST = 4 / 63.75
"""Least deviation that a strip is normalised by, as in `recognize._base.prepare`."""

EDGES = ((-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0))


class STNOCRConfig(Config):
    """How many regions, how they start, and what they are taught."""

    name: Literal["stn_ocr"] = "stn_ocr"
    side: int = Field(
        96, gt=0, multiple_of=32, description="of the square picture that the network sees, pixels"
    )
    words: int = Field(1, gt=0, le=16, description="regions; further words are not read")
    width: int = Field(
        96, gt=0, multiple_of=32, description="of the strips that are read, pixels; 32 high"
    )
    zoom: float = Field(
        0.8, ge=0.2, le=0.95, description="size at which regions start, of the picture's"
    )
    turns: bool = Field(
        False, description="regions may be turned and slanted; the paper zeroes these numbers, too"
    )
    hidden: int = Field(128, gt=0, description="LSTM units of the localisation; 256 in the paper")
    recognizer: CRNNConfig = Field(CRNNConfig(), description="reads the strips")
    reads_already: bool = Field(
        False,
        description="the recogniser has learnt and stays as it is: only places are to be learnt",
    )
    tries: int = Field(
        8, ge=0, description="places tried for each region; 0 for the sampler's gradient, section 3"
    )
    shake: float = Field(
        0.5, gt=0, description="how far off the last of them is, in the numbers of `affine`"
    )
    contrast: float = Field(
        0.3, gt=0, description="nats per character by which one place is e times as good as another"
    )
    empty_weight: float = Field(
        0.1, ge=0, description="of regions that have no word to read; not in the paper"
    )
    outside_weight: float = Field(
        10.0, ge=0, description="of regions that reach beyond the picture; not in the paper"
    )

    def side_of(self, image: Image) -> float:
        """See `DetectorConfig.side_of`; small pictures are enlarged, by whatever it takes."""
        return self.side


class STNOCRMaps(NamedTuple):
    """`logits` (B, N, T, K), see `CRNNMaps`; `places` (B, N, 2, 3) float32.

    A place is the affine map that takes points of a strip to points of the picture, both in [-1, 1]
    from edge to edge. `numbers` (B, N, 6) are what it is made of, see `affine`; `grey` (B, 1, H, W)
    is the picture.
    """

    logits: Tensor
    places: Tensor
    numbers: Tensor
    grey: Tensor


class STNOCRTargets(NamedTuple):
    """The words of a picture in reading order, padded to `words` (N).

    `classes` (N, MAX_LENGTH) int64 and `lengths` (N,) int64 as in `Labels`; `known` (N,) bool,
    whether that is what a region should say: behind the last word only where no other is there.
    """

    classes: NDArray[np.int64] | Tensor
    lengths: NDArray[np.int64] | Tensor
    known: Bools | Tensor


class STNOCR(SpottingNetwork[STNOCRConfig, STNOCRMaps, STNOCRTargets]):
    """Localisation network, grid generator, sampler and recogniser (section 3, figure 2)."""

    Config: ClassVar[type[Config]] = STNOCRConfig

    def __init__(self, config: STNOCRConfig) -> None:
        super().__init__(config)
        self.localizer = Localizer(config)
        self.recognizer = CRNN(config.recognizer)
        self.recognizer.requires_grad_(not config.reads_already)

    def train(self, mode: bool = True) -> Self:
        """Statistics of a recogniser that reads already stay as they are, too."""
        super().train(mode)
        if self.config.reads_already:
            for layer in self.recognizer.modules():
                if isinstance(layer, nn.BatchNorm2d | nn.Dropout):
                    layer.eval()
        return self

    @staticmethod
    def encode(config: Any, sample: Sample) -> STNOCRTargets:
        """Labels of the words that can be read; quads tell their order, and nothing else.

        A text with spaces is several words, so that a sample may as well have one quad, around all
        of the picture, and what is written there.
        """
        charset = Charset(config.recognizer.charset)
        legible = _legible(charset, sample)
        texts = [word for text in _in_order(legible) for word in text.split()]
        classes = np.zeros((config.words, _labels.MAX_LENGTH), np.int64)
        lengths = np.zeros(config.words, np.int64)
        for place, text in enumerate(texts[: config.words]):
            classes[place], lengths[place] = _labels.encode(charset, text)
        complete = len(legible) == len(sample.texts)
        return STNOCRTargets(classes, lengths, (lengths > 0) | complete)

    def forward(self, images: Tensor) -> STNOCRMaps:
        """(B, 3, H, W), square as a rule, to maps."""
        grey = (images.float() * images.new_tensor(GREY).view(1, 3, 1, 1)).sum(1, keepdim=True)
        numbers = self.localizer(images)
        places = affine(numbers, turns=self.config.turns)
        seen = places.detach() if self.config.tries else places
        return STNOCRMaps(self._logits(grey, seen), places, numbers, grey)

    def loss(self, maps: STNOCRMaps, targets: STNOCRTargets) -> dict[str, Tensor]:
        """Of what the regions say (section 3.3), and of where they are."""
        classes, lengths, known = (torch.as_tensor(t) for t in targets)
        logits = maps.logits.flatten(0, 1)
        steps = torch.full((len(logits),), logits.shape[1], dtype=torch.long)
        losses = _ctc.ctc_losses(logits, classes.flatten(0, 1), lengths.flatten(), steps)
        words, counts = lengths.flatten() > 0, known.flatten()
        terms = {
            "ctc": weighted_mean(losses, (words & counts).float()),
            "empty": self.config.empty_weight * weighted_mean(losses, (~words & counts).float()),
            "outside": self.config.outside_weight * beyond(maps.places).mean(),
        }
        if self.config.tries:
            apart = (maps.numbers - self._better(maps, classes, lengths)).square().sum(dim=2)
            far = weighted_mean(apart, (lengths > 0).float())
            terms["places"] = far / self.config.shake**2
        return terms

    @torch.no_grad()
    def _better(self, maps: STNOCRMaps, classes: Tensor, lengths: Tensor) -> Tensor:
        """Numbers (B, N, 6) of better places: the mean of those tried, by how well they read."""
        tries = self.config.tries
        spread = torch.linspace(0, self.config.shake, tries, device=maps.numbers.device)
        near = maps.numbers.unsqueeze(2).repeat(1, 1, tries, 1)
        near = near + spread[:, None] * torch.randn_like(near)
        batch, count = maps.numbers.shape[:2]
        places = affine(near.flatten(1, 2), turns=self.config.turns)
        logits = self._logits(maps.grey, places).flatten(0, 1)
        labels = classes.repeat_interleave(tries, dim=1).flatten(0, 1)
        steps = torch.full((len(logits),), logits.shape[1], dtype=torch.long)
        ends = lengths.repeat_interleave(tries, dim=1).flatten()
        losses = _ctc.ctc_losses(logits, labels, ends, steps)
        worth = -(losses + 2 * beyond(places).flatten()).view(batch, count, tries)
        shares = (worth / self.config.contrast).softmax(dim=2)
        return (shares[..., None] * near).sum(dim=2)

    def _logits(self, grey: Tensor, places: Tensor) -> Tensor:
        """What the recogniser says at places (B, N, 2, 3) of pictures; (B, N, T, K)."""
        strips = cut(grey, places, (self.config.recognizer.height, self.config.width))
        logits: Tensor = self.recognizer(strips).logits
        return logits.view(*places.shape[:2], *logits.shape[1:])

    @torch.inference_mode()
    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """See `Spotter.spot`; one picture after the other.

        Words end with the first region that says nothing. There is no detector whose score could be
        told: it is 1.
        """
        return [self._spot(image) for image in images]

    def detect(self, image: Image) -> Detections:
        """The regions that say something; quads are in the picture's own pixels."""
        (words,) = self.spot([image])
        if not words:
            return Detections.empty()
        return Detections(np.stack([w.quad for w in words]), np.ones(len(words), np.float32))

    def _spot(self, image: Image) -> tuple[Word, ...]:
        side, device = self.config.side, next(self.parameters()).device
        square, shift, back = _squared(image, side)
        maps = self(torch.from_numpy(prepare(square))[None].to(device))
        readings = self.recognizer.decode(CRNNMaps(maps.logits[0], maps.places[0, :, :0]))
        found = ((corners(maps.places[0]).cpu().numpy() + 1) * (side / 2) - shift) * back
        words = []
        for reading, quad in zip(readings, found.astype(np.float32), strict=True):
            if not reading.text:
                break
            words.append(Word(reading.text, reading.confidence, reading.characters, quad, 1.0))
        return tuple(words)


class Localizer(nn.Module):
    """Convolutions, and an LSTM that names one region a step (section 3.1)."""

    def __init__(self, config: STNOCRConfig) -> None:
        super().__init__()
        self.config = config
        self.features = nn.Sequential(
            ConvNorm(3, 32, stride=2),
            ConvNorm(32, 32),
            nn.MaxPool2d(2),
            ConvNorm(32, 48),
            nn.MaxPool2d(2),
            ConvNorm(48, 48),
            nn.Flatten(),  # of 8 x 8: where things are must not be averaged away
            nn.Linear(48 * (SEEN // 8) ** 2, 2 * config.hidden),
            nn.ReLU(inplace=True),
        )
        self.steps = nn.LSTM(2 * config.hidden, config.hidden, batch_first=True)
        self.head = nn.Linear(config.hidden, 6)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)
        self.register_buffer("start", starts(config.words, config.zoom), persistent=False)

    def forward(self, images: Tensor) -> Tensor:
        """(B, 3, H, W) to what places are made of, (B, N, 6); see `affine`."""
        small = F.interpolate(images, (SEEN, SEEN), mode="area")
        start = self.get_buffer("start")
        seen = self.features(small)[:, None].expand(-1, len(start), -1)
        said: Tensor = start + self.head(self.steps(seen)[0]).float()
        return said


def starts(count: int, zoom: float) -> Tensor:
    """Six numbers, see `affine`, of regions below each other that fill `zoom` of a picture; (N, 6).

    One starts in the picture's middle.
    """
    numbers = torch.zeros(count, 6)
    for i, scale in enumerate((zoom, max(zoom / count, 2 * SMALLEST))):
        numbers[:, i] = torch.logit(torch.tensor((scale - SMALLEST) / (1 - SMALLEST)))
    numbers[:, 3] = torch.atanh(zoom * ((2 * torch.arange(count) + 1) / count - 1))
    return numbers


def affine(numbers: Tensor, *, turns: bool) -> Tensor:
    """Places (..., 2, 3) of what the localisation says (..., 6), upright unless they may turn.

    Of width, height, middle (x, y), angle and slant; each may be any number. Scales are between
    SMALLEST and 1, middles in the picture, angles within a quarter turn to either side.
    """
    wide, high = (SMALLEST + (1 - SMALLEST) * numbers[..., i].sigmoid() for i in (0, 1))
    x, y = (numbers[..., i].tanh() for i in (2, 3))
    angle, slant = (numbers[..., i].tanh() * turns for i in (4, 5))
    cos, sin = (math.pi / 2 * angle).cos(), (math.pi / 2 * angle).sin()
    lean = slant * high
    rows = [wide * cos, lean * cos - high * sin, x, wide * sin, lean * sin + high * cos, y]
    return torch.stack(rows, dim=-1).view(*numbers.shape[:-1], 2, 3)


def corners(places: Tensor) -> Tensor:
    """Quads (..., 4, 2) of regions at `places` (..., 2, 3), in [-1, 1] from edge to edge."""
    edges = places.new_tensor(EDGES)
    return edges @ places[..., :2].transpose(-1, -2) + places[..., None, :, 2]


def beyond(places: Tensor) -> Tensor:
    """How far regions (B, N, 2, 3) reach out of the picture; (B, N)."""
    return (corners(places).abs() - 1).clamp(min=0).square().sum(dim=(2, 3))


def cut(grey: Tensor, places: Tensor, size: tuple[int, int]) -> Tensor:
    """The regions as upright strips of zero mean and unit deviation.

    Args:
        grey: (B, 1, H, W) float32.
        places: (B, N, 2, 3), see `STNOCRMaps`.
        size: (height, width) of the strips.

    Returns:
        (B * N, 1, height, width).
    """
    count = places.shape[1]
    # In half precision, coordinates would be off by a pixel.
    with torch.autocast(grey.device.type, enabled=False):
        flat = places.float().flatten(0, 1)
        grid = F.affine_grid(flat, [len(flat), 1, *size], align_corners=False)
        grid = grid.view(len(grey), count * size[0], size[1], 2)
        found = F.grid_sample(grey.float(), grid, padding_mode="border", align_corners=False)
        strips = found.view(len(flat), 1, *size)
        mean = strips.mean(dim=(2, 3), keepdim=True)
        deviation = (strips - mean).square().mean(dim=(2, 3), keepdim=True).add(1e-8).sqrt()
        return (strips - mean) / deviation.clamp(min=FAINTEST)


def _legible(charset: Charset, sample: Sample) -> list[tuple[Floats, str]]:
    """Quads and texts of the words that count and that the charset can spell."""
    found = []
    for quad, given, ignored in zip(sample.quads, sample.texts, sample.ignored, strict=True):
        text = normalise(given or "", charset).strip()
        spelled = text and not charset.missing(text) and len(text) <= _labels.MAX_LENGTH
        if spelled and not ignored:
            found.append((quad, text))
    return found


def _in_order(legible: Sequence[tuple[Floats, str]]) -> list[str]:
    """Texts in reading order."""
    words = [Word(text, 1.0, (), quad, 1.0) for quad, text in legible]
    return [word.text for line in layout.arrange(words) for word in line]


def _squared(image: Image, side: int) -> tuple[Image, Floats, Floats]:
    """The picture in the middle of a black square, and the way back.

    Returns:
        (side, side, 3) uint8; what to take from its points, (2,), and then the factors, (2,), that
        take them to points of `image`.
    """
    resized, back = resize_to_long_side(image, side, 1)
    height, width = resized.shape[:2]
    top, left = (side - height) // 2, (side - width) // 2
    square = np.zeros((side, side, 3), np.uint8)
    square[top : top + height, left : left + width] = resized
    return square, np.array([left, top], np.float32), back
