"""The networks of EAST, of whose maps FOTS reads."""

from collections.abc import Sequence
from typing import Literal

from torch import Tensor, nn

from ocrkit.layers.backbones import CompactPyramid, Merging, PooledVGG16, ResNet50
from ocrkit.layers.blocks import ConvNorm


class SharedNetwork(nn.Module):
    """Convolutions whose maps FOTS reads, too, and the heads."""

    channels: tuple[int, int]
    """Of the maps at strides 2 and 4 that `features` gives."""

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """(B, 3, H, W) to a map at stride 2, of strokes, and the finest merged one, at stride 4."""
        raise NotImplementedError

    def outputs(self, finest: Tensor) -> Tensor:
        """The merged map to outputs (B, 1 + 5 or 8, H/4, W/4)."""
        raise NotImplementedError


class Lite(SharedNetwork):
    """The trunk that the shipped detectors share, and a small head on its finest map."""

    def __init__(self, outputs: int, head: int) -> None:
        super().__init__()
        self.trunk = CompactPyramid()
        self.channels = (self.trunk.fine_channels, self.trunk.channels[0])
        self.head = ConvNorm(self.trunk.channels[0], head)
        self.heads = nn.Conv2d(head, outputs, 1)

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        stem, (finest, *_) = self.trunk.with_stem(images)
        return stem, finest

    def outputs(self, finest: Tensor) -> Tensor:
        found: Tensor = self.heads(self.head(finest))
        return found


class Merged(SharedNetwork):
    """A backbone, merged from coarse to fine as in section 3.2."""

    def __init__(self, outputs: int, backbone: nn.Module, channels: Sequence[int]) -> None:
        super().__init__()
        self.backbone = backbone
        self.merging = Merging(channels[1:])
        self.channels = (channels[0], 32)
        self.heads = nn.Conv2d(32, outputs, 1)
        for module in [*self.merging.modules(), self.heads]:
            if isinstance(module, nn.Conv2d):
                nn.init.xavier_uniform_(module.weight)

    def features(self, images: Tensor) -> tuple[Tensor, Tensor]:
        fine, *coarser = self.backbone(images)
        return fine, self.merging(coarser)

    def outputs(self, finest: Tensor) -> Tensor:
        found: Tensor = self.heads(finest)
        return found


def network(name: Literal["lite", "vgg16", "resnet50"], outputs: int, head: int) -> SharedNetwork:
    """The network of this name, with so many outputs a cell; see `EASTConfig`."""
    if name == "lite":
        return Lite(outputs, head)
    backbone = PooledVGG16() if name == "vgg16" else ResNet50()
    return Merged(outputs, backbone, backbone.channels)
