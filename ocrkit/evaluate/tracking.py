"""Text tracks in videos: how well they follow the words, and how well they read them.

`Track`s, and the form of the files that `load_tracks` reads and `dump_tracks` gives, are described
in `ocrkit.evaluate.tracks`.

`score` measures by two protocols, as py-motmetrics and TrackEval define them:

    CLEAR MOT   frame by frame. A word keeps the track that it had last, if that is here and still
                overlaps enough; then the others are matched, as many as possible, and of these ways
                the one of greatest overlap. A word that gets another track than it had last counts
                as a switch. MOTA = 1 - (misses + false positives + switches) / true boxes; MOTP is
                the mean IoU of the matches. K. Bernardin, R. Stiefelhagen: Evaluating multiple
                object tracking performance. EURASIP Journal on Image and Video Processing, 2008.
    ID          for the whole video. Each word gets at most one track and each track at most one
                word, so that as many boxes as possible agree. IDF1, IDP, IDR = F1, precision and
                recall of these boxes. E. Ristani et al.: Performance measures and a data set for
                multi-target, multi-camera tracking. ECCV Workshops, 2016; section 3.

The text of a word counts as right if the track that ID gives it says that, by the rule of the
end-to-end protocols: see `spotting.reads`. Words that are whole in few frames are left out there:
nobody can say what is never to be seen.

Where a true track is not visible it counts neither way: it is no miss, and a found quad of which
more than half lies in it is no false positive, unless it can be matched to a word that is visible.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple, Self

import numpy as np
from scipy.optimize import linear_sum_assignment

from ocrkit.evaluate._base import harmonic_mean
from ocrkit.evaluate._matching import Numbers, Overlaps
from ocrkit.evaluate.spotting import reads
from ocrkit.evaluate.tracks import Indices, Track, dump_tracks, load_tracks

__all__ = ["Track", "TrackingResult", "dump_tracks", "load_tracks", "score"]

MOSTLY = 0.8
"""A word is mostly tracked if so great a share of its boxes is matched, or more."""
BARELY = 0.2
"""A word is mostly lost if a smaller share of its boxes is matched."""


@dataclass(frozen=True, slots=True)
class TrackingResult:
    """Counts, and the figures that follow from them; results of several videos can be summed.

    Attributes:
        boxes: True quads that count: one per word and frame.
        found: Found quads that count.
        matches: Pairs of the two.
        overlap: Sum of the matches' IoU.
        switches: Matches of a word with another track than it had before.
        identified: Pairs of true and found quads by the matching of whole tracks.
        words: True tracks with boxes that count.
        mostly_tracked: Those of which at least 80 % of the boxes are matched.
        mostly_lost: Those of which less than 20 % are.
        texts: Words that are whole long enough to be asked for their text.
        texts_right: Those whose track says it.
    """

    boxes: int
    found: int
    matches: int
    overlap: float
    switches: int
    identified: int
    words: int
    mostly_tracked: int
    mostly_lost: int
    texts: int
    texts_right: int

    @classmethod
    def total(cls, results: Iterable[Self]) -> Self:
        """Of several videos: all counts are sums, so a full video weighs more than an empty one."""
        rows = [[getattr(result, field.name) for field in fields(cls)] for result in results]
        return cls(*map(sum, zip(*rows, strict=True))) if rows else cls(*[0] * len(fields(cls)))

    @property
    def misses(self) -> int:
        """True quads without a match."""
        return self.boxes - self.matches

    @property
    def false_positives(self) -> int:
        """Found quads without a match."""
        return self.found - self.matches

    @property
    def mota(self) -> float:
        """Multiple object tracking accuracy; at most 1, may be negative; 0 without true quads."""
        errors = self.misses + self.false_positives + self.switches
        return 1 - errors / self.boxes if self.boxes else 0.0

    @property
    def motp(self) -> float:
        """Multiple object tracking precision: the mean IoU of the matches; 0 without any."""
        return _share(self.overlap, self.matches)

    @property
    def precision(self) -> float:
        """Matched of all found quads."""
        return _share(self.matches, self.found)

    @property
    def recall(self) -> float:
        """Matched of all true quads."""
        return _share(self.matches, self.boxes)

    @property
    def idp(self) -> float:
        """Found quads that belong to their track's word, of all found quads."""
        return _share(self.identified, self.found)

    @property
    def idr(self) -> float:
        """True quads that belong to their word's track, of all true quads."""
        return _share(self.identified, self.boxes)

    @property
    def idf1(self) -> float:
        """Harmonic mean of `idp` and `idr`."""
        return harmonic_mean(self.idp, self.idr)

    @property
    def text_accuracy(self) -> float:
        """Words whose track says what they say, of all that are whole long enough."""
        return _share(self.texts_right, self.texts)

    def to_dict(self) -> dict[str, float | int]:
        """Figures and counts, as plain values for JSON."""
        rates = ("mota", "motp", "idf1", "idp", "idr", "text_accuracy", "precision", "recall")
        errors = ("switches", "misses", "false_positives", "mostly_tracked", "mostly_lost")
        counts = ("words", "texts", "boxes", "found", "matches")
        return {name: getattr(self, name) for name in (*rates, *errors, *counts)}


