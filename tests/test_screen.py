import io

import numpy as np
import pytest
from PIL import Image as Pillow
from PIL import ImageGrab

from ocrkit import inputs
from ocrkit.errors import ImageError


@pytest.fixture
def screen(monkeypatch):
    """A screen of 40 x 30 px with a red region of 5 x 4 px at (10, 20)."""
    picture = Pillow.new("RGBA", (40, 30), (0, 0, 255, 255))
    picture.paste((255, 0, 0, 255), (10, 20, 15, 24))
    monkeypatch.setattr(ImageGrab, "grab", lambda: picture)


def load(item):
    (picture,) = inputs.pictures(item)
    return picture.load()


@pytest.mark.usefixtures("screen")
def test_the_whole_screen():
    image = load("screen:")
    assert image.shape == (30, 40, 3)
    assert image[0, 0].tolist() == [0, 0, 255]
    assert (image[..., 0] == 255).sum() == 20


@pytest.mark.usefixtures("screen")
def test_a_region():
    image = load("screen:10,20,5,4")
    np.testing.assert_array_equal(image, np.broadcast_to([255, 0, 0], (4, 5, 3)))


@pytest.mark.usefixtures("screen")
@pytest.mark.parametrize("region", ["1,2,3", "a,b,c,d", "-1,0,5,5", "0,0,0,5", "0,0,5,5,5"])
def test_what_is_no_region(region):
    with pytest.raises(ImageError, match=r"expected screen: or screen:LEFT,TOP,WIDTH,HEIGHT"):
        load(f"screen:{region}")


@pytest.mark.usefixtures("screen")
def test_a_region_beyond_the_screen():
    with pytest.raises(ImageError, match="the screen has only 40 x 30 px"):
        load("screen:30,0,11,5")


def test_no_screen(monkeypatch):
    def fail():
        raise OSError("X connection failed: error 5")

    monkeypatch.setattr(ImageGrab, "grab", fail)
    with pytest.raises(ImageError, match=r"^screen:: there is no screen .*: X connection failed"):
        load("screen:")


def test_a_grab_is_a_picture_file(screen):
    (document,) = inputs.find(["screen:"])
    assert Pillow.open(io.BytesIO(document.content(False))).size == (40, 30)
    assert str(document.place) == "screen"
