"""Synthetic clips: short videos of a scene with text, and the true track of each word.

A flat scene, larger than the frame, is drawn once; a camera moves over it. Things pass in front,
and a line of text may run along the screen. Every frame is drawn when it is asked for, so that a
clip takes no more memory than one scene and one frame.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import shapely

from ocrkit import geometry
from ocrkit.synth import occlusion
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.effects import add_noise, blur, compress, motion_blur
from ocrkit.synth.lettering import MARGIN
from ocrkit.synth.motion import Camera, Matrix, Passer, Ticker, Tremble, camera, passer, ticker
from ocrkit.synth.scenes import LEAST_PER_BLUR, LEAST_SPREAD, SceneGenerator, too_narrow
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Bools, Floats, Image

LEAST_HEIGHT = 10.0  # px; words that are smaller in a frame are not visible there
LARGEST_LOSS = 0.25  # share of a quad that may be covered, or lie outside of the frame
LARGEST_LOSS_OF_WHOLE = 0.03  # the same of a word that is all there: of its margin
LEAST_PER_SMEAR = 2.0  # times the length of the smear: so high a word must be
LEAST_PER_NOISE = 2.0  # times the noise's standard deviation: so much a word must vary
REACH = 2  # the scene is so many times as high and as wide as the frame
STILL = 1.0  # px; a smear that is shorter is none
DEEPEST = 0.4  # of the light may be missing when lamps flicker

# What a camera does is done to each frame; what stands in front moves, too.
SCENE = SceneStyle()._replace(
    page=0, distant=0.1, cut=0, occluded=0, glare=0.1, exposure=0.5,
    defocus=0, motion=0, shrunk=0, noise=0, compressed=0,
)  # fmt: skip


class ClipStyle(NamedTuple):
    """How a clip is taken, and what happens in it.

    Attributes:
        size: Of the frames, (height, width) px.
        fps: Frames per second.
        seconds: How long it is.
        words: About how few and how many words there are in all that the camera may pass.
        pan: Which share of what lies beyond the frame the camera crosses, in [0, 1].
        zoom: How many times nearer the camera is at the end; below 1 it draws back.
        shake: Standard deviation of a hand's tremble, px.
        roll: The same of its roll, degrees.
        lean: The same of the perspective: how much nearer one edge is than the middle.
        shutter: Share of the time for which it is open: 1 smears all motion.
        defocus: Standard deviation of the blur, px.
        light: The exposure; 1 shows the scene as it is.
        flicker: Standard deviation of the exposure, as a share.
        noise: Standard deviation of the sensor's noise, grey levels.
        quality: Of the compression, as of JPEG.
        passing: How many things pass in front.
        scroll: Px per second at which a line of text runs along the screen; 0 stands still as a
            subtitle does; None: there is none.
    """

    size: tuple[int, int] = (360, 640)
    fps: float = 25.0
    seconds: float = 4.0
    words: tuple[int, int] = (10, 30)
    pan: float = 0.4
    zoom: float = 1.0
    shake: float = 0.5
    roll: float = 0.3
    lean: float = 0.01
    shutter: float = 0.25
    defocus: float = 0.4
    light: float = 1.0
    flicker: float = 0.0
    noise: float = 1.5
    quality: int = 85
    passing: int = 0
    scroll: float | None = None

    @classmethod
    def random(cls, rng: np.random.Generator) -> "ClipStyle":
        """One of the many ways in which people film: some hold the camera still, some run."""
        dark = rng.random() < 0.2
        return cls(
            pan=rng.uniform(0.1, 1) if rng.random() < 0.7 else 0.0,
            zoom=math.exp(rng.uniform(-0.6, 0.6)) if rng.random() < 0.4 else 1.0,
            shake=min(rng.exponential(2), 8.0),
            roll=min(rng.exponential(1), 4.0),
            lean=min(rng.exponential(0.02), 0.08),
            shutter=rng.uniform(0.1, 1),
            defocus=min(0.3 + rng.exponential(0.3), 1.5),
            light=rng.uniform(0.3, 0.6) if dark else rng.uniform(0.8, 1.15),
            flicker=rng.uniform(0, 0.08) if rng.random() < 0.3 else 0.0,
            noise=rng.uniform(4, 8) if dark else rng.uniform(0.5, 3),
            quality=int(rng.integers(50, 93)),
            passing=int(rng.integers(1, 4)) if rng.random() < 0.35 else 0,
            scroll=rng.choice([0.0, rng.uniform(40, 140)]) if rng.random() < 0.25 else None,
        )


class ClipTrack(NamedTuple):
    """A word of a clip over time.

    Attributes:
        text: What it says.
        frames: In which frames at least a part of it is, or would be if nothing hid it; ascending.
        quads: (F, 4, 2) float32, px of the frame; they go on outside of it.
        visible: (F,) bool; False where more than a quarter of the quad is covered or outside of the
            frame, or the word is too small, smeared or faint to be read.
        whole: (F,) bool; True where it is visible and all of its ink is to be seen.
    """

    text: str
    frames: tuple[int, ...]
    quads: Floats
    visible: Bools
    whole: Bools


class _Shown(NamedTuple):
    """What a frame shows of all N words of a clip.

    `quads` (N, 4, 2) px; `inside` (N,): at least a part is in the frame; `visible` and `whole`
    (N,): see `ClipTrack`.
    """

    quads: Floats
    inside: Bools
    visible: Bools
    whole: Bools


class Named(NamedTuple):
    """A clip of a set: `clip(named.seed, named.style)` is it."""

    name: str
    seed: int
    style: ClipStyle


@dataclass(frozen=True, eq=False)
class Clip:
    """A video that is drawn as it is read; `clip` makes one.

    Attributes:
        seed: Of the noise.
        style: How it is taken.
        scene: (H, W, 3) uint8, what the camera moves over.
        quads: (N, 4, 2) float32, the scene's words.
        texts: What they say.
        legible: (N,) bool; False where nobody can read a word even on the scene.
        camera: Its path.
        lamp: By which share the exposure changes.
        passers: What passes in front.
        ticker: What runs along the screen.
    """

    seed: int
    style: ClipStyle
    scene: Image
    quads: Floats
    texts: tuple[str, ...]
    legible: Bools
    camera: Camera
    lamp: Tremble
    passers: tuple[Passer, ...] = ()
    ticker: Ticker | None = None

    def __len__(self) -> int:
        """How many frames there are."""
        return max(round(self.style.seconds * self.style.fps), 1)

    @property
    def fps(self) -> float:
        """Frames per second."""
        return self.style.fps

    @property
    def size(self) -> tuple[int, int]:
        """Of the frames, (height, width) px."""
        return self.style.size

    def frames(self) -> Iterator[Image]:
        """All frames in turn, (H, W, 3) uint8 RGB."""
        return (self.frame(index) for index in range(len(self)))

    def frame(self, index: int) -> Image:
        """One frame, (H, W, 3) uint8 RGB; the same each time."""
        style, time = self.style, index / self.fps
        image = _seen(self.scene, self.camera.at(time), self.size)
        smear = self._smear(time)
        if (length := float(np.hypot(*smear))) > STILL:
            image = motion_blur(image, length, math.atan2(smear[1], smear[0]))
        mask = np.zeros(self.size, np.uint8)
        for thing in self.passers:
            thing.paint(image, mask, time)
        if style.defocus:
            image = blur(image, style.defocus)
        light = style.light * max(1 + self.lamp.at(time), 1 - DEEPEST)
        image = np.asarray(cv2.convertScaleAbs(image, alpha=light), np.uint8)
        image = add_noise(image, style.noise, np.random.default_rng((self.seed, index)))
        if self.ticker is not None:
            self.ticker.paint(image, time)
        return compress(image, style.quality)

    @cached_property
    def tracks(self) -> tuple[ClipTrack, ...]:
        """One entry per word that is ever in a frame; some are never visible."""
        texts = self.texts + (self.ticker.texts if self.ticker is not None else ())
        shown = [self._words(index) for index in range(len(self))]
        tracks = []
        for word, text in enumerate(texts):
            frames = tuple(index for index, frame in enumerate(shown) if frame.inside[word])
            if frames:
                quads = np.stack([shown[index].quads[word] for index in frames])
                visible = np.array([shown[index].visible[word] for index in frames], bool)
                whole = np.array([shown[index].whole[word] for index in frames], bool)
                tracks.append(ClipTrack(text, frames, quads, visible, whole))
        return tuple(tracks)

    def _smear(self, time: float) -> Floats:
        return self.camera.smear(time, self.style.shutter / self.fps)

    def _words(self, index: int) -> _Shown:
        time = index / self.fps
        mask, unseen = np.zeros(self.size, np.uint8), np.zeros((*self.size, 3), np.uint8)
        for thing in self.passers:
            thing.paint(unseen, mask, time)
        quads = geometry.project(self.camera.at(time), self.quads)
        blurred = LEAST_PER_BLUR * self.style.defocus
        smeared = LEAST_PER_SMEAR * float(np.hypot(*self._smear(time)))
        large = _heights(quads) >= max(LEAST_HEIGHT, blurred, smeared)
        large &= ~too_narrow(quads, self.texts, LEAST_HEIGHT)
        if self.ticker is None:
            return _shown(quads, self.legible & large, mask)
        # Nothing passes in front of the line, which itself hides what is behind.
        running, nothing = self.ticker.at(time), np.zeros_like(mask)
        line = _shown(running, _heights(running) >= LEAST_HEIGHT, nothing)
        self.ticker.hide(mask)
        scene = _shown(quads, self.legible & large, mask)
        return _Shown(*(np.concatenate(both) for both in zip(scene, line, strict=True)))


def clip(
    seed: int,
    style: ClipStyle = ClipStyle(),  # noqa: B008 (a tuple, which nobody can change)
    corpus: Corpus | None = None,
    fonts: Sequence[Path] | None = None,
    backgrounds: Backgrounds | None = None,
) -> Clip:
    """The clip of a seed: the same each time, where the same fonts are installed.

    At least one word is visible in one frame.

    Args:
        seed: Equal seeds give equal clips.
        style: How it is taken.
        corpus: What the words say.
        fonts: Font files; None finds the installed ones.
        backgrounds: What the signs stand before.
    """
    room = (REACH * style.size[0], REACH * style.size[1])
    generator = SceneGenerator(corpus, fonts, backgrounds, room, style.words, SCENE)
    rng = np.random.default_rng(seed)
    while True:
        drawn = _drawn(seed, style, generator, rng)
        if any(track.visible.any() for track in drawn.tracks):
            return drawn


def _drawn(
    seed: int, style: ClipStyle, generator: SceneGenerator, rng: np.random.Generator
) -> Clip:
    """A clip, whose words may be too small or too faint to be read."""
    sample = generator.sample(rng)
    legible = ~sample.ignored & _contrasting(sample.image, sample.quads, style)
    target = _heart(sample.quads, legible, style.size)
    movement = (style.pan, style.zoom, style.shake, style.roll, style.lean)
    path = camera(style.size, generator.size, target, style.seconds, movement, rng)
    lamp = Tremble.of(style.flicker, rng)
    passers = _passing(style, path, sample.quads.mean(axis=1), rng)
    line = None
    if style.scroll is not None:
        line = ticker(generator.typesetter, style.size, style.scroll, style.seconds, rng)
    texts = tuple(text or "" for text in sample.texts)
    return Clip(seed, style, sample.image, sample.quads, texts, legible, path, lamp, passers, line)


def _passing(
    style: ClipStyle, path: Camera, words: Floats, rng: np.random.Generator
) -> tuple[Passer, ...]:
    """Things that pass one after the other, each before one of the words (N, 2)."""
    height, width = style.size
    passers = []
    for number in range(style.passing):
        when = style.seconds * (number + rng.uniform(0.3, 0.7)) / style.passing
        places = geometry.project(path.at(when), words)
        shown = places[((places > 0) & (places < (width, height))).all(axis=1)]
        at = shown[rng.integers(len(shown))] if len(shown) else np.array([width, height]) / 2
        passers.append(passer(at, when, style.size, rng))
    return tuple(passers)


def _seen(scene: Image, matrix: Matrix, size: tuple[int, int]) -> Image:
    """What a camera sees of the scene; beyond its edges they go on."""
    # cv2 counts from the centres of pixels, quads from their corners.
    to_corners, to_centres = np.eye(3), np.eye(3)
    to_corners[:2, 2], to_centres[:2, 2] = 0.5, -0.5
    sampling = to_centres @ matrix @ to_corners
    return np.asarray(
        cv2.warpPerspective(scene, sampling, size[::-1], borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _heart(quads: Floats, legible: Bools, size: tuple[int, int]) -> Floats:
    """The middle of the word (2,) about which most words lie that a frame can show, px."""
    height, width = size
    middles, spans = quads.mean(axis=1), np.ptp(quads, axis=1)
    shown = legible & (_heights(quads) >= LEAST_HEIGHT) & (spans < (width, height)).all(axis=1)
    apart = np.abs(middles[:, None] - middles)
    near = (apart < (width / 2, height / 2)).all(axis=2) & shown
    return np.asarray(middles[np.argmax(near.sum(axis=1) * shown)])


def _heights(quads: Floats) -> Floats:
    """How high the ink of words is, px; (N,)."""
    return geometry.extent(quads)[0] / np.float32(1 + 2 * MARGIN)


def _outside(quads: Floats, size: tuple[int, int]) -> Floats:
    """Which share of each quad (N, 4, 2) lies outside of the frame, in [0, 1]; (N,)."""
    height, width = size
    whole = shapely.convex_hull(shapely.polygons(quads))
    part = shapely.area(shapely.intersection(whole, shapely.box(0, 0, width, height)))
    return np.asarray(1 - part / np.maximum(shapely.area(whole), 1e-9), np.float32)


def _shown(quads: Floats, readable: Bools, mask: Image) -> _Shown:
    """Of words (N,) that can be read where nothing hides them, behind a mask that is not 0."""
    outside = _outside(quads, (mask.shape[0], mask.shape[1]))
    lost, inside = outside.copy(), outside < 1
    lost[inside] += occlusion.covered(mask, quads[inside])
    visible, whole = (readable & (lost <= most) for most in (LARGEST_LOSS, LARGEST_LOSS_OF_WHOLE))
    return _Shown(quads, inside, visible, whole)


def _contrasting(scene: Image, quads: Floats, style: ClipStyle) -> Bools:
    """Which words vary enough to be read in the clip's light and noise; (N,)."""
    grey = cv2.cvtColor(scene, cv2.COLOR_RGB2GRAY)
    target = np.array([[0, 0], [48, 0], [48, 16], [0, 16]], np.float32)
    spreads = [
        cv2.warpPerspective(grey, geometry.homography(quad, target), (48, 16)).std()
        for quad in quads
    ]
    least = max(LEAST_SPREAD, LEAST_PER_NOISE * style.noise)
    return np.asarray(np.array(spreads) * style.light >= least)


STANDARD = (
    Named("pan", 41, ClipStyle(pan=0.8)),
    Named("zoom", 2, ClipStyle(pan=0.1, zoom=2.0)),
    Named("shake", 27, ClipStyle(pan=0.1, shake=5.0, roll=2.0, lean=0.03)),
    Named("blur", 12, ClipStyle(pan=0.9, shake=2.5, shutter=1.0, seconds=3.0)),
    Named("passing", 53, ClipStyle(pan=0.1, passing=3)),
    Named("signs", 38, ClipStyle(words=(40, 60), pan=0.4, zoom=0.8)),
    Named("dark", 55, ClipStyle(light=0.35, flicker=0.05, noise=6.0, quality=70, shake=1.0)),
    Named("ticker", 8, ClipStyle(pan=0.3, scroll=90.0)),
)
"""Clips of 640 x 360 that have one difficulty each; a detector goes through them in minutes."""
