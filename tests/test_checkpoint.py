import subprocess
import sys

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from ocrkit import checkpoint, detect, recognize
from ocrkit.checkpoint import Card, Figure
from ocrkit.errors import CheckpointError, ConfigError, OutputError, UnknownModelError


@pytest.fixture(scope="module")
def crnn():
    torch.manual_seed(0)
    return recognize.build({"name": "crnn", "charset": "ab", "hidden": 8})


def card_of(model, **about):
    return Card(
        family="recognize", name="tiny", config=model.config.model_dump(mode="json"), **about
    )


@pytest.fixture
def path(crnn, tmp_path):
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, crnn, card_of(crnn))
    return path


def test_what_is_loaded_is_what_was_saved_in_half_precision(crnn, path):
    loaded = checkpoint.load("recognize", path)
    assert loaded.config == crnn.config
    assert not loaded.training
    saved, found = crnn.state_dict(), loaded.state_dict()
    assert found.keys() == saved.keys()
    for name, tensor in saved.items():
        assert found[name].dtype == tensor.dtype
        expected = tensor.half().float() if tensor.is_floating_point() else tensor
        assert torch.equal(found[name], expected)


def test_a_detector_is_rebuilt_from_its_own_config(tmp_path):
    model = detect.build({"name": "pixellink", "long_side": 64, "pixel_threshold": 0.25})
    path = tmp_path / "d.safetensors"
    config = model.config.model_dump(mode="json")
    checkpoint.save(path, model, Card(family="detect", name="d", config=config))
    loaded = checkpoint.load("detect", str(path))
    assert type(loaded) is type(model)
    assert (loaded.config.long_side, loaded.config.pixel_threshold) == (64, 0.25)


def test_ranges_come_with_the_weights(crnn, tmp_path):
    ranges = {"columns.1.0": (0.0, 1.5), "columns.3.0": (-0.25, 2.0)}
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, crnn, card_of(crnn, ranges=ranges))
    assert checkpoint.load("recognize", path).ranges == ranges


@pytest.mark.parametrize("name", ["columns.1.7", "columns.1", "sequence.linear.0"])
def test_a_range_of_what_is_no_convolution_is_refused(crnn, tmp_path, name):
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, crnn, card_of(crnn, ranges={name: (0.0, 1.0)}))
    message = f"tiny.safetensors: has a range for '{name}', which is no convolution"
    with pytest.raises(CheckpointError, match=message):
        checkpoint.load("recognize", path)


@pytest.mark.parametrize(
    "within", [(1.0, 2.0), (5.0, -5.0), (-2.0, -1.0), (0.0, float("inf")), (float("nan"), 1.0)]
)
def test_a_range_without_zero_or_end_is_refused(crnn, tmp_path, within):
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, crnn, card_of(crnn, ranges={"columns.1.0": within}))
    with pytest.raises(
        CheckpointError, match=r"tiny.safetensors: .*(is none round zero|valid card)"
    ):
        checkpoint.load("recognize", path)


def test_the_card_comes_back_and_needs_no_torch(crnn, tmp_path):
    figure = Figure(split="words", protocol="36 characters", metric="accuracy", value=0.5)
    card = card_of(crnn, data=("drawn",), steps=7, hours=0.5, figures=(figure,), licence="CC0")
    path = tmp_path / "tiny.safetensors"
    checkpoint.save(path, crnn, card)
    assert checkpoint.read_card(path) == card
    code = (
        "import sys; from ocrkit import checkpoint; "
        f"checkpoint.read_card({str(path)!r}); sys.exit('torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_network_gone_astray_does_not_replace_a_good_file(path, tmp_path):
    before = path.read_bytes()
    bad = recognize.build({"name": "crnn", "charset": "ab", "hidden": 8})
    with torch.no_grad():
        next(bad.parameters()).fill_(1e6)  # half precision ends at 65504
    name, _ = next(bad.named_parameters())
    with pytest.raises(CheckpointError, match=f"{name}: .* not finite in half precision"):
        checkpoint.save(path, bad, card_of(bad))
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_saving_where_there_is_no_folder_to_write_to(crnn, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match=r"m\.safetensors: cannot be written"):
        checkpoint.save(tmp_path / "file" / "m.safetensors", crnn, card_of(crnn))


@pytest.mark.parametrize("kept", [0, 5, 100, 2000, -1])
def test_a_file_that_was_cut_short_is_refused_by_name(path, kept):
    path.write_bytes(path.read_bytes()[:kept])
    with pytest.raises(CheckpointError, match=r"tiny\.safetensors: .*cut short.*fetch it again"):
        checkpoint.load("recognize", path)


def test_one_altered_byte_is_noticed(path):
    content = bytearray(path.read_bytes())
    content[-1] ^= 1
    path.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"tiny\.safetensors: the file is damaged"):
        checkpoint.load("recognize", path)


