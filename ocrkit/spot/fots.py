"""FOTS: fast oriented text spotting with a unified network (Liu et al., CVPR 2018, 1801.01671).

One set of convolutions serves both to find words, as EAST does, and to read them: RoIRotate cuts
upright strips out of the feature maps, where a recogniser has little left to do. Reading teaches
the shared convolutions what strokes are; finding costs it nothing to look again.

Where this differs from the paper:
    The default network is EAST's `lite` (`detector.network: resnet50` is the paper's, section 3.1,
    trained from scratch).
    Strips are cut from the merged map of stride 4, as in the paper, and from the backbone's first
    map of stride 2: words of 10 px are two cells high in the former.
    Quads are cut as parallelograms, not only as rectangles; narrow strips are widened.
    The quads that reading is trained on are shaken a little: the detector will shake them, too.
    Positive cells of the score count alike for each word, as in our EAST.
    Case and punctuation are read: 95 classes by default.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal, NamedTuple, Self

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import Field, model_validator
from torch import Tensor
from torch.nn import functional as F

from ocrkit import crops, geometry
from ocrkit.config import Config
from ocrkit.detect._base import SIZE_STEP, prepare
from ocrkit.detect.east import EAST, EASTConfig, EASTMaps, EASTTargets, rbox_losses
from ocrkit.image import resize_to_long_side
from ocrkit.layers.blocks import ConvNorm
from ocrkit.layers.losses import hardest_negatives, weighted_mean, word_weights
from ocrkit.layers.rotate import Strips, arrange, roi_rotate
from ocrkit.recognize import _ctc, _labels, aggregate
from ocrkit.recognize._base import unpad
from ocrkit.recognize.crnn import CRNN, CRNNConfig, CRNNMaps
from ocrkit.spot._base import SpottingNetwork
from ocrkit.spot._pages import read_pages
from ocrkit.spot._words import Hypothesis, WordsConfig, of_page
from ocrkit.text import Charset, normalise
from ocrkit.types import Bools, Detections, Floats, Image, Reading, Sample, Word

HEIGHT = 8
"""Rows of a strip at stride 4 (section 3.3)."""

STRIDES = 2, 4
"""Of the maps that strips are cut from."""

MARGINS, SHAKE = (-0.06, 0.2), 0.04
"""In the word's height: how much wider quads are cut in training, and how far corners move."""


class FOTSConfig(Config):
    """Blocks of the parts, named as in `ocrkit.load`, and how both are trained together."""

    name: Literal["fots"] = "fots"
    detector: EASTConfig = Field(
        EASTConfig(long_side=1920, max_enlargement=1.5), description="of the words; `rbox` only"
    )
    recognizer: CRNNConfig = Field(
        CRNNConfig(network="shared", layers=1), description="of the strips; one BLSTM, section 3.4"
    )
    spotter: WordsConfig = Field(
        WordsConfig(scales=(1.0,)), description="how readings become words; not in the paper"
    )
    read: int = Field(
        32, gt=0, description="words of a training piece that are read at most; not in the paper"
    )
    hard_negatives: int = Field(512, ge=0, description="cells of a piece; section 3.5, OHEM")
    random_negatives: int = Field(512, ge=0, description="cells of a piece; section 3.5")
    hard_shapes: int = Field(128, ge=0, description="positive cells of a piece; section 3.5")
    random_shapes: int = Field(128, ge=0, description="positive cells of a piece; section 3.5")
    recognition_weight: float = Field(1, ge=0, description="lambda_recog, equation 6")
    reads: bool = Field(True, description="false trains detection alone: the paper's table 3")

    @model_validator(mode="after")
    def _fits_together(self) -> Self:
        if self.detector.geometry != "rbox":
            raise ValueError("detector.geometry: FOTS regresses rotated rectangles: rbox")
        if self.detector.sideways is not None:
            raise ValueError("detector.sideways: FOTS reads what it sees upright alone")
        if self.recognizer.network != "shared":
            raise ValueError("recognizer.network: only `shared` reads feature maps")
        if self.spotter.stacked:
            raise ValueError("spotter.stacked: letters cannot be laid side by side in feature maps")
        return self

    def side_of(self, image: Image) -> float:
        """See `DetectorConfig.side_of`."""
        return self.detector.side_of(image)


class FOTSMaps(NamedTuple):
    """EAST's `score` and `geometry`, and the maps that are read: at strides 2 and 4."""

    score: Tensor
    geometry: Tensor
    fine: Tensor
    finest: Tensor


class FOTSTargets(NamedTuple):
    """EAST's targets of one sample, and its words.

    `quads` (R, 4, 2) float32 px, `classes` (R, MAX_LENGTH) int64 and `lengths` (R,) int64 as in
    `Labels`; a length of 0 is a place without a word to read.
    """

    share: Floats | Tensor
    valid: Bools | Tensor
    geometry: Floats | Tensor
    quads: Floats | Tensor
    classes: NDArray[np.int64] | Tensor
    lengths: NDArray[np.int64] | Tensor


