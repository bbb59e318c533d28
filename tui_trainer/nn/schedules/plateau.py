"""The schedule that goes by the validation loss."""

from collections.abc import Mapping
from math import inf, isfinite
from typing import final

from tui_trainer.nn.schedules import Hyperparameter, Schedule


@final
class Plateau(Schedule):
    """η γᵏ, with k the times that the validation loss was no lower for more epochs than `patience` (He et al. 2016, 3.4).

    Lower is what is below (1 - threshold) times the lowest so far. As PyTorch's ReduceLROnPlateau with its defaults. It needs a
    validation set.
    """

    year = 2016
    summary = "multiplied by decay when the validation loss no longer falls"

    validates = True

    decay = Hyperparameter(0.1, "factor of the learning rate", above=0, most=1, usual=(0.1, 0.3, 0.5, 0.9))
    patience = Hyperparameter(
        10, "epochs without a lower validation loss that are borne", least=0, most=1e9, whole=True, usual=(0, 1, 2, 5, 10)
    )
    threshold = Hyperparameter(1e-4, "share by which a lower loss is lower", least=0, below=1, usual=(0, 1e-4, 1e-3, 1e-2))

    lowest = inf
    waited = 0
    reduced = 1.0

    def factor(self, epoch: float) -> float:
        return self.reduced

    def end_epoch(self, validation_loss: float | None) -> None:
        if validation_loss is None:
            return
        if validation_loss < self.lowest * (1 - self.threshold) or self.lowest == inf:
            self.lowest, self.waited = validation_loss, 0
            return
        self.waited += 1
        if self.waited > self.patience:
            self.reduced *= self.decay
            self.waited = 0

    def memory(self) -> dict[str, float]:
        return {"reduced": self.reduced, "waited": self.waited, **({} if self.lowest == inf else {"lowest": self.lowest})}

    def remember(self, memory: Mapping[str, float]) -> None:
        reduced, waited, lowest = memory["reduced"], memory["waited"], memory.get("lowest", inf)
        if not (0 <= reduced <= 1 and waited >= 0 and waited == int(waited) and lowest >= 0 and (lowest == inf or isfinite(lowest))):
            raise ValueError("reduced, waited or lowest")
        self.reduced, self.waited, self.lowest = reduced, int(waited), lowest
