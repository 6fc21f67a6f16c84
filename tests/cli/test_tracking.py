"""`ocrkit evaluate tracking`: files, folders, what is printed, and what is refused."""

import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from ocrkit import cli
from ocrkit.evaluate.tracks import Track, dump_tracks

QUAD = np.array([[10, 10], [60, 10], [60, 30], [10, 30]], np.float32)


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(cli.app, ["evaluate", "tracking", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def write(path: Path, frames: int, text: str = "Exit", visible: bool = True) -> Path:
    path.parent.mkdir(exist_ok=True)
    flags = np.full(frames, visible)
    track = Track(1, text, np.arange(frames), np.repeat(QUAD[None], frames, axis=0), flags)
    path.write_text(dump_tracks([track], "a.mp4"), encoding="utf-8")
    return path


def test_two_files(tmp_path: Path) -> None:
    truth = write(tmp_path / "a.tracks.json", 10)
    found = write(tmp_path / "found.json", 8, "exit")
    said = run("--gt", truth, "--results", found)
    rows = [line for line in said.splitlines() if line[:1] == "│"]
    assert len(rows) == 1
    assert rows[0].replace("│", " ").split() == [
        *("a", "0.800", "1.000", "0.889", "1.000", "0", "2", "0")
    ]
    told = json.loads(run("--gt", truth, "--results", found, "--json"))
    assert told["iou"] == 0.5
    assert told["videos"]["a"]["mota"] == pytest.approx(0.8)
    assert told["videos"]["a"]["boxes"] == 10


def test_two_folders(tmp_path: Path) -> None:
    for name, frames, found in (("a", 10, 5), ("b", 30, 30)):
        write(tmp_path / "gt" / f"{name}.tracks.json", frames)
        write(tmp_path / "out" / f"{name}.tracks.json", found)
    said = run("--gt", tmp_path / "gt", "--results", tmp_path / "out")
    rows = [line.strip("│").split("│") for line in said.splitlines() if line[:1] == "│"]
    shown = {row[0].strip(): float(row[1]) for row in rows if row[1].strip()[:1].isdigit()}
    assert shown == {"a": 0.5, "b": 1.0, "all": 0.875}


def test_the_threshold(tmp_path: Path) -> None:
    truth = write(tmp_path / "a.tracks.json", 6)
    moved = Track(1, "Exit", np.arange(6), np.repeat(QUAD[None] + np.float32([10, 0]), 6, axis=0))
    found = tmp_path / "b.json"
    found.write_text(dump_tracks([moved], "a.mp4"))
    for iou, mota in ((0.5, 1), (0.66, 1), (0.67, -1)):  # 40 of 60 px
        told = json.loads(run("--gt", truth, "--results", found, "--iou", iou, "--json"))
        assert told["videos"]["a"]["mota"] == mota


def test_what_is_refused(tmp_path: Path) -> None:
    truth = write(tmp_path / "gt" / "a.tracks.json", 6)
    said = run("--gt", truth, "--results", tmp_path / "none.json", status=2)
    assert "none.json: cannot be read: No such file" in said
    assert "give two files or two folders" in run(
        "--gt", truth.parent, "--results", truth, status=2
    )
    (tmp_path / "empty").mkdir()
    said = run("--gt", tmp_path / "empty", "--results", truth.parent, status=2)
    assert "no files in it that end in .tracks.json" in said
    hidden = write(tmp_path / "hidden.tracks.json", 6, visible=False)
    said = run("--gt", hidden, "--results", hidden, status=2)
    assert "no word in it is visible in any frame: nothing to score" in said
