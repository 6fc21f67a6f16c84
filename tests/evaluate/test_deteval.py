"""DetEval, rule by rule, with numbers worked by hand, and against loops that spell it out."""

from dataclasses import replace
from math import log

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit.evaluate import Credit, Found, Pair, Result, Truth
from ocrkit.evaluate.protocols import DETECTION

RRC, DETEVAL, MTWI, TOTAL = (
    DETECTION[name] for name in ("ic13-rrc", "ic13-deteval", "mtwi", "totaltext")
)


def pixels(start, stop, rows=10):
    """The box of the pixels from `start` to before `stop`, as ICDAR 2013 writes it."""
    return box(start, 0, stop - 1, rows - 1)


def span(left, right):
    """A box 10 px high, as all others write it."""
    return box(left, 0, right, 10)


def score(protocol, found, words, ignored=()):
    flags = [i in ignored for i in range(len(words))]
    return protocol.score_image(Found.of(found), Truth.of(words, ignored=flags))


def credits_of(protocol, found, words, ignored=()):
    """What is counted for recall and for precision."""
    credit = score(protocol, found, words, ignored).credit
    return credit.recall, credit.precision


def test_settings_are_those_of_the_benchmarks():
    names = ("ic13-rrc", "ic13-deteval", "mtwi", "totaltext", "totaltext-8-4")
    shown = [DETECTION[name].settings() for name in names]
    assert [s["area_recall"] for s in shown] == [0.8, 0.8, 0.7, 0.7, 0.8]
    assert [s["area_precision"] for s in shown] == [0.4, 0.4, 0.7, 0.6, 0.4]
    assert [s["ignored_share"] for s in shown] == [0.4, 0.4, 0.5, 0.5, 0.5]
    assert [s["split"] for s in shown] == [0.8, 0.8, None, 0.8, 0.8]
    assert [s["variant"] for s in shown[:3]] == ["rrc", "deteval", "rrc"]


@pytest.mark.parametrize("protocol", [RRC, DETEVAL])
def test_shares_that_are_just_great_enough(protocol):
    assert credits_of(protocol, [pixels(0, 80)], [pixels(0, 100)]) == (1, 1)
    assert credits_of(protocol, [pixels(0, 79)], [pixels(0, 100)]) == (0, 0)
    assert credits_of(protocol, [pixels(0, 100)], [pixels(0, 40)]) == (1, 1)
    assert credits_of(protocol, [pixels(0, 101)], [pixels(0, 40)]) == (0, 0)


def test_boxes_reach_to_the_far_side_of_their_last_pixels():
    # 80 of 100 px, but 79 of 99 if the corners were taken for edges.
    exclusive = replace(RRC, inclusive=False)
    assert credits_of(exclusive, [pixels(0, 80)], [pixels(0, 100)]) == (0, 0)
    assert credits_of(RRC, [np.full((4, 2), 7)], [np.full((4, 2), 7)]) == (1, 1)  # one pixel
    # Neighbours share no pixel, though each has a last and a first one.
    assert score(DETEVAL, [pixels(0, 10), pixels(10, 20)], [pixels(0, 10), pixels(10, 20)]).pairs


def test_quads_are_compared_by_their_bounding_boxes():
    diamond = np.array([[0, 50], [50, 0], [99, 50], [50, 99]])
    assert credits_of(RRC, [diamond], [box(0, 0, 99, 99)]) == (1, 1)


def test_coordinates_are_rounded():
    assert credits_of(RRC, [box(0, 0, 78.5, 9.4)], [pixels(0, 100)]) == (1, 1)
    assert credits_of(RRC, [box(0, 0, 78.4, 9.4)], [pixels(0, 100)]) == (0, 0)


@pytest.mark.parametrize("protocol", [RRC, DETEVAL])
def test_a_second_detection_of_a_word_makes_both_pieces(protocol):
    image = score(protocol, [pixels(0, 100), pixels(0, 90)], [pixels(0, 100)])
    assert image.pairs == (Pair(0, 0), Pair(0, 1))
    assert image.credit == Credit(0.8, 1, 1.6, 2)
    assert (image.recall, image.precision, image.matched) == (0.8, 0.8, 1)


def test_a_detection_of_two_words_is_the_single_piece_of_the_first():
    words = [pixels(0, 50), pixels(5, 50)]
    assert score(RRC, [pixels(0, 50)], words).pairs == (Pair(0, 0),)
    assert credits_of(RRC, [pixels(0, 50)], words) == (1, 1)
    # "deteval" does not let a word be split that one detection meets; then they are joined.
    assert credits_of(DETEVAL, [pixels(0, 50)], words) == (2, 1)


