"""Measures what a detector's network costs to train and to read with, as ratios to `lite`.

All variants take turns in one run, so that a busy machine slows them alike; medians are compared.
Usage: python tools/bench_networks.py [rounds]
"""

import statistics
import sys
import time
from collections.abc import Callable

import torch
from torch import Tensor, nn

from ocrkit.detect.pixellink import PixelLink, PixelLinkConfig, PixelLinkMaps, PixelLinkTargets
from ocrkit.layers.backbones import Compact
from ocrkit.layers.blocks import ConvNorm

BATCH, SIDE = 4, 448
PICTURE = (736, 1280)


class WideNeck(nn.Module):
    """`lite` with 64 channels, not 32, at stride 4: what a habitual feature pyramid would have."""

    def __init__(self, model: PixelLink) -> None:
        super().__init__()
        self.network = model.network
        self.network.trunk.narrow = ConvNorm(64, 64, 1, act=False)
        self.network.trunk.lateral4 = ConvNorm(32, 64, 1, act=False)
        self.network.trunk.smooth4 = ConvNorm(64, 64)
        self.network.heads = nn.Conv2d(64, 9, 1)

    def forward(self, images: Tensor) -> PixelLinkMaps:
        return PixelLinkMaps(*self.network(images).split([1, 8], dim=1))


class Wider(WideNeck):
    """`lite` with twice the channels at stride 4."""

    def __init__(self, model: PixelLink) -> None:
        nn.Module.__init__(self)
        self.network = model.network
        self.network.trunk.backbone = Compact(16, (64, 80, 144, 192))
        self.network.trunk.lateral4 = ConvNorm(64, 32, 1, act=False)


def variants() -> dict[str, tuple[nn.Module, bool, torch.memory_format]]:
    """Name -> network, whether it trains in bfloat16, memory format."""
    plain, last = torch.contiguous_format, torch.channels_last

    def lite() -> PixelLink:
        return PixelLink(PixelLinkConfig())

    return {
        "lite, bf16, NCHW": (lite(), True, plain),
        "lite, fp32, NCHW": (lite(), False, plain),
        "lite, bf16, channels_last": (lite(), True, last),
        "neck of 64 at stride 4": (WideNeck(lite()), True, plain),
        "backbone of 64 at stride 4": (Wider(lite()), True, plain),
        "VGG-16 4s (paper)": (PixelLink(PixelLinkConfig(network="vgg16")), True, plain),
    }


def train_step(network: nn.Module, bf16: bool, layout: torch.memory_format) -> Callable[[], None]:
    images = torch.randn(BATCH, 3, SIDE, SIDE).contiguous(memory_format=layout)
    cells = (BATCH, 1, SIDE // 4, SIDE // 4)
    weight = (torch.rand(cells) < 0.05).float()
    link = torch.ones(BATCH, 8, SIDE // 4, SIDE // 4) * weight
    targets = PixelLinkTargets(weight, torch.ones(cells, dtype=torch.bool), link)
    criterion = PixelLink(PixelLinkConfig())

    def step() -> None:
        with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
            maps = network(images)
        sum(criterion.loss(maps, targets).values()).backward()

    return step


def read_step(network: nn.Module, layout: torch.memory_format) -> Callable[[], None]:
    picture = torch.randn(1, 3, *PICTURE).contiguous(memory_format=layout)

    def step() -> None:
        with torch.inference_mode():
            network(picture)

    return step


def seconds(call: Callable[[], None]) -> float:
    start = time.perf_counter()
    call()
    return time.perf_counter() - start


def main() -> None:
    rounds = int(sys.argv[1]) if len(sys.argv) > 1 else 5
    found = variants()
    training: dict[str, list[float]] = {name: [] for name in found}
    reading: dict[str, list[float]] = {name: [] for name in found}
    for index in range(rounds + 1):
        for name, (network, bf16, layout) in found.items():
            network.to(memory_format=layout).train()
            trained = seconds(train_step(network, bf16, layout)) / BATCH
            read = seconds(read_step(network.eval(), layout))
            if index:  # the first round warms up
                training[name].append(trained)
                reading[name].append(read)
    base = next(iter(found))
    print(f"{torch.get_num_threads()} threads; training {SIDE}x{SIDE}, reading {PICTURE} in fp32")
    print(f"{'network':28} {'params':>9} {'train ms':>9} {'ratio':>6} {'read ms':>8} {'ratio':>6}")
    for name, (network, *_) in found.items():
        parameters = sum(p.numel() for p in network.parameters())
        t, r = statistics.median(training[name]), statistics.median(reading[name])
        t0, r0 = statistics.median(training[base]), statistics.median(reading[base])
        print(f"{name:28} {parameters:9} {t * 1e3:9.0f} {t / t0:6.2f} {r * 1e3:8.0f} {r / r0:6.2f}")


if __name__ == "__main__":
    main()
