"""What a run writes into its folder, as its events pass. Where that fails the run goes on, and what is not written yet is tried again."""

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
"""Seconds between two writes of what the batches gave, for whoever watches."""


class RunWriter:
    """Keeps one run. `every` is the time in seconds between two checkpoints within an epoch, 0 for none.

    What the checkpoint tells of stands in the other files already, at any moment: what they tell beyond it can be cut off.
    """

    def __init__(self, folder: RunDirectory, journal: LockedLog, batches: BatchFile, every: float) -> None:
        self._folder = folder
        self._journal = journal
        self._batches = batches
        self._every = every or inf
        self._config: bytes | None = None
        self._snapshot: Snapshot | None = None
        self._best: Snapshot | None = None
        self._checkpoint_due = self._batches_due = 0.0
        self.trouble: OSError | None = None
        """Why the folder lacks something that it should hold, while that is so."""

    def heed(self, event: Progress, control: Control) -> None:
        """Take note of a batch, and ask for a snapshot when it is time."""
        self._batches.add(event)
        now = monotonic()
        due = now >= self._checkpoint_due
        # One that somebody else asked for, to look at the network, is written only when it is time.
        if event.snapshot and due:
            self._snapshot = event.snapshot
            self.write()
        elif due:
            control.take_snapshot()
        elif now >= self._batches_due:
            self._batches_due = now + SHOWN_EVERY
            # For whoever watches; what is missing in the end is no loss to the run.
            with suppress(OSError):
                self._batches.flush()

    def keep(self, event: Started | Changed | EpochEnded | Ended) -> None:
        """Write what the event tells."""
        if isinstance(event, Started | Changed):
            self._config = event.config.to_toml().encode()
        if isinstance(event, Started | EpochEnded | Ended) and event.snapshot:
            self._snapshot = event.snapshot
        if isinstance(event, EpochEnded) and event.best:
            self._best = event.snapshot
        # A run that is resumed has its first line already.
        if not (isinstance(event, Started) and event.step):
            self._journal.add(line(record(event, path_text(self._folder.path))))
        self.write()

    def write(self) -> None:
        """Write all that waits; if that fails, note the trouble, and leave what is not written for the next time."""
        self._checkpoint_due = monotonic() + self._every
        try:
            if self._config:
                self._write_config(self._config)
                self._config = None
            self._batches.flush()
            self._journal.flush()
            if self._best and self._best is not self._snapshot:
                checkpoint.write(self._folder.best, self._best)
                self._best = None
            if self._snapshot:
                checkpoint.write(self._folder.checkpoint, self._snapshot, self._folder.best if self._best else None)
                self._snapshot = self._best = None
        except OSError as error:
            self.trouble = error
        else:
            self.trouble = None

    def _write_config(self, content: bytes) -> None:
        path = self._folder.config
        # A run whose name is no date began when this file was first written.
        began = path.stat() if path.exists() else None
        replace(path, content)
        if began:
            # Shared folders let nobody set a time; the run is dated anew there.
            with suppress(PermissionError):
                os.utime(path, ns=(began.st_atime_ns, began.st_mtime_ns))
