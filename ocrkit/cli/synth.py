"""`ocrkit synth`: makes labelled words, lines, scenes and clips, to train or to test with."""

import sys
import time
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple, TypeVar

import typer

from ocrkit.cli._output import say
from ocrkit.cli._progress import progress
from ocrkit.errors import ConfigError, OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ocrkit.data.synthetic import Draw
    from ocrkit.data.writers import Writer
    from ocrkit.synth.clips import Clip, Named
    from ocrkit.synth.style import SceneStyle
    from ocrkit.synth.words import WordGenerator, WordStyle
    from ocrkit.types import Sample

app = typer.Typer(
    help="Make labelled words, lines, scenes or clips, endlessly and from a seed.",
    no_args_is_help=True,
)

Out = Annotated[
    Path | None,
    typer.Option(
        help="Folder to make, with the pictures and labels; words and lines: or an LMDB, X.lmdb.",
        show_default=False,
    ),
]
Number = Annotated[int, typer.Option("--number", "-n", min=1, help="How many samples.")]
Seed = Annotated[int, typer.Option(min=0, help="Equal seeds give equal samples.")]
Photographs = Annotated[
    Path | None,
    typer.Option(
        "--backgrounds", exists=True, file_okay=False, help="Folder of photographs without text."
    ),
]
Fonts = Annotated[
    Path | None,
    typer.Option(exists=True, file_okay=False, help="Folder of fonts; default: the installed."),
]
Style = Annotated[
    list[str] | None,
    typer.Option(
        metavar="KEY=VALUE",
        help="How often an effect occurs, such as neon=0; see docs/synth.md. Repeatable.",
        show_default=False,
    ),
]
Workers = Annotated[
    int, typer.Option(min=1, help="Processes that draw; the samples are the same with any number.")
]
Resume = Annotated[bool, typer.Option("--resume", help="Go on where an earlier run was stopped.")]
Sheet = Annotated[Path | None, typer.Option(help="Picture to draw a contact sheet of samples in.")]
Form = Annotated[
    str,
    typer.Option(
        metavar="FORM", help="icdar (quads), or jsonl (outlines, and the texts of ignored words)."
    ),
]
Side = Annotated[int, typer.Option(min=64, help="Of the pictures, px.")]

WORDS_ON_SHEET, LINES_ON_SHEET, SCENES_ON_SHEET = 120, 40, 12

S = TypeVar("S", "WordStyle", "SceneStyle")


class _Job(NamedTuple):
    """What all commands are told, as the options of these names."""

    out: Path | None
    number: int
    seed: int
    backgrounds: Path | None
    fonts: Path | None
    workers: int
    resume: bool
    sheet: Path | None


class _Output(NamedTuple):
    """How samples are written.

    Attributes:
        form: The writer's.
        name: Of a sample, by its number.
        told: What else the samples depend on.
        on_sheet: How many a contact sheet shows.
    """

    form: str
    name: str
    told: str
    on_sheet: int


@app.command()
def words(
    out: Out = None,
    number: Number = 100,
    seed: Seed = 0,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    style: Style = None,
    workers: Workers = 1,
    resume: Resume = False,
    sheet: Sheet = None,
) -> None:
    """Crops of single words: PNG pictures and `train.tsv` with `path<TAB>text` lines, or an LMDB.

    What is made appears when it is complete.
    """
    from ocrkit.image import write_image
    from ocrkit.synth.sheet import word_sheet
    from ocrkit.synth.words import WordGenerator, WordStyle

    _some_result(out, sheet)
    job = _Job(out, number, seed, backgrounds, fonts, workers, resume, sheet)
    chosen = _styled(WordStyle(), style)
    shown = _draw_crops(job, "word", WordGenerator, chosen, WORDS_ON_SHEET)
    if sheet:
        write_image(sheet, word_sheet(shown))


