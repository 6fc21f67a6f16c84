"""What finding and reading cost, by one network (FOTS) and by two stages, with ever more words.

Draws pages of 1, 10, 50 and 200 words, and reads each by both, warm, turn by turn in one run;
prints a Markdown table of medians in milliseconds.

Usage: python tools/bench_spotters.py [--spotter fots] [--detector pixellink] [--recognizer crnn]
           [--runs 7] [--threads 2] [--device cpu] [--size 1280x720]
"""

import argparse
import time

import cv2
import numpy as np
import torch

import ocrkit
from ocrkit.memory import keep_freed
from ocrkit.types import Image

WORDS = (1, 10, 50, 200)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--spotter", default="fots")
    parser.add_argument("--detector", default="pixellink")
    parser.add_argument("--recognizer", default="crnn")
    parser.add_argument("--runs", type=int, default=7)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--size", default="1280x720", help="of the pages, WIDTHxHEIGHT")
    arguments = parser.parse_args()
    keep_freed()  # as the command line does
    torch.set_num_threads(arguments.threads)
    width, height = map(int, arguments.size.split("x"))
    stages = f"{arguments.detector} + {arguments.recognizer}"
    readers = {
        arguments.spotter: ocrkit.load(spotter=arguments.spotter, device=arguments.device),
        stages: ocrkit.load(
            detector=arguments.detector, recognizer=arguments.recognizer, device=arguments.device
        ),
        f"{arguments.detector} alone": ocrkit.load(
            detector=arguments.detector, recognizer=None, device=arguments.device
        ),
    }
    print(f"| words drawn | {' | '.join(f'{name}, ms (found)' for name in readers)} |")
    print("| --- |" + " --- |" * len(readers))
    for count in WORDS:
        page = draw(count, (height, width))
        times: dict[str, list[float]] = {name: [] for name in readers}
        found = {name: look(reader, page) for name, reader in readers.items()}  # warm
        for _ in range(arguments.runs):
            for name, reader in readers.items():
                start = time.perf_counter()
                look(reader, page)
                times[name].append(time.perf_counter() - start)
        cells = [f"{1000 * np.median(times[name]):.0f} ({found[name]})" for name in readers]
        print(f"| {count} | {' | '.join(cells)} |", flush=True)


def look(reader: ocrkit.Reader, page: Image) -> int:
    """Read the page, or find its words; how many there were."""
    return len(reader.read(page).words) if reader.spotter else len(reader.detect(page))


def draw(count: int, size: tuple[int, int]) -> Image:
    """A page with so many words, apart from each other."""
    height, width = size
    rng = np.random.default_rng(0)
    page = np.full((height, width, 3), 235, np.uint8)
    columns = max(1, int(np.ceil(np.sqrt(count * width / height / 4))))
    rows = int(np.ceil(count / columns))
    for index in range(count):
        row, column = divmod(index, columns)
        text = "".join(rng.choice(list("abcdefghknoprstuvy"), rng.integers(4, 8)))
        x, y = int((column + 0.1) * width / columns), int((row + 0.6) * height / rows)
        cv2.putText(
            page, text, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.65, (20, 20, 20), 2, cv2.LINE_AA
        )
    return page


if __name__ == "__main__":
    main()
