import math
import string
from itertools import count, repeat

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from ocrkit import checkpoint, geometry, spot
from ocrkit.detect._base import prepare
from ocrkit.spot import stn_ocr
from ocrkit.spot.stn_ocr import (
    SMALLEST,
    STNOCR,
    STNOCRConfig,
    STNOCRMaps,
    STNOCRTargets,
    affine,
    corners,
    cut,
    starts,
)
from ocrkit.train import schedule
from ocrkit.types import Character, Reading, Sample

DIGITS = string.digits


def sample(*words, ignored=(), side=64):
    """Words (text, left, top), 20 x 10 px, on noise."""
    image = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    quads = [geometry.full_quad((10, 20)) + np.float32([x, y]) for _, x, y in words]
    texts = tuple(text for text, _, _ in words)
    ignore = np.isin(np.arange(len(words)), ignored)
    return Sample(image, np.array(quads, np.float32).reshape(-1, 4, 2), texts, ignore)


def batch(config, samples):
    columns = zip(*(STNOCR.encode(config, s) for s in samples), strict=True)
    targets = STNOCRTargets(*(torch.from_numpy(np.stack(c)) for c in columns))
    return torch.from_numpy(np.stack([prepare(s.image) for s in samples])), targets


def spelled(targets):
    charset = STNOCRConfig().recognizer.charset
    return [
        "".join(charset[c - 1] for c in row[:length])
        for row, length in zip(targets.classes, targets.lengths, strict=True)
    ]


def place(left, top, right, bottom):
    """The map of an upright region, in [-1, 1]."""
    return torch.tensor(
        [
            [(right - left) / 2, 0, (left + right) / 2],
            [0, (bottom - top) / 2, (top + bottom) / 2],
        ]
    )


def test_labels_come_in_reading_order_whatever_order_quads_come_in():
    config = STNOCRConfig(words=4)
    targets = STNOCR.encode(config, sample(("low", 5, 40), ("right", 35, 6), ("left", 5, 5)))
    assert spelled(targets) == ["left", "right", "low", ""]
    assert targets.known.tolist() == [True] * 4  # the fourth region is to say nothing


def test_where_words_are_left_out_the_rest_may_say_anything():
    words = ("ab", 5, 5), (None, 5, 20), ("\u4e00", 5, 35), ("cd", 5, 50)
    targets = STNOCR.encode(STNOCRConfig(words=3), sample(*words))
    assert spelled(targets) == ["ab", "cd", ""]
    assert targets.known.tolist() == [True, True, False]
    ignored = STNOCR.encode(STNOCRConfig(words=2), sample(words[0], words[3], ignored=[0]))
    assert spelled(ignored) == ["cd", ""]
    assert ignored.known.tolist() == [True, False]


def test_a_text_with_spaces_is_several_words():
    targets = STNOCR.encode(STNOCRConfig(words=3), sample(("below", 5, 40), (" OLD  MILL ", 5, 5)))
    assert spelled(targets) == ["OLD", "MILL", "below"]


def test_of_more_words_than_regions_the_first_are_read():
    targets = STNOCR.encode(STNOCRConfig(), sample(("b", 5, 30), ("a", 5, 5)))
    assert spelled(targets) == ["a"]


def test_regions_start_below_each_other_in_the_picture():
    one = affine(starts(1, 0.7), turns=False)
    torch.testing.assert_close(one, torch.tensor([[[0.7, 0, 0], [0, 0.7, 0]]]))
    two = affine(starts(2, 0.8), turns=True)
    torch.testing.assert_close(
        two, torch.tensor([[[0.8, 0, 0], [0, 0.4, -0.4]], [[0.8, 0, 0], [0, 0.4, 0.4]]])
    )
    assert torch.isfinite(starts(16, 0.2)).all()


