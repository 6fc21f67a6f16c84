import logging

import pytest
import typer
import yaml
from typer.testing import CliRunner

from ocrkit.cli.train import overfit, train


@pytest.fixture(autouse=True)
def log_as_it_was():
    """The command takes the training's log to stderr for as long as the process lives."""
    log = logging.getLogger("ocrkit.train")
    before = log.handlers, log.level, log.propagate
    yield
    log.handlers, log.level, log.propagate = before


@pytest.fixture
def config(tmp_path):
    blocks = {
        "model": {"name": "crnn", "hidden": 8},
        "data": {"drawn": {"name": "synth-words"}},
        "train": {"steps": 2, "batch": 4, "workers": 0, "device": "cpu"},
    }
    path = tmp_path / "words.yaml"
    path.write_text(yaml.safe_dump(blocks))
    return path


def run(command, *arguments):
    app = typer.Typer()
    app.command()(command)
    return CliRunner().invoke(app, [str(a) for a in arguments])


def test_train_prints_where_the_weights_are(config, tmp_path):
    pytest.importorskip("lightning")
    done = run(train, config, "model.hidden=4", "--output", tmp_path / "run")
    assert done.exception is None
    assert done.stdout == f"{tmp_path / 'run' / 'model.safetensors'}\n"
    assert (tmp_path / "run" / "last.ckpt").is_file()


def test_overfit_says_that_it_failed(config):
    done = run(overfit, config, "--steps", 1)
    assert done.exit_code == 1
    assert done.stdout.startswith("step 1  loss ")
    assert "was not learnt by heart" in done.stderr
