from functools import partial
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest

from ocrkit import geometry
from ocrkit.synth import clips, motion
from ocrkit.synth.clips import Clip, ClipStyle
from ocrkit.synth.corpus import FALLBACK_WORDS, Corpus
from ocrkit.synth.glyphs import draw_text
from ocrkit.synth.lettering import MARGIN
from ocrkit.synth.motion import Camera, Passer, Ticker, Tremble
from ocrkit.synth.occlusion import Thing
from ocrkit.synth.typesetter import Typesetter
from ocrkit.synth.words import Typefaces
from ocrkit.types import Floats, Image

SIZE = (160, 240)
QUIET = ClipStyle(
    size=SIZE,
    seconds=0.4,
    pan=0,
    shake=0,
    roll=0,
    lean=0,
    shutter=0,
    defocus=0,
    noise=0,
    quality=100,
)
LIVELY = ClipStyle(
    size=SIZE,
    seconds=0.4,
    words=(3, 8),
    pan=0.5,
    shake=2,
    roll=1,
    shutter=0.6,
    passing=1,
    scroll=60.0,
)


@pytest.fixture(scope="module")
def draw(fonts: list[Path]) -> partial[Clip]:
    return partial(clips.clip, corpus=Corpus(FALLBACK_WORDS), fonts=fonts)


@pytest.fixture(scope="module")
def lively(draw: partial[Clip]) -> Clip:
    return draw(3, LIVELY)


def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def held(
    start: tuple[float, float] = (240, 160),
    end: tuple[float, float] | None = None,
    scales: tuple[float, float] = (1, 1),
    **trembles: float,
) -> Camera:
    """A camera over a scene of 480 x 320."""
    deviations = [trembles.get(name, 0.0) for name in ("x", "y", "roll", "across", "down")]
    each = [Tremble.of(deviation, rng()) for deviation in deviations]
    return Camera(SIZE, 0.4, np.array(start), np.array(end or start), scales, each)


def words(sans: str) -> tuple[Image, Floats]:
    """White words on a black scene of 480 x 320, and tight quads."""
    scene = np.zeros((320, 480, 3), np.uint8)
    quads = []
    for text, left, top in (("Hamburg", 190, 110), ("fjord", 210, 150), ("EXIT", 200, 195)):
        ink = draw_text(text, sans, 26, pad=0)
        assert ink is not None
        height, width = ink.alpha.shape
        scene[top : top + height, left : left + width] = ink.alpha[..., None]
        quads.append(ink.quad + np.array([left, top], np.float32))
    return scene, np.stack(quads)


def filmed(scene: Image, quads: Floats, camera: Camera, style: ClipStyle = QUIET, **more) -> Clip:
    texts = tuple(f"w{index}" for index in range(len(quads)))
    legible = np.ones(len(quads), bool)
    return Clip(0, style, scene, quads, texts, legible, camera, Tremble.of(0, rng()), **more)


def beside(mask: Image, quad: Floats, spare: int = 8) -> Floats:
    """By how many px the ink ends within (positive) or beyond a quad: left, top, right, bottom."""
    height, width = (float(side) for side in geometry.extent(quad))
    target = geometry.full_quad((1, 1)) * np.float32([width, height]) + np.float32(spare)
    size = (round(width) + 2 * spare, round(height) + 2 * spare)
    matrix = geometry.homography(quad - np.float32(0.5), target - np.float32(0.5))
    flat = cv2.warpPerspective(mask, matrix, size)
    rows, columns = np.flatnonzero(flat.max(axis=1) > 63), np.flatnonzero(flat.max(axis=0) > 63)
    ends = width + spare - columns[-1] - 1, height + spare - rows[-1] - 1
    return np.array([columns[0] - spare, rows[0] - spare, *ends], np.float32)


MOVES = {
    "still": held(),
    "pan": held((200.3, 150), (260.8, 170)),
    "zoom": held(scales=(0.8, 1.3)),
    "shake": held(x=4, y=4),
    "roll": held(roll=0.1),
    "lean": held(across=0.06, down=0.06),
    "all": held((230, 160), (250, 165), (1.2, 0.9), x=3, y=3, roll=0.05, across=0.03, down=0.03),
}


