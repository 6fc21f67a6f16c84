"""SATRN alone: sizes of both networks, adaptive places by hand, where characters are said to be."""

import math

import numpy as np
import pytest
import torch

from ocrkit import recognize
from ocrkit.errors import ConfigError
from ocrkit.layers.attention import Attention, sinusoids
from ocrkit.recognize._base import pad, prepare
from ocrkit.recognize.satrn import SATRN, AdaptivePlaces, EncoderLayer, SATRNConfig, SATRNMaps

PAPER = {
    "name": "satrn",
    "network": "paper",
    "channels": 512,
    "heads": 8,
    "encoder": 12,
    "decoder": 6,
}


@pytest.fixture
def tiny():
    torch.manual_seed(0)
    sizes = {"channels": 32, "heads": 2, "encoder": 1, "decoder": 1}
    return SATRN(SATRNConfig(charset="ab", **sizes)).eval()


def test_lite_network_is_small():
    """Layer by layer, with C = 192.

    Convolutions 288 + 18 432 + 73 728 + 147 456 + 221 184 and their norms 2 (32 + 64 + 128 + 128 +
    C); places 4 C^2; each encoder layer two norms 4 C, attention 4 (C^2 + C), 1x1 convolutions
    2 (4 C^2), depthwise 9 (4 C), their norms 2 (4 C + 4 C + C); each decoder layer three norms 6 C,
    attentions 8 (C^2 + C), linears 8 C^2 + 5 C; a norm after both; embedding 96 C, classifier
    96 (C + 1).
    """
    c = 192
    convolutions = 288 + 18_432 + 73_728 + 147_456 + 221_184 + 2 * (32 + 64 + 128 + 128 + c)
    encoder = 4 * c + 4 * (c * c + c) + 8 * c * c + 36 * c + 18 * c
    decoder = 6 * c + 8 * (c * c + c) + 8 * c * c + 5 * c
    rest = 4 * c * c + 2 * (2 * c) + 96 * c + 96 * (c + 1)
    model = SATRN(SATRNConfig())
    count = sum(p.numel() for p in model.parameters())
    assert count == convolutions + 4 * encoder + 2 * decoder + rest == 3_651_392
    assert model(torch.zeros(2, 1, 32, 128)).features.shape == (2, 192, 4, 32)


def test_paper_network():
    """Convolutions 3x3 of 256 and 512 channels, 12 + 6 layers; the map of 32 x 100 is 8 x 25."""
    c = 512
    with torch.device("meta"):
        model = recognize.build(PAPER)
        assert model(torch.zeros(1, 1, 32, 100)).features.shape == (1, 512, 8, 25)
    convolutions = 9 * 256 + 9 * 256 * 512 + 2 * (256 + 512)
    encoder = 4 * c + 4 * (c * c + c) + 8 * c * c + 36 * c + 18 * c
    decoder = 6 * c + 8 * (c * c + c) + 8 * c * c + 5 * c
    rest = 4 * c * c + 2 * (2 * c) + 96 * c + 96 * (c + 1)
    count = sum(p.numel() for p in model.parameters())
    assert count == convolutions + 12 * encoder + 6 * decoder + rest == 65_686_368


def test_sinusoids_by_hand():
    """Of four channels: sin p, cos p, sin p/100, cos p/100."""
    found = sinusoids(3, 4)
    assert found[0].tolist() == [0, 1, 0, 1]
    wanted = [math.sin(2), math.cos(2), math.sin(0.02), math.cos(0.02)]
    assert found[2].tolist() == pytest.approx(wanted, abs=1e-6)


def test_places_are_weighed_by_the_whole_picture():
    """Weights 0 say sigmoid(0) = 1/2 for all; then a bright picture turns to its columns alone."""
    places = AdaptivePlaces(channels=2, rows=2, columns=3)
    for part in (places.row_weight, places.column_weight):
        for layer in (part[0], part[2]):
            torch.nn.init.zeros_(layer.weight)
    zero = torch.zeros(1, 2, 2, 3)
    found = places(zero)[0]
    for row in range(2):
        for column in range(3):
            wanted = [
                (math.sin(row) + math.sin(column)) / 2,
                (math.cos(row) + math.cos(column)) / 2,
            ]
            assert found[:, row, column].tolist() == pytest.approx(wanted, abs=1e-6)
    with torch.no_grad():
        places.row_weight[0].weight.copy_(torch.eye(2))
        places.row_weight[2].weight.copy_(-100 * torch.eye(2))
        places.column_weight[0].weight.copy_(torch.eye(2))
        places.column_weight[2].weight.copy_(100 * torch.eye(2))
    bright = torch.ones(1, 2, 2, 3)
    bright[..., 0] = 2.5  # the mean is 1.5: it is the picture that counts, not the place
    found = (places(bright) - bright)[0]
    columns = torch.arange(3.0)
    wanted = torch.stack([columns.sin(), columns.cos()])[:, None].expand(2, 2, 3)
    torch.testing.assert_close(found, wanted, atol=1e-5, rtol=0)


def test_attention_by_hand():
    """One head of one channel, the identity but for the query, doubled: softmax(2 x k)."""
    attention = Attention(channels=1, heads=1)
    for layer, weight in (("query", 2.0), ("keys", 1.0), ("values", 1.0), ("output", 3.0)):
        torch.nn.init.constant_(getattr(attention, layer).weight, weight)
        torch.nn.init.zeros_(getattr(attention, layer).bias)
    x, others = torch.tensor([[[0.5]]]), torch.tensor([[[0.0], [1.0]]])
    keys, values = attention.seen(others)
    share = math.e / (1 + math.e)
    assert attention.weights(x, keys)[0, 0].tolist() == pytest.approx([1 - share, share])
    assert attention(x, keys, values).item() == pytest.approx(3 * share)


