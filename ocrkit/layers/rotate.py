"""RoIRotate: upright strips of slanted regions out of feature maps (Liu et al., arXiv 1801.01671).

Section 3.3. An affine map takes each region to a strip of fixed height that is as wide as the
region is long, so that what reads the strips learns from their gradients what the maps should say.
Points are pixels of the network's input, whatever the stride of a map.
"""

from collections.abc import Sequence
from typing import NamedTuple

import torch
from torch import Tensor
from torch.nn import functional as F

STEP = 8
"""Strips are padded to a multiple of so many columns: those of like width are read together."""


class Strips(NamedTuple):
    """Regions whose strips are padded to the same width.

    Attributes:
        regions: (N,) int64, their places among all regions.
        pictures: (N,) int64, which picture of the batch each is in.
        quads: (N, 4, 2) float32, pixels of the network's input.
        widths: (N,) int64, columns of each strip without padding.
        columns: With padding.
    """

    regions: Tensor
    pictures: Tensor
    quads: Tensor
    widths: Tensor
    columns: int


def arrange(
    quads: Tensor, pictures: Tensor, height: int, most: int, budget: int = 4096
) -> list[Strips]:
    """Regions grouped by the width of their strips, the narrowest first.

    Which regions a group has besides a region makes no difference to its own strip.

    Args:
        quads: (N, 4, 2) in pixels of the network's input.
        pictures: (N,) int64, which picture of the batch each is in.
        height: Of the strips, rows.
        most: Columns of a strip; longer regions are squeezed.
        budget: Columns of all strips of a group, which bounds the memory that reading takes.
    """
    widths = strip_widths(quads, height, most)
    padded = -(-widths // STEP) * STEP
    groups = []
    for columns in torch.unique(padded).tolist():
        for regions in (padded == columns).nonzero()[:, 0].split(max(1, budget // columns)):
            groups.append(
                Strips(regions, pictures[regions], quads[regions], widths[regions], columns)
            )
    return groups


def strip_widths(quads: Tensor, height: int, most: int) -> Tensor:
    """How many columns the strips of regions (N, 4, 2) have, 1 to `most`; (N,) int64.

    The aspect ratio is kept from 3 upwards; narrower strips are widened towards 1.5, as crops are
    for recognisers: each of their characters needs a column.
    """
    right, down = _sides(quads)
    aspect = right.norm(dim=1) / down.norm(dim=1).clamp(min=1e-3)
    widened = torch.maximum(aspect, aspect / 2 + 1.5)
    return (height * widened).round().clamp(1, most).long()


def roi_rotate(
    features: Tensor, groups: Sequence[Strips], height: int, stride: int, zoom: int = 1
) -> list[Tensor]:
    """The strips of each group, bilinear; what lies behind a strip's width is 0.

    A quad that is no parallelogram is taken for the one that fits it best: the map is affine.
    Outside the picture, its edge is repeated.

    Args:
        features: (B, C, H, W), maps of the pictures.
        groups: Of `arrange`.
        height: Of the strips, rows.
        stride: Pixels per cell of the maps.
        zoom: Times which strips have more rows and columns: for maps of a finer stride.

    Returns:
        Of each group (N, C, zoom * height, zoom * columns), float32 (of doubles, float64).
    """
    count, channels, rows, columns = features.shape
    sizes = [(len(g.quads), height * zoom, g.columns * zoom) for g in groups]
    if not groups:
        return []
    pairs = list(zip(groups, sizes, strict=True))
    points = torch.cat([_points(g, height * zoom, zoom).flatten(0, 2) for g in groups]) / stride
    pictures = torch.cat(
        [g.pictures[:, None].expand(-1, h * w).flatten() for g, (_, h, w) in pairs]
    )
    # The pictures stand below each other in one map; points stay within their own.
    x = points[:, 0].clamp(0.5, columns - 0.5) / columns
    y = (points[:, 1].clamp(0.5, rows - 0.5) + pictures * rows) / (count * rows)
    grid = (2 * torch.stack([x, y], dim=1) - 1).view(1, 1, -1, 2)
    # In half precision, coordinates would be off by more than a cell in large pictures.
    with torch.autocast(features.device.type, enabled=False):
        exact = features.to(torch.promote_types(features.dtype, torch.float32))
        tall = exact.transpose(0, 1).reshape(1, channels, count * rows, columns)
        found = F.grid_sample(tall, grid.to(exact.dtype), align_corners=False)[0, :, 0]
    pieces = torch.split(found, [n * h * w for n, h, w in sizes], dim=1)
    return [
        piece.view(channels, *size).transpose(0, 1) * _inside(g, size[2], zoom)
        for piece, size, g in zip(pieces, sizes, groups, strict=True)
    ]


def _points(group: Strips, rows: int, zoom: int) -> Tensor:
    """Where the centres of the strips' cells lie in the pictures, px; (N, rows, columns, 2)."""
    right, down = _sides(group.quads)
    first = group.quads.mean(dim=1) - (right + down) / 2
    device = group.quads.device
    along = torch.arange(group.columns * zoom, device=device) + 0.5
    x = along / (group.widths[:, None] * zoom)
    y = (torch.arange(rows, device=device) + 0.5) / rows
    return (
        first[:, None, None]
        + x[:, None, :, None] * right[:, None, None]
        + y[None, :, None, None] * down[:, None, None]
    )


def _inside(group: Strips, columns: int, zoom: int) -> Tensor:
    """Which columns are no padding; (N, 1, 1, columns)."""
    places = torch.arange(columns, device=group.widths.device)
    return (places < group.widths[:, None] * zoom)[:, None, None]


def _sides(quads: Tensor) -> tuple[Tensor, Tensor]:
    """The sides along the text and across it of the parallelograms that fit best; (N, 2) each."""
    right = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    return right, down
