"""What the documentation shows: its Python runs, its commands parse, its data is well-formed.

A block of Python that must not run has the reason before it, in a comment that no reader sees:
`<!-- not run: needs a graphics card -->`. The blocks of a page run one after the other and share
their names, in a folder with the files that they mention.
"""

import json
import re
import shlex
import tomllib
from fractions import Fraction
from pathlib import Path
from typing import NamedTuple

import av
import numpy as np
import pytest
import typer
import yaml
from PIL import Image, ImageDraw, ImageFont

from ocrkit import catalog, cli, detect, recognize
from ocrkit.spot import WordsConfig
from ocrkit.video import VideoConfig

ROOT = Path(__file__).parents[1]
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md"))]
FENCED = re.compile(
    r"(?:^<!-- not run: (?P<reason>.+?) -->\n+)?^```(?P<language>\w*)\n(?P<text>.*?)^```$",
    re.DOTALL | re.MULTILINE,
)
SHELL = ("", "sh", "console")
COMMAND = typer.main.get_command(cli.app)
SLOW = {"docs/synth.md"}
"""Pages whose Python takes more than a moment."""


class Block(NamedTuple):
    """What stands between two fences."""

    page: str
    line: int
    language: str
    text: str
    reason: str | None
    """Why it is not run."""

    @property
    def place(self):
        return f"{self.page}:{self.line}"


def blocks(path):
    content = path.read_text(encoding="utf-8")
    for found in FENCED.finditer(content):
        line = content.count("\n", 0, found.start("text"))
        language, text, reason = found["language"], found["text"], found["reason"]
        yield Block(path.relative_to(ROOT).as_posix(), line, language, text, reason)


ALL = [block for path in PAGES for block in blocks(path)]


def of_python():
    """Each page's blocks that run."""
    pages = {}
    for block in ALL:
        if block.language == "python" and not block.reason:
            pages.setdefault(block.page, []).append(block)
    slow = [pytest.mark.slow]
    return [pytest.param(b, id=p, marks=slow if p in SLOW else []) for p, b in pages.items()]


def commands():
    """Every `ocrkit ...` in a block of shell, as words, and where it stands."""
    for block in ALL:
        if block.language not in SHELL:
            continue
        for number, line in enumerate(block.text.replace("\\\n", "  ").splitlines()):
            for words in in_line(line):
                yield pytest.param(words, id=f"{block.page}:{block.line + number + 1}")


def in_line(line):
    """The commands of ocrkit in a line of shell; `[--option]` is one that may be left out."""
    if not re.match(r"\$ |\w.* \| ocrkit |.*&& ocrkit |ocrkit ", line):
        return
    lexer = shlex.shlex(re.sub(r"\[(--[^\]]+)\]", r"\1", line), posix=True, punctuation_chars="|&")
    lexer.whitespace_split = True
    words = [*lexer, "|"]
    while words:
        end = next(i for i, word in enumerate(words) if word.strip("|&") == "")
        command, words = words[:end], words[end + 1 :]
        if command[:1] == ["$"]:
            command = command[1:]
        if command[:1] == ["ocrkit"]:
            yield command[1:]


def mentioned():
    """Every `ocrkit ...` in running text, which may be cut short."""
    for path in PAGES:
        text = FENCED.sub("", path.read_text(encoding="utf-8"))
        for found in re.findall(r"`ocrkit ([^`]+)`", text):
            words = found.replace("COMMAND", "check").split()  # as usage texts stand for any
            yield pytest.param(words, id=f"{path.relative_to(ROOT)}: {found}")


def parse(words):
    """The values of a command line by name, and the command; nothing is run.

    Raises:
        UsageError: An option does not exist, or lacks its value.
    """
    command = COMMAND
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    context = command.context_class(command, info_name=command.name)
    values, rest, _ = command.make_parser(context).parse_args(args=list(words))
    assert rest == [], f"no such command, or one argument too many: {rest}"
    return command, context, values


@pytest.mark.parametrize("words", [*commands()])
def test_commands_in_blocks_are_right(words, tmp_path, monkeypatch):
    (tmp_path / "photographs").mkdir()  # some folders must be there
    monkeypatch.chdir(tmp_path)
    command, context, values = parse(words)
    for parameter in command.params:
        # One that is missing, or of the wrong type, is an error.
        parameter.process_value(context, values.get(parameter.name))
    for word in words:
        if re.match(r"configs/|tools/", word):
            assert (ROOT / word).exists(), word


