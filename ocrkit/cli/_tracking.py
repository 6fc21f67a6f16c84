"""`ocrkit evaluate tracking`: which files belong together, and the table."""

from pathlib import Path
from typing import TYPE_CHECKING

from ocrkit.errors import DataError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.evaluate.tracking import TrackingResult

SUFFIX = ".tracks.json"
COLUMNS = ("mota", "motp", "idf1", "text accuracy", "switches", "misses", "false positives")


def scored(truth: Path, results: Path, iou: float) -> "dict[str, TrackingResult]":
    """The score of each video, by its name.

    Args:
        truth: A file of true tracks, or a folder of NAME.tracks.json.
        results: A file of found tracks, or a folder with files of the same names.
        iou: Quads can be matched if their IoU is this great, or greater.

    Raises:
        DataError: A file is missing or malformed, there is nothing to find, or one of the two is a
            file and the other a folder.
    """
    from ocrkit.evaluate.tracking import score
    from ocrkit.evaluate.tracks import load_tracks

    scores = {
        true.name.removesuffix(SUFFIX): score(load_tracks(true), load_tracks(found), iou)
        for true, found in _pairs(truth, results)
    }
    if not any(result.boxes for result in scores.values()):
        raise DataError(f"{truth}: no word in it is visible in any frame: nothing to score")
    return scores


def show(scores: "dict[str, TrackingResult]") -> None:
    """A table on stdout: a row for each video and, where there are several, one for all."""
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table

    from ocrkit.evaluate.tracking import TrackingResult

    table = Table("video", *COLUMNS)
    total = {"all": TrackingResult.total(scores.values())} if len(scores) > 1 else {}
    for name, result in {**scores, **total}.items():
        figures = (getattr(result, column.replace(" ", "_")) for column in COLUMNS)
        shown = (f"{value:.3f}" if isinstance(value, float) else str(value) for value in figures)
        table.add_row(escape(name), *shown)
    Console().print(table)


def _pairs(truth: Path, results: Path) -> list[tuple[Path, Path]]:
    if truth.is_dir() != results.is_dir() and truth.exists() and results.exists():
        raise DataError(f"{truth}, {results}: give two files or two folders")
    if not truth.is_dir():
        return [(truth, results)]
    files = sorted(truth.glob(f"*{SUFFIX}"))
    if not files:
        raise DataError(f"{truth}: no files in it that end in {SUFFIX}")
    return [(file, results / file.name) for file in files]
