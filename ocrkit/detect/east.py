"""EAST: an efficient and accurate scene text detector (Zhou et al., CVPR 2017, arXiv 1704.03155).

Each cell of a grid of stride 4 says how likely it is to lie in the middle of a word, and where
that word's corners are: as distances to the four sides of a rectangle and its angle (RBOX), or as
offsets to four corners (QUAD). What neighbouring cells say is averaged, then thinned out.

Where this differs from the paper:
    The default network is `lite`, a compact residual backbone with a narrow neck (`network: vgg16`
    is the paper's, section 3.2, trained from scratch; PVANET is left out).
    A distance is the exponential of an output, an angle the arctangent of one and an offset a
    multiple: the paper does not say. -log IoU has about equal gradients in the logarithms of a
    10 px and a 1000 px distance; a sigmoid of the largest distance saturates at both.
    The default loss of the score is cross-entropy on all positive cells and the hardest negatives,
    as in PixelLink (1801.01315, section 3.3.1). The paper's class-balanced cross-entropy (3.4.1)
    is `score_loss: balanced`, averaged by its own weights and with one beta for a batch.
    Words count alike in both losses, however many cells they have (`balance: words`); in the paper
    cells do (`balance: cells`), so that small words hardly count.
    A word that holds no cell's centre when shrunk gets the cell of its own centre.
    Quads keep the mean score of their cells, not the sum, which only ranks them; they are dropped
    below `min_side` and `min_score`, measured in the network's input.
"""

import math
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field
from torch import Tensor
from torch.nn import functional as F

from ocrkit import geometry
from ocrkit.detect._base import Detector, DetectorConfig
from ocrkit.detect._lanms import suppress_locally
from ocrkit.detect._networks import network
from ocrkit.layers.losses import hardest_negatives, weighted_mean, word_weights
from ocrkit.types import Bools, Detections, Floats, Sample

STRIDE = 4

UNIT = 32.0
"""Pixels; the distance for an output of 0, near the middle of those that words have."""

LOG_RANGE = (math.log(0.25 / UNIT), math.log(4096 / UNIT))
"""Outputs are held between those for 0.25 and 4096 px, lest the exponential overflow."""


class EASTConfig(DetectorConfig):
    """Defaults are the paper's where it gives one; the fields say where it does not."""

    name: Literal["east"] = "east"
    network: Literal["lite", "vgg16", "resnet50"] = Field(
        "lite", description="`vgg16` is the paper's, section 3.2; `resnet50` that of FOTS"
    )
    head: int = Field(
        64, gt=0, description="channels before the outputs of `lite`; not the paper's"
    )
    geometry: Literal["rbox", "quad"] = Field(
        "rbox", description="what cells regress: a rotated rectangle or four corners; table 1"
    )
    score_threshold: float = Field(
        0.8, ge=0, le=1, description="of a positive cell; section 3.6 gives no value"
    )
    nms_threshold: float = Field(
        0.2, ge=0, le=1, description="IoU of quads that are one word; section 3.6 gives no value"
    )
    min_side: float = Field(
        5, ge=0, description="of a word, pixels of the network's input; not in the paper"
    )
    min_score: float = Field(
        0.0, ge=0, le=1, description="mean of a word's cells; not in the paper"
    )
    shrink: float = Field(
        0.3, ge=0, lt=0.5, description="of a word's shorter sides, to label cells; section 3.3.1"
    )
    border: Literal["negative", "ignored"] = Field(
        "negative", description="cells of a word outside its shrunk quad; section 3.3.1"
    )
    ignore_side: float = Field(
        6,
        ge=0,
        description="words with a shorter side are not trained on, pixels; not in the paper",
    )
    score_loss: Literal["balanced", "dice", "mined"] = Field(
        "mined", description="`balanced` is section 3.4.1; the others are not in the paper"
    )
    negative_ratio: float = Field(
        3, gt=0, description="hard negatives per positive cell, if mined; not in the paper"
    )
    spare_negatives: int = Field(
        10_000, gt=0, description="in a picture without words, if mined; not in the paper"
    )
    balance: Literal["words", "cells"] = Field(
        "words", description="what counts alike in the losses; `cells` is section 3.4"
    )
    geometry_weight: float = Field(1, ge=0, description="lambda_g, equation 3")
    angle_weight: float = Field(10, ge=0, description="lambda_theta, equation 7")


