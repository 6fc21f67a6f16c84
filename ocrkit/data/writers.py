"""Datasets out: a folder that appears complete or not at all, and that can be taken up again.

    with JsonlWriter(Path("out"), "totaltext split=test") as writer:
        for index in range(len(dataset)):
            if dataset.name(index) not in writer:
                writer.add(dataset.name(index), picture, dataset.labels(index))

What is written lies in `out.part` until all is, and is then renamed to `out`. After an error, an
interrupt or a kill, the same lines continue: samples that are written are known by their names.
"""

import hashlib
import json
import os
import re
from pathlib import Path
from typing import Any, ClassVar

import lmdb
import numpy as np

from ocrkit.data._base import Labels
from ocrkit.data._lmdb import COUNT, image_key, label_key, name_key
from ocrkit.data._rrc import IGNORED
from ocrkit.data._writer import Writer, encode
from ocrkit.data.sets.jsonl import FILE
from ocrkit.errors import DataError, ImageError, OutputError
from ocrkit.image import SUFFIXES, read_image, write_bytes
from ocrkit.types import SCHEMA, Floats

__all__ = ["FORMS", "IcdarWriter", "JsonlWriter", "LmdbWriter", "Writer", "encode"]

BATCH_BYTES, BATCH_SAMPLES = 1 << 25, 1000
"""What is written to an LMDB at a time, at most; a kill loses no more."""

SMALLEST_MAP = 1 << 28
"""Bytes that an LMDB may take at first; doubled whenever that is not enough."""

STARTS = {
    b"\xff\xd8\xff": ".jpg",
    b"\x89PNG": ".png",
    b"BM": ".bmp",
    b"GIF8": ".gif",
    b"II*\x00": ".tif",
    b"MM\x00*": ".tif",
    b"RIFF": ".webp",
    b"\x00\x00\x00\x0cjP": ".jp2",
    **dict.fromkeys([b"P%d" % number for number in range(1, 7)], ".ppm"),
}
"""The suffixes of picture files by their first bytes."""


class LmdbWriter(Writer):
    """Words in an LMDB as other programs read it too; see `ocrkit.data.sets.lmdb`.

    A sample must be the picture of one word whose text is known (`outlines == (None,)`).
    """

    form: ClassVar[str] = "lmdb"

    def __init__(self, path: Path, origin: str) -> None:
        """Begin, or take up what an earlier writer left; see `Writer`."""
        super().__init__(path, origin)
        try:
            self._environment = lmdb.open(str(self.part), map_size=SMALLEST_MAP, max_dbs=1)
            self._names = self._environment.open_db(b"names")
        except lmdb.Error as error:
            raise OutputError(f"{self.part}: cannot be written: {error}") from error
        with self._environment.begin() as transaction:
            self._count = int(transaction.get(COUNT) or 0)
        self._batch: dict[bytes, list[tuple[bytes, bytes]]] = {}
        self._bytes = 0

    def __contains__(self, name: object) -> bool:
        """Whether the sample of this name is written."""
        key = _name_as_key(str(name))
        if key in self._batch:
            return True
        with self._environment.begin(self._names) as transaction:
            return transaction.get(key) is not None

    def __len__(self) -> int:
        """How many samples are written."""
        return self._count

    def _add(self, name: str, picture: bytes, labels: Labels) -> None:
        word = labels.texts[0] if len(labels) == 1 and labels.outlines[0] is None else None
        if word is None or labels.ignored[0]:
            raise DataError(
                f"{name}: an LMDB holds single words that count and whose text is known; "
                "cut the words out, or choose another form"
            )
        number = self._count + 1
        text = word.encode()
        self._batch[_name_as_key(name)] = [
            (image_key(number), picture),
            (label_key(number), text),
            (name_key(number), name.encode()),
        ]
        self._count = number
        self._bytes += len(picture) + len(text)
        if self._bytes >= BATCH_BYTES or len(self._batch) >= BATCH_SAMPLES:
            self._commit()

    def _close(self) -> None:
        try:
            self._commit()
        finally:
            self._environment.close()
        (self.part / "lock.mdb").unlink(missing_ok=True)

    def _commit(self) -> None:
        """Write the batch, all of it or nothing."""
        while True:
            try:
                self._put_all()
                break
            except lmdb.MapFullError:
                self._environment.set_mapsize(2 * self._environment.info()["map_size"])
            except lmdb.Error as error:
                raise OutputError(f"{self.part}: cannot be written: {error}") from error
        self._batch = {}
        self._bytes = 0

    def _put_all(self) -> None:
        """Write the batch in one transaction."""
        with self._environment.begin(write=True) as transaction:
            for name, values in self._batch.items():
                for key, value in values:
                    transaction.put(key, value)
                transaction.put(name, values[0][0], db=self._names)
            transaction.put(COUNT, b"%d" % self._count)


