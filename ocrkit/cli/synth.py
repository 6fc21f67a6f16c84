"""`ocrkit synth`: makes labelled pictures of words and of scenes, to train or to test with."""

from collections.abc import Iterable
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.synth.backgrounds import Backgrounds
    from ocrkit.types import Sample

app = typer.Typer(
    help="Make labelled pictures of words or of scenes, endlessly and from a seed.",
    no_args_is_help=True,
)

Out = Annotated[Path | None, typer.Option(help="Folder to write pictures and labels to.")]
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
Sheet = Annotated[Path | None, typer.Option(help="Picture to draw a contact sheet of samples in.")]

WORDS_ON_SHEET, SCENES_ON_SHEET = 120, 12


@app.command()
def words(
    out: Out = None,
    number: Number = 100,
    seed: Seed = 0,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    sheet: Sheet = None,
) -> None:
    """Crops of single words: PNG pictures, and `train.tsv` with `path<TAB>text` lines."""
    from ocrkit.image import write_image, write_text
    from ocrkit.synth.fonts import find_fonts
    from ocrkit.synth.sheet import word_sheet
    from ocrkit.synth.words import WordGenerator

    _some_result(out, sheet)
    generator = WordGenerator(
        fonts=find_fonts([fonts] if fonts else None), backgrounds=_load(backgrounds)
    )
    shown, rows = [], []
    for index, sample in enumerate(_progress(islice(generator.stream(seed), number), number)):
        if index < WORDS_ON_SHEET:
            shown.append(sample)
        if out:
            name = f"train/word_{index:07d}.png"
            write_image(out / name, sample.image)
            rows.append(f"{name}\t{sample.texts[0]}\n")
    if out:
        # Last, so that a run that was stopped leaves no table that promises missing pictures.
        write_text(out / "train.tsv", "".join(rows))
    if sheet:
        write_image(sheet, word_sheet(shown))


@app.command()
def scenes(
    out: Out = None,
    number: Number = 10,
    seed: Seed = 0,
    backgrounds: Photographs = None,
    fonts: Fonts = None,
    height: Annotated[int, typer.Option(min=64, help="Of the pictures, px.")] = 720,
    width: Annotated[int, typer.Option(min=64, help="Of the pictures, px.")] = 1280,
    sheet: Sheet = None,
) -> None:
    """Whole pictures: JPEGs in `images`, and ICDAR label files in `labels`."""
    from ocrkit.image import write_image, write_text
    from ocrkit.synth.fonts import find_fonts
    from ocrkit.synth.scenes import SceneGenerator
    from ocrkit.synth.sheet import scene_sheet

    _some_result(out, sheet)
    generator = SceneGenerator(
        fonts=find_fonts([fonts] if fonts else None),
        backgrounds=_load(backgrounds),
        size=(height, width),
    )
    shown = []
    for index, sample in enumerate(_progress(islice(generator.stream(seed), number), number)):
        if index < SCENES_ON_SHEET:
            shown.append(sample)
        if out:
            name = f"scene_{index:06d}"
            write_text(out / "labels" / f"gt_{name}.txt", _labels(sample))
            write_image(out / "images" / f"{name}.jpg", sample.image)
    if sheet:
        write_image(sheet, scene_sheet(shown))


def _some_result(out: Path | None, sheet: Path | None) -> None:
    if not out and not sheet:
        raise typer.BadParameter("nothing to write: give a folder (--out) or a picture (--sheet)")


def _load(folder: Path | None) -> "Backgrounds":
    from ocrkit.synth.backgrounds import Backgrounds

    return Backgrounds.from_folder(folder) if folder else Backgrounds()


def _progress(samples: "Iterable[Sample]", total: int) -> "Iterable[Sample]":
    """The samples, with a bar on stderr where a person looks at it."""
    from rich.console import Console
    from rich.progress import track

    console = Console(stderr=True)
    hidden = not console.is_terminal
    return track(samples, "drawing", total, console=console, transient=True, disable=hidden)


def _labels(sample: "Sample") -> str:
    """A line per word as ICDAR 2015 has them: eight whole numbers and the text, or `###`."""
    lines = []
    for quad, text, ignored in zip(sample.quads, sample.texts, sample.ignored, strict=True):
        numbers = ",".join(str(round(float(v))) for v in quad.ravel())
        lines.append(f"{numbers},{'###' if ignored else text}\n")
    return "".join(lines)
