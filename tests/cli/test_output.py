import sys

import pytest
import typer

from ocrkit.cli._output import progress, report, say
from ocrkit.errors import ImageError


def test_steps_pass_through_in_silence_where_nobody_looks(capsys):
    assert list(progress([3, 1, 2], "reading")) == [3, 1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_bar_on_a_terminal_leaves_stdout_alone(capsys, monkeypatch):
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    for step in progress([1, 2], "reading"):
        say(f"step {step}")
    out, err = capsys.readouterr()
    assert out == "step 1\nstep 2\n"
    assert "reading" in err


def test_no_bar_for_one_step(capsys, monkeypatch):
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    assert list(progress([1], "reading")) == [1]
    assert capsys.readouterr() == ("", "")


def test_failures_are_reported_and_make_the_exit_status(capsys):
    report([])
    with pytest.raises(typer.Exit) as ended:
        report([ImageError("a.png: is damaged"), ImageError("b.png: no such file")])
    assert ended.value.exit_code == 1
    expected = "ocrkit: a.png: is damaged\nocrkit: b.png: no such file\n"
    assert capsys.readouterr() == ("", expected)
