"""Character n-grams: against probabilities by hand, and as probabilities must be."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit import checkpoint, language
from ocrkit.errors import DataError, UnknownModelError
from ocrkit.language.ngram import END, NGram

WORDS = [("ab", 2.0), ("ac", 1.0)]


def test_two_letters_by_hand():
    """`ab` twice and `ac` once, pairs of symbols; END and unknown are two of the five.

    Of 9 symbols that follow another, a and END are 3 each, b is 2 and c is 1: four kinds.
    """
    model = NGram.learn(WORDS, order=2)
    a, b, c, end = ((n + 4 / 5) / (9 + 4) for n in (3, 2, 1, 3))
    first = (3 + 1 * a) / (3 + 1)
    likely = first * (2 + 2 * b) / (3 + 2) * (2 + 1 * end) / (2 + 1)
    less = first * (1 + 2 * c) / (3 + 2) * (1 + 1 * end) / (1 + 1)
    assert np.exp(model.score(["ab", "ac"])) == pytest.approx([likely, less], rel=1e-5)


def test_what_never_followed_gets_what_is_left():
    """After `a` there were b and c: two parts of five are left, by how frequent symbols are."""
    model = NGram.learn(WORDS, order=2)
    a, end, unknown = ((n + 4 / 5) / (9 + 4) for n in (3, 3, 0))
    first = (3 + a) / 4
    twice = first * 2 / 5 * a * 2 / 5 * end
    # After what is unknown nothing was ever seen: all is told by how frequent it is.
    strange = first * 2 / 5 * unknown * end
    assert np.exp(model.score(["aa", "a~"])) == pytest.approx([twice, strange], rel=1e-5)


@given(
    st.lists(st.tuples(st.text("abc1-", min_size=1, max_size=6), st.floats(0.1, 5)), min_size=1),
    st.text("abcz1", max_size=5),
    st.integers(2, 4),
)
def test_all_that_may_follow_sums_to_one(words, history, order):
    model = NGram.learn(words, order)
    symbols = [END, *(model._symbols.get(c, 1) for c in history.replace("1", "0"))]
    total = 0.0
    for symbol in range(len(model.config.alphabet) + 2):
        row = np.array([*symbols, symbol], np.int64)
        total += math.exp(model._follow(row, np.array([0]))[-1])
    assert total == pytest.approx(1, abs=1e-4)


def test_longer_histories_tell_more():
    words = [("queen", 1.0), ("quiz", 1.0), ("tea", 1.0)]
    pairs, triples = (NGram.learn(words, order).score(["quee"])[0] for order in (2, 3))
    assert triples > pairs


def test_case_does_not_count():
    model = NGram.learn([("Street", 1.0)], 3)
    low, mixed, high = model.score(["street", "sTreet", "STREET"])
    assert low == mixed == high


def test_digits_are_alike_and_each_is_a_tenth_of_them():
    model = NGram.learn([("b7", 1.0)], 3)
    seen, other, letter = model.score(["b7", "b3", "b"])
    assert seen == other
    with_digit = NGram.learn([("bx", 1.0)], 3).score(["bx"])[0]
    assert seen == pytest.approx(with_digit - math.log(10), abs=1e-5)
    assert letter > seen


def test_spaces_part_words():
    model = NGram.learn(WORDS, 3)
    one, other, both = model.score(["ab", "c", " ab  c "])
    assert both == pytest.approx(one + other)


def test_no_word_has_no_cost():
    model = NGram.learn(WORDS, 3)
    assert model.score(["", " "]).tolist() == [0, 0]
    assert model.score([]).shape == (0,)


def test_anything_can_be_said():
    model = NGram.learn(WORDS, 3)
    assert np.isfinite(model.score(["Ünïcode", "中文", "~" * 300])).all()


def test_rare_long_pieces_are_left_out():
    words = [("abcdef", 1.0), ("uvwxyz", 0.1)]
    whole, frugal = NGram.learn(words, 6), NGram.learn(words, 6, least=0.5)
    assert frugal.config.sizes[:3] == whole.config.sizes[:3]  # four symbols: kept
    assert frugal.config.sizes[3:] == (4, 3)  # of END abcdef END, and none of the other's
    assert frugal.score(["abcdef"])[0] == pytest.approx(whole.score(["abcdef"])[0], abs=0.1)


def test_a_file_gives_the_same_model_back(tmp_path):
    model = NGram.learn([*WORDS, ("Hello-5", 0.3)], 4)
    card = checkpoint.Card(family="language", name="small", config=model.config.model_dump())
    checkpoint.save(tmp_path / "small.safetensors", model, card)
    again = checkpoint.load("language", tmp_path / "small.safetensors")
    texts = ["ab", "hello", "z9 ac"]
    assert again.score(texts) == pytest.approx(model.score(texts), abs=0.02)  # in half precision


def test_the_shipped_model_knows_english():
    model = checkpoint.load("language", "english")
    street, misread, turned = model.score(["STREET", "STRCET", "TEERTS"])
    assert street > misread + 3
    assert street > turned + 3


def test_nothing_can_be_learnt_from_nothing():
    with pytest.raises(DataError, match="there are none"):
        NGram.learn([(" ", 1.0)], 3)


def test_too_many_characters_are_told():
    with pytest.raises(DataError, match="254 characters apart at most, and the texts have 255"):
        NGram.learn([("".join(map(chr, range(0x4E00, 0x4E00 + 255))), 1.0)], 2)


def test_no_more_is_kept_than_the_words_are_long():
    assert NGram.learn([("a", 1.0)], 6).config.sizes == (2, 1)  # END a, a END; END a END


def test_an_unknown_kind_is_told():
    with pytest.raises(UnknownModelError, match=r"no model 'trigram'; .* ngram"):
        language.build({"name": "trigram"})
