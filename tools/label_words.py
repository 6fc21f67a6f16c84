"""Gives words without a text the text that several readings agree on, for training on them.

Usage: python tools/label_words.py --data name=icdar images=photos labels=boxes --output labelled

Each word is cut out with two margins and read by each recogniser. Where all readings but one at
most say the same, up to capitals, and are sure of it, the word gets that text; where not, it is
marked to be ignored, so that a training neither learns it nor takes it for background. Words that
have a text keep it. The output is a dataset: name=icdar images=labelled/images
labels=labelled/labels. Interrupted, it goes on where it was when started again.
"""

import argparse
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track

from ocrkit import checkpoint, crops, data, geometry
from ocrkit.config import settings
from ocrkit.data import Dataset, Labels
from ocrkit.data.convert import convert
from ocrkit.data.writers import FORMS
from ocrkit.recognize import Recognizer
from ocrkit.types import Floats, Image, Reading

AnyRecognizer = Recognizer[Any, Any, Any]

MARGINS = (0.05, 0.15)
"""With which a word is cut out, of its height."""

SMALLEST = 8
"""Pixels. Words whose shorter side is less are not read."""


class Labelled(Dataset):
    """A dataset whose words have the texts that `recognizers` agree on.

    Attributes:
        found, left: How many words have got a text, and how many have none still.
    """

    def __init__(self, dataset: Dataset, recognizers: Sequence[AnyRecognizer], sure: float) -> None:
        self.dataset, self.recognizers, self.sure = dataset, recognizers, sure
        self.found = self.left = 0

    def __len__(self) -> int:
        return len(self.dataset)

    def name(self, index: int) -> str:
        return self.dataset.name(index)

    def place(self, index: int) -> str:
        return self.dataset.place(index)

    def image(self, index: int) -> Image:
        return self.dataset.image(index)

    def labels(self, index: int) -> Labels:
        labels, image = self.dataset.labels(index), self.dataset.image(index)
        unknown = [i for i, text in enumerate(labels.texts) if text is None]
        texts = list(labels.texts)
        quads = labels.quads(image.shape[:2])[unknown]
        for i, text in zip(unknown, read(image, quads, self.recognizers, self.sure), strict=True):
            texts[i] = text
            self.found += text is not None
            self.left += text is None
        ignored = labels.ignored | np.array([text is None for text in texts], np.bool_)
        return replace(labels, texts=tuple(texts), ignored=ignored)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", nargs="+", required=True, metavar="KEY=VALUE")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER")
    parser.add_argument("--form", choices=("icdar", "jsonl"), default="icdar")
    parser.add_argument("--models", nargs="+", default=["crnn", "rare"], help="names or files")
    parser.add_argument("--sure", type=float, default=0.85, help="mean confidence that is enough")
    options = parser.parse_args()
    models = [checkpoint.load("recognize", name) for name in options.models]
    dataset = Labelled(data.build(settings(options.data)), models, options.sure)
    with FORMS[options.form](options.output, " ".join(options.data)) as writer:
        for done in track(convert(dataset, writer), "labelling", total=len(dataset)):
            print(*done.problems, sep="\n", end="\n" if done.problems else "")
    print(f"{dataset.found} of {dataset.found + dataset.left} words have got a text")


def read(
    image: Image, quads: Floats, recognizers: Sequence[AnyRecognizer], sure: float
) -> list[str | None]:
    """What the words in `quads` (N, 4, 2) say; None where that is not known well enough."""
    columns = [
        recognizer.read(crops.cut(image, quads, margin))
        for recognizer in recognizers
        for margin in MARGINS
    ]
    large = np.minimum(*geometry.extent(quads)) >= SMALLEST
    return [
        # Words that run down were cut out lying: one letter cannot be told from a turned one.
        None if not fits or crops.is_tall(quad) else agreed(readings, sure)
        for quad, fits, readings in zip(quads, large, zip(*columns, strict=True), strict=True)
    ]


def agreed(readings: Sequence[Reading], sure: float) -> str | None:
    """The text that all `readings` but one at most agree on and are `sure` of on average."""
    (lower, votes), *_ = Counter(reading.text.lower() for reading in readings).most_common(1)
    alike = [reading for reading in readings if reading.text.lower() == lower]
    certain = float(np.mean([reading.confidence for reading in alike])) >= sure
    # With one reading against it a word of one or two letters is as likely wrong as right.
    enough = votes == len(readings) or (votes == len(readings) - 1 and len(lower) > 2)
    if not (lower and certain and enough):
        return None
    return Counter(reading.text for reading in alike).most_common(1)[0][0]


if __name__ == "__main__":
    main()
