import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
import torch

from ocrkit import checkpoint, detect, geometry, refine
from ocrkit.checkpoint import Card
from ocrkit.errors import CheckpointError, UnknownModelError
from ocrkit.refine import _base as windows
from ocrkit.refine.corners import Corners, CornersConfig, CornersMaps
from ocrkit.types import Sample

CONFIG = CornersConfig()

LEVEL = np.array([[40, 20], [80, 20], [80, 40], [40, 40]], np.float32)
"""40 x 20 px, in a picture of 120 x 60."""


class Told(Corners):
    """Tells the same moves of every window, in fractions of it."""

    def __init__(self, moves, **settings):
        super().__init__(CornersConfig(**settings))
        self.moves = torch.tensor(moves, dtype=torch.float32)

    def forward(self, inputs):
        return CornersMaps(self.moves.expand(len(inputs), 4, 2))


def picture():
    return np.random.default_rng(0).integers(0, 256, (60, 120, 3), dtype=np.uint8)


def test_a_window_has_the_surroundings_that_its_config_says():
    image = picture()
    seen, matrix = windows.window(image, LEVEL, CONFIG)
    # One height (20 px) before and behind, half a height above and below.
    assert seen.shape == (40, 80, 3)
    assert np.array_equal(seen, image[10:50, 20:100])
    assert geometry.project(matrix, np.array([[0, 0], [80, 40]])) == pytest.approx(
        np.array([[20, 10], [100, 50]]), abs=1e-3
    )
    fractions = windows.base(seen, CONFIG)
    assert fractions == pytest.approx(
        np.array([[0.25, 0.25], [0.75, 0.25], [0.75, 0.75], [0.25, 0.75]])
    )


def test_targets_are_fractions_of_the_window_from_the_rectangle_to_the_word():
    seen, _ = windows.window(picture(), LEVEL, CONFIG)
    true = np.array([[16, 10], [60, 8], [68, 30], [20, 34]], np.float32)  # of 80 x 40
    found = Corners.encode(CONFIG, Sample(seen, true[None], ("x",), np.zeros(1, bool)))
    expected = [[-0.05, 0], [0, -0.05], [0.1, 0], [0, 0.1]]
    assert found.moves == pytest.approx(np.array(expected), abs=1e-6)
    assert found.units == pytest.approx([4, 2])  # the window is four heights wide and two high


def test_the_fourth_channel_says_where_the_quad_was():
    inputs = Corners.prepare(CONFIG, windows.window(picture(), LEVEL, CONFIG)[0])
    assert inputs.shape == (4, 32, 128)
    assert inputs.dtype == np.float32
    inside = np.zeros((32, 128))
    inside[8:24, 32:96] = 1
    assert np.array_equal(inputs[3], inside)
    assert inputs[:3].mean() == pytest.approx(0, abs=1e-4)
    assert inputs[:3].std() == pytest.approx(1, abs=1e-3)


def test_a_fresh_network_leaves_quads_as_they_are():
    model = Corners(CONFIG).eval()
    assert model.refine(picture(), LEVEL[None]) == pytest.approx(LEVEL[None], abs=1e-3)


def test_corners_move_by_what_is_told():
    model = Told([[-0.05, 0], [0.05, 0], [0.05, 0.1], [-0.05, 0.1]])
    expected = LEVEL + np.array([[-4, 0], [4, 0], [4, 4], [-4, 4]])
    assert model.refine(picture(), LEVEL[None])[0] == pytest.approx(expected, abs=1e-3)


def test_a_second_round_starts_from_the_first():
    moves = [[0, 0], [0.05, 0], [0.05, 0], [0, 0]]
    (found,) = Told(moves, rounds=2).refine(picture(), LEVEL[None])
    # 80 px wide, then 84.
    assert found[1, 0] == pytest.approx(80 + 4 + 4.2, abs=0.05)


