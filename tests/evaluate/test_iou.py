"""Protocols by IoU, ICDAR 2015's first, rule by rule, with numbers worked by hand."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit.errors import ShapeError
from ocrkit.evaluate import Found, Pair, Result, Truth
from ocrkit.evaluate._matching import Overlaps, rounded
from ocrkit.evaluate.iou import IoU
from ocrkit.evaluate.protocols import DETECTION

IC15 = DETECTION["ic15"]
POLYGON, TD500, VOC17 = (DETECTION[name] for name in ("polygon-iou", "td500", "rctw17"))


def span(left, right):
    """A box 10 px high."""
    return box(left, 0, right, 10)


def score(found, words, ignored=()):
    flags = [i in ignored for i in range(len(words))]
    return IC15.score_image(Found.of(found), Truth.of(words, ignored=flags))


def total(*images):
    return Result(IC15, images)


BOW_TIE = np.array([[0, 0], [4, 4], [4, 0], [0, 4]])
"""Two triangles of 4 px each that meet at (2, 2); the shoelace formula gives 0."""

STAR = np.array([[50, 0], [80, 90], [2, 35], [98, 35], [20, 90]])
"""A pentagram: its ring goes round the pentagon in its middle twice."""

POINT = np.full((4, 2), 7)


def test_counts_and_rates():
    image = score([span(0, 100), span(500, 600), span(205, 295)], [span(0, 100), span(200, 300)])
    assert image.pairs == (Pair(0, 0, True), Pair(1, 2, True))
    assert (image.words, image.found, image.matched) == (2, 3, 2)
    assert (image.recall, image.precision) == (1, pytest.approx(2 / 3))
    assert image.hmean == pytest.approx(0.8)


def test_iou_of_exactly_one_half_does_not_match():
    assert score([span(0, 50)], [span(0, 100)]).matched == 0
    assert score([span(0, 51)], [span(0, 100)]).matched == 1


def test_the_first_that_fits_is_taken_not_the_best():
    assert score([span(0, 60), span(0, 100)], [span(0, 100)]).pairs == (Pair(0, 0, True),)


def test_matching_is_greedy_in_the_order_of_words():
    # Detection 0 fits both words, detection 1 only the left one: the best assignment has two pairs.
    left, right = span(0, 100), span(30, 130)
    found = [span(15, 115), span(-30, 70)]
    assert score(found, [left, right]).pairs == (Pair(0, 0, True),)
    assert score(found, [right, left]).pairs == (Pair(0, 0, True), Pair(1, 1, True))


def test_a_second_detection_of_a_word_is_wrong():
    image = score([span(0, 100), span(0, 100)], [span(0, 100)])
    assert (image.matched, image.found) == (1, 2)


def test_a_detection_half_in_an_ignored_word_counts_and_one_more_than_half_does_not():
    word = span(0, 100)
    assert score([span(50, 150)], [word], ignored=[0]).ignored_found == 0
    assert score([span(49, 149)], [word], ignored=[0]).ignored_found == 1


def test_what_counts_is_the_detections_area_not_the_words():
    small, large = span(0, 10), span(0, 100)
    assert score([small], [large], ignored=[0]).ignored_found == 1
    assert score([large], [small], ignored=[0]).ignored_found == 0


def test_parts_in_two_ignored_words_are_not_added():
    image = score([span(0, 100)], [span(-60, 40), span(60, 160)], ignored=[0, 1])
    assert (image.found, image.ignored_found) == (1, 0)


def test_an_ignored_detection_matches_no_word():
    image = score([span(0, 100)], [span(0, 100), span(-10, 90)], ignored=[1])
    assert (image.matched, image.words, image.ignored_words) == (0, 1, 1)
    assert (image.found, image.ignored_found) == (0, 1)


def test_an_ignored_word_is_never_matched():
    # 60 of 120 px of the detection lie in the word: it is not ignored, and its IoU is 60/120.
    image = score([span(0, 119)], [span(0, 60)], ignored=[0])
    assert (image.matched, image.found, image.ignored_found) == (0, 0, 1)
    image = score([span(0, 121)], [span(0, 60)], ignored=[0])
    assert (image.matched, image.found, image.ignored_found) == (0, 1, 0)


def test_coordinates_are_rounded_and_half_goes_up():
    values = np.array([[-1.5, -0.5, 0.5, 1.5, 2.5, 2.4999, 0.49999999999999994]])
    assert rounded(values).tolist() == [[-1, 0, 1, 2, 3, 2, 0]]
    assert score([span(0, 50.4)], [span(0, 100)]).matched == 0  # 50.4 would be more than half
    assert score([span(0, 50.5)], [span(0, 100)]).matched == 1


def test_the_words_are_rounded_too():
    assert score([span(0, 50)], [span(0, 99.4)]).matched == 1  # 50 / 99
    assert score([span(0, 50)], [span(0, 99.5)]).matched == 0  # 50 / 100


def test_the_direction_and_the_start_of_a_ring_do_not_matter():
    word = box(0, 0, 30, 10)
    assert score([word[::-1]], [np.roll(word, 1, axis=0)]).matched == 1


def test_outlines_may_have_any_number_of_points():
    triangle, pentagon = word = [
        np.array([[0, 0], [10, 0], [0, 10]]),
        np.array([[50, 0], [60, 0], [65, 5], [60, 10], [50, 10]]),
    ]
    assert score([box(50, 0, 65, 10), triangle], word).matched == 2
    assert score([pentagon], word).matched == 1


def test_a_ring_that_crosses_itself_has_the_area_of_the_shoelace_formula():
    overlaps = Overlaps.between([box(0, 0, 4, 4)], [BOW_TIE])
    assert overlaps.iou.tolist() == [[1.0]]  # 8 / (16 + 0 - 8)
    assert overlaps.precision.tolist() == [[0.0]]  # no area: nothing to divide by
    image = score([BOW_TIE], [box(0, 0, 4, 4)], ignored=[0])
    assert (image.found, image.ignored_found, image.matched) == (1, 0, 0)


def test_a_ring_that_crosses_itself_overlaps_where_it_winds_an_odd_number_of_times():
    middle, tip = box(45, 45, 55, 55), box(48, 20, 52, 24)
    overlaps = Overlaps.between([middle, tip], [STAR])
    assert overlaps.precision[0, 0] == 0
    assert overlaps.precision[1, 0] > 0


def test_a_union_that_is_not_positive_matches_nothing():
    # Both have no area by the formula, and 8 px in common.
    assert Overlaps.between([BOW_TIE], [BOW_TIE]).iou.tolist() == [[0.0]]
    assert score([BOW_TIE], [BOW_TIE]).matched == 0


def test_what_has_no_area_counts_and_matches_nothing():
    line = np.array([[0, 0], [9, 0], [9, 0], [0, 0]])
    image = score([POINT, line], [POINT, line, span(0, 100)], ignored=[2])
    assert (image.words, image.found, image.matched) == (2, 2, 0)


def test_rates_of_an_image_without_words_or_detections():
    nothing, missed, false = score([], []), score([], [span(0, 9)]), score([span(0, 9)], [])
    assert (nothing.recall, nothing.precision, nothing.hmean) == (1, 1, 1)
    assert (missed.recall, missed.precision, missed.hmean) == (0, 0, 0)
    assert (false.recall, false.precision, false.hmean) == (1, 0, 0)


def test_only_ignored_words_and_detections_is_a_perfect_image():
    image = score([span(0, 9)], [span(0, 9)], ignored=[0])
    assert (image.recall, image.precision) == (1, 1)


def test_rates_of_a_dataset_are_those_of_the_sums():
    easy = score([span(0, 9)], [span(0, 9)])
    hard = score([], [span(0, 9), span(10, 19), span(20, 29)])
    result = total(easy, hard)
    assert (result.precision, result.recall) == (1, 0.25)  # the mean of the recalls is 0.5
    assert result.hmean == pytest.approx(0.4)


def test_rates_of_a_dataset_without_anything():
    for result in (total(), total(score([], []))):
        assert (result.precision, result.recall, result.hmean) == (0, 0, 0)


def test_the_report_names_protocol_thresholds_and_counts():
    image = score([span(0, 9), span(50, 59)], [span(0, 9), span(50, 59)], ignored=[1])
    assert total(image, score([], [])).to_dict() == {
        "protocol": "ic15-det",
        "version": "1",
        "settings": {
            "iou": 0.5,
            "area_precision": 0.5,
            "strict": True,
            "whole_pixels": True,
            "upright": False,
            "angle": None,
            "prefer": "order",
        },
        "images": 2,
        "words": 1,
        "ignored_words": 1,
        "detections": 1,
        "ignored_detections": 1,
        "matched": 1,
        "precision": 1.0,
        "recall": 1.0,
        "hmean": 1.0,
    }


def test_quads_may_come_as_one_array():
    quads = np.stack([span(0, 9), span(20, 29)])
    assert score(quads, quads[::-1]).pairs == (Pair(0, 1, True), Pair(1, 0, True))
    assert score(quads[:0], quads[:0]).pairs == ()


@pytest.mark.parametrize("outline", [np.zeros((2, 2)), np.zeros((4, 3)), np.zeros(8)])
def test_outlines_of_another_shape_are_refused(outline):
    with pytest.raises(ShapeError, match=r"found\[1\]: expected shape \(3 or more, 2\)"):
        score([span(0, 9), outline], [])


def test_coordinates_that_are_not_finite_are_refused():
    with pytest.raises(ShapeError, match=r"words\[0\]: a coordinate is not finite"):
        score([], [span(0, np.nan)])


def test_missing_flags_are_refused():
    with pytest.raises(ShapeError, match="ignored"):
        Truth.of([span(0, 9)], ignored=[])


INTS = st.integers(-50, 50)
BOXES = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h), INTS, INTS, st.integers(1, 60), st.integers(1, 60)
)


@given(BOXES, BOXES)
def test_iou_of_boxes_is_that_of_the_formula(one, other):
    left, top = np.maximum(one[0], other[0])
    right, bottom = np.minimum(one[2], other[2])
    shared = max(right - left, 0) * max(bottom - top, 0)
    areas = [float(np.prod(b[2] - b[0])) for b in (one, other)]
    overlaps = Overlaps.between([one], [other])
    assert overlaps.iou[0, 0] == pytest.approx(shared / (sum(areas) - shared))
    assert overlaps.precision[0, 0] == pytest.approx(shared / areas[1])


@given(st.lists(BOXES, max_size=6))
def test_the_truth_itself_scores_one(words):
    image = score(words, words)
    assert (image.recall, image.precision) == (1, 1)


@given(st.lists(BOXES, max_size=5), st.lists(BOXES, max_size=5), st.data())
def test_a_move_of_the_picture_changes_nothing(found, words, data):
    ignored = data.draw(st.lists(st.integers(0, 4), max_size=3))
    shift = np.array(data.draw(st.tuples(INTS, INTS)))
    moved = score([f + shift for f in found], [w + shift for w in words], ignored)
    assert moved == score(found, words, ignored)


@given(st.lists(BOXES, max_size=5), st.lists(BOXES, max_size=5), st.data())
def test_each_word_and_each_detection_is_used_at_most_once(found, words, data):
    ignored = data.draw(st.lists(st.integers(0, 4), max_size=3))
    image = score(found, words, ignored)
    assert len({pair.word for pair in image.pairs}) == image.matched <= image.words
    assert len({pair.found for pair in image.pairs}) == image.matched <= image.found
    assert image.found + image.ignored_found == len(found)
    assert image.words + image.ignored_words == len(words)


def rated(protocol, found, words, ignored=(), scores=None):
    flags = [i in ignored for i in range(len(words))]
    return protocol.score_image(Found.of(found, scores=scores), Truth.of(words, ignored=flags))


def turned(outline, degrees):
    """The outline turned about the middle of its bounding box."""
    outline = np.asarray(outline, np.float64)
    middle = (outline.min(axis=0) + outline.max(axis=0)) / 2
    c, s = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    return (outline - middle) @ [[c, s], [-s, c]] + middle


def test_detections_by_score_are_as_if_the_file_were_sorted():
    by_score = IoU("x", prefer="score")
    found, word = [span(0, 60), span(0, 90), span(0, 100)], [span(0, 100)]
    assert rated(by_score, found, word, scores=[0.1, 0.9, 0.5]).pairs == (Pair(0, 1),)
    assert rated(by_score, found, word, scores=[0.5, 0.9, 0.9]).pairs == (Pair(0, 1),)
    assert rated(IC15, found, word, scores=[0.1, 0.9, 0.5]).pairs == (Pair(0, 0),)


def test_polygons_are_not_rounded():
    assert rated(POLYGON, [span(0, 50.4)], [span(0, 100)]).matched == 1
    assert rated(POLYGON, [span(0, 50)], [span(0, 100)]).matched == 0  # 0.5 is not enough


def test_areas_are_exact_far_from_the_origin():
    far = span(0, 0.125).astype(np.float64) + 2**27 + 0.25
    areas = Overlaps.between([far], [far], whole_pixels=False).words.areas
    assert areas.tolist() == [1.25]


def test_upright_boxes_are_laid_around_turned_words():
    diamond = np.array([[0, 50], [50, 0], [100, 50], [50, 100]])
    image = rated(DETECTION["ic13-iou"], [box(0, 0, 100, 100)], [diamond])
    assert image.matched == 1  # of the outlines the IoU is 1/2
    assert rated(IC15, [box(0, 0, 100, 100)], [diamond]).matched == 0


def test_coco_text_takes_the_best_detection_and_one_half_is_enough():
    coco = DETECTION["coco-text"]
    assert rated(coco, [span(0, 50)], [span(0, 100)]).matched == 1
    assert rated(coco, [span(0, 49.9)], [span(0, 100)]).matched == 0
    found = [span(0, 60), span(0, 90), span(0, 90)]
    assert rated(coco, found, [span(0, 100)]).pairs == (Pair(0, 1),)
    # A word takes the best that is left, even if a later word needs it more.
    words = [span(0, 100), span(10, 100)]
    assert rated(coco, [span(10, 100), span(0, 60)], words).pairs == (Pair(0, 0), Pair(1, 1))


def test_a_line_at_another_angle_is_another_line():
    line = box(0, 0, 60, 30)
    for degrees in (-22, 22, 180 - 22, 180 + 22):
        assert rated(TD500, [turned(line, degrees)], [line]).matched == 1
    assert rated(IC15, [turned(line, 23)], [line]).matched == 1
    for degrees in (-23, 23, 180 - 23, 180 + 23):
        assert rated(TD500, [turned(line, degrees)], [line]).matched == 0
    assert rated(TD500, [turned(line, 0)[:, ::-1]], [line[:, ::-1]]).matched == 1


def test_a_line_that_is_hardly_longer_than_wide_may_be_crossed():
    assert rated(TD500, [turned(box(0, 0, 40, 30), 90)], [box(0, 0, 40, 30)]).matched == 1


def test_one_half_is_enough_for_a_line():
    assert rated(TD500, [span(0, 50)], [span(0, 100)]).matched == 1
    assert rated(TD500, [span(0, 49.9)], [span(0, 100)]).matched == 0  # nothing is rounded


def test_angles_of_rings_without_a_direction():
    assert rated(TD500, [POINT, span(0, 9)], [span(0, 9), POINT]).pairs == (Pair(0, 1),)


def test_in_voc_detections_choose_by_score_the_word_they_overlap_most():
    # Both detections overlap the second word most; the better one gets it, the other nothing.
    words, found = [span(0, 100), span(10, 110)], [span(6, 106), span(8, 108)]
    assert rated(VOC17, found, words, scores=[0.5, 0.9]).pairs == (Pair(1, 1),)
    assert rated(VOC17, found, words, scores=[0.9, 0.5]).pairs == (Pair(1, 0),)
    assert rated(VOC17, found, words, scores=[0.9, 0.9]).pairs == (Pair(1, 0),)
    assert rated(IC15, found, words).pairs == (Pair(0, 0), Pair(1, 1))


def test_in_voc_one_half_is_not_enough_and_nothing_is_rounded():
    assert rated(VOC17, [span(0, 50)], [span(0, 100)]).matched == 0
    assert rated(VOC17, [span(0, 50.4)], [span(0, 100)]).matched == 1


def test_in_voc_a_detection_is_ignored_if_its_word_is():
    words = [span(0, 100), span(20, 120)]
    image = rated(VOC17, [span(0, 98), span(0, 97), span(19, 118)], words, ignored=[0])
    assert image.found_ignored == (True, True, False)
    assert image.pairs == (Pair(1, 2),)
    # Inside of the ignored word, but no match of it: wrong.
    assert rated(VOC17, [span(0, 40)], words, ignored=[0]).found == 1


def test_in_voc_pictures_may_be_empty():
    nothing, missed, false = (
        rated(VOC17, *case) for case in (([], []), ([], [span(0, 9)]), ([span(0, 9)], []))
    )
    assert (nothing.recall, nothing.precision) == (1, 1)
    assert (missed.recall, missed.precision) == (0, 0)
    assert (false.recall, false.precision) == (1, 0)