@pytest.mark.parametrize("move", MOVES)
def test_quads_lie_round_the_ink(sans: str, move: str) -> None:
    clip = filmed(*words(sans), MOVES[move])
    assert len(clip.tracks) == 3
    for track in clip.tracks:
        for at in (0, 4, 9):
            frame = clip.frame(track.frames[at])
            assert np.abs(beside(frame[..., 0], track.quads[at])).max() <= 1.5


@pytest.mark.parametrize("pace", [0.0, 97.3])
def test_quads_lie_round_the_ink_of_a_line_on_the_screen(fonts: list[Path], pace: float) -> None:
    setter = Typesetter(Corpus(FALLBACK_WORDS), Typefaces(fonts))
    line = motion.ticker(setter, SIZE, pace, 0.4, rng())
    line = line._replace(colours=np.array([[0, 0, 0], [255, 255, 255]], np.float32))
    clip = filmed(np.zeros((320, 480, 3), np.uint8), np.zeros((0, 4, 2), np.float32), held())
    clip = Clip(**{**vars(clip), "ticker": line, "style": QUIET})
    checked = 0
    for track in clip.tracks:
        for at in (0, len(track.frames) - 1):
            quad = track.quads[at]
            if (quad > 2).all() and (quad < np.array(SIZE[::-1]) - 2).all():
                margin = MARGIN / (1 + 2 * MARGIN) * (quad[3, 1] - quad[0, 1])
                frame = clip.frame(track.frames[at])
                assert np.abs(beside(frame[..., 0], quad, spare=2) - margin).max() <= 1.5
                checked += 1
    assert checked >= 2


def test_a_line_runs_to_the_left_and_a_subtitle_stands() -> None:
    quads = np.array([[[2, 2], [30, 2], [30, 12], [2, 12]]], np.float32)
    alpha = np.zeros((14, 40), np.uint8)
    line = Ticker(alpha, quads, ("a",), 100, 50.0, 20.0, np.zeros((2, 3), np.float32))
    assert line.at(0)[0, 0].tolist() == [52, 102]
    assert line.at(0.5)[0, 0].tolist() == [42, 102]
    assert line._replace(pace=0.0).at(0.5)[0, 0].tolist() == [52, 102]
    image, mask = np.full((*SIZE, 3), 9, np.uint8), np.zeros(SIZE, np.uint8)
    line.paint(image, 0)
    line.hide(mask)
    for changed in (image[..., 0] == 0, mask == 255):
        assert np.flatnonzero(changed.all(axis=1)).tolist() == list(range(100, 114))
        assert changed.sum() == 14 * SIZE[1]


def test_the_camera_looks_where_it_is_told() -> None:
    camera = held((100, 60), (180, 90), (0.5, 2.0))
    points = np.array([[100, 60], [180, 90], [140, 75]], np.float32)
    for time, point in ((0, 0), (0.4, 1), (9, 1), (0.2, 2)):
        assert geometry.project(camera.at(time), points)[point] == pytest.approx([120, 80])
    # 10 px to the right of the middle, at half and at double size.
    beyond = points + np.float32([10, 0])
    assert geometry.project(camera.at(0), beyond)[0] == pytest.approx([125, 80])
    assert geometry.project(camera.at(0.4), beyond)[1] == pytest.approx([140, 80])


def test_a_camera_is_smeared_against_its_way() -> None:
    # Half-way it goes by pi / 2 of its mean pace of 200 px a second.
    camera = held((200, 160), (280, 160))
    assert camera.smear(0.2, 0.01) == pytest.approx([-np.pi, 0], abs=0.01)
    assert np.abs(camera.smear(0, 0.01)).max() < 0.2


def test_trembles_have_their_deviation() -> None:
    tremble = Tremble.of(3.0, rng())
    places = [tremble.at(time) for time in np.linspace(0, 400, 8000)]
    assert np.std(places) == pytest.approx(3, rel=0.05)
    assert np.mean(places) == pytest.approx(0, abs=0.1)
    assert np.abs(np.diff(places)).max() < 6  # smooth: no jumps


