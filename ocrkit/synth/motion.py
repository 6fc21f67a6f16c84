"""What moves in a clip: the camera, things that pass before it, text that runs along the screen.

Times are in seconds from the first frame, and need not be those of frames. Matrices are
homographies from the scene to the frame, px from the corners of pixels.
"""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.synth import occlusion
from ocrkit.synth.effects import contrasting_colour, light_and_colour
from ocrkit.synth.lettering import Line, Setting, grown, set_lines
from ocrkit.synth.materials import inked, mixed, plain
from ocrkit.synth.occlusion import Thing
from ocrkit.synth.typesetter import Typesetter, nearest_size
from ocrkit.types import Floats, Image

Matrix = NDArray[np.float64]

WAVES = 5
HAND = (0.3, 6.0)  # Hz; how slowly and how fast a hand trembles
LEAST_THING = 0.5  # of the frame's height; what passes is this high, or higher
CLEAR = 0.5  # of a frame's width is free before a text that runs


class Tremble(NamedTuple):
    """A smooth random motion about 0: a sum of sines.

    Attributes:
        reach: (K,) float64.
        pace: (K,) float64, radians per second.
        phase: (K,) float64, radians.
    """

    reach: NDArray[np.float64]
    pace: NDArray[np.float64]
    phase: NDArray[np.float64]

    @classmethod
    def of(cls, deviation: float, rng: np.random.Generator) -> "Tremble":
        """One of this standard deviation; the slower, the farther it goes, as hands do."""
        low, high = np.log(HAND)
        hertz = np.exp(rng.uniform(low, high, WAVES))
        reach = 1 / hertz
        reach *= deviation * math.sqrt(2 / float(reach @ reach))
        return cls(reach, 2 * math.pi * hertz, rng.uniform(0, 2 * math.pi, WAVES))

    def at(self, time: float) -> float:
        """Where it is."""
        return float(self.reach @ np.sin(self.pace * time + self.phase))


class Camera(NamedTuple):
    """Looks at a part of a flat scene and moves over it.

    Attributes:
        size: Of the frame, (height, width) px.
        seconds: How long it takes from `start` to `end`.
        start, end: (2,) float64, the point of the scene in the middle of the frame.
        scales: At the start and at the end, px of the frame per px of the scene.
        trembles: Of x and y (px of the frame), of the roll (radians), of the perspective along x
            and along y (by which share what is at the frame's edge is nearer than its middle).
    """

    size: tuple[int, int]
    seconds: float
    start: NDArray[np.float64]
    end: NDArray[np.float64]
    scales: tuple[float, float]
    trembles: Sequence[Tremble]

    def at(self, time: float) -> Matrix:
        """The (3, 3) homography from the scene to the frame."""
        # It sets out and arrives gently.
        way = (1 - math.cos(math.pi * min(max(time / self.seconds, 0), 1))) / 2
        x, y = self.start + way * (self.end - self.start)
        scale = self.scales[0] * (self.scales[1] / self.scales[0]) ** way
        dx, dy, roll, across, down = (tremble.at(time) for tremble in self.trembles)
        cos, sin = scale * math.cos(roll), scale * math.sin(roll)
        height, width = self.size
        place = np.array([[1, 0, -x], [0, 1, -y], [0, 0, 1]])
        turn = np.array([[cos, -sin, 0], [sin, cos, 0], [0, 0, 1]])
        tilt = np.array([[1, 0, 0], [0, 1, 0], [2 * across / width, 2 * down / height, 1]])
        centre = np.array([[1, 0, width / 2 + dx], [0, 1, height / 2 + dy], [0, 0, 1]])
        return np.asarray(centre @ tilt @ turn @ place)

    def smear(self, time: float, exposure: float) -> Floats:
        """How far the middle of the frame moves while the shutter is open, px; (2,).

        Args:
            time: The middle of the exposure.
            exposure: Seconds.
        """
        height, width = self.size
        middle = np.array([[width / 2, height / 2]], np.float32)
        point = geometry.project(np.asarray(np.linalg.inv(self.at(time)), np.float64), middle)
        ends = [geometry.project(self.at(time + s * exposure / 2), point)[0] for s in (-1, 1)]
        return np.asarray(ends[1] - ends[0], np.float32)


class Passer(NamedTuple):
    """A thing that passes before the camera.

    Attributes:
        thing: What passes.
        middle: (2,) float64, px of the frame: where its middle is at `when`.
        when: Seconds.
        pace: Px of the frame per second, to the right.
    """

    thing: Thing
    middle: NDArray[np.float64]
    when: float
    pace: float

    def paint(self, image: Image, mask: Image, time: float) -> None:
        """Put it before the `image` (H, W, 3), and where it hides that into the `mask` (H, W)."""
        height, width = self.thing.mask.shape
        rows, columns = mask.shape
        left = round(self.middle[0] + (time - self.when) * self.pace - width / 2)
        top = round(self.middle[1] - height / 2)
        x0, y0 = max(left, 0), max(top, 0)
        x1, y1 = min(left + width, columns), min(top + height, rows)
        if x0 >= x1 or y0 >= y1:
            return
        own, there = np.s_[y0 - top : y1 - top, x0 - left : x1 - left], np.s_[y0:y1, x0:x1]
        cover = np.ascontiguousarray(self.thing.mask[own])
        image[there] = mixed(image[there], self.thing.image[own], cover)
        np.maximum(mask[there], cover, out=mask[there])


