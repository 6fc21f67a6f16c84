"""Random changes to labelled pictures that keep the labels true."""

import math
from collections.abc import Iterator
from typing import Literal

import cv2
import numpy as np
import shapely
from numpy.typing import NDArray

from ocrkit import geometry
from ocrkit.synth import effects
from ocrkit.types import Floats, Image, Sample

Cut = Literal["ignore", "keep"]
"""What becomes of words that the edge of a piece cuts."""

QUARTER_TURNED = 0.08
"""Share of a detector's training pieces that are turned by 90 degrees, either way."""

WHOLE, UNSEEN = 0.9, 0.02
"""Of a word's area: with less in a piece it is cut, with no more it is as good as not there."""


SLACK, TIGHTEST = (0.07, 0.09), -0.1
"""How far the sides of a crop lie outside a word's, in the word's heights: mean and standard
deviation, and the least. Like `SLANT` and `TURN`, as PixelLink's and TextBoxes++'s quads lie on
photographs, with the margin of 0.1 with which they are cut."""

LOOSE = 0.12
"""Share of crops one end of which may reach half a height further."""

SLANT, TURN = 0.12, math.radians(3)
"""Standard deviations: of the slant, in the word's heights from top to bottom; and of the angle."""

TOGETHER = 0.5
"""Share of words, of those that another follows on their line, that are cut with it, too: detectors
take words that stand close for one, and a recogniser has to tell the space between them."""

MOST_TOGETHER = 3
"""Words in a crop."""

NEAR, OVERLAP = 1.0, 0.2
"""Words of a line are so far apart at most, and overlap by so much at most, as labels that are
loose do, in heights of the first,"""

HIGHER, OFF, TURNED = 1.6, 0.3, math.cos(math.radians(12))
"""and one is at most so many times as high as the other, so far aside, in such heights, and, as a
cosine, so much turned against it."""


def jitter_crop(image: Image, quad: Floats, rng: np.random.Generator) -> Image:
    """The word in `quad` (4, 2) cut out as a detector finds it: loose, tight, slanted, turned.

    Four in ten crops are the quad rectified, three its upright bounding box, as benchmarks cut
    words, and three the rectangle along it, as most detectors find words seen from the side.
    """
    shape = rng.random()
    if shape < 0.3:
        quad = _bounding(quad)
    elif shape < 0.6:
        quad = geometry.rect_along(quad)
    found = _as_found(quad, rng)
    h, w = (max(6, round(float(side))) for side in geometry.extent(found))
    w = max(6, round(w * math.exp(rng.normal(0, 0.1))))
    target = np.array([[0, 0], [w, 0], [w, h], [0, h]], np.float32)
    matrix = geometry.homography(found, target)
    return np.asarray(
        cv2.warpPerspective(image, matrix, (w, h), borderMode=cv2.BORDER_REPLICATE), np.uint8
    )


def together(sample: Sample, rng: np.random.Generator) -> Iterator[tuple[Floats, str]]:
    """Some of the words that another follows on their line, with it, or with two: quads and texts.

    Each quad (4, 2), px of the picture, reaches from the first word's left side to the last one's
    right side; spaces part the words of its text. Words that are ignored, or have no text, are cut
    with none.
    """
    after = followers(sample.quads)
    legible = ~sample.ignored & np.array([bool(text) for text in sample.texts], np.bool_)
    for first in np.flatnonzero(legible).tolist():
        run = [first]
        while len(run) < MOST_TOGETHER and rng.random() < TOGETHER:
            follower = int(after[run[-1]])
            if follower < 0 or not legible[follower]:
                break
            run.append(follower)
        if len(run) > 1:
            start, end = sample.quads[first], sample.quads[run[-1]]
            yield (
                np.stack([start[0], end[1], end[2], start[3]]),
                " ".join(str(sample.texts[i]) for i in run),
            )


def followers(quads: Floats) -> NDArray[np.int64]:
    """For each word, the next one on its line, or -1: quads (N, 4, 2), px, to (N,) int64.

    Text runs from the first to the second corner of quads. Of several that may follow a word, the
    nearest does.
    """
    if not len(quads):
        return np.zeros(0, np.int64)
    seen = geometry.onward(quads[:, None], quads[None])
    fits = (
        (seen.gap > -OVERLAP)
        & (seen.gap < NEAR)
        & (seen.taller < HIGHER)
        & (seen.aside < OFF)
        & (seen.cosine > TURNED)
    )
    np.fill_diagonal(fits, False)
    nearest = np.where(fits, seen.gap, np.inf).argmin(axis=1)
    return np.where(fits.any(axis=1), nearest, -1)


