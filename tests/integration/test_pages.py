"""The shipped models, from files to what is printed and written, on pages drawn here."""

import json
import subprocess
import sys

import cv2
import numpy as np
import PIL.Image
import pytest
from PIL import ImageDraw, ImageFont

import ocrkit
from ocrkit import crops, geometry
from ocrkit.cli.demo import draw_sign
from ocrkit.image import read_image
from ocrkit.spot import TwoStage
from ocrkit.types import Detections

SQUARE = np.array([(0, 0), (480, 0), (480, 480), (0, 480)], np.float32)
INK, PAPER = (30, 32, 60), (238, 234, 222)


def sheet(lines, size=(800, 480), ink=INK, paper=PAPER):
    """A page with lines of text as (text, left, top, height), with wide spaces between words."""
    page = PIL.Image.new("RGB", size, paper)
    pen = ImageDraw.Draw(page)
    for text, left, top, height in lines:
        font = ImageFont.load_default(height)
        for word in text.split():
            pen.text((left, top), word, ink, font)
            left += round(pen.textlength(word, font) + 0.8 * height)
    return page


PAGES = {
    "notice": sheet([("PUBLIC LIBRARY", 60, 60, 64), ("Open on Monday", 60, 200, 44)]),
    "night": sheet(
        [("HOTEL", 240, 80, 90), ("Rooms", 300, 260, 60)], ink=PAPER, paper=(20, 30, 40)
    ),
    "tilted": sheet([("CAUTION", 180, 160, 80), ("Wet floor", 230, 290, 50)]).rotate(
        8, PIL.Image.Resampling.BICUBIC, fillcolor=PAPER
    ),
}
TEXTS = {
    "night": "HOTEL\nRooms",
    "notice": "PUBLIC LIBRARY\nOpen on Monday",
    "tilted": "CAUTION\nWet floor",
}


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pages")
    for name, page in PAGES.items():
        page.save(folder / f"{name}.png")
    return folder


@pytest.fixture(scope="module")
def reader():
    return ocrkit.load(device="cpu")


def command(*arguments):
    done = subprocess.run(
        [sys.executable, "-m", "ocrkit", *map(str, arguments), "--device", "cpu"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_e2e_reads_a_folder(folder, tmp_path):
    # Alone, the small and the capital form of some letters are alike: case is not compared.
    printed = command("e2e", folder, "--save", tmp_path)
    expected = "".join(f"==> {folder / k}.png <==\n{text}\n" for k, text in TEXTS.items())
    assert printed.casefold() == expected.casefold()
    for name, text in TEXTS.items():
        read = json.loads((tmp_path / f"{name}.json").read_text())["text"]
        assert read.casefold() == text.casefold()
        assert read_image(tmp_path / f"{name}.png").shape == (480, 800, 3)


@pytest.mark.parametrize("name", PAGES)
def test_words_lie_where_they_were_drawn(reader, name):
    page = reader.read(PAGES[name])
    image = np.asarray(PAGES[name], int)
    paper = image[5, 400]
    for word in page.words:
        crop = crops.cut(image.astype(np.uint8), word.quad[None], 0)[0]
        assert (abs(crop - paper).max(axis=2) > 60).mean() > 0.1, word.text
        # Characters run from the quad's start to its end.
        starts = [character.span[0] for character in word.characters]
        assert starts == sorted(starts)
    heights, _ = geometry.extent(np.stack([word.quad for word in page.words]))
    assert heights.min() > 20
    assert heights.max() < 120


def test_detect_finds_the_words(folder):
    (record,) = map(json.loads, command("detect", folder / "notice.png", "--json").splitlines())
    assert len(record["detections"]) == 5
    assert record["size"] == {"height": 480, "width": 800}


def test_recognize_reads_crops(folder, tmp_path):
    words = ("LIBRARY", "Monday", "CAUTION")
    for word in words:
        width = round(ImageFont.load_default(48).getlength(word)) + 16
        sheet([(word, 8, 4, 48)], (width, 64)).save(tmp_path / f"{word}.png")
    rows = [line.split("\t") for line in command("recognize", tmp_path).splitlines()]
    assert [text.casefold() for _, text, _ in rows] == [w.casefold() for w in sorted(words)]
    assert all(float(confidence) > 0.5 for _, _, confidence in rows)


def test_an_empty_sheet_is_an_empty_page(reader):
    page = reader.read(sheet([]))
    assert (page.words, page.text) == ((), "")


@pytest.mark.parametrize(("quarters", "start"), [(1, 3), (-1, 1)])  # runs up; runs down
def test_a_word_that_runs_up_or_down_is_read(reader, quarters, start):
    upright = sheet([("LIBRARY", 60, 200, 80)], (480, 480))
    (found,) = reader.detect(upright).quads
    turn = geometry.homography(SQUARE, np.roll(SQUARE, quarters, axis=0))
    quad = geometry.upright(geometry.project(turn, found))

    class Detector:
        """Finds the turned word, whatever the shipped one makes of it."""

        def detect(self, image, scale=1.0, doubtful=False):
            return Detections(quad[None], np.ones(1, np.float32))

    turned = np.asarray(upright.rotate(90 * quarters))
    ((word,),) = TwoStage(Detector(), reader.recognizer).spot([turned])
    assert word.text == "LIBRARY"
    np.testing.assert_array_equal(word.quad, np.roll(quad, -start, axis=0))


@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_may_lie_on_its_side_or_stand_on_its_head(reader, quarters):
    upright = draw_sign()
    said = "FRESH BREAD\nOpen daily 7:30 18:00\nCoffee and cake $4.50"
    assert reader.read(upright).text == said
    page = reader.read(np.rot90(upright, quarters).copy())
    assert page.text == said
    # Corners tell which way the text runs: those of the first word, turned with the picture.
    right = page.words[0].quad[1] - page.words[0].quad[0]
    towards = {1: (0, -1), 2: (-1, 0), 3: (0, 1)}[quarters]
    assert right @ towards > 0.9 * np.linalg.norm(right)


def test_a_picture_may_slant(reader):
    image = draw_sign()
    height, width = image.shape[:2]
    turn = cv2.getRotationMatrix2D((width / 2, height / 2), 40, 0.7)
    slanting = cv2.warpAffine(image, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
    assert reader.read(slanting).text == reader.read(image).text


def test_doctor_is_content():
    done = subprocess.run(
        [sys.executable, "-m", "ocrkit", "doctor"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
