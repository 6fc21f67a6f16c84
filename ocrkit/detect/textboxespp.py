"""TextBoxes++: a single-shot detector of oriented text (Liao et al., TIP 2018, arXiv 1801.02765).

SSD (1512.02325) for words. Every cell of several grids has prior boxes, long and short ones; each
prior says whether it stands for a word, how the smallest horizontal rectangle round that word
differs from it, and how the four corners of the word do. Kernels are wider than high, as words are.
Of priors that tell the same word, non-maximum suppression leaves one.

Where this differs from the paper:
    The default network is `lite`: the trunk that the lite detectors share and two more levels;
    3x5 kernels reach 64 channels, from which 1x1 kernels make the outputs. Two or three sizes of
    priors stand at most levels, for words of 10 to 500 px.
    `vgg16` has the paper's levels, but conv8 and conv9 halve their input as in SSD512: without
    padding, as in the paper, their strides would depend on the picture's size. The paper gives no
    sizes of priors; these are the released code's, but 60 for fc7 (there 30 again), without its
    extra squares.
    One logit and a sigmoid stand for each pair of logits and its softmax: the same function.
    The quads' suppression uses their true IoU; the authors' demo divides by the area of the convex
    hull of both.
    Priors of which half lies in an ignored word are not trained on; the paper does not say. A word
    whose middle lies outside the picture is ignored; SSD drops it.
    A picture without words still trains its `spare_negatives` hardest priors.
    The priors that suppression leaves out still have a say in where the word is: box voting
    (Gidaris and Komodakis, ICCV 2015, arXiv 1505.01749, section 5), for quads.
"""

from collections.abc import Sequence
from math import prod
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from pydantic import Field
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit import geometry
from ocrkit.detect import _priors
from ocrkit.detect._base import Detector, DetectorConfig
from ocrkit.detect._nms import suppress
from ocrkit.detect._priors import NOBODY, Indices, Level
from ocrkit.detect._votes import voted
from ocrkit.layers.backbones import VGG16, CompactPyramid
from ocrkit.layers.losses import hardest_negatives
from ocrkit.types import Bools, Detections, Floats, Sample

LEVELS = {
    "lite": (
        Level(8, (18,)),
        Level(16, (27, 39, 56)),
        Level(32, (80, 113)),
        Level(64, (160, 226)),
        Level(128, (340, 500)),
    ),
    "vgg16": (
        Level(8, (30,)),
        Level(16, (60,)),
        Level(32, (90,)),
        Level(64, (150,)),
        Level(128, (210,)),
        Level(256, (270,)),
    ),
}
"""Where each network's priors stand, from fine to coarse."""

CODES = {"quad": 12, "rbox": 9}
"""Numbers by which a prior tells a word: four of its horizontal rectangle, then its shape's."""


class TextBoxesPPConfig(DetectorConfig):
    """Defaults are the paper's where it gives one; the fields say where it does not."""

    name: Literal["textboxespp"] = "textboxespp"
    network: Literal["lite", "vgg16"] = Field(
        "lite", description="`vgg16` is the paper's, section III-A"
    )
    geometry: Literal["quad", "rbox"] = Field(
        "quad", description="corners, or a rotated rectangle; section III-B"
    )
    max_slant: float | None = Field(
        15.0, gt=0, lt=90, description="as any detector's; not in the paper"
    )
    sideways: float | None = Field(
        0.4,
        gt=0,
        le=1,
        description="as any detector's; no prior fits text that runs down or up; not in the paper",
    )
    threshold: float = Field(
        0.5, ge=0, le=1, description="of a word's score; not in the paper, whose demo takes 0.6"
    )
    doubtful: float = Field(
        0.2,
        ge=0,
        le=1,
        description="of a word's score; what has more, and less than `threshold`, is told to those "
        "who read it and decide by what it says; not in the paper",
    )
    candidates: int = Field(
        6000,
        gt=0,
        description="the best that are suppressed, some ten a word; 400 in the released code",
    )
    vote_overlap: float = Field(
        0.65,
        ge=0,
        le=1,
        description="IoU with a word's rectangle, above which quads are averaged with its own; "
        "1: none, as in the paper",
    )
    vote_score: float = Field(
        0.1, ge=0, le=1, description="of priors whose quads are averaged; not in the paper"
    )
    rect_overlap: float = Field(
        0.5, ge=0, le=1, description="IoU of horizontal rectangles, first step; section III-D"
    )
    quad_overlap: float = Field(
        0.2, ge=0, le=1, description="IoU of quads, second step; section III-D"
    )
    min_side: float = Field(
        5, ge=0, description="of a word, pixels of the network's input; not in the paper"
    )
    ignore_side: float = Field(
        8,
        ge=0,
        description="words with a shorter side are not trained on, pixels; not in the paper",
    )
    match_overlap: float = Field(
        0.5, gt=0, le=1, description="IoU of a word with its priors, section III-C and SSD"
    )
    negative_ratio: float = Field(
        3, gt=0, description="hard negatives per positive prior, section III-C"
    )
    spare_negatives: int = Field(
        300, gt=0, description="in a picture without words; not in the paper"
    )
    location_weight: float = Field(0.2, ge=0, description="alpha, equation 4")
    location_unit: Literal["sides", "shorter side"] = Field(
        "sides",
        description="of a prior, in which errors count: by its side in their direction, as in the "
        "paper, or all by the shorter: half a letter is as bad at the end of a long word",
    )


