"""A page that shows a score to people: the table, curves, and the pictures that went worst.

One file of HTML that needs nothing besides: no script, no address, pictures as data.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from importlib.resources import files
from itertools import zip_longest
from string import Template
from typing import Any

import ocrkit
from ocrkit.evaluate import _figures
from ocrkit.evaluate._base import ImageResult
from ocrkit.evaluate._figures import Axis, Line
from ocrkit.evaluate._rows import Row, rows
from ocrkit.evaluate.calibration import Calibration
from ocrkit.evaluate.evaluation import TUNED, Evaluation, Scene
from ocrkit.evaluate.recognition import RecognitionResult, SampleResult, confusions
from ocrkit.types import Image

Pictures = Callable[[str], Image | None]
"""From the name of a sample to its picture (H, W, 3) uint8 RGB, or None if that is not at hand."""

WORST = 12
"""Pictures that are shown."""

WORST_CROPS = 24
"""Crops that are shown."""

CONFUSIONS = 20
"""Confusions of characters that are listed."""

RATES = ("precision", "recall", "hmean", "average precision", "accuracy 36", "accuracy")
"""Rows of the table that stand out."""


def scenes_page(
    title: str,
    truth: str,
    evaluations: Sequence[Evaluation],
    notes: Sequence[str],
    pictures: Pictures,
    *,
    reading: bool = False,
) -> str:
    """The page for detections in scenes.

    Args:
        title: What was scored.
        truth: The ground truth.
        evaluations: One for each protocol, all of the same pictures; the first chooses the worst.
        notes: What a reader must know to judge the figures.
        pictures: Only the worst are asked for.
        reading: Whether what they say was scored, too.
    """
    first = evaluations[0]
    rates = {"Harmonic mean": first.result.hmean, "Precision": first.result.precision}
    rates |= {"Recall": first.result.recall}
    if first.average_precision is not None:
        rates["Average precision"] = first.average_precision
    parts = [
        _tiles(rates, first.result.protocol.name),
        _tables([evaluation.to_dict() for evaluation in evaluations]),
        _curves([evaluation for evaluation in evaluations if evaluation.ranked]),
        _misread(first) if reading else "",
        _worst_scenes(first, pictures),
    ]
    return _page(title, truth, notes, parts)


def crops_page(
    title: str,
    truth: str,
    names: Sequence[str],
    results: Sequence[RecognitionResult],
    notes: Sequence[str],
    pictures: Pictures,
    calibrations: Sequence[Calibration] = (),
) -> str:
    """The page for readings of crops.

    Args:
        title: What was scored.
        truth: The ground truth.
        names: Of the crops, in the order of the results' samples.
        results: One for each protocol; the first chooses the worst.
        notes: What a reader must know to judge the figures.
        pictures: Only the worst are asked for.
        calibrations: One for each result, of which the first is drawn; or none.
    """
    first = results[0]
    rates = {
        "Accuracy, 36 characters": first.accuracy_36,
        "Accuracy, as written": first.accuracy,
        "1 - N.E.D.": first.ned,
        "Character error rate": first.cer,
    }
    parts = [
        _tiles(rates, first.protocol),
        _tables(
            [
                result.to_dict() | (calibration.rates if calibration else {})
                for result, calibration in zip_longest(results, calibrations)
            ]
        ),
        _reliability(calibrations[0]) if calibrations else "",
        _confusions(
            [sample.truth for sample in first.samples],
            [sample.reading for sample in first.samples],
            "In all crops, as they were compared.",
        ),
        _worst_crops(list(zip(names, first.samples, strict=True)), pictures),
    ]
    return _page(title, truth, notes, parts)


def _page(title: str, truth: str, notes: Sequence[str], parts: Iterable[str]) -> str:
    template = Template(files("ocrkit.evaluate").joinpath("report.html").read_text("utf-8"))
    return template.substitute(
        title=escape(title),
        truth=escape(truth),
        notes=_notes(notes),
        body="\n".join(filter(None, parts)),
        version=escape(ocrkit.__version__),
    )


def _notes(notes: Sequence[str]) -> str:
    items = "".join(
        f'<li class="{"loud" if TUNED in note else "note"}">{escape(note)}</li>' for note in notes
    )
    return f'<ul class="notes">{items}</ul>' if notes else ""


def _tiles(rates: Mapping[str, float], protocol: str) -> str:
    tiles = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{rate:.4f}</dd></div>" for name, rate in rates.items()
    )
    return f'<dl class="tiles" aria-label="By {escape(protocol, quote=True)}">{tiles}</dl>'


def _tables(results: Sequence[dict[str, Any]]) -> str:
    """Figures and settings, with a column for each protocol."""
    names = "".join(f'<th scope="col" class="number">{escape(r["protocol"])}</th>' for r in results)
    head = f'<thead><tr><th scope="col">protocol</th>{names}</tr></thead>'
    every = [row for row in rows(results) if row.name != "protocol"]
    parts = []
    for title, settings in (("Counts and rates", False), ("Settings", True)):
        lines = [_row(row) for row in every if row.setting == settings]
        if lines:
            body = f"<tbody>{''.join(lines)}</tbody>"
            parts.append(f"<table><caption>{title}</caption>{head}{body}</table>")
    return f'<h2>Figures</h2><div class="tables">{"".join(parts)}</div>'


def _row(row: Row) -> str:
    kind = "main" if row.name in RATES else "loud" if TUNED in row.values else "plain"
    cells = "".join(f'<td class="number">{escape(value)}</td>' for value in row.values)
    return f'<tr class="{kind}"><th scope="row">{escape(row.name)}</th>{cells}</tr>'


def _curves(evaluations: Sequence[Evaluation]) -> str:
    """Precision over recall, and the harmonic mean over the threshold."""
    shown = evaluations[: len(_figures.COLOURS)]
    if not any(len(scene.found.texts) for evaluation in shown for scene in evaluation.given):
        return ""
    left_out = len(evaluations) - len(shown)
    rest = f" The first {len(shown)} protocols are drawn." if left_out else ""
    ranking, means = [], []
    for evaluation in shown:
        result, curve, sweep = evaluation.result, evaluation.curve, evaluation.sweep
        name = result.protocol.name
        end = (result.recall, result.precision)
        ap = f"{name}, average precision {evaluation.average_precision:.4f}"
        ranking.append(Line(ap, curve.recall, curve.precision, end))
        at = sweep.thresholds[-1] if evaluation.threshold is None else evaluation.threshold
        means.append(Line(name, sweep.thresholds, sweep.hmean, (float(at), result.hmean)))
    lowest, highest = min(line.x[-1] for line in means), max(line.x[0] for line in means)
    scores = Axis("score threshold", float(min(lowest, 0)), float(max(highest, 1)))
    left = _figures.plot("Precision over recall", Axis("recall"), ranking, "precision", iso=True)
    right = _figures.plot("Harmonic mean over the threshold", scores, means, "harmonic mean")
    return (
        "<h2>Curves</h2>"
        "<p>Dots are the scores above. Left, precision and recall of the detections with the "
        "highest scores, where each match counts 1 whatever the protocol; dotted lines join equal "
        "harmonic means (H). Right, what would be scored if the detections below a threshold were "
        f"left out.{rest}</p>"
        '<div class="plots">'
        f"<figure>{left}<figcaption>{_figures.key(ranking)}</figcaption></figure>"
        f"<figure>{right}<figcaption>{_figures.key(means)}</figcaption></figure></div>"
    )


def _reliability(calibration: Calibration) -> str:
    """Accuracy over confidence, and how many words each bin has."""
    if not calibration.bins:
        return ""
    found = Line(
        f"words, expected calibration error {calibration.ece:.4f}",
        [one.confidence for one in calibration.bins],
        [one.accuracy for one in calibration.bins],
        (calibration.confidence, calibration.accuracy),
    )
    lines = [found, Line("as often right as sure", [0, 1], [0, 1])]
    drawn = _figures.plot("Accuracy over confidence", Axis("confidence"), lines, "accuracy")
    cells = "".join(
        f'<tr><th scope="row">{one.start:.2g} to {one.end:.2g}</th>'
        f'<td class="number">{one.words}</td><td class="number">{one.confidence:.3f}</td>'
        f'<td class="number">{one.accuracy:.3f}</td></tr>'
        for one in calibration.bins
    )
    heads = "".join(
        f'<th scope="col" class="number">{name}</th>' for name in ("words", "mean", "accuracy")
    )
    return (
        "<h2>Confidence</h2><p>How many of the words are right as written, by how sure the "
        "recogniser is of them. Below the diagonal it is surer than it is right. The dot is all "
        "words together.</p>"
        f'<div class="plots"><figure>{drawn}<figcaption>{_figures.key(lines)}</figcaption></figure>'
        f'<table><thead><tr><th scope="col">confidence</th>{heads}</tr></thead>'
        f"<tbody>{cells}</tbody></table></div>"
    )


def _worst_scenes(evaluation: Evaluation, pictures: Pictures) -> str:
    """The pictures with the lowest harmonic mean, of equals those with the most errors."""
    pairs = zip(evaluation.scenes, evaluation.result.images, strict=True)
    wrong = [(scene, result) for scene, result in pairs if _errors(result)]
    wrong.sort(key=lambda pair: (pair[1].hmean, -_errors(pair[1]), pair[0].name))
    if not wrong:
        return "<h2>Pictures</h2><p>No picture has an error.</p>"
    drawn = "".join(_scene(scene, result, pictures) for scene, result in wrong[:WORST])
    name = escape(evaluation.result.protocol.name)
    return (
        f"<h2>The worst pictures by {name}</h2>"
        f"<p>{len(wrong)} of {len(evaluation.scenes)} pictures have errors; these are the "
        f"{min(WORST, len(wrong))} with the lowest harmonic mean, of equals those with the most "
        "errors first. A hit is drawn as it was found.</p>"
        f'{_LEGEND}<div class="scenes">{drawn}</div>'
    )


_KINDS = {"hit": "hit", "miss": "missed", "false": "false alarm", "ignored": "ignored"}

_LEGEND = (
    '<ul class="keys">'
    + "".join(
        f'<li><svg viewBox="0 0 34 14"><polygon class="{kind}" points="2,2 32,2 32,12 2,12"/></svg>'
        f" {name}</li>"
        for kind, name in _KINDS.items()
    )
    + "</ul>"
)


def _errors(result: ImageResult) -> int:
    """Words that were missed and detections that are wrong."""
    right = {pair.found for pair in result.pairs if pair.correct}
    return result.words - result.matched + result.found - len(right)


def _scene(scene: Scene, result: ImageResult, pictures: Pictures) -> str:
    shapes = _figures.shapes(
        scene.truth.outlines,
        scene.truth.texts,
        scene.found.outlines,
        scene.found.texts,
        result,
    )
    picture = pictures(scene.name)
    kinds = Counter(shape.kind for shape in shapes)
    said = " · ".join(_counted(kinds[kind], name) for kind, name in _KINDS.items() if kinds[kind])
    drawn = _figures.scene(f"{scene.name}: {said}", shapes, picture)
    blank = "" if picture is not None else " (the picture is not at hand)"
    return (
        f"<figure>{drawn}<figcaption><b>{escape(scene.name)}</b>{blank} · H {result.hmean:.3f}"
        f" · {said}</figcaption></figure>"
    )


def _counted(count: int, name: str) -> str:
    """Only names of things have a plural: "2 hits", but "2 missed"."""
    return f"{count} {name}{'s' * (count != 1 and not name.endswith('ed'))}"


def _confusions(truths: Sequence[str], readings: Sequence[str], what: str) -> str:
    """Which characters were most often read as which."""
    most = confusions(truths, readings).most_common(CONFUSIONS)
    if not most:
        return ""
    nothing = "<i>nothing</i>"
    lines = "".join(
        f"<tr><td>{escape(truth) or nothing}</td><td>{escape(reading) or nothing}</td>"
        f'<td class="number">{count}</td>'
        f'<td><span class="bar" style="width:{count / most[0][1] * 12:.1f}rem"></span></td></tr>'
        for (truth, reading), count in most
    )
    return (
        f"<h2>Confused characters</h2><p>{what}</p>"
        '<table class="confusions"><thead><tr><th scope="col">is</th><th scope="col">read as</th>'
        '<th scope="col" class="number">times</th><th></th></tr></thead>'
        f"<tbody>{lines}</tbody></table>"
    )


def _misread(evaluation: Evaluation) -> str:
    """The confusions in words that were found."""
    truths, readings = [], []
    for scene, result in zip(evaluation.scenes, evaluation.result.images, strict=True):
        for pair in result.pairs:
            truths.append((scene.truth.texts[pair.word] or "").upper())
            readings.append(scene.found.texts[pair.found].upper())
    return _confusions(truths, readings, "In words that were found, without regard to case.")


def _worst_crops(samples: Sequence[tuple[str, SampleResult]], pictures: Pictures) -> str:
    """The crops with the least similar readings."""
    wrong = [(name, sample) for name, sample in samples if not sample.correct]
    wrong.sort(key=lambda pair: (pair[1].similarity, -pair[1].edits, pair[0]))
    if not wrong:
        return "<h2>Crops</h2><p>Every reading is right as written.</p>"
    drawn = "".join(_crop(name, sample, pictures) for name, sample in wrong[:WORST_CROPS])
    return (
        f"<h2>The worst readings</h2><p>{len(wrong)} of {len(samples)} readings differ from what "
        f'is written; these differ most.</p><div class="crops">{drawn}</div>'
    )


def _crop(name: str, sample: SampleResult, pictures: Pictures) -> str:
    picture = pictures(name)
    shown = '<div class="none">the picture is not at hand</div>'
    if picture is not None:
        data = _figures.jpeg(picture, 300)
        shown = f'<img src="{data}" alt="Crop that says {escape(sample.truth, quote=True)}">'
    return (
        f'<figure>{shown}<figcaption>is <span class="text">{escape(sample.truth)}</span><br>'
        f'read <span class="text">{escape(sample.reading) or "nothing"}</span><br>'
        f'<span class="sub">{escape(name)}</span></figcaption></figure>'
    )
