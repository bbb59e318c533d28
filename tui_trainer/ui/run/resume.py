"""The question before a run is resumed that would end at once."""

from tui_trainer.config.options import Config
from tui_trainer.runs.archive import RunRecord
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.ui.run.change import Question

TITLE = N_("Go on with a run")
VERB = N_("Go on")


def question(record: RunRecord, options: Config) -> Question:
    """How a run that is over goes on: for more epochs, or otherwise than it diverged."""
    done = record.last_epoch
    if record.status == "diverged":
        note = _("{run} diverged, and goes on from its last checkpoint: as it is it would diverge again.").format(run=record.name)
        return Question(TITLE, VERB, "learning_rate", note, done=done)
    note = ngettext(
        "{run} is completed after {epochs} epoch: say how many it shall have in all.",
        "{run} is completed after {epochs} epochs: say how many it shall have in all.",
        done,
    )
    return Question(TITLE, VERB, "epochs", note.format(run=record.name, epochs=done), done + max(options.epochs, 1), done)
