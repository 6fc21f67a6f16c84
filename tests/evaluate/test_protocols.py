"""What holds for every protocol in the table."""

import json

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from quads import box

from ocrkit.errors import ShapeError
from ocrkit.evaluate import Found, Result, Truth
from ocrkit.evaluate.curve import average_precision, precision_recall, sweep
from ocrkit.evaluate.protocols import DETECTION

NAMES = sorted(DETECTION)
BY_WORDS = [name for name in NAMES if name != "cleval"]
"""Those that count words and detections, not characters."""

every = pytest.mark.parametrize("name", NAMES)


def curved(left, top, length=80):
    """A ring of ten points that bends down."""
    x = np.linspace(left, left + length, 5)
    bend = top + np.array([0, 6, 8, 6, 0])
    upper, lower = np.stack([x, bend], axis=1), np.stack([x, bend + 20], axis=1)
    return np.concatenate([upper, lower[::-1]])


WORDS = [box(0, 0, 60, 20), curved(100, 0), box(0, 50, 30, 65), box(0, 100, 90, 130)]


def score(name, found, words, ignored=(), scores=None):
    flags = [i in ignored for i in range(len(words))]
    return DETECTION[name].score_image(Found.of(found, scores=scores), truth_of(words, flags))


def truth_of(words, ignored=None):
    return Truth.of(words, ["text"] * len(words), ignored)


def test_the_table():
    assert set(BY_WORDS) >= {
        *("coco-text", "ic13-deteval", "ic13-iou", "ic13-rrc", "ic15", "mtwi", "polygon-iou"),
        *("rctw17", "td500", "tiou-ic15", "tiou-polygon", "totaltext", "totaltext-8-4"),
    }
    assert len({protocol.name for protocol in DETECTION.values()}) == len(DETECTION)


@every
def test_reports_are_plain_values_with_all_settings(name):
    protocol = DETECTION[name]
    result = Result(protocol, (score(name, WORDS, WORDS, ignored=[0]),))
    report = json.loads(json.dumps(result.to_dict()))
    assert report["protocol"] == protocol.name
    assert report["settings"] == protocol.settings()
    assert "name" not in report["settings"]
    assert (report["words"], report["ignored_words"], report["detections"]) == (3, 1, 3)


@every
def test_the_truth_itself_scores_one(name):
    image = score(name, WORDS, WORDS)
    assert (image.recall, image.precision, image.matched) == (1, 1, 4)
    assert average_precision(precision_recall([image], [Found.of(WORDS)])) == 1


@every
def test_nothing_in_common_scores_zero(name):
    image = score(name, [word + 500 for word in WORDS], WORDS)
    assert (image.recall, image.precision, image.pairs) == (0, 0, ())


@pytest.mark.parametrize("name", BY_WORDS)
def test_a_false_alarm_costs_precision_and_a_miss_costs_recall(name):
    image = score(name, [*WORDS, box(500, 500, 540, 520)], WORDS)
    assert (image.recall, image.precision) == (1, 0.8)
    image = score(name, WORDS[1:], WORDS)
    assert (image.recall, image.precision) == (0.75, 1)


@every
def test_ignored_words_cost_nothing_found_or_not(name):
    for found in (WORDS, WORDS[1:]):
        image = score(name, found, WORDS, ignored=[0])
        assert (image.recall, image.precision, image.words, image.found) == (1, 1, 3, 3)


@every
def test_pictures_without_words_or_detections(name):
    nothing, missed, false = (
        score(name, found, words) for found, words in (([], []), ([], WORDS), (WORDS, []))
    )
    assert (nothing.recall, nothing.precision) == (1, 1)
    assert (missed.recall, missed.precision, missed.words) == (0, 0, 4)
    assert (false.recall, false.precision, false.found) == (1, 0, 4)


@every
def test_direction_and_start_of_a_ring_change_nothing(name):
    turned = [np.roll(word[::-1], 2, axis=0) for word in WORDS]
    assert score(name, turned, WORDS).credit == score(name, WORDS, WORDS).credit
    assert score(name, turned, WORDS).matched == 4


@every
def test_rings_that_enclose_nothing_or_cross_themselves_are_no_error(name):
    odd = [np.full((4, 2), 7), np.array([[0, 0], [40, 40], [40, 0], [0, 40]]), np.eye(3, 2)]
    for found, words in ((odd, WORDS), (WORDS, odd), (odd, odd)):
        image = score(name, found, words, ignored=[0])
        assert 0 <= image.precision <= 1
        assert 0 <= image.recall <= 1


