"""Reading order: pages small enough to say what a person would read, and any page shuffled."""

import math
import random
import time
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import ConfigError
from ocrkit.layout import arrange, paragraphs
from ocrkit.types import Character, Page, Word

ANGLES = [0, 3, -8, 20, 45, 90, 135, 180, 270, 300]


def word(text, left, top, width, height):
    corners = [[0, 0], [width, 0], [width, height], [0, height]]
    return Word(text, 1.0, (), np.array(corners, np.float32) + np.float32((left, top)), 1.0)


def turned(words, degrees):
    """The page turned about a far point, so that coordinates stay unremarkable."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[cos, sin], [-sin, cos]])
    return [replace(w, quad=((w.quad - 200) @ turn + 900).astype(np.float32)) for w in words]


def text(words, direction="ltr"):
    """What is read, whatever order the words come in."""
    lines = arrange(words, direction)
    for seed in range(3):
        shuffled = random.Random(seed).sample(words, len(words))
        assert lines == arrange(shuffled, direction)
    assert sorted(map(id, words)) == sorted(id(w) for line in lines for w in line)
    return Page((1, 1), lines).text.splitlines()


def grid(columns, rows, words, *, gutter, name="{c}{r}{w}"):
    """Columns of `rows` lines, 30 px apart, of `words` words 40 x 20 px, 10 px apart."""
    pitch = words * 50 - 10 + gutter
    return [
        word(name.format(c=c, r=r, w=w), c * pitch + w * 50, 40 + r * 30, 40, 20)
        for c in range(columns)
        for r in range(rows)
        for w in range(words)
    ]


def test_nothing():
    assert arrange([]) == ()


def test_a_single_word():
    (only,) = words = [word("a", 3, 4, 5, 6)]
    assert arrange(words) == ((only,),)


@pytest.mark.parametrize("degrees", ANGLES)
def test_two_lines_at_any_angle(degrees):
    words = [
        word("one", 0, 0, 40, 20),
        word("two", 50, 2, 40, 18),
        word("three", 0, 30, 60, 20),
        word("four", 70, 32, 50, 20),
    ]
    assert text(turned(words, degrees)) == ["one two", "three four"]


@pytest.mark.parametrize("slope", [-0.35, -0.1, 0.1, 0.35])
def test_slanted_lines_whose_boxes_overlap(slope):
    """Sheared, not turned: lines climb by many times their height while words stay level."""
    words = [
        word(f"{r}{w}", w * 60, r * 34 + w * 60 * slope, 50, 20) for r in range(3) for w in range(9)
    ]
    for w in words:
        w.quad[[1, 2], 1] += np.float32(50 * slope)
    assert text(words) == [" ".join(f"{r}{w}" for w in range(9)) for r in range(3)]


def test_lines_that_converge():
    """A wall seen from the side: the top line falls, the bottom line climbs."""
    words = [
        word(f"{r}{w}", w * 60, 100 + (r - 1) * (40 - w * 4), 50, 24 - 2 * w)
        for r in range(3)
        for w in range(6)
    ]
    assert text(words) == [" ".join(f"{r}{w}" for w in range(6)) for r in range(3)]


def test_heights_differ_within_a_line():
    """Tight quads of "ace", "High", "Tom", "gap" on one base line."""
    words = [
        word("ace", 0, 4, 30, 10),
        word("High", 36, 0, 40, 18),
        word("Tom", 82, 0, 40, 14),
        word("gap", 128, 4, 30, 14),
        word("below", 0, 24, 60, 14),
    ]
    assert text(words) == ["ace High Tom gap", "below"]


def test_quads_of_neighbours_may_overlap_a_little():
    assert text([word("a", 0, 0, 52, 20), word("b", 48, 1, 40, 20)]) == ["a b"]


@pytest.mark.parametrize("degrees", ANGLES)
@pytest.mark.parametrize("gutter", [40, 300])
def test_columns_are_read_one_after_the_other(degrees, gutter):
    words = turned(grid(2, 3, 3, gutter=gutter), degrees)
    assert text(words) == [f"{c}{r}0 {c}{r}1 {c}{r}2" for c in range(2) for r in range(3)]


@pytest.mark.parametrize("degrees", ANGLES)
def test_a_heading_and_a_footer_over_columns(degrees):
    words = grid(2, 4, 3, gutter=60)
    words += [
        word("HEAD", 0, 0, 165, 30),
        word("ING", 175, 0, 165, 30),
        word("foot", 10, 165, 320, 18),
    ]
    body = [f"{c}{r}0 {c}{r}1 {c}{r}2" for c in range(2) for r in range(4)]
    assert text(turned(words, degrees)) == ["HEAD ING", *body, "foot"]


def test_columns_whose_lines_are_not_level():
    left = [word(f"L{r}", 0, r * 30, 150, 20) for r in range(4)]
    right = [word(f"R{r}", 250, 11 + r * 37, 150, 20) for r in range(3)]
    assert text([*left, *right]) == ["L0", "L1", "L2", "L3", "R0", "R1", "R2"]


def test_a_line_with_a_wide_gap_is_one_line():
    assert text([word("EXIT", 0, 0, 100, 40), word("12", 300, 3, 40, 40)]) == ["EXIT 12"]
    assert text(
        [word("a", 0, 0, 50, 20), word("b", 100, 0, 50, 20), word("c", 200, 0, 50, 20)]
    ) == ["a b c"]


def test_a_wide_gap_within_a_paragraph():
    words = [
        word("first", 0, 0, 300, 20),
        word("left", 0, 30, 100, 20),
        word("right", 200, 30, 100, 20),
        word("last", 0, 60, 300, 20),
    ]
    assert text(words) == ["first", "left right", "last"]


def test_a_wide_gap_within_a_narrowly_set_paragraph():
    """The line above the gap and the line below it are near, but not neighbours."""
    words = [
        word("first", 0, 0, 300, 20),
        word("left", 0, 23, 100, 20),
        word("right", 200, 23, 100, 20),
        word("last", 0, 46, 300, 20),
    ]
    assert text(words) == ["first", "left right", "last"]


def test_interlocked_blocks_are_read_from_the_top():
    """Like the sails of a windmill: no straight cut is free."""
    left = [word("A", 0, 0, 200, 30), *(word(f"D{r}", 0, 50 + r * 35, 80, 20) for r in range(5))]
    right = [word(f"B{r}", 220, -10 + r * 35, 80, 20) for r in range(5)]
    right.append(word("C", 100, 170, 200, 30))
    lines = ["B0", "B1", "B2", "B3", "B4", "C", "A", "D0", "D1", "D2", "D3", "D4"]
    assert text([*left, *right]) == lines


def test_far_apart_on_one_level_are_two_lines():
    assert text([word("a", 0, 0, 50, 20), word("b", 500, 0, 50, 20)]) == ["a", "b"]


def test_a_big_word_and_small_ones_under_it():
    words = [
        word("BIG", 0, 0, 300, 100),
        word("small", 10, 110, 60, 20),
        word("words", 80, 111, 60, 20),
        word("under", 150, 112, 60, 20),
    ]
    assert text(words) == ["BIG", "small words under"]


def test_a_big_word_and_two_small_lines_beside_it():
    words = [
        word("24", 0, 0, 100, 100),
        word("hours", 110, 8, 60, 30),
        word("open", 110, 62, 60, 30),
    ]
    assert text(words) == ["24", "hours", "open"]


def test_neighbours_in_a_line_have_one_direction():
    """The second word runs down, and lies ahead half-way between the two directions."""
    down = word("b", 40, 40, 40, 20)
    down = replace(down, quad=np.array([[70, 30], [70, 70], [50, 70], [50, 30]], np.float32))
    assert text([word("a", 0, 0, 40, 20), down]) == ["a", "b"]


def test_a_heading_over_a_word_that_runs_down_and_level_lines():
    level = [word(f"{r}", 60, 40 + r * 30, 200, 20) for r in range(4)]
    down = replace(
        level[0], text="DOWN", quad=np.array([[30, 40], [30, 150], [5, 150], [5, 40]], np.float32)
    )
    heading = word("HEADING", 0, 0, 260, 25)
    assert text([heading, down, *level]) == ["HEADING", "DOWN", "0", "1", "2", "3"]


def test_a_heading_may_overlap_its_columns_a_little():
    left = [word(f"L{r}", 0, 29 + r * 30, 150, 20) for r in range(3)]
    right = [word(f"R{r}", 250, 26 + r * 30, 150, 20) for r in range(3)]
    lines = ["HEADING", "L0", "L1", "L2", "R0", "R1", "R2"]
    assert text([word("HEADING", 0, 0, 400, 30), *left, *right]) == lines


def test_far_below_is_after_what_stands_between():
    words = [
        word("top", 0, 0, 100, 20),
        word("end", 0, 150, 100, 20),
        word("mid", 300, 75, 100, 20),
    ]
    assert text(words) == ["top", "mid", "end"]


def test_short_blocks_beside_a_long_one():
    left = [word("L0", 0, 0, 100, 20), word("L1", 0, 200, 100, 20)]
    right = [word(f"R{r}", 300, r * 30 - 6, 100, 20) for r in range(9)]
    assert text([*left, *right]) == ["L0", "L1", *(f"R{r}" for r in range(9))]


def test_a_slanted_sign_over_level_text():
    """Its second line starts below its first, but higher than that one's middle."""
    sign = [word(f"s{w}", w * 60, w * 10, 50, 20) for w in range(10)]
    for w in sign:
        w.quad[[1, 2], 1] += np.float32(50 / 6)
    body = [word(f"{r}{w}", w * 60, 300 + r * 30, 50, 20) for r in range(4) for w in range(10)]
    lines = [" ".join(f"{r}{w}" for w in range(10)) for r in range(4)]
    under = word("under", 0, 28, 70, 20)
    assert text([*sign, *body, under]) == [" ".join(w.text for w in sign), "under", *lines]


