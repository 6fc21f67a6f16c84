"""Gives EAST or FOTS a narrower head that says what the trained one says: it is found sooner.

Usage: python tools/slim_head.py east|fots --channels 16 --output FILE \
           --data name=icdar images=photos labels=labels [--data ...] [--steps 2500]

The head of `lite`, a 3x3 convolution on the finest map, is what EAST spends a tenth of its time on.
The convolutions below it stay as they are. The new head begins with those channels of the old one
that matter most and with the outputs that fit the old ones' by least squares; then it learns from
the old one's outputs, not from labels, at cells drawn from pictures: all but sure background, and
some of that. Distances and angles count as far as a cell is text.
"""

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track
from torch import Tensor, nn
from torch.nn import functional as F
from torch.nn.utils.fusion import fuse_conv_bn_eval

from ocrkit import checkpoint, data, detect, spot
from ocrkit.config import settings
from ocrkit.data import Dataset
from ocrkit.detect import DetectorConfig
from ocrkit.detect._base import prepare
from ocrkit.image import resize_to_long_side

PIECE = 512
"""Side of the pieces of pictures, px."""

LIKELY, NEAR, FAR = -5.0, 1600, 600
"""Logits of cells that are not surely background, how many of them a piece gives, and others."""

BATCH, RATE = 4096, 2e-3

EPSILON = 1e-5
"""Of batch normalisation, which it adds to the variance."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", choices=("east", "fots"))
    parser.add_argument("--channels", type=int, default=16)
    parser.add_argument("--data", nargs="+", action="append", required=True, metavar="KEY=VALUE")
    parser.add_argument("--pieces", type=int, default=200, help="of pictures, in all")
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--output", type=Path, required=True, metavar="FILE")
    options = parser.parse_args()
    torch.manual_seed(0)
    family: checkpoint.Family = "detect" if options.model == "east" else "spot"
    model: Any = checkpoint.load(family, options.model, "cpu").eval()
    detector = model if family == "detect" else model.detector
    network = detector.network
    datasets = [data.build(settings(block)) for block in options.data]
    drawn = pieces(datasets, options.pieces, detector.config)
    cells = [look(network, piece) for piece in track(drawn, "looking", total=options.pieces)]
    inputs, outputs = (torch.cat(parts).float() for parts in zip(*cells, strict=True))
    print(f"{len(inputs)} cells, {(outputs[:, 0] > 0).float().mean():.1%} of them text")
    head = taught(network, inputs, outputs, options.channels, options.steps)
    write(family, options.model, model, head, options.output)


def pieces(datasets: Sequence[Dataset], count: int, config: DetectorConfig) -> Iterator[Tensor]:
    """Pieces of random pictures, as the network sees them; (1, 3, H, W)."""
    rng = np.random.default_rng(0)
    for number in range(count):
        dataset = datasets[number % len(datasets)]
        image = dataset.image(int(rng.integers(len(dataset))))
        resized, _ = resize_to_long_side(image, config.side_of(image), 32)
        room = np.maximum(np.array(resized.shape[:2]) - PIECE, 0) // 32
        top, left = (32 * rng.integers(room + 1)).tolist()
        piece = np.ascontiguousarray(resized[top : top + PIECE, left : left + PIECE])
        yield torch.from_numpy(prepare(piece))[None]


@torch.inference_mode()
def look(network: Any, piece: Tensor) -> tuple[Tensor, Tensor]:
    """What the head sees at some cells, (N, C * 9) float16, and what it says, (N, K)."""
    _, finest = network.features(piece)
    outputs = network.outputs(finest)[0].flatten(1).T
    near = (outputs[:, 0] > LIKELY).nonzero()[:, 0]
    chosen = torch.cat([near[torch.randperm(len(near))[:NEAR]], torch.randperm(len(outputs))[:FAR]])
    return F.unfold(finest, 3, padding=1)[0].T[chosen].half(), outputs[chosen]


def taught(
    network: Any, inputs: Tensor, outputs: Tensor, channels: int, steps: int
) -> list[nn.Parameter]:
    """Weights and biases of both layers of a head that says what the network's head says."""
    old = fuse_conv_bn_eval(network.head[0], network.head[1])
    weights, bias = old.weight.detach().flatten(1), old.bias.detach()
    seen = F.relu(inputs @ weights.T + bias)
    spread = outputs.std(dim=0)
    effect = (network.heads.weight.detach().flatten(1).abs() / spread[:, None]).amax(dim=0)
    kept = (effect * seen.std(dim=0)).topk(channels).indices
    ones = torch.ones(len(inputs), 1)
    fitted = torch.linalg.lstsq(torch.cat([seen[:, kept], ones], dim=1), outputs).solution
    values = [weights[kept], bias[kept], fitted[:-1].T, fitted[-1]]
    first, first_bias, last, last_bias = parameters = [nn.Parameter(v.clone()) for v in values]

    text = outputs[:, :1].sigmoid()
    weight = torch.cat([torch.ones_like(text), (text + 0.02).expand_as(outputs[:, 1:])], 1) / spread
    optimizer = torch.optim.Adam(parameters, RATE)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.005, steps)
    for step in track(range(steps), "learning"):
        some = torch.randint(len(inputs), (BATCH,))
        said = F.relu(inputs[some] @ first.T + first_bias) @ last.T + last_bias
        off = weight[some] * (said - outputs[some])
        entropy = F.binary_cross_entropy_with_logits(said[:, :1], text[some])
        loss = F.smooth_l1_loss(off, torch.zeros_like(off)) + 2 * entropy
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        falling.step()
        if step % (steps // 5 or 1) == 0 or step == steps - 1:
            print(f"step {step}  loss {loss.item():.4f}")
    return parameters


def write(
    family: checkpoint.Family, name: str, model: Any, parameters: Sequence[nn.Parameter], path: Path
) -> None:
    """The weights file of the model with its new head; its card's figures are the old one's."""
    first, first_bias, last, last_bias = (parameter.detach() for parameter in parameters)
    channels = len(first)
    card = checkpoint.read_card(checkpoint.locate(family, name))
    config, place = dict(card.config), "network."
    if family == "spot":
        config["detector"], place = {**config["detector"], "head": channels}, "detector.network."
        slim: nn.Module = spot.build(config)
    else:
        config["head"] = channels
        slim = detect.build(config)
    state = slim.state_dict()
    state |= {k: v for k, v in model.state_dict().items() if not k.startswith(f"{place}head")}
    # The normalisation does nothing: it is part of the convolution already.
    norm = {"weight": 1.0, "bias": first_bias, "running_mean": 0.0, "running_var": 1 - EPSILON}
    for key, value in norm.items():
        state[f"{place}head.1.{key}"] = torch.as_tensor(value).expand(channels).clone()
    state[f"{place}head.0.weight"] = first.view(channels, -1, 3, 3)
    state[f"{place}heads.weight"], state[f"{place}heads.bias"] = last[..., None, None], last_bias
    slim.load_state_dict(state)
    checkpoint.save(path, slim, card.model_copy(update={"config": config}))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB; measure it anew")


if __name__ == "__main__":
    main()
