"""Work on many samples at once whose results come back in order."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")

AHEAD = 4
"""Items begun per thread before the oldest is done: enough to keep all busy, few in memory."""


def in_order(
    function: Callable[[Item], Result], items: Iterable[Item], workers: int | None = None
) -> Iterator[Result]:
    """What `function` makes of each item, in the items' order.

    Threads suffice: decoding, resizing and packing of pictures lets the others run.

    Args:
        function: Is called from several threads at once.
        items: Taken one by one as the work goes on.
        workers: Threads; as many as there are processors if None.
    """
    threads = workers or os.cpu_count() or 1
    pending: deque[Future[Result]] = deque()
    with ThreadPoolExecutor(threads) as pool:
        try:
            for item in items:
                pending.append(pool.submit(function, item))
                if len(pending) >= AHEAD * threads:
                    yield pending.popleft().result()
            while pending:
                yield pending.popleft().result()
        finally:
            # Whoever stops early does not wait for what is not begun.
            pool.shutdown(wait=False, cancel_futures=True)
