import json
import shutil

import pytest

from ocrkit.image import read_image, write_image
from ocrkit.spot import TwoStage


def test_prints_the_words(ocrkit, photo):
    assert ocrkit("e2e", photo) == (0, "K\n", "")


def test_prints_confidences_if_asked(ocrkit, photo):
    # Of 96 classes one has a logit of 9 and the others 0: 1 / (1 + 95 exp(-9)) = 0.988.
    assert ocrkit("e2e", photo, "-v") == (0, "K (0.99)\n", "")


def test_saves_what_it_found_and_a_picture_of_it(ocrkit, photo, tmp_path):
    status, out, err = ocrkit("e2e", photo, "--save", tmp_path / "new" / "out")
    assert (status, out, err) == (0, "K\n", "")
    folder = tmp_path / "new" / "out"
    assert sorted(path.name for path in folder.iterdir()) == ["photo.json", "photo.png"]
    saved = json.loads((folder / "photo.json").read_text())
    assert saved["path"] == str(photo)
    assert (saved["schema"], saved["text"]) == ("ocrkit/1", "K")
    assert saved["size"] == {"height": 80, "width": 120}
    (word,) = saved["lines"][0]["words"]
    assert word["quad"] == [[0, 0], [120, 0], [120, 80], [0, 80]]
    assert word["score"] == pytest.approx(0.982, abs=1e-3)  # sigmoid(4)
    drawn = read_image(folder / "photo.png")
    assert drawn.shape == (80, 120, 3)
    assert (drawn != 200).any()


def test_json_is_one_object_a_line(ocrkit, photo):
    shutil.copy(photo, photo.with_name("zoo.png"))
    status, out, err = ocrkit("e2e", photo.parent, "--json")
    assert (status, err) == (0, "")
    records = [json.loads(line) for line in out.splitlines()]
    assert [record["path"] for record in records] == [str(photo), str(photo.with_name("zoo.png"))]
    assert [record["text"] for record in records] == ["K", "K"]


def test_several_pictures_have_headings(ocrkit, photo):
    other = shutil.copy(photo, photo.with_name("zoo.png"))
    expected = f"==> {photo} <==\nK\n==> {other} <==\nK\n"
    assert ocrkit("e2e", photo, other) == (0, expected, "")
    assert ocrkit("e2e", photo.parent, photo)[1] == expected  # a picture is read once
    assert ocrkit("e2e", photo.parent / "*.png")[1] == expected


def test_a_picture_without_text_is_an_empty_page(ocrkit, photo, tmp_path):
    nothing = ["--set", "detector.pixel_threshold=0.99"]
    status, out, err = ocrkit("e2e", photo, *nothing, "--save", tmp_path)
    assert (status, out, err) == (0, "", f"{photo}: no text found\n")
    saved = json.loads((tmp_path / "photo.json").read_text())
    assert (saved["text"], saved["lines"]) == ("", [])
    status, out, err = ocrkit("e2e", photo, *nothing, "--json")
    assert (status, json.loads(out)["lines"], err) == (0, [], "")


def test_settings_reach_their_block(ocrkit, photo):
    assert ocrkit("e2e", photo, "--set", "spotter.min_confidence=0.999")[1] == ""
    assert ocrkit("e2e", photo, "--set", "detector.min_side=1e4")[1] == ""
    assert "of shape" in ocrkit("e2e", photo, "--set", "recognizer.charset=abc")[2]


def test_pictures_of_one_name_do_not_replace_each_other(ocrkit, photo, tmp_path):
    pictures = [photo]
    for place in ("b/photo.png", "c/Photo.bmp", "d/photo-2.png"):
        pictures.append(photo.parent / place)
        pictures[-1].parent.mkdir()
        write_image(pictures[-1], read_image(photo))
    status, _, _ = ocrkit("e2e", *pictures, "--save", tmp_path / "out")
    assert status == 0
    saved = {
        path.stem: json.loads(path.read_text())["path"]
        for path in (tmp_path / "out").glob("*.json")
    }
    # Photo and photo are one name on some file systems; d/photo-2 finds its name taken by b/photo.
    names = ["photo", "photo-2", "Photo-3", "photo-2-2"]
    assert saved == dict(zip(names, map(str, pictures), strict=True))
    assert len(list((tmp_path / "out").glob("*.png"))) == 4


def test_an_output_never_replaces_an_input(ocrkit, photo):
    before = photo.read_bytes()
    status, out, err = ocrkit("e2e", photo, "--save", photo.parent)
    assert (status, out) == (2, "")
    assert err == f"ocrkit: {photo}: would replace an input; save to another folder\n"
    assert photo.read_bytes() == before
    assert [*photo.parent.iterdir()] == [photo]


def test_an_interrupt_ends_quietly(ocrkit, photo, monkeypatch):
    def interrupted(self, images):
        raise KeyboardInterrupt

    monkeypatch.setattr(TwoStage, "spot", interrupted)
    assert ocrkit("e2e", photo) == (130, "", "")
