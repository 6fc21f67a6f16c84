"""What every language model is: how likely it holds a text, without a look at any picture."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import ClassVar, Generic, TypeVar

import numpy as np
from numpy.typing import NDArray
from torch import nn

from ocrkit.config import Config


class LanguageConfig(Config):
    """What all language models have in common."""

    name: str


C = TypeVar("C", bound=LanguageConfig)


class LanguageModel(nn.Module, ABC, Generic[C]):
    """Knows which texts are likely."""

    Config: ClassVar[type[LanguageConfig]]

    def __init__(self, config: C) -> None:
        super().__init__()
        self.config = config

    @abstractmethod
    def score(self, texts: Sequence[str]) -> NDArray[np.float64]:
        """Log-probability of each text, (N,), finite; words that spaces part are scored apart."""
