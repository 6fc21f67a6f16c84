"""Learns one batch by heart: a model that cannot do even this is set up wrongly."""

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np
import torch

from ocrkit import checkpoint, geometry
from ocrkit.data.loader import Batch, Example, Skipped
from ocrkit.errors import DataError
from ocrkit.evaluate import Found, ImageResult, Result, Truth
from ocrkit.evaluate.protocols import DETECTION
from ocrkit.text import normalise
from ocrkit.train import schedule, streams
from ocrkit.train.experiment import Experiment
from ocrkit.train.task import check_finite
from ocrkit.types import Detections, Sample

GOAL = 0.9
"""Share of the words that must be read, or hmean of the words found."""

EXAMPLES = 8
"""At most so many are learnt: more takes longer and shows no more."""

EVERY = 25
"""Steps between two looks at what was learnt."""

CLEAR = 16.0
"""A word whose shorter side is less, in pixels, need not be found: a cell more or less decides."""


class Lesson(NamedTuple):
    """Where the learning stands."""

    step: int
    loss: float
    score: float

    @property
    def learnt(self) -> bool:
        """Whether the batch is known by heart."""
        return self.score >= GOAL


def overfit(experiment: Experiment, steps: int) -> Iterator[Lesson]:
    """Learn the first batch; a `Lesson` every few steps, until it is learnt or `steps` are over.

    The batch is drawn, augmented and encoded as for training, and decoded as for reading.

    Raises:
        ConfigError: The experiment does not fit its model.
        DataError: A source of data is missing or gives nothing to learn from.
        TrainingError: The loss is not finite.
    """
    train = experiment.train
    torch.manual_seed(train.seed)
    device = checkpoint.pick_device(train.device)
    model: Any = experiment.build().to(device)
    batch, pieces = first_batch(experiment)
    batch = batch.to(device)
    optimizer = torch.optim.AdamW(model.parameters(), weight_decay=0.0)
    for step in range(1, steps + 1):
        for group in optimizer.param_groups:
            done = schedule.progress(step, steps)
            group["lr"] = train.rate * schedule.rate_factor(step, EVERY, done)
        model.train()
        terms = model.loss(model(batch.images), batch.targets)
        check_finite(terms, batch.names, step)
        loss = torch.stack(list(terms.values())).sum()
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        torch.nn.utils.clip_grad_norm_(model.parameters(), train.clip)
        optimizer.step()
        if step % EVERY == 0 or step == steps:
            model.eval()
            with torch.inference_mode():
                found = model.decode(model(batch.images))
            lesson = Lesson(step, loss.item(), score(experiment, model, found, pieces))
            yield lesson
            if lesson.learnt:
                return


def first_batch(experiment: Experiment) -> tuple[Batch, list[Sample]]:
    """A small batch, and the pieces it was made of.

    Raises:
        DataError: It holds no word by which to tell whether it was learnt.
    """
    batch = min(experiment.train.batch, EXAMPLES)
    train = experiment.train.model_copy(update={"batch": batch})
    experiment = experiment.model_copy(update={"train": train})
    recipe = streams.recipe(experiment)
    pieces: dict[str, Sample] = {}

    def remember(
        name: str, sample: Sample, drawn: bool, rng: np.random.Generator
    ) -> Iterator[Example | Skipped]:
        for piece in recipe.pieces(sample, drawn, rng):
            found = piece if isinstance(piece, Skipped) else recipe.example(piece)
            key = f"{name} ({len(pieces)})"
            if isinstance(piece, Sample):
                pieces[key] = piece
            yield found._replace(name=key)

    found = next(iter(streams.training(experiment, remember)((experiment.train.seed,))))
    chosen = [pieces[name] for name in found.names]
    if experiment.family == "detect" and not any((~_unclear(piece)).any() for piece in chosen):
        raise DataError("data: the first batch holds no whole word; take another train.seed")
    return found, chosen


def score(
    experiment: Experiment, model: Any, found: Sequence[Any], pieces: Sequence[Sample]
) -> float:
    """Share of the words that were read, or hmean of the words that were found."""
    if experiment.family == "recognize":
        texts = [normalise(str(piece.texts[0]), model.charset) for piece in pieces]
        return float(np.mean([r.text == text for r, text in zip(found, texts, strict=True)]))
    results = [_found(detections, piece) for detections, piece in zip(found, pieces, strict=True)]
    return Result(DETECTION["ic15"], tuple(results)).hmean


def _found(detections: Detections, piece: Sample) -> ImageResult:
    truth = Truth.of(piece.quads, ignored=_unclear(piece))
    return DETECTION["ic15"].score_image(Found.of(detections.quads), truth)


def _unclear(piece: Sample) -> Any:
    """Words that are ignored, small, or cut by the piece's edge."""
    height, width = piece.image.shape[:2]
    small = np.minimum(*geometry.extent(piece.quads)) < CLEAR
    inside = (piece.quads >= 0) & (piece.quads <= np.array([width, height]))
    return piece.ignored | small | ~inside.all(axis=(1, 2))
