"""Every way in and out of a picture, and every way it can fail in one clear sentence."""

import io
import logging
import struct
import subprocess
import sys
import threading
import warnings
import zlib
from pathlib import Path

import numpy as np
import PIL.Image
import PIL.ImageOps
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from ocrkit.errors import ImageError, MissingDecoderError, MissingExtraError, OutputError
from ocrkit.image import (
    find_images,
    read_image,
    resize_to_long_side,
    write_bytes,
    write_image,
    write_text,
)

RED, GREEN, BLUE, WHITE = (255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255)


def noise(height=20, width=30):
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def encoded(picture, kind, **options):
    data = io.BytesIO()
    picture.save(data, kind, **options)
    return data.getvalue()


def chunk(name, data):
    return struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))


def png_header(width, height):
    """A PNG that says how large it is, and no more."""
    size = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", size) + chunk(b"IDAT", zlib.compress(b"\0" * 99))


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM", "WEBP"])
def test_lossless_formats_come_back_exactly(tmp_path, kind):
    path = tmp_path / "picture"
    options = {"lossless": True} if kind == "WEBP" else {}
    path.write_bytes(encoded(PIL.Image.fromarray(noise()), kind, **options))
    for source in (path, str(path), path.read_bytes(), PIL.Image.open(path)):
        found = read_image(source)
        np.testing.assert_array_equal(found, noise())
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
        assert found.flags.writeable


def test_jpeg_is_rgb_in_this_order():
    data = encoded(PIL.Image.new("RGB", (16, 8), (200, 100, 50)), "JPEG", quality=95)
    assert read_image(data).shape == (8, 16, 3)
    np.testing.assert_allclose(read_image(data)[4, 4], [200, 100, 50], atol=3)


def test_an_array_is_returned_as_it_is():
    np.testing.assert_array_equal(read_image(noise()), noise())
    flipped = read_image(noise()[:, ::-1])
    np.testing.assert_array_equal(flipped, noise()[:, ::-1])
    assert flipped.flags.c_contiguous


@pytest.mark.parametrize(
    ("array", "came"),
    [
        (np.zeros((4, 5), np.uint8), r"got \(4, 5\) of uint8"),
        (np.zeros((4, 5, 4), np.uint8), r"got \(4, 5, 4\) of uint8"),
        (np.zeros((4, 5, 3), np.float32), r"got \(4, 5, 3\) of float32"),
        (np.zeros((0, 5, 3), np.uint8), r"has no pixels \(5 x 0\)"),
    ],
)
def test_a_wrong_array_is_told_what_came(array, came):
    with pytest.raises(ImageError, match=f"^array: .*{came}$"):
        read_image(array)


def test_blue_green_red_is_turned_if_said():
    np.testing.assert_array_equal(read_image(noise()[..., ::-1], bgr=True), noise())
    assert read_image(noise(), bgr=True).flags.c_contiguous
    with pytest.raises(ImageError, match=r"bgr is for arrays; a source of type bytes knows"):
        read_image(b"", bgr=True)


def test_tensors_have_their_channels_first():
    tensor = torch.from_numpy(noise().transpose(2, 0, 1).copy())
    for source in (tensor, tensor / 255, (tensor / 255).double(), torch.nn.Parameter(tensor / 255)):
        found = read_image(source)
        np.testing.assert_array_equal(found, noise())
        assert found.dtype == np.uint8
        assert found.flags.c_contiguous
    half = read_image((tensor / 255).bfloat16()).astype(int)
    np.testing.assert_allclose(half, noise(), atol=1)


@pytest.mark.parametrize(
    ("tensor", "message"),
    [
        (torch.zeros(4, 5, 3), r"expected shape \(3, height, width\), RGB; got \(4, 5, 3\)$"),
        (torch.zeros(1, 3, 4, 5), r"got \(1, 3, 4, 5\)$"),
        (torch.zeros(3, 4, 5, dtype=torch.int64), r"floats in \[0, 1\]; got torch\.int64$"),
        (torch.full((3, 4, 5), -0.5), r"got -0\.5 to -0\.5; undo the normalisation"),
        (torch.full((3, 4, 5), 255.0), r"got 255 to 255; undo"),
        (torch.full((3, 4, 5), float("nan")), r"got nan to nan"),
        (torch.zeros(3, 0, 5), r"has no pixels"),
    ],
)
def test_a_wrong_tensor_is_told_what_came(tensor, message):
    with pytest.raises(ImageError, match=message):
        read_image(tensor)


