"""Endless batches from weighted sources, drawn, augmented and encoded in workers, repeatably.

Nothing is dropped in silence: what cannot be encoded travels with the batches as `Skipped`.
"""

from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils.data import DataLoader, IterableDataset, get_worker_info

from ocrkit.errors import DataError, OCRKitError
from ocrkit.types import Floats, Sample

PATIENCE = 200
"""Draws in a row without one example, after which a source is given up."""


class Source(Protocol):
    """Labelled pictures to draw from, without an end."""

    drawn: bool
    """Whether they are synthetic, and so came out varied already."""

    def draw(self, rng: np.random.Generator) -> tuple[str, Sample]:
        """The name of a sample, and the sample."""
        ...


class Example(NamedTuple):
    """What a network learns from at a time: its input (C, H, W) float32, and encoded targets."""

    name: str
    image: Floats
    targets: tuple[NDArray[Any], ...]


class Skipped(NamedTuple):
    """A sample or a word of it that nothing can be learnt from, and why."""

    name: str
    reason: str


class Batch(NamedTuple):
    """Examples stacked: `images` (B, C, H, W); `targets` of the type `encode` gave, each (B, ...).

    `skipped` holds what was passed over since the batch before.
    """

    images: Tensor
    targets: Any
    names: tuple[str, ...]
    skipped: tuple[Skipped, ...]

    def to(self, device: torch.device) -> "Batch":
        """The batch with its tensors on a device."""
        targets = _alike(self.targets, [target.to(device) for target in self.targets])
        return self._replace(images=self.images.to(device), targets=targets)


Prepare = Callable[[str, Sample, bool, np.random.Generator], Iterable[Example | Skipped]]
"""Turns a named sample, drawn or photographed, into examples."""


@dataclass(frozen=True)
class BatchSize:
    """How much is learnt from at once.

    Attributes:
        most: Examples.
        columns: Pixels that their inputs together may be wide: wide examples come in small batches.
        pool: Examples that are sorted by width before batches are cut from them; those of one batch
            are then of like width. At least `most`.
    """

    most: int
    columns: int
    pool: int

    def holds(self, count: int, width: int) -> bool:
        """Whether so many examples, the widest of them `width` px wide, are at most a batch."""
        return count <= self.most and count * width <= self.columns


