"""Street View Text: street scenes with upright words of nearby businesses, and a lexicon each.

100 scenes with 257 words to train on, 249 with 647 to test on. `train.xml` and `test.xml` list
them, each with about 50 words of businesses nearby, among which those in the scene are:

    <tagset>
      <image>
        <imageName>img/14_03.jpg</imageName>
        <address>341 Southwest 10th Avenue Portland OR</address>
        <lex>LIVING,ROOM,THEATERS,KENNY,ZUKE</lex>
        <Resolution x="1280" y="880"/>
        <taggedRectangles>
          <taggedRectangle height="75" width="236" x="375" y="253">
            <tag>LIVING</tag>
          </taggedRectangle>
        </taggedRectangles>
      </image>
    </tagset>

The lexicon is called "50". Words are in capitals. Only words of the lexicon are labelled: other
text in a scene is not, and none is marked to be ignored. The single words are the upright boxes,
cut from the scenes as far as they lie in them.
"""

from pathlib import Path
from typing import ClassVar, Literal

from pydantic import Field

from ocrkit.data import _tagged
from ocrkit.data._base import DatasetConfig
from ocrkit.data._entries import Entries


class SvtConfig(DatasetConfig):
    """Where the set is, and which part of it is wanted."""

    name: Literal["svt"] = "svt"
    root: Path = Field(description="folder svt1, with train.xml, test.xml and the folder img")
    split: Literal["train", "test"] = Field("train", description="which pictures")
    task: Literal["scenes", "words"] = Field("scenes", description="whole scenes or single words")


class Svt(Entries):
    """Scenes, or words cut from them, in the order of the XML file."""

    Config: ClassVar[type[DatasetConfig]] = SvtConfig

    def __init__(self, config: SvtConfig) -> None:
        """Read the XML file.

        Raises:
            DataError: It cannot be read or is malformed, or a list names no sample.
        """
        listed = config.root / f"{config.split}.xml"
        listing = _tagged.scenes if config.task == "scenes" else _tagged.words
        super().__init__(listing(listed), config, listed)
