import io
import subprocess
import sys
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import PIL.Image
import pytest
import torch
from torch import nn

import ocrkit
from ocrkit import checkpoint, detect, inputs, reader, recognize, spot
from ocrkit.checkpoint import Card
from ocrkit.errors import CheckpointError, ConfigError, ImageError, UnknownModelError
from ocrkit.layers import int8
from ocrkit.reader import Reader
from ocrkit.spot import Spotter, TwoStage
from ocrkit.types import Page, Reading, Word


class Sizes(Spotter):
    """Two words per image, lower one first; the upper one tells the image's size."""

    def spot(self, images):
        return [(word("below", 50), word(f"{i.shape[1]}x{i.shape[0]}", 10)) for i in images]


def word(text, top, left=10):
    box = [(left, top), (left + 50, top), (left + 50, top + 20), (left, top + 20)]
    quad = np.array(box, np.float32)
    return Word(text, 0.9, (), quad, 0.8)


def blank(height, width):
    return np.full((height, width, 3), 255, np.uint8)


@pytest.fixture(scope="module")
def weights(tmp_path_factory):
    """Small untrained models; the recogniser is made to be sure of what it makes up."""
    torch.manual_seed(0)
    folder = tmp_path_factory.mktemp("weights")
    for family, build, block in (
        ("detect", detect.build, {"name": "pixellink", "long_side": 128, "pixel_threshold": 0.5}),
        ("recognize", recognize.build, {"name": "crnn", "hidden": 8}),
    ):
        model = build(block)
        if family == "recognize":
            with torch.no_grad():
                [m for m in model.modules() if isinstance(m, nn.Linear)][-1].weight.mul_(100)
        card = Card(family=family, name="x", config=model.config.model_dump(mode="json"))
        checkpoint.save(folder / f"{family}.safetensors", model, card)
    return {
        "detector": folder / "detect.safetensors",
        "recognizer": folder / "recognize.safetensors",
        "device": "cpu",
    }


def test_a_page_has_the_size_and_the_words_in_reading_order():
    page = Reader(Sizes()).read(blank(100, 200))
    assert page.size == (100, 200)
    assert page.text == "200x100\nbelow"


def test_every_kind_of_source_reads_the_same(tmp_path):
    image = blank(100, 200)
    picture = PIL.Image.fromarray(image)
    path = tmp_path / "a.png"
    picture.save(path)
    data = io.BytesIO(path.read_bytes()).getvalue()
    tensor = torch.from_numpy(image).permute(2, 0, 1)
    sources = (image, picture, path, str(path), data, io.BytesIO(data), tensor, tensor / 255)
    pages = [Reader(Sizes()).read(s) for s in (*sources, *inputs.pictures(path))]
    assert {page.text for page in pages} == {"200x100\nbelow"}


def test_the_frame_is_the_picture_as_displayed(tmp_path):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter for display
    PIL.Image.fromarray(blank(100, 200)).save(tmp_path / "a.jpg", exif=exif)
    page = Reader(Sizes()).read(tmp_path / "a.jpg")
    assert page.size == (200, 100)
    assert page.lines[0][0].text == "100x200"


def test_a_stream_is_lazy_and_in_order():
    taken = []

    def sources():
        for width in range(100, 200, 10):
            taken.append(width)
            yield blank(80, width)

    pages = Reader(Sizes()).stream(sources())
    assert taken == []
    assert [next(pages).size[1], next(pages).size[1]] == [100, 110]
    assert taken == [100, 110]
    pages = Reader(Sizes()).stream(sources(), batch=4)
    assert [page.size[1] for page in pages] == [*range(100, 200, 10)]


def test_a_stream_ends_at_the_first_bad_source(tmp_path):
    pages = Reader(Sizes()).stream([blank(80, 80), tmp_path / "no.png", blank(80, 80)])
    assert next(pages).size == (80, 80)
    with pytest.raises(ImageError, match=r"no\.png: no such file"):
        next(pages)
    assert list(pages) == []


def test_pages_before_a_bad_source_come_first(tmp_path):
    sources = [blank(80, 80), blank(80, 90), b"", blank(80, 80)]
    pages = Reader(Sizes()).stream(sources, batch=4)
    assert [next(pages).size, next(pages).size] == [(80, 80), (80, 90)]
    with pytest.raises(ImageError, match="is empty"):
        next(pages)
    assert list(pages) == []


@pytest.mark.parametrize("batch", [1, 2, 3, 9])
def test_errors_can_come_in_the_place_of_pages(batch):
    sources = [b"", blank(80, 80), b"no", b"", blank(80, 90), None]
    found = list(Reader(Sizes()).stream(sources, batch=batch, errors="yield"))
    kinds = [type(one).__name__ for one in found]
    assert kinds == ["ImageError", "Page", "ImageError", "ImageError", "Page", "ImageError"]
    assert [found[1].text, found[4].text] == ["80x80\nbelow", "90x80\nbelow"]
    assert "is empty" in str(found[0])


