from fractions import Fraction

import numpy as np
import pytest

from ocrkit.video.subtitles import stamp, subtitles
from ocrkit.video.tracks import Moment, TextTrack

GAP = Fraction(1, 25)


def track(identity, text, first, last, left=0, top=0):
    quad = np.array([[0, 0], [40, 0], [40, 10], [0, 10]], np.float32)
    moments = (Moment(round(t * 25), Fraction(t).limit_denominator(1000)) for t in (first, last))
    place = quad + np.float32([left, top])
    crop = np.zeros((10, 40, 3), np.uint8)
    return TextTrack(identity, text, 0.9, (), 0.9, *moments, 5, place, crop)


@pytest.mark.parametrize(
    ("time", "text"),
    [
        (Fraction(0), "00:00:00,000"),
        (Fraction(61, 1) + Fraction(5, 1000), "00:01:01,005"),
        (Fraction(36_000), "10:00:00,000"),
        (Fraction(59_9996, 10_000), "00:01:00,000"),
    ],
)
def test_stamps(time, text):
    assert stamp(time) == text


def test_each_text_once_from_first_to_last():
    found = subtitles([track(1, "LATER", 2, 3.5), track(0, "NOW", 0.4, 1)], GAP)
    assert found == (
        "1\n00:00:00,400 --> 00:00:01,040\nNOW\n\n2\n00:00:02,000 --> 00:00:03,540\nLATER\n"
    )
    assert subtitles([], GAP) == ""


def test_words_that_come_and_go_together_are_lines():
    words = [
        track(2, "are", 1.2, 4, 50),
        track(1, "Where", 1, 4),
        track(3, "you?", 1, 4.3, 0, 14),
        track(4, "EXIT", 1, 9, 300, 0),
    ]
    assert subtitles(words, GAP).split("\n\n") == [
        "1\n00:00:01,000 --> 00:00:04,340\nWhere are\nyou?",
        "2\n00:00:01,000 --> 00:00:09,040\nEXIT\n",
    ]


def test_a_text_that_comes_back_at_once_has_not_been_away():
    again = [track(0, "EXIT", 0, 2), track(1, "EXIT", 2.6, 5), track(2, "EXIT", 8, 9)]
    found = subtitles(again, GAP)
    assert found.count("EXIT") == 2
    assert "00:00:00,000 --> 00:00:05,040" in found
    assert "00:00:08,000" in found
