import numpy as np
import pytest
import torch

from ocrkit import geometry, spot
from ocrkit.detect.east import EAST
from ocrkit.recognize._labels import MAX_LENGTH
from ocrkit.spot.fots import FOTS, FOTSConfig, FOTSTargets, _ended, _mined, _widened, shaken
from ocrkit.types import Detections, Sample


def parameters(model):
    return sum(p.numel() for p in model.parameters())


def sample(texts, ignored=(), height=20, side=128):
    """Words below each other on a noisy ground, 60 px wide."""
    image = np.random.default_rng(0).integers(0, 255, (side, side, 3)).astype(np.uint8)
    boxes = [
        [10, 10 + 1.2 * height * i, 70, 10 + 1.2 * height * i + height] for i in range(len(texts))
    ]
    quads = [[(x, y), (r, y), (r, b), (x, b)] for x, y, r, b in boxes]
    return Sample(
        image,
        np.array(quads, np.float32).reshape(-1, 4, 2),
        tuple(texts),
        np.isin(np.arange(len(texts)), ignored),
    )


@pytest.fixture(scope="module")
def model():
    torch.manual_seed(0)
    return FOTS(FOTSConfig()).eval()


def test_sizes(model):
    # EAST 1 686 166; strokes 16*32*9 + 64; join 64*64*9 + 128; the recogniser: convolutions of
    # `lite` from 64 to 192 channels 775 168, the last 192*192*2 + 384, LSTM 330 752, head 24 672
    strokes, join = 16 * 32 * 9 + 64, 64 * 64 * 9 + 128
    columns = 9 * (64 * 128 + 128 * 128 + 128 * 192 + 192 * 192) + 2 * (128 + 128 + 192 + 192)
    columns += 192 * 192 * 2 + 2 * 192
    lstm = 2 * 4 * 128 * (192 + 128 + 2)
    head = 256 * 96 + 96
    assert parameters(model) == 1_686_166 + strokes + join + columns + lstm + head
    assert parameters(model) < 3_000_000  # 6 MB in half precision


@pytest.mark.slow
def test_size_of_the_papers_network():
    built = spot.build({"name": "fots", "detector": {"network": "resnet50"}})
    assert built.detector.network.channels == (64, 32)
    score, shape, fine, finest = built.eval()(torch.zeros(1, 3, 64, 96))
    assert (score.shape, shape.shape) == ((1, 1, 16, 24), (1, 5, 16, 24))
    assert (fine.shape, finest.shape) == ((1, 64, 32, 48), (1, 32, 16, 24))


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        ({"detector": {"name": "east", "geometry": "quad"}}, r"detector\.geometry: .* rbox"),
        ({"detector": {"name": "east", "sideways": 0.4}}, r"detector\.sideways: .* upright"),
        ({"recognizer": {"name": "crnn"}}, r"recognizer\.network: only `shared`"),
        ({"spotter": {"stacked": True}}, r"spotter\.stacked: letters"),
    ],
)
def test_parts_that_do_not_fit_together_are_refused(settings, reason):
    with pytest.raises(ValueError, match=reason):
        FOTSConfig(**settings)


def test_words_with_a_text_are_to_be_read(model):
    config = model.config
    texts = ["ab", None, "###", "c\u4e00", "x" * (MAX_LENGTH + 1), "\u00e9"]
    targets = FOTS.encode(config, sample(texts, ignored=[2], height=12))
    assert targets.lengths.tolist()[:3] == [2, 1, 0]  # é is read as e; the others cannot be
    assert targets.classes[0, :3].tolist() == [11, 12, 0]  # digits come first, the blank is 0
    np.testing.assert_array_equal(targets.quads[0], sample(texts, height=12).quads[0])
    np.testing.assert_array_equal(targets.quads[1], sample(texts, height=12).quads[5])
    assert targets.lengths.shape == (32,)


def test_detection_is_taught_as_east_is(model):
    given = sample(["ab", "cd"], ignored=[1])
    theirs = EAST.encode(model.config.detector, given)
    for ours, same in zip(FOTS.encode(model.config, given), theirs, strict=False):
        np.testing.assert_array_equal(ours, same)


def test_words_too_small_to_be_found_are_not_read(model):
    assert FOTS.encode(model.config, sample(["ab"], height=5)).lengths.sum() == 0


