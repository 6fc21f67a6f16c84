"""`ocrkit data`: what is printed and written, the exit status, and what is left after a kill."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ocrkit import cli, config, data
from ocrkit.cli.data import SHOWN, _characters
from ocrkit.image import read_image, write_image

QUAD = "10,5,30,5,30,15,10,15"


def run(*arguments):
    """Exit status, stdout and stderr."""
    done = CliRunner().invoke(cli.app, ["data", *map(str, arguments)])
    if done.exception and not isinstance(done.exception, SystemExit):
        raise done.exception
    return done.exit_code, done.stdout, done.stderr


def noise(seed, height=40, width=60):
    return np.random.default_rng(seed).integers(0, 255, (height, width, 3)).astype(np.uint8)


@pytest.fixture
def scenes(tmp_path):
    """Arguments for three scenes of 60 x 40 px, two words each, of which one is ignored."""
    (tmp_path / "labels").mkdir()
    for i in (1, 2, 3):
        write_image(tmp_path / "images" / f"img_{i}.png", noise(i))
        label = tmp_path / "labels" / f"gt_img_{i}.txt"
        label.write_text(f"{QUAD},word {i}\n{QUAD},###\n", encoding="utf-8")
    return [tmp_path / "labels", "--from", "icdar", f"images={tmp_path / 'images'}"]


@pytest.fixture
def table(tmp_path):
    """A table of five crops."""
    rows = []
    for i in range(5):
        write_image(tmp_path / "crops" / f"{i}.png", noise(i, 12, 30))
        rows.append(f"{i}.png\ttext{i}\n")
    path = tmp_path / "crops" / "t.tsv"
    path.write_text("".join(rows), encoding="utf-8")
    return path


def test_a_sound_set(scenes):
    expected = "3 samples, 6 words, 3 of them ignored; no problems\n"
    assert run("check", *scenes) == (0, expected, "")


def test_problems_are_listed_in_order_and_counted_by_kind(scenes, tmp_path):
    (tmp_path / "labels" / "gt_img_1.txt").write_text(f"{QUAD},é\n{QUAD},\n", encoding="utf-8")
    (tmp_path / "labels" / "gt_img_2.txt").write_text(f"{QUAD},a\n1,2,x\n", encoding="utf-8")
    (tmp_path / "images" / "img_3.png").write_bytes(b"no picture")
    status, out, err = run("check", *scenes, "--charset", "latin95", "--workers", 2)
    assert (status, err) == (1, "")
    lines = out.splitlines()
    assert lines[:2] == [
        "out of charset: img_1: word 1 'é': the charset lacks 'é' (U+00E9)",
        "empty text: img_1: word 2 '': the transcription is empty",
    ]
    assert lines[2].startswith(f"unreadable label: {tmp_path / 'labels' / 'gt_img_2.txt'}:2: ")
    assert lines[3].startswith(f"unreadable picture: {tmp_path / 'images' / 'img_3.png'}: ")
    assert lines[4:] == [
        "3 samples, 4 words, 1 of them ignored; 3 with problems",
        "problems:",
        "       1  unreadable label",
        "       1  unreadable picture",
        "       1  empty text",
        "       1  out of charset",
    ]


def test_warnings_leave_the_exit_status_alone(scenes, tmp_path):
    path = tmp_path / "labels" / "gt_img_1.txt"
    path.write_text("10,5,10,15,30,15,30,5,a\n", encoding="utf-8")
    assert run("check", *scenes) == (
        0,
        "counter-clockwise: img_1: word 1 'a': the outline runs counter-clockwise\n"
        "3 samples, 5 words, 2 of them ignored; no problems\n"
        "warnings:\n       1  counter-clockwise\n",
        "",
    )


def test_pictures_are_not_needed_for_labels(scenes, tmp_path):
    for path in (tmp_path / "images").iterdir():
        path.write_bytes(b"")
    assert run("check", *scenes)[0] == 1
    assert run("check", *scenes, "--no-pictures")[0] == 0
    assert run("check", tmp_path / "labels", "--no-pictures")[0] == 0


def test_texts_of_too_many_characters(table):
    assert run("check", table, "--max-length", 5)[0] == 0
    status, out, _ = run("check", table, "--max-length", 4)
    assert status == 1
    assert out.startswith("too long: 0.png: 'text0': has 5 characters, more than 4\n")


def test_a_charset_is_a_name_or_a_file(table, tmp_path):
    (tmp_path / "ours.txt").write_text("text\n01234\n", encoding="utf-8-sig")
    assert run("check", table, "--charset", tmp_path / "ours.txt")[0] == 0
    assert _characters(str(tmp_path / "ours.txt")) == frozenset("tex01234")
    (tmp_path / "ours.txt").write_text("tex01234", encoding="utf-8")
    assert run("check", table, "--charset", tmp_path / "ours.txt")[0] == 0
    (tmp_path / "ours.txt").write_text("tex0123", encoding="utf-8")
    assert run("check", table, "--charset", tmp_path / "ours.txt")[0] == 1
    table.write_text("0.png\ta b\n", encoding="utf-8")
    assert run("check", table, "--charset", "latin95")[0] == 0
    assert run("check", table, "--charset", "latin94")[0] == 1
    status, out, err = run("check", table, "--charset", "latin93")
    assert (status, out) == (2, "")
    assert (
        err
        == "ocrkit: --charset latin93: is neither latin94 nor latin95 nor a text file in UTF-8\n"
    )
    (tmp_path / "ours.txt").write_bytes(b"\xff\xfe\xff")
    assert run("check", table, "--charset", tmp_path / "ours.txt")[0] == 2


@pytest.fixture
def many(tmp_path):
    """A table with more problems of two kinds than are listed, one of a third, and one warning."""
    rows = [f"{i}.png\t\n" for i in range(SHOWN + 3)]
    path = tmp_path / "many.tsv"
    path.write_text("".join([*rows, "x.png\té\n"]), encoding="utf-8")
    return [path, "--charset", "latin94"]


def test_long_lists_are_cut_short_but_not_the_totals(many):
    status, out, _ = run("check", *many)
    lines = out.splitlines()
    assert status == 1
    assert sum(line.startswith("empty text: ") for line in lines) == SHOWN
    assert sum(line.startswith("unreadable picture: ") for line in lines) == SHOWN
    assert sum(line.startswith("out of charset: ") for line in lines) == 1
    assert lines[-3:] == [
        f"      24  unreadable picture  ({SHOWN} listed; --all lists all)",
        f"      23  empty text  ({SHOWN} listed; --all lists all)",
        "       1  out of charset",
    ]


def test_all_problems_on_request(many):
    lines = run("check", *many, "--all")[1].splitlines()
    assert sum(line.startswith("empty text: ") for line in lines) == SHOWN + 3
    assert lines[-2] == "      23  empty text"


def test_just_as_many_problems_as_are_listed(tmp_path):
    path = tmp_path / "t.tsv"
    path.write_text("".join(f"{i}.png\t\n" for i in range(SHOWN)), encoding="utf-8")
    lines = run("check", path, "--no-pictures")[1].splitlines()
    assert len(lines) == SHOWN + 3
    assert lines[-1] == f"      {SHOWN}  empty text"


def test_json(many):
    status, out, _ = run("check", *many, "--json", "--all")
    report = json.loads(out)
    assert status == 1
    listed = report.pop("listed")
    assert report == {
        "samples": 24,
        "words": 24,
        "ignored": 0,
        "flawed": 24,
        "problems": {"unreadable picture": 24, "empty text": 23, "out of charset": 1},
        "warnings": {},
    }
    assert len(listed) == 48
    assert listed[-1] == {
        "sample": "x.png",
        "place": str(many[0].parent / "x.png"),
        "reason": "out of charset",
        "detail": "x.png: 'é': the charset lacks 'é' (U+00E9)",
    }
    assert len(json.loads(run("check", *many, "--json")[1])["listed"]) == 2 * SHOWN + 1


def test_a_sheet_of_scenes_and_one_of_crops(scenes, table, tmp_path):
    assert run("show", *scenes, "-n", 2, "-o", tmp_path / "s.png") == (0, "", "")
    assert run("show", table, "-o", tmp_path / "c.png") == (0, "", "")
    assert read_image(tmp_path / "s.png").shape[1] > read_image(tmp_path / "c.png").shape[1]


def test_samples_that_cannot_be_shown_are_reported_and_the_others_shown(table, tmp_path):
    (table.parent / "1.png").unlink()
    status, out, err = run("show", table, "-o", tmp_path / "c.png")
    assert (status, out) == (1, "")
    assert err == f"ocrkit: {table.parent / '1.png'}: no such file\n"
    assert read_image(tmp_path / "c.png").shape[1] == 4 * 244


def test_without_any_sample_there_is_no_sheet(table, tmp_path):
    for path in table.parent.glob("*.png"):
        path.unlink()
    assert run("show", table, "-o", tmp_path / "c.png")[0] == 1
    assert not (tmp_path / "c.png").exists()


def test_a_sheet_that_cannot_be_written_is_wrong_usage(table, tmp_path):
    status, _, err = run("show", table, "-o", tmp_path / "c.gif")
    assert status == 2
    assert "no picture format has the suffix '.gif'" in err


def test_sets_are_listed_with_what_they_are():
    status, out, _ = run("sets")
    assert status == 0
    lines = dict(line.split(maxsplit=1) for line in out.splitlines())
    assert list(lines) == data.names()
    assert lines["crops"].startswith("Pictures of single words, listed with their texts")


def test_every_set_has_its_line_in_the_documentation():
    page = Path(__file__).parents[2] / "docs" / "datasets" / "index.md"
    lines = re.compile(r"^\| `(\w+)` \| .+ \| \[\w+\]\(\w+\.md(?:#\w+)?\) \|$", re.MULTILINE)
    written = lines.findall(page.read_text(encoding="utf-8"))
    assert sorted(written) == data.names()


def test_the_settings_of_a_set_are_listed():
    status, out, _ = run("sets", "icdar")
    assert status == 0
    lines = out.splitlines()
    assert lines[0].startswith("icdar: Scenes in the form of ICDAR 2015")
    assert "    images=  # folder of pictures; without it, there are only labels" in lines
    assert any(line.startswith("    SRC  # folder of text files") for line in lines)
    assert not any("name=" in line for line in lines)
    assert "did you mean 'icdar'" in run("sets", "icdr")[2]
    assert "    split=train  # which pictures (train, test)\n" in run("sets", "svt")[1]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--from", "icdr"], "--from: no dataset 'icdr'; did you mean 'icdar'? choose from: "),
        (["--from", "icdar", "image=x"], "icdar: image: unknown key; did you mean 'images'?"),
        (["--from", "icdar", "images"], "override 'images': expected key=value"),
        (["--from", "icdar", "images=[1"], "override 'images=[1': is not YAML"),
        (["--from", "icdar", "labels=x"], "labels=x: is said already"),
        (["--from", "icdar", "name=crops"], "name=crops: is said already"),
        (["--from", "icdar", "images=[1]"], "icdar: images: "),
    ],
)
@pytest.mark.parametrize("command", [["check"], ["show", "-o", "sheet.png"]])
def test_wrong_usage(command, scenes, arguments, message):
    status, out, err = run(command[0], scenes[0], *command[1:], *arguments)
    assert (status, out) == (2, "")
    assert err.startswith(f"ocrkit: {message}")


def test_no_workers_and_no_samples_are_wrong_usage(table):
    assert run("check", table, "--workers", 0)[0] == 2
    assert run("show", table, "-n", 0, "-o", "sheet.png")[0] == 2


def test_a_set_that_cannot_be_found_or_told_is_wrong_usage(tmp_path):
    status, _, err = run("check", tmp_path)
    assert status == 2
    assert err.startswith(f"ocrkit: {tmp_path}: name the set that this is (--from NAME); one of: ")
    missing = tmp_path / "no"
    assert run("check", missing) == (2, "", f"ocrkit: {missing}: no such file or folder\n")


def test_settings_are_yaml_and_may_be_nested():
    assert config.settings(["a=1", "b.c=[x, 2]", "b.d=", "e=x=y"]) == {
        "a": 1,
        "b": {"c": ["x", 2], "d": None},
        "e": "x=y",
    }


def contents(folder, name):
    """All that a written set says."""
    dataset = data.load(folder, name)
    return [
        (dataset.name(i), dataset.labels(i).texts, dataset.image(i).tolist())
        for i in range(len(dataset))
    ]


def tree(folder):
    """All files."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_words_of_scenes_become_an_lmdb(scenes, tmp_path):
    out = tmp_path / "out"
    status, said, err = run("convert", *scenes, "--to", "lmdb", "-o", out)
    assert (status, said, err) == (0, f"{out}: 3 words written, 3 ignored\n", "")
    written = contents(out, "lmdb")
    assert [texts for _, texts, _ in written] == [("word 1",), ("word 2",), ("word 3",)]
    assert np.shape(written[0][2]) == (10, 20, 3)
    assert not (tmp_path / "out.part").exists()


