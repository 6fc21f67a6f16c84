"""Finding of files: what folders, patterns and paths on the command line stand for."""

import os
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import NamedTuple

from ocrkit.errors import ImageError
from ocrkit.image import SUFFIXES as PICTURE_SUFFIXES
from ocrkit.image import find_images

SUFFIXES = (*PICTURE_SUFFIXES, ".heic", ".heif", ".pdf")
"""The names of files that are read in a folder, in lower case."""


class Found(NamedTuple):
    """A file, or a folder that cannot be searched."""

    path: Path
    place: PurePath
    """Of outputs below their folder, without suffix: `a/1` of the file a/1.jpg in a folder."""
    problem: ImageError | None = None


def find_files(item: str | Path) -> list[Found]:
    """The files that one input stands for, sorted.

    A folder stands for the pictures and documents in it and in the folders below it, by their
    suffixes and without hidden ones. Links are followed, but no folder is gone through twice. A
    pattern such as `scans/**/*.png` stands for the files that match.

    Raises:
        ImageError: A file is missing, a folder has nothing to read, or a pattern matches nothing.
    """
    folder = Path(item)
    if not _is_folder(folder):
        return [Found(path, PurePath(path.stem)) for path in find_images([item])]
    found = list(_walk(folder, folder, set()))
    if not found:
        raise ImageError(f"{item}: no pictures in this folder; they end in {' '.join(SUFFIXES)}")
    return found


def _is_folder(path: Path) -> bool:
    """Whether there is a folder; what cannot be asked for is none, and fails when it is opened."""
    try:
        return path.is_dir()
    except (OSError, ValueError):
        return False


def _walk(folder: Path, top: Path, visited: set[str]) -> Iterator[Found]:
    """The files in a folder and below it, sorted by name."""
    real = os.path.realpath(folder)
    if real in visited:
        return
    visited.add(real)
    try:
        entries = sorted(path for path in folder.iterdir() if path.name[0] != ".")
    except OSError as error:
        problem = ImageError(f"{folder}: cannot be opened: {error.strerror or error}")
        yield Found(folder, PurePath(), problem)
        return
    for path in entries:
        if path.is_dir():
            yield from _walk(path, top, visited)
        elif path.suffix.lower() in SUFFIXES and path.is_file():
            yield Found(path, path.relative_to(top).with_suffix(""))
