"""One run, folded from its events: what charts, lessons, comparisons, sweeps and exports read. A run on disk gives the same events."""

import threading
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
from tui_trainer.history.health import HealthHistory
from tui_trainer.history.quantities import table
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
"""Points kept of each layer's gradient norms: it is measured a few times a second at most."""

MOST_MEASURED: Final = 1 << 15
"""Layers times measurements that are kept exactly, some 10 MB. A lesson of ten layers reaches it after 160 epochs."""

MOST_WAITING: Final = 1 << 16
"""Events that wait for a reader, who may not look for hours where a line has stalled."""

GREATEST: Final = 1e300
"""What an axis can still be made for; a file may claim more."""

Table = NDArray[np.float64]


class Batches(NamedTuple):
    """Many batches, one after another, as a file keeps them."""

    course: Table
    """(3, batches): each one's step, epoch and seconds of training, which never fall."""
    loss: Table
    accuracy: Table
    learning_rate: Table
    """(batches,): NaN what was lost."""
    last: Progress | None
    """The last one that was not lost."""


class Logged(NamedTuple):
    """An epoch that ended, from a log: it may know of no batches, and not everything that is measured today."""

    event: EpochEnded
    last: Progress
    """The epoch's last batch, as far as its means tell."""


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
    gradient_norms: Mapping[str, float]
    """Of each Dense layer, by its name."""


class Measured(NamedTuple):
    """The layers' health at one place of the run's course."""

    step: int
    epoch: float
    seconds: float
    layers: tuple[LayerHealth, ...]
    is_logged: bool = False
    """Whether it is from a log, in which NaN stands for what an earlier version did not measure."""


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


_NONE: Final[Mapping[str, float]] = {}
"""For all epochs of which no layer was measured: a file may hold a million."""


