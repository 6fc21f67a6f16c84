"""Drawing in several processes: what comes out, and in which order, is the same as from one.

Each process draws what it is told to, one number after the other, and holds nothing that the others
need. One that is left alone, because whoever asked has gone, ends.
"""

import functools
import multiprocessing
import signal
import threading
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess
from typing import Any, TypeVar

import cv2

from ocrkit.errors import OCRKitError

T = TypeVar("T")
Make = Callable[[], Callable[[int], T]]

IN_HAND = 2
"""Numbers that a process has at a time, so that it need not wait for the next."""

AHEAD = 6
"""Samples per process that may be drawn, or being drawn, before the oldest of them is taken."""


def drawn(make: Make[T], numbers: Sequence[int], workers: int = 1) -> Generator[T, None, None]:
    """The samples of these numbers, in this order. Close it to end the processes early.

    Args:
        make: Is called once in each process, and gives what draws the sample of a number. Can be
            pickled, as its samples can, if there are several workers.
        numbers: No two are equal.
        workers: Processes; one is this one.

    Raises:
        OCRKitError: A sample cannot be drawn, or a process was killed.
    """
    if workers > 1:
        yield from _from_processes(make, numbers, min(workers, len(numbers)))
        return
    kept = functools.cache(make)
    for number in numbers:
        yield _draw(kept, number)


def _draw(make: Make[T], number: int) -> T:
    """One sample; whatever goes wrong is one sentence."""
    try:
        return make()(number)
    except OCRKitError:
        raise
    except Exception as error:
        reason = f"{type(error).__name__}: {error}"
        raise OCRKitError(f"sample {number} cannot be drawn: {reason}") from error


def _serve(connection: "Connection[Any, Any]") -> None:
    """What a process does: take what makes samples, then numbers, and answer each."""
    cv2.setNumThreads(1)  # the processes are the threads
    # Whoever asked ends at the connection's other end, or is ending this process.
    with suppress(EOFError, OSError):
        make = functools.cache(connection.recv())
        while True:
            number = connection.recv()
            answer: Any
            try:
                answer = _draw(make, number)
            except OCRKitError as error:
                answer = error
            connection.send((number, answer))


def _from_processes(make: Make[T], numbers: Sequence[int], workers: int) -> Iterator[T]:
    context = multiprocessing.get_context("spawn")
    crew: list[tuple[SpawnProcess, Connection[Any, Any]]] = []
    try:
        for _ in range(workers):
            crew.append(_start(context))
        for _, connection in crew:
            connection.send(make)
        yield from _answers([connection for _, connection in crew], numbers)
    except OCRKitError:
        raise
    except (EOFError, OSError) as error:
        raise OCRKitError(
            "a process that draws was killed; if memory is short, use fewer workers"
        ) from error
    finally:
        for process, connection in crew:
            connection.close()
            process.terminate()
        for process, _ in crew:
            process.join()


def _start(context: SpawnContext) -> tuple[SpawnProcess, "Connection[Any, Any]"]:
    """A process, and the connection to it."""
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs,), daemon=True)
    with _uninterrupted():
        process.start()
    theirs.close()
    return process, ours


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Processes that start here ignore Ctrl-C for good: it is this one that ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _answers(crew: Sequence["Connection[Any, Any]"], numbers: Sequence[int]) -> Iterator[Any]:
    """The samples in order; the numbers go to whoever has least to do."""
    in_hand = dict.fromkeys(crew, 0)
    arrived: dict[int, Any] = {}
    given = 0
    for taken, number in enumerate(numbers):
        while True:
            while given < min(len(numbers), taken + AHEAD * len(crew)):
                idlest = min(crew, key=in_hand.__getitem__)
                if in_hand[idlest] >= IN_HAND:
                    break
                idlest.send(numbers[given])
                in_hand[idlest] += 1
                given += 1
            if number in arrived:
                break
            ready = wait([connection for connection in crew if in_hand[connection]])
            for connection in [each for each in crew if each in ready]:
                which, answer = connection.recv()
                arrived[which] = answer
                in_hand[connection] -= 1
        answer = arrived.pop(number)
        if isinstance(answer, OCRKitError):
            raise answer
        yield answer
