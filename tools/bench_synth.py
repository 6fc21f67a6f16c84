"""How many samples one core draws in a second, and where the time goes.

Usage: python tools/bench_synth.py [words|scenes] [-n 50] [--size 640 640] [--backgrounds DIR]
"""

import argparse
import cProfile
import io
import pstats
import time
from itertools import islice
from pathlib import Path

import cv2

from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.words import WordGenerator

KINDS = ("words", "scenes")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="?", choices=KINDS, default="scenes")
    parser.add_argument("-n", type=int, default=50, help="samples to draw")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--size", type=int, nargs=2, default=(720, 1280), help="height and width of scenes"
    )
    parser.add_argument("--backgrounds", type=Path, help="folder of photographs")
    parser.add_argument("--fonts", type=Path, help="folder of fonts; default: the installed")
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    fonts = find_fonts([arguments.fonts] if arguments.fonts else None)
    folder = arguments.backgrounds
    backgrounds = Backgrounds.from_folder(folder) if folder else Backgrounds()
    generator: WordGenerator | SceneGenerator = WordGenerator(fonts=fonts, backgrounds=backgrounds)
    if arguments.kind == "scenes":
        height, width = arguments.size
        generator = SceneGenerator(fonts=fonts, backgrounds=backgrounds, size=(height, width))

    # The processor's time, not the clock's: other work on the machine must not count.
    start = time.process_time()
    for _ in islice(generator.stream(arguments.seed), arguments.n):
        pass
    seconds = time.process_time() - start
    print(f"{arguments.kind}: {arguments.n / seconds:.1f} samples per second and core")

    with cProfile.Profile() as profile:
        for _ in islice(generator.stream(arguments.seed), arguments.n):
            pass
    report = io.StringIO()
    pstats.Stats(profile, stream=report).strip_dirs().sort_stats("tottime").print_stats(18)
    print(report.getvalue())


if __name__ == "__main__":
    main()
