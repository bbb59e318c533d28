"""The history of one number in bounded memory, smoothed and reduced to the resolution of a chart."""

import numpy as np

FIRST = 16
"""The initial capacity in points, small because hundreds of runs may be in memory."""

Points = tuple[np.ndarray, np.ndarray]
"""x and y, of equal length; x never decreases, and y is NaN in a gap."""

STEP, EPOCH, SECONDS, VALUE, MEAN = range(5)
"""Rows of a table of points: the first three are the value's position in the run. A table passed to `extend` ends with VALUE."""


class Series:
    """Values in order, each with its step, epoch and seconds of training.

    The table doubles as it fills. At `capacity` the points so far are thinned to half, which keeps each neighbourhood's lowest and
    highest, as are later ones: a run of any length takes the memory of a short one and still shows its spikes. The neighbourhood's mean
    is kept too, because the values need not lie midway between their extremes. `capacity` is a multiple of 4. One thread writes; any may
    read, and sees a consistent state.
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
        """The number of values per kept point."""
        return 1 if self._stride == 1 else self._stride / 2

    def extend(self, table: np.ndarray) -> None:
        """Add the columns of a table (4, points). A value that is not finite becomes a gap."""
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
        """All points, or with `row` MEAN their neighbourhoods' means, over row `place`."""
        kept = self._kept
        return kept[place], kept[row]

    def rows(self) -> list[list[float]]:
        """Step, epoch, seconds and value of each kept point."""
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
        # Not in place: another thread may be reading.
        self._table = np.empty((5, self._capacity))
        self._kept = self._table[:, :0]
        self._store(thinned)
        # Four points became two, which stand for twice as many values.
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
    """The mean of each row's finite values; NaN for a row without any."""
    finite = np.isfinite(groups)
    counts = finite.sum(axis=1)
    mean = np.full(len(groups), np.nan)
    np.divide(np.where(finite, groups, 0.0).sum(axis=1), counts, out=mean, where=counts > 0)
    return mean


def _in_order(lowest: np.ndarray, highest: np.ndarray, falls: np.ndarray) -> np.ndarray:
    """Pairs of extremes, the highest first where the run falls, so that the line through a smooth fall has no jags."""
    extremes = np.stack([lowest, highest], axis=1)
    extremes[falls] = extremes[falls, ::-1]
    return extremes.ravel()


def envelope(points: Points, low: float, high: float, columns: int) -> Points:
    """The lowest and the highest point in each of `columns` equal parts of x from `low` to `high`.

    Every spike is kept, which a plain stride would hide. A gap is kept only if it covers a whole part.
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
    """At most `most` of the points, evenly spaced, including the last."""
    x, y = points
    every = -(-len(x) // most) or 1
    return x[::-every][::-1], y[::-every][::-1]


def window(points: Points, low: float, high: float, *, edges: bool = True) -> Points:
    """The points from `low` to `high`; with `edges`, also the line's interpolated values at both edges, where it extends beyond them."""
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
    """The exponential moving average s ← ws + (1-w)y with bias correction, as in TensorBoard. Gaps are skipped and stay gaps."""
    finite = np.isfinite(y)
    if not weight or not finite.any():
        return y
    averages = (1 - weight) * _accumulated(y[finite], weight)
    # Later the bias is below a float's precision.
    biased = averages[: int(40 / -np.log(weight)) + 1]
    biased /= -np.expm1(np.arange(1, len(biased) + 1) * np.log(weight))
    result = np.full(len(y), np.nan)
    result[finite] = averages
    return result


def _accumulated(values: np.ndarray, weight: float) -> np.ndarray:
    """The sums s ← ws + y.

    Each depends on the one before. Within blocks they are a product with a triangular matrix; the blocks' ends are sums of the same kind.
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
