"""Chinese texts, and the characters of charsets for them.

The characters and how common they are come from two national standards, as Python's codecs know
them. Both have the common ones first: GB 2312 has 3755 simplified ones in rows 16 to 55, ordered
by sound, and 3008 rarer ones in rows 56 to 87; Big5 has 5401 traditional ones from A440 to C67E,
ordered by strokes, and 7650 rarer ones from C940 on.
"""

import functools
import itertools
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np

from ocrkit.errors import ConfigError
from ocrkit.synth.latin import DIGITS, many, pick, plate
from ocrkit.text import LATIN94, Charset

RARE = 0.04  # of the characters of words are of level 2
MARKS = "，。！？：；、（）《》“”·￥℃"
NUMERALS = "一二三四五六七八九十百千"
_LENGTHS = np.cumsum([0.06, 0.24, 0.18, 0.22, 0.1, 0.07, 0.05, 0.04, 0.02, 0.02])  # 1 to 10


class _Script(NamedTuple):
    """What is peculiar to a script: words of signs, what is counted, places on number plates."""

    signs: str
    units: str
    places: str


SCRIPTS = {
    "simplified": _Script(
        "出口 入口 停车场 欢迎光临 禁止吸烟 营业时间 小心地滑 请勿停车 药店 银行 超市 酒店 "
        "餐厅 火锅 面馆 地铁 公交车站 医院 学校 公园 电话 地址 特价 有限公司",
        "元 年 月 日 号 楼 层 米 公里 分钟 折 路 点 人 斤 块 岁 ℃",
        "京津沪渝冀豫云辽黑湘皖鲁新苏浙赣鄂桂甘晋蒙陕吉闽贵粤青藏川宁琼",
    ),
    "traditional": _Script(
        "出口 入口 停車場 歡迎光臨 禁止吸煙 營業時間 小心地滑 請勿停車 藥局 銀行 超市 酒店 "
        "餐廳 火鍋 麵館 捷運 公車站 醫院 學校 公園 電話 地址 特價 有限公司",
        "元 年 月 日 號 樓 層 公尺 公里 分鐘 折 路 點 人 斤 塊 歲 ℃",
        "",
    ),
}


@functools.cache
def levels(script: str) -> tuple[str, str]:
    """The common and the rare characters of a script, in the order of its standard."""
    if script == "simplified":
        columns = range(0xA1, 0xFF)
        common, rare = range(0xB0, 0xD8), range(0xD8, 0xF8)
        return _decoded("gb2312", common, columns), _decoded("gb2312", rare, columns)
    trails = [*range(0x40, 0x7F), *range(0xA1, 0xFF)]
    common, rare = range(0xA4, 0xC7), range(0xC9, 0xFA)
    return _decoded("big5", common, trails), _decoded("big5", rare, trails)


def charset(script: str, size: int) -> Charset:
    """`size` characters: ASCII, Chinese marks, then the script's, common ones first.

    Raises:
        ConfigError: The script is unknown, or has fewer.
    """
    if script not in SCRIPTS:
        raise ConfigError(f"script: expected one of {', '.join(SCRIPTS)}, got {script!r}")
    everything = LATIN94 + MARKS + "".join(levels(script))
    if not 0 < size <= len(everything):
        raise ConfigError(f"size: expected 1 to {len(everything)} for {script}, got {size}")
    return Charset(everything[:size])


class Chinese:
    """An endless source of Chinese texts.

    Args:
        script: One of SCRIPTS.
        charset: Words are made of characters that it has.
        favourites: Words of the target domain, chosen for `favour` of the words.
        favour: In [0, 1].

    Raises:
        ConfigError: The charset has no character of the script.
    """

    def __init__(
        self, script: str, charset: Charset, favourites: Sequence[str] = (), favour: float = 0.0
    ) -> None:
        self._script = SCRIPTS[script]
        known = frozenset(charset.characters)
        writable = ["".join(c for c in level if c in known) for level in levels(script)]
        self._levels = [level for level in writable if level]
        if not self._levels:
            raise ConfigError(f"charset: has no character of {script} Chinese")
        self._signs = [sign for sign in self._script.signs.split() if known.issuperset(sign)]
        self._favourites, self._favour = list(favourites), favour if favourites else 0.0
        self._kinds: list[tuple[float, Callable[[np.random.Generator], str]]] = [
            (0.68, self.word),
            (0.08, self._punctuated),
            (0.1, self._number),
            (0.03, self._price),
            (0.04, self._time),
            (0.05, self._mixed),
            (0.02, self._plate),
        ]
        self._cumulative = np.cumsum([weight for weight, _ in self._kinds])

    def sample(self, rng: np.random.Generator) -> str:
        """A text of any kind."""
        kind = int(np.searchsorted(self._cumulative, rng.random(), side="right"))
        return self._kinds[min(kind, len(self._kinds) - 1)][1](rng)

    def word(self, rng: np.random.Generator) -> str:
        """1 to 10 characters: a favourite, what signs say, or characters in a row."""
        if rng.random() < self._favour:
            return pick(rng, self._favourites)
        if self._signs and rng.random() < 0.1:
            return pick(rng, self._signs)
        count = 1 + int(np.searchsorted(_LENGTHS, rng.random(), side="right"))
        rare = rng.random(min(count, len(_LENGTHS))) < RARE
        return "".join(pick(rng, self._levels[-1 if is_rare else 0]) for is_rare in rare)

    def _punctuated(self, rng: np.random.Generator) -> str:
        style = rng.random()
        if style < 0.3:
            return pick(rng, ("（{}）", "《{}》", "“{}”")).format(self.word(rng))
        if style < 0.6:
            return self.word(rng) + pick(rng, "：、·") + self.word(rng)
        return self.word(rng) + pick(rng, "，。！？：；")

    def _number(self, rng: np.random.Generator) -> str:
        unit = pick(rng, self._script.units.split())
        if rng.random() < 0.25:
            return "第" + many(rng, NUMERALS, int(rng.integers(1, 3))) + unit
        return many(rng, DIGITS, int(rng.integers(1, 5))) + unit

    def _price(self, rng: np.random.Generator) -> str:
        amount = f"{rng.integers(1, 1000)}.{rng.integers(100):02d}"
        return "￥" + amount if rng.random() < 0.5 else amount + "元"

    def _time(self, rng: np.random.Generator) -> str:
        if rng.random() < 0.5:
            return f"{rng.integers(24):02d}:{rng.integers(60):02d}-{rng.integers(24):02d}:00"
        return f"{rng.integers(1950, 2030)}年{rng.integers(1, 13)}月{rng.integers(1, 32)}日"

    def _mixed(self, rng: np.random.Generator) -> str:
        """Latin capitals or digits beside Chinese, as in names of shops and exits."""
        latin = plate(rng, pick(rng, ("A", "AA", "AAA", "A9", "999")))
        word = self.word(rng)
        return latin + word if rng.random() < 0.6 else word + latin

    def _plate(self, rng: np.random.Generator) -> str:
        if self._script.places:
            return pick(rng, self._script.places) + plate(rng, pick(rng, ("A·99999", "A9A999")))
        return plate(rng, pick(rng, ("AAA-9999", "9999-AA")))


def _decoded(codec: str, leads: Iterable[int], trails: Iterable[int]) -> str:
    """The Chinese characters that two bytes of a codec stand for, without copies of others."""
    pairs = (bytes(pair) for pair in itertools.product(leads, trails))
    found = "".join(pair.decode(codec, "ignore") for pair in pairs)
    return "".join(c for c in found if "\u4e00" <= c <= "\u9fff")
