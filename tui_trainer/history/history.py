"""What the screen knows of a run: events as they came from the training thread, sorted into series when the screen looks at them."""

import threading
from collections.abc import Sequence
from itertools import groupby
from typing import NamedTuple

import numpy as np

from tui_trainer.config.changes import describe_change
from tui_trainer.history.health import HealthHistory
from tui_trainer.history.quantities import table
from tui_trainer.history.series import STEP, Series
from tui_trainer.text.language import _
from tui_trainer.training.events import Changed, Distributions, EpochEnded, LayerHealth, Progress

MEASURED = 1 << 13
"""Points kept of each layer's health: it is measured a few times a second at most."""

MOST_WAITING = 1 << 16
"""Events that wait for the screen, which may not look for hours where a line has stalled."""


class Mark(NamedTuple):
    """A change that was made: where on the run's course (step, epoch, seconds), and what it was."""

    course: np.ndarray
    text: str


class History:
    """The curves and the last figures of one run.

    The training thread only calls `add`, which nearly always is one append to a list; all the rest is for the screen's thread, which
    calls `drain` before it looks.
    """

    def __init__(self) -> None:
        self._waiting: list[Progress | Changed | EpochEnded] = []
        self._draining = threading.Lock()
        self.progress: Progress | None = None
        """The last batch."""
        self.layers: tuple[LayerHealth, ...] = ()
        """The health of the layers when they were last measured."""
        self.seconds = 0.0
        """Training time of the whole epochs so far."""
        self.loss, self.accuracy, self.learning_rate = Series(), Series(), Series()
        self.training_loss, self.training_accuracy = Series(), Series()
        """Means over each epoch."""
        self.validation_loss, self.validation_accuracy = Series(), Series()
        self.gradient_norms: dict[str, Series] = {}
        """Of each Dense layer, by its name."""
        self.fates = HealthHistory()
        """All that was measured of the layers."""
        self.distributions: tuple[Distributions, ...] = ()
        """As they were last counted."""
        self.distributions_step = 0
        self.changes: list[Mark] = []

    def add(self, event: Progress | Changed | EpochEnded) -> None:
        """Take in an event, from any thread."""
        self._waiting.append(event)
        if len(self._waiting) >= MOST_WAITING:
            self.drain()

    def drain(self) -> bool:
        """Sort what has come into the series, and tell whether there was anything."""
        with self._draining:
            count = len(self._waiting)
            self._sort(self._waiting[:count])
            del self._waiting[:count]
        return count > 0

    def _sort(self, events: Sequence[Progress | Changed | EpochEnded]) -> None:
        for kind, group in groupby(events, type):
            if kind is Progress:
                self._add_batches([event for event in group if isinstance(event, Progress)])
            else:
                for event in group:
                    if isinstance(event, EpochEnded):
                        self._add_epoch(event)
                    elif isinstance(event, Changed):
                        self._add_change(event)

    def _add_batches(self, batches: Sequence[Progress]) -> None:
        columns = list(zip(*batches, strict=True))
        step, loss, accuracy, seconds, rate, position = (np.array(column, np.float64) for column in columns[3:9])
        course = np.stack([step, position, self.seconds + seconds])
        self.loss.extend(np.vstack([course, loss]))
        self.accuracy.extend(np.vstack([course, 100 * accuracy]))
        self.learning_rate.extend(np.vstack([course, rate]))
        for index, event in enumerate(batches):
            if event.layers:
                self._add_health(course[:, index], event.layers)
            if event.distributions:
                self.distributions, self.distributions_step = event.distributions, event.step
        # Without its snapshot, which is large and not for the screen.
        self.progress = batches[-1]._replace(snapshot=None)

    def _add_change(self, event: Changed) -> None:
        progress = self.progress
        # Between two epochs the seconds of the last one are in the sum already.
        seconds = progress.seconds if progress and progress.epoch == event.epoch else 0.0
        position = progress.position if progress else 0.0
        self.changes.append(Mark(np.array([event.step, position, self.seconds + seconds]), describe_change(event.changes, _)))

    def _add_epoch(self, event: EpochEnded) -> None:
        self.seconds += event.seconds
        step = self.progress.step if self.progress else 0
        course = np.array([step, event.epoch, self.seconds])
        _append(self.training_loss, course, event.train_loss)
        _append(self.training_accuracy, course, 100 * event.train_accuracy)
        if event.validation_loss is not None and event.validation_accuracy is not None:
            _append(self.validation_loss, course, event.validation_loss)
            _append(self.validation_accuracy, course, 100 * event.validation_accuracy)
        # The epoch's last batch has carried the same measurement.
        if not (self.progress and self.progress.layers):
            self._add_health(course, event.layers)

    def _add_health(self, course: np.ndarray, layers: tuple[LayerHealth, ...]) -> None:
        self.layers = layers or self.layers
        if layers:
            self.fates.add([health.name for health in layers], [float(course[STEP])], table(layers)[None])
        for health in layers:
            series = self.gradient_norms.setdefault(health.name, Series(MEASURED))
            _append(series, course, health.gradient_norm)


def _append(series: Series, course: np.ndarray, value: float) -> None:
    series.extend(np.append(course, value)[:, None])
