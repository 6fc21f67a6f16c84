"""`ocrkit evaluate`: scores a model, or predictions in a file, by the benchmarks' protocols."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ocrkit.catalog import DETECTOR, RECOGNIZER
from ocrkit.cli import _readings, _scoring
from ocrkit.cli._lexicons import Wanted
from ocrkit.cli._options import (
    EXIT_STATUS,
    MaxSide,
    Scales,
    SpotterName,
    Tile,
    parse_settings,
    seen_at,
)
from ocrkit.cli._scores import Output

# Nothing heavy is imported here: `ocrkit --help` imports this file.
if TYPE_CHECKING:
    from ocrkit.cli._scoring import Findings
    from ocrkit.data import Dataset
    from ocrkit.evaluate import Protocol
    from ocrkit.evaluate.evaluation import Evaluation
    from ocrkit.evaluate.lexicon import Lexicon

app = typer.Typer(
    help="Score a model, or predictions in a file, by the protocols of the benchmarks.",
    no_args_is_help=True,
)

GroundTruth = Annotated[
    Path,
    typer.Option(
        "--gt",
        "--labels",
        metavar="SOURCE",
        help="Ground truth: a folder or .zip of label files, a table, or what --from reads.",
        show_default=False,
    ),
]
Table = Annotated[
    Path,
    typer.Option(
        "--gt",
        "--table",
        metavar="SOURCE",
        help="Ground truth: a file of `path<TAB>text` lines, or what --from reads.",
        show_default=False,
    ),
]
From = Annotated[
    str | None,
    typer.Option("--from", metavar="SET", help="Which set it is. Default: guessed."),
]
TruthSetting = Annotated[
    list[str] | None,
    typer.Option("--gt-set", metavar="KEY=VALUE", help="A setting of the set. Repeatable."),
]
Images = Annotated[
    Path | None, typer.Option(help="Folder of pictures, where the ground truth has none.")
]
Only = Annotated[Path | None, typer.Option(help="File of the names to score, one a line.")]
Without = Annotated[Path | None, typer.Option(help="File of the names to leave out.")]
ProtocolNames = Annotated[
    list[str] | None,
    typer.Option(
        "--protocol", metavar="NAME", help="See docs/evaluation.md. Repeatable. Default: ic15."
    ),
]
Pred = Annotated[
    Path | None,
    typer.Option(
        help="Predictions to score instead of a model: JSON, or a folder or .zip of .txt."
    ),
]
Readings = Annotated[
    Path | None,
    typer.Option("--pred", help="Readings to score instead of a model: a table, or JSON."),
]
Threshold = Annotated[
    float | None, typer.Option(help="Leave out detections with a lower score.", show_default=False)
]
Tune = Annotated[
    bool,
    typer.Option(
        "--tune-threshold",
        help="Choose the threshold that is best on the scored data; every report says so.",
    ),
]
Setting = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="BLOCK.KEY=VALUE", help="A setting of the model. Repeatable."),
]
SpotterSetting = Annotated[
    list[str] | None,
    typer.Option(
        "--set",
        metavar="BLOCK.KEY=VALUE",
        help="A setting of the models or the lexicon, such as lexicon.limit=1.5. Repeatable.",
    ),
]
Device = Annotated[str, typer.Option(help="cpu, cuda or auto.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")]
Report = Annotated[
    Path | None,
    typer.Option(metavar="PAGE.html", help="Also write a page with curves and pictures."),
]


@app.command(epilog=EXIT_STATUS)
def detection(
    gt: GroundTruth,
    from_: From = None,
    images: Images = None,
    gt_settings: TruthSetting = None,
    only: Only = None,
    without: Without = None,
    protocol: ProtocolNames = None,
    model: Annotated[
        str | None, typer.Option(help=f"Detector: a name or a weights file; default {DETECTOR}.")
    ] = None,
    spotter: SpotterName = None,
    pred: Pred = None,
    threshold: Threshold = None,
    tune: Tune = False,
    settings: Setting = None,
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    device: Device = "auto",
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """Where the words are."""
    from ocrkit.evaluate.protocols import DETECTION

    seen = seen_at(max_side, tile, scales)
    _scoring.one_source(pred, model, spotter, *seen)
    _scoring.one_model(spotter, model)
    output = Output.planned("Detection", as_json, report)
    protocols = _scoring.chosen(DETECTION, protocol or ["ic15"])
    truth = _scoring.GroundTruth(gt, from_, images, only, without, gt_settings or ())
    dataset = truth.open()
    if pred:
        findings = _scoring.predicted(pred, dataset, texts=False)
    else:
        given = parse_settings([*(settings or ()), *seen])
        from ocrkit.reader import load

        name = model or DETECTOR
        reader = load(
            detector=name, recognizer=None, spotter=spotter, device=device, settings=given
        )
        findings = _scoring.detected(dataset, reader, spotter or name)
    evaluations = _evaluated(dataset, findings, protocols, threshold, tune)
    output.scenes(truth, dataset, findings, evaluations)


@app.command(epilog=EXIT_STATUS)
def spotting(
    gt: GroundTruth,
    lexicon_files: Annotated[
        Path | None,
        typer.Argument(
            metavar="[LEXICON]",
            help="File of the lexicon's words; of `strong`, the folder of its files.",
            show_default=False,
        ),
    ] = None,
    from_: From = None,
    images: Images = None,
    gt_settings: TruthSetting = None,
    only: Only = None,
    without: Without = None,
    protocol: ProtocolNames = None,
    detector: Annotated[
        str | None, typer.Option(help=f"A name or a weights file; default {DETECTOR}.")
    ] = None,
    recognizer: Annotated[
        str | None, typer.Option(help=f"A name or a weights file; default {RECOGNIZER}.")
    ] = None,
    spotter: SpotterName = None,
    pred: Pred = None,
    lexicon: Annotated[
        str,
        typer.Option(
            metavar="none|generic|weak|strong|full",
            help="Replace readings by words of the list in LEXICON before they are scored.",
        ),
    ] = "none",
    lexicon_pairs: Annotated[
        Path | None, typer.Option(help="File of the surface forms of the words in LEXICON.")
    ] = None,
    lexicon_rule: Annotated[
        str | None,
        typer.Option(metavar="close|nearest", help="How. Default: the lexicon's own."),
    ] = None,
    threshold: Threshold = None,
    tune: Tune = False,
    settings: SpotterSetting = None,
    max_side: MaxSide = None,
    tile: Tile = None,
    scales: Scales = None,
    device: Device = "auto",
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """Where the words are and what they say."""
    from ocrkit.evaluate.protocols import SPOTTING

    seen = seen_at(max_side, tile, scales, "spotter")
    _scoring.one_source(pred, detector, recognizer, spotter, *seen)
    _scoring.one_model(spotter, detector, recognizer)
    output = Output.planned("Spotting", as_json, report)
    groups = _scoring.chosen(SPOTTING, protocol or ["ic15"])
    given = parse_settings([*(settings or ()), *seen])
    values = given.pop("lexicon", {})
    wanted = Wanted(lexicon, lexicon_files, lexicon_pairs, lexicon_rule, values).checked()
    truth = _scoring.GroundTruth(gt, from_, images, only, without, gt_settings or ())
    dataset = truth.open()
    words = wanted.read(dataset)
    if pred:
        findings = _scoring.predicted(pred, dataset, texts=True)
    else:
        from ocrkit.reader import load

        pair = detector or DETECTOR, recognizer or RECOGNIZER
        reader = load(
            detector=pair[0], recognizer=pair[1], spotter=spotter, device=device, settings=given
        )
        findings = _scoring.spotted(dataset, reader, spotter or ", ".join(pair))
    protocols = [one for group in groups for one in group]
    evaluations = _evaluated(dataset, findings, protocols, threshold, tune, words)
    output.scenes(truth, dataset, findings, evaluations)


@app.command(epilog=EXIT_STATUS)
def recognition(
    gt: Table,
    from_: From = None,
    gt_settings: TruthSetting = None,
    only: Annotated[Path | None, typer.Option(help="File of the paths to score.")] = None,
    without: Annotated[Path | None, typer.Option(help="File of the paths to leave out.")] = None,
    protocol: Annotated[
        list[str] | None,
        typer.Option(metavar="rec-36|rec-36-chinese", help="Repeatable. Default: rec-36."),
    ] = None,
    keep: Annotated[
        str,
        typer.Option("--filter", metavar="NAME", help="Which crops are scored, such as ic13-857."),
    ] = "none",
    lexicon: Annotated[
        str | None,
        typer.Option(
            metavar="50|1k|full", help="Read the nearest word of this list of the ground truth."
        ),
    ] = None,
    model: Annotated[
        str | None,
        typer.Option(help=f"Recogniser: a name or a weights file; default {RECOGNIZER}."),
    ] = None,
    pred: Readings = None,
    settings: Setting = None,
    device: Device = "auto",
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """What cropped words say: accuracy over 36 characters and as written, 1-NED, CER.

    Of a model also whether its confidences are right: the expected calibration error.
    """
    _scoring.one_source(pred, model)
    output = Output.planned("Recognition", as_json, report)
    protocols = protocol or ["rec-36"]
    _scoring.chosen(_readings.protocols(), protocols)
    truth = _scoring.GroundTruth(gt, from_, None, only, without, gt_settings or ())
    dataset = truth.open()
    crops = _readings.filtered(dataset, keep, listed=only is not None)
    if pred:
        told = _readings.read_before(dataset, crops.kept, pred)
    else:
        given = parse_settings(settings or ())
        told = _readings.read(dataset, crops.kept, model or RECOGNIZER, device, given)
    results = _readings.scored(dataset, crops, told, lexicon, protocols)
    calibrations = _readings.calibrated(told, results, lexicon)
    output.crops(truth, dataset, crops.kept, told, results, calibrations)


@app.command(epilog=EXIT_STATUS)
def tracking(
    gt: Annotated[
        Path,
        typer.Option(help="True tracks: a file, or a folder of NAME.tracks.json."),
    ],
    results: Annotated[
        Path, typer.Option(help="Found tracks: a file, or a folder with files of the same names.")
    ],
    iou: Annotated[
        float, typer.Option(min=0.01, max=1, help="So much must quads overlap to be matched.")
    ] = 0.5,
    as_json: AsJson = False,
) -> None:
    """How well words of videos are followed and read: MOTA, MOTP, IDF1, text accuracy."""
    from ocrkit.cli import _tracking

    scores = _tracking.scored(gt, results, iou)
    if as_json:
        figures = {name: result.to_dict() for name, result in scores.items()}
        typer.echo(json.dumps({"iou": iou, "videos": figures}, indent=2, ensure_ascii=False))
    else:
        _tracking.show(scores)


def _evaluated(
    dataset: "Dataset",
    findings: "Findings",
    protocols: "list[Protocol]",
    threshold: float | None,
    tune: bool,
    lexicon: "Lexicon | None" = None,
) -> "list[Evaluation]":
    """The score by each protocol."""
    from ocrkit.evaluate.evaluation import evaluate
    from ocrkit.evaluate.spotting import using

    scenes = _scoring.scenes(dataset, findings.founds, lexicon)
    return [
        evaluate(
            using(protocol, lexicon) if lexicon else protocol,
            scenes,
            ranked=findings.ranked,
            threshold=threshold,
            tune=tune,
        )
        for protocol in protocols
    ]
