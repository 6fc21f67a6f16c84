"""Whatever a user gets wrong: one sentence, the right exit status, and the rest is done."""

import json
import logging
import struct
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import pytest

from ocrkit import checkpoint
from ocrkit.image import read_image


def fails(result, status, *parts):
    """Check a failure: this status, and one line on stderr that has these parts."""
    found, _, err = result
    assert found == status
    assert err.startswith("ocrkit: ")
    assert err.count("\n") == 1
    for part in parts:
        assert part in err


def picture(mode="RGB", size=(120, 80)):
    return PIL.Image.new(mode, size)


def test_missing_file(ocrkit, tmp_path):
    for command in ("e2e", "detect", "recognize"):
        fails(ocrkit(command, tmp_path / "no.jpg"), 1, "no.jpg: no such file")


def test_empty_folder(ocrkit, tmp_path):
    (tmp_path / "empty").mkdir()
    fails(ocrkit("e2e", tmp_path / "empty"), 1, "empty: no pictures in this folder; they end")


def test_pattern_that_matches_nothing(ocrkit, tmp_path):
    fails(ocrkit("e2e", tmp_path / "*.jpg"), 1, "*.jpg: no file matches this pattern")


def test_not_an_image(ocrkit, tmp_path):
    (tmp_path / "a.jpg").write_text("Dear diary")
    fails(ocrkit("e2e", tmp_path), 1, "a.jpg: cannot be read as a picture")


def test_empty_file(ocrkit, tmp_path):
    (tmp_path / "a.jpg").touch()
    fails(ocrkit("e2e", tmp_path), 1, "a.jpg: is empty (0 bytes)")


def test_truncated_jpeg(ocrkit, tmp_path):
    noise = np.random.default_rng(0).integers(0, 256, (80, 120, 3), np.uint8)
    path = tmp_path / "a.jpg"
    PIL.Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-2000])
    fails(ocrkit("e2e", path), 1, "a.jpg: is damaged or cut short")


def test_decompression_bomb(ocrkit, tmp_path):
    def chunk(kind, data):
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"")) + chunk(b"IEND", b"")
    (tmp_path / "bomb.png").write_bytes(b"\x89PNG\r\n\x1a\n" + body)
    result = ocrkit("e2e", tmp_path / "bomb.png")
    fails(result, 1, "bomb.png: 60000 x 60000 px = 3600.0 megapixels is above", "limit of 200.0")


def test_the_limit_is_an_option(ocrkit, photo):
    fails(ocrkit("e2e", photo, "--max-pixels", 9599), 1, "above the limit")
    assert ocrkit("e2e", photo, "--max-pixels", 9600)[0] == 0
    assert ocrkit("e2e", photo, "--max-pixels", 0)[0] == 2


@pytest.mark.parametrize("size", [(1, 1), (20_000, 20), (20, 20_000)])
def test_extreme_shapes(ocrkit, tmp_path, size):
    picture(size=size).save(tmp_path / "a.png")
    status, out, err = ocrkit("e2e", tmp_path / "a.png", "--json", "--save", tmp_path / "out")
    assert (status, err) == (0, "")
    assert json.loads(out)["size"] == {"height": size[1], "width": size[0]}
    assert read_image(tmp_path / "out" / "a.png").shape == (size[1], size[0], 3)


@pytest.mark.parametrize(
    ("mode", "suffix"),
    [("L", "jpg"), ("I;16", "png"), ("RGBA", "png"), ("CMYK", "jpg"), ("P", "gif"), ("1", "png")],
)
def test_kinds_of_pixels(ocrkit, tmp_path, mode, suffix):
    path = tmp_path / f"a.{suffix}"
    picture(mode).save(path)
    assert ocrkit("e2e", path) == (0, "K\n", "")


def test_animated_gif(ocrkit, tmp_path, caplog):
    frames = [picture("L"), PIL.Image.new("L", (120, 80), 255)]
    frames[0].save(tmp_path / "a.gif", save_all=True, append_images=frames[1:])
    with caplog.at_level(logging.WARNING):
        assert ocrkit("e2e", tmp_path / "a.gif")[:2] == (0, "K\n")
    assert "a.gif: has several frames; only the first is read" in caplog.text


