"""The question before a run is resumed that would end at once."""

from collections.abc import Callable, Mapping
from typing import Any

from textual.app import App

from tui_trainer.config.options import Config
from tui_trainer.runs.archive import RunRecord
from tui_trainer.runs.resumable import ends_at_once, latest_options
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.ui.run.change import ChangeScreen, Question

TITLE = N_("Resume a run")
VERB = N_("Resume")


def ask_if_over(app: App[Any], record: RunRecord, given: Mapping[str, Any], begin: Callable[[Config, Mapping[str, Any]], None]) -> None:
    """Have a run resumed with what is `given` in place of its options, and with the answer too where it would end at once."""
    options = latest_options(record, given)

    def answer(further: Mapping[str, Any] | None) -> None:
        if further is not None:
            begin(options, {**given, **further})

    if ends_at_once(record, options):
        app.push_screen(ChangeScreen(options, _question(record, options)), answer)
    else:
        answer({})


def _question(record: RunRecord, options: Config) -> Question:
    """How a run that is over is resumed: for more epochs, or otherwise than it diverged."""
    done = record.last_epoch
    if record.status == "diverged":
        note = _("{run} diverged, and is resumed from its last checkpoint: as it is it would diverge again.").format(run=record.name)
        return Question(TITLE, VERB, "learning_rate", note, done=done)
    note = ngettext(
        "{run} is completed after {epochs} epoch: say how many it shall have in all.",
        "{run} is completed after {epochs} epochs: say how many it shall have in all.",
        done,
    )
    return Question(TITLE, VERB, "epochs", note.format(run=record.name, epochs=done), done + max(options.epochs, 1), done)
