import importlib
import sys

import pytest

from ocrkit.errors import MissingExtraError


@pytest.mark.parametrize("missing", ["lightning.pytorch", "tensorboard"])
def test_a_missing_extra_is_named(monkeypatch, missing):
    if missing == "tensorboard":
        pytest.importorskip("lightning")
    monkeypatch.setitem(sys.modules, missing, None)
    monkeypatch.delitem(sys.modules, "ocrkit.train._lightning", raising=False)
    with pytest.raises(MissingExtraError, match=r"pip install 'ocrkit\[train\]'"):
        importlib.import_module("ocrkit.train._lightning")
