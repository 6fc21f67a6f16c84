"""What each effect of the synthetic engine is worth on photographs.

Trains the same network for the same number of steps on synthetic data alone: with all effects, and
with each switched off in turn. Measures on the validation sets of the experiment, by averaged
weights, and prints a Markdown table. Runs that are there already are not run again; a folder with
another training, such as one of an older version of the engine, gets a row too.

Usage: python tools/ablate_synth.py EXPERIMENT.yaml --output runs/ablation [--steps 1500]
           [--effects neon glare shade+exposure ...] [--overrides KEY=VALUE ...]

For example, with the data in data/:

    python tools/ablate_synth.py configs/ablation/words.yaml --output runs/words
    python tools/ablate_synth.py configs/ablation/scenes.yaml --output runs/scenes
"""

import argparse
from pathlib import Path

from rich.console import Console
from rich.table import Table

from ocrkit import checkpoint
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.words import WordStyle
from ocrkit.train import experiment as experiments
from ocrkit.train.experiment import Experiment
from ocrkit.train.fit import fit

SCALES = {"least_contrast"}
"""Fields of a style that are no effects."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path, help="with a synthetic source and validation sets")
    parser.add_argument("--output", type=Path, required=True, help="folder of the runs")
    parser.add_argument("--steps", type=int, help="default: the experiment's")
    parser.add_argument("--effects", nargs="*", help="default: all, one by one")
    parser.add_argument("--overrides", nargs="*", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()

    base = experiments.load(arguments.experiment)
    drawn = [label for label, block in base.data.items() if block.name.startswith("synth-")]
    if len(drawn) != 1:
        parser.error(f"{arguments.experiment}: expected one synthetic source, got {len(drawn)}")
    style = WordStyle() if base.family == "recognize" else SceneStyle()
    possible = [field for field in style._fields if field not in SCALES and getattr(style, field)]
    effects = arguments.effects if arguments.effects is not None else possible
    unknown = {part for effect in effects for part in effect.split("+")} - set(possible)
    if unknown:
        parser.error(f"no effect {', '.join(sorted(unknown))}; choose from {', '.join(possible)}")

    steps = arguments.steps or base.train.steps
    fixed = [
        *(f"data.{label}.weight=0" for label in base.data if label != drawn[0]),
        f"data.{drawn[0]}.favourites=[]",
        f"train.steps={steps}",
        f"train.validate_every={steps}",
        *arguments.overrides,
    ]
    rows = {}
    for name in ["all effects", *effects]:
        parts = [] if name == "all effects" else name.split("+")
        off = [f"data.{drawn[0]}.style.{part}=0" for part in parts]
        found = experiments.load(arguments.experiment, [*fixed, *off])
        rows[name] = figures(found, arguments.output / name.replace(" ", "-"))
        Console(stderr=True).print(table(rows))
    for weights in sorted(arguments.output.glob("*/model.safetensors")):
        rows.setdefault(weights.parent.name.replace("-", " "), kept(weights))
    print(markdown(rows))


def figures(experiment: Experiment, folder: Path) -> dict[str, float]:
    """The first figure of each validation set, trained now or before."""
    weights = folder / "model.safetensors"
    if not weights.is_file():
        weights = fit(experiment, folder)
    return kept(weights)


def kept(weights: Path) -> dict[str, float]:
    """The first figure of each validation set that a weights file tells of."""
    found: dict[str, float] = {}
    for figure in checkpoint.read_card(weights).figures:
        found.setdefault(f"{figure.split}, {figure.protocol}", figure.value)
    return found


def table(rows: dict[str, dict[str, float]]) -> Table:
    """The runs so far, for a terminal."""
    whole = rows["all effects"]
    found = Table("without", *whole, box=None)
    for name, row in rows.items():
        found.add_row(name, *_cells(name, row, whole))
    return found


def markdown(rows: dict[str, dict[str, float]]) -> str:
    """The same for the documentation."""
    whole = rows["all effects"]
    lines = [f"| without | {' | '.join(whole)} |", "| --- |" + " --- |" * len(whole)]
    lines += [f"| {name} | {' | '.join(_cells(name, row, whole))} |" for name, row in rows.items()]
    return "\n".join(lines)


def _cells(name: str, row: dict[str, float], whole: dict[str, float]) -> list[str]:
    """The figures of a run, with their differences from the run with all effects."""
    if name == "all effects":
        return [f"{value:.3f}" for value in row.values()]
    return [f"{row[key]:.3f} ({row[key] - whole[key]:+.3f})" for key in whole]


if __name__ == "__main__":
    main()
