"""JSON: a page as one object (`ocrkit-1.schema.json` says what is in it), or an object a line."""

import json
from collections.abc import Sequence
from pathlib import PurePath
from typing import Any

from ocrkit.formats import Sheet

DOCUMENTS = (".pdf",)
"""Of files that have pages even where there is just one."""


def json_page(sheets: Sequence[Sheet]) -> bytes:
    """One page, for eyes and programs."""
    (sheet,) = sheets
    return _encoded(json.dumps(_record(sheet, sheet.pages), ensure_ascii=False, indent=2))


def json_lines(sheets: Sequence[Sheet]) -> bytes:
    """One page a line, for programs."""
    records = (_record(sheet, max(sheet.pages, len(sheets))) for sheet in sheets)
    return b"".join(_encoded(json.dumps(record, ensure_ascii=False)) for record in records)


def _record(sheet: Sheet, pages: int) -> dict[str, Any]:
    """Plain values; a photograph on its own has no page number."""
    record: dict[str, Any] = {"path": sheet.name}
    if pages > 1 or sheet.number > 1 or PurePath(sheet.name).suffix.lower() in DOCUMENTS:
        record["page"] = sheet.number
    return {**record, **sheet.page.to_dict()}


def _encoded(line: str) -> bytes:
    # A name of a file that is no Unicode cannot be said in UTF-8.
    return (line + "\n").encode("utf-8", "replace")
