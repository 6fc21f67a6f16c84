"""MATLAB files: byte for byte, as scipy writes them, and damaged in every way."""

import struct
import zlib

import numpy as np
import pytest
import scipy.io
from hypothesis import given, settings
from hypothesis import strategies as st

from ocrkit.data import _matfile
from ocrkit.data._matfile import MatFile
from ocrkit.errors import DataError


def header(order="<", version=0x0100, text=b"MATLAB 5.0 MAT-file"):
    return text.ljust(124) + struct.pack(f"{order}HH", version, 0x4D49)


def element(order, kind, data, small=True):
    if small and 0 < len(data) <= 4:
        return struct.pack(f"{order}I", len(data) << 16 | kind) + data.ljust(4, b"\0")
    return struct.pack(f"{order}II", kind, len(data)) + data + b"\0" * (-len(data) % 8)


def matrix(order, kind, shape, stored, data, name=b"", small=True):
    """A matrix; of cells if `stored` is None."""
    body = element(order, 6, struct.pack(f"{order}II", kind | 0x0200, 0))
    body += element(order, 5, struct.pack(f"{order}{len(shape)}i", *shape))
    body += element(order, 1, name, small)
    body += data if stored is None else element(order, stored, data, small)
    return struct.pack(f"{order}II", 14, len(body)) + body


def cell_array(order, name, cells):
    return matrix(order, 1, (1, len(cells)), None, b"".join(cells), name)


def packed(order, variable):
    data = zlib.compress(variable)
    return struct.pack(f"{order}II", 15, len(data)) + data


def write(folder, content, name="a.mat"):
    (folder / name).write_bytes(content)
    return folder / name


def cells(path, variable="v"):
    return [
        (cell.shape, cell.values if isinstance(cell.values, str) else cell.values.tolist())
        for cell in MatFile(path).cells(variable)
    ]


def objects(values):
    array = np.empty((1, len(values)), object)
    array[0, :] = values
    return array


def saved(folder, compress, **variables):
    path = folder / "a.mat"
    lists = {name: objects(values) for name, values in variables.items()}
    scipy.io.savemat(path, lists, do_compression=compress)
    return path


@pytest.fixture(params=["<", ">"])
def order(request):
    return request.param


def test_numbers_of_both_byte_orders_and_every_stored_type(tmp_path, order):
    made = [
        matrix(order, 6, (2, 3), 9, struct.pack(f"{order}6d", 1, -2, 3, 4, 5, 6.5)),
        matrix(order, 6, (1, 3), 2, bytes([1, 2, 255])),  # doubles that fit into a byte
        matrix(order, 6, (1, 1), 3, struct.pack(f"{order}h", -300)),
        matrix(order, 7, (2, 1), 7, struct.pack(f"{order}2f", 0.5, 1e10)),
        matrix(order, 6, (0, 0), 9, b""),
        struct.pack(f"{order}II", 14, 0),  # how MATLAB may write []
    ]
    path = write(tmp_path, header(order) + cell_array(order, b"v", made))
    assert cells(path) == [
        ((2, 3), [1, -2, 3, 4, 5, 6.5]),
        ((1, 3), [1, 2, 255]),
        ((1, 1), [-300]),
        ((2, 1), [0.5, 1e10]),
        ((0, 0), []),
        ((0, 0), []),
    ]


def test_texts_in_every_encoding(tmp_path, order):
    codec = "-le" if order == "<" else "-be"
    # Column by column: "ab" over "c ", and the halves of U+20BB7 in two columns of the first row.
    halves = struct.unpack(f"{order}HH", "𠮷".encode(f"utf-16{codec}"))
    split = struct.pack(f"{order}4H", halves[0], ord("x"), halves[1], ord("y"))
    made = [
        matrix(order, 4, (2, 2), 16, b"acb "),
        matrix(order, 4, (1, 2), 4, "é中".encode(f"utf-16{codec}")),
        matrix(order, 4, (2, 2), 17, split),
        matrix(order, 4, (1, 2), 18, "é𠮷".encode(f"utf-32{codec}")),
        matrix(order, 4, (1, 2), 2, b"a\xe9"),
        matrix(order, 4, (1, 2), 16, "𠮷".encode()),  # counted in 16-bit units
        matrix(order, 4, (0, 0), 16, b""),
    ]
    path = write(tmp_path, header(order) + cell_array(order, b"v", made))
    texts = ["ab\nc ", "é中", "𠮷\nxy", "é𠮷", "aé", "𠮷", ""]
    assert [text for _, text in cells(path)] == texts


