"""`ocrkit train` and `ocrkit overfit`: a network learns from an experiment's data, or one batch."""

import logging
from pathlib import Path
from typing import Annotated

import typer

Experiment = Annotated[
    Path, typer.Argument(metavar="CONFIG", help="An experiment, such as configs/detect/*.yaml.")
]
Overrides = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="[KEY=VALUE]...",
        help="Replace settings, for example data_root=~/ocr train.rate=1e-3 data.ic15.weight=2.",
        show_default=False,
    ),
]


def train(
    config: Experiment,
    overrides: Overrides = None,
    output: Annotated[
        Path | None,
        typer.Option(help="Folder of the results.", show_default="runs/NAME of the experiment"),
    ] = None,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with the training in the output folder.")
    ] = False,
    time_limit: Annotated[
        float | None,
        typer.Option(
            min=0.01,
            help="Minutes; the learning rate falls in time. Short for train.time_limit.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Train a network; the best weights are kept as one file that `ocrkit` reads with.

    Measures by the real protocol as it goes. `tensorboard --logdir FOLDER` shows the curves.
    """
    from ocrkit.train.experiment import load
    from ocrkit.train.fit import fit

    _log_to_stderr()
    limit = [f"train.time_limit={time_limit}"] if time_limit else []
    experiment = load(config, [*(overrides or ()), *limit])
    typer.echo(fit(experiment, output or Path("runs") / experiment.name, resume))


def overfit(
    config: Experiment,
    overrides: Overrides = None,
    steps: Annotated[int, typer.Option(min=1, help="At most so many.")] = 1000,
) -> None:
    """Learn one batch by heart, to check an experiment: exit status 1 if that fails."""
    from ocrkit.train.experiment import load
    from ocrkit.train.overfit import GOAL, overfit

    lesson = None
    for lesson in overfit(load(config, overrides or ()), steps):
        typer.echo(f"step {lesson.step}  loss {lesson.loss:.4f}  score {lesson.score:.3f}")
    if lesson is None or not lesson.learnt:
        typer.echo(
            f"ocrkit: {config}: one batch was not learnt by heart (score below {GOAL} after "
            f"{steps} steps): try another train.rate or more --steps; else look at the data",
            err=True,
        )
        raise typer.Exit(1)
    typer.echo(f"learnt by heart after {lesson.step} steps")


def _log_to_stderr() -> None:
    """What the training says goes to stderr; stdout has the result alone."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    log = logging.getLogger("ocrkit.train")
    log.handlers = [handler]
    log.setLevel(logging.INFO)
    log.propagate = False