def score(
    truth: Sequence[Track],
    found: Sequence[Track],
    iou_threshold: float = 0.5,
    least_frames: int = 5,
) -> TrackingResult:
    """The score of the tracks found in one video.

    Args:
        truth: The words that are there; their order counts where two had the same track last.
        found: The tracks to be scored; what they say of being visible does not count.
        iou_threshold: Quads can be matched if their IoU is this great, or greater.
        least_frames: Words that are whole in fewer frames are not asked for their text.

    Raises:
        ShapeError: A quad is not finite.
    """
    clear, together = _Clear(), np.zeros((len(truth), len(found)))
    seen, given = np.zeros(len(truth), int), 0
    for frame in _frames(truth, found, iou_threshold):
        seen[frame.words] += 1
        given += len(frame.found)
        i, j = np.nonzero(frame.iou >= iou_threshold)
        together[frame.words[i], frame.found[j]] += 1
        clear.add(frame, iou_threshold)
    words, tracks = linear_sum_assignment(together, maximize=True)
    asked = np.array([t.readable.sum() for t in truth], int) >= max(least_frames, 1)
    right = [
        asked[i] and together[i, j] > 0 and reads(truth[i].text, found[j].text)
        for i, j in zip(words.tolist(), tracks.tolist(), strict=True)
    ]
    hits = np.array([clear.hits.get(i, 0) for i in range(len(truth))], int)
    ratios = hits[seen > 0] / seen[seen > 0]
    return TrackingResult(
        boxes=int(seen.sum()),
        found=given,
        matches=int(hits.sum()),
        overlap=clear.overlap,
        switches=clear.switches,
        identified=int(together[words, tracks].sum()),
        words=len(ratios),
        mostly_tracked=int((ratios >= MOSTLY).sum()),
        mostly_lost=int((ratios < BARELY).sum()),
        texts=int(asked.sum()),
        texts_right=int(sum(right)),
    )


class _Frame(NamedTuple):
    """What is in one frame and counts.

    Attributes:
        words, found: (N,), (M,) places in the lists of tracks.
        iou: (N, M).
    """

    words: Indices
    found: Indices
    iou: Numbers


class _Clear:
    """Matches frame by frame, with each word's last track kept."""

    def __init__(self) -> None:
        self.last: dict[int, int] = {}
        self.hits: dict[int, int] = {}
        self.overlap = 0.0
        self.switches = 0

    def add(self, frame: _Frame, threshold: float) -> None:
        """Match what is in the next frame."""
        iou = np.where(frame.iou >= threshold, frame.iou, 0.0)
        columns = {track: column for column, track in enumerate(frame.found.tolist())}
        for row, word in enumerate(frame.words.tolist()):
            column = columns.get(self.last.get(word, -1))
            if column is not None and iou[row, column] > 0:
                self._match(word, int(frame.found[column]), float(iou[row, column]))
                iou[row], iou[:, column] = 0.0, 0.0
        # As many as possible first: one match more outweighs all that overlap can add.
        worth = np.where(iou > 0, 1 + len(iou) + iou, 0.0)
        for i, j in zip(*linear_sum_assignment(worth, maximize=True), strict=True):
            if iou[i, j] > 0:
                self._match(int(frame.words[i]), int(frame.found[j]), float(iou[i, j]))

    def _match(self, word: int, track: int, iou: float) -> None:
        self.switches += self.last.get(word, track) != track
        self.last[word] = track
        self.hits[word] = self.hits.get(word, 0) + 1
        self.overlap += iou


def _frames(truth: Sequence[Track], found: Sequence[Track], threshold: float) -> Iterator[_Frame]:
    """All frames that anything is in, in order."""
    true_at, found_at = _by_frame(truth), _by_frame(found)
    for number in sorted(true_at.keys() | found_at.keys()):
        words, tracks = true_at.get(number, ()), found_at.get(number, ())
        overlaps = Overlaps.between(
            [truth[i].quads[at] for i, at in words],
            [found[j].quads[at] for j, at in tracks],
            whole_pixels=False,
        )
        counted = np.array([truth[i].counted[at] for i, at in words], bool)
        matchable = (overlaps.iou[counted] >= threshold).any(axis=0)
        kept = matchable | ~overlaps.ignored_found(~counted, 0.5)
        here = np.array([i for i, _ in words], np.int64)[counted]
        there = np.array([j for j, _ in tracks], np.int64)[kept]
        yield _Frame(here, there, overlaps.iou[counted][:, kept])


def _by_frame(tracks: Sequence[Track]) -> Mapping[int, list[tuple[int, int]]]:
    """By the numbers of frames: which tracks are there, and at which of their places."""
    by_frame: dict[int, list[tuple[int, int]]] = {}
    for index, track in enumerate(tracks):
        for at, frame in enumerate(track.frames.tolist()):
            by_frame.setdefault(frame, []).append((index, at))
    return by_frame


def _share(part: float, whole: int) -> float:
    return part / whole if whole else 0.0
