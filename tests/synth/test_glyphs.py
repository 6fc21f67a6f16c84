import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import ImageFont

from ocrkit.synth.glyphs import HAZE, Ink, bend, draw_text
from ocrkit.text import LATIN94


def assert_tight(ink: Ink) -> None:
    """The quad is upright, has ink at each of its four sides and none outside."""
    (left, top), (right, bottom) = ink.quad[0].astype(int), ink.quad[2].astype(int)
    assert ink.quad.tolist() == [[left, top], [right, top], [right, bottom], [left, bottom]]
    dark = ink.alpha > HAZE
    inside = dark[top:bottom, left:right]
    assert dark.sum() == inside.sum()
    assert all(edge.any() for edge in (inside[0], inside[-1], inside[:, 0], inside[:, -1]))


@settings(max_examples=60, deadline=None)
@given(
    st.text(LATIN94, min_size=1, max_size=12),
    st.integers(8, 60),
    st.sampled_from([0.0, -0.04, 0.3]),
    st.integers(0, 9),
)
def test_quads_are_tight(sans: str, text: str, size: int, tracking: float, pad: int) -> None:
    ink = draw_text(text, sans, size, pad=pad, tracking=tracking)
    assert ink is not None
    assert_tight(ink)
    assert ink.quad[0].tolist() == [pad, pad]
    assert ink.alpha.shape == (ink.quad[2, 1] + pad, ink.quad[2, 0] + pad)


@pytest.mark.parametrize("tracking", [0.0, 0.2])
def test_letters_stand_on_the_baseline(sans: str, tracking: float) -> None:
    for text in ("H", "HE", "Hg"):
        ink = draw_text(text, sans, 40, pad=5, tracking=tracking)
        capital = draw_text("H", sans, 40, pad=5, tracking=tracking)
        assert ink is not None
        assert capital is not None
        assert abs(ink.baseline - 5 - (capital.quad[2, 1] - 5)) <= 1
        assert (ink.quad[2, 1] > ink.baseline + 5) == ("g" in text)


@pytest.mark.parametrize("tracking", [0.0, 0.2])
def test_spaces_leave_no_ink(sans: str, tracking: float) -> None:
    assert draw_text("  ", sans, 20, tracking=tracking) is None


def test_tracking_widens_every_gap(sans: str) -> None:
    plain, wide = (draw_text("HHHH", sans, 40, pad=0, tracking=t) for t in (0.001, 0.5))
    assert plain is not None
    assert wide is not None
    assert wide.quad[2, 0] - plain.quad[2, 0] == pytest.approx(3 * 0.5 * 40, abs=2)


def test_faces_may_lie_about_their_metrics(sans: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Some faces state a negative descent, larger than half their ascent.
    honest = draw_text("Agp", sans, 48, tracking=0.1)
    monkeypatch.setattr(ImageFont.FreeTypeFont, "getmetrics", lambda self: (58, -38))
    lied = draw_text("Agp", sans, 48, tracking=0.1)
    assert honest is not None
    assert lied is not None
    assert np.array_equal(honest.alpha, lied.alpha)


@pytest.mark.parametrize("sagitta", [9.0, -9.0])
def test_bent_text_rises_in_its_middle(sans: str, sagitta: float) -> None:
    flat = draw_text("HHHHHHHHH", sans, 30, pad=4)
    assert flat is not None
    bent = bend(flat, sagitta)
    assert_tight(bent)
    left, right = int(bent.quad[0, 0]), int(bent.quad[1, 0])
    middle = (left + right) // 2
    # The outermost stems, and those of the fifth H.
    starts, half = (left, right - 3, middle - 10), 20
    parts = [bent.alpha[:, x : x + (3 if x != middle - 10 else half)] > HAZE for x in starts]
    first, last, central = (int(np.flatnonzero(part.any(axis=1))[0]) for part in parts)
    assert abs(first - last) <= 1
    assert first - central == pytest.approx(sagitta, abs=2)