def test_of_too_many_words_some_of_all_parts_are_read():
    config = FOTSConfig(read=3)
    given = sample([str(i) for i in range(7)], height=12)
    targets = FOTS.encode(config, given)
    assert [int(c) - 1 for c in targets.classes[:, 0]] == [0, 3, 6]


def batch(config, *samples):
    columns = zip(*(FOTS.encode(config, s) for s in samples), strict=True)
    targets = FOTSTargets(*(torch.from_numpy(np.stack(c)) for c in columns))
    images = np.stack([s.image.transpose(2, 0, 1) / 63.75 - 2 for s in samples])
    return torch.from_numpy(images.astype(np.float32)), targets


@pytest.mark.parametrize("texts", [(), ("ab",), (None,)])
@pytest.mark.parametrize("ignored", [(), (0,)])
def test_the_loss_and_its_gradients_are_finite(texts, ignored):
    torch.manual_seed(0)
    model = FOTS(FOTSConfig())
    images, targets = batch(model.config, sample(texts, ignored), sample(()))
    terms = model.loss(model(images), targets)
    assert set(terms) == {"score", "box", "angle", "ctc"}
    total = torch.stack(list(terms.values())).sum()
    total.backward()
    assert torch.isfinite(total)
    assert all(p.grad is None or torch.isfinite(p.grad).all() for p in model.parameters())
    reads = bool(texts) and texts[0] is not None and not ignored
    assert (terms["ctc"] > 0) == reads


def test_reading_teaches_the_shared_convolutions():
    torch.manual_seed(0)
    model = FOTS(FOTSConfig())
    images, targets = batch(model.config, sample(["ab"]))
    model.loss(model(images), targets)["ctc"].backward()
    trunk = model.detector.network.trunk
    assert trunk.backbone.stem[0].weight.grad.abs().sum() > 0
    assert trunk.smooth4[0].weight.grad.abs().sum() > 0
    assert model.detector.network.heads.weight.grad is None


def test_detection_alone_has_no_term_for_reading(model):
    alone = FOTS(FOTSConfig(reads=False))
    images, targets = batch(alone.config, sample(["ab"]))
    assert set(alone.loss(alone(images), targets)) == {"score", "box", "angle"}


def test_the_hardest_and_random_ones_of_the_others_are_chosen():
    torch.manual_seed(0)
    loss = torch.arange(100.0).view(1, 1, 10, 10).repeat(2, 1, 1, 1)
    candidates = loss < 90
    chosen = _mined(loss, candidates, 5, 7)
    assert chosen.flatten(1).sum(1).tolist() == [12, 12]
    assert chosen.flatten(1)[:, 85:90].all()
    assert not chosen.flatten(1)[:, 90:].any()
    assert (chosen[0] != chosen[1]).any()
    assert _mined(loss, candidates, 200, 0).sum() == 180


def test_score_loss_by_hand():
    """A word of one cell, one hard negative, and no random ones."""
    config = FOTSConfig(hard_negatives=1, random_negatives=0, reads=False)
    model = FOTS(config)
    images, targets = batch(config, sample(()))
    share = torch.zeros(1, 1, 32, 32)
    share[0, 0, 3, 4] = 1
    targets = targets._replace(share=share)
    maps = model.eval()(images)
    score = torch.full((1, 1, 32, 32), -2.0)
    score[0, 0, 9, 9] = 1.0  # the hardest
    found = model.loss(maps._replace(score=score), targets)["score"]
    positive, negative = np.log1p(np.exp(2.0)), np.log1p(np.exp(1.0))
    assert float(found) == pytest.approx((positive + negative) / 2, rel=1e-5)


def test_shaken_quads_stay_near(model):
    torch.manual_seed(0)
    quads = torch.tensor([[[100.0, 50], [140, 50], [140, 70], [100, 70]]]).repeat(500, 1, 1)
    moved = shaken(quads) - quads
    outwards = moved * torch.tensor([[-1.0, -1], [1, -1], [1, 1], [-1, 1]])
    # Margins are uniform between -6 and 20 % of the 20 px of height, so 1.4 px in the mean.
    torch.testing.assert_close(
        outwards.mean(dim=(0, 1)), torch.tensor([1.4, 1.4]), atol=0.2, rtol=0
    )
    assert outwards.max() < 20 * (0.2 + 5 * 0.04)
    same_side = moved[:, 0, 0] - moved[:, 3, 0]  # what is left of it is the shaking of corners
    assert same_side.std() == pytest.approx(20 * 0.04 * 2**0.5, rel=0.15)


