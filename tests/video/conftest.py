"""Tiny videos, made by PyAV, whose frames are told apart by their grey level."""

import struct
from fractions import Fraction

import av
import numpy as np
import pytest

MILLISECOND = Fraction(1, 1000)


def grey(level, size=(48, 64)):
    return np.full((*size, 3), level, np.uint8)


@pytest.fixture
def make_video(tmp_path):
    """Writes a video of given pictures at given milliseconds; with a second of sound if asked."""

    def make(pictures, times, name="in.mp4", sound=None, codec="libx264", **options):
        path = tmp_path / name
        with av.open(str(path), "w") as out:
            height, width = pictures[0].shape[:2]
            stream = out.add_stream(codec, options=options)
            stream.height, stream.width, stream.pix_fmt = height, width, "yuv420p"
            stream.codec_context.time_base = MILLISECOND
            if sound:
                voice = out.add_stream(sound, rate=16000)
                voice.layout = "mono"
            for picture, time in zip(pictures, times, strict=True):
                frame = av.VideoFrame.from_ndarray(picture)
                frame.pts, frame.time_base = time, MILLISECOND
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
            if sound:
                samples = np.random.default_rng(0).integers(-9000, 9000, (1, 16000), np.int16)
                noise = av.AudioFrame.from_ndarray(samples, format="s16", layout="mono")
                noise.sample_rate, noise.pts = 16000, 0
                out.mux(voice.encode(noise))
                out.mux(voice.encode(None))
        return path

    return make


def turn(path):
    """Say in an MP4 file that its pictures are to be shown turned by 90 degrees clockwise."""
    data = bytearray(path.read_bytes())
    start = data.index(b"tkhd") + 44  # the matrix of a header of version 0
    one = 1 << 16
    data[start : start + 36] = struct.pack(">9i", 0, one, 0, -one, 0, 0, 0, 0, 1 << 30)
    path.write_bytes(data)
