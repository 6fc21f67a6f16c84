"""Training with Lightning: devices, precision, checkpoints, resuming and averaging are its work."""

import logging
import sys
import warnings
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from torch.utils.data import DataLoader

from ocrkit import checkpoint
from ocrkit.data.loader import Batch, Stream, as_it_is, loader
from ocrkit.errors import CheckpointError, ConfigError, OutputError
from ocrkit.train import schedule, streams
from ocrkit.train._lightning import (
    Callback,
    LearningRateMonitor,
    ModelCheckpoint,
    RichProgressBar,
    TensorBoardLogger,
    Timer,
    WeightAveraging,
    pl,
)
from ocrkit.train.experiment import Experiment, Training
from ocrkit.train.initial import initial
from ocrkit.train.keeper import BEST, LAST, Keeper
from ocrkit.train.task import Task
from ocrkit.types import Sample

SAVE_EVERY = timedelta(minutes=5)

log = logging.getLogger("ocrkit.train")


class Data(pl.LightningDataModule):
    """The experiment's data; a resumed training goes on with other samples than it began with."""

    def __init__(self, experiment: Experiment, stream: Callable[[Sequence[int]], Stream]) -> None:
        super().__init__()
        self.experiment = experiment
        self.stream = stream
        self.samples = [
            (label, dataset, index)
            for label, dataset in streams.validation(experiment).items()
            for index in range(len(dataset))
        ]

    def train_dataloader(self) -> DataLoader[Batch]:
        """Endless; seeded by the step at which it starts."""
        seed = self.experiment.train.seed
        step, rank = (
            (self.trainer.global_step, self.trainer.global_rank) if self.trainer else (0, 0)
        )
        return loader(self.stream((seed, step, rank)), self.experiment.train.workers)

    def val_dataloader(self) -> DataLoader[tuple[str, Sample]]:
        """Each sample with the name of its set."""
        return DataLoader(_Samples(self.samples), batch_size=None, collate_fn=as_it_is)


class Bar(RichProgressBar):
    """Shows steps of all: the data are endless, and have no epochs."""

    @property
    def total_train_batches(self) -> int:
        """The planned steps."""
        return self.trainer.max_steps

    def _get_train_description(self, current_epoch: int) -> str:
        return "training"


class _Samples(torch.utils.data.Dataset[tuple[str, Sample]]):
    """Reads samples as they are asked for."""

    def __init__(self, samples: Sequence[tuple[str, Any, int]]) -> None:
        self.samples = samples

    def __len__(self) -> int:
        return len(self.samples)

    def __getitem__(self, index: int) -> tuple[str, Sample]:
        label, dataset, place = self.samples[index]
        return label, dataset[place]


def fit(experiment: Experiment, output: Path, resume: bool = False) -> Path:
    """Train; the path of the best weights, in the folder `output`.

    The folder also gets the experiment as it was run, `last.ckpt` to resume from, and curves for
    TensorBoard.

    Raises:
        ConfigError: The experiment does not fit its model or this machine.
        DataError: A source of data is missing or gives nothing to learn from.
        CheckpointError: There is nothing to resume.
        OutputError: `output` cannot be written, or holds another training.
    """
    _prepare(experiment, output, resume)
    torch.manual_seed(experiment.train.seed)
    model = initial(experiment)
    stream = streams.training(experiment)
    stream((experiment.train.seed,)).check()
    task, data, keeper = (
        Task(model, experiment),
        Data(experiment, stream),
        Keeper(experiment, output),
    )
    trainer = _trainer(experiment, output, keeper)
    with warnings.catch_warnings():
        # Lightning's advice is for those who write training loops.
        warnings.filterwarnings("ignore", module="lightning")
        trainer.fit(task, data, ckpt_path=output / LAST if resume else None, weights_only=True)
        if not data.samples:
            keeper.keep(trainer, model)
        elif keeper.measured_at != trainer.global_step:
            trainer.validate(task, data, verbose=False)
    return output / BEST


def averaging(decay: float) -> WeightAveraging:
    """Keeps a running average of the weights, which validates and is kept in their place."""

    @torch.no_grad()
    def update(averages: Sequence[Tensor], weights: Sequence[Tensor], count: Tensor) -> None:
        share = 1 - schedule.average_decay(int(count), decay)
        for average, weight in zip(averages, weights, strict=True):
            if average.is_floating_point():
                average.lerp_(weight, share)
            else:  # batch normalisation counts batches
                average.copy_(weight)

    return WeightAveraging(multi_avg_fn=update)


def _prepare(experiment: Experiment, output: Path, resume: bool) -> None:
    """Make the folder and write down what is run."""
    if resume and not (output / LAST).is_file():
        raise CheckpointError(f"{output}: nothing to resume: there is no {LAST}")
    if not resume and (output / LAST).exists():
        raise OutputError(
            f"{output}: holds a training; continue it with --resume, or choose another --output"
        )
    try:
        output.mkdir(parents=True, exist_ok=True)
        (output / "experiment.json").write_text(experiment.model_dump_json(indent=2))
    except OSError as error:
        raise OutputError(f"{output}: cannot be written: {error.strerror}") from error


def _trainer(experiment: Experiment, output: Path, keeper: Keeper) -> pl.Trainer:
    train = experiment.train
    limit = timedelta(minutes=train.time_limit) if train.time_limit else None
    callbacks: list[Callback] = [
        keeper,
        Timer(limit, verbose=False),
        LearningRateMonitor("step"),
    ]
    if sys.stdout.isatty():
        callbacks.append(Bar())
    if train.ema:
        callbacks.append(averaging(train.ema))
    # Without a monitored figure, "the best" is the newest, and replaces the one before.
    callbacks.append(
        ModelCheckpoint(
            output, Path(LAST).stem, train_time_interval=SAVE_EVERY, enable_version_counter=False
        )
    )
    device = checkpoint.pick_device(train.device)
    return pl.Trainer(
        accelerator="gpu" if device.type == "cuda" else device.type,
        devices=[device.index] if device.index is not None else 1,
        precision=precision(train, device),
        max_epochs=-1,
        max_steps=train.steps,
        gradient_clip_val=train.clip,
        check_val_every_n_epoch=None,
        val_check_interval=train.validate_every,
        limit_val_batches=1.0 if experiment.validation else 0,
        num_sanity_val_steps=0,
        logger=TensorBoardLogger(output, name="tensorboard", version=""),
        callbacks=callbacks,
        enable_model_summary=False,
        enable_progress_bar=sys.stdout.isatty(),
        log_every_n_steps=min(50, train.steps),
        default_root_dir=output,
    )


def precision(train: Training, device: torch.device) -> Any:
    """Lightning's name of the precision.

    Raises:
        ConfigError: The processor has no 16-bit floats to train in.
    """
    choice = train.precision
    if choice == "auto":
        fast = device.type == "cuda" and torch.cuda.is_bf16_supported()
        choice = "bf16" if fast else "32"
    if choice == "16" and device.type == "cpu":
        raise ConfigError("train.precision: a CPU cannot train in 16; use bf16 or 32")
    return {"32": "32-true", "bf16": "bf16-mixed", "16": "16-mixed"}[choice]
