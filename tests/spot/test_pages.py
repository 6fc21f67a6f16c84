"""Pictures that stand on their head: only where words are read unsurely, and by several of them."""

import numpy as np
import pytest

from ocrkit.spot import WordsConfig
from ocrkit.spot._pages import FEWEST, PROBES, read_pages
from ocrkit.types import Character, Detections, Reading


def boxes(count, scores=None):
    """Boxes of 40 x 20 px, one below the other."""
    quads = [[(0, y), (40, y), (40, y + 20), (0, y + 20)] for y in range(0, 30 * count, 30)]
    given = np.full(count, 0.9) if scores is None else np.array(scores)
    return Detections(np.array(quads, np.float32).reshape(-1, 4, 2), given.astype(np.float32))


class Reads:
    """Says `up` of quads that start on the left, and `down` of those that start on the right."""

    def __init__(self, up, down):
        self.up, self.down, self.calls = up, down, []

    def __call__(self, hypotheses):
        self.calls.append([(h.image, h.detection, float(h.quad[0, 0])) for h in hypotheses])
        return [
            told("no", self.up) if h.quad[0, 0] < h.quad[1, 0] else told("yes", self.down)
            for h in hypotheses
        ]


def told(text, sure):
    return Reading(text, sure, tuple(Character(c, sure, (0.0, 1.0)) for c in text))


def texts(pages):
    return [[word.text for words in page for word in words] for page in pages]


def test_all_words_are_turned_if_the_probes_are_surer():
    read = Reads(up=0.3, down=0.8)
    (page,) = read_pages([boxes(7)], read, WordsConfig())
    assert texts([page]) == [["yes"] * 7]
    # All upright, then five upside down, then all upside down.
    assert [len(call) for call in read.calls] == [7, PROBES, 7]
    np.testing.assert_array_equal(page[0][0].quad, [(40, 20), (0, 20), (0, 0), (40, 0)])
    assert all(word.score == pytest.approx(0.9) for words in page for word in words)


@pytest.mark.parametrize(
    ("up", "down", "calls", "said"),
    [
        (0.7, 1.0, 1, "no"),  # sure enough: nothing is tried
        (0.5, 0.55, 2, "no"),  # hardly surer
        (0.5, 0.65, 3, "yes"),
        (0.5, 0.1, 2, "no"),
    ],
)
def test_only_a_clear_gain_turns_a_picture(up, down, calls, said):
    read = Reads(up, down)
    (page,) = texts(read_pages([boxes(3)], read, WordsConfig()))
    assert page == [said] * 3
    assert len(read.calls) == calls


def test_few_words_tell_nothing():
    read = Reads(up=0.1, down=0.9)
    assert texts(read_pages([boxes(FEWEST - 1)], read, WordsConfig())) == [["no"] * (FEWEST - 1)]
    assert len(read.calls) == 1


def test_it_can_be_switched_off():
    read = Reads(up=0.1, down=0.9)
    assert texts(read_pages([boxes(4)], read, WordsConfig(page_doubt=0))) == [["no"] * 4]


def test_those_with_the_best_scores_are_tried():
    read = Reads(up=0.3, down=0.2)
    read_pages([boxes(7, [0.5, 0.9, 0.6, 0.8, 0.95, 0.7, 0.99])], read, WordsConfig())
    assert [detection for _, detection, _ in read.calls[1]] == list(range(PROBES))
    tops = {h[2] for h in read.calls[1]}
    assert tops == {40.0}


def test_each_picture_of_a_batch_stands_for_itself():
    """The second has too few words, the third none; the fourth is read surely."""

    class Mixed(Reads):
        def __call__(self, hypotheses):
            found = super().__call__(hypotheses)
            return [
                told("sure", 0.95) if h.image == 3 else reading
                for h, reading in zip(hypotheses, found, strict=True)
            ]

    read = Mixed(up=0.3, down=0.8)
    found = [boxes(3), boxes(1), boxes(0), boxes(4), boxes(6)]
    assert texts(read_pages(found, read, WordsConfig())) == [
        ["yes"] * 3,
        ["no"],
        [],
        ["sure"] * 4,
        ["yes"] * 6,
    ]
    assert [image for image, _, _ in read.calls[1]] == [0] * 3 + [4] * PROBES
    assert [image for image, _, _ in read.calls[2]] == [0] * 3 + [4] * 6


def test_what_cannot_be_read_at_all_counts_as_unsure():
    class Blind(Reads):
        def __call__(self, hypotheses):
            found = super().__call__(hypotheses)
            return [Reading.empty() if r.text == "no" else r for r in found]

    assert texts(read_pages([boxes(3)], Blind(0.9, 0.8), WordsConfig())) == [["yes"] * 3]