def test_the_limit_holds_for_tensors():
    with pytest.raises(ImageError, match="5 x 4 px"):
        read_image(torch.zeros(3, 4, 5), max_pixels=19)


def test_open_files(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(b"skip" + encoded(PIL.Image.fromarray(noise()), "PNG"))
    with path.open("rb") as file:
        file.read(4)
        np.testing.assert_array_equal(read_image(file), noise())
    with pytest.raises(ImageError, match=r"a\.png: cannot be opened: read of closed file"):
        read_image(file)
    with path.open(encoding="latin-1") as file, pytest.raises(ImageError, match="mode 'rb'"):
        read_image(file)
    with pytest.raises(ImageError, match=r"open file: is empty"):
        read_image(io.BytesIO())


def heic(picture, **options):
    pillow_heif = pytest.importorskip("pillow_heif")
    data = io.BytesIO()
    pillow_heif.from_pillow(picture).save(data, quality=-1, **options)
    return data.getvalue()


def test_heic():
    picture = PIL.Image.new("RGB", (32, 16), (200, 100, 50))
    picture.paste((0, 0, 255), (0, 0, 16, 8))
    found = read_image(heic(picture))
    assert found.shape == (16, 32, 3)
    np.testing.assert_allclose(found[12, 24], (200, 100, 50), atol=4)
    np.testing.assert_allclose(found[4, 8], (0, 0, 255), atol=4)
    with pytest.raises(ImageError):
        read_image(heic(picture)[:-200])


def test_heic_is_turned_once():
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    picture = PIL.Image.new("RGB", (32, 16), WHITE)
    picture.paste(RED, (0, 0, 16, 8))
    found = read_image(heic(picture, exif=exif.tobytes()))
    assert found.shape == (32, 16, 3)
    np.testing.assert_allclose(found[4, 12], RED, atol=4)  # the top left comes to the top right


def test_heic_without_its_extra(monkeypatch):
    data = heic(PIL.Image.new("RGB", (32, 16)))
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(MissingDecoderError) as caught:
        read_image(data)
    message = "picture in memory: reading HEIC needs an extra: pip install 'ocrkit[heic]'"
    assert str(caught.value) == message
    assert isinstance(caught.value, ImageError)
    assert isinstance(caught.value, MissingExtraError)


def test_reading_pictures_imports_no_torch():
    code = "import sys, ocrkit.inputs, ocrkit.image; print({'torch', 'httpx'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"


def test_a_wrong_type_is_told_what_came():
    with pytest.raises(ImageError, match=r"^picture: expected a path, .* got NoneType$"):
        read_image(None)


def test_missing_file(tmp_path):
    with pytest.raises(ImageError, match=r"absent\.jpg: no such file$"):
        read_image(tmp_path / "absent.jpg")


def test_folder_instead_of_a_file(tmp_path):
    with pytest.raises(ImageError, match=r"is a folder, not a picture$"):
        read_image(tmp_path)


def test_path_that_no_system_takes():
    with pytest.raises(ImageError, match=r"cannot be opened: .*null"):
        read_image("a\0b.jpg")


def test_file_that_may_not_be_read(tmp_path, monkeypatch):
    path = tmp_path / "secret.png"
    path.write_bytes(encoded(PIL.Image.fromarray(noise()), "PNG"))

    def refuse(self, *_):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ImageError, match=r"secret\.png: cannot be opened: Permission denied$"):
        read_image(path)


def test_empty_file(tmp_path):
    path = tmp_path / "empty.png"
    path.touch()
    with pytest.raises(ImageError, match=r"empty\.png: is empty \(0 bytes\)$"):
        read_image(path)
    with pytest.raises(ImageError, match=r"^picture in memory: is empty"):
        read_image(b"")