@pytest.mark.parametrize("degrees", [0, 30, 90, 180, 270])
def test_the_first_corner_stays_the_first_and_moves_go_along_the_text(degrees):
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]], np.float32)
    centre = np.float32([60, 30])
    model = Told([[0, 0], [0.05, 0], [0.05, 0], [0, 0]])
    (found,) = model.refine(picture(), ((LEVEL - centre) @ turn + centre)[None])
    longer = LEVEL + np.array([[0, 0], [4, 0], [4, 0], [0, 0]], np.float32)
    assert found == pytest.approx((longer - centre) @ turn + centre, abs=1e-2)


def test_what_is_tall_is_seen_lying_and_keeps_its_first_corner():
    tall = np.array([[50, 10], [60, 10], [60, 50], [50, 50]], np.float32)  # 10 x 40
    lying, turns = windows.lying(tall[None])
    assert turns == [1]
    height, width = geometry.extent(lying[0])
    assert (height, width) == (10, 40)
    # The window lies: its x runs up the picture, and one height is 10 px of 60.
    model = Told([[0, 0], [0.1, 0], [0.1, 0], [0, 0]])
    (found,) = model.refine(picture(), tall[None])
    expected = np.array([[50, 4], [60, 4], [60, 50], [50, 50]])
    assert found == pytest.approx(expected, abs=1e-2)


def test_a_quad_that_would_fold_stays_as_it_is():
    crossed = [[0.6, 0], [-0.6, 0], [0, 0], [0, 0]]
    assert np.array_equal(Told(crossed).refine(picture(), LEVEL[None])[0], LEVEL)


def test_no_quads_are_no_quads():
    none = np.zeros((0, 4, 2), np.float32)
    assert Corners(CONFIG).refine(picture(), none).shape == (0, 4, 2)


def test_quads_do_not_depend_on_those_they_are_refined_with():
    torch.manual_seed(0)
    model = Corners(CornersConfig(batch=2)).eval()
    torch.nn.init.normal_(model.head.weight, std=0.01)
    quads = np.stack([LEVEL + shift for shift in (-12, 0, 9)]).astype(np.float32)
    together = model.refine(picture(), quads)
    alone = [model.refine(picture(), quad[None])[0] for quad in quads]
    assert together == pytest.approx(np.stack(alone), abs=1e-3)
    assert not np.allclose(together, quads, atol=0.1)


def test_errors_count_in_heights_whatever_the_width_of_the_word():
    model = Corners(CONFIG)
    wide = np.array([[10, 20], [110, 20], [110, 40], [10, 40]], np.float32)
    losses = []
    for quad in (LEVEL, wide):
        seen, matrix = windows.window(picture(), quad, CONFIG)
        true = geometry.project(np.linalg.inv(matrix), quad + np.float32([2, 0]))
        told = Corners.encode(CONFIG, Sample(seen, true[None], ("x",), np.zeros(1, bool)))
        maps = CornersMaps(torch.zeros(1, 4, 2))
        targets = [torch.from_numpy(t[None]) for t in told]
        losses.append(float(model.loss(maps, type(told)(*targets))["corners"]))
    # 2 px are 0.1 heights, beyond the tolerance of 0.05; half of the numbers are right.
    assert losses == pytest.approx([(0.1 - 0.025) / 2] * 2, abs=1e-3)


