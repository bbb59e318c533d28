"""Writes a run's files from its events. Where writing fails, the run continues, and the unwritten part is tried again."""

import os
from contextlib import suppress
from math import inf
from time import monotonic

from tui_trainer.runs import checkpoint
from tui_trainer.runs.batches import BatchFile
from tui_trainer.runs.directory import RunDirectory, line
from tui_trainer.runs.locked_log import LockedLog
from tui_trainer.system.files import replace
from tui_trainer.system.folders import path_text
from tui_trainer.training.control import Control
from tui_trainer.training.events import Changed, Ended, EpochEnded, Progress, Snapshot, Started, record

SHOWN_EVERY = 1.0
"""Seconds between two writes of the batches' figures, for watching processes."""


class RunWriter:
    """The writer of one run. `every` is the time in seconds between two checkpoints within an epoch, 0 for none.

    The other files are written before the checkpoint, so that they can be cut back to it at any moment.
    """

    def __init__(self, folder: RunDirectory, log: LockedLog, batches: BatchFile, every: float) -> None:
        self._folder = folder
        self._log = log
        self._batches = batches
        self._every = every or inf
        self._config: bytes | None = None
        self._snapshot: Snapshot | None = None
        self._best: Snapshot | None = None
        self._checkpoint_due = self._batches_due = 0.0
        self.save_error: OSError | None = None
        """The error of the last write, if it failed."""

    def add_batch(self, event: Progress, control: Control) -> None:
        """Add a batch's figures, and request or write a checkpoint when it is due."""
        self._batches.add(event)
        now = monotonic()
        due = now >= self._checkpoint_due
        # A snapshot may have been requested for another purpose.
        if event.snapshot and due:
            self._snapshot = event.snapshot
            self.write()
        elif due:
            control.take_snapshot()
        elif now >= self._batches_due:
            self._batches_due = now + SHOWN_EVERY
            # Only for watching processes; a failure is no loss to the run.
            with suppress(OSError):
                self._batches.flush()

    def add_event(self, event: Started | Changed | EpochEnded | Ended) -> None:
        """Write an event's contents."""
        if isinstance(event, Started | Changed):
            self._config = event.config.to_toml().encode()
        if isinstance(event, Started | EpochEnded | Ended) and event.snapshot:
            self._snapshot = event.snapshot
        if isinstance(event, EpochEnded) and event.best:
            self._best = event.snapshot
        # A resumed run's log has its first line already.
        if not (isinstance(event, Started) and event.step):
            self._log.add(line(record(event, path_text(self._folder.path))))
        self.write()

    def write(self) -> None:
        """Write everything pending. On failure, set `save_error` and keep the unwritten part for the next time."""
        self._checkpoint_due = monotonic() + self._every
        try:
            if self._config:
                self._write_config(self._config)
                self._config = None
            self._batches.flush()
            self._log.flush()
            if self._best and self._best is not self._snapshot:
                checkpoint.write(self._folder.best, self._best)
                self._best = None
            if self._snapshot:
                checkpoint.write(self._folder.checkpoint, self._snapshot, self._folder.best if self._best else None)
                self._snapshot = self._best = None
        except OSError as error:
            self.save_error = error
        else:
            self.save_error = None

    def _write_config(self, content: bytes) -> None:
        path = self._folder.config
        # The file's time is the start of a run whose name is not a date.
        began = path.stat() if path.exists() else None
        replace(path, content)
        if began:
            # Some shared folders do not allow it; the run's start then changes.
            with suppress(PermissionError):
                os.utime(path, ns=(began.st_atime_ns, began.st_mtime_ns))
