"""Measures what training pieces cost a detector's loader: pieces a second, and where time goes.

Usage: python tools/bench_loader.py configs/detect/pixellink-lite.yaml [KEY=VALUE ...] [-n 120]

For each source of the experiment, milliseconds a piece: `draw` is reading and decoding a photograph
or drawing a scene; `cut` scales, turns and cuts the piece; `light` is other light and noise;
`encode` is the network's input and its targets.
"""

import argparse
import time
from pathlib import Path

import cv2
import numpy as np

from ocrkit.data import augment
from ocrkit.data.loader import Source
from ocrkit.detect._base import prepare
from ocrkit.train import sources, streams
from ocrkit.train.experiment import load
from ocrkit.train.recipes import FindWords

STAGES = ("draw", "cut", "light", "encode")


def measure(source: Source, recipe: FindWords, pieces: int) -> dict[str, float]:
    """Milliseconds of the processor a piece, by stage: other work on the machine must not count."""
    rng = np.random.default_rng(0)
    spent = dict.fromkeys(STAGES, 0.0)
    for _ in range(pieces):
        marks = [time.process_time()]
        _, sample = source.draw(rng)
        marks.append(time.process_time())
        long_side = recipe.config.side_of(sample.image)
        piece = augment.crop_scene(sample, recipe.side, rng, long_side, recipe.cut)
        marks.append(time.process_time())
        image = augment.colour(piece.image, rng)
        marks.append(time.process_time())
        prepare(image)
        recipe.encode(recipe.config, piece)
        marks.append(time.process_time())
        for stage, start, end in zip(STAGES, marks, marks[1:], strict=False):
            spent[stage] += (end - start) * 1e3 / pieces
    return spent


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path)
    parser.add_argument("overrides", nargs="*", metavar="KEY=VALUE")
    parser.add_argument("-n", type=int, default=120, help="pieces of each source")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    experiment = load(options.experiment, options.overrides)
    recipe = streams.recipe(experiment)
    if not isinstance(recipe, FindWords):
        parser.error(f"{options.experiment}: trains no detector")
    blocks = {label: block.settings for label, block in experiment.data.items()}
    found = sources.build(blocks, experiment.data_root)
    print(f"{experiment.name}: pieces of {recipe.side} px, one core")
    print(f"{'source':12} {'pieces/s':>9}" + "".join(f" {stage:>8} ms" for stage in STAGES))
    for label, source in found.items():
        spent = measure(source, recipe, options.n)
        parts = "".join(f" {spent[stage]:11.1f}" for stage in STAGES)
        print(f"{label:12} {1e3 / sum(spent.values()):9.1f}{parts}")


if __name__ == "__main__":
    main()
