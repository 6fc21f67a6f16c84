"""Chooses what signs, pages and walls say, in which type, and sets it."""

import math
from collections.abc import Sequence

import numpy as np

from ocrkit.synth.corpus import Corpus
from ocrkit.synth.glyphs import Ink, bend
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.words import Typefaces
from ocrkit.types import Floats

CAPITALS = 0.7  # em; how high they are in most faces
# px per em; few, as each glyph is drawn once per size. Scenes make panels as small as they need.
SIZES = np.round(9 * 1.3 ** np.arange(13)).astype(int)


class Typesetter:
    """Chooses what panels say and in which type.

    Args:
        corpus: The source of words.
        typefaces: The source of faces.
    """

    def __init__(self, corpus: Corpus, typefaces: Typefaces) -> None:
        self.corpus = corpus
        self.typefaces = typefaces

    def sign(self, height: float, most: int, rng: np.random.Generator) -> Lettering | None:
        """Up to five lines, mostly of capitals `height` px high, with no more than `most` words."""
        count = min(1 + int(rng.geometric(0.42)), 6) if rng.random() < 0.75 else 1
        font, accent = self.typefaces.sample(rng), self.typefaces.sample(rng)
        headed = count > 1 and rng.random() < 0.45
        casing, lines = rng.random(), []
        for index in range(count):
            heading = headed and index == 0
            scale = rng.uniform(1.3, 2.4) if heading else rng.choice([1, 1, 1, 0.75])
            few = 1 + int(rng.binomial(3 if heading else 5, rng.uniform(0.1, 0.6)))
            words = [cased(self._word(rng), casing) for _ in range(min(few, most))]
            most -= len(words)
            if words:
                lines.append(
                    Line(
                        words, accent if heading else font, nearest_size(height * scale / CAPITALS)
                    )
                )
        return self._set(lines, rng)

    def lettering(self, height: float, most: int, rng: np.random.Generator) -> Lettering | None:
        """One or two short lines, as on a wall or a shop front."""
        font, casing = self.typefaces.sample(rng), rng.random()
        lines = []
        for _ in range(1 if rng.random() < 0.7 else 2):
            few = min(int(rng.integers(1, 4)), most)
            words = [cased(self._word(rng), casing) for _ in range(few)]
            most -= len(words)
            if words:
                lines.append(Line(words, font, nearest_size(height / CAPITALS)))
        flat = self._set(lines, rng)
        if flat is None or len(flat.texts) > 1 or rng.random() > 0.12:
            return flat
        length = float(flat.quads[0, 1, 0] - flat.quads[0, 0, 0])
        return bowed(flat, rng.uniform(-0.2, 0.2) * min(length, 4 * height))

    def page(
        self, room: tuple[int, int], height: float, rng: np.random.Generator
    ) -> Lettering | None:
        """Lines that fill `room` (height, width) px, as on a page, a board or a screen."""
        font, size = self.typefaces.sample(rng), nearest_size(height / CAPITALS)
        leading = rng.uniform(1.15, 2.2)
        lines: list[Line] = []
        used = 0.0
        while used < room[0] - 2 * leading * size and len(lines) < 30:
            heading = rng.random() < 0.1
            em = nearest_size(size * (rng.uniform(1.3, 2) if heading else 1))
            share = rng.uniform(0.2, 0.6) if heading else rng.uniform(0.5, 1) ** 0.5
            lines.append(Line(self._words(room[1] * share / em, rng), font, em))
            used += leading * em
        setting = Setting(
            rng.uniform(0.25, 0.4), leading, align=0.0 if rng.random() < 0.85 else 0.5
        )
        return set_lines(lines, setting, pad=size)

    def plate(self, height: float, rng: np.random.Generator) -> Lettering | None:
        """A number plate or the number of a house, a bus, a room: one or two groups, large."""
        font = self.typefaces.sample(rng)
        capitals, digits = "ABCDEFGHJKLMNPRSTUVWXYZ", "0123456789"
        groups = [
            "".join(kind[i] for i in rng.integers(len(kind), size=count))
            for kind, count in (
                (capitals, rng.integers(0, 4)),
                (digits, rng.integers(1, 5)),
                (capitals, rng.integers(0, 3) if rng.random() < 0.5 else 0),
            )
        ]
        words = [group for group in groups if group]
        if rng.random() < 0.4:
            words = ["".join(words)]
        return self._set([Line(words, font, nearest_size(height / CAPITALS))], rng)

    def receipt(self, height: float, most: int, rng: np.random.Generator) -> Lettering | None:
        """A slip or a price list: on each line a few words, and a price at the right edge."""
        font, size = self.typefaces.sample(rng), nearest_size(height / CAPITALS)
        lines: list[Line] = []
        for _ in range(int(np.clip(most // 3, 2, 12))):
            words = [self._word(rng) for _ in range(rng.integers(1, 4))]
            price = f"{rng.integers(0, 100)}.{rng.integers(0, 100):02d}"
            lines.append(Line([*words, price], font, size))
        leading = rng.uniform(1.1, 2)
        return set_lines(lines, Setting(0.4, leading, align=0.0, justified=True), pad=size)

    def _word(self, rng: np.random.Generator) -> str:
        """Of two texts mostly the shorter: signs say little."""
        text = self.corpus.sample(rng)
        if rng.random() < 0.85:
            text = min(text, self.corpus.sample(rng), key=len)
        return text

    def _words(self, length: float, rng: np.random.Generator) -> list[str]:
        """At least one word, and as many as fill about `length` em."""
        words: list[str] = []
        while True:
            word = self._word(rng)
            length -= 0.55 * len(word) + 0.4
            if words and length < 0:
                return words
            words.append(word)

    def _set(self, lines: Sequence[Line], rng: np.random.Generator) -> Lettering | None:
        tracking = rng.uniform(0.02, 0.3) if rng.random() < 0.15 else 0.0
        setting = Setting(
            space=rng.uniform(0.2, 0.5),
            leading=rng.uniform(0.85, 1.7),
            tracking=tracking,
            align=rng.choice([0.0, 0.5, 0.5, 1.0], p=[0.45, 0.25, 0.25, 0.05]),
        )
        return set_lines(lines, setting, pad=2 + max((line.size for line in lines), default=0) // 6)


def bowed(flat: Lettering, sagitta: float) -> Lettering:
    """A single word on an arc that rises (or, negative, sinks) by `sagitta` px in its middle."""
    bent = bend(Ink(flat.alpha, flat.quads[0]), sagitta)
    if bent.alpha.shape == flat.alpha.shape:
        return flat
    width, top = flat.alpha.shape[1], math.ceil(abs(sagitta)) if sagitta > 0 else 0

    def along(points: Floats) -> Floats:
        rise = sagitta * (1 - ((points[..., 0] - width / 2) / (width / 2)) ** 2)
        return np.stack([points[..., 0], points[..., 1] + top - rise], -1).astype(np.float32)

    detail = flat.details[0].divided().mapped(along)
    return Lettering(bent.alpha, bent.quad[None], flat.texts, (detail,))


def cased(text: str, style: float) -> str:
    """`text` in its sign's casing: `style` in [0, 1] is for CAPITALS, Capitalised, or neither."""
    # Letters whose capitals are several, or another alphabet's, stay: ß, ŉ.
    capitals = "".join(c.upper() if len(c.upper()) == 1 else c for c in text)
    if style < 0.45:
        return capitals
    return capitals[:1] + text[1:].lower() if style < 0.7 else text


def drawn_height(height: float) -> float:
    """How high capitals come out, about, when they are asked to be `height` px high."""
    return CAPITALS * nearest_size(height / CAPITALS)


def nearest_size(size: float) -> int:
    """The nearest of SIZES, px per em."""
    return int(SIZES[np.argmin(np.abs(np.log(SIZES / size)))])