def test_a_place_by_hand():
    # scales 0.5 at SMALLEST + (1 - SMALLEST) * p; a middle at (0.5, -0.5); 45 degrees; half slant
    p = math.log((0.5 - SMALLEST) / 0.5)
    numbers = torch.tensor([p, p, math.atanh(0.5), -math.atanh(0.5), math.atanh(0.5), 0.0])
    d = 0.5 * math.sqrt(0.5)
    expected = torch.tensor([[d, -d, 0.5], [d, d, -0.5]])
    torch.testing.assert_close(affine(numbers, turns=True), expected)
    quad = torch.tensor([[0.5, -0.5 - 2 * d], [0.5 + 2 * d, -0.5], [0.5, 2 * d - 0.5], [0, 0]])
    quad[3] = torch.tensor([0.5 - 2 * d, -0.5])
    torch.testing.assert_close(corners(expected), quad)
    upright = affine(numbers, turns=False)
    torch.testing.assert_close(upright, torch.tensor([[0.5, 0, 0.5], [0, 0.5, -0.5]]))


def test_slant_moves_the_lower_edge_along():
    p = math.log((0.5 - SMALLEST) / 0.5)
    numbers = torch.tensor([p, p, 0, 0, 0, math.atanh(0.5)])
    torch.testing.assert_close(
        affine(numbers, turns=True), torch.tensor([[0.5, 0.25, 0], [0, 0.5, 0]])
    )


@settings(deadline=None, max_examples=50)
@given(
    arrays.arrays(np.float32, (3, 6), elements=st.floats(-50, 50, width=32)),
    st.booleans(),
)
def test_no_region_collapses_or_is_mirrored(numbers, turns):
    places = affine(torch.from_numpy(numbers), turns=turns)
    assert (torch.linalg.det(places[..., :2]) >= 0.99 * SMALLEST**2).all()
    assert (places[..., 2].abs() <= 1).all()
    assert (geometry.area(corners(places).numpy()) > 0).all()  # clockwise


def test_strips_are_what_the_places_cover():
    torch.manual_seed(0)
    grey = torch.rand(2, 1, 64, 128)
    places = torch.stack(
        [
            torch.stack([place(0, -1, 1, 0), place(-1, -1, 0, 0)]),
            torch.stack([place(-1, 0, 0, 1), place(0, 0, 1, 1)]),
        ]
    )
    strips = cut(grey, places, (32, 64))
    parts = [grey[0, :, :32, 64:], grey[0, :, :32, :64], grey[1, :, 32:, :64], grey[1, :, 32:, 64:]]
    for strip, part in zip(strips, parts, strict=True):
        expected = (part - part.mean()) / part.std(correction=0)
        torch.testing.assert_close(strip, expected, atol=1e-4, rtol=1e-4)


def test_an_empty_region_stays_faint():
    strips = cut(torch.full((1, 1, 32, 32), 0.3), place(-1, -1, 1, 1)[None, None], (32, 32))
    torch.testing.assert_close(strips, torch.zeros(1, 1, 32, 32), atol=1e-4, rtol=0)
    faint = 0.001 * torch.randn(1, 1, 32, 32)
    assert cut(faint, place(-1, -1, 1, 1)[None, None], (32, 32)).std() < 0.05


def test_loss_by_hand():
    """Two time steps of 96 equal classes: 3 paths say one character, 1 says nothing."""
    config = STNOCRConfig(words=3, tries=0, empty_weight=0.5, outside_weight=2)
    model = STNOCR(config)
    _, targets = batch(config, [sample(("a", 5, 5))])
    inside, beyond = place(-0.5, -0.5, 0.5, 0.5), place(-0.2, -0.2, 1.2, 0.6)
    places = torch.stack([inside, inside, beyond])[None]
    grey = torch.zeros(1, 1, 96, 96)
    maps = STNOCRMaps(torch.zeros(1, 3, 2, 96), places, torch.zeros(1, 3, 6), grey)
    terms = {name: float(term) for name, term in model.loss(maps, targets).items()}
    assert terms["ctc"] == pytest.approx(2 * math.log(96) - math.log(3), rel=1e-5)
    assert terms["empty"] == pytest.approx(0.5 * 2 * math.log(96), rel=1e-5)
    assert terms["outside"] == pytest.approx(2 * (2 * 0.2**2) / 3, rel=1e-5)
    unknown = targets._replace(known=targets.lengths > 0)
    assert float(model.loss(maps, unknown)["empty"]) == 0


