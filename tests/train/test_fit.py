"""Whole trainings of a few steps, on the processor."""

import json
import logging
import re

import numpy as np
import pytest
import torch

pytest.importorskip("lightning")
pytest.importorskip("tensorboard")

import ocrkit
from ocrkit import checkpoint
from ocrkit.errors import CheckpointError, ConfigError, DataError, OCRKitError, OutputError
from ocrkit.text import Charset
from ocrkit.train import fit as module
from ocrkit.train.experiment import load
from ocrkit.train.fit import averaging, fit, precision
from ocrkit.train.initial import initial, known_rows
from ocrkit.train.task import check_finite
from ocrkit.train.validation import WordsRead


def state(path):
    return torch.load(path / "last.ckpt", weights_only=True)


def test_training_leaves_weights_that_read_and_can_go_on(words_config, tmp_path, caplog):
    output = tmp_path / "run"
    caplog.set_level(logging.INFO, "ocrkit.train")
    experiment = load(words_config)
    path = fit(experiment, output)
    card = checkpoint.read_card(path)
    assert (card.family, card.name, card.data) == ("recognize", "words", ("shop (crops)",))
    assert card.steps in (2, 4)
    assert {(f.split, f.metric) for f in card.figures} >= {("shop", "accuracy_36")}
    assert checkpoint.load("recognize", path).config.hidden == 8
    assert json.loads((output / "experiment.json").read_text())["train"]["steps"] == 4
    assert list((output / "tensorboard").glob("events*"))
    assert "step 4  shop accuracy_36" in caplog.text

    before = state(output)
    assert before["global_step"] == 4
    fit(load(words_config, ["train.steps=6"]), output, resume=True)
    after = state(output)
    assert after["global_step"] == 6
    assert after["optimizer_states"][0]["state"][0]["step"] == 6
    with pytest.raises(OutputError, match="--resume"):
        fit(experiment, output)


def test_the_averaged_weights_are_measured_and_kept(words_config, tmp_path, monkeypatch):
    measured = []
    add = WordsRead.add

    def watch(self, model, sample):
        measured.append(next(model.parameters()).detach().clone())
        add(self, model, sample)

    monkeypatch.setattr(WordsRead, "add", watch)
    overrides = ["train.validate_every=4", "train.ema=0.9", "train.warmup=0", "train.rate=0.2"]
    path = fit(load(words_config, overrides), tmp_path / "run")
    kept = checkpoint.load("recognize", path).state_dict()
    last = state(tmp_path / "run")
    name = next(iter(kept))
    average, weight = (
        last[part]["model." + name] for part in ("state_dict", "current_model_state")
    )
    assert (average - weight).abs().max() > 2e-3
    torch.testing.assert_close(measured[-1], average)
    torch.testing.assert_close(kept[name], average, atol=1e-6, rtol=1e-3)


def test_a_detector_trains_without_validation(scenes_config, tmp_path):
    path = fit(load(scenes_config, ["validation={}", "train.ema=0"]), tmp_path / "run")
    card = checkpoint.read_card(path)
    assert (card.family, card.steps, card.figures) == ("detect", 2, ())
    assert checkpoint.load("detect", path).config.long_side == 192


@pytest.mark.slow
def test_a_detector_is_measured(scenes_config, tmp_path):
    path = fit(load(scenes_config), tmp_path / "run")
    assert [f.metric for f in checkpoint.read_card(path).figures] == [
        "hmean",
        "precision",
        "recall",
    ]


@pytest.mark.slow
def test_the_time_limit_ends_a_training(words_config, tmp_path):
    overrides = ["train.steps=1000000", "train.time_limit=0.1", "train.validate_every=1000000"]
    path = fit(load(words_config, overrides), tmp_path / "run")
    last = state(tmp_path / "run")
    assert 0 < last["global_step"] < 1_000_000
    assert checkpoint.read_card(path).steps == last["global_step"]
    rate = last["optimizer_states"][0]["param_groups"][0]["lr"]
    assert rate < 0.1 * 1e-3  # it came to rest


