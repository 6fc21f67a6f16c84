"""What a stage of the work takes, measured from outside, for the benchmarks beside this file."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any


class Meter:
    """Seconds by stage, and how often each was entered; stages must not contain each other.

    Args:
        stages: Their names.
        clock: Such as `time.perf_counter`, or `time.thread_time` for the CPU time of one thread.
    """

    def __init__(self, stages: Sequence[str], clock: Callable[[], float]) -> None:
        self.clock = clock
        self.spent = dict.fromkeys(stages, 0.0)
        self.calls = dict.fromkeys(stages, 0)

    @contextmanager
    def on(self, owner: Any, name: str, stage: str) -> Iterator[None]:
        """Time a function or method of `owner` while this lasts."""
        before = getattr(owner, name)
        setattr(owner, name, self._timed(before, stage))
        try:
            yield
        finally:
            setattr(owner, name, before)

    def _timed(self, function: Callable[..., Any], stage: str) -> Callable[..., Any]:
        def timed(*given: Any, **named: Any) -> Any:
            start = self.clock()
            result = function(*given, **named)
            self.spent[stage] += self.clock() - start
            self.calls[stage] += 1
            return result

        return timed
