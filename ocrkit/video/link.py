"""Words over time: detected now and then, followed in between, read when they can be read better.

A frame is searched if some frames have gone by since the last search, fewer while there is
something new, covered or gone, or if the picture changes; for text that runs down, not every time.
What is found there is first laid on the tracks that are being followed, by place. What is left over
is read, and compared by place and text with the tracks that are left over, those that have been out
of sight for a while among them.
"""

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction
from typing import NamedTuple

import numpy as np
from pydantic import Field

from ocrkit import crops
from ocrkit.config import Config
from ocrkit.spot import TwoStage
from ocrkit.types import Detections, Floats, Image, Reading, Word
from ocrkit.video import tracks
from ocrkit.video.associate import (
    Costs,
    assign,
    holds,
    is_piece,
    kinship_costs,
    overlap_costs,
    similarity,
)
from ocrkit.video.frames import Frame
from ocrkit.video.motion import View, follow
from ocrkit.video.tracks import (
    Moment,
    TextTrack,
    Track,
    aligned,
    alike,
    clear_of_edges,
    look,
    sharpness,
)


class VideoConfig(Config):
    """How the words of frames become tracks."""

    detect_every: int = Field(
        8,
        ge=1,
        description="frames from one search for text to the next, at most; half as many while a "
        "text is new, read less often than `min_reads`, or if one is covered or gone",
    )
    glance_every: int = Field(
        3,
        ge=1,
        description="searches from one glance for text that runs down to the next, if there was "
        "none; see `detector.sideways`",
    )
    scene_change: float = Field(
        20.0, ge=0, description="grey levels; a frame that differs more from the last is searched"
    )
    follow_iou: float = Field(
        0.5, ge=0, le=1, description="with a detection, from which on it is what is being followed"
    )
    min_iou: float = Field(
        0.3, ge=0, le=1, description="of a word that cannot be read surely with its track"
    )
    min_similarity: float = Field(
        0.6, ge=0, le=1, description="of texts that are the same: one minus edits over length"
    )
    min_look: float = Field(
        0.7, ge=-1, le=1, description="correlation with the crop that was read; below, read again"
    )
    min_reads: int = Field(3, ge=1, description="how often each text is read, if seen so often")
    max_reads: int = Field(
        9, ge=0, description="and how often one is that has been read less surely than `sure`"
    )
    sure: float = Field(0.8, ge=0, le=1, description="confidence of what needs no more readings")
    sharper: float = Field(
        1.3, ge=1, description="times as sharp as all crops before, a crop is read once more"
    )
    patience: int = Field(
        2, ge=1, description="searches in a row that miss a text before it counts as out of sight"
    )
    memory: float = Field(
        2.0, ge=0, description="seconds for which a text out of sight may be found again"
    )
    min_found: int = Field(
        2, ge=1, description="searches that must find a text, if it could be searched so often"
    )


class Sighting(NamedTuple):
    """A word in a frame."""

    track: int
    word: Word
    """What is known of its track up to now, in its place in this frame."""
    sure: bool
    """Whether that is sure enough for the page."""


class Seen(NamedTuple):
    """What is seen in one frame."""

    frame: Frame
    sightings: tuple[Sighting, ...]
    """All of them; some may turn out to be nothing, or may be read more surely later."""

    @property
    def words(self) -> tuple[Word, ...]:
        """Those that are read surely."""
        return tuple(sighting.word for sighting in self.sightings if sighting.sure)


class _Unclaimed(NamedTuple):
    """A word that was read in a frame and that no track has claimed yet."""

    word: Word
    part: bool
    """Whether it is one of several in a detection."""


