"""Decoders against every text that they could say, and against themselves step by step."""

import itertools

import pytest
import torch

from ocrkit.recognize._attention import AttentionDecoder
from ocrkit.recognize._decoder import END, Decoded
from ocrkit.recognize._transformer import TransformerDecoder


def softmax(logits):
    return logits.softmax(-1)


def recurrent():
    return AttentionDecoder(channels=6, hidden=8, classes=4, embedding=3)


def transformer():
    return TransformerDecoder(channels=6, heads=2, layers=2, classes=4, steps=9)


@pytest.fixture(params=[recurrent, transformer])
def decoder(request):
    torch.manual_seed(3)
    made = request.param().eval()
    with torch.no_grad():
        made.classifier.weight.mul_(6)  # opinions strong enough to differ
    return made


@pytest.fixture
def features():
    return torch.randn(3, 7, 6, generator=torch.manual_seed(4))


def logarithm(decoder, features, classes):
    """log p of a whole text, END included, by teacher forcing."""
    previous = torch.tensor([[END, *classes[:-1]]])
    found = decoder(features, previous)[0].log_softmax(-1)[0]
    return sum(float(row[c]) for row, c in zip(found, classes, strict=True))


@torch.inference_mode()
def test_greedy_is_the_best_choice_at_each_step(decoder, features):
    found = decoder.search(features, softmax, 1, 5)
    for row in range(3):
        previous = [END]
        for step in range(found.classes.shape[2]):
            logits = decoder(features[row : row + 1], torch.tensor([previous]))[0][0, -1]
            wanted = int(logits.argmax()) if previous[1:].count(END) == 0 else END
            assert int(found.classes[row, 0, step]) == wanted
            if previous[1:].count(END) == 0:
                sure = float(softmax(logits)[wanted])
                assert float(found.confidences[row, 0, step]) == pytest.approx(sure, abs=1e-5)
            previous.append(wanted)


@torch.inference_mode()
def test_a_wide_beam_finds_the_likeliest_of_all_texts(decoder, features):
    longest = 4
    found = decoder.search(features, softmax, 4 * 3 ** (longest - 1), longest)
    texts = [
        (*middle, END)
        for length in range(longest)
        for middle in itertools.product((1, 2, 3), repeat=length)
    ]
    texts += list(itertools.product((1, 2, 3), repeat=longest))  # not ended yet
    for row in range(3):
        one = features[row : row + 1]
        best = max(texts, key=lambda text: logarithm(decoder, one, text))
        said = found.classes[row, 0].tolist()[: len(best)]
        assert said == list(best)
        total = float(found.logs[row, 0])
        assert total == pytest.approx(logarithm(decoder, one, best), abs=1e-4)


@torch.inference_mode()
def test_a_beam_is_never_worse_than_greedy(decoder):
    features = torch.randn(20, 7, 6, generator=torch.manual_seed(5))
    greedy, beam = (decoder.search(features, softmax, width, 6) for width in (1, 5))
    sums = [found.logs[:, 0] for found in (greedy, beam)]
    assert (sums[1] >= sums[0] - 1e-5).all()


@torch.inference_mode()
def test_texts_do_not_depend_on_their_companions(decoder, features):
    together = decoder.search(features, softmax, 2, 8)
    for row in range(3):
        alone = decoder.search(features[row : row + 1], softmax, 2, 8)
        length = alone.classes.shape[2]
        assert together.classes[row, :, :length].tolist() == alone.classes[0].tolist()
        assert (together.classes[row, :, length:] == END).all()


@torch.inference_mode()
def test_attention_sums_to_one(decoder, features):
    found = decoder.search(features, softmax, 3, 5)
    assert found.attention.shape == (*found.classes.shape, 7)
    torch.testing.assert_close(found.attention.sum(-1), torch.ones(found.classes.shape))


@torch.inference_mode()
def test_following_what_was_found_gives_the_same(decoder, features):
    found = decoder.search(features, softmax, 1, 8)
    again = decoder.follow(features, found.classes[:, 0], softmax)
    torch.testing.assert_close(again.confidences, found.confidences)
    lengths = (found.classes[:, 0] != END).sum(1)
    for row, length in enumerate(lengths):
        one, other = found.attention[row, 0, : length + 1], again.attention[row, 0, : length + 1]
        torch.testing.assert_close(one, other)


@torch.inference_mode()
def test_nothing_after_the_end_counts(decoder, features):
    short = torch.tensor([[1, END]])
    long = torch.tensor([[1, END, END, END]])
    one, other = (decoder.follow(features[:1], c, softmax).confidences for c in (short, long))
    assert float(one.log().sum()) == pytest.approx(float(other.log().sum()), abs=1e-6)


def decoded(texts, confidences):
    attention = torch.eye(3)[: len(texts[0])].expand(len(texts), -1, -1)
    told = torch.tensor(texts), torch.tensor(confidences), attention
    return Decoded(*(part[:, None] for part in told))


def test_texts_read_backwards_are_turned():
    found = decoded([[1, 2, END]], [[0.1, 0.2, 0.3]]).turned()
    assert found.classes.tolist() == [[[2, 1, END]]]
    assert found.confidences[0, 0].tolist() == pytest.approx([0.2, 0.1, 0.3])
    assert found.attention[0, 0].argmax(-1).tolist() == [1, 0, 2]


def test_the_texts_of_two_searches_stand_side_by_side():
    """0.5 x 0.5 beside 0.9 x 0.9 x 0.9, and 0.9 x 0.9 beside 0.5 x 0.5 x 0.5."""
    one = decoded([[1, END], [2, END]], [[0.5, 0.5], [0.9, 0.9]])
    other = decoded([[1, 2, END], [2, 1, END]], [[0.9] * 3, [0.5] * 3])
    both = one.beside(other)
    torch.testing.assert_close(both.logs.exp(), torch.tensor([[0.25, 0.729], [0.81, 0.125]]))
    found = both.of([1, 0])
    assert found.classes[:, 0].tolist() == [[1, 2, END], [2, END, END]]
    assert found.confidences[1, 0].tolist() == pytest.approx([0.9, 0.9, 1.0])
