import numpy as np
import pytest

from ocrkit import config
from ocrkit.errors import ConfigError
from ocrkit.recognize import RecognizerConfig
from ocrkit.spot import TwoStage, WordsConfig
from ocrkit.spot._words import fused, of_page, split_at_spaces, worth
from ocrkit.types import Character, Detections, Reading, Word

RED = (255, 0, 0)


class Finds:
    """A detector that finds given boxes (left, top, right, bottom), by the image's width."""

    def __init__(self, boxes):
        self.boxes = boxes

    def detect(self, image, scale=1.0, doubtful=False):
        boxes = self.boxes[image.shape[1]]
        quads = [[(x, y), (right, y), (right, b), (x, b)] for x, y, right, b in boxes]
        scores = np.linspace(0.9, 0.5, len(boxes), dtype=np.float32)
        return Detections(np.array(quads, np.float32).reshape(-1, 4, 2), scores)


class Tells:
    """A recogniser that says what a function says of each crop; it counts its calls."""

    config = RecognizerConfig(name="tells")
    language = None

    def __init__(self, say):
        self.say = say
        self.calls = 0

    def read(self, crops):
        self.calls += 1
        return [self.say(crop) for crop in crops]


def starts_red(crop):
    """Whether the left edge of a crop is red and its right edge is not."""
    return crop[:, 0, 1].mean() < 100 <= crop[:, -1, 1].mean()


def paper(height=100, width=120):
    return np.full((height, width, 3), 255, np.uint8)


def spot_one(say, image, box, **settings):
    settings = WordsConfig(**{"scales": (1,), "margin": 0, "reach": 0} | settings)
    return TwoStage(Finds({image.shape[1]: [box]}), Tells(say), settings).spot([image])[0]


def test_words_have_the_reading_the_quad_and_the_score():
    reading = Reading("ab", 0.8, (Character("a", 0.8, (0.0, 0.5)), Character("b", 0.8, (0.5, 1.0))))
    (word,) = spot_one(lambda crop: reading, paper(), (10, 20, 50, 40))
    assert (word.text, word.confidence, word.characters) == ("ab", 0.8, reading.characters)
    np.testing.assert_array_equal(word.quad, [(10, 20), (50, 20), (50, 40), (10, 40)])
    assert word.score == pytest.approx(0.9)


def test_the_margin_is_cut_and_characters_are_placed_in_the_quad_without_it():
    shapes = []

    def say(crop):
        shapes.append(crop.shape)
        return Reading(
            "ab", 0.8, (Character("a", 0.8, (0.0, 0.5)), Character("b", 0.8, (0.5, 0.75)))
        )

    (word,) = spot_one(say, paper(), (10, 20, 50, 40), margin=0.5)
    assert shapes == [(40, 60, 3)]  # 40 x 20, and half of 20 on every side
    # The crop is 60 wide: 0.5 and 0.75 of it are 30 and 45, of the quad (10 less) 20/40 and 35/40.
    assert [c.span for c in word.characters] == [
        pytest.approx((0, 0.5)),
        pytest.approx((0.5, 0.875)),
    ]


@pytest.mark.parametrize(
    ("red_rows", "quad"),
    [
        (slice(10, 30), [(30, 10), (30, 90), (10, 90), (10, 10)]),  # reads down
        (slice(70, 90), [(10, 90), (10, 10), (30, 10), (30, 90)]),  # reads up
    ],
)
def test_a_tall_word_is_turned_to_where_its_text_starts(red_rows, quad):
    image = paper()
    image[red_rows] = RED

    def say(crop):
        return Reading("HOTEL", 0.9) if starts_red(crop) else Reading("I", 0.4)

    (word,) = spot_one(say, image, (10, 10, 30, 90))
    assert word.text == "HOTEL"
    np.testing.assert_array_equal(word.quad, quad)


def test_the_margin_of_a_turned_word_is_of_its_own_height():
    shapes = []

    def say(crop):
        shapes.append(crop.shape[:2])
        return Reading("HOTEL", 0.9)

    spot_one(say, paper(), (40, 10, 60, 90), margin=0.25)
    # Upright 80 x 20 with 20 on every side; turned 20 x 80 with 5.
    assert shapes == [(120, 60), (30, 90), (30, 90)]


@pytest.mark.parametrize(
    ("upright", "turned", "chosen"),
    [
        (Reading("I", 0.6), Reading("--", 0.99), "I"),  # a turned I is a good dash
        (Reading("1", 0.6), Reading("H", 0.99), "1"),  # one letter is not yet a word
        (Reading("I", 0.85), Reading("HO", 0.9), "I"),  # hardly surer
        (Reading("I", 0.79), Reading("HO", 0.9), "HO"),
        (Reading("", 0.0), Reading("HO", 0.5), "HO"),
    ],
)
def test_a_lone_tall_character_stays_upright(upright, turned, chosen):
    image = paper()
    image[10:30] = RED

    def say(crop):
        return turned if starts_red(crop) else upright

    (word,) = spot_one(say, image, (10, 10, 30, 90), min_confidence=0)
    assert word.text == chosen


