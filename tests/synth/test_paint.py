import math

import cv2
import numpy as np
import pytest
import torch

from ocrkit.synth import batch as batch_module
from ocrkit.synth import paint
from ocrkit.synth.atlas import Atlas
from ocrkit.synth.batch import from_square
from ocrkit.synth.words import WordStyle
from ocrkit.text import LATIN95

CPU = torch.device("cpu")
NOTHING = WordStyle(**dict.fromkeys(WordStyle._fields, 0.0))._replace(least_contrast=120)
EFFECTS = (
    "_frame",
    "_neighbours",
    "_shadow",
    "_outline",
    "_relief",
    "_texture",
    "_stroke",
    "_glare",
)


def dice(seed: int = 0, colour: tuple[float, ...] = (200, 0, 0)) -> paint.Dice:
    return paint.Dice(np.random.default_rng(seed), CPU, np.array([colour], np.float32))


def scene(sizes: list[tuple[int, int]], margin: int = 60) -> paint.Scene:
    """Words that are blocks of white ink, seen straight with a margin, on black ground."""
    count, (wide, high) = len(sizes), np.max(sizes, axis=0).tolist()
    canvases = torch.zeros(count, 1, high, wide)
    for canvas, (w, h) in zip(canvases, sizes, strict=True):
        canvas[0, :h, :w] = 1
    size = 2 * (high + 2 * margin), 2 * (wide + 2 * margin)
    y = ((torch.arange(size[0]) + 0.5) / 2 - margin)[:, None].expand(count, 1, *size)
    x = ((torch.arange(size[1]) + 0.5) / 2 - margin).expand(count, 1, *size)
    images, colours = torch.zeros(count, 3, size[0] // 2, size[1] // 2), torch.zeros(count, 3, 1, 1)
    extents = torch.tensor(sizes, dtype=torch.float32)[..., None, None]
    noise = torch.rand(count, *images.shape[1:], generator=torch.Generator().manual_seed(0))
    return paint.Scene(
        images, canvases, x, y, extents, colours + 255, colours, lambda n: 255 * noise[:n], dice()
    )


def test_crops_show_the_canvas_through_the_homography(sans: str) -> None:
    atlas = Atlas([sans], LATIN95, CPU)
    layout = atlas.lay(["ab", "Rightly"], np.zeros(2, np.int64), np.zeros(2))
    canvases = atlas.draw(layout)
    wide, high = layout.sizes[1].tolist()
    quad = np.array([[-5, -8], [wide + 9, 3], [wide, high + 6], [4, high]], np.float64)
    x, y = batch_module._plane(dice(), from_square(quad[None]), np.array([80.0]), (30, 100))
    seen = scene([(1, 1)])._replace(canvases=canvases[1:], x=x, y=y).ink()[0, 0, :, :80].numpy()
    # The crop's pixels are px of `target` here; four samples each tame what cv2 would alias.
    target = np.array([[0, 0], [320, 0], [320, 120], [0, 120]], np.float32)
    matrix = cv2.getPerspectiveTransform(quad.astype(np.float32), target)
    shift = np.array([[1, 0, 0.5], [0, 1, 0.5], [0, 0, 1]])
    large = cv2.warpPerspective(
        canvases[1, 0].numpy(), np.linalg.inv(shift) @ matrix @ shift, (320, 120)
    )
    expected = cv2.resize(large, (80, 30), interpolation=cv2.INTER_AREA)
    assert np.abs(seen - expected).max() < 0.12
    assert np.abs(seen - expected).mean() < 0.01


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_paint(name: str) -> None:
    before, after = scene([(90, 30), (60, 40), (120, 35)]), scene([(90, 30), (60, 40), (120, 35)])
    for each in (before, after):
        each.images.fill_(100)
    getattr(paint, name)(after, torch.tensor([0, 2]))
    assert torch.equal(after.images[1], before.images[1])
    for row in (0, 2):
        assert not torch.equal(after.images[row], before.images[row])


@pytest.mark.parametrize("name", ["_frame", "_neighbours"])
def test_what_stands_beside_a_word_leaves_it_free(name: str) -> None:
    sizes = [(90, 30), (60, 40), (120, 35)]
    sides = []
    for seed in range(12):
        made = scene(sizes)._replace(dice=dice(seed))
        getattr(paint, name)(made, torch.arange(3))
        for image, (wide, high) in zip(made.images[:, 0], sizes, strict=True):
            inside = image[60 : 60 + high, 60 : 60 + wide]
            assert inside.max() == 0
            above, below = image[:60].max() > 0, image[60 + high :].max() > 0
            left, right = image[:, :60].max() > 0, image[:, 60 + wide :].max() > 0
            assert above or below or left or right
            sides.append((above, below, left, right))
    assert np.any(sides, axis=0).all()


def test_small_originals_lose_detail_and_large_ones_nothing() -> None:
    stripes = torch.zeros(40, 3, 32, 64)
    stripes[..., ::2] = 200
    silent = np.zeros(40)
    same = paint._from_afar(stripes.clone(), NOTHING, silent, dice())
    assert torch.equal(same, stripes)
    small = paint._from_afar(stripes.clone(), NOTHING._replace(small=1.0), silent, dice())
    tiny = paint._from_afar(stripes.clone(), NOTHING._replace(tiny=1.0), silent, dice())
    assert small.std((1, 2, 3)).max() < 60
    assert tiny.std((1, 2, 3)).max() < 20
    assert abs(float(small.mean()) - 100) < 3


def test_noise_is_as_strong_as_asked() -> None:
    grey = torch.full((2, 3, 32, 200), 120.0)
    noisy = paint._from_afar(grey, NOTHING, np.array([0.0, 9.0]), dice())
    assert noisy[0].std() == 0
    assert 8.6 < noisy[1].std() < 9.4


def test_a_camera_off_changes_nothing_and_on_much() -> None:
    images = torch.rand(200, 3, 32, 48, generator=torch.Generator().manual_seed(0)) * 255
    assert torch.equal(paint.expose(images.clone(), NOTHING, dice()), images)
    style = NOTHING._replace(camera=1.0)
    changed = (paint.expose(images.clone(), style, dice()) != images).flatten(1).any(1)
    # 1 - 0.8 * 0.55 * 0.6 * 0.5: shade, blur, exposure, noise.
    assert 0.8 < changed.float().mean() < 0.94


def test_blurs_keep_light_and_go_their_way() -> None:
    flat = torch.full((2, 3, 9, 9), 77.0)
    torch.testing.assert_close(
        paint._filtered(flat, paint._round(np.array([0.3, 1.3])), dice()), flat
    )
    point = torch.zeros(2, 3, 9, 9)
    point[:, :, 4, 4] = 1
    soft = paint._filtered(point, paint._round(np.array([0.3, 1.0])), dice())[:, 1]
    assert soft[0, 4, 4] > 0.98
    assert math.isclose(soft[1, 4, 5] / soft[1, 4, 4], math.exp(-0.5), rel_tol=1e-4)
    assert torch.equal(soft[1], soft[1].T)
    across, down = paint._filtered(
        point, paint._long(np.array([4.0, 4.0]), np.array([0, math.pi / 2])), dice()
    )[:, 0]
    assert across[4].sum() > 0.7
    torch.testing.assert_close(across, down.T)


def test_shade_darkens_but_leaves_light() -> None:
    factor = paint._shade(torch.Size([32, 64]), 50, dice())
    assert factor.shape == (50, 1, 32, 64)
    assert factor.min() >= 0.3
    assert factor.max() <= 1
    assert (factor.amax((1, 2, 3)) - factor.amin((1, 2, 3))).min() > 0.05


def test_ink_contrasts_with_its_ground() -> None:
    images = torch.full((40, 3, 8, 8), 128.0)
    rng = np.random.default_rng(0)
    palette = rng.uniform(0, 255, (500, 3)).astype(np.float32)
    colours, means = paint.contrasting(images, 60, paint.Dice(rng, CPU, palette))
    assert means.flatten(1).tolist() == [[128, 128, 128]] * 40
    grey = (colours.flatten(1) @ torch.tensor([0.299, 0.587, 0.114])).numpy()
    assert (np.abs(grey - 128) >= 60).all()
    assert len(np.unique(grey)) > 20
    # A palette that shows nowhere leaves black and white.
    images[:20], images[20:] = 130, 110
    colours, _ = paint.contrasting(images, 60, dice(0, (120, 120, 120)))
    assert colours[:20].unique().tolist() == [0]
    assert colours[20:].unique().tolist() == [255]
