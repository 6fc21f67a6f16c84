"""Fits a recogniser's temperature on validation data, so that its confidences mean something.

Usage: python tools/calibrate.py --model crnn [--write FILE] [--plot FILE] \
           --data name=crops table=iiit5k/train.tsv only=iiit5k/val.txt [--data ...]

All sets together count as one. The network runs once; its logits are decoded at each temperature of
a grid, whose steps are finer than some hundred words can tell apart. Prints, by temperature, how
well the words' confidences fit (see ocrkit.evaluate.calibration), and the expected calibration
error of two other aggregates of the characters' confidences: the least of them, and their product.
With --write, a copy of the weights file has the best temperature in its config; with --plot, a
picture shows how often words are right by how sure of them the recogniser is, before and after.
"""

import argparse
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ocrkit import checkpoint, data
from ocrkit.config import settings
from ocrkit.evaluate.calibration import Calibration, calibration
from ocrkit.recognize import Aggregate, Recognizer, aggregate
from ocrkit.types import Image, Reading

AGGREGATES: tuple[Aggregate, ...] = ("geometric", "min", "product")
"""How a word's confidence is made of its characters'; the first is fitted."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", default="crnn", help="a name or a weights file")
    parser.add_argument("--data", nargs="+", action="append", required=True, metavar="KEY=VALUE")
    parser.add_argument("--temperatures", nargs="+", type=float, default=np.geomspace(0.5, 4, 25))
    parser.add_argument("--write", type=Path, metavar="FILE", help="weights file to write")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="picture to draw")
    options = parser.parse_args()
    crops, truths = labelled([settings(block) for block in options.data])
    recognizer = checkpoint.load("recognize", options.model)
    readings = read_at(recognizer, crops, options.temperatures)
    fits = {t: fit(told, truths) for t, told in readings.items()}
    # The likelihood is a proper score: it is least where confidences are right, and not where they
    # are merely right on average within bins, as the calibration error may be by chance.
    best = min(fits, key=lambda t: fits[t]["geometric"].nll)
    show(fits, best)
    if best in (min(fits), max(fits)) and len(fits) > 1:
        print("The best lies at the end of the grid: give --temperatures beyond it.")
    if options.plot:
        plot(
            options.plot,
            {t: fits[t]["geometric"] for t in (min(fits, key=lambda t: abs(t - 1)), best)},
        )
    if options.write:
        write(options.model, best, options.write)


def labelled(blocks: Sequence[dict[str, Any]]) -> tuple[list[Image], list[str]]:
    """Crops and what they say; those whose text is not known are left out."""
    crops, truths = [], []
    for dataset in map(data.build, blocks):
        for i in range(len(dataset)):
            (text,) = dataset.labels(i).texts
            if text is not None:
                crops.append(dataset.image(i))
                truths.append(text)
    return crops, truths


def read_at(
    recognizer: Recognizer[Any, Any, Any], crops: Sequence[Image], temperatures: Sequence[float]
) -> dict[float, list[Reading]]:
    """What is read at each temperature; only `decode` knows of it, so maps are kept."""
    forward, kept = recognizer.forward, {}

    def remembered(images: torch.Tensor) -> Any:
        key = images.shape, images.numpy().tobytes()
        if key not in kept:
            kept[key] = forward(images)
        return kept[key]

    recognizer.forward = remembered
    readings = {}
    for temperature in map(float, temperatures):
        recognizer.config = recognizer.config.model_copy(update={"temperature": temperature})
        readings[temperature] = recognizer.read(crops)
    return readings


def fit(readings: Sequence[Reading], truths: Sequence[str]) -> dict[str, Calibration]:
    """How well the confidences fit, as written, by aggregate."""
    correct = [r.text == truth for r, truth in zip(readings, truths, strict=True)]
    sure = [[c.confidence for c in reading.characters] for reading in readings]
    return {how: calibration([aggregate(one, how) for one in sure], correct) for how in AGGREGATES}


def show(fits: dict[float, dict[str, Calibration]], best: float) -> None:
    """A line for each temperature."""
    words = fits[best]["geometric"].words
    print(f"{words} words; confidence: geometric mean of the characters', and two others")
    print("temperature  accuracy  confidence    NLL  Brier    ECE |     ECE min  product")
    for temperature, by in fits.items():
        one = by["geometric"]
        print(
            f"{temperature:11.3f}  {one.accuracy:8.4f}  {one.confidence:10.4f}  {one.nll:5.3f}"
            f"  {one.brier:5.3f}  {one.ece:5.3f} | {by['min'].ece:11.3f}"
            f"  {by['product'].ece:7.3f}{'  <- least NLL' if temperature == best else ''}"
        )
    for name in ("min", "product"):
        least = min(fits, key=lambda t, name=name: fits[t][name].nll)
        one = fits[least][name]
        print(f"{name}: least NLL {one.nll:.3f} at {least:.3f}, where its ECE is {one.ece:.3f}")


def plot(path: Path, fits: dict[float, Calibration]) -> None:
    """A reliability diagram for each temperature, side by side."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(3.6 * len(fits), 3.6), layout="constrained")
    axes = figure.subplots(1, len(fits), sharey=True, squeeze=False)[0]
    for axis, (temperature, fitted) in zip(axes, fits.items(), strict=True):
        for one in fitted.bins:
            # As wide as the bin, as dark as its share of the words.
            share = one.words / fitted.words
            axis.bar(
                (one.start + one.end) / 2, one.accuracy, 0.9 * (one.end - one.start),
                color="tab:blue", alpha=0.25 + 0.75 * min(1, 3 * share),
            )  # fmt: skip
            axis.text(
                one.confidence, one.accuracy, f"{one.words}", ha="center", va="bottom", size=7
            )
        axis.plot([0, 1], [0, 1], color="tab:red", linewidth=1)
        axis.set(
            xlim=(0, 1), ylim=(0, 1.05), xlabel="confidence of the word",
            title=f"temperature {temperature:.2g}: error {fitted.ece:.3f}",
        )  # fmt: skip
    axes[0].set_ylabel("words that are right")
    figure.savefig(path, dpi=110)


def write(model: str, temperature: float, path: Path) -> None:
    """A copy of the weights file; all else that its card says stays true, figures included."""
    card = checkpoint.read_card(checkpoint.locate("recognize", model))
    warmed = {"temperature": round(temperature, 4)}
    recognizer = checkpoint.load("recognize", model, settings=warmed)
    config = card.config | warmed
    checkpoint.save(path, recognizer, card.model_copy(update={"config": config}))
    print(f"{path}: temperature {warmed['temperature']}")


if __name__ == "__main__":
    main()
