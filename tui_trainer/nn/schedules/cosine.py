"""The cosine schedule."""

from math import cos, pi
from typing import final

from tui_trainer.nn.schedules import Schedule


@final
class Cosine(Schedule):
    """η ½(1 + cos(πe/E)), from η down to 0 at the last epoch E (Loshchilov & Hutter 2017, without restarts)."""

    year = 2017
    summary = "half a cosine, down to 0 at the last epoch"

    def factor(self, epoch: float) -> float:
        return 0.5 * (1 + cos(pi * min(epoch / self.epochs, 1.0))) if self.epochs > 0 else 1.0
