"""What every writer of datasets is: see `ocrkit.data.writers`."""

from abc import ABC, abstractmethod
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import cv2

from ocrkit.data._base import Labels
from ocrkit.errors import DataError, OutputError
from ocrkit.image import write_text
from ocrkit.types import Image

ORIGIN = "origin.txt"
"""Says in each folder that is written what the samples in it are."""


def encode(image: Image) -> bytes:
    """The picture as a PNG file, without loss."""
    _, data = cv2.imencode(
        ".png", cv2.cvtColor(image, cv2.COLOR_RGB2BGR), [cv2.IMWRITE_PNG_COMPRESSION, 1]
    )
    return bytes(data)


class Writer(ABC):
    """Writes the samples of one dataset."""

    form: ClassVar[str]
    """The name of the set that reads what is written."""

    def __init__(self, path: Path, origin: str) -> None:
        """Begin, or take up what an earlier writer of the same origin left.

        Args:
            path: The folder to be made; it may not exist.
            origin: What the samples are, in one line, e.g. the set and its settings. What was begun
                with another origin is not taken up.

        Raises:
            OutputError: The folder exists, cannot be written to, or what was begun is of another
                origin.
        """
        self.path = path
        if path.exists():
            raise OutputError(f"{path}: exists already; remove it or choose another name")
        self.part = path.with_name(f"{path.name}.part")
        try:
            self.part.mkdir(parents=True, exist_ok=True)
            # What a kill left half written has such names.
            for left in self.part.rglob(".*.part"):
                left.unlink()
            begun = any(self.part.iterdir())
        except OSError as error:
            raise OutputError(f"{self.part}: cannot be written: {error.strerror}") from error
        self._claim(f"{self.form}: {origin}", begun)

    @abstractmethod
    def __contains__(self, name: object) -> bool:
        """Whether the sample of this name is written."""

    @abstractmethod
    def __len__(self) -> int:
        """How many samples are written, by earlier writers too."""

    def add(self, name: str, picture: bytes | Image, labels: Labels) -> None:
        """Write a sample.

        Args:
            name: Of its own within the set.
            picture: A picture file's bytes, which are kept as they are and not decoded; or an
                image, which is written as PNG. See `encode` for doing that in threads.
            labels: Of the picture.

        Raises:
            DataError: The labels cannot be said in this form, or the name is empty or written
                already. The sample is not written; others can be.
            ImageError: The bytes are no picture.
            OutputError: The sample cannot be written.
        """
        if not name:
            raise DataError("a sample has no name, and so cannot be written")
        try:
            "".join([name, *(text or "" for text in labels.texts)]).encode()
        except UnicodeEncodeError as error:
            raise DataError(f"{name!a}: has characters that cannot be written as UTF-8") from error
        if name in self:
            raise DataError(f"{name}: a sample of this name is written already")
        self._add(name, picture if isinstance(picture, bytes) else encode(picture), labels)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Put the folder in its place; after an error, keep what is written for another time.

        Raises:
            DataError: No samples were added.
            OutputError: The folder cannot be put in its place.
        """
        if error is not None:
            with suppress(OutputError):
                self._close()
            return
        self._close()
        if not len(self):
            raise DataError(f"{self.path}: there are no samples to write")
        try:
            self.part.rename(self.path)
        except OSError as reason:
            raise OutputError(f"{self.path}: cannot be written: {reason.strerror}") from reason

    @abstractmethod
    def _add(self, name: str, picture: bytes, labels: Labels) -> None:
        """Write a sample that is not written yet."""

    @abstractmethod
    def _close(self) -> None:
        """Leave nothing in memory."""

    def _claim(self, origin: str, begun: bool) -> None:
        """Say what the samples are, or see that an earlier writer said the same."""
        file = self.part / ORIGIN
        if not begun:
            write_text(file, f"{origin}\n")
            return
        try:
            earlier = file.read_text("utf-8").removesuffix("\n")
        except (OSError, UnicodeDecodeError) as error:
            raise OutputError(f"{self.part}: is in the way; remove it") from error
        if earlier != origin:
            raise OutputError(
                f"{self.part}: was begun with {earlier!r}, not {origin!r}; remove it to start anew"
            )
