"""Measures what reading costs: median milliseconds by stage, and the peak memory of the process.

Usage: python tools/bench_read.py [--threads 2] [--rounds 7] [--set KEY=VALUE ...] [PICTURE ...]
Without a picture the demo's sign is read.
"""

import argparse
import statistics
import sys
import time
from pathlib import Path

import torch
from _meter import Meter

import ocrkit
from ocrkit import config, crops
from ocrkit.cli.demo import draw_sign
from ocrkit.image import read_image
from ocrkit.memory import keep_freed
from ocrkit.types import Image

STAGES = ("find", "cut", "read")


def peak_memory() -> float:
    """Highest resident memory of this process so far, MB; NaN where the system does not tell."""
    try:
        import resource
    except ImportError:  # Windows
        return float("nan")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


def measure(reader: ocrkit.Reader, pictures: list[Image]) -> dict[str, float]:
    """Milliseconds per stage, summed over the pictures."""
    meter = Meter(STAGES, time.perf_counter)
    start = time.perf_counter()
    with (
        meter.on(reader.detector, "detect", "find"),
        meter.on(crops, "cut", "cut"),
        meter.on(reader.recognizer, "read", "read"),
    ):
        for picture in pictures:
            reader.read(picture)
    spent = {**meter.spent, "whole page": time.perf_counter() - start}
    return {stage: seconds * 1e3 for stage, seconds in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("pictures", nargs="*", type=Path)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--set", nargs="*", default=[], help="such as spotter.scales=[1]")
    options = parser.parse_args()
    keep_freed()  # as the command line does
    torch.set_num_threads(options.threads)
    pictures = [read_image(p) for p in options.pictures] or [draw_sign()]
    reader = ocrkit.load(device="cpu", settings=config.settings(options.set))
    words = sum(len(reader.read(p).words) for p in pictures)  # also warms up
    rounds = [measure(reader, pictures) for _ in range(options.rounds)]
    print(f"{len(pictures)} pictures, {words} words, {options.threads} threads; per picture:")
    for stage in rounds[0]:
        median = statistics.median(r[stage] for r in rounds) / len(pictures)
        print(f"{stage:12} {median:8.1f} ms")
    print(f"peak memory  {peak_memory():8.0f} MB")


if __name__ == "__main__":
    main()
