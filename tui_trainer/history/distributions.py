"""How each layer's activations and gradients are distributed over a run, in bounded memory, and reduced to a picture of one layer."""

from collections.abc import Sequence
from typing import Final, Literal, NamedTuple

import numpy as np

from tui_trainer.history.health import Steps
from tui_trainer.history.quantity import Values
from tui_trainer.training.events import Distributions, Histogram

Kind = Literal["activations", "gradients"]

MOST_HISTOGRAMS: Final = 1 << 12
"""Buckets times layers, some 2 MB."""

LEAST, MOST = 32, 256
"""The smallest and the largest number of buckets of any network."""

SPANS: Final = 4
"""How far a picture's scale reaches beyond the middle ones of its histograms, in widths of theirs: one that bursts would leave the others
no row."""


class Bucket(NamedTuple):
    """Consecutive measurements, added up."""

    first: float
    last: float
    """Steps."""
    layers: tuple[Distributions, ...]


class Picture(NamedTuple):
    """Shares of the values (rows, columns) at each column's steps, the highest values first; NaN where nothing was counted."""

    shares: Values
    elsewhere: Values
    """The shares that have no place on the scale (columns,)."""
    low: float
    high: float
    """The scale's ends. The outermost rows count what lies beyond them too."""
    steps: Steps
    """The step that each column shows, the last of those joined there (columns,)."""


class DistributionHistory:
    """The distributions of all layers over the course of a run.

    Where the memory is full, neighbours are added up, as are later measurements: no value that was counted is lost, however long the run.
    One thread writes; any may read, and sees a consistent state.
    """

    def __init__(self) -> None:
        self.kept: Sequence[Bucket] = ()
        """From the first to the last."""
        self._count, self._stride, self._capacity = 0, 1, MOST

    def __len__(self) -> int:
        return len(self.kept)

    @property
    def names(self) -> tuple[str, ...]:
        """The layers' names, from the input to the output."""
        return tuple(layer.name for layer in self.kept[-1].layers) if self.kept else ()

    def add(self, step: float, layers: tuple[Distributions, ...]) -> None:
        """Add a measurement; steps never decrease. Other layers replace all measurements so far."""
        if tuple(layer.name for layer in layers) != self.names:
            self.kept, self._count, self._stride = (), 0, 1
            self._capacity = min(max(LEAST, MOST_HISTOGRAMS // max(len(layers), 1)), MOST) // 2 * 2
        one = Bucket(step, step, layers)
        if 0 < self._count < self._stride:
            self.kept = (*self.kept[:-1], _joined(self.kept[-1], one))
            self._count += 1
            return
        if len(self.kept) == self._capacity:
            self.kept = tuple(map(_joined, self.kept[::2], self.kept[1::2]))
            self._stride *= 2
        self.kept = (*self.kept, one)
        self._count = 1

    def at(self, step: float | None = None) -> Bucket | None:
        """What was counted last, up to this step; before the first measurement, the first. None where nothing was."""
        buckets = self.kept
        if step is None or not buckets:
            return buckets[-1] if buckets else None
        return next((bucket for bucket in reversed(buckets) if bucket.first <= step), buckets[0])

    def picture(self, layer: int, kind: Kind, end: float, rows: int, columns: int) -> Picture | None:
        """One layer from step 0 to `end`; None where it was never counted.

        A column without a measurement shows the one before it, and what comes before the first batch's measurement shows that.
        """
        buckets = self.kept
        if not buckets or layer >= len(buckets[-1].layers) or rows < 1 or columns < 1:
            return None
        histograms: list[Histogram] = [getattr(bucket.layers[layer], kind) for bucket in buckets]
        low, high = _scale(histograms, kind)
        edges = np.linspace(low, high, rows + 1)
        until = np.array([bucket.last for bucket in buckets])
        place = np.minimum((until / max(end, 1.0) * columns).astype(np.intp), columns - 1)
        counts, elsewhere = np.zeros((columns, rows)), np.zeros(columns)
        for column, histogram in zip(place.tolist(), histograms, strict=True):
            counts[column] += rebinned(histogram, edges)
            elsewhere[column] += histogram.elsewhere
        filled = np.flatnonzero(np.bincount(place, minlength=columns))
        at = filled[np.maximum(np.searchsorted(filled, np.arange(columns), "right") - 1, 0)]
        bare = np.arange(columns) > filled[-1]
        if buckets[0].first > 1:
            bare |= np.arange(columns) < filled[0]
        total = np.maximum(counts.sum(axis=1) + elsewhere, 1)
        shares, beside = counts / total[:, None], elsewhere / total
        steps = until[np.searchsorted(place, at, "right") - 1]
        return Picture(
            np.where(bare[:, None], np.nan, shares[at]).T[::-1],
            np.where(bare, np.nan, beside[at]),
            low,
            high,
            np.where(bare, np.nan, steps),
        )


def _scale(histograms: Sequence[Histogram], kind: Kind) -> tuple[float, float]:
    """The scale on which all of these are seen."""
    if kind == "gradients":  # all have the same bins, most of which are empty
        edges = histograms[-1].edges
        found = np.flatnonzero(sum(histogram.counts for histogram in histograms))
        return (float(edges[found[0]]), float(edges[found[-1] + 1])) if len(found) else (float(edges[0]), float(edges[-1]))
    lows, highs = (np.array([histogram.edges[end] for histogram in histograms]) for end in (0, -1))
    reach = SPANS * float(np.median(highs - lows))
    low, high = max(float(lows.min()), float(np.median(lows)) - reach), min(float(highs.max()), float(np.median(highs)) + reach)
    return low, high


def rebinned(histogram: Histogram, edges: Values) -> Values:
    """The counts between other edges, as if the values of a bin lay evenly in it; the outermost count what lies beyond them."""
    below = np.concatenate([[0.0], np.cumsum(histogram.counts)])
    found = np.interp(edges, histogram.edges, below)
    found[0], found[-1] = 0.0, below[-1]
    return np.diff(found)


def _joined(one: Bucket, other: Bucket) -> Bucket:
    layers = tuple(
        Distributions(each.name, _sum(each.activations, more.activations), _sum(each.gradients, more.gradients))
        for each, more in zip(one.layers, other.layers, strict=True)
    )
    return Bucket(one.first, other.last, layers)


def _sum(one: Histogram, other: Histogram) -> Histogram:
    """Both together, over a scale that holds both."""
    if np.array_equal(one.edges, other.edges):
        counts, edges = one.counts + other.counts, one.edges
    else:
        low, high = min(one.edges[0], other.edges[0]), max(one.edges[-1], other.edges[-1])
        edges = np.linspace(low, high, len(one.edges))
        counts = rebinned(one, edges) + rebinned(other, edges)
    return Histogram(counts, edges, one.elsewhere + other.elsewhere)