@app.command()
def lines(
    out: Out = None,
    number: Number = 100,
    seed: Seed = 0,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    style: Style = None,
    workers: Workers = 1,
    resume: Resume = False,
    sheet: Sheet = None,
) -> None:
    """Crops of lines of several words, in the same files as `words`; words are a space apart.

    What is made appears when it is complete.
    """
    from ocrkit.image import write_image
    from ocrkit.synth.lines import LINE_STYLE, LineGenerator
    from ocrkit.synth.sheet import word_sheet

    _some_result(out, sheet)
    job = _Job(out, number, seed, backgrounds, fonts, workers, resume, sheet)
    chosen = _styled(LINE_STYLE, style)
    shown = _draw_crops(job, "line", LineGenerator, chosen, LINES_ON_SHEET)
    if sheet:
        write_image(sheet, word_sheet(shown, columns=2))


@app.command()
def scenes(
    out: Out = None,
    number: Number = 10,
    seed: Seed = 0,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    style: Style = None,
    height: Side = 720,
    width: Side = 1280,
    form: Form = "icdar",
    workers: Workers = 1,
    resume: Resume = False,
    sheet: Sheet = None,
) -> None:
    """Whole pictures: JPEGs in `images`, and label files in `labels` or `labels.jsonl`.

    What is made appears when it is complete.
    """
    from ocrkit.catalog import unknown
    from ocrkit.data import synthetic
    from ocrkit.image import write_image
    from ocrkit.synth.sheet import scene_sheet
    from ocrkit.synth.style import SceneStyle

    _some_result(out, sheet)
    job = _Job(out, number, seed, backgrounds, fonts, workers, resume, sheet)
    if form not in ("icdar", "jsonl"):
        raise ConfigError(unknown("--form", form, ["icdar", "jsonl"], kind="form"))
    if out and out.suffix == ".lmdb":
        raise ConfigError(f"--out {out}: an LMDB holds words or lines; give a folder")
    chosen = _styled(SceneStyle(), style)
    more = (chosen, (height, width), form == "jsonl")
    make = partial(synthetic.scenes, seed, _faces(fonts), backgrounds, *more)
    output = _Output(form, "scene_{:06d}", f"{width}x{height} {chosen}", SCENES_ON_SHEET)
    shown = _draw(job, "scenes", make, output)
    if sheet:
        write_image(sheet, scene_sheet(shown))


@app.command()
def clips(
    out: Annotated[Path, typer.Option(help="Folder to make.", show_default=False)],
    number: Annotated[
        int | None, typer.Option("--number", "-n", min=1, help="How many clips. Default: 10.")
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Equal seeds give equal clips. Default: 0.")
    ] = None,
    standard: Annotated[
        bool, typer.Option("--standard", help="The standard set, in place of -n and --seed.")
    ] = False,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    height: Annotated[int | None, typer.Option(min=64, help="Px, even. Default: 360.")] = None,
    width: Annotated[int | None, typer.Option(min=64, help="Px, even. Default: 640.")] = None,
    seconds: Annotated[
        float | None, typer.Option(min=0.04, max=3600, help="Of each clip. Default: 4.")
    ] = None,
) -> None:
    """Videos, NAME.mp4, and the true track of each of their words, NAME.tracks.json.

    What is made appears when it is complete.
    """
    from ocrkit.cli import _clips
    from ocrkit.synth.clips import STANDARD

    _clips.check(out)
    asked = {"height": height, "width": width, "seconds": seconds}
    chosen = {key: value for key, value in asked.items() if value is not None}
    if standard and (chosen or number is not None or seed is not None):
        raise typer.BadParameter("--standard says all: give only --out, --fonts and --backgrounds")
    for side in ("height", "width"):
        if chosen.get(side, 0) % 2:
            raise typer.BadParameter(f"--{side} {chosen[side]}: videos have an even one")
    jobs = STANDARD if standard else _various(number or 10, seed or 0, chosen)
    started = time.perf_counter()
    _clips.write(out, _filmed(jobs, backgrounds, fonts))
    say(f"drew {len(jobs)} clips in {time.perf_counter() - started:.1f} s", sys.stderr)


