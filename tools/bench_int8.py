"""Measures what 8-bit integers save: each shipped network with and without them, taking turns.

Usage: python tools/bench_int8.py [--threads 1] [--rounds 9]
Detectors see noise of 1088 x 1920 px and of 416 x 736 px, recognisers eight crops of 32 x 128 px.
The least of the rounds counts: what disturbs only adds.
"""

import argparse
import time
from typing import Any

import torch

from ocrkit import checkpoint
from ocrkit.layers import int8
from ocrkit.layers.inference import for_reading
from ocrkit.memory import keep_freed

SHAPES = {
    "detect": [(1, 3, 416, 736), (1, 3, 1088, 1920)],
    "recognize": [(8, 1, 32, 128)],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--rounds", type=int, default=9)
    options = parser.parse_args()
    if not int8.supported():
        parser.exit(message="this processor has no quick 8-bit integers: networks work in floats\n")
    keep_freed()  # as the command line does
    torch.set_num_threads(options.threads)
    torch.manual_seed(0)
    print(f"{options.threads} threads, {torch.backends.cpu.get_cpu_capability()}")
    print("network       input              float ms  int8 ms  ratio")
    for card in checkpoint.shipped().values():
        for shape in SHAPES.get(card.family, []):
            plain, quick = least(card.family, card.name, shape, options.rounds)
            size = "x".join(map(str, shape))
            print(f"{card.name:12s}  {size:17s}  {plain:8.1f} {quick:8.1f}  {plain / quick:5.2f}")


@torch.inference_mode()
def least(family: Any, name: str, shape: tuple[int, ...], rounds: int) -> list[float]:
    """Milliseconds of a forward pass in floats and in integers."""
    models = [checkpoint.load(family, name) for _ in range(2)]
    pair = [for_reading(models[0], {}), for_reading(models[1], models[1].ranges)]
    images = torch.randn(shape).contiguous(memory_format=torch.channels_last)
    best = [float("inf")] * 2
    for _ in range(rounds + 1):
        for i, model in enumerate(pair):
            started = time.perf_counter()
            model(images)
            best[i] = min(best[i], (time.perf_counter() - started) * 1e3)
    return best


if __name__ == "__main__":
    main()
