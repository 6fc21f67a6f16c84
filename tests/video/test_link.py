"""Linking without a network: text is a patch of noise, told by where it is."""

from fractions import Fraction

import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.spot import TwoStage, WordsConfig
from ocrkit.types import Detections, Word
from ocrkit.video.frames import Frame
from ocrkit.video.link import Linker, VideoConfig
from ocrkit.video.tracks import inside

SIZE = (120, 240)
FPS = 25


class Scene(TwoStage):
    """A film, and the spotter that knows it.

    Args:
        texts: For each text a function from the index of a frame to the left top corner of its
            patch, 16 high and 48 wide, or None where it is not to be seen.
        say: From a text and the index of a frame to what is read, and how surely.
        joined: The frames in which all patches are found as one.
    """

    def __init__(self, texts, say=lambda text, index: (text, 0.95), joined=()):
        super().__init__(self, None, WordsConfig(margin=0))
        self.texts, self.say, self.joined = texts, say, joined
        self.now, self.searched, self.glances, self.crops = 0, [], [], 0
        self.blur = self.cut = lambda index: 0

    def there(self):
        places = {text: place(self.now) for text, place in self.texts.items()}
        return {
            text: place
            for text, place in places.items()
            if place is not None and inside(quad(place), SIZE)
        }

    def frame(self, index):
        self.now = index
        down, across = np.mgrid[: SIZE[0], : SIZE[1]]
        image = np.repeat((60 + down / 3 + across / 6)[..., None], 3, axis=2).astype(np.uint8)
        image[:60] += np.uint8(self.cut(index))
        for text, (x, y) in self.there().items():
            rng = np.random.default_rng(list(text.encode()))
            patch = cv2.resize(rng.integers(0, 255, (8, 24, 3), np.uint8), (48, 16))
            patch = cv2.GaussianBlur(patch, (0, 0), self.blur(index) or 0.1)
            shift = np.array([[1, 0, x], [0, 1, y]], np.float64)
            cv2.warpAffine(patch, shift, SIZE[::-1], image, borderMode=cv2.BORDER_TRANSPARENT)
        return Frame(index, Fraction(index, FPS), image)

    def detect(self, image, sideways=True):
        self.searched.append(self.now)
        self.glances.append(sideways)
        quads = [quad(place) for place in self.there().values()]
        if self.now in self.joined:
            quads = [np.array(quads).reshape(-1, 2)[[0, -3, -2, 3]]]
        return Detections(np.array(quads, np.float32).reshape(-1, 4, 2), np.ones(len(quads), "f4"))

    def read(self, images, found):
        self.crops += len(found[0])
        return [[self.words(quad) for quad in found[0].quads]]

    def worth(self, word):
        return word.confidence

    def words(self, around):
        said = []
        for text, place in self.there().items():
            here = quad(place)
            if geometry.contains(around + [(-9, -9), (9, -9), (9, 9), (-9, 9)], here.mean(axis=0)):
                spoken, confidence = self.say(text, self.now)
                said += [Word(spoken, confidence, (), here, 0.9)] if spoken else []
        return tuple(said)


def quad(place):
    return np.array([[0, 0], [48, 0], [48, 16], [0, 16]], np.float32) + np.float32(place)


def watch(scene, frames=50, **values):
    """What is seen in each frame, and the linker."""
    linker = Linker(scene, VideoConfig(**values))
    return [linker.see(scene.frame(index)) for index in range(frames)], linker


def still(x, y):
    return lambda index: (x, y)


def between(place, *spans):
    """Where it is, in these spans of frames only."""
    return lambda index: place if any(a <= index < b for a, b in spans) else None


def test_moving_text_keeps_its_track_and_is_followed_between_searches():
    scene = Scene({"EXIT": lambda i: (10 + 2.5 * i, 20), "BAKERY": lambda i: (150, 90 - i)})
    seen, linker = watch(scene)
    assert [sorted(s.track for s in one.sightings) for one in seen] == [[0, 1]] * 50
    for one in seen:
        scene.now = one.frame.index
        for sighting in one.sightings:
            expected = quad(scene.there()[sighting.word.text])
            np.testing.assert_allclose(sighting.word.quad, expected, atol=1.5)
    assert scene.searched == [0, 4, *range(8, 50, 8)]  # more often until it is read three times
    exit_, bakery = linker.tracks()
    assert (exit_.text, exit_.frames, exit_.first.frame, exit_.last.frame) == ("EXIT", 50, 0, 49)
    assert bakery.last.time == Fraction(49, 25)


