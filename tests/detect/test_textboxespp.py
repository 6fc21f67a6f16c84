"""TextBoxes++ alone: targets and loss worked on paper, and decode as encode's inverse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from quads import box, turned
from torch import nn

from ocrkit import detect, geometry
from ocrkit.detect import _priors
from ocrkit.detect.textboxespp import (
    LEVELS,
    TextBoxesPP,
    TextBoxesPPConfig,
    TextBoxesPPMaps,
    TextBoxesPPTargets,
    _clockwise,
    _suppress_rects,
)
from ocrkit.types import Sample

CONFIG = TextBoxesPPConfig()
MODEL = TextBoxesPP(CONFIG).eval()
RBOX = TextBoxesPP(TextBoxesPPConfig(geometry="rbox")).eval()
SIZE = (192, 256)


def encode(*quads, ignored=(), size=SIZE, config=CONFIG):
    flags = np.isin(np.arange(len(quads)), ignored)
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    sample = Sample(np.zeros((*size, 3), np.uint8), stack, ("x",) * len(quads), flags)
    return TextBoxesPP.encode(config, sample)


def perfect(targets, size=SIZE):
    """Maps that say exactly what the targets say, with certainty."""
    confidence = torch.from_numpy(np.where(targets.positive, 20.0, -20.0).astype(np.float32))
    return TextBoxesPPMaps(
        confidence[None], torch.from_numpy(targets.codes)[None], torch.tensor(size)
    )


def maps_of(*words, size=SIZE):
    """Maps in which each (quad, logit) is told by a prior of its own, and nothing else is said."""
    priors = _priors.priors(LEVELS["lite"], size)
    confidence = torch.full((1, len(priors)), -20.0)
    codes = torch.zeros(1, 12, len(priors))
    for place, (quad, logit) in enumerate(words):
        of = priors[[place]]
        rect = np.concatenate([quad.min(axis=0), quad.max(axis=0)])[None]
        told = np.concatenate(
            [_priors.tell_rects(rect, of), _priors.tell_quads(quad[None], of)], axis=1
        )
        confidence[0, place] = logit
        codes[0, :, place] = torch.from_numpy(told[0])
    return TextBoxesPPMaps(confidence, codes, torch.tensor(size))


def batched(*targets):
    return TextBoxesPPTargets(
        *(torch.from_numpy(np.stack(arrays)) for arrays in zip(*targets, strict=True))
    )


def overlap(targets, quad, size=SIZE):
    """IoU (N,) of the horizontal rectangle round `quad` with all priors, one by one."""
    x, y, width, height = _priors.priors(LEVELS["lite"], size).T
    (left, top), (right, bottom) = quad.min(axis=0), quad.max(axis=0)
    across = np.minimum(x + width / 2, right) - np.maximum(x - width / 2, left)
    down = np.minimum(y + height / 2, bottom) - np.maximum(y - height / 2, top)
    shared = np.maximum(across, 0) * np.maximum(down, 0)
    return shared / (width * height + (right - left) * (bottom - top) - shared)


def test_a_word_as_large_as_a_prior_by_hand():
    # The first level's first shape is 18 x 18; in row 3, column 5 it is centred on (44, 28).
    targets = encode(box(35, 19, 53, 37))
    place = 3 * 32 + 5  # 256 / 8 = 32 columns
    assert targets.positive[place]
    np.testing.assert_allclose(targets.codes[:, place], 0, atol=1e-5)
    # One column to the left the prior is 8 px = 8/18 of its width too far left; IoU 10/26 < 0.5.
    assert not targets.positive[place - 1]
    # Half a cell lower stands the shape seven places on: 4 px too low, IoU 14/22.
    lower = 7 * 24 * 32 + place
    assert targets.positive[lower]
    upwards = -4 / 18 / 0.1
    expected = [0, upwards, 0, 0, *[0, upwards] * 4]
    np.testing.assert_allclose(targets.codes[:, lower], expected, atol=1e-5)


def test_positives_are_those_that_overlap_by_half():
    quad = turned(60, 24, 120, 90, 0.3)
    targets = encode(quad)
    np.testing.assert_array_equal(targets.positive, overlap(targets, quad) >= 0.5)
    assert targets.valid.all()
    assert not targets.codes[:, ~targets.positive].any()


def test_a_word_without_a_good_prior_has_its_best():
    quad = turned(200, 12, 128, 96, 0)  # 17 times as wide as high
    targets = encode(quad)
    (place,) = np.flatnonzero(targets.positive)
    assert overlap(targets, quad)[place] == pytest.approx(overlap(targets, quad).max())
    assert overlap(targets, quad)[place] < 0.5


def test_two_words_in_one_place_have_a_prior_each():
    quad = turned(200, 12, 128, 96, 0)
    assert encode(quad, quad + np.float32(1)).positive.sum() == 2


def test_priors_in_ignored_words_are_not_valid():
    word, ignored = box(20, 20, 80, 44), box(120, 60, 240, 160)
    targets = encode(word, ignored, ignored=[1])
    x, y, width, height = _priors.priors(LEVELS["lite"], SIZE).T
    across = np.minimum(x + width / 2, 240) - np.maximum(x - width / 2, 120)
    down = np.minimum(y + height / 2, 160) - np.maximum(y - height / 2, 60)
    half = np.maximum(across, 0) * np.maximum(down, 0) >= width * height / 2
    assert half.any()
    np.testing.assert_array_equal(targets.valid, ~half)
    np.testing.assert_array_equal(targets.positive, encode(word).positive)


def test_a_prior_that_fits_an_ignored_word_better_does_not_stand_for_the_other():
    word, ignored = box(40, 40, 100, 64), box(40, 46, 100, 70)
    alone, beside = encode(word), encode(word, ignored, ignored=[1])
    gain = overlap(alone, ignored) - overlap(alone, word)
    best = overlap(alone, word) > overlap(alone, word).max() - 1e-4  # the word keeps it
    better, clear = gain > 0, (np.abs(gain) > 1e-4) & ~best  # a tall prior may hold both whole
    assert (alone.positive & better & clear).any()
    np.testing.assert_array_equal(beside.positive[clear], (alone.positive & ~better)[clear])
    assert not beside.valid[alone.positive & better & clear].any()
    assert beside.valid[beside.positive].all()


def test_a_word_inside_an_ignored_one_is_learnt():
    targets = encode(box(60, 60, 120, 84), box(0, 0, 256, 192), ignored=[1])
    assert targets.positive.any()
    assert targets.valid[targets.positive].all()


@pytest.mark.parametrize("quad", [box(20, 20, 60, 27), box(-50, 20, 40, 50), box(20, 170, 90, 230)])
def test_tiny_words_and_those_mostly_outside_are_ignored(quad):
    targets = encode(quad)
    assert not targets.positive.any()
    np.testing.assert_array_equal(targets.valid, encode(quad, ignored=[0]).valid)
    assert not targets.valid.all()


def test_a_picture_without_words():
    targets = encode()
    assert not targets.positive.any()
    assert targets.valid.all()


def toy(positive, logits, codes=0.0, told=0.0, valid=None):
    """Maps and targets of one picture with as many priors as there are logits."""
    count = len(logits)
    flags = np.isin(np.arange(count), positive)
    of = np.full((12, count), codes, np.float32) * flags
    allowed = np.ones(count, np.bool_) if valid is None else np.asarray(valid, np.bool_)
    maps = TextBoxesPPMaps(
        torch.tensor([logits]), torch.full((1, 12, count), told), torch.tensor((8, 8))
    )
    return maps, batched(TextBoxesPPTargets(flags, allowed, of))


def test_loss_by_hand():
    # One positive; the three hardest negatives have logits 3, 2 and 1, and each costs log(1 + e^x).
    maps, targets = toy([0], [0.0, 1.0, 3.0, -20.0, 2.0, 0.5], codes=2.0, told=-1.0)
    terms = MODEL.loss(maps, targets)
    expected = math.log(2) + sum(math.log1p(math.exp(x)) for x in (1, 2, 3))
    assert terms["confidence"].item() == pytest.approx(expected, rel=1e-5)
    # Twelve numbers, each 3 off: smooth L1 of 2.5, by alpha = 0.2. Negatives tell no place.
    assert terms["location"].item() == pytest.approx(0.2 * 12 * 2.5, rel=1e-5)


def test_errors_may_count_by_the_shorter_side_of_their_prior():
    """Of one positive of 90 x 18 px, all told off by 2: along x that counts five times."""
    model = TextBoxesPP(TextBoxesPPConfig(location_unit="shorter side")).eval()
    of = _priors.priors(LEVELS["lite"], (64, 64))
    wide = int(np.argmax(of[:, 2] / of[:, 3]))
    assert of[wide, 2] / of[wide, 3] == pytest.approx(5)
    maps, targets = toy([wide], [0.0] * len(of), codes=2.0)
    maps = maps._replace(size=torch.tensor((64, 64)))
    expected = 0.2 * (6 * (10 - 0.5) + 6 * (2 - 0.5))
    assert model.loss(maps, targets)["location"].item() == pytest.approx(expected, rel=1e-5)


def test_terms_are_divided_by_the_number_of_positives():
    maps, targets = toy([0, 1], [0.0, 0.0, -50.0, -50.0], codes=0.5)
    terms = MODEL.loss(maps, targets)
    assert terms["confidence"].item() == pytest.approx(math.log(2), rel=1e-5)
    assert terms["location"].item() == pytest.approx(0.2 * 12 * 0.125, rel=1e-5)


def test_a_picture_without_words_trains_its_spare_negatives():
    model = TextBoxesPP(TextBoxesPPConfig(spare_negatives=6)).eval()
    maps, targets = toy([], [0.0] * 9)
    terms = model.loss(maps, targets)
    # Six of nine, as if there were 6 / 3 positives.
    assert terms["confidence"].item() == pytest.approx(6 * math.log(2) / 2, rel=1e-5)
    assert terms["location"].item() == 0


def test_priors_that_are_not_valid_do_not_matter():
    maps, targets = toy([0], [20.0, 20.0, -20.0], valid=[True, False, True])
    assert MODEL.loss(maps, targets)["confidence"].item() == pytest.approx(0, abs=1e-5)
    maps, targets = toy([0], [20.0, 20.0, -20.0])
    assert MODEL.loss(maps, targets)["confidence"].item() > 1


def test_loss_is_finite_where_all_is_ignored():
    targets = batched(encode(box(20, 20, 80, 50), ignored=[0]))
    maps = perfect(encode())
    maps.confidence.requires_grad_()
    total = sum(MODEL.loss(maps, targets).values())
    total.backward()
    assert torch.isfinite(total)
    assert torch.isfinite(maps.confidence.grad).all()


def test_loss_is_taken_in_full_precision():
    targets = batched(encode(box(20, 20, 80, 50)))
    maps = perfect(encode(box(20, 20, 80, 50)))
    half = TextBoxesPPMaps(maps.confidence.bfloat16(), maps.codes.bfloat16(), maps.size)
    assert all(term.dtype == torch.float32 for term in MODEL.loss(half, targets).values())


words = st.builds(
    turned,
    width=st.floats(20, 150),
    height=st.floats(9, 40),
    x=st.floats(40, 216),
    y=st.floats(40, 152),
    angle=st.floats(-math.pi, math.pi),
)


@settings(max_examples=60)
@given(st.lists(words, min_size=1, max_size=4))
def test_decode_inverts_encode(quads):
    """Corner by corner: where text starts is told too."""
    rects = np.stack([box(*q.min(axis=0), *q.max(axis=0)) for q in quads])
    for index, rect in enumerate(rects):  # else one rightly suppresses the other
        assume((geometry.iou(rect, np.delete(rects, index, axis=0)) <= 0.1).all())
    targets = encode(*quads)
    (found,) = MODEL.decode(perfect(targets))
    assert len(found) == len(quads)
    assert found.quads.dtype == found.scores.dtype == np.float32
    for quad in quads:
        nearest = np.abs(found.quads - quad).max(axis=(1, 2)).min()
        assert nearest < 0.01


@settings(max_examples=40)
@given(words)
def test_rotated_rectangles_come_back_too(quad):
    (found,) = RBOX.decode(perfect(encode(quad, config=RBOX.config)))
    assert len(found) == 1
    np.testing.assert_allclose(found.quads[0], quad, atol=0.02)


def test_a_quad_becomes_the_rectangle_round_it_along_its_text():
    trapezoid = np.array([[40, 60], [120, 50], [120, 110], [40, 100]], np.float32)
    (found,) = RBOX.decode(perfect(encode(trapezoid, config=RBOX.config)))
    np.testing.assert_allclose(found.quads[0], box(40, 50, 120, 110), atol=1e-3)
    down = np.roll(trapezoid, -1, axis=0)  # the same place, its text runs down
    (found,) = RBOX.decode(perfect(encode(down, config=RBOX.config)))
    np.testing.assert_allclose(found.quads[0], np.roll(box(40, 50, 120, 110), -1, 0), atol=1e-3)


def test_each_word_of_a_full_page_has_a_prior():
    """Words of 12 to 300 px, 1 to 6 times as wide: nearly all overlap a prior by half."""
    rng = np.random.default_rng(0)
    heights = np.exp(rng.uniform(math.log(12), math.log(300), 400))
    widths = np.minimum(heights * np.exp(rng.uniform(0, math.log(6), 400)), 900)
    middles = rng.uniform((450, 150), (1470, 938), (400, 2))
    half = np.stack([widths, heights], axis=1) / 2
    rects = np.concatenate([middles - half, middles + half], axis=1).astype(np.float32)
    levels, size = LEVELS["lite"], (1088, 1920)
    best = [_priors._Grid(level, size, rects).best()[0].max(axis=1) for level in levels]
    assert (np.max(best, axis=0) >= 0.5).mean() > 0.97


def test_scores_are_sigmoids_and_low_ones_are_dropped():
    boxes = [box(20 + 60 * k, 20, 60 + 60 * k, 40) for k in range(3)]
    (found,) = MODEL.decode(maps_of(*zip(boxes, (2.0, -0.1, -1.5), strict=True)))
    np.testing.assert_allclose(found.scores, [0.880797, 0.475021], rtol=1e-5)
    np.testing.assert_allclose(found.quads, boxes[:2], atol=1e-3)


def test_those_below_the_threshold_are_doubtful(monkeypatch):
    maps = maps_of((box(20, 20, 60, 40), 2.0), (box(100, 20, 160, 40), -0.1))
    (found,) = MODEL.decode(maps)
    np.testing.assert_allclose(MODEL.sure(found).quads, [box(20, 20, 60, 40)], atol=1e-3)
    model = TextBoxesPP(TextBoxesPPConfig(sideways=None, threshold=0.5)).eval()
    monkeypatch.setattr(model, "forward", lambda _: maps)
    picture = np.zeros((*SIZE, 3), np.uint8)
    assert len(model.detect(picture)) == 1
    assert len(model.detect(picture, doubtful=True)) == 2


def test_a_low_threshold_leaves_nothing_to_doubt():
    maps = maps_of((box(20, 20, 60, 40), 2.0), (box(100, 20, 160, 40), -2.0))
    model = TextBoxesPP(TextBoxesPPConfig(threshold=0.1)).eval()
    (found,) = model.decode(maps)
    assert len(model.sure(found)) == len(found) == 2


def test_only_the_best_candidates_are_looked_at():
    model = TextBoxesPP(TextBoxesPPConfig(candidates=2)).eval()
    boxes = [box(20 + 60 * k, 20, 60 + 60 * k, 40) for k in range(3)]
    (found,) = model.decode(maps_of(*zip(boxes, (1.0, 3.0, 2.0), strict=True)))
    np.testing.assert_allclose(found.quads, [boxes[1], boxes[2]], atol=1e-3)


def test_of_two_that_tell_one_word_the_better_stays():
    # Rectangles share 34 x 20 of 40 x 20 each: IoU 34/46 > 0.5.
    maps = maps_of((box(20, 20, 60, 40), 1.0), (box(26, 20, 66, 40), 2.0))
    paper = TextBoxesPP(TextBoxesPPConfig(vote_overlap=1)).eval()
    (found,) = paper.decode(maps)
    np.testing.assert_allclose(found.quads, [box(26, 20, 66, 40)], atol=1e-3)


def sigmoid(logit):
    return 1 / (1 + math.exp(-logit))


def test_others_that_tell_the_word_have_a_say_in_where_it_is():
    # The third scores 0.27 and is no word by itself, the fourth 0.05, which is less than 0.1.
    lefts, logits = (22, 20, 24, 26), (2.0, 1.0, -1.0, -3.0)
    boxes = [box(left, 20, left + 40, 40) for left in lefts]
    (found,) = MODEL.decode(maps_of(*zip(boxes, logits, strict=True)))
    weights = [sigmoid(logit) ** 2 for logit in logits[:3]]
    left = sum(x * w for x, w in zip(lefts, weights, strict=False)) / sum(weights)
    np.testing.assert_allclose(found.quads, [box(left, 20, left + 40, 40)], atol=1e-3)
    np.testing.assert_allclose(found.scores, [sigmoid(2)], rtol=1e-5)


@pytest.mark.parametrize("other", [box(20, 20, 74, 40), box(20, 20, 33, 40)])
def test_who_tells_another_word_has_no_say(other):
    # 40 of 54 px shared, but its end is 14 away, more than 0.6 of 20; and 13 of 40 shared.
    (found,) = MODEL.decode(maps_of((box(20, 20, 60, 40), 2.0), (other, 1.0)))
    np.testing.assert_allclose(found.quads[:1], [box(20, 20, 60, 40)], atol=1e-3)


def test_quads_are_suppressed_after_rectangles():
    # 24 x 20 shared of 40 x 20 each: IoU 24/56 = 0.43, too little for the first step only.
    maps = maps_of((box(20, 20, 60, 40), 1.0), (box(36, 20, 76, 40), 2.0))
    assert len(MODEL.decode(maps)[0]) == 1
    loose = TextBoxesPP(TextBoxesPPConfig(quad_overlap=0.5)).eval()
    assert len(loose.decode(maps)[0]) == 2


def test_slanted_words_side_by_side_both_stay():
    """Their rectangles overlap, they do not."""
    one, two = turned(100, 14, 100, 90, 0.6), turned(100, 14, 108, 110, 0.6)
    maps = maps_of((one, 1.0), (two, 2.0))
    assert len(MODEL.decode(maps)[0]) == 2 - (overlap_of_rects(one, two) > 0.5)
    assert 0.2 < overlap_of_rects(one, two) < 0.5


def overlap_of_rects(one, two):
    rects = [box(*q.min(axis=0), *q.max(axis=0)) for q in (one, two)]
    return geometry.iou(rects[0], rects[1][None])[0]


def test_small_words_are_dropped():
    maps = maps_of((box(20, 20, 60, 24.5), 1.0), (box(100, 20, 160, 25.5), 1.0))
    (found,) = MODEL.decode(maps)
    np.testing.assert_allclose(found.quads, [box(100, 20, 160, 25.5)], atol=1e-3)


def test_nothing_is_found_in_nothing():
    (found,) = MODEL.decode(perfect(encode()))
    assert len(found) == 0


def test_rectangles_are_suppressed_as_one_by_one():
    rng = np.random.default_rng(0)
    low = rng.uniform(0, 100, (60, 2))
    rects = np.concatenate([low, low + rng.uniform(10, 60, (60, 2))], axis=1).astype(np.float32)
    quads = np.stack([box(*rect) for rect in rects])
    kept = []
    for index in range(60):
        if not kept or (geometry.iou(quads[index], quads[kept]) <= 0.5).all():
            kept.append(index)
    assert 5 < len(kept) < 60
    np.testing.assert_array_equal(_suppress_rects(rects, 0.5), kept)


@given(words)
def test_a_well_told_quad_is_left_alone(quad):
    np.testing.assert_array_equal(_clockwise(quad[None])[0], quad)


@given(st.permutations(range(4)), words)
def test_corners_that_cross_are_put_in_order(order, quad):
    (found,) = _clockwise(quad[order][None])
    np.testing.assert_array_equal(found[0], quad[order[0]])
    np.testing.assert_array_equal(found, np.roll(quad, -order[0], axis=0))


@pytest.mark.parametrize("shape", ["quad", "rbox"])
def test_what_a_head_says_in_a_cell_is_said_of_the_priors_there(monkeypatch, shape):
    model = TextBoxesPP(TextBoxesPPConfig(geometry=shape)).eval()
    height, width = 160, 96  # 5 x 3 cells of 32, 3 x 2 of 64, 2 x 1 of 128
    told = []
    for level in LEVELS["lite"]:
        rows, columns = level.cells((height, width))
        channels = level.shapes * (13 if shape == "quad" else 10)
        told.append(torch.rand(1, channels, rows, columns))

    class Says(nn.Module):
        def forward(self, images):
            return told

    monkeypatch.setattr(model, "network", Says())
    maps = model(torch.zeros(1, 3, height, width))
    assert maps.size.tolist() == [height, width]
    third = LEVELS["lite"][2]
    start = 14 * 20 * 12 + 42 * 10 * 6
    for index, row, column in ((0, 0, 0), (5, 4, 1), (27, 2, 2)):
        place = start + (index * 5 + row) * 3 + column
        x, y, *_ = _priors.priors(LEVELS["lite"], (height, width))[place]
        assert (x // 32, (y - 1) // 32) == (column, row)
        assert maps.confidence[0, place] == told[2][0, index, row, column]
        for code in (0, 7):
            channel = third.shapes * (1 + code) + index
            assert maps.codes[0, code, place] == told[2][0, channel, row, column]


# CompactPyramid 1 667 216; conv to stride 8 18 496; two more levels 73 856; 3x5 convolutions of
# five heads 307 520; their 13 or 10 outputs of 140 shapes, of 65 weights each.
@pytest.mark.parametrize(("shape", "parameters"), [("quad", 2_185_388), ("rbox", 2_158_088)])
def test_lite_network_is_small(shape, parameters):
    model = detect.build({"name": "textboxespp", "geometry": shape})
    assert sum(p.numel() for p in model.parameters()) == parameters
    maps = model.eval()(torch.zeros(1, 3, 96, 160))
    priors = _priors.priors(LEVELS["lite"], (96, 160))
    assert maps.confidence.shape == (1, len(priors))
    assert maps.codes.shape == (1, 12 if shape == "quad" else 9, len(priors))


# VGG-16 with fc7 20 483 904; L2Norm 512; conv6 to conv9 1 442 560 + 360 832 + 2 x 328 064; heads of
# 14 x 13 or 14 x 10 outputs on 512 + 1024 + 512 + 3 x 256 channels, 15 weights each, and biases.
@pytest.mark.parametrize(("shape", "parameters"), [("quad", 30_632_708), ("rbox", 28_858_376)])
def test_the_papers_network(shape, parameters):
    model = detect.build({"name": "textboxespp", "network": "vgg16", "geometry": shape})
    assert sum(p.numel() for p in model.parameters()) == parameters
    assert {head.kernel_size for head in model.network.heads} == {(3, 5)}
    seen = []
    model.network.heads[0].register_forward_hook(lambda m, args, out: seen.append(args[0]))
    images = torch.randn(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    maps = model.eval()(images)
    assert maps.confidence.shape == (1, len(_priors.priors(LEVELS["vgg16"], (64, 96))))
    torch.testing.assert_close(seen[0].norm(dim=1), torch.full((1, 8, 12), 20.0))
