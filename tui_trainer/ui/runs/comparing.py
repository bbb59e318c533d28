"""Which runs are compared: those that are marked, and the one of the main screen."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tui_trainer.runs.archive import RunRecord
from tui_trainer.ui.chart.curve import RUN_PENS, Shown

MOST: Final = len(RUN_PENS)
"""Runs that can be marked at a time: each has a character and a colour of its own."""


@dataclass(frozen=True)
class Current:
    """The run that the main screen shows."""

    path: Path
    shown: Shown
    going_on: bool


@dataclass(frozen=True)
class Compared:
    """A run on disk that is marked."""

    path: Path
    shown: Shown


@dataclass(frozen=True)
class Choice:
    """What the comparison is left with: the marked runs, and whether to start another, or resume one, at once."""

    runs: tuple[Compared, ...]
    start: bool = False
    resumed: RunRecord | None = None


class MarkedRuns:
    """The marks, in the order in which they were made. The current run needs none, and can be hidden."""

    def __init__(self, runs: Iterable[Compared]) -> None:
        self.runs = tuple(runs)
        self.shows_current = True

    def __contains__(self, path: Path) -> bool:
        return any(each.path == path for each in self.runs)

    @property
    def is_full(self) -> bool:
        """Whether no other can be marked."""
        return len(self.runs) == MOST

    def besides(self, current: Current | None) -> tuple[Compared, ...]:
        """Those that are not the current one."""
        return tuple(each for each in self.runs if not (current and each.path == current.path))

    def shown(self, path: Path | None) -> Shown | None:
        """What is drawn of a marked run."""
        return next((each.shown for each in self.runs if each.path == path), None)

    def mark(self, run: Compared) -> None:
        """Add one."""
        self.runs = (*self.runs, run)

    def unmark(self, path: Path) -> None:
        """Take its mark away."""
        self.runs = tuple(each for each in self.runs if each.path != path)

    def clear(self) -> None:
        """Take all marks away."""
        self.runs = ()

    def draw(self, run: Compared) -> bool:
        """Draw a run with these curves from now on, and tell whether it is still marked."""
        self.runs = tuple(run if each.path == run.path else each for each in self.runs)
        return run.path in self
