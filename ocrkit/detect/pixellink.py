"""PixelLink: text detection by instance segmentation (Deng et al., AAAI 2018, arXiv 1801.01315).

Each cell of a grid says whether it lies in a word, and of each of its eight neighbours whether
that lies in the same word. Positive cells joined by positive links are a word; the smallest
rectangle round them is its quad. No box is regressed, so it trains from scratch on little data.

Where this differs from the paper:
    The default network is `lite`, a compact residual backbone with a narrow neck, at stride 4
    (`network: vgg16` is figure 3 of the paper, at stride 4 or 2).
    One logit and a sigmoid stand for each pair of logits and its softmax: the same function.
    A rectangle is grown by half a cell on each side, since cells stand for their centres.
    Rectangles are dropped below `min_side` and `min_score`, measured in the network's input; the
    paper drops by area and by the short side (section 3.3.3).
"""

from typing import Any, ClassVar, Literal, NamedTuple

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, ValidationInfo, field_validator
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit import geometry
from ocrkit.detect._base import Detector, DetectorConfig
from ocrkit.layers.backbones import VGG16, CompactPyramid
from ocrkit.layers.blocks import double
from ocrkit.layers.losses import hardest_negatives
from ocrkit.types import Bools, Detections, Floats, Sample

NEIGHBOURS = ((1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1))
"""(x, y) steps to eight neighbours, clockwise from the right; k and k + 4 are opposite."""


class PixelLinkConfig(DetectorConfig):
    """Defaults are the paper's where it gives one; the fields say where it does not."""

    name: Literal["pixellink"] = "pixellink"
    network: Literal["lite", "vgg16"] = Field(
        "lite", description="`vgg16` is the paper's, figure 3"
    )
    stride: Literal[2, 4] = Field(
        4, description="of the output: 4s or 2s, section 3.1; `lite` has 4"
    )
    pixel_threshold: float = Field(
        0.6, ge=0, le=1, description="of a positive cell; 0.8 for ICDAR 2015 in the paper"
    )
    link_threshold: float = Field(
        0.6, ge=0, le=1, description="of a positive link; 0.8 for ICDAR 2015 in the paper"
    )
    min_side: float = Field(
        5, ge=0, description="of a word, pixels of the network's input; 10 in section 4.2"
    )
    min_score: float = Field(
        0.0, ge=0, le=1, description="mean of a word's cells; not in the paper"
    )
    ignore_side: float = Field(
        6,
        ge=0,
        description="words with a shorter side are not trained on, pixels; 10 in section 3.4",
    )
    negative_ratio: float = Field(
        3, gt=0, description="hard negatives per positive cell: r, section 3.3.1"
    )
    spare_negatives: int = Field(
        10_000, gt=0, description="in a picture without words; released code"
    )
    pixel_weight: float = Field(2, ge=0, description="lambda, equation 1")

    @field_validator("stride")
    @classmethod
    def _fits_the_network(cls, stride: int, info: ValidationInfo) -> int:
        if info.data.get("network") == "lite" and stride != 4:
            raise ValueError("`lite` has an output of stride 4")
        return stride


class PixelLinkMaps(NamedTuple):
    """Logits: `pixel` (B, 1, H/s, W/s) and `link` (B, 8, H/s, W/s), in the order of NEIGHBOURS."""

    pixel: Tensor
    link: Tensor


class PixelLinkTargets(NamedTuple):
    """Of one sample: (1, H/s, W/s) float32, (1, H/s, W/s) bool and (8, H/s, W/s) float32.

    `weight` is the instance-balanced weight of a word's cells and 0 elsewhere; cells that are not
    `valid` lie in ignored words; a cell is positive where `weight` > 0.
    """

    weight: Floats | Tensor
    valid: Bools | Tensor
    link: Floats | Tensor


