"""From an experiment to the batches it learns from and the samples it is measured on."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from ocrkit.data import Dataset
from ocrkit.data.augment import Cut
from ocrkit.data.loader import BatchSize, Prepare, Stream
from ocrkit.recognize._base import pad
from ocrkit.train import sources
from ocrkit.train.experiment import Experiment
from ocrkit.train.recipes import FindWords, Prepared, ReadWords, Recipe

PIECE = 448
"""Side of the pieces of scenes that a detector is trained on by default, pixels."""

ASPECT = 3
"""Width of a crop, in its heights, of which `train.batch` fit into a batch."""

POOL = 6
"""Batches' worth of crops that are sorted by width together."""


def training(
    experiment: Experiment, prepare: Prepare | None = None
) -> Callable[[Sequence[int]], Stream]:
    """From a seed to endless batches.

    Args:
        experiment: Names sources, batch and model.
        prepare: Replaces the recipe of the model's family.

    Raises:
        ConfigError: A key or value of the model or of a source is wrong.
        DataError: A dataset is missing or malformed, or there are no backgrounds or fonts.
        ImageError: A dataset has no pictures.
    """
    blocks = {label: block.settings for label, block in experiment.data.items() if block.weight}
    found = sources.build(blocks, experiment.data_root)
    weighted = [(source, experiment.data[label].weight) for label, source in found.items()]
    stack = pad if experiment.family == "recognize" else np.stack
    return partial(
        Stream, weighted, prepare or Prepared(recipe(experiment)), stack, size(experiment)
    )


def validation(experiment: Experiment) -> dict[str, Dataset]:
    """The named datasets to measure on.

    Raises:
        ConfigError: A key or value of a dataset is wrong.
        DataError: A dataset is missing or malformed.
        ImageError: A dataset has no pictures.
    """
    return {
        label: sources.dataset(block.settings, experiment.data_root, f"validation.{label}")
        for label, block in experiment.validation.items()
    }


def recipe(experiment: Experiment) -> Recipe:
    """How samples become examples of the model."""
    network, settings = experiment.network_class(), experiment.network_config()
    if experiment.family == "recognize":
        return ReadWords(network.encode, settings)
    cut: Cut = "keep" if network.learns_cut_words else "ignore"
    return FindWords(network.encode, settings, experiment.train.crop or PIECE, cut)


def size(experiment: Experiment) -> BatchSize:
    """How many examples make a batch."""
    batch = experiment.train.batch
    if experiment.family == "recognize":
        width = ASPECT * experiment.network_config().height
        return BatchSize(batch, batch * width, POOL * batch)
    return BatchSize(batch, batch * (experiment.train.crop or PIECE), batch)
