"""How `ocrkit evaluate` shows scores: a table, JSON, and a page."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import typer

from ocrkit.cli._output import say, writable_folder
from ocrkit.cli._readings import Told
from ocrkit.cli._scoring import Findings, GroundTruth, picture_of

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from rich.table import Table

    from ocrkit.data import Dataset
    from ocrkit.evaluate.calibration import Calibration
    from ocrkit.evaluate.evaluation import Evaluation
    from ocrkit.evaluate.recognition import RecognitionResult

NAME_WIDTH, COLUMN_WIDTH = 26, 18
"""Characters of a table's columns, by which it is decided how many stand side by side."""


class Output(NamedTuple):
    """What is wanted."""

    task: str
    as_json: bool
    page: Path | None

    @classmethod
    def planned(cls, task: str, as_json: bool, page: Path | None) -> "Output":
        """The output, if it can be written: this is found out before the work begins.

        Raises:
            OutputError: The folder of the page cannot be written to.
            typer.BadParameter: The page has the name of something else.
        """
        if page is not None:
            if page.suffix.lower() not in (".html", ".htm"):
                raise typer.BadParameter(f"--report {page}: a page's name ends in .html")
            writable_folder(page.parent)
        return cls(task, as_json, page)

    def scenes(
        self,
        truth: GroundTruth,
        dataset: "Dataset",
        findings: Findings,
        evaluations: "Sequence[Evaluation]",
    ) -> None:
        """Show the scores of what was found in pictures."""
        from ocrkit.evaluate.evaluation import TUNED

        notes = list(findings.notes)
        if any(evaluation.tuned for evaluation in evaluations):
            notes.insert(
                0, f"the threshold was {TUNED}: the figures flatter, and compare with no others"
            )
        self._print(truth, findings.source, [e.to_dict() for e in evaluations], notes)
        if self.page is not None:
            from ocrkit.evaluate.report import scenes_page
            from ocrkit.image import write_text

            title = f"{self.task}: {findings.source}"
            page = scenes_page(
                title,
                _described(truth),
                evaluations,
                notes,
                picture_of(dataset),
                reading=self.task == "Spotting",
            )
            write_text(self.page, page)

    def crops(
        self,
        truth: GroundTruth,
        dataset: "Dataset",
        samples: Sequence[int],
        told: Told,
        results: "Sequence[RecognitionResult]",
        calibrations: "Sequence[Calibration]",
    ) -> None:
        """Show the scores of readings of crops; there are no calibrations, or one per result."""
        shown = [result.to_dict() for result in results]
        for figures, calibration in zip(shown, calibrations, strict=False):
            figures.update(calibration.to_dict())
        self._print(truth, told.source, shown, told.notes)
        if self.page is not None:
            from ocrkit.evaluate.report import crops_page
            from ocrkit.image import write_text

            title = f"{self.task}: {told.source}"
            names = [dataset.name(i) for i in samples]
            page = crops_page(
                title,
                _described(truth),
                names,
                results,
                told.notes,
                picture_of(dataset),
                calibrations,
            )
            write_text(self.page, page)

    def _print(
        self,
        truth: GroundTruth,
        source: str,
        results: Sequence[dict[str, Any]],
        notes: Sequence[str],
    ) -> None:
        """JSON, or a table with a column for each result; notes go to stderr, too."""
        for note in notes:
            say(f"ocrkit: {note}", sys.stderr)
        if self.as_json:
            where = {"set": truth.set, "path": str(truth.source)}
            report = {"source": source, "ground_truth": where, "notes": notes, "results": results}
            typer.echo(json.dumps(report, indent=2, ensure_ascii=False))
            return
        from rich.console import Console

        console = Console()
        columns = max(1, (console.width - NAME_WIDTH) // COLUMN_WIDTH)
        for start in range(0, len(results), columns):
            console.print(_table(truth, source, results[start : start + columns]))


def _table(truth: GroundTruth, source: str, results: Sequence[dict[str, Any]]) -> "Table":
    """Figures and settings, with a column for each result."""
    from rich.markup import escape
    from rich.table import Table

    from ocrkit.evaluate._rows import rows

    table = Table(title=escape(f"{source}, scored on {_described(truth)}"), show_header=False)
    settings = False
    # A list, as the bins of a calibration are, has no place in a column: JSON and the page show it.
    columns = [{k: v for k, v in r.items() if not isinstance(v, list)} for r in results]
    for row in rows(columns):
        if row.setting and not settings:
            table.add_section()
        settings = row.setting
        table.add_row(row.name, *map(escape, row.values))
    return table


def _described(truth: GroundTruth) -> str:
    return f"{truth.source} ({truth.set})"
