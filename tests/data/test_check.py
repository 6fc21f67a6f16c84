"""What is wrong with a dataset: each kind of problem, and what is no problem."""

import threading

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.data import Dataset, Labels
from ocrkit.data._parallel import AHEAD, in_order
from ocrkit.data.check import Problem, Reason, Rules, check, check_sample
from ocrkit.data.sets.crops import Crops, CropsConfig
from ocrkit.errors import DataError, ImageError
from ocrkit.image import write_image

QUAD = [[10, 5], [30, 5], [30, 15], [10, 15]]


class Fake(Dataset):
    """Samples of 60 x 40 px (width x height) whose labels, or errors, are given."""

    def __init__(self, *labels, image=None, place="pictures/"):
        self._labels = labels
        self._image = np.zeros((40, 60, 3), np.uint8) if image is None else image
        self._place = place

    def __len__(self):
        return len(self._labels)

    def name(self, index):
        return f"s{index}"

    def place(self, index):
        return _given(f"{self._place}s{index}" if isinstance(self._place, str) else self._place)

    def labels(self, index):
        return _given(self._labels[index])

    def image(self, index):
        return _given(self._image)


def _given(value):
    if isinstance(value, Exception):
        raise value
    return value


def scene(*words, ignored=()):
    """Labels of words that are rings or (ring, text)."""
    pairs = [word if isinstance(word, tuple) else (word, "abc") for word in words]
    outlines = tuple(np.array(ring, np.float32).reshape(-1, 2) for ring, _ in pairs)
    marks = np.array([i in ignored for i in range(len(pairs))], bool)
    return Labels(outlines, tuple(text for _, text in pairs), marks)


def found(labels, rules=None, **given):
    checked = check_sample(Fake(labels, **given), 0, rules or Rules())
    return [(problem.reason.value, problem.detail) for problem in checked.problems]


def test_a_sound_sample_has_no_problems():
    assert found(scene(QUAD, (QUAD, None))) == []
    assert found(Labels.of_crop("abc")) == []


def test_unreadable_pictures_and_labels_are_told_in_their_own_words():
    both = Fake(DataError("gt.txt:3: no"), image=ImageError("s0.png: is damaged"))
    checked = check_sample(both, 0, Rules())
    assert checked == (
        0,
        0,
        (
            Problem("s0", "pictures/s0", Reason.LABEL, "gt.txt:3: no"),
            Problem("s0", "pictures/s0", Reason.PICTURE, "s0.png: is damaged"),
        ),
    )


def test_the_picture_of_a_bad_label_and_the_label_of_a_bad_picture_are_checked_too():
    assert found(scene((QUAD, "")), image=ImageError("x")) == [
        ("unreadable picture", "x"),
        ("empty text", "s0: word 1 '': the transcription is empty"),
    ]
    assert found(DataError("x")) == [("unreadable label", "x")]
    # Some sets find a sample's files by way of the others.
    assert found(ImageError("x")) == [("unreadable label", "x")]
    assert found(scene(QUAD), image=DataError("x")) == [("unreadable picture", "x")]


def test_a_place_that_cannot_be_told_is_the_name():
    for error in (ImageError("x"), DataError("x")):
        (problem,) = check_sample(Fake(scene(), place=error), 0, Rules()).problems
        assert (problem.sample, problem.place) == ("s0", "s0")


def test_pictures_are_left_alone_on_request():
    assert found(scene(QUAD), Rules(pictures=False), image=ImageError("x")) == []


def test_a_picture_of_which_nothing_is_said():
    assert found(scene()) == [("no words", "s0: no words")]


def test_a_crop_needs_a_text_and_a_word_of_a_scene_does_not():
    assert found(Labels.of_crop(None)) == [("empty text", "s0: has no transcription")]
    assert found(Labels.of_crop("")) == [("empty text", "s0: '': the transcription is empty")]
    assert found(Labels.of_crop(" \t")) == [
        ("empty text", r"s0: ' \t': the transcription is empty")
    ]


