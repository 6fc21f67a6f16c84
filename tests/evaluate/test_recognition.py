"""Scores of readings, with the rules for empty strings; filters, lexicons, confusions."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import DataError, ShapeError
from ocrkit.evaluate.recognition import (
    RecognitionResult,
    confusions,
    fold,
    nearest,
    normalise_chinese,
    read_with,
    score,
    total_and_mean,
)
from ocrkit.evaluate.word_lists import FILTERS, Filter


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("Exit-42!", "exit42"),
        ("new york", "newyork"),
        ("Café", "caf"),  # dropped, not folded
        ("K", "k"),  # the Kelvin sign is a k in lower case
        ("٣", ""),  # a digit, but not one of the ten
        ("&", ""),
        ("a_b^", "ab"),
    ],
)
def test_fold(text, folded):
    assert fold(text) == folded


def test_the_figures_of_a_small_set():
    #                  exact    case     mark     one of 4 letters
    result = score(["Exit", "Exit", "Exit", "Exit"], ["Exit", "exit", "Exit.", "Ext"])
    assert result.accuracy_36 == 0.75
    assert result.accuracy == 0.25
    assert result.ned == pytest.approx((1 + 3 / 4 + 4 / 5 + 3 / 4) / 4)
    assert result.cer == pytest.approx(3 / 16)
    assert result.to_dict() == {
        "protocol": "rec-36",
        "version": "1",
        "samples": 4,
        "dropped": {},
        "empty_36": 0,
        "correct_36": 3,
        "correct": 1,
        "accuracy_36": result.accuracy_36,
        "accuracy_62": 0.5,
        "accuracy": result.accuracy,
        "crw_upper": 0.75,
        "ned": result.ned,
        "cer": result.cer,
        "wer": 0.75,
        "ted": 0.75,
        "ted_upper": 0.25,
    }


def test_folding_is_of_both_sides():
    assert score(["EXIT"], ["e.x.i.t"]).accuracy_36 == 1
    assert score(["e.x.i.t"], ["EXIT"]).accuracy_36 == 1


def test_spaces_count_as_written():
    assert score(["new york"], ["newyork"]).accuracy == 0
    assert score(["exit"], ["exit "]).accuracy == 0


@pytest.mark.parametrize(
    ("truth", "reading", "accuracy_36", "accuracy", "ned", "cer"),
    [
        ("&", "", 1, 0, 0, 1),
        ("&", "&", 1, 1, 1, 0),
        ("&", "8", 0, 0, 0, 1),
        ("8", "&", 0, 0, 0, 1),
        ("exit", "", 0, 0, 0, 1),
        ("", "exit", 0, 0, 0, 4),
        ("", "", 1, 1, 0, 0),
    ],
)
def test_empty_strings(truth, reading, accuracy_36, accuracy, ned, cer):
    result = score([truth], [reading])
    found = (result.accuracy_36, result.accuracy, result.ned, result.cer)
    assert found == (accuracy_36, accuracy, ned, cer)
    assert result.empty_36 == (truth != "exit" and truth != "8")


def test_the_error_rate_is_over_all_characters_and_may_exceed_one():
    assert score(["ab", "abcdef"], ["xy", "abcdef"]).cer == pytest.approx(2 / 8)
    assert score(["a"], ["bcd"]).cer == 3


def test_of_no_samples_every_figure_is_zero():
    result = score([], [])
    assert (result.accuracy_36, result.accuracy, result.ned, result.cer) == (0, 0, 0, 0)


def test_readings_must_be_as_many_as_truths():
    with pytest.raises(ShapeError, match="readings: expected 2, one per truth, got 1"):
        score(["a", "b"], ["a"])


def distance(one, other):
    """Edit distance by the textbook's table."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]


@given(st.text("ab ,", max_size=8), st.text("ab ,", max_size=8))
def test_edits_are_those_of_the_textbook(truth, reading):
    (sample,) = score([truth], [reading]).samples
    assert sample.edits == distance(truth, reading)


@given(st.lists(st.text(min_size=1), min_size=1))
def test_the_truth_itself_is_perfect(texts):
    result = score(texts, texts)
    assert (result.accuracy_36, result.accuracy, result.ned, result.cer) == (1, 1, 1, 0)


@pytest.mark.parametrize(
    ("truth", "reading", "right"),
    [
        ("Exit", "Exit.", True),
        ("Exit", "exit", False),
        ("New York", "NewYork", True),
        ("Café", "Caf", True),
        ("B52", "B25", False),
    ],
)
def test_accuracy_of_digits_and_letters_with_case(truth, reading, right):
    assert score([truth], [reading]).accuracy_62 == right


