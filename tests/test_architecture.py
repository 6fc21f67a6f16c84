"""The house's own rules: sizes, public names, what an import costs, figures that agree."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

import ocrkit
from ocrkit import checkpoint

ROOT = Path(__file__).parents[1]
PUBLIC = [
    "Detections",
    "Detector",
    "OCRKitError",
    "Page",
    "Reader",
    "Reading",
    "Recognizer",
    "Sample",
    "Spotter",
    "Word",
    "__version__",
    "load",
    "read",
    "read_image",
]


@pytest.mark.parametrize("path", sorted((ROOT / "ocrkit").rglob("*.py")), ids=lambda p: p.name)
def test_files_stay_readable(path):
    assert len(path.read_text(encoding="utf-8").splitlines()) <= 400


def test_public_names_change_on_purpose_only():
    assert ocrkit.__all__ == PUBLIC
    for name in PUBLIC:
        assert hasattr(ocrkit, name)


def test_help_imports_nothing_heavy():
    code = (
        "import sys, ocrkit, ocrkit.cli; "
        "print(*sorted({'torch', 'cv2', 'numpy', 'scipy', 'lightning'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_reading_does_not_import_what_training_needs():
    code = (
        "import sys, ocrkit.reader; "
        "print(*sorted({'lightning', 'tensorboard', 'torchvision'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_the_model_zoo_shows_the_figures_in_the_weights():
    text = (ROOT / "docs" / "models.md").read_text(encoding="utf-8")
    written = {float(number) for number in re.findall(r"\d\.\d{3}\b", text)}
    for card in checkpoint.shipped().values():
        for figure in card.figures:
            assert round(figure.value, 3) in written, (card.name, figure)


def test_links_in_the_documentation_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")]:
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8")):
            assert (page.parent / target).exists(), f"{page}: {target}"
