import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.train import schedule


@pytest.mark.parametrize(
    ("step", "elapsed", "limit", "expected"),
    [
        (0, 0, None, 0),
        (25, 0, None, 0.25),
        (100, 0, None, 1),
        (130, 0, None, 1),
        (25, 30, 60, 0.5),  # time is further
        (75, 30, 60, 0.75),  # steps are further
        (25, 90, 60, 1),
    ],
)
def test_progress(step, elapsed, limit, expected):
    assert schedule.progress(step, 100, elapsed, limit) == pytest.approx(expected)


@pytest.mark.parametrize(
    ("step", "warmup", "done", "expected"),
    [
        (0, 4, 0, 0.25),
        (3, 4, 0, 1),
        (0, 0, 0, 1),
        (9, 4, 0.5, 0.02 + 0.98 / 2),
        (9, 4, 1, 0.02),
        (0, 4, 0.25, 0.25 * (0.02 + 0.98 * (1 + math.sqrt(0.5)) / 2)),
    ],
)
def test_rate_factor(step, warmup, done, expected):
    assert schedule.rate_factor(step, warmup, done) == pytest.approx(expected)


@given(st.integers(0, 1000), st.integers(0, 50), st.floats(0, 1))
def test_rate_factor_is_a_share(step, warmup, done):
    assert 0 < schedule.rate_factor(step, warmup, done) <= 1


def test_average_decay():
    assert schedule.average_decay(0, 0.999) == pytest.approx(1 / 20)
    assert schedule.average_decay(18, 0.999) == pytest.approx(0.5)
    assert schedule.average_decay(10**6, 0.999) == 0.999
