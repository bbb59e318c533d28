"""Whether and how a run on disk can be resumed, from what was read of it."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config.options import Config
from tui_trainer.config.origins import MissingPluginError
from tui_trainer.errors import UserError
from tui_trainer.runs.archive import RunRecord
from tui_trainer.text.language import N_


def why_not_resumable(record: RunRecord) -> str:
    """The reason, in a line, why the run cannot be resumed; empty where it can."""
    if record.held:
        return N_("it is going on, in another window or process; wait for its end, or stop it first")
    if not record.has_checkpoint:
        return N_("it has no checkpoint to resume from")
    try:
        options = latest_options(record)
    except MissingPluginError as error:
        return str(error)
    except UserError as error:
        return f"this version cannot read its options: {error}"
    if record.status == "completed" and options.early_stopping and record.last_epoch < options.epochs:
        return N_("early stopping ended it, with its best weights; start it again with more patience")
    return ""


def was_cut_short(record: RunRecord) -> bool:
    """Whether the run was stopped or killed before its end and can be resumed."""
    return record.status in ("unfinished", "stopped", "interrupted") and not why_not_resumable(record)


def ends_at_once(record: RunRecord, options: Config) -> bool:
    """Whether a resumed run with these options would end at once: it is complete, or diverges again."""
    return record.status == "diverged" or (record.status == "completed" and options.epochs <= record.last_epoch)


def latest_options(record: RunRecord, given: Mapping[str, Any] | None = None) -> Config:
    """The run's latest options, overridden by `given`. Raises UserError where they are not valid."""
    try:
        config = Config.parse({name: value for name, value in record.config.items() if value is not None})
    except MissingPluginError as error:
        error.look_beside(record.path)
        raise
    made = config.changes[: len(record.changes)]
    now = dict(config) | {name: value for change in made for name, value in change.values.items()} | dict(given or {})
    return Config.parse({name: value for name, value in now.items() if value is not None})