def test_variables_may_be_packed_or_not_and_long_names_are_no_small_elements(tmp_path, order):
    number = matrix(order, 6, (1, 1), 2, b"\7")
    other = matrix(order, 6, (1, 1), 9, struct.pack(f"{order}d", 3), b"scalar")
    variables = [
        packed(order, cell_array(order, b"first", [number])),
        other,
        element(order, 99, b"something new"),
        cell_array(order, b"v", [number, number]),
    ]
    path = write(tmp_path, header(order) + b"".join(variables))
    assert cells(path, "first") == [((1, 1), [7])]
    assert cells(path) == [((1, 1), [7])] * 2
    with pytest.raises(DataError, match="no variable 'w' in this file; it has first, scalar, v"):
        cells(path, "w")
    with pytest.raises(DataError, match="scalar: is not a list of cells"):
        cells(path, "scalar")


def test_imaginary_parts_are_passed_over(tmp_path):
    body = matrix("<", 6, (1, 1), 2, b"\7")[8:] + element("<", 2, b"\5")
    both = struct.pack("<II", 14, len(body)) + body
    path = write(tmp_path, header() + cell_array("<", b"v", [both, both]))
    assert cells(path) == [((1, 1), [7])] * 2


@pytest.mark.parametrize("compress", [False, True])
def test_what_scipy_writes(tmp_path, compress):
    quads = [np.arange(8.0).reshape(2, 4), np.arange(24, dtype=np.float32).reshape(2, 4, 3)]
    texts = [np.array(["the\nüber", "a"]), "中𠮷", "", np.array(["", ""])]
    path = saved(tmp_path, compress, q=[*quads, np.zeros((2, 4, 0))], v=texts)
    assert cells(path, "q")[:2] == [(q.shape, q.ravel(order="F").tolist()) for q in quads]
    assert cells(path, "q")[2] == ((2, 4, 0), [])
    assert [text for _, text in cells(path)] == ["the\nüber\na       ", "中𠮷", "", ""]


arrays = st.builds(
    lambda shape, dtype: (np.arange(np.prod(shape)) % 251).reshape(shape).astype(dtype),
    st.tuples(st.just(2), st.integers(0, 4), st.integers(1, 3)),
    st.sampled_from(["f4", "f8", "u1", "i2", "u4", "i8"]),
)


@settings(max_examples=30)
@given(values=st.lists(arrays, min_size=1, max_size=4), compress=st.booleans())
def test_numbers_come_back_as_they_were_saved(tmp_path_factory, values, compress):
    path = saved(tmp_path_factory.mktemp("mat"), compress, v=values)
    found = list(MatFile(path).cells("v"))
    for cell, value in zip(found, values, strict=True):
        assert np.array_equal(np.reshape(cell.values, cell.shape, order="F"), value)
        # SciPy drops the last dimension where it is 1.
        assert cell.shape == value.shape


def test_small_chunks_change_nothing(tmp_path, monkeypatch):
    values = [np.arange(100.0), "text " * 50]
    for compress in (False, True):
        path = saved(tmp_path, compress, v=values)
        before = cells(path)
        monkeypatch.setattr(_matfile, "CHUNK", 7)
        assert cells(path) == before
        monkeypatch.undo()


@pytest.mark.parametrize("compress", [False, True])
def test_a_file_that_is_cut_off_is_an_error_wherever_it_is_cut(tmp_path, compress):
    path = saved(tmp_path, compress, v=[np.arange(8.0), "text"], w=["x"])
    content = path.read_bytes()
    for length in [0, 1, 127, *range(129, len(content), 11)]:
        short = write(tmp_path, content[:length], "short.mat")
        with pytest.raises(
            DataError, match=r"short\.mat: (is cut off|is not a MATLAB|no variable)"
        ):
            cells(short, "w")


def test_a_file_that_is_cut_off_says_how_long_it_should_be(tmp_path):
    content = saved(tmp_path, True, v=["text"]).read_bytes()
    path = write(tmp_path, content[:-1])
    sizes = f"it has {len(content) - 1} bytes of at least {len(content)}; download it again"
    with pytest.raises(DataError, match=rf"a\.mat: is cut off: {sizes}"):
        MatFile(path)


