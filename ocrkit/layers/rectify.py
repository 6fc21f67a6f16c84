"""Spatial transformers: networks that straighten a picture before another network reads it.

Jaderberg et al., arXiv 1506.02025 (affine); Shi et al., arXiv 1603.03915, section 3.1 (thin-plate
spline). Points are (x, y) in [-1, 1] from the left and top edges of a picture to its right and
bottom edges: edges, not centres of pixels, so that a picture may be sampled at any size.
"""

from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit.layers.blocks import ConvNorm

SEEN = (32, 96)
"""Size (height, width) at which a picture is looked at to find how it must be straightened."""

STEP = 0.1
"""What the last layer says counts so much. Points must move slowly: the reader behind learns from
what they show it."""

Doubles = NDArray[np.float64]


class Rectifier(nn.Module):
    """Localisation network, grid generator and sampler; at first it is a plain resize.

    Args:
        kind: `affine` moves, turns and shears; `tps` also bends.
        height: Of the straightened picture, pixels. It keeps the aspect ratio.
        fiducials: Points that bend the picture, half of them along its top, half along its bottom.
    """

    def __init__(
        self, kind: Literal["affine", "tps"], height: int = 32, fiducials: int = 20
    ) -> None:
        super().__init__()
        self.kind, self.height = kind, height
        start = base_points(fiducials if kind == "tps" else 4)
        self.register_buffer("start", torch.from_numpy(start).float(), persistent=False)
        # The spline is solved on the processor: not every device has double precision.
        self.spline = torch.from_numpy(start), torch.from_numpy(np.linalg.inv(spline_matrix(start)))
        self.features = nn.Sequential(
            ConvNorm(1, 32),
            nn.MaxPool2d(2),
            ConvNorm(32, 48),
            nn.MaxPool2d(2),
            ConvNorm(48, 64),
            nn.MaxPool2d(2),
            ConvNorm(64, 64),
            nn.AvgPool2d(2),  # 2 x 6
            nn.Flatten(),
            nn.Linear(64 * 12, 128),
            nn.ReLU(inplace=True),
        )
        self.head = nn.Linear(128, 6 if kind == "affine" else 2 * fiducials)
        nn.init.zeros_(self.head.weight)
        nn.init.zeros_(self.head.bias)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Straightened pictures, and where their fiducials lie in what was given.

        Args:
            images: (B, 1, H, W).

        Returns:
            (B, 1, height, W * height / H), rounded down; (B, F, 2), for `affine` of the corners.
        """
        points = self.points(images)
        width = images.shape[3] * self.height // images.shape[2]
        return self.sample(images, points, width), points

    def points(self, images: Tensor) -> Tensor:
        """Where the fiducials of the straightened pictures lie in these; (B, F, 2)."""
        small = F.interpolate(images, SEEN, mode="bilinear", align_corners=False)
        moved: Tensor = STEP * self.head(self.features(small)).float()
        start = self.get_buffer("start")
        if self.kind == "tps":
            return start + moved.view(len(images), -1, 2)
        matrix = moved.view(-1, 2, 3)
        return start + start @ matrix[:, :, :2].transpose(1, 2) + matrix[:, None, :, 2]

    def sample(self, images: Tensor, points: Tensor, width: int) -> Tensor:
        """The pictures as the points straighten them; (B, 1, height, width).

        Args:
            images: (B, 1, H, W).
            points: (B, F, 2), see `points`.
            width: Of the result, pixels.
        """
        # In half precision, coordinates would be off by a pixel in wide pictures.
        with torch.autocast(images.device.type, enabled=False):
            places = self.locate(points.float(), centres(self.height, width))
            grid = places.view(len(images), self.height, width, 2)
            found = F.grid_sample(images.float(), grid, padding_mode="border", align_corners=False)
        return found.to(images.dtype)

    def locate(self, points: Tensor, places: Tensor) -> Tensor:
        """Where places of the straightened pictures lie in those given (section 3.1.2).

        Args:
            points: (B, F, 2), see `points`.
            places: (N, 2) in the straightened picture.

        Returns:
            (B, N, 2).
        """
        # In single precision the sum of so many terms would be off by a thousandth of a width.
        start, inverse = self.spline
        places = places.cpu().double()
        bent = radial((places[:, None] - start).square().sum(dim=-1))
        lifted = torch.cat([places.new_ones(len(places), 1), places, bent], dim=1)
        weights = lifted @ inverse[:, : len(start)]
        return weights.to(points.dtype).to(points.device) @ points

    def across(self, points: Tensor, along: Tensor) -> Tensor:
        """Where columns of the straightened pictures lie in those given, at half the height.

        Args:
            points: (B, F, 2), see `points`.
            along: (B, N), fractions of the straightened pictures' width.

        Returns:
            (B, N), fractions of the width of the given ones.
        """
        middle = torch.stack([2 * along - 1, torch.zeros_like(along)], dim=-1)
        located = [
            self.locate(one[None], places)[0, :, 0]
            for one, places in zip(points.float(), middle, strict=True)
        ]
        return (torch.stack(located) + 1) / 2


def base_points(count: int) -> Doubles:
    """Fiducials of a straightened picture, along its top and then its bottom edge; (count, 2)."""
    x = np.linspace(-1.0, 1.0, count // 2)
    return np.concatenate([np.stack([x, np.full_like(x, y)], axis=1) for y in (-1.0, 1.0)])


def spline_matrix(points: Doubles) -> Doubles:
    """Delta of equation 4, with rows and columns in the order 1, x, y, fiducials; (F+3, F+3).

    Its inverse times (points in the other picture, then three rows of zeros) are the parameters of
    the spline; so of the inverse's columns only the first F count.
    """
    count = len(points)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2)
    bent = distance**2 * np.log(np.where(distance > 0, distance**2, 1))
    affine = np.concatenate([np.ones((count, 1)), points], axis=1)
    upper = np.concatenate([affine, bent], axis=1)
    lower = np.concatenate([np.zeros((3, 3)), affine.T], axis=1)
    return np.concatenate([upper, lower])


def radial(squared: Tensor) -> Tensor:
    """r^2 ln r^2 of squared distances r^2, and 0 at 0 (section 3.1.2)."""
    return squared * squared.clamp(min=1e-12).log()


def centres(height: int, width: int) -> Tensor:
    """Centres of the pixels of a picture, row by row; (height * width, 2)."""

    def along(count: int) -> Tensor:
        return (2 * torch.arange(count, dtype=torch.float64) + 1) / count - 1

    y, x = torch.meshgrid(along(height), along(width), indexing="ij")
    return torch.stack([x.flatten(), y.flatten()], dim=1)