def test_a_detection_that_is_ignored_is_a_rival_all_the_same():
    words = [pixels(0, 100), pixels(90, 200)]
    found = [pixels(0, 100), pixels(10, 180)]  # the latter: 90 of 170 px in each word
    image = score(RRC, found, words, ignored=[1])
    assert image.found_ignored == (False, True)
    assert credits_of(RRC, found, words, ignored=[1]) == (1, 1)  # as a single piece
    assert credits_of(DETEVAL, found, words, ignored=[1]) == (0, 0)
    assert credits_of(DETEVAL, found[:1], words, ignored=[1]) == (1, 1)


def test_in_deteval_words_one_to_one_meet_no_others():
    words, found = [pixels(0, 100)], [pixels(0, 90), pixels(95, 200)]
    assert credits_of(RRC, found, words) == (1, 1)
    assert credits_of(DETEVAL, found, words) == (1, 1)  # a split word of a single piece
    words = [pixels(0, 100), pixels(100, 400)]
    assert credits_of(RRC, [pixels(0, 110)], words) == (1, 1)
    assert credits_of(DETEVAL, [pixels(0, 110)], words) == (1, 1)  # joins a single word
    # What is too small to be a rival is a piece, or joined, all the same.
    words, found = [pixels(0, 100)], [pixels(0, 90), pixels(88, 100)]
    assert credits_of(RRC, found, words) == (1, 1)
    assert credits_of(DETEVAL, found, words) == (0.8, 1.6)
    words = [pixels(0, 60), pixels(70, 90)]
    assert credits_of(RRC, [pixels(0, 100)], words) == (1, 1)
    assert credits_of(DETEVAL, [pixels(0, 100)], words) == (2, 1)


def test_centres_must_be_nearer_than_the_limit():
    # 30 x 40 px, diagonals of 50; 5 px apart, so 0.1 of the mean diagonal.
    word, found = pixels(0, 30, 40), pixels(5, 35, 40)
    assert credits_of(replace(DETEVAL, centres=0.1), [found], [word]) == (0, 0)
    assert credits_of(replace(DETEVAL, centres=0.1001), [found], [word]) == (1, 1)
    # In "rrc" the next pass takes it for a single piece.
    assert credits_of(replace(RRC, centres=0.1), [found], [word]) == (1, 1)


@pytest.mark.parametrize("protocol", [RRC, DETEVAL])
def test_a_word_in_pieces(protocol):
    word = [pixels(0, 100)]
    assert credits_of(protocol, [pixels(0, 40), pixels(40, 80)], word) == (0.8, 1.6)
    assert credits_of(protocol, [pixels(0, 40), pixels(40, 79)], word) == (0, 0)
    # 8 of 20 px in the word are just enough, 8 of 21 are not.
    pieces = [pixels(0, 72), pixels(92, 112)]
    assert credits_of(protocol, pieces, word) == (0.8, 1.6)
    assert credits_of(protocol, [pieces[0], pixels(92, 113)], word) == (0, 0)


def test_sums_are_rounded_to_four_digits_and_single_shares_are_not():
    word = [pixels(0, 100_000)]
    for protocol in (RRC, DETEVAL):
        assert credits_of(protocol, [pixels(0, 40_000), pixels(40_000, 79_996)], word)[0] == 0.8
        assert credits_of(protocol, [pixels(0, 40_000), pixels(40_000, 79_994)], word)[0] == 0
    assert credits_of(DETEVAL, [pixels(0, 79_996)], word) == (0, 0)
    assert credits_of(RRC, [pixels(0, 79_996)], word) == (1, 1)  # a single piece: rounded


def test_sums_of_joined_words_are_rounded_to_four_digits():
    found = [pixels(0, 100_000)]
    assert credits_of(RRC, found, [pixels(0, 20_000), pixels(20_000, 39_996)]) == (2, 1)
    assert credits_of(RRC, found, [pixels(0, 20_000), pixels(20_000, 39_994)]) == (0, 0)