def test_a_text_that_is_lost_is_searched_for_sooner():
    for last, searches in ((99, [0, 4, 8, 16]), (10, [0, 4, 8, 12])):
        scene = Scene({"EXIT": between((30, 40), (0, last))})
        watch(scene, frames=20)
        assert scene.searched[:4] == searches, last


def test_text_that_runs_down_is_glanced_for_now_and_then_until_there_is_some():
    scene = Scene({"EXIT": still(30, 40)})
    watch(scene, glance_every=2)
    assert scene.glances == [i % 2 == 0 for i in range(len(scene.searched))]
    down = np.array([[0, 0], [16, 0], [16, 48], [0, 48]], np.float32)
    scene = Scene({"EXIT": still(30, 40)})
    scene.words = lambda around: (Word("EXIT", 0.9, (), down + np.float32((30, 40)), 0.9),)
    watch(scene, glance_every=2)
    assert all(scene.glances)


def test_text_is_read_three_times_and_then_no_more():
    scene = Scene({"EXIT": still(30, 40)})
    watch(scene)
    assert scene.crops == 3
    scene = Scene({"EXIT": still(30, 40)})
    watch(scene, min_reads=1)
    assert scene.crops == 1


def test_a_text_that_is_read_unsurely_is_read_more_often():
    scene = Scene({"EXIT": still(30, 40)}, lambda text, index: (text, 0.7))
    watch(scene, frames=100, max_reads=5)
    assert scene.crops == 5
    scene = Scene({"EXIT": still(30, 40)}, lambda text, index: (text, 0.9 if index >= 16 else 0.7))
    watch(scene, frames=100, max_reads=5)
    assert scene.crops == 4  # in frames 0, 4, 8 and 16
    scene = Scene({"EXIT": still(30, 40)}, lambda text, index: (text, 0.7))
    watch(scene, frames=100, sure=0.7)
    assert scene.crops == 3


def test_a_text_that_comes_in_is_read_anew_when_it_is_clear_of_the_edge():
    # Its right end reaches the edge, at 240, until it has moved by 2.4 px: in frame 24.
    said = {False: "CEANIC", True: "OCEANIC"}
    scene = Scene(
        {"x": lambda i: (192 - 0.1 * i, 40)}, lambda text, index: (said[index >= 24], 0.9)
    )
    _, linker = watch(scene, frames=60)
    assert [track.text for track in linker.tracks()] == ["OCEANIC"]
    assert scene.crops == 6  # three times at the edge, three times clear of it


def test_a_sharper_crop_is_read_once_more_and_the_vote_decides():
    scene = Scene(
        {"EXIT": still(30, 40)}, lambda text, index: ("EX1I", 0.5) if index < 30 else (text, 0.97)
    )
    scene.blur = lambda index: 3 if index < 30 else 0
    seen, linker = watch(scene, scene_change=255)
    assert seen[20].words == ()  # too unsure as yet
    assert [s.sure for s in seen[20].sightings] == [False]
    assert [w.text for w in seen[40].words] == ["EXIT"]
    (track,) = linker.tracks()
    assert (track.identity, track.text, track.confidence, track.frames) == (0, "EXIT", 0.97, 50)


def test_an_unsure_text_is_none_in_the_end():
    _, linker = watch(Scene({"EXIT": still(30, 40)}, lambda text, index: (text, 0.5)))
    assert linker.tracks() == ()
    scene = Scene({"EXIT": still(30, 40)}, lambda text, index: (text, 0.7))
    scene.config = WordsConfig(margin=0, min_confidence=0.6)
    _, linker = watch(scene)
    assert len(linker.tracks()) == 1


def test_what_cannot_be_read_is_followed_in_silence():
    scene = Scene({"EXIT": still(30, 40)}, lambda text, index: ("", 0.0))
    seen, linker = watch(scene)
    assert not any(one.sightings for one in seen)
    assert linker.tracks() == ()
    assert scene.crops == 3


