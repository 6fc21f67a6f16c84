"""Feature extractors: pictures in, feature maps at named strides out."""

from collections.abc import Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit.layers.blocks import ConvNorm, Residual, double


class Compact(nn.Module):
    """The small residual network of the shipped detectors, to be trained from scratch on a CPU.

    Few channels where maps are large and many where they are small: most of the arithmetic then
    runs in shapes that a CPU multiplies fast. Outputs at strides 2, 4, 8, 16 and 32.

    Args:
        stem: Channels at stride 2.
        channels: Channels at strides 4, 8, 16 and 32.
        blocks: Residual blocks at each of these strides.
    """

    def __init__(
        self,
        stem: int = 16,
        channels: tuple[int, int, int, int] = (32, 80, 144, 192),
        blocks: tuple[int, int, int, int] = (1, 1, 1, 1),
    ) -> None:
        super().__init__()
        self.channels = (stem, *channels)
        self.stem = ConvNorm(3, stem, stride=2)
        inputs = (stem, *channels[:-1])
        self.stages = nn.ModuleList(
            nn.Sequential(
                ConvNorm(before, after, stride=2), *(Residual(after) for _ in range(count))
            )
            for before, after, count in zip(inputs, channels, blocks, strict=True)
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to five maps (B, C_i, H/s_i, W/s_i), s = 2, 4, 8, 16, 32."""
        x = self.stem(images)
        maps = [x]
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class CompactPyramid(nn.Module):
    """`Compact` with a narrow neck from coarse to fine: the trunk of the `lite` detectors.

    All of them name it `network.trunk`, so that one can be trained from the weights of another
    (`train.init`). Outputs at strides 4, 8, 16 and 32: fine maps that have seen the coarse ones.
    """

    channels = (32, 64, 64, 64)

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Compact()
        self.fine_channels, c4, c8, c16, c32 = self.backbone.channels
        self.lateral = nn.ModuleList(ConvNorm(c, 64, 1) for c in (c32, c16, c8))
        self.smooth = nn.ModuleList([ConvNorm(64, 64), ConvNorm(64, 64)])
        self.narrow = ConvNorm(64, 32, 1, act=False)
        self.lateral4 = ConvNorm(c4, 32, 1, act=False)
        self.smooth4 = ConvNorm(32, 32)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to four maps (B, C_i, H/s_i, W/s_i), s = 4, 8, 16, 32."""
        return self.with_stem(images)[1]

    def with_stem(self, images: Tensor) -> tuple[Tensor, list[Tensor]]:
        """The backbone's first map, `fine_channels` at stride 2, and the four of `forward`."""
        stem, c4, c8, c16, c32 = self.backbone(images)
        lateral32, lateral16, lateral8 = self.lateral
        smooth16, smooth8 = self.smooth
        p32 = lateral32(c32)
        p16 = smooth16(double(p32) + lateral16(c16))
        p8 = smooth8(double(p16) + lateral8(c8))
        p4 = self.smooth4(F.relu(double(self.narrow(p8)) + self.lateral4(c4), inplace=True))
        return stem, [p4, p8, p16, p32]


class VGG16(nn.Module):
    """VGG-16 with pool5 at stride 1 and fc6, fc7 as convolutions (1409.1556; 1801.01315, figure 3).

    Outputs conv2_2 (128 channels, stride 2), conv3_3 (256, 4), conv4_3 (512, 8), conv5_3 (512, 16)
    and, with `fc`, fc7 (1024, 16). Weights are random: none are downloaded.
    """

    channels = (128, 256, 512, 512, 1024)

    def __init__(self, *, fc: bool = True) -> None:
        super().__init__()
        plan = ((3, 64, 2), (64, 128, 2), (128, 256, 3), (256, 512, 3), (512, 512, 3))
        self.stages = nn.ModuleList(_vgg_stage(*sizes) for sizes in plan)
        self.pool = nn.MaxPool2d(2)
        self.fc = _vgg_fc() if fc else None

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to maps at strides 2, 4, 8, 16 and, with `fc`, 16 again.

        H and W must be multiples of 16.
        """
        maps = []
        x = images
        for index, stage in enumerate(self.stages):
            x = stage(self.pool(x) if index else x)
            maps.append(x)
        return maps[1:] if self.fc is None else [*maps[1:], self.fc(x)]


class PooledVGG16(nn.Module):
    """VGG-16 with all its pools: conv2_2 at stride 2, then pool2 to pool5 at 4, 8, 16 and 32."""

    channels = (128, 128, 256, 512, 512)

    def __init__(self) -> None:
        super().__init__()
        self.network = VGG16(fc=False)
        self.pool = nn.MaxPool2d(2)

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to five maps (B, C_i, H/s_i, W/s_i), s = 2, 4, 8, 16, 32."""
        maps = self.network(images)
        return [maps[0], *(self.pool(m) for m in maps)]


class ResNet50(nn.Module):
    """ResNet-50 (1512.03385): conv1 at stride 2, then conv2_x to conv5_x at 4, 8, 16 and 32.

    Weights are random: none are downloaded.
    """

    channels = (64, 256, 512, 1024, 2048)

    def __init__(self) -> None:
        super().__init__()
        from torchvision.models import resnet50  # takes seconds to import

        network = resnet50(weights=None)
        self.stem = nn.Sequential(network.conv1, network.bn1, network.relu)
        self.pool = network.maxpool
        self.stages = nn.ModuleList(
            [network.layer1, network.layer2, network.layer3, network.layer4]
        )

    def forward(self, images: Tensor) -> list[Tensor]:
        """(B, 3, H, W) to five maps (B, C_i, H/s_i, W/s_i), s = 2, 4, 8, 16, 32."""
        maps = [self.stem(images)]
        x = self.pool(maps[0])
        for stage in self.stages:
            x = stage(x)
            maps.append(x)
        return maps


class Merging(nn.Module):
    """The feature-merging branch of EAST (1704.03155, section 3.2), from coarse to fine.

    Args:
        channels: Of the maps at strides 4, 8, 16 and 32.
    """

    def __init__(self, channels: Sequence[int]) -> None:
        super().__init__()
        widths = (128, 64, 32)
        befores = (channels[-1], *widths[:-1])
        self.merges = nn.ModuleList(
            nn.Sequential(ConvNorm(before + same, after, 1), ConvNorm(after, after))
            for before, same, after in zip(befores, reversed(channels[:-1]), widths, strict=True)
        )
        self.last = ConvNorm(32, 32)

    def forward(self, maps: Sequence[Tensor]) -> Tensor:
        """Maps at strides 4, 8, 16 and 32 to one (B, 32, H/4, W/4)."""
        *finer, x = maps
        for merge, features in zip(self.merges, reversed(finer), strict=True):
            x = merge(torch.cat([double(x), features], dim=1))
        result: Tensor = self.last(x)
        return result


def _vgg_stage(channels_in: int, channels_out: int, count: int) -> nn.Sequential:
    layers: list[nn.Module] = []
    for index in range(count):
        before = channels_in if index == 0 else channels_out
        layers += [nn.Conv2d(before, channels_out, 3, padding=1), nn.ReLU(inplace=True)]
    return nn.Sequential(*layers)


def _vgg_fc() -> nn.Sequential:
    return nn.Sequential(
        nn.MaxPool2d(3, stride=1, padding=1),
        nn.Conv2d(512, 1024, 3, padding=6, dilation=6),
        nn.ReLU(inplace=True),
        nn.Conv2d(1024, 1024, 1),
        nn.ReLU(inplace=True),
    )
