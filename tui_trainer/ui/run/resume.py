"""The question before going on with a run that would end at once."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config.options import Config
from tui_trainer.runs.archive import RunRecord
from tui_trainer.text.language import N_, _, ngettext
from tui_trainer.ui.run.change import ChangeScreen


class GoOnScreen(ChangeScreen):
    """Asks how a run that is over goes on: for more epochs, or otherwise than it diverged; gives what is different, or None."""

    TITLE = N_("Go on with a run")
    VERB = N_("Go on")

    def __init__(self, record: RunRecord, options: Config) -> None:
        self._done = record.last_epoch
        if record.status == "diverged":
            self.first = "learning_rate"
            self.note = _("{run} diverged, and goes on from its last checkpoint: as it is it would diverge again.").format(run=record.name)
        else:
            self.first = "epochs"
            after = ngettext(
                "{run} is completed after {epochs} epoch: say how many it shall have in all.",
                "{run} is completed after {epochs} epochs: say how many it shall have in all.",
                self._done,
            )
            self.note = after.format(run=record.name, epochs=self._done)
        super().__init__(options)
        if record.status != "diverged":
            self._fields["epochs"].value = str(self._done + max(options.epochs, 1))

    def _problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        found = super()._problems(values)
        if "epochs" not in found and int(values["epochs"]) <= self._done:
            found["epochs"] = _("must be more than the {epochs} that are done").format(epochs=self._done)
        return found

    def _answer(self, different: Mapping[str, Any]) -> None:
        self.dismiss(different)
