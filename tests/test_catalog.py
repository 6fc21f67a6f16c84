"""The folder is the catalogue: names come from files, classes from their modules."""

import sys
from importlib.metadata import EntryPoint

import pytest

from ocrkit import catalog
from ocrkit.errors import ConfigError, UnknownModelError


class Base:
    pass


class Plugin(Base):
    pass


@pytest.fixture
def family(tmp_path, monkeypatch):
    """A package of two models, of which `broken` must never be imported."""
    folder = tmp_path / "shapes"
    folder.mkdir()
    (folder / "__init__.py").write_text("from tests_base import Base\n")
    (tmp_path / "tests_base.py").write_text("class Base:\n    pass\n")
    (folder / "_private.py").write_text("")
    (folder / "circle.py").write_text(
        "from tests_base import Base\n"
        "class CircleConfig: pass\n"
        "class Circle(Base): pass\n"
        "limit = 3\n"
    )
    (folder / "broken.py").write_text("raise RuntimeError('imported')\n")
    monkeypatch.syspath_prepend(tmp_path)
    import shapes

    yield shapes
    for name in [n for n in sys.modules if n.split(".")[0] in ("shapes", "tests_base")]:
        del sys.modules[name]


def test_names_are_the_public_files(family):
    assert catalog.names(family) == ["broken", "circle"]


def test_a_class_is_found_by_its_files_name(family):
    found = catalog.find(family, "circle", family.Base)
    assert (found.__name__, found.__module__) == ("Circle", "shapes.circle")
    assert "shapes.broken" not in sys.modules


def test_a_wrong_name_gives_the_nearest_and_all(family):
    with pytest.raises(UnknownModelError) as caught:
        catalog.find(family, "circel", family.Base)
    hint = "did you mean 'circle'? choose from: broken, circle"
    assert str(caught.value) == f"shapes: no model 'circel'; {hint}"
    assert isinstance(caught.value, ConfigError)


def test_a_name_like_no_other_gives_all(family):
    with pytest.raises(UnknownModelError, match=r"'xyz'; choose from: broken, circle$"):
        catalog.find(family, "xyz", family.Base)


@pytest.mark.parametrize("name", ["_private", "__init__", "os", "..circle", "circle.Circle", ""])
def test_only_listed_names_are_imported(family, name):
    with pytest.raises(UnknownModelError):
        catalog.find(family, name, family.Base)


def test_a_plugin_is_listed_and_found(family, monkeypatch):
    point = EntryPoint("square", f"{__name__}:Plugin", "shapes")
    monkeypatch.setitem(sys.modules, __name__, sys.modules.get(__name__) or _this_module())
    monkeypatch.setattr(catalog, "entry_points", lambda group: [point] * (group == "shapes"))
    assert catalog.names(family) == ["broken", "circle", "square"]
    assert catalog.find(family, "square", Base) is Plugin


def _this_module():
    from types import SimpleNamespace

    return SimpleNamespace(Plugin=Plugin)
