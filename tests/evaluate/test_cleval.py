"""CLEval, rule by rule, on words of a few characters, with numbers worked by hand.

The word "abc" on 30 px has its characters at 5, 15 and 25 px.
"""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box
from rapidfuzz.distance import LCSseq

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate import Credit, Found, Pair, Result, Truth
from ocrkit.evaluate.cleval import (
    CLEval,
    CLEvalEndToEnd,
    _centres,
    _inside,
    _pseudo_length,
    common_subsequence,
)
from ocrkit.evaluate.protocols import DETECTION, SPOTTING

DETECT, (READ,) = DETECTION["cleval"], SPOTTING["cleval"]


def span(left, right):
    """A box 10 px high."""
    return box(left, 0, right, 10)


def score(found, words, texts, ignored=(), rule=DETECT):
    flags = [i in ignored for i in range(len(words))]
    return rule.score_image(Found.of(found), Truth.of(words, texts, flags))


def read(found, readings, words, texts, ignored=(), rule=READ):
    flags = [i in ignored for i in range(len(words))]
    return rule.score_image(Found.of(found, readings), Truth.of(words, texts, flags))


def test_characters_count_not_words():
    image = score([span(0, 30)], [span(0, 30), span(100, 150)], ["abc", "defgh"])
    assert image.credit == Credit(recall=3, words=8, precision=3, found=3)
    assert (image.recall, image.precision, image.matched) == (3 / 8, 1, 1)


def test_a_part_of_a_word_has_a_part_of_its_characters():
    image = score([span(0, 20)], [span(0, 30)], ["abc"])
    assert image.credit == Credit(2, 3, 2, 2)
    assert score([box(0, 0, 4, 2)], [span(0, 30)], ["abc"]).credit == Credit(0, 3, 0, 1)


def test_each_piece_of_a_split_word_beyond_the_first_costs_recall_a_character():
    image = score([span(0, 20), span(20, 30)], [span(0, 30)], ["abc"])
    assert image.credit == Credit(recall=2, words=3, precision=3, found=3)
    assert image.pairs == (Pair(0, 0), Pair(0, 1))
    image = score([span(0, 10), span(10, 20), span(20, 30)], [span(0, 30)], ["abc"])
    assert image.credit == Credit(recall=1, words=3, precision=3, found=3)


def test_each_word_in_a_detection_beyond_the_first_costs_precision_a_character():
    image = score([span(0, 60)], [span(0, 30), span(40, 60)], ["abc", "de"])
    assert image.credit == Credit(recall=5, words=5, precision=4, found=5)
    assert image.pairs == (Pair(0, 0), Pair(1, 0))


def test_the_penalty_is_a_setting():
    rule = CLEval("mine", granularity=0.5)
    image = score([span(0, 20), span(20, 30)], [span(0, 30)], ["abc"], rule=rule)
    assert image.credit.recall == 2.5


def test_characters_found_twice_are_right_once_and_count_twice():
    image = score([span(0, 30), span(0, 30)], [span(0, 30)], ["abc"])
    assert image.credit == Credit(recall=3 - 1, words=3, precision=3, found=6)


def test_three_tenths_of_a_detection_must_lie_in_its_word():
    assert score([span(0, 100)], [span(0, 30)], ["abc"]).credit == Credit(3, 3, 3, 3)
    assert score([span(0, 101)], [span(0, 30)], ["abc"]).credit == Credit(0, 3, 0, 1)


def test_in_a_joining_detection_three_tenths_must_lie_in_its_words_together():
    words, texts = [span(0, 15), span(85, 100)], ["ab", "c"]
    assert score([span(0, 100)], words, texts).credit == Credit(3, 3, 2, 3)
    assert score([span(0, 101)], words, texts).credit == Credit(0, 3, 0, 1)


