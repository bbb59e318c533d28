"""The step schedule."""

from math import floor

from tui_trainer.nn.parts import LEAST
from tui_trainer.nn.schedules import Hyperparameter, Schedule


class Step(Schedule):
    """η γ^⌊e/n⌋, with e the epoch, γ the decay and n the epochs between two steps (by hand: Krizhevsky et al. 2012, 5)."""

    year = 2012
    summary = "multiplied by decay every few epochs"

    decay = Hyperparameter(0.5, "factor of the learning rate", above=0, most=1, usual=(0.1, 0.3, 0.5, 0.9))
    decay_every = Hyperparameter(1.0, "epochs for one decay", above=0, least=LEAST, usual=(0.5, 1, 2))

    def factor(self, epoch: float) -> float:
        return float(self.decay ** floor(epoch / self.decay_every))
