"""The history of one number: kept in bounded memory, smoothed, and reduced to what a chart of some columns can show."""

import numpy as np

FIRST = 16
"""Points for which there is room at first: hundreds of runs may be held that nobody draws."""

Points = tuple[np.ndarray, np.ndarray]
"""x and y, of one length; x never falls, and y is NaN where there is a gap."""

STEP, EPOCH, SECONDS, VALUE, MEAN = range(5)
"""Rows of a table of points: the first three say where on the run's course a value belongs. A table that comes in ends with VALUE."""


class Series:
    """Values in the order they came, each with the step, the epoch and the seconds of training at which it came.

    The table doubles as it fills. At `capacity` the points so far are thinned to half, which keeps each neighbourhood's lowest and
    highest, and what comes later is thinned alike: a run of any length takes the memory of a short one and still shows its spikes. The
    neighbourhood's mean is kept beside them, because what lies between two extremes is not where the values are. `capacity` is a
    multiple of 4. One thread writes; any may read, and sees the points of one moment.
    """

    def __init__(self, capacity: int = 1 << 17) -> None:
        self._capacity = capacity
        self._table = np.empty((5, min(FIRST, capacity)))
        self._kept = self._table[:, :0]
        self._stride = 1
        self._waiting = np.empty((5, 0))

    def __len__(self) -> int:
        return int(self._kept.shape[1])

    @property
    def density(self) -> float:
        """How many values came for each point that is kept."""
        return 1 if self._stride == 1 else self._stride / 2

    def extend(self, table: np.ndarray) -> None:
        """Add the columns of a table (4, points). A value that is not finite becomes a gap: no chart can draw infinity."""
        waiting = np.hstack([self._waiting, table[[STEP, EPOCH, SECONDS, VALUE, VALUE]]])
        waiting[VALUE:, ~np.isfinite(waiting[VALUE])] = np.nan
        while waiting.shape[1] >= self._stride:
            room = self._capacity - len(self)
            groups = min(waiting.shape[1] // self._stride, room if self._stride == 1 else room // 2)
            taken, waiting = np.split(waiting, [groups * self._stride], axis=1)
            self._store(taken if self._stride == 1 else _thin(taken, self._stride))
            if len(self) == self._capacity:
                self._halve()
        self._waiting = waiting

    def points(self, place: int, row: int = VALUE) -> Points:
        """All points over their steps, epochs or seconds, or their neighbourhoods' means."""
        kept = self._kept
        return kept[place], kept[row]

    def rows(self) -> list[list[float]]:
        """Step, epoch, seconds and value of each point that is kept."""
        rows: list[list[float]] = self._kept[[STEP, EPOCH, SECONDS, VALUE]].T.tolist()
        return rows

    def _store(self, table: np.ndarray) -> None:
        length, end = len(self), len(self) + table.shape[1]
        if end > self._table.shape[1]:
            self._table = np.empty((5, min(self._capacity, max(end, 2 * self._table.shape[1]))))
            self._table[:, :length] = self._kept
        self._table[:, length:end] = table
        self._kept = self._table[:, :end]

    def _halve(self) -> None:
        thinned = _thin(self._kept, 4)
        # Not in place: somebody may be reading.
        self._table = np.empty((5, self._capacity))
        self._kept = self._table[:, :0]
        self._store(thinned)
        # Four points became two, and two stand for twice as many values as before.
        self._stride = max(4, 2 * self._stride)


def _thin(table: np.ndarray, size: int) -> np.ndarray:
    """Two columns, the lowest and the highest value, for every `size` columns."""
    groups = table.reshape(5, -1, size)
    values = groups[VALUE]
    thinned = np.repeat(groups.mean(axis=2), 2, axis=1)
    thinned[MEAN] = np.repeat(_mean(groups[MEAN]), 2)
    thinned[VALUE] = _in_order(np.fmin.reduce(values, axis=1), np.fmax.reduce(values, axis=1), values[:, -1] < values[:, 0])
    return thinned


def _mean(groups: np.ndarray) -> np.ndarray:
    """The mean of each row's finite values; a row without any is a gap."""
    finite = np.isfinite(groups)
    counts = finite.sum(axis=1)
    mean = np.full(len(groups), np.nan)
    np.divide(np.where(finite, groups, 0.0).sum(axis=1), counts, out=mean, where=counts > 0)
    return mean


def _in_order(lowest: np.ndarray, highest: np.ndarray, falls: np.ndarray) -> np.ndarray:
    """Pairs of extremes; where a run falls its highest comes first, so that the line through a smooth fall stays as thin as it is."""
    extremes = np.stack([lowest, highest], axis=1)
    extremes[falls] = extremes[falls, ::-1]
    return extremes.ravel()


def envelope(points: Points, low: float, high: float, columns: int) -> Points:
    """At most two points for each of `columns` equal parts of x from `low` to `high`: its lowest and its highest.

    A plain stride would hide a spike between two strides; this shows every one. Gaps survive only where a whole part is one.
    """
    x, y = points
    if len(x) <= 2 * columns:
        return points
    starts = np.unique(np.searchsorted(x, np.linspace(low, high, columns, endpoint=False)))
    starts = starts[starts < len(x)]
    starts[0] = 0
    middles = np.add.reduceat(x, starts) / np.diff(starts, append=len(x))
    falls = y[np.append(starts[1:], len(x)) - 1] < y[starts]
    return np.repeat(middles, 2), _in_order(np.fmin.reduceat(y, starts), np.fmax.reduceat(y, starts), falls)


def some(points: Points, most: int) -> Points:
    """At most so many of the points, evenly chosen, the last among them: enough to tell by their marks whose line it is."""
    x, y = points
    every = -(-len(x) // most) or 1
    return x[::-every][::-1], y[::-every][::-1]


def window(points: Points, low: float, high: float, *, edges: bool = True) -> Points:
    """The points from `low` to `high`; with the line's own values at both edges, where it goes on beyond them, unless only dots are."""
    x, y = points
    first, last = int(np.searchsorted(x, low, "left")), int(np.searchsorted(x, high, "right"))
    pieces = [(x[first:last], y[first:last])]
    if edges and 0 < first < len(x) and x[first] > low:
        pieces.insert(0, _between(points, first, low))
    if edges and 0 < last < len(x) and x[last - 1] < high:
        pieces.append(_between(points, last, high))
    return np.concatenate([piece[0] for piece in pieces]), np.concatenate([piece[1] for piece in pieces])


def _between(points: Points, index: int, at: float) -> Points:
    around = slice(index - 1, index + 1)
    return np.array([at]), np.array([np.interp(at, points[0][around], points[1][around])])


BLOCK = 32


def smoothed(y: np.ndarray, weight: float) -> np.ndarray:
    """The exponential moving average s ← ws + (1-w)y, without its bias towards 0 at the start, as TensorBoard draws it.

    Gaps are passed over and stay gaps.
    """
    finite = np.isfinite(y)
    if not weight or not finite.any():
        return y
    averages = (1 - weight) * _accumulated(y[finite], weight)
    # Until the bias is beyond what a float can tell.
    biased = averages[: int(40 / -np.log(weight)) + 1]
    biased /= -np.expm1(np.arange(1, len(biased) + 1) * np.log(weight))
    result = np.full(len(y), np.nan)
    result[finite] = averages
    return result


def _accumulated(values: np.ndarray, weight: float) -> np.ndarray:
    """The sums s ← ws + y.

    Each depends on the one before, so that NumPy cannot add them all at once: it does so inside blocks, as a product with a triangular
    matrix, and the blocks' ends are sums of the same kind.
    """
    distance = np.subtract.outer(np.arange(BLOCK), np.arange(BLOCK))
    kernel = np.where(distance >= 0, weight ** np.maximum(distance, 0), 0.0)
    padded = np.zeros(-(-len(values) // BLOCK) * BLOCK)
    padded[: len(values)] = values
    sums = padded.reshape(-1, BLOCK) @ kernel.T
    if len(sums) > 1:
        ends = _accumulated(sums[:-1, -1], weight**BLOCK)
        sums[1:] += np.outer(ends, weight ** np.arange(1, BLOCK + 1))
    return sums.ravel()[: len(values)]
