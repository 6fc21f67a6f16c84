"""EAST alone: targets and losses worked on paper, and decode as encode's inverse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quads import box, turned

from ocrkit import detect, geometry
from ocrkit.detect.east import EAST, EASTConfig, EASTMaps, EASTTargets, quad_losses, rbox_losses
from ocrkit.types import Sample

RBOX, QUAD = EASTConfig(), EASTConfig(geometry="quad")
MODELS = {"rbox": EAST(RBOX).eval(), "quad": EAST(QUAD).eval()}


def encode(*quads, ignored=(), size=(64, 96), config=RBOX):
    flags = np.isin(np.arange(len(quads)), ignored)
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    sample = Sample(np.zeros((*size, 3), np.uint8), stack, ("x",) * len(quads), flags)
    return EAST.encode(config, sample)


def perfect(targets):
    """Maps that say exactly what the targets say, with certainty."""
    score = np.where(targets.share > 0, 20.0, -20.0).astype(np.float32)
    return EASTMaps(torch.from_numpy(score)[None], torch.from_numpy(targets.geometry)[None])


def batched(*targets):
    return EASTTargets(*(torch.from_numpy(np.stack(t)) for t in zip(*targets, strict=True)))


def cells(targets):
    """Rows and columns of words' cells, each once."""
    rows, columns = np.nonzero(targets.share[0])
    return sorted(set(rows.tolist())), sorted(set(columns.tolist()))


def test_which_cells_a_word_holds():
    # 64 x 24 at (8, 12): each end moves by 0.3 of 24 = 7.2, to x 15.2 to 64.8 and y 19.2 to 28.8.
    # Centres 4 j + 2 inside: columns 4 (18) to 15 (62), rows 5 (22) and 6 (26).
    targets = encode(box(8, 12, 72, 36))
    assert cells(targets) == ([5, 6], list(range(4, 16)))
    assert targets.share.sum() == pytest.approx(1)
    assert targets.share.max() == pytest.approx(1 / 24)
    assert targets.valid.all()


def test_distances_by_hand():
    targets = encode(box(8, 12, 72, 36))
    # The cell in row 5, column 4 has its centre at (18, 22).
    np.testing.assert_allclose(targets.geometry[:, 5, 4], [10, 54, 14, 10, 0], atol=1e-4)
    assert not targets.geometry[:, 4, 4].any()


@pytest.mark.parametrize(("angle", "seen"), [(0.5, 0.5), (-0.7, -0.7), (1.2, 1.2 - math.pi / 2)])
def test_angles_are_within_45_degrees(angle, seen):
    targets = encode(turned(60, 24, 48, 32, angle))
    inside = targets.share[0] > 0
    np.testing.assert_allclose(targets.geometry[4][inside], seen, atol=1e-4)
    heights = targets.geometry[0][inside] + targets.geometry[2][inside]
    np.testing.assert_allclose(heights, 24 if seen == angle else 60, rtol=1e-4)


def test_the_rectangle_covers_a_word_that_is_none():
    slanted = np.array([[20, 16], [80, 16], [76, 40], [16, 40]], np.float32)
    targets = encode(slanted)
    # The cell in row 6, column 11, centre (46, 26), in the rectangle x 16 to 80, y 16 to 40.
    np.testing.assert_allclose(targets.geometry[:, 6, 11], [10, 34, 14, 30, 0], atol=1e-3)


def test_offsets_by_hand():
    targets = encode(box(8, 12, 72, 36), config=QUAD)
    expected = [8 - 18, 12 - 22, 72 - 18, 12 - 22, 72 - 18, 36 - 22, 8 - 18, 36 - 22]
    np.testing.assert_allclose(targets.geometry[:, 5, 4], expected, atol=1e-4)


@pytest.mark.parametrize("start", range(4))
def test_shrinking_takes_the_longer_sides_first(start):
    """Worked by hand for (0, 0), (160, 0), (160, 80), (0, 40), wherever its corners start.

    Sides 160, 80, 164.9, 40, so corners move by 0.3 of 40, 80, 80, 40. Along the longer pair:
    (12, 0), (136, 0), (136.72, 74.18), (11.64, 42.91). Then along the shorter pair, on which
    the upper corners come down by 12 and 24 and the lower ones go up by 24 and 12.
    """
    quad = np.array([[0, 0], [160, 0], [160, 80], [0, 40]], np.float32)
    shrunk = np.array([[11.9, 12], [136.23, 24], [136.48, 50.18], [11.74, 30.91]], np.float32)
    inside = geometry.contains(shrunk, geometry.cell_centres(24, 48, 4))
    targets = encode(np.roll(quad, -start, axis=0), size=(96, 192))
    assert inside.sum() > 100
    np.testing.assert_array_equal(targets.share[0] > 0, inside)