def test_a_short_absence_does_not_end_a_track():
    moving = lambda i: None if 20 <= i < 40 else (10 + 2 * i, 40)  # noqa: E731
    seen, linker = watch(Scene({"EXIT": moving}), 70)
    (track,) = linker.tracks()
    assert (track.identity, track.last.frame) == (0, 69)
    assert [bool(one.sightings) for one in seen[22:39]] == [False] * 17
    assert [one.sightings[0].track for one in seen if one.sightings] == [0] * track.frames
    assert 46 <= track.frames <= 52


def test_a_long_absence_does():
    _, linker = watch(
        Scene({"EXIT": between((40, 40), (0, 20), (60, 80))}), 80, memory=1, detect_every=4
    )
    assert [(t.text, t.first.frame) for t in linker.tracks()] == [("EXIT", 0), ("EXIT", 60)]


def test_another_text_in_the_same_place_is_another_track():
    scene = Scene({"NINE": between((40, 40), (0, 30)), "ELEVEN": between((40, 40), (30, 60))})
    seen, linker = watch(scene, 60)
    assert [(t.text, t.first.frame) for t in linker.tracks()] == [("NINE", 0), ("ELEVEN", 30)]
    assert [w.text for w in seen[29].words] == ["NINE"]
    assert [w.text for w in seen[30].words] == ["ELEVEN"]  # searched at once


def test_another_scene_is_searched_at_once():
    scene = Scene({"EXIT": between((40, 40), (0, 30)), "WEST": between((150, 80), (30, 60))})
    scene.cut = lambda index: 60 if index >= 30 else 0
    seen, linker = watch(scene, 60)
    assert 30 in scene.searched
    assert [w.text for w in seen[30].words] == ["WEST"]
    assert [(t.text, t.last.frame) for t in linker.tracks()] == [("EXIT", 29), ("WEST", 59)]


def test_texts_that_pass_each_other_keep_their_tracks():
    texts = {"LEFT": lambda i: (20 + 3 * i, 40), "RIGHT": lambda i: (170 - 3 * i, 58)}
    seen, _ = watch(Scene(texts))
    names = {s.track: s.word.text for s in seen[2].sightings}
    assert {s.track: s.word.text for s in seen[-1].sightings} == names
    assert len(names) == 2


def test_words_found_as_one_are_still_the_words_they_were():
    scene = Scene({"FRESH": still(40, 40), "BUNS": still(96, 40)}, joined=range(8, 30))
    seen, linker = watch(scene)
    assert [t.text for t in linker.tracks()] == ["FRESH", "BUNS"]
    assert {len(one.words) for one in seen} == {2}


def test_words_always_found_as_one_are_read_no_oftener_than_others():
    scene = Scene({"FRESH": still(40, 40), "BUNS": still(96, 40)}, joined=range(100))
    seen, linker = watch(scene, 100)
    assert [t.text for t in linker.tracks()] == ["FRESH", "BUNS"]
    assert {len(one.words) for one in seen} == {2}
    assert scene.crops == 3 < len(scene.searched)


def test_what_is_found_only_once_is_a_mistake():
    scene = Scene({"EXIT": still(40, 40), "ERROR": between((150, 80), (8, 9))})
    _, linker = watch(scene)
    assert [t.text for t in linker.tracks()] == ["EXIT"]
    scene = Scene({"EXIT": still(40, 40), "ERROR": between((150, 80), (8, 9))})
    _, linker = watch(scene, min_found=1)
    assert [t.text for t in linker.tracks()] == ["EXIT", "ERROR"]


def test_one_frame_is_enough_where_there_is_but_one():
    _, linker = watch(Scene({"EXIT": still(40, 40)}), 1)
    assert [t.text for t in linker.tracks()] == ["EXIT"]


def test_text_that_leaves_the_picture_ends():
    seen, linker = watch(Scene({"EXIT": lambda i: (150 + 5 * i, 40) if i < 24 else None}))
    (track,) = linker.tracks()
    assert 10 <= track.last.frame <= 15  # its centre goes out at frame 13.2
    assert not any(one.sightings for one in seen[16:])


def test_frames_may_change_their_size():
    scene = Scene({"EXIT": still(40, 40)})
    linker = Linker(scene)
    linker.see(scene.frame(0))
    frame = scene.frame(1)
    seen = linker.see(Frame(1, frame.time, frame.image[:100, :200]))
    assert [s.track for s in seen.sightings] == [0]


def test_settings_have_bounds():
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        VideoConfig(detect_every=0)
