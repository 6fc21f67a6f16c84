"""What a network knows before it is trained: nothing, or what the weights of another tell it."""

import logging

import torch
from torch import Tensor, nn

from ocrkit import checkpoint
from ocrkit.errors import CheckpointError
from ocrkit.recognize import Recognizer
from ocrkit.text import Charset
from ocrkit.train.experiment import Experiment

log = logging.getLogger("ocrkit.train")


def initial(experiment: Experiment) -> nn.Module:
    """The model to start with: fresh, or with the weights of the file `train.init` that fit.

    A recogniser whose charset is another keeps what it knows of the characters that both have.

    Raises:
        CheckpointError: The file has no tensor that fits.
    """
    model = experiment.build()
    path = experiment.train.init
    if path is None:
        return model
    source = checkpoint.load(experiment.family, path)
    wanted, given = model.state_dict(), source.state_dict()
    if isinstance(model, Recognizer) and isinstance(source, Recognizer):
        for name in model.of_characters:
            if name in given and given[name].shape[1:] == wanted[name].shape[1:]:
                given[name] = known_rows(given[name], wanted[name], source.charset, model.charset)
    fitting = {k: v for k, v in given.items() if k in wanted and v.shape == wanted[k].shape}
    if not fitting:
        raise CheckpointError(f"{path}: no tensor fits the network to be trained")
    if fresh := sorted(wanted.keys() - fitting.keys()):
        log.warning("%s: %d of %d tensors start afresh: %s", path, len(fresh), len(wanted), fresh)
    model.load_state_dict(wanted | fitting)
    return model


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
