"""Conversion: what is written, left out, or reported; what is there already is not done again."""

import io
import threading

import numpy as np
import PIL.Image
import pytest

from ocrkit.data import Dataset, Labels
from ocrkit.data.convert import convert
from ocrkit.data.sets.crops import Crops, CropsConfig
from ocrkit.data.sets.icdar import Icdar, IcdarConfig
from ocrkit.errors import DataError, ImageError, OutputError
from ocrkit.image import read_image, write_image


class Notebook(dict):
    """A writer that remembers; of the names in `refused` it takes none."""

    def __init__(self, refused=(), error=DataError):
        super().__init__()
        self._refused, self._error = refused, error
        self._thread = threading.get_ident()

    def __contains__(self, name):
        assert threading.get_ident() == self._thread
        return super().__contains__(name)

    def add(self, name, picture, labels):
        assert threading.get_ident() == self._thread
        if name in self._refused:
            raise self._error(f"{name}: refused")
        assert name not in self
        self[name] = (picture, labels)


class Scenes(Dataset):
    """Pictures of 80 x 40 px: red, right of it green, below it blue, and white; by labels."""

    def __init__(self, *labels):
        self._labels = labels
        self.seen = []

    def __len__(self):
        return len(self._labels)

    def name(self, index):
        return f"s{index}"

    def place(self, index):
        return "archive: s0"

    def labels(self, index):
        if isinstance(self._labels[index], Exception):
            raise self._labels[index]
        return self._labels[index]

    def image(self, index):
        self.seen.append(index)
        image = np.zeros((40, 80, 3), np.uint8)
        image[:20, :40, 0] = image[:20, 40:, 1] = image[20:, :40, 2] = 255
        image[20:, 40:] = 255
        return image


TOP = [[0, 0], [80, 0], [80, 20], [0, 20]]
"""Red, then green."""


def words(*rings, texts=None, ignored=(), languages=(), lexicons=None):
    outlines = tuple(np.array(ring, np.float32) for ring in rings)
    marks = np.array([i in ignored for i in range(len(rings))], bool)
    texts = texts or tuple(f"word{i}" for i in range(len(rings)))
    return Labels(outlines, texts, marks, languages, lexicons or {})


def run(dataset, writer, **options):
    results = list(convert(dataset, writer, **options))
    problems = [problem for result in results for problem in result.problems]
    skipped = sum((result.skipped for result in results), start=type(results[0].skipped)())
    return problems, dict(skipped)


def picture(written):
    return np.asarray(PIL.Image.open(io.BytesIO(written[0])))


def test_scenes_are_written_in_order_with_all_their_labels():
    labels = [words(TOP), words(), words(TOP, ignored=(0,))]
    dataset, notebook = Scenes(*labels), Notebook()
    assert run(dataset, notebook, workers=3) == ([], {})
    assert list(notebook) == ["s0", "s1", "s2"]
    assert [written[1] for written in notebook.values()] == labels
    for written in notebook.values():
        assert written[0].startswith(b"\x89PNG")
        assert (picture(written) == dataset.image(0)).all()


def test_words_are_cut_out_and_named_after_their_place_in_the_scene():
    lower = [[0, 20], [40, 20], [40, 40], [0, 40]]
    labels = words(TOP, lower, languages=("Latin", "Korean"), lexicons={"weak": ["a"]})
    notebook = Notebook()
    assert run(Scenes(labels), notebook, words=True) == ([], {})
    assert list(notebook) == ["s0_1", "s0_2"]
    top = picture(notebook["s0_1"])
    assert top.shape == (20, 80, 3)
    assert (top[:, :39] == [255, 0, 0]).all()
    assert (top[:, 41:] == [0, 255, 0]).all()
    assert (picture(notebook["s0_2"])[2:, :38] == [0, 0, 255]).all()
    label = notebook["s0_2"][1]
    assert label.outlines == (None,)
    assert label.texts == ("word1",)
    assert label.ignored.tolist() == [False]
    assert label.languages == ("Korean",)
    assert label.lexicons == {"weak": ["a"]}
    assert notebook["s0_1"][1].languages == ("Latin",)


