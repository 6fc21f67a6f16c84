"""Tracks of text: CLEAR MOT and ID, with numbers worked by hand.

Random cases agree with py-motmetrics 1.4.0 to 1e-15: 259 of up to 5 words and 8 tracks in up to 24
frames, with 1073 switches.
"""

import json
from dataclasses import fields
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate.tracking import (
    Track,
    TrackingResult,
    dump_tracks,
    load_tracks,
    score,
)


def box(left, top=0.0, width=40, height=20):
    right, bottom = left + width, top + height
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def track(places, text="a", identity=0, **flags):
    """A word by its left edges, {frame: x}."""
    quads = np.array([box(x) for x in places.values()], np.float32).reshape(-1, 4, 2)
    flags = {name: np.array(values, bool) for name, values in flags.items()}
    return Track(identity, text, np.array(list(places), np.int64), quads, **flags)


def still(frames, x=0.0, text="a", **flags):
    return track(dict.fromkeys(frames, x), text, **flags)


def test_the_same_tracks():
    truth = [still(range(10)), still(range(3, 9), 100, "b")]
    result = score(truth, truth)
    assert (result.mota, result.motp, result.idf1, result.text_accuracy) == (1, 1, 1, 1)
    assert (result.boxes, result.found, result.matches, result.words) == (16, 16, 16, 2)
    assert (result.mostly_tracked, result.mostly_lost) == (2, 0)


def test_misses_false_positives_and_overlap():
    # Found in 6 of 10 frames, by 10 px beside: IoU 30 / 50; and something where nothing is.
    result = score([still(range(10))], [still(range(6), 10), still([4, 5, 6], 300)])
    assert (result.misses, result.false_positives, result.switches) == (4, 3, 0)
    assert result.mota == pytest.approx(1 - 7 / 10)
    assert result.motp == pytest.approx(0.6)
    assert (result.recall, result.precision) == (pytest.approx(0.6), pytest.approx(6 / 9))
    assert (result.idr, result.idp) == (pytest.approx(0.6), pytest.approx(6 / 9))
    assert result.idf1 == pytest.approx(2 * 6 / (10 + 9))


def test_mota_may_be_negative():
    assert score([still([0])], [still(range(3), 100)]).mota == -3


def test_the_threshold_itself_is_enough():
    # 40 x 20 moved by 10: 30 / 50.
    words, found = [still([0])], [still([0], 10)]
    assert score(words, found, iou_threshold=0.6 - 1e-9).matches == 1
    assert score(words, found, iou_threshold=0.61).matches == 0
    # 24 of 48 px, exactly a half.
    halves = [Track(0, "a", np.array([0]), np.array([box(0, 0, 24)], np.float32))]
    whole = [Track(0, "a", np.array([0]), np.array([box(0, 0, 48)], np.float32))]
    assert score(whole, halves, iou_threshold=0.5).matches == 1


def test_a_word_that_gets_another_track_is_a_switch():
    result = score([still(range(10))], [still(range(6)), still(range(6, 10))])
    assert (result.switches, result.misses, result.false_positives) == (1, 0, 0)
    assert result.mota == pytest.approx(0.9)
    assert result.identified == 6
    assert result.idf1 == pytest.approx(0.6)


def test_a_switch_counts_after_a_gap_too():
    assert score([still(range(10))], [still(range(3)), still(range(7, 10))]).switches == 1
    assert score([still([0, 1, 8, 9])], [still([0, 1]), still([8, 9])]).switches == 1


def test_the_first_track_is_no_switch_and_the_same_one_again_neither():
    assert score([still(range(10))], [still([2, 3, 7, 8])]).switches == 0


def test_a_track_that_goes_to_another_word_is_no_switch_of_that_word():
    truth = [still(range(3)), still(range(3, 6), 200)]
    result = score(truth, [track({0: 0, 1: 0, 2: 0, 3: 200, 4: 200, 5: 200})])
    assert (result.switches, result.matches) == (0, 6)
    assert result.identified == 3


def test_a_word_keeps_its_track_while_that_is_near_enough():
    # In frame 1 the second track fits better, but the first one still does.
    old, new = track({0: 0, 1: 10}), track({1: 0})
    result = score([still([0, 1])], [old, new])
    assert (result.switches, result.matches, result.false_positives) == (0, 2, 1)
    assert result.motp == pytest.approx((1 + 0.6) / 2)
    # Too far: the word takes the other.
    assert score([still([0, 1])], [track({0: 0, 1: 30}), new]).switches == 1


def test_a_track_that_is_kept_is_not_given_to_another_word():
    result = score([still([0, 1]), still([1], 10)], [still([0, 1])])
    assert (result.matches, result.misses, result.false_positives) == (2, 1, 0)


def test_as_many_as_possible_are_matched():
    # One pair of 39 / 41 would leave the others alone; instead 20 / 60 and 19 / 61.
    truth = [still([0], 0), still([0], 22)]
    result = score(truth, [still([0], 1), still([0], -20)], iou_threshold=0.3)
    assert result.matches == 2
    assert result.motp == pytest.approx((20 / 60 + 19 / 61) / 2)


