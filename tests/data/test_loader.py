import pickle
from itertools import islice
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.data import loader
from ocrkit.data.loader import BatchSize, Example, Skipped, Stream, by_width, summary
from ocrkit.errors import DataError, ImageError
from ocrkit.types import Sample


class Targets(NamedTuple):
    number: np.ndarray


class Numbers:
    """Samples named by a letter and a number of 0 to 99."""

    def __init__(self, letter, broken=0.0, drawn=False):
        self.letter, self.broken, self.drawn = letter, broken, drawn

    def draw(self, rng):
        number = int(rng.integers(100))
        if rng.random() < self.broken:
            raise ImageError(f"{self.letter}.png: not a picture")
        image = np.full((4, 8 + number % 10, 3), number, np.uint8)
        quads = np.zeros((1, 4, 2), np.float32)
        return f"{self.letter}{number}", Sample(image, quads, ("x",), np.zeros(1, bool))


def prepare(name, sample, drawn, rng):
    if sample.image[0, 0, 0] == 13:
        yield Skipped(name, "unlucky")
        return
    image = sample.image[None, ..., 0].astype(np.float32)
    yield Example(name, image, Targets(np.array(sample.image[0, 0, 0], np.int64)))


def twice(name, sample, drawn, rng):
    yield from prepare(name, sample, drawn, rng)
    yield from prepare(name, sample, drawn, rng)


def stack(images):
    width = max(i.shape[-1] for i in images)
    return np.stack([np.pad(i, ((0, 0), (0, 0), (0, width - i.shape[-1]))) for i in images])


def stream(sources=None, size=None, seed=(0,), prepare=prepare):
    sources = sources or [(Numbers("a"), 1.0)]
    return Stream(sources, prepare, stack, size or BatchSize(8, 1000, 32), seed)


def names(stream, batches):
    return [batch.names for batch in islice(stream, batches)]


def test_targets_belong_to_the_images_and_keep_their_type():
    batch = next(iter(stream()))
    assert isinstance(batch.targets, Targets)
    assert batch.images.shape[:3] == (8, 1, 4)
    assert batch.targets.number.tolist() == [int(name[1:]) for name in batch.names]
    assert batch.images[:, 0, 0, 0].tolist() == batch.targets.number.tolist()


def test_the_seed_decides():
    assert names(stream(), 9) == names(stream(), 9)
    assert names(stream(), 9) != names(stream(seed=(1,)), 9)
    assert names(stream(seed=(0, 5)), 9) != names(stream(seed=(0, 6)), 9)


def test_weights_are_shares_of_the_examples_also_where_samples_give_several():
    def both(name, sample, drawn, rng):
        return (prepare if name[0] == "a" else twice)(name, sample, drawn, rng)

    sources = [(Numbers("a"), 3.0), (Numbers("b"), 1.0), (Numbers("c"), 0.0)]
    found = "".join(
        name[0] for group in names(stream(sources, prepare=both), 250) for name in group
    )
    assert len(found) == 2000
    assert found.count("b") == pytest.approx(500, abs=80)
    assert "c" not in found


def test_no_source_with_weight_is_an_error():
    with pytest.raises(DataError, match="no source has a weight"):
        stream([(Numbers("a"), 0.0)])


def test_what_is_skipped_travels_with_the_batches_once():
    batches = list(islice(stream([(Numbers("a", broken=0.2), 1.0)]), 200))
    skipped = [s for batch in batches for s in batch.skipped]
    reasons = {s.reason for s in skipped}
    assert reasons == {"unlucky", "a.png: not a picture"}
    broken = sum(s.reason != "unlucky" for s in skipped)
    assert broken == pytest.approx(1600 / 0.8 * 0.2, rel=0.25)
    assert "a13" not in {name for batch in batches for name in batch.names}


def test_a_source_that_gives_nothing_is_found_before_training():
    with pytest.raises(DataError, match=r"200 samples in a row .* 200 x a.png: not a picture"):
        stream([(Numbers("b"), 1.0), (Numbers("a", broken=1.0), 1.0)]).check()
    stream([(Numbers("b"), 1.0)]).check()


def test_a_source_without_words_is_told_apart():
    with pytest.raises(DataError, match="they hold no words"):
        stream(prepare=lambda *_: []).check()


def example(width):
    return Example(str(width), np.zeros((1, 4, width), np.float32), ())


@given(
    st.lists(st.integers(1, 60), max_size=60),
    st.integers(1, 9),
    st.integers(1, 200),
)
def test_groups_hold_as_much_as_they_may_and_lose_nothing(widths, most, columns):
    size = BatchSize(most, columns, 1)
    groups, rest = by_width([example(width) for width in widths], size)
    in_order = [e.image.shape[-1] for group in [*groups, rest] for e in group]
    assert in_order == sorted(widths)
    for group in groups:
        widest = group[-1].image.shape[-1]
        assert len(group) == 1 or (len(group) <= most and len(group) * widest <= columns)
    assert not rest or size.holds(len(rest) + 1, rest[-1].image.shape[-1])


def test_groups_by_hand():
    groups, rest = by_width([example(w) for w in (30, 10, 20, 10, 30, 25)], BatchSize(3, 60, 6))
    assert [[e.name for e in g] for g in groups] == [["10", "10", "20"], ["25", "30"]]
    assert [e.name for e in rest] == ["30"]


def test_a_small_pool_still_fills_batches():
    assert len(next(iter(stream(size=BatchSize(8, 1000, 1)))).names) == 8


def test_summary_counts_reasons_and_names_one_of_each():
    skipped = [Skipped("a", "long"), Skipped("b", "long"), Skipped("", "c.png: bad")]
    assert summary(skipped) == "2 x long (as a); 1 x c.png: bad"
    assert summary(skipped, most=1) == "2 x long (as a); ..."
    assert summary([]) == ""


def test_batches_move():
    batch = next(iter(stream()))
    moved = batch.to(batch.images.device)
    assert isinstance(moved.targets, Targets)
    assert moved.names == batch.names


def test_streams_go_to_other_processes():
    copy = pickle.loads(pickle.dumps(stream()))
    assert names(copy, 3) == names(stream(), 3)


@pytest.mark.slow
def test_workers_draw_different_samples():
    batches = list(islice(iter(loader.loader(stream(), 2)), 4))
    assert len({batch.names for batch in batches}) == 4