@pytest.mark.parametrize(
    ("quad", "characters"),
    [
        (box(0, 0, 100, 10), 1),  # 0.1 + 0.5
        (box(0, 0, 20, 20), 1),  # 1 / (1 + 0.00001) + 0.5 is less than 1.5
        (box(0, 0, 10, 29), 3),  # 3.4
        (box(0, 0, 10, 31), 4),  # 3.6
        (box(0, 0, 10, 96), 10),
        (box(0, 0, 10, 300), 10),
        (np.array([[0, 0], [0, 10], [-31, 10], [-31, 0]]), 4),  # its first side is a short one
        (np.array([[0, 0], [10, 0], [20, 0], [20, 10], [10, 10], [0, 10]]), 1),
    ],
)
def test_a_false_alarm_has_characters_by_its_height(quad, characters):
    assert score([quad], [], []).credit == Credit(0, 0, 0, characters)


def test_a_detection_in_an_ignored_word_by_three_tenths_is_ignored():
    image = score([span(0, 100)], [span(0, 30)], ["abc"], ignored=[0])
    assert (image.ignored_words, image.ignored_found, image.credit) == (1, 1, Credit(0, 0, 0, 0))
    assert score([span(0, 101)], [span(0, 30)], ["abc"], ignored=[0]).credit.found == 1


def test_shares_in_several_ignored_words_add_up_if_their_characters_are_held():
    words = [span(0, 20), span(30, 50)]
    assert score([span(0, 100)], words, ["", ""], ignored=[0, 1]).ignored_found == 1
    # The same areas, but the middle line of the second word runs above the detection.
    words[1] = box(30, -15, 50, 10)
    assert score([span(0, 100)], words, [None, None], ignored=[0, 1]).ignored_found == 0


@pytest.mark.parametrize(
    ("quad", "characters"),
    [
        (span(0, 40), 4),  # 4 + 0.5, less a trifle
        (span(0, 41), 5),
        (box(0, 0, 10, 26), 3),
        (span(0, 10), 2),  # 1.5 is rounded to the even 2
        (span(0, 200), 10),
    ],
)
def test_an_ignored_word_has_as_many_characters_as_fit(quad, characters):
    assert _pseudo_length(quad) == characters


def test_what_other_words_cover_of_an_ignored_one_is_not_ignored():
    words = [span(0, 100), span(0, 30)]
    image = score([span(0, 30)], words, [None, "abc"], ignored=[0])
    assert (image.pairs, image.ignored_found) == ((Pair(1, 0),), 0)
    assert score([span(30, 60)], words, [None, "abc"], ignored=[0]).ignored_found == 1


def test_an_ignored_detection_still_spoils_that_another_is_the_only_one():
    # The second lies half in the ignored word, half in the other, which it covers as well.
    words = [span(0, 30), span(30, 60)]
    image = score([span(0, 30), span(0, 60)], words, ["abc", None], ignored=[1])
    assert (image.pairs, image.found_ignored) == ((), (False, True))
    assert image.credit == Credit(recall=0, words=3, precision=0, found=1)


def test_a_word_much_higher_than_wide_runs_upwards():
    word = box(0, 0, 10, 30)
    assert _centres(word, "abc", 0.5) == pytest.approx(np.array([[5, 25], [5, 15], [5, 5]]))
    wider = box(0, 0, 20, 30)
    assert _centres(wider, "ab", 0.5) == pytest.approx(np.array([[5, 15], [15, 15]]))
    assert _centres(wider, "ab", 0.7) == pytest.approx(np.array([[10, 22.5], [10, 7.5]]))


def test_characters_of_a_curved_word_stand_between_its_chains():
    # Two sections: 30 px to the right, then 30 px down; 10 px wide.
    ring = np.array([[0, 0], [40, 0], [40, 40], [30, 40], [30, 10], [0, 10]], float)
    assert _centres(ring, "abcd", 0.5) == pytest.approx(
        np.array([[8.75, 5], [26.25, 5], [35, 13.75], [35, 31.25]])
    )
    image = score([box(30, 8, 40, 40)], [ring], ["abcd"])
    assert image.credit == Credit(2, 4, 2, 2)


def test_rings_of_an_odd_number_of_points():
    ring = np.array([[0, 0], [30, 0], [30, 10], [15, 10], [0, 10]], float)
    assert _centres(ring, "abc", 0.5)[:, 0] == pytest.approx([5, 15, 25])


