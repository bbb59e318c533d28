"""The constant schedule."""

from typing import final

from tui_trainer.nn.schedules import Schedule


@final
class Constant(Schedule):
    """η (Widrow & Hoff 1960)."""

    year = 1960
    summary = "the learning rate as it is"

    def factor(self, epoch: float) -> float:
        return 1.0
