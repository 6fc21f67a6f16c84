"""SVT-Perspective: pictures of single words of street scenes, seen from the side.

645 pictures (639 by the paper), to test on only. There is no official page any more; copies have a
folder of pictures (`par1`) and a list, one picture a line:

    13_15_0_par.jpg WYNDHAM

After the word may follow, behind spaces or commas, the words of its lexicon, which is called "50".
"""

import re
from functools import partial
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, Entry, FoldersConfig, short_names
from ocrkit.errors import DataError
from ocrkit.files import TextFiles


class SvtpConfig(FoldersConfig):
    """Where the set is."""

    name: Literal["svtp"] = "svtp"
    root: Path = Field(description="folder with the list (gt.txt) and the pictures")


class Svtp(Entries):
    """Words in the order of the list."""

    Config: ClassVar[type[DatasetConfig]] = SvtpConfig

    def __init__(self, config: SvtpConfig) -> None:
        """Read the list.

        Raises:
            DataError: It cannot be read or a line is malformed, or a list names no sample.
        """
        listed = config.truth("gt.txt", "svtp.txt")
        folder = config.pictures("par1", "image", "imgs", ".").folder
        super().__init__(_words(listed, folder), config, listed)


def _words(listed: Path, folder: Path) -> list[Entry]:
    rows = []
    for where, line in TextFiles(listed.parent).lines(listed.name):
        name, *words = re.split(r"[\s,]+", line.strip())
        if not words:
            raise DataError(f"{where}: expected a picture and its word, got {line!r}")
        rows.append((name, words[0], tuple(words[1:])))
    return [
        Entry(
            short,
            partial(_find, listed.parent, folder, name),
            partial(Labels.of_crop, word, lexicons={"50": lexicon} if lexicon else {}),
        )
        for short, (name, word, lexicon) in zip(
            short_names([name for name, _, _ in rows]), rows, strict=True
        )
    ]


def _find(root: Path, folder: Path, name: str) -> Path:
    """The picture; some lists name its folder."""
    return root / name if (root / name).is_file() else folder / name
