"""Finding of picture files: what folders and patterns stand for."""

import glob
from collections.abc import Sequence
from pathlib import Path

from ocrkit.errors import ImageError

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jp2", ".jpeg", ".jpg", ".mpo", ".pbm", ".pgm", ".png", ".ppm"),
    *(".tif", ".tiff", ".webp"),
)
"""The names of files that count as pictures in a folder, in lower case."""


def find_images(inputs: Sequence[str | Path]) -> list[Path]:
    """The files that `inputs` name, each once, in the order given; a folder's or pattern's sorted.

    A folder stands for the pictures directly in it, by their suffixes and without hidden files.
    A pattern such as `scans/**/*.png` stands for the files that match.

    Raises:
        ImageError: A file is missing, a folder has no pictures, or a pattern matches nothing.
    """
    return list(dict.fromkeys(path for item in inputs for path in _expand(item)))


def unreadable(path: str | Path, error: OSError | ValueError) -> ImageError:
    """Why a path cannot be opened, in one sentence."""
    if isinstance(error, FileNotFoundError):
        return ImageError(f"{path}: no such file")
    return ImageError(f"{path}: cannot be opened: {getattr(error, 'strerror', None) or error}")


def _expand(item: str | Path) -> list[Path]:
    """The files that one input stands for."""
    path = Path(item)
    try:
        if path.is_dir():
            found = [p for p in path.iterdir() if _is_picture(p)]
            hint = f"no pictures directly in this folder; they end in {' '.join(SUFFIXES)}"
        elif not path.exists() and glob.has_magic(str(item)):
            matches = glob.glob(str(item), recursive=True)  # noqa: PTH207 (Path's refuses absolute ones)
            found = [match for match in map(Path, matches) if match.is_file()]
            hint = "no file matches this pattern"
        else:
            path.stat()
            return [path]
    except (OSError, ValueError) as error:
        raise unreadable(item, error) from error
    if not found:
        raise ImageError(f"{item}: {hint}")
    return sorted(found)


def _is_picture(path: Path) -> bool:
    """Whether a file in a folder is named like a picture, and is not hidden."""
    return path.suffix.lower() in SUFFIXES and path.name[0] != "." and path.is_file()