def test_of_equally_many_matches_the_closest_count():
    truth = [still([0], 0), still([0], 6)]
    result = score(truth, [still([0], 5), still([0], 1)], iou_threshold=0.5)
    assert result.motp == pytest.approx(39 / 41)


def test_identity_is_matched_over_the_whole_video():
    # Two tracks halve two words; the best assignment is 6 + 4 boxes, not 4 + 6 of CLEAR's last.
    first, second = still(range(10)), still(range(10), 200)
    crossed = [
        track({f: 0 if f < 6 else 200 for f in range(10)}),
        track({f: 200 if f < 6 else 0 for f in range(10)}),
    ]
    result = score([first, second], crossed)
    assert (result.identified, result.switches, result.misses) == (12, 2, 0)
    assert result.idf1 == pytest.approx(0.6)
    assert result.mota == pytest.approx(0.9)


def test_mostly_tracked_and_mostly_lost():
    truth = [still(range(10), 100 * i) for i in range(4)]
    found = [still(range(n), 100 * i) for i, n in enumerate((8, 7, 2, 1))]
    result = score(truth, found)
    assert (result.words, result.mostly_tracked, result.mostly_lost) == (4, 1, 1)


def test_where_a_word_is_hidden_nothing_counts():
    hidden = [True] * 4 + [False] * 3 + [True] * 3
    truth = [still(range(10), visible=hidden)]
    without = score(truth, [still([0, 1, 2, 3, 7, 8, 9])])
    through = score(truth, [still(range(10))])
    assert without == through
    assert (through.boxes, through.found, through.mota) == (7, 7, 1)


def test_a_piece_of_a_hidden_word_is_no_false_positive():
    truth = [still([0], visible=[False])]
    piece = np.array([box(0, 0, 12)], np.float32)
    assert score(truth, [Track(0, "", np.array([0]), piece)]).found == 0
    # 18 of 40 px lie in the word.
    assert score(truth, [still([0], 22)]).found == 1
    assert score(truth, [still([0], 19)]).found == 0


def test_what_can_be_matched_counts_though_it_lies_in_a_hidden_word():
    truth = [still([0], 0, visible=[False]), still([0], 4, "b")]
    result = score(truth, [still([0], 2, "b")])
    assert (result.found, result.matches, result.mota) == (1, 1, 1)


def test_texts_are_those_of_the_tracks_that_identity_gives():
    truth = [still(range(10), text="EXIT"), still(range(10), 100, "Stop"), still(range(10), 200)]
    found = [
        still(range(6), text="exit"),
        still(range(6, 10), text="exil"),
        still(range(4), 100, "stop"),
        still(range(4, 10), 100, "shop"),
    ]
    result = score(truth, found)
    assert (result.texts, result.texts_right) == (3, 1)
    assert result.text_accuracy == pytest.approx(1 / 3)


def test_texts_of_words_seen_for_a_moment_are_not_asked_for():
    truth = [
        still(range(10), visible=[True] * 4 + [False] * 6),
        still(range(5), 100, "b"),
    ]
    assert score(truth, truth).texts == 1
    assert score(truth, truth, least_frames=4).texts == 2
    assert score(truth, [], least_frames=0).texts == 2


def test_texts_of_words_that_are_hardly_ever_whole_are_not_asked_for():
    clear, cut = still(range(10)), still(range(10), 100, "b", whole=[True] * 4 + [False] * 6)
    result = score([clear, cut], [clear, cut])
    assert (result.texts, result.texts_right) == (1, 1)
    assert (result.boxes, result.matches) == (20, 20)  # both are to be found
    assert score([clear, cut], [], least_frames=4).texts == 2
    # Whole, but not visible, is no help.
    unseen = still(range(10), 100, "b", visible=[False] * 10, whole=[True] * 10)
    assert score([unseen], []).texts == 0


def test_a_text_without_a_common_box_is_not_right():
    result = score([still(range(9))], [still(range(9), 300)])
    assert (result.texts, result.texts_right, result.identified) == (1, 0, 0)


def test_nothing_there_or_nothing_found():
    assert score([], []) == TrackingResult(*[0] * 11)
    lost = score([still(range(5))], [])
    assert (lost.mota, lost.motp, lost.idf1, lost.mostly_lost) == (0, 0, 0, 1)
    assert score([], [still(range(5))]).false_positives == 5


def test_results_are_summed():
    one = score([still(range(10))], [still(range(5))])
    other = score([still(range(2))], [still(range(2)), still([0, 1], 99)])
    total = TrackingResult.total([one, other])
    assert (total.boxes, total.found, total.matches) == (12, 9, 7)
    assert total.mota == pytest.approx(1 - 7 / 12)
    assert TrackingResult.total([]).mota == 0
    assert TrackingResult.total([one]) == one


