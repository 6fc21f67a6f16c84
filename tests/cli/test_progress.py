"""The bar: who sees it, and what it leaves alone."""

import sys

import pytest

from ocrkit.cli._output import say
from ocrkit.cli._progress import progress


def test_steps_pass_through_in_silence_where_nobody_looks(capsys):
    assert list(progress(iter([3, 1, 2]), "checking", 3)) == [3, 1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("steps", [[1, 2], iter([1, 2])])
def test_a_bar_on_a_terminal_leaves_stdout_alone(steps, capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for step in progress(steps, "checking", 2):
        say(f"step {step}")
    out, err = capsys.readouterr()
    assert out == "step 1\nstep 2\n"
    assert "checking" in err


def test_no_bar_for_one_step(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress([1], "checking")) == [1]
    assert list(progress(iter([1]), "checking", 1)) == [1]
    assert capsys.readouterr() == ("", "")
