import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.text import LATIN94

INSTALLED, SHORT = Corpus(), Corpus(FALLBACK_WORDS)


@settings(max_examples=300)
@given(st.integers(0, 2**32), st.sampled_from([INSTALLED, SHORT]))
def test_texts_are_printable_ascii_without_spaces(seed: int, corpus: Corpus) -> None:
    text = corpus.sample(np.random.default_rng(seed))
    assert 1 <= len(text) <= 25
    assert set(text) <= set(LATIN94)


def test_equal_seeds_say_the_same() -> None:
    one, other = ([SHORT.sample(np.random.default_rng(s)) for s in range(50)] for _ in range(2))
    assert one == other
    assert len(set(one)) > 40


def test_words_come_from_the_vocabulary() -> None:
    rng = np.random.default_rng(0)
    seen = {Corpus(["Zebra"]).word(rng) for _ in range(50)}
    assert seen == {"zebra", "Zebra", "ZEBRA"}


def test_favourites_come_as_often_as_asked() -> None:
    rng = np.random.default_rng(0)
    corpus = Corpus(["common"], favourites=["Rare"], favour=0.25)
    share = sum(corpus.word(rng).lower() == "rare" for _ in range(2000)) / 2000
    assert 0.2 < share < 0.3


def test_digits_and_all_characters_occur() -> None:
    rng = np.random.default_rng(0)
    texts = [SHORT.sample(rng) for _ in range(6000)]
    assert set("".join(texts)) == set(LATIN94)
    assert 0.1 < sum(any(c.isdigit() for c in t) for t in texts) / len(texts) < 0.5