@pytest.mark.parametrize("seed", range(12))
def test_cameras_keep_to_the_scene(seed: int) -> None:
    room = (320, 480)
    generator = np.random.default_rng(seed)
    target = generator.uniform(0, 320, 2).astype(np.float32)
    camera = motion.camera(SIZE, room, target, 1.0, (1, 1.3, 1, 1, 0.01), generator)
    corners = geometry.full_quad(SIZE)
    for time in np.linspace(0, 1, 9):
        seen = geometry.project(np.linalg.inv(camera.at(time)), corners)
        assert seen.min() > -3
        assert (seen.max(axis=0) < np.array(room[::-1]) + 3).all()
    assert np.abs(camera.end - camera.start).max() > 30


def test_a_camera_that_stands_looks_at_its_target() -> None:
    camera = motion.camera(SIZE, (640, 960), np.float32([400, 300]), 1.0, (0, 1, 0, 0, 0), rng())
    assert camera.start == pytest.approx([400, 300])
    assert camera.end == pytest.approx([400, 300])


def test_words_are_hidden_while_something_passes(sans: str) -> None:
    scene, quads = words(sans)
    wall = Thing(np.full((160, 60, 3), 77, np.uint8), np.full((160, 60), 255, np.uint8))
    # Its middle goes from -48 by 38.4 px a frame, and is at 105.6 in frame 4.
    passers = (Passer(wall, np.array([120, 80]), 0.175, 960),)
    clip = filmed(scene, quads, held(), passers=passers)
    for track in clip.tracks:
        assert track.frames == tuple(range(10))
        for at, visible in enumerate(track.visible):
            left = 120 + 960 * (at / 25 - 0.175) - 30
            x0, x1 = track.quads[at, :, 0].min(), track.quads[at, :, 0].max()
            share = max(min(x1, left + 60) - max(x0, left), 0) / (x1 - x0)
            if abs(share - clips.LARGEST_LOSS) > 0.04:
                assert visible == (share < clips.LARGEST_LOSS)
            if share == 0 or share > 0.1:
                assert track.whole[at] == (share == 0)
        assert track.visible[0]
        assert not track.visible.all()
    # What is painted is what hides.
    frame = clip.frame(4).astype(int)
    assert np.abs(frame[:, 80:132] - 77).max() < 4


def test_words_that_leave_the_frame(sans: str) -> None:
    scene, quads = words(sans)
    clip = filmed(scene, quads, held((240, 160), (440, 160)))
    for track, quad in zip(clip.tracks, quads, strict=True):
        for at, index in enumerate(track.frames):
            left, right = track.quads[at, :, 0].min(), track.quads[at, :, 0].max()
            assert right > 0
            outside = max(-left, 0) / (right - left)
            assert track.visible[at] == (outside <= clips.LARGEST_LOSS)
            assert track.whole[at] == (outside <= clips.LARGEST_LOSS_OF_WHOLE)
            assert track.quads[at] == pytest.approx(
                geometry.project(clip.camera.at(index / 25), quad)
            )
        assert not track.visible[-1]
    assert len(clip.tracks[0].frames) < 10


def test_words_too_small_or_smeared_are_not_visible(sans: str) -> None:
    scene, quads = words(sans)
    assert not any(t.visible.any() for t in filmed(scene, quads, held(scales=(0.4, 0.4))).tracks)
    assert all(t.visible.all() for t in filmed(scene, quads, held()).tracks)
    # Half-way it goes 12.6 px a frame; the words are 20 to 25 px high.
    pan = held((200, 160), (280, 160))
    smeared = filmed(scene, quads, pan, QUIET._replace(shutter=1.0))
    assert not any(t.visible[5] for t in smeared.tracks)
    assert all(t.visible[5] for t in filmed(scene, quads, pan).tracks)
    soft = filmed(scene, quads, held(), QUIET._replace(defocus=8.0))
    assert not any(t.visible.any() for t in soft.tracks)


def test_faint_words_are_not_visible_in_the_dark() -> None:
    scene = np.full((60, 200, 3), 120, np.uint8)
    scene[10:30, 10:100:4] = 90
    scene[10:30, 110:190:4] = 255
    quads = np.array(
        [[[x, 10], [x + 80, 10], [x + 80, 30], [x, 30]] for x in (10, 110)], np.float32
    )
    for light, noise, expected in (
        (1.0, 0, [True, True]), (0.3, 0, [False, True]), (1.0, 9, [False, True]),
    ):  # fmt: skip
        style = ClipStyle(light=light, noise=noise)
        assert clips._contrasting(scene, quads, style).tolist() == expected


