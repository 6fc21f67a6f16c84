"""An experiment: which model learns from what, how, and what it is measured on.

A YAML file of four blocks, e.g.

    model:      {name: crnn}
    data:
      signs: {name: crops, table: signs/train.tsv, without: signs/val.txt}
      drawn: {name: synth-words, weight: 2}
    validation: {signs: {name: crops, table: signs/train.tsv, only: signs/val.txt}}
    train:      {steps: 60000, rate: 2e-3}

Sources are named, so that `data.signs.weight=3` overrides one and figures can say what they are of.
"""

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator
from torch import nn

from ocrkit import catalog, config, detect, recognize, spot
from ocrkit.config import Config
from ocrkit.errors import ConfigError, UnknownModelError
from ocrkit.train import sources

Family = Literal["detect", "recognize", "spot"]
FAMILIES: dict[Family, tuple[ModuleType, Any]] = {
    "detect": (detect, detect.Detector),
    "recognize": (recognize, recognize.Recognizer),
    "spot": (spot, spot.SpottingNetwork),
}


class Block(BaseModel):
    """Names a model, dataset or generator; the other keys are its own settings."""

    model_config = ConfigDict(frozen=True, extra="allow")

    name: str

    @property
    def settings(self) -> dict[str, Any]:
        """The name and the settings, for the class that the name means."""
        return {"name": self.name, **(self.model_extra or {})}


class Weighted(Block):
    """A source of training data and its share among the others."""

    weight: float = Field(1.0, ge=0, description="share of the examples, relative to the others")


class Training(Config):
    """How to learn."""

    steps: int = Field(gt=0, description="of the optimiser")
    batch: int = Field(gt=0, description="examples a step; fewer crops where they are wide")
    rate: float = Field(1e-3, gt=0, description="learning rate of AdamW, at its highest")
    warmup: int = Field(300, ge=0, description="steps until the full rate")
    weight_decay: float = Field(0.02, ge=0, description="of AdamW")
    clip: float = Field(5.0, gt=0, description="longest gradient, L2 norm")
    ema: float = Field(0.999, ge=0, lt=1, description="decay of the averaged weights; 0 for none")
    precision: Annotated[Literal["auto", "32", "bf16", "16"], BeforeValidator(str)] = Field(
        "auto", description="of the arithmetic; auto: bf16 on a GPU that has it, else 32"
    )
    device: str = Field("auto", description="auto, cpu, cuda or mps")
    seed: int = Field(0, ge=0, description="of weights, data and augmentation")
    workers: int = Field(2, ge=0, description="processes that prepare batches")
    validate_every: int = Field(2000, gt=0, description="steps")
    time_limit: float | None = Field(
        None, gt=0, description="minutes, resumed ones included; the rate falls in time for it"
    )
    init: str | dict[str, str] | None = Field(
        None,
        description="weights file or shipped model to start from; or several, by the parts of the "
        "network that start from them, such as {detector: east, recognizer: crnn}",
    )
    crop: int | None = Field(
        None,
        gt=0,
        multiple_of=32,
        description="side of the pieces a detector sees, px; 448 if null",
    )


class Experiment(Config):
    """All that a training needs, and all that it takes to repeat it."""

    name: str = Field(description="under which the weights are kept")
    family: Family = Field(description="of the model; told by its name")
    model: Block
    data_root: Annotated[Path, AfterValidator(Path.expanduser)] = Field(
        Path("data"), description="folder that the data's paths start from"
    )
    data: dict[str, Weighted] = Field(min_length=1, description="named sources")
    validation: dict[str, Block] = Field({}, description="named datasets")
    train: Training

    @model_validator(mode="after")
    def _pieces_are_for_detectors(self) -> Self:
        if self.family == "recognize" and self.train.crop is not None:
            raise ValueError(
                "train.crop: only detectors are trained on pieces of scenes; remove it"
            )
        return self

    def network_class(self) -> Any:
        """The class of the model, e.g. `CRNN`."""
        family, base = FAMILIES[self.family]
        return catalog.find(family, self.model.name, base)

    def network_config(self) -> Any:
        """The model's own config."""
        return config.validate(self.network_class().Config, self.model.settings, "model")

    def build(self) -> nn.Module:
        """The model with fresh weights.

        Raises:
            ConfigError: The network refuses a combination of settings.
        """
        try:
            built: nn.Module = self.network_class()(self.network_config())
        except ConfigError:
            raise
        except ValueError as error:
            raise ConfigError(f"model: {error}") from error
        return built


def load(path: Path, overrides: Sequence[str] = ()) -> Experiment:
    """The experiment in a YAML file, with overrides such as `train.rate=1e-3` applied.

    Raises:
        ConfigError: The file is missing, or a key or value is wrong; the message names it.
        UnknownModelError: There is no model of this name.
    """
    data = config.read(path, overrides)
    data.setdefault("name", path.stem)
    data.setdefault("family", _family(data.get("model"), path))
    experiment = config.validate(Experiment, data, str(path))
    config.validate(experiment.network_class().Config, experiment.model.settings, f"{path}: model")
    for where, blocks in (("data", experiment.data), ("validation", experiment.validation)):
        for label, block in blocks.items():
            sources.settings(block.settings, f"{path}: {where}.{label}")
    return experiment


def _family(block: Any, path: Path) -> Family:
    """The family that has a model of this name."""
    name = str(block.get("name")) if isinstance(block, dict) else ""
    known: list[str] = []
    for family, (module, _) in FAMILIES.items():
        if name in catalog.names(module):
            return family
        known += catalog.names(module)
    raise UnknownModelError(catalog.unknown(f"{path}: model", name, sorted(known)))
