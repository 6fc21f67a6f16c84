"""TIoU, with numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit.evaluate import Found, Pair, Truth
from ocrkit.evaluate.iou import IoU
from ocrkit.evaluate.protocols import DETECTION
from ocrkit.evaluate.tiou import TIoU

TIOU, POLYGON = DETECTION["tiou-ic15"], DETECTION["tiou-polygon"]


def span(left, right):
    return box(left, 0, right, 10)


def score(found, words, ignored=(), protocol=TIOU):
    flags = [i in ignored for i in range(len(words))]
    return protocol.score_image(Found.of(found), Truth.of(words, ignored=flags))


def counted(*args, **options):
    """What is counted for recall and for precision."""
    credit = score(*args, **options).credit
    return credit.recall, credit.precision


def test_a_word_that_is_cut_loses_recall():
    image = score([span(0, 80)], [span(0, 100)])
    assert image.pairs == (Pair(0, 0),)
    assert image.recall == pytest.approx(0.8 * 0.8)
    assert image.precision == pytest.approx(0.8)
    assert (image.matched, image.words, image.found) == (1, 1, 1)


def test_a_detection_that_is_too_large_loses_nothing_but_iou():
    assert counted([span(0, 125)], [span(0, 100)]) == (pytest.approx(0.8), pytest.approx(0.8))


def test_a_detection_that_reaches_into_another_word_loses_precision():
    # 20 of 125 px are the other word's.
    recall, precision = counted([span(0, 125)], [span(0, 100), span(105, 200)])
    assert recall == pytest.approx(0.8)
    assert precision == pytest.approx(0.8 * (1 - 20 / 125))


def test_words_that_overlap_each_other_are_spilt_into_once():
    words = [span(0, 100), span(100, 115), span(110, 200)]
    assert counted([span(0, 125)], words)[1] == pytest.approx(0.8 * (1 - 25 / 125))


def test_what_lies_in_the_word_itself_is_not_spilt():
    # The other word has 20 px in common with the word, and 10 px more of the detection.
    recall, precision = counted([span(0, 110)], [span(0, 100), span(80, 140)])
    assert precision == pytest.approx(100 / 110 * (1 - 10 / 110))
    assert recall == pytest.approx(100 / 110)


def test_an_ignored_word_is_another_word_too():
    words = [span(0, 100), span(105, 200)]
    assert counted([span(0, 125)], words, ignored=[1])[1] == pytest.approx(0.8 * (1 - 20 / 125))


def test_one_percent_is_tolerated_and_more_counts_from_the_start():
    word = [span(0, 1000)]
    assert counted([span(10, 1000)], word)[0] == pytest.approx(0.99)
    assert counted([span(11, 1000)], word)[0] == pytest.approx(0.989 * 0.989)
    beside = [span(0, 900), span(990, 2000)]
    assert counted([span(0, 1000)], beside)[1] == pytest.approx(0.9)
    beside[1] = span(989, 2000)
    assert counted([span(0, 1000)], beside)[1] == pytest.approx(0.9 * 0.989)


def test_what_is_not_matched_counts_nothing_and_everything_is_divided_by_all():
    image = score([span(0, 80), span(500, 600)], [span(0, 100), span(300, 400), span(700, 710)])
    assert image.recall == pytest.approx(0.64 / 3)
    assert image.precision == pytest.approx(0.8 / 2)
    assert image.hmean == pytest.approx(2 * (0.64 / 3) * 0.4 / (0.64 / 3 + 0.4))


def test_ignored_words_and_detections_are_not_counted():
    image = score([span(0, 100), span(200, 300)], [span(0, 100), span(200, 300)], ignored=[1])
    assert (image.recall, image.precision, image.ignored_found) == (1, 1, 1)


def test_only_polygons_are_taken_as_they_are():
    assert counted([span(0, 79.6)], [span(0, 100)], protocol=POLYGON)[0] == pytest.approx(0.796**2)
    assert counted([span(0, 79.6)], [span(0, 100)])[0] == pytest.approx(0.64)


def test_fractions_of_pixels_cut_nothing_off():
    ring = np.array([[0.1, 0.2], [33.3, 1.7], [65.9, 0.3], [66.1, 9.9], [32.7, 11.3], [0.3, 10.1]])
    assert counted([ring], [ring], protocol=POLYGON) == (pytest.approx(1), pytest.approx(1))


def test_what_has_no_area_by_the_formula_counts_nothing():
    bow_tie, square = np.array([[0, 0], [4, 4], [4, 0], [0, 4]]), box(0, 0, 4, 4)
    image = score([bow_tie], [square])  # IoU 8 / (16 + 0 - 8)
    assert image.matched == 1
    assert (image.credit.recall, image.credit.precision) == (0.5, 0)
    image = score([square], [bow_tie])
    assert image.matched == 1
    assert (image.credit.recall, image.credit.precision) == (0, 1)


def test_a_word_of_which_more_is_covered_than_there_is_counts_nothing():
    # Two triangles, of 25 and 9 px; by the formula the area is 16, and 34 are covered.
    bow = np.array([[0, 0], [8, 8], [8, 2], [0, 10]])
    image = score([box(0, 0, 8, 10)], [bow])  # IoU 34 / (80 + 16 - 34)
    assert image.matched == 1
    assert (image.credit.recall, image.credit.precision) == (0, pytest.approx(34 / 62))


def test_pictures_without_words_or_detections():
    assert (score([], []).recall, score([], []).precision) == (1, 1)
    assert score([], [span(0, 9)]).hmean == 0
    assert score([span(0, 9)], []).precision == 0


def test_settings_say_what_is_tolerated():
    assert TIOU.settings()["tolerance"] == 0.01
    assert TIOU.settings()["whole_pixels"]
    assert not POLYGON.settings()["whole_pixels"]


INTS = st.integers(-50, 50)
BOXES = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h), INTS, INTS, st.integers(1, 60), st.integers(1, 60)
)


@given(st.lists(BOXES, max_size=5), st.lists(BOXES, max_size=5))
def test_the_matches_are_those_of_iou_and_count_no_more(found, words):
    plain = IoU("x").score_image(Found.of(found), Truth.of(words))
    tight = TIoU("x").score_image(Found.of(found), Truth.of(words))
    assert tight.pairs == plain.pairs
    shared = 0.0
    for word, detection, _ in tight.pairs:
        left, top = np.maximum(words[word][0], found[detection][0])
        right, bottom = np.minimum(words[word][2], found[detection][2])
        both = float((right - left) * (bottom - top))  # whole numbers, exact in single precision
        areas = [float(np.prod(b[2] - b[0])) for b in (words[word], found[detection])]
        shared += both / (sum(areas) - both)
    assert tight.credit.recall <= shared + 1e-9
    assert tight.credit.precision <= shared + 1e-9
