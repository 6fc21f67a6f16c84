"""Suppression, worked by hand and against the plain loop."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from quads import box

from ocrkit import geometry
from ocrkit.detect._nms import overlapping, suppress
from ocrkit.types import Detections


def detections(*quads, scores):
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    return Detections(stack, np.asarray(scores, np.float32))


def plain(found, threshold):
    """The textbook loop."""
    kept = []
    for index in np.argsort(-found.scores, kind="stable"):
        if all(geometry.iou(found.quads[index], found.quads[[k]])[0] <= threshold for k in kept):
            kept.append(index)
    return found[np.asarray(kept, np.intp)]


def test_iou_of_pairs_by_hand():
    first, second, iou = overlapping(
        np.stack([box(0, 0, 4, 2), box(9, 9, 10, 10), box(2, 0, 6, 2)])
    )
    assert (first.tolist(), second.tolist()) == ([0], [2])
    np.testing.assert_allclose(iou, [4 / 12], rtol=1e-6)


def test_a_suppressed_quad_suppresses_nothing():
    # 0 covers 1, 1 covers 2, but 0 and 2 overlap little: the best and the last stay.
    row = [box(0, 0, 10, 4), box(4, 0, 14, 4), box(8, 0, 18, 4)]
    kept = suppress(detections(*row, scores=[0.9, 0.8, 0.7]), 0.3)
    np.testing.assert_allclose(kept.scores, [0.9, 0.7])


def test_equal_scores_keep_the_first():
    kept = suppress(detections(box(0, 0, 9, 9), box(0, 0, 9, 8), scores=[0.5, 0.5]), 0.5)
    assert kept.quads[:, 2, 1].tolist() == [9]


def test_nothing_comes_of_nothing():
    assert len(suppress(Detections.empty(), 0.5)) == 0


sides = st.floats(2, 40, width=32)
quads = st.lists(
    st.builds(
        lambda x, y, w, h, turn: geometry.upright(
            (
                box(-w / 2, -h / 2, w / 2, h / 2)
                @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
                + (x, y)
            ).astype(np.float32)
        ),
        x=st.floats(0, 60),
        y=st.floats(0, 60),
        w=sides,
        h=sides,
        turn=st.floats(-1.5, 1.5),
    ),
    min_size=1,
    max_size=12,
)


@given(quads, st.integers(0, 2**31), st.floats(0.1, 0.9))
def test_the_same_as_the_plain_loop_and_idempotent(stack, seed, threshold):
    scores = np.random.default_rng(seed).random(len(stack)).astype(np.float32)
    found = detections(*stack, scores=scores)
    kept = suppress(found, threshold)
    np.testing.assert_array_equal(kept.quads, plain(found, threshold).quads)
    np.testing.assert_array_equal(suppress(kept, threshold).quads, kept.quads)
