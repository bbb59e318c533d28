"""The polynomial schedule."""

from typing import final

from tui_trainer.nn.schedules import Hyperparameter, Schedule


@final
class Polynomial(Schedule):
    """η (1 - e/E)^power, down to 0 at the last epoch E; a straight line for the power 1 (Liu, Rabinovich & Berg 2015). As PyTorch's."""

    year = 2015
    summary = "a straight line, or a power of it, down to 0 at the last epoch"

    power = Hyperparameter(1.0, "power of the share of epochs that is left", above=0, most=100, usual=(0.5, 0.9, 1, 2))

    def factor(self, epoch: float) -> float:
        return float((1 - min(epoch / self.epochs, 1.0)) ** self.power) if self.epochs > 0 else 1.0
