"""Words in an LMDB, as recognition benchmarks are passed around and training sets are kept.

A folder with `data.mdb`, or that file, with these keys, counted from 1:

    num-samples         "3"
    image-000000001     the bytes of a picture file
    label-000000001     the text, UTF-8
    name-000000001      the sample's name; written by `ocrkit data convert`, and optional

`ocrkit data convert` also keeps a database `names` in it, from which it knows what it has written.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.data._lines import Listed
from ocrkit.data._lmdb import COUNT, Records, image_key, label_key, name_key
from ocrkit.errors import DataError, ImageError
from ocrkit.image import read_image
from ocrkit.types import Image


class LmdbConfig(DatasetConfig):
    """Where the LMDB is; names in lists are its `name-...`, or else its `image-...` keys."""

    name: Literal["lmdb"] = "lmdb"
    root: Path = Field(description="folder with data.mdb, or that file")


class Lmdb(Dataset):
    """Words in the order of their numbers."""

    Config: ClassVar[type[DatasetConfig]] = LmdbConfig

    def __init__(self, config: LmdbConfig) -> None:
        """Count the samples.

        Raises:
            DataError: There is no LMDB, it is damaged or has other keys, or a list names no sample.
        """
        self._records = Records(config.root)
        count = _count(self._records)
        names = Listed(count, self._name)
        self._chosen: Sequence[int] = select(names, config, config.root)

    def __len__(self) -> int:
        return len(self._chosen)

    def name(self, index: int) -> str:
        """The name of a sample, or the key of its picture."""
        return self._name(self._chosen[index])

    def place(self, index: int) -> str:
        """The file and the key of the picture."""
        return f"{self._records.path}: {self._key(index)}"

    def labels(self, index: int) -> Labels:
        """What a picture says."""
        key = label_key(self._chosen[index] + 1)
        value = self._records.get(key)
        where = f"{self._records.path}: {key.decode()}"
        if value is None:
            raise DataError(f"{where}: is missing, though there are more samples than this")
        try:
            return Labels.of_crop(value.decode())
        except UnicodeDecodeError as error:
            raise DataError(f"{where}: is not UTF-8") from error

    def image(self, index: int) -> Image:
        """The picture of a sample."""
        value = self._records.get(self._key(index).encode())
        if value is None:
            raise ImageError(f"{self.place(index)}: is missing")
        try:
            return read_image(value)
        except ImageError as error:
            raise ImageError(f"{self.place(index)}: {error}") from error

    def _key(self, index: int) -> str:
        """The key of a picture."""
        return image_key(self._chosen[index] + 1).decode()

    def _name(self, number: int) -> str:
        """The name of a sample counted from 0 before some were left out."""
        value = self._records.get(name_key(number + 1))
        return (value or image_key(number + 1)).decode(errors="replace")


def _count(records: Records) -> int:
    """How many samples there are."""
    value = records.get(COUNT)
    where = f"{records.path}: {COUNT.decode()}"
    if value is None:
        raise DataError(f"{where}: is missing: this LMDB holds no set of words")
    try:
        count = int(value)
    except ValueError as error:
        raise DataError(f"{where}: expected a number, got {value!r}") from error
    if count > 0 and records.get(image_key(count)) is None:
        missing = image_key(count).decode()
        raise DataError(f"{where}: says {count}, but there is no {missing}; it was not finished")
    return max(count, 0)
