"""CTC: loss, likelihoods, beam and alignment against an enumeration of all paths; on paper."""

import itertools
import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.recognize import _ctc
from ocrkit.recognize._prefix_beam import prefix_beam
from ocrkit.text import Charset

AB = Charset("ab")


def collapse(path):
    return [k for k, _ in itertools.groupby(path) if k != _ctc.BLANK]


def one_hot(path, classes=3, certainty=0.9):
    rows = np.full((len(path), classes), (1 - certainty) / (classes - 1), np.float32)
    rows[np.arange(len(path)), path] = certainty
    return rows


def enumerated(rows):
    """Each labelling's probability, and its most probable path."""
    totals, paths = {}, {}
    for path in itertools.product(range(rows.shape[1]), repeat=len(rows)):
        label = tuple(collapse(path))
        probability = math.prod(float(rows[t, k]) for t, k in enumerate(path))
        totals[label] = totals.get(label, 0.0) + probability
        if probability > paths.get(label, (0.0, ()))[0]:
            paths[label] = probability, path
    return totals, {label: path for label, (_, path) in paths.items()}


@st.composite
def probabilities(draw, steps=5, classes=4):
    """(T, K) rows that sum to 1; some are sure."""
    shape = draw(st.tuples(st.integers(1, steps), st.integers(2, classes)))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    logits = draw(st.sampled_from([0.3, 1.0, 4.0])) * generator.normal(size=shape)
    return torch.from_numpy(logits).softmax(-1).numpy()


def runs(path):
    """First step, and the one after the last, of each run of a label."""
    edges = [t for t in range(len(path)) if t == 0 or path[t] != path[t - 1]]
    ends = [*edges[1:], len(path)]
    return [[s, e] for s, e in zip(edges, ends, strict=True) if path[s] != _ctc.BLANK]


@pytest.mark.parametrize("label", [[1], [1, 2], [1, 1], [2, 1, 2], []])
def test_loss_is_the_sum_over_all_paths(label):
    torch.manual_seed(0)
    logits = torch.randn(1, 4, 3)
    probabilities = logits.softmax(-1)[0]
    total = sum(
        math.prod(probabilities[t, k].item() for t, k in enumerate(path))
        for path in itertools.product(range(3), repeat=4)
        if collapse(path) == label
    )
    padded = torch.tensor([label + [0] * (4 - len(label))])
    loss = _ctc.ctc_loss(logits, padded, torch.tensor([len(label)]))
    assert loss.item() == pytest.approx(-math.log(total) / max(len(label), 1), rel=1e-4)


def test_a_label_that_does_not_fit_counts_as_zero():
    logits = torch.zeros(1, 3, 3, requires_grad=True)
    loss = _ctc.ctc_loss(logits, torch.tensor([[1, 1, 1]]), torch.tensor([3]))  # needs 5 steps
    loss.backward()
    assert loss.item() == 0
    assert torch.isfinite(logits.grad).all()


@pytest.mark.parametrize(
    ("text", "steps"), [("", 0), ("ab", 2), ("aa", 3), ("aabb", 6), ("aba", 3)]
)
def test_frames_needed(text, steps):
    assert _ctc.frames_needed(text) == steps


def test_labels_never_hold_the_blank():
    assert _ctc.labels(AB, "ab").tolist() == [1, 2]
    with pytest.raises(ValueError, match="'c'"):
        _ctc.labels(AB, "abc")


def test_greedy_by_hand():
    reading = _ctc.greedy(one_hot([0, 1, 1, 0, 1, 2, 2, 0]), AB)
    assert reading.text == "aab"
    assert [c.span for c in reading.characters] == [(1 / 8, 3 / 8), (4 / 8, 5 / 8), (5 / 8, 7 / 8)]
    assert reading.confidence == pytest.approx(0.9, rel=1e-5)


def test_confidence_is_the_geometric_mean():
    rows = one_hot([1, 0, 2])
    rows[2] = [0.3, 0.3, 0.4]
    assert _ctc.greedy(rows, AB).confidence == pytest.approx(math.sqrt(0.9 * 0.4), rel=1e-5)


def test_nothing_but_blanks_is_empty():
    reading = _ctc.greedy(one_hot([0, 0, 0]), AB)
    assert (reading.text, reading.confidence, reading.characters) == ("", 0.0, ())


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_greedy_collapses_as_the_definition_says(path):
    assert _ctc.greedy(one_hot(path), AB).text == AB.decode(k - 1 for k in collapse(path))


@given(st.lists(st.integers(1, 2), max_size=8))
def test_blanks_between_all_characters_give_the_text_back(label):
    path = [0, *itertools.chain.from_iterable((k, 0) for k in label)]
    assert _ctc.greedy(one_hot(path), AB).text == AB.decode(k - 1 for k in label)


def best_of(rows, width):
    (found,) = prefix_beam(np.asarray(rows)[None], width)
    return found[0]


@given(probabilities())
def test_a_wide_beam_knows_all_labellings_and_their_order(rows):
    totals, _ = enumerated(rows)
    (found,) = prefix_beam(np.asarray(rows)[None], width=1000)
    known = {tuple(labelling.labels): math.exp(labelling.log) for labelling in found}
    assert len(known) == len(found)
    assert known == pytest.approx({k: v for k, v in totals.items() if v > 0}, rel=1e-9)
    assert [labelling.log for labelling in found] == sorted(known_logs(found), reverse=True)


def known_logs(found):
    return [labelling.log for labelling in found]


