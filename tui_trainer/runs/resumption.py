"""The state from which a run is resumed, read from its files and validated."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from tui_trainer.config.changes import MOST_CHANGES, Change, changeable
from tui_trainer.config.options import Config
from tui_trainer.config.source import option
from tui_trainer.errors import UserError
from tui_trainer.runs import checkpoint
from tui_trainer.runs.archive import lines_with_ends
from tui_trainer.runs.batches import MOST_BATCHES, read_batches
from tui_trainer.runs.directory import RunDirectory
from tui_trainer.runs.log import ChangeLine, EpochLine, Line, ResumeLine, StartLine
from tui_trainer.system.reading import opened
from tui_trainer.training.events import Snapshot
from tui_trainer.training.run_state import RunState, read_run_state

FREE = ("threads", "checkpoint_every", "data")
"""Options that may differ when a run is resumed, besides those that may change in mid-run."""

LONGEST_EPOCH = 1e8
"""The most seconds, three years, that a file may claim for a begun epoch."""


@dataclass(frozen=True)
class Resumption:
    """A run's last saved state."""

    config: Config
    snapshot: Snapshot
    """The checkpoint; its options include the changes that were made later."""
    is_behind: bool
    """Whether the log has changes that the checkpoint lacks. The checkpoint must then be written before the log is cut."""
    state: RunState
    metrics_size: int
    """The size of metrics.jsonl, in bytes, at the checkpoint."""
    seconds: float
    """Training time of whole epochs."""
    epoch_seconds: float
    """Training time of the begun epoch."""
    environment: Mapping[str, str]
    """The environment of the last training."""
    warnings: tuple[str, ...]


def read_resumption(folder: RunDirectory, given: Mapping[str, Any]) -> Resumption:
    """The state to resume, with options overridden by `given`. Raises UserError."""
    snapshot = checkpoint.read(folder.checkpoint, lambda scalars: read_run_state(scalars).shapes())
    state = read_run_state(snapshot.scalars)
    position = _LogPosition(state)
    size = 0
    for line, end in lines_with_ends(folder.metrics):
        # A run without a trained batch starts again, with its changes.
        if position.takes(line) and state.step:
            size = end
        if len(position.later) > MOST_CHANGES:
            raise UserError(f"more than {MOST_CHANGES:,} changes were made after what the checkpoint holds", path=folder.metrics)
    warnings = []
    if state.step and len(position.seconds) < state.epochs:
        warnings.append(f"{folder.metrics}: {state.epochs - len(position.seconds)} of {state.epochs} epochs are missing, and stay so")
    try:
        config = _with_changes(state.options, position.later, state)
    except UserError as error:
        raise UserError(f"changes that were made cannot be made again: {error}", path=folder.metrics) from None
    scalars = {**snapshot.scalars, "config": config.record()}
    return Resumption(
        config=_with_given(config, given, state),
        snapshot=replace(snapshot, scalars=scalars),
        is_behind=config.changes != state.options.changes,
        state=state,
        metrics_size=size,
        seconds=sum(position.seconds.values()),
        epoch_seconds=_epoch_seconds(folder, state),
        environment=position.environment if state.step else {},
        warnings=tuple(warnings),
    )


class _LogPosition:
    """Separates the log's lines up to the checkpoint from later ones, which the run will write again."""

    def __init__(self, state: RunState) -> None:
        self._state = state
        self._changes = 0
        self._is_later = False
        self.seconds: dict[int, float] = {}
        self.environment: Mapping[str, str] = {}
        self.later: list[Change] = []
        """Changes after the checkpoint."""

    def takes(self, line: Line) -> bool:
        match line:
            case StartLine() | ResumeLine() if not self._is_later:
                self.environment = line.environment
            case EpochLine() if line.epoch <= self._state.epochs and not self._is_later:
                self.seconds[line.epoch] = line.seconds
            case ChangeLine() if self._changes < self._state.changes and not self._is_later:
                self._changes += 1
            case ChangeLine():
                self._is_later = True
                self.later.append(Change(line.step, line.changes))
            case _:
                self._is_later = True
        return not self._is_later


def _with_changes(config: Config, later: list[Change], state: RunState) -> Config:
    """The config with the changes after the checkpoint planned again, at the same steps, unless they were planned before."""
    made, planned = list(config.changes[: state.changes]), list(config.changes[state.changes :])
    known = [change.record() for change in planned]
    for change in later:
        if change.record() in known:
            known.remove(change.record())
        else:
            planned.append(change)
    return _parsed(config, {"changes": [*made, *sorted(planned, key=lambda change: change.step)]})


def _with_given(config: Config, given: Mapping[str, Any], state: RunState) -> Config:
    now = {**dict(config), **{name: value for change in config.changes[: state.changes] for name, value in change.values.items()}}
    wanted = dict(_parsed(config, {**{name: now[name] for name in changeable()}, **given}))
    different = {name: wanted[name] for name in given if wanted[name] != now[name]}
    refused = [option(name) for name in different if name not in (*changeable(), *FREE)]
    if refused:
        allowed = ", ".join(option(name) for name in (*changeable(), *FREE))
        raise UserError("cannot be different when a run is resumed", option=refused[0], hint=f"what can: {allowed}")
    changed = {name: value for name, value in different.items() if name in changeable()}
    if changed:
        # Before what is planned for a later step.
        changes = sorted([*config.changes, Change(state.step, changed)], key=lambda change: change.step)
        config = _parsed(config, {"changes": changes})
    return config.model_copy(update={name: value for name, value in different.items() if name in FREE})


def _parsed(config: Config, values: Mapping[str, Any]) -> Config:
    return Config.parse({**{name: value for name, value in dict(config).items() if value is not None}, **values})


def _epoch_seconds(folder: RunDirectory, state: RunState) -> float:
    if not state.batch:
        return 0.0
    # A missing time is no reason to refuse the run.
    if 0 < state.step <= MOST_BATCHES:
        with suppress(UserError, OSError), opened(folder.batches) as file:
            last = read_batches(file, state.step - 1, 1)
            if len(last) and 0 <= last[0, -1] < LONGEST_EPOCH:
                return float(last[0, -1])
    return 0.0
