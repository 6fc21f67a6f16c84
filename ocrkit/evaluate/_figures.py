"""Figures of the report page as SVG: curves in a square of rates, and pictures with their words."""

import base64
import io
from collections.abc import Iterable, Sequence
from html import escape
from typing import NamedTuple

import numpy as np
import PIL.Image
from numpy.typing import NDArray

from ocrkit.evaluate._base import ImageResult, Outline, Outlines
from ocrkit.types import Image

LONGEST = 900
"""Pixels of the longer side of an embedded picture."""

COLOURS = ("#0b5cad", "#b3470b", "#0a7a55", "#8a3b8f", "#6b5b00", "#444444")
DASHES = ("", "7 3", "2 3", "9 3 2 3", "4 2", "1 2")
"""Of the lines of a plot, so that colour alone tells nothing apart."""

_WIDTH, _HEIGHT = 460, 360
_LEFT, _TOP, _RIGHT, _BOTTOM = 52, 14, 14, 46


class Line(NamedTuple):
    """A curve: its name, and its points, in the order they are joined."""

    label: str
    x: Sequence[float] | NDArray[np.float64]
    y: Sequence[float] | NDArray[np.float64]
    mark: tuple[float, float] | None = None
    """A point of it to point out."""


class Axis(NamedTuple):
    """What a side of a plot shows, and from where to where."""

    label: str
    start: float = 0.0
    end: float = 1.0

    def place(self, values: Sequence[float] | NDArray[np.float64]) -> NDArray[np.float64]:
        """Where values lie on it, from 0 to 1."""
        spread = self.end - self.start or 1.0
        return (np.asarray(values, np.float64) - self.start) / spread


def plot(title: str, axis: Axis, lines: Sequence[Line], y_label: str, iso: bool = False) -> str:
    """Lines over an axis; the other side shows rates from 0 to 1.

    Args:
        title: Said to those who cannot see the plot; what the lines end in is added.
        axis: The horizontal one.
        lines: As many as there are colours.
        y_label: What the rates are.
        iso: Whether to draw where the harmonic mean of both axes is the same.
    """
    parts = [_grid(axis, y_label), _iso_lines() if iso else ""]
    for number, line in enumerate(lines):
        x, y = _spot(axis.place(line.x), np.asarray(line.y, np.float64))
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        style = f'stroke="{COLOURS[number]}" stroke-dasharray="{DASHES[number]}"'
        parts.append(f'<polyline class="curve" points="{points}" {style}/>')
        if line.mark:
            x, y = _spot(axis.place(line.mark[:1]), np.array(line.mark[1:]))
            parts.append(
                f'<circle cx="{x[0]:.1f}" cy="{y[0]:.1f}" r="5" fill="{COLOURS[number]}"/>'
            )
    said = escape(f"{title}: {', '.join(line.label for line in lines)}", quote=True)
    body = "".join(parts)
    return f'<svg role="img" aria-label="{said}" viewBox="0 0 {_WIDTH} {_HEIGHT}">{body}</svg>'


def key(lines: Sequence[Line]) -> str:
    """Which line is which, as a list."""
    items = []
    for number, line in enumerate(lines):
        style = f'stroke="{COLOURS[number]}" stroke-dasharray="{DASHES[number]}"'
        stroke = (
            f'<svg class="key" viewBox="0 0 34 8"><path class="curve" d="M0 4H34" {style}/></svg>'
        )
        items.append(f"<li>{stroke} {escape(line.label)}</li>")
    return f'<ul class="keys">{"".join(items)}</ul>'


