"""Arguments that several commands share, spelt and explained once."""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from ocrkit.catalog import DETECTOR, RECOGNIZER
from ocrkit.errors import ConfigError

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.inputs import Options
    from ocrkit.layout import Direction
    from ocrkit.reader import Reader

_MODEL = "A shipped model (see `ocrkit models`) or the path of a weights file."

Inputs = Annotated[
    list[str],
    typer.Argument(
        metavar="INPUTS",
        help="Pictures, PDF and TIFF documents, folders (with all below them), patterns such as "
        "'scans/*.jpg', http(s) addresses, or - for standard input.",
        show_default=False,
    ),
]
DetectorName = Annotated[
    str | None,
    typer.Option(
        "--detector",
        help=f"{_MODEL} Default: {DETECTOR}.",
        show_default=False,
    ),
]
RecognizerName = Annotated[
    str | None,
    typer.Option(
        "--recognizer",
        help=f"{_MODEL} Default: {RECOGNIZER}.",
        show_default=False,
    ),
]
SpotterName = Annotated[
    str | None,
    typer.Option(
        "--spotter",
        help="One network that finds and reads, such as fots, in place of detector and recognizer.",
        show_default=False,
    ),
]
ReadingDirection = Annotated[
    Literal["ltr", "rtl", "ttb"],
    typer.Option(
        "--direction", help="Words follow from left to right, right to left, or from top to bottom."
    ),
]
OnlyDetectorName = Annotated[str, typer.Option("--detector", "--model", help=_MODEL)]
OnlyRecognizerName = Annotated[str, typer.Option("--recognizer", "--model", help=_MODEL)]
Device = Annotated[str, typer.Option(help="cpu, cuda, or auto: the graphics card if there is one.")]
MaxPixels = Annotated[
    int | None,
    typer.Option(min=1, help="Refuse larger pictures. Default: 200 million.", show_default=False),
]
MaxSide = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The detector sees pictures with this long side, px; small ones smaller. Up to the "
        "next multiple of 32. Short for --set detector.long_side.",
        show_default=False,
    ),
]
Tile = Annotated[
    int | None,
    typer.Option(
        min=1,
        help="The detector sees pictures in overlapping tiles of this side, px, for bounded "
        "memory. Up to the next multiple of 32. Short for --set detector.tile.",
        show_default=False,
    ),
]
Scales = Annotated[
    str | None,
    typer.Option(
        metavar="X,Y,...",
        help="The detector sees each picture so many times larger, such as 0.7,1,1.4; of words "
        "found twice the surer stays. Short for --set detector.scales, or spotter.scales where "
        "what is found in pictures is read.",
        show_default=False,
    ),
]
LexiconFile = Annotated[
    Path | None,
    typer.Option(
        "--lexicon",
        metavar="FILE",
        help="Words, one a line in UTF-8, that readings give way to where the picture allows it; "
        "what is near to none stays. Short for --set recognizer.lexicon.",
        show_default=False,
    ),
]
Whitelist = Annotated[
    str | None,
    typer.Option(
        metavar="CHARACTERS",
        help="The only characters to read, with ranges, such as 0-9A-Z; a - that is meant comes "
        "first or last. Short for --set recognizer.whitelist.",
        show_default=False,
    ),
]
LanguageName = Annotated[
    str | None,
    typer.Option(
        "--language",
        metavar="NAME",
        help="The language model that chooses among the texts a picture may show: a shipped one's "
        "name, a file, or `none`, for codes and serial numbers. Default: the recogniser's own. "
        "Short for --set recognizer.language.",
        show_default=False,
    ),
]
Dpi = Annotated[
    float, typer.Option(min=10, max=2400, help="Pixels per inch to draw pages of PDF at.")
]
Pages = Annotated[
    str | None,
    typer.Option(
        metavar="RANGES",
        help="Of documents with several pages read these, as in 1-3,7,12-.",
        show_default=False,
    ),
]
AllowPrivate = Annotated[
    bool,
    typer.Option("--allow-private", help="Fetch pictures from servers of the own network, too."),
]
Threads = Annotated[
    int | None,
    typer.Option(
        min=1, help="Of the processor. Default: as many as it has cores.", show_default=False
    ),
]
ConfigFile = Annotated[
    Path | None,
    typer.Option(
        "--config",
        metavar="FILE",
        help="Settings in YAML, with the blocks of --set: detector, recognizer, spotter. "
        "--set wins over them.",
        show_default=False,
    ),
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print nothing but errors. Goes with --save.")
]
Resume = Annotated[
    bool,
    typer.Option("--resume", help="Skip pictures whose outputs are all in the folder of --save."),
]
Save = Annotated[
    Path | None,
    typer.Option(
        metavar="FOLDER",
        help="Write NAME.json and NAME.png, the picture with the results drawn in, to this folder.",
        show_default=False,
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="KEY=VALUE",
        help="Change a setting, for example detector.pixel_threshold=0.7. "
        "`ocrkit models show NAME` lists those of detector and recognizer; spotter has margin, "
        "min_confidence and turn_gain. Repeatable.",
        show_default=False,
    ),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a line per picture.")]

EXIT_STATUS = """
Exit status: 0 if all went well; 1 if an input is missing or cannot be read (the others are done);
2 for wrong usage: an unknown model, a bad option, or a folder that cannot be written to.
"""


def load_reader(
    detector: str | None,
    recognizer: str | None,
    device: str,
    max_pixels: int | None,
    settings: Sequence[str] | None,
    *,
    spotter: str | None = None,
    direction: "Direction" = "ltr",
    file: Path | None = None,
    threads: int | None = None,
) -> "Reader":
    """A reader as the options want it.

    Raises:
        ConfigError: A setting is wrong, or there is no such model or device.
        CheckpointError: A weights file is missing or damaged.
    """
    given = parse_settings(settings or ())
    chosen = _with_file(file, settings or ()) if file else given
    if threads is not None:
        import torch

        torch.set_num_threads(threads)

    from ocrkit.image import MAX_PIXELS
    from ocrkit.reader import load

    try:
        return load(
            detector=detector,
            recognizer=recognizer,
            spotter=spotter,
            direction=direction,
            device=device,
            max_pixels=max_pixels or MAX_PIXELS,
            settings=chosen,
        )
    except ConfigError as error:
        block, key = (*str(error).split(": "), "")[:2]
        key = key.partition(".")[0]
        if file is None or key not in chosen.get(block, {}) or key in given.get(block, {}):
            raise
        raise ConfigError(f"{file}: {error}") from error


def _with_file(file: Path, pairs: Sequence[str]) -> dict[str, Any]:
    """The settings of a file, and over them those of pairs.

    Raises:
        ConfigError: The file is missing, is no YAML, or has other blocks; the message names it.
    """
    from ocrkit import config
    from ocrkit.reader import Settings

    config.validate(Settings, config.read(file), str(file))
    return config.read(file, pairs)


def how_to_open(dpi: float, pages: str | None, allow_private: bool) -> "Options":
    """How documents are taken apart.

    Raises:
        ConfigError: The ranges of pages are none.
    """
    from ocrkit.inputs import Options, parse_ranges

    return Options(dpi, None if pages is None else parse_ranges(pages), allow_private)


def seen_at(
    max_side: int | None, tile: int | None, scales: str | None, block: str = "detector"
) -> list[str]:
    """How the detector sees pictures, as pairs for `--set`; of what was not given, nothing.

    Args:
        max_side: Of the picture as the network sees it, pixels; rounded up.
        tile: Side of the tiles, pixels; rounded up.
        scales: Numbers with commas between.
        block: Whose scales these are: the `detector`'s, which merges what it finds twice, or the
            `spotter`'s, which reads it twice.

    Raises:
        ConfigError: The scales are no numbers.
    """
    pairs = []
    if max_side is not None:
        pairs.append(f"detector.long_side={_rounded_up(max_side)}")
    if tile is not None:
        pairs.append(f"detector.tile={max(64, _rounded_up(tile))}")
    if scales is not None:
        pairs.append(f"{block}.scales={_numbers(scales)}")
    return pairs


def said_in(lexicon: Path | None, whitelist: str | None, language: str | None = None) -> list[str]:
    """What the recogniser may say, as pairs for `--set`; of what was not given, nothing.

    Raises:
        ConfigError: The whitelist is empty, or a range in it runs backwards.
    """
    pairs = []
    if lexicon is not None:
        pairs.append(f"recognizer.lexicon={json.dumps(str(lexicon), ensure_ascii=False)}")
    if whitelist is not None:
        pairs.append(
            f"recognizer.whitelist={json.dumps(_characters(whitelist), ensure_ascii=False)}"
        )
    if language is not None:
        name = "null" if language == "none" else json.dumps(language, ensure_ascii=False)
        pairs.append(f"recognizer.language={name}")
    return pairs


def _characters(whitelist: str) -> str:
    """Those that a list such as 0-9A-Z stands for, each once; ranges as in regular expressions."""
    if not whitelist:
        raise ConfigError("--whitelist: expected characters and ranges, as in 0-9A-Z, got none")
    found: list[str] = []
    for span in re.findall(r".-.|.", whitelist, re.DOTALL):
        first, last = ord(span[0]), ord(span[-1])
        if first > last:
            raise ConfigError(
                f"--whitelist {whitelist}: the range {span} runs backwards; as in 0-9A-Z, "
                "the lower character comes first, and a - that is meant first or last of all"
            )
        found += map(chr, range(first, last + 1))
    return "".join(dict.fromkeys(found))


def _rounded_up(side: int) -> int:
    """The next multiple of 32: sides of all that a detector's network sees are such."""
    return -(-side // 32) * 32


def _numbers(scales: str) -> list[float]:
    """Of a list such as 0.7,1,1.4."""
    try:
        found = [float(scale) for scale in scales.split(",")]
    except ValueError:
        found = []
    if not found or not all(0 < scale <= 8 for scale in found):
        raise ConfigError(f"--scales {scales}: expected numbers above 0, up to 8, as in 0.7,1,1.4")
    return found


def parse_settings(pairs: Sequence[str]) -> dict[str, dict[str, Any]]:
    """Pairs such as `detector.pixel_threshold=0.7`, by block; values are read as YAML.

    Raises:
        ConfigError: A pair has another form.
    """
    for pair in pairs:
        name, equals, _ = pair.partition("=")
        if not equals or "." not in name:
            raise ConfigError(
                f"--set {pair}: expected BLOCK.KEY=VALUE, such as detector.pixel_threshold=0.7"
            )
    from ocrkit import config

    return config.settings(pairs)