@pytest.mark.parametrize("words", [(), (("ab", 5, 5),), ((None, 5, 5),)])
@pytest.mark.parametrize("tries", [0, 4])
def test_the_loss_and_its_gradients_are_finite(words, tries):
    torch.manual_seed(0)
    config = STNOCRConfig(words=2, turns=True, tries=tries)
    model = STNOCR(config)
    images, targets = batch(config, [sample(*words), sample()])
    terms = model.loss(model(images), targets)
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert all(torch.isfinite(p.grad).all() for p in model.parameters() if p.grad is not None)
    reads = bool(words) and words[0][0] is not None
    assert (model.localizer.head.weight.grad.abs().sum() > 0) == (reads or tries == 0)
    assert model.recognizer.columns[0][0].weight.grad.abs().sum() > 0


def test_places_are_drawn_to_where_reading_goes_best(monkeypatch):
    """Here text is the surer the farther to the right a region lies."""
    torch.manual_seed(0)
    model = STNOCR(STNOCRConfig(tries=200, shake=0.5))
    images, targets = batch(model.config, [sample(("0", 5, 5))] * 20)

    def right_is_better(grey, places):
        logits = torch.zeros(*places.shape[:2], 1, 96)
        logits[..., 0, 1] = 20 * places[..., 0, 2]
        return logits

    monkeypatch.setattr(model, "_logits", right_is_better)
    maps = model(images)
    better = model._better(maps, targets.classes, targets.lengths) - maps.numbers
    assert better[..., 2].min() > 0.1
    assert better[..., 3].abs().mean() < 0.1
    model.loss(maps, targets)["places"].backward()
    assert (model.localizer.head.bias.grad[2] < 0).all()  # so that descent goes to the right


def test_a_recogniser_that_reads_already_stays_as_it_is():
    torch.manual_seed(0)
    model = STNOCR(STNOCRConfig(reads_already=True)).train()
    before = {name: value.clone() for name, value in model.recognizer.state_dict().items()}
    images, targets = batch(model.config, [sample(("ab", 5, 5)), sample()])
    optimizer = torch.optim.AdamW(model.parameters(), lr=1.0)
    torch.stack(list(model.loss(model(images), targets).values())).sum().backward()
    optimizer.step()
    for name, value in model.recognizer.state_dict().items():
        torch.testing.assert_close(value, before[name], rtol=0, atol=0)
    assert model.localizer.head.weight.grad.abs().sum() > 0


def reading(text):
    step = 1 / max(len(text), 1)
    return Reading.of(
        tuple(Character(c, 0.9, (i * step, (i + 1) * step)) for i, c in enumerate(text))
    )


@pytest.fixture
def model():
    torch.manual_seed(0)
    return STNOCR(STNOCRConfig(side=96, words=3, width=32)).eval()


def told(model, monkeypatch, texts, places):
    monkeypatch.setattr(stn_ocr, "affine", lambda numbers, turns: torch.stack(places)[None])
    monkeypatch.setattr(model.recognizer, "decode", lambda maps: [reading(t) for t in texts])


def test_words_come_back_in_the_pixels_of_the_picture(model, monkeypatch):
    """A picture of 90 x 210 is seen as 41 x 96, 27 px below the top of the square."""
    top, bottom = 27 / 48 - 1, 68 / 48 - 1
    middle = (top + bottom) / 2
    places = [place(-1, top, 1, bottom), place(-1, top, 0, middle), place(0, middle, 1, bottom)]
    told(model, monkeypatch, ["all", "first", "last"], places)
    (words,) = model.spot([np.zeros((90, 210, 3), np.uint8)])
    assert [word.text for word in words] == ["all", "first", "last"]
    expected = [(0, 0, 210, 90), (0, 0, 105, 45), (105, 45, 210, 90)]
    for word, (x, y, right, low) in zip(words, expected, strict=True):
        corner = [[x, y], [right, y], [right, low], [x, low]]
        np.testing.assert_allclose(word.quad, corner, atol=1e-3)
        assert (word.score, word.quad.dtype) == (1.0, np.float32)
    found = model.detect(np.zeros((210, 90, 3), np.uint8))
    assert found.quads.shape == (3, 4, 2)
    assert found.scores.tolist() == [1, 1, 1]