def test_two_quads_of_one_word_share_its_line():
    words = [word("word", 0, 0, 100, 20), word("wor", 5, 0, 60, 20), word("next", 110, 0, 50, 20)]
    assert text(words) == ["wor word next"]


def test_a_word_that_runs_down_beside_level_ones():
    words = [word(f"{r}{w}", 60 + w * 50, r * 30, 40, 20) for r in range(3) for w in range(3)]
    down = replace(
        words[0], text="DOWN", quad=np.array([[30, 0], [30, 80], [5, 80], [5, 0]], np.float32)
    )
    assert text([*words, down]) == ["DOWN", "00 01 02", "10 11 12", "20 21 22"]


def test_an_upside_down_line_is_read_in_its_own_direction():
    level = [word("a", 0, 0, 60, 20), word("b", 70, 0, 60, 20), word("c", 140, 0, 60, 20)]
    over = [word("d", 70, 60, 60, 20), word("e", 0, 60, 60, 20)]
    over = [replace(w, quad=np.roll(w.quad, 2, axis=0)) for w in over]
    assert text([*level, *over]) == ["a b c", "d e"]


def test_words_round_a_circle_are_each_read_once():
    words = []
    for k in range(16):
        (w,) = turned([word(str(k), 170, 170, 60, 60)], k * 22.5)
        angle = math.radians(k * 22.5 - 90)
        words.append(
            replace(w, quad=w.quad + np.float32([160 * math.cos(angle), 160 * math.sin(angle)]))
        )
    assert sorted(" ".join(text(words)).split(), key=int) == [str(k) for k in range(16)]


