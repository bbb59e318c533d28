"""A sweep read back from its folder, to be told of."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, read_run
from tui_trainer.runs.journal import is_held
from tui_trainer.sweep.plan import Plan
from tui_trainer.sweep.space import SEED, Axis
from tui_trainer.sweep.statistics import Group, grouped, ranked
from tui_trainer.sweep.store import LOCK, RUNS, Examined, Result, Standing, Store


@dataclass(frozen=True)
class Found:
    """A sweep, read from its folder."""

    folder: Path
    facts: Mapping[str, Any]
    results: Sequence[Result]
    examined: Mapping[str, Examined]
    is_going_on: bool

    @classmethod
    def read(cls, folder: Path) -> "Found":
        """Raises UserError where there is none."""
        store = Store(folder)
        try:
            return cls(folder, store.facts(), store.results(), store.examined(), is_held(folder / LOCK))
        finally:
            store.close()

    @cached_property
    def plan(self) -> Plan | None:
        """What the sweep is to do, if this version can read it."""
        with suppress(UserError):
            return Plan.read(self.facts.get("plan"))
        return None

    @cached_property
    def axes(self) -> Mapping[str, Axis]:
        """What is swept, seeds left out."""
        with suppress(UserError):
            return {name: axis for name, axis in (self.plan or Plan()).space().axes.items() if name != SEED}
        return {}

    @cached_property
    def groups(self) -> list[Group]:
        """Its configurations."""
        return grouped(self.results)

    @property
    def seeds(self) -> int:
        """How many runs a whole configuration has."""
        told = self.facts.get("seeds")
        return told if isinstance(told, int) and told > 0 else max((len(group.scores) for group in self.groups), default=1)

    @cached_property
    def ranked(self) -> list[Group]:
        """Those that there is a score of, the best first."""
        return [group for group in ranked(self.groups, self.seeds) if group.scores]

    @property
    def is_complete(self) -> bool:
        """Whether all is done that was planned."""
        return self.facts.get("status") == "completed" and not self.is_going_on

    def count(self, status: Standing) -> int:
        """How many runs stand so."""
        return sum(result.status is status for result in self.results)

    def run(self, result: Result) -> RunRecord | None:
        """The files of a run, if they are here and can be read."""
        with suppress(UserError):
            return read_run(self.folder / RUNS / result.key)
        return None


def names_of(groups: Sequence[Group]) -> list[str]:
    """The options in which configurations may differ."""
    return list(dict.fromkeys(name for group in groups for name in group.point))


def several(count: int, noun: str) -> str:
    """So many of something."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
