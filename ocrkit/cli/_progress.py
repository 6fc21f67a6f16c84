"""A bar for work that takes a while, on stderr, where a person looks at it."""

import sys
from collections.abc import Iterable, Iterator, Sized
from typing import TypeVar

T = TypeVar("T")


def progress(steps: Iterable[T], what: str, total: int | None = None) -> Iterator[T]:
    """The steps, with a bar if stderr is a terminal and there is more than one step.

    Args:
        steps: What is gone through.
        what: Stands before the bar: what is being done.
        total: How many steps there are, if that is known and `steps` cannot say it.
    """
    if total is None and isinstance(steps, Sized):
        total = len(steps)
    if not sys.stderr.isatty() or (total is not None and total < 2):
        yield from steps
        return
    from rich.console import Console
    from rich.progress import Progress

    # What is printed goes above the bar on a terminal, but never from stdout into the bar's stderr.
    aside = sys.stdout.isatty()
    with Progress(console=Console(stderr=True), transient=True, redirect_stdout=aside) as bar:
        yield from bar.track(steps, total=total, description=what)
