"""Tracks as subtitles (SubRip): each text once, from when it was first seen until it was last."""

from collections.abc import Iterable
from fractions import Fraction

from ocrkit.layout import arrange
from ocrkit.video.tracks import TextTrack

TOGETHER = Fraction(1, 2)
"""Seconds; texts that come and go this close to each other are one subtitle, in lines."""

APART = 1
"""Seconds; the same text that comes back sooner has not been away."""

Cue = tuple[Fraction, Fraction, str]
"""From when to when, and what is said."""


def subtitles(tracks: Iterable[TextTrack], gap: Fraction) -> str:
    """The content of a file of subtitles.

    Args:
        tracks: In any order.
        gap: Seconds for which a frame stays; so much longer is the last frame's text seen.
    """
    cues = [
        (group[0].first.time, max(track.last.time for track in group) + gap, _text(group))
        for group in _groups(tracks)
    ]
    blocks = [
        f"{number}\n{stamp(start)} --> {stamp(end)}\n{text}\n"
        for number, (start, end, text) in enumerate(_joined(cues), 1)
    ]
    return "\n".join(blocks)


def stamp(time: Fraction) -> str:
    """A time as SubRip writes it: hours:minutes:seconds,milliseconds."""
    total = round(time * 1000)
    minutes, millis = divmod(total, 60_000)
    return f"{minutes // 60:02}:{minutes % 60:02}:{millis // 1000:02},{millis % 1000:03}"


def _groups(tracks: Iterable[TextTrack]) -> list[list[TextTrack]]:
    """Tracks that come and go together, by when they come."""
    groups: list[list[TextTrack]] = []
    for track in sorted(tracks, key=lambda t: (t.first.time, t.last.time, t.identity)):
        for group in groups:
            apart = track.first.time - group[0].first.time, track.last.time - group[0].last.time
            if max(map(abs, apart)) <= TOGETHER:
                group.append(track)
                break
        else:
            groups.append([track])
    return groups


def _text(group: list[TextTrack]) -> str:
    """The words of a subtitle in reading order, a line a line."""
    lines = arrange([track.word for track in group])
    return "\n".join(" ".join(word.text for word in line) for line in lines)


def _joined(cues: Iterable[Cue]) -> list[Cue]:
    """The cues, those joined that say the same one right after the other."""
    joined: list[Cue] = []
    latest: dict[str, int] = {}
    for start, end, text in cues:
        before = latest.get(text)
        if before is not None and start <= joined[before][1] + APART:
            joined[before] = (joined[before][0], max(end, joined[before][1]), text)
        else:
            latest[text] = len(joined)
            joined.append((start, end, text))
    return joined
