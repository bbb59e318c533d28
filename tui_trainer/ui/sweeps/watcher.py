"""Looks at a sweep, and reads the curves of some of its runs, in a thread of its own, so that neither holds up the screen."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from time import monotonic, thread_time

from textual.message import Message

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import read_run, with_batches
from tui_trainer.sweep.board import Board, BoardReader
from tui_trainer.sweep.statistics import Interval
from tui_trainer.sweep.store import RUNS, Result
from tui_trainer.sweep.table import Table, table_of_groups, table_of_runs
from tui_trainer.ui.chart.curve import Shown
from tui_trainer.ui.kit.background import Background

SHARE = 0.1
"""Of the time, how much may go into looking: this thread takes it from the screen's; but"""
LONGEST_REST = 5.0
"""seconds after the last look there is another one."""


@dataclass
class SweepSeen(Message):
    """What is known of the sweep by now, and tables of it; or why nothing is."""

    board: Board | None
    runs: Table
    groups: Table
    problem: UserError | None = None

    def can_replace(self, message: Message) -> bool:
        """Only the latest counts, where a screen has not come to look."""
        return isinstance(message, SweepSeen)


@dataclass
class CurvesRead(Message):
    """The curves of the runs that are wanted, by their keys, as far as their files can be read."""

    curves: Mapping[str, Shown]

    def can_replace(self, message: Message) -> bool:
        """As above."""
        return isinstance(message, CurvesRead)


class SweepWatcher(Background):
    """Looks so many times a second."""

    def __init__(self, folder: Path, looks_per_second: float, post: Callable[[Message], object]) -> None:
        super().__init__("watching sweep", post)
        self.folder = folder
        self._onlooker = BoardReader(folder)
        self._tick = 1 / looks_per_second
        self._hurries = self._computes = False
        self._wanted: Sequence[str] = ()
        self._board: Board | None = None
        self._computed = False
        self._problem: UserError | None = None
        self._curves: dict[str, tuple[Result, Shown]] = {}

    def want(self, keys: Sequence[str]) -> None:
        """Have the curves of these runs read, and read again as they grow."""
        self._wanted = keys
        self.wake()

    def hurry(self) -> None:
        """Look at once: something is known to have changed."""
        self._hurries = True
        self.wake()

    def compute_intervals(self) -> None:
        """From now on compute the means' intervals; not before they are shown, because SciPy takes a while to import."""
        if not self._computes:
            self._computes = True
            self.hurry()

    def work(self) -> None:
        due = 0.0
        try:
            while not self.is_stopping:
                if self._hurries or monotonic() >= due:
                    self._hurries, began = False, thread_time()
                    self._look()
                    due = monotonic() + max(self._tick, min((thread_time() - began) / SHARE, LONGEST_REST))
                self._read_curves()
                self.rest(max(due - monotonic(), 0))
        finally:
            self._onlooker.close()

    def _look(self) -> None:
        try:
            board = self._onlooker.look()
        except UserError as error:
            if str(error) != str(self._problem):
                self._problem, self._board = error, None
                self.post(SweepSeen(None, Table((), ()), Table((), ()), self._problem))
            return
        if board is self._board and self._computed == self._computes:
            return
        self._problem, self._board, self._computed = None, board, self._computes
        self._tell(replace(board, intervals=self._intervals(board)) if self._computes else board)

    def _intervals(self, board: Board) -> Mapping[str, Interval | None]:
        """Where the means of the configurations lie: each takes a while, and stands in a cache for the next time."""
        return {group.key: group.interval for group in board.groups if not self.is_stopping}

    def _tell(self, board: Board) -> None:
        self.post(SweepSeen(board, table_of_runs(board), table_of_groups(board)))

    def _read_curves(self) -> None:
        results = {result.key: result for result in self._board.results} if self._board else {}
        wanted = [results[key] for key in self._wanted if key in results]
        known = {result.key: self._curves[result.key] for result in wanted if result.key in self._curves}
        fresh = [result for result in wanted if result.key not in known or known[result.key][0] != result]
        for result in fresh:
            try:
                record = read_run(self.folder / RUNS / result.key)
                known[result.key] = result, Shown(record.name, with_batches(record), record.last_epoch)
            except UserError:
                # It is just being made, or its folder is gone: what its row tells is all that there is.
                known.pop(result.key, None)
        if fresh or known.keys() != self._curves.keys():
            self._curves = known
            self.post(CurvesRead({key: curves for key, (_, curves) in known.items()}))
