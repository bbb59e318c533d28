"""What the screen shows of a run: written by the training thread as events pass, read by the screen a few times a second."""

import threading
from dataclasses import dataclass, field

from tui_trainer.training.events import EpochEnded, LayerHealth, Progress
from tui_trainer.ui.series import Points, Series, Smooth, envelope


@dataclass(frozen=True, slots=True)
class Curves:
    """One quantity's history, reduced to what a chart can show. x counts epochs; y is NaN where there is nothing to show."""

    batches: Points
    smooth: Points
    training: Points
    """The mean over each epoch."""
    validation: Points

    @property
    def latest(self) -> tuple[float | None, float | None, float | None]:
        """The last smoothed batch value, epoch mean and validation value; None where there is none yet."""
        last = (float(y[-1]) if len(y) else None for _, y in (self.smooth, self.training, self.validation))
        smooth, training, validation = last
        return smooth, training, validation


@dataclass(slots=True)
class _Quantity:
    batches: Series = field(default_factory=Series)
    smooth: Series = field(default_factory=Series)
    training: Series = field(default_factory=Series)
    validation: Series = field(default_factory=Series)
    _average: Smooth | None = None

    def add_batch(self, x: float, y: float, per_epoch: int) -> None:
        # Wide enough to calm the batches, short enough to follow a first epoch.
        self._average = self._average or Smooth(max(8.0, per_epoch / 20))
        self.batches.append(x, y)
        self.smooth.append(x, self._average(y))

    def add_epoch(self, epoch: int, training: float, validation: float | None) -> None:
        self.training.append(epoch, training)
        if validation is not None:
            self.validation.append(epoch, validation)

    def reduced(self, columns: int) -> Curves:
        return Curves(*(_copy(envelope(*series.points(), columns)) for series in self._all()))

    def _all(self) -> tuple[Series, ...]:
        return self.batches, self.smooth, self.training, self.validation


def _copy(points: Points) -> Points:
    """The training thread goes on writing into the arrays."""
    x, y = points
    return x.copy(), y.copy()


class History:
    """The curves and the last figures of one run. Each method takes the lock, so any thread may call it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._loss = _Quantity()
        self._accuracy = _Quantity()
        self._progress: Progress | None = None
        self._layers: tuple[LayerHealth, ...] = ()
        self._seconds = 0.0

    def add_progress(self, event: Progress) -> None:
        """Take in one batch."""
        x = event.epoch - 1 + event.batch / event.batches
        with self._lock:
            self._loss.add_batch(x, event.loss, event.batches)
            self._accuracy.add_batch(x, 100 * event.accuracy, event.batches)
            self._layers = event.layers or self._layers
            # Without its snapshot, which is large and not for the screen.
            self._progress = event if event.snapshot is None else event._replace(snapshot=None)

    def add_epoch(self, event: EpochEnded) -> None:
        """Take in one epoch."""
        validation = event.validation_accuracy
        with self._lock:
            self._loss.add_epoch(event.epoch, event.train_loss, event.validation_loss)
            self._accuracy.add_epoch(event.epoch, 100 * event.train_accuracy, None if validation is None else 100 * validation)
            self._layers = event.layers or self._layers
            self._seconds += event.seconds

    @property
    def progress(self) -> Progress | None:
        """The last batch."""
        return self._progress

    @property
    def layers(self) -> tuple[LayerHealth, ...]:
        """The health of the layers when they were last measured."""
        return self._layers

    @property
    def seconds(self) -> float:
        """Training time of the whole epochs so far."""
        return self._seconds

    def loss(self, columns: int) -> Curves:
        """Losses in nats, for a chart of so many columns."""
        with self._lock:
            return self._loss.reduced(columns)

    def accuracy(self, columns: int) -> Curves:
        """Accuracies in percent, for a chart of so many columns."""
        with self._lock:
            return self._accuracy.reduced(columns)
