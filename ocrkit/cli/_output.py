"""From inputs to what is printed and written: the loop over pictures that commands share.

Results go to stdout, all else to stderr. A picture that cannot be read does not stop the others; it
is reported at the end, and makes the exit status 1.
"""

import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TextIO, overload

import typer

from ocrkit.cli._progress import progress
from ocrkit.cli._targets import of_page, plan, with_suffix
from ocrkit.errors import ConfigError, ImageError, OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.image import Picture
    from ocrkit.inputs import Document, Options
    from ocrkit.reader import Reader
    from ocrkit.types import Image


class Output(Protocol):
    """A kind of file that results are written to; see `ocrkit.formats.Format`."""

    @property
    def suffix(self) -> str:
        """Of its files."""

    @property
    def joins(self) -> bool:
        """Whether all pages of a document go into one file."""

    @property
    def binary(self) -> bool:
        """Whether it is no text; it may then show the pictures."""

    def render(self, sheets: Sequence[Any]) -> bytes:
        """The content of one file."""


class Task(NamedTuple):
    """What a command makes of a picture."""

    load: "Callable[[], Reader]"
    look: "Callable[[Reader, Image], Any]"
    """Finds something."""
    record: Callable[[Any], dict[str, Any]]
    """What was found, for JSON, without the picture's path."""
    text: Callable[[Any], str]
    """What was found, for eyes; empty if nothing was."""
    sheet: "Callable[[Picture, Image, Any], Any]"
    """What was found, for outputs."""
    outputs: Sequence[Output]
    """What is written, if there is a folder for it."""
    printed: Output | None = None
    """What is printed; the record or the text if this is None."""


class Order(NamedTuple):
    """What the user wants done with which inputs."""

    inputs: Sequence[str]
    options: "Options"
    save: Path | None = None
    as_json: bool = False
    quiet: bool = False
    resume: bool = False


def run(task: Task, order: Order) -> None:
    """Look at each picture, print what was found and, if there is a folder for it, write it.

    Raises:
        ConfigError: An option makes no sense without a folder for outputs.
        OutputError: The folder cannot be written to; this is found out before the work begins.
        typer.Exit: Some inputs failed.
    """
    for name, wanted in (("--quiet", order.quiet), ("--resume", order.resume)):
        if wanted and order.save is None:
            raise ConfigError(f"{name}: goes with --save FOLDER, which is missing")
    documents, failures = find(order.inputs)
    if order.save is not None:
        writable_folder(order.save)
    targets = plan(order.save, documents, [output.suffix for output in task.outputs])
    work = _Work(task, order, failures, heading=len(documents) > 1)
    jobs = list(zip(documents, targets, strict=True))
    for document, target in progress(jobs, "reading") if not order.quiet else jobs:
        work.document(document, target)
    if work.skipped and not order.quiet:
        pictures = "picture" if work.skipped == 1 else "pictures"
        say(f"skipped {work.skipped} {pictures}, done before in {order.save}", sys.stderr)
    report(failures)


def find(inputs: Iterable[str]) -> "tuple[list[Document], list[ImageError]]":
    """What the inputs stand for, each once, and why the other inputs failed."""
    from ocrkit import inputs as sources

    found = sources.find(inputs)
    failures = [document.problem for document in found if document.problem]
    return [document for document in found if not document.problem], failures


