"""What users point at: folders, patterns, documents, and whatever of it is broken."""

import io
import sys
from pathlib import Path, PurePath

import numpy as np
import PIL.Image
import PIL.ImageDraw
import pypdf
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ocrkit import inputs
from ocrkit.errors import ConfigError, ImageError, MissingExtraError
from ocrkit.image import Picture, read_image
from ocrkit.inputs import Options, find, parse_ranges, pictures


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def page(level, size=(60, 40)):
    """A page of one grey with a black corner at its top left."""
    picture = PIL.Image.new("RGB", size, (level, level, level))
    picture.paste((0, 0, 0), (0, 0, size[0] // 2, size[1] // 2))
    return picture


def encoded(levels, kind, **options):
    """A file with a page of each grey."""
    first, *others = [page(level) for level in levels]
    data = io.BytesIO()
    more = {"save_all": True, "append_images": others} if others else {}
    first.save(data, kind, **more, **options)
    return data.getvalue()


def document(levels=(50, 150, 250), rotate=0, password=None):
    """A PDF of pages of 60 x 40 points."""
    content = io.BytesIO(encoded(levels, "PDF", resolution=72))
    writer = pypdf.PdfWriter(clone_from=content)
    for sheet in writer.pages:
        sheet.rotate(rotate)
    if password is not None:
        writer.encrypt(password)
    out = io.BytesIO()
    writer.write(out)
    return out.getvalue()


@pytest.fixture
def scan(tmp_path):
    """A PDF of three pages of 60 x 40 points, grey 50, 150 and 250."""
    path = tmp_path / "scan.pdf"
    path.write_bytes(document())
    return path


def names(documents, folder):
    return [Path(one.name).relative_to(folder).as_posix() for one in documents]


def test_a_folder_is_searched_through_and_through(tmp_path):
    touch(tmp_path, "b.jpg", "a/2.png", "a/1.PDF", "a/deep/x.heic", "c.tiff")
    touch(tmp_path, ".hidden.jpg", ".git/x.jpg", "a/.cache/x.png", "notes.txt", "z.jpg/inner.gif")
    found = find([tmp_path])
    expected = ["a/1.PDF", "a/2.png", "a/deep/x.heic", "b.jpg", "c.tiff", "z.jpg/inner.gif"]
    assert names(found, tmp_path) == expected
    places = [one.place.as_posix() for one in found]
    assert places == ["a/1", "a/2", "a/deep/x", "b", "c", "z.jpg/inner"]
    assert not any(one.problem for one in found)


def test_links_are_followed_but_no_folder_is_gone_through_twice(tmp_path):
    touch(tmp_path, "in/a.jpg", "else/b.jpg")
    try:
        (tmp_path / "in" / "loop").symlink_to(tmp_path / "in")
        (tmp_path / "in" / "far").symlink_to(tmp_path / "else")
        (tmp_path / "in" / "far2").symlink_to(tmp_path / "else")
        (tmp_path / "in" / "broken.jpg").symlink_to(tmp_path / "nowhere")
    except OSError:
        pytest.skip("this system allows no links")
    assert names(find([tmp_path / "in"]), tmp_path / "in") == ["a.jpg", "far/b.jpg"]


def test_each_file_is_found_once_and_where_it_was_named_first(tmp_path):
    touch(tmp_path, "a.jpg", "b.jpg", "c.jpg")
    found = find([tmp_path / "b.jpg", tmp_path, str(tmp_path / "a.jpg"), f"{tmp_path}/*.jpg"])
    assert names(found, tmp_path) == ["b.jpg", "a.jpg", "c.jpg"]


def test_what_is_not_there_is_said_in_its_place(tmp_path, monkeypatch):
    touch(tmp_path, "a.jpg", "notes/x.txt", "closed/b.jpg")
    found = find([tmp_path / "no.jpg", tmp_path / "a.jpg", tmp_path / "notes", f"{tmp_path}/*.q"])
    problems = [str(one.problem) for one in found]
    assert problems[0].endswith("no.jpg: no such file")
    assert problems[1] == "None"
    assert "notes: no pictures in this folder; they end in .avif" in problems[2]
    assert problems[3].endswith("*.q: no file matches this pattern")
    listed = Path.iterdir

    def iterdir(self):
        if self.name == "closed":
            raise PermissionError(13, "Permission denied")
        return listed(self)

    monkeypatch.setattr(Path, "iterdir", iterdir)
    good, closed = find([tmp_path])
    assert (Path(good.name).name, good.problem) == ("a.jpg", None)
    assert str(closed.problem) == f"{tmp_path / 'closed'}: cannot be opened: Permission denied"


def test_pages_of_pdf_are_drawn_as_they_are_displayed(scan):
    found = find([scan])[0].pictures(Options(dpi=144))
    assert [picture.name for picture in found] == [f"{scan}, page {n}" for n in (1, 2, 3)]
    assert {(p.document, p.pages, p.dpi) for p in found} == {(str(scan), 3, 144)}
    for picture, level in reversed(list(zip(found, (50, 150, 250), strict=True))):
        image = picture.load()
        assert (image.shape, image.dtype) == ((80, 120, 3), np.uint8)
        np.testing.assert_allclose(image[60, 100], level, atol=3)
        np.testing.assert_allclose(image[10, 10], 0, atol=3)


def test_the_colours_of_pdf_are_in_their_order(tmp_path):
    PIL.Image.new("RGB", (60, 40), (200, 100, 50)).save(tmp_path / "a.pdf", resolution=72)
    (picture,) = pictures(tmp_path / "a.pdf", dpi=72)
    np.testing.assert_allclose(picture.load()[20, 30], [200, 100, 50], atol=3)


def test_a_rotated_page_is_drawn_rotated(tmp_path):
    (tmp_path / "a.pdf").write_bytes(document([200], rotate=90))
    (picture,) = pictures(tmp_path / "a.pdf", dpi=72)
    assert picture.name == str(tmp_path / "a.pdf")  # one page needs no number
    image = picture.load()
    assert image.shape == (60, 40, 3)
    assert (image[15, 30] < 9).all()  # the top left corner is at the top right
    assert (image[15, 10] > 190).all()


def test_a_page_too_large_is_refused_before_it_is_drawn(scan):
    first = next(pictures(scan, dpi=720))
    assert first.load(600 * 400).shape == (400, 600, 3)
    with pytest.raises(ImageError, match=r"scan\.pdf, page 1 at 720 dpi: 600 x 400 px .* above"):
        first.load(600 * 400 - 1)


def test_pages_can_be_chosen(scan):
    assert [picture.number for picture in pictures(scan, pages="3-,1")] == [1, 3]
    (picture,) = pictures(scan, pages="7,12-")
    with pytest.raises(ImageError, match=r"has 3 pages, none of which is in 7,12-$"):
        picture.load()


def test_encrypted_and_damaged_documents_say_so(tmp_path):
    path = tmp_path / "a.pdf"
    path.write_bytes(document(password="secret"))
    (picture,) = pictures(path)
    with pytest.raises(ImageError, match=r"a\.pdf: is an encrypted PDF document; save it without"):
        picture.load()
    path.write_bytes(document()[:300])
    (picture,) = pictures(path)
    with pytest.raises(ImageError, match=r"a\.pdf: is a damaged PDF document: ") as caught:
        picture.load()
    assert "\n" not in str(caught.value)


def test_a_pdf_that_needs_no_password_to_be_read_is_read(tmp_path):
    (tmp_path / "a.pdf").write_bytes(document(password=""))
    assert len(list(pictures(tmp_path / "a.pdf"))) == 3


def test_pdf_goes_by_its_content_and_not_by_its_name(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"\n\n" + document([9]))
    (tmp_path / "b.pdf").write_bytes(encoded([77], "PNG"))
    first, second = pictures(tmp_path, dpi=72)
    assert first.load().shape == second.load().shape == (40, 60, 3)
    with pytest.raises(ImageError, match=r"a\.jpg: is a PDF document.*inputs\.pictures"):
        read_image(tmp_path / "a.jpg")


def test_pages_of_tiff(tmp_path):
    path = tmp_path / "fax.tif"
    path.write_bytes(encoded([10, 20, 30], "TIFF", dpi=(204, 196)))
    found = list(pictures(path))
    assert [(p.number, p.pages, p.dpi) for p in found] == [(1, 3, 204), (2, 3, 204), (3, 3, 204)]
    assert [int(p.load()[-1, -1, 0]) for p in found] == [10, 20, 30]
    assert [p.number for p in pictures(path, pages="2")] == [2]


def test_thumbnails_in_tiff_are_no_pages(tmp_path):
    thumbnail = page(9)
    thumbnail.encoderinfo = {"tiffinfo": {254: 1}}
    path = tmp_path / "a.tif"
    page(10).save(path, save_all=True, append_images=[thumbnail, page(30)])
    assert [int(p.load()[-1, -1, 0]) for p in pictures(path)] == [10, 30]


def test_a_tiff_that_is_damaged_after_its_first_page(tmp_path):
    content = encoded([10, 20, 30], "TIFF")
    (tmp_path / "a.tif").write_bytes(content[: len(content) // 2])
    first, *rest = pictures(tmp_path / "a.tif")
    assert (first.load()[-1, -1] == 10).all()
    assert rest
    with pytest.raises(ImageError, match=r"a\.tif: "):
        rest[-1].load()


@pytest.mark.filterwarnings("error")
def test_photographs_are_one_picture_whatever_pages_are_wanted(tmp_path, caplog):
    (tmp_path / "a.jpg").write_bytes(encoded([77], "JPEG", dpi=(300, 300)))
    (tmp_path / "b.gif").write_bytes(encoded([10, 20], "GIF"))
    (tmp_path / "c.tif").write_bytes(encoded([10], "TIFF"))
    found = list(pictures(tmp_path, pages="5"))
    assert [(p.number, p.pages, p.dpi) for p in found] == [
        (1, 1, pytest.approx(300)),
        (1, 1, None),
        (1, 1, None),
    ]
    assert [p.name for p in found] == [str(tmp_path / name) for name in ("a.jpg", "b.gif", "c.tif")]
    assert (found[1].load()[-1, -1] == 10).all()
    assert "b.gif: has several frames; only the first is read" in caplog.text


def test_pictures_wait_for_their_turn(tmp_path):
    (tmp_path / "a.jpg").write_bytes(encoded([77], "JPEG"))
    waiting = pictures([tmp_path / "no.jpg", tmp_path / "a.jpg"])
    missing, found = waiting
    assert missing.name == str(tmp_path / "no.jpg")
    with pytest.raises(ImageError, match=r"no\.jpg: no such file"):
        read_image(missing)
    (tmp_path / "a.jpg").write_bytes(encoded([177], "JPEG"))
    assert read_image(found)[-1, -1, 0] == pytest.approx(177, abs=2)
    assert isinstance(found, Picture)


def test_a_document_of_many_pages_is_not_in_memory(tmp_path, monkeypatch):
    (tmp_path / "a.pdf").write_bytes(document([9] * 40))
    drawn = []
    draw = inputs._pdf.draw_page
    monkeypatch.setattr(inputs._pdf, "draw_page", lambda *a: drawn.append(a[3]) or draw(*a))
    found = pictures(tmp_path / "a.pdf", dpi=72)
    first = next(found)
    assert (first.pages, drawn) == (40, [])
    first.load()
    assert drawn == [1]


class Stdin:
    """What is piped in."""

    def __init__(self, content, terminal=False):
        self.buffer = io.BytesIO(content)
        self.isatty = lambda: terminal


def test_standard_input(monkeypatch):
    monkeypatch.setattr(sys, "stdin", Stdin(encoded([77], "PNG")))
    (picture,) = pictures("-")
    assert (picture.name, picture.load()[-1, -1, 0]) == ("standard input", 77)
    monkeypatch.setattr(sys, "stdin", Stdin(document()))
    assert [p.name for p in pictures(["-"])][2] == "standard input, page 3"
    assert find(["-"])[0].place == PurePath("stdin")
    for content, terminal, message in (
        (b"", False, "standard input: is empty"),
        (b"", True, "standard input: is a terminal; pipe"),
        (b"x" * 10, False, "standard input: is larger than"),
    ):
        monkeypatch.setattr(sys, "stdin", Stdin(content, terminal))
        monkeypatch.setattr(inputs._web, "MAX_BYTES", 9)
        (picture,) = pictures("-")
        with pytest.raises(ImageError, match=message):
            picture.load()


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("1-3,7", [1, 2, 3, 7]),
        ("5", [5]),
        (" 2 , 4-", [2, 4, 5, 6, 7, 8]),
        ("8-8,1", [1, 8]),
        ("2-3,3-4", [2, 3, 4]),
    ],
)
def test_ranges(text, wanted):
    ranges = parse_ranges(text)
    assert [number for number in range(1, 9) if number in ranges] == wanted


@pytest.mark.parametrize(
    "text", ["", "0", "3-1", "-3", "1,,2", "a", "1.5", "0-3", "1--2", "²", "9" * 20]
)
def test_ranges_that_are_none(text):
    with pytest.raises(ConfigError, match=r"expected numbers from 1 and ranges, as in 1-3,7,12-$"):
        parse_ranges(text)


def test_dpi_that_is_none(scan):
    for dpi in (0, -1, float("nan"), float("inf")):
        with pytest.raises(ConfigError, match="expected a number above 0"):
            pictures(scan, dpi=dpi)


@pytest.mark.parametrize(
    ("package", "name", "content", "extra"),
    [
        ("pypdfium2", "a.pdf", document(), "PDF needs an extra: pip install 'ocrkit[pdf]'"),
        (
            "httpx",
            "http://example.org/a.png",
            b"",
            "the web needs an extra: pip install 'ocrkit[web]'",
        ),
    ],
)
def test_missing_extras_are_named_and_the_rest_is_read(
    tmp_path, monkeypatch, package, name, content, extra
):
    monkeypatch.setitem(sys.modules, package, None)
    if content:
        name = tmp_path / name
        name.write_bytes(content)
    (picture,) = pictures(name)
    with pytest.raises(MissingExtraError) as caught:
        picture.load()
    assert isinstance(caught.value, ImageError)
    assert str(caught.value) == f"{name}: reading {'from ' * ('web' in extra)}{extra}"


# Whatever bytes come: a picture, or one sentence that says why not.

PIL.Image.init()
SEEDS = {
    kind: encoded([40, 200] if kind in ("TIFF", "GIF") else [40], kind)
    for kind in ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP", "PPM", "PDF", "AVIF", "JPEG2000")
    if kind in PIL.Image.SAVE  # Pillow may be built without some
}


@st.composite
def damaged(draw):
    """The bytes of a picture or document, with some cut, changed or put in."""
    content = bytearray(SEEDS[draw(st.sampled_from(sorted(SEEDS)))])
    for _ in range(draw(st.integers(0, 4))):
        content[draw(st.integers(0, len(content) - 1))] = draw(st.integers(0, 255))
    if draw(st.booleans()):
        place = draw(st.integers(0, len(content)))
        content[place:place] = draw(st.binary(max_size=9))
    if draw(st.booleans()):
        del content[draw(st.integers(1, len(content) - 1)) :]
    return bytes(content)


@pytest.mark.filterwarnings("ignore")
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(damaged())
def test_damaged_files_are_pictures_or_errors(tmp_path, content):
    path = tmp_path / "damaged"
    path.write_bytes(content)
    for source in (content, path, *pictures(path, dpi=36)):
        try:
            image = read_image(source, max_pixels=1_000_000)
        except ImageError as error:
            assert "\n" not in str(error)  # noqa: PT017 (a picture is as good)
        else:
            assert image.dtype == np.uint8
            assert image.ndim == image.shape[2] == 3
            assert image.size
