"""The history of one number per batch: kept in bounded memory, smoothed, and reduced to what a chart of some columns can show."""

import math

import numpy as np

Points = tuple[np.ndarray, np.ndarray]
"""x and y, of one length; x never falls, and y is NaN where there is a gap."""


class Series:
    """Points in the order they came.

    The arrays double as they fill. At `capacity` the points so far are thinned to half, which keeps each neighbourhood's lowest and
    highest, and what comes later is thinned alike: a run of any length takes the memory of a short one and still shows its spikes.
    """

    def __init__(self, capacity: int = 1 << 17) -> None:
        self._capacity = capacity
        self._x = np.empty(min(256, capacity), np.float64)
        self._y = np.empty(min(256, capacity), np.float32)
        self._length = 0
        self._stride = 1
        self._waiting: list[tuple[float, float]] = []

    def __len__(self) -> int:
        return self._length

    def append(self, x: float, y: float) -> None:
        """Add a point. A y that is not finite becomes a gap: no chart can draw infinity."""
        point = x, y if math.isfinite(y) else math.nan
        if self._stride == 1:
            self._store(*point)
            return
        self._waiting.append(point)
        if len(self._waiting) == self._stride:
            waiting = np.array(self._waiting)
            for extreme in zip(*envelope(waiting[:, 0], waiting[:, 1], 1), strict=True):
                self._store(*extreme)
            self._waiting.clear()

    def points(self) -> Points:
        """All points, as views that the next `append` may write beyond."""
        return self._x[: self._length], self._y[: self._length]

    def _store(self, x: float, y: float) -> None:
        if self._length == len(self._x):
            self._make_room()
        self._x[self._length] = x
        self._y[self._length] = y
        self._length += 1

    def _make_room(self) -> None:
        if self._length < self._capacity:
            self._x = np.concatenate([self._x, np.empty_like(self._x)])
            self._y = np.concatenate([self._y, np.empty_like(self._y)])
            return
        x, y = envelope(*self.points(), self._length // 4)
        self._length = len(x)
        self._x[: self._length], self._y[: self._length] = x, y
        # Four points became two, and two stand for twice as many batches as before.
        self._stride = max(4, 2 * self._stride)


class Smooth:
    """An exponential moving average that starts unbiased: the first values weigh as much as they should, as in Adam."""

    def __init__(self, span: float) -> None:
        self._keep = 1 - 2 / (span + 1)
        self._sum = self._weight = 0.0

    def __call__(self, value: float) -> float:
        """Take in a value and return the average; one that is not finite is passed over."""
        if math.isfinite(value):
            self._sum = self._keep * self._sum + value
            self._weight = self._keep * self._weight + 1
        return self._sum / self._weight if self._weight else math.nan


def envelope(x: np.ndarray, y: np.ndarray, columns: int) -> Points:
    """At most two points for each of `columns` equal runs of points: its lowest and its highest.

    A plain stride would hide a spike between two strides; this shows every one. Gaps survive only where a whole run is one.
    """
    if len(x) <= 2 * columns:
        return x, y
    starts = np.linspace(0, len(x), columns, endpoint=False).astype(np.intp)
    middles = np.add.reduceat(x, starts) / np.diff(starts, append=len(x))
    extremes = np.stack([np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts)], axis=1)
    # Where the run falls its highest comes first, so that the line through a smooth fall stays as thin as it is.
    falls = y[np.append(starts[1:], len(x)) - 1] < y[starts]
    extremes[falls] = extremes[falls, ::-1]
    return np.repeat(middles, 2), extremes.ravel()
