"""The state of a sweep at a moment, read from its store by any process."""

from collections.abc import Mapping
from contextlib import closing, suppress
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from time import monotonic
from typing import Any, Final

from tui_trainer.errors import UserError, reason_of
from tui_trainer.runs.archive import RunRecord, read_run, resolve
from tui_trainer.sweep.space import SEED
from tui_trainer.sweep.statistics import Group, Interval, grouped, ranked
from tui_trainer.sweep.store import FILE, LOCK, RUNS, FinalScore, Result, RunStatus, Store
from tui_trainer.sweep.sweep import SweepProgress
from tui_trainer.system.locks import is_held
from tui_trainer.text.language import N_

CUT_SHORT: Final = N_("cut short")
"""The status of a run that the store has as running though no process trains the sweep."""


@dataclass(frozen=True, eq=False)
class Board:
    """A sweep as its store describes it. `total` includes the runs still to come, if the sweep has noted their number."""

    folder: Path
    results: tuple[Result, ...] = ()
    total: int = 0
    seeds: int = 1
    is_running: bool = False
    """Whether a process trains it."""
    examined: Mapping[str, FinalScore] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """The sweep's own notes, not validated."""
    seconds: float = 0.0
    """Seconds since a reader first saw the sweep running."""
    trained: int = 0
    """Runs that ended in that time."""
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)
    """Confidence intervals of configurations' means, by their keys, as far as computed."""

    @classmethod
    def read(cls, folder: Path) -> "Board":
        """The sweep in a folder. Raises UserError where there is none that can be read."""
        with closing(BoardReader(folder)) as onlooker:
            return onlooker.look()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The swept options."""
        return tuple(dict.fromkeys(name for result in self.results for name in result.point))

    @property
    def options(self) -> tuple[str, ...]:
        """The swept options without the seed, in which configurations differ."""
        return tuple(name for name in self.names if name != SEED)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The configurations, in the sweep's order."""
        return tuple(grouped(self.results))

    @cached_property
    def ranked(self) -> tuple[Group, ...]:
        """The configurations with a score, the best first."""
        return tuple(group for group in ranked(self.groups, self.seeds) if group.scores)

    @cached_property
    def best(self) -> Group | None:
        """The best configuration so far; one that lacks seeds only if all do."""
        first = next(iter(self.ranked), None)
        return first if first and first.mean else None

    @cached_property
    def best_run(self) -> Result | None:
        """The run of the highest validation accuracy."""
        ended = [result for result in self.results if result.status is RunStatus.COMPLETED]
        return max(ended, key=lambda result: result.figures.validation_accuracy or 0.0, default=None)

    @cached_property
    def progress(self) -> SweepProgress:
        """The sweep's progress."""
        done, failed = sum(result.status.is_final for result in self.results), self.count(RunStatus.FAILED)
        running = self.count(RunStatus.RUNNING) if self.is_running else 0
        return SweepProgress(max(self.total, done + failed), done, failed, running, running, self.seconds, self.trained)

    @property
    def is_complete(self) -> bool:
        """Whether all runs are trained."""
        return not self.is_running and 0 < self.progress.total <= self.progress.done + self.progress.failed

    @property
    def test(self) -> FinalScore | None:
        """The best configuration's score on the test set, once it is tested."""
        return self.examined.get(self.best.key) if self.best and self.is_complete else None

    def run(self, result: Result) -> RunRecord | None:
        """The record of a run, if its files are here and can be read."""
        with suppress(UserError):
            return read_run(self.folder / RUNS / result.key)
        return None

    def count(self, status: RunStatus) -> int:
        """The number of runs with a status."""
        return sum(result.status is status for result in self.results)

    def status(self, result: Result) -> str:
        """A run's status as text."""
        return CUT_SHORT if result.status is RunStatus.RUNNING and not self.is_running else str(result.status)


class BoardReader:
    """Reads a sweep's board again and again. `look` raises UserError where there is no sweep that can be read."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store: Store | None = None
        self._version = -1
        self._board: Board | None = None
        self._since: tuple[float, int] | None = None
        """The time at which the sweep was first seen running, and the runs that had ended by then."""

    def look(self) -> Board:
        """The board now; the same object as the last time if nothing has changed."""
        try:
            return self._look()
        except UserError:
            self.close()
            raise

    def close(self) -> None:
        """Close the store."""
        if self._store:
            self._store.close()
        self._store, self._board = None, None

    def _look(self) -> Board:
        # Before the store is read, so that a sweep that has just ended is not called over before its last results are read.
        is_running = is_held(self.folder / LOCK)
        store = self._store = self._store or Store(self.folder)
        version, before = store.version, self._board
        if before and (version, is_running) == (self._version, before.is_running):
            return before
        facts, results = store.facts(), store.results()
        board = Board(
            self.folder,
            tuple(results),
            total=_number(facts.get("total"), len(results)),
            seeds=_number(facts.get("seeds"), 1),
            is_running=is_running,
            examined=store.examined(),
            facts=facts,
        )
        self._version, self._board = version, self._timed(board)
        return self._board

    def _timed(self, board: Board) -> Board:
        ended = board.progress.done + board.progress.failed
        if not board.is_running:
            self._since = None
            return board
        if self._since is None:
            self._since = monotonic(), ended
        began, before = self._since
        return replace(board, seconds=monotonic() - began, trained=max(ended - before, 0))


def find_sweeps(folder: Path) -> list[Path]:
    """The sweeps' folders in `folder`, the most recent first. Raises UserError where it cannot be read."""
    try:
        found = [path for path in folder.iterdir() if (path / FILE).is_file()]
        return sorted(found, key=lambda path: ((path / FILE).stat().st_mtime, path.name), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(reason_of(error), path=folder) from None


def resolve_sweep(text: str, folder: Path) -> Path:
    """The folder of a sweep given as a path, a name in `folder`, or `latest` for the newest there. Raises UserError."""
    return resolve(text, folder, find_sweeps, "sweep")


def _number(value: Any, otherwise: int) -> int:
    with suppress(TypeError, ValueError, OverflowError):
        return max(int(value), 0)
    return otherwise