def test_file_that_is_no_picture(tmp_path):
    path = tmp_path / "notes.jpg"
    path.write_text("some notes")
    with pytest.raises(ImageError, match=r"notes\.jpg: cannot be read as a picture \(AVIF, BMP,"):
        read_image(path)


def test_formats_that_start_other_programs_are_not_read():
    data = encoded(PIL.Image.new("RGB", (8, 8)), "EPS")
    with pytest.raises(ImageError, match="cannot be read as a picture"):
        read_image(data)


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "GIF", "BMP", "TIFF", "WEBP"])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.95])
@pytest.mark.filterwarnings("ignore:Truncated File Read")
def test_a_file_cut_short_is_an_error_and_not_half_a_picture(kind, share):
    data = encoded(PIL.Image.fromarray(noise(100, 200)), kind)
    with pytest.raises(ImageError, match=r"damaged or cut short|cannot be read"):
        read_image(data[: int(share * len(data))])


def test_what_a_decoder_says_in_two_lines_is_said_in_one(monkeypatch):
    def fail(_):
        raise OSError("bad strip\n(12 bytes)\n")

    picture = PIL.Image.new("RGB", (3, 2))
    monkeypatch.setattr(PIL.Image.Image, "load", fail)
    with pytest.raises(ImageError, match=r"cut short: bad strip \(12 bytes\)$"):
        read_image(picture)


def test_a_bomb_is_refused_by_its_header():
    with pytest.raises(ImageError, match=r"50000 x 40000 px = 2000\.0 megapixels .* of 200\.0"):
        read_image(png_header(50000, 40000))
    # Decoding it would say that it is cut short.
    with pytest.raises(ImageError, match="raise max_pixels if you trust it"):
        read_image(png_header(2000, 1000), max_pixels=1_999_999)
    with pytest.raises(ImageError, match="cut short"):
        read_image(png_header(2000, 1000), max_pixels=2_000_000)


@pytest.mark.parametrize("source", [noise(10, 20), PIL.Image.fromarray(noise(10, 20))])
def test_the_limit_holds_for_pictures_in_memory(source):
    assert read_image(source, max_pixels=200).shape == (10, 20, 3)
    with pytest.raises(ImageError, match=r"20 x 10 px"):
        read_image(source, max_pixels=199)


def test_the_limit_is_ours_and_pillows_own_is_left_alone(monkeypatch):
    monkeypatch.setattr(PIL.Image, "MAX_IMAGE_PIXELS", 100)
    data = encoded(PIL.Image.fromarray(noise(20, 30)), "PNG")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert read_image(data).shape == (20, 30, 3)
    assert PIL.Image.MAX_IMAGE_PIXELS == 100


