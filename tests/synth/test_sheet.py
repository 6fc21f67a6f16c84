import numpy as np
import pytest

from ocrkit.synth.sheet import GREEN, RED, SCENE_CELL, WORD_CELL, scene_sheet, word_sheet
from ocrkit.types import Sample


def sample(height: int, width: int) -> Sample:
    quads = np.array([[[5, 5], [20, 5], [20, 15], [5, 15]]] * 2, np.float32)
    quads[1] += 25
    image = np.full((height, width, 3), 50, np.uint8)
    return Sample(image, quads, ("a", "b"), np.array([False, True]))


@pytest.mark.parametrize(("count", "shape"), [(1, (1, 1)), (3, (1, 3)), (7, (3, 3))])
def test_cells_fill_rows(count: int, shape: tuple[int, int]) -> None:
    sheet = word_sheet([sample(30, 50)] * count, columns=3)
    assert sheet.shape == (shape[0] * (WORD_CELL[0] + 4), shape[1] * (WORD_CELL[1] + 4), 3)


def test_scenes_show_their_quads_and_are_left_as_they_are() -> None:
    scene = sample(*SCENE_CELL)
    sheet = scene_sheet([scene])
    assert sheet[2 + 5, 2 + 12].tolist() == list(GREEN)
    assert sheet[2 + 30, 2 + 37].tolist() == list(RED)
    assert (scene.image == 50).all()