def test_the_margin_is_as_wide_as_that_of_crops():
    quad = np.array([[100, 50], [140, 50], [140, 70], [100, 70]], np.float32)
    np.testing.assert_allclose(
        _widened(quad, 0.1), [[98, 48], [142, 48], [142, 72], [98, 72]], atol=1e-4
    )


def test_behind_its_end_a_strip_says_nothing():
    ended = _ended(torch.randn(2, 4, 3), torch.tensor([4, 2]))
    assert (ended.softmax(-1)[1, 2:] == torch.tensor([1.0, 0, 0])).all()
    assert torch.isfinite(ended[0]).all()


class Page(FOTS):
    """Finds what it is told to find."""

    def found(self, *quads):
        quads = np.array(quads, np.float32).reshape(-1, 4, 2)
        self.detector.decode = lambda maps: [Detections(quads, np.ones(len(quads), np.float32))]
        return self


def test_a_reading_does_not_depend_on_the_others():
    torch.manual_seed(1)
    model = FOTS(FOTSConfig()).eval()
    image = np.random.default_rng(0).integers(0, 255, (128, 160, 3)).astype(np.uint8)
    maps = model(torch.from_numpy(image.transpose(2, 0, 1)[None] / 63.75 - 2).float())
    quads = [
        geometry.full_quad((12, 30 + 11 * i)) + np.float32([5 + i, 4 + 13 * i]) for i in range(8)
    ]
    together = model._read(maps, quads)
    for quad, reading in zip(quads, together, strict=True):
        (alone,) = model._read(maps, [quad])
        assert alone.text == reading.text
        assert alone.confidence == pytest.approx(reading.confidence, abs=1e-4)


def test_words_come_back_in_the_pixels_of_the_picture(monkeypatch):
    """With scales of its own for each side: 90 x 210 is seen at 32 x 96 here."""
    torch.manual_seed(0)
    config = FOTSConfig.model_validate(
        {"detector": {"long_side": 96}, "spotter": {"min_confidence": 0.0, "scales": [1]}}
    )
    model = Page(config).eval().found([[0, 0], [96, 0], [96, 32], [0, 32]])
    monkeypatch.setattr(model, "_read", lambda maps, quads: [reading("word")] * len(quads))
    ((word,),) = model.spot([np.zeros((90, 210, 3), np.uint8)])
    np.testing.assert_allclose(word.quad, [[0, 0], [210, 0], [210, 90], [0, 90]], rtol=1e-5)
    assert word.text == "word"


def test_unsure_words_and_empty_pages(monkeypatch):
    torch.manual_seed(0)
    model = Page(FOTSConfig()).eval()
    image = np.zeros((64, 64, 3), np.uint8)
    assert model.found().spot([image, image]) == [(), ()]
    model.found([[0, 0], [60, 0], [60, 20], [0, 20]])
    monkeypatch.setattr(model, "_read", lambda maps, quads: [reading("ab", 0.5)] * len(quads))
    assert model.spot([image]) == [()]


def reading(text, confidence=0.9):
    from ocrkit.types import Character, Reading

    step = 1 / len(text)
    return Reading.of(
        tuple(Character(c, confidence, (i * step, (i + 1) * step)) for i, c in enumerate(text))
    )


@pytest.mark.slow
def test_learns_a_picture_by_heart():
    torch.manual_seed(0)
    import cv2

    image = np.full((128, 160, 3), 40, np.uint8)
    words = {"EXIT": (20, 20), "no5": (40, 80)}
    quads = []
    for text, (x, y) in words.items():
        cv2.putText(image, text, (x, y + 22), cv2.FONT_HERSHEY_SIMPLEX, 1.0, (240, 240, 240), 2)
        (width, _), _ = cv2.getTextSize(text, cv2.FONT_HERSHEY_SIMPLEX, 1.0, 2)
        quads.append([(x, y - 2), (x + width, y - 2), (x + width, y + 26), (x, y + 26)])
    given = Sample(image, np.array(quads, np.float32), tuple(words), np.zeros(2, np.bool_))
    model = FOTS(FOTSConfig.model_validate({"detector": {"long_side": 160}}))
    images, targets = batch(model.config, given)
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(250):
        optimizer.zero_grad()
        torch.stack(list(model.loss(model(images), targets).values())).sum().backward()
        optimizer.step()
    (found,) = model.eval().spot([image])
    assert sorted(word.text for word in found) == sorted(words)
    for word in found:
        assert geometry.iou(word.quad, given.quads).max() > 0.7
