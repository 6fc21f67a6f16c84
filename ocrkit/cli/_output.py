"""From inputs to what is printed and written: the loop over pictures that commands share.

Results go to stdout, all else to stderr. A picture that cannot be read does not stop the others; it
is reported at the end, and makes the exit status 1.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, TextIO, TypeVar

import typer

from ocrkit.cli._progress import progress
from ocrkit.errors import ImageError, OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.reader import Reader
    from ocrkit.types import Image

T = TypeVar("T")


class Result(NamedTuple):
    """What a command makes of one picture."""

    record: dict[str, Any]
    """For JSON, without the picture's path."""
    text: str
    """For eyes; empty if nothing was found."""
    draw: "Callable[[], Image]"
    """The picture with the result drawn in."""


def run(
    inputs: Sequence[str],
    save: Path | None,
    as_json: bool,
    load: "Callable[[], Reader]",
    look: "Callable[[Reader, Image], Result]",
) -> None:
    """Look at each picture, print what was found and, if there is a folder for it, write it.

    Raises:
        OutputError: The folder cannot be written to; this is found out before the work begins.
        typer.Exit: Some inputs failed.
    """
    pictures, failures = find(inputs)
    targets = plan(save, pictures)
    if pictures:
        from ocrkit.image import read_image

        reader = load()
        jobs = list(zip(pictures, targets, strict=True))
        for path, target in progress(jobs, "reading"):
            try:
                result = look(reader, read_image(path, reader.max_pixels))
            except ImageError as error:
                failures.append(error)
                continue
            record = {"path": typer.format_filename(path), **result.record}
            if target:
                _write(target, record, result)
            _print(record, result, as_json, heading=len(pictures) > 1)
    report(failures)


def find(inputs: Sequence[str]) -> tuple[list[Path], list[ImageError]]:
    """The pictures that the inputs stand for, each once, and why the other inputs failed."""
    from ocrkit.image import find_images

    found: list[Path] = []
    failures = []
    for item in inputs:
        try:
            found += find_images([item])
        except ImageError as error:
            failures.append(error)
    return list(dict.fromkeys(found)), failures


def plan(folder: Path | None, pictures: Sequence[Path]) -> list[Path | None]:
    """Where the outputs of each picture go, without a suffix: no two to the same place.

    A second `photo` becomes `photo-2`. Letter case does not count as a difference, because some
    file systems see none.

    Raises:
        OutputError: The folder cannot be written to, or an output would replace an input.
    """
    if folder is None:
        return [None] * len(pictures)
    writable_folder(folder)
    inputs = {str(path.resolve()).casefold() for path in pictures}
    taken: set[str] = set()
    targets: list[Path | None] = []
    for path in pictures:
        name, count = path.stem, 1
        while name.casefold() in taken:
            count += 1
            name = f"{path.stem}-{count}"
        taken.add(name.casefold())
        target = folder / name
        for suffix in (".json", ".png"):
            output = target.with_name(name + suffix)
            if str(output.resolve()).casefold() in inputs:
                raise OutputError(f"{output}: would replace an input; save to another folder")
        targets.append(target)
    return targets


def writable_folder(folder: Path) -> None:
    """Make the folder, and in it a file that vanishes at once.

    Raises:
        OutputError: One of the two cannot be done.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        reason = error.strerror or error
        raise OutputError(f"{folder}: cannot be written to as a folder: {reason}") from error


def say(text: str, stream: TextIO | None = None) -> None:
    """Print a result (or, to another stream, something else), above the bar if there is one."""
    # Not `typer.echo`: it finds the way past the bar, into the middle of its line.
    print(text, file=stream, flush=True)


def report(failures: Sequence[ImageError]) -> None:
    """Say what could not be read.

    Raises:
        typer.Exit: There is something to say.
    """
    for failure in failures:
        say(f"ocrkit: {failure}", sys.stderr)
    if failures:
        raise typer.Exit(1)


def _write(target: Path, record: dict[str, Any], result: Result) -> None:
    """The JSON and the drawn picture."""
    from ocrkit.image import write_image, write_text

    content = json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    write_text(target.with_name(target.name + ".json"), content)
    write_image(target.with_name(target.name + ".png"), result.draw())


def _print(record: dict[str, Any], result: Result, as_json: bool, heading: bool) -> None:
    """One picture's result on stdout."""
    if as_json:
        say(json.dumps(record))
        return
    if heading:
        say(f"==> {record['path']} <==")
    if result.text:
        say(result.text)
    else:
        say(f"{record['path']}: no text found", sys.stderr)