class TextBoxesPPMaps(NamedTuple):
    """Of all N priors, in the order of `_priors.priors`.

    `confidence` (B, N) is a logit; `codes` (B, 12 or 9, N) tell a horizontal rectangle and a quad
    (or a rotated rectangle); `size` (2,) int64 is the pictures' height and width, pixels.
    """

    confidence: Tensor
    codes: Tensor
    size: Tensor


class TextBoxesPPTargets(NamedTuple):
    """Of one sample: (N,) bool, (N,) bool and (12 or 9, N) float32.

    Priors that are not `valid` lie in ignored words; `codes` are 0 unless the prior is `positive`.
    """

    positive: Bools | Tensor
    valid: Bools | Tensor
    codes: Floats | Tensor


class TextBoxesPP(Detector[TextBoxesPPConfig, TextBoxesPPMaps, TextBoxesPPTargets]):
    """A fully convolutional network with a head per level, and suppression in two steps."""

    Config: ClassVar[type[DetectorConfig]] = TextBoxesPPConfig

    def __init__(self, config: TextBoxesPPConfig) -> None:
        super().__init__(config)
        self.levels = LEVELS[config.network]
        outputs = [level.shapes * (1 + CODES[config.geometry]) for level in self.levels]
        self.network: nn.Module = (_Lite if config.network == "lite" else _Paper)(outputs)

    @staticmethod
    def encode(config: Any, sample: Sample) -> TextBoxesPPTargets:
        """Give words their priors, and tell each from its prior (section III-B, equations 1-3)."""
        height, width = sample.image.shape[:2]
        middles = sample.quads.mean(axis=1)
        inside = ((middles >= 0) & (middles < (width, height))).all(axis=1)
        sides = geometry.extent(sample.quads)
        ignored = sample.ignored | (np.minimum(*sides) < config.ignore_side) | ~inside
        owners, valid = _owners(config, _rects(sample.quads), ignored, (height, width))
        places = np.flatnonzero(owners != NOBODY)
        of = _priors.priors(LEVELS[config.network], (height, width))[places]
        codes = np.zeros((CODES[config.geometry], len(owners)), np.float32)
        codes[:, places] = _tell(config.geometry, sample.quads[owners[places]], of).T
        return TextBoxesPPTargets(owners != NOBODY, valid, codes)

    def forward(self, images: Tensor) -> TextBoxesPPMaps:
        """See `TextBoxesPPMaps` for shapes; H and W must be multiples of 32."""
        confidence, codes = [], []
        for level, x in zip(self.levels, self.network(images), strict=True):
            logits, told = x.split([level.shapes, x.shape[1] - level.shapes], dim=1)
            confidence.append(logits.flatten(1))
            codes.append(told.reshape(len(x), CODES[self.config.geometry], -1))
        size = torch.tensor(images.shape[-2:])
        return TextBoxesPPMaps(torch.cat(confidence, dim=1), torch.cat(codes, dim=2), size)

    def loss(self, maps: TextBoxesPPMaps, targets: TextBoxesPPTargets) -> dict[str, Tensor]:
        """Cross-entropy with hard negatives, and smooth L1 (section III-C, equation 4)."""
        positive, valid, codes = (torch.as_tensor(t) for t in targets)
        config = self.config
        entropy = F.binary_cross_entropy_with_logits(
            maps.confidence.float(), positive.float(), reduction="none"
        )
        counts = positive.sum(dim=1)
        # A picture without words counts as if it had as many positives as go with its negatives.
        counts = torch.where(counts > 0, counts, config.spare_negatives / config.negative_ratio)
        wanted = (counts * config.negative_ratio).round().long()
        hard = hardest_negatives(entropy, valid & ~positive, wanted)
        told, told_of = (m.transpose(1, 2)[positive].float() for m in (maps.codes, codes))
        if config.location_unit == "shorter side":
            units = self._units(maps.size).to(told.device).expand(len(positive), -1, -1)[positive]
            told, told_of = told * units, told_of * units
        distance = F.smooth_l1_loss(told, told_of, reduction="sum")
        return {
            "confidence": (entropy * (positive | hard)).sum() / counts.sum(),
            "location": config.location_weight * distance / positive.sum().clamp(min=1),
        }

    def _units(self, size: Tensor) -> Tensor:
        """Each prior's sides in terms of the shorter, one for each code; (N, 12 or 9)."""
        height, width = size.tolist()
        sides = torch.as_tensor(_priors.priors(self.levels, (height, width))[:, 2:].copy())
        x, y = (sides / sides.amin(dim=1, keepdim=True)).unbind(dim=1)
        shape = (x, y) * 4 if self.config.geometry == "quad" else (x, y, x, y, y)
        return torch.stack([x, y, x, y, *shape], dim=1)

    def sure(self, found: Detections) -> Detections:
        """See `Detector.sure`."""
        return found[found.scores > self.config.threshold]

    def decode(self, maps: TextBoxesPPMaps) -> list[Detections]:
        """The best priors' words, after suppression of rectangles and quads (section III-D)."""
        height, width = maps.size.tolist()
        of = _priors.priors(self.levels, (height, width))
        pairs = zip(maps.confidence.detach().float(), maps.codes.detach(), strict=True)
        return [self._decode_one(*both, of) for both in pairs]

    def _decode_one(self, confidence: Tensor, codes: Tensor, of: Floats) -> Detections:
        config = self.config
        least = min(config.doubtful, config.threshold)
        lowest = torch.tensor(min(least, config.vote_score)).logit()
        places = torch.nonzero(confidence > lowest)[:, 0]
        best = confidence[places].argsort(descending=True, stable=True)[: config.candidates]
        places = places[best]
        scores = confidence[places].sigmoid().cpu().numpy()
        told = codes[:, places].T.float().cpu().numpy()
        of = of[places.cpu().numpy()]
        rects = _priors.told_rects(told[:, :4], of)
        words = int((scores > least).sum())
        kept = _suppress_rects(rects[:words], config.rect_overlap)
        told_shape = _priors.told_quads if config.geometry == "quad" else _priors.told_turned
        quads = _clockwise(told_shape(told[:, 4:], of))
        if config.vote_overlap < 1:
            voters = np.flatnonzero(scores > config.vote_score)
            quads = voted(quads, rects, scores, kept, voters, config.vote_overlap)
        else:
            quads = quads[kept]
        found = Detections(quads, scores[kept])
        large = np.minimum(*geometry.extent(quads)) >= config.min_side
        return suppress(found[large], config.quad_overlap)