def test_reading_ends_with_the_first_region_that_says_nothing(model, monkeypatch):
    places = [place(-1, -1, 1, 1)] * 3
    told(model, monkeypatch, ["a", "", "b"], places)
    image = np.zeros((50, 50, 3), np.uint8)
    assert [[w.text for w in words] for words in model.spot([image])] == [["a"]]
    told(model, monkeypatch, ["", "a", "b"], places)
    assert model.spot([image]) == [()]
    assert len(model.detect(image)) == 0
    assert model.spot([]) == []


def test_pictures_of_any_size_are_seen(model):
    for size in [(1, 300), (300, 1), (7, 5)]:
        (words,) = model.spot([np.full((*size, 3), 90, np.uint8)])
        assert isinstance(words, tuple)


def test_is_in_the_catalogue():
    built = spot.build({"name": "stn_ocr", "words": 2, "recognizer": {"network": "paper"}})
    logits, places, numbers, grey = built.eval()(torch.zeros(2, 3, 64, 64))
    assert (numbers.shape, grey.shape) == ((2, 2, 6), (2, 1, 64, 64))
    assert logits.shape == (2, 2, 25, 96)
    assert places.shape == (2, 2, 2, 3)


def drawn(rng, side=64):
    """A number of one to four digits somewhere on an uneven ground, in one of two typefaces."""
    ground = rng.integers(0, 256, 3)
    low, high = (0, 60) if ground.mean() > 127 else (195, 256)
    ink = tuple(int(v) for v in rng.integers(low, high, 3))
    text = "".join(rng.choice(list("0123456789"), rng.integers(1, 5)))
    face = (cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX)[rng.integers(2)]
    stroke = int(rng.integers(1, 3))
    (width, _), _ = cv2.getTextSize(text, face, 1.0, stroke)
    size = min(rng.uniform(0.45, 1.0), (side - 6) / width)
    (width, height), _ = cv2.getTextSize(text, face, size, stroke)
    x, y = (int(rng.integers(2, max(3, side - extent - 2))) for extent in (width, height))
    image = np.full((side, side, 3), ground, np.uint8)
    cv2.putText(image, text, (x, y + height), face, size, ink, stroke, cv2.LINE_AA)
    shades = cv2.resize(rng.normal(0, 12, (8, 8)), (side, side))[..., None]
    noisy = image + shades + rng.normal(0, 4, image.shape)
    quad = geometry.full_quad((height, width)) + np.float32([x, y])
    return Sample(np.clip(noisy, 0, 255).astype(np.uint8), quad[None], (text,), np.zeros(1, bool))


def looks_only():
    """A network that reads as the shipped CRNN does, and is to learn where to look."""
    torch.manual_seed(0)
    config = {"side": 64, "width": 64, "reads_already": True}
    model = STNOCR(
        STNOCRConfig.model_validate(
            config | {"recognizer": {"whitelist": DIGITS, "network": "deep"}}
        )
    )
    model.recognizer.load_state_dict(checkpoint.load("recognize", "crnn").state_dict())
    return model


def learn(model, batches, steps, rate):
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad])
    model.train()
    for step, (images, targets) in zip(range(steps), batches, strict=False):
        for group in optimizer.param_groups:
            group["lr"] = rate * schedule.rate_factor(step, 20, step / steps)
        optimizer.zero_grad()
        torch.stack(list(model.loss(model(images), targets).values())).sum().backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 5.0)
        optimizer.step()
    return model.eval()


def read_right(model, samples):
    found = model.spot([s.image for s in samples])
    pairs = zip(found, samples, strict=True)
    return np.mean([[w.text for w in words] == list(s.texts) for words, s in pairs])


@pytest.mark.slow
def test_learns_a_batch_by_heart():
    model = looks_only()
    rng = np.random.default_rng(0)
    samples = [drawn(rng) for _ in range(8)]
    learn(model, repeat(batch(model.config, samples)), 240, 2e-3)
    assert read_right(model, samples) >= 0.8


@pytest.mark.slow
def test_learns_where_numbers_are_from_what_they_say():
    model = looks_only()
    rng = np.random.default_rng(1)
    held_out = [drawn(np.random.default_rng(10_000 + i)) for i in range(100)]
    batches = (batch(model.config, [drawn(rng) for _ in range(12)]) for _ in count())
    assert read_right(learn(model, batches, 240, 2e-3), held_out) > 0.8
