"""How sure of a text, if this sure of its characters."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

Aggregate = Literal["geometric", "product", "min", "mean"]

FLOOR = 1e-9
"""A character that is said to be impossible costs this much, and not everything."""


def aggregate(confidences: Sequence[float], how: Aggregate = "geometric") -> float:
    """One confidence for several characters'; 0 for none, as nothing was read.

    `geometric` is their geometric mean, `mean` their arithmetic one: how sure of a character, so
    that long words rank with short ones. `product` and `min` are how sure that all are right, if
    errors are independent, and if they come together.

    Args:
        confidences: In [0, 1].
        how: By what.
    """
    return _AGGREGATES[how](confidences) if confidences else 0.0


def _geometric(confidences: Sequence[float]) -> float:
    return math.exp(math.fsum(math.log(max(c, FLOOR)) for c in confidences) / len(confidences))


def _mean(confidences: Sequence[float]) -> float:
    return math.fsum(confidences) / len(confidences)


_AGGREGATES: Mapping[Aggregate, Callable[[Sequence[float]], float]] = {
    "geometric": _geometric,
    "product": math.prod,
    "min": min,
    "mean": _mean,
}
