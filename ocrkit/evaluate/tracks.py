"""Text tracks: words over time, and the files that they are in.

The same JSON form holds true tracks and found ones:

    {"schema": "ocrkit-tracks/1", "video": "NAME.mp4", "tracks": [
        {"id": 3, "text": "EXIT", "confidence": 0.97, "start": 0.4, "end": 2.6,
         "frames": [10, 11, ...], "quads": [[[x, y], [x, y], [x, y], [x, y]], ...],
         "visible": [true, true, ...], "whole": [false, true, ...]}, ...]}

`frames` counts the video's frames from 0, in ascending order; there is one quad per frame, in
pixels of the frame. Only `id`, `text`, `frames` and `quads` must be there. `confidence`, `start`
and `end` (seconds) are for people and not read; `visible` and `whole` are for true tracks, and all
true if missing.
"""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, Field, FiniteFloat, ValidationError

from ocrkit.errors import DataError
from ocrkit.types import Bools, Floats, check

SCHEMA = "ocrkit-tracks/1"

Indices = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Track:
    """One word over time.

    Attributes:
        identity: A number of its own among the tracks of the video.
        text: What it says.
        frames: (F,) int64, ascending: the frames of the video, from 0, that it is in.
        quads: (F, 4, 2) float32, px of the frame.
        visible: (F,) bool, of true tracks: False where finding the word or not changes nothing;
            None where it is visible in all frames.
        whole: (F,) bool, of true tracks: False where a part of the word cannot be seen, so that
            nobody could say its text; None where it is whole whenever it is visible.
    """

    identity: int
    text: str
    frames: Indices
    quads: Floats
    visible: Bools | None = None
    whole: Bools | None = None

    def __post_init__(self) -> None:
        check("quads", self.quads, (len(self.frames), 4, 2))
        for name, flags in (("visible", self.visible), ("whole", self.whole)):
            if flags is not None:
                check(name, flags, (len(self.frames),))
        if (np.diff(self.frames) <= 0).any():
            raise DataError(f"track {self.identity}: its frames are not in ascending order")

    @property
    def counted(self) -> Bools:
        """(F,) bool, in which of its frames it counts."""
        return np.ones(len(self.frames), bool) if self.visible is None else self.visible

    @property
    def readable(self) -> Bools:
        """(F,) bool, in which of the frames where it counts all of it is to be seen."""
        return self.counted if self.whole is None else self.counted & self.whole


Point = tuple[FiniteFloat, FiniteFloat]


class _Entry(BaseModel, frozen=True):
    """A track in a file."""

    id: int
    text: str
    frames: tuple[Annotated[int, Field(ge=0)], ...]
    quads: tuple[tuple[Point, Point, Point, Point], ...]
    visible: tuple[bool, ...] | None = None
    whole: tuple[bool, ...] | None = None

    def track(self) -> Track:
        """The track.

        Raises:
            DataError: Its frames are not in ascending order.
            ShapeError: It has not one quad, and one of each flag, per frame.
        """
        quads = np.array(self.quads, np.float32).reshape(-1, 4, 2)
        visible, whole = (
            None if flags is None else np.array(flags, bool) for flags in (self.visible, self.whole)
        )
        return Track(self.id, self.text, np.array(self.frames, np.int64), quads, visible, whole)


class _File(BaseModel, frozen=True):
    """A file of tracks."""

    schema_: Annotated[Literal["ocrkit-tracks/1"], Field(alias="schema")]
    tracks: tuple[_Entry, ...]


def load_tracks(path: Path) -> list[Track]:
    """The tracks in a JSON file; its form is described above.

    Raises:
        DataError: The file cannot be read or has another form.
    """
    try:
        entries = _File.model_validate_json(path.read_bytes()).tracks
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) + ": " if problem["loc"] else ""
        raise DataError(f"{path}: {place}{problem['msg']}") from error
    try:
        tracks = [entry.track() for entry in entries]
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    if len({track.identity for track in tracks}) < len(tracks):
        raise DataError(f"{path}: two tracks have the same id")
    return tracks


def dump_tracks(tracks: Iterable[Track], video: str) -> str:
    """The content of a JSON file that `load_tracks` reads; coordinates to 0.01 px.

    Args:
        tracks: One entry per word.
        video: The name of the video's file.
    """
    entries: list[dict[str, Any]] = []
    for track in tracks:
        entries.append(
            {
                "id": track.identity,
                "text": track.text,
                "frames": track.frames.tolist(),
                "quads": np.round(track.quads.astype(np.float64), 2).tolist(),
            }
        )
        for name, flags in (("visible", track.visible), ("whole", track.whole)):
            if flags is not None:
                entries[-1][name] = flags.tolist()
    content = {"schema": SCHEMA, "video": video, "tracks": entries}
    return json.dumps(content, ensure_ascii=False) + "\n"
