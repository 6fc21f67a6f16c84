"""Finds the installed typefaces that can draw text, and loads them."""

import contextlib
import functools
import io
import itertools
import json
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
from PIL import ImageFont

from ocrkit.errors import DataError
from ocrkit.text import LATIN94
from ocrkit.types import Floats, Image

FOLDERS = {
    "linux": ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts"),
    "darwin": ("/System/Library/Fonts", "/Library/Fonts", "~/Library/Fonts"),
    "win32": ("C:/Windows/Fonts",),
}
PROBE_SIZE = 24


def find_fonts(
    folders: Iterable[Path | str] | None = None, characters: str = LATIN94
) -> list[Path]:
    """Font files that draw every one of `characters` as a shape of its own, sorted by path.

    Of more than 200 characters 128 are tried, spread over all: `face_for` tells of each text later.
    Looks in `folders`, or in the system's font folders and among the fonts that come with
    matplotlib. Symbol fonts, faces that draw boxes or nothing for a character, and faces with
    capitals that cannot be told apart, are left out.
    What is known of a file is kept in a cache of the user's, so that the next call is quick.

    Raises:
        DataError: No font is usable; the message says how to get some.
    """
    searched = [Path(f).expanduser() for f in (folders or _system_folders())]
    files = {f for folder in searched for f in folder.rglob("*") if f.suffix.lower() in _SUFFIXES}
    usable = _usable(sorted(files), characters)
    if not usable:
        where = ", ".join(map(str, searched))
        raise DataError(
            f"no usable font in {where}: pip install matplotlib, or run tools/install_fonts.sh"
        )
    return usable


@functools.lru_cache(maxsize=4096)
def load_font(path: str, size: int) -> ImageFont.FreeTypeFont:
    """The face in `path` at `size` px per em; cached."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


def as_drawn(text: str, path: str) -> str:
    """What `text` says in the face `path`: in capitals where the face has no small letters."""
    if not _has_capitals_only(path):
        return text
    return "".join(c.upper() if len(c.upper()) == 1 else c for c in text)


def can_draw(text: str, path: str) -> bool:
    """Whether the face has a glyph with ink for each character of `text` but spaces."""
    return all(c.isspace() or _has_glyph(path, c) for c in text)


def face_for(text: str, paths: Iterable[str], most: int = 200) -> str | None:
    """The first face of `paths` that draws `text`; None if none of the first `most` does.

    `paths` may be endless, such as draws from a generator: no more are taken than are looked at.
    """
    drawing = (p for p in itertools.islice(paths, most) if can_draw(as_drawn(text, p), p))
    return next(drawing, None)


@functools.lru_cache(maxsize=500_000)
def _has_glyph(path: str, character: str) -> bool:
    """Whether the face draws something else for a character than for those that it lacks."""
    glyph = _glyph(load_font(path, PROBE_SIZE), character)
    return bool(glyph.strip(b"\0")) and glyph != _missing(path)


@functools.lru_cache(maxsize=4096)
def _missing(path: str) -> bytes:
    """What the face draws for characters that it lacks: mostly a box."""
    return _glyph(load_font(path, PROBE_SIZE), "\uffff")


@functools.lru_cache(maxsize=4096)
def _has_capitals_only(path: str) -> bool:
    """Whether small letters look like the capitals, be they as large or smaller."""
    face = ImageFont.truetype(path, PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
    likeness = [float((_shape(face, c) * _shape(face, c.upper())).mean()) for c in _UNLIKE]
    return sum(likeness) / len(likeness) > 0.8


def _greatest_likeness(face: ImageFont.FreeTypeFont, characters: str) -> float:
    """Of any two of the characters, whatever their sizes: 1 where they are the same shape."""
    shapes = np.stack([_shape(face, c).ravel() for c in characters])
    likeness = shapes @ shapes.T / shapes.shape[1]
    return float(np.triu(likeness, 1).max())


def _shape(face: ImageFont.FreeTypeFont, character: str) -> Floats:
    """(16, 16) float32: the glyph whatever its size, of mean 0 and spread 1."""
    square = cv2.resize(_ink(face, character).pixels, (16, 16), interpolation=cv2.INTER_AREA)
    soft = cv2.GaussianBlur(square.astype(np.float32), (0, 0), 1)
    return np.asarray((soft - soft.mean()) / (soft.std() + 1e-6), np.float32)


_LETTERS = "abcdefghkmnrstxz0123456789"
_CAPITALS = "ABCDEFGHJKLMNPQRSTUVWXYZ"  # I is a stroke in many faces, O a nought
_ALIKE = 0.95  # likeness of two capitals, as of H and K, that nobody can tell apart in a picture
_UNLIKE = "abdefghmnqrt"  # letters whose capitals have another shape
_PROBE = 3  # raised when the rules below change, so that verdicts by the old ones are forgotten
_SUFFIXES = {".ttf", ".otf", ".pfb", ".ttc"}


def _system_folders() -> list[Path]:
    folders = [Path(f) for f in FOLDERS.get(sys.platform, ())]
    spec = find_spec("matplotlib")
    if spec and spec.origin:
        folders.append(Path(spec.origin).parent / "mpl-data" / "fonts" / "ttf")
    return folders


def _usable(files: Sequence[Path], characters: str) -> list[Path]:
    """Those of `files` that draw the characters, as remembered or found out now."""
    store = _cache_file()
    known = _load_cache(store)
    tried = _tried(characters)
    keys = {file: _key(file, tried) for file in files}
    fresh = {key: _draws(str(f), tried) for f, key in keys.items() if key not in known}
    if fresh:
        _save_cache(store, known | fresh)
    verdicts = known | fresh
    return [file for file in files if verdicts[keys[file]]]


def _tried(characters: str) -> str:
    """The characters that a face is tried on: all, or of many some from all their length."""
    if len(characters) <= 200:
        return characters
    return "".join(characters[i * len(characters) // 128] for i in range(128))


def _draws(path: str, characters: str) -> bool:
    """Whether the face has letters that can be told apart and ink for each character."""
    try:
        # Not by its path: Pillow looks for another file of that name if this one is broken.
        data = io.BytesIO(Path(path).read_bytes())
        face = ImageFont.truetype(data, PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
        tofu = _glyph(face, "\uffff")
        shapes = [_glyph(face, c) for c in characters if not c.isspace()]
        letters = {_glyph(face, c) for c in _LETTERS}
        bar, underscore, capital = (_ink(face, c) for c in "|_H")
    except OSError:
        return False
    if not all(s.strip(b"\0") and s != tofu for s in shapes) or len(letters) < len(_LETTERS):
        return False
    # Fonts of symbols, and TeX's with their own encoding, put something else in these places.
    low = underscore.top >= -0.2 * capital.rows
    if not (bar.rows > 1.5 * bar.columns and underscore.columns > underscore.rows and low):
        return False
    return _greatest_likeness(face, _CAPITALS) <= _ALIKE


def _glyph(face: ImageFont.FreeTypeFont, character: str) -> bytes:
    """The glyph's pixels; equal for two characters only where they look the same."""
    mask, _ = face.getmask2(character, mode="L")
    return bytes(mask)