@pytest.mark.parametrize(
    ("truth", "reading", "right", "distance"),
    [
        ("Exit", "EXIT", 1, 0),
        ("(Exit!", "exit", 1, 0),
        ("exit", "..exit", 1, 0),  # all marks at the ends, of both sides
        ("o'clock", "oclock", 0, 1 / 7),
        ("exit", "ex", 0, 1 / 2),
        ("&", "%", 1, 0),
        ("", "ab", 0, 2),
    ],
)
def test_icdars_figures_in_upper_case(truth, reading, right, distance):
    result = score([truth], [reading])
    assert (result.crw_upper, result.ted_upper) == (right, pytest.approx(distance))


def test_the_total_edit_distance_is_a_sum_over_the_truths_lengths():
    #              1 of 4     3 of 1 (more than the word has), none
    result = score(["Exit", "a", "it"], ["exit", "bcd", "it"])
    assert result.ted == pytest.approx(1 / 4 + 3)
    assert score([""], ["ab"]).ted == 2


def test_the_word_error_rate_is_of_words_that_white_space_parts():
    assert score(["new york city"], ["new  yorc"]).wer == pytest.approx(2 / 3)
    assert score(["a b", "c d"], ["a b", "x c d"]).wer == pytest.approx(1 / 4)
    assert score([""], ["a b"]).wer == 2
    assert score(["ab"], ["a b"]).wer == 2  # one word for another, and one too many


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("ＡＢＣ　１２３", "abc123"),
        ("！～", "!~"),
        ("中 文\t店", "中文店"),
        ("國", "國"),  # a traditional character stays one
        ("。", "。"),  # no full-width form of ASCII
    ],
)
def test_chinese_is_compared_in_half_width_and_lower_case(text, normal):
    assert normalise_chinese(text) == normal


def test_both_sides_are_normalised_and_the_report_says_what_was_done():
    result = score(
        ["ＫＦＣ 店"],
        ["kfc店"],
        protocol="rec-chinese",
        normalise=normalise_chinese,
        dropped={"too long": 2},
    )
    assert (result.accuracy, result.ned, result.cer) == (1, 1, 0)
    report = result.to_dict()
    assert (report["protocol"], report["dropped"]) == ("rec-chinese", {"too long": 2})
    assert score(["kfc店"], ["ＫＦＣ 店"], normalise=normalise_chinese).accuracy == 1
    assert score(["店"], ["kfc店"], normalise=normalise_chinese).accuracy == 0


def test_figures_over_sets_of_all_samples_and_of_the_sets():
    small, large = score(["a"], ["a"]), score(["b", "cd", "e"], ["x", "yd", "z"])
    figures = total_and_mean({"small": small, "large": large})
    assert figures["total"]["accuracy_36"] == 1 / 4
    assert figures["mean"]["accuracy_36"] == 1 / 2
    assert figures["total"]["cer"] == pytest.approx(3 / 5)
    assert figures["mean"]["cer"] == pytest.approx((0 + 3 / 4) / 2)
    assert "ted" not in figures["mean"]


def test_sets_without_samples_have_no_mean():
    with pytest.raises(DataError, match="no samples in iiit: nothing to average"):
        total_and_mean({"svt": score(["a"], ["a"]), "iiit": RecognitionResult(())})
    with pytest.raises(DataError, match="no samples in no sets"):
        total_and_mean({})


# Lexicons


def test_the_nearest_word_folded_and_of_equals_the_first():
    assert nearest("hause", ["Mouse", "HOUSE!", "horse"]) == "HOUSE!"
    assert nearest("cat", ["hat", "bat"]) == "hat"
    assert nearest("c.a.t", ["dog", "CAT"]) == "CAT"
    assert nearest("", ["house", "it"]) == "it"


def test_accuracy_with_a_lexicon_for_each_sample():
    words = ["exit", "taxi"]
    readings = read_with(["exlt", "tax", "tax"], [words, words, ["tan", "tex"]])
    assert readings == ["exit", "taxi", "tan"]
    assert score(["EXIT", "taxi", "taxi"], readings).accuracy_36 == pytest.approx(2 / 3)


def test_lexicons_must_fit_and_have_words():
    with pytest.raises(ShapeError, match="lexicons: expected 2, one per reading, got 1"):
        read_with(["a", "b"], [["a"]])
    with pytest.raises(DataError, match="reading 'a': a lexicon without words"):
        nearest("a", [])


@given(st.lists(st.text("abcXY1", min_size=1, max_size=6), min_size=1), st.data())
def test_the_nearest_of_a_word_in_the_lexicon_is_the_word(words, data):
    word = data.draw(st.sampled_from(words))
    assert fold(nearest(word, words)) == fold(word)


# Confusions


def test_characters_read_as_others_left_out_and_made_up():
    counts = confusions(["house", "bill", "it", "a"], ["h0use", "bil", "it!", "a"])
    assert counts == Counter({("o", "0"): 1, ("l", ""): 1, ("", "!"): 1})
    assert confusions(["oo"], ["00"]) == {("o", "0"): 2}
    with pytest.raises(ShapeError, match="readings: expected 1"):
        confusions(["a"], [])