def test_bad_sources_can_be_skipped_and_are_logged(caplog):
    sources = [b"", blank(80, 80), b"no"]
    pages = list(Reader(Sizes()).stream(sources, batch=2, errors="skip"))
    assert [page.size for page in pages] == [(80, 80)]
    logged = [record.getMessage() for record in caplog.records]
    assert logged[0] == "skipped: picture in memory: is empty (0 bytes)"
    assert logged[1].startswith("skipped: picture in memory: cannot be read as a picture")


def test_other_ways_with_errors_are_none():
    with pytest.raises(ConfigError, match="errors 'ignore': expected 'raise', 'skip' or 'yield'"):
        Reader(Sizes()).stream([], errors="ignore")


def test_a_stream_of_all_that_inputs_stand_for(tmp_path):
    frames = [PIL.Image.new("L", (60, 40)), PIL.Image.new("L", (70, 40))]
    frames[0].save(tmp_path / "a.tif", save_all=True, append_images=frames[1:])
    frames[1].save(tmp_path / "b.png")
    (tmp_path / "c.png").touch()
    sources = list(inputs.pictures([tmp_path, tmp_path / "no.png"]))
    found = list(Reader(Sizes()).stream(sources, errors="yield"))
    sizes = [one.size[1] if isinstance(one, Page) else str(one) for one in found]
    assert sizes[:3] == [60, 70, 70]
    assert [size.rpartition("/")[2] for size in sizes[3:]] == [
        "c.png: is empty (0 bytes)",
        "no.png: no such file",
    ]


def test_the_stream_holds_no_more_than_its_batch():
    taken = []

    def sources():
        for _ in range(12):
            picture = blank(80, 80)
            taken.append(weakref.ref(picture))
            yield picture

    pages = Reader(Sizes()).stream(sources(), batch=2)
    alive = [sum(one() is not None for one in taken) for _ in pages]
    assert len(alive) == 12
    assert max(alive) <= 4


def test_too_large_a_picture_is_refused():
    with pytest.raises(ImageError, match="above the limit"):
        Reader(Sizes(), max_pixels=7999).read(blank(80, 100))
    assert Reader(Sizes(), max_pixels=8000).read(blank(80, 100)).size == (80, 100)


def test_a_reader_without_a_part_says_so():
    for call in (
        lambda: Reader().read(blank(8, 8)),
        lambda: Reader().detect(blank(8, 8)),
        lambda: Reader().recognize([blank(8, 8)]),
        lambda: list(Reader().stream([])),
    ):
        with pytest.raises(ConfigError, match="this reader was loaded without a"):
            call()


def test_load_joins_what_it_is_given(weights):
    settings = {"detector": {"min_side": 9}, "spotter": {"margin": 0.25}}
    loaded = ocrkit.load(**weights, max_pixels=5, settings=settings)
    assert isinstance(loaded.spotter, TwoStage)
    assert loaded.spotter.detector is loaded.detector
    assert loaded.spotter.recognizer is loaded.recognizer
    assert (loaded.detector.config.min_side, loaded.spotter.config.margin) == (9, 0.25)
    assert loaded.max_pixels == 5


@pytest.mark.skipif(not int8.supported(), reason="this processor has no quick int8")
@pytest.mark.parametrize("quick", [True, False])
def test_shipped_networks_work_in_integers_if_they_may(quick):
    block = {"int8": quick}
    loaded = ocrkit.load(settings={"detector": block, "recognizer": block})
    for model in (loaded.detector, loaded.recognizer):
        integers = sum(isinstance(module, int8.Int8Conv2d) for module in model.modules())
        assert integers == (len(model.ranges) if quick else 0)
    assert not quick or integers > 5


def test_one_stage_can_be_loaded_alone(weights):
    finds = ocrkit.load(**weights | {"recognizer": None})
    assert (finds.spotter, finds.recognizer) == (None, None)
    assert len(finds.detect(blank(60, 80)).quads) >= 0
    tells = ocrkit.load(**weights | {"detector": None})
    assert (tells.spotter, tells.detector) == (None, None)
    assert len(tells.recognize([blank(20, 60), blank(30, 60)])) == 2
    assert all(isinstance(r, Reading) for r in tells.recognize([blank(20, 60)]))


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"detector": "pixellinc"}, UnknownModelError, "no model 'pixellinc'.*safetensors file"),
        ({"detector": ""}, UnknownModelError, "no model ''"),
        ({"recognizer": "no.safetensors"}, CheckpointError, "no such weights file"),
        ({"device": "abacus"}, ConfigError, "device: 'abacus' is not available"),
        ({"settings": {"detecter": {}}}, ConfigError, "settings: detecter: .*mean 'detector'"),
        ({"settings": {"detector": 1}}, ConfigError, "settings: detector: .*got 1"),
        ({"settings": {"spotter": {"margn": 1}}}, ConfigError, "spotter: margn: .*'margin'"),
        (
            {"detector": None, "settings": {"detector": {"min_side": 1}}},
            ConfigError,
            "there is no detector here",
        ),
    ],
)
def test_load_refuses_what_is_wrong(weights, changed, error, message):
    with pytest.raises(error, match=message):
        ocrkit.load(**weights | changed)


