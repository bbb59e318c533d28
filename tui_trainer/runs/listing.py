"""A list of runs, with each run's status and its unusual options."""

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from pydantic import JsonValue

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord, find_runs, read_run, run_name
from tui_trainer.runs.run_status import RUNNING, STATUSES, UNREADABLE


@dataclass(frozen=True)
class ListedRun:
    """A run in a list: its condensed record, or why it cannot be read."""

    path: Path
    record: RunRecord | None = None
    problem: str = ""

    @property
    def name(self) -> str:
        """The folder's name, safe to show."""
        return run_name(self.path)

    @property
    def status(self) -> str:
        """One of STATUSES."""
        return run_status(self.record) if self.record else UNREADABLE


def run_status(record: RunRecord) -> str:
    """The run's status: running while a process holds it, else as it ended."""
    return RUNNING if record.held else record.status


def list_runs(folder: Path) -> list[ListedRun]:
    """Every run in the folder, newest first, unreadable ones too. Raises UserError where the folder cannot be read."""
    return [_listed(path) for path in find_runs(folder)]


def _listed(path: Path) -> ListedRun:
    try:
        return ListedRun(path, read_run(path, in_short=True))
    except UserError as error:
        return ListedRun(path, problem=str(error))


def usual_options(runs: Iterable[RunRecord]) -> dict[str, JsonValue]:
    """Each option's most frequent value; of equally frequent ones the default, else the first run's. None where each run has its own."""
    defaults = Config.parse({}).record()
    values: dict[str, list[JsonValue]] = {}
    for run in runs:
        for name, value in run.config.items():
            values.setdefault(name, []).append(value)
    usual = {name: _usual(found, defaults.get(name)) for name, found in values.items()}
    return {name: value for name, value in usual.items() if not _has_each_its_own(values[name]) or value == defaults.get(name)}


def _usual(values: Sequence[JsonValue], default: JsonValue) -> JsonValue:
    keys = [_key(value) for value in values]
    counts = Counter(keys)
    most = max(counts.values())
    candidates = [key for key, count in counts.items() if count == most]
    return values[keys.index(_key(default) if _key(default) in candidates else candidates[0])]


def _has_each_its_own(values: Sequence[JsonValue]) -> bool:
    return len(values) > 1 and len({_key(value) for value in values}) == len(values)


def _key(value: JsonValue) -> str:
    return json.dumps(value, sort_keys=True)


def differences(run: RunRecord, usual: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    """The options with unusual values, unknown options last."""
    order = sorted(run.config, key=lambda name: name not in Config.model_fields)
    return {name: run.config[name] for name in order if name not in usual or run.config[name] != usual[name]}


_KEYS: Final[Mapping[str, Callable[[RunRecord], float]]] = {
    "status": lambda run: STATUSES.index(run_status(run)),
    "epochs": lambda run: -run.last_epoch,
    "validation_accuracy": lambda run: -best.value if (best := run.history.best_accuracy) else 1,
    "test_accuracy": lambda run: 1 if run.test_accuracy is None else -run.test_accuracy,
    "seconds": lambda run: run.seconds,
}


def arranged(runs: Iterable[ListedRun], order: str) -> list[ListedRun]:
    """The runs, which are newest first, in one of ORDERS: those that are equal in it stay as they are, unreadable ones come last."""
    if order == "when":
        return list(runs)
    if order == "name":
        return sorted(runs, key=lambda run: run.name)
    key = _KEYS[order]
    return sorted(runs, key=lambda run: (run.record is None, key(run.record) if run.record else 0))
