from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit.errors import DataError
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.types import Image, Sample


@pytest.mark.parametrize("size", [(1, 1), (7, 300), (300, 7), (90, 160), (720, 1280)])
def test_patches_have_the_size_asked_for(photograph: Image, size: tuple[int, int]) -> None:
    rng = np.random.default_rng(0)
    for backgrounds in (Backgrounds(), Backgrounds([photograph, photograph[:3, :2]])):
        for draw in (backgrounds.patch, backgrounds.scenery):
            for _ in range(8):
                patch = draw(*size, rng)
                assert patch.shape == (*size, 3)
                assert patch.dtype == np.uint8


def test_most_patches_are_plain_and_most_scenery_is_not(photograph: Image) -> None:
    rng = np.random.default_rng(0)
    backgrounds = Backgrounds([photograph])

    def busy(image: Image) -> bool:
        return bool(np.abs(np.diff(image.astype(int), axis=1)).mean() > 8)

    patches = [busy(backgrounds.patch(30, 60, rng)) for _ in range(300)]
    scenery = [busy(backgrounds.scenery(45, 80, rng)) for _ in range(100)]
    assert 0.3 < np.mean(patches) < 0.5
    assert np.mean(scenery) > 0.7


def test_a_folder_is_read_in_rgb_and_made_small(tmp_path: Path) -> None:
    red = np.zeros((50, 1000, 3), np.uint8)
    red[..., 2] = 200  # OpenCV writes BGR
    (tmp_path / "deep").mkdir()
    _, data = cv2.imencode(".png", red)
    (tmp_path / "deep" / "Straße.PNG").write_bytes(data.tobytes())
    (tmp_path / "broken.jpg").write_bytes(b"not a picture")
    (tmp_path / "empty.png").write_bytes(b"")
    (tmp_path / "notes.txt").write_text("nothing")
    (picture,) = Backgrounds.from_folder(tmp_path, long_side=500).photographs
    assert picture.shape == (25, 500, 3)
    assert picture[0, 0].tolist() == [200, 0, 0]


def test_labelled_text_is_painted_over() -> None:
    image = np.full((200, 300, 3), 90, np.uint8)
    image[:, 150:] = 180
    for row, column in ((60, 40), (140, 220)):
        image[row : row + 20 : 4, column : column + 50] = 255
    quads = np.array([[[x, y], [x + 50, y], [x + 50, y + 20], [x, y + 20]]
                      for y, x in ((60, 40), (140, 220))], np.float32)  # fmt: skip
    sample = Sample(image, quads, ("a", None), np.array([False, True]))
    (erased,) = Backgrounds.from_samples([sample]).photographs
    assert erased.shape == image.shape
    assert np.abs(erased[:, :140].astype(int) - 90).max() < 7
    assert np.abs(erased[:, 160:].astype(int) - 180).max() < 7
    (small,) = Backgrounds.from_samples([sample], long_side=150).photographs
    assert small.shape == (100, 150, 3)
    assert np.abs(small[:, :70].astype(int) - 90).max() < 7
    with pytest.raises(DataError, match="no samples"):
        Backgrounds.from_samples([])


def test_a_folder_without_photographs(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="no photographs"):
        Backgrounds.from_folder(tmp_path)
