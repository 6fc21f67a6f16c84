"""`ocrkit data`: looks at datasets, checks them, and writes them in another form."""

import json
import sys
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args, get_origin

import typer

from ocrkit.cli._output import say
from ocrkit.cli._progress import progress
from ocrkit.errors import ConfigError, DataError, ImageError, OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.data import Dataset
    from ocrkit.data.check import Checked, Problem, Reason
    from ocrkit.data.writers import Writer

app = typer.Typer(
    help="Check datasets, look at them, and write them in another form.", no_args_is_help=True
)

Source = Annotated[
    Path, typer.Argument(metavar="SRC", help="Where the set lies: a folder, or a file.")
]
Settings = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Settings of the set, such as split=test; `ocrkit data sets NAME` lists them.",
        show_default=False,
    ),
]
Name = Annotated[
    str | None,
    typer.Option(
        "--from",
        metavar="NAME",
        help="Which set it is: see `ocrkit data sets`. Where the files leave no doubt, they say.",
        show_default=False,
    ),
]
Workers = Annotated[
    int | None,
    typer.Option(min=1, help="Threads that read.", show_default="one per processor"),
]

SHOWN = 20
"""Problems of one kind that are printed."""

EXIT_STATUS = """
Exit status: 0 if all is well; 1 if there is a problem with a sample; 2 for wrong usage, or if there
is no such set at SRC.
"""


