"""The question before going on with a run that would end at once."""

from collections.abc import Mapping
from typing import Any

from tui_trainer.config import Config
from tui_trainer.runs.archive import RunRecord
from tui_trainer.ui.screens.change import ChangeScreen


class GoOnScreen(ChangeScreen):
    """Asks how a run that is over goes on: for more epochs, or otherwise than it diverged; gives what is different, or None."""

    TITLE = "Go on with a run"
    VERB = "Go on"

    def __init__(self, record: RunRecord, options: Config) -> None:
        self._done = record.last_epoch
        if record.status == "diverged":
            self.first = "learning_rate"
            self.note = f"{record.name} diverged, and goes on from its last checkpoint: as it is it would diverge again."
        else:
            self.first = "epochs"
            epochs = f"{self._done} epoch{'' if self._done == 1 else 's'}"
            self.note = f"{record.name} is completed after {epochs}: say how many it shall have in all."
        super().__init__(options)
        if record.status != "diverged":
            self._fields["epochs"].value = str(self._done + max(options.epochs, 1))

    def _problems(self, values: Mapping[str, Any]) -> dict[str, str]:
        found = super()._problems(values)
        if "epochs" not in found and int(values["epochs"]) <= self._done:
            found["epochs"] = f"must be more than the {self._done} that are done"
        return found

    def _answer(self, different: Mapping[str, Any]) -> None:
        self.dismiss(different)