class EASTMaps(NamedTuple):
    """`score` logits (B, 1, H/4, W/4) and `geometry` (B, 5 or 8, H/4, W/4), both float32.

    RBOX: distances from the cell's centre to the top, right, bottom and left side, pixels, and the
    angle, radians. QUAD: x and y of the four corners less the centre's, pixels.
    """

    score: Tensor
    geometry: Tensor


class EASTTargets(NamedTuple):
    """Of one sample: (1, H/4, W/4) float32, (1, H/4, W/4) bool, (5 or 8, H/4, W/4) float32.

    `share` is one by the number of cells that belong to the cell's word, 0 in cells of no word;
    cells that are not `valid` teach nothing and are no word's; `geometry` is as in `EASTMaps`, 0
    in cells of no word.
    """

    share: Floats | Tensor
    valid: Bools | Tensor
    geometry: Floats | Tensor


class EAST(Detector[EASTConfig, EASTMaps, EASTTargets]):
    """A U-shaped fully convolutional network with dense regression, and merging of neighbours."""

    Config: ClassVar[type[DetectorConfig]] = EASTConfig

    def __init__(self, config: EASTConfig) -> None:
        super().__init__(config)
        outputs = 1 + (5 if config.geometry == "rbox" else 8)
        self.network = network(config.network, outputs, config.head)

    @staticmethod
    def encode(config: Any, sample: Sample) -> EASTTargets:
        """Label the cells in shrunk words and say where their words' sides are (section 3.3)."""
        height, width = (side // STRIDE for side in sample.image.shape[:2])
        ignored = sample.ignored | (np.minimum(*geometry.extent(sample.quads)) < config.ignore_side)
        owner, valid = _owners(config, sample.quads, ignored, height, width)
        cells = owner > 0
        owners = owner[cells] - 1
        share = np.zeros((1, height, width), np.float32)
        share[0, cells] = 1 / np.bincount(owners)[owners]
        points = geometry.cell_centres(height, width, STRIDE)[cells]
        to_shape = _to_sides if config.geometry == "rbox" else _to_corners
        shape = np.zeros((5 if config.geometry == "rbox" else 8, height, width), np.float32)
        shape[:, cells] = to_shape(sample.quads, owners, points).T
        return EASTTargets(share, valid[None], shape)

    def forward(self, images: Tensor) -> EASTMaps:
        """See `EASTMaps` for shapes; H and W must be multiples of 32."""
        _, finest = self.network.features(images)
        return self.maps(finest)

    def maps(self, finest: Tensor) -> EASTMaps:
        """What the heads say of the network's finest maps; see `_networks`."""
        outputs = self.network.outputs(finest).float()
        score, shape = outputs[:, :1], outputs[:, 1:]
        if self.config.geometry == "quad":
            return EASTMaps(score, shape * UNIT)
        distances = UNIT * shape[:, :4].clamp(*LOG_RANGE).exp()
        return EASTMaps(score, torch.cat([distances, shape[:, 4:].atan()], dim=1))

    def loss(self, maps: EASTMaps, targets: EASTTargets) -> dict[str, Tensor]:
        """Of the score on valid cells, and of the shape on words' cells (section 3.4)."""
        config = self.config
        share, valid, shape = (torch.as_tensor(t) for t in targets)
        positive = share > 0
        weight = word_weights(share) if config.balance == "words" else positive.float()
        cells = positive[:, 0]
        each = weight[:, 0][cells]
        ours, theirs = (s.float().movedim(1, -1)[cells] for s in (maps.geometry, shape))
        losses = rbox_losses if config.geometry == "rbox" else quad_losses
        factors = {"box": 1.0, "angle": config.angle_weight, "corners": 1.0}
        terms = {
            name: config.geometry_weight * factors[name] * weighted_mean(values, each)
            for name, values in losses(ours, theirs).items()
        }
        return {"score": self._score_loss(maps.score.float(), positive, weight, valid)} | terms

    def decode(self, maps: EASTMaps) -> list[Detections]:
        """Quads of positive cells, merged with their neighbours and suppressed (section 3.6)."""
        scores = maps.score.detach().float().sigmoid().cpu().numpy()
        shapes = maps.geometry.detach().float().movedim(1, -1).cpu().numpy()
        return [self._decode_one(*both) for both in zip(scores[:, 0], shapes, strict=True)]

    def _decode_one(self, score: Floats, shape: Floats) -> Detections:
        config = self.config
        positive = score > config.score_threshold
        height, width = score.shape
        points = geometry.cell_centres(height, width, STRIDE)[positive]
        from_shape = _from_sides if config.geometry == "rbox" else _from_corners
        cells = Detections(from_shape(shape[positive], points), score[positive])
        found = suppress_locally(cells, config.nms_threshold)
        large = np.minimum(*geometry.extent(found.quads)) >= config.min_side
        found = found[large & (found.scores >= config.min_score)]
        upright = [geometry.upright(quad) for quad in found.quads]
        return Detections(np.reshape(upright, (-1, 4, 2)).astype(np.float32), found.scores)

    def _score_loss(
        self, logits: Tensor, positive: Tensor, weight: Tensor, valid: Tensor
    ) -> Tensor:
        if self.config.score_loss == "dice":
            return _dice(logits.sigmoid() * valid, weight)
        entropy = F.binary_cross_entropy_with_logits(logits, positive.float(), reduction="none")
        negative = valid & ~positive
        if self.config.score_loss == "balanced":
            # beta = 1 - positives / cells, of equation 5, as the share of the negatives.
            beta = negative.sum() / valid.sum().clamp(min=1)
            return weighted_mean(entropy, beta * weight + (1 - beta) * negative)
        counts = positive.flatten(1).sum(dim=1)
        wanted = (counts * self.config.negative_ratio).long()
        wanted = torch.where(counts > 0, wanted, self.config.spare_negatives)
        hard = hardest_negatives(entropy.flatten(1), negative.flatten(1), wanted)
        return weighted_mean(entropy, weight + hard.view_as(weight))


def rbox_losses(ours: Tensor, theirs: Tensor) -> dict[str, Tensor]:
    """-log IoU of boxes, and 1 - cos of the angles' difference (section 3.4.2); (K, 5) to (K,).

    The boxes are compared as if they had the same angle (equation 7).
    """
    top, right, bottom, left = torch.minimum(ours[:, :4], theirs[:, :4]).unbind(1)
    shared = (top + bottom) * (left + right)
    union = _area(ours) + _area(theirs) - shared
    box = union.clamp(min=1e-6).log() - shared.clamp(min=1e-6).log()
    return {"box": box, "angle": 1 - torch.cos(ours[:, 4] - theirs[:, 4])}


def quad_losses(ours: Tensor, theirs: Tensor) -> dict[str, Tensor]:
    """Smoothed L1 by the shortest side, the least over the word's first corners; (K, 8) to (K,).

    Section 3.4.2, equations 8 and 9: labels do not agree on where a word starts.
    """
    corners = theirs.reshape(-1, 4, 2)
    shortest = (corners.roll(-1, dims=1) - corners).norm(dim=-1).amin(dim=1)
    orders = torch.stack([corners.roll(k, dims=1).flatten(1) for k in range(4)], dim=1)
    apart = F.smooth_l1_loss(ours[:, None].expand_as(orders), orders, reduction="none")
    return {"corners": apart.sum(dim=-1).amin(dim=1) / (8 * shortest.clamp(min=1))}


def _area(sides: Tensor) -> Tensor:
    top, right, bottom, left = sides[:, :4].unbind(1)
    return (top + bottom) * (left + right)


def _dice(score: Tensor, weight: Tensor) -> Tensor:
    """1 - Dice's coefficient of scores in [0, 1] and the weights of positive cells."""
    positive = (weight > 0).float()
    both = (score * positive * weight).sum()
    rest = (score * (1 - positive)).sum()
    return 1 - 2 * both / (both + rest + weight.sum()).clamp(min=1e-6)


def _owners(
    config: Any, quads: Floats, ignored: Bools, height: int, width: int
) -> tuple[NDArray[np.int64], Bools]:
    """For each cell the word in whose shrunk quad its centre lies, counted from 1, or 0; the valid.

    Where shrunk words overlap the smaller wins. A cell in an ignored word is not valid and no
    word's, whatever else holds it.
    """
    owner = np.zeros((height, width), np.int64)
    outer, valid = np.zeros((2, height, width), np.bool_)
    valid[:] = True
    shrunk = _shrink(quads, config.shrink)
    for index in np.argsort(-geometry.area(quads), kind="stable"):
        if ignored[index]:
            _fill(valid, quads[index], False)
            continue
        if config.border == "ignored":
            _fill(outer, quads[index], True)
        if not _fill(owner, shrunk[index], index + 1):
            column, row = np.floor(quads[index].mean(axis=0) / STRIDE).astype(int)
            if 0 <= row < height and 0 <= column < width:
                owner[row, column] = index + 1
    owner[~valid] = 0
    return owner, valid & ~(outer & (owner == 0))


def _fill(grid: NDArray[Any], quad: Floats, value: int) -> bool:
    """Set the cells of a grid (H, W) whose centres lie in a quad; whether there are any."""
    left, top = np.maximum(np.floor(quad.min(axis=0) / STRIDE), 0).astype(int)
    right, bottom = np.maximum(np.ceil(quad.max(axis=0) / STRIDE), 0).astype(int)
    box = grid[top:bottom, left:right]
    height, width = box.shape
    if height == 0 or width == 0:
        return False
    offset = np.array([left, top], np.float32) * np.float32(STRIDE)
    inside = geometry.contains(quad, geometry.cell_centres(height, width, STRIDE) + offset)
    box[inside] = value
    return bool(inside.any())


def _shrink(quads: Floats, ratio: float) -> Floats:
    """Quads (N, 4, 2) whose corners were moved inwards, the longer pair of sides first.

    Each along both of its sides, by `ratio` of the shorter of them (section 3.3.1). A quad may
    come back with another corner first.
    """
    lengths = geometry.side_lengths(quads)
    moves = np.float32(ratio) * np.minimum(lengths, np.roll(lengths, 1, axis=1))
    heights, widths = geometry.extent(quads)
    # So turned that the top and the bottom are the longer pair.
    order = (np.arange(4) + (heights > widths)[:, None]) % 4
    corners = np.take_along_axis(quads, order[..., None], axis=1)
    moves = np.take_along_axis(moves, order, axis=1)[..., None]
    for starts, ends in (((0, 2), (1, 3)), ((1, 3), (2, 0))):
        along = corners[:, ends] - corners[:, starts]
        along /= np.maximum(np.linalg.norm(along, axis=-1, keepdims=True), 1e-6)
        corners[:, starts] += along * moves[:, starts]
        corners[:, ends] -= along * moves[:, ends]
    return corners


def _to_sides(quads: Floats, owners: NDArray[np.int64], points: Floats) -> Floats:
    """Distances from points (K, 2) to the sides of their words' rectangles, and angles; (K, 5).

    The rectangle is the smallest that covers the word. Its angle is within 45 degrees of upright.
    """
    rects = np.reshape([geometry.min_area_rect(quad) for quad in quads], (-1, 4, 2))[owners]
    along, down = rects[:, 1] - rects[:, 0], rects[:, 3] - rects[:, 0]
    width, height = (np.linalg.norm(v, axis=1) for v in (along, down))
    angle = np.arctan2(along[:, 1], along[:, 0])
    right = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    below = np.stack([-np.sin(angle), np.cos(angle)], axis=1)
    x, y = (((points - rects[:, 0]) * v).sum(axis=1) for v in (right, below))
    # A cell that was given to a tiny word may lie just outside.
    sides = np.maximum(np.stack([y, width - x, height - y, x], axis=1), 0)
    return np.asarray(np.column_stack([sides, angle]), np.float32)


def _from_sides(shapes: Floats, points: Floats) -> Floats:
    """Inverse of `_to_sides`: (K, 5) and (K, 2) to quads (K, 4, 2)."""
    top, right, bottom, left, angle = shapes.T
    cos, sin = np.cos(angle), np.sin(angle)
    x = np.stack([-left, right, right, -left], axis=1)
    y = np.stack([-top, -top, bottom, bottom], axis=1)
    turned = np.stack(
        [x * cos[:, None] - y * sin[:, None], x * sin[:, None] + y * cos[:, None]], axis=-1
    )
    return np.asarray(turned + points[:, None], np.float32)


def _to_corners(quads: Floats, owners: NDArray[np.int64], points: Floats) -> Floats:
    """Offsets from points (K, 2) to the corners of their words; (K, 8)."""
    return np.asarray((quads[owners] - points[:, None]).reshape(-1, 8), np.float32)


def _from_corners(shapes: Floats, points: Floats) -> Floats:
    """Inverse of `_to_corners`: (K, 8) and (K, 2) to quads (K, 4, 2)."""
    return shapes.reshape(-1, 4, 2) + points[:, None]
