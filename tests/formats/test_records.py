"""JSON, and the schema that is published for it."""

import json
from dataclasses import asdict
from importlib.resources import files

import jsonschema
import numpy as np
import pytest

import ocrkit
from ocrkit import formats
from ocrkit.types import SCHEMA, Character, Reading


@pytest.fixture(scope="module")
def schema():
    content = json.loads((files("ocrkit.formats") / "ocrkit-1.schema.json").read_text("utf-8"))
    validator = jsonschema.Draft202012Validator
    validator.check_schema(content)
    assert content["title"] == SCHEMA
    return validator(content)


def test_a_photograph(photo, schema):
    content = formats.find("json").render([photo]).decode()
    record = {"path": "photo.jpg", **photo.page.to_dict()}
    assert content == json.dumps(record, ensure_ascii=False, indent=2) + "\n"
    schema.validate(json.loads(content))


def test_pages_of_a_document_are_numbered(sheets, schema):
    for sheet in sheets:
        record = json.loads(formats.find("json").render([sheet]))
        assert (record["path"], record["page"]) == ("scans/a b.pdf", sheet.number)
        schema.validate(record)


def test_a_document_of_one_page_and_a_photograph(photo):
    document = photo._replace(name="scan.PDF")
    assert json.loads(formats.find("json").render([document]))["page"] == 1
    assert "page" not in json.loads(formats.find("json").render([photo]))
    assert json.loads(formats.find("json").render([photo._replace(pages=2)]))["page"] == 1
    assert json.loads(formats.find("json").render([photo._replace(number=3)]))["page"] == 3


def test_an_object_a_line(sheets, schema):
    lines = formats.find("jsonl").render(sheets).decode().split("\n")
    assert lines.pop() == ""
    records = [json.loads(line) for line in lines]
    assert [record["page"] for record in records] == [1, 2]
    assert [record["text"] for record in records] == [sheet.page.text for sheet in sheets]
    assert "Übergröße" in lines[0]
    for record in records:
        schema.validate(record)


def test_pages_given_together_are_numbered(photo):
    both = formats.find("jsonl").render([photo, photo._replace(number=2)]).splitlines()
    assert [json.loads(line)["page"] for line in both] == [1, 2]


def test_a_name_that_is_no_unicode(photo):
    record = json.loads(formats.find("json").render([photo._replace(name="a\udcff.png")]))
    assert record["path"] == "a?.png"


def test_detections_and_readings_have_the_schema_too(schema):
    size = {"height": 2, "width": 3}
    found = [{"score": 0.5, "quad": [[0, 0], [1, 0], [1, 1], [0, 1]]}]
    schema.validate({"path": "a", "schema": SCHEMA, "size": size, "detections": found})
    reading = Reading.of((Character("a", 0.5, (0.0, 1.0)),))
    record = {"path": "a", "schema": SCHEMA, **asdict(reading)}
    schema.validate(json.loads(json.dumps(record)))


@pytest.mark.parametrize(
    "change",
    [
        {"extra": 1},
        {"schema": "ocrkit/2"},
        {"page": 0},
        {"lines": [{"words": []}]},
        {"lines": [{"words": [{}]}]},
        {"size": {"height": 1}},
    ],
)
def test_the_schema_is_strict(photo, schema, change):
    record = json.loads(formats.find("json").render([photo]))
    assert not schema.is_valid({**record, **change})


@pytest.mark.parametrize("key", ["schema", "size", "text", "lines"])
def test_the_schema_misses_what_is_missing(photo, schema, key):
    record = json.loads(formats.find("json").render([photo]))
    del record[key]
    assert not schema.is_valid(record)


@pytest.mark.parametrize(
    "change",
    [{"confidence": 1.5}, {"quad": [[0, 0]] * 3}, {"quad": [[0]] * 4}, {"box": []}, {"text": 1}],
)
def test_the_schema_is_strict_about_words(photo, schema, change):
    record = json.loads(formats.find("json").render([photo]))
    record["lines"][0]["words"][0] |= change
    assert not schema.is_valid(record)


def test_a_picture_that_is_read(schema):
    """By the models that ship."""
    import cv2

    image = np.full((160, 400, 3), 255, np.uint8)
    cv2.putText(image, "HELLO", (40, 100), cv2.FONT_HERSHEY_SIMPLEX, 2.5, (0, 0, 0), 6)
    page = ocrkit.load(device="cpu").read(image)
    assert page.words
    sheet = formats.Sheet("drawn", 1, image, page, None)
    schema.validate(json.loads(formats.find("json").render([sheet])))
