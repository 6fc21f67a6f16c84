"""Scores of many pictures: thresholds given and tuned, average precision, what reports say."""

import numpy as np
import pytest

from ocrkit.errors import ConfigError, DataError, ShapeError
from ocrkit.evaluate import Found, Truth
from ocrkit.evaluate.evaluation import TUNED, Scene, evaluate
from ocrkit.evaluate.protocols import DETECTION, SPOTTING

IC15 = DETECTION["ic15"]


def box(left):
    return np.array([[left, 0], [left + 40, 0], [left + 40, 10], [left, 10]], np.float32)


@pytest.fixture
def scenes():
    """Two words found with 0.9 and 0.6, one missed, false alarms with 0.7 and 0.2."""
    first = Scene(
        "a",
        Truth.of([box(0), box(100)], ["Exit", "B52"]),
        Found.of([box(0), box(300), box(500)], ["exit", "", ""], [0.9, 0.7, 0.2]),
    )
    second = Scene("b", Truth.of([box(0)], ["Way"]), Found.of([box(0)], ["way"], [0.6]))
    return [first, second]


def test_without_a_threshold_all_detections_count(scenes):
    evaluation = evaluate(IC15, scenes)
    assert (evaluation.result.found, evaluation.result.matched, evaluation.dropped) == (4, 2, 0)
    # The words come with 0.9 (1 of 1) and with 0.6 (2 of 3); each is a third of the recall.
    assert evaluation.average_precision == pytest.approx(1 / 3 + 2 / 9)
    report = evaluation.to_dict()
    assert (report["threshold"], report["threshold_is"]) == (None, None)


def test_a_threshold_keeps_scores_that_are_as_high(scenes):
    evaluation = evaluate(IC15, scenes, threshold=0.7)
    assert (evaluation.result.found, evaluation.result.matched, evaluation.dropped) == (2, 1, 2)
    assert [scene.found.scores.tolist() for scene in evaluation.scenes] == [[0.9, 0.7], []]
    assert evaluation.average_precision == pytest.approx(1 / 3)
    report = evaluation.to_dict()
    assert (report["threshold"], report["threshold_is"]) == (0.7, "given")
    assert report["dropped_detections"] == 2


def test_a_tuned_threshold_is_the_best_and_says_so(scenes):
    # Harmonic means: 0.9: 1/2, 0.7: 2/5, 0.6: 2/3, 0.2: 4/7.
    evaluation = evaluate(IC15, scenes, tune=True)
    assert evaluation.threshold == 0.6
    assert evaluation.result.hmean == pytest.approx(2 / 3)
    assert evaluation.to_dict()["threshold_is"] == TUNED == "tuned on the scored data"
    assert evaluate(IC15, scenes, threshold=0.6).to_dict()["threshold_is"] == "given"


def test_a_sweep_is_of_all_that_was_given(scenes):
    evaluation = evaluate(IC15, scenes, threshold=0.7)
    assert evaluation.sweep.thresholds.tolist() == [0.9, 0.7, 0.6, 0.2]
    assert evaluation.sweep.hmean == pytest.approx([1 / 2, 2 / 5, 2 / 3, 4 / 7])
    assert evaluation.curve.thresholds.tolist() == [0.9, 0.7]


def test_without_scores_there_is_no_average_precision_and_no_threshold(scenes):
    evaluation = evaluate(IC15, scenes, ranked=False)
    assert evaluation.average_precision is None
    assert evaluation.to_dict()["average_precision"] is None
    for wanted in ({"threshold": 0.5}, {"tune": True}):
        with pytest.raises(ConfigError, match="no scores"):
            evaluate(IC15, scenes, ranked=False, **wanted)


def test_a_threshold_is_not_given_and_tuned(scenes):
    with pytest.raises(ConfigError, match="not both"):
        evaluate(IC15, scenes, threshold=0.5, tune=True)


def test_nothing_found_cannot_be_tuned():
    nothing = [Scene("a", Truth.of([box(0)]), Found.of([]))]
    with pytest.raises(DataError, match="no detections"):
        evaluate(IC15, nothing, tune=True)
    assert evaluate(IC15, nothing).average_precision == 0


def test_errors_name_the_picture(scenes):
    unread = Scene("img_7", Truth.of([box(0)]), Found.of([]))
    with pytest.raises(DataError, match="img_7: word 1 has no text"):
        evaluate(SPOTTING["ic15"][0], [*scenes, unread])
    flat = Scene("img_8", Truth.of([box(0)]), Found.of([np.zeros((2, 2))]))
    with pytest.raises(ShapeError, match=r"img_8: found\[0\]"):
        evaluate(IC15, [*scenes, flat])


def test_texts_stay_with_their_detections(scenes):
    evaluation = evaluate(SPOTTING["ic15"][0], scenes, threshold=0.6)
    assert [list(scene.found.texts) for scene in evaluation.scenes] == [["exit", ""], ["way"]]
    assert evaluation.result.matched == 2
