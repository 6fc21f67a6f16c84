"""How sure of a text: aggregates by hand, and settings that travel with the weights."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrkit import checkpoint, recognize
from ocrkit.errors import ConfigError
from ocrkit.recognize import aggregate
from ocrkit.types import Character, Reading

CROP = np.random.default_rng(0).integers(0, 256, (40, 120, 3), np.uint8)
HOWS = ("geometric", "product", "min", "mean")


@pytest.mark.parametrize(
    ("how", "wanted"), [("geometric", 0.4), ("product", 0.16), ("min", 0.2), ("mean", 0.5)]
)
def test_aggregates_by_hand(how, wanted):
    assert aggregate([0.8, 0.2], how) == pytest.approx(wanted)
    assert aggregate([0.3], how) == pytest.approx(0.3)
    assert aggregate([], how) == 0


def test_one_impossible_character_does_not_hide_the_others_from_the_geometric_mean():
    assert aggregate([0.0, 1.0]) == pytest.approx(1e-9**0.5)
    assert aggregate([0.0, 1.0], "product") == aggregate([0.0, 1.0], "min") == 0


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_order_of_the_aggregates(confidences):
    """All in [0, 1]; product <= min <= geometric <= mean, but for the floor of the geometric."""
    product, least, geometric, mean = (
        aggregate(confidences, how) for how in ("product", "min", "geometric", "mean")
    )
    assert 0 <= product <= least + 1e-12
    assert least <= geometric + 1e-9
    assert geometric <= mean + 2e-9
    assert mean <= 1


@given(st.lists(st.floats(0, 1), max_size=8))
def test_the_default_is_what_a_reading_of_characters_says(confidences):
    characters = tuple(Character("a", c, (0.0, 1.0)) for c in confidences)
    assert Reading.of(characters).confidence == pytest.approx(aggregate(confidences))


SEEDS = {"crnn": 3, "rare": 8, "satrn": 10}
"""With these, untrained networks say several characters."""


def tiny(name, **settings):
    torch.manual_seed(SEEDS[name])
    return recognize.build({"name": name, "charset": "abcdef", **settings}).eval()


@pytest.mark.parametrize("name", SEEDS)
def test_a_reading_is_as_sure_as_its_config_says(name):
    readings = {how: tiny(name, confidence=how).read([CROP])[0] for how in HOWS}
    first = readings["geometric"]
    sure = [c.confidence for c in first.characters]
    assert len(sure) > 1
    for how, reading in readings.items():
        assert reading.characters == first.characters
        assert reading.confidence == pytest.approx(aggregate(sure, how))
    assert len({round(r.confidence, 9) for r in readings.values()}) == 4
    assert tiny(name).read([CROP])[0] == first


def test_another_aggregate_is_refused():
    with pytest.raises(ConfigError, match="confidence"):
        tiny("crnn", confidence="median")


def saved(model, path):
    config = model.config.model_dump(mode="json")
    checkpoint.save(path, model, checkpoint.Card(family="recognize", name="tiny", config=config))
    return path


def test_temperature_and_aggregate_travel_with_the_weights(tmp_path):
    """Weights that are told the temperature 2 read with it if nothing is said."""
    model = tiny("crnn", temperature=2.0, confidence="product")
    path = saved(model, tmp_path / "warm.safetensors")
    loaded = checkpoint.load("recognize", path)
    assert (loaded.config.temperature, loaded.config.confidence) == (2.0, "product")
    (warm,) = loaded.read([CROP])
    (cold,) = checkpoint.load("recognize", path, settings={"temperature": 1.0}).read([CROP])
    assert warm.text == cold.text  # of the best path: a temperature changes no order
    for one, other in zip(warm.characters, cold.characters, strict=True):
        assert 1 / 7 < one.confidence < other.confidence  # of seven classes
    logits = torch.tensor([0.0, 1.0, 3.0, 0.0, 0.0, 0.0, 0.0])
    wanted = torch.tensor([0.0, 0.5, 1.5, 0.0, 0.0, 0.0, 0.0]).softmax(0)
    torch.testing.assert_close(loaded.probabilities(logits), wanted)


def test_weights_of_before_there_was_a_choice_read_as_they_did(tmp_path):
    model = tiny("crnn")
    config = model.config.model_dump(mode="json")
    del config["confidence"], config["head_rank"]
    path = tmp_path / "old.safetensors"
    checkpoint.save(path, model, checkpoint.Card(family="recognize", name="tiny", config=config))
    assert checkpoint.load("recognize", path).config.confidence == "geometric"
