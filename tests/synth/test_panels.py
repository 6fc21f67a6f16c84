import numpy as np
import pytest

from ocrkit.synth import panels
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.lettering import Lettering, Line, Setting, set_lines
from ocrkit.synth.panels import Panel
from ocrkit.synth.style import SceneStyle
from ocrkit.types import Image

NOTHING = SceneStyle(*[0.0] * len(SceneStyle._fields))


@pytest.fixture
def lettering(sans: str) -> Lettering:
    lettering = set_lines([Line(["Fresh", "milk"], sans, 40), Line(["2.50"], sans, 60)],
                          Setting(), pad=8)  # fmt: skip
    assert lettering is not None
    return lettering


def check_place(panel: Panel, lettering: Lettering) -> np.ndarray:
    """The words have moved all alike, their details with them, and something is drawn there."""
    height, width = panel.cover.shape
    assert panel.image.shape == (height, width, 3)
    assert panel.texts == lettering.texts
    shift = panel.quads[0, 0] - lettering.quads[0, 0]
    assert (panel.quads == lettering.quads + shift).all()
    for quad, moved, still in zip(panel.quads, panel.details, lettering.details, strict=True):
        assert moved.outline() == pytest.approx(still.outline() + shift, abs=1e-3)
        assert moved.characters() == pytest.approx(still.characters() + shift, abs=1e-3)
        left, top, right, bottom = (*quad[0].astype(int), *quad[2].astype(int))
        assert left >= 0
        assert top >= 0
        assert right <= width
        assert bottom <= height
        seen = panel.image[top:bottom, left:right].astype(int)
        assert seen.std(axis=(0, 1)).max() > 4
    return np.asarray(shift)


def likeness(panel: Panel, lettering: Lettering, shift: np.ndarray) -> float:
    """How well the letters in the picture agree with the mask, in [0, 1]."""
    x, y = shift.astype(int)
    height, width = lettering.alpha.shape
    # The margin round the lettering may be narrower than its own.
    seen = panel.image[max(y, 0) : y + height, max(x, 0) : x + width].reshape(-1, 3).T
    drawn = lettering.alpha[max(-y, 0) :, max(-x, 0) :].ravel()
    varying = [channel for channel in seen if channel.std() > 1]
    return max(abs(float(np.corrcoef(channel, drawn)[0, 1])) for channel in varying)


@pytest.mark.parametrize("field", ["framed", "lit", "poster", "solid", "relief"])
def test_boards(lettering: Lettering, photograph: Image, field: str) -> None:
    style = NOTHING._replace(**{field: 1.0})
    for seed in range(15):
        rng = np.random.default_rng(seed)
        panel = panels.board(lettering, Backgrounds([photograph]), style, rng)
        shift = check_place(panel, lettering)
        if field in ("framed", "poster"):
            assert likeness(panel, lettering, shift) > 0.5


@pytest.mark.parametrize("neon", [False, True])
def test_shining_signs(lettering: Lettering, photograph: Image, neon: bool) -> None:
    for seed in range(10):
        rng = np.random.default_rng(seed)
        check_place(panels.shining(lettering, Backgrounds([photograph]), neon, rng), lettering)


def test_plates(lettering: Lettering) -> None:
    for seed in range(10):
        check_place(panels.plate(lettering, np.random.default_rng(seed)), lettering)


def test_bare_lettering_hides_no_more_than_its_ink(lettering: Lettering) -> None:
    ground = np.full(3, 200, np.float32)
    plain = panels.bare(lettering, ground, 3.0, NOTHING, np.random.default_rng(0))
    check_place(plain._replace(image=plain.cover[..., None] * np.ones(3, np.uint8)), lettering)
    assert not plain.cover[lettering.alpha == 0].any()


def test_frames_hide_the_wall_and_throw_a_shadow(lettering: Lettering) -> None:
    style = NOTHING._replace(framed=1.0)
    for seed in range(10):
        rng = np.random.default_rng(seed)
        plain = Panel(np.zeros((50, 80, 3), np.uint8), np.full((50, 80), 255, np.uint8),
                      np.zeros((0, 4, 2), np.float32), ())  # fmt: skip
        framed = panels.finished(plain, Backgrounds(), style, rng)
        height, width = framed.cover.shape
        assert height > 50
        assert width > 80
        assert (framed.cover == 255).sum() >= 52 * 82
        assert framed.cover[-1, 0] < 255 or height - 50 == width - 80


def test_blanks_say_nothing(photograph: Image) -> None:
    for seed in range(20):
        rng = np.random.default_rng(seed)
        panel = panels.blank(30, 70, Backgrounds([photograph]), SceneStyle(), rng)
        assert panel.image.shape == (30, 70, 3)
        assert panel.texts == ()
        assert panel.quads.shape == (0, 4, 2)
