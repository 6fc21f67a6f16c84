"""Overlays: what must be where, in which colour. How good they look is for eyes."""

import sys
from pathlib import Path

import numpy as np
import pytest

from ocrkit import draw
from ocrkit.draw import draw_detections, draw_glimpses, draw_page
from ocrkit.types import Character, Detections, Glimpses, Page, Reading, Word

QUAD = np.array([[60, 50], [140, 50], [140, 80], [60, 80]], np.float32)


def paper(height=120, width=200):
    return np.full((height, width, 3), 128, np.uint8)


def page(*words, size=(120, 200)):
    return Page(size, (tuple(words),))


def word(text="abc", confidence=1.0, quad=QUAD):
    return Word(text, confidence, (), quad, 1.0)


def changed(picture):
    """The bounds of what was drawn: left, top, right, bottom, the last two exclusive."""
    rows, columns = np.nonzero((picture != 128).any(axis=2))
    return columns.min(), rows.min(), columns.max() + 1, rows.max() + 1


def test_the_picture_is_copied():
    picture = paper()
    drawn = draw_page(picture, page(word()))
    assert (picture == 128).all()
    assert drawn.shape == picture.shape
    assert drawn.dtype == np.uint8
    assert not np.shares_memory(picture, drawn)


def test_nothing_found_nothing_drawn():
    assert (draw_page(paper(), page()) == 128).all()
    assert (draw_detections(paper(), Detections.empty()) == 128).all()


def test_the_quads_sides_are_drawn_and_its_inside_is_left():
    drawn = draw_page(paper(1200, 2000), page(word("", quad=QUAD * 10)))
    for x, y in [(1000, 500), (1400, 650), (1000, 800), (600, 650)]:
        around = drawn[y - 1 : y + 1, x - 1 : x + 1].astype(int)
        np.testing.assert_allclose(around, np.full((2, 2, 3), draw._colour(1.0)), atol=40)
    assert (drawn[506:794, 606:1394] == 128).all()
    np.testing.assert_allclose(changed(drawn), (600, 500, 1400, 800), atol=5)


def test_the_text_stands_above_the_quad():
    drawn = draw_page(paper(), page(word("abc")))
    _, top, _, bottom = changed(drawn)
    assert top < 45
    assert bottom <= 85
    strip = drawn[top + 1 : 47, 62:80]
    assert (strip == draw._colour(1.0)).all(axis=2).any()  # the strip
    assert (strip.sum(axis=2) < 150).any()  # letters


def test_at_the_top_of_the_picture_the_text_stands_below():
    drawn = draw_page(paper(), page(word("abc", quad=QUAD - np.float32([0, 48]))))
    assert changed(drawn)[3] > 38


def test_strips_keep_clear_of_each_other():
    """Two words in one place: the second strip stands below."""
    both = draw_page(paper(), page(word("abc", 1.0), word("abc", 0.0)))
    for y, colour in [(slice(30, 48), draw._colour(1.0)), (slice(82, 100), draw._colour(0.0))]:
        assert (both[y, 55:100] == colour).all(axis=2).sum() > 100


def test_strips_stay_in_the_picture():
    box = draw.Box(190, 5, 199, 9)
    strip = draw.place(box, 50, 14, (200, 120), [box])
    assert (strip.left, strip.right) == (150, 200)
    assert strip.top == 9  # below, since above there is no room


def test_strips_find_room_further_away():
    """Six words in one place: the strips cover each other nowhere."""
    box = draw.Box(80, 50, 140, 70)
    strips = []
    for _ in range(6):
        strips.append(draw.place(box, 40, 10, (240, 120), [box], strips))
    assert len(set(strips)) == 6
    for i, one in enumerate(strips):
        assert not draw._overlap([one], strips[:i]).any()
    assert not draw._overlap(strips, [box]).any()


def test_near_places_come_first():
    """Above, below, and then the ends of both; quads of others are left open where that is free."""
    box = draw.Box(80, 50, 140, 70)
    assert draw.place(box, 40, 10, (240, 120), [box]) == (80, 40, 120, 50)
    above = draw.Box(70, 30, 110, 45)
    assert draw.place(box, 40, 10, (240, 120), [box, above]) == (80, 70, 120, 80)


def test_a_strip_that_stands_apart_is_led_to_its_quad():
    """Its line is in the strip's colour, on the way from the one to the other."""
    green = draw._colour(1.0)
    box, strip = draw.Box(50, 60, 100, 80), draw.Box(50, 20, 90, 30)
    canvas = paper()
    draw._lead(canvas, strip, box, green)
    assert (canvas[30:60, 50] == green).all()
    below = draw.Box(50, 100, 90, 110)
    draw._lead(canvas, below, box, green)
    assert (canvas[80:100, 50] == green).all()


