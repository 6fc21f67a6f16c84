"""Random changes to labelled pictures that keep the labels true."""

import math

import cv2
import numpy as np

from ocrkit import geometry
from ocrkit.synth import effects
from ocrkit.types import Floats, Image, Sample

QUARTER_TURNED = 0.08
"""Share of a detector's training pieces that are turned by 90 degrees, either way."""


def jitter_crop(
    image: Image, quad: Floats, rng: np.random.Generator, tightest: float = 0.06
) -> Image:
    """The word in `quad` (4, 2) cut out as a detector would: loose, tight, a little turned.

    Half the crops are the quad rectified, half its upright bounding box; margins lie between
    -`tightest` and 0.2 of the word's height.
    """
    height = float(geometry.extent(quad)[0])
    outwards = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]], np.float32)
    if rng.random() < 0.5:
        quad = _bounding(quad)
    margin = rng.uniform(-tightest, 0.2, (1, 2)) * height
    moved = quad + outwards * margin + rng.normal(0, 0.04 * height, (4, 2))
    turn = rng.normal(0, math.radians(2.5))
    centre = moved.mean(axis=0)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    moved = ((moved - centre) @ rotation + centre).astype(np.float32)
    h, w = (max(6, round(float(side))) for side in geometry.extent(moved))
    w = max(6, round(w * math.exp(rng.normal(0, 0.1))))
    target = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = geometry.homography(moved, target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def _bounding(quad: Floats) -> Floats:
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def photometric(image: Image, rng: np.random.Generator) -> Image:
    """Other light, focus and noise; now and then the negative. Geometry stays."""
    if rng.random() < 0.1:
        image = 255 - image
    if rng.random() < 0.15 and image.shape[0] > 16:
        image = effects.shrink_and_enlarge(image, rng.uniform(0.4, 0.9))
    if rng.random() < 0.6:
        image = effects.photograph(image, rng, strength=min(0.8, image.shape[0] / 48))
    return image


def crop_scene(
    sample: Sample, size: int, rng: np.random.Generator, long_side: int = 1280
) -> Sample:
    """A square piece of a scene at a random scale, turned a little; the quads go along.

    The picture is first thought of at `long_side`, as a detector sees it, then scaled by 0.5 to
    1.7. Four pieces in five hold a word; a few are turned by a quarter, for words that run up or
    down. Words outside the piece are dropped; cut words keep their quads, whose visible cells are
    still text.

    Args:
        sample: A whole picture.
        size: Side of the piece, px.
        rng: The source of all randomness.
        long_side: Of the picture at scale 1, px.
    """
    height, width = sample.image.shape[:2]
    scale = long_side / max(height, width) * math.exp(rng.uniform(-0.6, 0.5))
    words = np.flatnonzero(~sample.ignored)
    if len(words) and rng.random() < 0.8:
        anchor = (
            sample.quads[rng.choice(words)].mean(axis=0) + rng.uniform(-0.4, 0.4, 2) * size / scale
        )
    else:
        anchor = rng.uniform(0, 1, 2) * (width, height)
    # Where the picture is larger than the piece, the piece stays inside it.
    room = np.minimum(size / scale / 2, np.array([width, height]) / 2)
    anchor = np.clip(anchor, room, np.array([width, height]) - room)
    angle = rng.normal(0, math.radians(5))
    if rng.random() < QUARTER_TURNED:
        angle += math.copysign(math.pi / 2, rng.random() - 0.5)
    aspect = math.exp(rng.normal(0, 0.08))
    cos, sin = math.cos(angle) * scale, math.sin(angle) * scale
    linear = np.array([[cos * aspect, -sin * aspect], [sin, cos]])
    shift = np.full(2, size / 2) - linear @ anchor
    matrix = np.column_stack([linear, shift])
    # OpenCV's points are pixel centres, ours pixel corners: half a pixel between the two.
    centred = np.column_stack([linear, shift + linear @ (0.5, 0.5) - 0.5])
    source = sample.image
    if scale < 0.6:  # bilinear sampling alone would alias
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 / scale), np.uint8)
    image = np.asarray(
        cv2.warpAffine(source, centred, (size, size), flags=cv2.INTER_LINEAR), np.uint8
    )
    quads = (sample.quads @ matrix[:, :2].T + matrix[:, 2]).astype(np.float32)
    low, high = quads.min(axis=1), quads.max(axis=1)
    seen = ((high > 0) & (low < size)).all(axis=1)
    texts = tuple(text for text, keep in zip(sample.texts, seen, strict=True) if keep)
    return Sample(image, quads[seen], texts, sample.ignored[seen])


def colour(image: Image, rng: np.random.Generator) -> Image:
    """Other light and camera for a scene; geometry stays."""
    if rng.random() < 0.5:
        image = effects.adjust(
            image, rng.uniform(0.6, 1.3), rng.uniform(-0.15, 0.15), math.exp(rng.uniform(-0.4, 0.4))
        )
    if rng.random() < 0.3:
        gains = np.exp(rng.normal(0, 0.12, 3)).astype(np.float32)
        image = np.asarray(np.clip(image * gains, 0, 255), np.uint8)
    if rng.random() < 0.1:
        image = effects.shade(image, rng)
    if rng.random() < 0.15:
        image = effects.blur(image, rng.uniform(0.4, 1.2))
    if rng.random() < 0.2:
        image = effects.add_noise(image, rng.uniform(2, 10), rng)
    if rng.random() < 0.1:
        image = np.ascontiguousarray(255 - image)
    return image
