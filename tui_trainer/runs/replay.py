"""The curves of a run that is on disk, or that goes on in another process and is read as it comes."""

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from tui_trainer.config.changes import describe_change
from tui_trainer.config.options import MOST_EPOCHS
from tui_trainer.errors import UserError
from tui_trainer.history.health import HealthHistory
from tui_trainer.history.history import MEASURED, History, Mark
from tui_trainer.history.quantities import FIGURES
from tui_trainer.history.series import EPOCH, SECONDS, STEP, Series
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.batches import MOST_BATCHES, read_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import Epoch, Layer
from tui_trainer.system.folders import printable
from tui_trainer.system.reading import opened
from tui_trainer.text.language import _
from tui_trainer.training.events import LayerHealth, Progress
from tui_trainer.ui.chart.curves import Shown

GREATEST = 1e300
"""What an axis can still be made for; a file may claim more."""

TOGETHER = 1 << 18
"""Batches that are read at a time."""

LONGEST_MARK = 200
"""Characters that a change may be described with: what was changed stands in a file."""

MOST_SECONDS = 1e9
"""Of an epoch."""

Table = NDArray[np.float64]


def shown(record: RunRecord, *, until_step: int | None = None, batches: bool = True) -> Shown:
    """The run as a chart takes it: a point for each epoch, and one for each batch if they are wanted, were kept, and fit to the epochs.

    With `until_step` nothing later counts: so much the checkpoint holds from which the run is resumed.
    """
    retelling = Retelling()
    if batches:
        _tell_batches(retelling, record, MOST_BATCHES if until_step is None else until_step)
    retelling.tell(record, until_step)
    return Shown(record.name, retelling.history, record.last_epoch)


def _tell_batches(retelling: "Retelling", record: RunRecord, most: int) -> None:
    try:
        with opened(RunDirectory(record.path).batches) as file:
            start = 0
            while len(rows := read_batches(file, start, min(TOGETHER, most - start))):
                retelling.add_batches(record, rows)
                start += len(rows)
    except (UserError, OSError):
        # There are none, as an earlier version kept none, or a disk has lost them: what epochs tell is told.
        retelling.forget_batches()


