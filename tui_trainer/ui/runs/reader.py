"""Reads runs from disk in a thread of its own, so that hundreds of them, or a slow disk, never hold up the screen."""

from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, find_runs, newest_first, read_run, with_batches
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.kit.background import Background

TOGETHER = 0.1
"""Seconds for which what was read is gathered before it is told: a message for each run would be work for the screen."""


@dataclass(frozen=True)
class Unreadable:
    """A run that cannot be read, and why, in one line."""

    path: Path
    reason: str


@dataclass
class RunsFound(Message):
    """All runs that there are, newest first; or why they cannot be listed."""

    reader: "Reader"
    paths: Sequence[Path]
    problem: str = ""


@dataclass
class RunsRead(Message):
    """What is in some of them."""

    reader: "Reader"
    runs: Sequence[RunRecord | Unreadable]


@dataclass
class RunDrawn(Message):
    """The curves of one of them, with all its batches."""

    reader: "Reader"
    path: Path
    shown: Shown


class Reader(Background):
    """Does one thing after the other, as it is asked."""

    def __init__(self, post: Callable[[Message], object]) -> None:
        super().__init__("reading runs", post)
        self._wanted: deque[Callable[[], object]] = deque()

    def find(self, folder: Path, further: Iterable[Path]) -> None:
        """List the runs of a folder and some that are elsewhere, then read them all."""
        paths = list(further)
        self._want(lambda: self._find(folder, paths))

    def read(self, path: Path) -> None:
        """Read one run, again."""
        self._want(lambda: self._read([path]))

    def draw(self, record: RunRecord) -> None:
        """Make the curves of a run, of which there may be millions of batches."""
        self._want(lambda: self.post(RunDrawn(self, record.path, Shown(record.name, with_batches(record), record.last_epoch))))

    def _want(self, task: Callable[[], object]) -> None:
        self._wanted.append(task)
        self.wake()

    def work(self) -> None:
        while not self.is_stopping:
            while self._wanted and not self.is_stopping:
                self._wanted.popleft()()
            self.rest()

    def _find(self, folder: Path, further: Sequence[Path]) -> None:
        problem, found = "", list[Path]()
        try:
            found = find_runs(folder)
        except UserError as error:
            problem = str(error)
        # The screen knows some of them by other names, which are kept.
        names = {path.absolute(): path for path in further}
        found = [names.pop(path.absolute(), path) for path in found]
        if names:
            found = newest_first([*found, *names.values()])
        self.post(RunsFound(self, found, problem))
        self._read(found)

    def _read(self, paths: Iterable[Path]) -> None:
        runs: list[RunRecord | Unreadable] = []
        told = monotonic()
        for path in paths:
            if self.is_stopping:
                return
            try:
                runs.append(read_run(path))
            except UserError as error:
                runs.append(Unreadable(path, str(error)))
            if monotonic() - told > TOGETHER:
                self.post(RunsRead(self, runs))
                runs, told = [], monotonic()
        if runs:
            self.post(RunsRead(self, runs))
