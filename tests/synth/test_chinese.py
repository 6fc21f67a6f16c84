import re

import numpy as np
import pytest

from ocrkit.errors import ConfigError
from ocrkit.synth.chinese import MARKS, RARE, Chinese, charset, levels
from ocrkit.text import LATIN94, Charset


def test_levels_are_those_of_the_standards() -> None:
    common, rare = levels("simplified")
    assert (len(common), len(rare)) == (3755, 3008)
    assert common[0] + common[-1] + rare[0] + rare[-1] == "啊座亍齄"
    common, rare = levels("traditional")
    assert (len(common), len(rare)) == (5401, 7650)
    assert common[0] + common[-1] + rare[0] == "一籲乂"
    assert len(set(common + rare)) == 13051
    assert "灣" in common


@pytest.mark.parametrize("script", ["simplified", "traditional"])
def test_a_charset_of_5990_classes_has_latin_and_the_common_characters(script: str) -> None:
    built = charset(script, 5990)
    assert len(built) == len(set(built.characters)) == 5990
    assert set(LATIN94 + MARKS + levels(script)[0]) <= set(built.characters)
    assert built.decode(built.encode("A1，一")) == "A1，一"


def test_charsets_that_cannot_be_are_refused() -> None:
    with pytest.raises(ConfigError, match="expected 1 to 6873"):
        charset("simplified", 6874)
    with pytest.raises(ConfigError, match="expected one of simplified, traditional"):
        charset("klingon", 100)


@pytest.mark.parametrize("script", ["simplified", "traditional"])
def test_words_are_of_1_to_10_characters_mostly_common(script: str) -> None:
    rng = np.random.default_rng(0)
    chinese = Chinese(script, charset(script, 6800))
    words = [chinese.word(rng) for _ in range(4000)]
    assert {len(word) for word in words} == set(range(1, 11))
    text, (common, rare) = "".join(words), levels(script)
    assert set(text) <= set(common + rare)
    if script == "simplified":
        assert 0.6 * RARE < sum(c in rare for c in text) / len(text) < 1.2 * RARE


def test_words_are_of_characters_of_the_charset() -> None:
    rng = np.random.default_rng(0)
    chinese = Chinese("simplified", Charset("出口亍"))
    words = {chinese.word(rng) for _ in range(500)}
    assert set("".join(words)) == set("出口亍")
    assert "出口" in words


def test_numbers_dates_plates_and_latin_occur() -> None:
    rng = np.random.default_rng(0)
    chinese = Chinese("simplified", charset("simplified", 6000))
    texts = [chinese.sample(rng) for _ in range(4000)]
    patterns = (
        r"\d+楼",
        r"\d{4}年\d+月\d+日",
        r"￥\d+\.\d\d",
        r"[京沪粤川浙苏][A-Z]·\d{5}",
        r"第[一二三四五六七八九十百千]+层",
        r"[A-Z]+[一-鿿]+",
        r"《.+》",
        r"[一-鿿]+，",
    )
    for pattern in patterns:
        assert any(re.fullmatch(pattern, text) for text in texts), pattern


def test_favourites_come_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    chinese = Chinese("simplified", Charset("口"), ["喜"], favour=0.25)
    assert 0.22 < sum(chinese.word(rng) == "喜" for _ in range(2000)) / 2000 < 0.28
