"""The history of a run, folded from its events. A run on disk gives the same events."""

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
"""Points kept of each layer's gradient norms, which are measured a few times a second at most."""

MOST_MEASURED: Final = 1 << 15
"""Layers times measurements kept exactly, some 10 MB. A lesson of ten layers reaches it after 160 epochs."""

MOST_WAITING: Final = 1 << 16
"""Events that wait to be folded: a stalled connection may keep a reader away for hours."""

GREATEST: Final = 1e300
"""The largest value that an axis can show; a file may hold larger ones."""

Table = NDArray[np.float64]


class Batches(NamedTuple):
    """Consecutive batches, as a file keeps them."""

    course: Table
    """(3, batches): each batch's step, epoch and seconds of training, which never decrease."""
    loss: Table
    accuracy: Table
    learning_rate: Table
    """(batches,): NaN for lost batches."""
    last: Progress | None
    """The last batch that was not lost."""


class Logged(NamedTuple):
    """An epoch's end from a log, which may lack the batches, and figures that an earlier version did not measure."""

    event: EpochEnded
    last: Progress
    """The epoch's last batch, with the epoch's means."""


class Epoch(NamedTuple):
    """The exact figures of a whole epoch; NaN where they were not finite."""

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
    """By the names of the Dense layers."""


class Measurement(NamedTuple):
    """The layers' health at one point of the run."""

    step: int
    epoch: float
    seconds: float
    layers: tuple[LayerHealth, ...]
    is_logged: bool = False
    """Whether it is from a log, in which NaN stands for figures that an earlier version did not measure."""


class AppliedChange(NamedTuple):
    """Options that changed after `step` batches, `batch` of them in `epoch`."""

    epoch: int
    batch: int
    step: int
    changes: Mapping[str, Any]


class BestValue(NamedTuple):
    """The best value of a figure, and its epoch."""

    value: float
    epoch: int


_NONE: Final[Mapping[str, float]] = {}
"""Shared by all epochs without a measurement: a file may hold a million."""