class History:
    """All that is known of one run.

    Whoever trains only calls `add`, which nearly always is one append to a list; the rest is for the reader's thread, which calls
    `drain` before it looks. Epochs are kept exactly, and so are measurements up to MOST_MEASURED. So are batches up to the capacity of a
    Series, 131,072: more than a lesson trains, whose criteria read every loss.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._waiting: list[Any] = []
        self._draining = threading.RLock()
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
        self.loss, self.accuracy = Series(), Series()
        self._rates = Series()
        self._changes: dict[int, MadeChange] = {}
        self._begin_epochs()
        self._begin_health()

    def _begin_epochs(self) -> None:
        self._drawn = 0
        self._end = np.zeros(3)
        self._epoch_rates = Series()
        self.training_loss, self.training_accuracy = Series(), Series()
        """Means over each epoch."""
        self.validation_loss, self.validation_accuracy = Series(), Series()

    def _begin_health(self) -> None:
        self._mapped = 0
        self._gradient_norms: dict[str, Series] = {}
        self._health = HealthHistory()

    # What comes in

    def add(self, event: Event | Batches | Logged | MadeChange) -> None:
        """Take in an event, from any thread."""
        self._waiting.append(event if type(event) is Progress else _light(event))
        if len(self._waiting) >= MOST_WAITING:
            self.drain()

    def drain(self) -> bool:
        """Fold what has come, and tell whether there was anything."""
        with self._draining:
            count = len(self._waiting)
            for kind, group in groupby(self._waiting[:count], type):
                self._fold(kind, group)
            del self._waiting[:count]
            self._draw_epochs()
            if (len(self.measured) - self._mapped) * len(self.layers) > MOST_MEASURED // 2:
                self._map()
        return count > 0

    def _fold(self, kind: type, events: Iterable[Any]) -> None:
        if kind is Progress:
            self._add_batches(list(events))
            return
        for event in events:
            match event:
                case Batches():
                    self._extend(event.course, event.loss, event.accuracy, event.learning_rate)
                    if event.last and not (self.progress and event.last.position < self.progress.position):
                        self.progress = event.last
                case EpochEnded():
                    self._add_epoch(event, self.progress.step if self.progress else 0)
                case Logged():
                    self._add_epoch(event.event, event.last.step, is_logged=True)
                    if not self.progress or self.progress.position < event.last.position:
                        self.progress = event.last
                case Changed() | MadeChange():
                    self._add_change(event)
                case Started():
                    self.config, self.ended = event.config, None
                    self.parameters, self.summaries, self.samples = event.parameters, event.layers, event.training_samples
                    self._add_slopes(event.snapshot)
                case Ended():
                    self.ended = event

    def _add_batches(self, batches: Sequence[Progress]) -> None:
        columns = list(zip(*batches, strict=True))
        step, loss, accuracy, seconds, rate, position = (np.array(column, np.float64) for column in columns[3:9])
        course = np.stack([step, position, self.seconds + seconds])
        self._extend(course, loss, accuracy, rate)
        for index, event in enumerate(batches):
            if event.layers:
                self._add_health(Measured(event.step, event.position, float(course[SECONDS, index]), event.layers))
            if event.distributions:
                self.distributions, self.distributions_step = event.distributions, event.step
        # Without its snapshot, which is large.
        self.progress = batches[-1]._replace(snapshot=None)
        self.first = self.first or batches[0]._replace(snapshot=None)

    def _extend(self, course: Table, loss: Table, accuracy: Table, rate: Table) -> None:
        self.loss.extend(np.vstack([course, loss]))
        self.accuracy.extend(np.vstack([course, accuracy]))
        self._rates.extend(np.vstack([course, rate]))

    def _add_change(self, event: Changed | MadeChange) -> None:
        # Several may be made before one step.
        before = self._changes.get(event.step)
        if before or len(self._changes) < MOST_CHANGES:
            changes = {**(before.changes if before else {}), **event.changes}
            self._changes[event.step] = MadeChange(event.epoch, event.batch, event.step, changes)

    def _add_epoch(self, event: EpochEnded, step: int, *, is_logged: bool = False) -> None:
        norms = {health.name: health.gradient_norm for health in event.layers} or _NONE
        means = event.train_loss, event.train_accuracy, event.validation_loss, event.validation_accuracy
        epoch = Epoch(event.epoch, step, *means, event.learning_rate, event.seconds, norms)
        if not self.epochs or self.epochs[-1].number < epoch.number:
            self.epochs.append(epoch)
            self.seconds += epoch.seconds
        else:
            self._replace_epoch(epoch)
        # The epoch's last batch may have carried the same measurement.
        if event.layers and (is_logged or not (self.progress and self.progress.layers)):
            # What a file says of its batches may contradict itself.
            before = self.measured[-1].step if self.measured else 0
            self._add_health(Measured(max(step, before), epoch.number, self.seconds, event.layers, is_logged))
        self._add_slopes(event.snapshot)

    def _replace_epoch(self, epoch: Epoch) -> None:
        """Of an epoch that is told again, as earlier versions did of a resumed run, the latter counts."""
        place = bisect_left(self.epochs, epoch.number, key=lambda each: each.number)
        self.epochs[place : place + (self.epochs[place].number == epoch.number)] = [epoch]
        self.seconds = sum(each.seconds for each in self.epochs)
        self._begin_epochs()
        self.measured = [each for each in self.measured if each.epoch < epoch.number]
        self._begin_health()

    def _add_health(self, one: Measured) -> None:
        self.measured.append(one)
        if len(self.measured) > 3 and len(self.measured) * len(one.layers) > MOST_MEASURED:
            self._map()
            del self.measured[1:-1:2]
            self._mapped = len(self.measured)

    def _add_slopes(self, snapshot: Snapshot) -> None:
        if snapshot.tensors:
            self.slopes.append(tuple(float(slopes.mean(dtype=np.float64)) for slopes in snapshot.tensors.values()))

    def forget_batches(self, last: Progress | None) -> None:
        """Draw none: they are another run's, or broken. The run stands where `last` says."""
        with self._draining:
            self.drain()
            self.loss, self.accuracy, self._rates, self.progress = Series(), Series(), Series(), last

    # What is made of it

    def _draw_epochs(self) -> None:
        """Extend the epochs' curves by those that are new, all at once."""
        new = self.epochs[self._drawn :]
        if not new:
            return
        self._drawn += len(new)
        number, step, *figures, seconds = list(zip(*new, strict=True))[:8]
        passed = self._end[SECONDS] + np.cumsum(np.array(seconds, np.float64))
        # What a file says of its batches may contradict itself.
        course = np.maximum.accumulate(np.maximum(np.stack([step, number, passed]), self._end[:, None]), axis=1)
        self._end = course[:, -1]
        curves = self.training_loss, self.training_accuracy, self.validation_loss, self.validation_accuracy, self._epoch_rates
        for series, values in zip(curves, figures, strict=True):
            known = np.array([value is not None for value in values])
            column = np.array(values, np.float64)
            column[~(np.abs(column) < GREATEST)] = np.nan
            series.extend(np.vstack([course, column])[:, known])

    def _map(self) -> None:
        """Put the measurements into the maps of the layers and the gradients' curves, which only some readers want."""
        new, self._mapped = self.measured[self._mapped :], len(self.measured)
        for (names, is_logged), group in groupby(new, lambda one: (tuple(layer.name for layer in one.layers), one.is_logged)):
            found = list(group)
            course = np.array([one[:3] for one in found], np.float64).T
            values = np.stack([table(one.layers, is_logged=is_logged) for one in found])
            self._health.add(names, course[STEP].tolist(), values)
            norms = np.array([[layer.gradient_norm for layer in one.layers] for one in found])
            for index, name in enumerate(names):
                series = self._gradient_norms.setdefault(name, Series(MEASURED))
                series.extend(np.vstack([course, norms[:, index]]))

    @property
    def learning_rate(self) -> Series:
        """Of the batches, or else of the epochs."""
        return self._rates if len(self._rates) else self._epoch_rates

    @property
    def gradient_norms(self) -> Mapping[str, Series]:
        """Of each Dense layer, by its name."""
        with self._draining:
            self._map()
            return self._gradient_norms

    @property
    def health(self) -> HealthHistory:
        """All that was measured of the layers, for a map."""
        with self._draining:
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
        self.drain()
        with self._draining:
            self._map()
            other = copy(self)
        other._waiting, other._draining = [], threading.RLock()
        other.loss, other.accuracy, other._rates = Series(), Series(), Series()
        return other

    def condensed(self) -> "History":
        """The run with those epochs alone that its best and its last figures are of: there is room for a thousand of these."""
        bests = {best.epoch for best in (self.best_accuracy, self.best_loss) if best}
        other = History(self.config)
        other.epochs = [epoch for epoch in self.epochs if epoch.number in bests or epoch is self.epochs[-1]]
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
