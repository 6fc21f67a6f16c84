"""Words that stand on their heads: read again only if unsure, and turned only by a margin."""

import numpy as np
import pytest

from ocrkit.recognize import RecognizerConfig
from ocrkit.spot import TwoStage, WordsConfig
from ocrkit.types import Character, Detections, Reading

RED = (255, 0, 0)


class Finds:
    """A detector that finds given boxes (left, top, right, bottom)."""

    def __init__(self, *boxes):
        self.boxes = boxes

    def detect(self, image, scale=1.0, doubtful=False):
        quads = [[(x, y), (right, y), (right, b), (x, b)] for x, y, right, b in self.boxes]
        scores = np.full(len(quads), 0.9, np.float32)
        return Detections(np.array(quads, np.float32).reshape(-1, 4, 2), scores)


class Tells:
    """A recogniser that says one thing of crops whose left edge is red, another of the others."""

    config = RecognizerConfig(name="tells")
    language = None

    def __init__(self, upright, turned):
        self.upright, self.turned = upright, turned
        self.calls = []

    def read(self, crops):
        self.calls.append(len(crops))
        return [self.turned if crop[:, 0, 1].mean() < 100 else self.upright for crop in crops]


def paper():
    """The right end of the box (10, 20, 50, 40) is red: upside down it is on the left."""
    image = np.full((100, 120, 3), 255, np.uint8)
    image[:, 40:50] = RED
    return image


def spot(upright, turned, box=(10, 20, 50, 40), **settings):
    recognizer = Tells(upright, turned)
    defaults = {"margin": 0, "min_confidence": 0, "upside_down": 0.8, "reach": 0}
    config = WordsConfig(scales=(1,), **defaults | settings)
    (words,) = TwoStage(Finds(box), recognizer, config).spot([paper()])
    return words, recognizer.calls


def test_an_unsure_word_is_turned_by_half_where_that_is_surer():
    """Its quad then starts at the corner where the text does, and spans run from there."""
    characters = (Character("o", 0.9, (0.0, 0.25)), Character("k", 0.9, (0.25, 1.0)))
    (word,), calls = spot(Reading("yo", 0.5), Reading("ok", 0.9, characters))
    assert (word.text, word.confidence, word.characters) == ("ok", 0.9, characters)
    np.testing.assert_array_equal(word.quad, [(50, 40), (10, 40), (10, 20), (50, 20)])
    assert calls == [1, 1]


@pytest.mark.parametrize(
    ("upright", "turned", "chosen"),
    [
        (Reading("yo", 0.80), Reading("ok", 1.0), "yo"),  # sure enough: not even tried
        (Reading("yo", 0.79), Reading("ok", 0.88), "yo"),  # hardly surer
        (Reading("yo", 0.79), Reading("ok", 0.9), "ok"),
        (Reading("q", 0.1), Reading("b", 0.9), "q"),  # one letter may stand either way
        (Reading("q,", 0.1), Reading("'b", 0.9), "q,"),
        (Reading("", 0.0), Reading("ok", 0.3), "ok"),
    ],
)
def test_only_a_clear_gain_turns_a_word(upright, turned, chosen):
    (word,), calls = spot(upright, turned)
    assert word.text == chosen
    assert calls == ([1] if upright.confidence >= 0.8 else [1, 1])


def test_it_is_off_unless_asked_for():
    assert WordsConfig().upside_down == 0
    (word,), calls = spot(Reading("yo", 0.0), Reading("ok", 0.9), upside_down=0)
    assert (word.text, calls) == ("yo", [1])


def test_only_the_unsure_words_of_a_page_are_read_again():
    """Three images of two words each; the lower one shows no red: it says the sure thing."""

    class Mixed(Tells):
        def read(self, crops):
            self.calls.append(len(crops))
            sure = [Reading("sure", 0.95) if len(crop) == 30 else None for crop in crops]
            told = [self.turned if c[:, 0, 1].mean() < 100 else self.upright for c in crops]
            return [one or other for one, other in zip(sure, told, strict=True)]

    recognizer = Mixed(Reading("yo", 0.5), Reading("ok", 0.9))
    detector = Finds((10, 20, 50, 40), (10, 60, 50, 90))
    config = WordsConfig(scales=(1,), margin=0, upside_down=0.8)
    pages = TwoStage(detector, recognizer, config).spot([paper(), paper(), paper()])
    assert [[word.text for word in page] for page in pages] == [["ok", "sure"]] * 3
    assert recognizer.calls == [6, 3]


def test_a_tall_word_may_stand_on_its_head_too():
    """An upright tall quad has quarter turns; if none is a better word, its half turn may be."""
    image = np.full((100, 120, 3), 255, np.uint8)
    shapes = []

    class Tall(Tells):
        def read(self, crops):
            self.calls.append(len(crops))
            shapes.extend(crop.shape[:2] for crop in crops)
            sure = 0.9 if len(self.calls) == 2 else 0.4
            return [Reading("10", sure) for _ in crops]

    recognizer = Tall(None, None)
    config = WordsConfig(scales=(1,), margin=0, min_confidence=0, upside_down=0.8)
    ((word,),) = TwoStage(Finds((10, 10, 30, 90)), recognizer, config).spot([image])
    assert recognizer.calls == [3, 1]
    assert shapes == [(80, 20), (20, 80), (20, 80), (80, 20)]
    np.testing.assert_array_equal(word.quad, [(30, 90), (10, 90), (10, 10), (30, 10)])
