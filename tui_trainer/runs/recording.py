"""A run on disk as a producer of events: its lines and its batches, all at once or as they come, folded into one History."""

import math
from bisect import bisect_right
from collections.abc import Mapping
from copy import copy
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from tui_trainer.config.options import MOST_EPOCHS
from tui_trainer.errors import UserError
from tui_trainer.history.history import AppliedChange, History
from tui_trainer.history.series import SECONDS
from tui_trainer.runs.batches import MOST_BATCHES, read_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import ChangeLine, EndLine, EpochLine, Line, ResumeLine, StartLine
from tui_trainer.system.reading import opened
from tui_trainer.training.events import EpochEnded, Progress

TOGETHER: Final = 1 << 18
"""Batches that are read at a time."""

MOST_SECONDS: Final = 1e9
"""Of an epoch."""

Table = NDArray[np.float64]


class Recording:
    """What the files of a run tell. With `until_step` nothing later counts: so much a checkpoint holds from which the run is resumed.

    With `in_short` the layers, of which there is much, are left out.
    """

    def __init__(self, until_step: int | None = None, *, in_short: bool = False) -> None:
        self.history = History()
        self.start: StartLine | None = None
        """The last one: a resumed run of an earlier version starts more than once."""
        self.end: EndLine | None = None
        self.environment: Mapping[str, str] = {}
        """In which the run was trained last."""
        self._most = MOST_BATCHES if until_step is None else min(until_step, MOST_BATCHES)
        self._until_step = math.inf if until_step is None else until_step
        self._in_short = in_short
        self._steps = _Steps(0, 0)
        self._count = 0
        self._fits = True
        self._course: Table = np.zeros(3)
        self._latest_epoch: Progress | None = None

    def take(self, line: Line) -> None:
        """Read on."""
        match line:
            case StartLine():
                self.start, self.end, self.environment = line, None, line.environment
                if self._steps.made_for != (made_for := (count_of(line.config.get("batch_size")), self.samples)):
                    self._steps = _Steps(*made_for)
                self.history.ended, self.history.options = None, line.config
                self.history.classes = line.layers[-1].output_shape[-1] if line.layers else 0
            case ResumeLine():
                self.environment = line.environment
            case EpochLine():
                self._take_epoch(line.event(in_short=self._in_short))
            case ChangeLine() if line.step <= self._until_step:
                change = AppliedChange(line.epoch, line.batch, line.step, line.changes)
                self._steps.add(change)
                self.history.add_change(change)
            case EndLine():
                self.end = line
                self.history.ended = line.event(self.history.last_epoch, self.history.seconds)

    def _take_epoch(self, event: EpochEnded) -> None:
        step = self._steps.by_end_of(event.epoch)
        if step > self._until_step:
            return
        batches = max(self.batches, 1)
        means = event.train_loss, event.train_accuracy, event.seconds, event.learning_rate
        last = Progress(event.epoch, batches, batches, step, *means, float(event.epoch), self.samples)
        if not self._latest_epoch or self._latest_epoch.epoch <= event.epoch:
            self._latest_epoch = last
        self.history.add_epoch(event, step, is_logged=True)
        if self._position < last.position:
            self.history.progress = last

    @property
    def _position(self) -> float:
        return self.history.progress.position if self.history.progress else 0.0

    @property
    def samples(self) -> int:
        """Of training; 0 where that is not known."""
        return (self.start.training_samples if self.start else None) or 0

    @property
    def batches(self) -> int:
        """How many there are in an epoch, after all changes; 0 where that is not known."""
        return -(-self.samples // self._steps.size) if self._steps.size else 0

    def read_batches(self, folder: RunDirectory) -> None:
        """Take in all batches that were kept, if they fit to the epochs."""
        try:
            with opened(folder.batches) as file:
                while len(rows := read_batches(file, self._count, min(TOGETHER, self._most - self._count))):
                    self.add_batches(rows)
        except (UserError, OSError):
            # There are none, as an earlier version kept none, or a disk has lost them: what epochs tell is told.
            self._forget_batches()

    def add_batches(self, rows: NDArray[np.float32]) -> None:
        """Take in the next rows of batches.f32, of which the epochs before them are known."""
        start, self._count = self._count, self._count + len(rows)
        if not self._fits or not len(rows):
            return
        with np.errstate(invalid="ignore"):  # of damaged rows that are no numbers
            position, loss, accuracy, rate, seconds = rows.T.astype(np.float64)
        if not self._fit_to_epochs(start, position):
            self._forget_batches()
            return
        kept = position > 0  # else zeros, of a batch that was lost
        course = np.stack([np.arange(start + 1.0, self._count + 1), position, self._seconds_before(position) + _sane(seconds)])
        course[SECONDS, ~kept] = 0
        # A chart relies on a course that never goes back.
        course = np.maximum.accumulate(np.maximum(course, self._course[:, None]), axis=1)
        self._course = course[:, -1]
        for column, most in ((loss, math.inf), (accuracy, 1), (rate, math.inf)):
            column[~(kept & (column >= 0) & (column <= most))] = np.nan
        self.history.add_batches(course, loss, accuracy, rate)
        if kept.any() and (last := self._progress(rows[kept][-1])).position >= self._position:
            self.history.progress = last

    def branched(self) -> "Recording":
        """The same, to which batches, and nothing else, can be added that this one then does not have."""
        other = copy(self)
        other.history = self.history.branched()
        return other

    def _progress(self, row: NDArray[np.float32]) -> Progress:
        """The last batch."""
        position, loss, accuracy, rate, seconds = (float(value) for value in row)
        number = math.ceil(position)
        share, batches = position - number + 1, max(self.batches, 1)
        seconds = float(_sane(np.array(seconds)))
        means = loss, accuracy, seconds, rate
        return Progress(number, round(share * batches), batches, self._count, *means, position, round(share * self.samples))

    def _forget_batches(self) -> None:
        """They are another run's, or broken."""
        self._fits = False
        self.history.forget_batches()
        self.history.progress = self._latest_epoch

    def _fit_to_epochs(self, start: int, position: Table) -> bool:
        """Whether these batches never go back, and each epoch that ended among them did so where its line says."""
        passed = position[position != 0]
        if not (self.batches and ((passed > 0) & (passed <= MOST_EPOCHS)).all() and (np.diff(passed) >= 0).all()):
            return False
        epochs = self.history.epochs
        steps, numbers = (np.array(column, np.float64) for column in ([each.step for each in epochs], [each.number for each in epochs]))
        inside = (steps > start) & (steps <= start + len(position))
        found = position[(steps[inside] - start - 1).astype(np.int64)]
        return bool((np.abs(found - numbers[inside])[found > 0] <= 0.5).all())

    def _seconds_before(self, position: Table) -> Table:
        """Training time of the whole epochs before each batch's own."""
        numbers = np.array([epoch.number for epoch in self.history.epochs], np.float64)
        sums = np.concatenate([[0.0], np.cumsum([epoch.seconds for epoch in self.history.epochs])])
        return sums[np.searchsorted(numbers, np.ceil(position), "left")]


class _Counted(NamedTuple):
    """Of the epoch `since`, `seen` images were trained by `batch` of its batches, the last of them step `base`; then `size` at a time."""

    size: int
    since: int = 1
    base: int = 0
    seen: int = 0
    batch: int = 0


class _Steps:
    """Counts the batches that were trained by the end of an epoch, from their size, which may have changed within it."""

    def __init__(self, size: int, samples: int) -> None:
        self.made_for = size, samples
        self._samples = samples
        self._counted = [_Counted(size)]
        # Of the changes after which it was counted; an epoch is never lower than one before.
        self._steps: list[int] = []
        self._epochs: list[int] = []

    @property
    def size(self) -> int:
        """Of a batch after all changes; 0 where that is not known."""
        return self._counted[-1].size

    def add(self, change: AppliedChange) -> None:
        """Know of a change. Those after its step do not count any more."""
        size = count_of(change.changes.get("batch_size"))
        while self._steps and self._steps[-1] >= change.step:
            size = size or (self.size if self._steps[-1] == change.step else 0)
            del self._steps[-1], self._epochs[-1], self._counted[-1]
        last = self._counted[-1]
        since, seen, batch = (last.since, last.seen, last.batch) if change.epoch == last.since else (change.epoch, 0, 0)
        seen += (change.batch - batch) * last.size
        self._steps.append(change.step)
        self._epochs.append(max(change.epoch, self._epochs[-1] if self._epochs else 0))
        self._counted.append(_Counted(size or last.size, since, change.step, seen, change.batch))

    def by_end_of(self, epoch: int) -> int:
        """Batches trained by the end of an epoch; its number where the log does not tell how large a batch was."""
        size, since, base, seen, _batch = self._counted[bisect_right(self._epochs, epoch)]
        if not all(self.made_for):
            return epoch
        return base + -(-max(self._samples - seen, 0) // size) + (epoch - since) * -(-self._samples // size)


def count_of(value: JsonValue) -> int:
    """The value if it is a sane number of images or steps, else 0."""
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 < value < 1 << 63 else 0


def _sane(seconds: Table) -> Table:
    """Times of an epoch; nothing in place of what can be none."""
    return np.where((seconds >= 0) & (seconds <= MOST_SECONDS), seconds, 0.0)