def test_only_tall_quads_are_turned():
    crops = []

    def say(crop):
        crops.append(crop)
        return Reading("HO", 0.9)

    spot_one(say, paper(), (10, 10, 30, 40))  # 1.5 times higher than wide is not yet tall
    assert len(crops) == 1
    spot_one(say, paper(), (10, 10, 30, 41))
    assert len(crops) == 1 + 3


def test_nothing_legible_is_no_word():
    readings = {20: Reading("", 0.0), 21: Reading("dim", 0.29), 22: Reading("clear", 0.3)}
    boxes = [(0, 0, 80, height) for height in readings]
    two_stage = TwoStage(
        Finds({120: boxes}),
        Tells(lambda crop: readings[len(crop)]),
        WordsConfig(scales=(1,), margin=0, min_confidence=0.3),
    )
    (words,) = two_stage.spot([paper()])
    assert [word.text for word in words] == ["clear"]


def test_all_images_share_one_call_and_keep_their_own_words():
    detector = Finds(
        {120: [(0, 0, 60, 20), (0, 30, 20, 80)], 130: [], 140: [(5, 5, 95, 30), (5, 40, 95, 66)]}
    )
    recognizer = Tells(lambda crop: Reading(f"{len(crop)}", 0.9))
    images = [paper(width=width) for width in (120, 130, 140)]
    together = TwoStage(detector, recognizer, WordsConfig(scales=(1,), margin=0)).spot(images)
    assert recognizer.calls == 1
    assert [[word.text for word in words] for words in together] == [["20", "50"], [], ["25", "26"]]


def test_no_images_and_no_text():
    two_stage = TwoStage(Finds({120: []}), Tells(None))
    assert two_stage.spot([]) == []
    assert two_stage.spot([paper()]) == [()]


def test_settings_have_bounds():
    with pytest.raises(ConfigError, match=r"spotter: margin: .*greater than or equal to 0, got -1"):
        config.validate(WordsConfig, {"margin": -1}, "spotter")


def test_a_reading_with_a_space_is_cut_in_the_middle_of_it():
    """Ten characters of a tenth each: "FRESH" to 0.5, a space to 0.6, "BUNS" to 1."""
    spans = [(i / 10, (i + 1) / 10) for i in range(10)]
    confidences = [0.9] * 5 + [0.2] + [0.8] * 4
    characters = tuple(map(Character, "FRESH BUNS", confidences, spans))
    quad = np.array([[0, 0], [200, 0], [200, 20], [0, 20]], np.float32)
    first, second = split_at_spaces(Word("FRESH BUNS", 0.7, characters, quad, 0.6))
    assert (first.text, second.text) == ("FRESH", "BUNS")
    assert (first.confidence, second.confidence) == pytest.approx((0.9, 0.8))
    assert first.score == second.score == 0.6
    np.testing.assert_allclose(first.quad, [[0, 0], [110, 0], [110, 20], [0, 20]], atol=1e-3)
    np.testing.assert_allclose(second.quad, [[110, 0], [200, 0], [200, 20], [110, 20]], atol=1e-3)
    assert first.characters[0].span == pytest.approx((0, 1 / 5.5))
    assert second.characters[0].span == pytest.approx((0.05 / 0.45, 0.15 / 0.45))


@pytest.mark.parametrize("text", ["", " ", "  "])
def test_spaces_alone_are_no_words(text):
    characters = tuple(Character(c, 0.9, (0.4, 0.6)) for c in text)
    quad = np.array([[0, 0], [9, 0], [9, 5], [0, 5]], np.float32)
    assert split_at_spaces(Word(text, 0.9, characters, quad, 1.0)) == []


def test_fused_by_hand():
    # 2 e e^0.5 / (e + e^0.5) = 8.9634 / 4.3670 = 2.0525; its logarithm is 0.7191.
    assert fused(1.0, 0.5) == pytest.approx(0.7191, abs=1e-4)
    assert fused(0.5, 1.0) == fused(1.0, 0.5)
    assert fused(0.3, 0.3) == pytest.approx(0.3)
    assert (fused(0, 0), fused(1, 1)) == (pytest.approx(0), pytest.approx(1))


def test_words_that_neither_is_sure_enough_of_are_dropped():
    """The detector's scores are 0.9 and 0.5, the recogniser's confidence is 0.8."""
    boxes = {120: [(10, 20, 50, 40), (60, 20, 100, 40)]}

    def found(**settings):
        finds, tells = Finds(boxes), Tells(lambda crop: Reading("ab", 0.8))
        (words,) = TwoStage(finds, tells, WordsConfig(scales=(1,), **settings)).spot([paper()])
        return [pytest.approx(word.score) for word in words]

    assert found() == [0.9, 0.5]  # 0.849 and 0.639 fused
    assert found(min_fused=0.64) == [0.9]  # the score stays the detector's
    assert found(min_fused=0.85) == []