def test_a_word_is_laid_upright_from_its_first_corner():
    turned = [TOP[2], TOP[3], TOP[0], TOP[1]]
    notebook = Notebook()
    run(Scenes(words(turned)), notebook, words=True)
    upside_down = picture(notebook["s0_1"])
    assert (upside_down[:, :39] == [0, 255, 0]).all()
    assert (upside_down[:, 41:] == [255, 0, 0]).all()


def test_a_counter_clockwise_word_is_not_mirrored():
    for start in range(4):
        notebook = Notebook()
        problems, _ = run(Scenes(words(np.roll(TOP[::-1], start, axis=0))), notebook, words=True)
        assert problems == []
        crop = picture(notebook["s0_1"])
        assert crop.shape == (20, 80, 3)
        assert (crop[:, :39] == [255, 0, 0]).all()


def test_ignored_words_and_those_without_text_are_counted_and_left_out():
    labels = words(*[TOP] * 6, texts=("a", None, "", "###", " ", "b"), ignored=(3,))
    notebook = Notebook()
    assert run(Scenes(labels), notebook, words=True) == ([], {"no text": 3, "ignored": 1})
    assert list(notebook) == ["s0_1", "s0_6"]


def test_scenes_of_which_no_word_is_wanted_are_not_read():
    dataset = Scenes(words(), words(TOP, ignored=(0,)), words(TOP))
    run(dataset, Notebook(), words=True)
    assert dataset.seen == [2]


def test_words_that_cannot_be_cut_are_reported_and_the_others_written():
    bow_tie = [[0, 0], [40, 20], [40, 0], [0, 20]]
    outside = [[80, 0], [90, 0], [90, 10], [80, 10]]
    beyond = [[60, 0], [90, 0], [90, 10], [60, 10]]
    notebook = Notebook()
    problems, _ = run(Scenes(words(bow_tie, outside, beyond, [[1, 1]] * 4)), notebook, words=True)
    assert problems == [
        "s0: word 1 'word0': the sides of the outline cross or touch",
        "s0: word 2 'word1': lies outside the picture of 80 x 40 px",
        "s0: word 4 'word3': the outline has 1 distinct points, not 3 or more",
    ]
    assert list(notebook) == ["s0_3"]
    assert picture(notebook["s0_3"]).shape == (10, 30, 3)


def test_an_ignored_word_may_be_degenerate():
    labels = words([[1, 1]] * 4, TOP, [[1, 1]] * 2, [[np.nan, 1]] * 6, ignored=(0, 2, 3))
    assert run(Scenes(labels), Notebook(), words=True) == ([], {"ignored": 3})


def test_one_of_several_words_may_fill_the_picture():
    two = Labels((None, np.array(TOP, np.float32)), ("a", "b"), np.zeros(2, bool))
    notebook = Notebook()
    assert run(Scenes(two), notebook, words=True) == ([], {})
    assert [picture(notebook[name]).shape[0] for name in ("s0_1", "s0_2")] == [40, 20]


def test_a_curved_word_is_cut_by_the_smallest_rectangle():
    ring = [[0, 0], [40, 0], [80, 0], [80, 20], [40, 20], [0, 20]]
    notebook = Notebook()
    run(Scenes(words(ring)), notebook, words=True)
    assert picture(notebook["s0_1"]).shape == (20, 80, 3)


def test_bad_labels_and_pictures_are_reported_and_the_others_written():
    dataset = Scenes(words(TOP), DataError("gt.txt:1: no"), words(TOP), words(TOP))
    take = dataset.image

    def image(index):
        if index == 2:
            raise ImageError("s2.png: is damaged")
        return take(index)

    dataset.image = image
    for cut in (False, True):
        notebook = Notebook()
        results = list(convert(dataset, notebook, words=cut))
        assert [result.problems for result in results] == [
            (),
            ("gt.txt:1: no",),
            ("s2.png: is damaged",),
            (),
        ]
        assert list(notebook) == (["s0_1", "s3_1"] if cut else ["s0", "s3"])


