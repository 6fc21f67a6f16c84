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

import ocrkit
from ocrkit import config, crops
from ocrkit.cli.demo import draw_sign
from ocrkit.image import read_image
from ocrkit.memory import keep_freed
from ocrkit.types import Image


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
    detector, recognizer = reader.detector, reader.recognizer
    spent = dict.fromkeys(("detect", "crop", "recognize", "whole page"), 0.0)
    for picture in pictures:
        marks = [time.perf_counter()]
        looks = [detector.detect(picture, scale) for scale in reader.spotter.config.scales]
        marks.append(time.perf_counter())
        cut = [crop for found in looks for crop in crops.cut(picture, found.quads, 0.1)]
        marks.append(time.perf_counter())
        recognizer.read(cut)
        marks.append(time.perf_counter())
        reader.read(picture)
        marks.append(time.perf_counter())
        for stage, start, end in zip(spent, marks, marks[1:], strict=False):
            spent[stage] += (end - start) * 1e3
    return spent


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
