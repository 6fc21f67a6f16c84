"""Any model and how it learns, in the shape that Lightning wants."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor, nn
from torch.optim.lr_scheduler import LambdaLR

from ocrkit.data.loader import Batch
from ocrkit.errors import TrainingError
from ocrkit.train import schedule
from ocrkit.train._lightning import Timer, pl
from ocrkit.train.experiment import Experiment
from ocrkit.train.validation import SCORERS, Scorer
from ocrkit.types import Sample


class Task(pl.LightningModule):
    """Any model and how it learns. The network itself knows nothing of Lightning."""

    def __init__(self, model: nn.Module, experiment: Experiment) -> None:
        super().__init__()
        # With half precision, convolutions train 1.2 times faster in this layout, on CPU and GPU.
        self.model = model.to(memory_format=torch.channels_last)
        self.experiment = experiment
        self.scorers: dict[str, Scorer] = {}

    def forward(self, images: Tensor, targets: Any) -> dict[str, Tensor]:
        """Named terms of the loss."""
        images = images.contiguous(memory_format=torch.channels_last)
        terms: dict[str, Tensor] = self.model.loss(self.model(images), targets)  # type: ignore[operator]
        return terms

    def training_step(self, batch: Batch, _: int) -> Tensor:
        """The sum of the terms.

        Raises:
            TrainingError: A term is not finite; the message names it and the samples.
        """
        terms = self(batch.images, batch.targets)
        check_finite(terms, batch.names, self.global_step)
        loss = torch.stack(list(terms.values())).sum()
        size = len(batch.names)
        self.log_dict(
            {f"loss/{name}": term.detach() for name, term in terms.items()}, batch_size=size
        )
        self.log("loss", loss.detach(), prog_bar=True, batch_size=size)
        return loss

    def on_validation_epoch_start(self) -> None:
        """Forget the scores of the validation before."""
        scorer = SCORERS[self.experiment.family]
        self.scorers = {label: scorer() for label in self.experiment.validation}

    def validation_step(self, batch: tuple[str, Sample], _: int) -> None:
        """Use the model as its users will: in single precision."""
        label, sample = batch
        with torch.autocast(self.device.type, enabled=False):
            self.scorers[label].add(self.model, sample)

    def configure_optimizers(self) -> Any:
        """AdamW with a warm-up and half a cosine."""
        train = self.experiment.train
        optimizer = torch.optim.AdamW(
            self.model.parameters(),
            lr=train.rate,
            betas=(0.9, 0.99),
            weight_decay=train.weight_decay,
        )
        factor = LambdaLR(optimizer, lambda step: self._rate_factor(step))
        return {"optimizer": optimizer, "lr_scheduler": {"scheduler": factor, "interval": "step"}}

    def transfer_batch_to_device(
        self, batch: Any, device: torch.device, dataloader_idx: int
    ) -> Any:
        """Training batches only: validation samples are NumPy arrays."""
        if isinstance(batch, Batch):
            return batch.to(device)
        return batch

    def _rate_factor(self, step: int) -> float:
        train = self.experiment.train
        limit = train.time_limit * 60 if train.time_limit else None
        done = schedule.progress(step, train.steps, elapsed(self.trainer), limit)
        return schedule.rate_factor(step, train.warmup, done)


def check_finite(terms: dict[str, Tensor], names: Sequence[str], step: int) -> None:
    """Raise `TrainingError` unless all terms are finite; it names the others, and the samples."""
    if torch.isfinite(torch.stack(list(terms.values()))).all():
        return
    wrong = ", ".join(f"{name} = {float(t)}" for name, t in terms.items() if not torch.isfinite(t))
    raise TrainingError(
        f"step {step}: the loss is not finite ({wrong}); lower train.rate, or look at the samples: "
        + ", ".join(dict.fromkeys(names))
    )


def elapsed(trainer: pl.Trainer) -> float:
    """Seconds of training so far, those before resuming included."""
    timers = [c for c in trainer.callbacks if isinstance(c, Timer)]  # type: ignore[attr-defined]
    return timers[0].time_elapsed()
