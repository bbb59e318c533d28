"""A remedy tried in the background: the same run with other options, whose history grows as it is trained."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from textual.message import Message

from tui_trainer.diagnosis.attempt import Attempt, try_remedy
from tui_trainer.diagnosis.case import Case
from tui_trainer.diagnosis.finding import Finding, Options
from tui_trainer.errors import UserError
from tui_trainer.history.history import History
from tui_trainer.runs.run import settle
from tui_trainer.training.control import Control
from tui_trainer.training.events import Status
from tui_trainer.ui.kit.background import Background


@dataclass
class TrialEnded(Message):
    """The remedy was tried; the attempt is None where it was stopped before its end."""

    trial: "Trial"
    attempt: Attempt | None


@dataclass
class TrialRefused(Message):
    """The remedy cannot be tried, for a reason that its user can mend."""

    trial: "Trial"
    error: UserError


class Trial(Background):
    """Trains what the case's run was trained on, from its seed, for as many epochs as that has had."""

    def __init__(self, case: Case, finding: Finding, options: Options, post: Callable[[Message], object]) -> None:
        super().__init__("trial", post)
        self.finding, self.options = finding, options
        # What goes on is compared as it is now, with as many epochs.
        epochs = case.config.epochs if case.is_over else max(case.history.last_epoch, 1)
        self.epochs: int = options.get("epochs", epochs)
        self.history = History()
        """Of the run with the remedy."""
        self._case = replace(case, config=case.config.model_copy(update={"epochs": epochs}), history=case.history.condensed())
        self._control = Control()

    def stop(self, status: Status = "stopped") -> None:
        super().stop()
        self._control.stop(status)

    @property
    def position(self) -> float:
        """The share that is done, from 0 to 1."""
        progress = self.history.progress
        return min(progress.position / self.epochs, 1.0) if progress else 0.0

    def work(self) -> None:
        try:
            config, data = settle(self._case.config)
            case = replace(self._case, config=config)
            attempt = try_remedy(case, self.finding, self.options, data, self._control, self.history.add)
        except MemoryError:
            raise UserError("this network does not fit into the memory of this machine") from None
        self.post(TrialEnded(self, None if self.is_stopping else attempt))

    def refuse(self, error: UserError) -> None:
        self.post(TrialRefused(self, error))