class History:
    """The history of one run.

    The training thread only calls `add`, which nearly always is one append to a list; the reader's thread calls `drain` and then reads.
    Epochs are kept exactly, measurements up to MOST_MEASURED, batches up to the capacity of a Series, 131,072: more than a lesson trains,
    whose criteria read every loss.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._waiting: list[Any] = []
        self._draining = threading.RLock()
        self.config = config
        """The config at the run's start, if known."""
        self.parameters = 0
        self.summaries: tuple[LayerSummary, ...] = ()
        self.samples = 0
        """Training samples."""
        self.first: Progress | None = None
        """The first batch."""
        self.progress: Progress | None = None
        """The last batch."""
        self.epochs: list[Epoch] = []
        """In order of their numbers, each once."""
        self.seconds = 0.0
        """Training time of whole epochs so far."""
        self.measured: list[Measurement] = []
        """Every measurement of the layers up to MOST_MEASURED; beyond that, the first, the last and ever fewer between."""
        self.slopes: list[tuple[float, ...]] = []
        """The mean slope of each PReLU layer, before training and after each epoch."""
        self.distributions: tuple[Distributions, ...] = ()
        """The latest distributions."""
        self.distributions_step = 0
        self.ended: Ended | None = None
        self.loss, self.accuracy = Series(), Series()
        self._rates = Series()
        self._changes: dict[int, AppliedChange] = {}
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

    def add(self, event: Event | Batches | Logged | AppliedChange) -> None:
        """Add an event, from any thread."""
        self._waiting.append(event if type(event) is Progress else _light(event))
        if len(self._waiting) >= MOST_WAITING:
            self.drain()

    def drain(self) -> bool:
        """Fold the waiting events; whether there were any."""
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
                case Changed() | AppliedChange():
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
                self._add_health(Measurement(event.step, event.position, float(course[SECONDS, index]), event.layers))
            if event.distributions:
                self.distributions, self.distributions_step = event.distributions, event.step
        # Snapshots are large.
        self.progress = batches[-1]._replace(snapshot=None)
        self.first = self.first or batches[0]._replace(snapshot=None)

    def _extend(self, course: Table, loss: Table, accuracy: Table, rate: Table) -> None:
        self.loss.extend(np.vstack([course, loss]))
        self.accuracy.extend(np.vstack([course, accuracy]))
        self._rates.extend(np.vstack([course, rate]))

    def _add_change(self, event: Changed | AppliedChange) -> None:
        # One step may have several changes.
        before = self._changes.get(event.step)
        if before or len(self._changes) < MOST_CHANGES:
            changes = {**(before.changes if before else {}), **event.changes}
            self._changes[event.step] = AppliedChange(event.epoch, event.batch, event.step, changes)

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
            # A file's batches may contradict its epochs.
            before = self.measured[-1].step if self.measured else 0
            self._add_health(Measurement(max(step, before), epoch.number, self.seconds, event.layers, is_logged))
        self._add_slopes(event.snapshot)

    def _replace_epoch(self, epoch: Epoch) -> None:
        """Replace an epoch that a log holds twice, as earlier versions wrote it in a resumed run."""
        place = bisect_left(self.epochs, epoch.number, key=lambda each: each.number)
        self.epochs[place : place + (self.epochs[place].number == epoch.number)] = [epoch]
        self.seconds = sum(each.seconds for each in self.epochs)
        self._begin_epochs()
        self.measured = [each for each in self.measured if each.epoch < epoch.number]
        self._begin_health()

    def _add_health(self, one: Measurement) -> None:
        self.measured.append(one)
        if len(self.measured) > 3 and len(self.measured) * len(one.layers) > MOST_MEASURED:
            self._map()
            del self.measured[1:-1:2]
            self._mapped = len(self.measured)

    def _add_slopes(self, snapshot: Snapshot) -> None:
        if snapshot.tensors:
            self.slopes.append(tuple(float(slopes.mean(dtype=np.float64)) for slopes in snapshot.tensors.values()))

    def forget_batches(self, last: Progress | None) -> None:
        """Remove all batches, because they are invalid; `last` is the run's progress."""
        with self._draining:
            self.drain()
            self.loss, self.accuracy, self._rates, self.progress = Series(), Series(), Series(), last

    # What is made of it

    def _draw_epochs(self) -> None:
        """Extend the epochs' curves by all new epochs at once."""
        new = self.epochs[self._drawn :]
        if not new:
            return
        self._drawn += len(new)
        number, step, *figures, seconds = list(zip(*new, strict=True))[:8]
        passed = self._end[SECONDS] + np.cumsum(np.array(seconds, np.float64))
        # What a file says of its batches may contradict itself, and be beyond all integers.
        told = np.stack([np.array(step, np.float64), np.array(number, np.float64), passed])
        course = np.maximum.accumulate(np.maximum(told, self._end[:, None]), axis=1)
        self._end = course[:, -1]
        curves = self.training_loss, self.training_accuracy, self.validation_loss, self.validation_accuracy, self._epoch_rates
        for series, values in zip(curves, figures, strict=True):
            known = np.array([value is not None for value in values])
            column = np.array(values, np.float64)
            column[~(np.abs(column) < GREATEST)] = np.nan
            series.extend(np.vstack([course, column])[:, known])

    def _map(self) -> None:
        """Add new measurements to the layers' map and the gradients' curves, which only some readers need."""
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
        """The batches' learning rates, or else the epochs'."""
        return self._rates if len(self._rates) else self._epoch_rates

    @property
    def gradient_norms(self) -> Mapping[str, Series]:
        """By the names of the Dense layers."""
        with self._draining:
            self._map()
            return self._gradient_norms

    @property
    def health(self) -> HealthHistory:
        """All measurements of the layers, for a map."""
        with self._draining:
            self._map()
            return self._health

    @property
    def layers(self) -> tuple[LayerHealth, ...]:
        """The latest measurement of the layers."""
        return self.measured[-1].layers if self.measured else ()

    @property
    def changes(self) -> tuple[AppliedChange, ...]:
        """In order, one per step."""
        return tuple(self._changes[step] for step in sorted(self._changes))

    @property
    def steps(self) -> int:
        """Batches trained so far."""
        return self.progress.step if self.progress else 0

    @property
    def last_epoch(self) -> int:
        """The number of whole epochs trained."""
        return self.epochs[-1].number if self.epochs else 0

    @property
    def batches(self) -> int:
        """Batches in an epoch."""
        return self.progress.batches if self.progress else 1

    @property
    def best_accuracy(self) -> BestValue | None:
        """The highest validation accuracy, the first of equal ones."""
        return self._best(max, lambda epoch: epoch.validation_accuracy)

    @property
    def best_loss(self) -> BestValue | None:
        """The lowest validation loss, the first of equal ones."""
        return self._best(min, lambda epoch: epoch.validation_loss)

    def _best(self, choose: Callable[..., BestValue | None], figure: Callable[[Epoch], float | None]) -> BestValue | None:
        values = ((figure(epoch), epoch.number) for epoch in self.epochs)
        found = (BestValue(value, number) for value, number in values if value is not None and isfinite(value))
        return choose(found, key=lambda best: best.value, default=None)

    @property
    def diverged(self) -> bool:
        """Whether the run ended because its numbers were not finite."""
        return self.ended is not None and self.ended.status == "diverged"

    @property
    def complete(self) -> bool:
        """Whether the run completed or diverged, rather than being stopped."""
        return self.ended is not None and self.ended.status in ("completed", "diverged")

    def course_at(self, steps: Sequence[int]) -> Table:
        """Step, epoch and seconds at each of `steps`, (steps, 3)."""
        series = self.loss if len(self.loss) else self.training_loss
        known = [np.concatenate([[0.0], series.points(STEP, row)[1]]) for row in (STEP, EPOCH, SECONDS)]
        return np.stack([np.interp(np.array(steps, np.float64), known[0], column) for column in known], axis=1)

    def branched(self) -> Self:
        """A copy of the run without its batches, to which batches alone can be added."""
        self.drain()
        with self._draining:
            self._map()
            other = copy(self)
        other._waiting, other._draining = [], threading.RLock()
        other.loss, other.accuracy, other._rates = Series(), Series(), Series()
        return other

    def condensed(self) -> "History":
        """The run with its best and its last epochs alone, small enough to keep a thousand."""
        bests = {best.epoch for best in (self.best_accuracy, self.best_loss) if best}
        other = History(self.config)
        other.epochs = [epoch for epoch in self.epochs if epoch.number in bests or epoch is self.epochs[-1]]
        other.seconds, other.ended, other.progress, other._changes = self.seconds, self.ended, self.progress, self._changes
        return other


def _light(event: Any) -> Any:
    """The event without its network, which is large: an event may wait for hours."""
    match event:
        case Started() | EpochEnded():
            return replace(event, snapshot=_slopes_alone(event.snapshot))
        case Ended():
            return replace(event, snapshot=None)
    return event


def _slopes_alone(snapshot: Snapshot) -> Snapshot:
    return Snapshot({str(number): slopes for number, slopes in enumerate(PReLU.slopes_in(snapshot.tensors))}, {})
