"""Scenes with upright words in one XML file, as ICDAR 2003 and Street View Text have them.

    <tagset>
      <image>
        <imageName>img/14_03.jpg</imageName>
        <lex>LIVING,ROOM,THEATERS</lex>
        <Resolution x="1280" y="880"/>
        <taggedRectangles>
          <taggedRectangle height="75" width="236" x="375" y="253">
            <tag>LIVING</tag>
          </taggedRectangle>
        </taggedRectangles>
      </image>
    </tagset>

A rectangle covers [x, x + width) x [y, y + height) px. The lexicon, words between commas, is for
all words of the scene; ICDAR 2003 has none. A rectangle without a tag is a word of unknown text.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from ocrkit.data._base import Labels
from ocrkit.data._entries import Box, Entry, short_names
from ocrkit.data._xml import Element, read_xml
from ocrkit.files import TextFiles


def scenes(path: Path) -> list[Entry]:
    """The scenes that an XML file lists, beside which they lie.

    Raises:
        DataError: It cannot be read or is malformed; the message names the line.
    """
    return [
        Entry(name, partial(Path, picture), partial(_scene_labels, image))
        for name, picture, image in _images(path)
    ]


def words(path: Path) -> list[Entry]:
    """The words of the scenes that an XML file lists, named SCENE_1, SCENE_2, ...

    Raises:
        DataError: It cannot be read or is malformed; the message names the line.
    """
    return [
        Entry(
            f"{name}_{number}",
            partial(Path, picture),
            partial(_word_label, image, rectangle),
            partial(_box, rectangle),
        )
        for name, picture, image in _images(path)
        for number, rectangle in enumerate(_rectangles(image), start=1)
    ]


def _images(path: Path) -> list[tuple[str, Path, Element]]:
    """Name, place and element of each scene."""
    root = read_xml(TextFiles(path.parent).content(path.name), str(path), "tagset")
    images = root.all("image")
    paths = [image.required("imageName") for image in images]
    places = [path.parent / name for name in paths]
    return list(zip(short_names(paths), places, images, strict=True))


def _scene_labels(image: Element) -> Labels:
    rectangles = _rectangles(image)
    outlines = tuple(_box(rectangle).outline for rectangle in rectangles)
    texts = tuple(rectangle.inner("tag") for rectangle in rectangles)
    return Labels(outlines, texts, np.zeros(len(texts), bool), lexicons=_lexicons(image))


def _word_label(image: Element, rectangle: Element) -> Labels:
    _box(rectangle)  # a label with a malformed box is malformed, though it is not needed here
    return Labels.of_crop(rectangle.inner("tag"), lexicons=_lexicons(image))


def _rectangles(image: Element) -> list[Element]:
    return [r for group in image.all("taggedRectangles") for r in group.all("taggedRectangle")]


def _box(rectangle: Element) -> Box:
    x, y, width, height = rectangle.numbers("x", "y", "width", "height")
    return Box(x, y, x + width, y + height)


def _lexicons(image: Element) -> Mapping[str, Sequence[str]]:
    """The lexicon of a scene, of about 50 words."""
    found = tuple(filter(None, map(str.strip, (image.inner("lex") or "").split(","))))
    return {"50": found} if found else {}