def _various(number: int, seed: int, chosen: dict[str, Any]) -> "tuple[Named, ...]":
    """Clips of all kinds, of the size and length that were chosen."""
    import numpy as np

    from ocrkit.synth.clips import ClipStyle, Named

    jobs = []
    for index in range(number):
        rng = np.random.default_rng((seed, index))
        style = ClipStyle.random(rng)
        height, width = style.size
        size = (chosen.get("height", height), chosen.get("width", width))
        style = style._replace(size=size, seconds=chosen.get("seconds", style.seconds))
        jobs.append(Named(f"clip_{index:06d}", int(rng.integers(2**31)), style))
    return tuple(jobs)


def _filmed(
    jobs: "tuple[Named, ...]", backgrounds: Path | None, fonts: Path | None
) -> "Iterator[tuple[str, Clip]]":
    """The clips and their names."""
    from ocrkit.synth.backgrounds import Backgrounds
    from ocrkit.synth.clips import clip

    behind = Backgrounds.from_folder(backgrounds) if backgrounds else None
    faces = _faces(fonts)
    for name, seed, style in progress(jobs, "filming", len(jobs)):
        yield name, clip(seed, style, fonts=faces, backgrounds=behind)


def _some_result(out: Path | None, sheet: Path | None) -> None:
    if not out and not sheet:
        raise typer.BadParameter("nothing to write: give a folder (--out) or a picture (--sheet)")


def _draw_crops(
    job: _Job, what: str, kind: "type[WordGenerator]", style: "WordStyle", most: int
) -> "list[Sample]":
    """Draw words or lines; the first of them, as many as a sheet shows."""
    from ocrkit.data import synthetic

    make = partial(synthetic.crops, kind, job.seed, _faces(job.fonts), job.backgrounds, style)
    form = "lmdb" if job.out and job.out.suffix == ".lmdb" else "crops"
    return _draw(
        job, f"{what}s", make, _Output(form, f"train/{what}_{{:07d}}.png", f"{style}", most)
    )


def _draw(job: _Job, what: str, make: "Callable[[], Draw]", output: _Output) -> "list[Sample]":
    """Draw and write what is wanted; the samples for the sheet, if there is to be one."""
    from ocrkit.data import synthetic

    most = output.on_sheet if job.sheet else 0
    shown, count, started = [], 0, time.perf_counter()
    with _writer(job, what, output) as writer:
        samples = synthetic.draw(
            make, output.name, job.number, writer, shown=most, workers=job.workers
        )
        for drawn in progress(samples, "drawing", job.number):
            count += 1
            if count <= most:
                shown.append(drawn.sample)
    seconds = time.perf_counter() - started
    rate = f"{count / seconds:.3g} a second" if count else "all were there"
    say(f"drew {count} {what} in {seconds:.1f} s, {rate}", sys.stderr)
    return shown


def _writer(job: _Job, what: str, output: _Output) -> "Writer | nullcontext[None]":
    """Where the samples go."""
    from ocrkit.data.synthetic import CropsWriter
    from ocrkit.data.writers import FORMS

    if job.out is None:
        return nullcontext()
    begun = job.out.parent / f"{job.out.name}.part"
    if begun.exists() and not job.resume:
        raise OutputError(f"{begun}: was begun earlier; add --resume to go on, or delete it")
    settings = f"-n {job.number} --seed {job.seed} --fonts {job.fonts}"
    origin = f"synth {what} {settings} --backgrounds {job.backgrounds} {output.told}"
    kind = CropsWriter if output.form == CropsWriter.form else FORMS[output.form]
    return kind(job.out, origin)


def _faces(folder: Path | None) -> tuple[Path, ...]:
    """The fonts, looked for once for all processes."""
    from ocrkit.synth.fonts import find_fonts

    return tuple(find_fonts([folder] if folder else None))


def _styled(style: S, pairs: list[str] | None) -> S:
    """The style with the values that were given."""
    from ocrkit import config
    from ocrkit.catalog import unknown

    values: dict[str, Any] = config.settings(pairs or ())
    for key, value in values.items():
        if key not in style._fields:
            raise ConfigError(unknown("--style", key, list(style._fields), kind="effect"))
        # The one that is no probability is in grey levels.
        most = 255 if key == "least_contrast" else 1
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or not 0 <= value <= most:
            raise ConfigError(f"--style {key}: expected a number from 0 to {most}, got {value!r}")
    return style._replace(**values)
