"""Finds the installed typefaces that can draw text, and loads them."""

import contextlib
import functools
import json
import os
import sys
from collections.abc import Iterable, Sequence
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from ocrkit.errors import DataError
from ocrkit.text import LATIN94

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

    Looks in `folders`, or in the system's font folders and among the fonts that come with
    matplotlib. Symbol fonts, and faces that draw boxes or nothing for a character, are left out.
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


_LETTERS = "abcdefghkmnrstxz0123456789"
_SYMBOLS = ("symbol", "dingbat", "ornament")
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
    keys = {file: _key(file, characters) for file in files}
    fresh = {key: _draws(str(f), characters) for f, key in keys.items() if key not in known}
    if fresh:
        _save_cache(store, known | fresh)
    verdicts = known | fresh
    return [file for file in files if verdicts[keys[file]]]


def _draws(path: str, characters: str) -> bool:
    """Whether the face has a distinct glyph for letters and ink for each character."""
    try:
        face = ImageFont.truetype(path, PROBE_SIZE, layout_engine=ImageFont.Layout.BASIC)
        tofu = _glyph(face, "\uffff")
        shapes = [_glyph(face, c) for c in characters if not c.isspace()]
        letters = {_glyph(face, c) for c in _LETTERS}
    except OSError:
        return False
    if any(word in " ".join(filter(None, face.getname())).lower() for word in _SYMBOLS):
        return False
    return all(s.strip(b"\0") and s != tofu for s in shapes) and len(letters) == len(_LETTERS)


def _glyph(face: ImageFont.FreeTypeFont, character: str) -> bytes:
    """The glyph's pixels; equal for two characters only where they look the same."""
    mask, _ = face.getmask2(character, mode="L")
    return bytes(mask)


def _key(file: Path, characters: str) -> str:
    """Changes with the file's name, time and size, and with what is asked of it."""
    try:
        state = file.stat()
    except OSError:  # a broken link
        return f"{file}|missing|{characters}"
    return f"{file}|{state.st_mtime_ns}|{state.st_size}|{characters}"


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
