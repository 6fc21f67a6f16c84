"""Runs over folders and documents: names of outputs, resuming, bad pictures, other formats."""

import json

import numpy as np
import PIL.Image
import pytest
import torch
from typer.testing import CliRunner

from ocrkit import checkpoint, cli, formats
from ocrkit.cli import _output
from ocrkit.image import read_image
from ocrkit.inputs import find
from ocrkit.reader import Reader


def frames(*levels):
    return [PIL.Image.new("L", (120, 80), level) for level in levels]


def write(path, *levels):
    """A picture or a document with a page of each grey."""
    path.parent.mkdir(parents=True, exist_ok=True)
    first, *others = frames(*levels)
    first.save(path, **({"save_all": True, "append_images": others} if others else {}))
    return path


def below(folder):
    return sorted(p.relative_to(folder).as_posix() for p in folder.rglob("*") if p.is_file())


@pytest.fixture
def looks(monkeypatch):
    """The levels of the pictures that were read."""
    seen = []
    read = Reader.read

    def spy(self, image):
        seen.append(int(image[0, 0, 0]))
        return read(self, image)

    monkeypatch.setattr(Reader, "read", spy)
    return seen


def test_folders_below_keep_their_names(ocrkit, tmp_path):
    for name in ("a/1.png", "b/1.png", "1.png", "a/1.gif"):
        write(tmp_path / "in" / name, 9)
    status, out, err = ocrkit("e2e", tmp_path / "in", "--save", tmp_path / "out", "-f", "json")
    assert (status, err) == (0, "")
    assert out.count("==>") == 4
    assert below(tmp_path / "out") == ["1.json", "a/1-2.json", "a/1.json", "b/1.json"]
    saved = json.loads((tmp_path / "out" / "b" / "1.json").read_text())
    assert saved["path"] == str(tmp_path / "in" / "b" / "1.png")


def test_pages_of_documents(ocrkit, tmp_path):
    scan = write(tmp_path / "scan.tif", 10, 20, 30)
    out = tmp_path / "out"
    status, printed, err = ocrkit("e2e", scan, "--save", out, "-f", "json", "-f", "txt")
    assert (status, err) == (0, "")
    assert printed == "".join(f"==> {scan}, page {n} <==\nK\n" for n in (1, 2, 3))
    assert below(out) == ["scan-p1.json", "scan-p2.json", "scan-p3.json", "scan.txt"]
    assert json.loads((out / "scan-p2.json").read_text())["page"] == 2
    assert (out / "scan.txt").read_text().count("K") == 3
    records = [json.loads(line) for line in ocrkit("e2e", scan, "--json")[1].splitlines()]
    assert [(r["path"], r["page"]) for r in records] == [(str(scan), n) for n in (1, 2, 3)]


def test_pages_and_dots_per_inch_of_pdf(ocrkit, tmp_path):
    first, *others = frames(10, 20, 30)
    first.save(tmp_path / "a.pdf", save_all=True, append_images=others, resolution=72)
    status, out, _ = ocrkit("e2e", tmp_path / "a.pdf", "--pages", "3,1", "--dpi", 36, "--json")
    records = [json.loads(line) for line in out.splitlines()]
    assert (status, [record["page"] for record in records]) == (0, [1, 3])
    assert records[0]["size"] == {"height": 40, "width": 60}
    for command in ("detect", "recognize"):
        out = ocrkit(command, tmp_path / "a.pdf", "--pages", "2", "--json")[1]
        assert json.loads(out)["page"] == 2
    status, _, err = ocrkit("e2e", tmp_path / "a.pdf", "--pages", "3-1")
    assert (status, err.count("expected numbers from 1 and ranges")) == (2, 1)
    status, _, err = ocrkit("e2e", tmp_path / "a.pdf", "--pages", "4")
    assert (status, err.count("has 3 pages, none of which is in 4")) == (1, 1)


def test_detections_of_pages_have_files_of_their_own(ocrkit, tmp_path):
    scan = write(tmp_path / "scan.tif", 10, 20)
    assert ocrkit("detect", scan, "--save", tmp_path / "out")[0] == 0
    expected = ["scan-p1.json", "scan-p1.png", "scan-p2.json", "scan-p2.png"]
    assert below(tmp_path / "out") == expected
    assert read_image(tmp_path / "out" / "scan-p2.png").shape == (80, 120, 3)


