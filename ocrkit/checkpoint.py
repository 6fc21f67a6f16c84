"""Weights files: one safetensors file holds a model's tensors, its config and where it comes from.

The header holds a `Card` as JSON, so a file needs no YAML to load and can be listed without
loading it. Floats are stored in half precision. A digest of the tensors stands beside the card: a
file that was cut short or altered on its way is refused instead of reading nonsense.
"""

import hashlib
import json
import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open

from ocrkit import __version__, catalog
from ocrkit.config import Config
from ocrkit.errors import CheckpointError, ConfigError, UnknownModelError

# The networks and torch are imported where they are used: listing cards needs neither.
if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from ocrkit.detect import Detector
    from ocrkit.language import LanguageModel
    from ocrkit.recognize import Recognizer
    from ocrkit.spot import SpottingNetwork

Family = Literal["detect", "recognize", "language", "spot"]
FAMILIES: tuple[Family, ...] = ("detect", "recognize", "language", "spot")
BLOCKS = {
    "detect": "detector",
    "recognize": "recognizer",
    "language": "language model",
    "spot": "spotter",
}
"""What a family's config block is called, in errors and in `--set`."""

SUFFIX = ".safetensors"
WEIGHTS = Path(__file__).parent / "weights"
"""The folder of the shipped files, named <family>-<name>.safetensors."""


class Figure(Config):
    """One measured result."""

    split: str = Field(description="the data it was measured on, e.g. `ic15 validation`")
    protocol: str = Field(description="how it was scored, e.g. `ICDAR 2015 IoU`")
    metric: str = Field(description="what was scored, e.g. `hmean`")
    value: float


class Card(Config):
    """What a weights file says of itself."""

    family: Family
    name: str = Field(min_length=1, description="under which `load` finds it when it is shipped")
    config: dict[str, Any] = Field(description="of the network, complete; rebuilds it")
    ocrkit: str = Field(__version__, description="version that wrote the file")
    commit: str = Field("", description="of ocrkit, when it was trained")
    date: str = Field("", description="when it was trained, as YYYY-MM-DD")
    data: tuple[str, ...] = Field((), description="what it was trained on")
    steps: int = Field(0, ge=0, description="of training")
    hours: float = Field(0.0, ge=0, description="of training")
    figures: tuple[Figure, ...] = ()
    ranges: dict[str, tuple[float, float]] = Field(
        {}, description="of what goes into convolutions, by name, for arithmetic in 8 bits"
    )
    licence: str = Field("", description="of the weights, and of the data behind them")


def save(path: Path | str, model: "nn.Module", card: Card) -> None:
    """Write a model and its card, atomically; an older file at `path` stays whole until the end.

    Raises:
        CheckpointError: A weight is not finite in half precision: the training went astray.
        OutputError: The file cannot be written.
    """
    from safetensors.torch import save as to_bytes

    from ocrkit.image import write_bytes

    tensors = {name: _stored(name, tensor) for name, tensor in model.state_dict().items()}
    metadata = {key: json.dumps(value) for key, value in card.model_dump(mode="json").items()}
    write_bytes(path, to_bytes(tensors, metadata | {"digest": _digest(tensors)}))


def read_card(path: Path | str) -> Card:
    """The card of a weights file.

    Raises:
        CheckpointError: The file is missing, damaged or not one that ocrkit wrote.
    """
    metadata = _metadata(Path(path))
    known = {key: text for key, text in metadata.items() if key in Card.model_fields}
    try:
        return Card.model_validate({key: json.loads(text) for key, text in known.items()})
    except (json.JSONDecodeError, ValidationError) as error:
        message = f"{path}: not a weights file of ocrkit: its header has no valid card"
        raise CheckpointError(message) from error


def shipped() -> dict[Path, Card]:
    """The weights files that come with ocrkit, by family and name, and their cards."""
    return {path: read_card(path) for path in sorted(WEIGHTS.glob(f"*{SUFFIX}"))}


