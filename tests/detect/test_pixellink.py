"""PixelLink alone: targets, loss and components worked on paper, and decode as encode's inverse."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from quads import box, turned

from ocrkit import detect, geometry
from ocrkit.detect.pixellink import (
    NEIGHBOURS,
    PixelLink,
    PixelLinkConfig,
    PixelLinkMaps,
    PixelLinkTargets,
)
from ocrkit.errors import ConfigError
from ocrkit.types import Sample

CONFIG = PixelLinkConfig()
MODEL = PixelLink(CONFIG).eval()


def encode(*quads, ignored=(), size=(64, 96), config=CONFIG):
    flags = np.isin(np.arange(len(quads)), ignored)
    stack = np.stack(quads) if quads else np.zeros((0, 4, 2), np.float32)
    sample = Sample(np.zeros((*size, 3), np.uint8), stack, ("x",) * len(quads), flags)
    return PixelLink.encode(config, sample)


def perfect(targets):
    """Maps that say exactly what the targets say, with certainty."""
    pixel = np.where(targets.weight > 0, 20.0, -20.0).astype(np.float32)
    link = np.where(targets.link > 0, 20.0, -20.0).astype(np.float32)
    return PixelLinkMaps(torch.from_numpy(pixel)[None], torch.from_numpy(link)[None])


def batched(targets):
    return PixelLinkTargets(*(torch.from_numpy(np.asarray(t))[None] for t in targets))


def test_which_cells_a_word_holds():
    # x from 8 to 24, y from 12 to 20: centres 4j + 2 inside are columns 2 to 5, rows 3 to 4.
    targets = encode(box(8, 12, 24, 20))
    rows, columns = np.nonzero(targets.weight[0])
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (3, 4, 2, 5)
    assert targets.valid.all()


def test_links_of_one_word_by_hand():
    targets = encode(box(8, 12, 24, 20))
    # The top left cell (row 3, column 2) has neighbours to the right, below right and below.
    assert [NEIGHBOURS[k] for k in np.flatnonzero(targets.link[:, 3, 2])] == [
        (1, 0),
        (1, 1),
        (0, 1),
    ]
    # Seen from the bottom right cell: left, above left, above.
    assert [NEIGHBOURS[k] for k in np.flatnonzero(targets.link[:, 4, 5])] == [
        (-1, 0),
        (-1, -1),
        (0, -1),
    ]
    assert targets.link.sum() == 4 * 3 + 4 * 5  # four corners with 3, four middle cells with 5


def test_words_that_touch_are_not_linked_and_shared_cells_are_nobodys():
    touching = encode(box(8, 12, 24, 20), box(24, 12, 40, 20))
    assert touching.link[0, 3, 5] == 0  # across the border
    assert touching.link[0, 3, 4] == 1
    overlapping = encode(box(8, 12, 28, 20), box(20, 12, 40, 20))
    assert not overlapping.weight[0, 3, 5:7].any()  # centres 22 and 26 lie in both
    assert overlapping.valid.all()


def test_instance_balanced_weights_by_hand():
    # 8 cells and 16 cells: S = 24, N = 2, so each word weighs 12 in all: 1.5 and 0.75 a cell.
    weight = encode(box(8, 12, 24, 20), box(40, 12, 72, 20)).weight[0]
    assert weight[3, 2] == pytest.approx(1.5)
    assert weight[3, 10] == pytest.approx(0.75)
    assert weight.sum() == pytest.approx(24)


def test_ignored_and_tiny_words_are_not_valid_even_under_a_word():
    targets = encode(box(8, 12, 24, 20), box(16, 12, 40, 20), box(60, 40, 90, 45), ignored=[1])
    assert not targets.valid[0, 3, 4:10].any()
    assert not targets.weight[0, 3, 4:].any()
    assert targets.weight[0, 3, 2] > 0
    assert not targets.valid[0, 10, 15:22].any()  # 5 px high: below ignore_side


def test_loss_by_hand():
    """One word of two cells in a 2 x 5 grid; all logits 0, so each entropy is log 2."""
    weight, link = np.zeros((1, 2, 5), np.float32), np.zeros((8, 2, 5), np.float32)
    weight[0, 0, :2] = 1
    link[0, 0, 0] = link[4, 0, 1] = 1
    targets = batched(PixelLinkTargets(weight, np.ones((1, 2, 5), np.bool_), link))
    terms = MODEL.loss(PixelLinkMaps(torch.zeros(1, 1, 2, 5), torch.zeros(1, 8, 2, 5)), targets)
    # Means of log 2, however many negatives tie: lambda = 2; positive and negative links apart.
    assert terms["pixel"].item() == pytest.approx(2 * math.log(2), rel=1e-5)
    assert terms["link"].item() == pytest.approx(2 * math.log(2), rel=1e-5)


def test_only_the_hardest_negatives_count():
    weight = np.zeros((1, 1, 9), np.float32)
    weight[0, 0, 0] = 1
    targets = batched(
        PixelLinkTargets(weight, np.ones((1, 1, 9), np.bool_), np.zeros((8, 1, 9), np.float32))
    )
    logits = torch.tensor([20.0, 3.0, 2.0, 1.0, *[-20.0] * 5]).view(1, 1, 1, 9)
    pixel = MODEL.loss(PixelLinkMaps(logits, torch.full((1, 8, 1, 9), -20.0)), targets)["pixel"]
    # r = 3: one positive without loss, negatives 3, 2 and 1 with log(1 + e^x); mean over 4 cells.
    expected = 2 * sum(math.log1p(math.exp(x)) for x in (1, 2, 3)) / 4
    assert pixel.item() == pytest.approx(expected, rel=1e-5)


def test_what_is_said_in_ignored_words_does_not_matter():
    targets = batched(encode(box(8, 12, 24, 20), box(60, 32, 90, 50), ignored=[1]))
    clean = perfect(encode(box(8, 12, 24, 20), box(60, 32, 90, 50), ignored=[1]))
    shouting = clean.pixel.clone()
    shouting[0, 0, 8:12, 15:22] = 20.0
    loud = MODEL.loss(PixelLinkMaps(shouting, clean.link), targets)
    assert sum(loud.values()).item() == pytest.approx(0, abs=1e-5)
    shouting[0, 0, 14, 2] = 20.0  # the same outside them does
    assert MODEL.loss(PixelLinkMaps(shouting, clean.link), targets)["pixel"].item() > 1


@given(
    st.builds(
        turned,
        width=st.floats(40, 100),
        height=st.floats(16, 40),
        x=st.floats(80, 176),
        y=st.floats(80, 176),
        angle=st.floats(-0.7, 0.7),
    )
)
def test_decode_inverts_encode(word):
    (found,) = MODEL.decode(perfect(encode(word, size=(256, 256))))
    assert len(found) == 1
    # Cells are 4 px: a 16 px high word keeps three quarters of its area even when cells fall badly.
    assert geometry.iou(word, found.quads)[0] > 0.7
    assert np.abs(found.quads[0].mean(axis=0) - word.mean(axis=0)).max() < 3


def test_decode_has_no_bias():
    """Words on the grid come back exactly: half a cell is added on each side."""
    (found,) = MODEL.decode(perfect(encode(box(8, 12, 24, 20))))
    np.testing.assert_allclose(found.quads[0], box(8, 12, 24, 20), atol=1e-4)
    assert found.scores[0] == pytest.approx(1)


def test_either_link_joins_and_none_parts():
    pixel = torch.full((1, 1, 8, 8), -20.0)
    pixel[0, 0, 2:4, 1:5] = 20.0
    link = torch.full((1, 8, 8, 8), -20.0)

    def count():
        return len(MODEL.decode(PixelLinkMaps(pixel, link))[0])

    # Without links each cell is alone, and 4 px is below min_side.
    assert count() == 0
    link[0, [0, 2], 2:4, 1:5] = 20.0  # to the right and downwards only: one direction is enough
    assert count() == 1
    link[0, 0, 2:4, 2] = -20.0  # cut between columns 2 and 3
    assert count() == 2


def test_components_join_diagonally_in_both_directions():
    for direction, cells in ((1, ((2, 2), (3, 3))), (3, ((2, 3), (3, 2)))):
        pixel = torch.full((1, 1, 8, 8), -20.0)
        link = torch.full((1, 8, 8, 8), -20.0)
        for row, column in cells:
            pixel[0, 0, row, column] = 20.0
        link[0, direction, cells[0][0], cells[0][1]] = 20.0
        (found,) = PixelLink(PixelLinkConfig(min_side=0)).decode(PixelLinkMaps(pixel, link))
        assert len(found) == 1


# VGG-16 without its classifier 14 714 688, fc6 4 719 616, fc7 1 049 600, heads of nine logits
# on 256 + 512 + 512 + 1024 channels 20 772, on conv2_2's 128 another 1 161.
@pytest.mark.parametrize(("stride", "parameters"), [(4, 20_504_676), (2, 20_505_837)])
def test_paper_networks(stride, parameters):
    model = detect.build({"name": "pixellink", "network": "vgg16", "stride": stride})
    assert sum(p.numel() for p in model.parameters()) == parameters
    maps = model(torch.zeros(1, 3, 64, 96))
    assert maps.pixel.shape == (1, 1, 64 // stride, 96 // stride)
    assert maps.link.shape == (1, 8, 64 // stride, 96 // stride)


def test_lite_network_is_small():
    assert sum(p.numel() for p in MODEL.parameters()) == 1_667_513
    assert MODEL(torch.zeros(1, 3, 64, 96)).link.shape == (1, 8, 16, 24)


def test_lite_has_one_stride():
    with pytest.raises(ConfigError, match="stride"):
        detect.build({"name": "pixellink", "stride": 2})
