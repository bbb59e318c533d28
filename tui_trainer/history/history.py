"""One run, folded from its events: what charts, lessons, comparisons, sweeps and exports read. A run on disk gives the same events."""

import threading
from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import groupby
from math import isfinite
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tui_trainer.config.changes import MOST_CHANGES
from tui_trainer.config.options import Config
from tui_trainer.history.health import HealthHistory, Measured
from tui_trainer.history.quantities import EPOCHS, figures_of
from tui_trainer.history.series import EPOCH, SECONDS, STEP, Series
from tui_trainer.nn.activations import PReLU
from tui_trainer.training.events import (
    Changed,
    Distributions,
    Ended,
    EpochEnded,
    Event,
    LayerHealth,
    LayerSummary,
    Progress,
    Snapshot,
    Started,
)

MEASURED: Final = 1 << 13
"""Points kept of each layer's gradient norms: it is measured a few times a second at most. So many may wait to be drawn."""

TOGETHER: Final = 1 << 12
"""Epochs that are drawn at a time."""

MOST_MEASURED: Final = 1 << 15
"""Layers times measurements that are kept exactly: 2 MB. A lesson of ten layers reaches it after 160 epochs."""

MOST_NORMS: Final = 1 << 20
"""Layers times measurements of which the gradient norms wait for somebody who draws them: 8 MB."""

MOST_WAITING: Final = 1 << 16
"""Events that wait for a reader, who may not look for hours where a line has stalled."""

GREATEST: Final = 1e300
"""What an axis can still be made for; a file may claim more."""

COURSE: Final = ("step", "epoch", "seconds")
"""Figures of an epoch over which the others are drawn."""

Table = NDArray[np.float64]


class Epoch(NamedTuple):
    """A whole epoch's figures, exactly; NaN what was not finite."""

    number: int
    step: int
    """Batches trained by its end."""
    train_loss: float
    train_accuracy: float
    validation_loss: float | None
    """None without a validation set, as is the accuracy."""
    validation_accuracy: float | None
    learning_rate: float
    seconds: float
    layers: tuple[str, ...]
    """The Dense layers, if they were measured."""
    norms: "array[float]"
    """Of their gradients."""

    @property
    def gradient_norms(self) -> Mapping[str, float]:
        """Of each Dense layer, by its name."""
        return dict(zip(self.layers, self.norms, strict=True))


class MadeChange(NamedTuple):
    """Options that had other values once `step` batches were trained, `batch` of them in `epoch`."""

    epoch: int
    batch: int
    step: int
    changes: Mapping[str, Any]


class Best(NamedTuple):
    """The best value of a figure, and the epoch after which it was measured."""

    value: float
    epoch: int