class _Lite(nn.Module):
    """The trunk that the shipped detectors share, two coarser levels, and heads."""

    def __init__(self, outputs: Sequence[int]) -> None:
        super().__init__()
        self.trunk = CompactPyramid()
        finest, channels, *_ = self.trunk.channels
        self.detail = nn.Conv2d(finest, channels, 3, stride=2, padding=1)
        self.coarser = nn.ModuleList(
            nn.Sequential(nn.Conv2d(channels, channels, 3, stride=2, padding=1), nn.ReLU())
            for _ in range(2)
        )
        self.heads = nn.ModuleList(
            nn.Sequential(_wide(channels, channels), nn.ReLU(), _Planes(channels, count, 1))
            for count in outputs
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        p4, p8, *levels = self.trunk(images)
        levels = [F.relu(p8 + self.detail(p4)), *levels]
        for coarser in self.coarser:
            levels.append(coarser(levels[-1]))
        return [head(x) for head, x in zip(self.heads, levels, strict=True)]


class _Planes(nn.Conv2d):
    """A 1x1 convolution that lays out its outputs channel by channel, whatever its input's layout.

    So they are read; to copy them from one layout to the other takes longer than the convolution.
    """

    def forward(self, x: Tensor) -> Tensor:
        assert self.bias is not None
        weight = self.weight.flatten(1).expand(len(x), -1, -1)
        told = torch.baddbmm(self.bias[:, None], weight, x.flatten(2))
        return told.view(*told.shape[:2], *x.shape[2:])


class _Paper(nn.Module):
    """VGG-16, four more pairs of convolutions, and heads (figure 2)."""

    def __init__(self, outputs: Sequence[int]) -> None:
        super().__init__()
        self.backbone = VGG16()
        conv4, fc7 = self.backbone.channels[2], self.backbone.channels[-1]
        self.scale = nn.Parameter(torch.full((conv4, 1, 1), 20.0))
        plan = ((fc7, 256, 512), (512, 128, 256), (256, 128, 256), (256, 128, 256))
        self.extra = nn.ModuleList(_extra(*channels) for channels in plan)
        channels = (conv4, fc7, *(last for _, _, last in plan))
        self.heads = nn.ModuleList(
            _wide(before, count) for before, count in zip(channels, outputs, strict=True)
        )
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)

    def forward(self, images: Tensor) -> list[Tensor]:
        _, _, conv4, _, fc7 = self.backbone(images)
        levels = [F.normalize(conv4, dim=1) * self.scale, fc7]
        for extra in self.extra:
            levels.append(extra(levels[-1]))
        return [head(x) for head, x in zip(self.heads, levels, strict=True)]


