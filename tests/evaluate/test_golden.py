"""Scores that the benchmark's own evaluator agrees with, on ground truth we cannot ship."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from ocrkit.data.sets.icdar import read_labels
from ocrkit.evaluate import Found, Result, Truth
from ocrkit.evaluate.predictions import read_predictions
from ocrkit.evaluate.protocols import DETECTION, SPOTTING

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
    labels = {stem: read_labels(TRUTH / "train_gts" / f"gt_{stem}.txt") for stem in stems}
    return {stem: Truth(of.outlines, of.texts, of.ignored) for stem, of in labels.items()}


@pytest.mark.parametrize("name", SETS)
def test_scores_of_a_prediction_set(truth, name):
    predictions = read_predictions(PREDICTIONS / f"{name}.json")
    end_to_end, spotting = SPOTTING["ic15"]
    protocols = {"detection": DETECTION["ic15"], "e2e": end_to_end, "spotting": spotting}
    expected = json.loads((PREDICTIONS / "expected.json").read_text())[name]
    for task, protocol in protocols.items():
        result = Result(
            protocol,
            tuple(
                protocol.score_image(found_in(predictions, stem), words)
                for stem, words in truth.items()
            ),
        )
        rates = (result.precision, result.recall, result.hmean)
        assert rates == pytest.approx(tuple(expected[task]), abs=1e-6), task


def found_in(predictions, stem):
    found = predictions.get(stem, ())
    return Found.of([np.array(p.polygon) for p in found], [p.text for p in found])


def test_every_prediction_set_is_tried():
    assert sorted(json.loads((PREDICTIONS / "expected.json").read_text())) == SETS
