"""CTPN alone: strips, targets and loss worked on paper, and decode as encode's inverse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quads import box, turned

from ocrkit import detect, geometry
from ocrkit.detect.ctpn import CTPN, CTPNConfig, CTPNMaps, CTPNTargets, _along_rows
from ocrkit.errors import ConfigError
from ocrkit.types import Sample

CONFIG = CTPNConfig()
MODEL = CTPN(CONFIG).eval()
H8, H11, H16, H23 = range(4)


def encode(*quads, ignored=(), size=(64, 96), config=CONFIG):
    flags = np.isin(np.arange(len(quads)), ignored)
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    sample = Sample(np.zeros((*size, 3), np.uint8), stack, ("x",) * len(quads), flags)
    return CTPN.encode(config, sample)


def perfect(targets):
    """Maps that say exactly what the targets say, with certainty, and nothing where they do not."""
    score = np.where(targets.positive, 20.0, -20.0).astype(np.float32)
    vertical = np.where(targets.fitted, targets.vertical, 9).astype(np.float32)
    side = np.where(targets.ending, targets.side, 9).astype(np.float32)
    return CTPNMaps(*(torch.from_numpy(m)[None] for m in (score, vertical, side)))


def batched(targets):
    return CTPNTargets(*(torch.from_numpy(np.asarray(t))[None] for t in targets))


def decode(*quads, config=CONFIG, size=(256, 256), ignored=()):
    (found,) = decoder(config)(perfect(encode(*quads, size=size, config=config, ignored=ignored)))
    return found


def decoder(config):
    """`decode` under another config, without another network."""
    model = CTPN.__new__(CTPN)
    torch.nn.Module.__init__(model)
    model.config = config
    return model.decode


def anchors(mask):
    """(kind, row, column) where it is true."""
    return list(zip(*(axis.tolist() for axis in np.nonzero(mask)), strict=True))


# Encode.


def test_which_anchors_are_positive_fitted_and_negative():
    # x from 10 to 60 fills the columns 2 to 6; y from 20 to 36, 16 px round the middle of row 3.
    targets = encode(box(10, 20, 60, 36))
    assert anchors(targets.positive) == [(H16, 3, column) for column in range(2, 7)]
    # On row 3 IoU is 8/16 with 8 px, 11/16 with 11 px, 16/23 with 23 px, 16/33 with 33 px; one row
    # off it is 11.5/27.5 with 23 px and less with the others.
    assert anchors(targets.fitted[:, :, 3]) == [(H11, 3), (H16, 3), (H23, 3)]
    assert anchors(~targets.valid[:, :, 3]) == [(H8, 3), (H11, 3), (H23, 3)]  # 0.5 is unclear too
    assert targets.valid[:, :, [0, 1, 7, 8]].all()  # columns not filled are background


def test_vertical_coordinates_by_hand():
    vertical = encode(box(10, 22, 60, 38)).vertical[:, :, 3, 4]  # middle 30; of row 3 it is 28
    np.testing.assert_allclose(vertical[:, H16], [2 / 16, 0], atol=1e-6)
    np.testing.assert_allclose(vertical[:, H23], [2 / 23, math.log(16 / 23)], atol=1e-6)


def test_side_offsets_by_hand():
    targets = encode(box(10, 20, 60, 36))
    # Middles 20, 28, 36, 44, 52: the left end is 10, 18 and 26 px away, the right end 24, 16 and 8.
    np.testing.assert_allclose(targets.side[H16, 3, 2:7], [-1.25, -2.25, 3, 2, 1], atol=1e-6)
    assert targets.ending[H16, 3].nonzero()[0].tolist() == [2, 5, 6]
    assert not targets.ending[:, 6].any()


def test_strips_of_a_tilted_word_lie_on_its_sides():
    targets = encode(np.array([[16, 40], [80, 24], [80, 48], [16, 64]], np.float32))
    # Slope -1/4: in column 2 (x = 20) from 39 to 63, in column 9 (x = 76) from 25 to 49.
    for column, middle in ((2, 51), (9, 37)):
        kind, row = (axis[0] for axis in np.nonzero(targets.positive[:, :, column]))
        centre, height = row * 8 + 4, CONFIG.heights[kind]
        shift, ratio = targets.vertical[:, kind, row, column]
        assert centre + shift * height == pytest.approx(middle, abs=1e-4)
        assert height * math.exp(ratio) == pytest.approx(24, abs=1e-4)


def test_a_word_that_fills_no_column_has_one_strip():
    targets = encode(box(38, 20, 46, 36))  # middle 42, in column 5
    assert anchors(targets.positive) == [(H16, 3, 5)]
    assert targets.side[H16, 3, 5] == pytest.approx(2 / 8)  # the right end is nearer to x = 44


def test_the_best_anchors_are_positive_however_little_they_overlap():
    # 9 px from 27.5 to 36.5 lie between the rows 3 and 4: 8.5/16.5 with 16 px is the best there is.
    targets = encode(box(8, 27.5, 32, 36.5))
    assert anchors(targets.positive[:, :, 2]) == [(H16, 3), (H16, 4)]
    # 4 px: 2/10 with 8 px, 3.5/11.5 with 11 px, 4/16 with 16 px.
    targets = encode(box(8, 30, 32, 34), config=CTPNConfig(ignore_side=0))
    assert anchors(targets.positive[:, :, 2]) == [(H11, 3), (H11, 4)]


def test_an_anchor_that_two_words_claim_goes_to_the_closer_one():
    targets = encode(box(8, 20, 64, 36), box(8, 30, 64, 42))  # 16 and 12 px; rows 3 and 4
    for kind, row, column in anchors(targets.positive):
        height = CONFIG.heights[kind] * math.exp(targets.vertical[1, kind, row, column])
        middle = row * 8 + 4 + targets.vertical[0, kind, row, column] * CONFIG.heights[kind]
        wanted = (16, 28) if row == 3 else (12, 36)
        assert (height, middle) == pytest.approx(wanted, abs=1e-4)
    assert {row for _, row, _ in anchors(targets.positive)} == {3, 4}


def test_ignored_and_tiny_words_are_not_valid_even_under_a_word():
    quads = box(8, 16, 48, 32), box(32, 18, 88, 30), box(8, 50, 48, 55)
    targets = encode(*quads, ignored=[1])
    assert not targets.valid[:, 2:4, 4:11].any()
    for claimed in (targets.positive, targets.fitted, targets.ending):
        assert not claimed[:, :, 4:].any()
    assert targets.positive[:, :, 1:4].any(axis=(0, 1)).all()
    assert not targets.valid[:, 6, 1:6].any()  # 5 px high: below ignore_side
    assert targets.valid[:, [1, 4, 5], 6:].all()


def test_words_partly_and_wholly_outside():
    targets = encode(box(-20, 20, 30, 36), box(200, 20, 260, 36), box(40, -60, 80, -30))
    assert anchors(targets.positive) == [(H16, 3, 0), (H16, 3, 1), (H16, 3, 2)]
    np.testing.assert_allclose(targets.side[H16, 3, :3], [-24 / 8, 18 / 8, 10 / 8])
    assert targets.ending[H16, 3].nonzero()[0].tolist() == [2]


# Loss.


def by_hand():
    """One anchor in a 1 x 8 grid: positive in column 0, unclear in column 1."""
    positive, valid = np.zeros((1, 1, 8), np.bool_), np.ones((1, 1, 8), np.bool_)
    fitted, ending = positive.copy(), positive.copy()
    positive[..., 0] = ending[..., 0] = True
    fitted[..., :2] = True
    valid[..., 1] = False
    vertical, side = np.zeros((2, 1, 1, 8), np.float32), np.zeros((1, 1, 8), np.float32)
    vertical[:, 0, 0, 0], vertical[:, 0, 0, 1], side[0, 0, 0] = (0.1, -0.5), (1, 0), -1.5
    return batched(CTPNTargets(positive, valid, vertical, fitted, side, ending))


def zeros():
    return CTPNMaps(torch.zeros(1, 1, 1, 8), torch.zeros(1, 2, 1, 1, 8), torch.zeros(1, 1, 1, 8))


def test_loss_by_hand():
    terms = MODEL.loss(zeros(), by_hand())
    assert terms["score"].item() == pytest.approx(math.log(2), rel=1e-6)  # all are uncertain
    # Smooth L1 is 4.5 d^2 up to 1/9 and d - 1/18 beyond: 0.045 + 0.5 - 1/18, and 1 - 1/18.
    assert terms["vertical"].item() == pytest.approx((1.545 - 2 / 18) / 2, rel=1e-5)
    assert terms["side"].item() == pytest.approx(2 * (1.5 - 1 / 18), rel=1e-5)


def test_only_the_hardest_negatives_count():
    score = torch.tensor([-4.0, 20.0, 3.0, 2.0, 1.0, -20.0, -20.0, -20.0]).view(1, 1, 1, 8)
    loss = MODEL.loss(zeros()._replace(score=score), by_hand())["score"]
    # Column 1 is unclear. One positive that is missed and three negatives; the mean is over four.
    assert loss.item() == pytest.approx(sum(math.log1p(math.exp(x)) for x in (4, 1, 2, 3)) / 4)


def test_a_picture_without_words_gives_spare_negatives():
    targets = batched(encode())
    assert targets.valid.all()
    score = torch.full((1, 10, 8, 12), -20.0)
    score[0, 0, 0, :2] = 20.0
    maps = perfect(encode())._replace(score=score)
    terms = MODEL.loss(maps, targets)
    assert terms["score"].item() == pytest.approx(2 * 20 / CONFIG.spare_negatives, rel=1e-5)
    assert terms["vertical"].item() == terms["side"].item() == 0


def test_perfect_maps_have_no_loss():
    words = box(10, 20, 60, 36), turned(40, 14, 60, 48, math.radians(-10))
    terms = MODEL.loss(perfect(encode(*words)), batched(encode(*words)))
    assert sum(terms.values()).item() == pytest.approx(0, abs=1e-5)


def test_what_is_said_in_ignored_words_does_not_matter():
    quads = box(8, 12, 40, 24), box(56, 32, 88, 52)
    targets, clean = batched(encode(*quads, ignored=[1])), perfect(encode(*quads, ignored=[1]))
    loud = CTPNMaps(*(m.clone() for m in clean))
    loud.score[..., 4:7, 7:11] = 20.0
    loud.vertical[..., 4:7, 7:11] = -7.0
    loud.side[..., 4:7, 7:11] = -7.0
    assert sum(MODEL.loss(loud, targets).values()).item() == pytest.approx(0, abs=1e-5)
    loud.score[0, 0, 7, 2] = 20.0  # the same outside them does
    assert MODEL.loss(loud, targets)["score"].item() > 0.1


# Decode.


@st.composite
def pages(draw):
    """Up to four words, each in a quarter of 512 x 512 pixels of its own."""
    words = []
    quarters = st.sampled_from([(128, 128), (384, 128), (128, 384), (384, 384)])
    for x, y in draw(st.lists(quarters, min_size=1, unique=True)):
        words.append(
            turned(
                draw(st.floats(40, 160)),
                draw(st.floats(14, 60)),
                x + draw(st.floats(-20, 20)),
                y + draw(st.floats(-20, 20)),
                draw(st.floats(-0.52, 0.52)),
            )
        )
    return words


@given(pages())
def test_decode_inverts_encode(words):
    """Within 30 degrees, 40 px wide or more and 14 px high or more: then two columns are filled.

    Steeper, or lower, and neighbouring strips overlap too little to be joined.
    """
    found = decode(*words, size=(512, 512))
    assert len(found) == len(words)
    for word in words:
        overlaps = geometry.iou(word, found.quads)
        assert overlaps.max() > 0.97
        assert np.abs(found.quads[overlaps.argmax()] - word).max() < 1


@given(
    left=st.floats(8, 60),
    width=st.floats(24, 160),
    top=st.floats(8, 100),
    height=st.floats(6.5, 120),
)
def test_upright_words_come_back_exactly(left, width, top, height):
    word = box(left, top, left + width, top + height)
    found = decode(word)
    assert len(found) == 1
    np.testing.assert_allclose(found.quads[0], word, atol=0.02)
    assert found.scores[0] == pytest.approx(1)


@pytest.mark.parametrize("stride", [8, 16])
def test_words_that_touch_stay_apart(stride):
    config = CTPNConfig(stride=stride, max_gap=stride)
    words = [box(16 + 70.5 * i, 40, 16 + 70.5 * (i + 1), 64) for i in range(3)]
    found = decode(*words, config=config)
    assert len(found) == 3
    for word in words:
        assert geometry.iou(word, found.quads).max() > 0.999


def test_a_longer_reach_joins_them():
    words = box(16, 40, 86.5, 64), box(86.5, 40, 160, 64)
    (quad,) = decode(*words, config=CTPNConfig(max_gap=16)).quads
    np.testing.assert_allclose(quad, box(16, 40, 160, 64), atol=0.02)


def test_without_side_refinement_ends_are_one_stride_from_the_last_middle():
    word = box(21, 40, 83, 64)  # fills the columns 3 to 9, with middles from 28 to 76
    (quad,) = decode(word, config=CTPNConfig(refine_sides=False)).quads
    np.testing.assert_allclose(quad, box(20, 40, 84, 64), atol=0.02)


def test_narrow_words_are_taken_for_symmetric():
    (quad,) = decode(box(41, 40, 47, 64)).quads
    np.testing.assert_allclose(quad, box(41, 40, 47, 64), atol=0.02)
    (quad,) = decode(box(36, 40, 47, 64)).quads  # the right end is 3 px from x = 44
    np.testing.assert_allclose(quad, box(41, 40, 47, 64), atol=0.02)


def test_words_that_read_downwards_are_lines_of_tall_strips():
    word = box(40, 30, 72, 150)
    found = decode(np.roll(word, -1, axis=0))
    np.testing.assert_allclose(found.quads[0], word, atol=0.02)


def test_horizontal_output():
    word = turned(100, 24, 128, 128, math.radians(12))
    (quad,) = decode(word, config=CTPNConfig(output="horizontal")).quads
    left, top = word.min(axis=0)
    right, bottom = word.max(axis=0)
    np.testing.assert_allclose(quad, box(left, top, right, bottom), atol=0.1)


def said(*strips, config=CONFIG):
    """What is decoded of (row, column, probability, offset) of 16 px high strips."""
    score, side = torch.full((1, 10, 16, 16), -20.0), torch.zeros(1, 10, 16, 16)
    for row, column, probability, offset in strips:
        score[0, H16, row, column] = math.log(probability / (1 - probability))
        side[0, H16, row, column] = offset
    return decoder(config)(CTPNMaps(score, torch.zeros(1, 2, 10, 16, 16), side))[0]


def test_the_score_of_a_line_is_the_mean_of_its_strips():
    line = (3, 2, 0.8, -1), (3, 3, 0.95, 0), (3, 4, 0.8, 1)
    assert said(*line).scores[0] == pytest.approx(0.85, abs=1e-5)
    assert len(said(*line, config=CTPNConfig(min_score=0.86))) == 0
    assert len(said(*line, config=CTPNConfig(min_score=0.84))) == 1
    assert len(said(*line, config=CTPNConfig(threshold=0.96))) == 0
    # Without its ends above the threshold, the strip in the middle is a line.
    assert said(*line, config=CTPNConfig(threshold=0.9, min_side=0)).scores[0] > 0.94


def test_only_the_best_anchors_count():
    line = (3, 2, 0.8, -1), (3, 3, 0.95, 1), (3, 4, 0.85, 1)
    assert said(*line, config=CTPNConfig(max_anchors=3)).scores[0] == pytest.approx(2.6 / 3)
    assert said(*line, config=CTPNConfig(max_anchors=2)).scores[0] == pytest.approx(0.9)


def test_small_and_narrow_lines_are_dropped():
    line = (3, 2, 0.9, -1), (3, 3, 0.9, 1)  # 24 px wide, 16 px high
    for kept, settings in (
        (1, {"min_side": 15.9}),
        (0, {"min_side": 16.1}),
        (1, {"min_aspect": 1.49}),
        (0, {"min_aspect": 1.51}),
    ):
        assert len(said(*line, config=CTPNConfig(**settings))) == kept


def test_lines_that_overlap_a_better_one_are_dropped():
    # Two lone strips that reach 16 px to both sides share a third of what they cover.
    lone = (3, 2, 0.8, 2), (3, 4, 0.9, 2)
    (quad,) = said(*lone).quads
    np.testing.assert_allclose(quad, box(20, 20, 52, 36), atol=1e-3)
    assert len(said(*lone, config=CTPNConfig(line_overlap=0.34))) == 2


def test_each_picture_of_a_batch_has_its_own_lines():
    one, other = (perfect(encode(word)) for word in (box(8, 16, 64, 32), box(24, 30, 88, 50)))
    found = MODEL.decode(CTPNMaps(*(torch.cat(pair) for pair in zip(one, other, strict=True))))
    assert [len(f) for f in found] == [1, 1]
    np.testing.assert_allclose(found[1].quads[0], box(24, 30, 88, 50), atol=0.02)


# Networks.


def test_rows_are_the_sequences():
    x = torch.rand(2, 3, 4, 5)
    torch.testing.assert_close(_along_rows(lambda s: s.cumsum(dim=1), x), x.cumsum(dim=3))


# Trunk 1 667 216; 3x3 window 64 -> 128 with its norm 73 984; LSTM 2 x 4 x 64 x (128 + 64 + 2)
# = 99 328; linear 128 -> 128 16 512; forty logits 5 160.
# VGG-16 without its classifier 14 714 688; window 2 359 808; LSTM 2 x 4 x 128 x (512 + 128 + 2)
# = 657 408; linear 256 -> 512 131 584; forty logits 20 520.
@pytest.mark.parametrize(
    ("network", "stride", "parameters"),
    [("lite", 8, 1_862_200), ("lite", 16, 1_862_200), ("vgg16", 16, 17_884_008)],
)
def test_networks(network, stride, parameters):
    model = detect.build({"name": "ctpn", "network": network, "stride": stride, "max_gap": stride})
    assert sum(p.numel() for p in model.parameters()) == parameters
    maps = model(torch.zeros(2, 3, 64, 96))
    assert maps.score.shape == maps.side.shape == (2, 10, 64 // stride, 96 // stride)
    assert maps.vertical.shape == (2, 2, 10, 64 // stride, 96 // stride)


def test_order_of_the_heads():
    model = CTPN(CTPNConfig(heights=(8, 16))).eval()
    with torch.no_grad():
        model.network.heads.weight.zero_()
        model.network.heads.bias.copy_(torch.arange(8))
        maps = model(torch.zeros(1, 3, 32, 32))
    assert maps.score[0, :, 0, 0].tolist() == [0, 1]
    assert maps.vertical[0, :, :, 0, 0].tolist() == [[2, 3], [4, 5]]
    assert maps.side[0, :, 0, 0].tolist() == [6, 7]


@pytest.mark.parametrize(
    ("block", "message"),
    [({"network": "vgg16"}, "stride"), ({"stride": 16}, "max_gap"), ({"heights": []}, "heights")],
)
def test_settings_that_do_not_fit(block, message):
    with pytest.raises(ConfigError, match=message):
        detect.build({"name": "ctpn", **block})
