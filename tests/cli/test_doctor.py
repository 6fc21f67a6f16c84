import json
import tomllib
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest
import torch

from ocrkit import __version__, checkpoint
from ocrkit.catalog import DETECTOR, RECOGNIZER

PROJECT = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())["project"]

FINDS, READS = f"detect-{DETECTOR}", f"recognize-{RECOGNIZER}"


@pytest.fixture
def shipped(detector, recognizer, tmp_path, monkeypatch):
    """The folder of the shipped models, with the two that the tests know in it."""
    for name, path in ((FINDS, detector), (READS, recognizer)):
        (tmp_path / f"{name}.safetensors").write_bytes(path.read_bytes())
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    return tmp_path


@pytest.fixture
def well(shipped, monkeypatch):
    """Expects what the models of the tests read."""
    monkeypatch.setitem(_globals(), "WRITTEN", "k")
    return shipped


def test_all_is_well(ocrkit, well):
    status, out, err = ocrkit("doctor")
    assert (status, err) == (0, "")
    assert out.startswith(f"ocrkit {__version__}, Python 3.")
    assert f", torch {torch.__version__}, torchvision " in out
    assert "devices: cpu (" in out
    assert f"weights: {FINDS}.safetensors: whole\n" in out
    assert f"weights: {READS}.safetensors: whole\n" in out
    assert "self-test: read 'K' in " in out
    assert "FAILED" not in out


def test_the_same_as_json(ocrkit, well):
    (well / "detect-other.safetensors").write_bytes(b"nonsense")
    status, out, err = ocrkit("doctor", "--json")
    found = json.loads(out)
    assert (status, err, found["healthy"]) == (1, "", False)
    assert found["ocrkit"] == __version__
    assert found["packages"]["torch"] in torch.__version__  # which may have the build behind it
    assert found["extras"].keys() == {"heic", "pdf", "video", "web", "train"}
    checks = {check["name"]: check["healthy"] for check in found["checks"]}
    assert checks == {
        "packages": True,
        "devices": True,
        "weights: detect-other.safetensors": False,
        f"weights: {FINDS}.safetensors": True,
        f"weights: {READS}.safetensors": True,
        "self-test": True,
    }


def test_models_that_cannot_read(ocrkit, shipped):
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert "self-test: FAILED: expected 'ocrkit', read 'K'" in out


def test_weights_that_were_altered(ocrkit, well):
    path = well / "recognize-other.safetensors"
    content = (well / f"{READS}.safetensors").read_bytes()
    path.write_bytes(content[:-1] + bytes([content[-1] ^ 1]))
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert f"weights: {path.name}: FAILED: {path}: the file is damaged (wrong digest)" in out
    assert "self-test: read 'K' in " in out


def test_no_weights(ocrkit, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert f"weights: FAILED: none in {tmp_path}" in out
    assert f"self-test: FAILED: detect: no model {DETECTOR!r}" in out


def test_extras_that_are_missing(ocrkit, well, monkeypatch):
    def version(package):
        if package in ("httpx", "tensorboard"):
            raise PackageNotFoundError(package)
        return "1.2"

    monkeypatch.setitem(_globals(), "version", version)
    status, out, _ = ocrkit("doctor")
    assert status == 0  # they are optional
    assert "extra pdf: pypdfium2 1.2\n" in out
    assert "extra web: httpx is not installed; pip install 'ocrkit[web]'\n" in out
    missing = "lightning 1.2, matplotlib 1.2, tensorboard is not installed; pip install 'ocrkit[tr"
    assert f"extra train: {missing}" in out
    assert json.loads(ocrkit("doctor", "--json")[1])["extras"]["web"] == {"httpx": None}


def test_a_library_that_does_not_load_is_named(ocrkit, well, monkeypatch):
    def broken():
        raise ImportError("libGL.so.1: cannot open shared object file")

    monkeypatch.setitem(_globals(), "_packages", broken)
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert "packages: FAILED: libGL.so.1: cannot open shared object file\n" in out


def test_what_is_listed_is_what_the_project_needs():
    def names(requirements):
        return sorted(requirement.partition(">=")[0] for requirement in requirements)

    extras = PROJECT["optional-dependencies"]
    listed = {extra: sorted(found) for extra, found in _globals()["EXTRAS"].items()}
    assert sorted(_globals()["PACKAGES"]) == names(PROJECT["dependencies"])
    assert listed == {extra: names(extras[extra]) for extra in listed}
    assert extras.keys() - listed.keys() == {"all", "test", "dev"}


def _globals():
    """Of the module, whose name the command of the package hides."""
    from ocrkit.cli import doctor

    return doctor.__globals__