def test_words_in_one_place_have_an_order_of_their_own():
    same = word("b", 5, 5, 20, 10)
    spans = tuple(Character("b", 1.0, (0.0, end)) for end in (0.5, 1.0))
    others = [
        replace(same, text="a"),
        replace(same, score=0.5),
        replace(same, confidence=0.5),
        replace(same, characters=spans[:1]),
        replace(same, characters=spans[1:]),
    ]
    assert len(text([same, *others])) == 6


def test_quads_without_area():
    assert sorted(text([word(t, 5, 5, 0, 0) for t in "abc"])) == ["a", "b", "c"]
    assert text([word("a", 0, 0, 0, 10), word("b", 0, 30, 10, 0)]) == ["a", "b"]


def mirrored(words, width=900):
    """The page in a mirror, with quads that start at the top left all the same."""
    flip = np.float32([-1, 1])
    return [replace(w, quad=(w.quad * flip + (width, 0))[[1, 0, 3, 2]]) for w in words]


def blocks(words, direction="ltr"):
    """The paragraphs of what is read, each the first words of its lines."""
    found = paragraphs(arrange(words, direction))
    return [" ".join(line[0].text for line in block) for block in found]


@pytest.mark.parametrize("degrees", ANGLES)
def test_from_right_to_left(degrees):
    words = turned(mirrored(grid(2, 3, 3, gutter=60)), degrees)
    assert text(words, "rtl") == [f"{c}{r}0 {c}{r}1 {c}{r}2" for c in range(2) for r in range(3)]