def test_nothing_to_resume(words_config, tmp_path):
    with pytest.raises(CheckpointError, match="nothing to resume"):
        fit(load(words_config), tmp_path / "run", resume=True)


def test_a_folder_that_cannot_be_made(words_config, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot be written"):
        fit(load(words_config), tmp_path / "file" / "run")


def test_data_that_teach_nothing_are_found_before_training(words_config, root, tmp_path):
    (root / "words.tsv").write_text("crops/0.png\t日本\ncrops/1.png\t\n")
    experiment = load(words_config, ["validation={}"])
    with pytest.raises(DataError, match=r"gave nothing to learn from: .*outside the charset"):
        fit(experiment, tmp_path / "run")
    assert not (tmp_path / "run" / module.LAST).exists()


def test_skipped_words_are_reported(words_config, root, tmp_path, caplog):
    table = root / "words.tsv"
    table.write_text(table.read_text().replace("Cafe", "日本"))
    fit(load(words_config, ["validation={}"]), tmp_path / "run")
    assert "outside the charset: '日本'" in caplog.text
    assert "3.png" in caplog.text


def test_starting_from_a_weights_file(words_config, tmp_path, caplog):
    torch.manual_seed(7)
    experiment = load(words_config)
    given = experiment.build()
    path = tmp_path / "given.safetensors"
    config = given.config.model_dump(mode="json")
    checkpoint.save(path, given, checkpoint.Card(family="recognize", name="given", config=config))

    same = initial(load(words_config, [f"train.init={path}"]))
    for name, tensor in given.state_dict().items():
        torch.testing.assert_close(same.state_dict()[name], tensor, atol=1e-3, rtol=1e-3)
    assert not caplog.records

    wider = initial(load(words_config, [f"train.init={path}", "model.hidden=12"]))
    assert re.search(r"\d+ of \d+ tensors start afresh", caplog.text)
    first = next(iter(given.state_dict()))
    torch.testing.assert_close(
        wider.state_dict()[first], given.state_dict()[first], atol=1e-3, rtol=1e-3
    )


def test_another_charset_keeps_the_characters_that_both_have(words_config, tmp_path, caplog):
    torch.manual_seed(8)
    given = load(words_config).build()
    path = tmp_path / "given.safetensors"
    config = given.config.model_dump(mode="json")
    checkpoint.save(path, given, checkpoint.Card(family="recognize", name="given", config=config))
    changed = initial(load(words_config, [f"train.init={path}", "model.charset=zéa"]))
    assert not caplog.records
    for name in given.of_characters:
        old, new = given.state_dict()[name], changed.state_dict()[name]
        assert len(new) == 4
        for row, character in ((1, "z"), (3, "a")):
            known = old[1 + given.charset.characters.index(character)]
            torch.testing.assert_close(new[row], known, atol=1e-3, rtol=1e-3)
        torch.testing.assert_close(new[0], old[0], atol=1e-3, rtol=1e-3)


def test_starting_from_a_shipped_model(words_config, caplog):
    started = initial(load(words_config, ["train.init=crnn", "model.hidden=128"]))
    shipped = checkpoint.load("recognize", "crnn").state_dict()
    for name, tensor in started.columns.state_dict().items():
        torch.testing.assert_close(tensor, shipped[f"columns.{name}"])


def test_the_parts_of_a_spotter_start_from_models_of_their_own(scenes_config, caplog):
    overrides = ["model={name: fots}", "train.init={detector: east, recognizer: crnn}"]
    started = initial(load(scenes_config, overrides))
    east, crnn = checkpoint.load("detect", "east"), checkpoint.load("recognize", "crnn")
    for name, tensor in east.state_dict().items():
        torch.testing.assert_close(started.detector.state_dict()[name], tensor)
    for name in ("columns.3.0.weight", "columns.7.1.bias"):
        torch.testing.assert_close(started.recognizer.state_dict()[name], crnn.state_dict()[name])
    (weight, _), (theirs, _) = started.recognizer.of_characters, crnn.of_characters
    assert (weight, theirs) == ("sequence.linear.0.weight", "sequence.linear.1.weight")
    torch.testing.assert_close(started.recognizer.state_dict()[weight], crnn.state_dict()[theirs])
    assert "crnn: 8 of 40 tensors start afresh" in caplog.text


def test_parts_must_be_there(scenes_config):
    overrides = ["model={name: fots}", "train.init={reader: crnn}"]
    with pytest.raises(ConfigError, match=r"train.init: fots has no part 'reader'"):
        initial(load(scenes_config, overrides))


def test_a_spotter_is_trained_and_read_with(scenes_config, tmp_path):
    detector = "{name: fots, detector: {long_side: 192}}"
    best = fit(load(scenes_config, [f"model={detector}"]), tmp_path / "run")
    card = checkpoint.read_card(best)
    assert (card.family, card.name) == ("spot", "scenes")
    assert card.figures[0].protocol == "ic15-e2e-none"
    model = checkpoint.load("spot", best, settings={"detector": {"score_threshold": 0.123}})
    assert model.config.detector.score_threshold == 0.123
    assert model.config.detector.long_side == 192
    assert model.spot([np.zeros((64, 64, 3), np.uint8)]) == [()]


def test_known_rows_by_hand():
    old, new = torch.tensor([[0.0], [1.0], [2.0]]), torch.tensor([[9.0], [9.0], [9.0], [9.0]])
    found = known_rows(old, new, Charset("ab"), Charset("xba"))
    assert found.flatten().tolist() == [0, 9, 2, 1]


def test_a_loss_that_is_not_finite_names_term_and_samples():
    check_finite({"pixel": torch.tensor(1.0)}, ["a.png"], 3)
    terms = {"pixel": torch.tensor(1.0), "link": torch.tensor(float("nan"))}
    with pytest.raises(OCRKitError, match=r"step 3: .*\(link = nan\).*: a.png, b.png$"):
        check_finite(terms, ["a.png", "b.png", "a.png"], 3)


def test_the_average_follows_the_weights():
    update = averaging(0.999)._kwargs["multi_avg_fn"]
    average, weight = [torch.zeros(2)], [torch.ones(2)]
    update(average, weight, torch.tensor(18))  # decay (1 + 18) / (20 + 18)
    torch.testing.assert_close(average[0], torch.full((2,), 0.5))
    count = [torch.tensor(3)]
    update(count, [torch.tensor(8)], torch.tensor(18))
    assert count[0] == 8


def test_precision(words_config):
    cpu = torch.device("cpu")
    names = {
        wanted: precision(load(words_config, [f"train.precision={wanted}"]).train, cpu)
        for wanted in ("auto", "32", "bf16")
    }
    assert names == {"auto": "32-true", "32": "32-true", "bf16": "bf16-mixed"}
    with pytest.raises(ConfigError, match="a CPU cannot train in 16"):
        precision(load(words_config, ["train.precision=16"]).train, cpu)


def test_fine_tuning_on_ones_own_words(words_config, root, tmp_path):
    """The walk-through of docs/train-your-own.md: the shipped recogniser learns a new character."""
    overrides = ["train.init=crnn", "model={name: crnn, charset: EXITStop42CafenA1é}"]
    best = fit(load(words_config, [*overrides, "train.rate=2e-4"]), tmp_path / "run")
    reader = ocrkit.load(detector=None, recognizer=best, device="cpu")
    assert "é" in reader.recognizer.config.charset
    (reading,) = reader.recognize([root / "crops/0.png"])
    assert reading.text == "EXIT"  # known before, and not forgotten
