"""The exponential schedule."""

from typing import final

from tui_trainer.nn.schedules.step import Step


@final
class Exponential(Step):
    """η γ^(e/n), the smooth form of `step` (Senior et al. 2013)."""

    year = 2013
    summary = "shrinks smoothly, by decay every few epochs"

    def factor(self, epoch: float) -> float:
        return float(self.decay ** (epoch / self.decay_every))
