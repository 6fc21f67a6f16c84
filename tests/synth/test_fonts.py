import itertools
import os
import shutil
from pathlib import Path

import pytest
from fontTools.ttLib import TTFont

from ocrkit.errors import DataError
from ocrkit.synth import fonts as fonts_module


@pytest.fixture
def folder(font_folder: Path, tmp_path: Path) -> Path:
    """One face that draws all of ASCII, and one of mathematical symbols that does not."""
    for name in ("DejaVuSans.ttf", "cmsy10.ttf"):
        shutil.copy(font_folder / name, tmp_path / name)
    return tmp_path


def test_faces_that_lack_characters_are_left_out(folder: Path) -> None:
    assert fonts_module.find_fonts([folder]) == [folder / "DejaVuSans.ttf"]


def test_what_a_face_must_draw_can_be_chosen(folder: Path) -> None:
    assert fonts_module.find_fonts([folder], characters="é") == [folder / "DejaVuSans.ttf"]
    with pytest.raises(DataError, match="no usable font"):
        fonts_module.find_fonts([folder], characters="鳥")


def test_faces_that_put_other_things_in_their_place_are_left_out(fonts: list[Path]) -> None:
    names = {path.stem for path in fonts}
    assert {"DejaVuSans", "DejaVuSansMono", "DejaVuSerif", "STIXGeneral", "cmtt10"} <= names
    # Symbols; letters with a TeX encoding, in which the bar is a dash.
    assert not names & {"cmsy10", "cmex10", "cmmi10", "cmr10", "STIXSizOneSymReg"}


def test_text_in_a_face_of_capitals_is_in_capitals(
    sans: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert fonts_module.as_drawn("Hi, you", sans) == "Hi, you"
    real = fonts_module._ink
    monkeypatch.setattr(fonts_module, "_ink", lambda face, c: real(face, c.upper()))
    fonts_module._has_capitals_only.cache_clear()
    assert fonts_module.as_drawn("Hi, you", sans) == "HI, YOU"
    fonts_module._has_capitals_only.cache_clear()


def test_files_that_are_no_fonts_are_left_out(folder: Path) -> None:
    (folder / "broken.ttf").write_bytes(b"not a font")
    (folder / "notes.txt").write_text("no font either")
    assert fonts_module.find_fonts([folder]) == [folder / "DejaVuSans.ttf"]


def test_no_font_says_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"matplotlib|install_fonts") as caught:
        fonts_module.find_fonts([tmp_path])
    assert str(tmp_path) in str(caught.value)


def test_faces_are_probed_once(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = fonts_module.find_fonts([folder])
    monkeypatch.setattr(
        fonts_module, "_draws", lambda path, characters: pytest.fail(f"probed {path}")
    )
    assert fonts_module.find_fonts([folder]) == first


def test_a_face_that_changed_is_probed_again(folder: Path) -> None:
    face = folder / "DejaVuSans.ttf"
    fonts_module.find_fonts([folder])
    face.write_bytes(b"no longer a font")
    os.utime(face, (1, 1))
    with pytest.raises(DataError):
        fonts_module.find_fonts([folder])


@pytest.mark.parametrize("content", ["", "[1]", '{"a": ', '{"a": 3}'])
def test_a_damaged_cache_is_no_obstacle(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, content: str
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    (tmp_path / "ocrkit").mkdir()
    (tmp_path / "ocrkit" / "fonts.json").write_text(content)
    assert fonts_module.find_fonts([folder]) == [folder / "DejaVuSans.ttf"]


def test_a_cache_that_cannot_be_written_is_no_obstacle(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("a file where a folder would have to be")
    monkeypatch.setenv("XDG_CACHE_HOME", str(blocked))
    assert fonts_module.find_fonts([folder]) == [folder / "DejaVuSans.ttf"]


def test_faces_know_what_they_can_draw(sans: str, font_folder: Path) -> None:
    assert fonts_module.can_draw("Ça va été", sans)
    assert not fonts_module.can_draw("a鳥", sans)
    assert not fonts_module.can_draw("\u200b", sans)  # a glyph without ink
    assert not fonts_module.can_draw("é", str(font_folder / "cmtt10.ttf"))
    assert fonts_module.can_draw(" ", sans)


def test_a_face_is_found_for_a_text(sans: str, font_folder: Path) -> None:
    plain = str(font_folder / "cmtt10.ttf")
    assert fonts_module.face_for("e", [plain, sans]) == plain
    assert fonts_module.face_for("é", [plain, sans]) == sans
    assert fonts_module.face_for("鳥", [plain, sans]) is None
    assert fonts_module.face_for("鳥", itertools.repeat(sans)) is None
    assert fonts_module.face_for("é", [plain, plain, sans], most=2) is None
    taken = iter([sans, plain])
    fonts_module.face_for("e", taken)
    assert next(taken) == plain  # no more were taken than were needed


def test_a_face_of_capitals_must_have_the_capital(
    sans: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fonts_module, "_has_capitals_only", lambda path: True)
    monkeypatch.setattr(fonts_module, "_has_glyph", lambda path, c: c != "É")
    assert fonts_module.face_for("é", [sans]) is None
    assert fonts_module.as_drawn("Maß", sans) == "MAß"  # one character stays one


def test_of_many_characters_some_are_tried_from_all_their_length(folder: Path) -> None:
    drawn = "".join(chr(c) for c in range(0x391, 0x450) if chr(c).isalpha()) + "a" * 400
    found = fonts_module.find_fonts([folder], characters=drawn)
    assert found == [folder / "DejaVuSans.ttf"]
    with pytest.raises(DataError, match="no usable font"):
        fonts_module.find_fonts([folder], characters=drawn + "鳥" * 20)
    assert len(fonts_module._tried("ab" * 3000)) == 128
    assert fonts_module._tried("ab" * 100) == "ab" * 100


def test_faces_whose_capitals_are_alike_are_left_out(folder: Path, tmp_path: Path) -> None:
    face = TTFont(folder / "DejaVuSans.ttf")
    for table in face["cmap"].tables:
        table.cmap[ord("K")] = table.cmap[ord("H")]
    face.save(tmp_path / "alike.ttf")
    assert fonts_module.find_fonts([folder]) == [folder / "DejaVuSans.ttf"]
