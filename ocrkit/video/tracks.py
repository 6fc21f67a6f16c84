"""One text through time: where it is, what has been read of it, and how well it was seen."""

import math
from dataclasses import dataclass, field, replace
from fractions import Fraction

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.types import Character, Floats, Image, Reading, Word
from ocrkit.video.motion import correlation

READING_HEIGHT = 32
"""Pixels; at this height recognisers read, and the sharpness of crops is compared."""

KEPT_HEIGHT = 64
"""Pixels; higher crops are made so small before they are kept."""

LOOK = (16, 48)
"""Pixels (height, width) of the copy of a crop by which its look is compared."""

SHIFTED = (2, 4)
"""Pixels of that, down and across, by which two looks may be shifted: no quad fits exactly."""

STEADY = 0.7
"""How much of the speed of a track stays the same from one frame to the next."""

WHOLE = 0.7
"""The confidence from which on a text takes over what speaks for its pieces."""

BORNE_OUT = 0.1
"""So much of the evidence for a piece the text itself must have to take it over: where a word has
been seen together with its neighbour once or twice, it has little."""

EDGE = 0.15
"""Of its height; a word that is nearer to the frame's edge may have been cut by it."""

CUT_SHORT = 0.1
"""What a reading counts, of a word that the frame's edge may have cut, beside one that is whole."""

MOST_SURE = 0.999
"""No reading counts as surer, or one would outweigh all others."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A frame in time.

    Attributes:
        frame: Its index in the video.
        time: Seconds from the video's start, exact.
    """

    frame: int
    time: Fraction


@dataclass(frozen=True, slots=True, eq=False)
class TextTrack:
    """One text of a video, from when it was first seen until it was last.

    Attributes:
        identity: Its number, the same in all frames.
        text, confidence, characters: What its readings say together; see `Reading`.
        score: The best score that the detector gave it.
        first: When it was first seen.
        last: When it was last seen.
        frames: In how many frames it was seen; there may be gaps between.
        quad: (4, 2) float32, where it was when it was first seen.
        crop: (h, w, 3) uint8, the sharpest crop that was read, at most 64 px high.
    """

    identity: int
    text: str
    confidence: float
    characters: tuple[Character, ...]
    score: float
    first: Moment
    last: Moment
    frames: int
    quad: Floats
    crop: Image

    @property
    def word(self) -> Word:
        """The same as a word, where it was first seen."""
        return Word(self.text, self.confidence, self.characters, self.quad, self.score)


@dataclass(slots=True)
class Vote:
    """What several readings of one text say together.

    A reading that is worth c counts as log(1 - c) squared: one of 0.95 outweighs seventy of 0.3,
    as unsure readings of one text err alike. (By -log(1 - c), as if they erred independently, it
    would outweigh eight.) What speaks for a piece of a text speaks for all of it if
    all of it has been read surely, and not much less often: before, a part was covered. Readings at
    the frame's edge, which may have cut the word, count little beside others. The text with most
    evidence wins, with the confidence and the characters of its surest reading.

    Attributes:
        count: How many readings there were.
        whole: How many of them were not at the frame's edge.
    """

    count: int = 0
    whole: int = 0
    _evidence: dict[str, float] = field(default_factory=dict)
    _surest: dict[str, Reading] = field(default_factory=dict)

    def add(self, reading: Reading, whole: bool = True, worth: float | None = None) -> None:
        """One more reading; an empty one only counts.

        Args:
            reading: What was read.
            whole: Whether the word was clear of the frame's edge.
            worth: What the reading is worth, in [0, 1]; its confidence if None.
        """
        self.count += 1
        self.whole += whole
        if not reading.text:
            return
        worth = reading.confidence if worth is None else worth
        evidence = math.log(1 - min(worth, MOST_SURE)) ** 2 * (1 if whole else CUT_SHORT)
        self._evidence[reading.text] = self._evidence.get(reading.text, 0.0) + evidence
        before = self._surest.get(reading.text)
        if before is None or reading.confidence > before.confidence:
            self._surest[reading.text] = reading

    @property
    def winner(self) -> Reading:
        """What most evidence speaks for; empty if nothing was legible. Of equals the first."""
        if not self._evidence:
            return Reading.empty()
        return self._surest[max(self._evidence, key=self._support)]

    def _support(self, text: str) -> float:
        """The evidence for a text, that for its pieces included, if it has some of its own."""
        own = self._evidence[text]
        if self._surest[text].confidence < WHOLE:
            return own
        borne_out = own / BORNE_OUT
        pieces = (v for piece, v in self._evidence.items() if piece in text and piece != text)
        return own + sum(value for value in pieces if value <= borne_out)


