"""Teaches the reading half of FOTS what a trained CRNN says of the same words.

From labels alone, CTC finds out where characters stand only after hundreds of thousands of words.
A strip of FOTS and a crop of CRNN have the same columns, so that here each column is taught what
CRNN's says (Hinton et al., arXiv 1503.02531), besides the label. The shared convolutions stay as
they are: finding is not forgotten. What comes out is what `train.init` of the joint training names.

Usage: python tools/teach_fots.py configs/spot/fots-lite.yaml --output runs/taught.safetensors
           [--teacher crnn] [--steps 1500] [--minutes 40] [--rate 1e-3] [--overrides KEY=VALUE ...]
"""

import argparse
import time
from datetime import UTC, datetime
from pathlib import Path

import torch
from rich.console import Console
from torch import Tensor, nn
from torch.nn import functional as F

from ocrkit import checkpoint
from ocrkit.layers.rotate import Strips, arrange, roi_rotate
from ocrkit.recognize import _ctc
from ocrkit.spot.fots import FOTS, HEIGHT, shaken
from ocrkit.train import experiment as experiments
from ocrkit.train import schedule, streams
from ocrkit.train.initial import initial

GREY = (0.299, 0.587, 0.114)
REPORT = 25
"""Steps."""

console = Console(stderr=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--output", type=Path, required=True, help="weights file to write")
    parser.add_argument("--teacher", default="crnn", help="a shipped CRNN, or a weights file")
    parser.add_argument("--steps", type=int, default=1500)
    parser.add_argument("--minutes", type=float, help="stop earlier after so long")
    parser.add_argument("--rate", type=float, default=1e-3)
    parser.add_argument("--overrides", nargs="*", default=[], metavar="KEY=VALUE")
    arguments = parser.parse_args()

    experiment = experiments.load(arguments.experiment, arguments.overrides)
    model = initial(experiment).to(memory_format=torch.channels_last)
    teacher = checkpoint.load("recognize", arguments.teacher)
    taught = learn(model, teacher, experiment, arguments)
    card = checkpoint.Card(
        family="spot",
        name=experiment.name,
        config=experiment.network_config().model_dump(mode="json"),
        date=datetime.now(UTC).date().isoformat(),
        steps=taught,
    )
    checkpoint.save(arguments.output, model, card)


def learn(
    model: FOTS, teacher: nn.Module, experiment: experiments.Experiment, plan: argparse.Namespace
) -> int:
    """Teach until the steps or the minutes are over; how many steps were taken."""
    reading = [model.strokes, model.join, model.recognizer]
    for parameter in model.detector.parameters():
        parameter.requires_grad_(False)
    model.eval()
    parameters = [p for part in reading for p in part.train().parameters()]
    optimizer = torch.optim.AdamW(parameters, lr=plan.rate, betas=(0.9, 0.99), weight_decay=0.02)
    limit = plan.minutes * 60 if plan.minutes else None
    start, sums = time.monotonic(), torch.zeros(3)
    batches = iter(
        torch.utils.data.DataLoader(
            streams.training(experiment)((experiment.train.seed,)),
            batch_size=None,
            num_workers=experiment.train.workers,
            collate_fn=lambda batch: batch,
        )
    )
    for step in range(plan.steps):
        done = schedule.progress(step, plan.steps, time.monotonic() - start, limit)
        if done >= 1:
            return step
        for group in optimizer.param_groups:
            group["lr"] = plan.rate * schedule.rate_factor(step, 100, done)
        batch = next(batches)
        with torch.autocast("cpu", torch.bfloat16, enabled=experiment.train.precision == "bf16"):
            apart, ctc, words = lesson(model, teacher, batch.images, batch.targets)
        optimizer.zero_grad()
        (apart + ctc).backward()
        nn.utils.clip_grad_norm_(parameters, experiment.train.clip)
        optimizer.step()
        sums += torch.tensor([float(apart.detach()), float(ctc.detach()), words])
        if (step + 1) % REPORT == 0:
            minutes = (time.monotonic() - start) / 60
            said = "  ".join(f"{value:.3f}" for value in (sums / REPORT).tolist())
            console.print(f"step {step + 1}  apart, ctc, words: {said}  {minutes:.1f} min")
            sums.zero_()
    return plan.steps


def lesson(
    model: FOTS, teacher: nn.Module, images: Tensor, targets: Tensor
) -> tuple[Tensor, Tensor, int]:
    """How far the columns are from the teacher's, in nats, and from the labels; and the words."""
    _, _, _, quads, classes, lengths = targets
    pictures, places = (lengths > 0).nonzero(as_tuple=True)
    with torch.no_grad():
        maps = model(images.contiguous(memory_format=torch.channels_last))
    if not len(places):
        return maps.score.sum() * 0, maps.score.sum() * 0, 0
    groups = arrange(shaken(quads[pictures, places]), pictures, HEIGHT, model.most_columns)
    grey = (images * torch.tensor(GREY).view(3, 1, 1)).sum(dim=1, keepdim=True)
    crops = roi_rotate(grey, groups, HEIGHT, stride=1, zoom=4)
    apart, ctc, columns = images.new_zeros(()), [], 0
    for group, crop, logits in zip(groups, crops, model.logits(maps, groups), strict=True):
        with torch.no_grad():
            told = teacher(normalised(crop, group)).logits.float()
        inside = torch.arange(group.columns) < group.widths[:, None]
        apart = apart + F.kl_div(
            F.log_softmax(logits.float()[inside], -1),
            F.log_softmax(told[inside], -1),
            reduction="sum",
            log_target=True,
        )
        columns += int(inside.sum())
        at = group.pictures, places[group.regions]
        ctc.append(_ctc.ctc_losses(logits, classes[at], lengths[at], group.widths))
    return apart / columns, torch.cat(ctc).mean(), len(places)


def normalised(crops: Tensor, group: Strips) -> Tensor:
    """Of zero mean and unit deviation, as recognisers see crops; padding is 0."""
    inside = (torch.arange(crops.shape[-1]) < group.widths[:, None] * 4)[:, None, None]
    count = inside.sum(dim=(1, 2, 3), keepdim=True) * crops.shape[2]
    mean = (crops * inside).sum(dim=(1, 2, 3), keepdim=True) / count
    centred = (crops - mean) * inside
    deviation = (centred.square().sum(dim=(1, 2, 3), keepdim=True) / count).sqrt()
    return centred / deviation.clamp(min=4 / 63.75)


if __name__ == "__main__":
    main()
