"""Convolutions that turn a picture of a word, 32 pixels high, into a sequence of columns."""

from collections import OrderedDict

from torch import nn

from ocrkit.layers.blocks import ConvNorm, Residual

DEEPER = {"1": (64,), "4": (128, 128)}
"""Residual blocks of `deep`, by the layer of `lite` that they follow: their channels."""


def lite() -> tuple[nn.Sequential, int]:
    """Layers from (B, 1, 32, W) to (B, C, 1, W/4), and C."""
    layers = nn.Sequential(
        ConvNorm(1, 32, stride=2),  # 16 x W/2
        ConvNorm(32, 64),
        nn.MaxPool2d(2),  # 8 x W/4
        ConvNorm(64, 128),
        ConvNorm(128, 128),
        nn.MaxPool2d((2, 1)),  # 4 x W/4
        ConvNorm(128, 192),
        ConvNorm(192, 192),
        nn.MaxPool2d((2, 1)),  # 2 x W/4
        ConvNorm(192, 256),
        nn.Conv2d(256, 256, (2, 1), bias=False),  # 1 x W/4
        nn.BatchNorm2d(256),
        nn.ReLU(inplace=True),
    )
    return layers, 256


def deep() -> tuple[nn.Sequential, int]:
    """`lite` with residual blocks where strokes are seen: twice the layers, the same sizes.

    The layers of `lite` keep their names and the blocks start as if they were not there, so that
    a trained `lite` can grow into it.
    """
    layers, channels = lite()
    grown: OrderedDict[str, nn.Module] = OrderedDict()
    for name, layer in layers.named_children():
        grown[name] = layer
        for number, width in enumerate(DEEPER.get(name, ())):
            grown[f"{name}_{number}"] = Residual(width, starts_idle=True)
    return nn.Sequential(grown), channels


def shared() -> tuple[nn.Sequential, int]:
    """Layers from feature maps (B, 64, 8, W) to (B, C, 1, W), and C.

    The first are those of `lite` from where its maps are as high, under the same names, so that a
    network that already sees strokes can start from a trained CRNN.
    """
    layers, _ = lite()
    kept = layers[3:9]  # 2 x W
    kept.add_module("squeeze", nn.Conv2d(192, 192, (2, 1), bias=False))  # 1 x W
    kept.add_module("norm", nn.BatchNorm2d(192))
    kept.add_module("act", nn.ReLU(inplace=True))
    return kept, 192


def paper() -> tuple[nn.Sequential, int]:
    """The layers of table 1, from (B, 1, 32, W) to (B, 512, 1, W/4 + 1), and 512."""

    def conv(channels_in: int, channels_out: int, *, norm: bool = False) -> list[nn.Module]:
        layers: list[nn.Module] = [nn.Conv2d(channels_in, channels_out, 3, padding=1)]
        return [*layers, *([nn.BatchNorm2d(channels_out)] if norm else []), nn.ReLU(inplace=True)]

    layers = nn.Sequential(
        *conv(1, 64),
        nn.MaxPool2d(2),
        *conv(64, 128),
        nn.MaxPool2d(2),
        *conv(128, 256, norm=True),
        *conv(256, 256),
        # Table 1 writes the window as 1x2; height is halved, width is kept (but for the padding).
        nn.MaxPool2d(2, stride=(2, 1), padding=(0, 1)),
        *conv(256, 512, norm=True),
        *conv(512, 512),
        nn.MaxPool2d(2, stride=(2, 1), padding=(0, 1)),
        nn.Conv2d(512, 512, 2),
        nn.BatchNorm2d(512),
        nn.ReLU(inplace=True),
    )
    return layers, 512
