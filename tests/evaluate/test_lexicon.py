"""Lexicons: which word replaces a reading, which detections go, and what the files look like."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import ConfigError, DataError, ShapeError
from ocrkit.evaluate import Found, Truth
from ocrkit.evaluate.lexicon import (
    CLOSE,
    NEAREST,
    LexiconRule,
    WordList,
    read_lexicon,
    read_pairs,
    read_words,
    with_lexicon,
)
from ocrkit.evaluate.protocols import DETECTION, SPOTTING
from ocrkit.evaluate.spotting import using

QUAD = np.array([[0, 0], [90, 0], [90, 20], [0, 20]])


def found(*texts):
    """Detections side by side, the surest first."""
    quads = [QUAD + (100 * i, 0) for i in range(len(texts))]
    return Found.of(quads, texts, [1 - i / 10 for i in range(len(texts))])


def read(text, words, rule=NEAREST, sure=None):
    """What one reading becomes; None if it is dropped."""
    confidences = None if sure is None else [sure]
    texts = with_lexicon(found(text), WordList.of(words), rule, confidences).texts
    return texts[0] if texts else None


def test_a_reading_becomes_the_nearest_word():
    assert read("hause", ["mouse", "house", "horse"]) == "house"
    assert read("house", ["mouse", "house"]) == "house"


def test_case_does_not_count_and_the_word_comes_as_it_is_written():
    assert read("EXIT", ["Exit"], CLOSE) == "Exit"
    assert read("exit", ["EXIT"], CLOSE) == "EXIT"


def test_of_equally_near_words_the_first_wins():
    assert read("cat", ["bat", "hat"]) == "bat"
    assert read("cat", ["hat", "bat"]) == "hat"
    assert read("cat", ["Cat", "CAT"]) == "Cat"


def test_a_reading_may_be_one_edit_off_and_not_two():
    assert read("hose", ["house"], CLOSE) == "house"
    assert read("hos", ["house"], CLOSE) is None
    assert read("hos", ["house"], NEAREST) == "house"


@pytest.mark.parametrize(("limit", "kept"), [(1, None), (1.0001, "house"), (None, "house")])
def test_a_distance_of_just_the_limit_is_too_far(limit, kept):
    assert read("hose", ["house"], LexiconRule("mine", limit)) == kept


def test_the_nearest_word_is_kept_however_far():
    assert read("zzzzzzzz", ["house"]) == "house"
    assert read("", ["house", "the"]) == "the"


def test_detections_that_go_take_place_and_score_with_them():
    kept = with_lexicon(found("exit", "zzzz", "hause"), WordList.of(["house", "Exit"]), CLOSE)
    assert list(kept.texts) == ["Exit", "house"]
    assert np.array_equal(kept.outlines, [QUAD, QUAD + (200, 0)])
    assert kept.scores.tolist() == [1, 0.8]


def test_outlines_may_differ_in_length_or_be_absent():
    triangle = np.array([[0, 0], [9, 0], [0, 9]])
    kept = with_lexicon(Found.of([QUAD, triangle], ["no", "yes"]), WordList.of(["yes"]), CLOSE)
    assert [outline.tolist() for outline in kept.outlines] == [triangle.tolist()]
    assert len(with_lexicon(found(), WordList.of(["yes"]), CLOSE).texts) == 0
    assert len(with_lexicon(found("zzzzz"), WordList.of(["yes"]), CLOSE).scores) == 0


def test_a_surface_form_replaces_the_word():
    words = WordList.of(["CAFE", "bar"], {"CAFE": "Café!"})
    assert list(with_lexicon(found("cafe", "BAR"), words, CLOSE).texts) == ["Café!", "bar"]


def test_letters_that_are_two_in_upper_case():
    assert read("strasse", ["Straße"], LexiconRule("equal", 0.5)) == "Straße"
    assert read("straße", ["STRASSE"], LexiconRule("equal", 0.5), [1] * 6) == "STRASSE"


# With confidences: cost of one edit, by hand.
@pytest.mark.parametrize(
    ("text", "word", "sure", "cost"),
    [
        ("abc", "abc", [0.1, 0.2, 0.3], 0),
        ("abc", "ab", [0.9, 0.8, 0.3], 0.3),  # deleted: its confidence
        ("abc", "bc", [0.2, 0.8, 0.3], 1),  # the first deletion costs 1
        ("abc", "axc", [0.2, 0.4, 0.3], 0.7),  # x after a: (0.2 + 0.4) / 2; b deleted: 0.4
        ("abc", "abxc", [0.2, 0.8, 0.4], 0.6),  # x after b: (0.8 + 0.4) / 2
        ("abc", "abcx", [0.2, 0.8, 0.4], 0.4),  # x after the last: its confidence
        ("abc", "xabc", [0.2, 0.8, 0.4], 1),  # x before the first
        ("abc", "abx", [1, 1, 1], 1),  # replaced
    ],
)
def test_edits_weighed_by_confidence(text, word, sure, cost):
    for limit, kept in ((cost + 1e-9, word), (cost - 1e-9, None)):
        assert read(text, [word], LexiconRule("mine", limit), sure) == kept


def test_an_unsure_character_decides_between_words():
    words = ["bat", "cart"]  # both one edit from "cat"
    assert read("cat", words) == "bat"
    assert read("cat", words, sure=[0.9, 0.2, 0.1]) == "cart"  # r after a: 0.15


def test_a_word_is_weighed_if_it_is_within_the_margin_of_the_nearest():
    sure = [1, 0.01, 0.01, 0.01, 0.01]
    near, far = "xbcde", "ab"  # one edit that costs 1, three that cost 0.03
    assert read("abcde", [near, far], LexiconRule("mine", None, margin=2), sure) == far
    assert read("abcde", [near, far], LexiconRule("mine", None, margin=1), sure) == near


def test_confidences_must_fit():
    with pytest.raises(ShapeError, match="confidences of 'ab': expected 2, got 1"):
        read("ab", ["ab"], sure=[1])
    with pytest.raises(ShapeError, match="confidences"):
        with_lexicon(found("ab", "cd"), WordList.of(["ab"]), CLOSE, [[1, 1]])


def test_a_lexicon_has_words_and_as_many_forms():
    with pytest.raises(DataError, match="a lexicon without words"):
        WordList.of([])
    with pytest.raises(ShapeError, match="surfaces: expected 2, one per word, got 1"):
        WordList(("a", "b"), ("a",))


# Files


def test_words_one_a_line(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("\ufeffExit\r\n\r\n CAFÉ \nco-op".encode())
    words = read_words(path)
    assert words.words == words.surfaces == ("Exit", "CAFÉ", "co-op")


def test_pairs_are_a_word_and_the_rest_of_the_line(tmp_path):
    path = tmp_path / "pairs.txt"
    path.write_bytes("\ufeffExit EXIT!\r\n\r\nnew New York, NY\r\nEXIT Exit\r\n".encode())
    assert read_pairs(path) == {"EXIT": "Exit", "NEW": "New York, NY"}


def test_words_get_their_forms_from_pairs_and_others_are_their_own(tmp_path):
    words, pairs = tmp_path / "words.txt", tmp_path / "pairs.txt"
    words.write_text("EXIT\nbar\n")
    pairs.write_text("exit Exit.\n")
    assert read_words(words, pairs).surfaces == ("Exit.", "bar")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", r"words\.txt: no words; expected one a line"),
        (b"\r\n \n", r"words\.txt: no words"),
        (b"ok\ncaf\xe9\n", r"words\.txt:2: not UTF-8"),
    ],
)
def test_damaged_word_files_are_refused_by_place(tmp_path, content, message):
    path = tmp_path / "words.txt"
    path.write_bytes(content)
    with pytest.raises(DataError, match=message):
        read_words(path)


def test_missing_files_and_pairs_without_form_are_refused(tmp_path):
    with pytest.raises(DataError, match=r"none\.txt: cannot be read: No such file"):
        read_words(tmp_path / "none.txt")
    path = tmp_path / "pairs.txt"
    path.write_text("EXIT Exit\nBAR\n")
    with pytest.raises(DataError, match=r"pairs\.txt:2: expected a word, a space and its surface"):
        read_pairs(path)


def test_a_single_file_serves_all_pictures(tmp_path):
    path = tmp_path / "ch4_test_vocabulary.txt"
    path.write_text("EXIT\nBAR\n")
    weak = read_lexicon("weak", path)
    assert (weak.rule, read_lexicon("generic", path).rule) == (CLOSE, NEAREST)
    assert (read_lexicon("full", path).rule, read_lexicon("mine", path).rule) == (NEAREST, CLOSE)
    assert read_lexicon("weak", path, rule=NEAREST).rule == NEAREST
    assert list(weak.apply("img_1", found("exit", "zzz")).texts) == ["EXIT"]
    assert list(read_lexicon("generic", path).apply("img_1", found("zzz")).texts) == ["BAR"]


def test_the_strong_lexicon_is_a_folder_of_lists(tmp_path):
    (tmp_path / "voc_img_1.txt").write_text("exit\n")
    (tmp_path / "voc_img_2.txt").write_text("the\nbar,\n")
    (tmp_path / "new_voc_img_2.txt").write_text("BAR\n")
    (tmp_path / "pair_voc_img_2.txt").write_text("BAR bar,\n")
    (tmp_path / "readme.txt").write_text("nothing")
    strong = read_lexicon("strong", tmp_path)
    assert strong.of("img_1").words == ("exit",)
    assert (strong.of("img_2").words, strong.of("img_2").surfaces) == (("BAR",), ("bar,",))
    assert (strong.use.lists, strong.use.words) == (2, 2)
    with pytest.raises(DataError, match=r"'strong': no words for picture 'img_3'.*voc_img_3"):
        strong.of("img_3")


def test_a_folder_without_lists_is_refused(tmp_path):
    with pytest.raises(DataError, match="no lexicons in this folder; expected voc_img_1"):
        read_lexicon("strong", tmp_path)


# Protocols


def test_the_report_names_the_lexicon_its_size_and_its_rule(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("EXIT\nBAR\n")
    end_to_end, spotting = (using(p, read_lexicon("weak", path)) for p in SPOTTING["ic15"])
    assert (end_to_end.name, spotting.name) == ("ic15-e2e-weak", "ic15-spotting-weak")
    rule = {"name": "close", "limit": 1.5, "margin": 2}
    use = {"name": "weak", "lists": 1, "words": 2, "rule": rule}
    assert end_to_end.settings()["lexicon"] == spotting.settings()["lexicon"] == use
    assert SPOTTING["ic15"][0].settings()["lexicon"] is None


def test_a_protocol_that_knows_no_lexicon_says_so(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("EXIT\n")
    for protocol in (DETECTION["ic15"], *SPOTTING["cleval"]):
        with pytest.raises(ConfigError, match="is scored without a lexicon; leave 'weak'"):
            using(protocol, read_lexicon("weak", path))


def test_readings_are_replaced_before_they_are_scored(tmp_path):
    path = tmp_path / "words.txt"
    path.write_text("EXIT\nBAR\n")
    weak = read_lexicon("weak", path)
    seen = found("exlt", "zzzz")
    truth = Truth.of(seen.outlines, ["Exit", "bar"])
    protocol = SPOTTING["ic15"][0]
    plain = protocol.score_image(seen, truth)
    assert (plain.matched, plain.found) == (0, 2)
    helped = using(protocol, weak).score_image(weak.apply("img_1", seen), truth)
    assert (helped.matched, helped.found, helped.recall, helped.precision) == (1, 1, 0.5, 1)


WORDS = st.lists(st.text("ABCDé", min_size=1, max_size=6), min_size=1, max_size=8)


def distance(one, other):
    """Edit distance by the textbook's table."""
    row = list(range(len(other) + 1))
    for i, a in enumerate(one, start=1):
        previous, row = row, [i]
        for j, b in enumerate(other, start=1):
            row.append(min(previous[j] + 1, row[-1] + 1, previous[j - 1] + (a != b)))
    return row[-1]


@given(WORDS, st.text("ABCDé", max_size=6))
def test_the_nearest_is_the_first_of_the_least_distant(words, text):
    best = min(words, key=lambda word: distance(text.upper(), word.upper()))
    assert read(text, words) == best


@given(WORDS, st.data())
def test_a_word_of_the_lexicon_stays_what_it_is(words, data):
    word = data.draw(st.sampled_from(words))
    assert read(word.lower(), words, LexiconRule("equal", 0.5)).upper() == word.upper()


@given(WORDS, st.text("ABCD", max_size=6))
def test_sure_characters_cost_what_edits_cost(words, text):
    assert read(text, words, sure=[1.0] * len(text)) == read(text, words)
