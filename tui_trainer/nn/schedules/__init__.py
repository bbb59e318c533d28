"""Learning-rate schedules, a file each. To add one, write its class in a file here: it is found by itself."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

from tui_trainer.nn.parts import Hyperparameter, Part
from tui_trainer.nn.registry import Parts


class Schedule(Part, ABC):
    """A factor of the learning rate at each position of a run, from 0 to 1.

    Positions are epochs with their fractions, counted from the end of the warm-up; `epochs` is the last one. One is written with a single
    method:

        class Inverse(Schedule):
            \"\"\"Falls as 1 / (1 + e).\"\"\"

            def factor(self, epoch):
                return 1 / (1 + epoch)

    One that goes by the validation loss hears it at `end_epoch`, and tells the numbers that it keeps in `memory`.
    """

    validates: ClassVar[bool] = False
    """Whether it goes by the validation loss."""

    def __init__(self, epochs: float, **hyperparameters: float) -> None:
        self.epochs = epochs
        self.take(hyperparameters)

    @abstractmethod
    def factor(self, epoch: float) -> float:
        """The factor for a step that begins at this position."""

    def end_epoch(self, validation_loss: float | None) -> None:
        """Take the end of an epoch into account; the loss is None where there is none, or it is not finite."""

    def memory(self) -> dict[str, float]:
        """Numbers for a checkpoint."""
        return {}

    def remember(self, memory: Mapping[str, float]) -> None:
        """Restore what `memory` returned. Raises KeyError or ValueError where it is not valid."""


class Course:
    """A schedule after `warmup` epochs, in which the factor rises linearly to 1 (Goyal et al. 2017, 2.2).

    Step t of a warm-up of n steps has the factor t/n, so that the first step learns and the last one has the full rate.
    """

    def __init__(self, schedule: Schedule, warmup: float) -> None:
        self.schedule = schedule
        self._warmup = warmup

    def __call__(self, start: float, end: float) -> float:
        """The factor of a step from one position to another, both counted from the start of the run."""
        return min(end / self._warmup, 1.0) if start < self._warmup else self.schedule.factor(start - self._warmup)


SCHEDULES = Parts("schedule", Schedule, __name__)  # type: ignore[type-abstract] # its subclasses are asked for


def course(name: str, *, epochs: float, warmup: float, **hyperparameters: float) -> Course:
    """The schedule called `name` after a warm-up. Raises KeyError for an unknown name, TypeError for a hyperparameter that it lacks."""
    return Course(SCHEDULES[name](epochs - warmup, **hyperparameters), warmup)


__all__ = ["SCHEDULES", "Course", "Hyperparameter", "Schedule", "course"]
