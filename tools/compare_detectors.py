"""The detectors that are shipped, side by side: what they cost, what they score, what they find.

Prints a Markdown table: parameters, floating-point operations of the network and milliseconds for a
picture, and the figures of each card; all detectors take turns in one run. With --output, draws
what each finds in the first picture.

Usage: python tools/compare_detectors.py [--threads 2] [--rounds 7] [--output JPG] [PICTURE ...]
Without a picture, a synthetic street of 1280 x 720 is searched.
"""

import argparse
import statistics
import time
from pathlib import Path

import cv2
import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

import ocrkit
from ocrkit import checkpoint
from ocrkit.detect import Detector
from ocrkit.draw import draw_detections
from ocrkit.image import read_image, write_image
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.types import Image


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--seed", type=int, default=0, help="of the synthetic street")
    parser.add_argument("--output", type=Path, help="picture to write")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    pictures = [read_image(p) for p in options.pictures]
    pictures = pictures or [SceneGenerator().sample(np.random.default_rng(options.seed)).image]
    cards = [card for card in checkpoint.shipped().values() if card.family == "detect"]
    detectors = {c.name: ocrkit.load(detector=c.name, recognizer=None).detector for c in cards}
    spent = measured(detectors, pictures, options.rounds)
    print(f"| detector | M parameters | GFLOPs | ms | {' | '.join(splits(cards))} |")
    print("| --- |" + " --- |" * (3 + len(splits(cards))))
    for card in cards:
        plain = checkpoint.load("detect", card.name)
        size = sum(p.numel() for p in plain.parameters()) / 1e6
        figures = [f"{hmean(card, split):.3f}" for split in splits(cards)]
        cells = [f"{size:.2f}", f"{operations(plain, pictures[0]) / 1e9:.1f}"]
        print(f"| {' | '.join([card.name, *cells, f'{spent[card.name]:.0f}', *figures])} |")
    if options.output:
        boards = [board(name, found, pictures[0]) for name, found in detectors.items()]
        write_image(options.output, tiled(boards))


def measured(
    detectors: dict[str, Detector], pictures: list[Image], rounds: int
) -> dict[str, float]:
    """Median milliseconds per picture, decoding included; the first round warms up."""
    spent: dict[str, list[float]] = {name: [] for name in detectors}
    for index in range(rounds + 1):
        for name, detector in detectors.items():
            start = time.perf_counter()
            for picture in pictures:
                detector.detect(picture)
            if index:
                spent[name].append((time.perf_counter() - start) * 1e3 / len(pictures))
    return {name: statistics.median(times) for name, times in spent.items()}


def operations(detector: Detector, picture: Image) -> int:
    """Floating-point operations of the network for a picture: two for each multiply-add."""
    counter = FlopCounterMode(display=False)
    with counter:
        detector.detect(picture)
    return counter.get_total_flops()


def splits(cards: list[checkpoint.Card]) -> list[str]:
    """The sets that all were measured on by the same protocol."""
    known = [[f.split for f in card.figures if f.metric == "hmean"] for card in cards]
    return [split for split in known[0] if all(split in others for others in known)]


def hmean(card: checkpoint.Card, split: str) -> float:
    return next(f.value for f in card.figures if f.split == split and f.metric == "hmean")


def board(name: str, detector: Detector, picture: Image) -> Image:
    """What a detector finds, with its name."""
    drawn = draw_detections(picture, detector.detect(picture))
    cv2.rectangle(drawn, (0, 0), (26 * len(name) + 24, 50), (0, 0, 0), cv2.FILLED)
    cv2.putText(drawn, name, (12, 36), cv2.FONT_HERSHEY_SIMPLEX, 1.3, (255, 255, 255), 2)
    return drawn


def tiled(boards: list[Image]) -> Image:
    """Two in a row, half as large."""
    small = [cv2.resize(b, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA) for b in boards]
    if len(small) % 2:
        small.append(np.full_like(small[0], 255))
    return np.vstack([np.hstack(small[i : i + 2]) for i in range(0, len(small), 2)])


if __name__ == "__main__":
    main()