def test_figures_for_json():
    result = score([still(range(9))], [still(range(9))]).to_dict()
    assert {"mota", "motp", "idf1", "idp", "idr", "text_accuracy", "switches"} <= result.keys()
    assert json.loads(json.dumps(result)) == result


def test_tracks_are_checked():
    with pytest.raises(ShapeError, match=r"quads: expected shape \(2, 4, 2\)"):
        Track(0, "", np.arange(2), np.zeros((3, 4, 2), np.float32))
    with pytest.raises(ShapeError, match="visible"):
        still(range(2), visible=[True])
    with pytest.raises(DataError, match="track 0: its frames are not in ascending order"):
        Track(0, "", np.array([3, 3]), np.zeros((2, 4, 2), np.float32))


def test_files_give_back_what_was_written(tmp_path):
    path = tmp_path / "a.tracks.json"
    truth = [
        still([1, 2, 5], 0.25, "Café\n", visible=[True, False, True], whole=[False, True, True]),
        track({}, "x", 7),
    ]
    path.write_text(dump_tracks(truth, "a.mp4"), encoding="utf-8")
    content = json.loads(path.read_text("utf-8"))
    assert (content["schema"], content["video"]) == ("ocrkit-tracks/1", "a.mp4")
    assert content["tracks"][0]["quads"][0] == box(0.25)
    assert "visible" not in content["tracks"][1]
    for one, other in zip(load_tracks(path), truth, strict=True):
        assert (one.identity, one.text) == (other.identity, other.text)
        assert one.frames.tolist() == other.frames.tolist()
        assert np.array_equal(one.quads, other.quads)
        assert one.quads.dtype == np.float32
        assert one.counted.tolist() == other.counted.tolist()
        assert one.readable.tolist() == other.readable.tolist()


def entry(**changes):
    told = {"id": 1, "text": "a", "frames": [0, 4], "quads": [box(0), box(1)], "confidence": 0.5}
    return {**told, **changes}


@pytest.mark.parametrize(
    ("tracks", "message"),
    [
        ([entry(quads=[box(0)])], "quads: expected shape"),
        ([entry(frames=[4, 0])], "track 1: its frames are not in ascending order"),
        ([entry(frames=[-1, 0])], "tracks.0.frames.0: "),
        ([entry(quads=[box(0), box(1)[:3]])], "tracks.0.quads.1.3: Field required"),
        ([entry(visible=[True])], "visible: expected shape"),
        ([entry(whole=[True])], "whole: expected shape"),
        ([entry(), entry()], "two tracks have the same id"),
        ([{"id": 1}], "tracks.0.text: Field required"),
    ],
)
def test_malformed_files(tmp_path, tracks, message):
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"schema": "ocrkit-tracks/1", "tracks": tracks}))
    with pytest.raises(DataError) as raised:
        load_tracks(path)
    assert str(raised.value).startswith(f"{path}: {message}")


def test_files_of_another_kind(tmp_path):
    with pytest.raises(DataError, match=r"none\.json: cannot be read: No such file"):
        load_tracks(tmp_path / "none.json")
    path = tmp_path / "a.json"
    path.write_text(json.dumps({"schema": "ocrkit-tracks/9", "tracks": []}))
    with pytest.raises(DataError, match=r"schema: Input should be 'ocrkit-tracks/1'"):
        load_tracks(path)


PLACES = st.dictionaries(st.integers(0, 5), st.integers(0, 60), max_size=5).map(
    lambda places: dict(sorted(places.items()))
)
TRACKS = st.lists(st.builds(track, PLACES, st.sampled_from("abc")), max_size=3)


@settings(max_examples=20)
@given(TRACKS, TRACKS)
def test_counts_agree_with_each_other(truth, found):
    result = score(truth, found)
    assert 0 <= result.matches <= min(result.boxes, result.found)
    assert result.boxes == sum(len(t.frames) for t in truth)
    assert result.found == sum(len(t.frames) for t in found)
    assert 0.5 * result.matches <= result.overlap <= result.matches + 1e-6
    assert result.identified <= min(result.boxes, result.found)
    assert result.texts_right <= result.texts <= result.words
    assert result.idf1 <= 1
    assert result.mota <= 1


@settings(max_examples=20)
@given(TRACKS, TRACKS)
def test_hidden_words_change_nothing_but_for_what_lies_in_them(truth, found):
    """Words far from all else, never visible, and tracks that follow them."""
    flags = [False] * 3
    far = Track(9, "far", np.arange(3), np.array([box(900)] * 3, np.float32), np.array(flags))
    follower = Track(9, "far", np.arange(3), far.quads)
    assert score([*truth, far], [*found, follower]) == score(truth, found)


@settings(max_examples=20)
@given(st.lists(TRACKS, max_size=3))
def test_sums_are_sums(sets):
    results = [score(one, other) for one, other in pairwise(sets)]
    total = TrackingResult.total(results)
    for field in fields(TrackingResult):
        values = [getattr(result, field.name) for result in results]
        assert getattr(total, field.name) == pytest.approx(sum(values))
