"""Scores that the benchmark's own evaluator agrees with, on ground truth we cannot ship."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ocrkit.data.icdar import read_labels
from ocrkit.evaluate import Result
from ocrkit.evaluate.detection import score_image
from ocrkit.evaluate.predictions import read_predictions
from ocrkit.evaluate.spotting import end_to_end, word_spotting

FOLDER = os.environ.get("OCRKIT_FIXTURES", "")
PREDICTIONS = Path(FOLDER, "fixtures", "ic15_eval")
TRUTH = Path(FOLDER, "data", "ic15")
SETS = [
    *("heavy_1", "heavy_2", "mild_1", "mild_2", "nothing", "odd_1", "odd_2", "perfect"),
    *("scaled_1", "scaled_2", "text_1", "text_2", "threshold_1", "threshold_2"),
]

pytestmark = pytest.mark.skipif(
    not FOLDER, reason="OCRKIT_FIXTURES names no folder with `fixtures` and `data`"
)


@pytest.fixture(scope="module")
def truth():
    stems = (TRUTH / "val.txt").read_text().split()
    return {stem: read_labels(TRUTH / "train_gts" / f"gt_{stem}.txt") for stem in stems}


@pytest.mark.parametrize("name", SETS)
def test_scores_of_a_prediction_set(truth, name):
    predictions = read_predictions(PREDICTIONS / f"{name}.json")
    scores = {"detection": [], "e2e": [], "spotting": []}
    for stem, words in truth.items():
        found = predictions.get(stem, ())
        outlines, readings = [np.array(p.polygon) for p in found], [p.text for p in found]
        compared = (outlines, readings, words.quads, words.texts, words.ignored)
        scores["detection"].append(score_image(outlines, words.quads, words.ignored))
        scores["e2e"].append(end_to_end(*compared))
        scores["spotting"].append(word_spotting(*compared))
    expected = json.loads((PREDICTIONS / "expected.json").read_text())[name]
    for task, images in scores.items():
        result = Result(task, tuple(images))
        rates = (result.precision, result.recall, result.hmean)
        assert rates == pytest.approx(tuple(expected[task]), abs=1e-6), task


def test_every_prediction_set_is_tried():
    assert sorted(json.loads((PREDICTIONS / "expected.json").read_text())) == SETS
