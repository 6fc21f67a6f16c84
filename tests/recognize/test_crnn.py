"""CRNN alone: sizes of the two networks, the time axis, the preparation of crops."""

import numpy as np
import pytest
import torch

from ocrkit import recognize
from ocrkit.errors import ConfigError, DataError
from ocrkit.recognize._base import pad, prepare
from ocrkit.recognize._labels import MAX_LENGTH
from ocrkit.recognize.crnn import CRNN, CRNNConfig, CRNNMaps


# Convolutions and norms 5 551 360; LSTMs (two bias vectors each) 1 576 960 and 1 052 672;
# linear 131 328 and 18 981.
def test_paper_network_is_table_1():
    model = recognize.build(
        {
            "name": "crnn",
            "network": "paper",
            "hidden": 256,
            "charset": "0123456789abcdefghijklmnopqrstuvwxyz",
        }
    )
    assert sum(p.numel() for p in model.parameters()) == 8_331_301
    assert model(torch.zeros(1, 1, 32, 100)).logits.shape == (1, 26, 37)


def test_lite_network_is_small():
    model = CRNN(CRNNConfig())
    assert sum(p.numel() for p in model.parameters()) == 2_085_824
    assert model(torch.zeros(2, 1, 32, 96)).logits.shape == (2, 24, 96)


def test_other_heights_are_refused():
    with pytest.raises(ConfigError, match="height"):
        recognize.build({"name": "crnn", "height": 48})


def test_labels_are_padded_and_long_ones_refused():
    labels, length = CRNN.encode(CRNNConfig(charset="abc"), "cab")
    assert labels[:4].tolist() == [3, 1, 2, 0]
    assert (labels.shape, int(length)) == ((MAX_LENGTH,), 3)
    with pytest.raises(ValueError, match="65 characters, at most 64"):
        CRNN.encode(CRNNConfig(charset="abc"), "a" * 65)


def test_prepare_keeps_the_aspect_ratio_and_normalises():
    crop = np.random.default_rng(0).integers(0, 256, (16, 64, 3), np.uint8)
    found = prepare(crop, 32, 640)
    assert found.shape == (1, 32, 128)
    assert found.mean() == pytest.approx(0, abs=1e-5)
    assert found.std() == pytest.approx(1, abs=1e-4)
    assert prepare(crop, 32, 64).shape == (1, 32, 64)


@pytest.mark.parametrize(("columns", "width"), [(48, 96), (32, 80), (16, 64), (1, 49)])
def test_narrow_crops_are_widened(columns, width):
    """Aspect a below 3 becomes a/2 + 1.5: 3 stays, 2 becomes 2.5, 1 becomes 2."""
    assert prepare(np.zeros((16, columns, 3), np.uint8), 32, 640).shape == (1, 32, width)


def test_prepare_reads_rgb():
    red, blue = (np.zeros((32, 64, 3), np.uint8) for _ in range(2))
    red[:, :32, 0] = blue[:, :32, 2] = 255
    # Grey levels of red and blue are 76 and 29 (Rec. 601): before normalisation one is brighter.
    mixed = np.concatenate([red[:, :32], blue[:, :32]], axis=1)
    assert prepare(mixed, 32, 640)[0, 0, 0] > prepare(mixed, 32, 640)[0, 0, -1]


def test_an_empty_crop_is_not_blown_up():
    assert np.abs(prepare(np.full((32, 64, 3), 200, np.uint8), 32, 640)).max() == 0


def test_padding_is_on_the_right_and_a_multiple_of_32():
    stack = pad([np.ones((1, 32, 40), np.float32), np.ones((1, 32, 70), np.float32)])
    assert stack.shape == (2, 1, 32, 96)
    assert stack[0, 0, 0].tolist() == [1] * 40 + [0] * 56


def maps_of(*rows):
    """Maps of one picture; rows are probabilities of the blank, then `a`, `b`, `B`."""
    return CRNNMaps(torch.tensor([rows]).log(), torch.zeros(1, 0, 2))


def decoding(tmp_path, words="", **settings):
    if words:
        settings["lexicon"] = tmp_path / "words.txt"
        settings["lexicon"].write_text(words)
    return CRNN(CRNNConfig(charset="abB", hidden=8, **settings))


