"""Whether and how a run on disk can be resumed, from what was read of it."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config.options import Config
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord
from tui_trainer.text.language import N_


def obstacle(record: RunRecord) -> str:
    """Why the run cannot be resumed, in a line; nothing where it can."""
    if record.held:
        return N_("it is going on, in another window or process; wait for its end, or stop it first")
    if not record.has_checkpoint:
        return N_("it has no checkpoint to resume from")
    try:
        options = latest_options(record)
    except UserError as error:
        return f"this version cannot read its options: {error}"
    if record.status == "completed" and options.early_stopping and record.last_epoch < options.epochs:
        return N_("early stopping ended it, with its best weights; start it again with more patience")
    return ""


def was_left(record: RunRecord) -> bool:
    """Whether the run was stopped or killed before its end, so that it can be resumed as it is."""
    return record.status in ("unfinished", "stopped", "interrupted") and not obstacle(record)


def ends_at_once(record: RunRecord, options: Config) -> bool:
    """Whether the run would have no more to do with these options, or would come to the same bad end."""
    return record.status == "diverged" or (record.status == "completed" and options.epochs <= record.last_epoch)


def latest_options(record: RunRecord, given: Mapping[str, Any] | None = None) -> Config:
    """The run's options as they were last, with `given` in their place. Raises UserError where they make no Config."""
    config = Config.parse({name: value for name, value in record.config.items() if value is not None})
    made = config.changes[: len(record.changes)]
    now = dict(config) | {name: value for change in made for name, value in change.values.items()} | dict(given or {})
    return Config.parse({name: value for name, value in now.items() if value is not None})
