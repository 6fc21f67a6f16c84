"""How many samples one core draws in a second, and where the time goes.

Usage: python tools/bench_synth.py [words|scenes] [-n 50] [--warm 0] [--size 640 640]
                                   [--backgrounds DIR]
       python tools/bench_synth.py words-torch [--device cuda] [--batch 1024] [-n 20480]
"""

import argparse
import cProfile
import io
import pstats
import time
from itertools import islice
from pathlib import Path

import cv2
import numpy as np

from ocrkit.memory import keep_freed
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.words import WordGenerator

KINDS = ("words", "scenes", "words-torch")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("kind", nargs="?", choices=KINDS, default="scenes")
    parser.add_argument("-n", type=int, default=50, help="samples to draw")
    parser.add_argument(
        "--warm", type=int, default=0, help="samples before them, which fill the cache of glyphs"
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--size", type=int, nargs=2, default=(720, 1280), help="height and width of scenes"
    )
    parser.add_argument("--backgrounds", type=Path, help="folder of photographs")
    parser.add_argument("--fonts", type=Path, help="folder of fonts; default: the installed")
    parser.add_argument("--device", default="cpu", help="of words-torch")
    parser.add_argument("--batch", type=int, default=256, help="crops at once; of words-torch")
    arguments = parser.parse_args()

    cv2.setNumThreads(1)
    keep_freed()  # as `ocrkit` does
    fonts = find_fonts([arguments.fonts] if arguments.fonts else None)
    folder = arguments.backgrounds
    backgrounds = Backgrounds.from_folder(folder) if folder else Backgrounds()
    if arguments.kind == "words-torch":
        bench_torch(fonts, backgrounds, arguments)
        return
    generator: WordGenerator | SceneGenerator = WordGenerator(fonts=fonts, backgrounds=backgrounds)
    if arguments.kind == "scenes":
        height, width = arguments.size
        generator = SceneGenerator(fonts=fonts, backgrounds=backgrounds, size=(height, width))

    for _ in islice(generator.stream(arguments.seed + 1), arguments.warm):
        pass
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


def bench_torch(fonts: list[Path], backgrounds: Backgrounds, arguments: argparse.Namespace) -> None:
    """Crops of 32 x 160 px by the clock, and what of it is the host's share."""
    import torch

    from ocrkit.synth.batch import TorchWords, camera

    torch.set_num_threads(1)
    start = time.perf_counter()
    words = TorchWords(fonts=fonts, backgrounds=backgrounds, device=arguments.device)
    print(f"atlas of {len(words.atlas.faces)} faces: {time.perf_counter() - start:.1f} s")
    size, batches = arguments.batch, max(1, arguments.n // arguments.batch)
    words.batch(arguments.seed, 0, size, 160).images.sum().item()  # kernels are loaded, caches full
    start = time.perf_counter()
    for index in range(batches):
        images = words.batch(arguments.seed, index, size, 160).images
    queued = time.perf_counter() - start
    images.sum().item()  # waits for the device
    seconds = time.perf_counter() - start
    print(f"words-torch on {arguments.device}: {batches * size / seconds:.0f} crops per second")
    print(f"until all was queued: {1e6 * queued / (batches * size):.1f} ms per 1000 words")

    rng = np.random.default_rng(arguments.seed)
    start = time.process_time()
    for _ in range(batches):
        texts = [words.corpus.sample(rng) for _ in range(size)]
        layout = words.atlas.lay(
            texts, rng.integers(len(words.atlas.faces), size=size), np.zeros(size)
        )
        camera(layout.sizes, np.zeros(size), words.style, rng)
    seconds = time.process_time() - start
    print(f"texts and geometry alone: {1e6 * seconds / (batches * size):.1f} ms per 1000 words")


if __name__ == "__main__":
    main()
