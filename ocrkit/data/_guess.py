"""Tells by its files which set lies at a place, where that is beyond doubt."""

from pathlib import Path

from ocrkit.errors import DataError
from ocrkit.files import TextFiles

SCRIPTS = frozenset(
    "Arabic Bangla Chinese Hindi Japanese Korean Latin Mixed None Symbols".split()  # noqa: SIM905
)
"""What MLT's label files have where ICDAR 2015's have the text."""

ENOUGH = 20
"""Label files to look into."""


def guess(path: Path) -> str | None:
    """The name of the set at `path`; None where it may be one of several, or is none.

    `*.jsonl` is `jsonl`, `*.tsv` is `crops`, `*.mdb` is `lmdb`; so are folders that hold
    `labels.jsonl` or `data.mdb`. A folder or zip archive of text files `gt_*.txt` in the form of
    ICDAR 2015 is `icdar`.
    """
    zipped = path.suffix.lower() == ".zip"
    if not path.is_dir() and not zipped:
        suffixes = {".jsonl": "jsonl", ".tsv": "crops", ".mdb": "lmdb"}
        return suffixes.get(path.suffix.lower())
    for name, held in {"lmdb": "data.mdb", "jsonl": "labels.jsonl"}.items():
        if (path / held).is_file():
            return name
    files = TextFiles(path)
    labels = [n for n in files.names if n.startswith("gt_") and n.endswith(".txt")][:ENOUGH]
    return "icdar" if labels and all(_as_icdar_2015(files, name) for name in labels) else None


def _as_icdar_2015(files: TextFiles, name: str) -> bool:
    """Whether each line is eight numbers and a text, and no other set's line could look like it."""
    try:
        rows = [line.split(",", 9) for _, line in files.lines(name)]
        for row in rows:
            list(map(float, row[:8]))
    except (DataError, ValueError):
        return False
    # A script stands before the text, so there are ten fields.
    return all(len(row) >= 8 and not (len(row) == 10 and row[8] in SCRIPTS) for row in rows)