def test_pages_and_pictures_that_are_named_like_pages_do_not_meet(ocrkit, tmp_path):
    inputs = [
        write(tmp_path / "a" / "scan-p2.png", 1),
        write(tmp_path / "scan.tif", 10, 20),
        write(tmp_path / "x.tif", 10, 20),
        write(tmp_path / "X-p1.png", 2),
        write(tmp_path / "photo.png", 3),
        write(tmp_path / "photo-p1.png", 4),
    ]
    out = tmp_path / "out"
    assert ocrkit("e2e", *inputs, "--save", out, "-f", "json")[0] == 0
    assert below(out) == [
        *("X-p1-2.json", "photo-p1.json", "photo.json", "scan-2-p1.json", "scan-2-p2.json"),
        *("scan-p2.json", "x-p1.json", "x-p2.json"),
    ]


def test_a_page_never_replaces_an_input(ocrkit, tmp_path):
    scan = write(tmp_path / "scan.tif", 10, 20)
    other = write(tmp_path / "scan-p2.png", 5)
    status, _, err = ocrkit("e2e", other, scan, "--save", tmp_path)
    assert (status, err.count("would replace an input")) == (2, 1)
    (tmp_path / "else").mkdir()
    other = other.rename(tmp_path / "else" / "scan-p2.png")
    status, _, err = ocrkit("e2e", scan, other, "--save", tmp_path / "else")
    assert (status, err.count("would replace an input")) == (2, 1)


