"""A figure over the course of a run, or over its layers."""

from math import isfinite
from typing import Literal

import numpy as np

from tui_trainer.history.history import History
from tui_trainer.history.measurements import Measurement
from tui_trainer.history.quantity import Quantity
from tui_trainer.history.series import MEAN, Points, Series

LayerChoice = Literal["first", "last", "output"] | int
"""A Dense layer: the first, the last hidden one, the output layer, or a number counted from 1."""

WINDOWS = 25
"""Points per epoch, each the mean of some batches: single batches scatter so much that overlaid curves hide one another."""


def measurements(run: History, quantity: Quantity, layer: LayerChoice = "first") -> list[tuple[Measurement, float]]:
    """Every measurement that has the figure, of all layers or of one, with its value."""
    found: list[tuple[Measurement, float]] = []
    for one in tuple(run.measured):
        count = len(one.names)
        index = {"first": 0, "last": count - 2, "output": count - 1}[layer] if isinstance(layer, str) else layer - 1
        if quantity.scope == "layer" and not 0 <= index < count:
            continue
        value = quantity.take(one if quantity.scope == "layers" else one.layer(index))
        if value is not None:
            found.append((one, value))
    return found


def trace(run: History, quantity: Quantity, place: int, layer: LayerChoice = "first") -> Points:
    """The figure over row `place` of the course: steps, epochs or seconds. Batches are averaged over windows."""
    match quantity.scope:
        case "batch":
            return _windows(run, quantity, place)
        case "epoch":
            return curve(run, quantity).points(place)
        case _:
            known = measurements(run, quantity, layer)
            return np.array([one[place] for one, _ in known]), np.array([value for _, value in known])


def curve(run: History, quantity: Quantity) -> Series:
    """Every kept point of a figure of batches or epochs."""
    series: Series = run.curve(quantity.name) if quantity.scope == "epoch" else quantity.take(run)
    return series


def _windows(run: History, quantity: Quantity, place: int) -> Points:
    series = curve(run, quantity)
    x, y = series.points(place, MEAN)
    # In a long run a point stands for several batches.
    size = max(1, int(run.batches // WINDOWS / series.density))
    count = len(x) // size
    return x[: count * size][size - 1 :: size], y[: count * size].reshape(count, size).mean(axis=1)


def profile(run: History, quantity: Quantity, *, start: bool) -> Points:
    """A figure of each layer over the layer's number, at the first measurement or at the last."""
    values: list[float] = []
    place = 0 if start else -1
    if quantity.scope == "slopes":
        values = list(run.slopes[place]) if run.slopes else []
    elif run.measured:
        layers = run.measured[place].layers
        values = [quantity.take(layer) for layer in (layers[:-1] if quantity.hidden else layers)]
    return np.arange(1.0, len(values) + 1), np.array([value if isfinite(value) else np.nan for value in values])