@given(st.lists(st.tuples(st.text("abc", max_size=6), st.text("abc", max_size=6)), max_size=5))
def test_there_are_as_many_confusions_as_edits(pairs):
    truths, readings = [a for a, _ in pairs], [b for _, b in pairs]
    counts = confusions(truths, readings)
    assert counts.total() == sum(sample.edits for sample in score(truths, readings).samples)
    assert all(said != read for said, read in counts)


# Filters

LABELS = ["Exit", "B52", "it", "R&D", "co-op", "Café", "", "&", "x" * 26, "new york"]


@pytest.mark.parametrize(
    ("name", "kept", "dropped"),
    [
        ("none", LABELS, {}),
        (
            "ic13-1015",
            ["Exit", "B52", "it", "", "x" * 26],
            {"characters other than 0-9, a-z": 5},
        ),
        (
            "ic13-857",
            ["Exit", "B52", "x" * 26],
            {"characters other than 0-9, a-z": 5, "shorter than 3 characters": 2},
        ),
        (
            "dtrb",
            ["Exit", "B52", "it", ""],
            {"longer than 25 characters": 1, "characters other than 0-9, a-z": 5},
        ),
        (
            "parseq",
            ["Exit", "B52", "it", "R&D", "co-op", "Cafe", "newyork"],
            {"longer than 25 characters": 1, "none of the characters 0-9, a-z": 2},
        ),
    ],
)
def test_what_filters_keep_and_why_they_drop_the_rest(name, kept, dropped):
    left = FILTERS[name].apply(LABELS)
    assert list(left.texts) == kept
    assert left.dropped == dropped


def test_a_filter_gives_the_places_of_what_it_keeps():
    assert FILTERS["ic13-857"].apply(["it", "exit", "a&b", "B52"]).kept == (1, 3)


@pytest.mark.parametrize(("length", "kept"), [(25, 1), (26, 0)])
def test_a_label_may_have_25_characters_as_it_is_written(length, kept):
    assert len(FILTERS["dtrb"].apply(["x" * length]).kept) == kept
    # What the charset lacks counts in the length; white space does not.
    assert len(FILTERS["parseq"].apply(["x" + "-" * (length - 1)]).kept) == kept
    assert len(FILTERS["parseq"].apply(["x " + "-" * (length - 1)]).kept) == kept
    assert len(FILTERS["dtrb"].apply(["x" + "-" * 25]).dropped) == 1


def test_a_list_keeps_what_it_names():
    listed = FILTERS["ic15-1811"]
    left = listed.apply(["a", "b", "c"], names=["1", "2", "3"], only=["3", "1"])
    assert (left.kept, left.dropped) == ((0, 2), {"not in the list": 1})
    both = FILTERS["ic13-857"].apply(["abc", "abd", "a"], names=["1", "2", "3"], only=["1", "3"])
    assert (both.kept, both.dropped) == (
        (0,),
        {"not in the list": 1, "shorter than 3 characters": 1},
    )


def test_a_list_that_is_missing_or_does_not_fit_is_refused():
    listed = FILTERS["ic15-1811"]
    with pytest.raises(DataError, match="'ic15-1811': needs a list of samples"):
        listed.apply(["a"])
    with pytest.raises(DataError, match="needs the names of the samples"):
        listed.apply(["a"], only=["1"])
    with pytest.raises(DataError, match="the list has '9', the set has not"):
        listed.apply(["a"], names=["1"], only=["1", "9"])
    with pytest.raises(ShapeError, match="names: expected 1, one per label, got 2"):
        listed.apply(["a"], names=["1", "2"], only=["1"])


def test_the_report_of_a_filter_says_whether_the_set_is_complete():
    report = FILTERS["ic13-857"].apply(["abc", "a"]).to_dict()
    assert report == {
        "name": "ic13-857",
        "expected": 857,
        "listed": False,
        "ascii_only": False,
        "shortest": 3,
        "longest": None,
        "charset": "drop",
        "kept": 1,
        "dropped": {"shorter than 3 characters": 1},
        "complete": False,
    }
    assert FILTERS["none"].apply(["abc"]).complete is None
    assert Filter("mine", expected=1).apply(["abc"]).complete
    expected = {each.name: each.expected for each in FILTERS.values() if each.expected}
    assert [expected[f"ic13-{count}"] for count in (1015, 857)] == [1015, 857]
    assert [expected[f"ic15-{count}"] for count in (2077, 1811)] == [2077, 1811]


@given(st.lists(st.text("aB1é -&", max_size=30)), st.sampled_from(sorted(FILTERS)))
def test_what_is_kept_and_what_is_dropped_adds_up(texts, name):
    names = [str(i) for i in range(len(texts))]
    left = FILTERS[name].apply(texts, names, names[::2])
    assert len(left.kept) + sum(left.dropped.values()) == len(texts)
    assert len(left.texts) == len(left.kept)
    assert list(left.kept) == sorted(left.kept)