def test_threads_share_a_reader(weights):
    # At these thresholds an untrained detector takes pieces of noise for words.
    finds = {"pixel_threshold": 0.5, "link_threshold": 0.5}
    settings = {"detector": finds, "spotter": {"min_confidence": 0}}
    shared = ocrkit.load(**weights, settings=settings)
    noise = np.random.default_rng(0)
    pictures = [noise.integers(0, 256, (60 + 8 * i, 90, 3), np.uint8) for i in range(8)]
    alone = [shared.read(picture).to_dict() for picture in pictures]
    assert all(page["text"] for page in alone)
    with ThreadPoolExecutor(8) as pool:
        assert [page.to_dict() for page in pool.map(shared.read, pictures * 3)] == alone * 3


def test_the_default_models_are_loaded_once_whichever_thread_is_first(monkeypatch):
    loads = []
    barrier = threading.Barrier(8, timeout=10)

    def load():
        loads.append(1)
        return Reader(Sizes())

    def read(width):
        barrier.wait()
        return ocrkit.read(blank(100, width)).size

    monkeypatch.setattr(reader, "load", load)
    monkeypatch.setattr(reader, "_cached", [])
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(read, range(80, 88))) == [(100, width) for width in range(80, 88)]
    assert len(loads) == 1


def test_the_public_names():
    assert ocrkit.__all__ == sorted(ocrkit.__all__)
    assert set(ocrkit.__all__) == {
        *("read", "load", "Reader", "read_image", "Detector", "Recognizer", "Spotter"),
        *("Detections", "Reading", "Word", "Page", "Sample", "OCRKitError", "__version__"),
    }
    assert all(getattr(ocrkit, name) for name in ocrkit.__all__)
    assert dir(ocrkit) == ocrkit.__all__
    with pytest.raises(AttributeError, match="module 'ocrkit' has no attribute 'reed'"):
        _ = ocrkit.reed


def test_importing_ocrkit_imports_nothing_heavy():
    code = "import ocrkit, sys; print({'torch', 'cv2', 'numpy', 'pydantic'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_spotter_replaces_both_stages(tmp_path):
    torch.manual_seed(0)
    model = spot.build({"name": "fots", "spotter": {"min_confidence": 0}})
    path = tmp_path / "spotter.safetensors"
    config = model.config.model_dump(mode="json")
    checkpoint.save(path, model, checkpoint.Card(family="spot", name="mine", config=config))
    settings = {"detector": {"long_side": 64}, "recognizer": {"whitelist": "01"}}
    reader = ocrkit.load(spotter=path, device="cpu", settings=settings)
    assert reader.spotter.config.detector.long_side == 64
    assert reader.spotter.config.spotter.min_confidence == 0
    picture = np.zeros((40, 64, 3), np.uint8)
    assert reader.read(picture).size == (40, 64)
    assert len(reader.detect(picture)) == len(reader.spotter.detect(picture))
    with pytest.raises(ConfigError, match="without a recognizer"):
        reader.recognize([picture])
    with pytest.raises(ConfigError, match=r"spotter: detector.long_sde: unknown key; did you mean"):
        ocrkit.load(spotter=path, device="cpu", settings={"detector": {"long_sde": 64}})


def test_shipped_spotters_are_named():
    with pytest.raises(UnknownModelError, match=r"spot: no model 'fotz'"):
        ocrkit.load(spotter="fotz")


def test_words_follow_each_other_as_they_are_told_to():
    class Pair(Spotter):
        def spot(self, images):
            return [(word("שמאל", 10, left=0), word("ימין", 10, left=60)) for _ in images]

    picture = np.zeros((40, 120, 3), np.uint8)
    texts = {d: Reader(Pair(), direction=d).read(picture).text for d in ("ltr", "rtl")}
    assert texts == {"ltr": "שמאל ימין", "rtl": "ימין שמאל"}
    with pytest.raises(ConfigError, match="no direction 'rlt'; did you mean 'rtl'"):
        ocrkit.load(direction="rlt")