def test_words_that_run_right_keep_their_order_among_those_that_run_left():
    places = ["שלום", "New", "York", "12", "עולם"]  # as said; from the right
    left = {"שלום": 240, "New": 120, "York": 180, "12": 60, "עולם": 0}
    words = [word(t, left[t], 0, 50, 20) for t in places]
    assert text(words, "rtl") == ["שלום New York 12 עולם"]


@pytest.mark.parametrize("turn", [0, 1])
def test_downwards_in_columns_from_the_right(turn):
    """Whether quads start at the top left, or at the top right, as turned words have them."""
    words = [word(f"{c}{r}", 500 - c * 40, 10 + r * 90, 24, 80) for c in range(3) for r in range(4)]
    words = [replace(w, quad=np.roll(w.quad, -turn, axis=0)) for w in words]
    assert text(words, "ttb") == [" ".join(f"{c}{r}" for r in range(4)) for c in range(3)]


def test_an_unknown_direction():
    with pytest.raises(ConfigError, match="no direction 'rlt'; did you mean 'rtl'"):
        arrange([], "rlt")


@pytest.mark.parametrize("degrees", [0, 3, -4])
def test_a_newspaper(degrees):
    """A heading over three columns of ragged lines, of other lengths, and a footer."""
    rng = random.Random(5)
    words = [word("HEAD", 0, 0, 620, 40), word("foot", 0, 420, 620, 15)]
    for c, rows in enumerate([14, 11, 13]):
        for r in range(rows):
            x, end = c * 220, c * 220 + 180 - rng.randrange(40) * (r % 3 == 2)
            while x < end - 20:
                width = min(rng.randrange(20, 60), end - x)
                words.append(word(f"{c}.{r:02}", x, 60 + r * 25 + rng.randrange(2), width, 15))
                x += width + 7
    lines = text(turned(words, degrees))
    assert (lines[0], lines[-1]) == ("HEAD", "foot")
    assert [set(line.split()) for line in lines[1:-1]] == [
        {f"{c}.{r:02}"} for c, rows in enumerate([14, 11, 13]) for r in range(rows)
    ]


def test_no_paragraphs():
    assert paragraphs([]) == ()
    (line,) = arrange([word("a", 0, 0, 20, 10)])
    assert paragraphs([(), line, ()]) == ((line,),)