@pytest.mark.parametrize("error", [DataError, ImageError])
def test_what_the_writer_refuses_is_reported(error):
    notebook = Notebook(refused=("s1", "s0_1"), error=error)
    assert run(Scenes(words(TOP), words(TOP)), notebook) == (["s1: refused"], {})
    assert list(notebook) == ["s0"]
    assert run(Scenes(words(TOP, TOP)), notebook, words=True) == (["s0_1: refused"], {})


def test_where_nothing_can_be_written_the_work_ends():
    notebook = Notebook(refused=("s1",), error=OutputError)
    with pytest.raises(OutputError):
        run(Scenes(words(TOP), words(TOP), words(TOP)), notebook)
    assert list(notebook) == ["s0"]


def test_what_is_written_is_not_read_again():
    dataset, notebook = Scenes(words(TOP), DataError("not asked for"), words(TOP)), Notebook()
    notebook["s1"] = "before"
    assert run(dataset, notebook) == ([], {})
    assert dataset.seen == [0, 2]
    assert notebook["s1"] == "before"


def test_words_that_are_written_are_not_cut_again_and_what_is_left_out_is_counted_again():
    dataset, notebook = Scenes(words(TOP, TOP, TOP, ignored=(1,)), words(TOP)), Notebook()
    notebook["s0_1"] = notebook["s1_1"] = "before"
    assert run(dataset, notebook, words=True) == ([], {"ignored": 1})
    assert list(notebook) == ["s0_1", "s1_1", "s0_3"]
    assert dataset.seen == [0]


def test_a_second_sample_of_one_name_is_reported():
    dataset, notebook = Scenes(words(TOP), words(TOP), words(TOP)), Notebook()
    dataset.name = "aba".__getitem__
    assert run(dataset, notebook) == (["a: an earlier sample has the same name"], {})
    assert list(notebook) == ["a", "b"]


def test_crops_keep_their_names_and_files(tmp_path):
    picture = np.random.default_rng(0).integers(0, 255, (20, 60, 3)).astype(np.uint8)
    write_image(tmp_path / "a.jpg", picture)
    write_image(tmp_path / "b.png", picture)
    (tmp_path / "t.tsv").write_text("a.jpg\tone\nb.png\t\n")
    dataset = Crops(CropsConfig(table=tmp_path / "t.tsv"))
    notebook = Notebook()
    assert run(dataset, notebook, words=True) == ([], {"no text": 1})
    assert list(notebook) == ["a.jpg"]
    assert notebook["a.jpg"][0] == (tmp_path / "a.jpg").read_bytes()
    assert notebook["a.jpg"][1].texts == ("one",)
    whole = Notebook()
    run(dataset, whole)
    assert list(whole) == ["a.jpg", "b.png"]
    assert whole["b.png"][1].texts == ("",)


def test_files_of_scenes_are_kept_also_those_that_are_displayed_turned(tmp_path):
    (tmp_path / "labels").mkdir()
    (tmp_path / "images").mkdir()
    (tmp_path / "labels" / "gt_img_1.txt").write_text("0,0,8,0,8,4,0,4,a\n")
    turned = PIL.Image.Exif()
    turned[0x0112] = 6
    PIL.Image.new("RGB", (40, 20), "red").save(tmp_path / "images" / "img_1.jpg", exif=turned)
    dataset = Icdar(IcdarConfig(images=tmp_path / "images", labels=tmp_path / "labels"))
    notebook = Notebook()
    run(dataset, notebook)
    assert notebook["img_1"][0] == (tmp_path / "images" / "img_1.jpg").read_bytes()
    assert read_image(notebook["img_1"][0]).shape == (40, 20, 3)


def test_the_file_around_a_sample_is_not_taken_for_it(tmp_path):
    """As in sets of which each word is a part of a larger picture, or of a container."""
    for content in ("picture", "container"):
        dataset, notebook = Scenes(words(TOP)), Notebook()
        path = tmp_path / f"{content}.png"
        dataset.place = lambda index, path=path: str(path)
        path.write_bytes(b"container")
        if content == "picture":
            write_image(path, np.zeros((100, 100, 3), np.uint8))
        assert run(dataset, notebook) == ([], {})
        assert (picture(notebook["s0"]) == dataset.image(0)).all()
