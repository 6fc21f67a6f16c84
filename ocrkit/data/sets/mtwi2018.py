r"""MTWI 2018 (ICPR 2018 challenge on Multi-Type Web Images): lines of text in adverts, as quads.

10 000 pictures to train on; the labels of 10 000 more are not public. Shops of the web have made
them, so the text is set in all fonts and sizes, mostly Chinese. Names have two suffixes: the labels
of `T1F4yjFrVdXXXXXXXX_!!0-item_pic.jpg.jpg` are in `T1F4yjFrVdXXXXXXXX_!!0-item_pic.jpg.txt`, one
line of text a line, in UTF-8:

    345.98,311.18,345.98,347.21,462.26,347.21,462.26,311.18,73774

The transcription is all that follows the eighth comma; `###` marks a line to be ignored. Corners
mostly run against the clock from the top left, but may begin anywhere and run either way. They are
turned to run clockwise on screen from where text begins if it is upright. Coordinates are kept as
published. Some pictures are GIF whatever their suffix.
"""

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np

from ocrkit import geometry
from ocrkit.data import _rrc
from ocrkit.data._base import DatasetConfig, Labels
from ocrkit.data._entries import Entries, FoldersConfig, scenes
from ocrkit.files import TextFiles


class Mtwi2018Config(FoldersConfig):
    """Where the archive was unpacked."""

    name: Literal["mtwi2018"] = "mtwi2018"


class Mtwi2018(Entries):
    """Scenes in the order of their label files."""

    Config: ClassVar[type[DatasetConfig]] = Mtwi2018Config

    def __init__(self, config: Mtwi2018Config) -> None:
        """List the samples.

        Raises:
            DataError: There are no labels, or a list names no sample.
        """
        truth = config.truth("txt_train", "mtwi_2018_train/txt_train")
        pictures = config.pictures("image_train", "mtwi_2018_train/image_train")
        entries = scenes(r"(.+)\.txt", TextFiles(truth), pictures.find, _read)
        super().__init__(entries, config, truth)


def _read(files: TextFiles, name: str) -> Labels:
    """The lines of text in one picture."""
    labels = _rrc.read_quads(files, name)
    quads = (np.asarray(quad, np.float32) for quad in labels.outlines)
    return replace(labels, outlines=tuple(geometry.upright(quad) for quad in quads))
