"""Searches: they choose a sweep's next run. A fixed list covers grids and random draws."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.sweep.space import Trial
from tui_trainer.sweep.store import Figures, RunStatus, run_key


@dataclass(frozen=True)
class Planned:
    """A run to train."""

    trial: Trial
    key: str
    place: int
    """Its number in the order of the search."""


class Search(Protocol):
    """Gives runs to free workers, and is told their outcomes."""

    @property
    def left(self) -> int:
        """The number of runs still to come, as far as known."""

    def ask(self) -> Planned | None:
        """The next run; None while it waits for outcomes, or at its end."""

    def tell(self, planned: Planned, status: RunStatus, figures: Figures) -> None:
        """Learn a run's outcome."""

    def gives_up(self, planned: Planned, figures: Figures) -> bool:
        """Whether a running run with these figures should be ended."""


class FixedRuns:
    """A fixed list of runs, without those in `done`."""

    def __init__(self, trials: Iterable[Trial], data: Mapping[str, Dataset], done: Collection[str]) -> None:
        # Two points may describe one run, as where an option has no effect.
        trials_by_key: dict[str, Trial] = {}
        for trial in trials:
            trials_by_key.setdefault(run_key(trial.config, data[trial.config.data].fingerprint), trial)
        planned = [Planned(trial, key, place) for place, (key, trial) in enumerate(trials_by_key.items())]
        self._waiting = [each for each in reversed(planned) if each.key not in done]

    @property
    def left(self) -> int:
        return len(self._waiting)

    def ask(self) -> Planned | None:
        return self._waiting.pop() if self._waiting else None

    def tell(self, planned: Planned, status: RunStatus, figures: Figures) -> None:
        """Do nothing: the list is fixed."""

    def gives_up(self, planned: Planned, figures: Figures) -> bool:
        return False
