from itertools import pairwise

import numpy as np
import pytest

from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import LEAST_GAP, MARGIN, Line, Setting, grown, set_lines, subdivided


def boxes(quads: np.ndarray) -> list[tuple[int, int, int, int]]:
    """Left, top, right and bottom of upright quads."""
    return [(*q[0].astype(int), *q[2].astype(int)) for q in quads]


def test_quads_hold_all_ink_and_are_tight(sans: str) -> None:
    lines = [Line(["Agile", "by", "(jX)"], sans, 30), Line(["12.5", "quay"], sans, 17)]
    lettering = set_lines(lines, Setting(), pad=6)
    assert lettering is not None
    assert lettering.texts == ("Agile", "by", "(jX)", "12.5", "quay")
    dark, left_over = lettering.alpha > HAZE, lettering.alpha > HAZE
    for left, top, right, bottom in boxes(lettering.quads):
        word = dark[top:bottom, left:right]
        assert all(e.any() for e in (word[0], word[-1], word[:, 0], word[:, -1]))
        left_over[top:bottom, left:right] = False
    assert not left_over.any()
    assert lettering.quads.min() == 6
    assert (lettering.quads.max(axis=(0, 1)) + 6).tolist() == list(lettering.alpha.shape[::-1])


def test_words_keep_their_distance(sans: str) -> None:
    lettering = set_lines([Line(["HH", "HH", "HH"], sans, 40)], Setting(space=0.5), pad=0)
    assert lettering is not None
    edges = boxes(lettering.quads)
    assert [b[0] - a[2] for a, b in pairwise(edges)] == [20, 20]


def test_words_of_a_line_share_a_baseline(sans: str) -> None:
    lettering = set_lines([Line(["ace", "ACE", "bdk"], sans, 40)], Setting(), pad=0)
    assert lettering is not None
    bottoms = lettering.quads[:, 2, 1]
    assert np.ptp(bottoms) <= 1
    assert lettering.quads[0, 0, 1] > lettering.quads[1, 0, 1] + 5


@pytest.mark.parametrize("leading", [0.2, 1.0])
def test_lines_never_touch(sans: str, leading: float) -> None:
    lines = [Line(["gjpqy"], sans, 30), Line(["(ATl|"], sans, 30), Line(["fgh"], sans, 12)]
    lettering = set_lines(lines, Setting(leading=leading), pad=0)
    assert lettering is not None
    first, second, third = boxes(lettering.quads)
    assert second[1] - first[3] >= round(LEAST_GAP * 30) - 1
    assert third[1] - second[3] >= 2


def test_leading_is_the_distance_of_baselines(sans: str) -> None:
    lettering = set_lines([Line(["HH"], sans, 30)] * 3, Setting(leading=2.0), pad=0)
    assert lettering is not None
    assert np.diff(lettering.quads[:, 2, 1]).tolist() == [60, 60]


@pytest.mark.parametrize(("align", "left"), [(0.0, 0), (0.5, 0.5), (1.0, 1)])
def test_alignment(sans: str, align: float, left: float) -> None:
    lines = [Line(["WWWWWW"], sans, 30), Line(["i"], sans, 30)]
    lettering = set_lines(lines, Setting(align=align), pad=0)
    assert lettering is not None
    wide, narrow = boxes(lettering.quads)
    spare = wide[2] - wide[0] - (narrow[2] - narrow[0])
    assert narrow[0] == pytest.approx(left * spare, abs=1)


def test_nothing_to_set(sans: str) -> None:
    assert set_lines([], Setting(), pad=3) is None
    assert set_lines([Line([" "], sans, 20), Line([], sans, 20)], Setting(), pad=3) is None


@pytest.mark.parametrize("tracking", [0.0, 0.25])
@pytest.mark.parametrize("text", ["Hill", "AVATAR", "jy,T.", "12:45"])
def test_characters_fit_their_ink(sans: str, text: str, tracking: float) -> None:
    lettering = set_lines([Line([text], sans, 40)], Setting(tracking=tracking), pad=5)
    assert lettering is not None
    characters = lettering.details[0].characters()
    assert characters.shape == (len(text), 4, 2)
    dark = lettering.alpha > HAZE
    (left, top), (right, bottom) = characters.min(axis=(0, 1)), characters.max(axis=(0, 1))
    word = lettering.quads[0]
    assert [left, top, right, bottom] == pytest.approx([*word[0], *word[2]], abs=1.01)
    for box in boxes(characters):
        x0, y0, x1, y1 = box
        ink = dark[y0:y1, x0:x1]
        # Ink within a pixel of every side; kerned neighbours may reach into the box.
        assert all(e.any() for e in (ink[:2], ink[-2:], ink[:, :2], ink[:, -2:]))


def test_details_name_lines_and_loose_outlines(sans: str) -> None:
    lines = [Line(["Agile", "by"], sans, 30), Line(["12.5"], sans, 17)]
    lettering = set_lines(lines, Setting(), pad=6)
    assert lettering is not None
    assert [detail.line for detail in lettering.details] == [0, 0, 1]
    for quad, detail in zip(lettering.quads, lettering.details, strict=True):
        assert detail.outline() == pytest.approx(grown(quad[None])[0])
        moved = detail.mapped(lambda points: points * 2)
        assert moved.outline() == pytest.approx(2 * detail.outline())
        assert moved.characters() == pytest.approx(2 * detail.characters())


def test_justified_lines_end_together(sans: str) -> None:
    lines = [Line(["tea", "green", "1.50"], sans, 20), Line(["coffee", "10.00"], sans, 20)]
    lettering = set_lines(lines, Setting(align=0.0, justified=True), pad=3)
    assert lettering is not None
    ends = lettering.quads[[2, 4], 1, 0]
    assert ends[0] == ends[1] == lettering.alpha.shape[1] - 3
    assert lettering.quads[[0, 3], 0, 0].tolist() == [3, 3]


def test_the_margin_round_the_ink() -> None:
    quad = np.array([[[10, 20], [60, 20], [60, 70], [10, 70]]], np.float32)
    assert MARGIN == 0.06
    assert grown(quad).tolist() == [[[7, 17], [63, 17], [63, 73], [7, 73]]]


def test_outlines_are_divided_along_top_and_bottom() -> None:
    quad = np.array([[0, 0], [20, 10], [20, 30], [0, 20]], np.float32)
    ring = subdivided(quad, 3)
    assert ring.tolist() == [[0, 0], [10, 5], [20, 10], [20, 30], [10, 25], [0, 20]]
    assert subdivided(ring) is ring
