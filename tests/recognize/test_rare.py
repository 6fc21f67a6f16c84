"""RARE alone: sizes of both networks, the loss by hand, where characters are said to stand."""

import math

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from ocrkit import recognize
from ocrkit.recognize._attentive import spans
from ocrkit.recognize._base import pad, prepare
from ocrkit.recognize.rare import RARE, RAREConfig, RAREMaps, from_the_end
from ocrkit.text import LATIN36


# Rectifier 182 632 (20 fiducials), CRNN's lite columns 1 368 800, LSTMs and linears 758 144,
# decoder 606 304.
def test_lite_network_is_small():
    model = RARE(RAREConfig())
    assert sum(p.numel() for p in model.parameters()) == 2_915_880
    assert model(torch.zeros(2, 1, 64, 256)).features.shape == (2, 32, 256)


def test_paper_network():
    model = recognize.build(
        {"name": "rare", "network": "paper", "hidden": 256, "charset": LATIN36, "height": 32}
    )
    assert sum(p.numel() for p in model.columns.parameters()) == 5_551_360
    assert model.decoder.cell.hidden_size == 256
    assert model(torch.zeros(1, 1, 32, 100)).features.shape == (1, 26, 512)


class Told(torch.nn.Module):
    """A decoder that says the same logits at every step, and remembers what it was given."""

    def forward(self, features, previous):
        self.previous = previous
        logits = torch.tensor([0.0, 1.0, 2.0])
        return logits.expand(*previous.shape, 3), None


def test_loss_by_hand():
    """Texts "ba" and "": steps b, a, END and END; what lies behind does not count."""
    model = RARE(RAREConfig(charset="ab"))
    model.decoder = Told()
    labels = [model.encode(model.config, text) for text in ("ba", "")]
    targets = [torch.from_numpy(np.stack(part)) for part in zip(*labels, strict=True)]
    loss = model.loss(RAREMaps(torch.zeros(2, 4, 256), torch.zeros(2, 20, 2)), targets)
    assert model.decoder.previous.tolist() == [[0, 2, 1], [0, 0, 0]]
    total = math.log(1 + math.e + math.e**2)
    wanted = ((total - 2) + (total - 1) + total + total) / 4
    assert float(loss["characters"]) == pytest.approx(wanted, abs=1e-6)


def test_edges_lie_half_way_between_centres():
    assert spans(np.array([0.2, 0.4, 0.8])) == pytest.approx([0.1, 0.3, 0.6, 1.0])
    assert spans(np.array([0.5])) == [0, 1]
    assert spans(np.array([0.4, 0.3])) == pytest.approx([0.4, 0.4, 0.4])  # it looked back


def test_characters_stand_where_it_looked_before_straightening():
    """It looks at the middle of eight columns; the fiducials show the right half of the picture."""
    model = RARE(RAREConfig())
    attention = torch.zeros(1, 2, 8)
    attention[0, 0, 1] = attention[0, 1, 6] = 1
    start = model.rectifier.get_buffer("start")
    right = torch.stack([start[:, 0] / 2 + 0.5, start[:, 1]], dim=1)[None]
    centres = model._centres(RAREMaps(torch.zeros(1, 8, 256), right), attention)
    assert centres[0].tolist() == pytest.approx([0.5 + 1.5 / 16, 0.5 + 6.5 / 16], abs=1e-4)
    straight = model._centres(RAREMaps(torch.zeros(1, 8, 256), start[None]), attention)
    assert straight[0].tolist() == pytest.approx([1.5 / 8, 6.5 / 8], abs=1e-4)


def test_what_is_not_on_the_whitelist_is_not_said():
    torch.manual_seed(0)
    model = recognize.build({"name": "rare", "whitelist": "0123456789"}).eval()
    crop = np.random.default_rng(0).integers(0, 256, (40, 120, 3), np.uint8)
    (reading,) = model.read([crop])
    assert set(reading.text) <= set("0123456789")


def test_starts_from_the_weights_of_crnn():
    """Both share the names and shapes of their convolutions and of the first LSTM."""
    crnn, rare = (recognize.build({"name": name}).state_dict() for name in ("crnn", "rare"))
    common = {k for k, v in rare.items() if k in crnn and crnn[k].shape == v.shape}
    assert {k for k in rare if k.startswith("columns")} <= common
    assert "sequence.recurrent.0.weight_ih_l0" in common


def test_at_first_it_reads_the_picture_as_it_is():
    model = RARE(RAREConfig()).eval()
    images = torch.randn(1, 1, 64, 128)
    half = F.interpolate(images, (32, 64), mode="bilinear", align_corners=False)
    straight, _ = model.rectifier(images)
    torch.testing.assert_close(straight, half, atol=1e-3, rtol=0)


def test_glimpses_show_the_reading_and_where_it_looked():
    """Of a crop of 120 px, seen 173 px wide and padded to 192; fiducials lie in its own pixels."""
    torch.manual_seed(1)
    model = RARE(RAREConfig()).eval()
    crop = np.random.default_rng(0).integers(0, 256, (50, 120, 3), np.uint8)
    seen = model.glimpses(crop)
    assert seen.reading == model.read([crop])[0]
    assert seen.straight.shape == (32, 96, 3)
    assert seen.attention.shape == (len(seen.reading.text), 24)
    np.testing.assert_allclose(seen.attention.sum(axis=1), 1, atol=1e-5)
    width = 192 / 173 * 120  # the padding is not part of the crop
    assert seen.fiducials[0] == pytest.approx([0, 0], abs=1e-3)
    assert seen.fiducials[-1] == pytest.approx([width, 50], abs=1e-3)


def test_the_lexicon_weighs_words_against_the_picture(tmp_path):
    """With a closed lexicon, an untrained network says the likelier of its two words."""
    words = tmp_path / "words.txt"
    words.write_text("ab\nba\n")
    torch.manual_seed(2)
    config = RAREConfig(charset="ab", lexicon=words, lexicon_closed=True)
    model = RARE(config).eval()
    crop = np.random.default_rng(3).integers(0, 256, (40, 120, 3), np.uint8)
    maps = model(torch.from_numpy(pad([prepare(crop, 64, 1280)])))
    likely = {t: float(model._told([t], maps).confidences.log().sum()) for t in ("ab", "ba")}
    (reading,) = model.read([crop])
    assert reading.text.casefold() == max(likely, key=likely.__getitem__)
    assert len(reading.characters) == 2


def test_labels_from_the_end():
    classes = torch.tensor([[3, 1, 2, 0, 0], [4, 0, 0, 0, 0]])
    turned = from_the_end(classes, torch.tensor([3, 1]))
    assert turned.tolist() == [[2, 1, 3, 0, 0], [4, 0, 0, 0, 0]]


@torch.no_grad()
def test_both_ways_teaches_both_decoders():
    """Half of each loss: the second is that of the reversed text."""
    torch.manual_seed(4)
    model = RARE(RAREConfig(charset="ab", both_ways=True, dropout=0))
    model.backward.load_state_dict(model.decoder.state_dict())
    maps = RAREMaps(torch.randn(1, 6, 256), torch.zeros(1, 20, 2))
    both, turned = (
        model.loss(maps, [torch.as_tensor(part)[None] for part in model.encode(model.config, text)])
        for text in ("ab", "ba")
    )
    assert float(both["characters"]) == pytest.approx(float(turned["backwards"]), abs=1e-6)
    assert float(both["backwards"]) == pytest.approx(float(turned["characters"]), abs=1e-6)
