from pathlib import Path

import pytest
import yaml

from ocrkit.errors import ConfigError, UnknownModelError
from ocrkit.train.experiment import load

FOLDER = Path(__file__).parents[2] / "configs"
LESSONS = sorted((FOLDER / "language").glob("*.yaml"))
CONFIGS = sorted({*FOLDER.glob("*/*.yaml")} - {*LESSONS})


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_published_experiments_are_valid(path):
    experiment = load(path)
    assert path.parent.name in (experiment.family, "ablation")
    assert experiment.name == path.stem
    assert sum(p.numel() for p in experiment.build().parameters()) > 100_000
    text = path.read_text()
    assert len(text.splitlines()) <= 30
    assert ": /" not in text  # data lie below data_root


def test_there_are_published_experiments():
    assert {p.stem for p in CONFIGS} >= {"crnn-lite", "crnn-paper", "pixellink-lite"}


def test_overrides_reach_every_block(words_config):
    overrides = ["train.rate=3e-4", "data.shop.weight=2", "model.hidden=16", "train.precision=32"]
    experiment = load(words_config, overrides)
    assert experiment.train.rate == 3e-4
    assert experiment.data["shop"].weight == 2
    assert experiment.network_config().hidden == 16
    assert experiment.train.precision == "32"


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("train.stepps=3", r"words.yaml: train.stepps: unknown key"),
        ("model.hiden=3", r"words.yaml: model: hiden: unknown key; did you mean 'hidden'"),
        ("data.shop.tabel=x", r"words.yaml: data.shop: tabel: unknown key; did you mean 'table'"),
        ("data.shop.weight=-1", r"data.shop.weight"),
        ("validation.shop.weight=1", r"words.yaml: validation.shop: weight: unknown key"),
        ("train.precision=8", r"train.precision"),
        ("train.crop=64", r"train.crop: only detectors"),
        ("data={}", r"data"),
    ],
)
def test_mistakes_are_named(words_config, override, message):
    with pytest.raises(ConfigError, match=message):
        load(words_config, [override])


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("model.name=crn", r"no model 'crn'; did you mean 'crnn'"),
        ("data.shop.name=crop", r"data.shop: no \w+ 'crop'; did you mean 'crops'"),
        ("data.shop.name=synth-wrods", r"did you mean 'synth-words'"),
    ],
)
def test_unknown_names_get_the_nearest(words_config, override, message):
    with pytest.raises(UnknownModelError, match=message):
        load(words_config, [override])


def test_a_config_without_a_model(tmp_path):
    path = tmp_path / "empty.yaml"
    path.write_text(yaml.safe_dump({"train": {"steps": 1, "batch": 1}}))
    with pytest.raises(ConfigError, match=r"empty.yaml: model"):
        load(path)


def test_a_combination_that_the_network_refuses(scenes_config):
    with pytest.raises(ConfigError, match=r"model: .*stride"):
        load(scenes_config, ["model.stride=2"]).build()
