"""Which runs a sweep comes to, one after the other: all of a grid, or some drawn at random."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Protocol

from tui_trainer.datasets.dataset import Dataset
from tui_trainer.sweep.space import Trial
from tui_trainer.sweep.store import Figures, RunStatus, run_key


@dataclass(frozen=True)
class Planned:
    """A run to be trained."""

    trial: Trial
    key: str
    place: int
    """In the order of the search."""


class Search(Protocol):
    """Asked for runs whenever a worker is free, and told what came of each."""

    @property
    def left(self) -> int:
        """How many runs it will still give, as far as it can tell."""

    def ask(self) -> Planned | None:
        """The next run; None while it waits for what others give, or at its end."""

    def tell(self, planned: Planned, status: RunStatus, figures: Figures) -> None:
        """What came of a run."""

    def gives_up(self, planned: Planned, figures: Figures) -> bool:
        """Whether a run that has given this so far is not worth going on with."""


class FixedRuns:
    """Runs that are known from the first, but for those in `done`, whatever others give."""

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
        """There is nothing to learn from it."""

    def gives_up(self, planned: Planned, figures: Figures) -> bool:
        return False