def test_scenes_become_icdar_again(scenes, tmp_path):
    out = tmp_path / "out"
    status, said, _ = run("convert", *scenes, "--to", "icdar", "-o", out)
    assert (status, said) == (0, f"{out}: 3 samples written\n")
    assert tree(out / "images") == tree(tmp_path / "images")
    assert tree(out / "labels") == tree(tmp_path / "labels")


def test_crops_or_words_become_jsonl(scenes, table, tmp_path):
    assert run("convert", table, "--to", "jsonl", "-o", tmp_path / "a")[0] == 0
    again = data.load(tmp_path / "a")
    assert [again.labels(i).texts for i in range(5)] == [(f"text{i}",) for i in range(5)]
    assert run("convert", *scenes, "--to", "jsonl", "--words", "-o", tmp_path / "b")[0] == 0
    words = data.load(tmp_path / "b" / "labels.jsonl")
    assert [words.name(i) for i in range(len(words))] == ["img_1_1", "img_2_1", "img_3_1"]


def test_bad_samples_are_reported_and_the_others_converted(table, tmp_path):
    (table.parent / "1.png").unlink()
    table.write_text(table.read_text() + "x.png\t\n")
    out = tmp_path / "out"
    status, said, err = run("convert", table, "--to", "lmdb", "-o", out, "--workers", 2)
    assert status == 1
    assert said == f"{out}: 4 words written, 1 no text, 1 with problems\n"
    assert err == f"ocrkit: {table.parent / '1.png'}: no such file\n"
    assert [texts for _, texts, _ in contents(out, "lmdb")] == [(f"text{i}",) for i in (0, 2, 3, 4)]