def test_where_words_overlap_the_smaller_wins():
    large, small = box(0, 0, 96, 64), box(30, 20, 70, 44)
    for order in ((large, small), (small, large)):
        targets = encode(*order)
        top, _, bottom, _, _ = targets.geometry[:, 8, 12]
        assert top + bottom == pytest.approx(24)
        assert targets.share[0, 8, 12] > targets.share[0, 5, 6] > 0
        assert targets.share.sum() == pytest.approx(2)


def test_a_word_between_centres_gets_its_own_cell():
    # 7 px high, shrunk to y 22.1 to 24.9: between the centres at 22 and 26.
    targets = encode(box(20, 20, 60, 27))
    assert cells(targets) == ([5], [10])
    np.testing.assert_allclose(targets.geometry[:, 5, 10], [2, 18, 5, 22, 0], atol=1e-4)
    assert targets.share[0, 5, 10] == 1


def test_a_word_that_is_mostly_outside_keeps_its_visible_cells():
    targets = encode(box(-100, 12, 40, 36), box(300, 300, 340, 312), box(-90, -40, -20, -20))
    assert cells(targets) == ([5, 6], list(range(8)))
    np.testing.assert_allclose(targets.geometry[:, 5, 0], [10, 38, 14, 102, 0], atol=1e-3)


@pytest.mark.parametrize("border", ["negative", "ignored"])
def test_the_border_of_a_word(border):
    targets = encode(box(8, 12, 72, 36), config=EASTConfig(border=border))
    # The whole word holds rows 3 to 8 and columns 2 to 17.
    assert (~targets.valid).sum() == (0 if border == "negative" else 6 * 16 - 24)
    assert targets.valid[0, 5, 4]
    assert targets.valid[0, 3, 2] == (border == "negative")


def test_ignored_and_tiny_words_are_not_valid_even_under_a_word():
    word, ignored, tiny = box(8, 12, 72, 36), box(40, 8, 90, 40), box(60, 50, 90, 55)
    for order in ((word, ignored, tiny), (tiny, ignored, word)):
        targets = encode(*order, ignored=[1])
        assert cells(targets) == ([5, 6], list(range(4, 10)))
        assert not targets.valid[0, 2:10, 10:22].any()
        assert not targets.valid[0, 13, 15:22].any()
        assert targets.share.max() == pytest.approx(1 / 12)
        assert not targets.geometry[:, 5, 10:].any()


def test_rbox_losses_by_hand():
    # Ours 10 high and 40 wide, theirs 20 and 30; together min(5, 5) + min(5, 15) = 10 high and
    # min(20, 10) + min(20, 20) = 30 wide: IoU = 300 / (400 + 600 - 300).
    ours = torch.tensor([[5.0, 20.0, 5.0, 20.0, 0.3]])
    theirs = torch.tensor([[5.0, 10.0, 15.0, 20.0, -0.2]])
    losses = rbox_losses(ours, theirs)
    assert losses["box"].item() == pytest.approx(-math.log(300 / 700))
    assert losses["angle"].item() == pytest.approx(1 - math.cos(0.5), rel=1e-5)


def test_quad_losses_by_hand():
    # 40 x 10; two coordinates are off by 0.5 and 3: (0.5^2 / 2 + 3 - 0.5) / (8 x 10).
    theirs = torch.tensor([[-20.0, -5, 20, -5, 20, 5, -20, 5]])
    ours = theirs + torch.tensor([[0.5, 0, 0, -3, 0, 0, 0, 0]])
    for start in range(4):
        rolled = ours.roll(2 * start, dims=1)
        assert quad_losses(rolled, theirs)["corners"].item() == pytest.approx(2.625 / 80)


def test_losses_have_the_gradients_they_should():
    rng = np.random.default_rng(0)
    theirs = torch.from_numpy(rng.uniform(5, 50, (6, 8)))
    ours = torch.from_numpy(rng.uniform(5, 50, (6, 8))).requires_grad_()
    assert torch.autograd.gradcheck(
        lambda x: tuple(rbox_losses(x, theirs[:, :5]).values()), ours[:, :5]
    )
    assert torch.autograd.gradcheck(lambda x: quad_losses(x, theirs)["corners"], ours)


