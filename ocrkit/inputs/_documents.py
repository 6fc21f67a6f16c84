"""Documents: what an input stands for, and the pictures in it."""

import sys
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path, PurePath
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

from ocrkit.errors import ConfigError, ImageError
from ocrkit.image import Picture, is_pdf, read_frame, read_frames
from ocrkit.inputs import _pdf, _screen, _web
from ocrkit.inputs._find import SUFFIXES, Found, find_files
from ocrkit.inputs._ranges import PageRanges, parse_ranges
from ocrkit.types import Image

DPI = 200
"""Pixels per inch at which pages of PDF documents are drawn."""

STDIN = "standard input"

PHOTOGRAPHS = frozenset(SUFFIXES) - {".pdf", ".tif", ".tiff"}
"""Files with these suffixes have one page."""


class Options(NamedTuple):
    """How documents are taken apart.

    Attributes:
        dpi: Pixels per inch to draw pages of PDF documents at.
        pages: Which pages of documents with several are wanted; None for all.
        allow_private: Whether pictures may be fetched from servers of the own network.
    """

    dpi: float = DPI
    pages: PageRanges | None = None
    allow_private: bool = False


class Document(NamedTuple):
    """A file, an address, the screen or standard input, not yet opened.

    Attributes:
        name: For people: the path as given, the address without passwords, the region of the
            screen, or `standard input`.
        place: Where its outputs belong below their folder, without suffix.
        path: Of the file; None if it is none.
        content: Fetches what is in it, or says where that is. It is told whether it may do so from
            servers of the own network.
        problem: Why there is no such document.
    """

    name: str
    place: PurePath
    path: Path | None
    content: Callable[[bool], Path | bytes]
    problem: ImageError | None = None

    @property
    def may_have_pages(self) -> bool:
        """Whether its name leaves open that it has several pages."""
        return self.path is None or self.path.suffix.lower() not in PHOTOGRAPHS

    def pictures(self, options: Options = Options()) -> list[Picture]:  # noqa: B008 (immutable)
        """Its pages that are wanted, or the photograph that it is; none is decoded yet.

        If it cannot be opened, one picture, which says so when it is loaded.
        """
        try:
            if self.problem:
                raise self.problem
            return _pages(self.content(options.allow_private), self.name, options)
        except ImageError as error:
            return [Picture(self.name, 1, 1, None, partial(_fail, error))]


def find(inputs: Iterable[str | Path]) -> list[Document]:
    """What inputs stand for, each once, in the order given; some may have problems.

    Args:
        inputs: Files, folders, patterns, http and https addresses, `screen:` or
            `screen:LEFT,TOP,WIDTH,HEIGHT`, or `-` for standard input.
    """
    found: dict[Path | str, Document] = {}
    for item in inputs:
        for document in _expand(item):
            found.setdefault(document.path or document.name, document)
    return list(found.values())


def pictures(
    inputs: str | Path | Iterable[str | Path],
    *,
    dpi: float = DPI,
    pages: str | None = None,
    allow_private: bool = False,
) -> Iterator[Picture]:
    """The pictures that inputs stand for; none is decoded, and no document opened, before its turn.

    What is missing or damaged is a picture too, which says so when it is loaded: no input is lost,
    and `Reader.stream` decides what becomes of errors.

    Args:
        inputs: Files, folders, patterns, http and https addresses, `screen:` or
            `screen:LEFT,TOP,WIDTH,HEIGHT`, or `-` for standard input.
        dpi: Pixels per inch to draw pages of PDF documents at.
        pages: Of documents with several, as in `1-3,7,12-`; None for all.
        allow_private: Whether pictures may be fetched from servers of the own network.

    Raises:
        ConfigError: `pages` has another form, or `dpi` is not above 0.
    """
    if not 0 < dpi < float("inf"):
        raise ConfigError(f"dpi {dpi}: expected a number above 0")
    options = Options(dpi, parse_ranges(pages) if pages is not None else None, allow_private)
    items = [inputs] if isinstance(inputs, str | Path) else inputs
    return _pictures(items, options)


def _pictures(items: Iterable[str | Path], options: Options) -> Iterator[Picture]:
    """The pictures of each input; see `pictures`."""
    for document in find(items):
        yield from document.pictures(options)


def _expand(item: str | Path) -> list[Document]:
    """What one input stands for."""
    if item == "-":
        return [Document(STDIN, PurePath("stdin"), None, _standard_input)]
    if isinstance(item, str) and _web.is_url(item):
        return [_at(item)]
    if isinstance(item, str) and _screen.is_screen(item):
        return [Document(item, PurePath("screen"), None, lambda _: _screen.grab(item))]
    try:
        return [_file(found) for found in find_files(item)]
    except ImageError as error:
        return [_file(Found(Path(item), PurePath(), error))]


def _file(found: Found) -> Document:
    """A file as a document."""
    return Document(str(found.path), found.place, found.path, lambda _: found.path, found.problem)


def _at(url: str) -> Document:
    """What is at an address; passwords in it are not told to anyone."""
    try:
        parts = urlsplit(url)
    except ValueError:  # a bad host; it is said when it is fetched
        parts = urlsplit("")
    host = parts.netloc.rpartition("@")[2]
    name = parts._replace(netloc=host).geturl() if host else url
    last = PurePath(unquote(parts.path)).stem or host.partition(":")[0]
    place = "".join(c if c.isalnum() or c in "-_." else "_" for c in last)[:100].lstrip(".")
    return Document(
        name, PurePath(place or "web"), None, lambda private: _web.fetch(url, name, private)
    )


def _standard_input(_: bool) -> bytes:
    """All that is piped in."""
    if sys.stdin.isatty():
        raise ImageError(f"{STDIN}: is a terminal; pipe a picture or a PDF document into it")
    content = sys.stdin.buffer.read(_web.MAX_BYTES + 1)
    if len(content) > _web.MAX_BYTES:
        raise ImageError(f"{STDIN}: is larger than {_web.MAX_BYTES / 1e6:g} MB; give a file")
    return content


def _pages(content: Path | bytes, name: str, options: Options) -> list[Picture]:
    """The pages of a document that are wanted, or the one photograph."""
    if is_pdf(_head(content)):
        count = _pdf.count_pages(content, name)
        drawn = partial(_pdf.draw_page, content, name, options.dpi)
        found = [
            Picture(name, number, count, options.dpi, partial(drawn, number))
            for number in range(1, count + 1)
        ]
        return _wanted(found, name, options.pages)
    frames = read_frames(content, name)
    found = [
        Picture(name, number, len(frames), f.dpi, partial(read_frame, content, name, f.position))
        for number, f in enumerate(frames, start=1)
    ]
    return _wanted(found, name, options.pages if len(found) > 1 else None)


def _head(content: Path | bytes) -> bytes:
    """How a file begins; nothing if it cannot be opened, which whoever reads it will say."""
    if isinstance(content, bytes):
        return content[:1024]
    try:
        with content.open("rb") as file:
            return file.read(1024)
    except (OSError, ValueError):
        return b""


def _wanted(found: list[Picture], name: str, ranges: PageRanges | None) -> list[Picture]:
    """The pages in the ranges."""
    wanted = [picture for picture in found if ranges is None or picture.number in ranges]
    if ranges and not wanted:
        count = f"{len(found)} pages" if len(found) > 1 else "1 page"
        raise ImageError(f"{name}: has {count}, none of which is in {ranges.text}")
    return wanted


def _fail(error: ImageError, _: int) -> Image:
    """Say what is wrong, in the place of a picture."""
    raise error
