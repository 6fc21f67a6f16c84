"""Pictures of single words, listed with their texts in one table: `path<TAB>text`, UTF-8.

Paths are relative to the folder of the table. The text is all that follows the first tab, spaces
included; it may be empty.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data._base import Dataset, DatasetConfig, Labels, select
from ocrkit.errors import DataError
from ocrkit.files import read_lines
from ocrkit.image import read_image
from ocrkit.types import Image


class CropsConfig(DatasetConfig):
    """Where the table is; names in lists are paths as the table writes them."""

    name: Literal["crops"] = "crops"
    table: Path = Field(description="file with one `path<TAB>text` a line")


class Crops(Dataset):
    """Word crops in the order of their table."""

    Config: ClassVar[type[DatasetConfig]] = CropsConfig
    source: ClassVar[str] = "table"

    def __init__(self, config: CropsConfig) -> None:
        """Read the table.

        Raises:
            DataError: The table cannot be read, a line is malformed, or a list names no crop.
        """
        rows = _read_table(config.table)
        chosen = select([name for name, _ in rows], config, config.table)
        self._folder = config.table.parent
        self._rows = [rows[i] for i in chosen]

    def __len__(self) -> int:
        return len(self._rows)

    def name(self, index: int) -> str:
        """The path of a crop, as the table writes it."""
        return self._rows[index][0]

    def place(self, index: int) -> str:
        """The path of a crop."""
        return str(self._folder / self._rows[index][0])

    def labels(self, index: int) -> Labels:
        """What a crop says."""
        return Labels.of_crop(self._rows[index][1])

    def image(self, index: int) -> Image:
        """A crop."""
        return read_image(self.place(index))


def _read_table(path: Path) -> list[tuple[str, str]]:
    """Paths and texts, in the order of the file."""
    rows = []
    for number, line in read_lines(path):
        name, tab, text = line.partition("\t")
        if not name or not tab:
            raise DataError(f"{path}:{number}: expected path<TAB>text, got {line!r}")
        rows.append((name, text))
    return rows