class PixelLink(Detector[PixelLinkConfig, PixelLinkMaps, PixelLinkTargets]):
    """A fully convolutional network with two heads, and connected components."""

    Config: ClassVar[type[DetectorConfig]] = PixelLinkConfig
    learns_cut_words: ClassVar[bool] = True

    def __init__(self, config: PixelLinkConfig) -> None:
        super().__init__(config)
        self.network: nn.Module = _Lite() if config.network == "lite" else _Paper(config.stride)

    @staticmethod
    def encode(config: Any, sample: Sample) -> PixelLinkTargets:
        """Label cells and links and weigh them (sections 3.2.1, 3.2.2 and 3.3.1)."""
        height, width = (side // config.stride for side in sample.image.shape[:2])
        sides = geometry.extent(sample.quads)
        ignored = sample.ignored | (np.minimum(*sides) < config.ignore_side)
        owner, valid = _owners(sample.quads, ignored, height, width, config.stride)
        sizes = np.bincount(owner[owner > 0], minlength=len(sample.quads) + 1)
        present = sizes > 0
        weights = np.zeros(len(sizes), np.float32)
        if present.any():
            weights[present] = sizes.sum() / present.sum() / sizes[present]
        return PixelLinkTargets(weights[owner][None], valid[None], _same_owner(owner))

    def forward(self, images: Tensor) -> PixelLinkMaps:
        """See `PixelLinkMaps` for shapes; H and W must be multiples of 32."""
        pixel, link = self.network(images).split([1, 8], dim=1)
        return PixelLinkMaps(pixel, link)

    def loss(self, maps: PixelLinkMaps, targets: PixelLinkTargets) -> dict[str, Tensor]:
        """Instance-balanced cross-entropy: cells with hard negatives, links (section 3.3)."""
        weight, valid, link = (torch.as_tensor(t) for t in targets)
        positive = weight > 0
        entropy = _entropy(maps.pixel, positive.float())
        counts = (positive & valid).flatten(1).sum(dim=1)
        wanted = (counts * self.config.negative_ratio).long()
        wanted = torch.where(counts > 0, wanted, self.config.spare_negatives)
        hard = hardest_negatives(entropy.flatten(1), (valid & ~positive).flatten(1), wanted)
        weight = weight * valid
        chosen = weight + hard.view_as(weight)
        pixel = (entropy * chosen).sum() / chosen.sum().clamp(min=1)
        links = _entropy(maps.link, link)
        joined, parted = weight * link, weight * (1 - link)
        return {
            "pixel": self.config.pixel_weight * pixel,
            "link": _weighted_mean(links, joined) + _weighted_mean(links, parted),
        }

    def decode(self, maps: PixelLinkMaps) -> list[Detections]:
        """Components of positive cells and links, and the rectangles round them (section 3.1)."""
        pixels, links = (m.detach().float().sigmoid().cpu().numpy() for m in maps)
        return [self._decode_one(*both) for both in zip(pixels[:, 0], links, strict=True)]

    def _decode_one(self, pixel: Floats, link: Floats) -> Detections:
        config = self.config
        positive = pixel > config.pixel_threshold
        labels = _components(positive, link > config.link_threshold)
        quads, scores = [], []
        for rows, columns in _cells_of(labels, positive):
            points = np.stack([columns, rows], axis=1).astype(np.float32) + np.float32(0.5)
            quad = _grown_rect(points) * np.float32(config.stride)
            score = pixel[rows, columns].mean()
            if min(geometry.extent(quad)) >= config.min_side and score >= config.min_score:
                quads.append(quad)
                scores.append(score)
        if not quads:
            return Detections.empty()
        return Detections(np.stack(quads), np.asarray(scores, np.float32))


class _Lite(nn.Module):
    """The trunk that the shipped detectors share; nine logits at stride 4."""

    def __init__(self) -> None:
        super().__init__()
        self.trunk = CompactPyramid()
        self.heads = nn.Conv2d(self.trunk.channels[0], 9, 1)

    def forward(self, images: Tensor) -> Tensor:
        finest, *_ = self.trunk(images)
        logits: Tensor = self.heads(finest)
        return logits


class _Paper(nn.Module):
    """VGG-16 whose stages each give nine logits, added from coarse to fine (figure 3)."""

    def __init__(self, stride: int) -> None:
        super().__init__()
        self.stride = stride
        self.backbone = VGG16()
        used = self.backbone.channels if stride == 2 else self.backbone.channels[1:]
        self.heads = nn.ModuleList(nn.Conv2d(channels, 9, 1) for channels in used)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)

    def forward(self, images: Tensor) -> Tensor:
        maps = self.backbone(images)[-len(self.heads) :]
        *finer, conv5, fc7 = (head(m) for head, m in zip(self.heads, maps, strict=True))
        x: Tensor = conv5 + fc7
        for logits in reversed(finer):
            x = double(x) + logits
        return x