@pytest.mark.parametrize("degrees", ANGLES)
def test_paragraphs_with_a_heading_an_indent_and_a_gap(degrees):
    words = [word("H", 0, 0, 100, 40)]
    words += [word(f"a{r}", 0, 60 + r * 30, 300, 20) for r in range(3)]
    words += [word(f"b{r}", 20 * (r == 0), 150 + r * 30, 300 - 20 * (r == 0), 20) for r in range(3)]
    words += [word(f"c{r}", 0, 250 + r * 30, 300, 20) for r in range(2)]
    assert blocks(turned(words, degrees)) == ["H", "a0 a1 a2", "b0 b1 b2", "c0 c1"]


def test_centred_lines_are_one_paragraph():
    words = [word(f"{r}", i, r * 30, 300 - 2 * i, 20) for r, i in enumerate([0, 40, 20, 90])]
    assert blocks(words) == ["0 1 2 3"]


def test_columns_are_paragraphs_of_their_own():
    assert blocks(grid(2, 3, 3, gutter=60)) == ["000 010 020", "100 110 120"]
    assert blocks(mirrored(grid(2, 3, 3, gutter=60)), "rtl") == ["000 010 020", "100 110 120"]


def test_columns_that_run_down_are_one_paragraph():
    words = [word(f"{c}{r}", 500 - c * 40, r * 90, 24, 80) for c in range(3) for r in range(4)]
    assert blocks(words, "ttb") == ["00 10 20"]


def test_heights_of_letters_part_no_paragraph():
    """Tight quads of "ace", "High", "gap"."""
    words = [word("ace", 0, 4, 30, 10), word("High", 0, 24, 40, 16), word("gap", 0, 52, 30, 14)]
    assert blocks(words) == ["ace High gap"]


def test_signs_far_apart_are_paragraphs_of_their_own():
    words = [word("EXIT", 0, 0, 100, 40), word("far", 0, 200, 100, 40)]
    assert blocks(words) == ["EXIT", "far"]


coordinates = st.integers(0, 12)
quads = st.builds(
    lambda left, top, width, height, start: np.roll(
        word("", left * 20, top * 15, width * 15, height * 8).quad, start, axis=0
    ),
    *(coordinates, coordinates, st.integers(0, 5), st.integers(0, 3), st.integers(0, 3)),
)
pages = st.lists(
    st.builds(lambda quad, t: Word(t, 1.0, (), quad, 1.0), quads, st.sampled_from("ab")),
    max_size=12,
)


@given(pages, st.randoms(use_true_random=False))
def test_any_page_is_read_whole_and_in_any_order_alike(words, rng):
    shuffled = list(words)
    rng.shuffle(shuffled)
    said = [[(w.text, w.quad.tolist()) for w in line] for line in arrange(words)]
    assert said == [[(w.text, w.quad.tolist()) for w in line] for line in arrange(shuffled)]
    assert sorted(w.quad.tolist() for w in words) == sorted(q for line in said for _, q in line)
    assert all(arrange(words))  # no empty lines
    assert [line for block in paragraphs(arrange(words)) for line in block] == [*arrange(words)]


@given(pages, st.sampled_from(["rtl", "ttb"]))
def test_any_page_is_read_whole_in_any_direction(words, direction):
    lines = arrange(words, direction)
    said = sorted(w.quad.tolist() for line in lines for w in line)
    assert said == sorted(w.quad.tolist() for w in words)
    assert [line for block in paragraphs(lines) for line in block] == [*lines]


def test_moving_and_enlarging_a_page_changes_nothing():
    words = grid(2, 3, 3, gutter=50)
    moved = [replace(w, quad=w.quad * 7 + np.float32([1000, 3])) for w in words]
    assert text(moved) == text(words)


def test_a_thousand_words_take_little_time():
    words = grid(2, 50, 10, gutter=60)
    start = time.process_time()
    lines = arrange(words)
    assert time.process_time() - start < 2  # 0.15 s measured
    assert [len(line) for line in lines] == [10] * 100
