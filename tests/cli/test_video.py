"""`run_video`, called as `ocrkit e2e --video` calls it."""

import importlib
import json

import av
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from ocrkit import cli
from ocrkit.cli._options import load_reader
from ocrkit.cli._video import Cut, VideoOrder, run_video
from ocrkit.errors import ConfigError


@pytest.fixture
def video(tmp_path):
    path = tmp_path / "in.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=10)
        stream.height, stream.width, stream.pix_fmt = 80, 120, "yuv420p"
        for _ in range(5):
            picture = np.full((80, 120, 3), 200, np.uint8)
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture)))
        out.mux(stream.encode(None))
    return path


@pytest.fixture
def read(detector, recognizer):
    def run(*inputs, settings=(), **order):
        def load(pairs):
            return load_reader(str(detector), str(recognizer), "cpu", None, pairs)

        cut = Cut(**{key: order.pop(key) for key in ("start", "end", "every") if key in order})
        run_video(VideoOrder([str(i) for i in inputs], cut, **order), settings, load)

    return run


@pytest.mark.parametrize(
    ("options", "models"),
    [
        ((), ("textboxespp", "crnn")),
        (("--video",), ("textboxespp", "crnn")),
        (("--video", "--detector", "east"), ("east", "crnn")),
        (("--recognizer", "rare"), ("textboxespp", "rare")),
    ],
)
def test_the_same_models_read_pictures_and_videos(video, monkeypatch, options, models):
    asked = []

    def load(*given, **_):
        asked.append(given[:2])
        raise ConfigError("enough")

    monkeypatch.setattr(importlib.import_module("ocrkit.cli.e2e"), "load_reader", load)
    CliRunner().invoke(cli.app, ["e2e", str(video), *options])
    assert asked == [models]


def test_prints_each_text_with_its_time(read, video, capsys):
    read(video)
    assert capsys.readouterr() == ("0.00\t0.40\tK\n", "")


def test_json_is_a_line_a_frame_and_one_of_tracks(read, video, capsys):
    read(video, as_json=True, every=2)
    *frames, last = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [(f["path"], f["frame"], f["time"]) for f in frames] == [
        (str(video), 0, 0.0), (str(video), 2, 0.2), (str(video), 4, 0.4),
    ]  # fmt: skip
    assert [word["text"] for word in frames[1]["words"]] == ["K"]
    assert [(t["text"], t["frames"]) for t in last["tracks"]] == [("K", 3)]


def test_saves_and_goes_on_after_what_is_no_video(read, video, tmp_path, capsys):
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear diary")
    with pytest.raises(typer.Exit) as stopped:
        read(letter, video, save=tmp_path / "out")
    assert stopped.value.exit_code == 1
    out, err = capsys.readouterr()
    assert out == f"==> {letter} <==\n==> {video} <==\n0.00\t0.40\tK\n"
    assert err.startswith(f"ocrkit: {letter}: cannot be read as a video")
    assert len(list((tmp_path / "out").iterdir())) == 4


def test_videos_of_one_name_do_not_replace_each_other(read, video, tmp_path):
    read(video, video, save=tmp_path / "out", quiet=True)
    assert (tmp_path / "out" / "in-2.srt").exists()


def test_settings_reach_their_block(read, video, capsys):
    read(video, settings=["spotter.min_confidence=0.999"])
    assert capsys.readouterr() == ("", f"{video}: no text found\n")
    with pytest.raises(ConfigError, match=r"video: patience: .*got 0"):
        read(video, settings=["video.patience=0"])
    with pytest.raises(ConfigError, match="video: end: expected more than the start"):
        read(video, start=3, end=2)
