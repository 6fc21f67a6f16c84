import subprocess
import sys

import ocrkit as package


def test_version(ocrkit):
    assert ocrkit("--version") == (0, f"ocrkit {package.__version__}\n", "")


def test_help_names_the_commands_and_the_exit_statuses(ocrkit):
    status, out, _ = ocrkit("--help")
    assert status == 0
    commands = "e2e detect recognize models demo doctor evaluate train overfit synth data"
    for command in commands.split():
        assert f" {command} " in out
    assert "Exit status" in out
    assert "Exit status" in ocrkit("e2e", "--help")[1]


def test_help_imports_nothing_heavy():
    heavy = {"torch", "cv2", "numpy", "scipy", "PIL", "pydantic", "lightning"}
    code = f"import sys, ocrkit.cli; print({heavy} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_as_a_module():
    command = [sys.executable, "-m", "ocrkit", "e2e", "no.jpg"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "ocrkit: no.jpg: no such file\n"
