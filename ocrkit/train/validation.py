"""Measures a network while it trains, by the protocols of `ocrkit.evaluate`."""

from typing import Any, Protocol

import numpy as np

from ocrkit import crops, geometry
from ocrkit.checkpoint import Family, Figure
from ocrkit.evaluate import Found, ImageResult, Result, Truth, recognition
from ocrkit.evaluate.protocols import DETECTION, SPOTTING
from ocrkit.types import Sample


class Scorer(Protocol):
    """Collects what a model makes of one validation set."""

    def add(self, model: Any, sample: Sample) -> None:
        """Let the model work on one sample."""
        ...

    def figures(self, split: str) -> list[Figure]:
        """The score of all samples; the figure that ranks models comes first."""
        ...


class WordsFound:
    """The score of a detector."""

    protocol = DETECTION["ic15"]

    def __init__(self) -> None:
        self.results: list[ImageResult] = []

    def add(self, model: Any, sample: Sample) -> None:
        """Find the words of one scene."""
        quads = model.detect(sample.image).quads
        truth = Truth.of(sample.quads, ignored=sample.ignored)
        self.results.append(self.protocol.score_image(Found.of(quads), truth))

    def figures(self, split: str) -> list[Figure]:
        """Harmonic mean, precision and recall."""
        return _three(Result(self.protocol, tuple(self.results)), self.protocol.name, split)


def _three(result: Result, protocol: str, split: str) -> list[Figure]:
    return [
        Figure(split=split, protocol=protocol, metric=metric, value=getattr(result, metric))
        for metric in ("hmean", "precision", "recall")
    ]


class WordsRead:
    """The score of a recogniser."""

    def __init__(self) -> None:
        self.truths: list[str] = []
        self.readings: list[str] = []

    def add(self, model: Any, sample: Sample) -> None:
        """Read a crop, or every word of a scene that has a transcription and is not ignored."""
        kept = [i for i, text in enumerate(sample.texts) if text and not sample.ignored[i]]
        quads = sample.quads[kept]
        if len(quads) == 1 and np.array_equal(quads[0], geometry.full_quad(sample.image.shape[:2])):
            images = [sample.image]
        else:
            images = crops.cut(sample.image, quads, margin=0.0)
        self.truths += [str(sample.texts[i]) for i in kept]
        self.readings += [reading.text for reading in model.read(images)]

    def figures(self, split: str) -> list[Figure]:
        """Accuracy over 36 characters and as written, and edits."""
        result = recognition.score(self.truths, self.readings)
        return [
            Figure(
                split=split,
                protocol=recognition.PROTOCOL,
                metric=metric,
                value=getattr(result, metric),
            )
            for metric in ("accuracy_36", "accuracy", "ned", "cer")
        ]


class WordsSpotted:
    """The score of a spotter: of what it finds and reads, then of what its detector finds."""

    def __init__(self) -> None:
        self.protocol = SPOTTING["ic15"][0]
        self.results: list[ImageResult] = []
        self.found = WordsFound()

    def add(self, model: Any, sample: Sample) -> None:
        """Read one scene."""
        (words,) = model.spot([sample.image])
        found = Found.of([w.quad for w in words], texts=[w.text for w in words])
        truth = Truth.of(sample.quads, texts=sample.texts, ignored=sample.ignored)
        self.results.append(self.protocol.score_image(found, truth))
        self.found.add(model, sample)

    def figures(self, split: str) -> list[Figure]:
        """Harmonic mean, precision and recall of both."""
        result = Result(self.protocol, tuple(self.results))
        return _three(result, self.protocol.name, split) + self.found.figures(split)


SCORERS: dict[Family, type[WordsFound] | type[WordsRead] | type[WordsSpotted]] = {
    "detect": WordsFound,
    "recognize": WordsRead,
    "spot": WordsSpotted,
}
"""Which score ranks the models of a family."""
