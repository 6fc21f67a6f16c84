from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit.data import build as build_dataset
from ocrkit.errors import ConfigError
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.words import WordStyle
from ocrkit.train import sources
from ocrkit.types import Sample

CROPS = {"name": "crops", "table": "words.tsv"}
SCENES = {"name": "icdar", "images": "images", "labels": "labels"}


def rng():
    return np.random.default_rng(0)


def test_photographs_are_found_below_the_root_and_all_drawn(root):
    source = sources.build({"shop": {**CROPS, "without": "val.txt"}}, root)["shop"]
    generator = rng()
    names = {source.draw(generator)[0] for _ in range(60)}
    assert names == {str(root / "crops" / f"{i}.png") for i in (2, 3, 4, 5)}
    assert not source.drawn


def test_absolute_paths_stay(root):
    block = {"name": "crops", "table": str(root / "words.tsv")}
    assert len(sources.dataset(block, Path("elsewhere"), "data.shop")) == 6


def test_texts_come_without_ignored_ones(root):
    paths = {key: root / value for key, value in SCENES.items() if key != "name"}
    assert sources.texts(build_dataset({"name": "icdar", **paths})) == ["TWO", "one"]


def test_generators_favour_words_of_datasets(root):
    drawn = {"name": "synth-words", "favourites": ["shop", "street"], "favour": 1.0}
    built = sources.build({"drawn": drawn, "shop": CROPS, "street": SCENES}, root)
    assert list(built) == ["drawn", "shop", "street"]
    assert built["drawn"].drawn
    assert built["drawn"].generator.corpus.favourites == [
        "EXIT", "Stop", "42", "Cafe", "open", "A1", "TWO", "one"
    ]  # fmt: skip
    name, sample = built["drawn"].draw(rng())
    assert name == "drawn"
    assert len(sample.texts) == 1


def test_favourites_must_be_datasets(root):
    drawn = {"name": "synth-words", "favourites": ["shp"]}
    with pytest.raises(ConfigError, match=r"data.drawn.favourites: 'shp' is not a dataset"):
        sources.build({"drawn": drawn, "shop": CROPS}, root)


def test_photographs_without_their_text_are_backgrounds(root):
    drawn = {"name": "synth-scenes", "erased": ["street"]}
    built = sources.build({"drawn": drawn, "street": SCENES}, root)
    photographs = built["drawn"].generator.backgrounds.photographs
    street = built["street"].dataset
    assert len(photographs) == len(street)
    sample = street[0]
    inside = cv2.fillPoly(
        np.zeros(sample.image.shape[:2], np.uint8), [np.int32(q) for q in sample.quads], 1
    )
    assert photographs[0].shape == sample.image.shape
    assert (photographs[0] != sample.image)[inside > 0].any()


def test_only_datasets_can_be_erased(root):
    drawn = {"name": "synth-scenes", "erased": ["strt"]}
    with pytest.raises(ConfigError, match=r"data.drawn.erased: 'strt' is not a dataset under data"):
        sources.build({"drawn": drawn, "street": SCENES}, root)


def test_effects_can_be_switched_off(root):
    words = {"name": "synth-words", "style": {"shadowed": 0, "bent": 0.5}}
    scenes = {"name": "synth-scenes", "style": {"neon": 0}}
    built = sources.build({"words": words, "scenes": scenes}, root)
    style = built["words"].generator.style
    assert (style.shadowed, style.bent) == (0, 0.5)
    assert style._replace(shadowed=0.15, bent=0.12) == WordStyle()
    assert built["scenes"].generator.style == SceneStyle(neon=0)


@pytest.mark.parametrize("name", ["synth-words", "synth-scenes"])
def test_an_effect_that_does_not_exist_is_refused(root, name):
    with pytest.raises(ConfigError, match=r"style: .*no effect 'glre'; did you mean 'glare'\?"):
        sources.build({"drawn": {"name": name, "style": {"glre": 0}}}, root)


def test_a_scene_is_used_several_times():
    class Counter:
        made = 0

        def sample(self, rng):
            self.made += 1
            image = np.full((1, 1, 3), self.made, np.uint8)
            return Sample(image, np.zeros((0, 4, 2), np.float32), (), np.zeros(0, bool))

    source = sources.Synthetic("drawn", Counter(), uses=3)
    assert [int(source.draw(rng())[1].image[0, 0, 0]) for _ in range(7)] == [1, 1, 1, 2, 2, 2, 3]


def test_nothing_endless_to_measure_on(root):
    with pytest.raises(ConfigError, match=r"validation.drawn: synth-words has no end"):
        sources.dataset({"name": "synth-words"}, root, "validation.drawn")


def test_sheets_are_made_of_words_of_several_sources(root):
    block = {
        "name": "collage",
        "side": 128,
        "pieces": 2,
        "of": {"shop": CROPS, "none": {**CROPS, "weight": 0}},
    }
    source = sources.build({"sheets": block}, root)["sheets"]
    generator = rng()
    name, sheet = source.draw(generator)
    assert name == "sheets"
    assert source.drawn
    assert {*sheet.texts} - {None} <= {"EXIT", "Stop", "42", "Cafe", "open", "A1"}
    assert source.draw(generator)[1] is sheet
    assert source.draw(generator)[1] is not sheet


@pytest.mark.parametrize(
    ("of", "message"),
    [
        ({}, r"data.sheets: of: .*at least 1"),
        ({"shop": {"name": "crps"}}, r"data.sheets.of.shop: no model 'crps'"),
        ({"shop": {**CROPS, "weight": "much"}}, r"data.sheets.of.shop.weight: expected a number"),
        ({"shop": {**CROPS, "weight": 0}}, r"data.sheets.of: no source has a weight above 0"),
    ],
)
def test_sheets_of_nothing_are_refused(root, of, message):
    with pytest.raises(ConfigError, match=message):
        sources.build({"sheets": {"name": "collage", "of": of}}, root)