@pytest.mark.parametrize("protocol", [RRC, DETEVAL])
def test_joined_words_count_in_full(protocol):
    words = [pixels(0, 30), pixels(35, 65), pixels(70, 100)]
    image = score(protocol, [pixels(0, 100)], words)
    assert image.pairs == (Pair(0, 0), Pair(1, 0), Pair(2, 0))
    assert image.credit == Credit(3, 3, 1, 1)
    # 24 of 30 px are enough of a word, 23 are not.
    assert credits_of(protocol, [pixels(6, 100)], words) == (3, 1)
    assert credits_of(protocol, [pixels(7, 100)], words) == (2, 1)


def test_a_word_that_is_large_in_a_detection_is_not_joined():
    words = [pixels(0, 40), pixels(60, 100)]  # each has 0.4 of the detection: a single piece
    assert credits_of(RRC, [pixels(0, 100)], words) == (1, 1)
    assert credits_of(DETEVAL, [pixels(0, 100)], words) == (2, 1)


def test_what_is_taken_is_not_taken_again():
    # The left pieces are gone when the second word, which lies over the first, is looked at.
    words = [pixels(0, 100), pixels(0, 102)]
    found = [pixels(0, 50), pixels(50, 100)]
    assert score(RRC, found, words).pairs == (Pair(0, 0), Pair(0, 1))
    # One to one comes first: the detection is no piece of the word before it.
    words = [pixels(0, 200), pixels(0, 100)]
    found = [pixels(0, 110), pixels(110, 200)]
    assert Pair(1, 0) in score(RRC, found, words).pairs
    # Nor is the word split that was found whole.
    found = [pixels(0, 100), pixels(0, 40), pixels(40, 80)]
    assert credits_of(RRC, found, [pixels(0, 100)]) == (1, 1)
    assert credits_of(DETEVAL, found, [pixels(0, 100)]) == (0.8, pytest.approx(2.4))


def test_a_detection_just_at_the_ignored_share_counts():
    words = [pixels(0, 100)]
    assert score(RRC, [pixels(60, 160)], words, ignored=[0]).found == 1
    assert score(RRC, [pixels(59, 159)], words, ignored=[0]).found == 0
    assert score(MTWI, [span(50, 150)], [span(0, 100)], ignored=[0]).found == 1
    assert score(MTWI, [span(49, 149)], [span(0, 100)], ignored=[0]).found == 0


def test_mtwi_counts_pieces_and_joined_words_by_their_logarithm():
    less = 1 / (1 + log(2))
    halves = [span(0, 50), span(50, 100)]
    assert credits_of(MTWI, halves, [span(0, 100)]) == (1, pytest.approx(2 * less))
    assert credits_of(MTWI, [span(0, 100)], halves) == (pytest.approx(2 * less), 1)
    assert credits_of(MTWI, [span(0, 70)], [span(0, 100)]) == (1, 1)
    assert credits_of(MTWI, [span(0, 69.9)], [span(0, 100)]) == (0, 0)  # not rounded


def test_mtwi_compares_quads_not_boxes():
    diamond = np.array([[0, 50], [50, 0], [100, 50], [50, 100]])
    assert credits_of(MTWI, [diamond], [box(0, 0, 100, 100)]) == (0, 0)
    assert credits_of(MTWI, [diamond], [diamond]) == (1, 1)


def test_rings_that_cross_themselves_are_left_out_on_both_sides():
    bow, point = np.array([[0, 0], [40, 40], [40, 0], [0, 20]]), np.zeros((4, 2))
    word = box(100, 0, 140, 40)
    image = score(MTWI, [bow, point, word], [bow, word, point])
    assert (image.words_ignored, image.found_ignored) == ((True, False, True), (True, True, False))
    assert image.pairs == (Pair(1, 2),)
    assert (image.recall, image.precision) == (1, 1)
    # An ignored word that is left out makes no detection ignored.
    assert score(MTWI, [box(30, 10, 38, 25)], [bow], ignored=[0]).found == 1
    # Nor is it a rival: the word and the detection are one to one, the last is no piece.
    crossing = np.array([[100, 0], [140, 0], [140, 40], [100, 40], [102, -1]])
    found = [crossing, word, box(100, 0, 110, 40)]
    assert credits_of(MTWI, found, [word]) == (1, 1)


def test_the_rates_of_a_dataset_are_those_of_the_sums():
    split = score(RRC, [pixels(0, 50), pixels(50, 100)], [pixels(0, 100)])
    joined = score(
        RRC, [pixels(0, 100)], [pixels(0, 30), pixels(35, 65), pixels(70, 100), pixels(500, 600)]
    )
    result = Result(RRC, (split, joined))
    assert result.recall == pytest.approx((0.8 + 3) / 5)
    assert result.precision == pytest.approx((1.6 + 1) / 3)
    assert result.matched == 4