def test_a_folder_with_bad_pictures_is_done_to_its_end(ocrkit, tmp_path):
    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder / "a.png", 1)
    write(folder / "deep" / "e.png", 5)
    write(folder / "z.tif", 8, 9)
    (folder / "b.png").touch()
    (folder / "c.jpg").write_text("Dear diary")
    (folder / "d.pdf").write_text("%PDF-1.7 and no more")
    content = (folder / "a.png").read_bytes()
    (folder / "deep" / "f.png").write_bytes(content[: len(content) // 2])
    status, printed, err = ocrkit("e2e", folder, tmp_path / "no", "--save", out, "-f", "json")
    assert (status, printed.count("==>")) == (1, 4)
    assert below(out) == ["a.json", "deep/e.json", "z-p1.json", "z-p2.json"]
    lines = err.splitlines()
    assert [line.startswith("ocrkit: ") for line in lines] == [True] * 5
    for line, name in zip(lines, ("no", "b.png", "c.jpg", "d.pdf", "deep/f.png"), strict=True):
        assert f"/{name}: " in line


def test_a_bad_page_does_not_keep_the_others_from_their_file(ocrkit, tmp_path):
    scan = write(tmp_path / "scan.tif", 10, 20, 30)
    content = scan.read_bytes()
    scan.write_bytes(content[: len(content) - 5000])
    out = tmp_path / "out"
    status, printed, err = ocrkit("e2e", scan, "--save", out, "-f", "txt")
    assert (status, err.count("\n")) == (1, 1)
    assert printed.count("K") == (out / "scan.txt").read_text().count("K") >= 1


def test_what_is_done_is_skipped(ocrkit, tmp_path, looks):
    folder, out = tmp_path / "in", tmp_path / "out"
    write(folder / "a.png", 1)
    write(folder / "b" / "a.png", 2)
    write(folder / "c.tif", 3, 4)
    arguments = ("e2e", folder, "--save", out, "--resume", "-f", "json", "-f", "png")
    assert ocrkit(*arguments)[0] == 0
    assert looks == [1, 2, 3, 4]
    (out / "b" / "a.png").unlink()
    (out / "c-p2.json").unlink()
    status, printed, err = ocrkit(*arguments)
    assert (status, err) == (0, f"skipped 2 pictures, done before in {out}\n")
    assert looks[4:] == [2, 4]
    assert printed.count("==>") == 2
    assert len(below(out)) == 8


def test_if_all_is_done_no_model_is_loaded(ocrkit, photo, tmp_path, monkeypatch):
    arguments = ("detect", photo, "--save", tmp_path / "out", "--resume")
    assert ocrkit(*arguments) == (0, "0,0,120,0,120,80,0,80\t0.9820\n", "")
    monkeypatch.setattr(checkpoint, "load", None)
    status, out, err = ocrkit(*arguments)
    assert (status, out) == (0, "")
    assert err == f"skipped 1 picture, done before in {tmp_path / 'out'}\n"


def test_a_document_is_read_again_if_what_joins_its_pages_is_missing(ocrkit, tmp_path, looks):
    scan, out = write(tmp_path / "c.tif", 3, 4), tmp_path / "out"
    arguments = ("e2e", scan, "--save", out, "--resume", "-f", "json", "-f", "txt")
    assert ocrkit(*arguments)[0] == 0
    (out / "c.txt").unlink()
    assert ocrkit(*arguments)[2] == ""
    assert looks == [3, 4, 3, 4]
    (out / "c-p1.json").unlink()
    assert "skipped 1 picture," in ocrkit(*arguments)[2]
    assert looks[4:] == [3]
    assert (out / "c.txt").read_text().count("K") == 2  # as it was


def test_quiet_prints_errors_alone(ocrkit, photo, tmp_path):
    photo.with_name("bad.png").touch()
    nothing = ["--set", "detector.pixel_threshold=0.99"]
    for more in ([], nothing, ["--resume"]):
        status, out, err = ocrkit("e2e", photo.parent, "-q", "--save", tmp_path / "out", *more)
        assert (status, out) == (1, "")
        assert err == f"ocrkit: {photo.with_name('bad.png')}: is empty (0 bytes)\n"
    assert (tmp_path / "out" / "photo.json").exists()


@pytest.mark.parametrize("option", ["--quiet", "--resume"])
def test_options_that_need_a_folder(ocrkit, photo, option):
    for command in ("e2e", "detect"):
        status, out, err = ocrkit(command, photo, option)
        assert (status, out) == (2, "")
        assert err == f"ocrkit: {option}: goes with --save FOLDER, which is missing\n"


def test_threads(ocrkit, photo, monkeypatch):
    told = []
    monkeypatch.setattr(torch, "set_num_threads", told.append)
    for command in ("e2e", "detect", "recognize"):
        assert ocrkit(command, photo, "--threads", 3)[0] == 0
    assert told == [3, 3, 3]
    assert ocrkit("e2e", photo, "--threads", 0)[0] == 2


def test_settings_from_a_file_give_way_to_options(ocrkit, photo, tmp_path):
    file = tmp_path / "my.yaml"
    file.write_text("spotter: {min_confidence: 0.999}\ndetector:\n  min_side: 3\n")
    given = ("e2e", photo, "--config", file)
    assert ocrkit(*given)[1] == ""
    assert ocrkit(*given, "--set", "spotter.min_confidence=0.5")[1] == "K\n"


@pytest.mark.parametrize(
    ("text", "options", "message"),
    [
        ("detecter: {}", [], "my.yaml: detecter: unknown key; did you mean 'detector'?"),
        (
            "detector: {pixel_treshold: 1}",
            [],
            "my.yaml: detector: pixel_treshold: unknown key; did you mean 'pixel_threshold'?",
        ),
        ("spotter: {margin: wide}", [], "my.yaml: spotter: margin: "),
        ("spotter: 3", [], "my.yaml: spotter: "),
        ("- a", [], "my.yaml: expected a mapping, got list"),
        ("a: [", [], "my.yaml: is not YAML"),
        ("spotter: {margin: 0.1}", ["--set", "spotter.margin=wide"], "ocrkit: spotter: margin: "),
        ("spotter: {margin: 0.1}", ["--device", "abacus"], "ocrkit: device: 'abacus'"),
        ("spotter: {margin: 0.1}", ["--config", "no.yaml"], "no.yaml: no such file"),
    ],
)
def test_files_of_settings_that_are_wrong(ocrkit, photo, tmp_path, text, options, message):
    (tmp_path / "my.yaml").write_text(text)
    status, out, err = ocrkit("e2e", photo, "--config", tmp_path / "my.yaml", *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert message in err


def test_words_and_characters(ocrkit, photo):
    corners = "0,0,120,0,120,80,0,80"
    assert ocrkit("e2e", photo, "--lines")[1] == "K\n"
    assert ocrkit("e2e", photo, "--words")[1] == f"K\t0.9884\t{corners}\n"
    text, confidence, quad = ocrkit("e2e", photo, "--chars")[1].strip().split("\t")
    assert (text, confidence) == ("K", "0.9884")
    np.testing.assert_allclose(
        [float(v) for v in quad.split(",")], [float(v) for v in corners.split(",")], atol=30
    )
    status, _, err = ocrkit("e2e", photo, "--words", "--chars")
    assert (status, err) == (2, "ocrkit: --lines (and -v), --words and --chars: choose one\n")


def test_a_format_is_printed_where_there_is_no_folder(ocrkit, tmp_path):
    scan = write(tmp_path / "scan.tif", 10, 20)
    status, out, err = ocrkit("e2e", scan, "--format", "jsonl")
    assert (status, err) == (0, "")
    assert [json.loads(line)["page"] for line in out.splitlines()] == [1, 2]
    status, out, _ = ocrkit("e2e", scan, "--format", "hocr")
    assert (status, out.count("<html"), out.count("ppageno")) == (0, 1, 2)
    assert "==>" not in out
    status, out, _ = ocrkit("e2e", scan, "--pages", "2", "--format", "json")
    assert json.loads(out)["text"] == "K"


@pytest.mark.parametrize(
    "options", [["pdf"], ["png"], ["txt", "-f", "csv"], ["txt", "--json"], ["dox"]]
)
def test_formats_that_cannot_be_printed(ocrkit, photo, options):
    status, out, err = ocrkit("e2e", photo, "-f", *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "jsonl, txt" in err


def test_every_format_is_written(ocrkit, photo, tmp_path):
    out = tmp_path / "out"
    scan = write(tmp_path / "scan.tif", 10, 20)
    options = [part for name in formats.NAMES for part in ("-f", name)]
    assert ocrkit("e2e", photo, scan, "--save", out, *options)[0] == 0
    expected = []
    for format_ in map(formats.find, formats.NAMES):
        pages = ["scan"] if format_.joins else ["scan-p1", "scan-p2"]
        expected += [name + format_.suffix for name in ("photo", *pages)]
    assert below(out) == sorted(expected)
    assert all((out / name).stat().st_size for name in expected)
    assert (out / "scan.pdf").read_bytes().startswith(b"%PDF-")


def test_pages_that_are_joined_are_not_in_memory_together(tmp_path):
    """Where their pictures are shown they are decoded again, one by one; else they are blank."""
    scan = write(tmp_path / "scan.tif", 10, 20)
    (document,) = find([scan])
    task = _output.Task(None, None, None, None, lambda picture, image, found: (image, found), ())
    seen = [_output._Seen(p, (80, 120), p.number) for p in document.pictures()]
    shown = _output._Sheets(task, seen, blank=False)
    assert [(int(image[0, 0, 0]), found) for image, found in shown] == [(10, 1), (20, 2)]
    blank = _output._Sheets(task, seen, blank=True)
    assert [image.shape for image, _ in blank] == [(80, 120, 3)] * 2
    assert blank[1][0].strides == (0, 0, 0)
    assert [found for _, found in blank[1:]] == [2]


def test_standard_input(detector, recognizer, photo, tmp_path):
    arguments = ["e2e", "-", "--detector", detector, "--recognizer", recognizer, "--json"]
    arguments += ["--save", tmp_path]
    content = photo.read_bytes()
    done = CliRunner().invoke(cli.app, [str(a) for a in arguments], input=content)
    assert (done.exit_code, json.loads(done.stdout)["path"]) == (0, "standard input")
    assert below(tmp_path) == ["in/photo.png", "stdin.json", "stdin.png"]


def test_addresses(ocrkit, photo):
    status, out, err = ocrkit("e2e", photo, "http://me:secret@127.0.0.1:9/a.png")
    assert (status, out) == (1, f"==> {photo} <==\nK\n")
    assert err.startswith("ocrkit: http://127.0.0.1:9/a.png: 127.0.0.1 is 127.0.0.1, of a private")
