import json
import shutil

import pytest
import torch

from ocrkit import checkpoint, recognize
from ocrkit.checkpoint import Card
from ocrkit.cli import recognize as command
from ocrkit.cli._options import parse_settings, said_in


def test_prints_path_text_and_confidence(ocrkit, photo):
    assert ocrkit("recognize", photo.parent) == (0, f"{photo}\tK\t0.9884\n", "")


def test_more_crops_than_are_read_at_once_keep_their_order(ocrkit, photo, monkeypatch):
    monkeypatch.setitem(command.__globals__, "CHUNK", 2)
    for index in range(4):
        shutil.copy(photo, photo.with_name(f"a{index}.png"))
    photo.with_name("a2.png").write_bytes(b"")
    status, out, err = ocrkit("recognize", photo.parent)
    names = [line.split("\t")[0].rpartition("/")[2] for line in out.splitlines()]
    assert (status, names) == (1, ["a0.png", "a1.png", "a3.png", "photo.png"])
    assert err == f"ocrkit: {photo.with_name('a2.png')}: is empty (0 bytes)\n"


def test_json(ocrkit, photo):
    status, out, err = ocrkit("recognize", photo, "--json")
    record = json.loads(out)
    assert (status, err) == (0, "")
    assert list(record) == ["path", "schema", "text", "confidence", "characters"]
    assert (record["path"], record["text"]) == (str(photo), "K")
    (character,) = record["characters"]
    assert character["text"] == "K"
    # A crop of 120 x 80 is 48 wide at a height of 32, and fills its 12 columns.
    assert character["span"] == pytest.approx([0, 1])


def test_model_is_another_name_of_recognizer(ocrkit, photo):
    status, out, err = ocrkit("recognize", photo, "--model", "crn")
    assert (status, out) == (2, "")
    assert "recognize: no model 'crn'" in err


def test_a_lexicon_replaces_what_is_near(ocrkit, photo, tmp_path):
    """All 12 frames say K alone: 96 classes, of which one has a logit of 9; no blank parts two."""
    words = tmp_path / "my words: 1 #2.txt"
    words.write_text("k\n")
    assert ocrkit("recognize", photo, "--lexicon", words)[1] == f"{photo}\tK\t0.9884\n"
    words.write_text("x\n")
    closed = ["--set", "recognizer.lexicon_closed=true"]
    assert ocrkit("recognize", photo, "--lexicon", words)[1] == f"{photo}\tK\t0.9884\n"
    # Of x, as of each other class: exp(-9) of 0.9884.
    found = ocrkit("recognize", photo, "--lexicon", words, *closed)[1].split("\t")
    assert (found[1].lower(), found[2]) == ("x", "0.0001\n")


def test_a_whitelist_is_all_that_is_read(ocrkit, photo):
    def read(whitelist):
        return ocrkit("recognize", photo, "--whitelist", whitelist)[1].split("\t")[1]

    assert read("A-Z") == "K"
    assert read("0-9#: ") in {"", "0"}  # the blank and these are equally likely
    assert read("k-mK-") == "K"


@pytest.mark.parametrize(
    ("whitelist", "characters"),
    [
        ("0-9", "0123456789"),
        ("a-cA-C", "abcABC"),
        ("-0", "-0"),
        ("0-", "0-"),
        ("-", "-"),
        ("a-c-e", "abc-e"),
        ("bab", "ba"),
        ("a-a", "a"),
        ("+--", "+,-"),
        ('"\\: #', '"\\: #'),
    ],
)
def test_ranges_are_those_of_regular_expressions(whitelist, characters):
    (pair,) = said_in(None, whitelist)
    assert parse_settings([pair]) == {"recognizer": {"whitelist": characters}}


@pytest.mark.parametrize(
    ("language", "wanted"), [("none", None), ("english", "english"), ("a b/#1.x", "a b/#1.x")]
)
def test_a_language_by_name_or_file_or_none(language, wanted):
    (pair,) = said_in(None, None, language)
    assert parse_settings([pair]) == {"recognizer": {"language": wanted}}


@pytest.mark.parametrize("command", ["recognize", "e2e"])
@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--language", "x.bin", "--set", "recognizer.beam=2"], "x.bin: no such weights file"),
        (["--language", "english"], "language: chooses among the texts of a beam; set beam to 10"),
        (["--whitelist", "9-0"], "--whitelist 9-0: the range 9-0 runs backwards; "),
        (["--whitelist", "0-9Z-A"], "--whitelist 0-9Z-A: the range Z-A runs backwards; "),
        (["--whitelist", ""], "--whitelist: expected characters and ranges, as in 0-9A-Z"),
        (["--whitelist", "é"], "whitelist: the charset has no 'é'"),
        (["--lexicon", "no.txt"], "no.txt: cannot be read: No such file"),
        (["--lexicon", "."], ".: cannot be read: Is a directory"),
    ],
)
def test_lexicons_and_whitelists_that_are_none(ocrkit, photo, command, options, message):
    status, out, err = ocrkit(command, photo, *options)
    assert (status, out, err.count("\n")) == (2, "", 1)
    assert err.startswith("ocrkit: ")
    assert message in err


def test_pages_have_both_options_too(ocrkit, photo, tmp_path):
    words = tmp_path / "words.txt"
    words.write_text("x\n")
    lexicon = ["--lexicon", words, "--set", "recognizer.lexicon_closed=true"]
    anything = ["--set", "spotter.min_confidence=0"]
    assert ocrkit("e2e", photo, *lexicon, *anything)[1].lower() == "x\n"
    assert ocrkit("e2e", photo, "--whitelist", "A-Z")[1] == "K\n"


def test_attention_is_drawn(ocrkit, photo, tmp_path):
    torch.manual_seed(0)
    model = recognize.build({"name": "rare", "hidden": 8, "decoder": 8, "charset": "ab"})
    weights = tmp_path / "rare.safetensors"
    card = Card(family="recognize", name="rare", config=model.config.model_dump(mode="json"))
    checkpoint.save(weights, model, card)
    boards = tmp_path / "boards"
    photo.with_name("bad.png").write_bytes(b"")
    arguments = ("--model", weights, "--show-attention", boards)
    status, out, err = ocrkit("recognize", photo.parent, *arguments)
    assert (status, out.count("\n")) == (1, 1)
    assert "bad.png: is empty" in err
    assert [path.name for path in boards.iterdir()] == ["photo.png"]


def test_no_attention_to_draw(ocrkit, photo, tmp_path):
    status, out, err = ocrkit("recognize", photo, "--show-attention", tmp_path / "boards")
    assert (status, out) == (2, "")
    assert err == "ocrkit: crnn: has no attention to show; rare and satrn have\n"