def test_box_gradients_do_not_depend_on_scale():
    """In the logarithms of distances, which the network gives: a word twice as large is as hard."""
    gradients = []
    for scale in (1, 50):
        logs = (torch.tensor([[8.0, 30, 12, 25, 0]]).double() * scale).log().requires_grad_()
        theirs = torch.tensor([[10.0, 40, 10, 20, 0]]).double() * scale
        rbox_losses(logs.exp(), theirs)["box"].sum().backward()
        gradients.append(logs.grad)
    torch.testing.assert_close(*gradients)


def tiny_targets():
    """Ten cells in a row, of which 0 is one word and 1 and 2 are another; 9 is not valid."""
    share, valid = np.zeros((1, 1, 10), np.float32), np.ones((1, 1, 10), np.bool_)
    share[0, 0, :3] = 1, 0.5, 0.5
    valid[0, 0, 9] = False
    shape = np.zeros((5, 1, 10), np.float32)
    shape[:4, 0, :3] = 10
    return batched(EASTTargets(share, valid, shape))


LOGITS = torch.tensor([1.0, -1, 2, -3, 0.5, -0.5, 3, -2, 1.5, 9]).view(1, 1, 1, 10)


def losses_of(logits=LOGITS, shape=None, **options):
    shape = torch.full((1, 5, 1, 10), 10.0) if shape is None else shape
    return EAST(EASTConfig(**options)).loss(EASTMaps(logits, shape), tiny_targets())


def entropy(logit, label):
    return math.log1p(math.exp(-logit if label else logit))


@pytest.mark.parametrize(
    ("balance", "weights"), [("cells", (1, 1, 1)), ("words", (1.5, 0.75, 0.75))]
)
def test_score_losses_by_hand(balance, weights):
    logits = LOGITS.flatten().tolist()
    positive = sum(w * entropy(x, 1) for w, x in zip(weights, logits, strict=False))
    negative = [entropy(x, 0) for x in logits[3:9]]
    # Nine valid cells, six of them negative: beta is 2 / 3, and both sides weigh 2.
    balanced = (2 / 3 * positive + 1 / 3 * sum(negative)) / 4
    mined = (positive + sum(sorted(negative)[-3:])) / 6
    score = [1 / (1 + math.exp(-x)) for x in logits]
    both = sum(w * s for w, s in zip(weights, score, strict=False))
    dice = 1 - 2 * both / (both + sum(score[3:9]) + 3)
    found = {
        name: losses_of(score_loss=name, balance=balance, negative_ratio=1)["score"].item()
        for name in ("balanced", "mined", "dice")
    }
    assert found == pytest.approx({"balanced": balanced, "mined": mined, "dice": dice}, rel=1e-5)


@pytest.mark.parametrize(("balance", "share"), [("cells", 1 / 3), ("words", 1 / 2)])
def test_words_or_cells_count_alike(balance, share):
    shape = torch.full((1, 5, 1, 10), 10.0)
    shape[0, 4] = 0  # angles
    shape[0, :4, 0, 0] = 20  # IoU 1 / 4 in the word of one cell
    shape[0, :, 0, 3:] = 77  # cells of no word
    terms = losses_of(shape=shape, balance=balance, geometry_weight=2)
    assert terms["box"].item() == pytest.approx(2 * share * math.log(4), rel=1e-5)
    assert terms["angle"].item() == 0
    shape[0, 4, 0, 0] = math.pi / 3
    terms = losses_of(shape=shape, balance=balance, geometry_weight=2)
    assert terms["angle"].item() == pytest.approx(2 * 10 * share * 0.5, rel=1e-5)


@pytest.mark.parametrize("score_loss", ["balanced", "mined", "dice"])
def test_what_is_said_in_ignored_words_does_not_matter(score_loss):
    model = EAST(EASTConfig(score_loss=score_loss))
    targets = encode(box(8, 12, 72, 36), box(10, 44, 90, 60), ignored=[1])
    clean = perfect(targets)
    shouting = clean.score.clone()
    shouting[0, 0, 11:15, 3:22] = 20.0
    loud = model.loss(EASTMaps(shouting, clean.geometry), batched(targets))
    assert sum(loud.values()).item() == pytest.approx(0, abs=1e-4)
    shouting[0, 0, 1, 1] = 20.0  # the same outside them does
    assert model.loss(EASTMaps(shouting, clean.geometry), batched(targets))["score"].item() > 0.01


def test_each_picture_balances_its_own_words():
    """In a batch, the few cells of one picture's word do not outweigh the many of another's."""
    model = MODELS["rbox"]
    targets = batched(encode(box(8, 12, 72, 36)), encode(box(20, 20, 60, 27)))
    maps = EASTMaps(torch.full((2, 1, 16, 24), 0.0), targets.geometry.clone())
    maps.geometry[1, :4, 5, 10] *= 2
    # 24 cells with IoU 1 and one with 1 / 4, all of weight 1.
    assert model.loss(maps, targets)["box"].item() == pytest.approx(math.log(4) / 25, rel=1e-4)