class Retelling:
    """Fills a history with what the files of a run tell, all at once or as it comes."""

    def __init__(self) -> None:
        self.history = History()
        self._count = 0
        self._fits = True
        self._last: Table = np.zeros(3)
        self._latest: NDArray[np.float32] | None = None
        self._fates_of: Sequence[Epoch] = ()

    def add_batches(self, record: RunRecord, rows: NDArray[np.float32]) -> None:
        """Take in the next rows of batches.f32, for a run of which the epochs before them are known."""
        start, self._count = self._count, self._count + len(rows)
        if not self._fits or not len(rows):
            return
        position, loss, accuracy, rate, seconds = rows.T.astype(np.float64)
        if not _fits_to_epochs(record, start, position):
            self.forget_batches()
            return
        history = self.history
        if not start:
            # Until now that of the epochs.
            history.learning_rate = Series()
        kept = position > 0  # else zeros, of a batch that was lost
        course = np.stack([np.arange(start + 1.0, self._count + 1), position, _seconds_before(record, position) + _sane(seconds)])
        course[SECONDS, ~kept] = 0
        # A chart relies on a course that never goes back.
        course = np.maximum.accumulate(np.maximum(course, self._last[:, None]), axis=1)
        self._last = course[:, -1]
        for series, column, most, unit in (
            (history.loss, loss, math.inf, 1),
            (history.accuracy, accuracy, 1, 100),
            (history.learning_rate, rate, math.inf, 1),
        ):
            column[~(kept & (column >= 0) & (column <= most))] = np.nan
            series.extend(np.vstack([course, unit * column]))
        if kept.any():
            self._latest = rows[kept][-1]

    def forget_batches(self) -> None:
        """Draw none: they are another run's, or broken."""
        self.history.loss, self.history.accuracy, self.history.learning_rate = Series(), Series(), Series()
        self._fits, self._latest, self._last = False, None, np.zeros(3)

    def tell(self, record: RunRecord, until_step: int | None = None) -> None:
        """Take in all that the lines tell, those that were told before among them."""
        steps = record.steps()
        count = len(steps) if until_step is None else sum(step <= until_step for step in steps)
        self._tell_epochs(record, steps, count)
        self.stand(record, count)
        changes = [change for change in record.changes if until_step is None or change.step <= until_step]
        courses = self._course_at([change.step for change in changes])
        texts = [printable(describe_change(change.changes, _))[:LONGEST_MARK] for change in changes]
        self.history.changes = [Mark(course, text) for course, text in zip(courses, texts, strict=True)]

    def stand(self, record: RunRecord, epochs: int | None = None) -> None:
        """Say how far the run is: after so many of its epochs that were told, or all, and the batches that followed."""
        self.history.progress = self._progress(record, len(record.epochs) if epochs is None else epochs)

    def measured(self, layers: Sequence[Layer]) -> None:
        """Take in how the layers fared when the latest epoch ended."""
        self.history.layers = tuple(_health(layer) for layer in layers)

    def _tell_epochs(self, record: RunRecord, steps: list[int], count: int) -> None:
        history, epochs = self.history, record.epochs[:count]
        # What a file says of its batches may contradict itself.
        course = np.array([steps[:count], [epoch.number for epoch in epochs], np.cumsum([epoch.seconds for epoch in epochs])], np.float64)
        course = np.maximum.accumulate(course, axis=1) if count else np.empty((3, 0))

        def series(values: list[float | None], unit: float = 1.0, capacity: int | None = None) -> Series:
            made = Series(capacity) if capacity else Series()
            column = unit * np.array(values, np.float64)
            column[~(np.abs(column) < GREATEST)] = np.nan
            made.extend(np.vstack([course, column]))
            return made

        history.training_loss = series([epoch.train_loss for epoch in epochs])
        history.training_accuracy = series([epoch.train_accuracy for epoch in epochs], 100)
        if record.best_loss:
            history.validation_loss = series([epoch.validation_loss for epoch in epochs])
        if record.best_accuracy:
            history.validation_accuracy = series([epoch.validation_accuracy for epoch in epochs], 100)
        if self._latest is None:
            history.learning_rate = series([epoch.learning_rate for epoch in epochs])
        names = list(epochs[-1].gradient_norms) if epochs else []
        history.gradient_norms = {
            printable(name): series([epoch.gradient_norms.get(name) for epoch in epochs], capacity=MEASURED) for name in names
        }
        self._tell_fates(names, course[STEP], epochs)
        history.seconds = float(course[SECONDS, -1]) if count else 0.0

    def _tell_fates(self, names: Sequence[str], steps: Table, epochs: Sequence[Epoch]) -> None:
        """Take in what was measured of the layers: the epochs that were not told before, or, where those are others now, all."""
        known = len(self._fates_of)
        if epochs[:known] != self._fates_of or known > len(epochs):
            self.history.fates, known = HealthHistory(), 0
        self._fates_of = epochs
        width = len(FIGURES)
        for step, epoch in zip(steps[known:], epochs[known:], strict=True):
            if list(epoch.gradient_norms) == names and len(epoch.figures) == width * len(names):
                values = np.array(epoch.figures, np.float64).reshape(1, len(names), width)
                self.history.fates.add([printable(name) for name in names], [float(step)], values)

    def _course_at(self, steps: Sequence[int]) -> Table:
        """Where on the run's course (step, epoch, seconds) so many batches were trained, a row for each."""
        series = self.history.loss if len(self.history.loss) else self.history.training_loss
        known = [np.concatenate([[0.0], series.points(STEP, row)[1]]) for row in (STEP, EPOCH, SECONDS)]
        return np.stack([np.interp(np.array(steps, np.float64), known[0], column) for column in known], axis=1)

    def _progress(self, record: RunRecord, count: int) -> Progress | None:
        """The last batch, as far as the files tell: of an earlier version's run, the last of an epoch."""
        epoch = record.epochs[count - 1] if count else None
        if self._latest is not None and not (epoch and self._latest[0] < epoch.number):
            position, loss, accuracy, rate, seconds = (float(value) for value in self._latest)
            step = self._count
        elif epoch:
            position, seconds, step = float(epoch.number), epoch.seconds, record.steps()[count - 1]
            loss, accuracy, rate = map(_number, (epoch.train_loss, epoch.train_accuracy, epoch.learning_rate))
        else:
            return None
        number = math.ceil(position)
        share = position - number + 1
        samples = record.training_samples or 0
        batches = max(record.batches, 1)
        seconds = float(_sane(np.array(seconds)))
        return Progress(number, round(share * batches), batches, step, loss, accuracy, seconds, rate, position, round(share * samples))


def _fits_to_epochs(record: RunRecord, start: int, position: Table) -> bool:
    """Whether these batches never go back, and each epoch that ended among them did so where its line says."""
    passed = position[position != 0]
    if not (record.batches and ((passed > 0) & (passed <= MOST_EPOCHS)).all() and (np.diff(passed) >= 0).all()):
        return False
    steps, numbers = np.array(record.steps(), np.float64), np.array([epoch.number for epoch in record.epochs], np.float64)
    inside = (steps > start) & (steps <= start + len(position))
    found = position[(steps[inside] - start - 1).astype(np.int64)]
    return bool((np.abs(found - numbers[inside])[found > 0] <= 0.5).all())


def _seconds_before(record: RunRecord, position: Table) -> Table:
    """Training time of the whole epochs before each batch's own."""
    numbers = np.array([epoch.number for epoch in record.epochs], np.float64)
    sums = np.concatenate([[0.0], np.cumsum([epoch.seconds for epoch in record.epochs])])
    return sums[np.searchsorted(numbers, np.ceil(position), "left")]


def _sane(seconds: Table) -> Table:
    """Times of an epoch; nothing in place of what can be none."""
    return np.where((seconds >= 0) & (seconds <= MOST_SECONDS), seconds, 0.0)


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _health(layer: Layer) -> LayerHealth:
    """What was not finite, or not measured, is not a number."""
    figures = [_number(getattr(layer, name)) for name in LayerHealth._fields[1:]]
    return LayerHealth(printable(layer.name), *figures)
