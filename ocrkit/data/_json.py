r"""Label files in JSON: the form of COCO-Text, and what is common to all.

The form of COCO-Text, one object for all pictures of a set:

    {"imgs": {"36": {"id": 36, "set": "train", "file_name": "000036.jpg", ...}, ...},
     "anns": {"45346": {"id": 45346, "image_id": 36, "bbox": [x, y, width, height], ...}, ...},
     "imgToAnns": {"36": [45346], ...}, ...}

Annotations belong to the picture that they name; the lists of `imgToAnns` are not needed.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ocrkit.errors import DataError
from ocrkit.files import LARGEST
from ocrkit.types import Floats


class Node(NamedTuple):
    """An object in a file, whose values are checked as they are asked for.

    Attributes:
        place: File and key, for messages.
        values: What the object has.
    """

    place: str
    values: Mapping[str, Any]

    def text(self, key: str, default: str | None = None) -> str:
        """A text; `default` if it is missing.

        Raises:
            DataError: It is missing and there is no default, or it is no text.
        """
        value = self.values.get(key, default)
        if not isinstance(value, str):
            raise DataError(f"{self.place}: expected a text as {key!r}, got {_short(value)}")
        return value

    def objects(self, key: str) -> list["Node"]:
        """The objects in a list.

        Raises:
            DataError: It is missing, or is not a list of objects.
        """
        return _nodes(self.values.get(key), f"{self.place}: {key}")

    def lists(self, key: str) -> list[list["Node"]]:
        """The objects in a list of lists.

        Raises:
            DataError: It is missing, or is not a list of lists of objects.
        """
        found, place = self.values.get(key), f"{self.place}: {key}"
        if not isinstance(found, list):
            raise DataError(f"{place}: expected a list of lists")
        return [_nodes(value, f"{place}[{i}]") for i, value in enumerate(found)]

    def flag(self, key: str) -> bool:
        """Whether something holds.

        Raises:
            DataError: It is missing, or is neither true nor false.
        """
        value = self.values.get(key)
        if not isinstance(value, bool):
            raise DataError(f"{self.place}: expected true or false as {key!r}, got {_short(value)}")
        return value

    def ring(self, key: str) -> Floats:
        """An outline, as x, y, x, y ... or as pairs of them; (K, 2) float32.

        Raises:
            DataError: It is missing, or is not 3 points or more.
        """
        points = self._numbers(key)
        if points.ndim > 2 or points.shape[1:] not in ((), (2,)) or points.size % 2:
            raise DataError(f"{self.place}: expected pairs of numbers as {key!r}")
        if points.size < 6:
            raise DataError(f"{self.place}: expected at least 3 points as {key!r}")
        return points.reshape(-1, 2)

    def box(self, key: str) -> Floats:
        """The corners of a box of left, top, width and height, clockwise; (4, 2) float32.

        Raises:
            DataError: It is missing, or is not four numbers.
        """
        numbers = self._numbers(key)
        if numbers.shape != (4,):
            raise DataError(f"{self.place}: expected x, y, width and height as {key!r}")
        left, top, width, height = numbers
        corners = [[0, 0], [width, 0], [width, height], [0, height]]
        return np.array(corners, np.float32) + np.array([left, top], np.float32)

    def _numbers(self, key: str) -> Floats:
        """Finite numbers, in lists of any depth."""
        value = self.values.get(key)
        try:
            numbers = np.array(value, np.float64)
        except (TypeError, ValueError, OverflowError) as error:
            raise DataError(f"{self.place}: expected numbers as {key!r}") from error
        # What is missing becomes NaN.
        if not (np.abs(numbers) <= LARGEST).all():
            raise DataError(f"{self.place}: expected finite numbers as {key!r}")
        return numbers.astype(np.float32)


class Picture(NamedTuple):
    """A picture of a set in the form of COCO-Text, and what is said of it.

    Attributes:
        file: Its name, as the set gives it.
        content: Its annotations, in JSON: objects take several times as much memory.
        place: Where the annotations are, for messages.
    """

    file: str
    content: bytes
    place: str

    def annotations(self) -> list[Node]:
        """The annotations, in the order of the file."""
        return list(_members(parse(self.content, self.place), None).values())


def parse(content: bytes, place: str) -> Node:
    """The object that the bytes are, in UTF-8 and with or without a byte order mark.

    Raises:
        DataError: They are not JSON, or not an object.
    """
    try:
        value = json.loads(content.removeprefix(b"\xef\xbb\xbf").decode())
    except (ValueError, RecursionError) as error:
        raise DataError(f"{place}: is not JSON: {error}") from error
    if not isinstance(value, dict):
        raise DataError(f"{place}: expected an object, got {_short(value)}")
    return Node(place, value)


def read_pictures(path: Path, split: str | None = None) -> list[Picture]:
    """The pictures in a file in the form of COCO-Text, in its order.

    Args:
        path: The file.
        split: Which pictures, by what the file calls their `set`; all if None.

    Raises:
        DataError: The file cannot be read, or is of another form.
    """
    try:
        whole = parse(path.read_bytes(), str(path))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    images, annotations = _members(whole, "imgs"), _members(whole, "anns")
    found: dict[str, dict[str, Any]] = {key: {} for key in images}
    for key, annotation in annotations.items():
        if "image_id" not in annotation.values:
            raise DataError(f"{annotation.place}: expected the picture's key as 'image_id'")
        owner = found.get(str(annotation.values["image_id"]))
        if owner is not None:
            owner[key] = annotation.values
    place = f"{path}: anns"
    return [
        Picture(image.text("file_name"), json.dumps(found[key]).encode(), place)
        for key, image in images.items()
        if split is None or image.text("set") == split
    ]


def _members(node: Node, key: str | None) -> dict[str, Node]:
    """The objects that an object has, or one of its values has, by their keys."""
    found = node.values if key is None else node.values.get(key)
    place = node.place if key is None else f"{node.place}: {key}"
    if not isinstance(found, dict) or not all(isinstance(value, dict) for value in found.values()):
        raise DataError(f"{place}: expected an object of objects")
    return {name: Node(f"{place}: {name}", value) for name, value in found.items()}


def _nodes(found: object, place: str) -> list[Node]:
    """The objects in a list."""
    if not isinstance(found, list) or not all(isinstance(value, dict) for value in found):
        raise DataError(f"{place}: expected a list of objects")
    return [Node(f"{place}[{i}]", value) for i, value in enumerate(found)]


def _short(value: object) -> str:
    """A value for people."""
    text = repr(value)
    return text if len(text) <= 40 else f"{text[:37]}..."