def test_the_feed_forward_part_sees_neighbours_but_no_farther():
    """Without attention, a change of one place reaches those around it alone."""
    torch.manual_seed(1)
    layer = EncoderLayer(channels=8, heads=2, dropout=0).eval()
    torch.nn.init.zeros_(layer.attention.output.weight)
    x = torch.randn(1, 8, 5, 7)
    changed = x.clone()
    changed[0, :, 2, 3] += torch.randn(8)
    moved = (layer(changed) - layer(x)).abs().amax(dim=1)[0] > 1e-6
    wanted = torch.zeros(5, 7, dtype=torch.bool)
    wanted[1:4, 2:5] = True
    assert torch.equal(moved, wanted)


def test_the_encoder_sees_all_places(tiny):
    x = torch.randn(1, 32, 4, 10)
    changed = x.clone()
    changed[0, :, 0, 0] += torch.randn(32)
    moved = (tiny.encoder(changed) - tiny.encoder(x)).abs().amax(dim=1)
    assert (moved > 0).all()


def test_what_is_said_does_not_depend_on_what_comes_later(tiny):
    features = torch.randn(1, 12, 32)
    one, other = (tiny.decoder(features, torch.tensor([t]))[0] for t in ([0, 1, 2], [0, 1, 1]))
    torch.testing.assert_close(one[:, :2], other[:, :2])
    assert not torch.allclose(one[:, 2], other[:, 2], atol=1e-3)


def test_characters_stand_in_the_column_that_was_looked_at_in_whatever_row(tiny):
    """Of a map of 2 x 8, the last place of the first row and the first of the second."""
    attention = torch.zeros(1, 2, 16)
    attention[0, 0, 7] = 1
    attention[0, 1, 8] = 1
    centres = tiny._centres(SATRNMaps(torch.zeros(1, 32, 2, 8)), attention)
    assert centres[0].tolist() == pytest.approx([7.5 / 8, 0.5 / 8])


def test_features_are_read_row_by_row(tiny):
    maps = SATRNMaps(torch.arange(12.0).view(1, 2, 2, 3))
    assert tiny._features(maps)[0].tolist() == [[0, 6], [1, 7], [2, 8], [3, 9], [4, 10], [5, 11]]


def test_a_label_as_long_as_may_be_can_be_learnt_and_said(tiny):
    text = "ab" * 32
    targets = [torch.as_tensor(part)[None] for part in tiny.encode(tiny.config, text)]
    maps = tiny(torch.randn(1, 1, 32, 64))
    assert torch.isfinite(tiny.loss(maps, targets)["characters"])
    assert len(tiny._told([text], maps).confidences[0, 0]) == 65


def test_starts_from_the_weights_of_crnn():
    crnn, satrn = (recognize.build({"name": name}).state_dict() for name in ("crnn", "satrn"))
    columns = [name for name in satrn if name.startswith("columns")]
    assert len(columns) == 5 * 6
    assert all(crnn[name].shape == satrn[name].shape for name in columns)


def test_any_height_and_width_have_places():
    config = SATRNConfig(height=64, max_width=96, channels=8, heads=2, encoder=1, decoder=1)
    model = SATRN(config).eval()
    assert model(torch.zeros(1, 1, 64, 96)).features.shape == (1, 8, 8, 24)


def test_heads_share_the_channels():
    with pytest.raises(ConfigError, match="heads: 5 cannot share 192 channels evenly"):
        recognize.build({"name": "satrn", "heads": 5})


def test_the_lexicon_weighs_words_against_the_picture(tmp_path):
    """With a closed lexicon, an untrained network says the likelier of its two words."""
    words = tmp_path / "words.txt"
    words.write_text("ab\nba\n")
    torch.manual_seed(2)
    sizes = {"channels": 16, "heads": 2, "encoder": 1, "decoder": 1}
    config = SATRNConfig(charset="ab", lexicon=words, lexicon_closed=True, **sizes)
    model = SATRN(config).eval()
    crops = np.random.default_rng(3).integers(0, 256, (3, 40, 120, 3), np.uint8)
    for crop, reading in zip(crops, model.read(crops), strict=True):
        maps = model(torch.from_numpy(pad([prepare(crop, 32, 640)])))
        told = model._told(["ab", "ba"], maps).logs[:, 0]
        assert reading.text.casefold() == ("ab", "ba")[int(told.argmax())]
        assert len(reading.characters) == 2


def test_glimpses_show_the_reading_and_where_it_looked():
    """Of a crop of 120 px, seen 110 px wide: 27.5 columns of the 32 that were padded."""
    torch.manual_seed(4)
    config = SATRNConfig(channels=16, heads=2, encoder=1, decoder=1)
    model = SATRN(config).eval()
    crop = np.random.default_rng(0).integers(0, 256, (40, 120, 3), np.uint8)
    seen = model.glimpses(crop)
    width = prepare(crop, 32, 640).shape[-1]
    assert seen.reading == model.read([crop])[0]
    assert seen.straight.shape == (32, width, 3)
    assert seen.attention.shape == (len(seen.reading.text), math.ceil(width / 4))
    np.testing.assert_allclose(seen.attention.sum(axis=1), 1, atol=1e-5)
    assert seen.fiducials.tolist() == [[0, 0], [120, 0], [0, 40], [120, 40]]