def test_letters_that_pillows_own_face_lacks(monkeypatch):
    """A face is looked for where fonts are installed; without one all is as it was."""
    faces = {"accents": "aé", "signs": "a出口", "damaged": ""}
    own = "abc"
    monkeypatch.setattr(draw, "_faces", lambda: tuple(faces))
    monkeypatch.setattr(draw, "_has_glyph", lambda path, c: c in (faces[path] if path else own))
    for text, wanted in (("a", None), ("é", "accents"), ("出口a", "signs"), ("ж", None)):
        draw._face_for.cache_clear()
        assert draw._face_for(frozenset(text)) == wanted, text
    draw._face_for.cache_clear()


def test_faces_are_found_largest_first(monkeypatch, tmp_path):
    for name, size in (("a/x.ttf", 10), ("b.otf", 30), ("c.TTC.txt", 99), ("DejaVuSans.ttf", 1)):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"\0" * size)
    monkeypatch.setattr(draw, "FOLDERS", {sys.platform: [str(tmp_path), str(tmp_path / "none")]})
    draw._faces.cache_clear()
    found = [str(Path(path).relative_to(tmp_path)) for path in draw._faces()]
    draw._faces.cache_clear()
    assert found == ["DejaVuSans.ttf", "b.otf", "a/x.ttf"]
    assert not draw._has_glyph(str(tmp_path / "b.otf"), "a")  # damaged


def test_pillows_own_face_has_letters_and_lacks_signs():
    assert draw._has_glyph(None, "a")
    assert not draw._has_glyph(None, "出")
    assert draw._font("abc", 20).getlength("abc") > 20


def test_colours_run_from_red_to_green():
    for red, green, blue in [draw._colour(c) for c in (0.0, -1.0)]:
        assert (red, green) == (255, blue)
    red, green, blue = draw._colour(1.0)
    assert (green, red) == (255, blue)
    red, green, _ = draw._colour(0.5)
    assert red == green == 255
    assert draw._colour(9.0) == draw._colour(1.0)


def test_detections_show_their_scores():
    low = draw_detections(paper(), Detections(QUAD[None], np.array([0.1], np.float32)))
    high = draw_detections(paper(), Detections(QUAD[None], np.array([0.9], np.float32)))
    assert (low == draw._colour(np.float32(0.1))).all(axis=2).sum() > 100
    assert (high == draw._colour(np.float32(0.9))).all(axis=2).sum() > 100


@pytest.mark.parametrize("size", [(1, 1), (20, 20000), (3000, 4000)])
def test_any_size_of_picture(size):
    drawn = draw_page(np.full((*size, 3), 128, np.uint8), page(word(), size=size))
    assert drawn.shape == (*size, 3)


def test_lines_and_letters_grow_with_the_picture():
    small = draw_page(paper(), page(word("")))
    large = draw_page(paper(1200, 2000), page(word("", quad=QUAD * 10)))
    assert changed(small)[0] - 60 > -4
    assert 600 - changed(large)[0] >= 3
    assert draw._font_size(paper(), QUAD) < draw._font_size(paper(1200, 2000), QUAD * 10)


def test_words_far_outside_or_without_area():
    quads = [QUAD + 5000, QUAD - 5000, QUAD * 0]
    assert draw_page(paper(), page(*(word(quad=q) for q in quads))).shape == (120, 200, 3)


def test_a_board_of_glimpses():
    """The crop above, the straightened one, and a strip per character with its letter beside it."""
    characters = (Character("a", 0.9, (0, 0.5)), Character("b", 0.8, (0.5, 1)))
    attention = np.array([[1, 0, 0, 0], [0, 0, 0, 1]], np.float32)
    straight = np.full((32, 160, 3), 200, np.uint8)
    fiducials = np.array([[50, 20]], np.float32)
    seen = Glimpses(Reading("ab", 0.85, characters), straight, fiducials, attention)
    board = draw_glimpses(paper(40, 200), seen)
    assert board.shape == (40 + 3 * 40, 200 + 40, 3)
    assert board[20, 50].tolist() == [255, 210, 0]
    assert board[20, 150].tolist() == [128, 128, 128]
    first, second = board[80:120, :200].mean(axis=(0, 2)), board[120:160, :200].mean(axis=(0, 2))
    assert first.argmax() < 50
    assert second.argmax() > 150
    assert (board[80:120, 200:] == 255).any()