def words_of(seed, count):
    """Rotated words, one somewhere in each 160 px tile of a row."""
    rng = np.random.default_rng(seed)
    return [
        turned(
            rng.uniform(30, 120),
            rng.uniform(12, 30),
            80 + 160 * k + rng.uniform(-10, 10),
            80 + rng.uniform(-10, 10),
            rng.uniform(-1.5, 1.5),
        )
        for k in range(count)
    ]


@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from(("rbox", "quad")))
def test_decode_inverts_encode(seed, count, shape):
    model, words = MODELS[shape], words_of(seed, count)
    (found,) = model.decode(perfect(encode(*words, size=(160, 480), config=model.config)))
    assert len(found) == count
    for word in words:
        overlaps = geometry.iou(word, found.quads)
        assert overlaps.max() > 0.99
        best = found.quads[overlaps.argmax()]
        np.testing.assert_allclose(best, geometry.upright(word), atol=0.05)


def test_quads_come_back_as_they_are():
    trapezoid = np.array([[10, 14], [84, 8], [88, 50], [14, 40]], np.float32)
    (found,) = MODELS["quad"].decode(perfect(encode(trapezoid, config=QUAD)))
    np.testing.assert_allclose(found.quads[0], trapezoid, atol=1e-3)
    assert found.scores[0] == pytest.approx(1)


@pytest.mark.parametrize(
    ("options", "left"), [({}, 2), ({"min_side": 9}, 1), ({"min_score": 0.9}, 1)]
)
def test_small_and_doubtful_words_are_dropped(options, left):
    targets = encode(box(10, 10, 60, 18), box(10, 30, 90, 60))
    maps = perfect(targets)
    maps.score[0, 0, :6][maps.score[0, 0, :6] > 0] = 1.7  # of the small word: 0.85
    (found,) = EAST(EASTConfig(**options)).decode(maps)
    assert len(found) == left
    np.testing.assert_allclose(found.quads[0], box(10, 30, 90, 60), atol=1e-3)


def test_cells_below_the_threshold_say_nothing():
    maps = perfect(encode(box(8, 12, 72, 36)))
    maps.score[maps.score > 0] = 1.38  # 0.799
    assert len(MODELS["rbox"].decode(maps)[0]) == 0
    maps.score[maps.score > 0] = 1.39  # 0.801
    assert MODELS["rbox"].decode(maps)[0].scores == pytest.approx([0.801], abs=1e-3)


def test_outputs_of_the_network_stay_finite():
    model = EAST(RBOX)
    torch.nn.init.constant_(model.network.heads.bias, 1000.0)
    assert model(torch.zeros(1, 3, 32, 64)).geometry.max().item() == pytest.approx(4096)
    torch.nn.init.constant_(model.network.heads.bias, -1000.0)
    smallest = model(torch.zeros(1, 3, 32, 64)).geometry
    assert smallest[:, :4].min().item() == pytest.approx(0.25)
    assert smallest[:, 4].min().item() == pytest.approx(-math.pi / 2, abs=1e-2)


# VGG-16 without its classifier 14 714 688. Merging, with two numbers per channel to normalise:
# 1x1 and 3x3 for 1024 to 128, 384 to 64 and 192 to 32 channels 279 040 + 61 696 + 15 488, the
# last 3x3 9 280, heads of 6 or 9 outputs 198 or 297.
@pytest.mark.parametrize(("shape", "parameters"), [("rbox", 15_080_390), ("quad", 15_080_489)])
def test_paper_networks(shape, parameters):
    model = detect.build({"name": "east", "network": "vgg16", "geometry": shape})
    assert sum(p.numel() for p in model.parameters()) == parameters
    merged = []
    for merge in model.network.merging.merges:
        merge.register_forward_pre_hook(lambda _, inputs: merged.append(inputs[0].shape[-2:]))
    maps = model(torch.zeros(1, 3, 64, 96))
    assert merged == [(4, 6), (8, 12), (16, 24)]  # strides 16, 8 and 4
    assert maps.score.shape == (1, 1, 16, 24)
    assert maps.geometry.shape == (1, 5 if shape == "rbox" else 8, 16, 24)


def test_lite_network_is_small():
    assert sum(p.numel() for p in MODELS["rbox"].parameters()) == 1_686_166
    assert MODELS["rbox"](torch.zeros(1, 3, 64, 96)).geometry.shape == (1, 5, 16, 24)