def word(text, confidence, left, right):
    quad = np.array([(left, 0), (right, 0), (right, 20), (left, 20)], np.float32)
    return Word(text, confidence, (), quad, 0.9)


def best(words, **given):
    return [w.text for w in of_page(words, WordsConfig(**given), None)]


def test_the_surer_of_two_words_in_one_place_stays():
    whole, part, beside = (
        word("HOTEL", 0.8, 0, 100),
        word("HOT", 0.9, 0, 60),
        word("A", 0.7, 90, 130),
    )
    assert best([whole, part], rival_width=0) == ["HOT"]
    # Ten of the forty px of the one beside are covered: a quarter.
    assert best([beside, whole]) == ["A", "HOTEL"]
    assert best([beside, whole], rival_overlap=0.2) == ["HOTEL"]


@pytest.mark.parametrize(("confidence", "stays"), [(0.82, "HOTEL"), (0.81, "HOT")])
def test_a_longer_one_may_be_less_sure(confidence, stays):
    """1.667 to the power of 0.2 is 1.1076, so 0.8125 is worth 0.9 in a place of which it is 0.6."""
    whole, part = word("HOTEL", confidence, 0, 100), word("HOT", 0.9, 0, 60)
    assert best([part, whole]) == [stays]


def test_of_two_that_read_the_same_the_surer_stays_however_wide():
    """And beside a rival that reads otherwise the wider one is no better than the narrower."""
    tight, loose = word("HOT", 0.81, 0, 60), word("HOT", 0.8, 0, 100)
    quads = [w.quad[1, 0] for w in of_page([loose, tight], WordsConfig(), None)]
    assert quads == [60]
    assert best([loose, tight, word("HOTEL", 0.72, 0, 100)]) == ["HOT"]
    assert best([loose, tight, word("HOTEL", 0.74, 0, 100)]) == ["HOTEL"]


def likely(texts):
    """A language in which capitals cost 1.5 nats each, as does the end, and all else 9."""
    return np.array([-1.5 * (len(t) + 1) if t.isupper() else -9.0 * (len(t) + 1) for t in texts])


def test_what_a_word_is_worth_by_hand():
    """A nat likelier than is typical: c^(e^-0.4) e^0.1. No reading counts as more than one less."""
    words = [word("SALE", 0.5, 0, 60), word("x7q", 0.5, 0, 60), word("SALE", 1.0, 0, 60)]
    told = worth(words, WordsConfig(language_weight=0.4), likely)
    assert told == pytest.approx([0.5**0.670320 * 1.105171, 0.5**1.491825 * 0.904837, 1.105171])
    assert worth(words, WordsConfig(language_weight=0), likely) == pytest.approx([0.5, 0.5, 1])
    assert worth(words, WordsConfig(), None) == pytest.approx([0.5, 0.5, 1])
    assert worth([], WordsConfig(), likely).shape == (0,)


def test_an_unsure_reading_stays_if_it_is_likely_and_goes_if_it_is_not():
    words = [word("SALE", 0.5, 0, 60), word("x7q", 0.6, 100, 160), word("k2", 0.95, 200, 260)]
    config = WordsConfig(min_confidence=0.55)
    assert [w.text for w in of_page(words, config, likely)] == ["SALE", "k2"]
    assert [w.text for w in of_page(words, config, None)] == ["x7q", "k2"]


def test_of_rivals_the_likelier_may_be_less_sure():
    words = [word("x7q", 0.8, 0, 60), word("SALE", 0.7, 0, 60)]
    assert [w.text for w in of_page(words, WordsConfig(), likely)] == ["SALE"]
    assert [w.text for w in of_page(words, WordsConfig(), None)] == ["x7q"]


def test_a_word_that_is_driven_out_drives_out_none():
    chain = [word("one", 0.9, 0, 60), word("two", 0.8, 30, 90), word("three", 0.7, 60, 120)]
    assert best(chain) == ["one", "three"]
    assert best([]) == []
    first, second = word("one", 0.9, 0, 60), word("same", 0.9, 0, 60)
    assert best([first, second]) == ["one"]


def test_a_picture_is_searched_at_each_scale_and_the_best_reading_stays():
    """At the smaller scale the quad is cut short, and what is in it is read less surely."""

    class Looks(Finds):
        seen = ()

        def detect(self, image, scale=1.0, doubtful=False):
            self.seen += (scale,)
            right = 60 if scale < 1 else 90
            return Finds({120: [(10, 20, right, 40)]}).detect(image)

    looks = Looks({})
    says = Tells(lambda crop: Reading("whole", 0.9) if crop.shape[1] > 60 else Reading("who", 0.8))
    config = WordsConfig(scales=(0.5, 1), margin=0)
    ((found,),) = TwoStage(looks, says, config).spot([paper()])
    assert (found.text, looks.seen, says.calls) == ("whole", (0.5, 1), 1)
    config = WordsConfig(scales=(0.5,), margin=0)
    assert [w.text for w in TwoStage(looks, says, config).spot([paper()])[0]] == ["who"]