def test_edges_at_the_left_and_at_the_top_are_inside():
    quad = box(10, 20, 30, 40)
    points = np.array([[10, 30], [30, 30], [20, 20], [20, 40], [10, 20], [20, 30], [31, 30]])
    assert _inside(quad, points).tolist() == [True, False, True, False, True, True, False]
    bow_tie = np.array([[0, 0], [4, 4], [4, 0], [0, 4]])
    points = np.array([[1, 2], [3, 2], [2, 1], [2, 3]])
    assert _inside(bow_tie, points).tolist() == [True, True, False, False]


def test_a_word_halved_just_at_a_character_has_it_in_the_right_half():
    image = score([span(0, 15), span(15, 30)], [span(0, 30)], ["abc"])
    assert image.credit == Credit(recall=2, words=3, precision=3, found=3)
    image = score([span(0, 15)], [span(0, 30)], ["abc"])
    assert image.credit.recall == 1


def test_words_need_texts_and_those_without_characters_are_not_counted():
    with pytest.raises(DataError, match="word 1 has no text"):
        score([], [span(0, 30)], [None])
    image = score([], [span(0, 30)], [""])
    assert (image.words, image.ignored_words, image.recall) == (0, 1, 1)
    assert score([], [span(0, 30)], [None], ignored=[0]).words == 0


def test_outlines_of_another_shape_are_refused():
    with pytest.raises(ShapeError, match=r"found\[0\]: expected shape"):
        score([np.zeros((2, 2))], [], [])


def test_rates_of_a_set_are_those_of_the_sums():
    good = score([span(0, 30)], [span(0, 30)], ["abc"])
    split = score([span(0, 20), span(20, 30)], [span(0, 30)], ["abc"])
    nothing = score([], [], [])
    result = Result(DETECT, (good, split, nothing))
    assert (result.recall, result.precision) == (5 / 6, 1)
    assert result.to_dict()["settings"] == {
        "area_precision": 0.3,
        "granularity": 1.0,
        "vertical": 0.5,
    }
    assert (nothing.recall, nothing.precision) == (1, 1)


# End to end


def test_right_are_the_characters_of_the_longest_common_subsequence():
    image = read([span(0, 30)], ["abd"], [span(0, 30)], ["abc"])
    assert image.credit == Credit(2, 3, 2, 3)
    assert image.pairs == (Pair(0, 0, False),)
    image = read([span(0, 30)], ["xaxbxcx"], [span(0, 30)], ["abc"])
    assert (image.credit, image.matched) == (Credit(3, 3, 3, 7), 1)
    assert read([span(0, 30)], ["cba"], [span(0, 30)], ["abc"]).credit.recall == 1


def test_a_detection_need_not_hold_the_characters_it_reads():
    image = read([span(0, 20)], ["abc"], [span(0, 30)], ["abc"])
    assert image.credit == Credit(3, 3, 3, 3)


def test_case_counts_unless_it_is_said_not_to():
    assert read([span(0, 30)], ["ABC"], [span(0, 30)], ["abC"]).credit == Credit(1, 3, 1, 3)
    rule = CLEvalEndToEnd("mine", case_sensitive=False)
    image = read([span(0, 30)], ["ABc"], [span(0, 30)], ["abC"], rule=rule)
    assert image.credit == Credit(3, 3, 3, 3)


def test_pieces_are_read_in_the_order_of_the_characters_they_hold():
    image = read([span(20, 30), span(0, 20)], ["c", "ab"], [span(0, 30)], ["abc"])
    assert image.credit == Credit(recall=3 - 1, words=3, precision=3, found=3)
    assert image.pairs == (Pair(0, 0, True), Pair(0, 1, True))


def test_pieces_of_a_high_word_are_read_upwards():
    pieces = [box(0, 0, 10, 10), box(0, 10, 10, 30)]
    assert read(pieces, ["c", "ab"], [box(0, 0, 10, 30)], ["abc"]).credit.recall == 3 - 1
    assert read(pieces, ["ab", "c"], [box(0, 0, 10, 30)], ["abc"]).credit.recall == 2 - 1