def _entropy(logits: Tensor, labels: Tensor) -> Tensor:
    return F.binary_cross_entropy_with_logits(logits.float(), labels, reduction="none")


def _weighted_mean(values: Tensor, weights: Tensor) -> Tensor:
    """0 where all weights are."""
    return (values * weights).sum() / weights.sum().clamp(min=1e-6)


def _owners(
    quads: Floats, ignored: Bools, height: int, width: int, stride: int
) -> tuple[NDArray[np.int64], Bools]:
    """For each cell the word that alone holds its centre, counted from 1, or 0; the valid cells.

    Cells in two words belong to neither (section 3.2.1). A cell in an ignored word is not valid,
    whatever else holds it.
    """
    owner = np.zeros((height, width), np.int64)
    holders = np.zeros((height, width), np.int64)
    valid = np.ones((height, width), np.bool_)
    for index, quad in enumerate(quads):
        left, top = np.maximum(np.floor(quad.min(axis=0) / stride), 0).astype(int)
        right, bottom = np.ceil(quad.max(axis=0) / stride).astype(int)
        box = np.s_[top:bottom, left:right]
        rows, columns = owner[box].shape
        if rows == 0 or columns == 0:
            continue
        offset = np.array([left, top], np.float32) * np.float32(stride)
        inside = geometry.contains(quad, geometry.cell_centres(rows, columns, stride) + offset)
        if ignored[index]:
            valid[box] &= ~inside
        else:
            owner[box][inside] = index + 1
            holders[box] += inside
    owner[(holders > 1) | ~valid] = 0
    return owner, valid


def _same_owner(owner: NDArray[np.int64]) -> Floats:
    """(8, H, W): 1 where a cell and its neighbour belong to the same word."""
    height, width = owner.shape
    padded = np.pad(owner, 1)
    shifted = np.stack(
        [padded[1 + y : 1 + y + height, 1 + x : 1 + x + width] for x, y in NEIGHBOURS]
    )
    return np.asarray((shifted == owner) & (owner > 0), np.float32)


def _components(positive: Bools, link: Bools) -> NDArray[np.int64]:
    """Labels (H, W) of the components; neighbours join if either link between them is positive."""
    height, width = positive.shape
    cells = np.arange(height * width).reshape(height, width)
    sources, targets = [], []
    for k, (x, y) in enumerate(NEIGHBOURS[:4]):  # each unordered pair of neighbours once: y >= 0
        here = np.s_[: height - y, max(0, -x) : width - max(0, x)]
        there = np.s_[y:, max(0, x) : width - max(0, -x)]
        joined = positive[here] & positive[there] & (link[k][here] | link[k + 4][there])
        sources.append(cells[here][joined])
        targets.append(cells[there][joined])
    edges = np.concatenate(sources), np.concatenate(targets)
    graph = coo_matrix((np.ones(len(edges[0]), np.int8), edges), shape=(cells.size, cells.size))
    _, labels = connected_components(graph, directed=False)
    return np.asarray(labels, np.int64).reshape(height, width)


def _cells_of(
    labels: NDArray[np.int64], positive: Bools
) -> list[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """Rows and columns of the positive cells of each component."""
    rows, columns = np.nonzero(positive)
    if not len(rows):
        return []
    owners = labels[rows, columns]
    order = np.argsort(owners, kind="stable")
    cuts = np.flatnonzero(np.diff(owners[order])) + 1
    return list(zip(np.split(rows[order], cuts), np.split(columns[order], cuts), strict=True))


def _grown_rect(points: Floats) -> Floats:
    """The smallest rectangle round points (K, 2), half a unit larger on each side, as a quad."""
    centre, (width, height), degrees = cv2.minAreaRect(points)
    rect = cv2.boxPoints((centre, (width + 1, height + 1), degrees))
    return geometry.upright(np.asarray(rect, np.float32))
