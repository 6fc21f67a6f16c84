"""What a network knows before it is trained: nothing, or what the weights of another tell it."""

import logging
from typing import Any

import torch
from torch import Tensor, nn

from ocrkit import checkpoint
from ocrkit.errors import CheckpointError, ConfigError
from ocrkit.recognize import Recognizer
from ocrkit.text import Charset
from ocrkit.train.experiment import Experiment

PARTS: dict[str, checkpoint.Family] = {"detector": "detect", "recognizer": "recognize"}
"""Families of the parts of spotters that can start from weights of their own."""

_PARTS = " and ".join(PARTS)

log = logging.getLogger("ocrkit.train")


def initial(experiment: Experiment) -> nn.Module:
    """The model to start with: fresh, or with the weights of the file `train.init` that fit.

    A recogniser whose charset is another keeps what it knows of the characters that both have.

    Raises:
        CheckpointError: The file has no tensor that fits.
    """
    model = experiment.build()
    init = experiment.train.init
    if isinstance(init, dict):
        for part, path in init.items():
            if part not in PARTS or not hasattr(model, part):
                name = experiment.model.name
                raise ConfigError(f"train.init: {name} has no part {part!r}; parts are {_PARTS}")
            _start(model.get_submodule(part), PARTS[part], path)
    elif init is not None:
        _start(model, experiment.family, init)
    return model


def _start(model: nn.Module, family: checkpoint.Family, path: str) -> None:
    """Give a network the weights of a file that fit."""
    source = checkpoint.load(family, path)
    wanted, given = model.state_dict(), source.state_dict()
    if isinstance(model, Recognizer) and isinstance(source, Recognizer):
        given |= _known(source, model)
    fitting = {k: v for k, v in given.items() if k in wanted and v.shape == wanted[k].shape}
    if not fitting:
        raise CheckpointError(f"{path}: no tensor fits the network to be trained")
    if fresh := sorted(wanted.keys() - fitting.keys()):
        log.warning("%s: %d of %d tensors start afresh: %s", path, len(fresh), len(wanted), fresh)
    model.load_state_dict(wanted | fitting)


def _known(
    source: Recognizer[Any, Any, Any], model: Recognizer[Any, Any, Any]
) -> dict[str, Tensor]:
    """The rows of the characters that both know, of networks of the same kind."""
    given, fresh = source.state_dict(), model.state_dict()
    pairs = zip(source.of_characters, model.of_characters, strict=False)
    return {
        name: known_rows(given[theirs], fresh[name], source.charset, model.charset)
        for theirs, name in pairs
        if type(source) is type(model) and given[theirs].shape[1:] == fresh[name].shape[1:]
    }


def known_rows(given: Tensor, fresh: Tensor, old: Charset, new: Charset) -> Tensor:
    """`fresh` with the rows of characters that were known.

    Args:
        given: (1 + old characters, ...), the first row of no character.
        fresh: (1 + new characters, ...).
        old: What the rows of `given` stand for.
        new: What the rows of `fresh` stand for.
    """
    rows = [(0, 0)]
    rows += [(1 + i, 1 + old.characters.index(c)) for i, c in enumerate(new.characters) if c in old]
    to, of = torch.tensor(rows).unbind(1)
    known = fresh.clone()
    known[to] = given[of]
    return known
