"""What can be seen of a sweep at a moment, by whoever looks into its store: the process that trains it, or any other."""

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
"""How a run stands that is being trained as far as the store knows, though the sweep does not go on."""


@dataclass(frozen=True, eq=False)
class Board:
    """A sweep as its store tells of it. `total` counts the runs that are still to come, where the sweep has said how many."""

    folder: Path
    results: tuple[Result, ...] = ()
    total: int = 0
    seeds: int = 1
    is_running: bool = False
    """Whether a process trains it."""
    examined: Mapping[str, FinalScore] = field(default_factory=dict)
    facts: Mapping[str, Any] = field(default_factory=dict)
    """What the sweep noted of itself; whoever reads them must expect anything."""
    seconds: float = 0.0
    """For which it has been looked at while it went on, and"""
    trained: int = 0
    """runs that ended meanwhile."""
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)
    """Where the means of configurations lie, by their keys, as far as that is computed."""

    @classmethod
    def read(cls, folder: Path) -> "Board":
        """A single look. Raises UserError where there is no sweep, or none of use."""
        with closing(BoardReader(folder)) as onlooker:
            return onlooker.look()

    @cached_property
    def names(self) -> tuple[str, ...]:
        """The swept options."""
        return tuple(dict.fromkeys(name for result in self.results for name in result.point))

    @property
    def options(self) -> tuple[str, ...]:
        """Those in which configurations differ: all but the seed."""
        return tuple(name for name in self.names if name != SEED)

    @cached_property
    def groups(self) -> tuple[Group, ...]:
        """The configurations, in the order in which the sweep came to them."""
        return tuple(grouped(self.results))

    @cached_property
    def ranked(self) -> tuple[Group, ...]:
        """The configurations that there is a score of, the best first."""
        return tuple(group for group in ranked(self.groups, self.seeds) if group.scores)

    @cached_property
    def best(self) -> Group | None:
        """The configuration that is best so far; one that lacks seeds only where none has them all."""
        first = next(iter(self.ranked), None)
        return first if first and first.mean else None

    @cached_property
    def best_run(self) -> Result | None:
        """The run of the highest validation accuracy."""
        ended = [result for result in self.results if result.status is RunStatus.COMPLETED]
        return max(ended, key=lambda result: result.figures.validation_accuracy or 0.0, default=None)

    @cached_property
    def progress(self) -> SweepProgress:
        """How far it is."""
        done, failed = sum(result.status.is_final for result in self.results), self.count(RunStatus.FAILED)
        running = self.count(RunStatus.RUNNING) if self.is_running else 0
        return SweepProgress(max(self.total, done + failed), done, failed, running, running, self.seconds, self.trained)

    @property
    def is_complete(self) -> bool:
        """Whether nothing is left to be trained."""
        return not self.is_running and 0 < self.progress.total <= self.progress.done + self.progress.failed

    @property
    def test(self) -> FinalScore | None:
        """What the best configuration said about the test set, once it was asked."""
        return self.examined.get(self.best.key) if self.best and self.is_complete else None

    def run(self, result: Result) -> RunRecord | None:
        """The files of a run, if they are here and can be read."""
        with suppress(UserError):
            return read_run(self.folder / RUNS / result.key)
        return None

    def count(self, status: RunStatus) -> int:
        """How many runs stand so."""
        return sum(result.status is status for result in self.results)

    def status(self, result: Result) -> str:
        """How a run stands."""
        return CUT_SHORT if result.status is RunStatus.RUNNING and not self.is_running else str(result.status)


class BoardReader:
    """Looks at a sweep as often as it is asked to. Each `look` raises UserError where there is none, or none of use."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._store: Store | None = None
        self._version = -1
        self._board: Board | None = None
        self._since: tuple[float, int] | None = None
        """From when on it was seen to go on, and how many runs had ended by then."""

    def look(self) -> Board:
        """The sweep as it is now: the same object as the last time where nothing has changed."""
        try:
            return self._look()
        except UserError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the store."""
        if self._store:
            self._store.close()
        self._store, self._board = None, None

    def _look(self) -> Board:
        # First, so that all that a sweep which has just ended wrote is read before it is called over.
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
    """The folders in `folder` that hold a sweep, the one that last went on first. Raises UserError where it cannot look."""
    try:
        found = [path for path in folder.iterdir() if (path / FILE).is_file()]
        return sorted(found, key=lambda path: ((path / FILE).stat().st_mtime, path.name), reverse=True)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise UserError(reason_of(error), path=folder) from None


def resolve_sweep(text: str, folder: Path) -> Path:
    """The folder of the sweep that is meant: a path, the name of one in `folder`, or `latest` for the newest there. Raises UserError."""
    return resolve(text, folder, find_sweeps, "sweep")


def _number(value: Any, otherwise: int) -> int:
    with suppress(TypeError, ValueError, OverflowError):
        return max(int(value), 0)
    return otherwise