def test_characters_outside_the_charset_are_named_once_each():
    rules = Rules(charset=frozenset("abc"))
    assert found(scene((QUAD, "aéb\u00e9中"), (QUAD, "cab")), rules) == [
        (
            "out of charset",
            "s0: word 1 'aébé中': the charset lacks 'é' (U+00E9) '中' (U+4E2D)",
        )
    ]
    assert found(scene((QUAD, "é"))) == []
    assert found(scene((QUAD, "a")), Rules(charset=frozenset())) != []


def test_texts_that_are_too_long():
    labels = scene((QUAD, "abcd"), (QUAD, "abc"), (QUAD, None))
    assert found(labels, Rules(max_length=3)) == [
        ("too long", "s0: word 1 'abcd': has 4 characters, more than 3")
    ]


def test_texts_of_ignored_words_do_not_count_but_their_outlines_do():
    rules = Rules(charset=frozenset("a"), max_length=1)
    labels = scene((QUAD, "###"), (QUAD, ""), (QUAD[::-1], "###"), ignored=(0, 1, 2))
    assert found(labels, rules) == [
        ("counter-clockwise", "s0: word 3 '###': the outline runs counter-clockwise")
    ]


@pytest.mark.parametrize(
    ("ring", "detail"),
    [
        ([[10, 5]] * 4, "the outline has 1 distinct points, not 3 or more"),
        ([[10, 5], [30, 5], [30, 5], [10, 5]], "the outline has 2 distinct points, not 3 or more"),
        ([[10, 5], [20, 5], [30, 5], [40, 5]], "the outline encloses 0 square pixels"),
        ([[10, 5], [11, 5], [11, 5.5], [10, 5.5]], "the outline encloses 0.5 square pixels"),
        # Its hull is large, it is not.
        ([[10, 5], [30, 5], [30, 25], [29.99, 5.01]], "the outline encloses 0.2 square pixels"),
        ([[10, 5], [float("nan"), 5], [30, 15], [10, 15]], "a coordinate is not finite"),
        ([[10, 5], [float("inf"), 5], [30, 15], [10, 15]], "a coordinate is not finite"),
    ],
)
def test_outlines_that_enclose_nothing(ring, detail):
    assert found(scene(ring)) == [("degenerate", f"s0: word 1 'abc': {detail}")]


def test_one_square_pixel_is_enough():
    assert found(scene([[10, 5], [11, 5], [11, 6], [10, 6]])) == []


@pytest.mark.parametrize(
    "ring",
    [
        [[10, 5], [30, 15], [30, 5], [10, 15]],  # a bow tie, whose halves cancel
        [[10, 5], [30, 15], [30, 5], [10, 25]],  # one whose halves do not
        [[10, 5], [40, 5], [40, 20], [25, 4], [10, 20]],  # a dent through the top
        [[10, 5], [40, 5], [40, 20], [25, 5], [10, 20]],  # a dent that touches the top
    ],
)
def test_outlines_that_cross_themselves(ring):
    assert found(scene(ring)) == [
        ("self-crossing", "s0: word 1 'abc': the sides of the outline cross or touch")
    ]


def test_a_point_that_is_repeated_and_a_dent_are_no_crossing():
    assert found(scene([*QUAD, QUAD[-1]], [*QUAD, QUAD[0]])) == []
    assert found(scene([[10, 5], [25, 10], [40, 5], [40, 20], [10, 20]])) == []


def test_an_outline_counter_clockwise_on_screen_is_a_warning():
    labels = scene([[10, 5], [10, 15], [30, 15], [30, 5]])
    assert found(labels) == [
        ("counter-clockwise", "s0: word 1 'abc': the outline runs counter-clockwise")
    ]
    assert {r.value for r in Reason if r.is_warning} == {"counter-clockwise", "beyond the edge"}


@pytest.mark.parametrize(
    ("left", "top", "reason"),
    [
        (0, 0, None),
        (40, 30, None),  # to the corner of the picture, 60 x 40
        (41, 31, None),  # 1 px beyond: counted from 1
        (-1, -1, None),
        (42, 0, "beyond the edge"),
        (0, 32, "beyond the edge"),
        (-1.5, 0, "beyond the edge"),
        (0, -1.5, "beyond the edge"),
        (59.5, 0, "beyond the edge"),
        (60, 0, "outside"),
        (0, 40, "outside"),
        (-20, 0, "outside"),
        (0, -10, "outside"),
    ],
)
def test_where_the_picture_ends(left, top, reason):
    labels = scene([[left, top], [left + 20, top], [left + 20, top + 10], [left, top + 10]])
    assert [kind for kind, _ in found(labels)] == ([reason] if reason else [])


