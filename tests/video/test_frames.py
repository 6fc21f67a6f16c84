import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from ocrkit import config
from ocrkit.errors import ConfigError, ImageError, MissingExtraError
from ocrkit.video.frames import Recording, Window

from .conftest import grey, turn

TIMES = [0, 40, 100, 300, 310, 500]
LEVELS = [40, 80, 120, 160, 200, 240]


@pytest.fixture
def video(make_video):
    """Six frames at uneven times."""
    return make_video([grey(level) for level in LEVELS], TIMES)


def frames(path, **window):
    with Recording(path) as recording:
        return list(recording.frames(Window(**window)))


def levels(found):
    """Which of the six frames these are."""
    return [int(np.abs(np.array(LEVELS) - frame.image.mean()).argmin()) for frame in found]


def test_times_are_exact_where_frames_come_unevenly(video):
    found = frames(video)
    assert [frame.time for frame in found] == [Fraction(time, 1000) for time in TIMES]
    assert [frame.index for frame in found] == list(range(6))
    assert levels(found) == list(range(6))
    assert found[0].image.shape == (48, 64, 3)


def test_a_window_takes_its_start_and_not_its_end(video):
    found = frames(video, start=0.1, end=0.31)
    assert levels(found) == [2, 3]
    assert [frame.index for frame in found] == [0, 1]  # counted from the window's start
    assert [frame.time for frame in found] == [Fraction(1, 10), Fraction(3, 10)]


def test_every_second_frame(video):
    found = frames(video, every=2)
    assert (levels(found), [frame.index for frame in found]) == ([0, 2, 4], [0, 2, 4])


def test_at_most_ten_frames_a_second(video):
    # Slots of 100 ms begin with the frames at 0, 100, 300 and 500.
    assert levels(frames(video, max_fps=10)) == [0, 2, 3, 5]
    assert levels(frames(video, max_fps=1000)) == list(range(6))


@pytest.mark.parametrize("rate", [24, 30, 60])
def test_a_limit_at_the_videos_own_rate_drops_nothing(rate):
    window = Window(max_fps=rate)
    last = None
    for index in range(200):
        time = Fraction(index, rate)
        assert window.picks(index, time, last)
        last = time


def test_a_window_must_not_be_empty():
    with pytest.raises(ConfigError, match="end: expected more than the start, 5, got 2"):
        config.validate(Window, {"start": 5, "end": 2}, "video")


def test_the_start_is_found_behind_key_frames(make_video):
    pictures = [grey(i) for i in range(100)]
    path = make_video(pictures, [40 * i for i in range(100)], g="30", bf="2")
    found = frames(path, start=2.0)
    assert (found[0].time, found[0].index, len(found)) == (2, 0, 50)


def test_frames_are_turned_as_the_file_says(make_video):
    picture = grey(30)
    picture[:, :32] = (220, 30, 30)
    path = make_video([picture] * 2, [0, 40])
    turn(path)
    image = frames(path)[0].image
    assert image.shape == (64, 48, 3)
    assert image[:30, :, 0].min() > 150  # the left half has come to the top
    assert image[34:, :, 0].max() < 90


def test_damaged_packets_are_survived_and_counted(make_video):
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (48, 64, 3), np.uint8) for _ in range(12)]
    path = make_video(pictures, [40 * i for i in range(12)], "in.avi", codec="mpeg4", g="1")
    with av.open(str(path)) as container:
        places = [packet.pos for packet in container.demux(video=0) if packet.size]
    data = bytearray(path.read_bytes())
    data[places[5] + 8 : places[5] + 400] = bytes(392)
    path.write_bytes(data)
    with Recording(path) as recording:
        found = list(recording.frames(Window()))
        assert recording.damaged >= 1
    assert 11 <= len(found) <= 12
    assert found[-1].time == Fraction(440, 1000)


def test_a_file_cut_short_gives_what_is_there(make_video):
    path = make_video([grey(10 * i) for i in range(20)], [40 * i for i in range(20)], "in.mkv")
    path.write_bytes(path.read_bytes()[:-300])
    assert 0 < len(frames(path)) <= 20


def test_what_is_no_video(tmp_path, make_video):
    letter = tmp_path / "letter.mp4"
    letter.write_text("Dear diary, " * 100)
    with pytest.raises(ImageError, match=r"letter.mp4: cannot be read as a video: Invalid data"):
        Recording(letter)
    with pytest.raises(ImageError, match=r"no.mp4: no such file"):
        Recording(tmp_path / "no.mp4")
    with pytest.raises(ImageError, match="is a folder, not a video"):
        Recording(tmp_path)
    (tmp_path / "empty.mp4").touch()
    with pytest.raises(ImageError, match=r"empty.mp4: cannot be read as a video"):
        Recording(tmp_path / "empty.mp4")


def test_sound_alone_is_no_video(tmp_path):
    path = tmp_path / "song.wav"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000)
        stream.layout = "mono"
        noise = av.AudioFrame.from_ndarray(
            np.zeros((1, 800), np.int16), format="s16", layout="mono"
        )
        noise.sample_rate = 8000
        out.mux(stream.encode(noise))
        out.mux(stream.encode(None))
    with pytest.raises(ImageError, match=r"song.wav: has no video stream"):
        Recording(path)


def test_pyav_may_be_missing(video, monkeypatch):
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'ocrkit\[video\]'"):
        Recording(video)


def test_files_know_their_length(video):
    with Recording(video) as recording:
        assert not recording.live
        assert recording.duration == pytest.approx(0.5, abs=0.2)
        assert recording.sound == video
