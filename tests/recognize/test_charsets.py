"""Charsets are data: from files, for other languages, and of thousands of characters."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import default_collate

from ocrkit import checkpoint, recognize
from ocrkit.errors import ConfigError
from ocrkit.recognize.crnn import CRNN, CRNNConfig
from ocrkit.synth import chinese
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.languages import LANGUAGES
from ocrkit.text import LATIN95, load_charset

FOLDER = Path(__file__).parents[2] / "configs" / "charset"


def test_a_charset_may_be_a_file(tmp_path):
    (tmp_path / "greek.txt").write_text("αβγ\n", encoding="utf-8")
    model = recognize.build({"name": "crnn", "charset": str(tmp_path / "greek.txt")})
    assert model.config.charset == model.charset.characters == "αβγ"
    assert CRNNConfig(charset="abc.tx").charset == "abc.tx"


def test_weights_hold_the_characters_and_not_the_path(tmp_path):
    file = tmp_path / "greek.txt"
    file.write_text("αβγ\n", encoding="utf-8")
    model = recognize.build({"name": "crnn", "charset": str(file), "hidden": 8})
    config = model.config.model_dump(mode="json")
    path = tmp_path / "greek.safetensors"
    checkpoint.save(path, model, checkpoint.Card(family="recognize", name="greek", config=config))
    file.unlink()
    assert checkpoint.load("recognize", path).charset.characters == "αβγ"


def test_a_charset_file_that_is_missing_is_named():
    with pytest.raises(ConfigError, match=r"charset: .*no\.txt: cannot be read"):
        recognize.build({"name": "crnn", "charset": "no.txt"})


def test_western_has_what_five_languages_write():
    """And begins like the shipped network's, so that the space is not at the end of the line."""
    western = load_charset(FOLDER / "western.txt")
    assert western.characters.startswith(LATIN95)
    for language in LANGUAGES.values():
        capitals = "".join(c.upper() for c in language.letters if c != "ß")
        written = [language.letters, capitals, language.currencies, *language.units]
        assert not western.missing("".join(written))
    assert not western.missing("¿¡«»€§°")


def test_western_words_keep_their_accents():
    western = load_charset(FOLDER / "western.txt")
    words = ["Straße", "garçon", "señor", "città", "œuvre"]
    for word in words:
        rng = np.random.default_rng(0)
        corpus = Corpus([word], languages={"german": 1}, charset=western)
        assert {corpus.word(rng) for _ in range(40)} >= {word.lower()}


def test_chinese_is_ascii_and_the_commonest_characters():
    """With the blank 5990 classes; common ones first, as in GB 2312."""
    found = load_charset(FOLDER / "chinese.txt")
    assert len(found) + 1 == 5990
    assert found.characters.startswith(LATIN95 + chinese.MARKS + "啊阿埃")
    assert found.characters.replace(" ", "") == chinese.charset("simplified", 5988).characters


def test_a_factorised_head_by_hand():
    """Of rank 3: 2 x 8 units to 3 channels, those to five classes, and nothing between them."""
    model = CRNN(CRNNConfig(charset="abcd", hidden=8, head_rank=3)).eval()
    assert model.sequence.linear[1].weight.shape == (3, 16)
    assert model.head.weight.shape == (5, 3)
    kept = []
    model.sequence.register_forward_hook(lambda *found: kept.append(found[2]))
    logits = model(torch.randn(2, 1, 32, 64)).logits
    torch.testing.assert_close(logits, kept[0] @ model.head.weight.T + model.head.bias)
    assert {len(model.state_dict()[name]) for name in model.of_characters} == {5}


def test_without_a_rank_there_is_no_head():
    assert not [name for name in CRNN(CRNNConfig()).state_dict() if name.startswith("head")]


def test_the_chinese_network_is_small():
    """2 085 824 without its classifier of 256 x 96 + 96; then 256 x 64 + 64 and 64 x 5990 + 5990.

    In half precision that is 4.9 MB; a classifier of one layer would make it 7.2 MB.
    """
    charset = load_charset(FOLDER / "chinese.txt").characters
    model = CRNN(CRNNConfig(charset=charset, head_rank=64))
    count = sum(p.numel() for p in model.parameters())
    assert count == 2_085_824 - 24_672 + 16_448 + 389_350 == 2_466_950
    assert model(torch.zeros(1, 1, 32, 64)).logits.shape == (1, 16, 5990)


def test_thousands_of_characters_are_learnt_through_a_narrow_head():
    """Six steps make two Chinese texts likelier at each."""
    torch.manual_seed(0)
    charset = load_charset(FOLDER / "chinese.txt").characters
    model = CRNN(CRNNConfig(charset=charset, head_rank=16, hidden=16)).train()
    images = torch.randn(2, 1, 32, 64)
    targets = default_collate([model.encode(model.config, t) for t in ("出口", "北京 A1")])
    optimizer = torch.optim.Adam(model.parameters(), lr=5e-3)
    losses = []
    for _ in range(6):
        loss = model.loss(model(images), targets)["ctc"]
        losses.append(loss.item())
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert losses == sorted(losses, reverse=True)
    assert losses[-1] < losses[0] - 3
