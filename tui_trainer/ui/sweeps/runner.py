"""A sweep that this app trains: a thread hands out its runs to processes, and tells the app what it should know; screens read the store."""

import sys
from collections.abc import Callable
from contextlib import redirect_stderr, suppress
from dataclasses import dataclass
from multiprocessing import resource_tracker
from pathlib import Path

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.sweep.plan import Plan, open_sweep
from tui_trainer.sweep.sweep import RunChanged, Sweep, SweepEnded, SweepNoted, SweepProgress, SweepStarted
from tui_trainer.sweep.workers import LocalWorkers
from tui_trainer.ui.kit.background import Background


@dataclass
class SweepMessage(Message):
    """About one sweep. The app hands it on to its screens, from which none may come back to it."""

    runner: "SweepRunner"


@dataclass
class SweepOpened(SweepMessage, bubble=False):
    """Its workers stand ready."""


@dataclass
class SweepTold(SweepMessage, bubble=False):
    """A notice about the sweep, in a line."""

    text: str


@dataclass
class SweepOver(SweepMessage, bubble=False):
    """All that was learned is kept, and no worker is left."""

    event: SweepEnded


@dataclass
class SweepRefused(SweepMessage, bubble=False):
    """It cannot start or continue, for a reason that its user can mend: one line."""

    reason: str


class SweepRunner(Background):
    """Trains the sweep of a folder, by a plan or its own, with so many workers."""

    def __init__(self, folder: Path, plan: Plan | None, workers: int, post: Callable[[Message], object]) -> None:
        super().__init__("sweep", post)
        self.folder = folder
        self.progress: SweepProgress | None = None
        """How far it is."""
        self.goes_on = True
        """Until the app has heard that it is over."""
        self._plan, self._workers = plan, workers
        self._sweep: Sweep | None = None

    def stop(self) -> None:
        """End it: runs that are being trained write their checkpoints, from which they are resumed the next time."""
        super().stop()
        if self._sweep:
            self._sweep.stop()

    def work(self) -> None:
        # Processes are started with the real stderr: the one that Textual puts in its place is no file.
        with redirect_stderr(sys.__stderr__):
            resource_tracker.ensure_running()
        self._sweep = sweep = open_sweep(self.folder, self._plan, lambda data: LocalWorkers(self._workers, data, self.folder))
        if self.is_stopping:
            sweep.stop()
        for event in sweep.events():
            self._take(event)

    def refuse(self, error: UserError) -> None:
        with suppress(OSError):  # where nothing was written the folder is empty
            self.folder.rmdir()
        self.post(SweepRefused(self, str(error)))

    def _take(self, event: object) -> None:
        match event:
            case SweepStarted():
                self.post(SweepOpened(self))
            case RunChanged():
                self.progress = event.progress
            case SweepNoted():
                self.post(SweepTold(self, event.text))
            case SweepEnded():
                self.progress = event.progress
                self.post(SweepOver(self, event))
