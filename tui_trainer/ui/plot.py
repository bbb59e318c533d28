"""Draws curves with plotext into rows of painted text: pens are numbers here, and the chart widget gives them the theme's colours.

plotext keeps its figure in module state, so only one thread, the event loop's, may call `draw`.
"""

import math
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
import plotext

from tui_trainer.ui.history import Curves
from tui_trainer.ui.series import Points


class Pen(IntEnum):
    """What a run of characters belongs to; the numbers are plotext's colour codes."""

    PAPER = 0
    AXIS = 1
    GRID = 2
    BATCHES = 3
    SMOOTH = 4
    TRAINING = 5
    VALIDATION = 6


Row = list[tuple[str, Pen]]


@dataclass(frozen=True)
class Marks:
    """The characters that tell the curves apart where colours do not."""

    line: str
    """plotext's name of a marker of finer resolution, or a character."""
    faint_line: str
    training: str
    validation: str
    key: str
    """What stands for the line in a legend."""
    plain: bool = False
    """Whether everything has to be ASCII."""


BRAILLE = Marks("braille", "braille", "○", "◆", "━")
BLOCKS = Marks("fhd", "fhd", "○", "◆", "━")
PLAIN = Marks("*", ".", "o", "x", "*", plain=True)

FRAME_ROWS = 2
"""Rows that the x axis and its labels take."""

_TO_ASCII = str.maketrans("│┤├┼─┬┴└┘┌┐", "|++" + "+-+++" + "+++")
_ESCAPE = re.compile(r"\x1b\[(?:38;5;(\d+)|0)m")


@dataclass(frozen=True)
class Axis:
    """The range of y and where its ticks are. The data of a logarithmic axis is logarithms already."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]


def draw(curves: Curves | None, axis: Axis, epochs: int, size: tuple[int, int], marks: Marks) -> list[Row]:
    """Paint rows of characters, `size` being width and height. `epochs` is where x ends."""
    width, height = size
    plotext.clear_figure()
    plotext.limit_size(False, False)
    plotext.plot_size(width, height)
    plotext.xaxes(True, False)
    plotext.yaxes(True, False)
    for paint in (plotext.canvas_color, plotext.axes_color):
        paint("default")
    plotext.ticks_color(int(Pen.AXIS))
    plotext.xlim(0, epochs)
    plotext.ylim(axis.low, axis.high)
    plotext.yticks(axis.ticks, axis.labels)
    x_ticks = whole_ticks(epochs, max(1, width // 7))
    plotext.xticks(x_ticks, [f"{tick:,}" for tick in x_ticks])
    if not marks.plain:
        for tick in axis.ticks:
            plotext.hline(tick, int(Pen.GRID))
    # plotext makes room for the axes only once there is something to draw.
    plotext.scatter([0], [math.nan], marker=" ", color=int(Pen.PAPER))
    if curves is not None:
        _line(curves.batches, axis, marks.faint_line, Pen.BATCHES)
        _line(curves.smooth, axis, marks.line, Pen.SMOOTH)
        _line(curves.validation, axis, marks.faint_line, Pen.VALIDATION)
        rows = 0 if marks.plain else height - FRAME_ROWS
        _dots(curves.training, axis, marks.training, Pen.TRAINING, rows)
        _dots(curves.validation, axis, marks.validation, Pen.VALIDATION, rows)
    text = plotext.build()
    if marks.plain:
        text = text.translate(_TO_ASCII)
    return [_row(line, width) for line in text.split("\n")[:height]]


def _line(points: Points, axis: Axis, marker: str, pen: Pen) -> None:
    for x, y in _unbroken(points):
        # plotext walks along every line cell by cell, outside the canvas too: a spike must not lead it a million cells away.
        plotext.plot(x.tolist(), np.clip(y, axis.low, axis.high).tolist(), marker=marker, color=int(pen))


def _dots(points: Points, axis: Axis, marker: str, pen: Pen, fine_rows: int) -> None:
    for x, y in _unbroken(points):
        share = (np.clip(y, axis.low, axis.high) - axis.low) / (axis.high - axis.low)
        if fine_rows > 1:
            # The row that a finer line through this point takes, which plotext's own rounding may miss by one.
            share = np.floor(0.5 + (4 * fine_rows - 1) * share) // 4 / (fine_rows - 1)
        plotext.scatter(x.tolist(), (axis.low + share * (axis.high - axis.low)).tolist(), marker=marker, color=int(pen))


def _unbroken(points: Points) -> Iterator[Points]:
    """The stretches between gaps, in float64: the axis may reach beyond what float32 can hold."""
    x, y = points[0], points[1].astype(np.float64)
    finite = np.isfinite(y)
    edges = np.flatnonzero(np.diff(finite, prepend=False, append=False))
    for start, stop in zip(edges[0::2], edges[1::2], strict=True):
        yield x[start:stop], y[start:stop]


def _row(line: str, width: int) -> Row:
    """Split a line of plotext's at its colours."""
    row: Row = []
    pen, position = Pen.PAPER, 0
    for escape in _ESCAPE.finditer(line):
        if escape.start() > position:
            row.append((line[position : escape.start()], pen))
        pen, position = Pen(int(escape[1] or Pen.PAPER)), escape.end()
    if position < len(line):
        row.append((line[position:], pen))
    missing = width - sum(len(text) for text, _ in row)
    return [*row, (" " * missing, Pen.PAPER)] if missing > 0 else row