def test_smears_are_as_long_as_the_way(sans: str) -> None:
    scene = np.zeros((320, 480, 3), np.uint8)
    scene[:, 240:] = 255
    pan = held((200, 160), (280, 160))
    for shutter, least, most in ((0.0, 0, 3), (1.0, 9, 16)):
        clip = filmed(scene, np.zeros((0, 4, 2), np.float32), pan, QUIET._replace(shutter=shutter))
        row = clip.frame(5)[80, :, 0]
        assert least <= np.sum((row > 10) & (row < 245)) <= most
        # The edge stays where it is: a smear is as long before it as behind it.
        edge = 120 + (240 - (240 - 40 * np.cos(np.pi * 0.5)))
        assert np.flatnonzero(row > 127)[0] == pytest.approx(edge, abs=1.5)


def test_clips_are_the_same_each_time(draw: partial[Clip], lively: Clip) -> None:
    again = draw(3, LIVELY)
    for one, other in zip(lively.frames(), again.frames(), strict=True):
        assert np.array_equal(one, other)
    assert [t.text for t in lively.tracks] == [t.text for t in again.tracks]
    for one, other in zip(lively.tracks, again.tracks, strict=True):
        assert np.array_equal(one.quads, other.quads)
        assert np.array_equal(one.visible, other.visible)
    assert not np.array_equal(draw(4, LIVELY).frame(0), lively.frame(0))


def test_what_a_clip_is(lively: Clip) -> None:
    frames = list(lively.frames())
    assert len(frames) == len(lively) == 10
    assert (lively.fps, lively.size) == (25, SIZE)
    assert all(f.shape == (*SIZE, 3) and f.dtype == np.uint8 for f in frames)
    assert np.array_equal(frames[7], lively.frame(7))
    assert not np.array_equal(frames[7], frames[8])
    assert lively.ticker is not None
    assert len(lively.passers) == 1
    for track in lively.tracks:
        count = len(track.frames)
        assert track.quads.shape == (count, 4, 2)
        assert track.quads.dtype == np.float32
        assert track.visible.shape == (count,)
        assert list(track.frames) == sorted(set(track.frames))
        assert 0 <= track.frames[0] <= track.frames[-1] < 10
        assert (geometry.area(track.quads) > 0).all()
    assert any(track.visible.any() for track in lively.tracks)


def test_the_light_changes_and_noise_does_not_repeat(sans: str) -> None:
    scene = np.full((320, 480, 3), 120, np.uint8)
    nothing = np.zeros((0, 4, 2), np.float32)
    clip = filmed(scene, nothing, held(), QUIET._replace(light=0.5, noise=8.0))
    one, other = clip.frame(1).astype(int), clip.frame(2).astype(int)
    assert one.mean() == pytest.approx(60, abs=1)
    # JPEG keeps the noise of the grey levels, less that of the colours.
    grey = (one - other) @ [0.299, 0.587, 0.114]
    assert np.std(grey) == pytest.approx(8 * np.sqrt(2) * 0.668, rel=0.1)


def test_styles_differ() -> None:
    styles = [ClipStyle.random(np.random.default_rng(seed)) for seed in range(60)]
    assert len(set(styles)) == 60
    assert any(s.passing for s in styles)
    assert any(s.scroll == 0 for s in styles)
    assert any(s.scroll for s in styles)
    assert any(s.light < 0.7 for s in styles)
    assert all(0 <= s.pan <= 1 and 0.5 < s.zoom < 2 for s in styles)


def test_the_standard_set() -> None:
    names = [named.name for named in clips.STANDARD]
    assert len(set(names)) == len(names) == 8
    assert {named.style.size for named in clips.STANDARD} == {(360, 640)}
    assert sum(named.style.seconds * named.style.fps for named in clips.STANDARD) <= 800


@pytest.mark.slow
def test_the_standard_set_has_words_to_follow(fonts: list[Path]) -> None:
    for named in clips.STANDARD:
        clip = clips.clip(named.seed, named.style, Corpus(FALLBACK_WORDS), fonts)
        assert any(track.visible.sum() >= 5 for track in clip.tracks), named.name
        assert all(frame.shape == (360, 640, 3) for frame in islice(clip.frames(), 3))
