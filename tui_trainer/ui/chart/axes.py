"""Where an axis begins and ends, and where its ticks stand."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from tui_trainer.history.series import Points

SAMPLE = 1 << 13
"""Points of a curve by which its extent is judged."""


USUAL_LOSS = 2.5
"""Of a network that guesses, where nobody knows among how many classes."""

BURST = 4
"""Times the loss of guessing: beyond that it bursts, and how far is no matter."""

STRETCH = 3
"""Times as far as the run itself, at most, another run stretches an axis."""

NEAR = 1.2
"""Times as high as an axis: what lies so near beyond its end is taken into it."""

GRADIENT_POWERS = 40
"""Of ten on an axis of gradients, at most: what a float can hold."""

LITTLE = 40
"""Percent of accuracy that never leave the lower part of an axis up to 100."""


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

    @property
    def beside(self) -> bool:
        """Whether it is of another run than the one that the chart is about."""

    @property
    def burst(self) -> bool:
        """Whether its run ended because its numbers were not finite."""


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


def loss(curves: Sequence[Drawn], rows: int, *, whole: bool, near: float | None = None) -> Axis:
    """From 0, or for a part of the run from the lowest, up to where nearly all is: the few first batches may stick out, and what bursts.

    It ends above `near`, where that is little beyond.
    """
    low = 0.0 if whole else max(0.0, _reach(curves, upper=False, default=0.0) * 0.95)
    high = _reach(curves, upper=True, default=2.5, normal=USUAL_LOSS if near is None else near) * 1.08 or 1.0
    return _linear(low, near * 1.05 if near is not None and high < near * 1.05 < high * NEAR else high, rows)


def accuracy(curves: Sequence[Drawn], rows: int, *, whole: bool, near: float | None = None) -> Axis:
    """From where nearly all points are up to 100%, or for a part of the run to the highest."""
    low = _percent_below(curves)
    high = 100.0 if whole else max(min(100.0, _reach(curves, upper=True, default=100.0) + 0.1), low + 0.5)
    return _linear(low, high, rows, "%")


def fitted_accuracy(curves: Sequence[Drawn], rows: int, *, whole: bool, near: float | None = None) -> Axis:
    """The same, but of a run that learns nearly nothing only up to where it is."""
    reach = _reach(curves, upper=True, default=100.0)
    if not whole or reach >= LITTLE:
        return accuracy(curves, rows, whole=whole)
    return _linear(_percent_below(curves), max(10.0 * math.ceil(reach * 0.12), 2 * (near or 0.0)), rows, "%")


def _percent_below(curves: Sequence[Drawn]) -> float:
    low = min(99.0, _reach(curves, upper=False, default=0.0))
    return max(0.0, 5 * math.floor(low / 5)) if low < 95 else math.floor(low)


def positive(curves: Sequence[Drawn], rows: int, *, whole: bool, near: float | None = None) -> Axis:
    """From 0 up to the highest."""
    high = max((float(y.max()) for y in _values(curves)), default=0.0)
    return _linear(0.0, high * 1.08 or 1.0, rows)


def spanning(low: float, high: float, rows: int) -> Axis:
    """From `low` to `high`."""
    return _linear(low, high, rows)


def _reach(curves: Sequence[Drawn], *, upper: bool, default: float, normal: float = math.inf) -> float:
    """How far the curves reach up or down, but for the few points of a rough one that reach furthest.

    Up they reach at most BURST times what is `normal`, unless most of the points do; other runs, and those that burst where others did
    not, no more than STRETCH times as far as the one that the chart is about.
    """
    lasting = [curve for curve in curves if not curve.burst] or curves
    own = [curve for curve in lasting if not curve.beside] or lasting
    reach = _furthest(own, upper=upper, most=max(BURST * normal, 3 * _usual(own)))
    most = max(normal * 1.05, STRETCH * max(reach)) if reach else math.inf
    reach += _furthest([curve for curve in curves if all(curve is not each for each in own)], upper=upper, most=most)
    return (max if upper else min)(reach, default=default)


def _furthest(curves: Sequence[Drawn], *, upper: bool, most: float) -> list[float]:
    found: list[float] = []
    for curve in curves:
        y = _sample(curve)
        if len(y):
            furthest = float(np.percentile(y, (97 if upper else 4) if curve.rough else (100 if upper else 0)))
            found.append(min(furthest, most) if upper else furthest)
            if curve.leading:
                found.append(float(y[-1]))
    return found


def _usual(curves: Sequence[Drawn]) -> float:
    """The value in the middle of the curve that is lowest there."""
    samples = (y for y in map(_sample, curves) if len(y))
    return min((float(np.partition(y, (len(y) - 1) // 2)[(len(y) - 1) // 2]) for y in samples), default=0.0)


def _sample(curve: Drawn) -> np.ndarray:
    """The values by which a curve is judged: nearly all of a sample is nearly all."""
    y = curve.points[1]
    # By an odd stride, since a long series holds lowest and highest in turn.
    y = y[:: len(y) // SAMPLE | 1] if curve.rough else y
    return y[np.isfinite(y)]


def logarithmic(curves: Sequence[Drawn], rows: int, powers: float = 8, near: float | None = None) -> Axis:
    """For curves that are powers of ten: ticks at 1, 2 and 5 times each, as many as there is room for; at most so many powers.

    What bursts leaves room for the rest, and so does what is next to nothing. It ends above `near`, where that is little beyond.
    """
    values = _values(curves)
    low, high = (min(float(y.min()) for y in values), max(float(y.max()) for y in values)) if values else (-2.0, 0.5)
    base = high if near is None or not values else min(high, max(near, _usual(curves)))
    high = min(high, base + powers)
    if near is not None and high < near < high + math.log10(NEAR):
        high = near
    return _powers(max(low, base - powers) - 0.05, high + 0.05, rows)


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
    for factors, every in (((1, 2, 5), 1), ((1, 3), 1), ((1,), 1), ((1,), 2), ((1,), 5), ((1,), 10), ((1,), 20)):
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
