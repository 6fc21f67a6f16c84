"""How `ocrkit synth clips` writes: a folder of videos, each with a file of its true tracks."""

import tempfile
from collections.abc import Iterable
from fractions import Fraction
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

from ocrkit.errors import MissingExtraError, OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.synth.clips import Clip

ENCODING = {"preset": "veryfast", "crf": "18"}
"""H.264 that eyes do not tell from what was drawn."""


def check(out: Path) -> None:
    """See that a folder can be made.

    Raises:
        MissingExtraError: PyAV is not installed.
        OutputError: The folder exists.
    """
    _pyav()
    if out.exists():
        raise OutputError(f"{out}: exists already; remove it or choose another name")


def write(out: Path, clips: "Iterable[tuple[str, Clip]]") -> None:
    """Make the folder, with NAME.mp4 and NAME.tracks.json of each clip; all of it or nothing.

    Raises:
        OutputError: Something cannot be written.
    """
    try:
        out.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{out.name}."
        with tempfile.TemporaryDirectory(".part", prefix, out.parent) as part:
            folder = Path(part) / out.name
            folder.mkdir()
            for name, clip in clips:
                _write(folder, name, clip)
            folder.rename(out)
    except OSError as error:
        raise OutputError(f"{out}: cannot be written: {error.strerror or error}") from error


def _write(folder: Path, name: str, clip: "Clip") -> None:
    import numpy as np

    from ocrkit.evaluate.tracks import Track, dump_tracks
    from ocrkit.image import write_text

    video = f"{name}.mp4"
    _encode(folder / video, clip)
    tracks = [
        Track(n, t.text, np.array(t.frames, np.int64), t.quads, t.visible, t.whole)
        for n, t in enumerate(clip.tracks)
    ]
    write_text(folder / f"{name}.tracks.json", dump_tracks(tracks, video))


def _encode(path: Path, clip: "Clip") -> None:
    """Write the frames as H.264."""
    av = _pyav()
    height, width = clip.size
    with av.open(str(path), "w") as container:
        rate = Fraction(clip.fps).limit_denominator(1001)
        stream = container.add_stream("libx264", rate=rate, options=ENCODING)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        for image in clip.frames():
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode())


def _pyav() -> ModuleType:
    try:
        import av
    except ImportError as error:
        message = "writing videos needs an extra: pip install 'ocrkit[video]'"
        raise MissingExtraError(message) from error
    return av