def test_foreign_files_are_refused_by_name(tmp_path):
    path = tmp_path / "other.safetensors"
    for content in (b"not a network" * 100, b"PK\x03\x04" * 100):
        path.write_bytes(content)
        with pytest.raises(CheckpointError, match=r"other\.safetensors: not a safetensors file"):
            checkpoint.load("recognize", path)
    for metadata in (None, {"family": '"recognize"'}, {"family": "no JSON"}):
        save_file({"weight": torch.zeros(2)}, path, metadata)
        with pytest.raises(CheckpointError, match=r"other\.safetensors: not a weights file of ocr"):
            checkpoint.load("recognize", path)


def test_a_model_of_the_other_family(path):
    with pytest.raises(CheckpointError, match=r"holds a recognizer \(tiny\) where a detector is"):
        checkpoint.load("detect", path)


def test_tensors_must_all_be_there_and_fit(crnn, path):
    def fresh():
        return recognize.build(crnn.config.model_dump())

    lacking, extra = fresh(), fresh()
    del lacking.sequence
    extra.spare = nn.Linear(1, 1, bias=False)
    wider = recognize.build({"name": "crnn", "charset": "abc", "hidden": 8})
    for model, problem in (
        (lacking, r"lacks the tensor 'sequence\..*' \(and \d+ more"),
        (extra, r"has the tensor 'spare\.weight', which is not in the network$"),
        (wider, r"has 'sequence\..*' of shape \(4, .*\), not \(3, .*\) \(and 1 more"),
    ):
        checkpoint.save(path, model, card_of(crnn))
        with pytest.raises(CheckpointError, match=rf"tiny\.safetensors: .*config: {problem}"):
            checkpoint.load("recognize", path)


def test_settings_replace_values_of_the_config(path):
    assert checkpoint.load("recognize", path, settings={"batch": 3}).config.batch == 3
    with pytest.raises(ConfigError, match=r"^recognizer: bach: unknown key; did you mean 'batch'"):
        checkpoint.load("recognize", path, settings={"bach": 3})
    with pytest.raises(ConfigError, match=r"^recognizer: height: without a rectifier it is 32"):
        checkpoint.load("recognize", path, settings={"height": 48})
    with pytest.raises(ConfigError, match=r"^recognizer: whitelist: the charset has no 'z'$"):
        checkpoint.load("recognize", path, settings={"whitelist": "az"})
    with pytest.raises(ConfigError, match=r"^recognizer: .*repeated characters 'a'"):
        checkpoint.load("recognize", path, settings={"charset": "aa"})
    with pytest.raises(CheckpointError, match="of shape"):
        checkpoint.load("recognize", path, settings={"charset": "abcd"})


def test_a_name_is_a_shipped_model_and_anything_like_a_path_is_a_path(path, tmp_path, monkeypatch):
    monkeypatch.setattr(checkpoint, "WEIGHTS", tmp_path)
    shipped = path.rename(tmp_path / "recognize-tiny.safetensors")
    assert checkpoint.locate("recognize", "tiny") == shipped
    assert checkpoint.locate("recognize", str(shipped)) == shipped
    assert [(p, card.name) for p, card in checkpoint.shipped().items()] == [(shipped, "tiny")]
    with pytest.raises(UnknownModelError, match=r"recognize: no model 'tny'; did you mean 'tiny'"):
        checkpoint.locate("recognize", "tny")
    with pytest.raises(UnknownModelError, match="detect: no model 'tiny'"):
        checkpoint.locate("detect", "tiny")
    for missing in ("tny.safetensors", "folder/tiny", tmp_path):
        with pytest.raises(CheckpointError, match=r"no such weights file"):
            checkpoint.locate("recognize", missing)


def test_devices():
    assert checkpoint.pick_device("cpu").type == "cpu"
    assert checkpoint.pick_device("auto").type in {"cpu", "cuda"}
    for name in ("gpu", "cuda:99", "meta", ""):
        with pytest.raises(ConfigError, match=rf"device: '{name}' is not available here; use"):
            checkpoint.pick_device(name)


def test_sha256_of_a_file(tmp_path):
    (tmp_path / "abc").write_bytes(b"abc")  # the example of FIPS 180-2, appendix B.1
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert checkpoint.sha256(tmp_path / "abc") == digest


def test_shipped_files_are_named_as_their_cards_say():
    for path, card in checkpoint.shipped().items():
        assert path.name == f"{card.family}-{card.name}{checkpoint.SUFFIX}"
        assert path.stat().st_size <= 6_000_000
        assert card.figures
        assert card.licence
        checkpoint.load(card.family, path)
