"""ICDAR 2017 MLT (challenge 8): scenes with words in nine scripts, as quads.

7200 pictures to train on and 1800 to validate on; the labels of 9000 more are not public. Pictures
are JPEG, PNG and GIF; those to train on come in eight archives. The labels of `img_1.jpg` are in
`gt_img_1.txt`, one word a line, UTF-8:

    x1,y1,x2,y2,x3,y3,x4,y4,script,transcription

Corners run clockwise. The script (Arabic, Latin, Chinese, Japanese, Korean, Bangla, Symbols, Mixed
or None) is the word's language in its label. The transcription is all that follows the ninth comma;
`###` marks a word to be ignored.
"""

from collections.abc import Sequence
from functools import cached_property, partial
from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _rrc
from ocrkit.data._base import DatasetConfig
from ocrkit.data._entries import Entries, FoldersConfig, scenes
from ocrkit.errors import ImageError
from ocrkit.files import TextFiles
from ocrkit.image import find_images


class Mlt2017Config(FoldersConfig):
    """Where the archives were unpacked, and which of the sets is wanted."""

    name: Literal["mlt2017"] = "mlt2017"
    split: Literal["train", "val"] = Field("train", description="which pictures")


class Mlt2017(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Mlt2017Config

    def __init__(self, config: Mlt2017Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        split = "training" if config.split == "train" else "validation"
        labels = f"ch8_{split}_localization_transcription_gt"
        truth = config.truth(f"{labels}_v2", labels)
        parts = _Parts(config, f"ch8_{split}_images")
        read = partial(_rrc.read_quads, scripts=True)
        super().__init__(scenes(_rrc.SCENES, TextFiles(truth), parts.find, read), config, truth)


class _Parts:
    """The pictures of all folders whose names begin alike."""

    def __init__(self, config: Mlt2017Config, prefix: str) -> None:
        self._config, self._prefix = config, prefix

    def find(self, stem: str) -> Path:
        """The picture of this name.

        Raises:
            ImageError: There is none, or there are several.
        """
        found = self._by_stem.get(stem, ())
        if len(found) == 1:
            return found[0]
        if found:
            raise ImageError(f"{found[1]}: has the name of {found[0]}; rename one of them")
        place = self._config.images or self._config.root / f"{self._prefix}*"
        raise ImageError(f"{place}: no picture {stem!r}; are all parts unpacked?")

    @cached_property
    def _by_stem(self) -> dict[str, Sequence[Path]]:
        given, root = self._config.images, self._config.root
        folders = [p for p in sorted(root.glob(f"{self._prefix}*")) if p.is_dir()]
        found: dict[str, list[Path]] = {}
        for path in find_images([given] if given else folders):
            found.setdefault(path.stem, []).append(path)
        return dict(found)
