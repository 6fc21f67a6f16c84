"""Models whose words are known: the detector takes the whole picture for a word, which reads K."""

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn
from typer.testing import CliRunner

from ocrkit import checkpoint, cli, detect, recognize
from ocrkit.checkpoint import Card

READS = "K"


def _last(model, kind):
    return [module for module in model.modules() if isinstance(module, kind)][-1]


@pytest.fixture(scope="session")
def detector(tmp_path_factory):
    """The path of a detector that finds text everywhere; one word as large as the picture."""
    model = detect.build({"name": "pixellink", "long_side": 64})
    head = _last(model, nn.Conv2d)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.fill_(4)
    return _saved("detect", model, tmp_path_factory)


@pytest.fixture(scope="session")
def recognizer(tmp_path_factory):
    """The path of a recogniser that reads `K` whatever it is shown."""
    model = recognize.build({"name": "crnn", "hidden": 8})
    head = _last(model, nn.Linear)
    with torch.no_grad():
        head.weight.zero_()
        head.bias.zero_()
        head.bias[1 + model.charset.encode(READS)[0]] = 9
    return _saved("recognize", model, tmp_path_factory)


def _saved(family, model, tmp_path_factory):
    path = tmp_path_factory.mktemp("weights") / f"{family}.safetensors"
    card = Card(family=family, name=family, config=model.config.model_dump(mode="json"))
    checkpoint.save(path, model, card)
    return path


@pytest.fixture
def photo(tmp_path):
    """The path of a picture, 120 wide and 80 high, in a folder of its own."""
    path = tmp_path / "in" / "photo.png"
    path.parent.mkdir()
    PIL.Image.fromarray(np.full((80, 120, 3), 200, np.uint8)).save(path)
    return path


@pytest.fixture
def ocrkit(detector, recognizer):
    """Runs the command with these models; returns its exit status, stdout and stderr."""
    options = {
        "detect": ["--detector", detector],
        "recognize": ["--recognizer", recognizer],
        "e2e": ["--detector", detector, "--recognizer", recognizer],
    }

    def run(command, *arguments):
        given = [*options.get(command, []), *arguments]
        done = CliRunner().invoke(cli.app, [command, *map(str, given)])
        if done.exception and not isinstance(done.exception, SystemExit):
            raise done.exception
        return done.exit_code, done.stdout, done.stderr

    return run
