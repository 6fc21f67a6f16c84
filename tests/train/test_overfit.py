import numpy as np
import pytest

from ocrkit.errors import DataError
from ocrkit.train.experiment import load
from ocrkit.train.overfit import Lesson, first_batch, overfit, score
from ocrkit.types import Detections, Reading


def test_a_lesson_is_learnt_from_nine_tenths_on():
    assert Lesson(1, 0.1, 0.9).learnt
    assert not Lesson(1, 0.0, 0.89).learnt


def test_a_recogniser_is_scored_by_words_read(words_config):
    experiment = load(words_config)
    batch, pieces = first_batch(experiment)
    assert len(batch.names) == len(pieces) == 4
    texts = [piece.texts[0] for piece in pieces]
    assert all(
        text in name or "crops" in name for text, name in zip(texts, batch.names, strict=True)
    )
    model = experiment.build()
    readings = [Reading(text, 1.0) for text in texts]
    assert score(experiment, model, readings, pieces) == 1
    assert score(experiment, model, [Reading("?", 1.0), *readings[1:]], pieces) == 0.75


def test_a_detector_is_scored_by_whole_clear_words(scenes_config):
    experiment = load(scenes_config, ["train.crop=320", "train.batch=2"])
    _, pieces = first_batch(experiment)
    perfect = [Detections(p.quads, np.ones(len(p.quads), np.float32)) for p in pieces]
    assert score(experiment, None, perfect, pieces) == 1
    assert score(experiment, None, [Detections.empty()] * 2, pieces) == 0


def test_a_batch_without_a_whole_word_is_refused(scenes_config, root):
    for path in (root / "labels").iterdir():
        path.write_text("0,0,4,0,4,4,0,4,x\n")
    with pytest.raises(DataError, match=r"no whole word; take another train.seed"):
        first_batch(load(scenes_config))


@pytest.mark.slow
def test_a_recogniser_learns_a_batch_by_heart(words_config):
    overrides = ["model.hidden=64", "model.dropout=0", "train.rate=2e-3"]
    lessons = list(overfit(load(words_config, overrides), 1000))
    assert lessons[-1].learnt
    assert not any(lesson.learnt for lesson in lessons[:-1])


@pytest.mark.slow
def test_too_few_steps_are_not_enough(words_config):
    (lesson,) = overfit(load(words_config), 3)
    assert lesson.step == 3
    assert not lesson.learnt
