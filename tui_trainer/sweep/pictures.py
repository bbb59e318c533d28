"""A sweep's results as SVG: heat maps, means with intervals, learning curves. All texts are escaped.

Accuracies are drawn on the logarithm of the error: 98% to 99% halves the mistakes, as does 80% to 90%.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise
from math import log10
from typing import Final

from tui_trainer.sweep.heat import Cell, Heat
from tui_trainer.sweep.phrases import several
from tui_trainer.system.folders import printable

LETTER: Final = 7.0
"""The estimated width of a letter."""

LINE: Final = 20
LONGEST: Final = 48
"""Letters of a label; its tooltip has the rest."""

TICKS: Final = (0.0, 0.5, 0.8, 0.9, 0.95, 0.98, 0.99, 0.995, 0.998, 0.999, 1.0)
FINER: Final = (0.6, 0.7, 0.85, 0.93, 0.96, 0.97, 0.985, 0.9925, 0.997)
"""Used where few of the other ticks are in range."""

LEAST_ERROR: Final = 5e-4
"""The error at which 100% accuracy is drawn."""

VIRIDIS: Final = ((68, 1, 84), (59, 82, 139), (33, 145, 140), (94, 201, 98), (253, 231, 37))
"""Distinguishable with any kind of colour blindness, and in grey."""

LINES: Final = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#8a6d3b", "#7f7f7f", "#6a51a3", "#b22222")
"""After Okabe and Ito, for light and dark backgrounds."""

STYLE: Final = """<style>
.p text { fill: currentColor; font: 12px system-ui, sans-serif }
.p .s { font-size: 10px }
.p .g { stroke: currentColor; stroke-opacity: .18 }
</style>"""

ALONE: Final = "<style>svg { color: #1f2328 } @media (prefers-color-scheme: dark) { svg { color: #e6edf3 } }</style>"
"""For a picture that is a file of its own."""


@dataclass(frozen=True)
class Dot:
    """A configuration's mean with its interval and label."""

    label: str
    mean: float
    low: float
    high: float
    scores: Sequence[float]


@dataclass(frozen=True)
class Curve:
    """Values by epoch."""

    label: str
    points: Mapping[int, float]


def alone(svg: str) -> str:
    """The picture as a file of its own."""
    return svg.replace(STYLE, STYLE + ALONE, 1) + "\n"


def heat_map(heat: Heat) -> str:
    """A heat map of the cells' means."""
    rows, columns, cells = heat.rows, heat.columns, heat.cells
    down, across = heat.down.replace("_", " "), heat.across.replace("_", " ")
    width, height = 62, 40
    slanted = max(map(len, columns)) > 8
    left = _width([*rows, down]) + 12
    top = 34 + (_width(columns) * 0.6 if slanted else 14)
    low, high = min(cell.mean for cell in cells.values()), max(cell.mean for cell in cells.values())
    parts = [
        _text(left, 14, across, "style='font-weight:bold'"),
        _text(left - 8, top - 8, down, "style='font-weight:bold' text-anchor='end'"),
    ]
    for x, column in enumerate(columns):
        place = left + (x + 0.5) * width
        turned = f"transform='rotate(-35 {place:.0f} {top - 8:.0f})'" if slanted else "text-anchor='middle'"
        parts.append(_text(place, top - 8, column, turned))
    for y, row in enumerate(rows):
        middle = top + (y + 0.5) * height
        parts.append(_text(left - 8, middle + 4, row, "text-anchor='end'"))
        for x, column in enumerate(columns):
            if (cell := cells.get((y, x))) is None:
                continue
            red, green, blue = _shade((cell.mean - low) / (high - low) if high > low else 1.0)
            ink = "#000" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "#fff"
            place, colour = left + x * width, f"rgb({red},{green},{blue})"
            lifted = middle + (0 if cell.spread is not None else 4)
            parts.append(
                f"<g><title>{_safe(f'{down} {row}, {across} {column}: {_told(cell)}')}</title>"
                f"<rect x='{place:.1f}' y='{top + y * height:.1f}' width='{width - 2}' height='{height - 2}' fill='{colour}'/>"
                f"{_text(place + width / 2 - 1, lifted, f'{100 * cell.mean:.1f}', _ink(ink))}"
            )
            if cell.spread is not None:
                parts.append(_text(place + width / 2 - 1, middle + 13, f"±{100 * cell.spread:.1f}", f"class='s' {_ink(ink)}"))
            parts.append("</g>")
    last = _width(columns[-1:]) if slanted else 0
    return _svg(left + len(columns) * width + last, top + len(rows) * height + 4, parts, f"{down} by {across}")


def _told(cell: Cell) -> str:
    """A cell's tooltip."""
    told = f"{cell.mean:.2%}, {several(cell.configurations, 'configuration')}, {several(cell.runs, 'run')}"
    return f"{told}, {cell.diverged} of them diverged" if cell.diverged else told