def test_total_text_rounds_shares_to_whole_percent_and_asks_for_more():
    word = [span(0, 1000)]
    assert credits_of(TOTAL, [span(0, 705)], word) == (0, 0)  # rounded half to even: 0.70
    assert credits_of(TOTAL, [span(0, 706)], word) == (1, 1)
    assert credits_of(TOTAL, [span(0, 100)], [span(0, 60)]) == (0, 0)
    assert credits_of(TOTAL, [span(0, 99)], [span(0, 60)]) == (1, 1)
    assert credits_of(TOTAL, [span(0, 1000)], [span(0, 605)]) == (0, 0)
    assert credits_of(TOTAL, [span(0, 1000)], [span(0, 606)]) == (1, 1)


def test_total_text_rounds_coordinates():
    assert credits_of(TOTAL, [span(0, 99.4)], [span(0, 60)]) == (1, 1)
    assert credits_of(TOTAL, [span(0, 99.5)], [span(0, 60)]) == (0, 0)


def test_in_total_text_recall_and_precision_may_be_those_of_different_detections():
    image = score(TOTAL, [span(0, 10), span(0, 1000)], [span(0, 100)])
    assert image.pairs == (Pair(0, 1),)
    assert image.credit == Credit(1, 1, 1, 2)


def test_in_total_text_detections_that_serve_two_words_are_not_one_to_one():
    words = [span(0, 100), span(0, 95)]
    assert credits_of(TOTAL, [span(0, 100)], words) == (1.6, 0.8)  # joined instead
    # It covers the second word, too, of which it is hardly a part.
    assert credits_of(TOTAL, [span(0, 100)], [span(0, 80), span(82, 100)]) == (1.6, 0.8)
    # The first lies in the second word, too, which it is far from covering: it is a piece of it.
    found, words = [span(0, 100), span(100, 300)], [span(0, 100), span(0, 300)]
    assert score(TOTAL, found, words).pairs == (Pair(1, 0), Pair(1, 1))


def test_a_word_in_pieces_in_total_text():
    word = [span(0, 100)]
    assert credits_of(TOTAL, [span(0, 35), span(35, 70)], word) == (0.8, 1.6)
    assert credits_of(TOTAL, [span(0, 35), span(35, 69)], word) == (0, 0)
    # A piece needs no more than 0.6 of it in the word: 12 of 20 px, not 12 of 21.
    assert credits_of(TOTAL, [span(0, 60), span(88, 108)], word) == (0.8, 1.6)
    assert credits_of(TOTAL, [span(0, 60), span(88, 109)], word) == (0, 0)


def test_a_single_piece_in_total_text_needs_another_detection_beside_it():
    word = [span(0, 100)]
    assert credits_of(TOTAL, [span(0, 70)], word) == (0, 0)
    assert credits_of(TOTAL, [span(0, 70), span(95, 200)], word) == (1, 1)
    assert credits_of(TOTAL, [span(0, 69), span(95, 200)], word) == (0, 0)


def test_joined_words_in_total_text_count_less():
    image = score(TOTAL, [span(0, 100)], [span(0, 45), span(55, 100)])
    assert image.pairs == (Pair(0, 0), Pair(1, 0))
    assert image.credit == Credit(1.6, 2, 0.8, 1)
    assert credits_of(TOTAL, [span(0, 100)], [span(0, 30), span(70, 100)]) == (1.6, 0.8)
    assert credits_of(TOTAL, [span(0, 100)], [span(0, 30), span(71, 100)]) == (0, 0)


def test_joined_words_in_total_text_need_the_lower_share():
    words = [span(0, 100), span(100, 200)]
    assert credits_of(TOTAL, [span(40, 160)], words) == (1.6, 0.8)  # 0.6 of each
    assert credits_of(TOTAL, [span(41, 159)], words) == (0, 0)
    # But not a single one: 0.65 of the first word, and 0.05 of another that it meets.
    assert credits_of(TOTAL, [span(35, 105)], words) == (0, 0)
    assert credits_of(TOTAL, [span(30, 140)], words) == (1, 1)  # 0.7 is enough here


