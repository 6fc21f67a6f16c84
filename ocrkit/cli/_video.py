"""`ocrkit e2e --video`: reads the words in videos, from files, streams and cameras."""

import json
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import typer

from ocrkit.cli._options import parse_settings
from ocrkit.cli._output import report, say, writable_folder
from ocrkit.cli._progress import progress
from ocrkit.errors import ImageError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.reader import Reader
    from ocrkit.video import Seen, VideoConfig, Viewing, Window

Video = Annotated[
    bool,
    typer.Option(
        "--video",
        help="INPUTS are videos: files, addresses such as rtsp://host/live, or numbers of cameras "
        "(0 is the first). --save writes NAME.ocr.mp4, NAME.jsonl, NAME.tracks.json and NAME.srt. "
        "Ctrl-C ends in good order.",
    ),
]
Start = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS", help="Of a video, where to start. Default: 0.", show_default=False
    ),
]
End = Annotated[
    float | None,
    typer.Option(
        metavar="SECONDS",
        help="Of a video, where to stop. Default: where it ends.",
        show_default=False,
    ),
]
Every = Annotated[
    int | None,
    typer.Option(
        metavar="N", help="Of a video, read only every Nth frame. Default: all.", show_default=False
    ),
]
MaxFps = Annotated[
    float | None,
    typer.Option(
        metavar="F",
        help="Of a video, read at most F frames a second. Default: all.",
        show_default=False,
    ),
]


class Cut(NamedTuple):
    """Which part of a video is wanted, as the options say; None where they say nothing."""

    start: float | None = None
    end: float | None = None
    every: int | None = None
    max_fps: float | None = None

    def window(self) -> "Window":
        """The same, checked.

        Raises:
            ConfigError: A value makes no sense.
        """
        from ocrkit import config
        from ocrkit.video import Window

        given = {key: value for key, value in self._asdict().items() if value is not None}
        return config.validate(Window, given, "video")


class VideoOrder(NamedTuple):
    """What the user wants done with which videos."""

    inputs: Sequence[str]
    cut: Cut
    save: Path | None = None
    as_json: bool = False
    quiet: bool = False


def run_video(
    order: VideoOrder, settings: Sequence[str], load: "Callable[[list[str]], Reader]"
) -> None:
    """Read each video, print what is in it and, if there is a folder for it, write it.

    Args:
        order: What is wanted.
        settings: Pairs such as `video.memory=3`; those of other blocks go to `load`.
        load: Makes a reader of such pairs.

    Raises:
        ConfigError: A setting or an option is wrong.
        OutputError: The folder cannot be written to; this is found out before the work begins.
        MissingExtraError: PyAV is not installed.
        typer.Exit: Some inputs failed.
    """
    import cv2

    from ocrkit import config
    from ocrkit.video import SETTINGS, VideoConfig

    cv2.setNumThreads(1)  # its tasks are short here, and others have use for the cores meanwhile
    parse_settings(settings)
    own = [pair for pair in settings if pair.startswith("video.")]
    values = config.validate(VideoConfig, parse_settings(own).get("video", {}), "video")
    window = order.cut.window()
    if order.save is not None:
        writable_folder(order.save)
    others = [pair for pair in settings if pair not in own]
    own_defaults = (
        f"{block}.{key}={value}"
        for block, usual in SETTINGS.items()
        for key, value in usual.items()
    )
    reader = load([*own_defaults, *others])
    failures = []
    for source, name in zip(order.inputs, _names(order.inputs), strict=True):
        if len(order.inputs) > 1 and not order.as_json and not order.quiet:
            say(f"==> {source} <==")
        try:
            _read(source, name, order, reader, values, window)
        except ImageError as error:
            failures.append(error)
    report(failures)


def _read(
    source: str,
    name: str,
    order: VideoOrder,
    reader: "Reader",
    values: "VideoConfig",
    window: "Window",
) -> None:
    """One video."""
    from contextlib import ExitStack

    from ocrkit.video import Outputs, read_video

    with ExitStack() as stack:
        viewing = stack.enter_context(read_video(source, reader, values, window))
        # Whatever ends the work, Ctrl-C above all: what was read is told.
        stack.callback(_tell, source, viewing, order)
        files = order.save and stack.enter_context(Outputs(order.save, name, viewing))
        frames: Iterator[Seen] = iter(viewing)
        if not order.quiet:
            frames = progress(frames, "reading", viewing.expected)
        for seen in frames:
            if files:
                files.add(seen)
            if order.as_json and not order.quiet:
                _print_frame(source, seen)


def _print_frame(source: str, seen: "Seen") -> None:
    """What is known of a frame when it is seen, as a line of JSON."""
    from ocrkit.video.outputs import row_of

    row = row_of(seen)
    words = [word for word in row["words"] if word.pop("sure")]
    say(json.dumps({"path": source, **row, "words": words}))


def _tell(source: str, viewing: "Viewing", order: VideoOrder) -> None:
    """The texts of a video, with the seconds between which each was seen; and what went wrong."""
    if order.as_json and not order.quiet:
        say(json.dumps({"path": source, "tracks": [_entry(track) for track in viewing.tracks]}))
    elif not order.quiet:
        for track in viewing.tracks:
            say(f"{float(track.first.time):.2f}\t{float(track.last.time):.2f}\t{track.text}")
        if viewing.count and not viewing.tracks:
            say(f"{source}: no text found", sys.stderr)
    if viewing.footage.damaged:
        say(f"{source}: {viewing.footage.damaged} packets or frames are damaged", sys.stderr)
    if viewing.footage.dropped:
        dropped = f"{viewing.footage.dropped} frames came too fast and were dropped"
        say(f"{source}: {dropped}; {viewing.count} were read", sys.stderr)


def _entry(track: Any) -> dict[str, Any]:
    """A track for JSON."""
    return {
        "track": track.identity,
        "text": track.text,
        "confidence": round(track.confidence, 4),
        "start": round(float(track.first.time), 6),
        "end": round(float(track.last.time), 6),
        "frames": track.frames,
    }


def _names(sources: Sequence[str]) -> list[str]:
    """What the files about each video are called; a second `clip` is `clip-2`."""
    from ocrkit.video.viewing import name_of

    taken: set[str] = set()
    names = []
    for source in sources:
        first = name = name_of(source)
        count = 1
        while name.casefold() in taken:
            count += 1
            name = f"{first}-{count}"
        taken.add(name.casefold())
        names.append(name)
    return names