class _Ink(NamedTuple):
    """A glyph's pixels without empty margins, and how far below the baseline they begin (px)."""

    pixels: Image
    top: int

    @property
    def rows(self) -> int:
        return int(self.pixels.shape[0])

    @property
    def columns(self) -> int:
        return int(self.pixels.shape[1])


def _ink(face: ImageFont.FreeTypeFont, character: str) -> _Ink:
    """The glyph of a character; one empty pixel if it has none."""
    mask, (_, top) = face.getmask2(character, mode="L", anchor="ls")
    width, height = mask.size
    pixels = np.frombuffer(bytes(mask), np.uint8).reshape(height, width)
    rows, columns = np.flatnonzero(pixels.any(axis=1)), np.flatnonzero(pixels.any(axis=0))
    if not len(rows):
        return _Ink(np.zeros((1, 1), np.uint8), 0)
    return _Ink(pixels[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], top + int(rows[0]))


def _key(file: Path, characters: str) -> str:
    """Changes with the file's name, time and size, and with what is asked of it."""
    try:
        state = file.stat()
    except OSError:  # a broken link
        return f"{file}|missing|{characters}"
    return f"{_PROBE}|{file}|{state.st_mtime_ns}|{state.st_size}|{characters}"


def _cache_file() -> Path:
    """Where verdicts are kept: the platform's folder for caches, or $XDG_CACHE_HOME."""
    defaults = {"darwin": "~/Library/Caches", "win32": os.environ.get("LOCALAPPDATA", "~")}
    root = os.environ.get("XDG_CACHE_HOME") or defaults.get(sys.platform, "~/.cache")
    return Path(root).expanduser() / "ocrkit" / "fonts.json"


def _load_cache(store: Path) -> dict[str, bool]:
    """The verdicts in `store`; none if it is missing or damaged."""
    try:
        verdicts = json.loads(store.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    if not isinstance(verdicts, dict):
        return {}
    return {str(key): verdict for key, verdict in verdicts.items() if isinstance(verdict, bool)}


def _save_cache(store: Path, verdicts: dict[str, bool]) -> None:
    """Keep the verdicts if that is possible; a cache that cannot be written costs time only."""
    with contextlib.suppress(OSError):
        store.parent.mkdir(parents=True, exist_ok=True)
        temporary = store.with_name(f"{store.name}.{os.getpid()}")
        temporary.write_text(json.dumps(verdicts), encoding="utf-8")
        temporary.replace(store)
