import json
import shutil

import pytest

from ocrkit.cli import recognize as command


def test_prints_path_text_and_confidence(ocrkit, photo):
    assert ocrkit("recognize", photo.parent) == (0, f"{photo}\tK\t0.9884\n", "")


def test_more_crops_than_are_read_at_once_keep_their_order(ocrkit, photo, monkeypatch):
    monkeypatch.setitem(command.__globals__, "CHUNK", 2)
    for index in range(4):
        shutil.copy(photo, photo.with_name(f"a{index}.png"))
    photo.with_name("a2.png").write_bytes(b"")
    status, out, err = ocrkit("recognize", photo.parent)
    names = [line.split("\t")[0].rpartition("/")[2] for line in out.splitlines()]
    assert (status, names) == (1, ["a0.png", "a1.png", "a3.png", "photo.png"])
    assert err == f"ocrkit: {photo.with_name('a2.png')}: is empty (0 bytes)\n"


def test_json(ocrkit, photo):
    status, out, err = ocrkit("recognize", photo, "--json")
    record = json.loads(out)
    assert (status, err) == (0, "")
    assert list(record) == ["path", "schema", "text", "confidence", "characters"]
    assert (record["path"], record["text"]) == (str(photo), "K")
    (character,) = record["characters"]
    assert character["text"] == "K"
    # A crop of 120 x 80 is 48 wide at a height of 32, and fills its 12 columns.
    assert character["span"] == pytest.approx([0, 1])


def test_model_is_another_name_of_recognizer(ocrkit, photo):
    status, out, err = ocrkit("recognize", photo, "--model", "crn")
    assert (status, out) == (2, "")
    assert "recognize: no model 'crn'" in err
