"""What a figure was over the course of a run, or in layer after layer."""

from math import isfinite
from typing import Literal

import numpy as np

from tui_trainer.history.health import Measured
from tui_trainer.history.history import History
from tui_trainer.history.quantity import Quantity
from tui_trainer.history.series import MEAN, Points

Layer = Literal["first", "last", "output"] | int
"""A Dense layer: the first, the last hidden one, the output layer, or a number counted from 1."""

WINDOWS = 25
"""Parts of an epoch whose batches are drawn as one point: single batches scatter so much that curves over each other hide one another."""


def measurements(run: History, quantity: Quantity, layer: Layer = "first") -> list[tuple[Measured, float]]:
    """The value of a figure of the layers, or of one of them, whenever it was measured and there was any."""
    found: list[tuple[Measured, float]] = []
    for one in tuple(run.measured):
        count = len(one.names)
        index = {"first": 0, "last": count - 2, "output": count - 1}[layer] if isinstance(layer, str) else layer - 1
        if quantity.scope == "layer" and not 0 <= index < count:
            continue
        value = quantity.take(one if quantity.scope == "layers" else one.layer(index))
        if value is not None:
            found.append((one, value))
    return found


def trace(run: History, quantity: Quantity, place: int, layer: Layer = "first") -> Points:
    """The figure over steps, epochs or seconds of training, whose row `place` is: batches as the means of neighbours."""
    match quantity.scope:
        case "batch":
            return _windows(run, quantity, place)
        case "epoch":
            return run.epoch_curve(quantity.name).points(place)
        case _:
            known = measurements(run, quantity, layer)
            return np.array([one[place] for one, _ in known]), np.array([value for _, value in known])


def _windows(run: History, quantity: Quantity, place: int) -> Points:
    series = quantity.take(run)
    x, y = series.points(place, MEAN)
    # Of a run so long that points stand for several batches, as many fewer.
    size = max(1, int(run.batches // WINDOWS / series.density))
    count = len(x) // size
    return x[: count * size][size - 1 :: size], y[: count * size].reshape(count, size).mean(axis=1)


def profile(run: History, quantity: Quantity, *, start: bool) -> Points:
    """A figure of each layer over the layer's number: when it was first measured, or last."""
    values: list[float] = []
    place = 0 if start else -1
    if quantity.scope == "slopes":
        values = list(run.slopes[place]) if run.slopes else []
    elif run.measured:
        layers = run.measured[place].layers
        values = [quantity.take(layer) for layer in (layers[:-1] if quantity.hidden else layers)]
    return np.arange(1.0, len(values) + 1), np.array([value if isfinite(value) else np.nan for value in values])