class FOTS(SpottingNetwork[FOTSConfig, FOTSMaps, FOTSTargets]):
    """Shared convolutions, detection branch, RoIRotate and recognition branch (figure 2)."""

    Config: ClassVar[type[Config]] = FOTSConfig

    def __init__(self, config: FOTSConfig) -> None:
        super().__init__(config)
        self.detector = EAST(config.detector)
        fine, finest = self.detector.network.channels
        self.strokes = ConvNorm(fine, 32, stride=2)
        self.join = ConvNorm(32 + finest, 64)
        self.recognizer = CRNN(config.recognizer)

    @staticmethod
    def encode(config: Any, sample: Sample) -> FOTSTargets:
        """EAST's targets, and the labels of the words that can be read."""
        found = EAST.encode(config.detector, sample)
        quads = np.zeros((config.read, 4, 2), np.float32)
        classes = np.zeros((config.read, _labels.MAX_LENGTH), np.int64)
        lengths = np.zeros(config.read, np.int64)
        words = _legible(config, sample)
        # Of too many, some of all parts of the piece.
        chosen = np.linspace(0, len(words) - 1, min(len(words), config.read)).astype(int)
        for place, (index, label) in enumerate(words[i] for i in chosen):
            quads[place] = sample.quads[index]
            classes[place], lengths[place] = label
        return FOTSTargets(*found, quads, classes, lengths)

    def forward(self, images: Tensor) -> FOTSMaps:
        """(B, 3, H, W) to maps; H and W must be multiples of 32."""
        fine, finest = self.detector.network.features(images)
        return FOTSMaps(*self.detector.maps(finest), fine, finest)

    def loss(self, maps: FOTSMaps, targets: FOTSTargets) -> dict[str, Tensor]:
        """Of the words' places (equation 3, with OHEM of section 3.5), and of what they say."""
        targets = FOTSTargets(*(torch.as_tensor(t) for t in targets))
        terms = self._detection(EASTMaps(*maps[:2]), EASTTargets(*targets[:3]))
        if self.config.reads:
            terms["ctc"] = self.config.recognition_weight * self._recognition(maps, targets)
        return terms

    @torch.inference_mode()
    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """See `Spotter.spot`; one picture after the other."""
        return [self._spot(image) for image in images]

    def detect(self, image: Image) -> Detections:
        """What the detection branch finds; quads are in the picture's own pixels."""
        return self.detector.detect(image)

    def _spot(self, image: Image) -> tuple[Word, ...]:
        config = self.config.spotter
        seen = [word for scale in config.scales for word in self._look(image, scale)]
        return of_page(seen, config, self.recognizer.language)

    def _look(self, image: Image, scale: float) -> list[Word]:
        """The words of a picture as seen at one scale."""
        config = self.config
        resized, back = resize_to_long_side(image, config.side_of(image) * scale, SIZE_STEP)
        device = next(self.parameters()).device
        maps = self(torch.from_numpy(prepare(resized))[None].to(device))
        found = self.detector.decode(EASTMaps(*maps[:2]))

        def read(hypotheses: Sequence[Hypothesis]) -> list[Reading]:
            return self._read(maps, [hypothesis.quad for hypothesis in hypotheses])

        (words,) = read_pages(found, read, config.spotter, config.recognizer.confidence)
        return [replace(word, quad=word.quad * back) for pieces in words for word in pieces]

    def _read(self, maps: FOTSMaps, quads: Sequence[Floats]) -> list[Reading]:
        """What one picture says at each quad, in pixels of the network's input."""
        if not quads:
            return []
        margin = self.config.spotter.margin
        wide = torch.from_numpy(np.stack([_widened(quad, margin) for quad in quads]))
        wide = wide.to(maps.score.device)
        pictures = torch.zeros(len(wide), dtype=torch.long, device=wide.device)
        groups = arrange(wide, pictures, HEIGHT, self.most_columns)
        readings = [Reading.empty()] * len(quads)
        how = self.config.recognizer.confidence
        for group, logits in zip(groups, self.logits(maps, groups), strict=True):
            told = self.recognizer.decode(CRNNMaps(_ended(logits, group.widths), wide[:, :0, :2]))
            for region, width, reading in zip(
                group.regions.tolist(), group.widths.tolist(), told, strict=True
            ):
                sure = aggregate([c.confidence for c in reading.characters], how)
                whole = unpad(reading, group.columns / width)
                readings[region] = replace(whole, confidence=sure)
        return readings

    def logits(self, maps: FOTSMaps, groups: Sequence[Strips]) -> list[Tensor]:
        """What the recognition branch says of strips, group by group; (N, columns, K) each."""
        fine = roi_rotate(maps.fine, groups, HEIGHT, STRIDES[0], zoom=2)
        finest = roi_rotate(maps.finest, groups, HEIGHT, STRIDES[1])
        found = []
        for one, other in zip(fine, finest, strict=True):
            strips = self.join(torch.cat([self.strokes(one), other], dim=1))
            columns = self.recognizer.columns(strips).squeeze(2).transpose(1, 2)
            found.append(self.recognizer.sequence(columns))
        return found

    def _detection(self, maps: EASTMaps, targets: EASTTargets) -> dict[str, Tensor]:
        share, valid, shape = (torch.as_tensor(t) for t in targets)
        config, positive = self.config, share > 0
        score = maps.score.float()
        entropy = F.binary_cross_entropy_with_logits(score, positive.float(), reduction="none")
        mined = _mined(entropy, valid & ~positive, config.hard_negatives, config.random_negatives)
        box, angle = torch.zeros_like(entropy), torch.zeros_like(entropy)
        cells = positive[:, 0]
        found = rbox_losses(*(s.float().movedim(1, -1)[cells] for s in (maps.geometry, shape)))
        box[positive], angle[positive] = found["box"], found["angle"]
        angle = config.detector.angle_weight * angle
        chosen = _mined(box + angle, positive, config.hard_shapes, config.random_shapes)
        return {
            "score": weighted_mean(entropy, word_weights(share) + mined),
            "box": config.detector.geometry_weight * weighted_mean(box, chosen),
            "angle": config.detector.geometry_weight * weighted_mean(angle, chosen),
        }

    def _recognition(self, maps: FOTSMaps, targets: FOTSTargets) -> Tensor:
        """The mean negative log-likelihood per character of the labels (equation 5)."""
        _, _, _, quads, classes, lengths = (torch.as_tensor(t) for t in targets)
        pictures, places = (lengths > 0).nonzero(as_tuple=True)
        if not len(places):
            return maps.finest.sum() * 0.0
        moved = shaken(quads[pictures, places])
        groups = arrange(moved, pictures, HEIGHT, self.most_columns)
        losses = []
        for group, logits in zip(groups, self.logits(maps, groups), strict=True):
            at = group.pictures, places[group.regions]
            losses.append(_ctc.ctc_losses(logits, classes[at], lengths[at], group.widths))
        return torch.cat(losses).mean()

    @property
    def most_columns(self) -> int:
        """Of a strip; longer words are squeezed."""
        return self.config.recognizer.max_width // STRIDES[1]


