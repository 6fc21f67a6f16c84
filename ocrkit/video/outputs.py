"""The files about a video: annotated pictures, a line a frame, its tracks, and subtitles."""

import json
import secrets
from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np

from ocrkit.draw import draw_page
from ocrkit.errors import OutputError
from ocrkit.evaluate.tracks import SCHEMA
from ocrkit.types import Page
from ocrkit.video.frames import exact, pyav
from ocrkit.video.link import Seen
from ocrkit.video.subtitles import subtitles
from ocrkit.video.tracks import TextTrack
from ocrkit.video.viewing import Viewing
from ocrkit.video.writer import VideoWriter

SUFFIXES = (".ocr.mp4", ".jsonl", ".tracks.json", ".srt")
"""Of the files about a video."""

MOST_WAITING = 4
"""Frames that wait to be drawn and encoded; whoever brings more waits too."""

Row = Mapping[str, Any]

Boxes = tuple["array[int]", "array[float]"]
"""The frames that a track is in, and for each the eight coordinates of its quad."""


class Outputs:
    """NAME.ocr.mp4, NAME.jsonl, NAME.tracks.json and NAME.srt; used in a `with`, like a file.

    They appear when the `with` ends: all of them, or none if it ends by an error or no frame came.
    Ctrl-C is no error: what has been handled until then is written, and is whole.

    Pictures are drawn and encoded in a thread of their own, while the next frames are read.

    What was seen is kept in a draft meanwhile, because only the whole video tells what its tracks
    say: each line has in the end the text that won.

    Args:
        folder: Made if it is missing.
        name: Of the files, without a suffix.
        viewing: What is written of.

    Raises:
        OutputError: The folder cannot be written to.
    """

    def __init__(self, folder: Path, name: str, viewing: Viewing) -> None:
        self.paths = [folder / (name + suffix) for suffix in SUFFIXES]
        self._viewing = viewing
        self._parts = [folder / f".{secrets.token_hex(8)}.part" for _ in (*SUFFIXES, "draft")]
        self._times: list[Fraction] = []
        with self._explained():
            folder.mkdir(parents=True, exist_ok=True)
            self._draft = self._parts[-1].open("w+", encoding="utf-8")
            start = exact(viewing.window.start)
            self._writer = VideoWriter(self._parts[0], viewing.footage, start)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="ocrkit-video")
        self._waiting: deque[Future[None]] = deque()

    def add(self, seen: Seen) -> None:
        """Write what is seen in a frame.

        Raises:
            OutputError: It, or a frame before it, cannot be written.
        """
        with self._explained():
            self._wait(MOST_WAITING - 1)
            self._waiting.append(self._thread.submit(self._picture, seen))
            self._draft.write(json.dumps(row_of(seen)) + "\n")
        # Of all times the first and the last are needed.
        self._times = [*self._times[:1], seen.frame.time]

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, _: BaseException | None, __: TracebackType | None
    ) -> None:
        interrupted = kind is not None and issubclass(kind, KeyboardInterrupt)
        try:
            if self._times and (kind is None or interrupted):
                with self._explained():
                    self._wait(0)
                    self._finish(interrupted)
        finally:
            self._thread.shutdown(cancel_futures=True)
            self._writer.close()
            self._draft.close()
            for part in self._parts:
                part.unlink(missing_ok=True)

    def _picture(self, seen: Seen) -> None:
        """Draw and encode a frame; runs in the thread."""
        frame = seen.frame
        height, width = frame.image.shape[:2]
        drawn = draw_page(frame.image, Page((height, width), (seen.words,)))
        self._writer.write(drawn, frame.time)

    def _wait(self, most: int) -> None:
        """Until no more than `most` frames wait; what went wrong with the others is raised."""
        while len(self._waiting) > most:
            self._waiting.popleft().result()

    def _finish(self, interrupted: bool) -> None:
        """Write what only the whole video tells, and give all files their names."""
        self._writer.finish(not interrupted and self._viewing.window.end is None)
        tracks = {track.identity: track for track in self._viewing.tracks}
        boxes: dict[int, Boxes] = {identity: (array("q"), array("f")) for identity in tracks}
        lines, table, cues = self._parts[1:4]
        with lines.open("w", encoding="utf-8", newline="\n") as file:
            for row in self._rows():
                for word in row["words"]:
                    if word["track"] in tracks:
                        boxes[word["track"]][0].append(row["frame"])
                        boxes[word["track"]][1].extend(np.ravel(word["quad"]))
                file.write(json.dumps(final(row, tracks), ensure_ascii=False) + "\n")
        with table.open("w", encoding="utf-8", newline="\n") as file:
            file.writelines(_tracks_json(self._viewing.footage.name, tracks, boxes))
        first, last = self._times[0], self._times[-1]
        gap = (last - first) / max(self._viewing.count - 1, 1) or Fraction(1, 25)
        cues.write_text(subtitles(tracks.values(), gap), encoding="utf-8", newline="\n")
        for part, path in zip(self._parts, self.paths, strict=False):
            part.replace(path)

    def _rows(self) -> Iterator[Row]:
        """The draft, from its start; what Ctrl-C cut short is left out."""
        self._draft.seek(0)
        for line in self._draft:
            if line.endswith("\n"):
                yield json.loads(line)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Errors of writing as what they are to the user."""
        try:
            yield
        except (OSError, pyav().FFmpegError) as error:
            reason = getattr(error, "strerror", None) or error
            raise OutputError(f"{self.paths[0]}: cannot be written: {reason}") from error


def row_of(seen: Seen) -> dict[str, Any]:
    """What is seen in a frame as plain values for JSON, with what is not read surely."""
    words = [
        {"track": track, "sure": sure, **word.to_dict()} for track, word, sure in seen.sightings
    ]
    for word in words:
        del word["characters"]
    return {"frame": seen.frame.index, "time": seconds(seen.frame.time), "words": words}


def final(row: Row, tracks: Mapping[int, TextTrack]) -> dict[str, Any]:
    """A row with what its tracks say in the end, without those that were nothing."""
    words = []
    for word in row["words"]:
        track = tracks.get(word["track"])
        if track is not None:
            words.append(
                {
                    "track": track.identity,
                    "text": track.text,
                    "confidence": round(track.confidence, 4),
                    "score": round(track.score, 4),
                    "quad": word["quad"],
                }
            )
    return {**row, "words": words}


def seconds(time: Fraction) -> float:
    """A time for JSON: to the microsecond."""
    return round(float(time), 6)


def _tracks_json(
    video: str, tracks: Mapping[int, TextTrack], boxes: Mapping[int, Boxes]
) -> Iterable[str]:
    """The content of the file of tracks; its form is described in `ocrkit.evaluate.tracks`."""
    head = f'{{"schema": {json.dumps(SCHEMA)}, "video": {json.dumps(video)}, "tracks": ['
    yield head
    for number, (identity, track) in enumerate(tracks.items()):
        frames, corners = boxes[identity]
        quads = np.round(np.array(corners, np.float64).reshape(-1, 4, 2), 2)
        entry = {
            "id": identity,
            "text": track.text,
            "confidence": round(track.confidence, 4),
            "start": seconds(track.first.time),
            "end": seconds(track.last.time),
            "frames": list(frames),
            "quads": quads.tolist(),
        }
        yield ("," if number else "") + "\n" + json.dumps(entry, ensure_ascii=False)
    yield "\n]}\n"
