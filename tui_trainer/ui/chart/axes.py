"""Where an axis begins and ends, and where its ticks stand."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tui_trainer.history.series import Points

SAMPLE = 1 << 13
"""Points of a curve by which its extent is judged."""


class Drawn(Protocol):
    """A curve, as far as an axis has to know it."""

    @property
    def points(self) -> Points:
        """x and y."""

    @property
    def rough(self) -> bool:
        """Whether a few of its points may stick out."""

    @property
    def leading(self) -> bool:
        """Whether its end has to be in sight, rough or not."""


@dataclass(frozen=True)
class Axis:
    """A range and its ticks. The data of a logarithmic axis is logarithms already."""

    low: float
    high: float
    ticks: tuple[float, ...]
    labels: tuple[str, ...]

    def share(self, value: np.ndarray) -> np.ndarray:
        """Where values are, from 0 at the low end to 1 at the high end."""
        return (value - self.low) / (self.high - self.low)


def loss(curves: Sequence[Drawn], rows: int, *, whole: bool) -> Axis:
    """From 0, or for a part of the run from the lowest, up to where nearly all is: the few first batches may stick out."""
    low = 0.0 if whole else max(0.0, _reach(curves, upper=False, default=0.0) * 0.95)
    return _linear(low, _reach(curves, upper=True, default=2.5) * 1.08 or 1.0, rows)


def accuracy(curves: Sequence[Drawn], rows: int, *, whole: bool) -> Axis:
    """From where nearly all points are up to 100%, or for a part of the run to the highest."""
    low = min(99.0, _reach(curves, upper=False, default=0.0))
    low = max(0.0, 5 * math.floor(low / 5)) if low < 95 else math.floor(low)
    high = 100.0 if whole else max(min(100.0, _reach(curves, upper=True, default=100.0) + 0.1), low + 0.5)
    return _linear(low, high, rows, "%")


def positive(curves: Sequence[Drawn], rows: int, *, whole: bool) -> Axis:
    """From 0 up to the highest."""
    high = max((float(y.max()) for y in _values(curves)), default=0.0)
    return _linear(0.0, high * 1.08 or 1.0, rows)


def spanning(low: float, high: float, rows: int) -> Axis:
    """From `low` to `high`."""
    return _linear(low, high, rows)


def _reach(curves: Sequence[Drawn], *, upper: bool, default: float) -> float:
    """How far the curves reach up or down, but for the few points of a rough one that reach furthest."""
    furthest: list[float] = []
    for curve in curves:
        y = curve.points[1]
        # Nearly all of a sample is nearly all; by an odd stride, since a long series holds lowest and highest in turn.
        y = y[:: len(y) // SAMPLE | 1] if curve.rough else y
        y = y[np.isfinite(y)]
        if len(y):
            furthest.append(float(np.percentile(y, (97 if upper else 4) if curve.rough else (100 if upper else 0))))
            if curve.leading:
                furthest.append(float(y[-1]))
    return (max if upper else min)(furthest, default=default)


def logarithmic(curves: Sequence[Drawn], rows: int, powers: float = 8) -> Axis:
    """For curves that are powers of ten: ticks at 1, 2 and 5 times each, as many as there is room for; at most so many powers."""
    values = _values(curves)
    low, high = (min(float(y.min()) for y in values), max(float(y.max()) for y in values)) if values else (-2.0, 0.5)
    return _powers(max(low, high - powers) - 0.05, high + 0.05, rows)


def of_window(low: float, high: float, columns: int, *, log: bool = False, clock: bool = False) -> Axis:
    """The x axis from `low` to `high`."""
    if log:
        return _powers(low, high, columns // 6)
    ticks: tuple[float, ...] = ()
    labels: tuple[str, ...] = ()
    for room in (8, 12, 16, 24):
        rough = (high - low) / max(1, columns // room)
        step = nice_step(rough)
        if clock and step > 30:
            step = next((whole for whole in (60, 120, 300, 600, 1800, 3600, 7200, 14400) if whole >= rough), step)
        ticks, decimals = _multiples(step, low, high), _decimals(step)
        if clock and high >= 60 and step >= 1:
            labels = tuple(clock_text(tick) for tick in ticks)
        else:
            labels = tuple(f"{tick:,.{decimals}f}{' s' if clock else ''}" for tick in ticks)
        if max((len(label) for label in labels), default=0) + 2 <= step / (high - low) * columns:
            break
    return Axis(low, high, ticks, labels)


def clock_text(seconds: float) -> str:
    """Minutes and seconds, with hours where there are any."""
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02}:{rest:02}" if minutes >= 60 else f"{minutes}:{rest:02}"


GREATEST_POWER = 308
"""Of ten, in a float."""


def _powers(low: float, high: float, most: int) -> Axis:
    powers = range(math.floor(low), min(math.ceil(high), GREATEST_POWER) + 1)
    shown: list[float] = []
    for factors, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 5), ((1,), 10)):
        shown = [factor * 10.0**power for power in powers if power % every == 0 for factor in factors]
        shown = [value for value in shown if low <= math.log10(value) <= high]
        if len(shown) <= max(2, most // 2):
            break
    return Axis(low, high, tuple(math.log10(value) for value in shown), tuple(f"{value:g}" for value in shown))


def _values(curves: Sequence[Drawn]) -> list[np.ndarray]:
    finite = (curve.points[1][np.isfinite(curve.points[1])] for curve in curves)
    return [values for values in finite if len(values)]


def _linear(low: float, high: float, rows: int, unit: str = "") -> Axis:
    step = nice_step((high - low) / max(3, rows // 3))
    ticks, decimals = _multiples(step, low, high), _decimals(step)
    return Axis(low, high, ticks, tuple(f"{figure(tick, decimals)}{unit}" for tick in ticks))


def _multiples(step: float, low: float, high: float) -> tuple[float, ...]:
    return tuple(index * step for index in range(math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9) + 1))


def _decimals(step: float) -> int:
    return max(0, -math.floor(math.log10(step) + 1e-9))


def figure(value: float, decimals: int) -> str:
    """The number as people write it, or in powers of ten where it is beyond all measure, as the loss of a run that diverges is."""
    if abs(value) < 1e-4 and (value or decimals > 4):
        return f"{value:.2g}".replace("e-0", "e-")
    return f"{value:.{decimals}f}" if abs(value) < 100_000 else f"{value:.2g}"


def nice_step(rough: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is not below `rough`."""
    power = 10.0 ** math.floor(math.log10(rough))
    return next(factor * power for factor in (1, 2, 5, 10) if factor * power >= rough * (1 - 1e-9))


def horizon(x: float, epochs: int) -> int:
    """Where an axis of epochs ends: at 1, 2 or 5 times a power of ten, or where the run will."""
    steps: Iterable[int] = (factor * 10**power for power in range(12) for factor in (1, 2, 5))
    return max(1, min(epochs, next((step for step in steps if step >= x), math.ceil(x))))


def nice_end(x: float) -> float:
    """Where an axis without an end in sight ends: at most a quarter further than `x`."""
    step = nice_step(x / 8)
    return step * math.ceil(x / step + 1e-9)