def test_what_is_said_of_outlines_beyond_the_picture():
    beyond = [[40, 20], [66, 20], [66, 43.5], [40, 43.5]]
    outside = [[60, 20], [66, 20], [66, 30], [60, 30]]
    assert [detail for _, detail in found(scene(beyond, outside))] == [
        "s0: word 1 'abc': reaches 6 px beyond the picture's edge",
        "s0: word 2 'abc': lies outside the picture of 60 x 40 px",
    ]
    assert found(scene(beyond, outside), Rules(pictures=False)) == []


def test_words_are_counted():
    (first, second) = check(Fake(scene(QUAD, QUAD, QUAD, ignored=(1,)), scene(QUAD)))
    assert (first.words, first.ignored) == (3, 1)
    assert (second.words, second.ignored) == (1, 0)


def test_a_name_that_occurs_twice():
    dataset = Fake(scene(QUAD), scene((QUAD, "")), scene((QUAD, "")))
    dataset.name = "aba".__getitem__
    problems = [[p.reason for p in checked.problems] for checked in check(dataset)]
    assert problems == [[], [Reason.EMPTY], [Reason.EMPTY, Reason.NAME]]
    last = list(check(dataset))[2].problems[1]
    assert (last.sample, last.place) == ("a", "pictures/s2")
    assert last.detail == "a: an earlier sample has the same name"


@settings(max_examples=25)
@given(st.lists(st.sampled_from(["abc", "", "é"]), min_size=1, max_size=30), st.integers(1, 5))
def test_the_order_is_that_of_the_set_whatever_the_number_of_threads(texts, workers):
    dataset = Fake(*(scene((QUAD, text)) for text in texts))
    rules = Rules(charset=frozenset("abc"))
    expected = [check_sample(dataset, i, rules) for i in range(len(texts))]
    assert list(check(dataset, rules, workers)) == expected


def test_files_on_disk(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (20, 60, 3)).astype(np.uint8)
    write_image(tmp_path / "whole.jpg", picture)
    data = (tmp_path / "whole.jpg").read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) // 2])
    (tmp_path / "empty.jpg").write_bytes(b"")
    (tmp_path / "t.tsv").write_text("whole.jpg\ta\ncut.jpg\tb\nempty.jpg\tc\nno.jpg\td\n")
    results = list(check(Crops(CropsConfig(table=tmp_path / "t.tsv"))))
    problems = [problem for checked in results for problem in checked.problems]
    assert [p.reason for p in problems] == [Reason.PICTURE] * 3
    assert [p.sample for p in problems] == ["cut.jpg", "empty.jpg", "no.jpg"]
    for problem, said in zip(problems, ["cut short", "is empty", "no such file"], strict=True):
        assert problem.detail.startswith(f"{tmp_path}/{problem.sample}: ")
        assert said in problem.detail


def test_work_is_begun_in_time_and_not_all_at_once():
    begun, both = [], threading.Barrier(2, timeout=20)

    def work(item):
        begun.append(item)
        if item < 2:
            both.wait()  # two at once, or this breaks
        return -item

    results = in_order(work, range(100), workers=2)
    assert next(results) == 0
    assert len(begun) <= 2 * AHEAD
    assert list(results) == [-i for i in range(1, 100)]
    assert sorted(begun) == list(range(100))


def test_an_error_of_the_work_arrives_and_ends_it():
    def work(item):
        if item == 3:
            raise KeyError(item)
        return item

    results = in_order(work, range(1000), workers=2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    with pytest.raises(KeyError):
        next(results)
    assert list(results) == []


def test_whoever_stops_early_does_not_wait_for_what_is_not_begun():
    begun, gate = [], threading.Event()

    def work(item):
        begun.append(item)
        assert item == 0 or gate.wait(20)

    results = in_order(work, range(10_000), workers=1)
    next(results)
    threading.Timer(0.2, gate.set).start()
    results.close()
    assert begun in ([0], [0, 1])
