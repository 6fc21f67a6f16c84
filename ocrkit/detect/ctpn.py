"""CTPN: text lines as chains of narrow strips (Tian et al., ECCV 2016, arXiv 1609.03605).

Anchors of one width and many heights stand on each cell of a grid. The network says of each whether
it covers a strip of text, corrects its top and bottom and, near the ends of a line, says how far
off the end is. A recurrent layer along each row lets a strip know its neighbours. Strips of
neighbouring columns that fit are joined to lines.

CTPN finds lines. Trained on words it learns to leave gaps, but words that stand close are joined;
where a recogniser reads a space, the spotter splits them (`ocrkit.spot._two_stage`).

Where this differs from the paper:
    The default network is `lite`, a compact residual backbone, at stride 8 with anchors 8 px wide
    (`network: vgg16` is the paper's, with 16 px).
    One logit and a sigmoid stand for each pair of scores and its softmax: the same function.
    A line's strips end where the straight lines through the word's top and bottom sides cross the
    middles of the columns, so that the strips of a tilted word lie on two straight lines. Only
    columns that the word fills count: between two words one column is left empty, however close
    they stand, and side refinement gives the ends back. The paper cuts upright boxes everywhere.
    The side offset of a word of a single strip is taken for both of its ends.
    The negatives are the hardest, `negative_ratio` for each positive; the paper samples 128 anchors
    of each picture at random, half of them positive.
    Smooth L1 turns from square to linear at 1/9, as in released code of region proposal networks.
    Lines may be tilted (`output: oriented`): straight lines are fitted to the tops and bottoms.
"""

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from pydantic import Field, model_validator
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit import geometry
from ocrkit.detect._base import Detector, DetectorConfig
from ocrkit.detect._lines import Indices, Strips, boxes, connect, outlines, thin
from ocrkit.detect._nms import suppress
from ocrkit.layers.backbones import VGG16, CompactPyramid
from ocrkit.layers.blocks import ConvNorm, SequenceEncoder
from ocrkit.layers.losses import hardest_negatives
from ocrkit.types import Bools, Detections, Floats, Sample

POSITIVE, FITTED = 0.7, 0.5
"""Least IoU of an anchor with a strip: to be positive, to be fitted and no negative (3.3, 3.4)."""

SIDE_REACH = 2
"""Anchors this many strides from the end of a line, or fewer, know where it is: 32 px in 3.3."""

TURN = 1 / 9
"""Where smooth L1 turns from square to linear."""


class CTPNConfig(DetectorConfig):
    """Defaults are for words in pictures with a long side of 1920 pixels."""

    name: Literal["ctpn"] = "ctpn"
    network: Literal["lite", "vgg16"] = Field("lite", description="`vgg16` is the paper's")
    stride: Literal[8, 16] = Field(
        8, description="of the grid and width of an anchor; 16, section 3.1; `vgg16` has 16"
    )
    heights: tuple[Annotated[float, Field(gt=0)], ...] = Field(
        (8, 11, 16, 23, 33, 48, 68, 97, 139, 198),
        min_length=1,
        description="of the anchors of a cell, pixels; 11 to 283 in section 3.1",
    )
    threshold: float = Field(0.7, ge=0, le=1, description="of a strip's score, section 3.1")
    max_anchors: int = Field(
        12_000, gt=0, description="above the threshold, the best of them; released code"
    )
    strip_overlap: float = Field(
        0.3, ge=0, lt=1, description="strips of a column that overlap more are one; released code"
    )
    max_gap: float = Field(
        8,
        gt=0,
        description="from strip to strip of a line, pixels; 50 in section 3.2, at stride 16",
    )
    min_overlap: float = Field(
        0.7, ge=0, le=1, description="of neighbouring strips' extents, section 3.2"
    )
    min_ratio: float = Field(
        0.7, ge=0, le=1, description="of neighbouring strips' heights; released code"
    )
    output: Literal["oriented", "horizontal"] = Field(
        "oriented", description="`horizontal`: upright boxes, as in the paper"
    )
    refine_sides: bool = Field(True, description="by the predicted offsets, section 3.3")
    min_score: float = Field(
        0.0, ge=0, le=1, description="mean of a line's strips; 0.7 in released code"
    )
    min_aspect: float = Field(
        0.0, ge=0, description="of a line, width to height; 1.2 in released code"
    )
    min_side: float = Field(
        5, ge=0, description="of a line, pixels of the network's input; not in the paper"
    )
    line_overlap: float = Field(
        0.3,
        ge=0,
        le=1,
        description="lines that overlap a better one more are dropped; released code",
    )
    ignore_side: float = Field(
        6,
        ge=0,
        description="words with a shorter side are not trained on, pixels; not in the paper",
    )
    negative_ratio: float = Field(
        3, gt=0, description="hard negatives per positive anchor; 1, at random, in section 3.4"
    )
    spare_negatives: int = Field(
        256, gt=0, description="in a picture without words; 128, at random, in section 3.4"
    )
    vertical_weight: float = Field(1, ge=0, description="lambda 1, section 3.4")
    side_weight: float = Field(2, ge=0, description="lambda 2, section 3.4")

    @model_validator(mode="after")
    def _fits_the_network(self) -> Self:
        if self.network == "vgg16" and self.stride != 16:
            raise ValueError("`vgg16` has a `stride` of 16")
        if self.max_gap < self.stride:
            raise ValueError("with a `max_gap` below `stride` no strip has a neighbour")
        return self


