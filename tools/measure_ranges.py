"""Measures what goes into a network's convolutions, so that a processor can do them in 8 bits.

Usage: python tools/measure_ranges.py --family detect --model textboxespp --write FILE \
           --data name=icdar images=ic15/train_images labels=ic15/train_gts without=ic15/val.txt \
           [--data ...] [--count 12]

Shows the network some pictures of all sets together (crops, to a recogniser), evenly spread, as it
would see them in use, and writes a copy of the weights file that has the ranges in its card.
Prints how far the network's outputs move when its convolutions work in 8 bits, as a share of their
standard deviation.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ocrkit import checkpoint, data
from ocrkit.config import settings
from ocrkit.layers import int8
from ocrkit.layers.inference import for_reading
from ocrkit.types import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--family", choices=["detect", "recognize"], required=True)
    parser.add_argument("--model", required=True, help="a name or a weights file")
    parser.add_argument("--data", nargs="+", action="append", required=True, metavar="KEY=VALUE")
    parser.add_argument("--count", type=int, default=12, help="pictures that are shown")
    parser.add_argument("--write", type=Path, metavar="FILE", help="weights file to write")
    options = parser.parse_args()
    images = pictures([settings(block) for block in options.data], options.count)
    model = checkpoint.load(options.family, options.model)
    before: list[Any] = []
    ranges = int8.measure(model, lambda: before.extend(shown(model, images)))
    quick = for_reading(checkpoint.load(options.family, options.model), ranges)
    for name, shift in shifts(before, shown(quick, images)).items():
        print(f"{name}: {shift:.4f} of its deviation")
    if options.write:
        path = checkpoint.locate(options.family, options.model)
        card = checkpoint.read_card(path).model_copy(update={"ranges": ranges})
        checkpoint.save(options.write, checkpoint.load(options.family, path), card)
        print(f"{options.write}: ranges of {len(ranges)} convolutions")


def pictures(blocks: Sequence[dict[str, Any]], count: int) -> list[Image]:
    """So many pictures, evenly spread over all sets."""
    datasets = [data.build(block) for block in blocks]
    places = [(dataset, i) for dataset in datasets for i in range(len(dataset))]
    chosen = np.linspace(0, len(places) - 1, min(count, len(places))).astype(int)
    return [dataset.image(i) for dataset, i in (places[k] for k in chosen)]


def shown(model: Any, images: Sequence[Image]) -> list[Any]:
    """The maps that a network makes of pictures, each seen as in use."""
    maps: list[Any] = []
    forward = model.forward
    model.forward = lambda x: maps.append(forward(x)) or maps[-1]
    for image in images:
        model.detect(image) if hasattr(model, "detect") else model.read([image])
    model.forward = forward
    return maps


def shifts(before: Sequence[Any], after: Sequence[Any]) -> dict[str, float]:
    """Root mean square difference of each map, by its standard deviation, over all pictures."""
    found = {}
    for name in before[0]._fields:
        one, other = (
            torch.cat([getattr(maps, name).flatten().float() for maps in side])
            for side in (before, after)
        )
        if one.shape == other.shape and one.numel() and one.std() > 0:
            found[name] = float((one - other).pow(2).mean().sqrt() / one.std())
    return found


if __name__ == "__main__":
    main()
