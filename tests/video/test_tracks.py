from fractions import Fraction

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.types import Character, Reading, Word
from ocrkit.video.tracks import (
    Moment,
    Track,
    Vote,
    aligned,
    alike,
    clear_of_edges,
    inside,
    look,
    sharpness,
)

QUAD = np.array([[10, 10], [50, 10], [50, 20], [10, 20]], np.float32)


def letters(size=(32, 120)):
    """A crop with strokes."""
    crop = np.full((32, 120, 3), 220, np.uint8)
    cv2.putText(crop, "Strokes", (4, 24), cv2.FONT_HERSHEY_SIMPLEX, 0.8, (10, 10, 10), 2)
    return cv2.resize(crop, size[::-1], interpolation=cv2.INTER_AREA)


def vote(*readings):
    found = Vote()
    for text, confidence in readings:
        found.add(Reading(text, confidence))
    return found


def test_one_sure_reading_outweighs_several_unsure_ones():
    # log(1 - 0.95)^2 = 8.97 against 12 * log(1 - 0.57)^2 = 8.55
    found = vote(("CAFE", 0.95), *[("GAFF", 0.57)] * 12)
    assert (found.winner.text, found.winner.confidence, found.count) == ("CAFE", 0.95, 13)
    assert vote(("CAFE", 0.95), *[("GAFF", 0.57)] * 13).winner.text == "GAFF"  # 9.26


def test_a_reading_counts_for_what_it_is_worth():
    found = Vote()
    found.add(Reading("DREANIERS", 0.7), worth=0.6)
    found.add(Reading("DREAMERS", 0.6), worth=0.7)
    assert (found.winner.text, found.winner.confidence) == ("DREAMERS", 0.6)


def test_readings_that_agree_add_up_and_the_surest_speaks_for_them():
    found = vote(("CAFE", 0.6), ("CAPE", 0.7), ("CAFE", 0.65))  # 0.84 + 1.10 against 1.45
    assert (found.winner.text, found.winner.confidence) == ("CAFE", 0.65)
    characters = (Character("a", 0.9, (0, 1)),)
    one = Vote()
    one.add(Reading("a", 0.9, characters))
    one.add(Reading("a", 0.8))
    assert one.winner.characters == characters


def test_readings_at_the_edge_count_a_tenth():
    # 3 * 0.1 * log(1 - 0.9)^2 = 1.59 against log(1 - 0.72)^2 = 1.62
    found = Vote()
    for _ in range(3):
        found.add(Reading("CEANIC", 0.9), whole=False)
    assert (found.winner.text, found.count, found.whole) == ("CEANIC", 3, 0)
    found.add(Reading("OCEANIC", 0.72))
    assert (found.winner.text, found.count, found.whole) == ("OCEANIC", 4, 1)


def test_what_speaks_for_a_piece_speaks_for_the_whole_if_that_has_a_tenth_of_it():
    """log(1 - 0.72)^2 = 1.62 against 3 or 4 times log(1 - 0.9)^2 = 5.30."""
    covered = vote(*[("CEAN", 0.9)] * 3, ("OCEAN", 0.72))
    assert covered.winner.text == "OCEAN"
    joined = vote(*[("OCEAN", 0.9)] * 4, ("OCEAN7", 0.72))
    assert joined.winner.text == "OCEAN"
    assert vote(("CEAN", 0.9), ("OCEAN", 0.69)).winner.text == "CEAN"  # not read surely


@pytest.mark.parametrize(
    ("left", "top", "clear"),
    # 10 px high: 1.5 px must be free on each side of a frame of 100 x 60.
    [(2, 2, True), (1, 2, False), (2, 1, False), (58, 48, True), (59, 48, False), (58, 49, False)],
)
def test_words_near_the_edge_may_be_cut(left, top, clear):
    assert clear_of_edges(QUAD - 10 + np.float32([left, top]), (60, 100)) == clear


