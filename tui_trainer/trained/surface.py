"""What a network says about every point of a plane: where data has two features, the border between its classes and each unit's own."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.errors import UserError
from tui_trainer.nn.arrays import Array, Labels
from tui_trainer.nn.losses import softmax
from tui_trainer.nn.network import Network
from tui_trainer.training.blas import ONE_THREAD

FEATURES = 2

MARGIN = 0.1
"""Around the points, as a share of where they lie."""

ALIKE = 3.0
"""Two features of which one spreads at most so many times as far as the other are drawn on one scale."""

AT_ONCE = 4096
"""Points in a pass."""


class Window(NamedTuple):
    """A part of the plane."""

    left: float
    right: float
    bottom: float
    top: float

    @classmethod
    def around(cls, points: Array, columns: int, rows: int) -> "Window":
        """Where the points (points, 2) lie, for a picture of so many square pixels; features that are alike get one scale."""
        finite = points[np.isfinite(points).all(axis=1)].astype(np.float64)
        low, high = (finite.min(axis=0), finite.max(axis=0)) if len(finite) else (np.zeros(2), np.ones(2))
        middle, spread = (low + high) / 2, np.maximum((high - low) * (1 + 2 * MARGIN), 1e-12)
        if spread.max() <= ALIKE * spread.min():
            spread = np.array([columns, rows]) * max(spread[0] / columns, spread[1] / rows)
        (left, bottom), (right, top) = middle - spread / 2, middle + spread / 2
        return cls(float(left), float(right), float(bottom), float(top))

    def centres(self, columns: int, rows: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The pixels' middles: x (columns,) from the left, y (rows,) from the top."""
        x = self.left + (np.arange(columns) + 0.5) * (self.right - self.left) / columns
        y = self.top - (np.arange(rows) + 0.5) * (self.top - self.bottom) / rows
        return x, y

    def pixels(self, points: Array, columns: int, rows: int) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.bool_]]:
        """The column and the row, from the top, in which each point lies, and whether it lies in the window."""
        with np.errstate(invalid="ignore"):
            across = (points[:, 0].astype(np.float64) - self.left) / (self.right - self.left) * columns
            down = (self.top - points[:, 1].astype(np.float64)) / (self.top - self.bottom) * rows
            inside = (across >= 0) & (across < columns) & (down >= 0) & (down < rows)
        return np.where(inside, across, 0).astype(np.intp), np.where(inside, down, 0).astype(np.intp), inside


class Surface(NamedTuple):
    """What the network says at the middle of each pixel of a window, row by row from the top."""

    window: Window
    classes: Labels
    """The likeliest class (rows, columns)."""
    probabilities: Array
    """Its probability (rows, columns); NaN where the network diverged."""
    units: tuple[NDArray[np.float32], ...]
    """Of each hidden layer what its units put out, (units, rows, columns); empty where that was not asked for."""


def surface(network: Network, window: Window, columns: int, rows: int, *, units: bool = False) -> Surface:
    """The surface of a network of two inputs; with `units` also those of its hidden layers' units. Raises UserError for other networks."""
    if network.inputs != FEATURES:
        raise UserError(f"a surface is drawn over two features, and this network has {network.inputs:,} inputs")
    x, y = window.centres(columns, rows)
    points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, FEATURES).astype(np.float32)
    classes, probabilities = np.empty(len(points), np.intp), np.empty(len(points), np.float32)
    found: list[list[Array]] = []
    for start in range(0, len(points), AT_ONCE):
        part = points[start : start + AT_ONCE]
        batch = network.workspace(len(part))
        batch.inputs[:] = part
        with np.errstate(all="ignore"), ONE_THREAD:
            batch.forward()
            said = softmax(batch.logits)
        classes[start : start + len(part)] = said.argmax(axis=1)
        probabilities[start : start + len(part)] = said.max(axis=1)
        if units:
            found.append([measured.units.out.T.copy() for measured in list(batch.measured())[:-1]])
    layers = tuple(np.concatenate(layer, axis=1).reshape(-1, rows, columns) for layer in zip(*found, strict=True))
    return Surface(window, classes.reshape(rows, columns), probabilities.reshape(rows, columns), layers)