@app.command(epilog=EXIT_STATUS)
def check(
    source: Source,
    settings: Settings = None,
    name: Name = None,
    charset: Annotated[
        str | None,
        typer.Option(
            help="Report other characters in texts: latin94 (printable ASCII), latin95 (and the "
            "space), or a text file of characters.",
            show_default=False,
        ),
    ] = None,
    max_length: Annotated[
        int | None,
        typer.Option(min=1, help="Report texts of more characters.", show_default=False),
    ] = None,
    no_pictures: Annotated[
        bool, typer.Option("--no-pictures", help="Check the labels alone.")
    ] = False,
    workers: Workers = None,
    everything: Annotated[
        bool, typer.Option("--all", help=f"List all problems, not {SHOWN} of a kind.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Report what cannot be read, is empty, or lies where no text can be; with totals.

    Pictures are decoded to the end. Warnings, of outlines that run counter-clockwise or reach
    beyond the picture's edge, leave the exit status at 0.
    """
    from ocrkit.data.check import Rules
    from ocrkit.data.check import check as look

    dataset = _load(source, name, settings)
    rules = Rules(_characters(charset), max_length, not no_pictures)
    tally = _Tally(None if everything else SHOWN)
    for checked in progress(look(dataset, rules, workers), "checking", len(dataset)):
        for problem in tally.add(checked):
            if not as_json:
                say(f"{problem.reason}: {problem.detail}")
    text = json.dumps(tally.to_dict(), indent=2, ensure_ascii=False) if as_json else tally.text
    typer.echo(text)
    raise typer.Exit(1 if tally.flawed else 0)


@app.command()
def show(
    source: Source,
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Picture to draw the sheet in, such as sheet.png")
    ],
    settings: Settings = None,
    name: Name = None,
    number: Annotated[
        int, typer.Option("--number", "-n", min=1, max=1000, help="How many samples.")
    ] = 24,
) -> None:
    """Draw samples with their ground truth on a contact sheet, evenly spread over the set.

    Outlines are green with a red dot where the text starts; ignored words are grey.
    """
    from ocrkit.data.contact import sheet, spread, thumbnail
    from ocrkit.image import write_image

    dataset = _load(source, name, settings)
    shown, failures = [], 0
    for index in progress(spread(len(dataset), number), "drawing"):
        try:
            shown.append(thumbnail(dataset, index))
        except (ImageError, DataError) as error:
            failures += 1
            say(f"ocrkit: {error}", sys.stderr)
    if shown:
        write_image(output, sheet(shown))
    raise typer.Exit(1 if failures else 0)


@app.command(epilog=EXIT_STATUS)
def convert(
    source: Source,
    form: Annotated[
        str,
        typer.Option(
            "--to", metavar="FORM", help="lmdb (words), jsonl (scenes or words) or icdar (scenes)."
        ),
    ],
    output: Annotated[
        Path, typer.Option("--output", "-o", help="Folder to make; it may not exist yet.")
    ],
    settings: Settings = None,
    name: Name = None,
    words: Annotated[
        bool,
        typer.Option("--words", help="Cut the words out of scenes, as --to lmdb does anyway."),
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on where an earlier run was stopped.")
    ] = False,
    workers: Workers = None,
) -> None:
    """Write a set in another form; the folder appears when it is complete.

    Samples that cannot be read are reported, and the others are converted. Of words, those that are
    ignored or have no text are left out.
    """
    from ocrkit import data
    from ocrkit.data.convert import convert as write

    dataset = _load(source, name, settings)
    words = words or form == "lmdb"
    told = [str(source.resolve()), f"--from {name or data.guess(source)}", *sorted(settings or ())]
    skipped: Counter[str] = Counter()
    problems = 0
    with _writer(form, output, " ".join([*told, *["--words"] * words]), words, resume) as writer:
        results = write(dataset, writer, words=words, workers=workers)
        for result in progress(results, "converting", len(dataset)):
            skipped += result.skipped
            problems += len(result.problems)
            for problem in result.problems:
                say(f"ocrkit: {problem}", sys.stderr)
        kind = "words" if words else "samples"
        counts = [f"{len(writer)} {kind} written"]
    counts += [f"{count} {reason}" for reason, count in sorted(skipped.items())]
    counts += [f"{problems} with problems"] * bool(problems)
    typer.echo(f"{output}: {', '.join(counts)}")
    raise typer.Exit(1 if problems else 0)


@app.command("sets")
def list_sets(
    name: Annotated[
        str | None, typer.Argument(help="Show the settings of this one.", show_default=False)
    ] = None,
) -> None:
    """List the sets that can be read, or the settings of one."""
    from ocrkit import data

    if name is None:
        known = data.names()
        width = max(map(len, known))
        typer.echo("\n".join(f"{each:<{width}}  {_title(each)}" for each in known))
        return
    found = data.find(name, "data")
    lines = [f"{name}: {_title(name)}"]
    for key, field in found.Config.model_fields.items():
        if key != "name":
            role = "SRC" if key == found.source else f"{key}={_default(field)}"
            lines.append(f"    {role}  # {field.description or ''}{_choices(field)}")
    typer.echo("\n".join(lines))


def _load(source: Path, name: str | None, settings: list[str] | None) -> "Dataset":
    """The set as the arguments name it."""
    from ocrkit import config, data

    return data.load(source, name, config.settings(settings or ()))


def _writer(form: str, output: Path, origin: str, words: bool, resume: bool) -> "Writer":
    """The writer of a form."""
    from ocrkit.catalog import unknown
    from ocrkit.data.writers import FORMS

    if form not in FORMS:
        raise ConfigError(unknown("--to", form, sorted(FORMS), kind="form"))
    if words and form == "icdar":
        raise ConfigError("--words: icdar holds scenes; write words --to lmdb or --to jsonl")
    begun = output.parent / f"{output.name}.part"
    if begun.exists() and not resume:
        raise OutputError(f"{begun}: was begun earlier; add --resume to go on, or delete it")
    return FORMS[form](output, origin)


def _characters(charset: str | None) -> frozenset[str] | None:
    """The characters that an option names, or that stand in a file."""
    from ocrkit import text

    if charset is None:
        return None
    known = {"latin94": text.LATIN94, "latin95": text.LATIN95}
    if charset in known:
        return frozenset(known[charset])
    try:
        return frozenset(Path(charset).read_text(encoding="utf-8-sig")) - {"\n", "\r"}
    except (OSError, ValueError) as error:
        raise ConfigError(
            f"--charset {charset}: is neither {' nor '.join(known)} nor a text file in UTF-8"
        ) from error


class _Tally:
    """Counts what is wrong, and keeps what is listed: all, or so many problems of a kind."""

    def __init__(self, most: int | None) -> None:
        self.most = most
        self.samples = self.words = self.ignored = self.flawed = 0
        self.totals: Counter[Reason] = Counter()
        self.listed: list[Problem] = []

    def add(self, checked: "Checked") -> "list[Problem]":
        """Count one sample; its problems that are to be listed."""
        self.samples += 1
        self.words += checked.words
        self.ignored += checked.ignored
        self.flawed += any(not problem.reason.is_warning for problem in checked.problems)
        fresh = []
        for problem in checked.problems:
            self.totals[problem.reason] += 1
            if self.most is None or self.totals[problem.reason] <= self.most:
                fresh.append(problem)
        self.listed += fresh
        return fresh

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        counts = {key: getattr(self, key) for key in ("samples", "words", "ignored", "flawed")}
        listed = [{**asdict(problem), "reason": problem.reason.value} for problem in self.listed]
        return {**counts, **self._sorted(), "listed": listed}

    @property
    def text(self) -> str:
        """The totals for eyes."""
        flawed = f"{self.flawed} with problems" if self.flawed else "no problems"
        words = f"{self.words} words, {self.ignored} of them ignored"
        lines = [f"{self.samples} samples, {words}; {flawed}"]
        for kind, found in self._sorted().items():
            lines += [f"{kind}:"] * bool(found)
            for reason, count in found.items():
                rest = self.most is not None and count > self.most
                left = f"  ({self.most} listed; --all lists all)" if rest else ""
                lines.append(f"{count:>8}  {reason}{left}")
        return "\n".join(lines)

    def _sorted(self) -> dict[str, dict[str, int]]:
        """How many there are of each kind of problem, and of each kind of warning."""
        from ocrkit.data.check import Reason

        found = [reason for reason in Reason if self.totals[reason]]
        return {
            "problems": {r.value: self.totals[r] for r in found if not r.is_warning},
            "warnings": {r.value: self.totals[r] for r in found if r.is_warning},
        }


def _title(name: str) -> str:
    """The first line of what a set's module says of itself."""
    from ocrkit import data

    about = sys.modules[data.find(name).__module__].__doc__ or ""
    return about.partition("\n")[0]


def _default(field: Any) -> str:
    """A setting's default, as it would be given."""
    if field.is_required():
        return "..."
    return "" if field.default is None else str(field.default)


def _choices(field: Any) -> str:
    """The values that a setting may have, if they are few."""
    if get_origin(field.annotation) is not Literal:
        return ""
    return f" ({', '.join(map(str, get_args(field.annotation)))})"
