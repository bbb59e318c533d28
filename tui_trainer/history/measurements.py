"""The measurements of a run's layers: exact up to a limit, and reduced for the map and the curves."""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import groupby
from typing import Final, NamedTuple

import numpy as np

from tui_trainer.history import quantities
from tui_trainer.history.health import HealthHistory
from tui_trainer.history.quantities import figures_of
from tui_trainer.history.quantity import Values
from tui_trainer.history.series import Series
from tui_trainer.training.events import LayerHealth

MOST_MEASURED: Final = 1 << 15
"""Layers times measurements kept exactly, 2 MB. A lesson of ten layers reaches it after 160 epochs."""

MOST_NORMS: Final = 1 << 20
"""Layers times measurements whose gradient norms wait to be drawn, 8 MB."""

POINTS: Final = 1 << 13
"""Points kept of each layer's gradient norms, which are measured a few times a second at most; so many measurements wait to be drawn."""


class Measurement(NamedTuple):
    """The layers' health at one point of the run."""

    step: int
    epoch: float
    seconds: float
    names: tuple[str, ...]
    figures: Values
    """(layers, figures): the fields of LayerHealth after its name."""
    is_logged: bool
    """Whether it is from a log, in which NaN stands for figures that an earlier version did not measure."""

    @property
    def course(self) -> tuple[float, float, float]:
        """Its place in STEP, EPOCH and SECONDS."""
        return self.step, self.epoch, self.seconds

    @property
    def layers(self) -> tuple[LayerHealth, ...]:
        """The health of every layer."""
        return tuple(map(self.layer, range(len(self.names))))

    def layer(self, index: int) -> LayerHealth:
        """The health of one layer."""
        return LayerHealth(self.names[index], *self.figures[index].tolist())

    def figure(self, name: str) -> list[float]:
        """One figure of every layer."""
        values: list[float] = self.figures[:, LayerHealth._fields.index(name) - 1].tolist()
        return values


def measurement(
    layers: Sequence[LayerHealth], step: int = 0, epoch: float = 0.0, seconds: float = 0.0, *, is_logged: bool = False
) -> Measurement:
    """The measurement of these layers."""
    figures = np.array([layer[1:] for layer in layers], np.float64)
    return Measurement(step, epoch, seconds, names_of(layers), figures, is_logged)


class Measurements:
    """The measurements of one run. One thread at a time may call it."""

    def __init__(self) -> None:
        self.kept: list[Measurement] = []
        """Every measurement of the layers up to MOST_MEASURED; beyond that, the first, the last and ever fewer between."""
        self._forget_drawn()

    def _forget_drawn(self) -> None:
        self._mapped = 0
        self._health, self._figures = HealthHistory(), quantities.QUANTITIES
        self._norms: list[Measurement] = []
        self._gradient_norms: dict[str, Series] = {}

    def add(self, step: int, epoch: float, seconds: float, layers: Sequence[LayerHealth], *, is_logged: bool = False) -> None:
        """Add a measurement, the latest one."""
        one = measurement(layers, step, epoch, seconds, is_logged=is_logged)
        self.kept.append(one)
        self._norms.append(_norms_alone(one))
        is_full = len(self.kept) > 3 and len(self.kept) * len(layers) > MOST_MEASURED
        if is_full or (len(self.kept) - self._mapped) * len(layers) > MOST_MEASURED // 2:
            self._map()
        if is_full:
            del self.kept[1:-1:2]
            self._mapped = len(self.kept)
        if len(self._norms) > POINTS or len(self._norms) * len(layers) > MOST_NORMS:
            self._draw_norms()

    def forget_from(self, epoch: int) -> None:
        """Remove the measurements from the end of this epoch on."""
        self.kept = [each for each in self.kept if each.epoch < epoch]
        self._forget_drawn()
        self._norms = list(map(_norms_alone, self.kept))

    def health(self) -> HealthHistory:
        """All measurements, for a map."""
        self._map()
        return self._health

    def gradient_norms(self) -> Mapping[str, Series]:
        """By the names of the layers."""
        self._draw_norms()
        return self._gradient_norms

    def _map(self) -> None:
        if self._figures is not quantities.QUANTITIES:
            # A plugin has brought another figure, or has gone.
            self._mapped, self._health, self._figures = 0, HealthHistory(), quantities.QUANTITIES
        new, self._mapped = self.kept[self._mapped :], len(self.kept)
        for (names, is_logged), group in groupby(new, lambda one: (one.names, one.is_logged)):
            found = list(group)
            figures = figures_of(np.stack([one.figures for one in found]), is_logged=is_logged)
            self._health.add(names, [float(one.step) for one in found], figures)

    def _draw_norms(self) -> None:
        new, self._norms = self._norms, []
        for names, group in groupby(new, lambda one: one.names):
            found = list(group)
            course = np.array([one.course for one in found], np.float64).T
            norms = np.stack([one.figures[:, 0] for one in found], axis=1)
            for name, row in zip(names, norms, strict=True):
                self._gradient_norms.setdefault(name, Series(POINTS)).extend(np.vstack([course, row]))


def names_of(layers: Sequence[LayerHealth]) -> tuple[str, ...]:
    """The layers' names, the same tuple for all measurements."""
    return _shared(tuple(layer.name for layer in layers))


@lru_cache(16)
def _shared(names: tuple[str, ...]) -> tuple[str, ...]:
    return names


def _norms_alone(one: Measurement) -> Measurement:
    """The measurement without the figures after the gradient's norm."""
    return one._replace(figures=one.figures[:, :1].copy())