@pytest.mark.parametrize("compress", [False, True])
def test_a_damaged_file_is_an_error_or_reads_but_is_never_a_traceback(tmp_path, compress):
    path = saved(tmp_path, compress, v=[np.arange(8.0), "täxt", np.array(["a", "bc"])])
    content, whole = bytearray(path.read_bytes()), cells(path)
    start = 136 if compress else 128
    for place in range(start, len(content), 1 if compress else 2):
        content[place] ^= 0x81
        write(tmp_path, content, "bad.mat")
        try:
            found = cells(tmp_path / "bad.mat")
        except DataError:
            found = None
        content[place] ^= 0x81
        # zlib notices all damage.
        assert found is None or not compress or found == whole


def test_damage_at_the_end_is_noticed_by_the_checksum(tmp_path):
    content = bytearray(saved(tmp_path, True, v=["text"]).read_bytes())
    content[-1] ^= 1
    with pytest.raises(DataError, match=r"a\.mat: the file is damaged: .*incorrect data"):
        cells(write(tmp_path, content))


def test_an_element_of_gigabytes_is_refused_before_it_is_read(tmp_path):
    huge = matrix("<", 6, (1, 1), None, struct.pack("<II", 9, 1 << 31) + b"\0" * 64)
    path = write(tmp_path, header() + cell_array("<", b"v", [huge]))
    with pytest.raises(DataError, match=r"v\{1\}: the file is damaged: an element of 2147483648"):
        cells(path)


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (matrix("<", 6, (2, 2), 2, b"\1\2\3"), "3 bytes for 2 x 2 numbers"),
        (matrix("<", 6, (1, 1), 16, b"a"), "numbers of type 16"),
        (matrix("<", 4, (1, 3), 16, b"ab"), "text of type 16 that is not 1 x 3 char"),
        (matrix("<", 4, (1, 1), 16, b"\xff"), "text of type 16 that is not 1 x 1 char"),
        (matrix("<", 4, (1, 1), 9, b"\0" * 8), "text of type 9 that is not 1 x 1 char"),
        (matrix("<", 4, (1, 1), 17, b"\0\xd8"), "text of type 17 that is not 1 x 1 char"),
        (matrix("<", 6, (-1, 1), 2, b""), "a matrix of -1 x 1"),
        (element("<", 2, b"12345678"), "something else where a matrix should be"),
    ],
)
def test_a_damaged_cell_is_named(tmp_path, made, reason):
    good = matrix("<", 6, (1, 1), 2, b"\7")
    path = write(tmp_path, header() + cell_array("<", b"v", [good, made]))
    with pytest.raises(DataError, match=rf"a\.mat: v\{{2\}}: the file is damaged: {reason}"):
        cells(path)


def test_a_cell_of_another_kind_is_named(tmp_path):
    inner = cell_array("<", b"", [matrix("<", 6, (1, 1), 2, b"\7")])
    path = write(tmp_path, header() + cell_array("<", b"v", [inner]))
    with pytest.raises(DataError, match=r"v\{1\}: is neither numbers nor text"):
        cells(path)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header(version=0x0200, text=b"MATLAB 7.3 MAT-file"), "of version 7.3; save it again"),
        (b"no header" * 20, "is not a MATLAB file of version 5"),
        (b"", "is not a MATLAB file of version 5"),
    ],
)
def test_files_of_other_versions_are_refused(tmp_path, content, reason):
    with pytest.raises(DataError, match=rf"a\.mat: .*{reason}"):
        MatFile(write(tmp_path, content))


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(DataError, match=r"none\.mat: cannot be read: No such file"):
        MatFile(tmp_path / "none.mat")


def test_progress_goes_up_to_all_of_the_variable(tmp_path, monkeypatch):
    monkeypatch.setattr(_matfile, "CHUNK", 64)
    path = saved(tmp_path, True, v=[np.random.default_rng(0).random(50)] * 3)
    told = []
    list(MatFile(path).cells("v", lambda done, size: told.append((done, size))))
    assert len({size for _, size in told}) == 1
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1] == path.stat().st_size - 136