class Stream(IterableDataset[Batch]):
    """Endless batches. The same seed and number of workers give the same batches.

    Args:
        sources: Each with its weight: its share of the examples.
        prepare: See `Prepare`.
        stack: Makes one input (B, C, H, W) of several (C, H, W).
        size: Of the batches.
        seed: Any integers, e.g. a seed, the step at which training resumed, and the process' rank.
    """

    def __init__(
        self,
        sources: Sequence[tuple[Source, float]],
        prepare: Prepare,
        stack: Callable[[Sequence[Floats]], Floats],
        size: BatchSize,
        seed: Sequence[int],
    ) -> None:
        self.sources = [source for source, weight in sources if weight > 0]
        weights = np.array([weight for _, weight in sources if weight > 0], np.float64)
        if not len(weights):
            raise DataError("data: no source has a weight above 0")
        self.shares = weights / weights.sum()
        self.prepare, self.stack, self.size, self.seed = prepare, stack, size, tuple(seed)

    def __iter__(self) -> Iterator[Batch]:
        worker = get_worker_info()
        rng = np.random.default_rng((*self.seed, worker.id if worker else 0))
        skipped: list[Skipped] = []
        examples = self._examples(rng, skipped)
        pool: list[Example] = []
        while True:
            wanted = max(self.size.pool, self.size.most) - len(pool)
            pool += [next(examples) for _ in range(wanted)]
            groups, pool = by_width(pool, self.size)
            for index in rng.permutation(len(groups)):
                yield self._batch(groups[index], skipped)
                skipped.clear()

    def check(self) -> None:
        """Take one example from each source, so that a wrong one is found before training starts.

        Raises:
            DataError: A source gives no examples.
        """
        for source in self.sources:
            skipped: list[Skipped] = []
            self._refill(source, deque(), np.random.default_rng(self.seed), skipped)

    def _examples(self, rng: np.random.Generator, skipped: list[Skipped]) -> Iterator[Example]:
        """Examples of all sources, by share; one queue a source, as a scene has many words."""
        queues: list[deque[Example]] = [deque() for _ in self.sources]
        while True:
            index = int(rng.choice(len(self.sources), p=self.shares))
            if not queues[index]:
                self._refill(self.sources[index], queues[index], rng, skipped)
            yield queues[index].popleft()

    def _refill(
        self,
        source: Source,
        queue: deque[Example],
        rng: np.random.Generator,
        skipped: list[Skipped],
    ) -> None:
        before = len(skipped)
        for _ in range(PATIENCE):
            for found in self._attempt(source, rng):
                if isinstance(found, Skipped):
                    skipped.append(found)
                else:
                    queue.append(found)
            if queue:
                return
        raise DataError(
            f"data: {PATIENCE} samples in a row gave nothing to learn from: "
            f"{summary(skipped[before:]) or 'they hold no words'}"
        )

    def _attempt(self, source: Source, rng: np.random.Generator) -> Iterable[Example | Skipped]:
        try:
            name, sample = source.draw(rng)
        except OCRKitError as error:  # an unreadable picture; the message names it
            return [Skipped("", str(error))]
        return self.prepare(name, sample, source.drawn, rng)

    def _batch(self, examples: Sequence[Example], skipped: Sequence[Skipped]) -> Batch:
        images = torch.from_numpy(self.stack([e.image for e in examples]))
        columns = zip(*(e.targets for e in examples), strict=True)
        targets = _alike(examples[0].targets, [torch.from_numpy(np.stack(c)) for c in columns])
        return Batch(images, targets, tuple(e.name for e in examples), tuple(skipped))


def loader(stream: Stream, workers: int) -> DataLoader[Batch]:
    """Batches of `stream`, made by this many processes beside the training one; 0 for none."""
    # Before workers are forked: OpenCV's threads do not survive that, and a worker that then
    # told it to do without them would wait for their end for ever.
    cv2.setNumThreads(1)
    return DataLoader(
        stream,
        batch_size=None,
        num_workers=workers,
        worker_init_fn=_one_thread,
        collate_fn=as_it_is,
        prefetch_factor=4 if workers else None,
    )


def by_width(pool: Sequence[Example], size: BatchSize) -> tuple[list[list[Example]], list[Example]]:
    """Full groups of like width, and the widest examples, left over because they fill no group."""
    groups: list[list[Example]] = []
    group: list[Example] = []
    for example in sorted(pool, key=lambda e: e.image.shape[-1]):
        width = example.image.shape[-1]
        if group and not size.holds(len(group) + 1, width):
            groups.append(group)
            group = []
        group.append(example)
        if not size.holds(len(group) + 1, width):
            groups.append(group)
            group = []
    return groups, group


def summary(skipped: Iterable[Skipped], most: int = 3) -> str:
    """One line: how many for which reasons, commonest first, with an example of each."""
    counts: Counter[str] = Counter()
    names: dict[str, str] = {}
    for name, reason in skipped:
        counts[reason] += 1
        names.setdefault(reason, name)
    parts = [
        f"{count} x {reason}" + (f" (as {names[reason]})" if names[reason] else "")
        for reason, count in counts.most_common(most)
    ]
    return "; ".join([*parts, "..."] if len(counts) > most else parts)


def as_it_is(batch: Any) -> Any:
    """`batch`: what a loader is told to do, lest it turns tuples into lists."""
    return batch


def _alike(targets: tuple[Any, ...], values: Sequence[Tensor]) -> Any:
    """`values` as a tuple of the class of `targets`; that of a named tuple takes no list."""
    kind: Any = type(targets)
    return getattr(kind, "_make", kind)(values)


def _one_thread(_: int) -> None:
    """Workers are many; each keeps to one thread."""
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
