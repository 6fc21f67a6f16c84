import json
import subprocess
import sys

import pytest

from ocrkit import checkpoint
from ocrkit.checkpoint import Figure


@pytest.fixture
def shipped(recognizer, tmp_path, monkeypatch):
    """A shipped model named `teller` with one figure."""
    figure = Figure(split="words", protocol="36 characters", metric="accuracy", value=0.87654)
    about = {"name": "teller", "figures": (figure,), "data": ("drawn words",), "steps": 9}
    card = checkpoint.read_card(recognizer).model_copy(update=about)
    path = tmp_path / "recognize-teller.safetensors"
    checkpoint.save(path, checkpoint.load("recognize", recognizer), card)
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    return path


def test_lists_what_is_shipped(ocrkit, shipped):
    status, out, err = ocrkit("models")
    digest = checkpoint.sha256(shipped)[:12]
    size = f"{shipped.stat().st_size / 1e6:.1f} MB"
    assert (status, err) == (0, "")
    assert out.splitlines()[:2] == [
        f"teller  recognizer  {size}  sha256 {digest}",
        "    words, 36 characters: accuracy 0.8765",
    ]
    assert "networks to train: detect: ctpn, east, pixellink, textboxespp\n" in out
    assert ocrkit("models", "list") == (status, out, err)


def test_lists_as_json(ocrkit, shipped):
    (record,) = json.loads(ocrkit("models", "--json")[1])
    assert record["name"] == "teller"
    assert record["figures"][0]["value"] == 0.87654
    assert record["sha256"] == checkpoint.sha256(shipped)
    assert json.loads(ocrkit("models", "list", "--json")[1]) == [record]


@pytest.mark.parametrize("by_path", [False, True])
def test_shows_all_of_one(ocrkit, shipped, by_path):
    status, out, _ = ocrkit("models", "show", shipped if by_path else "teller")
    assert status == 0
    assert checkpoint.sha256(shipped) in out
    assert "drawn words" in out
    assert "words, 36 characters: accuracy 0.8765" in out
    assert "    batch = 32  # crops read at once; more costs memory\n" in out
    record = json.loads(ocrkit("models", "show", "teller", "--json")[1])
    assert (record["steps"], record["file"]) == (9, str(shipped))


def test_unknown_name(ocrkit, shipped):
    status, out, err = ocrkit("models", "show", "tellr")
    assert (status, out) == (2, "")
    assert err.startswith("ocrkit: models: no model 'tellr'; did you mean 'teller'? choose from:")


def test_a_damaged_file_is_not_shown_as_if_it_were_whole(ocrkit, shipped):
    shipped.write_bytes(shipped.read_bytes()[:-1] + b"\xff")
    status, out, err = ocrkit("models", "show", "teller")
    assert (status, out) == (2, "")
    assert "damaged" in err


def test_a_list_needs_no_torch():
    code = (
        "import sys; from ocrkit.cli.models import list_models; "
        "list_models(); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
