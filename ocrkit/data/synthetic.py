"""Synthetic pictures as samples to be written: drawn and encoded, in several processes if wanted.

make = partial(crops, WordGenerator, 0, find_fonts(), None, WordStyle())
with CropsWriter(Path("out"), "words, seed 0") as writer:
    for drawn in draw(make, "train/word_{:07d}.png", 1000, writer, workers=4):
        ...
"""

import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import ClassVar, NamedTuple

import numpy as np
import PIL.Image

from ocrkit.data._base import Labels
from ocrkit.data._rrc import IGNORED
from ocrkit.data.writers import Writer, encode
from ocrkit.errors import DataError, OutputError
from ocrkit.image import WRITERS, read_image, write_bytes
from ocrkit.synth import parallel
from ocrkit.synth.backgrounds import Backgrounds
from ocrkit.synth.scenes import SceneGenerator
from ocrkit.synth.style import SceneStyle
from ocrkit.synth.words import WordGenerator, WordStyle
from ocrkit.types import Sample

TABLE = "train.tsv"


class Drawn(NamedTuple):
    """A sample as it is written: a picture file's bytes, and its labels."""

    picture: bytes
    labels: Labels

    @property
    def sample(self) -> Sample:
        """The picture and its words."""
        image = read_image(self.picture)
        quads = self.labels.quads(image.shape[:2])
        return Sample(image, quads, self.labels.texts, self.labels.ignored)


Draw = Callable[[int], Drawn]


def crops(
    kind: type[WordGenerator],
    seed: int,
    fonts: Sequence[Path],
    backgrounds: Path | None,
    style: WordStyle,
) -> Draw:
    """What draws sample i of a seed, of words or of lines, as a PNG.

    Args:
        kind: `WordGenerator` or `LineGenerator`.
        seed: Of all the samples.
        fonts: Font files.
        backgrounds: Folder of photographs.
        style: How often the effects occur.
    """
    generator = kind(None, fonts, _load(backgrounds), style)

    def draw(index: int) -> Drawn:
        sample = generator.sample(np.random.default_rng((seed, index)))
        return Drawn(encode(sample.image), Labels.of_crop(sample.texts[0]))

    return draw


def scenes(
    seed: int,
    fonts: Sequence[Path],
    backgrounds: Path | None,
    style: SceneStyle,
    size: tuple[int, int],
    detailed: bool,
) -> Draw:
    """What draws sample i of a seed as a JPEG.

    Args:
        seed: Of all the samples.
        fonts: Font files.
        backgrounds: Folder of photographs.
        style: How often the effects occur.
        size: (height, width), px.
        detailed: Label outlines that follow curved words; else quads of whole numbers, in which
            words that read as ICDAR's mark for ignored ones are ignored.
    """
    generator = SceneGenerator(None, fonts, _load(backgrounds), size, style=style)

    def draw(index: int) -> Drawn:
        rng = np.random.default_rng((seed, index))
        if detailed:
            full = generator.detailed(rng)
            sample = full.sample
            labels = Labels(full.outlines, sample.texts, sample.ignored)
        else:
            sample = generator.sample(rng)
            marks = np.array([text == IGNORED for text in sample.texts], np.bool_)
            quads = tuple(np.round(sample.quads))
            labels = Labels(quads, sample.texts, sample.ignored | marks)
        data, (name, options) = io.BytesIO(), WRITERS[".jpg"]
        PIL.Image.fromarray(sample.image).save(data, name, **options)
        return Drawn(data.getvalue(), labels)

    return draw


def draw(
    make: Callable[[], Draw],
    name: str,
    number: int,
    writer: Writer | None = None,
    *,
    shown: int = 0,
    workers: int = 1,
) -> Iterator[Drawn]:
    """Write the samples that the writer has not got yet, in order; each, when it is written.

    Args:
        make: Gives what draws; see `ocrkit.synth.parallel.drawn`.
        name: What samples are called, e.g. `scene_{:06d}`.
        number: How many samples there are.
        writer: None to draw only.
        shown: The first so many are drawn in any case.
        workers: Processes that draw.

    Raises:
        OCRKitError: A sample cannot be drawn or written.
    """
    names = [name.format(index) for index in range(number)]
    missing = [index for index in range(number) if writer is None or names[index] not in writer]
    numbers = sorted({*range(min(shown, number)), *missing})
    with closing(parallel.drawn(make, numbers, workers)) as results:
        for index, drawn in zip(numbers, results, strict=True):
            if writer is not None and names[index] not in writer:
                writer.add(names[index], *drawn)
            yield drawn


class CropsWriter(Writer):
    """Words, a table and the pictures it names; see `ocrkit.data.sets.crops`.

    Names are the paths of the pictures from the table's folder on, with the suffix that their
    content has.
    """

    form: ClassVar[str] = "crops"

    def __init__(self, path: Path, origin: str) -> None:
        """Begin, or take up what an earlier writer left; see `Writer`."""
        super().__init__(path, origin)
        file = self.part / TABLE
        try:
            content = file.read_bytes() if file.exists() else b""
            # A kill may have cut the last line.
            whole = content[: content.rfind(b"\n") + 1]
            self._names = {line.split(b"\t")[0].decode() for line in whole.split(b"\n")[:-1]}
            self._file = file.open("r+b" if content else "wb")
            self._file.seek(len(whole))
            self._file.truncate()
        except OSError as error:
            raise OutputError(f"{file}: cannot be written: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise OutputError(f"{file}: is damaged; remove {self.part}") from error

    def __contains__(self, name: object) -> bool:
        """Whether the sample of this name is written."""
        return name in self._names

    def __len__(self) -> int:
        """How many samples are written."""
        return len(self._names)

    def _add(self, name: str, picture: bytes, labels: Labels) -> None:
        text = labels.texts[0] if len(labels) == 1 and not labels.ignored[0] else None
        if text is None or "\n" in text or text.endswith("\r") or "\t" in name:
            raise DataError(f"{name}: a table holds single words whose text is known, a line each")
        write_bytes(self.part / name, picture)
        try:
            self._file.write(f"{name}\t{text}\n".encode())
            self._file.flush()
        except OSError as error:
            raise OutputError(
                f"{self.part / TABLE}: cannot be written: {error.strerror}"
            ) from error
        self._names.add(name)

    def _close(self) -> None:
        self._file.close()


def _load(folder: Path | None) -> Backgrounds:
    return Backgrounds.from_folder(folder) if folder else Backgrounds()