def test_pictures_are_searched_as_if_alone():
    rng = np.random.default_rng(3)
    rows = rng.dirichlet(np.ones(5), (6, 9))
    for alone, together in zip(rows, prefix_beam(rows, 4), strict=True):
        (found,) = prefix_beam(alone[None], 4)
        assert known_logs(found) == known_logs(together)
        assert all(np.array_equal(a.labels, b.labels) for a, b in zip(found, together, strict=True))


@given(probabilities())
def test_a_wide_beam_finds_the_most_probable_labelling(rows):
    totals, _ = enumerated(rows)
    label, log_probability = best_of(rows, width=1000)
    assert math.exp(log_probability) == pytest.approx(max(totals.values()), rel=1e-9)
    assert totals[tuple(label)] == pytest.approx(max(totals.values()), rel=1e-9)


def test_a_beam_sums_where_the_best_path_does_not():
    """Two steps, blank 0.6 and `a` 0.4: the path of blanks has 0.36, the three others 0.64."""
    rows = np.array([[0.6, 0.4], [0.6, 0.4]])
    label, log_probability = best_of(rows, width=2)
    assert (label.tolist(), _ctc.greedy(rows, Charset("a")).text) == ([1], "")
    assert log_probability == pytest.approx(math.log(0.64))


@given(probabilities(), st.integers(1, 3))
def test_a_narrow_beam_claims_no_more_than_is_true(rows, width):
    totals, _ = enumerated(rows)
    label, log_probability = best_of(rows, width)
    assert math.exp(log_probability) <= totals[tuple(label)] * (1 + 1e-9)


def test_a_beam_keeps_no_more_prefixes_than_its_width():
    """With one prefix kept, the empty one has the most at first (0.6); `a` then has 0.24 of it.

    What `a` had of its own, 0.4 of which 0.24 + 0.16 would have stayed, was dropped.
    """
    rows = np.array([[0.6, 0.4], [0.6, 0.4]])
    label, log_probability = best_of(rows, width=1)
    assert label.tolist() == []
    assert log_probability == pytest.approx(math.log(0.36))


def test_long_inputs_do_not_underflow():
    rows = np.full((3000, 3), 1 / 3)
    assert np.isfinite(best_of(rows, 4).log)
    found = _ctc.likelihoods(rows, [np.array([1, 2]), np.array([1] * 400)])
    assert np.isfinite(found).all()
    assert found[0] == pytest.approx(torch_likelihood(rows, [1, 2]), rel=1e-9)


def torch_likelihood(rows, label):
    logs = torch.from_numpy(np.asarray(rows)).log()[:, None]
    lengths = torch.tensor([len(rows)]), torch.tensor([len(label)])
    return -torch.nn.functional.ctc_loss(
        logs, torch.tensor([label], dtype=torch.long), *lengths, reduction="sum"
    ).item()


@given(probabilities())
def test_likelihoods_are_the_sums_over_all_paths(rows):
    totals, _ = enumerated(rows)
    found = _ctc.likelihoods(rows, [np.array(label, np.int64) for label in totals])
    assert np.exp(found) == pytest.approx(list(totals.values()), rel=1e-9)


@given(
    st.lists(st.lists(st.integers(1, 5), max_size=12), min_size=1, max_size=8), st.integers(0, 99)
)
def test_likelihoods_are_those_of_torch(labels, seed):
    """Words of different lengths side by side; what needs more steps than there are is -inf."""
    rows = torch.randn(13, 6, generator=torch.Generator().manual_seed(seed)).softmax(-1).numpy()
    found = _ctc.likelihoods(rows, [np.array(label, np.int64) for label in labels])
    assert found == pytest.approx([torch_likelihood(rows, label) for label in labels], rel=1e-4)


def test_what_may_not_be_said_has_no_likelihood():
    rows = np.array([[0.5, 0.5, 0.0]] * 4)
    found = _ctc.likelihoods(rows, [np.array([1]), np.array([2]), np.array([1, 1, 1])])
    # `a` is one run of 1 to 4 of 4 steps: 4 + 3 + 2 + 1 of 16 paths. `aaa` needs 5 steps.
    assert found.tolist() == [pytest.approx(math.log(10 / 16)), -math.inf, -math.inf]


@given(probabilities())
def test_the_alignment_is_the_best_path_of_its_labelling(rows):
    _, paths = enumerated(rows)
    for label, path in paths.items():
        assert _ctc.align(rows, np.array(label, np.int64)).tolist() == runs(path)


def test_an_alignment_of_what_does_not_fit_is_refused():
    with pytest.raises(ValueError, match="2 labels do not fit into 2 time steps"):
        _ctc.align(one_hot([1, 1]), np.array([1, 1]))


def test_even_the_impossible_is_aligned():
    rows = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [1.0, 0.0, 0.0]])
    assert _ctc.align(rows, np.array([1, 2])).tolist() == [[1, 2], [2, 3]]


def test_spelt_by_hand():
    """Frames say a a - b, the last with 0.4; `ab` stands there with what these frames give it."""
    rows = one_hot([1, 1, 0, 2])
    rows[3] = [0.5, 0.1, 0.4]
    reading = _ctc.spell(rows, np.array([1, 2]), AB)
    assert (reading.text, [c.text for c in reading.characters]) == ("ab", ["a", "b"])
    assert [c.span for c in reading.characters] == [(0, 1 / 2), (3 / 4, 1)]
    assert reading.confidence == pytest.approx(math.sqrt(0.9 * 0.4), rel=1e-5)
    assert _ctc.spell(rows, np.array([], np.int64), AB).text == ""


@given(st.lists(st.integers(0, 2), min_size=1, max_size=12))
def test_what_is_greedily_read_is_spelt_alike(path):
    rows = one_hot(path)
    read = _ctc.greedy(rows, AB)
    assert _ctc.spell(rows, _ctc.labels(AB, read.text), AB) == read
