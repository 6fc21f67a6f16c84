"""Every kind of source as one picture, or an error that says in a sentence why not."""

import io
import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, NamedTuple, TypeAlias

import numpy as np
import PIL.Image

from ocrkit.errors import ImageError, MissingDecoderError
from ocrkit.image._find import unreadable
from ocrkit.image._pixels import from_array, from_pil, from_tensor, is_tensor
from ocrkit.types import Image

if TYPE_CHECKING:
    from torch import Tensor

Source: TypeAlias = "str | Path | bytes | BinaryIO | PIL.Image.Image | Image | Tensor | Picture"
"""A path, the bytes of a picture file, a file opened to read bytes, a PIL image, an RGB array
(H, W, 3) uint8, a tensor (3, H, W) of uint8 or of floats in [0, 1], or a `Picture`."""

MAX_PIXELS = 200_000_000
"""Larger pictures are refused unless the caller raises the limit; this many take 600 MB."""

# Pillow knows more formats, but some of them start other programs (EPS) or are no pictures (fonts).
FORMATS = ("AVIF", "BMP", "GIF", "HEIF", "JPEG", "JPEG2000", "PNG", "PPM", "TIFF", "WEBP")

HEIC_BRANDS = {b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"}
"""A HEIC file says at its start that it is of one of these; an AVIF file is of none."""

HEAD = 1024
"""Bytes at the start of a file, in which it says what it is."""

_log = logging.getLogger("ocrkit")


class Picture(NamedTuple):
    """A picture or a page of a document, found but not yet decoded; a source like any other.

    Attributes:
        document: The file's name for people: its path as given, its URL, or `standard input`.
        number: Of the page, from 1; 1 for a photograph.
        pages: How many pages the document has; 1 for a photograph.
        dpi: Pixels per inch, if the file says so or the page was asked for so.
        decode: Makes the picture; takes the limit on its pixels.
    """

    document: str
    number: int
    pages: int
    dpi: float | None
    decode: Callable[[int], Image]

    @property
    def name(self) -> str:
        """For people: `photo.jpg`, or `scan.pdf, page 3`."""
        return self.document if self.pages == 1 else f"{self.document}, page {self.number}"

    def load(self, max_pixels: int = MAX_PIXELS) -> Image:
        """The picture; see `read_image`.

        Raises:
            ImageError: The file cannot be opened or decoded, or is too large.
        """
        return self.decode(max_pixels)


class Frame(NamedTuple):
    """One of the pictures in a file."""

    position: int | None
    """From 0; None for a photograph, or the first picture of an animation."""
    dpi: float | None


def read_image(source: Source, max_pixels: int = MAX_PIXELS, *, bgr: bool = False) -> Image:
    """The picture as displayed: EXIF orientation applied, transparency laid on white, 8 bits.

    Of an animation or a file of many pages, the first frame; a warning in the log says so
    (`ocrkit.inputs.pictures` goes through pages). An array is checked and returned as it is.

    Args:
        source: See `Source`. Of a file that is open, what is left in it is read.
        max_pixels: A file is refused before it is decoded if its header says it has more.
        bgr: The source is an array whose channels are blue, green and red, as OpenCV has them.

    Raises:
        ImageError: The source is missing, cannot be decoded to its end, is too large, or is an
            array of another shape or type.
        MissingDecoderError: It is HEIC, and the extra that reads it is not installed. This is an
            `ImageError` too.
    """
    if isinstance(source, np.ndarray):
        return from_array(source, max_pixels, bgr)
    if bgr:
        kind = type(source).__name__
        raise ImageError(f"picture: bgr is for arrays; a source of type {kind} knows its colours")
    if isinstance(source, Picture):
        return source.load(max_pixels)
    if isinstance(source, PIL.Image.Image):
        return from_pil(source, getattr(source, "filename", "") or "PIL image", max_pixels)
    if is_tensor(source):
        return from_tensor(source, max_pixels)
    content, name = _content(source)
    return read_frame(content, name, None, max_pixels)


def read_frame(
    content: Path | bytes, name: str, position: int | None = None, max_pixels: int = MAX_PIXELS
) -> Image:
    """One picture of a file; see `read_image`.

    Args:
        content: Of the file, or its path.
        name: Of the file, for people.
        position: See `Frame`.
        max_pixels: Larger pictures are refused.

    Raises:
        ImageError: See `read_image`.
    """
    with _open(content, name) as file:
        picture = _opened(file, name)
        with _explained(name):
            if position is not None:
                picture.seek(position)
            # A camera's MPO is one photograph and its by-products; a HEIC's first is the main one.
            elif getattr(picture, "is_animated", False) and picture.format not in ("MPO", "HEIF"):
                _log.warning("%s: has several frames; only the first is read", name)
        return from_pil(picture, name, max_pixels)


def read_frames(content: Path | bytes, name: str) -> list[Frame]:
    """The pictures in a file that a person would call its pages; nothing is decoded.

    All of a TIFF's but for its thumbnails; of any other format, and if there is but one, that one.

    Args:
        content: Of the file, or its path.
        name: Of the file, for people.

    Raises:
        ImageError: The file is missing, or is not a picture.
    """
    with _open(content, name) as file:
        picture = _opened(file, name)
        if picture.format == "TIFF":
            pages = list(_tiff_pages(picture))
            if len(pages) > 1:
                return pages
        return [Frame(None, _dpi(picture))]


def _tiff_pages(picture: PIL.Image.Image) -> Iterator[Frame]:
    """The pages of a TIFF; where it is damaged is the last, which will fail when it is read."""
    position = 0
    while True:
        try:
            picture.seek(position)
            tags = getattr(picture, "tag_v2", {})
            thumbnail = bool(int(tags.get(254, 0)) & 1)  # TIFF 6.0: NewSubfileType
            dpi = _dpi(picture)
        except EOFError:
            return
        except Exception:  # decoders raise whatever a damaged directory makes them trip over
            yield Frame(position, None)
            return
        if not thumbnail:
            yield Frame(position, dpi)
        position += 1


def _dpi(picture: PIL.Image.Image) -> float | None:
    """Pixels per inch, if the file says so and can be believed."""
    try:
        dpi = float(picture.info["dpi"][0])
    except (KeyError, IndexError, TypeError, ValueError, ZeroDivisionError):
        return None
    return dpi if 10 <= dpi <= 10_000 else None


def _content(source: "str | Path | bytes | BinaryIO") -> tuple[Path | bytes, str]:
    """What a file holds, or where it is, and its name."""
    if isinstance(source, bytes):
        return source, "picture in memory"
    if isinstance(source, str | Path):
        return Path(source), str(source)
    if not hasattr(source, "read"):
        expected = "a path, bytes, an open file, a PIL image, an RGB array or a tensor"
        raise ImageError(f"picture: expected {expected}, got {type(source).__name__}")
    name = str(getattr(source, "name", "open file"))
    try:
        content = source.read()
    except (OSError, ValueError) as error:
        raise unreadable(name, error) from error
    if not isinstance(content, bytes):
        raise ImageError(f"{name}: is open to read text; open it with mode 'rb'")
    return content, name


def _open(content: Path | bytes, name: str) -> BinaryIO:
    """The file, opened."""
    if isinstance(content, bytes):
        return io.BytesIO(content)
    try:
        return content.open("rb")
    except (OSError, ValueError) as error:
        # Windows calls a folder a file that may not be read.
        if isinstance(error, IsADirectoryError | PermissionError) and content.is_dir():
            raise ImageError(f"{name}: is a folder, not a picture") from error
        raise unreadable(name, error) from error


def _opened(file: BinaryIO, name: str) -> PIL.Image.Image:
    """The picture in an open file; nothing but its header is read."""
    with _explained(name):
        head = file.read(HEAD)
        file.seek(0)
    if not head:
        raise ImageError(f"{name}: is empty (0 bytes)")
    if is_pdf(head):
        hint = "ocrkit.inputs.pictures goes through its pages"
        raise ImageError(f"{name}: is a PDF document, not a picture; {hint}")
    if _is_heic(head):
        _register_heif(name)
    with _explained(name), _unlimited_pillow():
        known = [kind for kind in FORMATS if kind in PIL.Image.OPEN]
        return PIL.Image.open(file, formats=known)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    """Whatever a damaged header makes a decoder trip over, as one sentence."""
    try:
        yield
    except Exception as error:
        kinds = ", ".join(FORMATS)
        raise ImageError(f"{name}: cannot be read as a picture ({kinds})") from error


def is_pdf(content: bytes) -> bool:
    """Whether a file that starts so is a PDF document; other things may come before its header."""
    return b"%PDF-" in content[:HEAD]


def _is_heic(head: bytes) -> bool:
    """Whether a file that starts so is HEIC: ISO 14496-12, section 4.3, the box of its brands."""
    end = min(int.from_bytes(head[:4], "big"), len(head))
    brands = {head[start : start + 4] for start in range(8, end, 4)}
    return head[4:8] == b"ftyp" and bool(brands & HEIC_BRANDS)


def _register_heif(name: str) -> None:
    """Teach Pillow to read HEIC."""
    try:
        from pillow_heif import register_heif_opener
    except ImportError as error:
        message = f"{name}: reading HEIC needs an extra: pip install 'ocrkit[heic]'"
        raise MissingDecoderError(message) from error
    register_heif_opener()


_limit = threading.Lock()


@contextmanager
def _unlimited_pillow() -> Iterator[None]:
    """Pillow's own limit on pixels lifted while a header is read, because ours is the caller's.

    Pillow keeps its limit in a global, hence the lock. Nothing is decoded meanwhile.
    """
    with _limit:
        PIL.Image.init()
        before = PIL.Image.MAX_IMAGE_PIXELS
        PIL.Image.MAX_IMAGE_PIXELS = None
        try:
            yield
        finally:
            PIL.Image.MAX_IMAGE_PIXELS = before