def logarithm(curves: Curves) -> Curves:
    """The same curves as powers of ten; what is not above 0 becomes a gap."""
    return Curves(*(_log10(points) for points in (curves.batches, curves.smooth, curves.training, curves.validation)))


def _log10(points: Points) -> Points:
    x, y = points
    with np.errstate(divide="ignore", invalid="ignore"):
        return x, np.where(y > 0, np.log10(y), np.nan)


def loss_axis(curves: Curves | None, rows: int) -> Axis:
    """From 0 up to where nearly all batches and all epochs are: the few first batches may stick out."""
    high = _extent(curves, upper=True, default=2.5)
    return _linear(0.0, high * 1.08 or 1.0, rows, "")


def accuracy_axis(curves: Curves | None, rows: int) -> Axis:
    """From where nearly all batches are up to 100%."""
    low = min(99.0, _extent(curves, upper=False, default=0.0))
    return _linear(max(0.0, 5 * math.floor(low / 5)) if low < 95 else math.floor(low), 100.0, rows, "%")


def log_axis(curves: Curves | None, rows: int) -> Axis:
    """For curves that are logarithms: ticks at 1, 2 and 5 times powers of ten, as many as there is room for."""
    finite = np.concatenate([_finite(points) for points in (curves.batches, curves.training, curves.validation)]) if curves else np.empty(0)
    low, high = (float(finite.min()), float(finite.max())) if len(finite) else (-2.0, 0.5)
    low, high = max(low, high - 8) - 0.05, high + 0.05
    powers = range(math.floor(low), math.ceil(high) + 1)
    for factors in ((1, 2, 5), (1, 3), (1,)):
        values = [factor * 10.0**power for power in powers for factor in factors]
        shown = [value for value in values if low <= math.log10(value) <= high]
        if len(shown) <= max(2, rows // 2):
            break
    return Axis(low, high, tuple(math.log10(value) for value in shown), tuple(f"{value:g}" for value in shown))


def _extent(curves: Curves | None, *, upper: bool, default: float) -> float:
    if curves is None:
        return default
    batches, smooth = _finite(curves.batches), _finite(curves.smooth)
    if not len(batches):
        return default
    epochs = np.concatenate([_finite(curves.training), _finite(curves.validation), smooth[-1:]])
    if upper:
        return float(max(np.percentile(batches, 97), *epochs))
    return float(min(np.percentile(batches, 4), *epochs))


def _finite(points: Points) -> np.ndarray:
    return points[1][np.isfinite(points[1])]


def _linear(low: float, high: float, rows: int, unit: str) -> Axis:
    step = nice_step((high - low) / max(2, rows // 3))
    ticks = [index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1)]
    decimals = max(0, -math.floor(math.log10(step) + 1e-9))
    return Axis(low, high, tuple(ticks), tuple(f"{figure(tick, decimals)}{unit}" for tick in ticks))


def figure(value: float, decimals: int) -> str:
    """The number as people write it, or in powers of ten when it is beyond all measure, as the loss of a run that diverges is."""
    return f"{value:.{decimals}f}" if abs(value) < 100_000 else f"{value:.2g}"


def nice_step(rough: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def whole_ticks(last: int, most: int) -> list[int]:
    """Whole numbers from 0 to `last`, evenly apart, at most about `most` of them."""
    step = max(1, round(nice_step(last / most)))
    return list(range(0, last + 1, step))


def horizon(x: float, epochs: int) -> int:
    """Where the x axis ends: it grows in steps, so that a long run's first epochs are not squeezed into a corner."""
    steps: Iterable[int] = (factor * 10**power for power in range(12) for factor in (1, 2, 5))
    return max(1, min(epochs, next(step for step in steps if step >= x)))