class History:
    """All that is known of one run.

    Whoever trains only calls `add`, which nearly always is one append to a list; the rest is for the reader's thread, which calls
    `drain` before it looks. Whoever reads a file calls `add_batches`, `add_epoch` and `add_change`. Epochs are kept exactly, and so are
    measurements up to MOST_MEASURED. So are batches up to the capacity of a Series, 131,072: more than a lesson trains, whose criteria
    read every loss. Curves of epochs and of layers are made when somebody asks for one.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._waiting: list[Event] = []
        self._lock = threading.RLock()
        self.config = config
        """With which the run was begun, where that is known."""
        self.parameters = 0
        self.summaries: tuple[LayerSummary, ...] = ()
        self.samples = 0
        """Of training."""
        self.first: Progress | None = None
        """The first batch."""
        self.progress: Progress | None = None
        """The last batch."""
        self.epochs: list[Epoch] = []
        """By their numbers, each once."""
        self.seconds = 0.0
        """Training time of the whole epochs so far."""
        self.measured: list[Measured] = []
        """Every measurement of the layers, up to MOST_MEASURED; beyond, the first and the last, and ever fewer of those between."""
        self.slopes: list[tuple[float, ...]] = []
        """PReLU's mean slope in each of its layers, before training and after each epoch."""
        self.distributions: tuple[Distributions, ...] = ()
        """As they were last counted."""
        self.distributions_step = 0
        self.ended: Ended | None = None
        self._changes: dict[int, MadeChange] = {}
        self._names: tuple[str, ...] = ()
        self.forget_batches()
        self._forget_curves()

    def forget_batches(self) -> None:
        """Draw none: they are another run's, or broken."""
        self.loss, self.accuracy, self._rates = Series(), Series(), Series()

    def _forget_curves(self) -> None:
        self._curves: dict[str, Series] = {}
        self._drawn = 0
        self._end = np.zeros(3)
        self._gradient_norms: dict[str, Series] = {}
        self._norms: list[Measured] = []
        self._health = HealthHistory()
        self._mapped = 0

    # What comes in

    def add(self, event: Event) -> None:
        """Take in an event, from any thread."""
        self._waiting.append(event if type(event) is Progress else _light(event))
        if len(self._waiting) >= MOST_WAITING:
            self.drain()

    def drain(self) -> bool:
        """Fold what has come, and tell whether there was anything."""
        with self._lock:
            count = len(self._waiting)
            for kind, group in groupby(self._waiting[:count], type):
                self._fold(kind, group)
            del self._waiting[:count]
        return count > 0

    def _fold(self, kind: type, events: Iterable[Any]) -> None:
        if kind is Progress:
            self._add_progress(list(events))
            return
        for event in events:
            match event:
                case EpochEnded():
                    self.add_epoch(event, self.steps)
                case Changed():
                    self.add_change(MadeChange(event.epoch, event.batch, event.step, event.changes))
                case Started():
                    self.config, self.ended = event.config, None
                    self.parameters, self.summaries, self.samples = event.parameters, event.layers, event.training_samples
                    self._add_slopes(event.snapshot)
                case Ended():
                    self.ended = event

    def _add_progress(self, batches: Sequence[Progress]) -> None:
        columns = list(zip(*batches, strict=True))
        step, loss, accuracy, seconds, rate, position = (np.array(column, np.float64) for column in columns[3:9])
        passed = self.seconds + seconds
        self.add_batches(np.stack([step, position, passed]), loss, accuracy, rate)
        for event, moment in zip(batches, passed.tolist(), strict=True):
            if event.layers:
                self._add_health(event.step, event.position, moment, event.layers)
            if event.distributions:
                self.distributions, self.distributions_step = event.distributions, event.step
        # Without its snapshot, which is large.
        self.progress = batches[-1]._replace(snapshot=None)
        self.first = self.first or batches[0]._replace(snapshot=None)

    def add_batches(self, course: Table, loss: Table, accuracy: Table, rate: Table) -> None:
        """Take in batches: step, epoch and seconds of training (3, batches), which never fall, and their figures, NaN what was lost."""
        for series, values in ((self.loss, loss), (self.accuracy, accuracy), (self._rates, rate)):
            series.extend(np.vstack([course, values]))

    def add_change(self, change: MadeChange) -> None:
        """Take in a change. Several may be made before one step."""
        before = self._changes.get(change.step)
        if before or len(self._changes) < MOST_CHANGES:
            self._changes[change.step] = change._replace(changes={**(before.changes if before else {}), **change.changes})

    def add_epoch(self, event: EpochEnded, step: int, *, is_logged: bool = False) -> None:
        """Take in an epoch that ended at a step. One that `is_logged` may not have all that is measured today."""
        with self._lock:
            means = event.train_loss, event.train_accuracy, event.validation_loss, event.validation_accuracy
            norms = array("d", [layer.gradient_norm for layer in event.layers])
            epoch = Epoch(event.epoch, step, *means, event.learning_rate, event.seconds, self._named(event.layers), norms)
            if self.last_epoch < epoch.number:
                self.epochs.append(epoch)
                self.seconds += epoch.seconds
            else:
                self._replace_epoch(epoch)
            # The epoch's last batch may have carried the same measurement.
            if event.layers and (is_logged or not (self.progress and self.progress.layers)):
                # What a file says of its batches may contradict itself.
                before = self.measured[-1].step if self.measured else 0
                self._add_health(max(step, before), epoch.number, self.seconds, event.layers, is_logged=is_logged)
            self._add_slopes(event.snapshot)

    def _replace_epoch(self, epoch: Epoch) -> None:
        """Of an epoch that is told again, as earlier versions did of a resumed run, the latter counts."""
        place = bisect_left(self.epochs, epoch.number, key=lambda each: each.number)
        self.epochs[place : place + (self.epochs[place].number == epoch.number)] = [epoch]
        self.seconds = sum(each.seconds for each in self.epochs)
        self.measured = [each for each in self.measured if each.epoch < epoch.number]
        self._forget_curves()
        self._norms = [each.norms_alone() for each in self.measured]

    def _add_health(self, step: int, epoch: float, seconds: float, layers: Sequence[LayerHealth], *, is_logged: bool = False) -> None:
        figures = np.array([layer[1:] for layer in layers], np.float64)
        one = Measured(step, epoch, seconds, self._named(layers), figures, is_logged)
        self.measured.append(one)
        self._norms.append(one.norms_alone())
        is_full = len(self.measured) > 3 and len(self.measured) * len(layers) > MOST_MEASURED
        if is_full or (len(self.measured) - self._mapped) * len(layers) > MOST_MEASURED // 2:
            self._map()
        if is_full:
            del self.measured[1:-1:2]
            self._mapped = len(self.measured)
        if len(self._norms) > MEASURED or len(self._norms) * len(layers) > MOST_NORMS:
            self._draw_norms()

    def _named(self, layers: Sequence[LayerHealth]) -> tuple[str, ...]:
        """Their names: one tuple for all measurements."""
        names = tuple(layer.name for layer in layers)
        if names != self._names:
            self._names = names
        return self._names

    def _add_slopes(self, snapshot: Snapshot) -> None:
        if snapshot.tensors:
            self.slopes.append(tuple(float(slopes.mean(dtype=np.float64)) for slopes in snapshot.tensors.values()))

    # What is made of it

    def _draw_epochs(self) -> None:
        """Extend the epochs' curves by those that are new."""
        while new := self.epochs[self._drawn : self._drawn + TOGETHER]:
            self._drawn += len(new)
            self._extend_curves(new)

    def _extend_curves(self, new: Sequence[Epoch]) -> None:
        step, number, seconds = np.array([(each.step, each.number, each.seconds) for each in new], np.float64).T
        passed = np.cumsum([self._end[SECONDS], *seconds])[1:]
        # What a file says of its batches may contradict itself.
        course = np.maximum.accumulate(np.maximum(np.stack([step, number, passed]), self._end[:, None]), axis=1)
        self._end = course[:, -1]
        for name, figure in EPOCHS.items():
            if name in COURSE:
                continue
            values = [figure.take(each) for each in new]
            column = np.array(values, np.float64)
            column[~(np.abs(column) < GREATEST)] = np.nan
            known = [value is not None for value in values]
            self._curves.setdefault(name, Series()).extend(np.vstack([course, column])[:, known])

    def _map(self) -> None:
        """Put the measurements into the maps of the layers."""
        new, self._mapped = self.measured[self._mapped :], len(self.measured)
        for (names, is_logged), group in groupby(new, lambda one: (one.names, one.is_logged)):
            found = list(group)
            figures = figures_of(np.stack([one.figures for one in found]), is_logged=is_logged)
            self._health.add(names, [one.step for one in found], figures)

    def _draw_norms(self) -> None:
        """Extend the gradients' curves."""
        new, self._norms = self._norms, []
        for names, group in groupby(new, lambda one: one.names):
            found = list(group)
            course = np.array([one[:3] for one in found], np.float64).T
            norms = np.stack([one.figures[:, 0] for one in found], axis=1)
            for name, row in zip(names, norms, strict=True):
                self._gradient_norms.setdefault(name, Series(MEASURED)).extend(np.vstack([course, row]))

    def epoch_curve(self, name: str) -> Series:
        """The curve of a figure of the epochs, by its name in EPOCHS."""
        with self._lock:
            self._draw_epochs()
            return self._curves.setdefault(name, Series())

    @property
    def training_loss(self) -> Series:
        """Means over each epoch."""
        return self.epoch_curve("train_loss")

    @property
    def training_accuracy(self) -> Series:
        """Means over each epoch."""
        return self.epoch_curve("train_accuracy")

    @property
    def validation_loss(self) -> Series:
        """After each epoch."""
        return self.epoch_curve("validation_loss")

    @property
    def validation_accuracy(self) -> Series:
        """After each epoch."""
        return self.epoch_curve("validation_accuracy")

    @property
    def learning_rate(self) -> Series:
        """Of the batches, or else of the epochs."""
        return self._rates if len(self._rates) else self.epoch_curve("learning_rate")

    @property
    def gradient_norms(self) -> Mapping[str, Series]:
        """Of each Dense layer, by its name."""
        with self._lock:
            self._draw_norms()
            return self._gradient_norms

    @property
    def health(self) -> HealthHistory:
        """All that was measured of the layers, for a map."""
        with self._lock:
            self._map()
            return self._health

    @property
    def layers(self) -> tuple[LayerHealth, ...]:
        """The health of the layers when they were last measured."""
        return self.measured[-1].layers if self.measured else ()

    @property
    def changes(self) -> tuple[MadeChange, ...]:
        """In order, one for each step."""
        return tuple(self._changes[step] for step in sorted(self._changes))

    @property
    def steps(self) -> int:
        """Batches trained so far."""
        return self.progress.step if self.progress else 0

    @property
    def last_epoch(self) -> int:
        """How many epochs were trained to their end."""
        return self.epochs[-1].number if self.epochs else 0

    @property
    def batches(self) -> int:
        """In an epoch."""
        return self.progress.batches if self.progress else 1

    @property
    def best_accuracy(self) -> Best | None:
        """The highest validation accuracy; the first of equal ones."""
        return self._best(max, lambda epoch: epoch.validation_accuracy)

    @property
    def best_loss(self) -> Best | None:
        """The lowest validation loss; the first of equal ones."""
        return self._best(min, lambda epoch: epoch.validation_loss)

    def _best(self, choose: Callable[..., Best | None], figure: Callable[[Epoch], float | None]) -> Best | None:
        values = ((figure(epoch), epoch.number) for epoch in self.epochs)
        found = (Best(value, number) for value, number in values if value is not None and isfinite(value))
        return choose(found, key=lambda best: best.value, default=None)

    @property
    def diverged(self) -> bool:
        """Whether the run ended because its numbers were not finite any more."""
        return self.ended is not None and self.ended.status == "diverged"

    @property
    def complete(self) -> bool:
        """Whether the run came to an end of its own."""
        return self.ended is not None and self.ended.status in ("completed", "diverged")

    def course_at(self, steps: Sequence[int]) -> Table:
        """Where on the run's course (step, epoch, seconds) so many batches were trained, a row for each."""
        series = self.loss if len(self.loss) else self.training_loss
        known = [np.concatenate([[0.0], series.points(STEP, row)[1]]) for row in (STEP, EPOCH, SECONDS)]
        return np.stack([np.interp(np.array(steps, np.float64), known[0], column) for column in known], axis=1)

    def branched(self) -> Self:
        """The same run as far as it is known, to which batches, and nothing else, can be added that this one then does not have."""
        with self._lock:
            self.drain()
            self._draw_epochs()
            self._draw_norms()
            self._map()
            other = copy(self)
        other._waiting, other._lock = [], threading.RLock()
        other.forget_batches()
        return other

    def condensed(self) -> "History":
        """The run with those epochs alone that its best and its last figures are of: there is room for a thousand of these."""
        bests = {best.epoch for best in (self.best_accuracy, self.best_loss) if best}
        other = History(self.config)
        other.epochs = [epoch for epoch in self.epochs if epoch.number in bests or epoch is self.epochs[-1]]
        other._drawn = len(other.epochs)
        other.seconds, other.ended, other.progress, other._changes = self.seconds, self.ended, self.progress, self._changes
        return other


def _light(event: Any) -> Any:
    """The event without the network that it carries, which is large: an event may wait for hours."""
    match event:
        case Started() | EpochEnded():
            return replace(event, snapshot=_slopes_alone(event.snapshot))
        case Ended():
            return replace(event, snapshot=None)
    return event


def _slopes_alone(snapshot: Snapshot) -> Snapshot:
    return Snapshot({str(number): slopes for number, slopes in enumerate(PReLU.slopes_in(snapshot.tensors))}, {})
