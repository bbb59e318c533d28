"""The plan of a sweep, as the user gave it. The sweep's folder keeps it, and so the folder's name is enough to resume."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from time import time
from typing import Any, Final

from tui_trainer.config.options import Config
from tui_trainer.config.origins import origins_of, refuse_others
from tui_trainer.config.source import Source
from tui_trainer.datasets.dataset import Dataset
from tui_trainer.errors import UserError
from tui_trainer.runs.run import settle
from tui_trainer.sweep.search import FixedRuns, Search
from tui_trainer.sweep.space import MOST_TRIALS, Space, Trial, Values
from tui_trainer.sweep.store import Result, Store
from tui_trainer.sweep.sweep import Sweep
from tui_trainer.sweep.workers import Workers

SEARCHES: Final[Mapping[str, str]] = {
    "grid": "every combination",
    "random": "as many combinations as --samples says, drawn at random",
    "tpe": "as many combinations as --samples says, near what did well before, and hopeless ones given up",
}

TRIED: Final = 100
"""Configurations checked while the plan is typed; all are checked before training."""


@dataclass(frozen=True)
class Plan:
    """The options as given, and the search."""

    options: Mapping[str, str] = field(default_factory=dict)
    """From the command line."""
    table: Mapping[str, Any] = field(default_factory=dict)
    """From a file, whose name stands in `file`."""
    file: str | None = None
    search: str = "grid"
    samples: int | None = None
    search_seed: int = 0

    def record(self) -> dict[str, Any]:
        """The plan as plain data."""
        return asdict(self)

    @classmethod
    def read(cls, record: Any) -> "Plan":
        """The plan that `record` made. Raises UserError."""
        try:
            plan = cls(**record)
            texts, numbers = (plan.search, *plan.options.values()), (plan.samples, plan.search_seed)
            is_plan = all(isinstance(text, str) for text in texts) and all(isinstance(number, int | None) for number in numbers)
            is_plan = is_plan and isinstance(plan.table, dict) and isinstance(plan.file, str | None)
        except (TypeError, AttributeError):
            is_plan = False
        if not is_plan:
            raise UserError("the sweep's plan is not one that this version can read")
        if plan.search not in SEARCHES:
            raise UserError(f"the sweep's plan has a search that this version does not know: {str(plan.search)[:60]}")
        return plan

    @property
    def values(self) -> dict[str, Any]:
        """Of each option all values that are written as names, apart by commas."""
        swept = self.table.get("sweep", {})
        given = {**self.table, **(swept if isinstance(swept, Mapping) else {}), **self.options}
        return {name: value.replace(";", ",").replace(" ", "") if isinstance(value, str) else value for name, value in given.items()}

    def space(self) -> Space:
        """The search space. Raises UserError."""
        return Space.read(self.options, self.table, Path(self.file) if self.file else None)


def planned(
    options: Mapping[str, str], table: Mapping[str, Any], file: Path | None, search: str | None, samples: int | None, seed: int | None
) -> Plan | None:
    """The plan of a command line; None where it has none. Raises UserError."""
    if not (options or table or search or samples or seed is not None):
        return None
    search = search or ("random" if samples else "grid")
    if search == "grid" and samples:
        raise UserError("a grid has all combinations", option="--samples", hint="leave out --samples, or give --search random")
    if search != "grid" and not samples:
        raise UserError("needs --samples, how many configurations to try", option="--search", value=search, colon=False)
    return Plan(options, table, str(file) if file else None, search, samples, seed or 0)


def open_sweep(folder: Path, plan: Plan | None, workers: Callable[[Mapping[str, Dataset]], Workers]) -> Sweep:
    """The sweep in a folder, new or resumed, with the given plan, or else the folder's own.

    `workers` makes the workers for the data by name. Raises UserError before anything is written.
    """
    if plan is None:
        known = Store(folder)
        try:
            facts = known.facts()
        finally:
            known.close()
        plan = Plan.read(facts.get("plan"))
        _refuse_other_plugins(facts, plan)
    space, data = _located(plan.space())
    search = _search(plan, space)
    store = Store.hold(folder)
    try:
        _refuse_other_plugins(store.facts(), plan)
        results = store.results()
        found = search(data, store, results)
        done = sum(result.status.is_final for result in results)
        facts = {"began": store.facts().get("began", time()), "status": "running", "total": done + found.left}
        store.put_facts(plan=plan.record(), plugins=origins_of(plan.values), seeds=len(space.seeds), **facts)
        return Sweep(folder, store, results, found, workers(data), data, len(space.seeds))
    except BaseException:
        store.close()
        raise


def _refuse_other_plugins(facts: Mapping[str, Any], plan: Plan) -> None:
    """Raise UserError where the runs that are there were trained with other plugins."""
    refuse_others(facts.get("plugins", []), plan.values, Source())


def extent(plan: Plan) -> tuple[int, int]:
    """The plan's numbers of configurations and of seeds. Raises UserError, also where one of the first configurations is not valid."""
    space = plan.space()
    for _ in islice(_trials(plan, space), TRIED):
        pass
    configurations = space.size if plan.search == "grid" else min(plan.samples or 1, space.size or MOST_TRIALS)
    return configurations or 1, len(space.seeds)


def _trials(plan: Plan, space: Space) -> Iterator[Trial]:
    return space.grid() if plan.search == "grid" else space.drawn(plan.samples or 1, plan.search_seed)


Sought = Callable[[Mapping[str, Dataset], Store, Sequence[Result]], Search]
"""Makes the search for the data and the results in the store."""


def _search(plan: Plan, space: Space) -> Sought:
    if plan.search == "tpe":
        return _learning(space, plan.samples or 1, plan.search_seed)
    trials = list(_trials(plan, space))

    def listed(data: Mapping[str, Dataset], _store: Store, results: Sequence[Result]) -> Search:
        return FixedRuns(trials, data, {result.key for result in results if result.status.is_final})

    return listed


def _learning(space: Space, samples: int, seed: int) -> Sought:
    try:
        from tui_trainer.sweep.tpe import ParzenSearch, check  # noqa: PLC0415 an extra, and slow to import
    except ModuleNotFoundError as error:
        if error.name != "optuna":
            raise
        raise UserError("needs Optuna: pip install 'tui-trainer[sweep]'", option="--search", value="tpe") from None
    if samples * len(space.seeds) > MOST_TRIALS:
        raise UserError(f"with {len(space.seeds)} seeds at most {MOST_TRIALS // len(space.seeds):,}, not {samples:,}", option="--samples")
    check(space, seed)
    return lambda data, store, results: ParzenSearch(space, samples, seed, data, store, results)


def _located(space: Space) -> tuple[Space, Mapping[str, Dataset]]:
    """The space with absolute names of the data, and the data. Raises UserError."""
    axis = space.axes.get("data")
    names = axis.values if isinstance(axis, Values) else [space.fixed.get("data", Config.model_fields["data"].default)]
    for option in ("label", "scale", "noise"):
        if option in space.axes:
            raise UserError("cannot be swept: the runs of a sweep share their data", option=f"--{option}", colon=False)
    how = {option: space.fixed[option] for option in ("label", "scale", "noise") if space.fixed.get(option) is not None}
    loaded = [settle(Config.parse({"data": name, "threads": 1, **how})) for name in names]
    data = {config.data: found for config, found in loaded}
    if axis is None:
        return Space({**space.fixed, "data": next(iter(data))}, space.axes, space.source), data
    return Space(space.fixed, {**space.axes, "data": Values(tuple(data))}, space.source), data