def test_what_one_word_took_of_a_reading_the_next_does_not_get():
    words = [span(0, 30), span(30, 60)]
    image = read([span(0, 60)], ["abcabc"], words, ["abc", "abc"])
    assert image.credit == Credit(recall=6, words=6, precision=6 - 1, found=6)
    image = read([span(0, 60)], ["abc"], words, ["abc", "abc"])
    assert image.credit == Credit(recall=3, words=6, precision=3 - 1, found=3)


def test_false_alarms_cost_what_they_read_and_nothing_if_they_are_ignored():
    found = [span(0, 30), span(100, 130), span(200, 230)]
    image = read(found, ["abc", "wxyz", "no"], [span(0, 30), span(200, 230)], ["abc", None], [1])
    assert image.credit == Credit(3, 3, 3, 7)


def test_detections_that_read_nothing():
    image = read([span(0, 30), span(100, 130)], ["", ""], [span(0, 30)], ["abc"])
    assert (image.credit, image.found) == (Credit(0, 3, 0, 0), 0)
    assert (image.recall, image.precision) == (0, 0)


def test_three_pieces_of_which_two_hold_the_same_character():
    # Each character is given to one piece; of those left over, the first is read and no other.
    found = [span(0, 10), span(0, 10), span(0, 10)]
    image = read(found, ["x", "y", "a"], [span(0, 10)], ["a"])
    assert image.credit == Credit(recall=0 - 2, words=1, precision=0, found=3)
    image = read(found, ["x", "a", "y"], [span(0, 10)], ["a"])
    assert image.credit == Credit(recall=1 - 2, words=1, precision=1, found=3)


SHORT = st.text("abc", max_size=7)


@given(SHORT, SHORT)
def test_the_common_subsequence_is_one_and_none_is_longer(one, other):
    common = common_subsequence(one, other)
    for text in (one, other):
        letters = iter(text)
        assert all(letter in letters for letter in common)
    assert len(common) == LCSseq.similarity(one, other)


def test_of_equally_long_subsequences():
    # Which one is taken decides what is left of the reading for the next word.
    assert common_subsequence("ab", "ba") == "b"
    assert common_subsequence("abcab", "bacba") == "bab"  # and not "aca" or "acb"


LINES = st.lists(st.tuples(st.integers(1, 60), st.text("abc", min_size=1, max_size=5)), max_size=5)


@given(LINES)
def test_the_truth_itself_scores_one(line):
    words = [box(80 * i, 0, 80 * i + width, 20) for i, (width, _) in enumerate(line)]
    texts = [text for _, text in line]
    for image in (score(words, words, texts), read(words, texts, words, texts)):
        assert (image.recall, image.precision, image.matched) == (1, 1, len(words))


WORDS = [
    *(box(0, 0, 80, 20), box(90, 0, 130, 20), box(0, 40, 60, 60), box(100, 40, 160, 60)),
    *(box(180, 0, 195, 70), np.array([[0, 80], [60, 90], [57, 108], [-3, 98]], float)),
]
TEXTS = ["abcdefgh", "ijkl", None, "mnop", "qrstu", "vwx"]
FOUND = [
    *(box(1, 0, 43, 19), box(42, 1, 127, 21), box(10, 41, 70, 61), box(98, 38, 163, 62)),
    *(box(101, 41, 133, 60), box(180, 2, 195, 33), box(179, 34, 196, 71), box(50, 80, 75, 140)),
    np.array([[2, 82], [41, 89], [38, 106], [-1, 99]], float),
]
READINGS = ["abcd", "efghljk", "zzz", "mnop", "mn", "tu", "qrs", "so", "Vw"]


def test_a_scene_of_everything_as_the_authors_package_scores_it():
    image = score(FOUND, WORDS, TEXTS, ignored=[2])
    assert image.credit == Credit(recall=20, words=24, precision=22, found=28)
    image = read(FOUND, READINGS, WORDS, TEXTS, ignored=[2])
    assert image.credit == Credit(recall=17, words=24, precision=19, found=26)