def test_exif_orientation(ocrkit, tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter for display
    picture().save(tmp_path / "a.jpg", exif=exif)
    page = json.loads(ocrkit("e2e", tmp_path / "a.jpg", "--json")[1])
    assert page["size"] == {"height": 120, "width": 80}
    (word,) = page["lines"][0]["words"]
    assert word["quad"] == [[0, 0], [80, 0], [80, 120], [0, 120]]


def test_unreadable_permissions(ocrkit, photo, monkeypatch):
    # Permissions do not bind the administrator, whom tests in a container run as.
    opened = Path.open

    def refused(self, *arguments, **options):
        if self == photo:
            raise PermissionError(13, "Permission denied")
        return opened(self, *arguments, **options)

    monkeypatch.setattr(Path, "open", refused)
    fails(ocrkit("e2e", photo), 1, "photo.png: cannot be opened: Permission denied")


def test_output_folder_not_writable(ocrkit, photo, tmp_path, monkeypatch):
    (tmp_path / "file").touch()
    monkeypatch.setattr(checkpoint, "load", None)  # it is found out before the work begins
    for folder in (tmp_path / "file", tmp_path / "file" / "out"):
        fails(ocrkit("e2e", photo, "--save", folder), 2, f"{folder}: cannot be written to")


def test_output_folder_write_protected(ocrkit, photo, tmp_path, monkeypatch):
    def refused(*arguments, **options):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("tempfile.TemporaryFile", refused)
    fails(ocrkit("e2e", photo, "--save", tmp_path), 2, "cannot be written to", "Permission denied")


def test_unknown_model(ocrkit, photo, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    (tmp_path / "detect-pixellink.safetensors").touch()
    result = ocrkit("e2e", photo, "--detector", "pixlelink")
    fails(result, 2, "detect: no model 'pixlelink'; did you mean 'pixellink'? choose from:")


def test_corrupt_weights(ocrkit, photo, detector, tmp_path):
    content = detector.read_bytes()
    for name, damaged in (("cut", content[:-9]), ("altered", content[:-1] + b"\xff")):
        path = tmp_path / f"{name}.safetensors"
        path.write_bytes(damaged)
        fails(ocrkit("e2e", photo, "--detector", path), 2, f"{path}: ", "fetch it again")


def test_weights_of_the_other_family(ocrkit, photo, detector):
    result = ocrkit("e2e", photo, "--recognizer", detector)
    fails(result, 2, f"{detector}: holds a detector (detect) where a recognizer is needed")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("pixel_threshold=0.7", "expected BLOCK.KEY=VALUE"),
        ("detector.pixel_threshold", "expected BLOCK.KEY=VALUE"),
        ("detector.pixel_threshold=[", "is not YAML"),
        ("detector.pixel_treshold=0.7", "unknown key; did you mean 'pixel_threshold'?"),
        (
            "detector.pixel_threshold=7",
            "detector: pixel_threshold: ",
        ),
        ("spotter.margin=wide", "spotter: margin: "),
        ("detecter.min_side=1", "did you mean 'detector'?"),
    ],
)
def test_bad_settings(ocrkit, photo, setting, message):
    fails(ocrkit("e2e", photo, "--set", setting), 2, message)


def test_unknown_device(ocrkit, photo):
    fails(ocrkit("e2e", photo, "--device", "abacus"), 2, "device: 'abacus' is not available here")


def test_wrong_usage(ocrkit, photo):
    assert ocrkit("e2e")[0] == 2
    assert ocrkit("e2e", photo, "--no-such-option")[0] == 2
    assert ocrkit("no-such-command")[0] == 2


def test_bad_files_are_reported_at_the_end_and_the_rest_is_done(ocrkit, photo, tmp_path):
    photo.with_name("a.png").touch()
    photo.with_name("b.png").write_text("Dear diary")
    out = tmp_path / "out"
    status, printed, err = ocrkit("e2e", tmp_path / "no", photo.parent, "--save", out)
    assert status == 1
    assert printed == f"==> {photo} <==\nK\n"
    assert [line.split(": ")[1] for line in err.splitlines()] == [
        *(str(tmp_path / "no"), str(photo.with_name("a.png")), str(photo.with_name("b.png")))
    ]
    assert sorted(path.name for path in out.iterdir()) == ["photo.json", "photo.png"]


@pytest.mark.parametrize("scales", ["1,x", "", "0", "0.5,,1", "-1", "9", "nan"])
def test_scales_that_are_none(ocrkit, photo, scales):
    for command in ("detect", "e2e"):
        result = ocrkit(command, photo, "--scales", scales)
        fails(result, 2, f"--scales {scales}: expected numbers above 0, up to 8, as in 0.7,1,1.4")


@pytest.mark.parametrize("option", ["--max-side", "--tile"])
@pytest.mark.parametrize("value", ["0", "-5", "1.5", "big"])
def test_sides_that_are_none(ocrkit, photo, option, value):
    status, out, err = ocrkit("detect", photo, option, value)
    assert (status, out) == (2, "")
    assert f"Invalid value for '{option}'" in err
