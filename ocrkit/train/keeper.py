"""Keeps the best weights of a training, with all that is known of them, and says how it goes."""

import logging
import math
import subprocess
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from torch import nn

from ocrkit import checkpoint
from ocrkit.checkpoint import Card, Figure
from ocrkit.data.loader import Batch, Skipped, summary
from ocrkit.train._lightning import Callback, pl
from ocrkit.train.experiment import Experiment
from ocrkit.train.task import Task, elapsed

LAST, BEST = "last.ckpt", f"model{checkpoint.SUFFIX}"
"""In the output folder: all that it takes to resume, and the best weights so far."""

REPORT_EVERY = 30.0  # seconds

log = logging.getLogger("ocrkit.train")


class Keeper(Callback):
    """Measures, keeps the best weights, and says how it goes. Must stand before the averaging."""

    def __init__(self, experiment: Experiment, output: Path) -> None:
        self.experiment = experiment
        self.output = output
        self.best = -math.inf
        self.measured_at = -1
        self.skipped: dict[Skipped, int] = {}
        self._reported = (time.monotonic(), 0)

    def state_dict(self) -> dict[str, Any]:
        """The best score, so that a resumed training does not overwrite better weights."""
        return {"best": self.best, "measured_at": self.measured_at}

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """See `state_dict`."""
        self.best, self.measured_at = state_dict["best"], state_dict["measured_at"]

    def on_train_start(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Start to count steps per second."""
        self._reported = (time.monotonic(), trainer.global_step)

    def on_train_batch_end(
        self,
        trainer: pl.Trainer,
        pl_module: pl.LightningModule,
        outputs: Any,
        batch: Batch,
        batch_idx: int,
    ) -> None:
        """Note what was skipped; now and then, say how it goes."""
        for skipped in batch.skipped:
            self.skipped[skipped] = self.skipped.get(skipped, 0) + 1
        now, (before, step) = time.monotonic(), self._reported
        if trainer.progress_bar_callback is None and now - before >= REPORT_EVERY:
            speed = (trainer.global_step - step) / (now - before)
            loss = float(trainer.callback_metrics["loss"])
            log.info(
                "step %d of %d  loss %.4f  %.2f steps/s",
                trainer.global_step, self.experiment.train.steps, loss, speed,
            )  # fmt: skip
            self._reported = now, trainer.global_step

    def on_validation_epoch_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Log the figures; keep the weights if they are the best so far."""
        assert isinstance(pl_module, Task)
        scores = {label: s.figures(label) for label, s in pl_module.scorers.items()}
        figures = [figure for of_one in scores.values() for figure in of_one]
        score = sum(of_one[0].value for of_one in scores.values()) / len(scores)
        pl_module.log_dict({f"{f.split}/{f.metric}": f.value for f in figures}, batch_size=1)
        self.measured_at = trainer.global_step
        said = "  ".join(f"{f.split} {f.metric} {f.value:.4f}" for f in figures)
        log.info("step %d  %s", trainer.global_step, said)
        if score > self.best:
            self.best = score
            self.keep(trainer, pl_module.model, figures)

    def keep(self, trainer: pl.Trainer, model: nn.Module, figures: Sequence[Figure] = ()) -> None:
        """Write the weights and all that is known of them."""
        if not trainer.is_global_zero:
            return
        experiment = self.experiment
        card = Card(
            family=experiment.family,
            name=experiment.name,
            config=experiment.network_config().model_dump(mode="json"),
            commit=commit(),
            date=datetime.now(UTC).date().isoformat(),
            data=tuple(f"{label} ({s.name})" for label, s in experiment.data.items() if s.weight),
            steps=trainer.global_step,
            hours=round(elapsed(trainer) / 3600, 3),
            figures=tuple(figures),
        )
        checkpoint.save(self.output / BEST, model, card)

    def on_train_end(self, trainer: pl.Trainer, pl_module: pl.LightningModule) -> None:
        """Leave all that it takes to go on."""
        trainer.save_checkpoint(self.output / LAST)
        if self.skipped:
            found = [s for s, count in self.skipped.items() for _ in range(count)]
            log.warning("skipped %d times: %s", len(found), summary(found))

    def on_exception(
        self, trainer: pl.Trainer, pl_module: pl.LightningModule, exception: BaseException
    ) -> None:
        """An interrupted training can be resumed."""
        # While it validates, the averaged weights stand in the place of the others.
        if isinstance(exception, KeyboardInterrupt) and trainer.training:
            trainer.save_checkpoint(self.output / LAST)


def commit() -> str:
    """The commit of ocrkit that runs, or nothing where it is not a checkout."""
    try:
        done = subprocess.run(
            ["git", "rev-parse", "HEAD"],
            cwd=Path(__file__).parent, capture_output=True, text=True, check=True, timeout=10,
        )  # fmt: skip
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