@pytest.mark.parametrize("words", [*mentioned()])
def test_commands_in_text_have_these_options(words):
    parse(words)


@pytest.mark.parametrize(
    "line",
    [
        "ocrkit e2e photo.jpg --nosuch",
        "ocrkit e2e photo.jpg --save",
        "ocrkit read photo.jpg",
        "ocrkit models shwo crnn",
        "$ ocrkit detect photo.jpg --formet json",
        "curl -s https://example.org/a.jpg | ocrkit e2e - --nosuch",
        "pip install . && ocrkit demo --nosuch",
        "ocrkit e2e photo.jpg [--nosuch 3] # a comment",
    ],
)
def test_wrong_commands_would_be_found(line):
    (words,) = in_line(line)
    with pytest.raises(Exception, match=r"No such option|requires an argument|no such command"):
        parse(words)


def test_settings_in_text_exist():
    known = {"spotter": {*WordsConfig.model_fields}, "video": {*VideoConfig.model_fields}}
    for block, family, base in (
        ("detector", detect, detect.Detector),
        ("recognizer", recognize, recognize.Recognizer),
    ):
        models = [catalog.find(family, name, base) for name in catalog.names(family)]
        known[block] = {key for model in models for key in model.Config.model_fields}
    named = rf"(?:`|--set )({'|'.join(known)})\.(\w+)"
    for path in PAGES:
        for block, key in re.findall(named, path.read_text(encoding="utf-8")):
            assert key in known[block], f"{path}: {block}.{key}"


def test_there_is_something_to_check():
    assert len([*commands()]) > 60
    assert len([*mentioned()]) > 20
    assert len(of_python()) >= 8


@pytest.mark.parametrize("page", of_python())
def test_python_runs(page, tmp_path, monkeypatch):
    prepare(tmp_path)
    monkeypatch.chdir(tmp_path)
    names = {}
    for block in page:
        # The lines count as in the page, so that a traceback leads there.
        code = "\n" * block.line + block.text
        exec(compile(code, ROOT / block.page, "exec"), names)


@pytest.mark.parametrize("block", [b for b in ALL if b.language in ("json", "yaml", "toml")])
def test_data_is_well_formed(block):
    read = {"json": json_lines, "yaml": yaml.safe_load, "toml": tomllib.loads}[block.language]
    assert read(block.text), block.place


def json_lines(text):
    """One value, or one a line."""
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return [json.loads(line) for line in text.splitlines()]


def prepare(folder):
    """The files that the pages speak of, small."""
    for name in ("photo.jpg", "word.png", "holiday/a.jpg", "holiday/b.jpg", "scans/1.png"):
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        drawn(path.stem).save(path)
    drawn("report").save(folder / "report.pdf", save_all=True, append_images=[drawn("two")] * 3)
    video(folder / "in.mp4")
    tracks = {
        "schema": "ocrkit-tracks/1",
        "video": "pan.mp4",
        "tracks": [{"id": 1, "text": "EXIT", "frames": [0], "quads": [SQUARE], "visible": [True]}],
    }
    for name in ("pan.tracks.json", "found/pan.tracks.json"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(json.dumps(tracks))
    total_text(folder / "totaltext")


SQUARE = [[10, 10], [60, 10], [60, 30], [10, 30]]


def drawn(text):
    """A word on a small sheet."""
    sheet = Image.new("RGB", (200, 64), (236, 233, 224))
    font = ImageFont.load_default(36)
    ImageDraw.Draw(sheet).text((100, 32), text, (30, 34, 60), font, anchor="mm")
    return sheet


def video(path):
    """A second of a still picture."""
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=6)
        stream.width, stream.height, stream.pix_fmt = 200, 64, "yuv420p"
        for number in range(6):
            frame = av.VideoFrame.from_ndarray(np.asarray(drawn("Exit")))
            frame.pts, frame.time_base = number, Fraction(1, 6)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))


def total_text(folder):
    """A picture of Total-Text's test split."""
    images, labels = folder / "Images" / "Test", folder / "txt_format" / "Test"
    images.mkdir(parents=True)
    labels.mkdir(parents=True)
    drawn("Exit").save(images / "img1.jpg")
    (labels / "poly_gt_img1.txt").write_text(
        "x: [[60 140 140 60]], y: [[15 15 50 50]], ornt: [u'h'], transcriptions: [u'Exit']\n"
    )
