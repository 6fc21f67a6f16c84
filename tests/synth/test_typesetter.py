from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from ocrkit.synth import typesetter
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import Line, Setting, set_lines
from ocrkit.synth.typesetter import Typesetter
from ocrkit.synth.words import Typefaces


@pytest.fixture(scope="module")
def setter(fonts: list[Path]) -> Typesetter:
    return Typesetter(Corpus(FALLBACK_WORDS), Typefaces(fonts))


def test_signs_hold_no_more_words_than_asked_for(setter: Typesetter) -> None:
    for seed in range(40):
        lettering = setter.sign(20.0, 4, np.random.default_rng(seed))
        assert lettering is not None
        assert 1 <= len(lettering.texts) <= 4
        assert len(lettering.details) == len(lettering.texts)


def test_plates_are_capitals_and_digits(setter: Typesetter) -> None:
    for seed in range(40):
        lettering = setter.plate(30.0, np.random.default_rng(seed))
        assert lettering is not None
        assert {detail.line for detail in lettering.details} == {0}
        assert all(t.isascii() and t.isalnum() and t == t.upper() for t in lettering.texts)


def test_receipts_have_prices_at_the_right_edge(setter: Typesetter) -> None:
    for seed in range(10):
        lettering = setter.receipt(14.0, 12, np.random.default_rng(seed))
        assert lettering is not None
        lines = np.array([detail.line for detail in lettering.details])
        ends = [lettering.quads[lines == line][-1, 1, 0] for line in range(lines.max() + 1)]
        assert np.ptp(ends) == 0
        for line in range(lines.max() + 1):
            texts = np.array(lettering.texts)[lines == line]
            assert texts[-1].replace(".", "").isdigit()


def test_a_page_fills_its_room(setter: Typesetter) -> None:
    lettering = setter.page((300, 500), 12.0, np.random.default_rng(0))
    assert lettering is not None
    assert 180 < lettering.alpha.shape[0] < 420
    assert len(lettering.texts) > 15


@pytest.mark.parametrize("sagitta", [14.0, -11.0])
def test_bent_words_lie_in_their_outlines(sans: str, sagitta: float) -> None:
    flat = set_lines([Line(["|||||||||||||"], sans, 40)], Setting(), pad=4)
    assert flat is not None
    bent = typesetter.bowed(flat, sagitta)
    outline = bent.details[0].outline()
    assert outline.shape == (14, 2)
    top, bottom = outline[:7], outline[:6:-1]
    margin = 0.06 * (flat.quads[0, 3, 1] - flat.quads[0, 0, 1])
    for (x, y), (_, under) in zip(top[1:-1], bottom[1:-1], strict=True):
        # The columns of ink nearest to this point begin and end where the outline says.
        columns = bent.alpha[:, int(x) - 6 : int(x) + 7].max(axis=1)
        rows = np.flatnonzero(columns > HAZE)
        assert rows[0] == pytest.approx(y + margin, abs=2.5)
        assert rows[-1] + 1 == pytest.approx(under - margin, abs=2.5)


def test_characters_of_bent_words_go_along(sans: str) -> None:
    flat = set_lines([Line(["|||||||||||||"], sans, 40)], Setting(), pad=4)
    assert flat is not None
    characters = typesetter.bowed(flat, 14.0).details[0].characters()
    # The middle one is the highest.
    tops = characters[:, :2, 1].mean(axis=1)
    assert np.argmin(tops) == 6
    assert all(after > before for before, after in pairwise(characters[:, 0, 0]))