class Ticker(NamedTuple):
    """A line of text on a band across the screen: it does not move with the camera.

    Attributes:
        alpha: (h, w) uint8, the line's ink.
        quads: (N, 4, 2) float32, px of `alpha`.
        texts: N words.
        top: Row of the frame at which the band begins; it is as high as `alpha`.
        left: Column of the frame at which the line begins at time 0.
        pace: Px per second, to the left; 0 stands still.
        colours: (2, 3) float32, the band's and the ink's.
    """

    alpha: Image
    quads: Floats
    texts: tuple[str, ...]
    top: int
    left: float
    pace: float
    colours: Floats

    def at(self, time: float) -> Floats:
        """Where its words are; (N, 4, 2) px of the frame."""
        return self.quads + np.array([self.left - self.pace * time, self.top], np.float32)

    def paint(self, image: Image, time: float) -> None:
        """Put it on a frame, in place."""
        height, width = len(self.alpha), image.shape[1]
        shift = np.array([[1, 0, self.left - self.pace * time], [0, 1, 0]])
        ink = np.asarray(cv2.warpAffine(self.alpha, shift, (width, height)), np.uint8)
        band = plain((height, width), self.colours[0])
        image[self.top : self.top + height] = inked(band, ink, self.colours[1])

    def hide(self, mask: Image) -> None:
        """Put where it hides the scene into the `mask` (H, W)."""
        mask[self.top : self.top + len(self.alpha)] = 255


def passer(
    at: NDArray[Any], when: float, size: tuple[int, int], rng: np.random.Generator
) -> Passer:
    """Somebody or something whose middle is at the point `at` (2,) px at a time."""
    makers = (occlusion.person, occlusion.person, occlusion.leaves, occlusion.blob)
    while True:
        thing = makers[rng.integers(len(makers))](size, rng)
        if len(thing.mask) >= LEAST_THING * size[0]:
            break
    pace = size[1] * rng.uniform(0.35, 0.7) * rng.choice([-1, 1])
    return Passer(thing, np.asarray(at, np.float64), when, float(pace))


def ticker(
    setter: Typesetter, size: tuple[int, int], pace: float, seconds: float, rng: np.random.Generator
) -> Ticker:
    """A line near the foot of the screen that runs for so long; with pace 0 it stands still."""
    height, width = size
    em = nearest_size(height * rng.uniform(0.06, 0.085))
    room = width - 2 * em if pace == 0 else width + pace * seconds
    while True:
        font = setter.typefaces.sample(rng)
        words = [setter.corpus.sample(rng)]
        # What a line needs, about; one that moves may end before it has gone by.
        while em * (0.6 * len("".join(words)) + 0.4 * len(words)) < 0.8 * room:
            words.append(setter.corpus.sample(rng))
        line = set_lines([Line(words, font, em)], Setting(space=0.4), pad=em // 2)
        # Faces that draw none of the words, and lines that are wider than the screen.
        if line is not None and (pace or line.alpha.shape[1] <= width):
            break
    ground = light_and_colour(rng)
    colours = np.stack([ground, contrasting_colour(ground, 110, rng)])
    rows, columns = line.alpha.shape
    left = CLEAR * width if pace else (width - columns) / 2
    top = height - rows - round(rng.uniform(0.02, 0.08) * height)
    return Ticker(line.alpha, grown(line.quads), line.texts, top, left, pace, colours)


def camera(
    size: tuple[int, int],
    room: tuple[int, int],
    target: Floats,
    seconds: float,
    movement: tuple[float, float, float, float, float],
    rng: np.random.Generator,
) -> Camera:
    """A camera that keeps to a scene and passes a point of it half-way.

    Args:
        size: Of the frame, (height, width) px.
        room: Of the scene, (height, width) px.
        target: (2,) px of the scene; as near to it as the scene's edges allow.
        seconds: How long it moves.
        movement: As in `ClipStyle`: pan, zoom, shake, roll, lean.
        rng: The source of all randomness.
    """
    pan, zoom, shake, roll, lean = movement
    scales = (zoom**-0.5, zoom**0.5)
    radians = math.radians(roll)
    trembles = [Tremble.of(d, rng) for d in (shake, shake, radians, lean, lean)]
    frame, scene = np.array(size[::-1], np.float64), np.array(room[::-1], np.float64)
    # Three deviations of shake and roll, and what lies behind a picture that leans, are spared.
    turned = frame * math.cos(3 * radians) + frame[::-1] * math.sin(3 * radians)
    half = (turned / 2 * (1 + 4 * lean) + 3 * shake) / min(scales)
    low, high = np.minimum(half, scene / 2), np.maximum(scene - half, scene / 2)
    middle = np.clip(np.asarray(target, np.float64), low, high)
    angle = rng.normal(0, 0.35) + math.pi * rng.integers(2)
    way = np.array([math.cos(angle), math.sin(angle)]) * pan * (high - low)
    # Where there is no room for half of the way on one side of the point, more is on the other.
    start = np.clip(middle - way / 2, low - np.minimum(way, 0), high - np.maximum(way, 0))
    return Camera(size, seconds, start, start + way, scales, trembles)
