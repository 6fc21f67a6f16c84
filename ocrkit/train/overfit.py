"""Learns one batch by heart: a model that cannot do even this is set up wrongly."""

from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from ocrkit import checkpoint, geometry
from ocrkit.data.loader import Batch
from ocrkit.evaluate import detection
from ocrkit.train import streams
from ocrkit.train.experiment import Experiment
from ocrkit.train.task import check_finite

GOAL = 0.9
"""Share of the words that must be read, or hmean of the words found."""

EVERY = 25
"""Steps between two looks at what was learnt."""


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

    The batch is augmented and encoded as for training, and decoded as for reading. A detector's
    score counts a word as found if its box overlaps the one that a perfect network would give.

    Raises:
        ConfigError: The experiment does not fit its model.
        DataError: A source of data is missing or gives nothing to learn from.
        OCRKitError: The loss is not finite.
    """
    torch.manual_seed(experiment.train.seed)
    device = checkpoint.pick_device(experiment.train.device)
    model = experiment.build().to(device)
    batch = next(iter(streams.training(experiment)((experiment.train.seed,))))
    ...