def _legible(config: FOTSConfig, sample: Sample) -> list[tuple[int, _labels.Labels]]:
    """The words that are large enough and have a text that the charset can spell, and its label."""
    charset = Charset(config.recognizer.charset)
    large = np.minimum(*geometry.extent(sample.quads)) >= config.detector.ignore_side
    found = []
    for index in np.flatnonzero(large & ~sample.ignored):
        text = normalise(sample.texts[index] or "", charset)
        if text and not charset.missing(text) and len(text) <= _labels.MAX_LENGTH:
            found.append((int(index), _labels.encode(charset, text)))
    return found


def _widened(quad: Floats, margin: float) -> Floats:
    """A quad (4, 2) with a margin on every side, as a fraction of its height."""
    matrix, size = crops.frame(quad, margin)
    return geometry.project(matrix, geometry.full_quad(size))


def _ended(logits: Tensor, widths: Tensor) -> Tensor:
    """Logits (N, columns, K) that say nothing, the blank, behind the strips' widths (N,)."""
    ended = logits.clone()
    behind = torch.arange(logits.shape[1], device=logits.device) >= widths[:, None]
    ended[behind] = -torch.inf
    ended[..., _ctc.BLANK][behind] = 0.0
    return ended


def _mined(loss: Tensor, candidates: Tensor, hard: int, random: int) -> Tensor:
    """The hardest candidates of each picture and, of the others, random ones; (B, 1, H, W) bool."""
    flat, left = loss.flatten(1), candidates.flatten(1)
    chosen = torch.zeros_like(left)
    for values, count in ((flat, hard), (torch.rand_like(flat), random)):
        counts = torch.full((len(flat),), count, device=flat.device)
        chosen |= hardest_negatives(values, left & ~chosen, counts)
    return chosen.view_as(candidates)


def shaken(quads: Tensor) -> Tensor:
    """Quads (N, 4, 2) as loose, tight and crooked as a detector's."""
    right = (quads[:, 1] - quads[:, 0] + quads[:, 2] - quads[:, 3]) / 2
    down = (quads[:, 3] - quads[:, 0] + quads[:, 2] - quads[:, 1]) / 2
    height = down.norm(dim=1)[:, None, None]
    low, high = MARGINS
    margin = low + (high - low) * torch.rand(len(quads), 2, 1, device=quads.device)
    along = F.normalize(right, dim=1)[:, None] * margin[:, :1]
    across = F.normalize(down, dim=1)[:, None] * margin[:, 1:]
    outwards = torch.cat([-along - across, along - across, along + across, across - along], dim=1)
    moved: Tensor = quads + height * (outwards + SHAKE * torch.randn_like(quads))
    return moved
