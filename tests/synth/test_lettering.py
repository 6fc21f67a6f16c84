from itertools import pairwise

import numpy as np
import pytest

from ocrkit.synth.glyphs import HAZE
from ocrkit.synth.lettering import LEAST_GAP, Line, Setting, set_lines


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
