"""The shell completes commands and options."""

import pytest
from typer.testing import CliRunner

from ocrkit import cli


def run(*arguments, **environment):
    return CliRunner().invoke(cli.app, arguments, prog_name="ocrkit", env=environment)


@pytest.fixture
def named_shell(monkeypatch):
    """The shell is named on the command line; which one runs the tests is not known."""
    monkeypatch.setenv("_TYPER_COMPLETE_TEST_DISABLE_SHELL_DETECTION", "1")


def completed(line):
    """What bash is told when a tab follows the line."""
    given = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split(" ")) - 1)}
    done = run(_OCRKIT_COMPLETE="complete_bash", **given)
    return done.stdout.split()


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ocrkit de", {"detect", "demo"}),
        ("ocrkit models s", {"show"}),
        ("ocrkit e2e --sa", {"--save"}),
        ("ocrkit evaluate sp", {"spotting"}),
    ],
)
def test_what_is_begun_is_completed(line, expected):
    assert set(completed(line)) == expected


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_can_be_shown(named_shell, shell):
    done = run("--show-completion", shell)
    assert done.exit_code == 0
    assert "_OCRKIT_COMPLETE" in done.stdout
    assert f"complete_{shell}" in done.stdout


def test_the_script_can_be_installed(named_shell, tmp_path, monkeypatch):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("USERPROFILE", str(tmp_path))
    done = run("--install-completion", "bash")
    assert done.exit_code == 0
    (script,) = tmp_path.rglob("ocrkit.sh")
    assert "_OCRKIT_COMPLETE=complete_bash" in script.read_text()
    assert str(script) in (tmp_path / ".bashrc").read_text()