def test_wrong_conversions(scenes, table, tmp_path):
    out = tmp_path / "out"
    status, _, err = run("convert", table, "--to", "lmbd", "-o", out)
    assert (status, err) == (
        2,
        "ocrkit: --to: no form 'lmbd'; did you mean 'lmdb'? choose from: icdar, jsonl, lmdb\n",
    )
    status, _, err = run("convert", *scenes, "--to", "icdar", "--words", "-o", out)
    assert (status, err[:17]) == (2, "ocrkit: --words: ")
    out.mkdir()
    status, _, err = run("convert", table, "--to", "lmdb", "-o", out)
    assert status == 2
    assert str(out) in err
    assert list(out.iterdir()) == []
    assert "exists" in run("convert", table, "--to", "lmdb", "-o", ".")[2]


KILLED = """
import os, signal, sys
from ocrkit import cli
from ocrkit.data import writers

class Doomed(writers.FORMS["{form}"]):
    def add(self, *sample):
        if len(self) == 2:
            os.kill(os.getpid(), signal.SIGKILL)
        super().add(*sample)

writers.FORMS["{form}"] = Doomed
writers.BATCH_SAMPLES = 1
cli.app(sys.argv[1:])
"""


@pytest.mark.skipif(sys.platform == "win32", reason="has no SIGKILL")
@pytest.mark.parametrize("form", ["lmdb", "jsonl"])
def test_a_killed_conversion_leaves_nothing_and_can_go_on(table, tmp_path, form):
    whole, out = tmp_path / "whole", tmp_path / "out"
    assert run("convert", table, "--to", form, "-o", whole)[0] == 0
    command = ["data", "convert", str(table), "--to", form, "-o", str(out)]
    code = KILLED.format(form=form)
    killed = subprocess.run([sys.executable, "-c", code, *command], check=False)
    assert killed.returncode == -9
    assert not out.exists()
    status, _, err = run(*command[1:])
    assert (status, out.exists()) == (2, False)
    assert err == f"ocrkit: {out}.part: was begun earlier; add --resume to go on, or delete it\n"
    assert run(*command[1:], "--resume")[0] == 0
    assert not Path(f"{out}.part").exists()
    assert contents_of(out, form) == contents_of(whole, form)


def contents_of(folder, form):
    """Of a database, whose pages may lie in another order, what it says; else the files."""
    return contents(folder, form) if form == "lmdb" else tree(folder)


def test_going_on_with_another_set_is_refused(scenes, table, tmp_path, monkeypatch):
    def full(*_):
        raise OSError("disk full")

    out = tmp_path / "out"
    with monkeypatch.context() as patch:
        patch.setattr("ocrkit.data.convert.encode", full)
        with pytest.raises(OSError, match="disk full"):
            run("convert", *scenes, "--to", "lmdb", "-o", out)
    assert Path(f"{out}.part").exists()
    (tmp_path / "list.txt").write_text("img_1\nimg_2\n")
    again = ["--to", "lmdb", "-o", out, "--resume"]
    shutil.copytree(tmp_path / "labels", tmp_path / "others")
    assert run("convert", tmp_path / "others", *scenes[1:], *again)[0] == 2
    assert run("convert", table, *again)[0] == 2
    assert run("convert", *scenes, f"only={tmp_path / 'list.txt'}", *again)[0] == 2
    assert run("convert", *scenes, *again)[0] == 0
