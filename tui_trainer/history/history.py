"""The history of a run, folded from its events. A run on disk gives the same events."""

import threading
from array import array
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Mapping, Sequence
from copy import copy
from dataclasses import replace
from itertools import groupby
from math import isfinite
from typing import Any, Final, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from tui_trainer.config.changes import MOST_CHANGES
from tui_trainer.config.options import Config
from tui_trainer.history.distributions import DistributionHistory
from tui_trainer.history.health import HealthHistory
from tui_trainer.history.measurements import Measurement, Measurements, names_of
from tui_trainer.history.quantities import EPOCHS
from tui_trainer.history.series import EPOCH, SECONDS, STEP, Series
from tui_trainer.nn.activations.prelu import PReLU
from tui_trainer.training.events import (
    Changed,
    Ended,
    EpochEnded,
    Event,
    LayerHealth,
    LayerSummary,
    Progress,
    Snapshot,
    Started,
)

TOGETHER: Final = 1 << 12
"""Epochs drawn at a time."""

COURSE: Final = ("step", "epoch", "seconds")
"""The figures of an epoch over which the others are drawn."""

MOST_WAITING: Final = 1 << 16
"""Events that wait to be folded: a stalled connection may keep a reader away for hours."""

GREATEST: Final = 1e300
"""The largest value that an axis can show; a file may hold larger ones."""

Table = NDArray[np.float64]


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
    layers: tuple[str, ...]
    """The Dense layers, if they were measured."""
    norms: "array[float]"
    """Their gradient norms."""

    @property
    def gradient_norms(self) -> Mapping[str, float]:
        """By the names of the Dense layers."""
        return dict(zip(self.layers, self.norms, strict=True))


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


