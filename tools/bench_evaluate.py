"""Measures what scoring costs: CPU milliseconds per 500 pictures by each protocol for detection.

Usage: python tools/bench_evaluate.py [--rounds 3] [--words 10] [--found 6]

The pictures are made up, of the size and density of ICDAR 2015's. As a measure of the machine, the
time of a plain loop over all pairs, with one intersection of two polygons each, is taken in the
same run; the other figures are also given as multiples of it.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
from shapely import Polygon

from ocrkit.evaluate import Found, Truth
from ocrkit.evaluate.curve import sweep
from ocrkit.evaluate.protocols import DETECTION

PICTURES = 500
HEIGHT, WIDTH = 720, 1280

Pictures = list[tuple[Found, Truth]]


def make_pictures(words: int, found: int) -> Pictures:
    """Pictures with about as many words and detections, most of which belong together."""
    random = np.random.default_rng(0)
    pictures = []
    for _ in range(PICTURES):
        outlines = [make_outline(random) for _ in range(random.poisson(words))]
        hits = random.permutation(len(outlines))[: random.poisson(found * 0.8)]
        found_here = [outlines[i] + random.normal(0, 3, outlines[i].shape) for i in hits]
        found_here += [make_outline(random) for _ in range(random.poisson(found * 0.2))]
        ignored = random.random(len(outlines)) < 0.5
        truth = Truth.of(outlines, ["letters"] * len(outlines), ignored)
        pictures.append((Found.of(found_here, scores=random.random(len(found_here))), truth))
    return pictures


def make_outline(random: np.random.Generator) -> np.ndarray:
    """A quad, or in one case of four a bent ring of 14 points, somewhere in the picture."""
    width, height = random.uniform(20, 160), random.uniform(10, 40)
    x = np.linspace(0, width, 7 if random.random() < 0.25 else 2)
    bend = height * np.sin(x / width * np.pi)
    upper, lower = np.stack([x, bend], axis=1), np.stack([x, bend + height], axis=1)
    ring = np.concatenate([upper, lower[::-1]])
    angle = random.normal(0, 0.2)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    return ring @ turn + random.uniform((0, 0), (WIDTH, HEIGHT))


def intersect_pairs(pictures: Pictures) -> None:
    """The plain loop."""
    for found, truth in pictures:
        words = [Polygon(outline).buffer(0) for outline in truth.outlines]
        for outline in found.outlines:
            detection = Polygon(outline).buffer(0)
            for word in words:
                word.intersection(detection)


def measure(task: Callable[[], object], rounds: int) -> float:
    """Median milliseconds of the processor, which other programs do not prolong."""
    spent = []
    for _ in range(rounds):
        start = time.process_time()
        task()
        spent.append((time.process_time() - start) * 1e3)
    return statistics.median(spent)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--words", type=int, default=10)
    parser.add_argument("--found", type=int, default=6)
    options = parser.parse_args()
    pictures = make_pictures(options.words, options.found)
    founds, truths = (list(part) for part in zip(*pictures, strict=True))
    reference = measure(lambda: intersect_pairs(pictures), options.rounds)
    print(f"{PICTURES} pictures; median of {options.rounds} rounds")
    print(f"{'plain loop over pairs':24} {reference:8.0f} ms")
    for name, protocol in DETECTION.items():
        spent = measure(
            lambda by=protocol: [by.score_image(*picture) for picture in pictures], options.rounds
        )
        print(f"{name:24} {spent:8.0f} ms {spent / reference:6.2f}")
    spent = measure(lambda: sweep(DETECTION["ic15"], founds, truths), options.rounds)
    print(f"{'sweep, ic15':24} {spent:8.0f} ms {spent / reference:6.2f}")


if __name__ == "__main__":
    main()
