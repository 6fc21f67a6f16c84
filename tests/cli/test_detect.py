import json

from ocrkit.image import read_image


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
