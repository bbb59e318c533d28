"""What the choices of the form do, as small pictures: functions, weights, paths and rates, each made by the code that trains."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache, partial
from math import floor, log10, sqrt
from typing import Final

import numpy as np
from rich.cells import cell_len

from tui_trainer.config.hyperparameters import uses
from tui_trainer.config.options import Config
from tui_trainer.datasets.spec import DataSpec
from tui_trainer.descent.landscape import OptimizerPath, Valley
from tui_trainer.diagnosis.foresight import wave
from tui_trainer.history.series import Points
from tui_trainer.nn.activations import ACTIVATIONS, Activation, drawn
from tui_trainer.nn.arrays import Array
from tui_trainer.nn.initializers import INITIALIZERS, Initializer
from tui_trainer.nn.optimizers import OPTIMIZERS, Optimizer
from tui_trainer.nn.schedules import SCHEDULES
from tui_trainer.text.cells import cut
from tui_trainer.text.drawing import Row
from tui_trainer.text.language import _
from tui_trainer.training.model import build_schedule
from tui_trainer.ui.chart import plot
from tui_trainer.ui.chart.raster import Canvas, Marks
from tui_trainer.ui.chart.relief import Route, Sheet
from tui_trainer.ui.run.rate_test import RatesFound

PAPER, AXIS, CURVE, SLOPE, MARK = range(5)
"""Pens."""

STYLES: Final = ("portrait--paper", "portrait--axis", "portrait--curve", "portrait--slope", "portrait--mark")
"""The component classes that give the pens their colours."""

LEAST: Final = 3
"""Rows of a picture that shows anything."""

Paint = Callable[[int, int, Marks], list[Row]]
"""Draws a picture of so many columns and rows."""


Told = tuple[str, str]
"""A line, and its style."""


@dataclass(frozen=True)
class Portrait:
    """A picture, and what it is said of it, the most important first."""

    paint: Paint
    told: tuple[Told, ...]

    def rows(self, width: int, height: int, marks: Marks) -> list[Row]:
        """The picture over what is said of it, as much of that as leaves the picture room."""
        told = self.told[: max(height - LEAST, 0)]
        picture = self.paint(width, height - len(told), marks) if height - len(told) >= LEAST else []
        return [*picture, *([(cut(text, width), style)] for text, style in told)][:height]


def portrait(
    option: str,
    config: Config,
    spec: DataSpec,
    *,
    layer: int | None = None,
    diverged_at: float | None = None,
    rates: RatesFound | None = None,
) -> Portrait | None:
    """The portrait of what this option chooses; None for an option without one.

    `layer` is the one that is looked at, from 0; without it one that is like most. At the rate `diverged_at` such a run has diverged;
    `rates` is what a range test of such a run found.
    """
    own = uses().get(option)
    match own[0].option if own else option:
        case "activation":
            return _activation(config, layer or 0) if config.hidden else None
        case "initializer":
            # A deep network repeats its second layer of weights.
            return _initializer(config, spec, min(len(config.hidden), 2) // 2 if layer is None else layer)
        case "optimizer":
            return _optimizer(config)
        case "schedule" | "warmup":
            return _schedule(config) if config.epochs else None
        case "learning_rate":
            return _learning_rate(config, diverged_at, rates)
    return None


# Activations

LEFT, RIGHT, BOTTOM, TOP = -4.0, 4.0, -1.25, 1.75
"""The part of the plane that all functions are drawn in, so that their slopes can be compared."""


def _activation(config: Config, layer: int) -> Portrait:
    kind = ACTIVATIONS[config.activations[layer]]
    told = ((_(kind.remark), "portrait--mark"),) if kind.remark else ()
    return Portrait(partial(_draw_activation, kind, config.own(kind)), told)


def _draw_activation(kind: type[Activation], own: Mapping[str, float], width: int, height: int, marks: Marks) -> list[Row]:
    canvas = Canvas(width, height)
    x = np.linspace(LEFT, RIGHT, 4 * width + 1)
    value, slope = drawn(kind, x, **own)
    places = (x - LEFT) / (RIGHT - LEFT)
    ground = canvas.row_of(_share(0.0), marks.down)
    canvas.line((places, _inside(value)), CURVE, marks.glyphs)
    canvas.line((places, _inside(slope)), SLOPE, marks.faint if marks.plain else marks.glyphs, turn=(0, 1 if marks.plain else 2))
    canvas.rule(ground, AXIS, "-" if marks.plain else "─")
    middle = canvas.column_of(0.5)
    free = canvas.pens[:, middle] <= AXIS
    canvas.characters[free, middle], canvas.pens[free, middle] = ("|" if marks.plain else "│"), AXIS
    # Below the axis where the function is (nearly) flat, and a unit learns nothing.
    flat = np.abs(slope[2::4]) <= kind.flat_below
    below = min(ground + 1, canvas.rows - 1)
    where = flat & (canvas.characters[below] == " ")
    canvas.characters[below, where], canvas.pens[below, where] = ("x" if marks.plain else "░"), MARK
    # Where every function is low there is room.
    _put(canvas, 0, 0, f"{marks.line} f", CURVE)
    most = f". f' <= {slope.max():.3g}" if marks.plain else f"{marks.ghost} f' ≤ {slope.max():.3g}"
    corners = [(row, column) for column in (0, middle + 2) for row in (1, height - 1, height - 2)]
    any(_put(canvas, row, column, most, SLOPE) for row, column in corners)
    _put(canvas, canvas.row_of(_share(1.0), marks.down), middle - 1, "1", AXIS)
    return plot.painted(canvas.characters, canvas.pens, STYLES)


def _put(canvas: Canvas, row: int, column: int, text: str, pen: int) -> bool:
    """Write a text where nothing is drawn yet, and return whether that is so."""
    place = slice(column, column + len(text))
    is_free = column >= 0 and place.stop <= canvas.columns and bool((canvas.characters[row, place] == " ").all())
    if is_free:
        canvas.characters[row, place], canvas.pens[row, place] = list(text), pen
    return is_free


def _share(value: float) -> float:
    return (value - BOTTOM) / (TOP - BOTTOM)


def _inside(values: Array) -> Array:
    """Shares of the height, with gaps where a line is beyond it."""
    shares = (values - BOTTOM) / (TOP - BOTTOM)
    return np.where((shares >= 0) & (shares <= 1), shares, np.nan)


# Initializers

DRAWN: Final = 1 << 17
"""Weights that are drawn for a picture, at most."""


def _initializer(config: Config, spec: DataSpec, layer: int) -> Portrait:
    sizes = [spec.features, *config.hidden, spec.classes]
    kind, fans = INITIALIZERS[config.initializers[layer]], (sizes[layer], sizes[layer + 1])
    own = config.own(kind)
    spread = kind(**own).deviation(*fans)
    told = [(f"dense_{layer + 1}: {fans[0]} → {fans[1]}, σ {spread:.3g}", "portrait--curve")]
    if layer:
        signal, gradient = (f"{factor:.2g}" for factor in wave(config, spec).through(layer))
        both = _("signal and gradient ×{signal}") if signal == gradient else _("signal ×{signal}, gradient ×{gradient}")
        text = both.format(signal=signal, gradient=gradient)
    else:
        text = _("signal ×{signal}").format(signal=f"{spread * sqrt(fans[0]):.2g}")
    told.append((text, "portrait--slope"))
    return Portrait(partial(_draw_weights, kind, tuple(own.items()), fans), tuple(told))


@lru_cache(16)
def _weights(kind: type[Initializer], own: tuple[tuple[str, float], ...], fans: tuple[int, int]) -> Array:
    """Weights as they are drawn for a layer; for a large one those of a smaller, spread as far."""
    maker, shrink = kind(**dict(own)), max(sqrt(fans[0] * fans[1] / DRAWN), 1.0)
    fewer = max(round(fans[0] / shrink), 1), max(round(fans[1] / shrink), 1)
    weights: Array = maker.draw(np.random.default_rng(0), *fewer).ravel()
    drawn_spread = maker.deviation(*fewer)
    return weights * (maker.deviation(*fans) / drawn_spread) if drawn_spread else weights


def _draw_weights(
    kind: type[Initializer], own: tuple[tuple[str, float], ...], fans: tuple[int, int], width: int, height: int, marks: Marks
) -> list[Row]:
    canvas, rows = Canvas(width, height), height - 1
    weights = _weights(kind, own, fans)
    # The same for all initializers of a layer, as far as they fit: He's normal weights just do.
    edge = max(3.5 * sqrt(2 / fans[0]), float(np.abs(weights).max(initial=0)))
    down, across = marks.glyphs[0].shape
    counts, _edges = np.histogram(weights, width, (-edge, edge))
    heights = np.ceil(counts / max(counts.max(), 1) * rows * down)
    dots = (np.arange(rows * down)[::-1, None] < heights.repeat(across)).astype(np.uint8)
    hills = Canvas(width, rows)
    hills.stipple(dots, CURVE, marks.glyphs)
    canvas.characters[:rows], canvas.pens[:rows] = hills.characters, hills.pens
    _write(canvas, [f"-{edge:.2g}", "0", f"{edge:.2g}"])
    return plot.painted(canvas.characters, canvas.pens, STYLES)


def _write(canvas: Canvas, labels: Sequence[str]) -> None:
    """Write labels along the foot, from the left to the right edge."""
    for number, label in enumerate(labels):
        _put(canvas, -1, round(number * (canvas.columns - len(label)) / max(len(labels) - 1, 1)), label, AXIS)


# Optimizers


def _optimizer(config: Config) -> Portrait:
    rate = Valley.rate(config.optimizer)
    arrival = _path(config.optimizer, OPTIMIZERS[config.optimizer]).arrival(Valley.steps)
    if arrival is None:
        text = _("rate {rate:g}: not in {steps} steps").format(rate=rate, steps=Valley.steps)
    else:
        text = _("rate {rate:g}: there in {steps} steps").format(rate=rate, steps=arrival)
    return Portrait(partial(_draw_path, config.optimizer), ((text, "portrait--slope"),))


@lru_cache(16)
def _path(optimizer: str, _kind: type[Optimizer]) -> OptimizerPath:
    """The path of what the name stands for now: a part may be replaced while the program runs."""
    path = OptimizerPath(Valley, optimizer, Valley.rate(optimizer))
    path.walk(Valley.steps)
    return path


def _draw_path(optimizer: str, width: int, height: int, marks: Marks) -> list[Row]:
    # The frame's labels are for the large map.
    sheet = Sheet.of(Valley, (width, height + plot.FRAME_ROWS), marks)
    if sheet is None:
        return []
    number = list(OPTIMIZERS).index(optimizer)
    return sheet.draw([Route(_path(optimizer, OPTIMIZERS[optimizer]).points(Valley.steps), number)], Valley.start)[:height]


# Rates


def _schedule(config: Config) -> Portrait:
    last = _rates(config, np.array([float(config.epochs)]))[0]
    if SCHEDULES[config.schedule].validates:
        text = _("falls when the loss does not")
    else:
        text = _("from {begin:g} to {end:.2g}").format(begin=config.learning_rate, end=last)
    return Portrait(partial(_draw_schedule, config), ((text, "portrait--slope"),))


def _rates(config: Config, epochs: Array) -> Array:
    factor = build_schedule(config)
    return np.array([config.learning_rate * factor(epoch, epoch) for epoch in epochs.tolist()])


def _draw_schedule(config: Config, width: int, height: int, marks: Marks) -> list[Row]:
    canvas = Canvas(width, height)
    shares = np.linspace(0, 1, 4 * width)
    rates = _rates(config, shares * config.epochs)
    # The last row is the labels'.
    foot = 1.5 / height
    points: Points = (shares, foot + rates / config.learning_rate * (1 - foot))
    canvas.line(points, CURVE, marks.glyphs)
    _write(canvas, ["0", _("epoch"), f"{config.epochs:,}"] if cell_len(_("epoch")) == len(_("epoch")) else ["0", f"{config.epochs:,}"])
    return plot.painted(canvas.characters, canvas.pens, STYLES)


LOWEST_RATE, HIGHEST_RATE = -6, 1
"""Powers of ten that the scale of rates spans, and more where the rate is beyond."""


def _learning_rate(config: Config, diverged_at: float | None, rates: RatesFound | None) -> Portrait:
    usual, rate = OPTIMIZERS[config.optimizer].default_learning_rate, config.learning_rate
    text = _("usual for {name}: {low} to {high}").format(name=config.optimizer, low=_number(usual / 10), high=_number(usual))
    told = [(text, "portrait--slope")]
    if diverged_at is not None:
        told.append((_("a run diverged at {rate}").format(rate=_number(diverged_at)), "portrait--mark"))
    elif rate > usual:
        told.append((_("{times} times above it").format(times=_number(rate / usual)), "portrait--mark"))
    elif rate < usual / 10:
        told.append((_("{times} times below it").format(times=_number(usual / 10 / rate)), "portrait--mark"))
    if rates:
        # What was tried comes before what is usual.
        told.insert(0, (tried(rates), "portrait--curve"))
    else:
        told.append((_("ctrl+t tries where it bursts"), "portrait--axis"))
    burst = diverged_at if diverged_at is not None else rates.bursts if rates else None
    return Portrait(partial(_draw_rate, rate, usual, burst, rates.suggested if rates else None), tuple(told))


def tried(rates: RatesFound) -> str:
    """What a range test found."""
    if rates.suggested is None:
        return _("tried: it bursts at any rate")
    if rates.bursts is None:
        return _("tried: take {rate}, none bursts").format(rate=_number(float(f"{rates.suggested:.1g}")))
    suggested, bursts = (_number(float(f"{rate:.1g}")) for rate in (rates.suggested, rates.bursts))
    return _("tried: take {rate}, {burst} bursts").format(rate=suggested, burst=bursts)


def _draw_rate(
    rate: float, usual: float, bursts: float | None, suggested: float | None, width: int, _height: int, marks: Marks
) -> list[Row]:
    marked = [each for each in (rate, bursts, suggested) if each is not None]
    low, high = min(LOWEST_RATE, floor(log10(min(marked)))), max(HIGHEST_RATE, floor(log10(max(marked))) + 1)

    def column(value: float) -> int:
        return round((log10(value) - low) / (high - low) * (width - 1))

    canvas = Canvas(width, LEAST)
    line, band, pin, burst, good = ("-", "=", "v", "x", "o") if marks.plain else ("─", "━", "▼", "✗", "◆")
    canvas.rule(1, AXIS, line)
    canvas.characters[1, column(usual / 10) : column(usual) + 1] = band
    canvas.pens[1, column(usual / 10) : column(usual) + 1] = SLOPE
    canvas.characters[0, column(rate)], canvas.pens[0, column(rate)] = pin, CURVE if usual / 10 <= rate <= usual else MARK
    if suggested is not None:
        canvas.characters[1, column(suggested)], canvas.pens[1, column(suggested)] = good, CURVE
    if bursts is not None:
        canvas.characters[1, column(bursts)], canvas.pens[1, column(bursts)] = burst, MARK
    for power in range(low, high + 1):
        label = _number(10.0**power)
        at = min(max(column(10.0**power) - len(label) // 2, 0), width - len(label))
        if power % 2 == 0 or width > 8 * (high - low):
            _put(canvas, 2, at, label, AXIS)
    return plot.painted(canvas.characters, canvas.pens, STYLES)


def _number(value: float) -> str:
    return f"{value:.3g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
