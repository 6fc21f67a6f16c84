"""A language model's say in what a picture reads."""

import numpy as np
import pytest
import torch

from ocrkit import checkpoint, recognize
from ocrkit.errors import UnknownModelError
from ocrkit.language.ngram import NGram
from ocrkit.recognize._decoder import END, Decoded
from ocrkit.recognize.crnn import CRNN, CRNNConfig, CRNNMaps
from ocrkit.recognize.rare import RARE, RAREConfig, RAREMaps

CHARSET = "eot"


def knows(*words):
    """A language in which these texts cost nothing, and all others ten."""
    return lambda texts: np.array([0.0 if text in words else -10.0 for text in texts])


def rows(*steps):
    """Logits (1, T, 4) of the probabilities of blank, e, o and t, which need not sum to one."""
    return torch.tensor([steps]).log()


# t, then o or e: o is a little likelier.
UNSURE = rows((0.02, 0.02, 0.02, 0.94), (0.02, 0.44, 0.52, 0.02))


def crnn(**settings):
    return CRNN(CRNNConfig(charset=CHARSET, **settings)).eval()


def read(model, logits):
    (reading,) = model.decode(CRNNMaps(logits, torch.zeros(1, 0, 2)))
    return reading


def test_the_likelier_text_wins_where_the_picture_leaves_doubt():
    model = crnn(beam=8)
    assert read(model, UNSURE).text == "to"
    model.language = knows("te")
    found = read(model, UNSURE)
    assert found.text == "te"
    # How sure it is, the picture alone says.
    assert [c.confidence for c in found.characters] == pytest.approx([0.94, 0.44])


def test_what_is_seen_clearly_stands():
    model = crnn(beam=8)
    model.language = knows("te")
    clear = rows((0.001, 0.001, 0.001, 0.997), (0.001, 0.001, 0.997, 0.001))
    assert read(model, clear).text == "to"


@pytest.mark.parametrize(("weight", "text"), [(0.0, "to"), (0.01, "to"), (0.05, "te")])
def test_the_weight_is_of_the_logarithm(weight, text):
    """Log(52 / 44) is 0.167: it takes more than a sixtieth of ten."""
    model = crnn(beam=8, language_weight=weight)
    model.language = knows("te")
    assert read(model, UNSURE).text == text


def test_whether_there_is_text_the_picture_decides():
    """A language finds no text likelier than any."""
    model = crnn(beam=8)
    model.language = lambda texts: np.array([-20.0 * len(text) for text in texts])
    assert read(model, UNSURE).text == "t"
    nothing = rows((0.9, 0.04, 0.03, 0.03), (0.9, 0.04, 0.03, 0.03))
    assert read(model, nothing).text == ""


def test_pictures_are_judged_one_by_one():
    model = crnn(beam=8)
    model.language = knows("te", "o")
    sure_o = rows((0.9, 0.03, 0.04, 0.03), (0.02, 0.03, 0.93, 0.02))
    logits = torch.cat([UNSURE, sure_o, UNSURE])
    found = model.decode(CRNNMaps(logits, torch.zeros(3, 0, 2)))
    assert [reading.text for reading in found] == ["te", "o", "te"]


class Says(torch.nn.Module):
    """A decoder that finds `to` and `te`, `to` a little likelier."""

    def search(self, features, probabilities, width, length):
        classes = torch.tensor([[[3, 2, END], [3, 1, END]]])
        confidences = torch.tensor([[[0.9, 0.5, 0.9], [0.9, 0.4, 0.9]]])
        return Decoded(classes, confidences, torch.eye(8)[:3].expand(1, 2, -1, -1))


def test_attention_listens_too():
    model = RARE(RAREConfig(charset=CHARSET, beam=2)).eval()
    model.decoder = Says()
    maps = RAREMaps(torch.zeros(1, 8, 256), model.rectifier.get_buffer("start")[None])
    assert model.decode(maps)[0].text == "to"
    model.language = knows("te")
    (found,) = model.decode(maps)
    assert found.text == "te"
    assert [c.confidence for c in found.characters] == pytest.approx([0.9, 0.4])


@pytest.fixture
def spoken(tmp_path):
    """The files of a recogniser and of its language."""
    model = NGram.learn([("toe", 1.0)], 3)
    card = checkpoint.Card(family="language", name="toes", config=model.config.model_dump())
    checkpoint.save(tmp_path / "toes.safetensors", model, card)
    reader = recognize.build({"name": "crnn", "charset": CHARSET, "beam": 4})
    config = reader.config.model_dump() | {"language": str(tmp_path / "toes.safetensors")}
    card = checkpoint.Card(family="recognize", name="small", config=config)
    checkpoint.save(tmp_path / "small.safetensors", reader, card)
    return tmp_path / "small.safetensors"


def test_a_recogniser_brings_its_language_along(spoken):
    model = checkpoint.load("recognize", spoken)
    toe, other = model.language(["toe", "ttt"])
    assert toe > other
    assert checkpoint.load("recognize", spoken, settings={"language": None}).language is None


def test_a_language_that_is_not_there_is_told(spoken):
    with pytest.raises(UnknownModelError, match="language: no model 'englisch'; did you mean"):
        checkpoint.load("recognize", spoken, settings={"language": "englisch"})


def test_a_language_is_no_part_of_a_recognisers_weights(spoken):
    model = checkpoint.load("recognize", spoken)
    assert not [name for name in model.state_dict() if "language" in name or "logs" in name]
