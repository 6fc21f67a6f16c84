"""Faces that come inside matplotlib's wheel, so that no test depends on what is installed."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from ocrkit.synth import fonts as fonts_module
from ocrkit.types import Image


@pytest.fixture(scope="session", autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory):
    """No test reads or writes the user's cache."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture(scope="session")
def font_folder() -> Path:
    return Path(mpl.get_data_path()) / "fonts" / "ttf"


@pytest.fixture(scope="session")
def fonts(font_folder: Path, _own_cache: None) -> list[Path]:
    return fonts_module.find_fonts([font_folder])


@pytest.fixture(scope="session")
def sans(font_folder: Path) -> str:
    return str(font_folder / "DejaVuSans.ttf")


@pytest.fixture(scope="session")
def photograph() -> Image:
    """A busy picture without text, (90, 160, 3)."""
    return np.random.default_rng(0).integers(0, 256, (90, 160, 3), dtype=np.uint8)