def test_threads_leave_pillows_limit_as_it_was():
    before = PIL.Image.MAX_IMAGE_PIXELS
    data = encoded(PIL.Image.fromarray(noise()), "PNG")
    threads = [
        threading.Thread(target=lambda: [read_image(data) for _ in range(20)]) for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert before == PIL.Image.MAX_IMAGE_PIXELS


@pytest.mark.parametrize(("height", "width"), [(1, 1), (20, 20000), (20000, 20)])
def test_extreme_sizes(height, width):
    data = encoded(PIL.Image.new("RGB", (width, height), RED), "PNG")
    found = read_image(data)
    assert found.shape == (height, width, 3)
    assert (found == RED).all()


def test_a_picture_without_pixels():
    with pytest.raises(ImageError, match=r"has no pixels \(0 x 7\)"):
        read_image(PIL.Image.new("RGB", (0, 7)))


def test_grey():
    data = encoded(PIL.Image.new("L", (4, 3), 77), "PNG")
    assert (read_image(data) == np.full((3, 4, 3), 77)).all()


def test_black_and_white():
    data = encoded(PIL.Image.new("1", (4, 3), 1), "PNG")
    assert (read_image(data) == 255).all()


@pytest.mark.parametrize("kind", ["PNG", "TIFF"])
def test_sixteen_bits_become_eight(kind):
    levels = np.array([[0, 257, 128 * 257, 65535]], np.uint16)
    found = read_image(encoded(PIL.Image.fromarray(levels), kind))
    np.testing.assert_array_equal(found[0, :, 0], [0, 1, 128, 255])


def test_sixteen_bits_are_not_stretched():
    dark = PIL.Image.fromarray(np.array([[100 * 257, 101 * 257]], np.uint16))
    np.testing.assert_array_equal(read_image(dark)[0, :, 0], [100, 101])


@pytest.mark.parametrize(
    "levels",
    [
        np.array([[-1000, 0, 1000]], np.int32),
        np.array([[0, 0.25, 0.5]], np.float32),
        np.array([[7, 7.5, 8]], np.float32),
    ],
)
def test_thirty_two_bits_are_stretched(levels):
    found = read_image(encoded(PIL.Image.fromarray(levels), "TIFF"))
    np.testing.assert_array_equal(found[0, :, 0], [0, 128, 255])


def test_flat_and_broken_floats_do_not_fail():
    assert (read_image(PIL.Image.new("F", (3, 2), 5.0)) == 0).all()
    broken = np.array([[np.nan, np.inf, 0, 1]], np.float32)
    np.testing.assert_array_equal(read_image(PIL.Image.fromarray(broken))[0, :, 0], [0, 0, 0, 255])


def test_transparency_is_laid_on_white():
    picture = PIL.Image.new("RGBA", (3, 1), (*RED, 255))
    picture.putpixel((1, 0), (*RED, 0))
    picture.putpixel((2, 0), (0, 0, 0, 128))
    found = read_image(encoded(picture, "PNG"))[0]
    np.testing.assert_array_equal(found[:2], [RED, WHITE])
    np.testing.assert_allclose(found[2], 127, atol=1)


def test_palette_with_and_without_transparency():
    picture = PIL.Image.new("P", (2, 1))
    picture.putpalette([*GREEN, *BLUE])
    picture.putpixel((1, 0), 1)
    np.testing.assert_array_equal(read_image(encoded(picture, "PNG"))[0], [GREEN, BLUE])
    np.testing.assert_array_equal(
        read_image(encoded(picture, "PNG", transparency=1))[0], [GREEN, WHITE]
    )


def test_cmyk():
    data = encoded(PIL.Image.new("CMYK", (16, 16), (0, 255, 255, 0)), "JPEG", quality=95)
    np.testing.assert_allclose(read_image(data)[8, 8], RED, atol=4)


def test_an_animation_gives_its_first_frame_and_says_so(tmp_path, caplog):
    frames = [PIL.Image.new("RGB", (6, 4), colour) for colour in (RED, GREEN)]
    path = tmp_path / "moving.gif"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with caplog.at_level(logging.WARNING, "ocrkit"):
        assert (read_image(path) == RED).all()
    (record,) = caplog.records
    assert record.getMessage() == f"{path}: has several frames; only the first is read"


def test_a_still_picture_says_nothing(tmp_path, caplog):
    path = tmp_path / "still.gif"
    PIL.Image.new("RGB", (6, 4), RED).save(path)
    with caplog.at_level(logging.WARNING, "ocrkit"):
        read_image(path)
    assert not caplog.records


CORNERS = {  # by EXIF orientation, where the stored corners 0 1 / 2 3 are shown
    1: [[0, 1], [2, 3]],
    2: [[1, 0], [3, 2]],
    3: [[3, 2], [1, 0]],
    4: [[2, 3], [0, 1]],
    5: [[0, 2], [1, 3]],
    6: [[2, 0], [3, 1]],
    7: [[3, 1], [2, 0]],
    8: [[1, 3], [0, 2]],
}


@pytest.mark.parametrize("orientation", CORNERS)
def test_exif_orientation_is_applied_once(orientation):
    levels = np.array([[0, 1], [2, 3]], np.uint8).repeat(10, axis=0).repeat(20, axis=1)
    exif = PIL.Image.Exif()
    exif[0x0112] = orientation
    data = encoded(PIL.Image.fromarray(levels), "PNG", exif=exif)
    shown = read_image(data)
    assert shown.shape == ((20, 40, 3) if orientation < 5 else (40, 20, 3))
    height, width = shown.shape[:2]
    corners = shown[:: height - 1, :: width - 1, 0]
    np.testing.assert_array_equal(corners, CORNERS[orientation])
    # What was turned is not turned again.
    np.testing.assert_array_equal(read_image(PIL.Image.fromarray(shown)), shown)


def test_damaged_exif_does_not_spoil_a_sound_picture(caplog, monkeypatch):
    def fail(_):
        raise struct.error("unpack requires a buffer of 4 bytes")

    monkeypatch.setattr(PIL.ImageOps, "exif_transpose", fail)
    with caplog.at_level(logging.WARNING, "ocrkit"):
        assert read_image(PIL.Image.new("RGB", (3, 2), RED)).shape == (2, 3, 3)
    assert "EXIF orientation not applied" in caplog.text


def test_damaged_pixels_are_not_taken_for_damaged_exif(caplog):
    exif = PIL.Image.Exif()
    exif[0x0112] = 6
    data = encoded(PIL.Image.fromarray(noise(100, 200)), "JPEG", exif=exif)
    with caplog.at_level(logging.WARNING, "ocrkit"), pytest.raises(ImageError, match="cut short"):
        read_image(data[: len(data) // 2])
    assert not caplog.records


def touch(folder, *names):
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    return [folder / name for name in names]


def test_a_folder_stands_for_its_pictures_sorted(tmp_path):
    b, a, c = touch(tmp_path, "b.jpg", "a.PNG", "c.tiff")
    touch(tmp_path, "notes.txt", ".hidden.jpg", "inner/d.jpg")
    (tmp_path / "folder.jpg").mkdir()
    assert find_images([tmp_path]) == [a, b, c]
    assert find_images([b, str(tmp_path), a]) == [b, a, c]  # each once, first come first


def test_a_pattern_stands_for_the_files_that_match(tmp_path):
    b, a, deep = touch(tmp_path, "b.jpg", "a.jpg", "inner/d.jpg")
    touch(tmp_path, "a.png")
    assert find_images([f"{tmp_path}/*.jpg"]) == [a, b]
    assert find_images([f"{tmp_path}/**/*.jpg"]) == [a, b, deep]
    with pytest.raises(ImageError, match=r"\*\.gif: no file matches this pattern$"):
        find_images([f"{tmp_path}/*.gif"])


def test_a_pattern_in_the_working_folder(tmp_path, monkeypatch):
    touch(tmp_path, "a.jpg")
    monkeypatch.chdir(tmp_path)
    assert find_images(["*.jpg"]) == [Path("a.jpg")]


def test_a_file_named_like_a_pattern_is_a_file(tmp_path):
    (path,) = touch(tmp_path, "scan [1].jpg")
    assert find_images([path]) == [path]


def test_inputs_that_are_not_there(tmp_path):
    with pytest.raises(ImageError, match=r"absent\.jpg: no such file$"):
        find_images([tmp_path / "absent.jpg"])
    touch(tmp_path, "notes.txt")
    with pytest.raises(
        ImageError, match=r"no pictures directly in this folder; they end in \.avif"
    ):
        find_images([tmp_path])
    assert find_images([]) == []


def test_a_folder_that_may_not_be_read(tmp_path, monkeypatch):
    def refuse(self):
        raise PermissionError(13, "Permission denied", str(self))

    monkeypatch.setattr(Path, "iterdir", refuse)
    with pytest.raises(ImageError, match="cannot be opened: Permission denied"):
        find_images([tmp_path])


@pytest.mark.parametrize("suffix", [".png", ".bmp", ".tif", ".TIFF"])
def test_write_and_read_back(tmp_path, suffix):
    path = tmp_path / "new" / f"out{suffix}"
    write_image(path, noise())
    np.testing.assert_array_equal(read_image(path), noise())
    assert [p.name for p in path.parent.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", [".jpg", ".webp"])
def test_write_with_small_loss(tmp_path, suffix):
    smooth = np.full((16, 16, 3), (200, 100, 50), np.uint8)
    write_image(tmp_path / f"out{suffix}", smooth)
    np.testing.assert_allclose(read_image(tmp_path / f"out{suffix}").astype(int), smooth, atol=4)


def test_a_suffix_without_a_format(tmp_path):
    with pytest.raises(OutputError, match=r"out\.xyz: .*'\.xyz'; use one of \.bmp, \.jpeg"):
        write_image(tmp_path / "out.xyz", noise())


def test_a_size_that_the_format_cannot_hold(tmp_path):
    with pytest.raises(OutputError, match="70000 x 1 px cannot be JPEG"):
        write_image(tmp_path / "out.jpg", np.zeros((1, 70000, 3), np.uint8))
    assert not list(tmp_path.iterdir())


def test_text_is_utf8_with_plain_line_ends(tmp_path):
    write_text(str(tmp_path / "a.txt"), "é\nb\n")
    assert (tmp_path / "a.txt").read_bytes() == b"\xc3\xa9\nb\n"
    write_text(tmp_path / "a.txt", "new")
    assert (tmp_path / "a.txt").read_bytes() == b"new"


def test_a_failed_write_leaves_the_old_file_and_no_new_one(tmp_path, monkeypatch):
    path = tmp_path / "a.txt"
    write_text(path, "old")

    def fail(self, data):
        with self.open("wb") as file:
            file.write(data[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", fail)
    with pytest.raises(OutputError, match=r"a\.txt: cannot be written: No space left on device$"):
        write_text(path, "new")
    assert [p.read_text() for p in tmp_path.iterdir()] == ["old"]


def test_places_that_cannot_be_written(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="cannot be written"):
        write_text(tmp_path / "file" / "a.txt", "x")
    with pytest.raises(OutputError, match="cannot be written: it is not a plain file"):
        write_text(tmp_path, "x")


def test_writing_follows_links(tmp_path):
    (tmp_path / "target").write_text("old")
    try:
        (tmp_path / "link").symlink_to(tmp_path / "target")
    except OSError:
        pytest.skip("this system allows no links")
    write_bytes(tmp_path / "link", b"new")
    assert (tmp_path / "target").read_text() == "new"
    assert (tmp_path / "link").is_symlink()


def test_resize_by_hand():
    resized, back = resize_to_long_side(noise(90, 210), 128, 32)
    assert resized.shape == (64, 128, 3)  # 90 * 128 / 210 = 54.9, of which 64 is nearest
    np.testing.assert_allclose(back, [210 / 128, 90 / 64])
    assert back.dtype == np.float32
    assert resize_to_long_side(noise(7, 500), 512, 32)[0].shape == (32, 512, 3)
    assert resize_to_long_side(noise(1, 1), 2.0, 32)[0].shape == (32, 32, 3)
    assert resize_to_long_side(noise(40000, 2), 64, 32)[0].shape == (64, 32, 3)


def test_resizing_to_the_same_size_changes_nothing():
    np.testing.assert_array_equal(resize_to_long_side(noise(64, 96), 96, 32)[0], noise(64, 96))


def test_shrinking_averages():
    stripes = np.zeros((32, 64, 3), np.uint8)
    stripes[:, ::2] = 200
    assert (resize_to_long_side(stripes, 32, 32)[0] == 100).all()


@given(
    st.integers(1, 200), st.integers(1, 200), st.integers(1, 300), st.sampled_from([1, 8, 16, 32])
)
def test_sides_are_multiples_near_the_scale_and_corners_map_back(height, width, long_side, step):
    resized, back = resize_to_long_side(np.zeros((height, width, 3), np.uint8), long_side, step)
    rows, columns = resized.shape[:2]
    assert rows % step == columns % step == 0
    scale = long_side / max(height, width)
    for new, old in ((rows, height), (columns, width)):
        assert new == step or abs(new - old * scale) <= step / 2
    np.testing.assert_allclose(np.array([columns, rows]) * back, [width, height], rtol=1e-5)


def test_marks_keep_their_place_when_resized():
    """A half-black picture: its edge maps back to where it was, on unequal scales."""
    picture = np.zeros((64, 192, 3), np.uint8)
    picture[16:, 96:] = 255
    resized, (x, y) = resize_to_long_side(picture, 96, 8)
    bright = resized[..., 0] > 127
    assert np.argmax(bright[-1]) * x == 96
    assert np.argmax(bright[:, -1]) * y == 16
