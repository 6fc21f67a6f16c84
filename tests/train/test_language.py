"""What a language model learns from."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit.errors import ConfigError
from ocrkit.language.ngram import NGram
from ocrkit.train import language

LESSONS = sorted((Path(__file__).parents[2] / "configs" / "language").glob("*.yaml"))
LESSON = """
name: small
order: 4
word_weight: 0.1
drawn: {count: 20, weight: 0.1}
data: {signs: {name: crops, table: words.tsv}}
validation: {signs: {name: crops, table: words.tsv}}
"""


@pytest.fixture
def root(tmp_path):
    cv2.imwrite(str(tmp_path / "word.png"), np.zeros((8, 20, 3), np.uint8))
    (tmp_path / "words.tsv").write_text("word.png\tQzxqzx\nword.png\tQzxqzx\n")
    (tmp_path / "small.yaml").write_text(LESSON)
    return tmp_path


def test_labels_are_learnt(root):
    lesson = language.read(root / "small.yaml", [])
    model = language.learn(lesson, root)
    without = language.learn(lesson.model_copy(update={"data": {}}), root)
    assert model.score(["qzxqzx"])[0] > without.score(["qzxqzx"])[0] + 5
    assert language.measure(lesson, root, model)["signs"] < 3


def test_words_of_the_language_are_learnt(root):
    model = language.learn(language.read(root / "small.yaml", []), root)
    word, noise = model.score(["coffee", "ceffoo"])
    assert word > noise


def test_bits_are_a_character_and_the_end_counts():
    """Of a language of one word each symbol has p = 1, but for what is left to others."""
    model = NGram.learn([("ab", 1.0)], 2)
    expected = -float(model.score(["ab"])[0]) / math.log(2) / 3
    assert language.bits(model, ["ab", "ab ab"]) == pytest.approx(expected)


@pytest.mark.parametrize("path", LESSONS, ids=lambda p: p.stem)
def test_published_lessons_are_valid(path):
    lesson = language.read(path, [])
    assert lesson.name == path.stem
    assert all("without" in block or "svt" in label for label, block in lesson.data.items())


@pytest.mark.parametrize("name", ["klingon", "simplified"])
def test_a_language_without_words_is_told(root, name):
    with pytest.raises(ConfigError, match=f"no language '{name}'; choose from: english"):
        language.read(root / "small.yaml", [f"languages.{name}=1"])


def test_a_wrong_key_is_told(root):
    with pytest.raises(ConfigError, match="unknown key; did you mean 'order'"):
        language.read(root / "small.yaml", ["ordr=3"])
