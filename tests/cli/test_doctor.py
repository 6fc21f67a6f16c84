import pytest

from ocrkit import checkpoint


@pytest.fixture
def shipped(detector, recognizer, tmp_path, monkeypatch):
    """The folder of the shipped models, with the two that the tests know in it."""
    for name, path in (("detect-pixellink", detector), ("recognize-crnn", recognizer)):
        (tmp_path / f"{name}.safetensors").write_bytes(path.read_bytes())
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    return tmp_path


def test_all_is_well(ocrkit, shipped, monkeypatch):
    monkeypatch.setitem(_doctor().__globals__, "WRITTEN", "k")
    status, out, err = ocrkit("doctor")
    assert (status, err) == (0, "")
    assert "weights: detect-pixellink.safetensors: whole\n" in out
    assert "weights: recognize-crnn.safetensors: whole\n" in out
    assert "self-test: read 'K' in " in out
    assert "FAILED" not in out


def test_models_that_cannot_read(ocrkit, shipped):
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert "self-test: FAILED: expected 'ocrkit', read 'K'" in out


def test_damaged_weights(ocrkit, shipped, monkeypatch):
    monkeypatch.setitem(_doctor().__globals__, "WRITTEN", "k")
    (shipped / "detect-other.safetensors").write_bytes(b"nonsense")
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert "weights: FAILED: " in out
    assert "self-test: read 'K' in " in out


def test_no_weights(ocrkit, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    status, out, _ = ocrkit("doctor")
    assert status == 1
    assert f"weights: FAILED: none in {tmp_path}" in out
    assert "self-test: FAILED: detect: no model 'pixellink'" in out


def _doctor():
    from ocrkit.cli import doctor

    return doctor