class History:
    """The history of one run.

    The training thread only calls `add`, which nearly always is one append to a list; the reader's thread calls `drain` and then reads.
    What is read from files is added with `add_batches`, `add_epoch` and `add_change`. Epochs are kept exactly, measurements up to
    MOST_MEASURED, batches up to the capacity of a Series, 131,072: more than a lesson trains, whose criteria read every loss. Curves of
    epochs and layers are drawn when they are read.
    """

    def __init__(self, config: Config | None = None) -> None:
        self._waiting: list[Event] = []
        self._lock = threading.RLock()
        self.config = config
        """The config at the run's start, if known."""
        self.options: Mapping[str, Any] = {}
        """The same as plain data, as its files tell them; empty if not known."""
        self.classes = 0
        """That it learns to tell apart; 0 if not known."""
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
        self.measuring_seconds = 0.0
        """What the latest measurement of the layers took of training's time, as far as that is known."""
        self.slopes: list[tuple[float, ...]] = []
        """The mean slope of each PReLU layer, before training and after each epoch."""
        self.distributions = DistributionHistory()
        """How the layers' activations and gradients were distributed, as often as they were counted."""
        self.ended: Ended | None = None
        self._changes: dict[int, AppliedChange] = {}
        self._measurements = Measurements()
        self.forget_batches()
        self._forget_curves()

    def forget_batches(self) -> None:
        """Remove all batches, because they are invalid."""
        self.loss, self.accuracy, self._rates = Series(), Series(), Series()

    def _forget_curves(self) -> None:
        self._curves: dict[str, Series] = {}
        self._drawn = 0
        self._end = np.zeros(3)

    # What comes in

    def add(self, event: Event) -> None:
        """Add an event, from any thread."""
        self._waiting.append(event if type(event) is Progress else _light(event))
        if len(self._waiting) >= MOST_WAITING:
            self.drain()

    def drain(self) -> bool:
        """Fold the waiting events; whether there were any."""
        with self._lock:
            count = len(self._waiting)
            for kind, group in groupby(self._waiting[:count], type):
                if kind is Progress:
                    self._add_progress(list(group))
                else:
                    for event in group:
                        self._fold(event)
            del self._waiting[:count]
        return count > 0

    def _fold(self, event: Event) -> None:
        match event:
            case EpochEnded():
                self.add_epoch(event, self.steps)
            case Changed():
                self.add_change(AppliedChange(event.epoch, event.batch, event.step, event.changes))
            case Started():
                self.config, self.options, self.ended = event.config, event.config.record(), None
                self.parameters, self.summaries, self.samples = event.parameters, event.layers, event.training_samples
                self.classes = event.layers[-1].output_shape[-1] if event.layers else 0
                self._add_slopes(event.snapshot)
            case Ended():
                self.ended = event
                if batch := event.last_measured:
                    self._measurements.add(batch.step, batch.position, self.seconds + batch.seconds, batch.layers)
                    self.distributions.add(batch.step, batch.distributions)

    def _add_progress(self, batches: Sequence[Any]) -> None:
        columns = list(zip(*batches, strict=True))
        step, loss, accuracy, seconds, rate, position = (np.array(column, np.float64) for column in columns[3:9])
        passed = self.seconds + seconds
        self.add_batches(np.stack([step, position, passed]), loss, accuracy, rate)
        for event, moment in zip(batches, passed.tolist(), strict=True):
            if event.layers:
                self._measurements.add(event.step, event.position, moment, event.layers)
            if event.distributions:
                self.distributions.add(event.step, event.distributions)
        self._time_measurements(np.diff(seconds), [place for place, event in enumerate(batches[1:]) if event.layers])
        # Snapshots are large.
        self.progress = batches[-1]._replace(snapshot=None)
        self.first = self.first or batches[0]._replace(snapshot=None)

    def _time_measurements(self, took: Table, measured: Sequence[int]) -> None:
        """Tell what measuring took from the seconds of batches, of which some brought a measurement."""
        # An epoch's first batch begins to count anew.
        known = [took[place] for place in measured if took[place] > 0]
        if known:
            self.measuring_seconds = max(float(known[-1] - np.median(took)), 0.0)

    def add_batches(self, course: Table, loss: Table, accuracy: Table, rate: Table) -> None:
        """Add batches, NaN for lost ones. `course` (3, batches) is their steps, epochs and seconds of training, which never decrease."""
        for series, values in ((self.loss, loss), (self.accuracy, accuracy), (self._rates, rate)):
            series.extend(np.vstack([course, values]))

    def add_change(self, change: AppliedChange) -> None:
        """Add a change. One step may have several."""
        before = self._changes.get(change.step)
        if before or len(self._changes) < MOST_CHANGES:
            self._changes[change.step] = change._replace(changes={**(before.changes if before else {}), **change.changes})

    def add_epoch(self, event: EpochEnded, step: int, *, is_logged: bool = False) -> None:
        """Add an epoch that ended at `step`. One from a log may lack figures that an earlier version did not measure."""
        with self._lock:
            means = event.train_loss, event.train_accuracy, event.validation_loss, event.validation_accuracy
            layers = names_of(event.layers), array("d", [layer.gradient_norm for layer in event.layers])
            epoch = Epoch(event.epoch, step, *means, event.learning_rate, event.seconds, *layers)
            if self.last_epoch < epoch.number:
                self.epochs.append(epoch)
                self.seconds += epoch.seconds
            else:
                self._replace_epoch(epoch)
            # The epoch's last batch may have carried the same measurement.
            if event.layers and (is_logged or not (self.progress and self.progress.layers)):
                # A file's batches may contradict its epochs.
                before = self.measured[-1].step if self.measured else 0
                self._measurements.add(max(step, before), epoch.number, self.seconds, event.layers, is_logged=is_logged)
            self._add_slopes(event.snapshot)

    def _replace_epoch(self, epoch: Epoch) -> None:
        """Replace an epoch that a log holds twice, as earlier versions wrote it in a resumed run."""
        place = bisect_left(self.epochs, epoch.number, key=lambda each: each.number)
        self.epochs[place : place + (self.epochs[place].number == epoch.number)] = [epoch]
        self.seconds = sum(each.seconds for each in self.epochs)
        self._measurements.forget_from(epoch.number)
        self._forget_curves()

    def _add_slopes(self, snapshot: Snapshot) -> None:
        if snapshot.tensors:
            self.slopes.append(tuple(float(slopes.mean(dtype=np.float64)) for slopes in snapshot.tensors.values()))

    # What is made of it

    def curve(self, name: str) -> Series:
        """The curve of one of EPOCHS."""
        with self._lock:
            while new := self.epochs[self._drawn : self._drawn + TOGETHER]:
                self._draw(new)
            return self._curves.setdefault(name, Series())

    def _draw(self, new: Sequence[Epoch]) -> None:
        """Extend the epochs' curves."""
        self._drawn += len(new)
        step, number, seconds = np.array([(each.step, each.number, each.seconds) for each in new], np.float64).T
        told = np.stack([step, number, np.cumsum([self._end[SECONDS], *seconds])[1:]])
        # What a file says of its batches may contradict itself.
        course = np.maximum.accumulate(np.maximum(told, self._end[:, None]), axis=1)
        self._end = course[:, -1]
        for name, figure in EPOCHS.items():
            if name not in COURSE:
                values = [figure.take(each) for each in new]
                column = np.array(values, np.float64)
                column[~(np.abs(column) < GREATEST)] = np.nan
                known = [value is not None for value in values]
                self._curves.setdefault(name, Series()).extend(np.vstack([course, column])[:, known])

    @property
    def training_loss(self) -> Series:
        """The epochs' means."""
        return self.curve("train_loss")

    @property
    def training_accuracy(self) -> Series:
        """The epochs' means."""
        return self.curve("train_accuracy")

    @property
    def validation_loss(self) -> Series:
        """After each epoch."""
        return self.curve("validation_loss")

    @property
    def validation_accuracy(self) -> Series:
        """After each epoch."""
        return self.curve("validation_accuracy")

    @property
    def learning_rate(self) -> Series:
        """The batches' learning rates, or else the epochs'."""
        return self._rates if len(self._rates) else self.curve("learning_rate")

    @property
    def measured(self) -> Sequence[Measurement]:
        """Every measurement of the layers up to MOST_MEASURED; beyond that, the first, the last and ever fewer between."""
        return self._measurements.kept

    def measured_by(self, place: float, row: int = STEP) -> Measurement | None:
        """The latest measurement up to a place in STEP, EPOCH or SECONDS, or the first of all; None where nothing was measured."""
        found = bisect_right(self.measured, place, key=lambda one: one.course[row])
        return self.measured[max(found - 1, 0)] if self.measured else None

    @property
    def gradient_norms(self) -> Mapping[str, Series]:
        """By the names of the Dense layers."""
        with self._lock:
            return self._measurements.gradient_norms()

    @property
    def health(self) -> HealthHistory:
        """All measurements, for a map."""
        with self._lock:
            return self._measurements.health()

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
        with self._lock:
            self.curve("train_loss")
            other = copy(self)
        other._waiting = []
        other.forget_batches()
        return other

    def condensed(self) -> "History":
        """The run with its best and its last epochs alone, small enough to keep a thousand."""
        bests = {best.epoch for best in (self.best_accuracy, self.best_loss) if best}
        other = History(self.config)
        other.epochs = [epoch for epoch in self.epochs if epoch.number in bests or epoch is self.epochs[-1]]
        other._drawn = len(other.epochs)
        other.seconds, other.ended, other.progress, other._changes = self.seconds, self.ended, self.progress, self._changes
        other.options, other.classes = self.options, self.classes
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