def test_total_text_takes_a_detection_for_one_pixel_larger_to_ignore_it():
    ignored = [box(0, 0, 51, 1)]
    assert score(TOTAL, [box(0, 0, 101, 1)], ignored, ignored=[0]).found == 1  # 51 / 102
    assert score(TOTAL, [box(0, 0, 100, 1)], ignored, ignored=[0]).found == 0  # 51 / 101


def test_ignored_words_and_detections_meet_nobody_in_total_text():
    words = [span(0, 100), span(90, 300)]
    # The second detection lies in the ignored word: the first is alone, and 0.7 is not enough.
    assert credits_of(TOTAL, [span(0, 70), span(90, 200)], words, ignored=[1]) == (0, 0)
    assert credits_of(TOTAL, [span(0, 71), span(90, 200)], words, ignored=[1]) == (1, 1)
    # Nor is one that is ignored a second one in the word.
    words = [span(0, 100), span(80, 120)]
    assert credits_of(TOTAL, [span(0, 80), span(84, 100)], words, ignored=[1]) == (1, 1)


def area(left_top, right_bottom):
    width, height = np.maximum(right_bottom - left_top + 1, 0)
    return width * height


class SpeltOut:
    """The sums of recall and precision by ICDAR 2013's rules, by loops over boxes."""

    def __init__(self, variant, found, words, ignored):
        shared = [[area(np.maximum(w, d)[0], np.minimum(w, d)[2]) for d in found] for w in words]
        shared = np.reshape(shared, (len(words), len(found)))
        self.recall = shared / np.reshape([area(w[0], w[2]) for w in words], (-1, 1))
        self.precision = shared / np.array([area(d[0], d[2]) for d in found])
        self.all_words, self.all_found = range(len(words)), range(len(found))
        self.care_words = [i for i in self.all_words if i not in ignored]
        dont_care = [i for i in self.all_words if i in ignored]
        self.care_found = [
            j for j in self.all_found if all(self.precision[i][j] <= 0.4 for i in dont_care)
        ]
        self.least = {"rrc": 0, "deteval": 2}[variant]
        self.free_words, self.free_found = set(self.care_words), set(self.care_found)
        self.sums = np.zeros(2)
        for i in self.care_words:
            self.pair(i)
        for i in self.care_words:
            self.split(i)
        for j in self.care_found:
            self.join(j)

    def met(self, words, found):
        return sum(self.recall[i][j] > 0 for i in words for j in found)

    def fitting(self, words, found):
        return [
            (i, j)
            for i in words
            for j in found
            if self.recall[i][j] >= 0.8 and self.precision[i][j] >= 0.4
        ]

    def take(self, words, found, recall, precision):
        self.free_words -= set(words)
        self.free_found -= set(found)
        self.sums += (recall, precision)

    def pair(self, i):
        """One to one; boxes whose shares are great enough are always near."""
        for j in self.care_found:
            meetings = self.met([i], self.care_found), self.met(self.care_words, [j])
            rivals = self.fitting([i], self.all_found) + self.fitting(self.all_words, [j])
            if rivals == [(i, j), (i, j)] and (not self.least or meetings == (1, 1)):
                self.take([i], [j], 1, 1)

    def split(self, i):
        pieces = [j for j in sorted(self.free_found) if self.precision[i][j] >= 0.4]
        enough = round(sum(self.recall[i][j] for j in pieces), 4) >= 0.8
        if i in self.free_words and enough and self.met([i], self.care_found) >= self.least:
            each = 1 if len(pieces) == 1 else 0.8
            self.take([i], pieces, each, each * len(pieces))

    def join(self, j):
        joined = [i for i in sorted(self.free_words) if self.recall[i][j] >= 0.8]
        enough = round(sum(self.precision[i][j] for i in joined), 4) >= 0.4
        if j in self.free_found and enough and self.met(self.care_words, [j]) >= self.least:
            self.take(joined, [j], len(joined), 1)


INTS = st.integers(0, 40)
BOXES = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h), INTS, INTS, st.integers(0, 40), st.integers(0, 20)
)


@given(
    st.lists(BOXES, max_size=5),
    st.lists(BOXES, max_size=5),
    st.sets(st.integers(0, 4), max_size=2),
    st.sampled_from([RRC, DETEVAL]),
)
def test_sums_are_those_of_the_rules_spelt_out(found, words, ignored, protocol):
    expected = SpeltOut(protocol.variant, found, words, ignored).sums
    assert credits_of(protocol, found, words, ignored) == pytest.approx(tuple(expected))
