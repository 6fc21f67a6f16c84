"""Predictions in a JSON file, so that any program's results can be scored.

    {"img_7.jpg": [{"polygon": [[x, y], ...], "text": "EXIT", "score": 0.9}, ...], ...}

Points are in pixels of the picture; `text` and `score` may be left out. The order of a list counts,
as the protocols say. A picture that is not in the file has no detections.
"""

from pathlib import Path, PurePosixPath
from typing import Annotated

from pydantic import BaseModel, Field, FiniteFloat, TypeAdapter, ValidationError

from ocrkit.errors import DataError

Point = tuple[FiniteFloat, FiniteFloat]


class Prediction(BaseModel, frozen=True, extra="forbid"):
    """One detected word."""

    polygon: Annotated[tuple[Point, ...], Field(min_length=3)]
    text: str = ""
    score: FiniteFloat = 1.0


_FORM = TypeAdapter(dict[str, tuple[Prediction, ...]])


def read_predictions(path: Path) -> dict[str, tuple[Prediction, ...]]:
    """Predictions by the names of their pictures, less suffix: a copy may be of another format.

    Raises:
        DataError: The file cannot be read or has another form, or two pictures share a name.
    """
    try:
        named = _FORM.validate_json(path.read_bytes())
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except ValidationError as error:
        problem = error.errors()[0]
        place = ".".join(map(str, problem["loc"])) + ": " if problem["loc"] else ""
        raise DataError(f"{path}: {place}{problem['msg']}") from error
    stems = {PurePosixPath(name).stem: found for name, found in named.items()}
    if len(stems) < len(named):
        raise DataError(f"{path}: two pictures have the same name but for their suffix")
    return stems