def sha256(path: Path) -> str:
    """The SHA-256 of a file's bytes, as `sha256sum` prints it."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def locate(family: Family, name: str | Path) -> Path:
    """The weights file that `name` means: a shipped model, or a path.

    Anything with a suffix or a folder in it is a path.

    Raises:
        UnknownModelError: No shipped model has this name; the message names the nearest.
        CheckpointError: There is no file at this path.
    """
    path = Path(name)
    if isinstance(name, Path) or path.suffix or len(path.parts) > 1:
        if not path.is_file():
            raise CheckpointError(f"{path}: no such weights file")
        return path
    prefix = f"{family}-"
    files = {p.stem.removeprefix(prefix): p for p in sorted(WEIGHTS.glob(f"{prefix}*{SUFFIX}"))}
    if str(name) not in files:
        message = catalog.unknown(family, str(name), [*files, f"the path of a {SUFFIX} file"])
        raise UnknownModelError(message)
    return files[str(name)]


@overload
def load(
    family: Literal["detect"],
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> "Detector[Any, Any, Any]": ...
@overload
def load(
    family: Literal["recognize"],
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> "Recognizer[Any, Any, Any]": ...
@overload
def load(
    family: Literal["language"],
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> "LanguageModel[Any]": ...
@overload
def load(
    family: Literal["spot"],
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> "SpottingNetwork[Any, Any, Any]": ...
@overload
def load(
    family: Family,
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> Any: ...
def load(
    family: Family,
    name: str | Path,
    device: str = "cpu",
    settings: Mapping[str, Any] | None = None,
) -> Any:
    """The model in a weights file, in single precision and ready to read.

    A recogniser brings the language model along that its config names.

    Args:
        family: What kind of model is needed.
        name: A shipped model's name or a path; see `locate`.
        device: See `pick_device`.
        settings: Values that replace those of the config in the file, e.g. thresholds.

    Raises:
        UnknownModelError: No shipped model has this name.
        CheckpointError: The file is missing, damaged, of another family or does not fit its config.
        ConfigError: A key or value of `settings` is wrong, or there is no such device.
    """
    path = locate(family, name)
    card = read_card(path)
    if card.family != family:
        held, needed = BLOCKS[card.family], BLOCKS[family]
        raise CheckpointError(f"{path}: holds a {held} ({card.name}) where a {needed} is needed")
    target = pick_device(device)
    block = _merged(card.config, settings or {})
    model = _build(family, block, BLOCKS[family] if settings else str(path))
    _fill(model, _tensors(path), path)
    _range(model, card.ranges, path)
    _teach(model)
    return model.eval().to(target)


def pick_device(name: str) -> "torch.device":
    """The device of this name; `auto` is the graphics card where there is one, else the processor.

    Raises:
        ConfigError: This machine has no such device.
    """
    import torch

    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    try:
        device = torch.device(name)
        torch.zeros(1, device=device).item()  # a device may have a name and yet not be there
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise ConfigError(f"device: {name!r} is not available here; use 'auto' or 'cpu'") from error
    return device


def _build(family: Family, block: Mapping[str, Any], source: str) -> "nn.Module":
    """The network of a config block, with fresh weights."""
    from ocrkit import detect, language, recognize, spot

    families: dict[Family, Callable[[Mapping[str, Any], str], nn.Module]] = {
        "detect": detect.build,
        "recognize": recognize.build,
        "language": language.build,
        "spot": spot.build,
    }
    try:
        return families[family](block, source)
    except ConfigError:
        raise
    except ValueError as error:  # each value is valid, but the network refuses the combination
        raise ConfigError(f"{source}: {error}") from error


def _teach(model: "nn.Module") -> None:
    """Give the recognisers in a model the language models that they name."""
    from ocrkit.recognize import Recognizer

    for part in model.modules():
        if isinstance(part, Recognizer) and part.config.language is not None:
            part.language = load("language", part.config.language).score


def _range(model: "nn.Module", ranges: Mapping[str, tuple[float, float]], path: Path) -> None:
    """Tell a detector or recogniser the ranges of what goes into its convolutions.

    The digest does not tell whether they were altered: it is of the tensors.
    """
    from torch import nn

    from ocrkit.detect import Detector
    from ocrkit.recognize import Recognizer

    modules = dict(model.named_modules())
    for name, (low, high) in ranges.items():
        if not isinstance(modules.get(name), nn.Conv2d):
            message = f"{path}: has a range for {name!r}, which is no convolution of the network"
            raise CheckpointError(message)
        if not -math.inf < low <= 0 <= high < math.inf:
            message = f"{path}: the range for {name!r}, {low} to {high}, is none round zero"
            raise CheckpointError(f"{message}; measure it again with tools/measure_ranges.py")
    if isinstance(model, Detector | Recognizer):
        model.ranges = ranges


def _merged(block: Mapping[str, Any], settings: Mapping[str, Any]) -> dict[str, Any]:
    """The settings put over a config; blocks within it are merged, too."""
    found = dict(block)
    for key, value in settings.items():
        both = isinstance(value, Mapping) and isinstance(found.get(key), Mapping)
        found[key] = _merged(found[key], value) if both else value
    return found


def _fill(model: "nn.Module", tensors: Mapping[str, "Tensor"], path: Path) -> None:
    """Copy `tensors` into the model; all must be there, and fit."""
    wanted = model.state_dict()
    missing, extra = sorted(wanted.keys() - tensors.keys()), sorted(tensors.keys() - wanted.keys())
    problems = [f"lacks the tensor {name!r}" for name in missing]
    problems += [f"has the tensor {name!r}, which is not in the network" for name in extra]
    problems += [
        f"has {name!r} of shape {tuple(tensors[name].shape)}, not {tuple(tensor.shape)}"
        for name, tensor in wanted.items()
        if name in tensors and tensors[name].shape != tensor.shape
    ]
    if problems:
        more = f" (and {len(problems) - 1} more such problems)" if len(problems) > 1 else ""
        raise CheckpointError(f"{path}: does not fit its config: {problems[0]}{more}")
    model.load_state_dict(dict(tensors))


def _stored(name: str, tensor: "Tensor") -> "Tensor":
    """As it is written: floats in half precision, the rest as they are, in memory of its own."""
    import torch

    dtype = torch.float16 if tensor.is_floating_point() else tensor.dtype
    stored = tensor.detach().cpu().to(dtype, copy=True).contiguous()
    if not torch.isfinite(stored).all():
        raise CheckpointError(f"{name}: a weight is not finite in half precision; not saved")
    return stored


def _digest(tensors: Mapping[str, "Tensor"]) -> str:
    """SHA-256 over names and contents."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        digest.update(name.encode())
        digest.update(tensors[name].numpy().tobytes())
    return digest.hexdigest()


def _metadata(path: Path) -> dict[str, str]:
    """The strings in the header of a safetensors file."""
    with _opened(path, "np") as file:
        return dict(file.metadata() or {})


def _tensors(path: Path) -> dict[str, "Tensor"]:
    """All tensors of a safetensors file, checked against the digest in its header."""
    with _opened(path, "pt") as file:
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 not a dict
        digest = (file.metadata() or {}).get("digest")
    if digest != _digest(tensors):
        raise CheckpointError(f"{path}: the file is damaged (wrong digest); fetch it again")
    return tensors


def _opened(path: Path, framework: str) -> Any:
    try:
        return safe_open(path, framework=framework)
    except FileNotFoundError as error:
        raise CheckpointError(f"{path}: no such weights file") from error
    except (OSError, SafetensorError) as error:
        message = f"{path}: not a safetensors file, or cut short ({error}); fetch it again"
        raise CheckpointError(message) from error
