"""Figures that others published, on files we cannot ship.

`OCRKIT_GOLDEN` names a folder with the archives of the TIoU metric's repository: `gt.zip` and
`pixellinkch4.zip` (ICDAR 2015), `total-text-gt.zip` and `total-text_baseline.zip`,
`ctw1500-gt.zip` and `det_ctw1500.zip`. A set whose archives are not there is skipped.
"""

import os
import re
import zipfile
from pathlib import Path, PurePosixPath

import numpy as np
import pytest

from ocrkit.evaluate import Found, Result, Truth
from ocrkit.evaluate.protocols import DETECTION

FOLDER = os.environ.get("OCRKIT_GOLDEN", "")
QUAD = 8
"""Numbers of a quad."""

SETS = {
    "ic15": ("gt.zip", r"gt_img_(\d+)\.txt", "pixellinkch4.zip", r"res_img_(\d+)\.txt", QUAD),
    "totaltext": (
        *("total-text-gt.zip", r"poly_gt_img(\d+)\.txt"),
        *("total-text_baseline.zip", r"img(\d+)\.txt", None),
    ),
    "ctw1500": ("ctw1500-gt.zip", r"(\d+)\.txt", "det_ctw1500.zip", r"(\d+)\.txt", None),
}
"""Archives and the names of the files in them; how many numbers precede a text, None: all do."""

pytestmark = pytest.mark.skipif(not FOLDER, reason="OCRKIT_GOLDEN names no folder of archives")


def lines_by_picture(archive, pattern):
    """The lines of each file whose name fits, by the number in it."""
    path = Path(FOLDER, archive)
    if not path.is_file():
        pytest.skip(f"{path} is not there")
    with zipfile.ZipFile(path) as files:
        found = {path: re.fullmatch(pattern, PurePosixPath(path).name) for path in files.namelist()}
        return {
            match[1]: [line.rstrip("\r") for line in text_of(files, path).split("\n")]
            for path, match in found.items()
            if match
        }


def text_of(files, path):
    return files.read(path).decode("utf-8-sig")


def outline_of(fields):
    return np.array([float(field) for field in fields]).reshape(-1, 2)


def truth_of(lines, numbers):
    cut = [line.split(",", numbers) if numbers else line.rsplit(",", 1) for line in lines if line]
    coordinates = [fields[:numbers] if numbers else fields[0].split(",") for fields in cut]
    texts = [fields[-1].strip() for fields in cut]
    return Truth.of([outline_of(c) for c in coordinates], texts, [t == "###" for t in texts])


def found_of(lines):
    return Found.of([outline_of(line.split(",")) for line in lines if line])


def scored(name, protocol):
    archive, names, predictions, prediction_names, numbers = SETS[name]
    words = lines_by_picture(archive, names)
    found = lines_by_picture(predictions, prediction_names)
    images = (
        DETECTION[protocol].score_image(found_of(found.get(key, [])), truth_of(words[key], numbers))
        for key in words
    )
    return Result(DETECTION[protocol], tuple(images))


@pytest.mark.parametrize(
    ("name", "protocol", "counts", "rates"),
    [
        ("ic15", "ic15", (1696, 2077, 2046), (0.816562, 0.828935, 0.822702)),
        ("totaltext", "polygon-iou", (1553, 2214, 1932), (0.7014, 0.8038, 0.7492)),
        ("ctw1500", "polygon-iou", (2504, 3068, 3340), (0.8162, 0.7497, 0.7815)),
    ],
)
def test_iou(name, protocol, counts, rates):
    result = scored(name, protocol)
    assert (result.matched, result.words, result.found) == counts
    digits = 5e-7 if name == "ic15" else 5e-5
    assert (result.recall, result.precision, result.hmean) == pytest.approx(rates, abs=digits)


@pytest.mark.parametrize(
    ("name", "rates"),
    [("totaltext", (0.479, 0.619, 0.540)), ("ctw1500", (0.520, 0.572, 0.545))],
)
def test_tiou(name, rates):
    result = scored(name, "tiou-polygon")
    assert (result.recall, result.precision, result.hmean) == pytest.approx(rates, abs=6e-4)