def _as_found(quad: Floats, rng: np.random.Generator) -> Floats:
    """A quad (4, 2) with the errors that detectors make, and the margin of the cut."""
    height = float(geometry.extent(quad)[0])
    right, down = geometry.directions(np.stack([quad, quad[[0, 3, 2, 1]]]))
    start, end, above, below = np.maximum(rng.normal(*SLACK, 4), TIGHTEST)
    if rng.random() < LOOSE:
        start, end = rng.permutation([start + rng.uniform(0, 0.5), end])
    slant = rng.normal(0, SLANT) / 2
    along = [-start - slant, end - slant, end + slant, slant - start]
    across = [-above, -above, below, below]
    moved = quad + height * (np.outer(along, right) + np.outer(across, down))
    moved += rng.normal(0, 0.03 * height, (4, 2))
    turn = rng.normal(0, TURN)
    rotation = np.array([[math.cos(turn), math.sin(turn)], [-math.sin(turn), math.cos(turn)]])
    centre = moved.mean(axis=0)
    return np.asarray((moved - centre) @ rotation + centre, np.float32)


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
    sample: Sample,
    size: int,
    rng: np.random.Generator,
    long_side: float = 1280,
    cut: Cut = "keep",
) -> Sample:
    """A square piece of a scene at a random scale, turned a little; the quads go along.

    The picture is first thought of at `long_side`, as a detector sees it, then scaled by 0.5 to
    1.7. Four pieces in five hold a word, all of it where it fits; a few are turned by a quarter,
    for words that run up or down. Words outside the piece are dropped.

    Where cut words are ignored, a word that would not fit is made to, by a smaller scale: else
    nothing would be learnt from long words.

    Args:
        sample: A whole picture.
        size: Side of the piece, px.
        rng: The source of all randomness.
        long_side: Of the picture at scale 1, px.
        cut: What becomes of words that the edge of the piece cuts: they are marked as ignored, or
            kept as they are, with their whole quads, whose visible cells are still text.
    """
    turn, anchor = _turn(rng), _anchor(sample, rng)
    scale = long_side / max(sample.image.shape[:2]) * math.exp(rng.uniform(-0.6, 0.5))
    if cut == "ignore":
        scale = min(scale, size / max(1e-6, np.ptp(anchor @ turn.T, axis=0).max()))
    linear = scale * turn
    shift = _shift(anchor, sample.image.shape[1::-1], linear, size, rng)
    # OpenCV's points are pixel centres, ours pixel corners: half a pixel between the two.
    centred = np.column_stack([linear, shift + linear @ (0.5, 0.5) - 0.5])
    source = sample.image
    if scale < 0.6:  # bilinear sampling alone would alias
        source = np.asarray(cv2.GaussianBlur(source, (0, 0), 0.4 / scale), np.uint8)
    image = np.asarray(
        cv2.warpAffine(source, centred, (size, size), flags=cv2.INTER_LINEAR), np.uint8
    )
    quads = (sample.quads @ linear.T + shift).astype(np.float32)
    visible = _visible(quads, size)
    ignored = sample.ignored | ((cut == "ignore") & (visible < WHOLE))
    seen = visible > UNSEEN
    texts = tuple(text for text, keep in zip(sample.texts, seen, strict=True) if keep)
    return Sample(image, quads[seen], texts, ignored[seen])


def _turn(rng: np.random.Generator) -> NDArray[np.float64]:
    """Turns a little or by a quarter, and widens or narrows; (2, 2)."""
    angle = rng.normal(0, math.radians(5))
    if rng.random() < QUARTER_TURNED:
        angle += math.copysign(math.pi / 2, rng.random() - 0.5)
    aspect = math.exp(rng.normal(0, 0.08))
    cos, sin = math.cos(angle), math.sin(angle)
    return np.array([[cos * aspect, -sin * aspect], [sin, cos]])


def _anchor(sample: Sample, rng: np.random.Generator) -> NDArray[np.float64]:
    """What a piece is to show: in four cases of five a word's corners, else a point; (K, 2)."""
    words = np.flatnonzero(~sample.ignored)
    if len(words) and rng.random() < 0.8:
        return np.asarray(sample.quads[rng.choice(words)], np.float64)
    return np.asarray(rng.uniform(0, 1, (1, 2)) * sample.image.shape[1::-1])


def _shift(
    anchor: NDArray[np.float64],
    corner: tuple[int, ...],
    linear: NDArray[np.float64],
    size: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    """What takes points that `linear` has mapped to those of a piece that shows the anchor; (2,).

    Where the picture, whose last point is `corner`, is larger than the piece, the piece stays
    inside it, but for its corners.
    """
    shown = anchor @ linear.T
    low, high = shown.min(axis=0), shown.max(axis=0)
    spare = (size - (high - low)) / 2
    # As far from the anchor's middle as leaves all of it in the piece, or all of the piece in it.
    reach = np.minimum(np.abs(spare), 0.4 * size)
    middle = (low + high) / 2 + rng.uniform(-1, 1, 2) * reach
    room = np.minimum(size / math.sqrt(np.linalg.det(linear)), corner) / 2
    middle = linear @ np.clip(np.linalg.solve(linear, middle), room, corner - room)
    least, most = high - size / 2, low + size / 2
    middle = np.where(spare < 0, middle, np.clip(middle, least, np.maximum(least, most)))
    return np.asarray(size / 2 - middle)


def _visible(quads: Floats, size: int) -> Floats:
    """The share of each quad (N, 4, 2) that lies in a square piece, by area; (N,)."""
    low, high = quads.min(axis=1), quads.max(axis=1)
    share: Floats = ((low >= 0) & (high <= size)).all(axis=1).astype(np.float32)
    crosses = (share < 1) & ((high > 0) & (low < size)).all(axis=1)
    shapes = shapely.convex_hull(shapely.polygons(quads[crosses]))
    inside = shapely.area(shapely.clip_by_rect(shapes, 0, 0, size, size))
    share[crosses] = inside / np.maximum(shapely.area(shapes), 1e-9)
    return share


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
