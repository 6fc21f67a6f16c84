"""The report page: what must be on it, and that it needs nothing besides."""

import base64
import io
import re
from dataclasses import replace
from html.parser import HTMLParser

import numpy as np
import PIL.Image
import pytest

from ocrkit.evaluate import Found, ImageResult, Pair, Truth, _figures, recognition
from ocrkit.evaluate._figures import Axis, Line, Shape, shapes
from ocrkit.evaluate._rows import Row, rows
from ocrkit.evaluate.calibration import calibration
from ocrkit.evaluate.evaluation import Scene, evaluate
from ocrkit.evaluate.protocols import DETECTION, SPOTTING
from ocrkit.evaluate.report import WORST, WORST_CROPS, crops_page, scenes_page

IC15 = DETECTION["ic15"]
END_TO_END = SPOTTING["ic15"][0]
VOID = {"meta", "br", "img", "link", "input"}


class Checker(HTMLParser):
    """Notes tags, and refuses those that are not closed in their order."""

    def __init__(self):
        super().__init__()
        self.open, self.tags, self.texts = [], [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def parsed(page):
    checker = Checker()
    checker.feed(page)
    checker.close()
    assert checker.open == []
    return checker


def self_contained(page):
    """Whether a browser would fetch nothing, and run nothing."""
    tags = parsed(page).tags
    loaded = [a.get("href") or a.get("src") for _, a in tags if "href" in a or "src" in a]
    return (
        all(address.startswith("data:image/jpeg;base64,") for address in loaded)
        and not {"script", "link", "iframe", "object"} & {tag for tag, _ in tags}
        and not re.search(r"https?://|@import|url\(", page)
    )


def box(left, top=0):
    corners = [[left, top], [left + 40, top], [left + 40, top + 10], [left, top + 10]]
    return np.array(corners, np.float32)


def scene(name, found=(), texts=None, words=(0, 100), ignored=()):
    flags = [i in ignored for i in range(len(words))]
    truth = Truth.of([box(x) for x in words], ["Exit", "<B&2>", "Way"][: len(words)], flags)
    scores = np.linspace(0.9, 0.1, len(found))
    return Scene(name, truth, Found.of([box(x) for x in found], texts, scores))


def nothing(name):
    """No picture is at hand."""


def page_of(scenes, protocols=(IC15,), pictures=nothing, notes=(), reading=False, **wanted):
    evaluations = [evaluate(protocol, scenes, **wanted) for protocol in protocols]
    return scenes_page("Detection: <me>", "gt & co", evaluations, notes, pictures, reading=reading)


def test_a_page_has_figures_settings_curves_and_pictures():
    page = page_of([scene("img_1", [0]), scene("img_2", [0, 100])], [IC15, DETECTION["ic13-rrc"]])
    assert self_contained(page)
    said = "".join(parsed(page).texts)
    for expected in ("ic15-det", "ic13-rrc", "0.7500", "average precision", "area precision"):
        assert expected in said
    assert "Detection: <me>" in said
    assert "Ground truth: gt & co" in said
    assert page.count('<polyline class="curve"') == 4
    assert "img_1" in said
    assert "img_2" not in said  # nothing is wrong with it
    assert "Confused characters" not in said


def test_what_was_read_is_never_taken_for_html():
    texts = ["<script>alert(1)</script>", "\"><img src='http://x'>"]
    page = page_of([scene("<i>", [300, 500], texts)], notes=["<note>"])
    tags = [tag for tag, _ in parsed(page).tags]
    assert "script" not in tags
    assert "img" not in tags
    assert "<note>" in parsed(page).texts


def test_a_tuned_threshold_is_said_loudly():
    note = "the threshold was tuned on the scored data"
    page = page_of([scene("img_1", [0, 300])], tune=True, notes=["other", note])
    assert f'<li class="loud">{note}</li>' in page
    assert '<li class="note">other</li>' in page
    assert re.search(r'<tr class="loud"><th scope="row">threshold is</th>.*tuned on the', page)
    assert '"loud"' not in page_of([scene("img_1", [0, 300])])


def test_without_scores_there_are_no_curves():
    page = page_of([scene("img_1", [0, 300])], ranked=False)
    assert "Curves" not in page
    assert "verage precision" not in page
    assert self_contained(page)


def test_no_more_curves_than_colours_are_drawn():
    protocols = [IC15, *list(DETECTION.values())[:6]]
    page = page_of([scene("img_1", [0, 300])], protocols)
    assert page.count('<polyline class="curve"') == 12
    assert "The first 6 protocols are drawn" in page
    assert "protocols are drawn" not in page_of([scene("img_1", [0, 300])], protocols[:6])


def test_scores_beyond_one_lie_on_the_axis():
    far = scene("img_1", [0, 300])
    far = replace(far, found=Found.of(far.found.outlines, scores=[3, -1]))
    assert re.search(r'<text x="446.0" y="332" text-anchor="middle">3</text>', page_of([far]))
    assert re.search(r'<text x="52.0" y="332" text-anchor="middle">-1</text>', page_of([far]))


def test_without_detections_there_is_a_page():
    page = page_of([scene("img_1")])
    assert "Curves" not in page
    assert "2 missed" in page


def test_a_perfect_score_has_no_worst_pictures():
    assert "No picture has an error" in page_of([scene("img_1", [0, 100])])


def test_the_worst_pictures_come_first_and_are_not_too_many():
    bad = [scene(f"bad_{i}", [300] * i) for i in range(WORST)]
    page = page_of([scene("half", [0]), *bad, scene("good", [0, 100])])
    shown = re.findall(r"<figcaption><b>(\w+)</b>", page)
    assert shown == [f"bad_{i}" for i in reversed(range(WORST))]
    assert f"{WORST + 1} of {WORST + 2} pictures have errors" in page


def test_pictures_are_embedded_no_larger_than_needed():
    asked = []

    def pictures(name):
        asked.append(name)
        return np.full((900, 1800, 3), 200, np.uint8) if name == "img_1" else None

    page = page_of(
        [scene("img_1", [300]), scene("img_2"), scene("ok", [0, 100])], (IC15,), pictures
    )
    assert self_contained(page)
    assert asked == ["img_1", "img_2"]
    (data,) = re.findall(
        r'<image width="900" height="450" href="data:image/jpeg;base64,(.*?)"', page
    )
    assert PIL.Image.open(io.BytesIO(base64.b64decode(data))).size == (900, 450)
    assert 'points="150.0,0.0 170.0,0.0 170.0,5.0 150.0,5.0"' in page  # half as large
    assert page.count("the picture is not at hand") == 1
    # Without a picture, as far as the words reach, and 3 % more.
    assert 'viewBox="0 0 144 10"' in page


def test_every_drawing_is_said_in_words():
    page = page_of([scene("img_1", [0, 300], ignored=[1])])
    labels = [a["aria-label"] for tag, a in parsed(page).tags if tag == "svg" and "role" in a]
    assert labels == [
        "Precision over recall: ic15-det, average precision 1.0000",
        "Harmonic mean over the threshold: ic15-det",
        "img_1: 1 hit · 1 false alarm · 1 ignored",
    ]


def test_counts_are_said_in_words():
    page = page_of([scene("img_1", [300, 400, 500], words=(0, 100, 200), ignored=(1, 2))])
    assert "1 missed · 3 false alarms · 2 ignored</figcaption>" in page


def test_confusions_are_of_words_that_were_found():
    page = page_of([scene("img_1", [0, 300], ["Exlt", "xyz"])], [END_TO_END], reading=True)
    cells = '<tr><td>I</td><td>L</td><td class="number">1</td>'
    assert cells in page
    assert "<td>X</td>" not in page
    assert "Confused" not in page_of(
        [scene("a", [0, 300], ["EXIT", "x"])], [END_TO_END], reading=True
    )


def test_what_became_of_words_and_detections():
    result = ImageResult(
        (False, True, False), (False, False, True), (Pair(0, 0), Pair(2, 1, correct=False))
    )
    words, found = [box(0), box(100), box(200)], [box(1), box(201), box(101)]
    drawn = shapes(words, ["Exit", None, "Way"], found, ["exit", "wag", "?"], result)
    assert [(s.kind, s.label, s.outline[0, 0]) for s in drawn] == [
        ("ignored", "", 100),
        ("ignored", "?", 101),
        ("hit", "exit", 1),
        ("miss", "Way", 200),
        ("false", "wag", 201),
    ]


def test_points_of_a_plot_are_where_the_axes_say():
    line = Line("a", [0.0, 0.5, 2.0], [0.0, 1.0, 0.25], (2.0, 0.25))
    drawn = _figures.plot("A & B", Axis("score", 0, 2), [line], "rate")
    # The square of rates is 394 x 300 px, its lower left corner at (52, 314).
    assert 'points="52.0,314.0 150.5,14.0 446.0,239.0"' in drawn
    assert '<circle cx="446.0" cy="239.0"' in drawn
    assert 'aria-label="A &amp; B: a"' in drawn
    assert ">1.6</text>" in drawn  # 4/5 of the axis
    assert parsed(drawn)


def test_lines_of_equal_harmonic_mean():
    drawn = _figures.plot("", Axis("recall"), [], "precision", iso=True)
    # H = 0.8 with a precision of 1 is a recall of 2/3, and the other way round.
    assert f'points="{52 + 394 * 2 / 3:.1f},14.0 ' in drawn
    assert f' 446.0,{314 - 300 * 2 / 3:.1f}"' in drawn


@pytest.mark.parametrize(
    ("left", "kind", "expected"),
    [
        (30, "hit", 'x="30.0" y="50.0" dy="-.3em" text-anchor="start"'),
        (30, "false", 'x="30.0" y="60.0" dy="1em" text-anchor="start"'),
        (90, "hit", 'x="100.0" y="50.0" dy="-.3em" text-anchor="end"'),
    ],
)
def test_texts_stay_within_the_picture(left, kind, expected):
    picture = np.zeros((100, 100, 3), np.uint8)
    drawn = _figures.scene("", [Shape(kind, box(left, 50), "a<b")], picture)
    assert f'<text class="{kind}" {expected}>a&lt;b</text>' in drawn


def test_ignored_words_are_not_labelled():
    assert "<text" not in _figures.scene("", [Shape("ignored", box(0), "a")], None)


def test_rows_have_figures_then_settings():
    results = [
        {
            "protocol": "a",
            "rate": 0.5,
            "count": 3,
            "off": None,
            "dropped": {"long": 2},
            "settings": {"limit": 0.39269908, "strict": True, "angle": None, "rule": {"name": "r"}},
        },
        {"protocol": "b", "settings": {"limit": 1}},
    ]
    assert rows(results) == [
        Row("protocol", ("a", "b"), False),
        Row("rate", ("0.5000", ""), False),
        Row("count", ("3", ""), False),
        Row("dropped: long", ("2", ""), False),
        Row("limit", ("0.3927", "1"), True),
        Row("strict", ("yes", ""), True),
        Row("angle", ("none", ""), True),
        Row("rule name", ("r", ""), True),
    ]


def test_a_page_of_crops_shows_the_worst_readings():
    truths = ["Exit", "B52", "Way"] + [f"word{i}" for i in range(WORST_CROPS)]
    readings = ["Exit", "852", "xyz"] + [f"wprd{i}" for i in range(WORST_CROPS)]
    names = [f"w/{i}.png" for i in range(len(truths))]
    result = recognition.score(truths, readings)

    def pictures(name):
        return np.full((20, 600, 3), 9, np.uint8) if name == "w/2.png" else None

    page = crops_page("Recognition: me", "t.tsv", names, [result, result], [], pictures)
    assert self_contained(page)
    shown = re.findall(r'<span class="sub">(.*?)</span></figcaption>', page)
    assert len(shown) == WORST_CROPS
    assert shown[0] == "w/2.png"
    assert "w/0.png" not in shown
    (data,) = re.findall(r'<img src="data:image/jpeg;base64,(.*?)" alt="Crop that says Way">', page)
    assert PIL.Image.open(io.BytesIO(base64.b64decode(data))).size == (300, 10)
    assert f'<td>o</td><td>p</td><td class="number">{WORST_CROPS}</td>' in page
    assert f"{WORST_CROPS + 2} of {WORST_CROPS + 3} readings differ" in page


def test_what_was_not_read_is_named():
    result = recognition.score(["ab"], [""])
    page = crops_page("", "", ["1"], [result], [], nothing)
    assert "<td>a</td><td><i>nothing</i></td>" in page
    perfect = crops_page("", "", ["1"], [recognition.score(["a"], ["a"])], [], nothing)
    assert "Every reading is right as written" in perfect


def test_a_page_of_crops_shows_whether_confidences_are_right():
    result = recognition.score(["ab", "cd", "ef"], ["ab", "cd", "xy"])
    fits = calibration([0.75, 0.25, 0.75], [True, True, False])
    page = crops_page("", "", ["1", "2", "3"], [result], [], nothing, [fits])
    assert self_contained(page)
    labels = [a["aria-label"] for tag, a in parsed(page).tags if tag == "svg" and "role" in a]
    # 2 of 3 words lie 0.25 off, the third 0.75.
    assert labels == [
        "Accuracy over confidence: words, expected calibration error 0.4167, as often right as sure"
    ]
    # The square of rates is 394 x 300 px, its lower left corner at (52, 314).
    assert 'points="150.5,14.0 347.5,164.0"' in page
    assert 'points="52.0,314.0 446.0,14.0"' in page  # the diagonal
    x, y = 52 + 394 * 1.75 / 3, 314 - 300 * 2 / 3
    assert f'<circle cx="{x:.1f}" cy="{y:.1f}"' in page
    assert (
        '<th scope="row">0.7 to 0.8</th><td class="number">2</td>'
        '<td class="number">0.750</td><td class="number">0.500</td>'
    ) in page
    assert re.search(r'<th scope="row">ece</th><td class="number">0.4167</td>', page)


def test_without_confidences_a_page_of_crops_says_nothing_of_them():
    result = recognition.score(["ab"], ["ab"])
    for known in ([], [calibration([], [])]):
        page = crops_page("", "", ["1"], [result], [], nothing, known)
        assert "<h2>Confidence" not in page
