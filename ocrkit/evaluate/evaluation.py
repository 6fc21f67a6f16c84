"""Detections in many pictures scored by one protocol, with all that a report says of them.

from ocrkit.evaluate.evaluation import Scene, evaluate
from ocrkit.evaluate.protocols import DETECTION

evaluation = evaluate(DETECTION["ic15"], [Scene("img_7", truth, found), ...])
evaluation.result.hmean, evaluation.average_precision
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from ocrkit.errors import ConfigError, DataError, ShapeError
from ocrkit.evaluate._base import Found, ImageResult, Protocol, Result, Truth
from ocrkit.evaluate.curve import (
    Curve,
    average_precision,
    best_threshold,
    precision_recall,
    sweep,
)

TUNED = "tuned on the scored data"
"""What every report says where the threshold was chosen so that these figures are best."""


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """One picture: what is in it, and what was found.

    Attributes:
        name: As lists and predictions call it.
        truth: Its words.
        found: The detections in it.
    """

    name: str
    truth: Truth
    found: Found


@dataclass(frozen=True, eq=False)
class Evaluation:
    """The score of a set by one protocol.

    Attributes:
        result: Counts and rates.
        scenes: The pictures, with the detections that were scored.
        given: The pictures with all detections, those below the threshold included.
        ranked: Whether detections come with scores: without, there is no curve.
        threshold: Detections with a lower score were dropped; None if none were.
        tuned: Whether the threshold was chosen so that these figures are best.
    """

    result: Result
    scenes: tuple[Scene, ...]
    given: tuple[Scene, ...]
    ranked: bool
    threshold: float | None
    tuned: bool

    @property
    def dropped(self) -> int:
        """Detections below the threshold."""
        return sum(len(scene.found.texts) for scene in self.given) - sum(
            len(scene.found.texts) for scene in self.scenes
        )

    @cached_property
    def curve(self) -> Curve:
        """Recall and precision of the detections that were scored, by falling score."""
        return precision_recall(self.result.images, [scene.found for scene in self.scenes])

    @cached_property
    def sweep(self) -> Curve:
        """Recall and precision of all detections that were given, scored anew at each threshold."""
        return _swept(self.result.protocol, self.given)

    @property
    def average_precision(self) -> float | None:
        """The area under the curve; None without scores."""
        return average_precision(self.curve) if self.ranked else None

    def to_dict(self) -> dict[str, Any]:
        """What `Result` says, threshold and average precision, as plain values for JSON."""
        return {
            **self.result.to_dict(),
            "average_precision": self.average_precision,
            "threshold": self.threshold,
            "threshold_is": TUNED if self.tuned else None if self.threshold is None else "given",
            "dropped_detections": self.dropped,
        }


def evaluate(
    protocol: Protocol,
    scenes: Sequence[Scene],
    *,
    ranked: bool = True,
    threshold: float | None = None,
    tune: bool = False,
) -> Evaluation:
    """The score of all pictures.

    Args:
        protocol: By which rules.
        scenes: Pictures of distinct names.
        ranked: Whether the detections' scores mean anything.
        threshold: Drop detections with a lower score.
        tune: Choose the threshold with the highest harmonic mean on these very pictures. Figures
            got in this way flatter the detector; they do not compare with any others.

    Raises:
        ConfigError: A threshold is wanted twice, or of detections without scores.
        DataError: The truth lacks what the protocol needs, or there is nothing to tune on.
        ShapeError: An outline is not (K, 2) with K >= 3, or is not finite.
    """
    if tune and threshold is not None:
        raise ConfigError("threshold: it is either given or tuned, not both")
    if not ranked and (tune or threshold is not None):
        raise ConfigError("threshold: these detections have no scores to compare with one")
    given = tuple(scenes)
    if tune:
        threshold = best_threshold(_swept(protocol, given))
    kept = given if threshold is None else tuple(_above(scene, threshold) for scene in given)
    images = tuple(_scored(protocol, scene) for scene in kept)
    return Evaluation(Result(protocol, images), kept, given, ranked, threshold, tune)


def _scored(protocol: Protocol, scene: Scene) -> ImageResult:
    """The score of one picture; an error names it."""
    try:
        return protocol.score_image(scene.found, scene.truth)
    except (DataError, ShapeError) as error:
        raise type(error)(f"{scene.name}: {error}") from error


def _swept(protocol: Protocol, scenes: Sequence[Scene]) -> Curve:
    return sweep(protocol, [scene.found for scene in scenes], [scene.truth for scene in scenes])


def _above(scene: Scene, threshold: float) -> Scene:
    """The picture with the detections whose score is at least as high."""
    found = scene.found
    kept = np.flatnonzero(found.scores >= threshold).tolist()
    outlines, texts = [found.outlines[i] for i in kept], [found.texts[i] for i in kept]
    return replace(scene, found=Found(outlines, texts, found.scores[kept]))
