import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.train.validation import WordsFound, WordsRead, WordsSpotted
from ocrkit.types import Detections, Reading, Sample, Word

QUADS = np.array(
    [
        [[10, 10], [50, 10], [50, 30], [10, 30]],
        [[60, 10], [90, 10], [90, 30], [60, 30]],
    ],
    np.float32,
)


class Finder:
    def detect(self, image):
        return Detections(QUADS[:1], np.ones(1, np.float32))


class Reader:
    """Reads the width of what it is shown."""

    def read(self, crops):
        return [Reading(str(crop.shape[1]), 1.0) for crop in crops]


def figures(scorer):
    return {f.metric: f.value for f in scorer.figures("street")}


def scene(texts=("40", "31"), ignored=(False, False)):
    return Sample(np.zeros((50, 100, 3), np.uint8), QUADS, texts, np.array(ignored))


def test_a_detector_is_scored_over_all_images():
    scorer = WordsFound()
    scorer.add(Finder(), scene())
    scorer.add(Finder(), scene(ignored=(False, True)))
    found = figures(scorer)
    assert found == pytest.approx({"hmean": 0.8, "precision": 1.0, "recall": 2 / 3})
    first = scorer.figures("street")[0]
    assert (first.split, first.protocol, first.metric) == ("street", "ic15-det", "hmean")


def test_a_recogniser_reads_words_where_they_stand():
    scorer = WordsRead()
    scorer.add(Reader(), scene())  # 40 and 30 pixels wide: one is right
    scorer.add(Reader(), scene(texts=(None, "30"), ignored=(False, False)))
    assert figures(scorer)["accuracy_36"] == pytest.approx(2 / 3)
    assert scorer.figures("street")[0].metric == "accuracy_36"


def test_a_crop_is_read_whole():
    image = np.zeros((20, 77, 3), np.uint8)
    scorer = WordsRead()
    scorer.add(
        Reader(),
        Sample(image, geometry.full_quad(image.shape[:2])[None], ("77",), np.zeros(1, bool)),
    )
    assert figures(scorer)["accuracy"] == 1


def test_nothing_to_read():
    scorer = WordsRead()
    scorer.add(Reader(), scene(ignored=(True, True)))
    assert figures(scorer)["accuracy"] == 0


class Spotter(Finder):
    """Finds both words and reads one of them right, of which its detector finds the first."""

    def spot(self, images):
        texts = ("40", "?")
        return [
            tuple(Word(t, 1.0, (), q, 1.0) for t, q in zip(texts, QUADS, strict=True))
            for _ in images
        ]


def test_a_spotter_is_scored_by_what_it_reads_and_finds():
    scorer = WordsSpotted()
    scorer.add(Spotter(), scene())
    found = [(f.protocol, f.metric, f.value) for f in scorer.figures("street")]
    assert found == [
        ("ic15-e2e-none", "hmean", 0.5),
        ("ic15-e2e-none", "precision", 0.5),
        ("ic15-e2e-none", "recall", 0.5),
        ("ic15-det", "hmean", pytest.approx(2 / 3)),
        ("ic15-det", "precision", 1.0),
        ("ic15-det", "recall", 0.5),
    ]