class Track:
    """A text that is being followed, as one search after the other finds it.

    Attributes:
        identity: Its number.
        begun: Searches before the one that found it first.
        found: Searches that found it.
        missed: Searches in a row that did not.
        word: Its first sighting.
        quad: (4, 2) float32, where it is, or where it was last seen, in pixels.
        score: The best score so far.
        visible: Whether it is seen now.
        sound: Whether its points still show what they showed when it was last found.
        points: (P, 2) float32, by which it is followed.
        speed: (2,) px/s of its centre.
        frames: In how many frames it was seen.
        first, last: When it was seen, first and last.
        vote: What has been read of it.
        sharpness, crop: Of the sharpest crop that was read.
        look: How it looked when it was last read; see `look`.
        part: Whether it was one of several words of a detection when it was last read.
    """

    def __init__(self, identity: int, word: Word, begun: int = 0) -> None:
        self.identity = identity
        self.begun, self.found, self.missed = begun, 1, 0
        self.word, self.quad, self.score = word, word.quad, word.score
        self.visible = self.sound = True
        self.points = np.zeros((0, 2), np.float32)
        self.speed = np.zeros(2, np.float32)
        self.frames = 0
        self.first = self.last = Moment(0, Fraction(0))
        self.vote = Vote()
        self.sharpness = 0.0
        self.crop: Image = np.zeros((1, 1, 3), np.uint8)
        self.look = np.zeros(LOOK, np.float32)
        self.part = False

    @property
    def now(self) -> Word:
        """What is known of it, as a word in its place."""
        said = self.vote.winner
        return Word(said.text, said.confidence, said.characters, self.quad, self.score)

    def seen(self, moment: Moment) -> None:
        """It is in this frame."""
        self.first = self.first if self.frames else moment
        self.last = moment
        self.frames += 1

    def move(self, quad: Floats, seconds: float) -> None:
        """It was followed to a new place, so long after the last."""
        if seconds > 0:
            speed = (quad.mean(axis=0) - self.quad.mean(axis=0)) / np.float32(seconds)
            self.speed = np.asarray(STEADY * self.speed + (1 - STEADY) * speed, np.float32)
        self.quad = quad

    def find(self, quad: Floats, score: float) -> None:
        """A search found it here.

        Where it was followed to and where it is found are averaged: both err, and quads that jump
        are no pleasure to look at.
        """
        self.quad = np.asarray((self.quad + quad) / 2, np.float32) if self.sound else quad
        self.score = max(self.score, score)
        self.found, self.missed, self.visible = self.found + 1, 0, True

    def expected(self, time: Fraction) -> Floats:
        """Where it should be if it has gone on as it did; (4, 2)."""
        gone = 0.0 if self.visible else float(time - self.last.time)
        return np.asarray(self.quad + self.speed * gone, np.float32)

    def read(
        self, reading: Reading, crop: Image, whole: bool = True, worth: float | None = None
    ) -> None:
        """Take a reading of a crop into account; see `Vote.add`."""
        self.vote.add(reading, whole, worth)
        self.look = look(crop)
        found = sharpness(crop)
        if found >= self.sharpness:
            self.sharpness, self.crop = found, _kept(crop)

    def closed(self) -> TextTrack:
        """It as it will stay."""
        word = replace(self.now, quad=self.word.quad)
        return TextTrack(
            self.identity,
            word.text,
            word.confidence,
            word.characters,
            word.score,
            self.first,
            self.last,
            self.frames,
            word.quad,
            self.crop,
        )


def sharpness(crop: Image) -> float:
    """How well a crop can be read: the variance of its Laplacian at the height it is read at.

    A blurred crop has less, and so has a small one, which must be enlarged.
    """
    rows, columns = crop.shape[:2]
    width = max(1, round(columns * READING_HEIGHT / rows))
    shrinks = rows > READING_HEIGHT
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    kind = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    read = cv2.resize(grey, (width, READING_HEIGHT), interpolation=kind)
    return float(cv2.Laplacian(read, cv2.CV_32F).var())


def look(crop: Image) -> Floats:
    """A small grey copy of a crop, of zero mean and unit length; (16, 48) float32."""
    grey = cv2.cvtColor(crop, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, LOOK[::-1], interpolation=cv2.INTER_AREA).astype(np.float32)
    small -= small.mean()
    return np.asarray(small / max(float(np.linalg.norm(small)), 1e-6), np.float32)


def alike(one: Floats, other: Floats) -> float:
    """How alike two looks are: their best correlation when they are shifted, in [-1, 1]."""
    down, across = SHIFTED
    return correlation(one, other[down:-down, across:-across])


def aligned(quad: Floats, like: Floats) -> Floats:
    """The corners of `quad`, from the one nearest to the first corner of `like`; both (4, 2).

    A detector that sees shapes only starts every quad as if its text were upright.
    """
    shifts = like.mean(axis=0) - quad.mean(axis=0)
    turns = [np.roll(quad, turn, axis=0) for turn in range(4)]
    return min(turns, key=lambda turn: float(np.abs(turn + shifts - like).sum()))


def inside(quad: Floats, size: tuple[int, int]) -> bool:
    """Whether the centre of `quad` (4, 2) is in a picture of this (height, width)."""
    return bool(geometry.contains(geometry.full_quad(size), quad.mean(axis=0)))


def clear_of_edges(quad: Floats, size: tuple[int, int]) -> bool:
    """Whether `quad` (4, 2) keeps off the edges of a picture of this (height, width).

    A word that an edge cuts is found up to some pixels before it.
    """
    gap = EDGE * min(float(side) for side in geometry.extent(quad))
    low, high = quad.min(axis=0) - gap, quad.max(axis=0) + gap
    return bool((low >= 0).all() and (high <= (size[1], size[0])).all())


def _kept(crop: Image) -> Image:
    """The crop, no higher than what is kept."""
    rows, columns = crop.shape[:2]
    if rows <= KEPT_HEIGHT:
        return crop
    size = (max(1, round(columns * KEPT_HEIGHT / rows)), KEPT_HEIGHT)
    return np.asarray(cv2.resize(crop, size, interpolation=cv2.INTER_AREA), np.uint8)