def test_one_batch_is_learnt_by_heart():
    rng = np.random.default_rng(0)
    torch.manual_seed(0)
    model = Corners(CONFIG)
    image = np.full((60, 120, 3), 90, np.uint8)
    cv2.fillPoly(image, [LEVEL.astype(int)], (220, 200, 180))
    found = np.stack([LEVEL + rng.normal(0, 3, (4, 2)) for _ in range(8)]).astype(np.float32)
    inputs, told = [], []
    for quad in found:
        seen, matrix = windows.window(image, quad, CONFIG)
        true = geometry.project(np.linalg.inv(matrix), LEVEL)
        inputs.append(Corners.prepare(CONFIG, seen))
        told.append(Corners.encode(CONFIG, Sample(seen, true[None], ("x",), np.zeros(1, bool))))
    batch = torch.from_numpy(np.stack(inputs))
    targets = type(told[0])(*(torch.from_numpy(np.stack(t)) for t in zip(*told, strict=True)))
    optimizer = torch.optim.Adam(model.parameters(), lr=2e-3)
    for _ in range(150):
        loss = model.loss(model(batch), targets)["corners"]
        optimizer.zero_grad()
        torch.autograd.backward(loss)
        optimizer.step()
    for norm in model.modules():
        if isinstance(norm, torch.nn.BatchNorm2d):
            norm.momentum = None  # the mean over what it sees from now on
            norm.reset_running_stats()
    with torch.no_grad():
        model(batch)
    overlaps = [geometry.iou(LEVEL, q[None])[0] for q in model.eval().refine(image, found)]
    before = [geometry.iou(LEVEL, q[None])[0] for q in found]
    assert min(overlaps) > 0.9 > np.mean(before)


def saved(model, family, path, **settings):
    config = model.config.model_dump(mode="json") | settings
    checkpoint.save(path, model, Card(family=family, name=path.stem, config=config))
    return path


def test_a_detector_brings_its_refiner_along(tmp_path):
    refiner = Corners(CONFIG)
    torch.nn.init.constant_(refiner.head.bias, 0.05)
    file = saved(refiner, "refine", tmp_path / "r.safetensors")
    plain = detect.build({"name": "pixellink", "long_side": 64})
    path = saved(plain, "detect", tmp_path / "d.safetensors", refiner=str(file))
    assert checkpoint.load("detect", path, settings={"refiner": None}).refine is None
    model = checkpoint.load("detect", path)
    moved = model.refine(picture(), LEVEL[None])[0] - LEVEL
    assert moved == pytest.approx(np.tile([4, 2], (4, 1)), abs=0.05)  # 0.05 of 80 x 40 px


def test_what_is_detected_is_refined():
    model = detect.build({"name": "pixellink", "long_side": 128}).eval()
    found = replace(model.detect(picture()), quads=LEVEL[None], scores=np.ones(1, np.float32))
    model.decode = lambda maps: [found]
    plain = model.detect(picture())
    model.refine = lambda image, quads: quads + len(image)
    assert model.detect(picture()).quads == pytest.approx(plain.quads + 60)
    assert model.detect(picture()).scores == plain.scores


@pytest.mark.parametrize("size", [(1, 1), (60, 120)])
@pytest.mark.parametrize(
    "quad",
    [
        np.full((4, 2), 30),
        np.array([[0, 5], [50, 5], [50, 5], [0, 5]]),
        LEVEL + 1000,
        LEVEL * 40,
    ],
    ids=["a point", "a line", "outside", "larger than the picture"],
)
def test_any_quad_can_be_looked_at(size, quad):
    torch.manual_seed(0)
    model = Corners(CONFIG).eval()
    torch.nn.init.normal_(model.head.weight, std=0.01)
    found = model.refine(np.zeros((*size, 3), np.uint8), quad[None].astype(np.float32))
    assert found.shape == (1, 4, 2)
    assert found.dtype == np.float32
    assert np.isfinite(found).all()


def test_a_window_that_would_turn_inside_out_is_refused():
    with pytest.raises(ValueError, match="ahead: a window reaches at least as far"):
        CornersConfig(ahead=0, around=0.5)


def test_unknown_refiners_and_other_families_are_told(tmp_path):
    with pytest.raises(UnknownModelError, match="did you mean 'corners'"):
        refine.build({"name": "corner"})
    path = saved(Corners(CONFIG), "refine", tmp_path / "r.safetensors")
    with pytest.raises(CheckpointError, match=r"holds a refiner .* where a detector is needed"):
        checkpoint.load("detect", path)
