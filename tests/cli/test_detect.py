import json
import shutil

import numpy as np
import pytest

import ocrkit.reader
from ocrkit import checkpoint
from ocrkit.image import read_image


@pytest.fixture
def told(monkeypatch):
    """The settings that a reader was loaded with."""
    found = {}
    load = ocrkit.reader.load

    def spy(**options):
        found.update(options["settings"])
        return load(**options)

    monkeypatch.setattr(ocrkit.reader, "load", spy)
    return found


def test_prints_corners_and_score(ocrkit, photo):
    # The detector is sure of every cell: sigmoid(4) = 0.982.
    assert ocrkit("detect", photo) == (0, "0,0,120,0,120,80,0,80\t0.9820\n", "")


def test_model_is_another_name_of_detector(ocrkit, photo):
    status, out, err = ocrkit("detect", photo, "--model", "pixellinc")
    assert (status, out) == (2, "")
    assert "detect: no model 'pixellinc'" in err


def test_json(ocrkit, photo):
    status, out, err = ocrkit("detect", photo, "--json")
    assert (status, err) == (0, "")
    assert json.loads(out) == {
        "path": str(photo),
        "schema": "ocrkit/1",
        "size": {"height": 80, "width": 120},
        "detections": [{"score": 0.982, "quad": [[0, 0], [120, 0], [120, 80], [0, 80]]}],
    }


def test_saves_what_it_found_and_a_picture_of_it(ocrkit, photo, tmp_path):
    status, _, err = ocrkit("detect", photo, "--save", tmp_path)
    assert (status, err) == (0, "")
    assert len(json.loads((tmp_path / "photo.json").read_text())["detections"]) == 1
    assert read_image(tmp_path / "photo.png").shape == (80, 120, 3)


def test_nothing_found(ocrkit, photo):
    quiet = ["--set", "detector.pixel_threshold=0.99"]
    assert ocrkit("detect", photo, *quiet) == (0, "", f"{photo}: no text found\n")


def test_a_detector_has_no_settings_of_a_recognizer(ocrkit, photo):
    status, out, err = ocrkit("detect", photo, "--set", "recognizer.batch=1")
    assert (status, out) == (2, "")
    assert err == "ocrkit: settings: recognizer: there is no recognizer here to set this of\n"


@pytest.mark.parametrize("command", ["detect", "e2e"])
def test_how_the_detector_sees_pictures(ocrkit, photo, told, command):
    """Sides are rounded up to what networks take; other settings stay."""
    given = ["--max-side", 100, "--tile", 65, "--scales", "0.5,1", "--set", "detector.min_side=3"]
    assert ocrkit(command, photo, *given)[0] == 0
    sides, scales = {"long_side": 128, "tile": 96, "min_side": 3}, {"scales": [0.5, 1.0]}
    found, read = {"detector": sides | scales}, {"detector": sides, "spotter": scales}
    assert told == (found if command == "detect" else read)


def test_a_tile_is_of_at_least_two_steps(ocrkit, photo, told):
    assert ocrkit("detect", photo, "--tile", 1)[0] == 0
    assert told == {"detector": {"tile": 64}}


def test_a_word_over_all_tiles_and_at_two_scales_is_one(ocrkit, photo):
    looks = ["--max-side", 192, "--tile", 64, "--scales", "0.5,1", "--json"]
    status, out, _ = ocrkit("detect", photo, *looks)
    (found,) = json.loads(out)["detections"]
    corners = [[0, 0], [120, 0], [120, 80], [0, 80]]
    np.testing.assert_allclose(found["quad"], corners, atol=1)
    assert (status, found["score"]) == (0, 0.982)


def test_any_weights_among_the_shipped_ones_go_by_their_name(
    ocrkit, photo, detector, tmp_path, monkeypatch
):
    """Whatever network they are of: the file says."""
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    shutil.copy(detector, tmp_path / "detect-mine-2s.safetensors")
    assert ocrkit("detect", photo, "--model", "mine-2s") == ocrkit("detect", photo)
