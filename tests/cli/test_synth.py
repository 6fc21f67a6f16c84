from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from typer.testing import CliRunner

from ocrkit.cli.synth import app

FONTS = ["--fonts", str(Path(mpl.get_data_path()) / "fonts" / "ttf")]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # One folder for all tests here, so that the faces are probed once.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "synth-cache"))


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(app, [str(a) for a in arguments])
    assert result.exit_code == status, result.output
    return result.output


def test_words(tmp_path: Path) -> None:
    run("words", "--out", tmp_path / "a", "-n", 5, "--seed", 3, *FONTS)
    rows = (tmp_path / "a" / "train.tsv").read_text(encoding="utf-8").splitlines()
    assert len(rows) == 5
    for row in rows:
        name, text = row.split("\t")
        assert text
        assert cv2.imread(str(tmp_path / "a" / name)) is not None


def test_equal_seeds_write_equal_files(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run("words", "--out", tmp_path / name, "-n", 2, "--seed", seed, *FONTS)
    files = {
        name: [p.read_bytes() for p in sorted((tmp_path / name).rglob("*")) if p.is_file()]
        for name in "abc"
    }
    assert files["a"] == files["b"] != files["c"]


def test_scenes(tmp_path: Path) -> None:
    run("scenes", "--out", tmp_path, "-n", 2, "--height", 120, "--width", 200, *FONTS)
    pictures = sorted((tmp_path / "images").iterdir())
    labels = sorted((tmp_path / "labels").iterdir())
    assert [p.name for p in pictures] == ["scene_000000.jpg", "scene_000001.jpg"]
    assert [p.name for p in labels] == ["gt_scene_000000.txt", "gt_scene_000001.txt"]
    for picture, label in zip(pictures, labels, strict=True):
        assert cv2.imread(str(picture)).shape == (120, 200, 3)
        for line in label.read_text(encoding="utf-8").splitlines():
            *numbers, text = line.split(",", 8)
            quad = np.array(numbers, int).reshape(4, 2)
            assert quad.min() >= 0
            assert (quad.max(axis=0) <= [200, 120]).all()
            assert text


def test_a_sheet_alone(tmp_path: Path) -> None:
    run("words", "--sheet", tmp_path / "words.png", "-n", 7, *FONTS)
    run("scenes", "--sheet", tmp_path / "scenes.png", "-n", 1, *FONTS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["scenes.png", "words.png"]
    assert cv2.imread(str(tmp_path / "words.png")).shape[0] == 2 * 52


def test_backgrounds_are_used(tmp_path: Path) -> None:
    pictures = tmp_path / "pictures"
    pictures.mkdir()
    cv2.imwrite(str(pictures / "red.png"), np.full((90, 160, 3), (0, 0, 255), np.uint8))
    sheet = tmp_path / "sheet.png"
    run("scenes", "--sheet", sheet, "-n", 4, "--backgrounds", pictures, *FONTS)
    blue, green, red = cv2.imread(str(sheet)).reshape(-1, 3).mean(axis=0)
    assert red > 1.5 * max(blue, green)


def test_wrong_usage(tmp_path: Path) -> None:
    assert "nothing to write" in run("words", "-n", 1, status=2)
    run("words", "--out", tmp_path, "-n", 0, status=2)
    run("words", "--out", tmp_path, "--backgrounds", tmp_path / "none", status=2)