@every
def test_outlines_of_another_shape_are_refused(name):
    for wrong in (np.zeros((2, 2)), np.zeros((4, 3)), np.zeros(8)):
        with pytest.raises(ShapeError, match=r"found\[1\]: expected shape"):
            score(name, [WORDS[0], wrong], [])
    with pytest.raises(ShapeError, match=r"words\[1\]: a coordinate is not finite"):
        score(name, [], [WORDS[0], WORDS[1] * np.nan])


@every
def test_a_sweep_over_the_truth_is_perfect_to_the_last(name):
    found, truth = Found.of(WORDS, scores=[0.1, 0.4, 0.3, 0.2]), truth_of(WORDS)
    curve = sweep(DETECTION[name], [found], [truth])
    assert curve.recall == pytest.approx([0.25, 0.5, 0.75, 1])
    assert curve.precision == pytest.approx([1, 1, 1, 1])


# Words on one line that do not overlap, with gaps.
LINES = st.lists(st.tuples(st.integers(2, 20), st.integers(2, 9)), min_size=1, max_size=5).map(
    lambda steps: [
        box(end - width, 0, end, 10)
        for (width, _), end in zip(steps, np.cumsum([sum(step) for step in steps]), strict=True)
    ]
)
SPANS = st.builds(
    lambda left, width: box(left, 0, left + width, 10), st.integers(0, 100), st.integers(1, 40)
)
INTS = st.integers(-40, 40)
BOXES = st.builds(
    lambda x, y, w, h: box(x, y, x + w, y + h), INTS, INTS, st.integers(1, 40), st.integers(1, 40)
)
SOME = st.lists(BOXES, max_size=5)


@given(words=LINES, name=st.sampled_from(BY_WORDS), data=st.data())
def test_perfect_detections_score_one_in_any_order(words, name, data):
    found = data.draw(st.permutations(words))
    image = score(name, found, words)
    assert (image.recall, image.precision) == (pytest.approx(1), pytest.approx(1))


@given(found=SOME, words=SOME, name=st.sampled_from(BY_WORDS), data=st.data())
def test_rates_lie_between_zero_and_one_and_all_is_counted(found, words, name, data):
    ignored = data.draw(st.sets(st.integers(0, 4), max_size=2))
    image = score(name, found, words, ignored)
    assert 0 <= image.recall <= 1 + 1e-9
    assert 0 <= image.precision <= 1 + 1e-9
    assert image.words + image.ignored_words == len(words)
    assert image.found + image.ignored_found == len(found)
    for pair in image.pairs:
        assert not image.words_ignored[pair.word]
        assert not image.found_ignored[pair.found]


@given(found=SOME, words=SOME, name=st.sampled_from(BY_WORDS), data=st.data())
def test_a_move_of_the_picture_changes_nothing(found, words, name, data):
    ignored = data.draw(st.sets(st.integers(0, 4), max_size=2))
    scores = data.draw(st.lists(st.floats(0, 1), min_size=len(found), max_size=len(found)))
    shift = np.array(data.draw(st.tuples(INTS, INTS)))
    here = score(name, found, words, ignored, scores)
    moved = score(name, [f + shift for f in found], [w + shift for w in words], ignored, scores)
    assert moved.pairs == here.pairs
    assert moved.found_ignored == here.found_ignored
    assert moved.parts == pytest.approx(here.parts)


@pytest.mark.parametrize("name", ["ic13-rrc", "ic13-deteval", "mtwi", "totaltext", "totaltext-8-4"])
@given(words=LINES, found=st.lists(SPANS, max_size=6), data=st.data())
def test_the_order_of_words_that_do_not_overlap_changes_nothing(name, words, found, data):
    order = data.draw(st.permutations(range(len(words))))
    ignored = data.draw(st.sets(st.sampled_from(range(len(words)))))
    # A detection half in one word and half in another is a piece of the one that comes first.
    for detection in found:
        left, right = detection[0, 0], detection[1, 0] + 1
        shares = [min(w[1, 0] + 1, right) - max(w[0, 0], left) for w in words]
        assume(sum(share >= 0.4 * (right - left) - 1 for share in shares) <= 1)
    image = score(name, found, words, ignored)
    moved = score(name, found, [words[i] for i in order], [order.index(i) for i in ignored])
    assert moved.credit == pytest.approx(image.credit)
    assert moved.found_ignored == image.found_ignored
