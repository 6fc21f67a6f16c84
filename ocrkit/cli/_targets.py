"""Where the outputs of documents go: no two to one place, and none in the place of an input."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from ocrkit.errors import OutputError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.image import Picture
    from ocrkit.inputs import Document

PAGE = re.compile(r"-p\d+(?=\.|$)")
"""What `of_page` puts at the end of a name."""


def plan(
    folder: Path | None, documents: "Sequence[Document]", suffixes: Sequence[str]
) -> list[Path | None]:
    """Where the outputs of each document go, without a suffix: no two to the same place.

    A second `photo` becomes `photo-2`; so does a `scan-p2` beside a document `scan` with pages.
    Letter case does not count as a difference, because some file systems see none. What was found
    in a folder keeps the folders in which it lies there.

    Args:
        folder: In which all outputs are.
        documents: In the order in which they choose.
        suffixes: Of the outputs of each document.

    Raises:
        OutputError: An output would replace an input.
    """
    if folder is None:
        return [None] * len(documents)
    names = _Names()
    inputs = {str(d.path.resolve()).casefold() for d in documents if d.path}
    of_pages = {PAGE.sub("", path) for path in inputs}
    targets: list[Path | None] = []
    for document in documents:
        target = folder / names.choose(document)
        barred = inputs | of_pages if document.may_have_pages else inputs
        for output in (with_suffix(target, suffix) for suffix in suffixes):
            if str(output.resolve()).casefold() in barred:
                raise OutputError(f"{output}: would replace an input; save to another folder")
        targets.append(target)
    return targets


class _Names:
    """The names that are taken."""

    def __init__(self) -> None:
        self._taken: set[str] = set()
        self._with_pages: set[str] = set()
        self._like_pages: set[str] = set()

    def choose(self, document: "Document") -> Path:
        """A name that no document before had, with the folders above it."""
        name, count = Path(document.place), 1
        while self._collides(str(name).casefold(), document.may_have_pages):
            count += 1
            name = Path(document.place).with_name(f"{document.place.name}-{count}")
        key = str(name).casefold()
        self._taken.add(key)
        if document.may_have_pages:
            self._with_pages.add(key)
        if PAGE.search(key):
            self._like_pages.add(PAGE.sub("", key))
        return name

    def _collides(self, key: str, with_pages: bool) -> bool:
        """Whether a document of this name might write what another one writes."""
        page_of_other = bool(PAGE.search(key)) and PAGE.sub("", key) in self._with_pages
        return key in self._taken or page_of_other or (with_pages and key in self._like_pages)


def of_page(target: Path, picture: "Picture") -> Path:
    """Where the outputs of one picture go, if those of its document go to `target`."""
    if picture.pages == 1:
        return target
    return with_suffix(target, f"-p{picture.number}")


def with_suffix(target: Path, suffix: str) -> Path:
    """The path with something after its name, which may have dots in it."""
    return target.with_name(target.name + suffix)