def test_a_beam_reads_what_the_best_path_misses(tmp_path):
    """0.33 for nothing, 0.67 for `a`, which is likeliest in the second frame: 0.6 x 0.45."""
    maps = maps_of([0.6, 0.4, 0, 0], [0.55, 0.45, 0, 0])
    assert decoding(tmp_path).decode(maps)[0].text == ""
    (reading,) = decoding(tmp_path, beam=4).decode(maps)
    (character,) = reading.characters
    assert (reading.text, character.span) == ("a", (0.5, 1))
    assert reading.confidence == pytest.approx(0.45)


ABAB = [[0.0, 0.9, 0.1, 0.0], [0.0, 0.1, 0.9, 0.0], [0.0, 0.7, 0.3, 0.0], [0.0, 0.1, 0.9, 0.0]]


def test_a_lexicon_changes_the_reading_and_its_confidence(tmp_path):
    """`aba` for `abab` has no frame less; its last run of two frames gives `a` 0.7 and 0.1."""
    maps = maps_of(*ABAB)
    assert decoding(tmp_path).decode(maps)[0].text == "abab"
    (reading,) = decoding(tmp_path, "aba\nbbbb\n").decode(maps)
    assert reading.text == "aba"
    assert [c.span for c in reading.characters] == [(0, 0.25), (0.25, 0.5), (0.5, 1)]
    assert reading.confidence == pytest.approx((0.9 * 0.9 * 0.7) ** (1 / 3), rel=1e-5)


def test_a_lexicon_leaves_what_is_far_from_its_words(tmp_path):
    maps = maps_of(*ABAB)
    assert decoding(tmp_path, "bb\n").decode(maps)[0].text == "abab"
    assert decoding(tmp_path, "bb\n", lexicon_closed=True).decode(maps)[0].text == "abab"
    # `bb` needs a blank, which is impossible here; `b` does not.
    assert decoding(tmp_path, "b\n", lexicon_closed=True).decode(maps)[0].text == "b"


def test_a_lexicon_says_nothing_off_the_whitelist(tmp_path):
    maps = maps_of(*ABAB)
    (reading,) = decoding(tmp_path, "aba\n", whitelist="bB").decode(maps)
    assert reading.text == "b"


def test_a_lexicon_is_no_part_of_the_weights(tmp_path):
    model = decoding(tmp_path, "aba\n", lexicon_closed=True)
    assert not {"lexicon", "lexicon_closed"} & set(model.config.model_dump(mode="json"))


def test_a_lexicon_that_is_missing_is_refused(tmp_path):
    with pytest.raises(DataError, match=r"no\.txt: cannot be read"):
        decoding(tmp_path, lexicon=tmp_path / "no.txt")


def test_a_rectifier_goes_before_it():
    """Its 182 632 parameters, and pictures of any height that become 32 pixels high."""
    model = CRNN(CRNNConfig(rectifier="tps", height=64, max_width=1280))
    assert sum(p.numel() for p in model.parameters()) == 2_085_824 + 182_632
    maps = model(torch.zeros(2, 1, 64, 192))
    assert maps.logits.shape == (2, 24, 96)
    assert maps.points.shape == (2, 20, 2)


def test_characters_stand_where_they_stood_before_straightening():
    """The fiducials show the right half of the picture."""
    model = CRNN(CRNNConfig(rectifier="tps", charset="ab")).eval()
    start = model.rectifier.get_buffer("start")
    right = torch.stack([start[:, 0] / 2 + 0.5, start[:, 1]], dim=1)[None]
    logits = torch.full((1, 4, 3), -9.0)
    logits[0, [0, 1, 2, 3], [1, 0, 2, 2]] = 9
    (reading,) = model.decode(CRNNMaps(logits, right))
    assert reading.text == "ab"
    assert reading.characters[0].span == pytest.approx((0.5, 0.625), abs=1e-4)
    assert reading.characters[1].span == pytest.approx((0.75, 1.0), abs=1e-4)
    empty = model.decode(CRNNMaps(logits[:, 1:2], right))[0]
    assert empty.text == ""


def test_a_lite_network_grows_into_a_deep_one():
    """Blocks that have learnt nothing yet change nothing, and then they learn."""
    torch.manual_seed(0)
    lite, deep = (CRNN(CRNNConfig(network=network)) for network in ("lite", "deep"))
    deep.load_state_dict(deep.state_dict() | lite.state_dict())
    images = torch.randn(2, 1, 32, 64)
    torch.testing.assert_close(deep.eval()(images).logits, lite.eval()(images).logits)
    deep.train()(images).logits.sum().backward()
    idle = deep.get_parameter("columns.4_1.body.1.1.weight")
    assert idle.abs().max() == 0
    assert idle.grad.abs().max() > 0