class CTPNMaps(NamedTuple):
    """Of k anchors a cell; B, k, rows and columns of the grid are (B, k, R, C).

    score: (B, k, R, C) logits.
    vertical: (B, 2, k, R, C), how far a strip's centre is from the anchor's, in heights of the
        anchor, and the logarithm of their heights' ratio (equation 1).
    side: (B, k, R, C), x of the nearer end of the line less x of the column's middle, in strides.
    """

    score: Tensor
    vertical: Tensor
    side: Tensor


class CTPNTargets(NamedTuple):
    """Of one sample, in the shapes of `CTPNMaps` without B; bool but for `vertical` and `side`.

    Anchors are `positive`, or not, and `valid`, or not trained to be either; `vertical` is learnt
    where `fitted`, and `side` where `ending`.
    """

    positive: Bools | Tensor
    valid: Bools | Tensor
    vertical: Floats | Tensor
    fitted: Bools | Tensor
    side: Floats | Tensor
    ending: Bools | Tensor


class CTPN(Detector[CTPNConfig, CTPNMaps, CTPNTargets]):
    """Anchors on a grid, a recurrent layer along its rows, and a connector of strips."""

    Config: ClassVar[type[DetectorConfig]] = CTPNConfig

    def __init__(self, config: CTPNConfig) -> None:
        super().__init__(config)
        lite = config.network == "lite"
        anchors = len(config.heights)
        self.network: nn.Module = _Lite(anchors, config.stride) if lite else _Paper(anchors)

    @staticmethod
    def encode(config: Any, sample: Sample) -> CTPNTargets:
        """Cut words into strips, and match anchors with them (sections 3.1, 3.3 and 3.4)."""
        rows, columns = (side // config.stride for side in sample.image.shape[:2])
        grid = len(config.heights), rows, columns
        best, valid = np.zeros(grid, np.float32), np.ones(grid, np.bool_)
        vertical, side = np.zeros((2, *grid), np.float32), np.zeros(grid, np.float32)
        heights, centres = _anchors(config.heights, rows, config.stride)
        ignored = sample.ignored | (np.minimum(*geometry.extent(sample.quads)) < config.ignore_side)
        for quad, skip in zip(sample.quads, ignored, strict=True):
            strips = _cut(quad, columns, config.stride)
            here = np.s_[:, :, strips.columns]
            if skip:
                valid[here] &= ~_touched(strips, rows, config.stride)
                continue
            affinity = _affinity(strips, heights, centres)
            owned = affinity > best[here]
            best[here] = np.where(owned, affinity, best[here])
            middles, extents = (strips.tops + strips.bottoms) / 2, strips.bottoms - strips.tops
            coordinates = (middles - centres) / heights, np.log(extents / heights)
            for target, values in zip(vertical, coordinates, strict=True):
                target[here] = np.where(owned, values, target[here])
            side[here] = np.where(owned, strips.sides, side[here])
        positive, fitted = (best > POSITIVE) & valid, (best > FITTED) & valid
        valid &= (best > POSITIVE) | (best < FITTED)
        return CTPNTargets(
            positive, valid, vertical, fitted, side, fitted & (np.abs(side) <= SIDE_REACH)
        )

    def forward(self, images: Tensor) -> CTPNMaps:
        """See `CTPNMaps` for shapes; H and W must be multiples of 32."""
        maps = self.network(images).unflatten(1, (4, -1))
        return CTPNMaps(maps[:, 0], maps[:, 1:3], maps[:, 3])

    def loss(self, maps: CTPNMaps, targets: CTPNTargets) -> dict[str, Tensor]:
        """Cross-entropy with hard negatives, and smooth L1 of both regressions (section 3.4)."""
        positive, valid, vertical, fitted, side, ending = (torch.as_tensor(t) for t in targets)
        entropy = F.binary_cross_entropy_with_logits(
            maps.score.float(), positive.float(), reduction="none"
        )
        counts = positive.flatten(1).sum(dim=1)
        wanted = (counts * self.config.negative_ratio).long()
        wanted = torch.where(counts > 0, wanted, self.config.spare_negatives)
        hard = hardest_negatives(entropy.flatten(1), (valid & ~positive).flatten(1), wanted)
        return {
            "score": _mean(entropy, positive | hard.view_as(positive)),
            "vertical": self.config.vertical_weight
            * _mean(_distance(maps.vertical, vertical).sum(dim=1), fitted),
            "side": self.config.side_weight * _mean(_distance(maps.side, side), ending),
        }

    def decode(self, maps: CTPNMaps) -> list[Detections]:
        """Strips, lines of them, and the quads round them (sections 3.1 to 3.3)."""
        logits, vertical, side = (m.detach().float() for m in maps)
        arrays = (m.cpu().numpy() for m in (logits.sigmoid(), vertical, side))
        return [self._decode_one(*one) for one in zip(*arrays, strict=True)]

    def _decode_one(self, scores: Floats, vertical: Floats, side: Floats) -> Detections:
        config = self.config
        strips, offsets = self._strips(scores, vertical, side)
        kept = thin(strips, config.strip_overlap)
        strips, offsets = strips[kept], offsets[kept]
        if not len(strips):
            return Detections.empty()
        reach = int(config.max_gap // config.stride)
        labels = connect(strips, reach, config.min_overlap, config.min_ratio)
        quads = outlines(strips, labels, config.stride, offsets if config.refine_sides else None)
        if config.output == "horizontal":
            quads = boxes(quads)
        means = np.bincount(labels, strips.scores) / np.bincount(labels)
        heights, widths = geometry.extent(quads)
        good = (
            (means >= config.min_score)
            & (np.minimum(heights, widths) >= config.min_side)
            & (widths >= config.min_aspect * heights)
        )
        found = Detections(quads[good], means[good].astype(np.float32))
        return suppress(found, config.line_overlap)

    def _strips(self, scores: Floats, vertical: Floats, side: Floats) -> tuple[Strips, Floats]:
        """The strips that anchors above the threshold tell, and their side offsets (N,)."""
        threshold, most = self.config.threshold, self.config.max_anchors
        if np.count_nonzero(scores > threshold) > most:  # of an untrained network
            threshold = np.partition(scores, -most - 1, axis=None)[-most - 1]
        chosen = np.nonzero(scores > threshold)
        heights, centres = _anchors(self.config.heights, scores.shape[1], self.config.stride)
        kinds, rows, columns = chosen
        height, centre = heights[kinds, 0, 0], centres[rows, 0]
        middle = centre + vertical[0][chosen] * height
        half = height * np.exp(vertical[1][chosen]) / 2
        return Strips(columns, middle - half, middle + half, scores[chosen]), side[chosen]


class _Lite(nn.Module):
    """The trunk that the shipped detectors share, and a small recurrent layer."""

    def __init__(self, anchors: int, stride: int) -> None:
        super().__init__()
        self.level = (8, 16).index(stride) + 1
        self.trunk = CompactPyramid()
        self.window = ConvNorm(self.trunk.channels[self.level], 128)
        self.rows = SequenceEncoder(128, hidden=64, channels_out=128, layers=1)
        self.heads = nn.Conv2d(128, 4 * anchors, 1)

    def forward(self, images: Tensor) -> Tensor:
        x = self.window(self.trunk(images)[self.level])
        logits: Tensor = self.heads(F.relu(_along_rows(self.rows, x)))
        return logits


class _Paper(nn.Module):
    """VGG-16 to conv5_3, a 3x3 window, 128 LSTM units per direction and 512 channels (figure 1)."""

    def __init__(self, anchors: int) -> None:
        super().__init__()
        self.backbone = VGG16(fc=False)
        self.window = nn.Conv2d(512, 512, 3, padding=1)
        self.rows = SequenceEncoder(512, hidden=128, channels_out=512, layers=1)
        self.heads = nn.Conv2d(512, 4 * anchors, 1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        x = F.relu(self.window(self.backbone(images)[-1]))
        logits: Tensor = self.heads(F.relu(_along_rows(self.rows, x)))
        return logits


def _along_rows(encoder: nn.Module, x: Tensor) -> Tensor:
    """(B, C, H, W) through `encoder`, each row of each picture as a sequence of W steps."""
    batch, channels, height, width = x.shape
    sequences = x.permute(0, 2, 3, 1).reshape(batch * height, width, channels)
    encoded: Tensor = encoder(sequences)
    return encoded.reshape(batch, height, width, -1).permute(0, 3, 1, 2)


def _mean(values: Tensor, chosen: Tensor) -> Tensor:
    """Of the chosen values; 0 where none is."""
    return (values * chosen).sum() / chosen.sum().clamp(min=1)


def _distance(predicted: Tensor, target: Tensor) -> Tensor:
    return F.smooth_l1_loss(predicted.float(), target, reduction="none", beta=TURN)


def _anchors(heights: Sequence[float], rows: int, stride: int) -> tuple[Floats, Floats]:
    """Heights (k, 1, 1) and centres (R, 1) of the anchors of any column, in pixels."""
    centres = (np.arange(rows, dtype=np.float32)[:, None] + np.float32(0.5)) * np.float32(stride)
    return np.asarray(heights, np.float32)[:, None, None], centres


class _Cut(NamedTuple):
    """The strips of a word: columns, tops and bottoms in pixels, x of the nearer side; all (N,).

    `sides` are counted from the middle of the column, in strides.
    """

    columns: Indices
    tops: Floats
    bottoms: Floats
    sides: Floats


def _cut(quad: Floats, columns: int, stride: int) -> _Cut:
    """The strips of a word, in the columns of the grid that it fills from side to side.

    The word reaches from the middle of its left side to the middle of its right side. If it fills
    no column, it has one strip, where its own middle lies.
    """
    corners = geometry.upright(quad)
    left, right = ((corners[i] + corners[j])[0] / 2 for i, j in ((0, 3), (1, 2)))
    first, end = int(np.ceil(left / stride)), int(np.floor(right / stride))
    if first >= end:
        first = int((left + right) / 2 // stride)
        end = first + 1
    held = np.arange(max(first, 0), min(end, columns))
    middles = (held + np.float32(0.5)) * np.float32(stride)
    tops = _along(corners[0], corners[1], middles)
    bottoms = np.maximum(_along(corners[3], corners[2], middles), tops + 1)
    to_left, to_right = left - middles, right - middles
    nearer = np.where(np.abs(to_left) <= np.abs(to_right), to_left, to_right)
    return _Cut(held, tops, bottoms, nearer / np.float32(stride))


def _along(start: Floats, end: Floats, x: Floats) -> Floats:
    """Heights at `x` of the straight line through two points, no steeper than 45 degrees."""
    (run, rise), middle = end - start, (start + end) / 2
    slope = np.clip(rise / max(run, 1), -1, 1)
    return np.asarray(middle[1] + slope * (x - middle[0]), np.float32)


def _touched(strips: _Cut, rows: int, stride: int) -> Bools:
    """(R, N): the cells that each strip covers, if only in part."""
    tops = np.arange(rows)[:, None] * stride
    return np.asarray((tops < strips.bottoms) & (tops + stride > strips.tops))


def _affinity(strips: _Cut, heights: Floats, centres: Floats) -> Floats:
    """IoU (k, R, N) of all anchors of each strip's column with it; the best have 1 more.

    A strip's best anchors are positive however little they overlap it. Strips above or below the
    picture have none.
    """
    tops, bottoms = centres - heights / 2, centres + heights / 2
    shared = np.minimum(bottoms, strips.bottoms) - np.maximum(tops, strips.tops)
    shared = np.maximum(shared, 0)
    iou = shared / (heights + (strips.bottoms - strips.tops) - shared)
    best = (iou >= iou.max(axis=(0, 1)) - 1e-4) & (iou > 0)
    seen = (strips.bottoms > 0) & (strips.tops < centres[0] + centres[-1])
    return np.asarray((iou + best) * seen, np.float32)