def _wide(channels_in: int, channels_out: int) -> nn.Conv2d:
    """3 high, 5 wide: text is (section III-A)."""
    return nn.Conv2d(channels_in, channels_out, (3, 5), padding=(1, 2))


def _extra(channels_in: int, narrow: int, channels_out: int) -> nn.Sequential:
    return nn.Sequential(
        nn.Conv2d(channels_in, narrow, 1),
        nn.ReLU(inplace=True),
        nn.Conv2d(narrow, channels_out, 3, stride=2, padding=1),
        nn.ReLU(inplace=True),
    )


def _owners(
    config: TextBoxesPPConfig, rects: Floats, ignored: Bools, size: tuple[int, int]
) -> tuple[Indices, Bools]:
    """For each prior the counting word it stands for, or NOBODY; and the valid priors; (N,) each.

    Ignored words compete for priors too, so that none stands for a word next to the one it covers.
    """
    levels = LEVELS[config.network]
    owners = _priors.match(levels, size, rects, config.match_overlap)
    owners[np.append(ignored, False)[owners]] = NOBODY  # NOBODY is the last
    counting = np.flatnonzero(~ignored)
    best = _priors.best_priors(levels, size, rects[counting])
    owners[best[best != NOBODY]] = counting[best != NOBODY]
    valid = ~_priors.covered(levels, size, rects[ignored], 0.5) | (owners != NOBODY)
    return owners, valid


def _tell(shape: str, quads: Floats, of: Floats) -> Floats:
    """Codes (K, 12 or 9) of words as seen from their priors `of` (K, 4)."""
    told = _priors.tell_rects(_rects(quads), of)
    if shape == "quad":
        return np.concatenate([told, _priors.tell_quads(quads, of)], axis=1)
    return np.concatenate([told, _priors.tell_turned(geometry.rect_along(quads), of)], axis=1)


def _rects(quads: Floats) -> Floats:
    """The smallest horizontal rectangles round quads (K, 4, 2); (K, 4)."""
    return np.concatenate([quads.min(axis=1), quads.max(axis=1)], axis=1)


def _clockwise(quads: Floats) -> Floats:
    """Quads (K, 4, 2) from the same first corner, their others in the order round their middle.

    A quad that was well told stays as it is: where its text starts was learnt with its corners.
    """
    x, y = np.moveaxis(quads - quads.mean(axis=1, keepdims=True), -1, 0)
    angles = np.arctan2(y, x)
    order = np.argsort((angles - angles[:, :1]) % np.float32(2 * np.pi), axis=1, kind="stable")
    return np.take_along_axis(quads, order[..., None], axis=1)


def _suppress_rects(rects: Floats, threshold: float) -> Indices:
    """Of rectangles (K, 4) by falling score, those that overlap no better one that stays."""
    areas = prod((rects[:, 2:] - rects[:, :2]).T)
    left, kept = np.arange(len(rects)), []
    while len(left):
        first, left = left[0], left[1:]
        kept.append(first)
        low = np.maximum(rects[first, :2], rects[left, :2])
        high = np.minimum(rects[first, 2:], rects[left, 2:])
        shared = np.maximum(high - low, 0).prod(axis=1)
        left = left[shared <= threshold * (areas[first] + areas[left] - shared)]
    return np.asarray(kept, np.intp)