def _spot(
    x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fractions of the axes as points of the drawing."""
    right = _LEFT + x * (_WIDTH - _LEFT - _RIGHT)
    return right, _HEIGHT - _BOTTOM - y * (_HEIGHT - _TOP - _BOTTOM)


def _grid(axis: Axis, y_label: str) -> str:
    """Lines at every fifth, and what they mean."""
    parts, floor = [], _HEIGHT - _BOTTOM
    for tick in np.linspace(0, 1, 6):
        (x,), (y,) = _spot(np.array([tick]), np.array([tick]))
        value = axis.start + tick * (axis.end - axis.start)
        across, down = f"M{_LEFT} {y:.1f}H{_WIDTH - _RIGHT}", f"M{x:.1f} {_TOP}V{floor}"
        parts.append(
            f'<path class="grid" d="{across}{down}"/>'
            f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{tick:.1f}</text>'
            f'<text x="{x:.1f}" y="{floor + 18}" text-anchor="middle">{value:.3g}</text>'
        )
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    height = (_TOP + floor) / 2
    parts.append(
        f'<text x="{middle}" y="{_HEIGHT - 8}" text-anchor="middle">{escape(axis.label)}</text>'
        f'<text transform="translate(14 {height}) rotate(-90)" text-anchor="middle">'
        f"{escape(y_label)}</text>"
    )
    return "".join(parts)


def _iso_lines() -> str:
    """Where precision and recall have a harmonic mean of 0.2, 0.4, ..."""
    parts = []
    for mean in (0.2, 0.4, 0.6, 0.8):
        recall = np.linspace(mean / (2 - mean), 1, 40)
        x, y = _spot(recall, mean * recall / (2 * recall - mean))
        points = " ".join(f"{a:.1f},{b:.1f}" for a, b in zip(x, y, strict=True))
        parts.append(
            f'<polyline class="iso" points="{points}"/>'
            f'<text class="iso-label" x="{x[-1] - 3:.1f}" y="{y[-1] - 4:.1f}" text-anchor="end">'
            f"H {mean}</text>"
        )
    return "".join(parts)


class Shape(NamedTuple):
    """A ring to draw: what became of the word or detection, and what stands beside it."""

    kind: str
    """`hit`, `miss`, `false` (alarm) or `ignored`."""
    outline: Outline
    label: str


def shapes(
    words: Outlines,
    texts: Sequence[str | None],
    found: Outlines,
    readings: Sequence[str],
    result: ImageResult,
) -> list[Shape]:
    """What became of the words and the detections of a picture; a hit is drawn as it was found."""
    right_words = {pair.word for pair in result.pairs if pair.correct}
    right_found = {pair.found for pair in result.pairs if pair.correct}
    drawn = []
    for i, ignored in enumerate(result.words_ignored):
        if ignored or i not in right_words:
            drawn.append(Shape("ignored" if ignored else "miss", words[i], texts[i] or ""))
    for i, ignored in enumerate(result.found_ignored):
        kind = "ignored" if ignored else "hit" if i in right_found else "false"
        drawn.append(Shape(kind, found[i], readings[i]))
    order = ("ignored", "hit", "miss", "false")
    return sorted(drawn, key=lambda shape: order.index(shape.kind))


def scene(title: str, shapes: Sequence[Shape], picture: Image | None) -> str:
    """A picture with rings on it; without the picture, on a blank page of their extent."""
    height, width = picture.shape[:2] if picture is not None else _extent(shapes)
    scale = min(1.0, LONGEST / max(height, width))
    wide, high = max(1, round(width * scale)), max(1, round(height * scale))
    parts = [f'<rect class="paper" width="{wide}" height="{high}"/>']
    if picture is not None:
        data = jpeg(picture, LONGEST)
        parts.append(f'<image width="{wide}" height="{high}" href="{data}"/>')
    parts += [_ring(shape, scale, wide, high) for shape in shapes]
    said = escape(title, quote=True)
    size = f"font-size:{max(wide / 48, 9):.1f}px"
    body = "".join(parts)
    return (
        f'<svg class="scene" role="img" aria-label="{said}" viewBox="0 0 {wide} {high}"'
        f' style="{size}">{body}</svg>'
    )


def jpeg(picture: Image, longest: int) -> str:
    """The picture as the address of a JPEG that is itself the data, no side longer than this."""
    image = PIL.Image.fromarray(picture)
    image.thumbnail((longest, longest))
    data = io.BytesIO()
    image.save(data, "JPEG", quality=72)
    return f"data:image/jpeg;base64,{base64.b64encode(data.getvalue()).decode()}"


def _extent(shapes: Iterable[Shape]) -> tuple[int, int]:
    """Height and width of a page that has all rings on it, with a margin."""
    points = [np.asarray(shape.outline, np.float64) for shape in shapes]
    width, height = np.concatenate(points).max(axis=0) * 1.03 if points else (160, 90)
    return max(1, round(float(height))), max(1, round(float(width)))


def _ring(shape: Shape, scale: float, width: int, height: int) -> str:
    """A ring, with its text above it (below it, for what was found wrongly) where there is one."""
    ring = np.asarray(shape.outline, np.float64) * scale
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in ring)
    # The pale ring below makes the coloured one stand out from dark and from busy pictures.
    drawn = "".join(f'<polygon class="{kind}" points="{points}"/>' for kind in ("pale", shape.kind))
    if not shape.label or shape.kind == "ignored":
        return drawn
    below = shape.kind == "false"
    x = float(np.clip(ring[:, 0].min(), 0, width))
    y = float(np.clip(ring[:, 1].max() if below else ring[:, 1].min(), 0, height))
    below = y < 0.95 * height if below else y < 0.05 * height
    shift, anchor = "1em" if below else "-.3em", "start"
    if x > 0.85 * width:
        x, anchor = float(np.clip(ring[:, 0].max(), 0, width)), "end"
    return (
        f'{drawn}<text class="{shape.kind}" x="{x:.1f}" y="{y:.1f}" dy="{shift}"'
        f' text-anchor="{anchor}">{escape(shape.label)}</text>'
    )
