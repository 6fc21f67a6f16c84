"""What is asked of a tool that runs for hours: threads, memory, and a bad file among many."""

import gc
import io
import itertools
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFont
from typer.testing import CliRunner

import ocrkit
from ocrkit import cli
from ocrkit.reader import Reader
from ocrkit.spot import Spotter
from ocrkit.types import Word

STATUS = Path("/proc/self/status")
WORDS = ("Exit", "HOTEL", "Coffee", "42", "Open", "Library", "Taxi 7", "STOP", "Museum", "B52")
WARM_UP, PICTURES, MOST_GROWTH = 200, 2000, 50
"""Pictures after which memory counts, pictures in all, and megabytes."""


def drawn(number):
    """A small sheet with a word; sizes and words of neighbouring numbers differ."""
    size = (160 + 24 * (number % 5), 64 + 16 * (number % 3))
    sheet = Image.new("RGB", size, (236, 233, 224))
    font = ImageFont.load_default(28 + 4 * (number % 3))
    text = WORDS[number % len(WORDS)]
    ImageDraw.Draw(sheet).text((size[0] // 2, size[1] // 2), text, (30, 34, 60), font, anchor="mm")
    return sheet


@pytest.fixture(scope="module")
def reader():
    """The default models, shared by all tests of the file."""
    return ocrkit.load(device="cpu")


def test_eight_threads_read_what_one_does(reader):
    pictures = [np.asarray(drawn(number)) for number in range(12)]
    alone = [reader.read(picture).to_dict() for picture in pictures]
    assert sum(bool(page["text"]) for page in alone) > 8
    with ThreadPoolExecutor(8) as pool:
        together = [page.to_dict() for page in pool.map(reader.read, pictures)]
    assert together == alone


@pytest.mark.slow
@pytest.mark.skipif(not STATUS.exists(), reason="needs /proc, to see how much memory is held")
def test_memory_does_not_grow_with_the_pictures(reader):
    files = [as_png(drawn(number)) for number in range(30)]
    pages = reader.stream(itertools.islice(itertools.cycle(files), PICTURES), batch=4)
    held = [resident() for number, _ in enumerate(pages, 1) if number % WARM_UP == 0]
    assert len(held) == PICTURES // WARM_UP
    assert max(held) - held[0] < MOST_GROWTH, held


def as_png(picture):
    """The bytes of a file."""
    file = io.BytesIO()
    picture.save(file, "PNG")
    return file.getvalue()


def resident():
    """Megabytes of memory that this process holds, without what is only waiting to be collected."""
    gc.collect()
    (line,) = (text for text in STATUS.read_text().splitlines() if text.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


class Always(Spotter):
    """Reads the size of each picture, at once: it is the run that is tested, not the reading."""

    def spot(self, images):
        quad = np.array([(0, 0), (9, 0), (9, 9), (0, 9)], np.float32)
        return [(Word(f"{i.shape[1]}x{i.shape[0]}", 0.9, (), quad, 0.8),) for i in images]


@pytest.mark.parametrize(("good", "bad"), [(30, 3), pytest.param(1000, 20, marks=pytest.mark.slow)])
def test_a_folder_with_bad_files_is_finished_and_they_are_reported(
    good, bad, tmp_path, monkeypatch
):
    monkeypatch.setattr("ocrkit.reader.load", lambda **_: Reader(Always()))
    folder, out = tmp_path / "in", tmp_path / "out"
    broken = spoilt(folder, good, bad)
    done = CliRunner().invoke(
        cli.app, ["e2e", str(folder), "--save", str(out), "--format", "json", "--json"]
    )
    assert done.exit_code == 1
    complaints = done.stderr.splitlines()
    assert [line.split(": ")[:2] for line in complaints] == [["ocrkit", str(p)] for p in broken]
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(printed) == good
    assert {Path(page["path"]) for page in printed} == {*folder.iterdir()} - {*broken}
    written = {path.name: json.loads(path.read_text()) for path in out.iterdir()}
    assert written.keys() == {f"{Path(page['path']).stem}.json" for page in printed}
    assert all(page["text"] == "{width}x{height}".format(**page["size"]) for page in printed)


def spoilt(folder, good, bad):
    """Write a folder of pictures; the bad ones, of all kinds, stand among the good ones, in order.

    Returns:
        The paths of the bad ones.
    """
    folder.mkdir()
    whole = [as_png(drawn(number)) for number in range(15)]
    kinds = [b"", b"Dear diary", whole[0][: len(whole[0]) // 2], whole[1][:-30], whole[2][8:]]
    step = (good + bad) // bad
    broken = []
    for number in range(good + bad):
        path = folder / f"{number:05}.png"
        place, remainder = divmod(number, step)
        if remainder == step // 2 and place < bad:
            path.write_bytes(kinds[place % len(kinds)])
            broken.append(path)
        else:
            path.write_bytes(whole[number % len(whole)])
    assert len(broken) == bad
    return broken
