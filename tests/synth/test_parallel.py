"""Drawing in several processes; what draws stands here, at the top, so that they can import it."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from ocrkit.errors import DataError, OCRKitError
from ocrkit.synth.parallel import AHEAD, drawn

Draw = Callable[[int], tuple[int, int]]


def squares() -> Draw:
    """The earlier, the slower: results come in another order than they are wanted in."""

    def draw(number: int) -> tuple[int, int]:
        time.sleep(0.02 * (5 - number % 6))
        return number * number, os.getpid()

    return draw


def flawed(what: str) -> Draw:
    if what == "make":
        raise DataError("no photographs")

    def draw(number: int) -> tuple[int, int]:
        if number < 3:
            return number, os.getpid()
        if what == "known":
            raise DataError("no words")
        if what == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        raise ZeroDivisionError("by zero")

    return draw


def noted(folder: Path) -> Draw:
    def draw(number: int) -> tuple[int, int]:
        (folder / str(number)).touch()
        return number, os.getpid()

    return draw


def prepared(folder: Path) -> Draw:
    (folder / f"{os.getpid()}-{time.monotonic_ns()}").touch()
    return squares()


@pytest.mark.parametrize("workers", [1, 2])
def test_each_process_prepares_once(tmp_path: Path, workers: int) -> None:
    assert len(list(drawn(partial(prepared, tmp_path), range(12), workers))) == 12
    assert len(list(tmp_path.iterdir())) == workers


@pytest.mark.parametrize("workers", [1, 3])
def test_samples_come_in_the_order_of_their_numbers(workers: int) -> None:
    numbers = [7, 6, *range(20, 32), 0]
    results = list(drawn(squares, numbers, workers))
    assert [square for square, _ in results] == [number * number for number in numbers]
    processes = {process for _, process in results}
    assert processes == {os.getpid()} if workers == 1 else len(processes) == 3
    assert (os.getpid() in processes) == (workers == 1)


def test_there_may_be_more_workers_than_samples_or_no_samples() -> None:
    assert [square for square, _ in drawn(squares, [4], 3)] == [16]
    assert list(drawn(squares, [], 3)) == []
    assert list(drawn(squares, [])) == []


@pytest.mark.parametrize("workers", [1, 2])
@pytest.mark.parametrize(
    ("what", "kind", "message"),
    [
        ("make", DataError, "no photographs"),
        ("known", DataError, "no words"),
        ("unknown", OCRKitError, "sample 3 cannot be drawn: ZeroDivisionError: by zero"),
    ],
)
def test_what_goes_wrong_in_a_process_is_said_here(
    what: str, kind: type[Exception], message: str, workers: int
) -> None:
    results = drawn(partial(flawed, what), range(9), workers)
    if what != "make":
        assert [next(results)[0] for _ in range(3)] == [0, 1, 2]
    with pytest.raises(kind) as caught:
        next(results)
    assert str(caught.value) == message


def test_a_process_that_is_killed_is_an_error() -> None:
    with pytest.raises(OCRKitError, match="was killed; if memory is short, use fewer workers"):
        list(drawn(partial(flawed, "killed"), range(9), 2))


def test_few_samples_are_drawn_before_they_are_wanted(tmp_path: Path) -> None:
    results = drawn(partial(noted, tmp_path), range(1000), 2)
    for _ in range(10):
        next(results)
    time.sleep(0.3)
    assert 10 <= len(list(tmp_path.iterdir())) <= 10 + 2 * AHEAD
    results.close()
    before = len(list(tmp_path.iterdir()))
    time.sleep(0.1)
    assert len(list(tmp_path.iterdir())) == before


@pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGKILL")
def test_the_processes_end_when_the_one_that_asked_is_killed() -> None:
    here = Path(__file__)
    script = f"""
        import sys
        sys.path.insert(0, {str(here.parent)!r})
        from ocrkit.synth.parallel import drawn
        from {here.stem} import squares
        for _ in drawn(squares, range(10**6), 2):
            print("drawn", flush=True)
    """
    code = textwrap.dedent(script)
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as asking:
        assert asking.stdout is not None
        assert asking.stdout.readline() == b"drawn\n"
        asking.kill()
        # The processes hold the pipe: it ends when all of them have ended.
        asking.communicate(timeout=10)
