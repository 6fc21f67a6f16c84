"""Config files: what is read, and that each mistake is named with its place and its remedy."""

import re
from pathlib import Path
from typing import Any

import pytest
from pydantic import Field, field_validator, model_validator

from ocrkit import config
from ocrkit.config import Config
from ocrkit.errors import ConfigError, OCRKitError


class Stage(Config):
    rate: float = Field(1e-3, gt=0)
    steps: int = 100


class Whole(Config):
    name: str
    stage: Stage = Stage()
    maybe: Stage | None = None
    several: list[Stage] = Field([])
    free: dict[str, Any] = Field({})
    even: int = 2

    @field_validator("even")
    @classmethod
    def _is_even(cls, value):
        if value % 2:
            raise ValueError("must be even")
        return value

    @model_validator(mode="after")
    def _agree(self):
        if self.name == "bad" and self.even == 4:
            raise ValueError("bad and 4 do not go together")
        return self


def write(folder, text):
    path = folder / "c.yaml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def fails(message, function, *arguments):
    """The call raises a `ConfigError` of exactly this message."""
    with pytest.raises(ConfigError, match=f"^{re.escape(message)}$") as caught:
        function(*arguments)
    assert isinstance(caught.value, OCRKitError)
    assert isinstance(caught.value, ValueError)


def test_a_file_with_overrides(tmp_path):
    path = write(tmp_path, "name: é\nstage: {rate: 1e-2}\nmaybe:\n")
    overrides = ["stage.rate=1e1", "stage.steps=7", "maybe.steps=3", "even=4", "free.a.b=[1, x]"]
    data = config.read(path, overrides)
    built = config.validate(Whole, data, "c.yaml")
    assert built.name == "é"
    # 1e1 without a point is a string in YAML 1.1.
    assert built.stage == Stage(rate=10.0, steps=7)
    assert built.maybe == Stage(steps=3)
    assert built.even == 4
    assert built.free == {"a": {"b": [1, "x"]}}


def test_a_later_override_wins_and_values_may_hold_equals_signs(tmp_path):
    data = config.read(write(tmp_path, "a: 1"), ["a=2", "a=3", "b=x=y", "c="])
    assert data == {"a": 3, "b": "x=y", "c": None}


def test_configs_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Stage().rate = 2.0


def test_a_missing_file():
    fails("absent.yaml: no such file", config.read, Path("absent.yaml"))


def test_a_folder(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        config.read(tmp_path)


def test_a_binary_file(tmp_path):
    path = write(tmp_path, b"\x89PNG\r\n\xff\xfe\x00")
    fails(f"{path}: is not a text file in UTF-8", config.read, path)


def test_control_characters(tmp_path):
    path = write(tmp_path, b"a: \x00\x01")
    fails(f"{path}: is not YAML: special characters are not allowed", config.read, path)


def test_damaged_yaml_is_one_sentence_with_the_line(tmp_path):
    path = write(tmp_path, "a: 1\nb: [1, 2\nc: 3\n")
    with pytest.raises(ConfigError, match=r"c\.yaml: is not YAML: .* in line 3$") as caught:
        config.read(path)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(("text", "came"), [("", "NoneType"), ("- 1", "list"), ("word", "str")])
def test_not_a_mapping(tmp_path, text, came):
    path = write(tmp_path, text)
    fails(f"{path}: expected a mapping, got {came}", config.read, path)


def test_python_objects_are_not_made(tmp_path):
    with pytest.raises(ConfigError, match="could not determine a constructor"):
        config.read(write(tmp_path, "a: !!python/object/apply:os.getcwd []"))


@pytest.mark.parametrize("override", ["a", "=1", "a..b=1", ".a=1", "a.=1", ""])
def test_an_override_that_is_no_pair(tmp_path, override):
    path = write(tmp_path, "a: {}")
    fails(f"override {override!r}: expected key=value", config.read, path, [override])


@pytest.mark.parametrize(
    ("text", "shown"), [("a: word", "'word'"), ("a: [1]", "[1]"), ("a: 0", "0")]
)
def test_an_override_through_what_is_no_block(tmp_path, text, shown):
    path = write(tmp_path, text)
    message = f"override 'a.b=1': a is {shown}, which has no keys to set"
    fails(message, config.read, path, ["a.b=1"])


def test_an_override_whose_value_is_not_yaml(tmp_path):
    with pytest.raises(ConfigError, match=r"^override 'a=\[1': is not YAML: "):
        config.read(write(tmp_path, "a: 1"), ["a=[1"])


def test_an_override_does_not_reach_into_the_file(tmp_path):
    path = write(tmp_path, "a: 1")
    config.read(path, ["a=2"])
    assert config.read(path) == {"a": 1}


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"nam": "a", "name": "a"}, "nam: unknown key; did you mean 'name'?"),
        ({"name": "a", "zzz": 1}, "zzz: unknown key"),
        ({"name": "a", "stage": {"stepz": 1}}, "stage.stepz: unknown key; did you mean 'steps'?"),
        ({"name": "a", "maybe": {"rat": 1}}, "maybe.rat: unknown key; did you mean 'rate'?"),
        (
            {"name": "a", "several": [{}, {"rat": 1}]},
            "several.1.rat: unknown key; did you mean 'rate'?",
        ),
        ({}, "name: is missing, and has no default"),
        ({"name": "a", "even": 3}, "even: must be even, got 3"),
        (
            {"name": "a", "stage": {"rate": -1}},
            "stage.rate: Input should be greater than 0, got -1",
        ),
    ],
)
def test_the_message_names_file_key_and_remedy(data, message):
    fails(f"c.yaml: {message}", config.validate, Whole, data, "c.yaml")


def test_a_problem_of_the_whole_has_no_key():
    with pytest.raises(ConfigError, match=r"^c\.yaml: bad and 4 do not go together$"):
        config.validate(Whole, {"name": "bad", "even": 4}, "c.yaml")


def test_every_problem_is_one_line():
    with pytest.raises(ConfigError) as caught:
        config.validate(Whole, {"even": 3, "stage": {"rat": 1}}, "c.yaml")
    assert [line.split(":")[1].strip() for line in str(caught.value).splitlines()] == [
        "name",
        "stage.rat",
        "even",
    ]


def test_defaults_are_checked_too():
    class Wrong(Config):
        count: int = Field(0, gt=0)

    fails("c: count: Input should be greater than 0, got 0", config.validate, Wrong, {}, "c")
