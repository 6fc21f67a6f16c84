"""What `ocrkit synth` writes, that nobody sees it half done, and how it takes arguments."""

import os
import re
import signal
import subprocess
import sys
import time
from itertools import islice
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
from typer.testing import CliRunner

from ocrkit import cli, data
from ocrkit.evaluate.tracks import load_tracks
from ocrkit.image import read_image
from ocrkit.synth.clips import STANDARD, ClipStyle, Named, clip
from ocrkit.synth.fonts import find_fonts
from ocrkit.synth.lines import LineGenerator
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.words import WordGenerator, WordStyle

FACES = Path(mpl.get_data_path()) / "fonts" / "ttf"
FONTS = ["--fonts", str(FACES)]
SMALL = ["--height", "120", "--width", "200"]


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # One folder for all tests here, so that the faces are probed once.
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.getbasetemp() / "synth-cache"))


def run(*arguments: object, status: int = 0) -> str:
    result = CliRunner().invoke(cli.app, ["synth", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def files(folder: Path) -> dict[str, bytes]:
    found = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in found}


def crops(folder: Path) -> data.Dataset:
    return data.build({"name": "crops", "table": folder / "train.tsv"})


def scenes(folder: Path) -> data.Dataset:
    return data.build({"name": "icdar", "images": folder / "images", "labels": folder / "labels"})


def test_words_are_those_of_the_generator(tmp_path: Path) -> None:
    said = run("words", "--out", tmp_path / "a", "-n", 5, "--seed", 3, *FONTS)
    assert re.search(r"^drew 5 words in \d+\.\d s, \S+ a second$", said, re.MULTILINE)
    dataset = crops(tmp_path / "a")
    assert [dataset.name(i) for i in range(len(dataset))] == [
        f"train/word_000000{i}.png" for i in range(5)
    ]
    expected = islice(WordGenerator(fonts=find_fonts([FACES])).stream(3), 5)
    for sample, drawn in zip(dataset, expected, strict=True):
        assert sample.texts == drawn.texts
        assert np.array_equal(sample.image, drawn.image)


@pytest.mark.parametrize("what", ["words", "lines"])
def test_an_lmdb_holds_the_same_as_a_folder(tmp_path: Path, what: str) -> None:
    for name in ("a", "a.lmdb"):
        run(what, "--out", tmp_path / name, "-n", 4, *FONTS)
    folder, lmdb = crops(tmp_path / "a"), data.build({"name": "lmdb", "root": tmp_path / "a.lmdb"})
    assert len(lmdb) == len(folder) == 4
    for one, other in zip(folder, lmdb, strict=True):
        assert one.texts == other.texts
        assert np.array_equal(one.image, other.image)


def test_lines_are_those_of_the_generator(tmp_path: Path) -> None:
    assert "drew 3 lines in " in run("lines", "--out", tmp_path / "a", "-n", 3, *FONTS)
    expected = islice(LineGenerator(fonts=find_fonts([FACES])).stream(0), 3)
    texts = [sample.texts for sample in crops(tmp_path / "a")]
    assert texts == [sample.texts for sample in expected]
    assert all(" " in (text or "") for (text,) in texts)


def test_equal_seeds_write_equal_files(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        run("words", "--out", tmp_path / name, "-n", 2, "--seed", seed, *FONTS)
    a, b, c = (files(tmp_path / name) for name in "abc")
    assert a == b
    assert a["train.tsv"] != c["train.tsv"]


@pytest.mark.parametrize(
    ("workers", "what", "name", "more"),
    [
        (3, "words", "a", ["-n", 9]),
        (2, "lines", "a.lmdb", ["-n", 7]),
        (2, "scenes", "a", ["-n", 4, "--form", "jsonl", *SMALL]),
    ],
)
def test_any_number_of_workers_writes_equal_files(
    tmp_path: Path, workers: int, what: str, name: str, more: list[object]
) -> None:
    written = []
    for number in (1, workers):
        out = tmp_path / str(number) / name
        run(what, "--out", out, "--workers", number, *more, *FONTS)
        written.append(files(out))
    assert len(written[0]) > 1
    assert written[0] == written[1]


def test_scenes_have_whole_numbers_and_marks_for_ignored_words(tmp_path: Path) -> None:
    out = tmp_path / "scenes"
    run("scenes", "--out", out, "-n", 3, *SMALL, *FONTS)
    pictures, labels = (sorted((out / name).iterdir()) for name in ("images", "labels"))
    assert [p.name for p in pictures] == [f"scene_00000{i}.jpg" for i in range(3)]
    assert [p.name for p in labels] == [f"gt_scene_00000{i}.txt" for i in range(3)]
    drawn = islice(SceneGenerator(fonts=find_fonts([FACES]), size=(120, 200)).stream(0), 3)
    for picture, label, sample in zip(pictures, labels, drawn, strict=True):
        image = read_image(picture)
        assert image.shape == (120, 200, 3)
        assert np.abs(image.astype(int) - sample.image).mean() < 12  # less what JPEG changes
        rows = [line.split(",", 8) for line in label.read_text(encoding="utf-8").splitlines()]
        quads = np.array([list(map(int, row[:8])) for row in rows]).reshape(-1, 4, 2)
        assert np.array_equal(quads, np.round(sample.quads))
        words = zip(sample.texts, sample.ignored, strict=True)
        assert [row[8] for row in rows] == ["###" if ignored else text for text, ignored in words]
    assert len(scenes(out)) == 3


def test_jsonl_keeps_outlines_and_the_texts_of_ignored_words(tmp_path: Path) -> None:
    out = tmp_path / "scenes"
    run("scenes", "--out", out, "-n", 3, "--form", "jsonl", "--style", "cylinder=1", *FONTS)
    dataset = data.build({"name": "jsonl", "root": out})
    generator = SceneGenerator(fonts=find_fonts([FACES]), style=SceneStyle()._replace(cylinder=1.0))
    for index in range(3):
        full, labels = generator.detailed(np.random.default_rng((0, index))), dataset.labels(index)
        assert labels.texts == full.sample.texts
        assert labels.ignored.tolist() == full.sample.ignored.tolist()
        for outline, expected in zip(labels.outlines, full.outlines, strict=True):
            assert np.array_equal(outline, expected)


def test_a_sheet_alone(tmp_path: Path) -> None:
    run("words", "--sheet", tmp_path / "words.png", "-n", 7, *FONTS)
    run("lines", "--sheet", tmp_path / "lines.png", "-n", 3, *FONTS)
    run("scenes", "--sheet", tmp_path / "scenes.png", "-n", 1, *FONTS)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["lines.png", "scenes.png", "words.png"]
    for name in ("words", "lines"):
        assert cv2.imread(str(tmp_path / f"{name}.png")).shape[0] == 2 * 52


def test_backgrounds_are_used(tmp_path: Path) -> None:
    """Scenes that are equal but for the photograph they are drawn on differ by its colour."""
    means = {}
    for name, colour in (("red", (255, 0, 0)), ("blue", (0, 0, 255))):
        folder = tmp_path / name
        folder.mkdir()
        image = np.full((90, 160, 3), colour, np.uint8)
        cv2.imwrite(str(folder / "a.png"), cv2.cvtColor(image, cv2.COLOR_RGB2BGR))
        sheet = tmp_path / f"{name}.png"
        run(
            *("scenes", "--sheet", sheet, "-n", 6, "--backgrounds", folder, *FONTS),
            *("--style", "room=0", "--style", "page=0", "--style", "distractors=0"),
        )
        means[name] = read_image(sheet).reshape(-1, 3).mean(axis=0)
    red, _, blue = means["red"] - means["blue"]
    # Most of most scenes is background: 255 apart, less what the camera takes off.
    assert red > 60
    assert blue < -60


def test_effects_can_be_set(tmp_path: Path) -> None:
    out = tmp_path / "out"
    run(*("words", "--out", out, "-n", 6, *FONTS, "--style", "phrases=1", "--style", "tiny=.5"))
    style = WordStyle(phrases=1, tiny=0.5)
    expected = islice(WordGenerator(fonts=find_fonts([FACES]), style=style).stream(0), 6)
    assert [s.texts for s in crops(out)] == [s.texts for s in expected]


@pytest.mark.parametrize(
    ("what", "setting", "message"),
    [
        ("words", "neonn=0", "no effect 'neonn'"),
        ("words", "frame=0", "did you mean 'framed'?"),
        ("scenes", "cylindre=0", "did you mean 'cylinder'?"),
        ("lines", "camera=2", "--style camera: expected a number from 0 to 1, got 2"),
        ("lines", "camera=-0.1", "--style camera: expected a number from 0 to 1, got -0.1"),
        ("lines", "camera=.nan", "--style camera: expected a number from 0 to 1, got nan"),
        ("words", "camera=yes", "--style camera: expected a number from 0 to 1, got True"),
        ("words", "least_contrast=300", "expected a number from 0 to 255, got 300"),
        ("words", "camera", "'camera': expected key=value"),
    ],
)
def test_effects_that_cannot_be_set(tmp_path: Path, what: str, setting: str, message: str) -> None:
    said = run(what, "--out", tmp_path / "a", "--style", setting, *FONTS, status=2)
    assert message in said
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage(tmp_path: Path) -> None:
    assert "nothing to write" in run("words", "-n", 1, status=2)
    out = tmp_path / "out"
    run("words", "--out", out, "-n", 0, status=2)
    run("words", "--out", out, "--workers", 0, status=2)
    run("words", "--out", out, "--backgrounds", tmp_path / "none", status=2)
    assert "no form 'jsonll'; did you mean" in run(
        "scenes", "--form", "jsonll", "--out", out, status=2
    )
    assert "an LMDB holds words" in run("scenes", "--out", tmp_path / "a.lmdb", status=2)
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    assert "exists already" in run("words", "--out", out, "-n", 1, *FONTS, status=2)


@pytest.mark.parametrize("workers", [1, 2])
def test_an_error_is_one_sentence(tmp_path: Path, workers: int) -> None:
    (tmp_path / "empty").mkdir()
    arguments = ["--out", tmp_path / "a", "--backgrounds", tmp_path / "empty"]
    said = run("words", *arguments, "--workers", workers, *FONTS, status=2)
    assert said == f"ocrkit: {tmp_path / 'empty'}: no photographs to use as backgrounds\n"


def started(*arguments: object) -> "subprocess.Popen[str]":
    """The command as a process, in a group of its own as a shell would start it."""
    return subprocess.Popen(
        [sys.executable, "-m", "ocrkit", "synth", *map(str, arguments)],
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def wait_for(table: Path) -> None:
    """Until some rows are written."""
    end = time.monotonic() + 20
    while not table.exists() or table.read_bytes().count(b"\n") < 5:
        assert time.monotonic() < end
        time.sleep(0.005)


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_a_run_that_is_killed_leaves_nothing_and_can_be_taken_up(tmp_path: Path) -> None:
    out, part = tmp_path / "a" / "out", tmp_path / "a" / "out.part"
    arguments = ["words", "--out", out, "-n", 250, "--workers", 2, *FONTS]
    with started(*arguments) as process:
        wait_for(part / "train.tsv")
        process.kill()
        process.communicate(timeout=10)  # which waits for its processes too
    assert not out.exists()
    table = part / "train.tsv"
    rows = table.read_bytes()
    assert rows.count(b"\n") < 250
    # As if the kill had come a little later.
    table.write_bytes(rows + b"train/word_00")
    assert "add --resume to go on" in run(*arguments, status=2)
    assert "was begun with" in run(*arguments, "--resume", "--seed", 1, status=2)
    said = run(*arguments, "--resume", "--workers", 1)
    assert f"drew {250 - rows.count(bytes([10]))} words" in said
    assert not part.exists()
    whole = tmp_path / "b" / "out"
    run("words", "--out", whole, "-n", 250, *FONTS)
    assert files(out) == files(whole)


@pytest.mark.skipif(sys.platform == "win32", reason="signals of another kind")
def test_an_interrupt_ends_it_without_a_traceback(tmp_path: Path) -> None:
    out = tmp_path / "out"
    with started("words", "--out", out, "-n", 10**5, "--workers", 2, *FONTS) as process:
        wait_for(tmp_path / "out.part" / "train.tsv")
        os.killpg(process.pid, signal.SIGINT)
        _, said = process.communicate(timeout=10)
    assert process.returncode == 130
    assert said == ""
    assert not out.exists()


TINY = ["--height", "120", "--width", "200", "--seconds", "0.2"]


def test_clips_are_videos_with_their_true_tracks(tmp_path: Path) -> None:
    av = pytest.importorskip("av")
    out = tmp_path / "clips"
    assert "drew 2 clips in" in run("clips", "--out", out, "-n", 2, "--seed", 4, *TINY, *FONTS)
    assert sorted(files(out)) == [
        f"clip_00000{i}{suffix}" for i in range(2) for suffix in (".mp4", ".tracks.json")
    ]
    for index in range(2):
        rng = np.random.default_rng((4, index))
        style = ClipStyle.random(rng)._replace(size=(120, 200), seconds=0.2)
        drawn = clip(int(rng.integers(2**31)), style, fonts=find_fonts([FACES]))
        tracks = load_tracks(out / f"clip_00000{index}.tracks.json")
        assert [track.text for track in tracks] == [track.text for track in drawn.tracks]
        for one, other in zip(tracks, drawn.tracks, strict=True):
            assert tuple(one.frames) == other.frames
            assert np.abs(one.quads - other.quads).max() < 0.006
            assert one.visible is not None
            assert one.visible.tolist() == other.visible.tolist()
        with av.open(str(out / f"clip_00000{index}.mp4")) as container:
            assert container.streams.video[0].average_rate == 25
            shown = [picture.to_ndarray(format="rgb24") for picture in container.decode(video=0)]
        assert len(shown) == len(drawn) == 5
        for one, other in zip(shown, drawn.frames(), strict=True):
            assert np.abs(one.astype(int) - other).mean() < 8  # less what H.264 changes
    assert [p.name for p in tmp_path.iterdir()] == ["clips"]


def test_the_standard_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")
    short = STANDARD[0].style._replace(seconds=0.08, size=(120, 200))
    monkeypatch.setattr("ocrkit.synth.clips.STANDARD", (Named("pan", 1, short),))
    run("clips", "--out", tmp_path / "a", "--standard", *FONTS)
    assert sorted(files(tmp_path / "a")) == ["pan.mp4", "pan.tracks.json"]


def test_clips_that_fail_leave_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("av")

    def full(path: Path, clip: object) -> None:
        path.write_bytes(b"half a video")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ocrkit.cli._clips._encode", full)
    said = run("clips", "--out", tmp_path / "a", "-n", 1, *TINY, *FONTS, status=2)
    assert "a: cannot be written: No space left on device" in said
    assert list(tmp_path.iterdir()) == []


def test_wrong_usage_of_clips(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "a"
    for more in (["-n", 1], ["--seed", 0], ["--height", 120], ["--seconds", 1]):
        said = run("clips", "--out", out, "--standard", *more, status=2)
        assert "--standard says all" in said
    assert "--height 121: videos have an even one" in run(
        "clips", "--out", out, "--height", 121, status=2
    )
    run("clips", "-n", 1, status=2)
    assert list(tmp_path.iterdir()) == []
    out.mkdir()
    assert "exists already" in run("clips", "--out", out, "-n", 1, status=2)
    monkeypatch.setitem(sys.modules, "av", None)
    said = run("clips", "--out", tmp_path / "b", status=2)
    assert "writing videos needs an extra: pip install 'ocrkit[video]'" in said
