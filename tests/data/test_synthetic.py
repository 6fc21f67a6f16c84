"""Synthetic samples on their way into a writer."""

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from ocrkit import data
from ocrkit.data.synthetic import TABLE, CropsWriter, Drawn, draw, scenes
from ocrkit.data.writers import encode
from ocrkit.errors import DataError, OutputError
from ocrkit.synth.corpus import Corpus
from ocrkit.synth.style import SceneStyle

LABEL = data.Labels.of_crop


def picture(number: int) -> bytes:
    return encode(np.full((2, 3, 3), number, np.uint8))


def counted(asked: list[int]) -> Callable[[int], Drawn]:
    """Remembers what it was asked to draw."""

    def draw_one(number: int) -> Drawn:
        asked.append(number)
        return Drawn(picture(number), LABEL(f"word {number}"))

    return draw_one


def written(path: Path) -> list[tuple[str, str | None, int]]:
    dataset = data.build({"name": "crops", "table": path / TABLE})
    return [
        (dataset.name(i), dataset[i].texts[0], int(dataset[i].image[0, 0, 0]))
        for i in range(len(dataset))
    ]


def test_samples_are_written_in_order_and_given_back(tmp_path: Path) -> None:
    with CropsWriter(tmp_path / "a", "one") as writer:
        results = draw(partial(counted, []), "p/{:02d}.png", 3, writer)
        first = next(results)
        # It is written, and safe from a kill, before it is given.
        assert len(writer) == 1
        assert (tmp_path / "a.part" / TABLE).read_text() == "p/00.png\tword 0\n"
        assert [first.labels.texts, *(r.labels.texts for r in results)] == [
            (f"word {i}",) for i in range(3)
        ]
    assert written(tmp_path / "a") == [(f"p/0{i}.png", f"word {i}", i) for i in range(3)]


def test_what_is_written_is_not_drawn_again_unless_it_is_shown(tmp_path: Path) -> None:
    asked: list[int] = []
    with suppress(ZeroDivisionError), CropsWriter(tmp_path / "a", "one") as writer:
        results = draw(partial(counted, []), "{}.png", 6, writer)
        for _ in range(3):
            next(results)
        raise ZeroDivisionError
    with CropsWriter(tmp_path / "a", "one") as writer:
        assert len(writer) == 3
        results = draw(partial(counted, asked), "{}.png", 6, writer, shown=2)
        assert len(list(results)) == 5
    assert asked == [0, 1, 3, 4, 5]
    assert written(tmp_path / "a") == [(f"{i}.png", f"word {i}", i) for i in range(6)]


def test_without_a_writer_all_is_drawn() -> None:
    asked: list[int] = []
    drawn = list(draw(partial(counted, asked), "{}", 3, shown=9))
    assert asked == [0, 1, 2]
    sample = drawn[2].sample
    assert sample.image.tolist() == [[[2, 2, 2]] * 3] * 2
    assert sample.quads.tolist() == [[[0, 0], [3, 0], [3, 2], [0, 2]]]
    assert sample.texts == ("word 2",)
    assert sample.ignored.tolist() == [False]


@pytest.mark.parametrize("torn", [b"", b"b.png", b"b.png\tsec", b"b.png\tanother, which is longer"])
def test_a_row_that_a_kill_has_cut_is_written_again(tmp_path: Path, torn: bytes) -> None:
    with suppress(ZeroDivisionError), CropsWriter(tmp_path / "a", "one") as writer:
        writer.add("a.png", picture(1), LABEL("first, with ü"))
        raise ZeroDivisionError
    assert not (tmp_path / "a").exists()
    with (tmp_path / "a.part" / TABLE).open("ab") as table:
        table.write(torn)
    with CropsWriter(tmp_path / "a", "one") as writer:
        assert "a.png" in writer
        assert "b.png" not in writer
        writer.add("b.png", picture(2), LABEL("second"))
    assert written(tmp_path / "a") == [("a.png", "first, with ü", 1), ("b.png", "second", 2)]


@pytest.mark.parametrize(
    ("name", "labels"),
    [
        ("a.png", LABEL(None)),
        ("a.png", LABEL("two\nlines")),
        ("a.png", LABEL("end\r")),
        ("a\tb.png", LABEL("word")),
        ("a.png", data.Labels((None,), ("word",), np.ones(1, bool))),
        ("a.png", data.Labels((), (), np.zeros(0, bool))),
    ],
)
def test_what_a_table_cannot_say_is_refused(tmp_path: Path, name: str, labels: data.Labels) -> None:
    with CropsWriter(tmp_path / "a", "one") as writer:
        with pytest.raises(DataError, match="a table holds single words"):
            writer.add(name, picture(1), labels)
        writer.add("b.png", picture(2), LABEL("word"))
        with pytest.raises(DataError, match="written already"):
            writer.add("b.png", picture(2), LABEL("word"))
    assert written(tmp_path / "a") == [("b.png", "word", 2)]


def test_a_damaged_table_is_not_taken_up(tmp_path: Path) -> None:
    with suppress(ZeroDivisionError), CropsWriter(tmp_path / "a", "one"):
        raise ZeroDivisionError
    (tmp_path / "a.part" / TABLE).write_bytes(b"\xff\tword\n")
    with pytest.raises(OutputError, match="is damaged; remove"):
        CropsWriter(tmp_path / "a", "one")


def test_a_word_that_reads_as_the_mark_for_ignored_ones_is_ignored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Corpus, "sample", lambda self, rng: "###")
    fonts = [Path(mpl.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"]
    style = SceneStyle(*[0.0] * len(SceneStyle._fields))
    for detailed in (False, True):
        labels = scenes(0, fonts, None, style, (200, 300), detailed)(0).labels
        marks = [
            ignored for t, ignored in zip(labels.texts, labels.ignored, strict=True) if t == "###"
        ]
        assert marks
        assert all(marks) != detailed