class Linker:
    """Takes the frames of one video, one after the other, and keeps track of its text.

    Args:
        spotter: Finds and reads; its `min_confidence` decides which texts count in the end.
        config: How words become tracks.
    """

    def __init__(self, spotter: TwoStage, config: VideoConfig | None = None) -> None:
        self.spotter = spotter
        self.config = config or VideoConfig()
        self._live: list[Track] = []
        self._closed: list[TextTrack] = []
        self._view: View | None = None
        self._time = Fraction(0)
        self._since = 0
        self._searches = 0
        self._count = 0

    def see(self, frame: Frame) -> Seen:
        """What is seen in the next frame."""
        view = View(frame.image)
        if self._follow(view, frame.time):
            self._search(frame.image, view, frame.time)
            self._since = 0
        self._since += 1
        self._view, self._time = view, frame.time
        for track in self._visible():
            track.seen(Moment(frame.index, frame.time))
        self._retire(frame.time)
        known = [(track.identity, track.now) for track in self._visible()]
        sightings = [Sighting(n, w, self.spotter.counts(w)) for n, w in known if w.text]
        return Seen(frame, tuple(sightings))

    def tracks(self) -> tuple[TextTrack, ...]:
        """The texts seen up to now that are sure enough, in the order in which they appeared."""
        live = [track.closed() for track in self._live if self._counts(track)]
        return tuple(sorted([*self._closed, *live], key=lambda track: track.identity))

    def _visible(self) -> list[Track]:
        return [track for track in self._live if track.visible]

    def _counts(self, track: Track) -> bool:
        """Whether a track is no mistake: read surely, and found more than once if it could be."""
        enough = min(self.config.min_found, self._searches - track.begun)
        return track.found >= enough and self.spotter.counts(track.now)

    def _follow(self, view: View, time: Fraction) -> bool:
        """Move the tracks to where they are in this frame; returns whether to search it."""
        if self._view is None:
            return True
        visible = self._visible()
        if view.change(self._view) > self.config.scene_change:
            for track in visible:
                track.sound = False
            return True
        seconds = float(time - self._time)
        moves = follow(self._view, view, [t.quad for t in visible], [t.points for t in visible])
        for track, moved in zip(visible, moves, strict=True):
            track.points = moved.points
            track.sound = track.sound and moved.sound
            if moved.sound:
                track.move(moved.quad, seconds)
            track.visible = tracks.inside(track.quad, view.size)
        least = self.config.min_reads
        restless = any(not track.sound or track.vote.count < least for track in visible)
        return self._since >= self.config.detect_every / (2 if restless else 1)

    def _search(self, image: Image, view: View, time: Fraction) -> None:
        """Find the text in a frame and bring the tracks up to date."""
        down = any(crops.is_tall(track.quad) for track in self._visible())
        glance = down or self._searches % self.config.glance_every == 0
        self._searches += 1
        found = self.spotter.detector.detect(image, sideways=glance)
        for track in self._visible():
            track.missed += 1
        unclaimed = self._find_again(image, self._find_followed(image, found), time)
        for word, part in unclaimed:
            self._live.append(Track(self._count, word, begun=self._searches - 1))
            self._count += 1
            self._read(self._live[-1], image, word, part)
        for track in self._visible():
            if track.missed == 0:
                track.points, track.sound = view.corners(track.quad), True
            track.visible = track.sound and track.missed < self.config.patience

    def _find_followed(self, image: Image, found: Detections) -> list[_Unclaimed]:
        """Bring tracks whose place is known up to date; returns the words of what is left over."""
        followed = [track for track in self._visible() if track.sound]
        costs = overlap_costs([t.quad for t in followed], found.quads, self.config.follow_iou)
        owners = {column: followed[row] for row, column in assign(costs)}
        shared = self._find_shared(image, found, owners)
        quads = {i: aligned(found.quads[i], track.quad) for i, track in owners.items()}
        known = {i for i, track in owners.items() if not self._wants(track, image, quads[i])}
        unread = [i for i in range(len(found)) if i not in known | shared]
        (read,) = self.spotter.read([image], [found[unread]])
        for i in known:
            owners[i].find(quads[i], float(found.scores[i]))
        left: list[_Unclaimed] = []
        for i, words in zip(unread, read, strict=True):
            words = words or (Word("", 0.0, (), found.quads[i], float(found.scores[i])),)
            if i in owners and self._agrees(owners[i], words):
                owners[i].find(words[0].quad, words[0].score)
                self._read(owners[i], image, words[0])
            else:
                left += [_Unclaimed(word, len(words) > 1) for word in words]
        return left

    def _find_shared(self, image: Image, found: Detections, owners: dict[int, Track]) -> set[int]:
        """Which detections hold several texts that are known well enough; they are found by it.

        Words that stand close may be found as one, of which no track is the owner: it is no longer
        among `owners`. It is read again only if one of its words wants it; else they are where they
        were followed to.
        """
        elsewhere = {id(track): i for i, track in owners.items()}
        parts = [track for track in self._visible() if track.sound and track.part]
        known: set[int] = set()
        for i, (quad, score) in enumerate(zip(found.quads, found.scores, strict=True)):
            own = [t for t in parts if elsewhere.get(id(t), i) == i and holds(quad, t.quad)]
            if len(own) < 2:
                continue
            owners.pop(i, None)
            if not any(self._wants(track, image, track.quad) for track in own):
                known.add(i)
                for track in own:
                    track.find(track.quad, float(score))
        return known

    def _find_again(
        self, image: Image, unclaimed: list[_Unclaimed], time: Fraction
    ) -> list[_Unclaimed]:
        """Give words to tracks that are uncertain or out of sight; returns those left over."""
        words = [word for word, _ in unclaimed]
        lost = [track for track in self._live if track.missed or not track.visible]
        costs = np.array([self._costs(track, words, time) for track in lost])
        pairs = assign(costs.reshape(len(lost), len(words)))
        for row, column in pairs:
            track, (word, part) = lost[row], unclaimed[column]
            # What was out of sight is where it is found, not half way there.
            track.sound = track.sound and track.visible
            track.find(word.quad, word.score)
            self._read(track, image, word, part)
        given = {column for _, column in pairs}
        return [
            one
            for i, one in enumerate(unclaimed)
            if i not in given and not self._in_part(one.word, time)
        ]

    def _in_part(self, word: Word, time: Fraction) -> bool:
        """Whether a word is a piece of a track that something covers; it is seen, then."""
        for track in self._live:
            if is_piece(word, replace(track.now, quad=track.expected(time))):
                if track.visible:
                    track.missed = 0
                return True
        return False

    def _costs(self, track: Track, words: Sequence[Word], time: Fraction) -> Costs:
        """See `kinship_costs`; a track may be where it was last seen, or where it was going."""
        known = track.now
        here, there = (
            kinship_costs(
                words,
                place,
                float(time - track.last.time),
                min_iou=self.config.min_iou,
                min_similarity=self.config.min_similarity,
                sure=self.spotter.config.min_confidence,
            )
            for place in (known, replace(known, quad=track.expected(time)))
        )
        return np.minimum(here, there)

    def _wants(self, track: Track, image: Image, quad: Floats) -> bool:
        """Whether a track is to be read once more, now that it is here and looks like this."""
        whole = clear_of_edges(quad, image.shape[:2])
        if (track.vote.whole if whole else track.vote.count) < self.config.min_reads:
            return True
        unsure = 0 < track.now.confidence < self.config.sure
        if unsure and track.vote.count < self.config.max_reads:
            return True
        crop = self._cut(image, quad)
        return (
            sharpness(crop) > self.config.sharper * track.sharpness
            or alike(look(crop), track.look) < self.config.min_look
        )

    def _agrees(self, track: Track, words: Sequence[Word]) -> bool:
        """Whether words can be another reading of a track in the same place: one word, like it."""
        if len(words) != 1:
            return False
        known, word = track.now, words[0]
        unsure = min(known.confidence, word.confidence) < self.spotter.config.min_confidence
        return unsure or similarity(known.text, word.text) >= self.config.min_similarity

    def _read(self, track: Track, image: Image, word: Word, part: bool = False) -> None:
        """Take the reading of a word into account; it may be part of what was found as one."""
        track.part = part
        crop, whole = self._cut(image, word.quad), clear_of_edges(word.quad, image.shape[:2])
        reading = Reading(word.text, word.confidence, word.characters)
        track.read(reading, crop, whole, self.spotter.worth(word))

    def _cut(self, image: Image, quad: Floats) -> Image:
        (crop,) = crops.cut(image, quad[None], self.spotter.config.margin)
        return crop

    def _retire(self, time: Fraction) -> None:
        """Close the tracks that have been out of sight for long; what is no text is forgotten."""
        kept = []
        for track in self._live:
            if track.visible or float(time - track.last.time) <= self.config.memory:
                kept.append(track)
            elif self._counts(track):
                self._closed.append(track.closed())
        self._live = kept
