"""The layers' health over a run, in bounded memory, and reduced to the columns of a map."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.quantity import LayerQuantity, Values

MOST_CELLS = 1 << 15
"""Buckets times layers, some 3 MB."""

LEAST, MOST = 32, 1024
"""The smallest and the largest number of buckets of any network."""

Steps = NDArray[np.float64]


class Buckets(NamedTuple):
    """Consecutive measurements, each bucket one or several of them."""

    first: Steps
    last: Steps
    """The steps of each bucket's first and last measurement (buckets,)."""
    low: Values
    """(buckets, layers, figures, 2): each figure's value and its judged value at the measurement with the lowest judged value."""
    high: Values

    def part(self, where: slice) -> "Buckets":
        """The buckets of a slice."""
        return Buckets(self.first[where], self.last[where], self.low[where], self.high[where])


class Cells(NamedTuple):
    """A map's values and judged values (layers, columns), NaN where nothing was measured yet."""

    values: Values
    judged: Values
    first: Steps
    last: Steps
    """The steps of each column's first and last measurement (columns,)."""


class HealthHistory:
    """Every figure of every layer over the course of a run.

    Where the memory is full, neighbours are joined into one bucket that keeps the lowest and the highest of each figure, as are later
    measurements: a spike stays visible in a run of any length. A layer's figure may be judged relative to another layer's at the same
    measurement, so judged values are computed before joining. One thread writes; any may read, and sees a consistent state.
    """

    def __init__(self) -> None:
        self.names: tuple[str, ...] = ()
        """The layers' names, from the input to the output."""
        self._begin(())

    def __len__(self) -> int:
        whole, last = self.kept
        return len(whole.first) + len(last.first)

    def add(self, names: Sequence[str], steps: Sequence[float], values: Values) -> None:
        """Add `values` (measurements, layers, figures) at `steps`, which never decrease. Other layers replace all measurements so far."""
        if tuple(names) != self.names:
            self._begin(tuple(names))
        judged = np.stack([figure.judged(values[..., index]) for index, figure in enumerate(FIGURES.values())], axis=-1)
        with np.errstate(over="ignore"):  # beyond float32 is infinite
            pairs = np.stack([values, judged], axis=-1).astype(np.float32)
        for step, pair in zip(steps, pairs, strict=True):
            self._take(Buckets(np.array([step]), np.array([step]), pair[None], pair[None]))

    def _begin(self, names: tuple[str, ...]) -> None:
        self._capacity = min(max(LEAST, MOST_CELLS // max(len(names), 1)), MOST) // 2 * 2
        self._stride, self._count = 1, 0
        self._table = _empty(LEAST, len(names))
        self.kept = self._table.part(slice(0)), self._table.part(slice(0))
        """The whole buckets, and the one that is being filled."""
        self.names = names

    def _take(self, one: Buckets) -> None:
        whole, last = self.kept
        if 0 < self._count < self._stride:
            self.kept = whole, _joined(last, one)
            self._count += 1
            return
        if self._count:
            whole = self._stored(last)
        self.kept = whole, one
        self._count = 1

    def _stored(self, bucket: Buckets) -> Buckets:
        """The full buckets and one more."""
        length, size = len(self.kept[0].first), len(self._table.first)
        if length == size:
            self._table = _empty(min(self._capacity, 2 * size), len(self.names), self.kept[0])
        for array, new in zip(self._table, bucket, strict=True):
            array[length] = new[0]
        if length + 1 == self._capacity:
            # Not in place: another thread may be reading.
            halved = _joined(self._table.part(slice(0, None, 2)), self._table.part(slice(1, None, 2)))
            self._table = _empty(self._capacity, len(self.names), halved)
            self._stride *= 2
            return self._table.part(slice(len(halved.first)))
        return self._table.part(slice(length + 1))

    def first_at(self, figure: LayerQuantity, limit: float) -> Mapping[str, float]:
        """The step at which each layer was first measured at a limit or above it, as the figure is judged; of those that were."""
        index = list(FIGURES).index(figure.name)
        steps = np.concatenate([part.first for part in self.kept])
        reached = np.concatenate([part.high[:, :, index, 1] for part in self.kept]) >= limit
        return {name: float(steps[column.argmax()]) for name, column in zip(self.names, reached.T, strict=True) if column.any()}

    def cells(self, figure: LayerQuantity, end: float, columns: int) -> Cells:
        """A figure's map from step 0 to `end`: the worst value of each column's steps.

        A column without a measurement shows the one before; what comes before the first batch's measurement shows that.
        """
        index, buckets = list(FIGURES).index(figure.name), self.kept
        first, until = (np.concatenate([part[place] for part in buckets]) for place in (0, 1))
        low, high = (np.concatenate([part[place][:, :, index] for part in buckets]).astype(np.float64) for place in (2, 3))
        count, layers = low.shape[:2]
        if not count or not layers or columns < 1:
            nothing = np.full((layers, columns), np.nan)
            return Cells(nothing, nothing, np.full(columns, np.nan), np.full(columns, np.nan))
        severities = figure.severity(low[..., 1]), figure.severity(high[..., 1])
        worse = severities[0] > severities[1]
        severity, found = np.where(worse, *severities), np.where(worse[..., None], low, high)
        place = np.minimum((until / max(end, 1.0) * columns).astype(np.intp), columns - 1)
        starts = np.flatnonzero(np.diff(place, prepend=-1))
        worst = np.fmax.reduceat(severity, starts, axis=0)
        group = np.repeat(np.arange(len(starts)), np.diff(starts, append=count))
        # The latest of equally bad values.
        places = np.where(severity == worst[group], np.arange(count)[:, None], -1)
        chosen = np.maximum.reduceat(places, starts, axis=0)
        picked = np.where((chosen >= 0)[..., None], found[np.maximum(chosen, 0), np.arange(layers)], np.nan)
        last = until[np.append(starts[1:], count) - 1]
        # The group that each column shows; none after the latest measurement.
        shown = np.searchsorted(place[starts], np.arange(columns), "right") - 1
        if first[0] <= 1:
            shown = np.maximum(shown, 0)
        bare = (shown < 0) | (np.arange(columns) > place[-1])
        values, judged = (np.where(bare, np.nan, picked[shown, :, part].T) for part in (0, 1))
        return Cells(values, judged, np.where(bare, np.nan, first[starts][shown]), np.where(bare, np.nan, last[shown]))


def _empty(buckets: int, layers: int, start: Buckets | None = None) -> Buckets:
    """Memory for `buckets`, beginning with those of `start`."""
    shape = buckets, layers, len(FIGURES), 2
    table = Buckets(np.empty(buckets), np.empty(buckets), np.empty(shape, np.float32), np.empty(shape, np.float32))
    for array, beginning in zip(table, start or (), strict=bool(start)):
        array[: len(beginning)] = beginning
    return table


def _joined(one: Buckets, other: Buckets) -> Buckets:
    """Buckets of `one`, each joined with the following one of `other`."""
    (low, lower), (high, higher) = (one.low, other.low), (one.high, other.high)
    judged = low[..., 1:], lower[..., 1:], high[..., 1:], higher[..., 1:]
    return Buckets(
        one.first,
        other.last,
        np.where((judged[1] < judged[0]) | np.isnan(judged[0]), lower, low),
        np.where((judged[3] >= judged[2]) | np.isnan(judged[2]), higher, high),
    )
