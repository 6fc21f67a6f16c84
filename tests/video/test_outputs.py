import json

import av
import numpy as np
import pytest

from ocrkit.errors import ConfigError, ImageError, OutputError
from ocrkit.evaluate.tracking import load_tracks
from ocrkit.reader import Reader
from ocrkit.recognize import RecognizerConfig
from ocrkit.spot import TwoStage, WordsConfig
from ocrkit.types import Character, Detections, Reading
from ocrkit.video import Outputs, Window, read_video
from ocrkit.video.viewing import camera_number, name_of
from ocrkit.video.writer import VideoWriter

from .conftest import grey, turn

TIMES = [0, 40, 100, 300, 310, 500]
NAMES = ["in.jsonl", "in.ocr.mp4", "in.srt", "in.tracks.json"]


class Finds:
    def detect(self, image, sideways=True):
        quad = np.array([[[8, 8], [40, 8], [40, 24], [8, 24]]], np.float32)
        return Detections(quad, np.ones(1, np.float32))


class Tells:
    config = RecognizerConfig(name="tells")
    language = None

    def read(self, crops):
        return [Reading("K", 0.9, (Character("K", 0.9, (0, 1)),)) for _ in crops]


def reader():
    return Reader(TwoStage(Finds(), Tells(), WordsConfig()))


@pytest.fixture
def pictures():
    rng = np.random.default_rng(0)
    picture = grey(90, (47, 63))  # odd sides
    picture[8:24, 8:40] = np.kron(rng.integers(0, 255, (4, 8, 1), np.uint8), np.ones((4, 4, 3)))
    return [picture] * 6


@pytest.fixture
def video(make_video, pictures):
    return make_video([np.pad(p, ((0, 1), (0, 1), (0, 0))) for p in pictures], TIMES, sound="aac")


def save(video, folder, stop=None, error=KeyboardInterrupt, **window):
    """Read a video and write what is found, until a frame at which an error is raised."""
    with (
        read_video(video, reader(), window=Window(**window)) as viewing,
        Outputs(folder, "in", viewing) as outputs,
    ):
        for seen in viewing:
            outputs.add(seen)
            if seen.frame.index == stop:
                raise error


def times(path):
    with av.open(str(path)) as container:
        return [round(frame.time * 1000) for frame in container.decode(video=0)]


def sound(path):
    with av.open(str(path)) as container:
        return b"".join(bytes(packet) for packet in container.demux(audio=0))


def test_all_four_files(video, tmp_path):
    save(video, tmp_path / "out")
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == NAMES
    assert times(out / "in.ocr.mp4") == TIMES
    assert sound(out / "in.ocr.mp4") == sound(video) != b""
    rows = [json.loads(line) for line in (out / "in.jsonl").read_text().splitlines()]
    assert [(row["frame"], row["time"]) for row in rows] == [
        (index, time / 1000) for index, time in enumerate(TIMES)
    ]
    (word,) = rows[3]["words"]
    assert (word["track"], word["text"], word["confidence"]) == (0, "K", 0.9)
    (track,) = load_tracks(out / "in.tracks.json")
    assert (track.identity, track.text, track.frames.tolist()) == (0, "K", list(range(6)))
    np.testing.assert_allclose(track.quads[0], [(8, 8), (40, 8), (40, 24), (8, 24)])
    # The last frame comes at 0.5 s and stays for the mean of the gaps, 0.1 s.
    assert (out / "in.srt").read_text() == "1\n00:00:00,000 --> 00:00:00,600\nK\n"


def test_the_picture_is_annotated(video, tmp_path):
    save(video, tmp_path)
    with av.open(str(tmp_path / "in.ocr.mp4")) as container:
        image = next(container.decode(video=0)).to_ndarray(format="rgb24").astype(int)
    edge = image[24, 12:36]  # the lower edge of the quad
    assert (edge[:, 1] - edge[:, 0]).mean() > 40  # is green


def test_ctrl_c_leaves_whole_files_of_what_was_done(video, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        save(video, tmp_path / "out", stop=2)
    out = tmp_path / "out"
    assert sorted(path.name for path in out.iterdir()) == NAMES
    assert times(out / "in.ocr.mp4") == TIMES[:3]
    assert len((out / "in.jsonl").read_text().splitlines()) == 3
    assert load_tracks(out / "in.tracks.json")[0].frames.tolist() == [0, 1, 2]
    assert 0 < len(sound(out / "in.ocr.mp4")) < len(sound(video))


def test_an_error_leaves_nothing(video, tmp_path):
    with pytest.raises(ZeroDivisionError):
        save(video, tmp_path / "out", stop=2, error=ZeroDivisionError)
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("failing", [0, 2, 5])  # the last one fails when all have been handed over
def test_a_disk_that_fills_up_is_said_and_leaves_nothing(video, tmp_path, monkeypatch, failing):
    write, written = VideoWriter.write, []

    def write_some(self, image, time):
        written.append(time)
        if len(written) > failing:
            raise OSError(28, "No space left on device")
        write(self, image, time)

    monkeypatch.setattr(VideoWriter, "write", write_some)
    with pytest.raises(OutputError, match=r"in\.ocr\.mp4: cannot be written: No space left"):
        save(video, tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_a_window_without_frames_leaves_nothing(video, tmp_path):
    with pytest.raises(ImageError, match="no frame at or after 60 seconds"):
        save(video, tmp_path / "out", start=60)
    assert list((tmp_path / "out").iterdir()) == []


def test_a_part_begins_at_zero_and_its_data_keep_the_time(video, tmp_path):
    save(video, tmp_path, start=0.1, end=0.5)
    assert times(tmp_path / "in.ocr.mp4") == [0, 200, 210]
    rows = [json.loads(line) for line in (tmp_path / "in.jsonl").read_text().splitlines()]
    assert [row["time"] for row in rows] == [0.1, 0.3, 0.31]
    assert 0 < len(sound(tmp_path / "in.ocr.mp4")) < len(sound(video))


def test_a_turned_video_is_written_upright(video, tmp_path):
    turn(video)
    save(video, tmp_path)
    with av.open(str(tmp_path / "in.ocr.mp4")) as container:
        frame = next(container.decode(video=0))
        assert (frame.height, frame.width, frame.rotation) == (64, 48, 0)


def test_odd_sides_become_even(make_video, pictures, tmp_path):
    video = make_video(pictures, TIMES, "in.avi", codec="ffv1")
    save(video, tmp_path)
    with av.open(str(tmp_path / "in.ocr.mp4")) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width, stream.pix_fmt) == (48, 64, "yuv420p")


def test_a_folder_that_is_a_file(video, tmp_path):
    (tmp_path / "out").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        save(video, tmp_path / "out")


def test_nothing_is_decoded_any_more_when_it_is_closed(video):
    with read_video(video, reader()) as viewing:
        seen = iter(viewing)
        next(seen)
    assert not viewing._ahead._thread.is_alive()
    with pytest.raises(StopIteration):
        [next(seen) for _ in range(9)]


def test_a_reader_without_a_spotter_reads_no_video(video):
    with pytest.raises(ConfigError, match="a detector and a recognizer"):
        read_video(video, Reader())


def test_names_and_cameras(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert (camera_number("0"), camera_number(1), camera_number("a.mp4")) == (0, 1, None)
    (tmp_path / "7").touch()
    assert camera_number("7") is None
    assert name_of("some/clip.one.mp4") == "clip.one"
    assert name_of("0") == "camera-0"
    assert name_of("rtsp://host:554/live/door.sdp?token=1") == "door"
    assert name_of("udp://@:1234") == "1234"
