"""The values that flow through the pipeline: Image -> Detections -> crops -> Reading -> Page.

Conventions, the same everywhere:
    Image   (H, W, 3) uint8, RGB, as displayed: EXIF orientation is applied once, at load.
    Point   (x, y) in pixels; x grows right, y grows down; the pixel in row i and column j covers
            [j, j + 1) x [i, i + 1), so its centre is (j + 0.5, i + 0.5).
    Quad    (4, 2) float32 points, clockwise on screen from the corner where the text's first
            character starts. An upright box is a quad too: there is no second box type.
            A 40 x 20 word whose first corner lies at (100, 50):
                  0 degrees   (100, 50) (140, 50)       (140, 70)       (100, 70)
                 30 degrees   (100, 50) (134.64, 70)    (124.64, 87.32) (90, 67.32)
                 90 degrees   (100, 50) (100, 90)       (80, 90)        (80, 50)
                180 degrees   (100, 50) (60, 50)        (60, 30)        (100, 30)
    Angle   radians, from the x axis towards the y axis (clockwise on screen).
    Score   in [0, 1], how sure the detector is that there is text.
    Confidence  in [0, 1], how sure the recogniser is of what the text says.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from ocrkit.errors import ShapeError

Image = NDArray[np.uint8]
Floats = NDArray[np.float32]
Bools = NDArray[np.bool_]

SCHEMA = "ocrkit/1"


@dataclass(frozen=True, slots=True, eq=False)
class Detections:
    """The text regions found in one image, in no particular order.

    Attributes:
        quads: (N, 4, 2) float32, in pixels of the image that was searched.
        scores: (N,) float32 in [0, 1].
    """

    quads: Floats
    scores: Floats

    def __post_init__(self) -> None:
        check("quads", self.quads, (len(self.scores), 4, 2))
        check("scores", self.scores, (len(self.quads),))

    def __len__(self) -> int:
        return len(self.scores)

    def __getitem__(self, index: Any) -> Self:
        """Select by boolean mask, slice or integer array; always returns `Detections`."""
        return type(self)(self.quads[index], self.scores[index])

    @classmethod
    def empty(cls) -> Self:
        """No regions."""
        return cls(np.zeros((0, 4, 2), np.float32), np.zeros(0, np.float32))

    @classmethod
    def together(cls, several: Sequence[Self]) -> Self:
        """All regions of one or more, in their order."""
        quads, scores = ([getattr(one, name) for one in several] for name in ("quads", "scores"))
        return cls(np.concatenate(quads), np.concatenate(scores))


@dataclass(frozen=True, slots=True)
class Character:
    """One character of a reading.

    Attributes:
        text: The character.
        confidence: In [0, 1].
        span: Where it begins and ends along the text, as fractions of the crop's width (of the
            quad's, in a `Word`).
    """

    text: str
    confidence: float
    span: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a recogniser says of one crop.

    Attributes:
        text: May be empty: nothing legible.
        confidence: Geometric mean of the characters' confidences; 0 for empty text.
        characters: One entry per character of `text`.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...] = ()

    @classmethod
    def empty(cls) -> Self:
        """Nothing legible."""
        return cls("", 0.0)

    @classmethod
    def of(cls, characters: tuple[Character, ...]) -> Self:
        """What the characters say together."""
        if not characters:
            return cls.empty()
        logs = [math.log(max(c.confidence, 1e-9)) for c in characters]
        confidence = math.exp(sum(logs) / len(logs))
        return cls("".join(c.text for c in characters), confidence, characters)


@dataclass(frozen=True, slots=True, eq=False)
class Glimpses:
    """How a recogniser with attention came to its reading of one crop.

    Attributes:
        reading: What it said.
        straight: (h, w, 3) uint8, the crop as it was straightened and seen, grey.
        fiducials: (F, 2) float32, in pixels of the crop: the points that were brought to the edges
            of `straight`, first those of its top edge from the left, then those of its bottom edge.
        attention: (L, T) float32, for each character how much it looked at each of T equal columns
            of `straight`; rows sum to 1.
    """

    reading: Reading
    straight: Image
    fiducials: Floats
    attention: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Word:
    """A reading and where it stands in the image.

    Attributes:
        text, confidence, characters: See `Reading`.
        quad: (4, 2) float32, in pixels of the image as displayed.
        score: The detector's score.
    """

    text: str
    confidence: float
    characters: tuple[Character, ...]
    quad: Floats
    score: float

    def __post_init__(self) -> None:
        check("quad", self.quad, (4, 2))

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "text": self.text,
            "confidence": round(self.confidence, 4),
            "score": round(self.score, 4),
            "quad": [[round(float(v), 2) + 0.0 for v in point] for point in self.quad],
            "characters": [
                {
                    "text": character.text,
                    "confidence": round(character.confidence, 4),
                    "span": [round(edge, 4) for edge in character.span],
                }
                for character in self.characters
            ],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Page:
    """All that was read in one image, in reading order.

    Attributes:
        size: (height, width) of the image as displayed, in pixels.
        lines: Lines from top to bottom, each a tuple of words from left to right.
    """

    size: tuple[int, int]
    lines: tuple[tuple[Word, ...], ...]

    @property
    def words(self) -> tuple[Word, ...]:
        """The words of all lines, in reading order."""
        return tuple(word for line in self.lines for word in line)

    @property
    def text(self) -> str:
        """The lines' words, joined by spaces, one line of text per line."""
        return "\n".join(" ".join(word.text for word in line) for line in self.lines)

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON, with the name of the schema."""
        height, width = self.size
        return {
            "schema": SCHEMA,
            "size": {"height": height, "width": width},
            "text": self.text,
            "lines": [{"words": [word.to_dict() for word in line]} for line in self.lines],
        }


@dataclass(frozen=True, slots=True, eq=False)
class Sample:
    """One labelled image: a scene, or a word crop with one quad around all of it.

    Attributes:
        image: (H, W, 3) uint8, RGB.
        quads: (N, 4, 2) float32, in pixels.
        texts: N strings; None where the label gives no transcription.
        ignored: (N,) bool; True where the label says "do not care".
    """

    image: Image
    quads: Floats
    texts: tuple[str | None, ...]
    ignored: Bools

    def __post_init__(self) -> None:
        check("quads", self.quads, (len(self.ignored), 4, 2))
        check("ignored", self.ignored, (len(self.texts),))


def check(name: str, array: NDArray[Any], shape: tuple[int, ...]) -> None:
    """Raise `ShapeError` unless `array` has exactly this shape."""
    if array.shape != shape:
        raise ShapeError(f"{name}: expected shape {shape}, got {array.shape}")
