"""What every spotter is: images in, words out."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

from ocrkit.types import Image, Word


class Spotter(ABC):
    """Finds and reads the words of images; in two stages, or in one network."""

    @abstractmethod
    def spot(self, images: Sequence[Image]) -> list[tuple[Word, ...]]:
        """The words of each image, in no particular order; quads are in that image's pixels.

        An image's words do not depend on the images it is given with.
        """