def dot_plot(dots: Sequence[Dot]) -> str:
    """A line for each configuration, with its seeds, its mean and the interval."""
    left, width, top = _width([dot.label for dot in dots]) + 12, 460, 26
    scale = _Scale([value for dot in dots for value in (dot.low, dot.high, *dot.scores)], left, left + width)
    bottom = top + LINE * len(dots)
    parts = []
    for tick, x in scale.ticks():
        parts.append(f"<line class='g' x1='{x:.1f}' x2='{x:.1f}' y1='{top - 6}' y2='{bottom}'/>")
        parts.append(_text(x, top - 10, f"{100 * tick:g}%", "text-anchor='middle'"))
    for index, dot in enumerate(dots):
        y = top + LINE * (index + 0.5)
        parts.append(f"<g><title>{_safe(dot.label)}: {100 * dot.mean:.2f}%, {100 * dot.low:.2f}% to {100 * dot.high:.2f}%</title>")
        parts.append(_text(left - 8, y + 4, dot.label, "text-anchor='end'"))
        parts += [f"<circle cx='{scale(score):.1f}' cy='{y:.1f}' r='2.5' fill='{LINES[0]}' fill-opacity='.35'/>" for score in dot.scores]
        parts.append(
            f"<line x1='{scale(dot.low):.1f}' x2='{scale(dot.high):.1f}' y1='{y:.1f}' y2='{y:.1f}' stroke='{LINES[0]}' stroke-width='2'/>"
            f"<circle cx='{scale(dot.mean):.1f}' cy='{y:.1f}' r='4' fill='{LINES[0]}'/></g>"
        )
    return _svg(left + width + 24, bottom + 8, parts, "mean validation accuracy and its interval")


def curve_chart(curves: Sequence[Curve]) -> str:
    """The curves over the epochs, with a legend below."""
    left, width, top, height = 52, 560, 14, 280
    scale = _Scale([value for curve in curves for value in curve.points.values()], top + height, top)
    last = max(max(curve.points) for curve in curves)
    first = min(min(curve.points) for curve in curves)

    def place(epoch: int) -> float:
        return left + width * ((epoch - first) / (last - first) if last > first else 0.5)

    parts = []
    for tick, y in scale.ticks():
        parts.append(f"<line class='g' x1='{left}' x2='{left + width}' y1='{y:.1f}' y2='{y:.1f}'/>")
        parts.append(_text(left - 6, y + 4, f"{100 * tick:g}%", "text-anchor='end'"))
    step = max(-(-(last - first) // 10), 1)
    parts += [_text(place(epoch), top + height + 18, str(epoch), "text-anchor='middle'") for epoch in range(first, last + 1, step)]
    parts.append(_text(left + width / 2, top + height + 36, "epoch", "text-anchor='middle'"))
    for index, curve in enumerate(curves):
        colour = LINES[index % len(LINES)]
        places = [(place(epoch), scale(value)) for epoch, value in sorted(curve.points.items())]
        points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
        parts.append(f"<g><title>{_safe(curve.label)}</title>")
        parts.append(f"<polyline points='{points}' fill='none' stroke='{colour}' stroke-width='1.8'/>")
        parts += [f"<circle cx='{x:.1f}' cy='{y:.1f}' r='2.5' fill='{colour}'/>" for x, y in places]
        y = top + height + 56 + LINE * index
        parts.append(f"<line x1='{left}' x2='{left + 24}' y1='{y - 4}' y2='{y - 4}' stroke='{colour}' stroke-width='3'/>")
        parts.append(f"{_text(left + 32, y, curve.label)}</g>")
    size = max(left + width, left + 32 + _width([curve.label for curve in curves])) + 24
    return _svg(size, top + height + 48 + LINE * len(curves), parts, "validation accuracy over the epochs")


class _Scale:
    """Accuracies on a line from `start` to `end`, by the logarithm of the error."""

    def __init__(self, values: Iterable[float], start: float, end: float) -> None:
        found = [min(max(value, 0.0), 1.0) for value in values]
        self._low = max(tick for tick in TICKS[:-1] if tick <= min(found))
        self._high = min((tick for tick in TICKS if tick >= max(found) and tick > self._low), default=1.0)
        self._start, self._end = start, end

    def __call__(self, accuracy: float) -> float:
        low, high, here = (-log10(max(1 - value, LEAST_ERROR)) for value in (self._low, self._high, accuracy))
        return self._start + (self._end - self._start) * (min(max(here, low), high) - low) / (high - low)

    def ticks(self) -> list[tuple[float, float]]:
        within = [tick for tick in TICKS if self._low <= tick <= self._high]
        if len(within) < 4:
            within = sorted({*within, *(tick for tick in FINER if self._low < tick < self._high)})
        return [(tick, self(tick)) for tick in within]


def _shade(share: float) -> tuple[int, int, int]:
    place = min(max(share, 0.0), 1.0) * (len(VIRIDIS) - 1)
    index = min(int(place), len(VIRIDIS) - 2)
    below, above = list(pairwise(VIRIDIS))[index]
    red, green, blue = (round(one + (place - index) * (other - one)) for one, other in zip(below, above, strict=True))
    return red, green, blue


def _ink(colour: str) -> str:
    return f"text-anchor='middle' style='fill:{colour}'"


def _text(x: float, y: float, text: str, attributes: str = "") -> str:
    shown = text if len(text) <= LONGEST else text[: LONGEST - 1] + "…"
    return f"<text x='{x:.1f}' y='{y:.1f}' {attributes}>{_safe(shown)}</text>"


def _safe(text: str) -> str:
    return escape(printable(text))


def _width(labels: Iterable[str]) -> float:
    return LETTER * max((min(len(label), LONGEST) for label in labels), default=0)


def _svg(width: float, height: float, parts: Sequence[str], name: str) -> str:
    size = f"width='{width:.0f}' height='{height:.0f}' viewBox='0 0 {width:.0f} {height:.0f}'"
    head = f"<svg xmlns='http://www.w3.org/2000/svg' class='p' role='img' aria-label='{_safe(name)}' {size}>"
    return "\n".join([head, STYLE, *parts, "</svg>"])
