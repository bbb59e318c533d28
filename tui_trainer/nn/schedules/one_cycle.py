"""The one-cycle schedule."""

from math import cos, pi
from typing import final

from tui_trainer.nn.schedules import Hyperparameter, Schedule


@final
class OneCycle(Schedule):
    """Up by half a cosine from η/25 to η over the first 30% of the epochs, then down by another to η/250,000 (Smith & Topin 2018).

    As PyTorch's OneCycleLR with its defaults; momentum is left as it is.
    """

    year = 2018
    summary = "one wave: up to the rate in the first third, then down to nothing"

    pct_start = Hyperparameter(0.3, "share of the epochs in which the rate rises", least=0, most=1, usual=(0.1, 0.2, 0.3, 0.5))
    div_factor = Hyperparameter(25.0, "by how much the first rate is smaller than the highest", least=1, usual=(5, 10, 25, 100))
    final_div_factor = Hyperparameter(1e4, "by how much the last rate is smaller than the first", least=1, usual=(10, 100, 1e4))

    def factor(self, epoch: float) -> float:
        share = min(epoch / self.epochs, 1.0) if self.epochs > 0 else 1.0
        first = 1 / self.div_factor
        if share < self.pct_start:
            return 1 + (first - 1) / 2 * (1 + cos(pi * share / self.pct_start))
        last = first / self.final_div_factor
        return last + (1 - last) / 2 * (1 + cos(pi * (share - self.pct_start) / (1 - self.pct_start) if self.pct_start < 1 else 0.0))