class JsonlWriter(Writer):
    """Scenes or words, `labels.jsonl` and a folder of pictures; see `ocrkit.data.sets.jsonl`.

    Nothing of the labels is lost.
    """

    form: ClassVar[str] = "jsonl"

    def __init__(self, path: Path, origin: str) -> None:
        """Begin, or take up what an earlier writer left; see `Writer`."""
        super().__init__(path, origin)
        self._pictures: dict[str, str] = {}
        file = self.part / FILE
        try:
            lines = file.read_bytes().splitlines(keepends=True) if file.exists() else []
            # A kill may have cut the last line.
            whole = [line for line in lines if line.endswith(b"\n")]
            for line in map(json.loads, whole):
                self._pictures[line["name"]] = line["image"]
            self._file = file.open("r+b" if lines else "wb")
            self._file.seek(sum(map(len, whole)))
            self._file.truncate()
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror}") from error
        except (ValueError, KeyError, TypeError) as error:
            raise OutputError(f"{file}: is damaged; remove {self.part}") from error
        self._taken = set(self._pictures.values())

    def __contains__(self, name: object) -> bool:
        """Whether the sample of this name is written."""
        return name in self._pictures

    def __len__(self) -> int:
        """How many samples are written."""
        return len(self._pictures)

    def _add(self, name: str, picture: bytes, labels: Labels) -> None:
        place = self._free_place(name, _suffix(name, picture))
        words = _words(name, labels)
        line: dict[str, Any] = {"schema": SCHEMA, "name": name, "image": place, "words": words}
        if labels.lexicons:
            line["lexicons"] = {key: list(lexicon) for key, lexicon in labels.lexicons.items()}
        data = json.dumps(line, ensure_ascii=False).encode()
        write_bytes(self.part / place, picture)
        try:
            self._file.write(data + b"\n")
            self._file.flush()
        except OSError as error:
            raise OutputError(f"{self.part / FILE}: cannot be written: {error.strerror}") from error
        self._pictures[name] = place
        self._taken.add(place)

    def _free_place(self, name: str, suffix: str) -> str:
        """A path for the picture that no other has: `a` and `a.png` may both be names."""
        stem = "/".join(map(_file_name, name.split("/")))
        before, dot, after = stem.rpartition(".")
        if dot and f".{after.lower()}" in SUFFIXES:
            stem = before
        while f"images/{stem}{suffix}" in self._taken:
            stem += "_"
        return f"images/{stem}{suffix}"

    def _close(self) -> None:
        os.fsync(self._file.fileno())
        self._file.close()


class IcdarWriter(Writer):
    """Scenes, a folder `images` and a folder `labels`; see `ocrkit.data.sets.icdar`.

    Outlines become quads; languages, lexicons and the texts of ignored words are lost.
    """

    form: ClassVar[str] = "icdar"

    def __init__(self, path: Path, origin: str) -> None:
        """Begin, or take up what an earlier writer left; see `Writer`."""
        super().__init__(path, origin)
        self._written = {label.name for label in self.part.glob("labels/gt_*.txt")}

    def __contains__(self, name: object) -> bool:
        """Whether the sample of this name is written."""
        return _label_file(str(name)) in self._written

    def __len__(self) -> int:
        """How many samples are written."""
        return len(self._written)

    def _add(self, name: str, picture: bytes, labels: Labels) -> None:
        whole = any(outline is None for outline in labels.outlines)
        height, width = read_image(picture).shape[:2] if whole else (0, 0)
        words = zip(labels.quads((height, width)), labels.texts, labels.ignored, strict=True)
        lines = [_icdar_line(name, quad, text, ignored) for quad, text, ignored in words]
        data = "".join(f"{line}\n" for line in lines).encode()
        write_bytes(self.part / "images" / f"{_file_name(name)}{_suffix(name, picture)}", picture)
        # Last, as it says that the sample is written.
        write_bytes(self.part / "labels" / _label_file(name), data)
        self._written.add(_label_file(name))

    def _close(self) -> None:
        """Every file is written already."""


FORMS: dict[str, type[Writer]] = {
    writer.form: writer for writer in (IcdarWriter, JsonlWriter, LmdbWriter)
}
"""By the names of the sets that read what they write."""


def _name_as_key(name: str) -> bytes:
    """A name as a key of an LMDB, which may not be longer than 511 bytes."""
    data = name.encode(errors="surrogatepass")
    return data if len(data) < 512 else hashlib.sha256(data).hexdigest().encode()


def _file_name(name: str) -> str:
    """A name with all that file names may not have, or that hides a file, as %XX."""
    return (
        re.sub(r'^\.|[%/\\:*?"<>|\x00-\x1f\x7f]', lambda found: f"%{ord(found[0]):02X}", name)
        or "%"
    )


def _suffix(name: str, picture: bytes) -> str:
    """The suffix for a picture file of this content."""
    if picture[4:12] == b"ftypavif":
        return ".avif"
    found = next((suffix for start, suffix in STARTS.items() if picture.startswith(start)), None)
    if found is None:
        raise ImageError(f"{name}: is no picture of a kind that can be read")
    return found


def _label_file(name: str) -> str:
    """The name of the label file of a sample."""
    return f"gt_{_file_name(name)}.txt"


def _words(name: str, labels: Labels) -> list[dict[str, Any]]:
    """The words as JSON has them, without what goes without saying."""
    rows = []
    languages = labels.languages or [None] * len(labels)
    columns = zip(labels.outlines, labels.texts, labels.ignored, languages, strict=True)
    for outline, text, ignored, language in columns:
        row: dict[str, Any] = {}
        if outline is not None:
            row["outline"] = [[_number(name, v) for v in point] for point in outline]
        if text is not None:
            row["text"] = text
        if ignored:
            row["ignored"] = True
        if language is not None:
            row["language"] = language
        rows.append(row)
    return rows


def _number(name: str, value: np.float32) -> float:
    """The shortest number that is `value` again as float32."""
    if not np.isfinite(value):
        raise DataError(f"{name}: a coordinate is not finite")
    number = float(str(np.float32(value)))
    return int(number) if number.is_integer() and abs(number) < 1e16 else number


def _icdar_line(name: str, quad: Floats, text: str | None, ignored: bool) -> str:
    """A word as one line."""
    corners = ",".join(str(_number(name, value)) for value in quad.reshape(-1))
    if ignored:
        return f"{corners},{IGNORED}"
    if text is None:
        return corners
    if text == IGNORED or "\n" in text or text.endswith("\r"):
        raise DataError(f"{name}: the text {text!r} cannot be said in this form; choose jsonl")
    return f"{corners},{text}"