def test_nothing_legible_only_counts():
    found = vote(("", 0.0), ("", 0.0))
    assert (found.winner, found.count) == (Reading.empty(), 2)
    assert vote(("", 0.0), ("I", 0.1)).winner.text == "I"


@given(st.lists(st.tuples(st.sampled_from("abc"), st.floats(0, 1)), min_size=1))
def test_the_winner_is_one_of_the_readings(readings):
    winner = vote(*readings).winner
    assert winner.confidence == max(c for text, c in readings if text == winner.text)


def test_blurred_and_small_crops_are_less_sharp():
    clear = letters()
    assert sharpness(cv2.GaussianBlur(clear, (0, 0), 1.5)) < 0.3 * sharpness(clear)
    assert sharpness(letters((12, 45))) < 0.5 * sharpness(clear)
    assert sharpness(letters((64, 240))) == pytest.approx(sharpness(clear), rel=0.5)
    assert sharpness(np.full((9, 30, 3), 80, np.uint8)) == 0


def test_looks_are_alike_whatever_the_light_and_size():
    clear = letters()
    dim = (clear // 3 + 20).astype(np.uint8)
    assert alike(look(clear), look(dim)) > 0.99
    assert alike(look(clear), look(letters((20, 75)))) > 0.9
    assert alike(look(clear), look(clear[:, ::-1])) < 0.5
    blank = np.full((20, 60, 3), 200, np.uint8)
    assert alike(look(blank), look(clear)) == pytest.approx(0)
    assert alike(look(clear), look(blank)) == 0


def test_looks_are_alike_if_the_quads_fit_otherwise():
    clear = letters()
    assert alike(look(clear), look(np.roll(clear, 8, axis=1))) > 0.9
    assert alike(look(clear), look(np.roll(clear, 20, axis=1))) < 0.7


@given(st.integers(0, 3), st.floats(-30, 30))
def test_a_quad_is_aligned_wherever_it_starts_and_lies(turn, shift):
    moved = QUAD + np.float32(shift)
    np.testing.assert_array_equal(aligned(np.roll(moved, turn, axis=0), QUAD), moved)


def test_inside_is_said_of_the_centre():
    assert inside(QUAD, (40, 60))
    assert inside(QUAD - np.float32([25, 0]), (40, 60))
    assert not inside(QUAD - np.float32([35, 0]), (40, 60))


def track():
    found = Track(3, Word("", 0.0, (), QUAD, 0.5))
    found.seen(Moment(10, Fraction(2, 5)))
    return found


def test_a_track_out_of_sight_is_expected_where_it_was_going():
    found = track()
    for _ in range(40):
        found.move(found.quad + np.float32([2, 1]), 0.04)  # 50 and 25 px/s
    found.seen(Moment(50, Fraction(2)))
    np.testing.assert_array_equal(found.expected(Fraction(3)), found.quad)
    found.visible = False
    np.testing.assert_allclose(found.expected(Fraction(3)), found.quad + (50, 25), atol=0.1)


def test_what_is_found_is_averaged_with_what_was_followed_if_that_is_sound():
    found = track()
    found.find(QUAD + np.float32(4), 0.9)
    np.testing.assert_allclose(found.quad, QUAD + 2)
    assert (found.score, found.found, found.missed) == (0.9, 2, 0)
    found.sound = False
    found.find(QUAD, 0.7)
    np.testing.assert_array_equal(found.quad, QUAD)
    assert found.score == 0.9


def test_the_sharpest_crop_is_kept():
    found = track()
    clear = letters()
    found.read(Reading("Strokes", 0.9), clear)
    found.read(Reading("Strokes", 0.9), cv2.GaussianBlur(clear, (0, 0), 2))
    closed = found.closed()
    np.testing.assert_array_equal(closed.crop, clear)
    assert (closed.identity, closed.text, closed.frames) == (3, "Strokes", 1)
    assert closed.first == closed.last == Moment(10, Fraction(2, 5))
    found.read(Reading("Strokes", 0.9), cv2.resize(clear, None, fx=8, fy=8))
    assert found.closed().crop.shape[0] <= 64
