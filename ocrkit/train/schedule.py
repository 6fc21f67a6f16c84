"""What changes while a network trains: plain functions of the step."""

import math


def progress(step: int, steps: int, elapsed: float = 0.0, limit: float | None = None) -> float:
    """How much of a training is over, in [0, 1], by steps or by time, whichever is further.

    A training that its time limit will end early so comes to rest like any other.

    Args:
        step: Steps taken.
        steps: Steps planned.
        elapsed: Seconds since the start.
        limit: Seconds at most; None for no limit.
    """
    by_time = elapsed / limit if limit else 0.0
    return min(1.0, max(step / steps, by_time))


def rate_factor(step: int, warmup: int, done: float, floor: float = 0.02) -> float:
    """What the learning rate is multiplied with: a linear warm-up times half a cosine.

    Args:
        step: Steps taken.
        warmup: Steps until the full rate; 0 for none.
        done: `progress`.
        floor: Of the cosine, at the end.
    """
    rising = min(1.0, (step + 1) / warmup) if warmup else 1.0
    falling = (1 + math.cos(math.pi * done)) / 2
    return rising * (floor + (1 - floor) * falling)


def average_decay(updates: int, highest: float) -> float:
    """Decay of the running average of the weights after `updates` updates.

    It starts low, so that the first, useless weights are soon forgotten.
    """
    return min(highest, (1 + updates) / (20 + updates))