class _Work:
    """The state of a run."""

    def __init__(self, task: Task, order: Order, failures: list[ImageError], heading: bool) -> None:
        self._task = task
        self._order = order
        self._heading = heading
        self._joined = [output for output in task.outputs if output.joins]
        self._single = [output for output in task.outputs if not output.joins]
        self._reader: Reader | None = None
        self.failures = failures
        self.skipped = 0

    def document(self, document: "Document", target: Path | None) -> None:
        """Look at all pages of a document."""
        if self._written(target, self._task.outputs):
            self.skipped += 1
            return
        self._reader = self._reader or self._task.load()
        pictures = document.pictures(self._order.options)
        whole = self._written(target, self._joined)
        printed = self._task.printed if self._task.printed and self._task.printed.joins else None
        keeps = printed or (self._joined and not whole)
        seen: list[_Seen] = []
        alone = not self._heading and not self._order.quiet
        for picture in progress(pictures, "reading") if alone else pictures:
            place = of_page(target, picture) if target else None
            if whole and self._written(place, self._single):
                self.skipped += 1
                continue
            found = self._picture(self._reader, picture, place)
            if found and keeps:
                seen.append(found)
        if seen and target:
            self._join(seen, target, self._joined)
        if seen and printed:
            _say_content(printed.render(_Sheets(self._task, seen, blank=True)))

    def _written(self, target: Path | None, outputs: Sequence[Output]) -> bool:
        """Whether these outputs are there, and need not be made again."""
        if target is None or not self._order.resume:
            return False
        return all(with_suffix(target, output.suffix).exists() for output in outputs)

    def _picture(self, reader: "Reader", picture: "Picture", target: Path | None) -> "_Seen | None":
        """Look at one picture; None if it cannot be read."""
        try:
            image = picture.load(reader.max_pixels)
            found = self._task.look(reader, image)
        except ImageError as error:
            self.failures.append(error)
            return None
        height, width = image.shape[:2]
        if target:
            sheets = [self._task.sheet(picture, image, found)]
            for output in self._single:
                _write(target, output, sheets)
        self._print(picture, image, found)
        return _Seen(picture, (height, width), found)

    def _join(self, seen: "list[_Seen]", target: Path, outputs: Sequence[Output]) -> None:
        """Write what has all pages of a document in it."""
        try:
            for output in outputs:
                _write(target, output, _Sheets(self._task, seen, blank=not output.binary))
        except ImageError as error:  # the file is no longer there to be looked at again
            self.failures.append(error)

    def _print(self, picture: "Picture", image: "Image", found: Any) -> None:
        """One picture's result on stdout."""
        if self._order.quiet:
            return
        printed = self._task.printed
        if printed:
            if not printed.joins:
                _say_content(printed.render([self._task.sheet(picture, image, found)]))
        elif self._order.as_json:
            say(json.dumps({**named(picture), **self._task.record(found)}))
        else:
            heading = self._heading or picture.pages > 1
            _print_text(typer.format_filename(picture.name), self._task.text(found), heading)


class _Seen(NamedTuple):
    """A page and what was found in it, but for its pixels."""

    picture: "Picture"
    size: tuple[int, int]
    found: Any


class _Sheets(Sequence[Any]):
    """The pages of a document for an output that joins them.

    The pictures of all pages would not fit into memory. So where the output shows them, each is
    made anew when its turn comes; where it does not, it gets a blank one that takes no memory.
    """

    def __init__(self, task: Task, seen: list[_Seen], blank: bool) -> None:
        self._task = task
        self._seen = seen
        self._blank = blank

    def __len__(self) -> int:
        return len(self._seen)

    @overload
    def __getitem__(self, index: int) -> Any: ...
    @overload
    def __getitem__(self, index: slice) -> Sequence[Any]: ...
    def __getitem__(self, index: int | slice) -> Any:
        if isinstance(index, slice):
            return _Sheets(self._task, self._seen[index], self._blank)
        picture, size, found = self._seen[index]
        return self._task.sheet(picture, self._image(picture, size), found)

    def _image(self, picture: "Picture", size: tuple[int, int]) -> "Image":
        import numpy as np

        if self._blank:
            return np.broadcast_to(np.uint8(255), (*size, 3))
        height, width = size
        return picture.load(height * width)


def named(picture: "Picture") -> dict[str, Any]:
    """The picture's path, and the number of the page in a document, for JSON."""
    record: dict[str, Any] = {"path": typer.format_filename(picture.document)}
    if picture.pages > 1 or picture.document.lower().endswith(".pdf"):
        record["page"] = picture.number
    return record


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


def _write(target: Path, output: Output, sheets: Sequence[Any]) -> None:
    """One file."""
    from ocrkit.image import write_bytes

    write_bytes(with_suffix(target, output.suffix), output.render(sheets))


def _say_content(content: bytes) -> None:
    """Print a file of text."""
    say(content.decode("utf-8").removesuffix("\n"))


def _print_text(name: str, text: str, heading: bool) -> None:
    """What was found, for eyes."""
    if heading:
        say(f"==> {name} <==")
    if text:
        say(text)
    else:
        say(f"{name}: no text found", sys.stderr)
